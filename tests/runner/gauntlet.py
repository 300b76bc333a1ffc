# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make gauntlet`: what every fault test expected and what was claimed, as a matrix.

While the tests run, tests/faults/conftest.py notes each run of checks and each claim that is judged, a line of JSON each, in the
file that ASSAY_CLAIMS names; without it nothing is noted. Afterwards the lines of a test become one row.
"""
from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import keep
from .counts import Case
from .stages import CLAIMS, Stage

FILE = CLAIMS.parents[1] / "gauntlet.md"
_HEAD = ("test", "outcome", "right code", "right scope", "seconds", "confirmed and wrong", "false red elsewhere")


def current_test() -> str:
    """As JUnit will name it."""
    return keep.key(os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0])


def _note(line: dict[str, Any]) -> None:
    if path := os.environ.get("ASSAY_CLAIMS"):
        with open(path, "a", encoding="utf-8") as out:
            out.write(json.dumps({"test": current_test(), **line}) + "\n")


def note_run(records: Iterable[Any]) -> None:
    """records: of one run of checks."""
    _note({"run": [[r.check, r.verdict, r.cause, r.consequence_of] for r in records]})


def note_claim(record: Any, cause: str, scope: list[str]) -> None:
    """A record, and the cause and scope that it should name."""
    _note({"check": record.check, "seconds": record.seconds, "expected": [cause, scope],
           "claimed": [record.cause, record.scope, record.confidence]})


@dataclass
class Row:
    """What the claims of one test were like. seconds: until the slowest verdict; others: checks that failed of something else."""

    test: str
    outcome: str = ""
    claims: int = 0
    codes: int = 0
    scopes: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def claim(self, line: dict[str, Any]) -> None:
        cause, scope = line["expected"]
        said, where, confidence = line["claimed"]
        self.claims += 1
        self.codes += said == cause
        self.scopes += where == scope
        self.seconds = max(self.seconds, line["seconds"])
        if confidence == "confirmed" and [said, where] != line["expected"]:
            self.wrong.append(f"{line['check']}: {said}")

    def cells(self) -> tuple[str, ...]:
        if not self.claims:
            return (self.test, self.outcome, "-", "-", "-", "-", ", ".join(self.others))
        return (self.test, self.outcome, f"{self.codes}/{self.claims}", f"{self.scopes}/{self.claims}", f"{self.seconds:.0f}",
                ", ".join(self.wrong), ", ".join(self.others))


def _elsewhere(lines: list[dict[str, Any]]) -> list[str]:
    """Checks that failed in a test and were neither asked for nor follow from what is broken."""
    causes = {line["expected"][0] for line in lines if "expected" in line}
    asked = {line["check"] for line in lines if "expected" in line}
    return sorted({f"{check}: {cause}" for line in lines for check, verdict, cause, follows in line.get("run", ())
                   if verdict == "failed" and check not in asked and not {cause, follows} & causes})


def rows(lines: list[dict[str, Any]], cases: list[Case]) -> list[Row]:
    """One for each test that ran, also for those that judge by other means than `assert_red`."""
    by_test = defaultdict(list)
    for line in lines:
        by_test[line["test"]].append(line)
    found = []
    for case in sorted(cases, key=lambda c: c.name):
        outcome = "failed" if case.counts.failed else "passed" if case.counts.passed else "skipped"
        row = Row(case.name.removeprefix("tests."), outcome)
        for line in by_test[case.name]:
            if "expected" in line:
                row.claim(line)
        row.others = _elsewhere(by_test[case.name]) if row.claims else []
        found.append(row)
    return found


def text(found: list[Row]) -> str:
    """The matrix, and a line of sums."""
    cells = [_HEAD, *(r.cells() for r in found)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(_HEAD))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    claims = sum(r.claims for r in found)
    return "\n".join([*lines, "", f"{len(found)} tests, {claims} claims: {sum(r.codes for r in found)} right codes, "
                      f"{sum(r.scopes for r in found)} right scopes, {sum(len(r.wrong) for r in found)} confirmed and wrong, "
                      f"{sum(len(r.others) for r in found)} false red elsewhere"])


def told(stages: list[Stage], cases: list[Case], claims: Path = CLAIMS, file: Path = FILE) -> str:
    """The matrix of a run of these stages, which is kept as a file, too; nothing where the gauntlet was not among them."""
    if not any(s.environ.get("ASSAY_CLAIMS") for s in stages):
        return ""
    lines = [json.loads(line) for line in claims.read_text(encoding="utf-8").splitlines()] if claims.exists() else []
    matrix = text(rows(lines, cases))
    file.write_text(f"{matrix}\n", encoding="utf-8")
    return matrix
