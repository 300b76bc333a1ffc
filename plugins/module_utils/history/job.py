# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module history: runs are added, old ones go, and what all of them tell is measured."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from ..common.words import plural
from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from ..results import store
from ..results.text import listing
from . import against, alike, measures, whose
from .entry import Entry, of_run
from .folder import Folder, name_of

# Groups of failures in a result, and characters of a list in a sentence.
_GROUPS, _WIDTH = 20, 100


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
    try:
        found = [of_run(r, params["change"]) for r in store.load_cluster_runs(params["results_dir"])]
    except store.ResultsError as e:
        raise PlatformError(str(e)) from None
    return [r for r in found if r and (not params["clusters"] or r.cluster in params["clusters"])]


def _checks(runs: Sequence[Entry], before: Sequence[Entry], now: datetime) -> list[dict[str, Any]]:
    """A row for each check on each cluster, the least steady first."""
    rows = []
    for cluster, mine in measures.clusters(runs).items():
        earlier = measures.checks(e for e in before if e.cluster == cluster)
        for check, told in measures.checks(mine).items():
            ran = [(e, r) for e, r in told if r.ran and not r.consequence_of]
            if ran:
                rows.append(_row(cluster, check, ran, [r for _e, r in earlier.get(check, ())], now))
    return sorted(rows, key=lambda r: (-(r["flip_score"] or 0), r["pass_rate"], r["check"], r["cluster"]))


def _row(cluster: str, check: str, told: list[tuple[Entry, Any]], earlier: list[Any], now: datetime) -> dict[str, Any]:
    rates = measures.Rates.of(r for _e, r in told)
    flips = measures.flakiness(told, now)
    worse = measures.regression(rates, measures.Rates.of(r for r in earlier if not r.consequence_of))
    steady = measures.Consistency.of((e.change, r.passed) for e, r in told)
    return {"check": check, "cluster": cluster, "runs": rates.runs, "passed": rates.passed, "failed": rates.failed,
            "pass_rate": rates.pass_rate, "flip_score": flips.score if flips else None, "trend": flips.trend if flips else "",
            "flaked_changes": steady.flaked, "regression": vars(worse) if worse else None,
            "often_failed": worse is None and measures.extreme(rates), "last": told[-1][1].verdict,
            "seconds": round(measures.median(r.seconds for _e, r in told if r.passed), 3)}


def _clusters(runs: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, mine in measures.clusters(r for r in runs if r.ran).items():
        steady = measures.Consistency.of((r.change, not r.bad) for r in mine)
        found[name] = {"runs": len(mine), "bad": sum(r.bad for r in mine), "changes": steady.changes, "flaked_changes": steady.flaked,
                       "commit_consistency": steady.commits, "build_consistency": steady.builds, "last": mine[-1].verdict}
    return found


def _groups(runs: Sequence[Entry]) -> list[dict[str, Any]]:
    return [{"text": g.text, "count": len(g.members), "checks": g.checks, "clusters": g.clusters, "causes": g.causes,
             "first": g.members[0][0].started.isoformat(), "last": g.members[-1][0].started.isoformat()}
            for g in alike.groups(runs)[:_GROUPS]]


def _differences(runs: Sequence[Entry], added: Sequence[Entry], baseline: str) -> list[against.Difference]:
    """Of the runs that were added, else of the newest run of each cluster."""
    of = added or [mine[-1] for mine in measures.clusters(runs).values()]  # a cluster that has not run for long, too
    return [against.difference(runs, run, against.chosen(runs, run, baseline)) for run in of]


def _with(earlier: Sequence[Entry], runs: Sequence[Entry]) -> list[Entry]:
    """The runs after those that are older than what is measured."""
    return [*(e for e in earlier if e not in runs), *runs]


_NEWS = ("new_failures", "other_cause", "not_proved", "fixed")


def _news(found: Sequence[against.Difference]) -> list[str]:
    """What is not as it was, a line for each cluster and kind."""
    lists = [(d.cluster, kind.replace("_", " "), getattr(d, kind)) for d in found for kind in _NEWS]
    slower = [(d.cluster, "slower", [f"{s.check} ({s.seconds:.0f} s instead of {s.usual:.0f} s)" for s in d.slower]) for d in found]
    return [f"{cluster}, {kind}: {listing(what, _WIDTH)}" for cluster, kind, what in [*lists, *slower] if what]


def _worse(found: Sequence[against.Difference]) -> str:
    """What is new, in a sentence; "" where nothing is."""
    return "; ".join(f"{d.cluster}: new against {d.baseline or 'nothing before it'}: {listing(d.worse, _WIDTH)}" for d in found if d.worse)


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Adds, prunes, measures."""
    now = _now()
    days, keep = _number(params, "days", 1), _number(params, "keep_days", 0)
    if keep and keep < 2 * days:
        raise BadOption(f"keep_days: must be at least twice days ({2 * days}), as each interval is compared with the one before it, not {keep}")
    folder = Folder(params["path"], _mode(params["mode"]))
    given = _of_results(params)
    added = folder.lacks(given)
    old = folder.old(now - timedelta(days=keep)) if keep else []
    if not job.check_mode:
        added = [r for r in added if folder.add(r)]
        folder.remove(old)
    since, baseline = now - timedelta(days=2 * days), params["baseline"]
    runs, problems = folder.read(since)
    earlier = folder.baselines("" if baseline == against.PREVIOUS else baseline, since)
    runs = sorted({(r.cluster, r.run_id, r.started): r for r in [*runs, *given]}.values(), key=lambda r: (r.started, r.cluster))
    runs = [r for r in runs if not params["clusters"] or r.cluster in params["clusters"]]
    recent = [r for r in runs if r.started >= now - timedelta(days=days)]
    found = _differences(_with(earlier, runs), given, baseline)
    worse, told = _worse(found), whose.answer(recent)
    result = {
        "changed": bool(added or old), "added": [name_of(r) for r in added], "removed": old, "runs": len(recent), "problems": problems,
        "answer": told.to_dict(), "clusters": _clusters(recent), "checks": _checks(recent, runs[:len(runs) - len(recent)], now),
        "failures": _groups(recent), "differences": [d.to_dict() for d in found],
        "news": _news(found),
        "msg": f"{plural(len(recent), 'run')} in the last {plural(days, 'day')}. {told.words}" if runs else "the history holds no run yet"}
    if params["gate"] and worse:
        raise PlatformError(worse, **{k: v for k, v in result.items() if k != "msg"})
    return result
