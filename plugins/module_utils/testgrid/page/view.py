# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a dashboard's page shows, as plain data that the template lays out."""
from __future__ import annotations

import datetime
import hashlib
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ...common.words import plural
from ...results import redact, text
from ..grid import summary
from ..grid.alerts import Alert
from ..grid.cells import DURATION, Cell
from ..grid.columns import Column
from ..grid.grid import Grid, Row
from ..grid.status import Status, failing
from ..grid.summary import Summary

# A tab's status: as a verdict of the other pages (for its colour and sign), as a word, as a verb of one tab and of several.
STATUSES = {
    summary.BROKEN: ("failed", "broken", "is broken", "are broken"), summary.FAIL: ("failed", "failing", "fails", "fail"),
    summary.STALE: ("warned", "stale", "is stale", "are stale"),
    summary.FLAKY: ("inconclusive", "flaky", "is flaky", "are flaky"),
    summary.PENDING: ("skipped", "pending", "is pending", "are pending"),
    summary.ACCEPTABLE: ("warned", "acceptable", "is acceptable", "are acceptable"),
    summary.PASS: ("passed", "passing", "passes", "pass"),
    summary.UNKNOWN: ("skipped", "unknown", "has no result", "have no result")}
# The same of cells.
_CELLS = {Status.PASS: ("passed", "passed"), Status.PASS_WITH_SKIPS: ("skipped", "passed with skips"),
          Status.RUNNING: ("warned", "running"), Status.FLAKY: ("inconclusive", "flaky"), Status.FAIL: ("failed", "failed")}
_NOTHING_BAD = (summary.PASS, summary.ACCEPTABLE, summary.PENDING, summary.UNKNOWN)
# Up to this many tabs, all grids are open.
_OPEN = 2
# Failures of a row that are told below its grid, each once for columns that say the same.
_TOLD = 5
# Characters that names of tests share at the beginning, from which on these are shown once.
_SHARED = 8


@dataclass(frozen=True)
class Tab:
    """A tab with its grid. fields: of the tab in the configuration."""

    fields: Mapping[str, Any]
    grid: Grid
    summary: Summary


def anchor(*parts: str) -> str:
    """An id for any names."""
    joined = "-".join(re.sub(r"[^A-Za-z0-9]+", "-", p).strip("-").lower()[:40] for p in parts)
    return f"{joined or 'x'}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:8]}"


def clean(value: str) -> str:
    """A name or a word of a build, fit to be shown."""
    return redact.redact(text.one_line(value))


def moment(at: float, form: str = "%Y-%m-%d %H:%M UTC") -> str:
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime(form) if at else ""


def sentence(statuses: Sequence[str]) -> str:
    """"1 of 3 tabs fails, 1 is flaky.", the worst first."""
    counts = Counter(statuses)
    named = [(s, counts[s]) for s in STATUSES if counts[s]]
    if not named:
        return "There is no tab."
    total = len(statuses)
    if len(named) == 1:
        status, count = named[0]
        return f"All {total} tabs {STATUSES[status][3]}." if count > 1 else f"Its one tab {STATUSES[status][2]}."
    said = [f"{n} {STATUSES[s][2] if n == 1 else STATUSES[s][3]}" for s, n in named]
    first = named[0][1]
    return f"{first} of {plural(total, 'tab')} {said[0].partition(' ')[2]}, {', '.join(said[1:])}."


def worst(statuses: Sequence[str]) -> str:
    return next((s for s in STATUSES if s in statuses), summary.UNKNOWN)


def _column(column: Column) -> dict[str, Any]:
    return {"day": moment(column.started, "%m-%d %H:%M") or "?", "moment": moment(column.started) or "not started",
            "build": clean(column.build or ", ".join(b for _job, b in column.builds)),
            "headers": [clean(h) for h in column.headers]}


def _cell(cell: Cell | None, href: str) -> dict[str, Any] | None:
    if cell is None:
        return None
    kind, word = _CELLS.get(cell.status, ("skipped", cell.status.name.lower()))
    return {"kind": kind, "word": word, "icon": clean(cell.icon) if cell.icon else "", "href": href,
            "title": text.shorten(text.one_line(cell.message), 200)}


def _bad(cell: Cell | None) -> bool:
    return cell is not None and (failing(cell.status) or cell.status == Status.FLAKY)


def shared(rows: Sequence[Row]) -> str:
    """What the names of all tests begin with, as whole words."""
    names = [r.name for r in rows if not r.of_build]
    found = re.match(r".*[. ]", os.path.commonprefix(names)) if len(names) > 1 else None
    return found[0] if found and len(found[0]) >= _SHARED else ""


