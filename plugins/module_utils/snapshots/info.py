# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All snapshots of all machines of a cluster."""
from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..jobs.job import Job
from ..machines.model import Machine
from .moment import mark, sets, when
from .set import chain, depth, machines, plain


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
