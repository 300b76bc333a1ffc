# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The score by room."""
from __future__ import annotations

from .judge import KILLED, STALE, Outcome

GOAL = 90
_HEADS = ("room", "mutants", "killed", "survived", "with reason", "stale", "score")


def score(outcomes: list[Outcome]) -> int | None:
    """Killed of those that should be, in percent, rounded down; None where there are none."""
    killed = sum(o.kind == KILLED for o in outcomes)
    counted = sum(not o.excused and o.kind != STALE for o in outcomes)
    return killed * 100 // counted if counted else None


def _row(name: str, outcomes: list[Outcome]) -> tuple[str, ...]:
    excused = sum(o.excused for o in outcomes)
    stale = sum(o.kind == STALE for o in outcomes)
    killed = sum(o.kind == KILLED for o in outcomes)
    percent = score(outcomes)
    return (name, *map(str, (len(outcomes), killed, len(outcomes) - killed - excused - stale, excused, stale)),
            "-" if percent is None else f"{percent} %")


def _by_room(outcomes: list[Outcome]) -> dict[str, list[Outcome]]:
    out: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        out.setdefault(outcome.mutant.room, []).append(outcome)
    return dict(sorted(out.items()))


def table(outcomes: list[Outcome]) -> str:
    rows = [_HEADS, *(_row(name, of) for name, of in _by_room(outcomes).items()), _row("all", outcomes)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADS))]
    return "\n".join("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths)))
                     for row in rows)


def closing(outcomes: list[Outcome]) -> str:
    failed = sum(o.failed for o in outcomes)
    return f"{len(outcomes) - failed} passed, {failed} failed"


def status(outcomes: list[Outcome]) -> int:
    """1 when one failed or a room is below the goal."""
    low = any(percent is not None and percent < GOAL for percent in map(score, _by_room(outcomes).values()))
    return int(low or any(o.failed for o in outcomes))
