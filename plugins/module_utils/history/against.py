# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run against an earlier one: what is new, what is fixed, what takes longer than its own noise explains."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..jobs.errors import BadOption
from ..results.record import INCONCLUSIVE
from . import fleet, measures
from .entry import Entry, Result

PREVIOUS = "previous"
# Slower: by more than so many times the usual distance from the median (MAD, scaled to a normal distribution's sigma), by a
# fifth, and by seconds that somebody would notice.
_SIGMAS, _SCALE, _PART, _SECONDS = 3.0, 1.4826, 0.2, 2.0
# Runs that a check must have passed before its noise is known.
_KNOWN = 5


@dataclass(frozen=True)
class Slower:
    """seconds: of this run. usual: the median of those before. noise: what may be above it by chance."""

    check: str
    seconds: float
    usual: float
    noise: float


@dataclass(frozen=True)
class Difference:
    """Names of checks. same_failures: failed in both, of the same cause. other_cause: failed in both, each of its own cause.
    added, gone: checks that told nothing in one of both. not_proved: those of gone that could not be tested, and all of them
    where the run told nothing at all. baseline: the run_id, "" where there is none."""

    cluster: str
    run_id: str
    baseline: str = ""
    new_failures: list[str] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)
    same_failures: list[str] = field(default_factory=list)
    other_cause: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    not_proved: list[str] = field(default_factory=list)
    slower: list[Slower] = field(default_factory=list)

    @property
    def worse(self) -> list[str]:
        """What a gate on what is new stops for."""
        return sorted({*self.new_failures, *self.other_cause, *self.not_proved})

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "worse": self.worse}


def chosen(runs: Sequence[Entry], run: Entry, baseline: str) -> Entry | None:
    """The run to compare with: "previous" of the same cluster, "fleet" for what most other clusters showed, or a run_id of any.
    None where there was none before, or there is no other cluster. Raises BadOption for a run_id that is not there.
    """
    if baseline == PREVIOUS:
        before = [r for r in runs if r.cluster == run.cluster and r.started < run.started and r.ran]
        return before[-1] if before else None
    if baseline == fleet.FLEET:
        return fleet.picture(fleet.others(runs, run), run)
    found = [r for r in runs if r.run_id == baseline]
    if not found:
        raise BadOption(f"baseline: must be '{PREVIOUS}', '{fleet.FLEET}' or the run_id of a run in the history, not {baseline!r}")
    return next((r for r in found if r.cluster == run.cluster), found[0])


def _slower(earlier: Sequence[Entry], result: Result) -> Slower | None:
    before = [found.seconds for r in earlier if (found := r.result(result.check)) and found.passed]
    if not result.passed or len(before) < _KNOWN:
        return None
    usual = measures.median(before)
    noise = max(_SIGMAS * _SCALE * measures.median(abs(s - usual) for s in before), _PART * usual, _SECONDS)
    return Slower(result.check, result.seconds, usual, noise) if result.seconds > usual + noise else None


def _usual(runs: Sequence[Entry], run: Entry, baseline: Entry | None) -> list[Entry]:
    """The runs whose times are those to be expected: of this cluster before, or of the rest of the fleet."""
    if baseline and baseline.run_id == fleet.FLEET:
        return fleet.others(runs, run)
    return [r for r in runs if r.cluster == run.cluster and r.started < run.started]


def difference(runs: Sequence[Entry], run: Entry, baseline: Entry | None) -> Difference:
    """Of a run against its baseline, in the history `runs`. Without a baseline all that failed is new."""
    mine = {r.check: r for r in run.results if r.ran}
    its = {r.check: r for r in baseline.results if r.ran} if baseline else {}
    failed = sorted(c for c, r in mine.items() if r.failed)
    both = [c for c in failed if c in its and its[c].failed]
    same = [c for c in both if mine[c].cause == its[c].cause]
    gone = sorted(its.keys() - mine.keys())
    earlier = _usual(runs, run, baseline)
    unable = {r.check for r in run.results if r.verdict == INCONCLUSIVE} if mine else set(gone)
    return Difference(
        run.cluster, run.run_id, baseline.run_id if baseline else "",
        new_failures=[c for c in failed if c not in both], same_failures=same, other_cause=[c for c in both if c not in same],
        fixed=sorted(c for c, r in its.items() if r.failed and c in mine and mine[c].passed),
        added=sorted(mine.keys() - its.keys()) if baseline else [], gone=gone,
        not_proved=[c for c in gone if c in unable],
        slower=[s for c in sorted(mine) if (s := _slower(earlier, mine[c]))])
