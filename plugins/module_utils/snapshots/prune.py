# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshots that are not needed any more, removed from all machines of a cluster."""
from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ..jobs.errors import BadOption, Interrupted, PlatformError
from ..jobs.job import Job
from ..jobs.steps import Steps, Stepwise
from ..machines.model import Machine, MachinePlatform, Pending, Snapshot
from .consolidate import consolidate
from .moment import when
from .remove import diff
from .set import Crew, chain, machines, marks, one_by_one

_DAY = 86400.0
_OURS = "assay.clusters"


def prune(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Module vm_snapshot_prune."""
    if all(params.get(n) is None for n in ("keep", "older_than_days", "pattern")):
        raise BadOption("keep: nothing says what may go; give keep, older_than_days or pattern")
    for option in ("keep", "older_than_days"):
        if params.get(option) is not None and float(params[option]) < 0:
            raise BadOption(f"{option}: must be 0 or more, not {params[option]}")
    with machines(params, job) as (platform, found):
        chosen = {m.id: doomed(m, params) for m in found}
        spared = {m.name: [s.name for s in surplus(m, params) if s not in chosen[m.id]] for m in found}
        spared = {n: names for n, names in spared.items() if names}
        consolidating = [m for m in found if m.consolidate and params.get("consolidate", True)]
        before = {m.name: [s.name for s in m.snapshots] for m in found}
        after = {m.name: [s.name for s in m.snapshots if s not in chosen[m.id]] for m in found}
        concerned = [m for m in found if chosen[m.id] or m in consolidating]
        _check_spared(spared, concerned, job)
        made = {"changed": bool(concerned), "diff": diff(before, after), "removed": [
            {"machine": m.name, "id": s.id, "name": s.name, "size": s.size} for m in found for s in chosen[m.id]],
            "consolidated": [m.name for m in consolidating], "consolidation_needed": [], "spared": spared}
        if concerned and not job.check_mode:
            made |= _remove(platform, concerned, chosen, params, job)
        return made


def _check_spared(spared: Mapping[str, list[str]], concerned: Sequence[Machine], job: Job) -> None:
    """A prune that removes nothing of what it should says so: green each night, it would fill the datastore all the same."""
    words = "; ".join(f"{', '.join(names)} of {machine}" for machine, names in spared.items())[:300]
    if spared and not concerned:
        raise BadOption(f"allow_current: nothing can be removed, as the disks stand on all that should go ({words}); set it to "
                        "true: what such a snapshot holds is merged into the disks, and no content is lost")
    for machine, names in spared.items():
        job.tell(f"{machine}: {', '.join(names)[:200]} should go and stay, as its disks stand on them (allow_current)")


def _matching(machine: Machine, params: Mapping[str, Any]) -> list[Snapshot]:
    """Newest first: whose name fits and which are ours, unless those of others may go, too."""
    cluster = marks(params).get("cluster")
    wanted = [_OURS, *([f"cluster={cluster}"] if cluster else [])]
    fits = [s for s in machine.snapshots if fnmatchcase(s.name, params.get("pattern") or "*")
            and (not params.get("ours_only", True) or all(m in s.description.split() for m in wanted))]
    return sorted(fits, key=when, reverse=True)


def surplus(machine: Machine, params: Mapping[str, Any]) -> list[Snapshot]:
    """The snapshots of a machine that should go by number, age and name."""
    oldest = time.time() - float(params.get("older_than_days") or 0) * _DAY
    return [s for s in _matching(machine, params)[int(params.get("keep") or 0):] if when(s) <= oldest]


def doomed(machine: Machine, params: Mapping[str, Any]) -> list[Snapshot]:
    """The snapshots of a machine that go, children before their parents."""
    kept = set() if params.get("allow_current", True) else chain(machine)
    going = [s for s in surplus(machine, params) if s.id not in kept]
    by_id = {s.id: s for s in machine.snapshots}

    def level(snapshot: Snapshot) -> int:
        count, key = 0, snapshot.parent
        while key in by_id and count <= len(by_id):
            count, key = count + 1, by_id[key].parent
        return count

    return sorted(going, key=level, reverse=True)


def _remove(platform: MachinePlatform, found: Sequence[Machine], chosen: Mapping[str, list[Snapshot]], params: Mapping[str, Any],
            job: Job) -> dict[str, list[str]]:
    """What consolidate() tells; all machines are tried, the first failure is told at the end."""
    def begin(machine: Machine) -> Pending:
        return Stepwise(each(machine))

    def each(machine: Machine) -> Steps:
        for snapshot in chosen[machine.id]:
            pending = platform.remove(machine, snapshot)
            while (progress := pending.poll()) is not None:
                yield progress
            job.tell(f"{machine.name}: snapshot {snapshot.name!r} ({snapshot.id}) removed")
        return ""

    going = [m for m in found if chosen[m.id]]
    try:
        outcome = Crew(job, int(params.get("parallel") or 4)).work(one_by_one(going, params), begin, "pruned", to_the_end=True)
        disks = consolidate(platform, found, params, job) if params.get("consolidate", True) else {}
    except Interrupted as e:
        raise Interrupted(f"{e}; run it again, it goes on", changed=True) from None
    if outcome.failed:
        raise PlatformError(str(next(iter(outcome.failed.values()))), changed=bool(outcome.done or disks.get("consolidated")),
                            failures=[str(e) for e in outcome.failed.values()])
    return disks
