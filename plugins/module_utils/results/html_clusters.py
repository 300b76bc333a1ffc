# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The view of one cluster: its domains, checks and facts."""
from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from ..common.words import plural
from . import causes, notes, text
from .causes import CauseGroup
from .html_fleet import columns
from .html_measured import bars, line
from .html_parts import anchor, moment, words
from .record import FAILED, INCONCLUSIVE, VERDICTS, worst

# Up to this many clusters all of them are open; above, only those with something to look at.
_OPEN_CLUSTERS = 2


def _time(record: dict[str, Any], slowest: float) -> dict[str, Any]:
    """Seconds against the limit; without one, against the slowest check of the cluster."""
    full = record["limit"] or slowest or 1
    share = min(100, record["seconds"] / full * 100)
    tick = record["expected"] / full * 100 if record["limit"] and record["expected"] else 0
    label = text.duration(record["seconds"])
    against = f"{label}, limit {text.duration(record['limit'])}" if record["limit"] else label
    if tick:
        against += f", expected at most {text.duration(record['expected'])}"
    return {"label": label, "share": round(max(share, 1), 2), "tick": round(tick, 2), "against": against,
            "limit": text.duration(record["limit"]) if record["limit"] else "",
            "over": bool(record["expected"] and record["seconds"] > record["expected"])}


def _check(record: dict[str, Any], slowest: float, roots: dict[int, CauseGroup]) -> dict[str, Any]:
    group = roots.get(id(record))
    root = group.code if group else ""
    observed = json.dumps(record["observed"], indent=2, ensure_ascii=False) if record["observed"] else ""
    parts = [plural(len(record["evidence"]), "line") + " of evidence" if record["evidence"] else "",
             "next command" if group and record["next_command"] else "", "observed values" if observed else ""]
    detail = ", ".join(p for p in parts if p)
    return {**record, "id": anchor(record["cluster"], record["check"]), "name": words(record["check"]),
            "unmet": bool(group), "root": root, "cause_href": "#" + anchor("cause", root) if root else "",
            "followed": bool(group and record["cause"] != root), "time": _time(record, slowest),
            "observed_text": observed, "folded": bool(detail), "detail": detail[:1].upper() + detail[1:]}


def _facts(run: dict[str, Any], same: list[str]) -> list[tuple[str, str]]:
    ready = notes.probes_ready(run)
    facts = [("Address", run["server"]), ("Same cluster as", ", ".join(same)), ("Version", run["version"]),
             ("Run", run["run_id"]), ("Started", moment(run["started"])),
             ("Duration", text.duration(run["seconds"])), ("Probes asked by", run["transport"]),
             ("Probes ready after", "" if ready is None else text.duration(ready)),
             ("Requests", str(run["requests"] or "")), *(("Note", note) for note in notes.about(run))]
    return [(n, v) for n, v in facts if v]


def cluster(run: dict[str, Any], fleet_size: int, roots: dict[int, CauseGroup], same: list[str], compact: bool) -> dict[str, Any]:
    """compact: measurements are lines of the checks instead of bars, as a browser opens a hundred thousand bars slowly."""
    slowest = max((r["seconds"] for r in run["records"]), default=0.0)
    order = columns([run])
    records = sorted(run["records"], key=lambda r: order.index((r["domain"], r["check"])))
    domains: list[dict[str, Any]] = []
    for name, members in groupby(records, key=lambda r: r["domain"]):
        checks = [{**_check(r, slowest, roots), "line": line(r["measurements"]) if compact else ""} for r in members]
        domains.append({"name": words(name), "key": name, "checks": checks, "verdict": worst([c["verdict"] for c in checks])})
    trouble = run["verdict"] in (FAILED, INCONCLUSIVE)
    return {"name": run["cluster"], "id": anchor(run["cluster"]), "verdict": run["verdict"],
            "counts": [(v, run["counts"][v]) for v in VERDICTS if run["counts"][v]], "version": run["version"],
            "seconds": text.duration(run["seconds"]), "domains": domains,
            "facts": _facts(run, same), "leftovers": causes.leftovers(run),
            "measured": [{"check": words(r["check"]), "rows": bars(r["measurements"])}
                         for r in records if r["measurements"] and not compact],
            "open": fleet_size <= _OPEN_CLUSTERS or (trouble and fleet_size <= 8)}
