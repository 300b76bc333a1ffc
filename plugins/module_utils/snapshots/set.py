# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The machines of one cluster as a set: which ones, in which order, and work on several of them at once."""
from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from ..common import names
from ..jobs.errors import BadOption, Interrupted, PlatformError
from ..jobs.job import Job
from ..machines.choice import registry as machine_platforms
from ..machines.model import Machine, MachinePlatform, Pending, Snapshot, Wanted

# How machines of a control plane are usually named, where option control_plane says nothing.
CONTROL_PLANE = ("*control*plane*", "*controlplane*", "*master*", "*-cp", "*-cp[0-9]*", "*-cp-*")
# Seconds between two looks at work that runs: short at first, longer while nothing ends.
_POLL, _LONGEST = 0.05, 1.0
_TELL = 10.0  # seconds after which a line says how far something is
_WORDS = {"cluster": "cluster", "run_id": "run", "creator": "owner"}  # of descriptions, and behind _TAG of tags on AWS
_TAG = "assay.clusters/"
_AFTERWARDS = 300.0  # seconds for what must be put right when the time is up already


def wanted(params: Mapping[str, Any]) -> Wanted:
    """The machines that the options select. BadOption where they select none."""
    homes = {n: str(params.get(n) or "") for n in ("resource_pool", "cluster_name", "esxi_host")}
    if params.get("platform") in ("aws", "esxi") and any(homes.values()):
        raise BadOption(f"{next(n for n, v in homes.items() if v)}: only vSphere has it; select machines by names or ids")
    found = Wanted(tuple(params.get("names") or ()), tuple(params.get("uuids") or ()), tuple(params.get("ids") or ()), _tags(params),
                   params.get("folder") or "", **homes)
    if found == Wanted():
        raise BadOption("names: no machine is selected; give names, uuids, ids, tags or folder, on vSphere also resource_pool, "
                        "cluster_name or esxi_host")
    return found


