# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines of a vCenter or of a single ESXi host, by pyVmomi."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ...clouds.vsphere import names
from ...clouds.vsphere.session import Session, VsphereError, settings
from ...clouds.vsphere.tags import tags as tag_session
from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from ...jobs.steps import Steps, Stepwise, nothing
from ...results import redact
from ..model import Disk, Machine, Pending, Snapshot, Store, Unowned, Wanted
from .choice import Choice
from .disks import disks
from .inventory import Inventory, ask, collect
from .tasks import Tasks

_NAME = 80  # characters of a snapshot's name
_DEVICES = "config.hardware.device"


class Vsphere(Unowned):
    """A MachinePlatform (model.py). datacenter: only machines below it, "" for all."""

    name = "vsphere"
    has_tools = has_memory = consolidates = True
    revert_stops = False

    def __init__(self, session: Session, wanted: Mapping[str, Any], datacenter: str = "", quiesce_minutes: int = 0) -> None:
        self._session, self._wanted, self._datacenter = session, wanted, datacenter
        self._quiesce_minutes = quiesce_minutes
        self._read: Inventory | None = None
        self._known: set[str] = set()  # MoIDs that were chosen before
        self._tasks = Tasks(session)

    @property
    def round_trips(self) -> int:
        return self._session.round_trips

    # ---- finding ----------------------------------------------------------------------------------------------
    def find(self, wanted: Wanted) -> list[Machine]:
        """See MachinePlatform. ids are MoIDs. Of machines that were chosen before nothing else is asked for."""
        if wanted == Wanted(ids=wanted.ids) and set(wanted.ids) <= self._known:
            try:
                return self._close(wanted.ids)
            except VsphereError as e:
                if e.fault != "ManagedObjectNotFound":
                    raise
        homes = bool(wanted.resource_pool or wanted.cluster_name or wanted.esxi_host)
        self._inventory.look(homes, wanted.folder)
        choice = Choice(self._inventory, self._session.host, self._datacenter, wanted)
        return self._close(choice.machines(self._tagged) if wanted.tags else choice.machines())

    def _close(self, moids: Sequence[str] | set[str]) -> list[Machine]:
        found = self._inventory.close_look(moids)
        self._known |= set(moids)
        return sorted(found, key=lambda m: (m.name, m.id))

    def _tagged(self, tags: Sequence[tuple[str, str]]) -> set[str]:
        with tag_session(self._wanted, self._session.host, self._session.job) as asked:
            return asked.machines(tags)

    @property
    def _inventory(self) -> Inventory:
        if self._read is None:
            self._read = Inventory(self._session)
        return self._read

    def stores(self, machines: Sequence[Machine]) -> list[Store]:
        return self._inventory.stores(s for m in machines for s in m.datastores)

    # ---- disks ------------------------------------------------------------------------------------------------
    def snapshot_disks(self, pairs: Sequence[tuple[Machine, Snapshot]]) -> dict[str, tuple[Disk, ...]]:
        """The disks that a machine had when its snapshot was taken, by id of the machine. Not of snapshots that are gone."""
        asked = [self._snapshot(s) for _machine, s in pairs]
        try:
            read = ask(self._session, asked, {"VirtualMachineSnapshot": (_DEVICES,)})
        except VsphereError as e:
            if e.fault != "ManagedObjectNotFound":
                raise
            return {}
        return {m.id: disks(read[s.id][1].get(_DEVICES) or []) for m, s in pairs if s.id in read}

    def disk_users(self, keys: set[str]) -> Iterator[tuple[str, str, str]]:
        """(key of the disk, MoID, name) of all machines that have one of these disks. Reads the disks of all machines."""
        for moid, (_kind, p, _obj) in collect(self._session, {"VirtualMachine": ("name", _DEVICES)}).items():
            for disk in disks(p.get(_DEVICES) or []):
                if disk.key in keys:
                    yield disk.key, moid, names.plain(str(p.get("name", "")))

    # ---- work -------------------------------------------------------------------------------------------------
    def _stub(self) -> Any:
        return self._session.content and self._session.stub

    def _vm(self, machine: Machine) -> Any:
        return self._session.vim.VirtualMachine(machine.id, self._stub())

    def _state(self, machine: Machine) -> str:
        state = self._session.value(self._vm(machine), "runtime.powerState", f"look at {machine.name}")
        return {"poweredOn": "on", "poweredOff": "off"}.get(str(state), "suspended")

    def _task(self, machine: Machine, doing: str, begin: Callable[[], Any]) -> Steps:
        return self._tasks.run(machine, self._vm(machine), doing, begin)

    def take(self, machine: Machine, name: str, description: str, memory: bool, quiesce: bool) -> Pending:
        if not name or len(name) > _NAME:
            raise BadOption(f"snapshot_name: a snapshot's name on vSphere has 1 to {_NAME} characters, not {len(name)}")
        vm, vim, kept = self._vm(machine), self._session.vim, names.stored(name)

        def begin() -> Any:
            if quiesce and self._quiesce_minutes:
                return vm.CreateSnapshotEx_Task(name=kept, description=description, memory=memory,
                                                quiesceSpec=vim.vm.GuestQuiesceSpec(timeout=self._quiesce_minutes))
            return vm.CreateSnapshot_Task(name=kept, description=description, memory=memory, quiesce=quiesce)

        return Stepwise(self._tasks.take(machine, vm, name, description, begin))

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

    def shut_down(self, machine: Machine) -> Pending:
        return Stepwise(self._shut_down(machine))

    def _shut_down(self, machine: Machine) -> Steps:
        """ShutdownGuest returns at once, and nothing but the power state tells when it is done."""
        if self._state(machine) == "on":
            self._session.call(f"shut down the guest of {machine.name}", lambda c: self._vm(machine).ShutdownGuest())
        while self._state(machine) == "on":
            yield 50.0
        return ""

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
    return Vsphere(Session(wanted, job), wanted, str(wanted["datacenter"] or ""), quiesce_minutes(params))


def quiesce_minutes(params: Mapping[str, Any]) -> int:
    """Option quiesce_timeout, 0 where it is not given. The bounds are those of VirtualMachineGuestQuiesceSpec.timeout."""
    given = params.get("quiesce_timeout")
    if given is not None and not 5 <= int(given) <= 240:
        raise BadOption(f"quiesce_timeout: vSphere takes 5 to 240 minutes, not {given}")
    return int(given or 0)
