# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far the tests are, by what Ginkgo writes while they run: marks for each test, a block for each that failed.

A mark stands for a test that ended (of Ginkgo 1 and 2): on a line of marks, or at the beginning of a block.
"""
from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

# "SSS•SSP" without a line's end until a block follows.
_MARKS = re.compile(r"[SP•↺]+")
_HEADER = re.compile(r"^(•|↺) ?(?:\[|Failure|!)")
_BAD = re.compile(r"^(?:•|\[\w+\]) ?(?:\[(FAILED|PANICKED!?|TIMEDOUT|INTERRUPTED|ABORTED|Panic!?|Timeout\.*)\]|Failure)",
                  re.IGNORECASE)
_SUITE = re.compile(r"^\[\w+\] \[")
_WILL = re.compile(r"Will run (\d+) of (\d+) specs", re.IGNORECASE)
_E2E_RUN = re.compile(r'Starting e2e run "([0-9a-f-]{36})"')
_END = re.compile(r"^-{20,}$")
_NODE = re.compile(r"\[(?:It|BeforeEach|AfterEach|DeferCleanup[^\]]*|JustBeforeEach)\] ")
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# Of a timeline "[FAILED] in [It] - file.go:12" comes first, and tells where only.
_FAILED_AT = re.compile(r"^\s*\[FAILED\] (?!in \[)(.+)")
# Newer Ginkgos put a test's labels behind its name in the log, not in JUnit.
_LABELS = re.compile(r" \[[^\[\]]+(?:, [^\[\]]+)+\]$")
_KEPT, _LONGEST = 40, 4000


@dataclass
class Failure:
    """A test that failed, as the log tells it. suite: it is a node of the suite, not a test."""

    name: str = ""
    message: str = ""
    lines: list[str] = field(default_factory=list)
    suite: bool = False


def plain_name(name: str) -> str:
    """A test's name without the kind of node that Ginkgo puts into it, and without its list of labels."""
    return _LABELS.sub("", " ".join(_NODE.sub("", f"{name.strip()} ").split()))


class Progress:
    """Fed with the log as it comes, in pieces of any size. total: tests that are to run, 0 where not said yet."""

    def __init__(self) -> None:
        self.total = self.ended = 0
        self.failures: list[Failure] = []
        self.e2e_runs: set[str] = set()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._block: Failure | None = None

    @property
    def done(self) -> int:
        """Tests that ended, also those on a line that is not."""
        return self.ended + self._marks(self._rest)

    def feed(self, data: bytes) -> list[Failure]:
        """Failures whose block is whole by now."""
        self._rest += self._decoder.decode(data)
        *lines, self._rest = self._rest.split("\n")
        if len(self._rest) > _LONGEST and not _MARKS.fullmatch(self._rest):
            self._rest = self._rest[-_LONGEST:]
        before = len(self.failures)
        for line in lines:
            self._line(_ANSI.sub("", line.rstrip("\r")))
        return self.failures[before:]

    def finish(self) -> list[Failure]:
        """The log is whole: a block without an end is one."""
        before = len(self.failures)
        self._close()
        return self.failures[before:]

    @staticmethod
    def _marks(text: str) -> int:
        """Tests by their marks; those that were skipped or are pending are none."""
        return sum(text.count(m) for m in "•↺") if _MARKS.fullmatch(text) else 0

    def _line(self, line: str) -> None:
        if found := _WILL.search(line):
            self.total = int(found[1])
        elif found := _E2E_RUN.search(line):
            self.e2e_runs.add(found[1])
        if _END.match(line) or line.startswith("Summarizing "):
            return self._close()
        if _BAD.match(line):
            self._close()
            self._block = Failure(suite=bool(_SUITE.match(line)))
            self.ended += not self._block.suite
            return None
        if _HEADER.match(line):
            self._close()
            self.ended += 1
            return None
        self.ended += self._marks(line)
        self._of_block(line)
        return None

    def _of_block(self, line: str) -> None:
        block = self._block
        if block is None or not line.strip():
            return
        if not block.name:
            block.name = plain_name(line)
            return
        if not block.message and (found := _FAILED_AT.match(line)):
            block.message = found[1].strip()
        block.lines = [*block.lines, line.rstrip()[:500]][-_KEPT:]

    def _close(self) -> None:
        block, self._block = self._block, None
        if block is not None:
            self.failures.append(block)


def left(done: int, total: int, seconds: float) -> float | None:
    """Seconds that the others will take if they take as long as those did; None while that says nothing."""
    if done < 1 or total <= 0 or seconds <= 0:
        return None
    return max(0.0, seconds * (total - done) / done)
