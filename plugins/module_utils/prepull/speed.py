# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How fast images come: which node is slow where others are not, and whether pulls at once share one limit."""
from __future__ import annotations

import bisect
import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .result import MB, PULLED, Result

# What is smaller (bytes) measures latency, not speed.
LEAST_SIZE = 2 * MB
# A node is slow where others are at least this many times as fast, and it cost at least this many seconds.
_FACTOR, _COST = 3.0, 2.0
# Exponent of rate over pulls at once: -1 where they share one limit, 0 where each has its own.
_SHARED, _SPREAD, _ENOUGH = -0.6, 1.8, 3


def counted(results: Sequence[Result]) -> list[Result]:
    """Pulls that tell something about speed."""
    return [r for r in results if r.status == PULLED and r.size >= LEAST_SIZE and r.seconds > 0]


class _Moments:
    """Moments in order; `before(t)`: the sum of t - m over those m that are before t."""

    def __init__(self, moments: Iterable[float]) -> None:
        self._sorted = sorted(moments)
        self._sums = [0.0, *itertools.accumulate(self._sorted)]

    def before(self, t: float) -> float:
        count = bisect.bisect_left(self._sorted, t)
        return count * t - self._sums[count]


class Crowd:
    """How many pulls went on at once, of each registry: what N pulls cost is N log N."""

    def __init__(self, pulled: Iterable[Result]) -> None:
        of: dict[str, list[Result]] = {}
        for r in pulled:
            if r.end > r.begin:
                of.setdefault(r.image.registry, []).append(r)
        self._of = {n: (_Moments(r.begin for r in rs), _Moments(r.end for r in rs)) for n, rs in of.items()}

    def at_once(self, one: Result) -> float:
        """How many of its registry went on beside it, on average, itself (one of them) included."""
        span = one.end - one.begin
        if span <= 0 or one.image.registry not in self._of:
            return 1.0
        begun, ended = self._of[one.image.registry]
        spent = [begun.before(t) - ended.before(t) for t in (one.begin, one.end)]  # by all of them until then
        return max(1.0, (spent[1] - spent[0]) / span)


@dataclass(frozen=True)
class Registry:
    """MB/s. exponent: of the rate over pulls at once, None where they varied too little to tell.

    alone, crowded: median of the pulls that were most alone, and of those beside most others; most: pulls at once there.
    together: what all of them got at once.
    """

    name: str
    pulls: int
    median: float
    exponent: float | None
    alone: float
    crowded: float
    most: float
    together: float

    @property
    def shared(self) -> bool:
        return self.exponent is not None and self.exponent <= _SHARED


def _slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Least squares over logarithms; None where there is no spread."""
    xs, ys = [math.log(x) for x, _y in points], [math.log(y) for _x, y in points]
    if len(points) < _ENOUGH or max(xs) - min(xs) < math.log(_SPREAD):
        return None
    x0, y0 = statistics.fmean(xs), statistics.fmean(ys)
    return sum((x - x0) * (y - y0) for x, y in zip(xs, ys)) / sum((x - x0) ** 2 for x in xs)


def of_registries(results: Sequence[Result]) -> list[Registry]:
    """One line for each registry of which something was pulled that tells about speed."""
    crowd = Crowd(r for r in results if r.status == PULLED)
    out = []
    for name in sorted({r.image.registry for r in results}):
        mine = [r for r in counted(results) if r.image.registry == name]
        if not mine:
            continue
        points = sorted((crowd.at_once(r), r.rate) for r in mine)
        few, many = points[0][0], points[-1][0]
        alone = statistics.median(rate for k, rate in points if k <= few * 1.25)
        crowded = statistics.median(rate for k, rate in points if k >= many / 1.25)
        out.append(Registry(name, len(mine), statistics.median(r.rate for r in mine), _slope(points), alone, crowded,
                            many, statistics.median(k * rate for k, rate in points)))
    return out


@dataclass(frozen=True)
class Slow:
    """A node where pulls take at least _FACTOR times as long as elsewhere. here, there: MB/s."""

    node: str
    registry: str
    here: float
    there: float
    pulls: int


def slow_nodes(results: Sequence[Result], registries: Sequence[Registry]) -> list[Slow]:
    """Slow here, fast there: each node against the others, for the same images where those were pulled on both."""
    shared = {r.name for r in registries if r.shared}
    crowd = Crowd(r for r in results if r.status == PULLED)
    out = []
    for registry in registries:
        mine = [r for r in counted(results) if r.image.registry == registry.name]
        # where all share a limit, what a pull would get alone is what is compared
        rates = {id(r): r.rate * (crowd.at_once(r) if registry.name in shared else 1.0) for r in mine}
        for node in sorted({r.node for r in mine}):
            here = [r for r in mine if r.node == node]
            images = {r.image for r in here}
            there = [r for r in mine if r.node != node and r.image in images] or [r for r in mine if r.node != node]
            if not there or max(r.seconds for r in here) < _COST:
                continue
            slow, fast = statistics.median(rates[id(r)] for r in here), statistics.median(rates[id(r)] for r in there)
            if slow * _FACTOR <= fast:
                out.append(Slow(node, registry.name, statistics.median(r.rate for r in here),
                                statistics.median(r.rate for r in there), len(here)))
    return out
