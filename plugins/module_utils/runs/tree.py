# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of a source: of a folder, or named one by one. Nothing is followed, nothing is opened that is no plain file."""
from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from . import limits
from .limits import SourceError
from .model import ERROR, NOTE, WARNING, Finding


@dataclass(frozen=True)
class Entry:
    """A file: path is within the source, with slashes; modified in epoch seconds, 0 where not known."""

    path: str
    size: int
    modified: float
    full: str = ""

    def open(self) -> BinaryIO:
        """OSError where it is no longer the plain file that it was."""
        return _plain_file(self.full)


@dataclass
class Listing:
    """entries: those that are wanted. archives: names of archives beside them."""

    entries: list[Entry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)


def _plain_file(path: str, flags: int = os.O_NOFOLLOW) -> BinaryIO:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{path} is no plain file")
    return os.fdopen(handle, "rb")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def unreadable(path: str, why: str) -> Finding:
    return Finding("unreadable", ERROR, f"{path} cannot be read: {why}", (path,))


def link(path: str, known: bool = False) -> Finding:
    """known: it points to a file of the source that is read by its own name, so that nothing is lost."""
    if known:
        return Finding("link", NOTE, f"{path} is a link to another file of the same source, and was not followed", (path,))
    return Finding("link", WARNING, f"{path} is a link, a device or a pipe, and was not followed", (path,))


class _Walk:
    """A folder, looked through without following a link."""

    def __init__(self, root: Path, wanted: Callable[[str], bool]) -> None:
        self.root, self.wanted = root, wanted
        self.found, self.seen = Listing(), 0

    def go(self) -> Listing:
        waiting = [""]
        while waiting:
            waiting += reversed(self._folder(waiting.pop()))
        self.found.entries.sort(key=lambda e: e.path)
        return self.found

    def _folder(self, at: str) -> list[str]:
        try:
            with os.scandir(self.root / at) as items:
                names = sorted(items, key=lambda i: i.name)
        except OSError as e:
            if not at:
                raise SourceError(f"{self.root} cannot be read: {_reason(e)}") from None
            self.found.findings.append(unreadable(at, _reason(e)))
            return []
        below = []
        for item in names:
            self.seen += 1
            if self.seen > limits.FILES:
                raise SourceError(f"{self.root} holds more than {limits.FILES} files; name the folder of the results")
            path = f"{at}/{item.name}" if at else item.name
            if item.is_dir(follow_symlinks=False):
                below.append(path)
            else:
                self._file(path, item)
        return below

    def _known(self, path: str) -> bool:
        target, root = os.path.realpath(self.root / path), os.path.realpath(self.root)
        within = target.startswith(f"{root}/") and self.wanted(os.path.relpath(target, root))
        return within and os.path.isfile(target)

    def _file(self, path: str, item: os.DirEntry[str]) -> None:
        if not self.wanted(path):
            if item.name.endswith((".tar.gz", ".tgz", ".tar")) and not item.is_symlink():
                self.found.archives.append(path)
            return
        if not item.is_file(follow_symlinks=False):
            self.found.findings.append(link(path, self._known(path)))
            return
        about = item.stat(follow_symlinks=False)
        self.found.entries.append(Entry(path, about.st_size, about.st_mtime, str(self.root / path)))


def folder(root: Path, wanted: Callable[[str], bool]) -> Listing:
    """The files below a folder that are wanted by their path within it, in the order of their paths."""
    return _Walk(root, wanted).go()


def named(path: Path) -> Entry:
    """A file that a user names: this one may be a link, as it is the user's own word. SourceError where it is none."""
    try:
        with _plain_file(str(path), 0) as file:
            about = os.fstat(file.fileno())
    except OSError as e:
        raise SourceError(f"{path} cannot be read: {_reason(e)}") from None
    return Entry(path.name, about.st_size, about.st_mtime, os.path.realpath(path))


def together(paths: Sequence[Path]) -> list[Entry]:
    """Files that a user names as those of one run: with their names, and as much of their folders as tells them apart."""
    entries = [named(p) for p in paths]
    if len({e.path for e in entries}) < len(entries):
        parts = [os.path.abspath(p).split(os.sep) for p in paths]
        common = len(os.path.commonprefix(parts))
        entries = [Entry("/".join(p[common:]) or e.path, e.size, e.modified, e.full)
                   for p, e in zip(parts, entries, strict=True)]
    return entries


def note_of_links(findings: list[Finding]) -> list[Finding]:
    """Many of one kind, said once."""
    links = [f for f in findings if f.code == "link"]
    if len(links) < 4:
        return findings
    files = tuple(p for f in links for p in f.files)
    said = f"{len(links)} entries are links, devices or pipes, and were not followed: {', '.join(files[:3])}, ..."
    severity = WARNING if any(f.severity == WARNING for f in links) else NOTE
    return [f for f in findings if f.code != "link"] + [Finding("link", severity, said, files[:20])]
