# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The end of `make test`, which is all that some keep: the stages, what took long, and why something failed."""
from __future__ import annotations

import re
from collections import Counter

from .counts import Counts
from .schedule import Outcome, log_lines

# How pytest, Ansible and the sanity tests begin the line with the reason.
_REASON = re.compile(r"^E  |^(FAILED|ERROR)\b|\[ERROR\]|\bfatal: ")


def table(outcomes: list[Outcome]) -> str:
    """One line per stage, in the order in which they ended; CPU seconds are of its own processes, not of the clusters."""
    width = max(5, *(len(o.stage.name) for o in outcomes))
    rows = [f"{'stage':{width}}  {'verdict':8}{'seconds':>8}{'CPU s':>8}  tests"]
    rows += [f"{o.stage.name:{width}}  {o.verdict:8}{o.seconds:8.0f}{o.cpu:8.0f}  {o.counts if o.counts.total else ''}{_rooms(o)}"
             + (f"  ({o.reason})" if o.reason else "") for o in outcomes]
    return "\n".join(rows)


def _rooms(outcome: Outcome) -> str:
    ran = Counter(c.room for c in outcome.cases)
    return f"  [{', '.join(f'{room} {ran[room]}' for room in outcome.stage.rooms)}]" if len(outcome.stage.rooms) > 1 else ""


def longest(outcomes: list[Outcome], most: int = 10) -> str:
    """The tests that cost most."""
    found = sorted((c for o in outcomes for c in o.cases), key=lambda c: -c.seconds)[:most]
    return "\n".join(["the tests that took longest, in seconds:", *(f"{c.seconds:8.0f}  {c.name}" for c in found)]) if found else ""


def reasons(outcomes: list[Outcome], most: int = 12) -> str:
    """What went wrong: a few lines of each failed stage."""
    told = []
    for stage in [o.stage for o in outcomes if o.verdict == "FAILED"]:
        lines = log_lines(stage)
        told += [f"[{stage.name}] {line.strip()[:200]}" for line in ([*filter(_REASON.search, lines)] or lines)[-most:]]
    return "\n".join(["", *told, ""]) if told else ""


def total(outcomes: list[Outcome]) -> Counts:
    return sum((o.counts for o in outcomes), Counts())
