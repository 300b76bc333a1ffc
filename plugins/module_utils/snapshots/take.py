# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshots of all machines of a cluster, or of none: taken in order, within a time, where there is room; and removed."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ..common import names
from ..jobs.errors import BadOption, Interrupted, PlatformError, Unknown
from ..jobs.job import Job
from ..machines.model import Machine, MachinePlatform, Pending, Snapshot, Wanted
from .guard import guarded
from .moment import mixed, seconds_between, when, whole
from .set import Crew, Outcome, afterwards, depth, describe, groups, listed, machines, named, plain
from .space import room

_DAY = 86400.0
# Seconds between two looks at what is copied, and without any answer until they end.
_COPYING, _PATIENCE = 10.0, 600.0


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Module vm_snapshot."""
    name = str(params.get("snapshot_name") or "")
    if not name.strip():
        raise BadOption("snapshot_name: must not be empty")
    for option in ("within", "free_percent", "growth_percent", "max_depth", "max_age_days"):
        if float(params.get(option) or 0) < 0:
            raise BadOption(f"{option}: must be 0 or more, not {params[option]}")
    with machines(params, job) as (platform, found):
        if params.get("state") == "absent":
            return _absent(platform, found, name, params, job)
        return _Take(platform, found, name, params, job).present()


def result(found: Sequence[Machine], name: str, changed: bool, **more: Any) -> dict[str, Any]:
    taken = {m.id: [plain(s) for s in named(m, name)] for m in found}
    return {"changed": changed, "machines": [
        {"name": m.name, "id": m.id, "place": m.place, "power": m.power, "snapshot": next(iter(taken[m.id]), None)}
        for m in found], **more}


def spread(found: Sequence[Machine], name: str) -> float:
    """Seconds between the first and the last snapshot of the set."""
    return seconds_between([s for m in found for s in named(m, name)])


def _names(found: Sequence[Machine]) -> str:
    return ", ".join(m.name for m in found)


class _Take:
    """One set of snapshots."""

    def __init__(self, platform: MachinePlatform, found: list[Machine], name: str, params: Mapping[str, Any], job: Job) -> None:
        self.platform, self.found, self.name, self.params, self.job = platform, found, name, params, job
        self.memory, self.quiesce = bool(params.get("memory_dump")), bool(params.get("quiesce"))

    def present(self) -> dict[str, Any]:
        having = [m for m in self.found if named(m, self.name)]
        if whole(self.found, self.name):
            self._wait_complete()
            return result(self.found, self.name, False, spread_seconds=spread(self.found, self.name), stores=[])
        if having:
            if self.params.get("incomplete") != "replace":
                raise BadOption(f"snapshot_name: {self._broken(having)}; remove it (state: absent), replace it (incomplete: replace), or "
                                "choose another name")
            _check_single(having, self.name)
        self._check_limits(self.found)
        stores = room(self.platform, self.found, self.params)
        if self.job.check_mode:
            return self._would(stores, having)
        if having:
            remove_all(self.platform, having, self.name, self.params, self.job)
            self.found = self._again()
        mark = f"set={names.nonce()}"
        with guarded(self.params, self.job, mark):
            outcome = self._taken(describe(self.params, mark))
            after = self._again()
            apart = self._judged(after, outcome)
        self._wait_complete()
        return result(after, self.name, True, spread_seconds=apart, stores=stores)

    def _broken(self, having: list[Machine]) -> str:
        """Why what is there is no set."""
        without = [m for m in self.found if m not in having]
        if without:
            return f"{self.name!r} is on {_names(having)} but not on {_names(without)}, so it is no set of one moment"
        return f"{self.name!r} is on all machines, but not of one set: {mixed({m.name: named(m, self.name)[-1] for m in having})}"

    def _would(self, stores: list[dict[str, Any]], having: list[Machine]) -> dict[str, Any]:
        new = f"{self.name}{' with memory' if self.memory else ''}"
        before = {m.name: [s.name for s in m.snapshots] for m in self.found}
        after = {n: [*(s for s in names if s != self.name), new] for n, names in before.items()}
        return result(self.found, self.name, True, spread_seconds=None, stores=stores, diff=diff(before, after),
                      would={"take": [m.name for m in self.found], "remove": [m.name for m in having]})

    def _check_limits(self, found: Sequence[Machine]) -> None:
        """A long chain of snapshots slows a machine down, and an old one fills its datastore."""
        deepest, oldest = int(self.params.get("max_depth") or 0), float(self.params.get("max_age_days") or 0) * _DAY
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

    def _taken(self, text: str) -> Outcome:
        """All or nothing: what was taken goes again when one machine fails, or the time is up, or anything else happens."""
        crew, order = Crew(self.job, int(self.params.get("parallel") or 4)), groups(self.found, self.params)
        if self.platform.takes_at_once:
            crew, order = Crew(self.job, len(self.found)), [[m for g in order for m in g]]
        try:
            outcome = crew.work(order, lambda m: self._begin(m, text), f"snapshot {self.name!r} taken")
        except BaseException as e:
            words = self._undo(e.details.get("pendings", ()) if isinstance(e, Interrupted) else ())
            if isinstance(e, PlatformError):
                raise type(e)(f"{e}; {words}", changed="could not" in words) from None
            raise
        if outcome.failed:
            first, unknown = next(iter(outcome.failed.values())), [e for e in outcome.failed.values() if isinstance(e, Unknown)]
            words = self._undo() + ("; what shows up later is removed by a process that watches for it" if unknown else "")
            raise (Unknown if unknown else PlatformError)(f"{first}; {words}", changed="could not" in words,
                                failures=[str(e) for e in outcome.failed.values()])
        return outcome

    def _begin(self, machine: Machine, text: str) -> Pending:
        if self.job.orphaned():
            raise PlatformError("the playbook ended")
        return self.platform.take(machine, self.name, text, self.memory, self.quiesce)

    def _undo(self, running: Sequence[Pending] = ()) -> str:
        """Remove what this job took; what became of it, in words. running: what the platform still does."""
        old = {m.id: {s.id for s in m.snapshots} for m in self.found}
        with afterwards(self.job):
            try:
                self._settled(running)
                pairs = [(m, s) for m in self._again() for s in named(m, self.name) if s.id not in old[m.id]]
                for machine, snapshot in pairs:
                    outcome = Crew(self.job, 1).work([[machine]], lambda m, s=snapshot: self.platform.remove(m, s),
                                                     f"snapshot {self.name!r} removed again")
                    for failed in outcome.failed.values():
                        raise failed
            except PlatformError as e:
                return f"and the snapshots {self.name!r} that were taken could not be removed again ({e}): remove them with state: absent"
        return "nothing of the set was kept" if pairs else "nothing was taken"

    def _settled(self, running: Sequence[Pending]) -> None:
        """A task that is begun cannot be taken back; it is waited for, so that what it makes is seen."""
        for pending in running:
            try:
                while pending.poll() is not None:
                    self.job.pause(0.5, "snapshots that were begun")
            except Interrupted:
                raise
            except PlatformError:
                continue  # it made nothing

    def _judged(self, after: Sequence[Machine], outcome: Outcome) -> float:
        """The set as it is: complete, as asked, and close enough in time."""
        apart, bound = spread(after, self.name), float(self.params.get("within") or 0)
        absent = [m for m in after if not named(m, self.name)]
        wrong = [m for m in after if not self.memory and any(s.memory for s in named(m, self.name) if s.id in outcome.done.values())]
        trouble = ""
        if absent:
            trouble = f"snapshot {self.name!r} was taken, and is not there on {_names(absent)}"
        elif wrong:
            trouble = f"the platform included memory in snapshot {self.name!r} of {_names(wrong)} without being asked to"
        elif bound and apart > bound:
            trouble = (f"the snapshots {self.name!r} are {apart:.1f} s apart, and within is {bound:g} s; raise parallel (now "
                       f"{self.params.get('parallel') or 4}) or within")
        if trouble:
            raise PlatformError(f"{trouble}; {self._undo()}")
        self.job.tell(f"{len(after)} machines: snapshot {self.name!r}, {apart:.1f} s apart")
        return apart

    def _wait_complete(self) -> None:
        """Until the platform has copied what was taken. The set stands whatever becomes of this wait."""
        if not self.platform.takes_at_once or not self.params.get("wait", True) or self.job.check_mode:
            return
        try:
            self.job.until(self._copied, _COPYING, _PATIENCE, f"snapshot {self.name!r}")
        except Interrupted as e:
            raise Interrupted(f"{e}; the set is taken, and the platform copies on by itself: run it again to wait on, or set wait: false",
                              changed=True) from None

    def _copied(self) -> str:
        waiting: list[float] = []
        for machine in self._again():
            for snapshot in named(machine, self.name):
                percent = machine.extra.get("pending", {}).get(snapshot.id)
                if percent is not None:
                    waiting.append(percent)
                elif defect := machine.extra.get("defects", {}).get(snapshot.id):
                    raise PlatformError(f"{machine.name}: snapshot {self.name!r} will not be complete: {defect}; remove the set (state: "
                                        "absent) and take it anew", changed=True)
        return f"{len(waiting)} of {len(self.found)} machines are copied still, at {min(waiting) // 10 * 10:.0f} %" if waiting else ""

    def _again(self) -> list[Machine]:
        return self.platform.find(Wanted(ids=tuple(m.id for m in self.found)))


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {"before": {"snapshots": dict(before)}, "after": {"snapshots": dict(after)}}


def remove_all(platform: MachinePlatform, found: Sequence[Machine], name: str, params: Mapping[str, Any], job: Job) -> None:
    """Remove the snapshots of a name from machines that have it; all are tried, the first failure is told at the end."""
    target = {m.id: named(m, name)[0] for m in found}
    outcome = Crew(job, int(params.get("parallel") or 4)).work(
        [found], lambda m: platform.remove(m, target[m.id], bool(params.get("remove_children"))), f"snapshot {name!r} removed", True)
    if outcome.failed:
        raise PlatformError(str(next(iter(outcome.failed.values()))), changed=bool(outcome.done),
                            failures=[str(e) for e in outcome.failed.values()])


def _check_single(having: Sequence[Machine], name: str) -> None:
    """Of several snapshots of a name none is removed: nobody said which."""
    twice = [m for m in having if len(named(m, name)) > 1]
    if twice:
        raise BadOption(f"snapshot_name: {twice[0].name} has several snapshots named {name!r}: {listed(twice[0])}; remove them by "
                        "vm_snapshot_prune, or on the platform")


def _absent(platform: MachinePlatform, found: list[Machine], name: str, params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    having = [m for m in found if named(m, name)]
    _check_single(having, name)
    before = {m.name: [s.name for s in m.snapshots] for m in found}
    after = {m.name: [s.name for s in m.snapshots if s.name != name and not (params.get("remove_children") and _below(m, s, name))]
             for m in found}
    if having and not job.check_mode:
        try:
            remove_all(platform, having, name, params, job)
        except Interrupted as e:
            raise Interrupted(f"{e}; some snapshots {name!r} may be there still: run it again", changed=True) from None
    return result(found, name, bool(having), removed=[m.name for m in having], diff=diff(before, after))


def _below(machine: Machine, snapshot: Snapshot, name: str) -> bool:
    by_id, key = {s.id: s for s in machine.snapshots}, snapshot.parent
    while key in by_id:
        if by_id[key].name == name:
            return True
        key = by_id[key].parent
    return False
