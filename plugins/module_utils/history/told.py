# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs tell together: how steady checks and clusters are, what failures are alike, what is new, and whose fault it is."""
from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from ..common.words import plural
from ..results.text import listing
from . import against, alike, fleet, measures, seen, whose
from .entry import Entry

# Groups of failures in a result, and characters of a list in a sentence.
_GROUPS, _WIDTH = 20, 100


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


def differences(runs: Sequence[Entry], added: Sequence[Entry], baseline: str) -> list[against.Difference]:
    """Of the runs that were added, else of the newest run of each cluster."""
    of = added or [mine[-1] for mine in measures.clusters(runs).values()]  # a cluster that has not run for long, too
    return [against.difference(runs, run, against.chosen(runs, run, baseline)) for run in of]


def after(earlier: Sequence[Entry], runs: Sequence[Entry]) -> list[Entry]:
    """The runs after those that are older than what is measured."""
    return [*(e for e in earlier if e not in runs), *runs]


_NEWS = ("new_failures", "other_cause", "not_proved", "fixed")


def _news(found: Sequence[against.Difference]) -> list[str]:
    """What is not as it was, a line for each cluster and kind."""
    lists = [(d.cluster, kind.replace("_", " "), getattr(d, kind)) for d in found for kind in _NEWS]
    slower = [(d.cluster, "slower", [f"{s.check} ({s.seconds:.0f} s instead of {s.usual:.0f} s)" for s in d.slower]) for d in found]
    return [f"{cluster}, {kind}: {listing(what, _WIDTH)}" for cluster, kind, what in [*lists, *slower] if what]


def _whom(baselines: Collection[str]) -> str:
    """What runs were compared with, by the baselines of one kind."""
    if len(baselines) > 1:
        return "the run before each"
    (one,) = baselines
    return "the rest of the fleet" if one == fleet.FLEET else one or "nothing before it"


def worse(found: Sequence[against.Difference]) -> str:
    """What is new, in a sentence for all clusters of which it is the same; "" where nothing is."""
    groups: dict[tuple[str, ...], list[against.Difference]] = {}
    for one in found:
        if one.worse:
            kind = one.baseline if one.baseline in ("", fleet.FLEET) else "run"
            groups.setdefault((kind, *one.worse), []).append(one)
    return "; ".join(f"{listing([d.cluster for d in of], _WIDTH)}: new against {_whom({d.baseline for d in of})}: "
                     f"{listing(of[0].worse, _WIDTH)}" for of in groups.values())


def recent(runs: Sequence[Entry], now: datetime, days: int) -> list[Entry]:
    """Those that began in the last days."""
    return [r for r in runs if r.started >= now - timedelta(days=days)]


def told(runs: Sequence[Entry], found: Sequence[against.Difference], now: datetime, days: int) -> dict[str, Any]:
    """What the module returns of them, the oldest run first, those of twice as many days. found: what is compared."""
    of_days = recent(runs, now, days)
    answer = whose.answer(of_days)
    return {"runs": len(of_days), "days": days, "last_runs": seen.last_runs(runs), "causes": seen.causes(runs),
            "answer": answer.to_dict(), "clusters": _clusters(of_days),
            "checks": _checks(of_days, runs[:len(runs) - len(of_days)], now), "failures": _groups(of_days),
            "differences": [d.to_dict() for d in found], "news": _news(found),
            "msg": f"{plural(len(of_days), 'run')} in the last {plural(days, 'day')}. {answer.words}" if runs
            else "the history holds no run yet"}