def _tags(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Pairs; on vSphere a machine may bear several tags of one category."""
    given = params.get("tags") or {}
    several = [n for n, v in given.items() if isinstance(v, (list, tuple))]
    if several and params.get("platform") != "vsphere":
        raise BadOption(f"tags: {several[0]} has a list, and a machine has one value of it; only vSphere has several tags of a category")
    return tuple(sorted((n, str(v)) for n, values in given.items() for v in (values if n in several else [values])))


@contextlib.contextmanager
def machines(params: Mapping[str, Any], job: Job) -> Iterator[tuple[MachinePlatform, list[Machine]]]:
    """The platform and the machines that the options select, with the clock of option timeout running."""
    for name, least in (("timeout", 1), ("parallel", 1)):
        if params.get(name) is not None and float(params[name]) < least:
            raise BadOption(f"{name}: must be {least} or more, not {params[name]}")
    job.limit(float(params.get("timeout") or 3600))
    asked = wanted(params)
    platform = machine_platforms.open(params, job, {f"{_TAG}{_WORDS[n]}": v for n, v in marks(params).items()})
    try:
        found = platform.find(asked)
        if not found:
            raise BadOption("tags: no machine is selected: none bears these tags or is in this folder, or this user may not see it")
        yield platform, found
    finally:
        platform.close()


def marks(params: Mapping[str, Any]) -> dict[str, str]:
    """What a snapshot carries besides its name: cluster, run and creator, who is the user here if nobody else is named."""
    known = {**params, "creator": params.get("creator") or names.owner()}
    return {n: "-".join(str(known[n]).split()) for n in _WORDS if known.get(n)}


def describe(params: Mapping[str, Any], mark: str) -> str:
    """The description of a snapshot: the user's words, who we are, and the mark of the set."""
    ours = " ".join([*(f"{_WORDS[n]}={v}" for n, v in marks(params).items()), mark])
    return " | ".join(p for p in (str(params.get("description") or ""), f"assay.clusters {ours}".strip()) if p)


def control_plane(found: Sequence[Machine], params: Mapping[str, Any]) -> list[Machine]:
    """The members of the control plane, by their names."""
    patterns = params.get("control_plane") or CONTROL_PLANE
    return [m for m in found if any(fnmatchcase(m.name, p) for p in patterns)]


def one_by_one(found: Sequence[Machine], params: Mapping[str, Any]) -> list[list[Machine]]:
    """For work that holds a machine up for a moment: the control plane member by member, so that it keeps its quorum."""
    members = control_plane(found, params)
    return [g for g in ([m for m in found if m not in members], *([m] for m in members)) if g]


def groups(found: Sequence[Machine], params: Mapping[str, Any]) -> list[list[Machine]]:
    """The machines in the order of option order; those of one group may be worked on at once."""
    order = params.get("order") or "control_plane_last"
    if order == "as_given":
        place = {n: i for i, n in enumerate([*(params.get("names") or ()), *(params.get("ids") or ())])}
        return [[m] for m in sorted(found, key=lambda m: place.get(m.name, place.get(m.id, len(place))))]
    first = control_plane(found, params)
    rest = [m for m in found if m not in first]
    both = [rest, first] if order == "control_plane_last" else [first, rest]
    return [g for g in both if g]


@dataclass
class Outcome:
    """What became of work on several machines. done: results by id of the machine."""

    done: dict[str, str] = field(default_factory=dict)
    failed: dict[str, PlatformError] = field(default_factory=dict)


@dataclass
class _Running:
    machine: Machine
    pending: Pending
    since: float
    told: float


class Crew:
    """Works on several machines at once, group after group, one line for each that is finished.

    gap: seconds between two starts, of all groups; ready: which of these machines are up. One that is done and not up still
    counts against `parallel` (it boots), and where it is waited for (up_first), no group begins before the former is up.
    together: ids of machines that are begun at once, whatever `parallel` says.
    """

    def __init__(self, job: Job, parallel: int, gap: float = 0.0, ready: Callable[[Sequence[Machine]], set[str]] | None = None,
                 up_first: bool = True, together: Collection[str] = ()) -> None:
        self._job, self._parallel, self._gap, self._ready, self._up_first = job, max(1, parallel), gap, ready, up_first
        self._together = together
        self._last, self._booting = float("-inf"), []

    def work(self, of: Sequence[Sequence[Machine]], begin: Callable[[Machine], Pending], done: str,
             to_the_end: bool = False) -> Outcome:
        """begin(machine) for all. After a failure nothing new is begun (to_the_end: all the same), and what runs is waited
        for. Interrupted when the time is up; what was done until then is in its details as `outcome`."""
        outcome = Outcome()
        for group in of:
            if self._up_first:
                self._until_up(outcome)
            self._group(list(group), begin, done, outcome, to_the_end)
            if outcome.failed and not to_the_end:
                break
        return outcome

    def _until_up(self, outcome: Outcome) -> None:
        """Until the machines of the former group have booted."""
        rest = _POLL
        while self._still():
            self._rest(rest, [], self._booting, outcome, "to boot, before the next are begun")
            rest = min(rest * 1.5, _LONGEST)

    def _group(self, waiting: list[Machine], begin: Callable[[Machine], Pending], done: str, outcome: Outcome,
               to_the_end: bool) -> None:
        running: list[_Running] = []
        rest = _POLL
        while waiting or running:
            free = self._parallel - len(running) - len(self._still())
            halted = outcome.failed and not to_the_end
            while waiting and (free > 0 or waiting[0].id in self._together) and not halted \
                    and time.monotonic() - self._last >= self._gap:
                machine = waiting.pop(0)
                self._start(machine, begin, running, outcome)
                self._last, free = time.monotonic(), free - 1
            if halted:
                waiting.clear()
            for one in list(running):
                if self._finished(one, done, outcome):
                    running.remove(one)
                    rest = _POLL
                    self._booting += [one.machine] if one.machine.id in outcome.done and self._ready else []
            if running or waiting:
                self._rest(rest, running, waiting, outcome)
                rest = min(rest * 1.5, _LONGEST)

    def _rest(self, seconds: float, running: list[_Running], waiting: list[Machine], outcome: Outcome, what: str = "") -> None:
        names = ", ".join([r.machine.name for r in running] or [m.name for m in waiting])[:200]
        try:
            self._job.pause(seconds, f"{names} {what}".strip())
        except Interrupted as e:
            raise Interrupted(str(e), outcome=outcome, pendings=[r.pending for r in running]) from None

    def _still(self) -> list[Machine]:
        """The machines that boot."""
        if self._booting and self._ready is not None:
            up = self._ready(self._booting)
            self._booting = [m for m in self._booting if m.id not in up]
        return self._booting

    def _start(self, machine: Machine, begin: Callable[[Machine], Pending], running: list[_Running], outcome: Outcome) -> None:
        try:
            now = time.monotonic()
            running.append(_Running(machine, begin(machine), now, now))
        except PlatformError as e:
            self._failed(machine, e, outcome)

    def _finished(self, one: _Running, done: str, outcome: Outcome) -> bool:
        try:
            progress, now = one.pending.poll(), time.monotonic()
            if progress is not None:
                if now - one.told >= _TELL:
                    one.told = now
                    self._job.tell(f"{one.machine.name}: at {progress:.0f} % after {now - one.since:.0f} s")
                return False
            outcome.done[one.machine.id] = one.pending.result()
            self._job.tell(f"{one.machine.name}: {done}, {time.monotonic() - one.since:.1f} s")
        except PlatformError as e:
            self._failed(one.machine, e, outcome)
        return True

    def _failed(self, machine: Machine, error: PlatformError, outcome: Outcome) -> None:
        outcome.failed[machine.id] = error
        words, name = str(error), f"{machine.name}: "
        self._job.tell(words if words.startswith(name) else name + words)


@contextlib.contextmanager
def afterwards(job: Job) -> Iterator[None]:
    """Time for what must be put right, also when the job's time is up."""
    before = job.deadline
    job.deadline = max(before, time.monotonic() + _AFTERWARDS)
    try:
        yield
    finally:
        job.deadline = before


@contextlib.contextmanager
def bounded(job: Job, seconds: float) -> Iterator[None]:
    """Not more than this time from now on, and not less, whatever the job has left."""
    before = job.deadline
    job.deadline = time.monotonic() + seconds
    try:
        yield
    finally:
        job.deadline = before


def plain(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as modules return it."""
    return dict(vars(snapshot))


def chain(machine: Machine) -> set[str]:
    """Ids of the snapshots that the machine's disks stand on."""
    by_id, held = {s.id: s for s in machine.snapshots}, set()
    for snapshot in machine.snapshots:
        key = snapshot.id if snapshot.current else ""
        while key in by_id and key not in held:
            held.add(key)
            key = by_id[key].parent
    return held


def depth(machine: Machine) -> int:
    """How many snapshots the machine's disks stand on."""
    by_id = {s.id: s for s in machine.snapshots}
    count, key = 0, next((s.id for s in machine.snapshots if s.current), "")
    while key in by_id and count <= len(by_id):
        count, key = count + 1, by_id[key].parent
    return count


def listed(machine: Machine) -> str:
    """The snapshots of a machine for people."""
    return ", ".join(f"{s.name!r} ({s.id})" for s in machine.snapshots) or "none"


def named(machine: Machine, name: str) -> list[Snapshot]:
    return [s for s in machine.snapshots if s.name == name]
