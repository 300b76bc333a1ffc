# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Is it the test or the cluster? What repeats where runs fail: a cause, a node, a cluster, a check, or nothing at all.

A pipeline that fails somewhere else on each run has few repetitions of a check and many bad runs: that is no test's fault.
"""
from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..common.words import plural
from ..results.text import listing
from . import measures
from .entry import Entry, Result

CAUSE, NODE, CLUSTER, CHECK, ELSEWHERE = "cause", "node", "cluster", "check", "somewhere else each time"
NOTHING, FEW, OPEN = "nothing failed", "too few runs", "open"
# Fewer runs than these tell nothing of what repeats; fewer bad ones, nothing of what fails.
_RUNS, _BAD = 5, 3
# What share of all failures one cause, or one check, must have to be what repeats.
_MOST = 0.6
# A check that failed in one run of a cluster and fails in its next bad run, too: below this share, failures wander.
_WANDERS = 1 / 3
# Checks that must have failed before that can be called wandering, or a cluster's fault instead of a check's.
_SEVERAL = 3
# The chance (Fisher's exact test) below which one differs from the others.
_CHANCE = 0.05
# A history does not know how many nodes a cluster has; of three one is named by accident more often than of more.
_NODES = 3
_WIDTH = 120


@dataclass(frozen=True)
class Answer:
    """whose: one of the words above. name: of the cause, cluster or check. words: one paragraph. numbers: what it rests on."""

    whose: str
    name: str = ""
    words: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class _Share:
    """One value of what failures have in common: on how many of all it is."""

    name: str
    count: int
    of: int
    checks: frozenset[str]
    clusters: frozenset[str]

    @property
    def share(self) -> float:
        return self.count / self.of if self.of else 0.0


class _Seen:
    """Runs that tell something, and what failed of its own in them."""

    def __init__(self, runs: Sequence[Entry]) -> None:
        self.runs = [r for r in runs if r.ran]
        self.bad = [r for r in self.runs if r.bad]
        self.failures = [(e, r) for e in self.bad for r in e.results if r.root]
        self.clusters = {c: measures.Rates(sum(not r.bad for r in found), sum(r.bad for r in found))
                         for c, found in measures.clusters(self.runs).items()}
        told = measures.checks(self.runs)
        self.checks = {c: measures.Rates.of(r for _e, r in found if not r.consequence_of) for c, found in told.items()}

    def top(self, key: Callable[[Entry, Result], str]) -> _Share | None:
        """What most failures have in common."""
        counted = Counter(filter(None, (key(e, r) for e, r in self.failures)))
        if not counted:
            return None
        name, count = min(counted.items(), key=lambda c: (-c[1], c[0]))
        mine = [(e, r) for e, r in self.failures if key(e, r) == name]
        return _Share(name, count, len(self.failures), frozenset(r.check for _e, r in mine), frozenset(e.cluster for e, _r in mine))

    def repetition(self, key: Callable[[Result], str]) -> float | None:
        """How much of what failed in one bad run of a cluster failed in its next bad one, too: 0 to 1, the mean of all pairs.

        Of what both have together, the share that they have in common (Jaccard). None without two bad runs of a cluster.
        """
        shares = []
        for one, other in measures.pairs(self.bad):
            a, b = ({key(r) for r in run.results if r.root} for run in (one, other))
            shares.append(len(a & b) / len(a | b))
        return sum(shares) / len(shares) if shares else None


def _differs(rates: dict[str, measures.Rates], name: str) -> float:
    """The chance that the worst fails so much more often than all others by accident; 1.0 without others.

    The worst of many is far from the others by itself: the chance is that of any of them (Bonferroni).
    """
    mine, others = rates[name], [r for n, r in rates.items() if n != name]
    failed, passed = sum(r.failed for r in others), sum(r.passed for r in others)
    return min(1.0, len(rates) * measures.fisher(mine.failed, mine.passed, failed, passed)) if failed + passed else 1.0


def _percent(share: float | None) -> str:
    return "not known" if share is None else f"{100 * share:.0f} %"


def _worst(rates: dict[str, measures.Rates]) -> str:
    return min(rates, key=lambda n: (rates[n].pass_rate if rates[n].pass_rate is not None else 101, n))


def _explained(_run: Entry, result: Result) -> str:
    return "" if result.cause.startswith("unknown.") else result.cause


def _numbers(seen: _Seen) -> dict[str, Any]:
    return {"runs": len(seen.runs), "bad": len(seen.bad), "failures": len(seen.failures),
            "checks_failed": len({r.check for _e, r in seen.failures}), "clusters": len(seen.clusters),
            "check_repetition": seen.repetition(lambda r: r.check), "cause_repetition": seen.repetition(lambda r: r.cause or r.check)}


def answer(runs: Sequence[Entry]) -> Answer:
    """Of these runs of any clusters, the oldest first."""
    seen = _Seen(runs)
    numbers = _numbers(seen)
    begin = (f"{numbers['bad']} of {plural(numbers['runs'], 'run')} on {plural(numbers['clusters'], 'cluster')} failed, "
             f"in {plural(numbers['checks_failed'], 'check')}.")
    if not seen.bad and seen.runs:
        return Answer(NOTHING, "", f"None of {plural(len(seen.runs), 'run')} failed.", numbers)
    if len(seen.runs) < _RUNS or len(seen.bad) < _BAD:
        return Answer(FEW, "", f"{begin} That is too little to tell what repeats: it takes {_RUNS} runs, {_BAD} of them bad.", numbers)
    for found in (_cause(seen), _node(seen), _cluster(seen), _check(seen), _elsewhere(seen, numbers)):
        if found:
            return Answer(found.whose, found.name, f"{begin} {found.words}", {**numbers, **found.numbers})
    return Answer(OPEN, "", f"{begin} Neither a cause, nor a node, nor a cluster, nor a check stands out: of what failed in a bad run of a cluster, "
                  f"{_percent(numbers['check_repetition'])} failed in its next bad one.", numbers)


def _cause(seen: _Seen) -> Answer | None:
    top = seen.top(_explained)
    if not top or top.count < 2 or top.share < _MOST:
        return None
    where = "every cluster that failed" if len(top.clusters) == len({e.cluster for e in seen.bad}) > 1 else \
        listing(sorted(top.clusters), _WIDTH)
    one = f"whichever check meets it ({listing(sorted(top.checks), _WIDTH)})" if len(top.checks) > 1 else f"in {next(iter(top.checks))}"
    of_tests = top.name.startswith("harness.")
    whose = "the way of testing, not the cluster" if of_tests else "the cluster, not the tests"
    return Answer(CAUSE, top.name, f"{top.count} of {plural(top.of, 'failure')} ({_percent(top.share)}) have one cause, {top.name}, "
                  f"{one}, on {where}: it is {whose}.", {"share": top.share, "checks": sorted(top.checks), "on": sorted(top.clusters)})


def _named(seen: _Seen) -> dict[str, Counter[str]]:
    """For each cluster its nodes that failures name, and in how many bad runs."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for run in seen.bad:
        found[run.cluster].update({s for r in run.results if r.root for s in r.scope if s.startswith("node/")})
    return found


