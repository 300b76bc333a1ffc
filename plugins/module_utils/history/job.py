# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module history: runs are added, old ones go, and what all of them tell is measured."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from ..jobs.results import of_this_play
from . import against, fleet, told
from .entry import Entry, of_run
from .kept import Kept, name_of
from .place import opened


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _mode(value: Any) -> int:
    text = str(value)
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise BadOption(f"mode: must be three octal digits such as '0640', not {text!r}")
    return int(text, 8)


def _number(params: Mapping[str, Any], option: str, least: int) -> int:
    if params[option] < least:
        raise BadOption(f"{option}: must be {least} or more days, not {params[option]}")
    return int(params[option])


def _of_results(params: Mapping[str, Any]) -> list[Entry]:
    """The runs of the results folder, of the clusters that were asked for."""
    if not params["results_dir"]:
        return []
    return [kept for r in of_this_play(params) if (kept := of_run(r, params["change"]))]


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Adds, prunes, measures."""
    days, keep = _number(params, "days", 1), _number(params, "keep_days", 0)
    if keep and keep < 2 * days:
        raise BadOption(f"keep_days: must be at least twice days ({2 * days}), as each interval is compared with the one before it, not {keep}")
    with opened(params["path"], params, job, _mode(params["mode"])) as kept:
        result, worse = _told(kept, params, _now(), job.check_mode)
    if params["gate"] and not result["differences"] and not job.check_mode:
        worse = "nothing was proved: " + (f"no cluster has a result in {params['results_dir']}" if params["results_dir"]
                                          else "the history holds no run that counts")
    if params["gate"] and worse:
        raise PlatformError(worse, **{k: v for k, v in result.items() if k != "msg"})
    return result


def _asked(params: Mapping[str, Any], cluster: str) -> bool:
    return not params["clusters"] or cluster in params["clusters"]


def _renewed(kept: Kept, given: Sequence[Entry], before: datetime | None, check_mode: bool) -> tuple[list[Entry], list[str]]:
    """(The runs that were added, the names of those that were removed), or would be."""
    added, old = kept.lacks(given), kept.old(before) if before else []
    if not check_mode:
        added = [r for r in added if kept.add(r)]
        kept.remove(old)
    return added, old


def _earlier(kept: Kept, baseline: str, since: datetime) -> list[Entry]:
    """Runs that are older than what is measured, and may be compared with."""
    return kept.baselines("" if baseline == against.PREVIOUS else baseline, since)


def _told(kept: Kept, params: Mapping[str, Any], now: datetime, check_mode: bool) -> tuple[dict[str, Any], str]:
    """(The result, what is new in a sentence)."""
    days, baseline, given = params["days"], params["baseline"], _of_results(params)
    added, old = _renewed(kept, given, now - timedelta(days=params["keep_days"]) if params["keep_days"] else None, check_mode)
    since = now - timedelta(days=2 * days)
    runs, problems = kept.read(since)
    runs = sorted({(r.cluster, r.run_id, r.started): r for r in [*runs, *given]}.values(), key=lambda r: (r.started, r.cluster))
    mine = [r for r in runs if _asked(params, r.cluster)]
    beside = runs if baseline == fleet.FLEET else told.after(_earlier(kept, baseline, since), mine)
    found = [d for d in told.differences(beside, given, baseline) if _asked(params, d.cluster)]
    result = {"changed": bool(added or old), "added": [name_of(r) for r in added], "removed": old, "problems": problems,
              **told.told(mine, found, now, days)}
    return result, told.worse(found)
