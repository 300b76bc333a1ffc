# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines of a single ESXi host by its own shell, for hosts whose licence has no API that writes: ssh and vim-cmd.

vim-cmd's exit status proves nothing, so every change is looked at afterwards: the snapshot is there, is gone, is the current
one, the machine is on or off.
"""
from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

from ...clouds.vsphere import names
from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from ...jobs.steps import Steps, Stepwise
from ..model import Machine, Pending, Snapshot, Store, Wanted
from . import parse
from .commands import Commands, vim
from .ssh import Shell

_SHOWN = 20
_AT_ONCE = 20  # machines that are asked about in one session
_ABOUT = ("snapshot.get", "get.snapshotinfo", "power.getstate", "get.summary", "get.guest", "device.getdevices")
_LOOKS, _BETWEEN = 3, 2.0  # at a list from which a busy host leaves machines out, and seconds between two of them


class Esxi(Commands):
    """A MachinePlatform (model.py)."""

    name = "esxi"
    has_tools = has_memory = True
    revert_stops = consolidates = False

    @property
    def round_trips(self) -> int:
        return self._shell.round_trips

    def find(self, wanted: Wanted) -> list[Machine]:
        """See MachinePlatform."""
        for option in ("tags", "folder"):
            if getattr(wanted, option):
                raise BadOption(f"{option}: a single ESXi host has none; select machines by names, uuids or ids (Vmid)")
        rows, skipped = self._rows(wanted)
        uuids = dict(zip(rows, self._uuids(rows))) if wanted.uuids else {}
        chosen = [r for r in rows if r.name in wanted.names or r.id in wanted.ids or uuids.get(r) in _lower(wanted.uuids)]
        self._check(wanted, rows, {u: r for r, u in uuids.items()}, skipped)
        groups = [chosen[n:n + _AT_ONCE] for n in range(0, len(chosen), _AT_ONCE)]
        with ThreadPoolExecutor(self._parallel) as pool:
            return sorted(chain.from_iterable(pool.map(self._machines, groups)), key=lambda m: (m.name, m.id))

    def _rows(self, wanted: Wanted) -> tuple[list[parse.Row], list[str]]:
        """The list of the host, and what is left out of it: looked at again where something that is wanted may be among that."""
        for look in range(_LOOKS):
            text = self._run(vim("vmsvc/getallvms"))[0].text
            rows, skipped = parse.vms(text), parse.skipped(text)
            if not skipped or {r.name for r in rows} >= {*wanted.names} and {r.id for r in rows} >= {*wanted.ids} and not wanted.uuids:
                return rows, []
            if look + 1 < _LOOKS:
                time.sleep(_BETWEEN)
        return rows, skipped

    def _uuids(self, rows: Sequence[parse.Row]) -> Iterator[str]:
        for start in range(0, len(rows), _AT_ONCE):
            for answer in self._run(*(vim("vmsvc/get.summary", r.id) for r in rows[start:start + _AT_ONCE])):
                yield parse.value(answer.text, "uuid").lower()

    def _check(self, wanted: Wanted, rows: Sequence[parse.Row], by_uuid: Mapping[str, parse.Row],
               skipped: Sequence[str]) -> None:
        """BadOption where a name, id or uuid fits none or several machines; it lists what there is."""
        there_are = [r.name for r in rows]
        for name in wanted.names:
            if there_are.count(name) > 1:
                which = ", ".join(f"{r.id} ([{r.store}] {r.path})" for r in rows if r.name == name)
                raise BadOption(f"names: {there_are.count(name)} machines are named {name!r} on {self._shell.host}: {which}; name one "
                                "by ids")
        absent = [f"names: no machine is named {n!r}" for n in wanted.names if n not in there_are]
        absent += [f"ids: there is no machine with Vmid {i!r}" for i in wanted.ids if i not in {r.id for r in rows}]
        absent += [f"uuids: no machine has the UUID {u!r}" for u in wanted.uuids if u.lower() not in by_uuid]
        if absent:
            there = ", ".join(f"{r.name!r} ({r.id})" for r in sorted(rows, key=lambda r: r.name)[:_SHOWN]) or "none at all"
            more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
            left_out = f"; the host leaves out Vmid {', '.join(skipped)}, whose configuration it cannot read (is it busy, or a datastore " \
                "away?)" if skipped else ""
            raise BadOption(f"{absent[0]} on {self._shell.host}; there are: {there}{more}{left_out}", missing=absent)

    def _machines(self, rows: Sequence[parse.Row]) -> list[Machine]:
        """One session for all of them."""
        answers = iter(self._run(*(vim(f"vmsvc/{about}", r.id) for r in rows for about in _ABOUT)))
        return [self._machine(r, *(next(answers).text for _about in _ABOUT)) for r in rows]

    def _machine(self, row: parse.Row, tree: str, info: str, power: str, summary: str, guest: str, devices: str) -> Machine:
        try:
            snapshots, state = parse.snapshots(tree, info), parse.power(power)
        except PlatformError as e:
            raise PlatformError(f"{row.name}: {e}") from None
        found, megabytes = parse.disks(devices), parse.number(summary, "memorySizeMB")
        stores = {row.store, *(d.file.removeprefix("[").partition("]")[0] for d in found if d.file.startswith("["))}
        used, may_grow = parse.number(summary, "committed"), parse.number(summary, "uncommitted")
        return Machine(
            id=row.id, name=row.name, uuid=parse.value(summary, "uuid"), power=state, tools=parse.tools(guest),
            place=f"[{row.store}]", address=parse.value(guest, "ipAddress"), datastores=tuple(sorted(stores)), used=used,
            provisioned=used + may_grow if used >= 0 and may_grow >= 0 else -1,
            consolidate=parse.value(summary, "consolidationNeeded") == "true", snapshots=snapshots, disks=found,
            extra={"memory": max(0, megabytes) << 20})

    def stores(self, machines: Sequence[Machine]) -> list[Store]:
        known = parse.stores(self._run(vim("hostsvc/datastore/listsummary"))[0].text)
        return [known[name] for name in sorted({s for m in machines for s in m.datastores}) if name in known]

    def take(self, machine: Machine, name: str, description: str, memory: bool, quiesce: bool) -> Pending:
        if not name or len(name) > 80:
            raise BadOption(f"name: a snapshot's name on ESXi has 1 to 80 characters, not {len(name)}")
        return Stepwise(self._take(machine, name, description, memory, quiesce))

    def _take(self, machine: Machine, name: str, description: str, memory: bool, quiesce: bool) -> Steps:
        before = {s.id for s in self._tree(machine)}
        new: list[Snapshot] = []

        def shown() -> bool:
            new[:] = [s for s in self._tree(machine) if s.id not in before and s.name == name]
            return bool(new)

        try:
            lost = yield from self._once(machine, shown, f"take snapshot {name!r}", "snapshot.create", names.stored(name),
                                         names.stored(description), str(int(memory)), str(int(quiesce)))
        except PlatformError:
            if shown():  # half of one: a snapshot without its memory, or of some disks only
                yield from self._remove(machine, new[0], False)
            raise
        yield from self._until(shown, f"{machine.name}: ESXi took no snapshot {name!r}, and told no fault", lost)
        if new[0].memory and not memory:
            raise PlatformError(f"{machine.name}: ESXi included memory in snapshot {name!r} ({new[0].id}) without being asked to",
                                changed=True)
        return new[0].id

    def revert(self, machine: Machine, snapshot: Snapshot) -> Pending:
        """Off afterwards, also where the snapshot holds memory. ESXi takes a wrong id without a word, so it is looked up."""
        return Stepwise(self._revert(machine, snapshot))

    def _revert(self, machine: Machine, snapshot: Snapshot) -> Steps:
        self._known(machine, snapshot)
        # That the snapshot is the current one says nothing: it was so before, too.
        lost = yield from self._surely(machine, lambda: False, f"revert to snapshot {snapshot.name!r}", "snapshot.revert", snapshot.id,
                                       "suppressPowerOn")

        def current() -> bool:
            tree = self._tree(machine)
            return not any(s.current for s in tree) or any(s.current and s.id == snapshot.id for s in tree)

        yield from self._until(current, f"{machine.name}: ESXi did not revert to snapshot {snapshot.name!r} ({snapshot.id}), and "
                                        "told no fault", lost)
        yield from self._power(machine, "off")
        return snapshot.id

    def _known(self, machine: Machine, snapshot: Snapshot) -> None:
        tree = self._tree(machine)
        if not any(s.id == snapshot.id and s.name == snapshot.name for s in tree):
            there = ", ".join(f"{s.name!r} ({s.id})" for s in tree) or "none"
            raise PlatformError(f"{machine.name}: snapshot {snapshot.name!r} ({snapshot.id}) is gone; there are: {there}")

    def remove(self, machine: Machine, snapshot: Snapshot, children: bool = False) -> Pending:
        return Stepwise(self._remove(machine, snapshot, children))

    def _remove(self, machine: Machine, snapshot: Snapshot, children: bool) -> Steps:
        self._known(machine, snapshot)

        def gone() -> bool:
            return all(s.id != snapshot.id for s in self._tree(machine))

        lost = yield from self._surely(machine, gone, f"remove snapshot {snapshot.name!r}", "snapshot.remove", snapshot.id,
                                       *(["1"] if children else []))
        yield from self._until(gone, f"{machine.name}: ESXi did not remove snapshot {snapshot.name!r} ({snapshot.id}), and told no fault", lost)
        return snapshot.id

    def consolidate(self, machine: Machine) -> Pending:
        raise PlatformError(f"{machine.name}: its disks want a consolidation, and vim-cmd has no command for it: consolidate in the "
                            "host client, or take a snapshot and remove all (vmsvc/snapshot.removeall)")

    def power_on(self, machine: Machine) -> Pending:
        return Stepwise(self._switched(machine, "on"))

    def power_off(self, machine: Machine) -> Pending:
        return Stepwise(self._switched(machine, "off"))

    def shut_down(self, machine: Machine) -> Pending:
        return Stepwise(self._shut_down(machine))

    def _shut_down(self, machine: Machine) -> Steps:
        """vim-cmd returns when the guest is asked, and nothing but the power state tells when it is done."""
        if self._state(machine) == "on":
            yield from self._do(machine, "shut down its guest", "power.shutdown")
        while self._state(machine) == "on":
            yield 50.0
        return ""

    def _switched(self, machine: Machine, wanted: str) -> Steps:
        yield from self._power(machine, wanted)
        return ""

    def _power(self, machine: Machine, wanted: str) -> Iterator[float]:
        if self._state(machine) == wanted:
            return
        lost = False
        try:
            lost = yield from self._surely(machine, lambda: self._state(machine) == wanted, f"power it {wanted}", f"power.{wanted}")
        except PlatformError:
            if self._state(machine) != wanted:  # else someone else was quicker
                raise
        yield from self._until(lambda: self._state(machine) == wanted,
                               f"{machine.name}: ESXi did not power it {wanted}, and told no fault", lost)

    def close(self) -> None:
        self._shell.close()


def _lower(texts: Sequence[str]) -> set[str]:
    return {t.lower() for t in texts}


def open_esxi(params: Mapping[str, Any], job: Job, _marks: Mapping[str, str] | None = None) -> Esxi:
    """params: those of esxi_ssh.Shell, and parallel. ESXi has no tags: marks stand in descriptions only."""
    return Esxi(Shell(params, job), int(params.get("parallel") or 4))
