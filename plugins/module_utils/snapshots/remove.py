# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The snapshots of one name removed from all machines of a cluster."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..jobs.errors import BadOption, Interrupted, PlatformError
from ..jobs.job import Job
from ..machines.model import Machine, MachinePlatform, Snapshot
from .consolidate import consolidate
from .set import Crew, listed, named, one_by_one, plain


def result(found: Sequence[Machine], name: str, changed: bool, **more: Any) -> dict[str, Any]:
    taken = {m.id: [plain(s) for s in named(m, name)] for m in found}
    return {"changed": changed, "machines": [
        {"name": m.name, "id": m.id, "place": m.place, "power": m.power, "snapshot": next(iter(taken[m.id]), None)}
        for m in found], **more}


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {"before": {"snapshots": dict(before)}, "after": {"snapshots": dict(after)}}


def remove_all(platform: MachinePlatform, found: Sequence[Machine], name: str, params: Mapping[str, Any], job: Job) -> None:
    """Remove the snapshots of a name from machines that have it; all are tried, the first failure is told at the end."""
    target = {m.id: named(m, name)[0] for m in found}
    outcome = Crew(job, int(params.get("parallel") or 4)).work(
        one_by_one(found, params), lambda m: platform.remove(m, target[m.id], bool(params.get("remove_children"))),
        f"snapshot {name!r} removed", True)
    if outcome.failed:
        raise PlatformError(str(next(iter(outcome.failed.values()))), changed=bool(outcome.done),
                            failures=[str(e) for e in outcome.failed.values()])


def check_single(having: Sequence[Machine], name: str) -> None:
    """Of several snapshots of a name none is removed: nobody said which."""
    twice = [m for m in having if len(named(m, name)) > 1]
    if twice:
        raise BadOption(f"snapshot_name: {twice[0].name} has several snapshots named {name!r}: {listed(twice[0])}; remove them by "
                        "vm_snapshot_prune, or on the platform")


def absent(platform: MachinePlatform, found: list[Machine], name: str, params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    having = [m for m in found if named(m, name)]
    check_single(having, name)
    before = {m.name: [s.name for s in m.snapshots] for m in found}
    after = {m.name: [s.name for s in m.snapshots if s.name != name and not (params.get("remove_children") and _below(m, s, name))]
             for m in found}
    disks = {"consolidated": [], "consolidation_needed": [m.name for m in found if m.consolidate]}
    if having and not job.check_mode:
        try:
            remove_all(platform, having, name, params, job)
            disks = consolidate(platform, having, params, job)
        except Interrupted as e:
            raise Interrupted(f"{e}; some snapshots {name!r} may be there still: run it again", changed=True) from None
    return result(found, name, bool(having), removed=[m.name for m in having], diff=diff(before, after), **disks)


def _below(machine: Machine, snapshot: Snapshot, name: str) -> bool:
    by_id, key = {s.id: s for s in machine.snapshots}, snapshot.parent
    while key in by_id:
        if by_id[key].name == name:
            return True
        key = by_id[key].parent
    return False
