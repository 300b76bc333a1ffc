# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which rows fail for so long that TestGrid alerts (testgrid: pkg/updater/updater.go)."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .columns import Column
from .grid import Grid, Row
from .status import Status, coalesced


@dataclass(frozen=True)
class Alert:
    """failures: in all columns looked at. first, latest: the columns of the oldest and newest failure; passed: the newest pass
    before them, None where none is known. message: of the newest failure.
    """

    row: str
    failures: int
    first: Column
    latest: Column
    passed: Column | None
    message: str


def thresholds(group: Mapping[str, Any], tab: Mapping[str, Any]) -> tuple[int, int]:
    """(failures that open an alert, 0 for never; passes that close it): of the tab, else of the test group."""
    options = tab.get("alert_options") or {}
    opens, closes = ((options.get(n) or group.get(n) or 0) for n in ("num_failures_to_alert", "num_passes_to_disable_alert"))
    return opens, closes or 1


class _Looking:
    """What was seen of a row, from the newest column on."""

    def __init__(self, opens: int, closes: int) -> None:
        self.opens, self.closes = opens, closes
        self.passes = self.failures = self.total = 0
        self.passed: Column | None = None
        self.seen: list[tuple[Column, str]] = []  # failures of this outage, the newest first

    def open(self) -> bool:
        return self.failures >= self.opens

    def step(self, status: Status, column: Column, message: str) -> bool:
        """Whether to look on."""
        if status == Status.PASS:
            self.passes += 1
            if self.open():
                self.passed = self.passed or column
                return self.passes < self.closes
            if self.passes >= self.closes:
                return False
            self.failures = 0
        elif status == Status.FAIL:
            self.passes, self.failures, self.total = 0, self.failures + 1, self.total + 1
            self.seen = [*(self.seen if self.failures > 1 else []), (column, message)]
            self.passed = None
        elif status == Status.FLAKY:
            self.passes = 0
            if self.open():
                return False
            self.failures = 0
        return True


def alert(row: Row, columns: list[Column], opens: int, closes: int = 1) -> Alert | None:
    """opens: failures in a row that make an alert; closes: passes in a row that end it."""
    if not opens:
        return None
    looking = _Looking(opens, closes)
    for cell, column in zip(row.cells, columns):
        status = coalesced(cell.status) if cell else Status.NO_RESULT
        if cell is None or status == Status.NO_RESULT:
            continue
        if not looking.step(status, column, cell.message):
            break
    if not looking.open():
        return None
    (latest, message), (first, _said) = looking.seen[0], looking.seen[-1]
    return Alert(row.name, looking.total, first, latest, looking.passed, message)


def alerts(grid: Grid, group: Mapping[str, Any], tab: Mapping[str, Any]) -> list[Alert]:
    opens, closes = thresholds(group, tab)
    found = (alert(r, grid.columns, opens, closes) for r in grid.rows)
    return [a for a in found if a]
