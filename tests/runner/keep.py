# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is kept of a full run, in kept.json: how many cases each stage had at least, and which tests take long.

    python -m tests.runner.keep     (make keep) after a full `make test`

A run with fewer cases fails, so that tests which are no longer found are missed; the long tests are handed out first.
"""
from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("kept.json")
# Shorter ones need no place of their own; all that are not known are taken for half as long.
LONG = 8.0


def read() -> dict[str, Any]:
    """{"cases": {stage: {room: least}}, "seconds": {test: seconds}}"""
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {"cases": {}, "seconds": {}}


def key(nodeid: str) -> str:
    """The name that JUnit gives a test, of the one that pytest gives it."""
    file, _sep, name = nodeid.partition("::")
    return f"{file.removesuffix('.py').replace('/', '.')}::{name}"


def order(nodeids: list[tuple[str, str]]) -> list[int]:
    """Positions of (nodeid, group) in the order in which they are handed out: what takes longest first, a group together.

    group: "" for a test of its own.
    """
    known = read()["seconds"]
    names = [group or key(nodeid) for nodeid, group in nodeids]
    cost: defaultdict[str, float] = defaultdict(float)
    for (nodeid, _group), name in zip(nodeids, names):
        cost[name] += known.get(key(nodeid), LONG / 2)
    first = {name: i for i, name in reversed(list(enumerate(names)))}
    return sorted(range(len(names)), key=lambda i: (-cost[names[i]], first[names[i]], i))


def main() -> int:
    from .counts import cases, of_log
    from .stages import OUTPUT, all_stages

    kept: dict[str, Any] = {"cases": {}, "seconds": {}}
    for stage in all_stages():
        if stage.least > 1 and (told := of_log(stage)):
            kept["cases"][stage.name] = {"": told.total}
        if not stage.in_all or not stage.rooms:
            continue
        found = cases(stage.junit)
        if missing := set(stage.rooms) - {c.room for c in found}:
            print(f"{stage.name}: no results of {', '.join(sorted(missing))}; run make test first", file=sys.stderr)
            return 1
        ran = Counter(c.room for c in found)
        kept["cases"][stage.name] = {room: ran[room] for room in sorted(stage.rooms)}
        if stage.handed_out:
            kept["seconds"].update({c.name: round(c.seconds) for c in sorted(found, key=lambda c: c.name) if c.seconds >= LONG})
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
