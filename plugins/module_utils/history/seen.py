# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a page shows of the past: the last runs of each cluster, and since when a cause is there."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from . import measures
from .entry import Entry, Result

# Runs of a cluster, and failed checks of a run, that are named.
_RUNS, _FAILED = 20, 5


def last_runs(runs: Sequence[Entry]) -> dict[str, list[dict[str, Any]]]:
    """Of each cluster its last runs, the oldest first: run_id, started (ISO 8601), verdict, and what failed of its own."""
    return {name: [_run(r) for r in mine[-_RUNS:]] for name, mine in measures.clusters(runs).items()}


def _run(run: Entry) -> dict[str, Any]:
    failed = [r.check for r in run.results if r.root]
    return {"run_id": run.run_id, "started": run.started.isoformat(), "verdict": run.verdict, "failed": failed[:_FAILED],
            "more_failed": max(len(failed) - _FAILED, 0)}


def causes(runs: Sequence[Entry]) -> list[dict[str, Any]]:
    """A row for each named cause of a failure, the most frequent first: first and last are when such a run began."""
    found: dict[str, list[tuple[Entry, Result]]] = defaultdict(list)
    for run in runs:
        for result in run.results:
            if result.root and result.cause:
                found[result.cause].append((run, result))
    rows = [{"cause": cause, "first": of[0][0].started.isoformat(), "last": of[-1][0].started.isoformat(), "failures": len(of),
             "runs": len({(e.cluster, e.run_id, e.started) for e, _r in of}), "clusters": sorted({e.cluster for e, _r in of}),
             "checks": sorted({r.check for _e, r in of})} for cause, of in found.items()]
    return sorted(rows, key=lambda r: (-r["failures"], r["cause"]))