def _by_accident(named: int, runs: int) -> float:
    """The chance that any one of three nodes is named in so many of so many runs, or in more, where each run names one of them."""
    return min(1.0, sum(math.comb(runs, n) * (_NODES - 1) ** (runs - n) for n in range(named, runs + 1)) / _NODES ** (runs - 1))


def _node(seen: _Seen) -> Answer | None:
    """One machine of one cluster on which different things fail; where one thing does, its cause has said it."""
    named = [(count, cluster, node) for cluster, nodes in _named(seen).items() for node, count in nodes.items()]
    if not named:
        return None
    count, cluster, node = max(named)
    mine, others = seen.clusters[cluster].failed, [c for c, of, n in named if of == cluster and n != node]
    results = [r for e, r in seen.failures if e.cluster == cluster and node in r.scope]
    checks, causes = ({getattr(r, of) for r in results} for of in ("check", "cause"))
    chance = _by_accident(count, mine)
    if count < _MOST * len(seen.bad) or chance >= _CHANCE or 2 * max(others, default=0) > count or max(len(checks), len(causes)) < 2:
        return None
    return Answer(NODE, node.removeprefix("node/"), f"{count} of {plural(mine, 'bad run')} of {cluster} name {node} (by chance, were there "
                  f"three nodes: p = {chance:.2g}), in {plural(len(checks), 'check')} ({listing(sorted(checks), _WIDTH)}) and for "
                  f"{plural(len(causes), 'cause')}: it is that machine, its network or its disk, not the tests.",
                  {"chance": chance, "checks": sorted(checks), "causes": sorted(causes), "on": [cluster]})


