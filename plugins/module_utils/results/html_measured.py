# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was measured, as bars of one cluster and as dots of all of them. Positions are in percent."""
from __future__ import annotations

import statistics
from typing import Any

from . import text
from .html_fleet import WIDE_CHECKS, columns
from .html_parts import words

# Units of time in seconds.
_TIME = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


def _range(values: list[float], unit: str) -> str:
    if len(values) == 1 or min(values) == max(values):
        return f"{text.number(values[0])} {unit}".strip()
    return f"{text.number(min(values))}–{text.number(max(values))} {unit}".strip()


def _scale(unit: str) -> tuple[str, float]:
    """(what units are compared with each other, factor to it): ms and s are both time."""
    return ("time", _TIME[unit]) if unit in _TIME else (unit, 1.0)


def line(measurements: list[dict[str, Any]]) -> str:
    """The same in words, one after the other."""
    groups: dict[tuple[str, str], list[float]] = {}
    for m in measurements:
        groups.setdefault((m["name"], m["unit"]), []).append(float(m["value"]))
    return ", ".join(f"{name} {_range(values, unit)}" for (name, unit), values in groups.items())


def _thresholds(measurements: list[dict[str, Any]]) -> dict[tuple[str, str], float]:
    """By name and unit, beyond what a check warns or fails."""
    return {(m["name"], m["unit"]): float(m["threshold"]) for m in measurements if "threshold" in m}


def _judged(threshold: float | None, unit: str, scale: float) -> dict[str, Any]:
    """A threshold in words, and where it is; None where that is beyond what is drawn."""
    if threshold is None:
        return {"threshold": "", "tick": None}
    at = round(threshold * scale, 2)
    return {"threshold": f"{text.number(threshold)} {unit}".strip(), "tick": at if at <= 100 else None}


def bars(measurements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows for one check: one per name and unit; rows of one kind of unit share a scale. Positions in percent."""
    groups: dict[tuple[str, str], list[float]] = {}
    for m in measurements:
        groups.setdefault((m["unit"], m["name"]), []).append(float(m["value"]))
    judged = _thresholds(measurements)
    top: dict[str, float] = {}
    for (unit, _name), values in groups.items():
        kind, factor = _scale(unit)
        top[kind] = max(top.get(kind, 0.0), *(v * factor for v in values))
    rows = []
    for (unit, name), values in groups.items():
        kind, factor = _scale(unit)
        scale = 100 * factor / (top[kind] or 1)
        middle = statistics.median(values)
        rows.append({"name": name, **_judged(judged.get((name, unit)), unit, scale), "bar": round(max(middle, 0) * scale, 2),
                     "label": _range(values, unit),
                     "dots": [round(max(v, 0) * scale, 2) for v in values] if len(values) > 1 else [],
                     "middle": f"median {text.number(middle)} {unit} of {len(values)}" if len(values) > 1 else ""})
    return rows


def compared(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For fleets: every measurement over all clusters on one line, the slowest cluster named."""
    found: dict[tuple[str, str], dict[tuple[str, str], list[tuple[float, str]]]] = {}
    judged: dict[tuple[str, str], float] = {}
    for run in runs:
        for record in run["records"]:
            judged.update(_thresholds(record["measurements"]))
            for m in record["measurements"]:
                line = found.setdefault((record["domain"], record["check"]), {}).setdefault((m["name"], m["unit"]), [])
                line.append((float(m["value"]), run["cluster"]))
    by_domain = len(found) > WIDE_CHECKS  # a block per check would be a page of its own
    blocks: dict[str, list[dict[str, Any]]] = {}
    for column in [c for c in columns(runs) if c in found]:
        rows = [_compared_row(name, unit, values, judged.get((name, unit))) for (name, unit), values in found[column].items()
                if len({c for _v, c in values}) > 1]
        if rows and by_domain:
            named = [{**r, "name": f"{words(column[1])}: {r['name']}"} for r in rows]
            blocks.setdefault(words(column[0]), []).extend(named)
        elif rows:
            blocks.setdefault(words(column[1]), []).extend(rows)
    return [{"title": title, "rows": rows, "open": not by_domain} for title, rows in blocks.items()]


def _compared_row(name: str, unit: str, values: list[tuple[float, str]], threshold: float | None) -> dict[str, Any]:
    top, cluster = max(values)
    scale = 100 / top if top > 0 else 0
    middle = statistics.median(v for v, _c in values)
    dots = [{"at": round(max(v, 0) * scale, 2), "title": f"{c}: {text.number(v)} {unit}".strip()} for v, c in values]
    return {"name": name, **_judged(threshold, unit, scale), "dots": dots, "label": _range([v for v, _c in values], unit), "top": cluster,
            "middle": round(middle * scale, 2), "median": f"{text.number(middle)} {unit}".strip()}
