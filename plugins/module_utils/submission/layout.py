# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a submission is, which files it has, and what its title says: v1.35/example with four files, and nothing else."""
from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..common.words import plural
from ..jobs.errors import BadOption
from .model import ERROR, FILES, LOG, NOTE, WARNING, Finding, is_release, number

# Releases before the newest one that may still be submitted.
_BEFORE = 2
_TITLE = re.compile(r"(.*) (v1.[0-9]{2})[ /](.*)")
_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Place:
    """The folder of one submission, by its path and by the two names that count."""

    folder: Path
    release: str
    product: str

    @property
    def shown(self) -> str:
        return f"{self.release}/{self.product}"

    def of(self, name: str) -> str:
        """A file of it, as a pull request names it."""
        return f"{self.shown}/{name}"


def _holds(folder: Path) -> bool:
    return any(os.path.lexists(folder / n) for n in FILES)


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as items:
            return sorted(folder / i.name for i in items if i.is_dir(follow_symlinks=False))
    except OSError as e:
        raise BadOption(f"src: {folder} cannot be read: {e.strerror or e}") from None


def find(path: str) -> Place:
    """The one submission that a folder is or holds. BadOption where there is none, or more than one."""
    folder = Path(os.path.abspath(os.path.expanduser(path)))
    if not folder.is_dir():
        raise BadOption(f"src: there is no folder {folder}")
    found = [folder] if _holds(folder) else []
    if not found:
        below = _folders(folder)
        found = [f for f in (*below, *(g for b in below for g in _folders(b))) if _holds(f)]
    if not found:
        raise BadOption(f"src: {folder} holds no submission, which is a folder such as v1.35/example with {', '.join(FILES)}")
    if len(found) > 1:
        names = ", ".join(str(f.relative_to(folder)) for f in found[:3])
        raise BadOption(f"src: {folder} holds {len(found)} submissions ({names}{', ...' if len(found) > 3 else ''}): "
                        "name the folder of one, as each product and release is submitted alone")
    return Place(found[0], found[0].parent.name, found[0].name)


# ---- files ------------------------------------------------------------------------------------------------------
def _begins(path: Path, size: int = 1 << 16) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _content(place: Place, name: str) -> Iterator[Finding]:
    """Of a plain file that should be there."""
    at = place.of(name)
    try:
        begun = _begins(place.folder / name)
    except OSError as e:
        yield Finding("file-unreadable", ERROR, f"cannot be read: {e.strerror or e}", at)
        return
    if not begun.strip():
        yield Finding("file-empty", ERROR, "is empty", at)
    elif begun.startswith(_GZIP):
        yield Finding("file-packed", ERROR, "is packed by gzip, and must be plain text", at)
    elif begun.startswith(_UTF16):
        yield Finding("file-encoding", WARNING if name == LOG else ERROR, "is UTF-16, and must be UTF-8", at)


def _other(place: Place, item: os.DirEntry[str]) -> Finding | None:
    """What is wrong with something in the folder by its name and kind."""
    at = place.of(item.name)
    if item.is_symlink():
        return Finding("file-link", ERROR, "is a link, and must be the file itself", at)
    if item.is_dir(follow_symlinks=False):
        return Finding("one-product", ERROR, "is a folder, and a submission is the files of one product alone", at)
    if item.name not in FILES:
        return Finding("file-extra", ERROR, f"is not to be there: the files are {', '.join(FILES)}", at)
    return None if item.is_file(follow_symlinks=False) else Finding("file-link", ERROR, "is no plain file", at)


def check(place: Place) -> list[Finding]:
    """The folder's names and its files; what these say is judged elsewhere."""
    out = []
    if not is_release(place.release):
        out.append(Finding("folder-version", ERROR,
                           f"The folder around {place.product} must be the release, such as v1.35, not {place.release!r}"))
    with os.scandir(place.folder) as items:
        there = sorted(items, key=lambda i: i.name)
    wrong = {i.name: f for i in there if (f := _other(place, i))}
    out += wrong.values()
    names = {i.name for i in there}
    for name in FILES:
        if name not in names:
            out.append(Finding("file-missing", ERROR, "is missing", place.of(name)))
        elif name not in wrong:
            out += _content(place, name)
    return out


# ---- title, window ----------------------------------------------------------------------------------------------
def title_for(place: Place) -> str:
    return f"Conformance results for {place.shown}"


def title(place: Place, words: str) -> list[Finding]:
    found = _TITLE.match(words)
    if not found:
        return [Finding("title", ERROR, f"The title must be like {title_for(place)!r}, not {words[:120]!r}")]
    if found[2] != place.release:
        return [Finding("title", ERROR, f"The title says {found[2]}, and the folder is {place.release}")]
    return []


def window(place: Place, latest: str) -> list[Finding]:
    """Whether the release may still be submitted. latest: the newest release of Kubernetes, "" where not known."""
    if not latest:
        return [Finding("window-unknown", NOTE,
                        f"Whether {place.release} may still be submitted is not known without latest_version")]
    newest, mine = number(latest), number(place.release)
    if mine > newest:
        return [Finding("version-window", ERROR, f"{place.release} is newer than the newest release, {latest}")]
    oldest = (newest[0], newest[1] - _BEFORE)
    if mine < oldest:
        return [Finding("version-window", ERROR,
                        f"{place.release} is too old: with {latest} out, the newest {plural(_BEFORE + 1, 'release')} are "
                        f"taken, from v{oldest[0]}.{oldest[1]} on")]
    return []
