# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A tarball, read from its beginning to its end without unpacking it.

A name that points outside means nothing here, as nothing is written; it is told all the same, as other programs would obey.
"""
from __future__ import annotations

import bz2
import posixpath
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from . import limits
from .limits import MIB, Limited, SourceError, TooMuch, Unzipped
from .model import ERROR, WARNING, Finding
from .tree import Entry, link

# Bytes between the data of two files: headers, long names.
_HEADER = MIB
_MAGIC = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"\x28\xb5": "zstd", b"PK": "zip"}
_BROKEN = (tarfile.TarError, EOFError, zlib.error, OSError)


class _Budget(Limited):
    """Unpacked bytes of an archive. So many may be read on until more is granted, so that no header fills the memory."""

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__(raw, limits.ARCHIVE)
        self._granted = 2 * _HEADER

    def grant(self, size: int) -> None:
        self._granted = self.count + size + 2 * _HEADER

    def read(self, size: int = 1 << 16) -> bytes:
        if self.count > self._granted:
            raise TooMuch("has a header that is larger than any header is")
        return super().read(size)


def compression(begun: bytes) -> str:
    """"gzip", "bzip2", "xz", "zstd", "zip", or "" by the first bytes of a file."""
    return _MAGIC.get(begun[:2], "")


def is_tar(begun: bytes) -> bool:
    """Whether the first 512 bytes, unpacked, are of a tarball."""
    return begun[257:262] == b"ustar" or _is_old_tar(begun)


def _is_old_tar(begun: bytes) -> bool:
    if len(begun) < 512:
        return False
    try:
        tarfile.TarInfo.frombuf(begun[:512], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _clean(name: str) -> str:
    """A path within the source, "" where it would be outside of it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        return ""
    return str(path) if str(path) != "." else ""


class Archive:
    """The files of a tarball that are wanted, one after the other; findings grows meanwhile. broken: why it ended too soon."""

    def __init__(self, name: str, raw: BinaryIO, wanted: Callable[[str], bool]) -> None:
        self.name, self._raw, self._wanted = name, raw, wanted
        self.findings: list[Finding] = []
        self.broken = ""

    def __iter__(self) -> Iterator[tuple[Entry, BinaryIO]]:
        try:
            yield from self._members()
        except TooMuch as e:
            self._end("too-large", str(e))
        except _BROKEN as e:
            self._end("archive-cut", f"ends before its end, or is damaged ({e or type(e).__name__})")

    def _end(self, code: str, why: str) -> None:
        self.broken = f"{self.name} {why}"
        self.findings.append(Finding(code, ERROR, f"{self.broken}; what comes after is not known", (self.name,)))

    def _unpacked(self) -> BinaryIO:
        begun = self._raw.read(2)
        self._raw.seek(0)
        kind = compression(begun)
        if kind in ("xz", "zstd", "zip"):
            raise SourceError(f"{self.name} is packed by {kind}, which is not read here; unpack it and name the folder")
        return bz2.BZ2File(self._raw) if kind == "bzip2" else Unzipped(self._raw) if kind else self._raw

    def _members(self) -> Iterator[tuple[Entry, BinaryIO]]:
        budget = _Budget(self._unpacked())
        count = 0
        with tarfile.open(fileobj=budget, mode="r|", errorlevel=1) as tar:
            while (member := tar.next()) is not None:
                tar.members = []  # it would remember them all
                count += 1
                if count > limits.FILES:
                    raise TooMuch(f"holds more than {limits.FILES} files")
                budget.grant(member.size)
                if member.size > limits.ARCHIVE - budget.count:
                    raise TooMuch(f"is larger than {limits.ARCHIVE // MIB} MiB when it is unpacked")
                if path := self._usable(member):
                    yield Entry(path, member.size, float(member.mtime)), tar.extractfile(member)

    def _usable(self, member: tarfile.TarInfo) -> str:
        if member.isdir():
            return ""
        path = _clean(member.name)
        if not path:
            self.findings.append(Finding("outside", WARNING,
                                         f"{member.name} in {self.name} points outside of it, and was left out",
                                         (member.name,)))
        elif self._wanted(path):
            if member.isreg() and not member.issparse():
                return path
            self.findings.append(link(path, self._known(path, member)))
        return ""

    def _known(self, path: str, member: tarfile.TarInfo) -> bool:
        """Whether it is a link to a file of the archive that is wanted, too."""
        if not (member.issym() or member.islnk()):
            return False
        around = path.rpartition("/")[0] if member.issym() else ""
        target = _clean(posixpath.normpath(posixpath.join(around, member.linkname)))
        return bool(target) and target != path and self._wanted(target)
