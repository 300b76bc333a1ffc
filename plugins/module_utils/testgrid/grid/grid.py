# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From columns to a grid: what is of one build in one column, rows, which of both are shown.

Source: GoogleCloudPlatform/testgrid, pkg/updater/updater.go and pkg/tabulator.
"""
from __future__ import annotations

import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..config import regexes
from . import cells, columns
from .cells import Cell
from .columns import Column
from .rows import natural

_DAY = 86400


@dataclass
class Row:
    """cells: one for each column, None where there is no result."""

    name: str
    cells: list[Cell | None]

    @property
    def of_build(self) -> bool:
        """Whether it is of the build itself, not of a test."""
        return self.name.rpartition(".")[2] in (columns.OVERALL, columns.POD)


@dataclass
class Grid:
    """columns: newest first. headers: the names of their headers."""

    columns: list[Column] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)


def _one(same: list[Column], headers: list[Mapping[str, Any]]) -> Column:
    """Columns of one build as one."""
    if len(same) == 1:
        return same[0]
    names = dict.fromkeys(n for c in same for n in c.cells)
    joined = [columns.joined([v for c in same if (v := c.headers[i])], h) for i, h in enumerate(headers)]
    merged = {n: cells.merged([c.cells[n] for c in same if n in c.cells]) for n in names}
    return Column(same[0].build, min(c.started for c in same), joined, [b for c in same for b in c.builds], merged)


def _grouped(found: list[Column], headers: list[Mapping[str, Any]]) -> list[Column]:
    by_build: dict[tuple[str, int], list[Column]] = {}
    for number, column in enumerate(found):
        by_build.setdefault((column.build, 0 if column.build else number), []).append(column)
    return [_one(same, headers) for same in by_build.values()]


def _shown(name: str, base_options: str) -> bool:
    """By the filters of a tab's base_options."""
    wanted = urllib.parse.parse_qs(base_options)
    include, exclude = (wanted.get(f"{k}-filter-by-regex", []) for k in ("include", "exclude"))
    return all(regexes.found(p, name) for p in include) and not any(regexes.found(p, name) for p in exclude)


def _first(row: Row) -> tuple[bool, list[tuple[int, int, str]]]:
    return not row.of_build, natural(row.name)


def grid(found: Iterable[Column], group: Mapping[str, Any], now: float, tab: Mapping[str, Any] | None = None) -> Grid:
    """found: newest first. group and tab: their fields. now: epoch seconds.

    Rows of the build come first, then tests by their names.
    """
    headers = list(group.get("column_header") or ())
    oldest = now - group.get("days_of_results", 0) * _DAY
    kept = [c for c in found if not (0 < c.started < oldest) and not (group.get("ignore_pending") and c.running)]
    kept = _grouped(kept, headers)
    names = dict.fromkeys(n for c in kept for n in c.cells)
    rows = [Row(n, [c.cells.get(n) for c in kept]) for n in names if _shown(n, (tab or {}).get("base_options", ""))]
    titles = [h.get("configuration_value") or h.get("property") or h.get("label") or "" for h in headers]
    return Grid(kept, sorted(rows, key=_first), titles)
