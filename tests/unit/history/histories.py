# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs of a history in few words."""
from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.history.entry import Entry, Result

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
CHECKS = ("dns", "nodes", "service", "storage")
_IDS = itertools.count(1)


def result(check: str, verdict: str = "passed", cause: str = "", **more: Any) -> Result:
    return Result(check, "some", verdict, cause, **more)


def run(cluster: str = "c1", failed: dict[str, str] | str = "", hours: float = 0.0, change: str = "", **more: Any) -> Entry:
    """failed: checks with their causes, or names with spaces. hours: how long ago."""
    causes = dict.fromkeys(failed.split(), "") if isinstance(failed, str) else failed
    results = more.pop("results", tuple(result(c, "failed", causes[c], message=f"{c} is bad") if c in causes else result(c) for c in CHECKS))
    return Entry(cluster, more.pop("run_id", f"{next(_IDS):08x}"), NOW - timedelta(hours=hours),
                 "failed" if causes else "passed", results, change=change, **more)


def runs(cluster: str, *failed: dict[str, str] | str, hours: float = 1.0) -> list[Entry]:
    """Runs of one cluster, the oldest first, each so many hours after the one before."""
    return [run(cluster, f, hours * (len(failed) - n)) for n, f in enumerate(failed)]


def as_results(one: Entry) -> dict[str, Any]:
    """The run as a results folder has it."""
    records = [{**r, "scope": list(r["scope"])} for r in one.to_dict()["results"]]
    return {"cluster": one.cluster, "run_id": one.run_id, "server": "https://c", "version": one.version, "uid": one.uid,
            "started": one.started.isoformat(), "seconds": one.seconds, "records": records}
