# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines of a vCenter or of a single ESXi host, by pyVmomi."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...clouds.vsphere.session import Session, VsphereError, fault_words, settings
from ...clouds.vsphere.tags import tags as tag_session
from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from ...jobs.steps import Steps, Stepwise, nothing
from ...results import redact
from ..model import Machine, Pending, Snapshot, Store, Unowned, Wanted
from .inventory import Inventory, read

_SHOWN = 20
_NAME = 80  # characters of a snapshot's name


class Vsphere(Unowned):
    """A MachinePlatform (model.py). datacenter: only machines below it, "" for all."""

    name = "vsphere"
    revert_stops = False

    def __init__(self, session: Session, wanted: Mapping[str, Any], datacenter: str = "") -> None:
        self._session, self._wanted, self._datacenter = session, wanted, datacenter.strip("/")
        self._read: Inventory | None = None

    @property
    def round_trips(self) -> int:
        return self._session.round_trips

    # ---- finding ----------------------------------------------------------------------------------------------
    def find(self, wanted: Wanted) -> list[Machine]:
        """See MachinePlatform. ids are MoIDs. folder restricts names, and alone means all machines in it and below."""
        self._read = read(self._session)
        there = [m for m in self._read if self._in_scope(m, wanted.folder)]
        chosen = self._by_name(wanted, there) | self._by_key(wanted, there)
        if wanted.tags:
            with tag_session(self._wanted, self._session.host) as asked:
                chosen |= asked.machines(wanted.tags) & set(there)
        if wanted.folder and not (wanted.names or wanted.uuids or wanted.ids or wanted.tags):
            chosen |= set(there)
        return sorted((self._read.machine(m) for m in chosen), key=lambda m: (m.name, m.id))

    def _in_scope(self, moid: str, folder: str) -> bool:
        """folder: a path such as /dc1/vm/prod, or its end, such as prod."""
        place = self._inventory.folder(moid)
        if self._datacenter and not f"{place}/".startswith(f"/{self._datacenter}/") and f"/{self._datacenter}/vm/" not in f"{place}/":
            return False
        wanted = folder.rstrip("/")
        if not wanted:
            return True
        return f"{place}/".startswith(f"{wanted}/") if wanted.startswith("/") else f"/{wanted}/" in f"{place}/"

    def _by_name(self, wanted: Wanted, there: Sequence[str]) -> set[str]:
        inventory, chosen, absent = self._inventory, set(), []
        for name in wanted.names:
            found = [m for m in there if inventory.name(m) == name]
            if len(found) > 1:
                which = ", ".join(sorted(f"{m} in {inventory.folder(m)}" for m in found))
                raise BadOption(f"names: {len(found)} machines are named {name!r} on {self._session.host}: {which}; name its folder, or "
                                "select it by ids (MoIDs)")
            absent += [] if found else [name]
            chosen |= set(found)
        if absent:
            raise self._absent("names", [f"no machine is named {n!r}" for n in absent], there, wanted.folder)
        return chosen

    def _by_key(self, wanted: Wanted, there: Sequence[str]) -> set[str]:
        known = {u: m for m in there for u in self._inventory.uuids(m)}
        for option, words, keys, having in (("ids", "no machine has the MoID", wanted.ids, set(there)),
                                            ("uuids", "no machine has the UUID", [u.lower() for u in wanted.uuids], set(known))):
            absent = [f"{words} {k!r}" for k in keys if k not in having]
            if absent:
                raise self._absent(option, absent, there, wanted.folder)
        return set(wanted.ids) | {known[u.lower()] for u in wanted.uuids}

    def _absent(self, option: str, absent: list[str], there: Sequence[str], folder: str) -> BadOption:
        """Objects that a user may not see are left out by vCenter without a word, so absence is not said for sure."""
        names = sorted(f"{self._inventory.name(m)!r}" for m in there)
        shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        where = f" below {folder}" if folder else ""
        return BadOption(f"{option}: {absent[0]} on {self._session.host}{where}, or this user may not see it; there are: "
                         f"{shown or 'none at all'}", missing=absent)

    @property
    def _inventory(self) -> Inventory:
        if self._read is None:
            self._read = read(self._session)
        return self._read

    def stores(self, machines: Sequence[Machine]) -> list[Store]:
        return self._inventory.stores(s for m in machines for s in m.datastores)

    # ---- work -------------------------------------------------------------------------------------------------
    def _stub(self) -> Any:
        return self._session.content and self._session.stub

    def _vm(self, machine: Machine) -> Any:
        return self._session.vim.VirtualMachine(machine.id, self._stub())

    def _state(self, machine: Machine) -> str:
        state = self._session.value(self._vm(machine), "runtime.powerState", f"look at {machine.name}")
        return {"poweredOn": "on", "poweredOff": "off"}.get(str(state), "suspended")

    def _task(self, machine: Machine, doing: str, begin: Callable[[], Any]) -> Steps:
        """Begin a task and follow it to its end. VsphereError with the platform's own fault. Its result, as an id."""
        what = f"{doing} {machine.name}"
        task = self._session.call(what, lambda c: begin())
        while True:
            info = self._session.call(what, lambda c: task.info)
            if info.state == "success":
                return info.result._GetMoId() if hasattr(info.result, "_GetMoId") else ""
            if info.state == "error":
                words, fault = fault_words(info.error), type(info.error).__name__.rpartition(".")[2]
                raise VsphereError(f"{machine.name}: vSphere could not {doing} it: {words}", fault)
            yield float(info.progress or 0)

    def take(self, machine: Machine, name: str, description: str, memory: bool, quiesce: bool) -> Pending:
        if not name or len(name) > _NAME:
            raise BadOption(f"snapshot_name: a snapshot's name on vSphere has 1 to {_NAME} characters, not {len(name)}")
        return Stepwise(self._task(machine, f"take snapshot {name!r} of", lambda: self._vm(machine).CreateSnapshot_Task(
            name=name, description=description, memory=memory, quiesce=quiesce)))

    def _snapshot(self, snapshot: Snapshot) -> Any:
        return self._session.vim.vm.Snapshot(snapshot.id, self._stub())

    def revert(self, machine: Machine, snapshot: Snapshot) -> Pending:
        return Stepwise(self._revert(machine, snapshot))

    def _revert(self, machine: Machine, snapshot: Snapshot) -> Steps:
        """A snapshot with memory would run on: suppressPowerOn keeps it off, and what is on all the same is powered off."""
        try:
            yield from self._task(machine, f"revert to snapshot {snapshot.name!r}",
                                  lambda: self._snapshot(snapshot).RevertToSnapshot_Task(suppressPowerOn=True))
        except VsphereError as e:
            if e.fault == "ManagedObjectNotFound":
                raise PlatformError(f"{machine.name}: snapshot {snapshot.name!r} ({snapshot.id}) is gone") from None
            raise
        yield from self._power(machine, "off")
        return snapshot.id

    def remove(self, machine: Machine, snapshot: Snapshot, children: bool = False) -> Pending:
        return Stepwise(self._remove(machine, snapshot, children))

    def _remove(self, machine: Machine, snapshot: Snapshot, children: bool) -> Steps:
        try:
            yield from self._task(machine, f"remove snapshot {snapshot.name!r} of", lambda: self._snapshot(
                snapshot).RemoveSnapshot_Task(removeChildren=children, consolidate=True))
        except VsphereError as e:
            if e.fault != "ManagedObjectNotFound":  # gone is what was wanted
                raise
        return snapshot.id

    def consolidate(self, machine: Machine) -> Pending:
        return Stepwise(self._task(machine, "consolidate the disks of", lambda: self._vm(machine).ConsolidateVMDisks_Task()))

    def power_on(self, machine: Machine) -> Pending:
        return Stepwise(self._switched(machine, "on"))

    def power_off(self, machine: Machine) -> Pending:
        """At once, as if its power was cut."""
        return Stepwise(self._switched(machine, "off"))

    def _switched(self, machine: Machine, wanted: str) -> Steps:
        yield from self._power(machine, wanted)
        return ""

    def _power(self, machine: Machine, wanted: str) -> Steps:
        if self._state(machine) == wanted:
            yield from nothing()
            return ""
        vm = self._vm(machine)
        begin = vm.PowerOnVM_Task if wanted == "on" else vm.PowerOffVM_Task
        try:
            return (yield from self._task(machine, f"power {wanted}", begin))
        except VsphereError as e:
            if e.fault != "InvalidPowerState" or self._state(machine) != wanted:  # else someone else was quicker
                raise
        return ""

    def close(self) -> None:
        self._session.close()


def open_vsphere(params: Mapping[str, Any], job: Job, _marks: Mapping[str, str] | None = None) -> Vsphere:
    """params: hostname, username, password, port, validate_certs, proxy_host, proxy_port, datacenter; else VMWARE_*.

    marks stand in the descriptions of snapshots only.
    """
    wanted = settings(params, job.environ)
    redact.register(wanted["password"])
    if re.match(r"https?://", str(wanted["hostname"])):
        raise BadOption(f"hostname: must be a name or an address without https://, not {wanted['hostname']!r}")
    return Vsphere(Session(wanted, job), wanted, str(wanted["datacenter"] or ""))
