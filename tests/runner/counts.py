# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many tests a stage passed: from its JUnit files, else from its closing line, else the stage is one test."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

_CLOSING = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)


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


def of_junit(paths: Iterable[Path]) -> Counts:
    """Count test cases; a broken file counts as one failure, as what it would have said is lost."""
    total = Counts()
    for path in paths:
        try:
            cases = list(ElementTree.parse(path).getroot().iter("testcase"))
        except (ElementTree.ParseError, OSError):
            total += Counts(failed=1)
            continue
        failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
        skipped = sum(case.find("skipped") is not None for case in cases)
        total += Counts(len(cases) - failed - skipped, failed, skipped)
    return total


def of_stage(junit: Path, log: Path, status: int) -> Counts:
    """What a stage with this exit status did; a failed stage has at least one failure."""
    files = sorted(junit.glob("*.xml")) if junit.is_dir() else []
    counts = of_junit(files)
    if not files:
        closing = _CLOSING.findall(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else []
        if closing:
            counts = Counts(*(int(n or 0) for n in closing[-1]))
        else:
            counts = Counts(passed=int(status == 0), failed=int(status != 0))
    if status and not counts.failed:
        counts += Counts(failed=1)
    return counts
