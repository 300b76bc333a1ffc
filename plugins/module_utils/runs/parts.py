# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the files of one run say, each read on its own, before it is known which of them to believe."""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Union

from . import documents, junit, limits, log, places, sonobuoy
from .documents import Document
from .junit import Report
from .log import Log
from .model import PROW, Build, Case
from .places import Unit
from .sonobuoy import Results

Part = Union[Report, Log, Document, Results]
_CLAIM = re.compile(r"(?:^|/)(v1\.\d{1,3})/[^/]+$")


@dataclass(frozen=True)
class Wish:
    """What who reads knows: year of the run's start (0: not known), version that the cluster is said to have ("": none), when
    it is now, and the folder that is read, "" of an archive.
    """

    year: int
    version: str
    now: datetime
    root: str = ""

    def where(self, place: str) -> str:
        return f"{self.root}/{place}".strip("/")


@dataclass
class Parts:
    """The parts of a unit by what they are. broken: what the source as a whole lacks (an archive that is cut)."""

    unit: Unit
    wish: Wish
    reports: list[Report] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    errors: list[Document] = field(default_factory=list)
    results: Results | None = None
    build: Build | None = None
    broken: str = ""

    @property
    def cases(self) -> list[Case]:
        """Of JUnit, else of Sonobuoy's summary."""
        found = [c for r in self.reports for c in r.cases]
        return found or (self.results.cases if self.results else [])

    @property
    def server(self) -> str:
        """The version of the API server that a Sonobuoy tarball has, or the module conformance told of its run."""
        for name, key in ((places.SERVER, "gitVersion"), (places.CONFORMANCE, "version")):
            if (found := self.documents.get(name)) and (told := documents.string(documents.mapping(found.data).get(key))):
                return told[:limits.SHORT]
        return ""

    @property
    def ours(self) -> bool:
        """Whether the module conformance ran the tests, by what it told of the run."""
        told = self.documents.get(places.CONFORMANCE)
        return bool(told and documents.string(documents.mapping(told.data).get("run_id")))

    @property
    def claimed(self) -> tuple[str, str]:
        """(the version that the cluster is said to have, who says so). Submissions are in folders of their versions."""
        if self.wish.version:
            return self.wish.version, "was given"
        found = _CLAIM.search(self.wish.where(self.unit.place))
        return (found[1], "is the folder's") if found else ("", "")


def read(path: str, kind: str, raw: BinaryIO, modified: float, names: dict[str, str]) -> Part:
    """One file. Nothing is raised: what is wrong is in its `broken`."""
    if kind == places.LOG:
        return log.parse(path, limits.plain(raw), modified)
    if kind == places.XML:
        return junit.parse(path, limits.plain(raw), names)
    stream = limits.plain(raw, limits.DOCUMENT)
    return sonobuoy.parse(path, stream, names) if kind == places.YAML else documents.parse(path, stream)


def _is_named_junit(path: str) -> bool:
    return path.rpartition("/")[2].startswith("junit")


def gather(unit: Unit, found: dict[str, Part], wish: Wish) -> Parts:
    """Other XML than JUnit is none of this, unless its name says that it is."""
    parts = Parts(unit, wish)
    for path in unit.paths:
        part = found.get(path)
        name = path.rpartition("/")[2]
        if isinstance(part, Report):
            if part.is_junit or not part.root or _is_named_junit(path):
                parts.reports.append(part)
        elif isinstance(part, Log):
            parts.logs.append(part)
        elif isinstance(part, Results):
            parts.results = part
        elif part is not None and name in places.ERRORS:
            parts.errors.append(part)
        elif part is not None and not (name == places.CONFORMANCE and part.broken):  # it only adds to what others tell
            parts.documents[name] = part
    parts.logs = _telling(parts.logs, unit.of == PROW)
    for report in parts.reports:
        for case in report.cases:
            case.node = case.node or places.node(report.path)
    return parts


def _telling(logs: list[Log], of_build: bool) -> list[Log]:
    """Logs of the tests: a build's own log often repeats e2e.log, or tells nothing of tests, and others lie about."""
    ours = [g for g in logs if g.is_ginkgo]
    chosen = [g for g in ours if not g.path.endswith(places.BUILD_LOG)] or ours
    return chosen or [g for g in logs if g.path.endswith("e2e.log") or not of_build][:1]
