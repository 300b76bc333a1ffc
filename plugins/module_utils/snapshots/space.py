# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether datastores have room for new snapshots: with what thin disks and the snapshots that are there may still grow by."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..jobs.errors import PlatformError
from ..machines.model import Machine, MachinePlatform, Store

_GIB = float(1 << 30)


def growth_of(machine: Machine, memory: bool) -> int:
    """Bytes that one snapshot of a machine may grow to: all that its disks may hold, and its memory."""
    disks = machine.provisioned if machine.provisioned > 0 else max(machine.used, 0)
    return disks + (int(machine.extra.get("memory") or 0) if memory and machine.power == "on" else 0)


def room(platform: MachinePlatform, found: Sequence[Machine], params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each datastore with what is expected of it, in bytes. PlatformError with the numbers where room is short.

    A machine on several datastores is counted on each, as its snapshots follow its disks, and which disk grows is not known.
    Memory is written whole and counts whole; of what disks may grow by, growth_percent is expected.
    """
    share, least, memory = float(params.get("growth_percent") or 0) / 100, float(params.get("free_percent") or 0) / 100, \
        bool(params.get("memory_dump"))
    rows = [_row(store, [m for m in found if store.name in m.datastores], share, memory) for store in platform.stores(found)]
    short = [r for r in rows if r["left"] < r["capacity"] * least]
    if short:
        raise PlatformError("; ".join(_words(r, share, least) for r in short) + "; free space, prune snapshots, or lower growth_percent "
                            "or free_percent", stores=rows)
    return rows


def _row(store: Store, mine: Sequence[Machine], share: float, memory: bool) -> dict[str, Any]:
    written = sum(int(m.extra.get("memory") or 0) for m in mine if memory and m.power == "on")
    deltas = int(share * sum(growth_of(m, False) for m in mine))
    thin = int(share * store.uncommitted)
    return {"name": store.name, "capacity": store.capacity, "free": store.free, "machines": len(mine), "memory": written,
            "growth": deltas, "thin_growth": thin, "uncommitted": store.uncommitted, "left": store.free - written - deltas - thin,
            "snapshots": sum(max(s.size, 0) for m in mine for s in m.snapshots)}


def _words(row: Mapping[str, Any], share: float, least: float) -> str:
    def gib(name: str) -> str:
        return f"{row[name] / _GIB:.1f} GiB"

    memory = f" memory takes {gib('memory')}," if row["memory"] else ""
    return (f"datastore {row['name']}: {gib('free')} of {gib('capacity')} are free;{memory} new snapshots of {row['machines']} machines "
            f"are expected to grow by {gib('growth')} and thin disks and older snapshots by {gib('thin_growth')} ({share:.0%} of what they "
            f"may), which leaves {gib('left')}, less than {least:.0%} ({row['capacity'] * least / _GIB:.1f} GiB)")
