# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How steady checks and clusters are, as Kubernetes, TestGrid and Sippy measure it."""
from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..testgrid.grid import flips
from .entry import Entry, Result


@dataclass(frozen=True)
class Rates:
    """Of the runs in which a check told something: how many passed and failed. Rates are percentages, None without a run."""

    passed: int = 0
    failed: int = 0

    @property
    def runs(self) -> int:
        return self.passed + self.failed

    @property
    def pass_rate(self) -> float | None:
        return 100 * self.passed / self.runs if self.runs else None

    @classmethod
    def of(cls, results: Iterable[Result]) -> Rates:
        ran = [r.passed for r in results if r.ran]
        return cls(sum(ran), len(ran) - sum(ran))


@dataclass(frozen=True)
class Consistency:
    """The commit rule: of one change with r runs and p passes it flaked where 0 < p < r.

    commits: 1 - flaked changes / changes. builds: (sum of r, of p where it flaked) / (sum of r). Both None without a change.
    (Kubernetes test-infra: metrics/configs/flakes-config.yaml.)
    """

    changes: int = 0
    flaked: int = 0
    runs: int = 0
    counted: int = 0

    @property
    def commits(self) -> float | None:
        return 1 - self.flaked / self.changes if self.changes else None

    @property
    def builds(self) -> float | None:
        return self.counted / self.runs if self.runs else None

    @classmethod
    def of(cls, outcomes: Iterable[tuple[str, bool]]) -> Consistency:
        """outcomes: (the change, whether it passed); what names no change does not count."""
        by_change: dict[str, list[bool]] = defaultdict(list)
        for change, passed in outcomes:
            if change:
                by_change[change].append(passed)
        flaked = [c for c in by_change.values() if 0 < sum(c) < len(c)]
        return cls(len(by_change), len(flaked), sum(map(len, by_change.values())),
                   sum(sum(c) if 0 < sum(c) < len(c) else len(c) for c in by_change.values()))


@dataclass(frozen=True)
class Flips:
    """TestGrid's score of an interval, 0 to 100, and its trend against the interval before."""

    score: float
    before: float | None
    trend: str


def checks(runs: Iterable[Entry]) -> dict[str, list[tuple[Entry, Result]]]:
    """By check: what each run told of it, in the order of the runs."""
    found: dict[str, list[tuple[Entry, Result]]] = defaultdict(list)
    for run in runs:
        for result in run.results:
            found[result.check].append((run, result))
    return dict(found)


def clusters(runs: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The runs of each cluster, in their order."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for run in runs:
        found[run.cluster].append(run)
    return dict(found)


def _statuses(told: Iterable[tuple[Entry, Result]]) -> list[str]:
    """The newest first. A consequence is as little of the check as a test that could not run."""
    return [flips.FAIL if r.failed else flips.PASS for _run, r in told if r.passed or r.root][::-1]


def _interval(told: Sequence[tuple[Entry, Result]], first: datetime, last: datetime) -> float | None:
    found = _statuses((e, r) for e, r in told if first < e.started <= last)
    return flips.score(found) if found else None


def flakiness(told: Sequence[tuple[Entry, Result]], now: datetime, days: int = flips.DAYS) -> Flips | None:
    """Of one check on one cluster, the oldest run first, in the last days; None where it did not run then."""
    step = timedelta(days=days)
    score, before = _interval(told, now - step, now), _interval(told, now - 2 * step, now - step)
    return None if score is None else Flips(score, before, flips.trend(score, before))


def fisher(failed: int, passed: int, failed_before: int, passed_before: int) -> float:
    """Fisher's exact test: how probable it is that so many failures or more fall to the first sample by chance alone.

    The sum of the hypergeometric distribution's upper end.
    """
    runs, fails, whole = failed + passed, failed + failed_before, failed + passed + failed_before + passed_before
    ways = math.comb(whole, runs)
    return sum(math.comb(fails, k) * math.comb(whole - fails, runs - k) for k in range(failed, min(runs, fails) + 1)) / ways


# Of Sippy's component readiness: how sure a regression must be (percent), how much (percentage points) may be lost, and how
# many failures are too few to speak of.
CONFIDENCE, PITY, LEAST = 95.0, 5.0, 3


@dataclass(frozen=True)
class Regression:
    """worse: percentage points of the pass rate that were lost; negative for what was won. chance: of Fisher's test."""

    worse: float
    chance: float
    significant: bool


def regression(now: Rates, before: Rates, confidence: float = CONFIDENCE, pity: float = PITY, least: int = LEAST) -> Regression | None:
    """None where one of both has no run."""
    if now.pass_rate is None or before.pass_rate is None:
        return None
    worse, chance = before.pass_rate - now.pass_rate, fisher(now.failed, now.passed, before.failed, before.passed)
    return Regression(worse, chance, chance < 1 - confidence / 100 and worse > pity and now.failed >= least)


# Runs that something new must have before its rate says anything.
_NEW = 6


def extreme(now: Rates, required: float = 95.0) -> bool:
    """Of a check without a past: it fails so often that no comparison is wanted."""
    return now.runs >= _NEW and now.pass_rate is not None and now.pass_rate < required - (100 - required)


def median(values: Iterable[float]) -> float:
    """The middle one; 0.0 of nothing."""
    found = sorted(values)
    half = len(found) // 2
    return 0.0 if not found else found[half] if len(found) % 2 else (found[half - 1] + found[half]) / 2


def pairs(runs: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Bad runs of one cluster, each with the bad one after it."""
    for of_cluster in clusters(r for r in runs if r.bad).values():
        yield from zip(of_cluster, of_cluster[1:])
