# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a tab is: its status, its sentence, its newest green column (testgrid: pkg/summarizer/summary.go)."""
from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import alerts, flips
from .alerts import Alert
from .flips import Flakiness
from .grid import Grid, Row
from .status import Status, coalesced, failing, passing

BROKEN, STALE, FAIL, PENDING = "BROKEN", "STALE", "FAIL", "PENDING"
ACCEPTABLE, FLAKY, PASS, UNKNOWN = "ACCEPTABLE", "FLAKY", "PASS", "UNKNOWN"
NO_RUNS, NO_GREENS = "no completed results", "no recent greens"
_RECENT, _HOUR = 5, 3600
# Rows of test methods, which no summary counts.
_METHOD = "@TESTGRID@"


@dataclass(frozen=True)
class Numbers:
    """Of the recent columns and their cells."""

    passing_columns: int = 0
    columns: int = 0
    passing_cells: int = 0
    cells: int = 0
    broken: bool = False


@dataclass(frozen=True)
class Summary:
    """stale: why the tab is, empty where it is not. latest_green: the first header of the column, else its build."""

    status: str
    message: str
    latest_green: str
    stale: str
    numbers: Numbers
    alerts: tuple[Alert, ...]
    flakiness: Flakiness
    recent: int


def recent_columns(group: Mapping[str, Any], tab: Mapping[str, Any]) -> int:
    return tab.get("num_columns_recent") or group.get("num_columns_recent") or _RECENT


def _recent_rows(rows: list[Row], recent: int) -> list[Row]:
    return [r for r in rows if _METHOD not in r.name and any(r.cells[:recent])]


def numbers(grid: Grid, recent: int, threshold: float = 0.0) -> Numbers:
    """threshold: the share of failures above which a column is broken; 0 for none is."""
    out = Numbers()
    for index in range(min(recent, len(grid.columns))):
        found = [coalesced(c.status) for r in grid.rows if (c := r.cells[index])]
        passes, failures = sum(map(passing, found)), sum(map(failing, found))
        filled = len(found) - found.count(Status.NO_RESULT)
        out = replace(out, columns=out.columns + bool(filled),
                      passing_columns=out.passing_columns + (passes > 0 and not failures),
                      passing_cells=out.passing_cells + passes, cells=out.cells + filled,
                      broken=out.broken or bool(threshold > 0 and filled and failures / filled > threshold))
    return out


def _moment(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def stale(grid: Grid, hours: float, changed: float, now: float) -> str:
    """hours: after which a tab is stale, 0 for never. changed: when anything of its builds did, in epoch seconds."""
    if not hours:
        return ""
    newest = grid.columns[0].started if grid.columns else 0
    if not newest:
        return NO_RUNS
    if now - changed > hours * _HOUR:
        return f"data has not changed since {_moment(changed)}, for more than {hours:g} hours"
    return f"latest column from {_moment(newest)}, more than {hours:g} hours ago" if now - newest > hours * _HOUR else ""


def _recently(grid: Grid, recent: int) -> str:
    """PASS, FLAKY or UNKNOWN by the recent columns; those that still run do not count as one."""
    good = False
    for index in range(len(grid.columns)):
        found = [c.status for r in grid.rows if (c := r.cells[index])]
        if Status.RUNNING in found:
            continue
        kinds = {coalesced(s) for s in found} - {Status.NO_RESULT}
        if kinds - {Status.PASS}:
            return FLAKY
        if kinds:
            good, recent = True, recent - 1
        if not recent:
            break
    return PASS if good else UNKNOWN


def _status(grid: Grid, recent: int, why_stale: str, found: Numbers, alerted: bool, custom: Mapping[str, Any]) -> str:
    if found.broken:
        return BROKEN
    if why_stale:
        return STALE
    if alerted:
        return FAIL
    if custom.get("min_acceptable_runs", 0) > found.columns:
        return PENDING
    status = _recently(grid, recent)
    limit = custom.get("max_acceptable_flakiness", 0)
    if status == FLAKY and limit > 0 and found.columns and 100 * found.passing_columns / found.columns >= 100 - limit:
        return ACCEPTABLE
    return status


def _message(found: Numbers, status: str, custom: Mapping[str, Any]) -> str:
    if not found.cells:
        return NO_RUNS
    columns, cells = 100 * found.passing_columns / found.columns, 100 * found.passing_cells / found.cells
    said = (f"Tab stats: {found.passing_columns} of {found.columns} ({columns:.1f}%) recent columns passed "
            f"({found.passing_cells} of {found.cells} or {cells:.1f}% cells)")
    if status == PENDING:
        return f"{said}\nStatus info: Not enough runs"
    if status == ACCEPTABLE:
        return (f"{said}\nStatus info: Recent flakiness ({100 - columns:.1f}%) over valid columns is within configured "
                f"acceptable level of {custom.get('max_acceptable_flakiness', 0):.1f}%.")
    return said


def _latest_green(grid: Grid) -> str:
    bad = (Status.FLAKY, Status.FAIL, Status.UNKNOWN)
    for index, column in enumerate(grid.columns):
        found = [coalesced(c.status, Status.RUNNING) for r in grid.rows if (c := r.cells[index])]
        if Status.PASS in found and not any(s in bad for s in found):
            return column.headers[0] if column.headers else column.build
    return NO_GREENS


def summary(grid: Grid, group: Mapping[str, Any], tab: Mapping[str, Any], now: float, changed: float) -> Summary:
    """now and changed (when anything of the builds did) in epoch seconds."""
    recent, custom = recent_columns(group, tab), tab.get("status_customization_options") or {}
    looked = Grid(grid.columns, _recent_rows(grid.rows, recent), grid.headers)
    found = numbers(looked, recent, tab.get("broken_column_threshold", 0.0))
    hours = (tab.get("alert_options") or {}).get("alert_stale_results_hours") or group.get("alert_stale_results_hours") or 0
    why_stale, alerted = stale(looked, hours, changed, now), alerts.alerts(looked, group, tab)
    status = _status(looked, recent, why_stale, found, bool(alerted), custom)
    days = (tab.get("health_analysis_options") or {}).get("days_of_analysis") or flips.DAYS
    return Summary(status, _message(found, status, custom), _latest_green(looked), why_stale, found, tuple(alerted),
                   flips.flakiness(grid, now, days), recent)