def _cluster(seen: _Seen) -> Answer | None:
    name = _worst(seen.clusters)
    chance, mine = _differs(seen.clusters, name), seen.clusters[name]
    failed = {r.check for e, r in seen.failures if e.cluster == name}
    if chance >= _CHANCE or len(failed) < 2:
        return None
    others = [r for n, r in seen.clusters.items() if n != name]
    return Answer(CLUSTER, name, f"{name} failed in {mine.failed} of {plural(mine.runs, 'run')}, the others in "
                  f"{sum(r.failed for r in others)} of {sum(r.runs for r in others)} (by chance: p = {chance:.2g}), and in {len(failed)} "
                  f"different checks: it is that cluster, not the tests.",
                  {"chance": chance, "checks": sorted(failed)})


def _check(seen: _Seen) -> Answer | None:
    top = seen.top(lambda _e, r: r.check)
    if not top or top.share < _MOST or _differs(seen.checks, top.name) >= _CHANCE:
        return None
    rate = seen.checks[top.name]
    many = f"{top.name} has {top.count} of {plural(top.of, 'failure')} ({_percent(top.share)}); it failed in {rate.failed} of " \
           f"{plural(rate.runs, 'run')} while the other checks of the same runs passed"
    numbers = {"share": top.share, "on": sorted(top.clusters)}
    if len(top.clusters) > 1:
        return Answer(CHECK, top.name, f"{many}, on {plural(len(top.clusters), 'cluster')}, without one cause: it is that check, or the "
                      "one feature that it proves, and not a cluster.", numbers)
    only = next(iter(top.clusters))
    more = "no other cluster was asked" if len(seen.clusters) == 1 else "other clusters pass it"
    whose = OPEN if len(seen.clusters) == 1 else CLUSTER
    return Answer(whose, only if whose == CLUSTER else "", f"{many}, on {only} alone, and {more}: "
                  + (f"it is that feature of {only}." if whose == CLUSTER else
                     f"the check and {only} fit both; a run on another cluster would tell."), numbers)


def _elsewhere(seen: _Seen, numbers: dict[str, Any]) -> Answer | None:
    again = numbers["check_repetition"]
    if again is None or again >= _WANDERS or numbers["checks_failed"] < _SEVERAL:
        return None
    by_check: dict[str, int] = defaultdict(int)
    for _run, result in seen.failures:
        by_check[result.check] += 1
    most = max(by_check.values())
    return Answer(ELSEWHERE, "", f"It is another check each time: of what failed in a bad run of a cluster, {_percent(again)} failed in its "
                  f"next bad one, and no check failed in more than {most} of {plural(numbers['runs'], 'run')}. Tests that are at fault fail "
                  "again and alone: look at what all of them stand on, the machines, their storage and network, and the registry.",
                  {"failed": dict(sorted(by_check.items()))})
