# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A second try for the few tests of a stage that failed among hundreds: alone, when the stage has ended.

On two cores and several clusters a test may fail of what ran beside it. One that is right at the second try has passed, and is named
at the end: either it bets on the machine, or the product does, and somebody has to look which.
"""
from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from . import stages
from .counts import Counts

if TYPE_CHECKING:
    from .schedule import Outcome

SUFFIX = "-again"


def node_id(name: str) -> str:
    """As pytest wants it named, of what JUnit calls tests.faults.test_dns::test_a[b], also in a class; "" where there is no such file."""
    module, _mark, test = name.partition("::")
    parts = module.split(".")
    for n in range(len(parts), 0, -1):
        file = "/".join(parts[:n]) + ".py"
        if test and (stages.CHECKOUT / file).is_file():
            return "::".join([file, *parts[n:], test])
    return ""


def second(first: Outcome) -> stages.Stage | None:
    """The stage that asks what failed once more; None where more failed than chance explains, or anything else did."""
    stage, bad = first.stage, [c for c in first.cases if c.counts.failed]
    names = sorted({c.name for c in bad})
    wanted = [node_id(n) for n in names]
    if not 1 <= len(names) <= stage.again or len(bad) != first.counts.failed or first.reason or not all(wanted):
        return None
    name = stage.name + SUFFIX
    command = [w for w in stage.command if not w.startswith(("tests/", "--junitxml="))]
    return dataclasses.replace(
        stage, name=name, command=(*command, f"--junitxml={stages.OUTPUT / f'{name}.junit' / 'pytest.xml'}", *wanted), needs=(), rooms={},
        least=len(names), again=0)


def merged(first: Outcome, tried: Outcome) -> Outcome:
    """The first outcome with what the second try made of it."""
    bad = {c.name for c in first.cases if c.counts.failed}
    right = {c.name for c in tried.cases if c.counts.passed} - {c.name for c in tried.cases if c.counts.failed}
    if tried.counts.failed or bad - right:
        return first
    words = f"{len(bad)} at the second try: {', '.join(sorted(n.removeprefix('tests.') for n in bad))}"
    counts = Counts(first.counts.passed + len(bad), 0, first.counts.skipped)
    return dataclasses.replace(first, counts=counts, reason=words)
