# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake platform of machines in memory: snapshots in trees, tasks that take time by a fake clock, and what goes wrong."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Disk, Machine, Snapshot, Store, Unowned, Wanted

from .clock import Clock


class _Task:
    """Ends by the clock, whether somebody looks or not."""

    def __init__(self, clock: Clock, seconds: float, do: Callable[[], str]) -> None:
        self._clock, self._begun, self._seconds, self._do = clock, clock.now, seconds, do
        self._ended, self._made, self._error = False, "", None
        if seconds:
            clock.after(seconds, self._end)

    def _end(self) -> None:
        self._ended = True
        try:
            self._made = self._do()
        except PlatformError as e:
            self._error = e

    def poll(self) -> float | None:
        if not self._seconds and not self._ended:
            self._end()
        if self._error:
            raise self._error
        return None if self._ended else 100 * (self._clock.now - self._begun) / self._seconds

    def result(self) -> str:
        return self._made


class FakeMachines(Unowned):
    """calls: "verb machine snapshot", as they were begun. refuse, fail: what is refused, and what fails when it is done, by
    (verb, machine); "*" is every machine. seconds: how long a verb takes. on: called with (verb, machine) at the begin.
    most: the tasks that ran at once at most; held_disks: what snapshots hold, by id of the machine.
    """

    name = "fake"
    has_tools = has_memory = consolidates = True
    revert_stops = False

    def __init__(self, clock: Clock, *names: str, **about: Any) -> None:
        self.clock, self.round_trips, self.closed = clock, 0, False
        self.machines = {f"id-{n}": Machine(f"id-{n}", n, **about) for n in names}
        self.store_list: list[Store] = []
        self.calls: list[str] = []
        self.refuse: dict[tuple[str, str], str] = {}
        self.fail: dict[tuple[str, str], str] = {}
        self.seconds: dict[str, float] = {}
        self.on: Callable[[str, str], None] = lambda verb, name: None
        self.lost: dict[str, type[PlatformError]] = {}  # machines of which a snapshot's fate is not known, and how it is said
        self.descriptions: list[str] = []
        self.always_memory, self.never_quiet, self.forgetful = False, False, set()
        self.held_disks: dict[str, tuple[Disk, ...]] = {}
        self.most = self._running = self._made = 0

    # ---- for tests --------------------------------------------------------------------------------------------
    def set(self, name: str, **about: Any) -> None:
        self.machines[f"id-{name}"] = replace(self.machines[f"id-{name}"], **about)

    def add(self, name: str, *snapshots: str, days: float = 0.0, **about: Any) -> list[str]:
        """Snapshots that are there, each on the one before; their ids."""
        made = []
        for snapshot in snapshots:
            made.append(self._add(f"id-{name}", snapshot, created=_iso(self.clock.time() - days * 86400), **about))
        return made

    @property
    def names(self) -> dict[str, list[str]]:
        return {m.name: [s.name for s in m.snapshots] for m in self.machines.values()}

    # ---- the platform -----------------------------------------------------------------------------------------
    def find(self, wanted: Wanted) -> list[Machine]:
        self.round_trips += 1
        for name in wanted.names:
            if f"id-{name}" not in self.machines:
                raise BadOption(f"names: no machine is named {name!r}")
        return [m for m in self.machines.values() if m.name in wanted.names or m.id in wanted.ids]

    def snapshot_disks(self, pairs: Sequence[tuple[Machine, Snapshot]]) -> dict[str, tuple[Disk, ...]]:
        return self.held_disks or {m.id: m.disks for m, _snapshot in pairs}

    def disk_users(self, keys: set[str]) -> list[tuple[str, str, str]]:
        return [(d.key, m.id, m.name) for m in self.machines.values() for d in m.disks if d.key in keys]

    def stores(self, machines: Sequence[Machine]) -> list[Store]:
        return [s for s in self.store_list if any(s.name in m.datastores for m in machines)]

    def take(self, machine: Machine, name: str, description: str, memory: bool, quiesce: bool) -> _Task:
        def do() -> str:
            if machine.name in self.lost:
                raise self.lost[machine.name](f"{machine.name}: the connection was lost")
            key = self._add(machine.id, name, _iso(self.clock.time()), description=description, quiesced=quiesce and not self.never_quiet,
                            memory=memory or self.always_memory)
            if machine.name in self.forgetful:
                self._drop(machine.id, {key})
            return key

        self.descriptions.append(description)
        return self._task("take", machine, name, do)

    def revert(self, machine: Machine, snapshot: Snapshot) -> _Task:
        def do() -> str:
            now = self.machines[machine.id]
            self.machines[machine.id] = replace(now, power="off", snapshots=tuple(
                replace(s, current=s.id == snapshot.id) for s in now.snapshots))
            return snapshot.id

        return self._task("revert", machine, snapshot.name, do)

    def remove(self, machine: Machine, snapshot: Snapshot, children: bool = False) -> _Task:
        def do() -> str:
            gone = {snapshot.id}
            for s in self.machines[machine.id].snapshots if children else ():  # parents come first
                gone |= {s.id} if s.parent in gone else set()
            self._drop(machine.id, gone)
            return ""

        return self._task("remove", machine, snapshot.name, do)

    def consolidate(self, machine: Machine) -> _Task:
        return self._task("consolidate", machine, "", lambda: self._changed(machine, consolidate=False))

    def power_on(self, machine: Machine) -> _Task:
        return self._task("on", machine, "", lambda: self._changed(machine, power="on"))

    def power_off(self, machine: Machine) -> _Task:
        return self._task("off", machine, "", lambda: self._changed(machine, power="off"))

    def shut_down(self, machine: Machine) -> _Task:
        return self._task("shut down", machine, "", lambda: self._changed(machine, power="off"))

    def close(self) -> None:
        self.closed = True

    # ---- inside -----------------------------------------------------------------------------------------------
    def _task(self, verb: str, machine: Machine, what: str, do: Callable[[], str]) -> _Task:
        self.on(verb, machine.name)
        self.calls.append(f"{verb} {machine.name} {what}".strip())
        for key in ((verb, machine.name), (verb, "*")):
            if key in self.refuse:
                raise PlatformError(self.refuse[key])
        self._running += 1
        self.most = max(self.most, self._running)

        def end() -> str:
            self._running -= 1
            for key in ((verb, machine.name), (verb, "*")):
                if key in self.fail:
                    raise PlatformError(f"{machine.name}: {self.fail[key]}")
            return do()

        return _Task(self.clock, self.seconds.get(verb, 0.0), end)

    def _changed(self, machine: Machine, **about: Any) -> str:
        self.set(machine.name, **about)
        return ""

    def _add(self, key: str, name: str, created: str, **about: Any) -> str:
        self._made += 1
        machine = self.machines[key]
        parent = next((s.id for s in machine.snapshots if s.current), "")
        made = Snapshot(f"s-{self._made}", name, created, **{"current": True, "parent": parent, **about})
        others = tuple(replace(s, current=s.current and not made.current) for s in machine.snapshots)
        self.machines[key] = replace(machine, snapshots=(*others, made))
        return made.id

    def _drop(self, key: str, gone: set[str]) -> None:
        """Children of what goes stand on its parent then, and so does the machine."""
        machine = self.machines[key]
        by_id = {s.id: s for s in machine.snapshots}

        def above(found: str) -> str:
            while found in gone:
                found = by_id[found].parent
            return found

        current = above(next((s.id for s in machine.snapshots if s.current), ""))
        self.machines[key] = replace(machine, snapshots=tuple(
            replace(s, parent=above(s.parent), current=s.id == current) for s in machine.snapshots if s.id not in gone))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
