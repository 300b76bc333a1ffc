# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Builds in folders that stand for buckets: what TestGrid reads of each, the newest first."""
from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...runs import limits, parts, places, tree
from ...runs.documents import Document, mapping
from ...runs.junit import Report
from ...runs.model import Case
from . import rows

_DAY = 86400
# The body of a file that stands for a build elsewhere, as those of presubmits do.
_ALIAS = re.compile(r"gs://(?P<path>[^\s?#]+)\s*")
_ALIAS_LONGEST = 2000
_CHARSETS = ("", "utf-8", "utf8")
# Bytes of a file, above which TestGrid reads none of it.
_LARGEST = 100 * 10**6
_TOP = (places.STARTED, places.FINISHED, places.PODINFO)


@dataclass
class Build:
    """One run of a job. started, finished: the objects of these files, None without. pod: podinfo.json is there.

    files: what the names of JUnit files tell, by their paths. malformed: what cannot be read, one sentence each. changed: when
    the newest of its files was, in epoch seconds.
    """

    job: str
    id: str
    started: dict[str, Any] | None = None
    finished: dict[str, Any] | None = None
    pod: bool = False
    cases: list[Case] = field(default_factory=list)
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    malformed: list[str] = field(default_factory=list)
    changed: float = 0.0

    @property
    def metadata(self) -> dict[str, Any]:
        return mapping((self.finished or {}).get("metadata"))

    @property
    def began(self) -> float:
        """Epoch seconds, 0 where it is not told."""
        return _seconds(self.started)

    @property
    def ended(self) -> float:
        """Epoch seconds, 0 where it has not."""
        return _seconds(self.finished)


def _seconds(document: Mapping[str, Any] | None) -> float:
    value = (document or {}).get("timestamp")
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e11 else 0.0


def _wanted(path: str) -> bool:
    return path in _TOP or rows.of_file(path) is not None


def _kind(path: str) -> str:
    return places.JSON if path in _TOP else places.XML


def _foreign(part: parts.Part) -> str:
    """Why TestGrid does not read a JUnit file that can be read; empty where it does."""
    if not isinstance(part, Report):
        return ""
    if not part.is_junit:
        return "is no JUnit"
    return "" if part.encoding.lower() in _CHARSETS else f"is in {part.encoding}, and only UTF-8 is read"


class _Reading:
    def __init__(self, build: Build, names: dict[str, str]) -> None:
        self.build, self.names = build, names

    def file(self, entry: tree.Entry) -> None:
        self.build.changed = max(self.build.changed, entry.modified)
        if entry.size > _LARGEST:
            self.build.malformed.append(f"{entry.path} is larger than {_LARGEST // 10**6} MB")
            return
        try:
            with entry.open() as raw:
                part = parts.read(entry.path, _kind(entry.path), raw, entry.modified, self.names)
        except OSError as e:
            self.build.malformed.append(f"{entry.path} cannot be read: {e.strerror or e}")
            return
        broken = part.broken or _foreign(part)
        if broken:
            self.build.malformed.append(f"{entry.path} {broken}")
        elif isinstance(part, Report):
            self.build.files[entry.path] = rows.of_file(entry.path) or {}
            self.build.cases += part.cases
        elif isinstance(part, Document) and isinstance(part.data, dict):
            self.document(entry.path, part.data)

    def document(self, path: str, data: dict[str, Any]) -> None:
        if path == places.STARTED:
            self.build.started = data
        elif path == places.FINISHED:
            self.build.finished = data
        else:
            self.build.pod = True


def read(folder: Path, job: str, names: dict[str, str] | None = None) -> Build:
    """The build in a folder. names: texts of other builds, so that each is held once."""
    build = Build(job, folder.name)
    reading = _Reading(build, {} if names is None else names)
    listing = tree.folder(folder, _wanted)
    for entry in listing.entries:
        reading.file(entry)
    build.malformed += [f.message for f in listing.findings if f.code == "unreadable"]
    return build


# ---- which there are ---------------------------------------------------------------------------------------------
def _aliased(path: Path, root: Path) -> Path | None:
    """The folder of the build that a file stands for, if it is within the root."""
    try:
        with path.open(encoding="utf-8") as handle:
            match = _ALIAS.fullmatch(handle.read(_ALIAS_LONGEST))
    except (OSError, ValueError):
        return None
    target = Path(os.path.normpath(root / match["path"])) if match else None
    return target if target and target.is_relative_to(root) and target.is_dir() else None


def folders(prefix: Path, root: Path) -> list[Path]:
    """The folders of the builds of a job, the newest first; no link is followed. root: stands for all buckets."""
    found: dict[str, Path] = {}
    try:
        items = sorted(os.scandir(prefix), key=lambda i: i.name)
    except OSError:
        return []
    for item in items:
        path = Path(item.path)
        if item.is_dir(follow_symlinks=False) and (item.name.isdigit() or any((path / n).is_file() for n in _TOP)):
            found[item.name] = path
        elif item.name.endswith(".txt") and item.name != "latest-build.txt" and item.is_file(follow_symlinks=False):
            target = _aliased(path, root)
            if target:
                found[item.name.removesuffix(".txt")] = target
    return [found[n] for n in sorted(found, key=rows.natural, reverse=True)]


def prefixes(group: Mapping[str, Any]) -> list[str]:
    """Bucket and path of each job of a test group."""
    source = mapping(mapping(group.get("result_source")).get("gcs_config"))
    named = group.get("gcs_prefix") or source.get("gcs_prefix") or ""
    return [p.strip().strip("/") for p in named.split(",") if p.strip()]


def builds(group: Mapping[str, Any], root: Path, now: float, names: dict[str, str] | None = None) -> Iterator[Build]:
    """The builds of a test group, of one job after the other, as far back as it shows any.

    root: the folder that stands for all buckets: bucket/path is bucket/path in it.
    """
    oldest = now - group.get("days_of_results", 0) * _DAY
    for prefix in prefixes(group):
        where = Path(os.path.normpath(root / prefix))
        if not where.is_relative_to(root):
            continue
        for folder in folders(where, root):
            try:
                build = read(folder, where.name, names)
            except limits.SourceError as e:
                build = Build(where.name, folder.name, malformed=[str(e)])
            if 0 < build.began < oldest:
                break
            yield build
