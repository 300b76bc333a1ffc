# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much of a plan is implemented, and how its tests went.

The definitions are those of PipelineCoverage in github.com/mayadata-io/e2e-metrics (controller/coverage/reconciler.go):
coverage is the share of the planned tests that are implemented, what is implemented and not planned is invalid and a warning,
a plan without tests is a warning and 0 %. It is shown in whole percent, half a percent up.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..common.words import plural
from ..results.record import FAILED, INCONCLUSIVE, PASSED, SKIPPED, VERDICTS, WARNED
from .plan import Case, Plan, names

NOT_RUN, NOT_KNOWN, NOT_IMPLEMENTED = "not_run", "not_known", "not_implemented"
# From what wants to be looked at first to what does not.
STATES = (FAILED, INCONCLUSIVE, NOT_RUN, WARNED, PASSED, SKIPPED, NOT_KNOWN, NOT_IMPLEMENTED)


@dataclass(frozen=True)
class Seen:
    """The last that is known of a check on a cluster. started: of its run, in ISO 8601."""

    cluster: str
    check: str
    verdict: str
    cause: str = ""
    started: str = ""


@dataclass(frozen=True)
class Row:
    """A test of the plan. checks: by which it is implemented here; elsewhere: a job of a pipeline has its id."""

    case: Case
    checks: tuple[str, ...]
    elsewhere: bool
    seen: tuple[Seen, ...]

    @property
    def implemented(self) -> bool:
        return bool(self.checks) or self.elsewhere

    @property
    def state(self) -> str:
        """The worst of what its checks found on all clusters; as long as one of them has not run, that, if nothing failed."""
        if not self.implemented:
            return NOT_IMPLEMENTED
        if not self.checks:
            return NOT_KNOWN
        found = [s.verdict for s in self.seen]
        if {s.check for s in self.seen} < set(self.checks):
            found.append(NOT_RUN)
        return min(found, key=STATES.index)


@dataclass(frozen=True)
class Coverage:
    plan: Plan
    rows: tuple[Row, ...]
    invalid: tuple[str, ...]
    deprecated: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def valid(self) -> int:
        return sum(r.implemented for r in self.rows)

    @property
    def percent(self) -> float:
        return 100 * self.valid / len(self.rows) if self.rows else 0.0

    @property
    def shown(self) -> str:
        """Whole percent, half a percent up."""
        return f"{(200 * self.valid + len(self.rows)) // (2 * len(self.rows)) if self.rows else 0}%"

    def reaches(self, gate: float) -> bool:
        """By the exact share, not by what is shown."""
        return self.valid * 100 >= gate * len(self.rows) if self.rows else gate <= 0

    @property
    def states(self) -> dict[str, int]:
        found = [r.state for r in self.rows]
        return {s: found.count(s) for s in STATES}


def _known(wanted: Mapping[str, Sequence[str]], checks: Iterable[str]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """(Of each id the checks that there are, a sentence for each that there is not)."""
    there, found, said = set(checks), {}, []
    for tcid, named in wanted.items():
        said += [f"{tcid} names the check {n}, which there is not" for n in named if n not in there]
        found[tcid] = tuple(n for n in named if n in there) if all(n in there for n in named) else ()
    return found, said


def coverage(plan: Plan, given: Mapping[str, object], jobs: tuple[Sequence[str], Sequence[str]], checks: Iterable[str],
             seen: Iterable[Seen]) -> Coverage:
    """given: names of checks by ids, which count before labels of the plan. jobs: as `of_pipelines` gives them.
    checks: all that there are.
    """
    wanted = {t.tcid: t.checks for t in plan.tests if t.checks} | {str(k): names(v) for k, v in given.items()}
    by_checks, said = _known(wanted, checks)
    planned = {t.tcid for t in plan.tests}
    implemented, deprecated = dict.fromkeys([*jobs[0], *(k for k, v in by_checks.items() if v)]), jobs[1]
    seen = list(seen)
    rows = tuple(_row(t, by_checks.get(t.tcid, ()), jobs[0], seen) for t in plan.tests)
    invalid = tuple(i for i in implemented if i not in planned)
    if invalid:
        are = "is" if len(invalid) == 1 else "are"
        said.append(f"{plural(len(invalid), 'test')} {are} implemented and not planned: {', '.join(invalid)}")
    if not plan.tests:
        said.append("the plan has no tests")
    return Coverage(plan, rows, invalid, tuple(deprecated), (*plan.warnings, *said))


def _row(case: Case, checks: tuple[str, ...], jobs: Sequence[str], seen: Sequence[Seen]) -> Row:
    return Row(case, checks, case.tcid in jobs, tuple(s for s in seen if s.check in checks))


def newest(found: Iterable[Seen]) -> list[Seen]:
    """The last of each check on each cluster; of one run the worst."""
    last: dict[tuple[str, str], Seen] = {}
    for one in found:
        key = (one.cluster, one.check)
        other = last.get(key)
        if other is None or _order(one) > _order(other):
            last[key] = one
    return [last[k] for k in sorted(last)]


def _order(seen: Seen) -> tuple[str, int]:
    return seen.started, -VERDICTS.index(seen.verdict)
