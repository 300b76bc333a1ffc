# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rest of the fleet as a baseline: what most other clusters showed in their newest runs."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from .entry import Entry, Result

FLEET = "fleet"


def others(runs: Sequence[Entry], run: Entry) -> list[Entry]:
    """The newest run that told something of each other cluster. One under another name, by its uid, is no other.

    runs: the oldest first.
    """
    newest = {r.cluster: r for r in runs if r.ran and r.cluster != run.cluster and not (run.uid and r.uid == run.uid)}
    return list(newest.values())


def picture(rest: Sequence[Entry], run: Entry) -> Entry | None:
    """What most of them showed, as a run to compare with; None where there are none.

    A check is in it that more than half of them told; it failed there where more than half of those failed.
    """
    if not rest:
        return None
    told: dict[str, list[Result]] = {}
    for one in rest:
        for result in one.results:
            if result.ran:
                told.setdefault(result.check, []).append(result)
    results = tuple(_most(found) for found in told.values() if 2 * len(found) > len(rest))
    return Entry("", FLEET, run.started, "", results)


def _most(found: Sequence[Result]) -> Result:
    """One check: its verdict and cause on most clusters. Where as many failed as did not, it did not."""
    failed = [r for r in found if r.failed]
    chosen = failed if 2 * len(failed) > len(found) else [r for r in found if not r.failed]
    cause = min(Counter(r.cause for r in chosen).items(), key=lambda item: (-item[1], item[0]))[0]
    return replace(chosen[0], cause=cause)
