# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How flaky rows are: flips to failure in what was run, as TestGrid scores them.

Source: GoogleCloudPlatform/testgrid, pkg/summarizer/flakiness.go and analyzers/flipanalyzer.go.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .grid import Grid, Row
from .status import Status, coalesced

PASS, FAIL, FLAKY = "P", "F", "K"
UP, DOWN, NO_CHANGE, UNKNOWN = "up", "down", "no change", "unknown"
DAYS = 7
_DAY = 86400
# Failures in a row from which on they are an outage, not flakiness.
_OUTAGE = 3
# A message of one word is of the infrastructure.
_INFRA = re.compile(r"\w+")
_WORDS = {Status.PASS: PASS, Status.FAIL: FAIL, Status.FLAKY: FLAKY}


@dataclass
class Flakiness:
    """Percentages from 0 to 100. before: of the interval before, None where nothing was run then. trend: against it."""

    rows: dict[str, float] = field(default_factory=dict)
    trends: dict[str, str] = field(default_factory=dict)
    average: float = 0.0
    before: float | None = None
    days: int = DAYS

    @property
    def trend(self) -> str:
        return trend(self.average, self.before) if self.rows else UNKNOWN


def score(found: Sequence[str]) -> float:
    """Flips in what counts. found: PASS, FAIL and FLAKY, the newest first; outages do not count."""
    left = re.sub(f"{FAIL}{{{_OUTAGE},}}", "", "".join(found))
    flips = left.count(FLAKY) + len(re.findall(f"(?<!{FAIL}){FAIL}", left))
    return 100 * flips / len(left) if left else 0.0


def naive(found: Sequence[str]) -> float:
    """The share of failures in passes and failures."""
    failed, passed = found.count(FAIL), found.count(PASS)
    return 100 * failed / (failed + passed) if failed + passed else 0.0


def trend(now: float, before: float | None) -> str:
    return UNKNOWN if before is None else UP if now > before else DOWN if now < before else NO_CHANGE


def _all_fail(grid: Grid) -> list[bool]:
    """For each column whether nothing in it passed; of one row alone that says nothing."""
    if len(grid.rows) <= 1:
        return [False] * len(grid.columns)
    good = (Status.PASS, Status.FLAKY)
    passed = {i for r in grid.rows for i, c in enumerate(r.cells) if c and coalesced(c.status) in good}
    return [i not in passed for i in range(len(grid.columns))]


def statuses(row: Row, grid: Grid, since: float, until: float, left_out: Sequence[bool]) -> list[str]:
    """What counts of a row, the newest first. left_out: columns whose failures do not count."""
    found = []
    for number, (cell, column) in enumerate(zip(row.cells, grid.columns)):
        if cell is None or not since <= column.started <= until:
            continue
        status = coalesced(cell.status)
        of_infra = status == Status.FAIL and bool(_INFRA.fullmatch(cell.message))
        if status in _WORDS and not of_infra and not (status == Status.FAIL and left_out[number]):
            found.append(_WORDS[status])
    return found


def _scores(grid: Grid, since: float, until: float) -> dict[str, float]:
    """Of rows that passed or failed in this time, outages of all counted as run."""
    nothing, left_out = [False] * len(grid.columns), _all_fail(grid)
    ran = [r for r in grid.rows if statuses(r, grid, since, until, nothing)]
    return {r.name: score(statuses(r, grid, since, until, left_out)) for r in ran}


def _average(scores: dict[str, float]) -> float:
    return sum(scores.values()) / len(scores) if scores else 0.0


def flakiness(grid: Grid, now: float, days: int = DAYS) -> Flakiness:
    """Of the last days, against as many before. now: epoch seconds."""
    rows = _scores(grid, now - days * _DAY, now)
    before = _scores(grid, now - 2 * days * _DAY, now - days * _DAY)
    trends = {name: trend(value, before.get(name)) for name, value in rows.items()}
    return Flakiness(rows, trends, _average(rows), _average(before) if before else None, days)
