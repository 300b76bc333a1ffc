# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Relabelings that can leave targets out, in words: of a monitor's endpoints, and of the scrape class that it is of."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .selection import Prometheus

# Actions that can (prometheus, relabel configuration).
_LEAVE = {"drop": "drop", "keep": "keep", "dropequal": "drop", "keepequal": "keep"}


def _words(relabelings: Iterable[dict[str, Any]]) -> list[str]:
    out = []
    for r in relabelings:
        verb = _LEAVE.get(str(r.get("action") or "replace").lower())
        by = " and ".join(r.get("sourceLabels") or ()) or "no label"
        if verb:
            out.append(f"{verb} targets by {by}" + (f" ({r['regex']})" if r.get("regex") else ""))
    return out


def of_monitor(item: dict[str, Any]) -> str:
    """Of its endpoints; empty where they have none."""
    spec = item.get("spec") or {}
    told = [t for e in (*(spec.get("endpoints") or ()), *(spec.get("podMetricsEndpoints") or ()))
            for t in _words(e.get("relabelings") or ())]
    return f"its relabelings {', '.join(dict.fromkeys(told))}" if told else ""


def of_class(one: Prometheus, item: dict[str, Any]) -> str:
    """Of the class that the monitor names, else of the default one."""
    named = (item.get("spec") or {}).get("scrapeClass")
    for c in one.spec.get("scrapeClasses") or ():
        if c.get("name") == named if named else c.get("default"):
            told = _words(c.get("relabelings") or ())
            return f"relabelings of its scrape class {c.get('name')} {', '.join(told)}" if told else ""
    return ""
