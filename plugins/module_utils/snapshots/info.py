# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All snapshots of all machines of a cluster; and those that are not needed any more, removed."""
from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ..jobs.errors import BadOption, Interrupted, PlatformError
from ..jobs.job import Job
from ..jobs.steps import Steps, Stepwise
from ..machines.model import Machine, MachinePlatform, Pending, Snapshot
from .moment import mark, sets, when
from .remove import diff
from .set import Crew, depth, machines, one_by_one as in_turn, plain

_DAY = 86400.0
_OURS = "assay.clusters"


def info(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Module vm_snapshot_info."""
    name = params.get("snapshot_name")
    with machines(params, job) as (platform, found):
        stores = [dict(vars(s)) for s in platform.stores(found)]
        return {"machines": [_shown(m, name) for m in found], "sets": sets(found, name), "stores": stores,
                "round_trips": platform.round_trips}


def _shown(machine: Machine, name: str | None) -> dict[str, Any]:
    now = time.time()
    chosen = [s for s in machine.snapshots if not name or s.name == name]
    ages = [now - when(s) for s in machine.snapshots if s.created]
    return {
        **{n: getattr(machine, n) for n in ("name", "id", "uuid", "power", "tools", "place", "address", "provisioned", "used")},
        "datastores": list(machine.datastores), "disks": [dict(vars(d)) for d in machine.disks],
        "consolidation_needed": machine.consolidate, "depth": depth(machine),
        "oldest_seconds": round(max(ages)) if ages else None,
        "snapshots": [{**plain(s), "set": mark(s), "age_seconds": round(now - when(s)) if s.created else None, "in_current_chain": s.id in chain(machine)}
                      for s in chosen]}


def chain(machine: Machine) -> set[str]:
    """Ids of the snapshots that the machine's disks stand on."""
    by_id, held = {s.id: s for s in machine.snapshots}, set()
    for snapshot in machine.snapshots:
        key = snapshot.id if snapshot.current else ""
        while key in by_id and key not in held:
            held.add(key)
            key = by_id[key].parent
    return held


# ---- pruning ----------------------------------------------------------------------------------------------------
def prune(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Module vm_snapshot_prune."""
    if all(params.get(n) is None for n in ("keep", "older_than_days", "pattern")):
        raise BadOption("keep: nothing says what may go; give keep, older_than_days or pattern")
    for option in ("keep", "older_than_days"):
        if params.get(option) is not None and float(params[option]) < 0:
            raise BadOption(f"{option}: must be 0 or more, not {params[option]}")
    with machines(params, job) as (platform, found):
        chosen = {m.id: doomed(m, params) for m in found}
        spared = {m.name: [s.name for s in _matching(m, params) if s.id in chain(m)] for m in found if not params.get("allow_current")}
        consolidating = [m for m in found if m.consolidate and params.get("consolidate", True)]
        before = {m.name: [s.name for s in m.snapshots] for m in found}
        after = {m.name: [s.name for s in m.snapshots if s not in chosen[m.id]] for m in found}
        concerned = [m for m in found if chosen[m.id] or m in consolidating]
        made = {"changed": bool(concerned), "diff": diff(before, after), "removed": [
            {"machine": m.name, "id": s.id, "name": s.name, "size": s.size} for m in found for s in chosen[m.id]],
            "consolidated": [m.name for m in consolidating], "spared": {n: names for n, names in spared.items() if names}}
        if concerned and not job.check_mode:
            _remove(platform, concerned, chosen, consolidating, params, job)
        return made


def _matching(machine: Machine, params: Mapping[str, Any]) -> list[Snapshot]:
    """Newest first: whose name fits and which are ours, unless those of others may go, too."""
    marks = [_OURS, *([f"cluster={params['cluster']}"] if params.get("cluster") else [])]
    fits = [s for s in machine.snapshots if fnmatchcase(s.name, params.get("pattern") or "*")
            and (not params.get("ours_only", True) or all(m in s.description.split() for m in marks))]
    return sorted(fits, key=when, reverse=True)


def doomed(machine: Machine, params: Mapping[str, Any]) -> list[Snapshot]:
    """The snapshots of a machine that go, children before their parents."""
    oldest = time.time() - float(params.get("older_than_days") or 0) * _DAY
    kept = chain(machine) if not params.get("allow_current") else set()
    going = [s for s in _matching(machine, params)[int(params.get("keep") or 0):] if when(s) <= oldest and s.id not in kept]
    by_id = {s.id: s for s in machine.snapshots}

    def level(snapshot: Snapshot) -> int:
        count, key = 0, snapshot.parent
        while key in by_id and count <= len(by_id):
            count, key = count + 1, by_id[key].parent
        return count

    return sorted(going, key=level, reverse=True)


def _remove(platform: MachinePlatform, found: Sequence[Machine], chosen: Mapping[str, list[Snapshot]],
            consolidating: Sequence[Machine], params: Mapping[str, Any], job: Job) -> None:
    def begin(machine: Machine) -> Pending:
        return Stepwise(one_by_one(machine))

    def one_by_one(machine: Machine) -> Steps:
        for snapshot in chosen[machine.id]:
            pending = platform.remove(machine, snapshot)
            while (progress := pending.poll()) is not None:
                yield progress
            job.tell(f"{machine.name}: snapshot {snapshot.name!r} ({snapshot.id}) removed")
        if machine in consolidating:
            pending = platform.consolidate(machine)
            while (progress := pending.poll()) is not None:
                yield progress
        return ""

    try:
        outcome = Crew(job, int(params.get("parallel") or 4)).work(in_turn(found, params), begin, "pruned", to_the_end=True)
    except Interrupted as e:
        raise Interrupted(f"{e}; run it again, it goes on", changed=True) from None
    if outcome.failed:
        raise PlatformError(str(next(iter(outcome.failed.values()))), changed=bool(outcome.done),
                            failures=[str(e) for e in outcome.failed.values()])
