# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether machines are fit for a snapshot or a revert: what their platform would do silently, refused before anything is done.

A snapshot locks a disk to its machine, and a revert takes its content back; a disk in an independent mode is in no snapshot
(kubernetes-sigs/vsphere-csi-driver, issues 478 and 2911).
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..jobs.errors import BadOption, PlatformError
from ..machines.model import Disk, Machine, MachinePlatform, Snapshot

_SHOWN = 5


def to_take(found: Sequence[Machine], params: Mapping[str, Any]) -> None:
    """BadOption or PlatformError that names the machines; nothing is taken then."""
    _reachable(found)
    disks = {m.name: m.disks for m in found}
    outside = _words(disks, lambda d: bool(d.left_out))
    if params.get("memory_dump") and outside:
        raise BadOption(f"memory_dump: a machine with disks that no snapshot holds can have none with memory: {outside}; leave memory out")
    _volumes(disks, params, "a snapshot locks it to its machine, so that its pod can move to no other node, and a revert takes its data back")
    _left_out(disks, params, "no snapshot holds it, so after a revert one part of the machine is of then and another of now")


def to_revert(platform: MachinePlatform, found: Sequence[Machine], chosen: Mapping[str, Snapshot], params: Mapping[str, Any]) -> None:
    """BadOption that names machines and disks; nothing is changed then."""
    _reachable(found)
    look = getattr(platform, "snapshot_disks", None)
    held = look([(m, chosen[m.id]) for m in found]) if look else {}
    disks = {m.name: held.get(m.id, m.disks) for m in found}
    _moved(platform, found, held)
    _volumes(disks, params, "the revert takes its data back to the time of the snapshot")
    _left_out(disks, params, "the snapshot does not hold it, so it keeps what is in it today")


def _reachable(found: Sequence[Machine]) -> None:
    for machine in found:
        state = machine.extra.get("connection") or "connected"
        if state != "connected":
            raise PlatformError(f"{machine.name}: is {state} at its platform, so nothing can be done with it; bring its host back, or leave "
                                "it out")
        if question := machine.extra.get("question"):
            raise PlatformError(f"{machine.name}: asks a question, and does nothing else until it is answered: {question}; answer it on the "
                                "platform")


def _volumes(disks: Mapping[str, Iterable[Disk]], params: Mapping[str, Any], why: str) -> None:
    found = _words(disks, lambda d: d.volume and not d.left_out)
    if found and params.get("attached_volumes") != "include":
        raise BadOption(f"attached_volumes: disks of PersistentVolumes are attached: {found}; {why}; scale their workloads down, or set "
                        "attached_volumes: include")


def _left_out(disks: Mapping[str, Iterable[Disk]], params: Mapping[str, Any], why: str) -> None:
    """A volume that is left out is as it should be: it is the cluster's data and not the machine's."""
    found = _words(disks, lambda d: bool(d.left_out) and not d.volume)
    if found and params.get("independent_disks") != "leave":
        raise BadOption(f"independent_disks: {found}: {why}; change the disk's mode, or set independent_disks: leave")


def _moved(platform: MachinePlatform, found: Sequence[Machine], held: Mapping[str, Sequence[Disk]]) -> None:
    """A disk that a machine had then, and that another one has today, would stand in the configuration of both."""
    gone: dict[str, tuple[Machine, Disk]] = {}
    for machine in found:
        today = {d.key for d in machine.disks}
        gone |= {d.key: (machine, d) for d in held.get(machine.id, ()) if d.key not in today}
    for key, moid, name in platform.disk_users(set(gone)) if gone else ():
        machine, disk = gone[key]
        if moid != machine.id:
            raise BadOption(f"attached_volumes: {disk.label} of {machine.name} ({disk.file}) is in its snapshot, and attached to {name} "
                            f"today: after the revert two machines would have it; detach it from {name} (move its pod away) before")


def _words(disks: Mapping[str, Iterable[Disk]], which: Any) -> str:
    found = [f"{d.label} of {name} ({', '.join(filter(None, (d.file or d.id, d.left_out)))})"
             for name, those in disks.items() for d in those if which(d)]
    return ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
