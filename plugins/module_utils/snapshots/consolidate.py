# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Disks that want a consolidation after snapshots were removed: vSphere counts the removal as done, though the disks could not be merged,
and each further snapshot makes their chain longer (VirtualMachine.ConsolidateVMDisks_Task)."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..jobs.errors import PlatformError
from ..jobs.job import Job
from ..machines.model import Machine, MachinePlatform, Wanted
from .set import Crew, one_by_one


def consolidate(platform: MachinePlatform, machines: Sequence[Machine], params: Mapping[str, Any], job: Job) -> dict[str, list[str]]:
    """Those of the machines that want it now are consolidated, where the platform can; else it is told.

    {"consolidated": names, "consolidation_needed": names}. PlatformError where it fails: what was removed before is gone all the same.
    """
    wanting = [m for m in platform.find(Wanted(ids=tuple(m.id for m in machines))) if m.consolidate] if machines else []
    if not platform.consolidates:
        for machine in wanting:
            job.tell(f"{machine.name}: its disks want a consolidation, for which {platform.name} has no command: consolidate them in its client")
        return {"consolidated": [], "consolidation_needed": [m.name for m in wanting]}
    outcome = Crew(job, int(params.get("parallel") or 4)).work(one_by_one(wanting, params), platform.consolidate, "disks consolidated", True)
    if outcome.failed:
        raise PlatformError(f"{next(iter(outcome.failed.values()))}; the snapshots are gone, and the disks want a consolidation still: mend "
                            "that, and run vm_snapshot_prune", changed=True, failures=[str(e) for e in outcome.failed.values()],
                            consolidation_needed=[m.name for m in wanting if m.id in outcome.failed])
    return {"consolidated": [m.name for m in wanting], "consolidation_needed": []}