def _row(row: Row, tab: str, flaky: float | None, begin: str) -> dict[str, Any]:
    href = "#" + anchor(tab, row.name) if any(map(_bad, row.cells)) else ""
    short = row.name if row.of_build else row.name.removeprefix(begin)
    return {"name": clean(row.name), "short": clean(short), "cells": [_cell(c, href if _bad(c) else "") for c in row.cells],
            "bad": bool(href), "build": row.of_build,
            "flakiness": "" if flaky is None else f"{text.number(flaky)} %"}


def _failure(row: Row, grid: Grid, tab: str, alert: Alert | None) -> dict[str, Any]:
    """What a row that failed or flaked says, the newest first."""
    told = [(c, cell) for c, cell in zip(grid.columns, row.cells) if cell is not None and _bad(cell)]
    return {"id": anchor(tab, row.name), "name": clean(row.name), "alert": _alert(alert) if alert else "",
            "count": f"{plural(len(told), 'column')} of {sum(c is not None for c in row.cells)}",
            "said": [_said(list(same)) for _key, same in groupby(told, key=_same)][:_TOLD]}


def _same(told: tuple[Column, Cell]) -> tuple[Status, str]:
    """What is equal of failures that say the same: numbers may differ."""
    return told[1].status, re.sub(r"\d+(?:\.\d+)?", "0", told[1].message)


def _said(same: list[tuple[Column, Cell]]) -> dict[str, Any]:
    """What one column says, for those before it that say the same."""
    (column, cell), (oldest, _cell_) = same[0], same[-1]
    kind, word = _CELLS.get(cell.status, ("failed", "failed"))
    back = moment(oldest.started) or clean(oldest.build)
    again = f"the same in {len(same) - 1} before, back to {back}" if len(same) > 1 else ""
    took = text.duration(60 * cell.metrics[DURATION]) if DURATION in cell.metrics else ""
    where = ", ".join(f"{job}/{build}" for job, build in column.builds)
    return {"moment": moment(column.started) or "not started", "build": clean(where), "kind": kind, "word": word, "took": took,
            "again": again, "message": text.printable(cell.message).strip()}


def _alert(alert: Alert) -> str:
    since = moment(alert.first.started) or f"build {clean(alert.first.build)}"
    before = f"; it last passed {moment(alert.passed.started)}" if alert.passed and alert.passed.started else ""
    return f"Fails since {since}, {plural(alert.failures, 'failure')}{before}."


def _flakiness(found: Summary) -> str:
    flaky = found.flakiness
    if not flaky.rows:
        return "–"
    return f"{text.number(flaky.average)} %" + (f", {flaky.trend}" if flaky.before is not None else "")


def _tab(tab: Tab, many: int, first: str) -> dict[str, Any]:
    """first: the name of the tab that the dashboard opens with."""
    name, grid, found = str(tab.fields.get("name", "")), tab.grid, tab.summary
    kind, word, _one, _several = STATUSES[found.status]
    alerts = {a.row: a for a in found.alerts}
    bad = [r for r in grid.rows if any(map(_bad, r.cells))]
    bad.sort(key=lambda r: r.name not in alerts)
    begin = shared(grid.rows)
    return {
        "name": clean(name), "id": anchor(name), "kind": kind, "word": word, "status": found.status,
        "description": clean(str(tab.fields.get("description", ""))), "message": [clean(m) for m in found.message.split("\n")],
        "stale": found.stale, "green": clean(found.latest_green), "flakiness": _flakiness(found), "days": found.flakiness.days,
        "last": moment(grid.columns[0].started) if grid.columns else "", "recent": found.recent,
        "passed": f"{found.numbers.passing_columns} of {found.numbers.columns}" if found.numbers.cells else "–",
        "headers": [clean(h) for h in grid.headers], "columns": [_column(c) for c in grid.columns],
        "rows": [_row(r, name, found.flakiness.rows.get(r.name), begin) for r in grid.rows], "begin": clean(begin),
        "failures": [_failure(r, grid, name, alerts.get(r.name)) for r in bad], "alerts": len(alerts),
        "open": many <= _OPEN or name == first or found.status not in _NOTHING_BAD}


def dashboard(fields: Mapping[str, Any], tabs: Sequence[Tab]) -> dict[str, Any]:
    """fields: of the dashboard in the configuration."""
    statuses = [t.summary.status for t in tabs]
    notes = [{"text": clean(n.get("summary", "")),
              "link": link(n.get("context_link", ""))} for n in fields.get("notifications", ())]
    return {"name": clean(str(fields.get("name", ""))), "description": clean(str(fields.get("description", ""))),
            "notes": notes,
            "kind": STATUSES[worst(statuses)][0], "sentence": sentence(statuses),
            "tabs": [_tab(t, len(tabs), fields.get("default_tab", "")) for t in tabs]}


def link(url: str) -> str:
    """An address that may be followed; empty for any other."""
    return url if re.match(r"https?://", url) else ""
