# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run of tests as it is told by what it left: its cases, when it was, how it ended, and where its sources disagree.

Whatever is written about runs stands on this: a build folder of Prow (started, finished, metadata), a grid (cases by name, with
their suites, files and messages), a history (counts, verdict, versions), flakes (attempts, twins). Texts are as the files had
them: whoever shows them cleans and redacts them (results.redact).
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

# Outcomes of a case, and (but ERRORED and SKIPPED) verdicts of a run.
PASSED = "passed"
FAILED = "failed"
ERRORED = "errored"  # it panicked or was interrupted; of our own checks: it could not be made
SKIPPED = "skipped"
INCONCLUSIVE = "inconclusive"  # a verdict only: what is there does not tell

# Whose run it is.
TESTS = "tests"  # e2e.log, JUnit
SONOBUOY = "sonobuoy"  # a plugin of a Sonobuoy tarball
PROW = "prow"  # a build folder
VALIDATE = "validate"  # our own checks on one cluster

# How much a finding weighs: ERROR where a result must not be trusted as it stands, WARNING where sources disagree on
# something smaller, NOTE for what a reader wants to know.
ERROR, WARNING, NOTE = "error", "warning", "note"


@dataclass(slots=True)
class Case:
    """One test, once for each time that a file tells of it.

    name: without the node type that Ginkgo 2 writes before it ("[It] ") and without {suite}, as it is compared between
    releases; written: as the file has it, "" where that is the name. suite: names of the suites around it, joined by dots
    (Kubernetes e2e suite). status: the file's own word (timedout, panicked, pending, warned). seconds: as told, 0.0 where
    not. message: the attribute of the failure, error or skipped element; text: its body; output: the first of system-err,
    system-out. All three are bounded; the middle is cut.
    setup: it is no test but a node of the suite ([SynchronizedBeforeSuite]). attempts: how often it was tried, 1 where not
    told. twin: 0 for the first case of its name that ran, 1 and so on for others that ran, too: they are different tests,
    or the same one in several files. node: of a Sonobuoy plugin that runs on each node. file: the path within the source.
    properties: of the case, {name: value}.
    """

    name: str
    outcome: str
    suite: str = ""
    seconds: float = 0.0
    message: str = ""
    text: str = ""
    output: str = ""
    status: str = ""
    written: str = ""
    classname: str = ""
    setup: bool = False
    attempts: int = 1
    twin: int = 0
    node: str = ""
    file: str = ""
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def ran(self) -> bool:
        return self.outcome != SKIPPED

    @property
    def bad(self) -> bool:
        return self.outcome in (FAILED, ERRORED)

    @property
    def flaked(self) -> bool:
        """It passed, but not at its first try."""
        return self.outcome == PASSED and self.attempts > 1

    @property
    def full_name(self) -> str:
        """As TestGrid has it in a row: suites and name, joined by dots."""
        return f"{self.suite}.{self.written or self.name}" if self.suite else self.written or self.name

    def to_dict(self) -> dict[str, Any]:
        return {**{f.name: getattr(self, f.name) for f in fields(self)}, "flaked": self.flaked}


@dataclass(frozen=True)
class Counts:
    """How many tests; nodes of the suite apart. flaked ones are among passed; setup_failed are among setup."""

    passed: int = 0
    failed: int = 0
    errored: int = 0
    skipped: int = 0
    flaked: int = 0
    setup: int = 0
    setup_failed: int = 0

    @property
    def ran(self) -> int:
        return self.passed + self.failed + self.errored

    @property
    def bad(self) -> int:
        return self.failed + self.errored

    @classmethod
    def of(cls, cases: Iterable[Case]) -> Counts:
        numbers = dict.fromkeys(("passed", "failed", "errored", "skipped", "flaked", "setup", "setup_failed"), 0)
        for case in cases:
            if case.setup:
                numbers["setup"] += 1
                numbers["setup_failed"] += case.bad
            else:
                numbers[case.outcome] += 1
                numbers["flaked"] += case.flaked
        return cls(**numbers)

    def to_dict(self) -> dict[str, int]:
        return dict(vars(self))


