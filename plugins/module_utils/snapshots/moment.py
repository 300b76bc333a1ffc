# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the snapshots of several machines are of one moment: by the mark of their set, and without one by their dates."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..machines.model import Machine, Snapshot

_OURS, _SET = "assay.clusters ", "set="
# Seconds that snapshots without a mark, as people make them by hand one after the other, may be apart.
BY_HAND = 600.0


def when(snapshot: Snapshot) -> float:
    """Epoch seconds at which a snapshot was taken, by the platform's clock."""
    return datetime.fromisoformat(snapshot.created.replace("Z", "+00:00")).timestamp() if snapshot.created else 0.0


def seconds_between(snapshots: Sequence[Snapshot]) -> float:
    """Seconds between the first and the last of them."""
    times = [when(s) for s in snapshots]
    return round(max(times) - min(times), 3) if times else 0.0


def mark(snapshot: Snapshot) -> str:
    """Of the set that a snapshot belongs to, "" where it is not of this collection. Words of the user may look like one."""
    ours = snapshot.description.rpartition(_OURS)
    return next((w.removeprefix(_SET) for w in ours[2].split() if ours[1] and w.startswith(_SET)), "")


def whole(found: Sequence[Machine], name: str) -> bool:
    """Whether every machine has a snapshot of the name that belongs to the same set, or to none of ours but to one moment."""
    having = [[s for s in m.snapshots if s.name == name] for m in found]
    marks = [{mark(s) for s in of} for of in having]
    if any(shared for shared in set.intersection(*marks)) if marks else False:
        return True
    by_hand = [s for of in having for s in of if not mark(s)]
    return all("" in of for of in marks) and seconds_between(by_hand) <= BY_HAND


def mixed(chosen: Mapping[str, Snapshot]) -> str:
    """Why the snapshots, by the name of their machine, are of several moments; "" if they are not."""
    marks = {mark(s) for s in chosen.values()}
    if len(marks) < 2 and (any(marks) or seconds_between(list(chosen.values())) <= BY_HAND):
        return ""
    by_set: dict[str, list[str]] = {}
    for name, snapshot in chosen.items():
        by_set.setdefault(mark(snapshot) or snapshot.created, []).append(name)
    return "; ".join(_words(names, chosen[names[0]]) for names in by_set.values())


def _words(names: Sequence[str], first: Snapshot) -> str:
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{shown}: {f'set {mark(first)}' if mark(first) else 'no set'} of {first.created or 'an unknown time'}"


def sets(found: Sequence[Machine], name: str | None = None) -> list[dict[str, Any]]:
    """The sets of snapshots on these machines, oldest first; name: only those of it. Snapshots without a mark are in none."""
    made: dict[tuple[str, str], dict[str, Snapshot]] = {}
    for machine in found:
        for snapshot in machine.snapshots:
            if mark(snapshot) and name in (None, "", snapshot.name):
                made.setdefault((snapshot.name, mark(snapshot)), {})[machine.name] = snapshot
    return [{"name": key[0], "set": key[1], "created": min(s.created for s in of.values()), "machines": sorted(of),
             "missing": sorted({m.name for m in found} - set(of)), "spread_seconds": seconds_between(list(of.values()))}
            for key, of in sorted(made.items(), key=lambda one: min(when(s) for s in one[1].values()))]
