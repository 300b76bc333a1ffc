# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is kept of a full run, in kept.json: how many cases each stage had at least, and which tests take long.

    python -m tests.runner.keep     (make keep) after a full `make test`, or after `make gauntlet`

A run with fewer cases fails, so that tests which are no longer found are missed; the long tests are handed out first. What the
run had not (the gauntlet, or all but that) stays as it was. What a full `make test` ran on is kept for the README, too, and what the
gauntlet claimed for docs/faults.md.
"""
from __future__ import annotations

import importlib.metadata
import json
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("kept.json")
# Shorter ones need no place of their own; all that are not known are taken for half as long.
LONG = 8.0
# Files whose tests share a cluster that they make themselves.
TOGETHER = {"tests/integration/test_cluster_api.py", "tests/integration/test_lab_leaves_nothing.py"}


def read() -> dict[str, Any]:
    """{"cases": {stage: {room: least}}, "seconds": {test: seconds}}"""
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {"cases": {}, "seconds": {}}


def key(nodeid: str) -> str:
    """The name that JUnit gives a test, of the one that pytest gives it."""
    file, _sep, name = nodeid.partition("::")
    return f"{file.removesuffix('.py').replace('/', '.')}::{name}"


def group(nodeid: str) -> str:
    """Tests of the same group go to one cluster, one after the other: those of a file in TOGETHER, else each for itself."""
    file = nodeid.partition("::")[0]
    return file if file in TOGETHER else nodeid


def order(nodeids: list[str], by_file: bool = False) -> list[int]:
    """Their positions in the order in which they are handed out: what takes longest first, a group, or a file, together."""
    known = read()["seconds"]
    groups = [n.partition("::")[0] if by_file else group(n) for n in nodeids]
    cost: defaultdict[str, float] = defaultdict(float)
    for nodeid, of in zip(nodeids, groups):
        cost[of] += known.get(key(nodeid), LONG / 2)
    first = {of: i for i, of in reversed(list(enumerate(groups)))}
    return sorted(range(len(nodeids)), key=lambda i: (-cost[groups[i]], first[groups[i]], i))


def _known(seconds: dict[str, int], ran: dict[str, float]) -> dict[str, int]:
    """Which take long: of the tests that ran, and of those that this run left out whose file is still there."""
    root = KEPT.parents[2]
    left_out = {t: s for t, s in seconds.items()
                if t not in ran and (root / f"{t.partition('::')[0].replace('.', '/')}.py").is_file()}
    return dict(sorted({**left_out, **{t: round(s) for t, s in ran.items() if s >= LONG}}.items()))


def _of_all(stages: list[Any]) -> Any:
    """Counts of a plain `make test` on the lab; None where one of its stages has no results, or another cluster was asked."""
    from .counts import Counts, cases, of_log

    found = Counts()
    if os.environ.get("KUBECONFIG"):
        return None
    for stage in (s for s in stages if s.in_all and s.counted and (s.rooms or s.least > 1)):
        told = sum((c.counts for c in cases(stage.junit)), Counts()) if stage.rooms else of_log(stage) or Counts()
        if not told.total:
            return None
        found += told
    return found


def main() -> int:
    from .counts import cases, of_log
    from .stages import all_stages

    former, ran = read(), {}
    kept = former["cases"]
    for stage in all_stages():
        if not stage.rooms and (told := of_log(stage)):
            kept[stage.name] = {"": told.total}
        found = cases(stage.junit) if stage.rooms else []
        if not found and (stage.name in kept or not stage.in_all):  # the run had not this stage
            continue
        if missing := set(stage.rooms) - {c.room for c in found}:
            print(f"{stage.name}: no results of {', '.join(sorted(missing))}; run make test first", file=sys.stderr)
            return 1
        many = Counter(c.room for c in found)
        kept |= {stage.name: {room: many[room] for room in sorted(stage.rooms)}} if stage.rooms else {}
        ran |= {c.name: c.seconds for c in found if stage.handed_out or stage.by_file}
    data = {"cases": kept, "seconds": _known(former["seconds"], ran)}
    KEPT.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return 0


def note_versions() -> None:
    """What a full run ran on, for the README."""
    from tests.lab.base import KUBERNETES
    from tests.setup import tried

    from .stages import all_stages

    if whole := _of_all(all_stages()):
        tried.note(importlib.metadata.version("ansible-core"), "test", whole.passed, whole.failed, KUBERNETES)


def note_faults() -> None:
    """What the gauntlet claimed, for the page of faults."""
    from tests.setup import faults

    from .counts import cases
    from .stages import CLAIMS, all_stages

    if CLAIMS.is_file():
        ran = [c for s in all_stages() if s.environ.get("ASSAY_CLAIMS") for c in cases(s.junit)]
        bad = {c.name for c in ran if c.counts.failed}
        faults.note({c.name: c.name not in bad for c in ran if not c.counts.skipped},
                    [json.loads(line) for line in CLAIMS.read_text(encoding="utf-8").splitlines()])


if __name__ == "__main__":
    status = main()
    note_versions()
    note_faults()
    sys.exit(status)
