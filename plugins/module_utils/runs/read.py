# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The door of this room: from a folder, a tarball or files to runs."""
from __future__ import annotations

import os
import posixpath
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Union

from . import archive, assemble, documents, limits, parts, places, tree
from .documents import Document
from .limits import SourceError
from .model import INCONCLUSIVE, PASSED, PROW, SONOBUOY, TESTS, VALIDATE, WARNING, Finding, Run
from .parts import Part, Wish
from .places import Unit
from .tree import Entry

Given = Union[str, os.PathLike, Sequence]
_WHAT = ("e2e.log, JUnit files, a folder plugins of Sonobuoy, started.json and finished.json of a build, or records.json")


def read(source: Given, year: int = 0, version: str = "", now: datetime | None = None) -> Iterator[Run]:
    """The runs of a source, one after the other, so that of many only one is held. SourceError where it cannot be read.

    source: a folder, a tarball, or one file or several of one run. A folder may hold many: builds of a job of Prow
    (Run.kind PROW, Run.build tells started, finished, pod), plugins of Sonobuoy, submissions, clusters of `validate`.
    year: of the run's start, where its stamps have none and nothing else tells; 0 for the file's own date.
    version: "v1.31" or "v1.31.4", what the cluster is said to be; another one is a finding.

    Nothing is written, nothing is unpacked, no link is followed.
    """
    paths = [Path(p) for p in ([source] if isinstance(source, (str, os.PathLike)) else source)]
    if not paths:
        raise SourceError("there is nothing to read: no path was given")
    wish = Wish(year, version, now or datetime.now(timezone.utc))
    number = 0
    for run in _read(paths, wish):
        number += 1
        yield run
    if not number:
        raise SourceError(f"{', '.join(map(str, paths[:3]))}: there are no results of tests in it, which are {_WHAT}")


def _read(paths: list[Path], wish: Wish) -> Iterator[Run]:
    if len(paths) == 1 and paths[0].is_dir():
        return _folder(paths[0], wish)
    entries = tree.together(paths)
    packed = [e for e in entries if _is_archive(e)]
    if packed and len(entries) > 1:
        raise SourceError(f"{packed[0].path} is an archive, which is read alone; the other files are not of it")
    return _archive(packed[0], wish) if packed else _files(entries, replace(wish, root=os.path.abspath(paths[0].parent)))


# ---- a folder ---------------------------------------------------------------------------------------------------
def _folder(root: Path, wish: Wish) -> Iterator[Run]:
    listing = tree.folder(root, places.wanted)
    entries = {e.path: e for e in listing.entries}
    units = places.units(entries)
    if not units and listing.archives:
        raise SourceError(f"{root} has no results of tests, but the archive {listing.archives[0]}: name that")
    left = tree.note_of_links(listing.findings)
    homeless = [f for f in left if not any(_of(f, u) for u in units)]
    names: dict[str, str] = {}
    for unit in units:
        found = {p: _part(entries[p], places.kind(p), names) for p in unit.paths}
        for run in _runs(unit, found, replace(wish, root=os.path.abspath(root))):
            yield _with(run, [*(f for f in left if _of(f, unit)), *homeless])
            homeless = []


def _with(run: Run, findings: list[Finding]) -> Run:
    """The run with what is said of its source. A result that was left out there might have said otherwise."""
    run.findings += findings
    lost = [f for f in findings if f.severity == WARNING and any(places.kind(posixpath.basename(p)) for p in f.files)]
    if lost and run.verdict == PASSED:
        run.verdict, run.verdict_source = INCONCLUSIVE, lost[0].message
    return run


def _of(finding: Finding, unit: Unit) -> bool:
    return any(not unit.place or p.startswith(f"{unit.place}/") for p in finding.files)


def _part(entry: Entry, kind: str, names: dict[str, str]) -> Part:
    try:
        with entry.open() as raw:
            return parts.read(entry.path, kind, raw, entry.modified, names)
    except OSError as e:
        return Document(entry.path, broken=f"cannot be read: {e.strerror or e}")


# ---- an archive -------------------------------------------------------------------------------------------------
def _begin(entry: Entry, size: int = 512) -> bytes:
    """The first bytes, unpacked; as far as there are any."""
    found = b""
    with entry.open() as raw:
        stream = limits.plain(raw)
        try:
            while len(found) < size and (piece := stream.read(size - len(found))):
                found += piece
        except (EOFError, zlib.error):
            pass
    return found


def _is_archive(entry: Entry) -> bool:
    begun = _begin(entry)
    packed = archive.compression(begun)
    if packed in ("xz", "zstd", "zip"):
        raise SourceError(f"{entry.path} is packed by {packed}, which is not read here; unpack it and name the folder")
    return packed == "bzip2" or archive.is_tar(begun) or entry.path.endswith((".tar", ".tar.gz", ".tgz"))


def _archive(entry: Entry, wish: Wish) -> Iterator[Run]:
    found: dict[str, Part] = {}
    names: dict[str, str] = {}
    with entry.open() as raw:
        packed = archive.Archive(entry.path, raw, places.wanted)
        for member, stream in packed:
            found[member.path] = parts.read(member.path, places.kind(member.path), stream, member.modified, names)
    left = tree.note_of_links(packed.findings)
    if not found:
        why = packed.broken or f"{entry.path} has no results of tests, which are {_WHAT}"
        raise SourceError("; ".join([why, *(f.message for f in left[:3] if f.code in ("outside", "link"))]))
    units = places.units(found)
    for unit in units:
        mine = [f for f in left if f.code != "link" or _of(f, unit) or not any(_of(f, u) for u in units)]
        for run in _runs(unit, found, wish, packed.broken):
            yield _with(run, mine)


# ---- files ------------------------------------------------------------------------------------------------------
def _sniffed(entry: Entry) -> str:
    """What a file is that a user names: by its name, else by how it begins."""
    begun = _begin(entry).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return places.kind(entry.path) or {b"<": places.XML, b"{": places.JSON}.get(begun, places.LOG)


def _files(entries: list[Entry], wish: Wish) -> Iterator[Run]:
    names: dict[str, str] = {}
    found = {e.path: _part(e, _sniffed(e), names) for e in entries}
    known = {u.of for u in places.units(found)}
    ours = any(documents.checked(d) for d in found.values() if isinstance(d, Document))
    of = VALIDATE if ours else next((k for k in (PROW, SONOBUOY) if k in known), TESTS)
    yield from _runs(Unit(of, "", paths=list(found)), found, wish)


# ---- all --------------------------------------------------------------------------------------------------------
def _runs(unit: Unit, found: dict[str, Part], wish: Wish, broken: str = "") -> list[Run]:
    together = parts.gather(unit, found, wish)
    together.broken = broken
    if unit.of == VALIDATE:
        ours = assemble.checks(together, [d for p in unit.paths if isinstance(d := found.get(p), Document)])
        if ours or not together.reports:
            return ours
        return _runs(Unit(TESTS, unit.place, paths=[r.path for r in together.reports]), found, wish, broken)
    told = together.reports or together.logs or together.results or together.errors
    unread = any(d.broken for d in together.documents.values())
    return [assemble.tests(together)] if told or unread or unit.of == PROW else []