@dataclass(frozen=True)
class Moment:
    """A time in UTC, and what told it: "junit timestamp", "first stamp of the log"."""

    at: datetime
    source: str

    @property
    def epoch(self) -> int:
        """Whole seconds since 1970, as started.json and build ids have them."""
        return int(self.at.timestamp())

    def to_dict(self) -> dict[str, Any]:
        return {"at": self.at.isoformat(timespec="seconds"), "epoch": self.epoch, "source": self.source}


@dataclass(frozen=True)
class Finding:
    """Something about the sources that a reader must know: code is for programs, message one sentence for people.

    files: paths within the source that it is about.
    """

    code: str
    severity: str
    message: str
    files: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {"code": self.code, "severity": self.severity, "message": self.message, "files": list(self.files)}


@dataclass
class Source:
    """What one file says on its own, before any is believed.

    kind: log, junit, finished (of Prow), sonobuoy, sonobuoy-error, records. verdict: "" where it says none. counts: None
    where it counts nothing. ginkgo: 1 or 2, 0 where it is not Ginkgo's or not known.
    """

    path: str
    kind: str
    verdict: str = ""
    counts: Counts | None = None
    ginkgo: int = 0
    size: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {"path": self.path, "kind": self.kind, "verdict": self.verdict, "ginkgo": self.ginkgo, "bytes": self.size,
                "counts": self.counts.to_dict() if self.counts else None}


@dataclass
class Build:
    """What a build folder of Prow holds beside the tests. job and build are names of its folders.

    started, finished: the objects as they are (timestamps are epoch seconds), None where there is no such file or it cannot be
    read. pod: podinfo.json is there. prowjob: its status and type, {} without the file. log: path of build-log.txt, "" without.
    """

    job: str
    build: str
    started: dict[str, Any] | None = None
    finished: dict[str, Any] | None = None
    pod: bool = False
    prowjob: dict[str, Any] = field(default_factory=dict)
    log: str = ""

    @property
    def metadata(self) -> dict[str, Any]:
        """Of finished.json; {} without."""
        found = (self.finished or {}).get("metadata")
        return found if isinstance(found, dict) else {}


@dataclass
class Run:
    """One run of tests.

    place: the folder within the source that it was found in, "" for the source itself. kind: TESTS, SONOBUOY, PROW, VALIDATE.
    name: of the plugin, of the job, or "". cluster: where it is known. started, finished: None where nothing tells. verdict:
    PASSED, FAILED or INCONCLUSIVE: the worst that any source says, never PASSED where nothing ran or a part is missing.
    verdict_source, counts_source: what told them. counts are of cases where there is JUnit, else of the log's summary.
    e2e_version, server_version: as "v1.31.4", "" where not told. cases: in the order of the files; without JUnit only those
    that a log names (failed ones, flaked ones). complete: cases has every test that ran. ours: the module conformance ran it.
    """

    kind: str = TESTS
    place: str = ""
    name: str = ""
    cluster: str = ""
    started: Moment | None = None
    finished: Moment | None = None
    verdict: str = INCONCLUSIVE
    verdict_source: str = ""
    counts: Counts = Counts()
    counts_source: str = ""
    e2e_version: str = ""
    server_version: str = ""
    complete: bool = False
    cases: list[Case] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    build: Build | None = None
    ours: bool = False

    @property
    def seconds(self) -> float | None:
        """From start to finish; None where one is not known."""
        return (self.finished.at - self.started.at).total_seconds() if self.started and self.finished else None

    def tests(self) -> list[Case]:
        """Cases without nodes of the suite."""
        return [c for c in self.cases if not c.setup]

    def to_dict(self) -> dict[str, Any]:
        """Without cases: there are thousands, and who wants them chooses which."""
        return {"kind": self.kind, "place": self.place, "name": self.name, "cluster": self.cluster,
                "started": self.started.to_dict() if self.started else None,
                "finished": self.finished.to_dict() if self.finished else None, "seconds": self.seconds,
                "verdict": self.verdict, "verdict_source": self.verdict_source, "counts": self.counts.to_dict(),
                "counts_source": self.counts_source, "complete": self.complete,
                "versions": {"e2e": self.e2e_version, "server": self.server_version},
                "findings": [f.to_dict() for f in self.findings], "sources": [s.to_dict() for s in self.sources],
                "build": _build(self.build)}


def _build(build: Build | None) -> dict[str, Any] | None:
    return {**vars(build), "metadata": build.metadata} if build else None
