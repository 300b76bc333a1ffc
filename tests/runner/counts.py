# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many tests a stage passed: from the JUnit file that it must write, else from its closing line, else it is one test."""
from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from .stages import Stage

_CLOSING = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)
_MEANT = "after a removal that is meant: make keep"


@dataclass(frozen=True)
class Counts:
    """Numbers of tests; they add up."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    @property
    def total(self) -> int:
        return self.passed + self.failed + self.skipped

    def __str__(self) -> str:
        tail = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{tail}"


@dataclass(frozen=True)
class Case:
    """One test as JUnit has it. name: tests.unit.x.test_y::test_z[parameter]; seconds: with its fixtures."""

    name: str
    seconds: float
    counts: Counts

    @property
    def room(self) -> str:
        """The folder below tests/ that it is in."""
        return self.name.split(".")[1] if self.name.startswith("tests.") else ""


def cases(junit: Path) -> list[Case]:
    """All test cases of a file, or of all in a folder. A broken one is one failed case, as what it would have said is lost."""
    found = []
    for path in sorted(junit.glob("*.xml")) if junit.is_dir() else [junit] if junit.is_file() else []:
        try:
            elements = list(ElementTree.parse(path).getroot().iter("testcase"))
        except (ElementTree.ParseError, OSError):
            found.append(Case(path.name, 0.0, Counts(failed=1)))
            continue
        for e in filter(lambda e: e.get("name"), elements):  # pytest.exit() writes one without a name
            bad = e.find("failure") is not None or e.find("error") is not None
            left_out = not bad and e.find("skipped") is not None
            found.append(Case(f"{e.get('classname')}::{e.get('name')}", float(e.get("time") or 0),
                              Counts(int(not bad and not left_out), int(bad), int(left_out))))
    return found


def of_stage(stage: Stage, found: list[Case], status: int) -> tuple[Counts, str]:
    """What a stage with these cases that ended with this exit status did, and why it failed where its tests do not tell it.

    A stage of pytest that wrote no results proved nothing, whatever its status; one with a bad status has a failure.
    """
    counts, why = sum((c.counts for c in found), Counts()), ""
    if stage.rooms:
        why = _too_few(stage, found)
    elif not found:
        counts = of_log(stage) or Counts(passed=int(status == 0))
        if not status and counts.total < stage.least:
            why = f"{counts.total} tests where at least {stage.least} are kept ({_MEANT})"
    if not why and status and not counts.failed:
        why = f"exit status {status}"
    return counts + Counts(failed=int(bool(why) and not counts.failed)), why


def of_log(stage: Stage) -> Counts | None:
    """By the closing line of its output; None without one."""
    log = stage.log.read_text(encoding="utf-8", errors="replace") if stage.log.exists() else ""
    closing = _CLOSING.findall(log)
    return Counts(*(int(n or 0) for n in closing[-1])) if closing else None


def _too_few(stage: Stage, found: list[Case]) -> str:
    """Why a stage of pytest proved less than it did when the least numbers of cases were kept; "" where it did not."""
    if not found:
        return "it wrote no results"
    ran = Counter(c.room for c in found)
    few = [f"{ran[room]} tests of {room} where at least {least} are kept" for room, least in sorted(stage.rooms.items())
           if ran[room] < least]
    return f"{'; '.join(few)} ({_MEANT})" if few else ""
