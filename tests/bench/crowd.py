# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make bench`: what a thousand nodes cost over the three of the lab, on the same API server, with kwok's nodes beside the real ones."""
from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from . import measure

# Those that look at nodes and ask by probes.
CHECKS = ("nodes", "dns", "pod_network", "service")
# Goals: requests for each probed node over all of these, MiB above the run on three nodes.
REQUESTS, MEMORY = 6.0, 100


def _play(results: Path, checks: Sequence[str]) -> list[dict[str, Any]]:
    return [{"name": "Nodes", "hosts": "all", "gather_facts": False, "tasks": [{"name": "Validate", "assay.clusters.validate": {
        "checks": list(checks), "results_dir": str(results), "gate": False}}]}]


def _row(cost: measure.Cost, run: dict[str, Any], nodes: int) -> dict[str, Any]:
    verdicts = {r["check"]: r["verdict"] for r in run["records"]}
    return {"nodes": nodes, "asked": run["probes"]["nodes"], "ready_after": run["probes"]["seconds"], "wall": round(cost.wall, 1),
            "cpu": round(cost.cpu, 1), "pss_mib": round(cost.pss), "requests": run["requests"], "verdicts": verdicts}


def rows(play: Callable[..., measure.Cost], folder: Path, lab: Any, nodes: int, checks: Sequence[str] = CHECKS) -> list[dict[str, Any]]:
    """play: runs a play on one cluster and returns what it cost. A row for the lab as it is, one with so many nodes beside. checks: all
    where none is named."""
    def one(number: int, count: int) -> dict[str, Any]:
        results = folder / f"crowd{number}"
        cost = play(_play(results, checks), 1, sample=0.2)
        run = json.loads(next(results.glob("clusters/*.json")).read_text(encoding="utf-8"))
        row = _row(cost, run, count)
        print(f"{count} nodes, {row['asked']} asked: {row['wall']} s, {row['cpu']} CPU s, {row['pss_mib']} MiB, {row['requests']} requests, "
              f"{row['verdicts']}", flush=True)
        for bad in (r for r in run["records"] if r["verdict"] in ("failed", "inconclusive")):
            print(f"  {bad['check']}: {bad['cause']} {bad['message']} {bad['evidence'][:3]}", flush=True)
        return row

    few = one(0, lab.workers)
    with lab.like("crowd", nodes=nodes):
        return [few, one(1, nodes + lab.workers)]


def goals(found: list[dict[str, Any]]) -> list[str]:
    """One line per goal: met or missed."""
    few, many = found
    each = (many["requests"] - few["requests"]) / (many["asked"] - few["asked"])
    more = many["pss_mib"] - few["pss_mib"]
    red = [c for c, v in many["verdicts"].items() if v in ("failed", "inconclusive")]
    return [f"{'met   ' if good else 'MISSED'} {many['nodes']:,} nodes: {what}" for good, what in (
        (each <= REQUESTS, f"requests for each probed node: {each:.1f} (goal {REQUESTS:g})"),
        (more <= MEMORY, f"MiB over those of {few['nodes']} nodes: {more} (goal {MEMORY})"),
        (not red, f"nothing red: {', '.join(red) or 'all passed or warned'}"))]
