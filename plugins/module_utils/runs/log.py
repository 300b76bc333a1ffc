# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""e2e.log, build-log.txt: what Ginkgo says in its own words, read piece by piece, as such a log may be 100 MB or one line.

A log may hold several runs of suites, one after the other, each with its summary.
"""
from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import stamps
from .limits import MIB, SHORT, Limited, TooMuch, bounded
from .model import FAILED, PASSED, Counts

_PIECE, _LINE = MIB, 1 << 14
_ANSI = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")
# What makes a piece worth to be read by lines. Any other has stamps at most.
_WORDS = (b"Will run ", b"Specs in ", b" Passed | ", b"version: v", b"Ginkgo ran", b"Test Suite ", b"FLAKEY TEST",
          b"Random Seed",
          b"Running in parallel", b"Summarizing ", b"Running Suite")
_SUMMARY = re.compile(r"(SUCCESS!|FAIL!)(?: - ([^|]{1,200}?))? -- (\d+) Passed \| (\d+) Failed \| (?:(\d+) Flaked \| )?"
                      r"(?:(\d+) Repeated \| )?(\d+) Pending \| (\d+) Skipped")
_WILL = re.compile(r"Will run (\d+) (?:of \d+ )?specs", re.IGNORECASE)
_RAN = re.compile(r"Ran (\d+) of (\d+) Specs in (\d+(?:\.\d+)?) seconds", re.IGNORECASE)
_SEED = re.compile(r"Random Seed: (\d{1,19})")
_PARALLEL = re.compile(r"Running in parallel across (\d+) (?:processes|nodes)")
_GINKGO_RAN = re.compile(r"Ginkgo ran \d+ suites? in (\S+)")
_E2E = re.compile(r"e2e test version: (v\d+\.\d+\S*)")
_SERVER = re.compile(r"kube-apiserver version: (v\d+\.\d+\S*)")
_CLOSING = re.compile(r"^Test Suite (Passed|Failed)")
_FLAKY = re.compile(r"FLAKEY TEST - TOOK (\d+) ATTEMPTS TO PASS")
_FAILURES = re.compile(r"^Summarizing \d+ Failures?:?")
_FAILED_NAME = re.compile(r"^\[(fail|panicked!|aborted|timedout|interrupted|panic!|timeout\.\.\.)\]\s*(.+)", re.IGNORECASE)
_LEAF = re.compile(r"\[It\]\s+")
_NAMES = 10_000


@dataclass
class Summary:
    """One block: "Ran 404 of 6603 Specs in 6078.355 seconds" and the line below. seconds None where it does not say."""

    verdict: str
    passed: int
    failed: int
    flaked: int
    pending: int
    skipped: int
    seconds: float | None = None
    reason: str = ""


@dataclass
class Log:
    """What a log says. will_run: numbers of tests that were to run, one for each suite. seeds: of the random order, which are
    epoch seconds of the start unless somebody chose them. whole_seconds: as "Ginkgo ran" says. closing: verdict of its last
    line.
    failed: [(name, status)]; flaked: {name: attempts}. broken: why it could not be read to its end. lines: whether it has any.
    """

    path: str
    modified: float = 0.0
    size: int = 0
    stamps: stamps.Stamps = field(default_factory=stamps.Stamps)
    will_run: list[int] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    processes: int = 1
    whole_seconds: float | None = None
    closing: str = ""
    e2e_versions: list[str] = field(default_factory=list)
    server_versions: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    flaked: dict[str, int] = field(default_factory=dict)
    broken: str = ""

    @property
    def is_ginkgo(self) -> bool:
        return bool(self.summaries or self.will_run or self.closing or self.e2e_versions or self.whole_seconds is not None)

    @property
    def cut(self) -> bool:
        """It tells of more suites that began than of such that ended. Of parallel ones each process may say that it begins."""
        begun = len(self.will_run) if self.processes == 1 else 1
        return self.is_ginkgo and len(self.summaries) < max(1, begun)

    @property
    def verdict(self) -> str:
        """"" where it has no summary: the closing line alone is missing in many logs that passed, so it only adds a failure."""
        if any(s.verdict == FAILED for s in self.summaries) or self.closing == FAILED:
            return FAILED
        return PASSED if self.summaries and not self.cut else ""

    @property
    def counts(self) -> Counts | None:
        """Of all summaries; the log does not tell failed from panicked."""
        if not self.summaries:
            return None
        total = {n: sum(getattr(s, n) for s in self.summaries) for n in ("passed", "failed", "flaked", "pending", "skipped")}
        return Counts(passed=total["passed"], failed=total["failed"], flaked=total["flaked"],
                      skipped=total["pending"] + total["skipped"])

    @property
    def seconds(self) -> float | None:
        """How long the suites took, as their summaries say; None where one does not."""
        known = [s.seconds for s in self.summaries]
        return sum(known) if known and None not in known else None


def _decoded(stream: Limited) -> Iterator[bytes]:
    """Pieces without colours, ends of lines as everywhere else. A log that PowerShell wrote is UTF-16."""
    piece = stream.read(_PIECE)
    decoder = None
    if piece[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        decoder = codecs.getincrementaldecoder("utf-16")("replace")
    while piece:
        if decoder:
            piece = decoder.decode(piece).encode()
        yield piece
        piece = stream.read(_PIECE)


def _pieces(stream: Limited) -> Iterator[bytes]:
    """Whole lines, about a MiB of them at once; what is longer than that without an end comes in parts."""
    rest = b""
    for piece in _decoded(stream):
        rest += piece
        end = rest.rfind(b"\n") + 1
        if end or len(rest) >= 2 * _PIECE:
            end = end or len(rest) - _LINE  # a summary may begin within the last of it
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


class _Reading:
    def __init__(self, log: Log) -> None:
        self.log = log
        self.ran: float | None = None
        self.in_failures = False
        self.flaky = 0  # attempts of a test whose name is in one of the next lines

    def piece(self, piece: bytes) -> None:
        if b"\x1b" in piece:
            piece = _ANSI.sub(b"", piece)
        if b"\r" in piece:
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self.log.stamps.see(piece)
        if self.in_failures or self.flaky or any(w in piece for w in _WORDS):
            for line in piece.split(b"\n"):
                self.line(_shown(line))

    def line(self, line: str) -> None:
        log = self.log
        if self.flaky:
            self._flaky_name(line)
        if self.in_failures:
            self._failure(line)
        if found := _FLAKY.search(line):
            self.flaky = int(found[1])
        if _FAILURES.match(line):
            self.in_failures = True
        if found := _RAN.search(line):
            self.ran = float(found[3])
        if " Passed | " in line and (found := _SUMMARY.search(line)):
            self._summary(found)
        if found := _WILL.search(line):
            log.will_run.append(int(found[1]))
        if (found := _SEED.search(line)) and len(log.seeds) < 100:
            log.seeds.append(int(found[1]))
        if found := _PARALLEL.search(line):
            log.processes = max(log.processes, int(found[1]))
        if found := _GINKGO_RAN.search(line):
            log.whole_seconds = (log.whole_seconds or 0.0) + stamps.go_duration(found[1])
        if found := _CLOSING.match(line):
            log.closing = FAILED if FAILED in (log.closing, found[1].lower()) else PASSED
        for pattern, versions in ((_E2E, log.e2e_versions), (_SERVER, log.server_versions)):
            if (found := pattern.search(line)) and found[1] not in versions and len(versions) < 10:
                versions.append(found[1][:SHORT])

    def _summary(self, found: re.Match[str]) -> None:
        numbers = [int(found[n] or 0) for n in (3, 4, 5, 7, 8)]
        verdict = PASSED if found[1] == "SUCCESS!" and not numbers[1] else FAILED
        self.log.summaries.append(Summary(verdict, *numbers, seconds=self.ran, reason=found[2] or ""))
        self.ran, self.in_failures, self.flaky = None, False, 0

    def _failure(self, line: str) -> None:
        if (found := _FAILED_NAME.match(line.strip())) and len(self.log.failed) < _NAMES:
            self.log.failed.append((_test_name(found[2]), found[1].lower().strip("!.")))

    def _flaky_name(self, line: str) -> None:
        text = line.strip()
        if not text or text.startswith("/"):
            return
        if len(self.log.flaked) < _NAMES:
            self.log.flaked[_test_name(text)] = self.flaky
        self.flaky = 0


def _shown(line: bytes) -> str:
    """A line as text; of a very long one its ends, as a summary may stand at the end of a line of dots."""
    if len(line) > 2 * _LINE:
        line = line[:_LINE] + b" " + line[-_LINE:]
    return line.decode("utf-8", "replace")


def _test_name(text: str) -> str:
    """Without the labels that Ginkgo 2 writes behind it, and which Kubernetes leaves out in JUnit."""
    name = " ".join(_LEAF.sub("", text).split())
    rest, _bracket, labels = name.rpartition(" [")
    return bounded(rest if rest and labels.endswith("]") and ", " in labels and "]" not in labels[:-1] else name)


def parse(path: str, stream: Limited, modified: float = 0.0) -> Log:
    """modified: when the file was written last, for stamps without a year."""
    log = Log(path, modified)
    reading = _Reading(log)
    try:
        for piece in _pieces(stream):
            reading.piece(piece)
    except (TooMuch, EOFError, OSError, zlib.error) as e:
        log.broken = str(e) or type(e).__name__
    log.size = stream.count
    return log
