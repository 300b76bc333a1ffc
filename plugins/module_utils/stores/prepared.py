# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files made ready to leave: without secrets, with their sums and headers, in a folder that only this user reads."""
from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20
_TYPES = {".json": "application/json", ".xml": "application/xml", ".html": "text/html; charset=utf-8"}
_TEXT = "text/plain; charset=utf-8"
# Smaller files gain nothing by being packed.
_WORTH = 1024
# What is read before its build is finished changes; of a build that is finished nothing does.
NEVER, HOUR = "private, max-age=0, no-transform", "max-age=3600"
_WORK = "assay-publish-"
# Seconds after which a work folder that nobody holds is one of a killed run.
_OLD = 600.0


@dataclass(frozen=True)
class Prepared:
    """A file as it will be stored. key: its path in the build. sha256 is of the content; size, md5 of the bytes as stored.

    encoding: "gzip" where the bytes are packed, else "".
    """

    key: str
    path: Path
    size: int
    sha256: str
    md5: bytes
    content_type: str
    encoding: str = ""
    cache: str = HOUR

    def about(self) -> dict[str, object]:
        return {"path": self.key, "bytes": self.size, "content_type": self.content_type, "content_encoding": self.encoding,
                "cache_control": self.cache}


def content_type(key: str) -> str:
    return _TYPES.get(Path(key).suffix, _TEXT)


def _sums(path: Path) -> tuple[str, bytes]:
    sha, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            sha.update(chunk)
            md5.update(chunk)
    return sha.hexdigest(), md5.digest()


def _pack(path: Path) -> Path:
    """The same bytes whenever it is done: no name, no time."""
    packed = path.with_name(f"{path.name}.packed")
    with path.open("rb") as plain, packed.open("wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as out:
            shutil.copyfileobj(plain, out, _CHUNK)
    return packed


def prepare(key: str, path: Path, compress: bool = False, cache: str = HOUR) -> Prepared:
    """A file in the work folder, ready. compress: where it is worth it."""
    sha, md5 = _sums(path)
    encoding = "gzip" if compress and path.stat().st_size >= _WORTH else ""
    if encoding:
        path = _pack(path)
        md5 = _sums(path)[1]
    return Prepared(key, path, path.stat().st_size, sha, md5, content_type(key), encoding, cache)


class Work:
    """The folder in which files are made ready."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0

    def path(self) -> Path:
        """Of a new file."""
        self._number += 1
        return self._folder / str(self._number)

    def text(self, key: str, text: str, compress: bool = False, cache: str = HOUR) -> Prepared:
        path = self.path()
        path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
        return prepare(key, path, compress, cache)


def _forget_dead(parent: Path) -> None:
    """Work folders of runs that were killed: nobody holds them."""
    for folder in parent.glob(f"{_WORK}*"):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid() or time.time() - folder.stat().st_mtime < _OLD:
                continue
            with _held(folder):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # it is held, or gone
            continue


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """OSError where somebody holds it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


@contextmanager
def work() -> Iterator[Work]:
    """It is gone afterwards; that of a killed run is, when the next one begins."""
    parent = Path(tempfile.gettempdir())
    _forget_dead(parent)
    folder = Path(tempfile.mkdtemp(prefix=_WORK, dir=parent))
    try:
        with _held(folder):
            yield Work(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
