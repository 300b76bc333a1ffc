# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What keeps a set from being taken, seen before anything is done: machines in no state for it, chains that are too long."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ..jobs.errors import BadOption, PlatformError
from ..machines.model import Machine, MachinePlatform
from .moment import when
from .set import control_plane, depth, listed

_DAY = 86400.0
_SHOWN = 200


def names_of(found: Sequence[Machine]) -> str:
    return ", ".join(m.name for m in found)[:_SHOWN]


def to_shut_down(platform: MachinePlatform, found: Sequence[Machine], params: Mapping[str, Any]) -> list[Machine]:
    """The machines that are shut down for the set, by option state_before; without it those of a cluster whose control plane has
    several members, as what etcd wrote on one of them at one moment and on others at another fits no cluster."""
    asked, running = params.get("state_before"), [m for m in found if m.power == "on"]
    members = [m for m in control_plane(found, params) if m.power == "on"]
    if asked == "as_is" or asked is None and (len(members) < 2 or params.get("memory_dump")):
        return []
    if params.get("memory_dump"):
        raise BadOption("state_before: a machine that is shut down has no memory to include; set it to as_is, or memory_dump "
                        "to false")
    deaf = [m for m in running if platform.has_tools and m.tools != "running"]
    if deaf:
        why = "" if asked else f" (the default, as the control plane has {len(members)} members that run)"
        raise BadOption(f"state_before: shutdown{why} needs guest tools, and those of {names_of(deaf)} do not run, so nobody can "
                        "ask the system to shut down; start them, or set state_before: as_is to take machines as they run")
    return running


def check_states(platform: MachinePlatform, found: Sequence[Machine], off: Sequence[Machine],
                 params: Mapping[str, Any]) -> None:
    """BadOption for what would not be as it is asked for. off: those that will be shut down."""
    suspended = [m for m in found if m.power == "suspended"]
    if params.get("memory_dump") and not platform.has_memory:
        raise BadOption(f"memory_dump: snapshots of {platform.name} hold no memory")
    if suspended and not params.get("memory_dump"):
        raise BadOption(f"memory_dump: {names_of(suspended)} is suspended, so that a snapshot holds its memory; power it on or "
                        "off, or set memory_dump: true")
    deaf = [m for m in found if m.power == "on" and m not in off and platform.has_tools and m.tools != "running"]
    if params.get("quiesce") and deaf:
        raise BadOption(f"quiesce: the guest tools of {names_of(deaf)} do not run, and without them the platform takes the "
                        "snapshot without quiescing anything and says nothing; start them, or leave quiesce out")


def check_limits(found: Sequence[Machine], params: Mapping[str, Any]) -> None:
    """A long chain of snapshots slows a machine down, and an old one fills its datastore."""
    deepest, oldest = int(params.get("max_depth") or 0), float(params.get("max_age_days") or 0) * _DAY
    now = datetime.now(timezone.utc).timestamp()
    for machine in found:
        if machine.consolidate:
            raise PlatformError(f"{machine.name}: its disks want a consolidation; do that before (vm_snapshot_prune)")
        if deepest and depth(machine) >= deepest:
            raise PlatformError(f"{machine.name}: its disks stand on {depth(machine)} snapshots already ({listed(machine)}), and "
                                f"max_depth is {deepest}; prune some, or raise max_depth")
        old = [s for s in machine.snapshots if oldest and now - when(s) > oldest]
        if old:
            raise PlatformError(f"{machine.name}: snapshot {old[0].name!r} is {(now - when(old[0])) / _DAY:.1f} days old, and "
                                f"max_age_days is {oldest / _DAY:g}; prune it, or raise max_age_days")
