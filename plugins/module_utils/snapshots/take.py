# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshots of all machines of a cluster, or of none: taken in order, within a time, where there is room; and removed."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from ..common import names
from ..jobs.errors import BadOption, Interrupted, Passing, PlatformError, Unknown
from ..jobs.job import Job
from ..machines.model import Machine, MachinePlatform, Pending, Wanted
from .before import check_limits, check_states, names_of, to_shut_down
from .fit import to_take
from .guard import guarded
from .health_checks import HealthChecks
from .judge import spread, too_far, unlike
from .moment import mixed, whole
from .power import shut_down, tell_unwell, wait_tools, wait_well
from .remove import absent, check_single, diff, remove_all, result
from .set import Crew, Outcome, afterwards, control_plane, describe, groups, machines, named
from .space import room

# Seconds between two looks at what is copied, and without any answer until they end.
_COPYING, _PATIENCE = 10.0, 600.0
# Who removes what this task could not, in its sentences.
WATCHED = "a process that outlives this task and watches for it"


def entry(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Module vm_snapshot."""
    name = str(params["snapshot_name"])
    for option in ("max_spread_seconds", "free_percent", "growth_percent", "max_depth", "max_age_days", "state_change_timeout"):
        if float(params.get(option) or 0) < 0:
            raise BadOption(f"{option}: must be 0 or more, not {params[option]}")
    with machines(params, job) as (platform, found):
        if params.get("state") == "absent":
            return absent(platform, found, name, params, job)
        return _Take(platform, found, name, params, job).present()


class _Take:
    """One set of snapshots."""

    def __init__(self, platform: MachinePlatform, found: list[Machine], name: str, params: Mapping[str, Any], job: Job) -> None:
        self.platform, self.found, self.name, self.params, self.job = platform, found, name, params, job
        self.memory, self.quiesce = bool(params.get("memory_dump")), bool(params.get("quiesce"))
        self.off: list[Machine] = []

    def present(self) -> dict[str, Any]:
        having = [m for m in self.found if named(m, self.name)]
        if whole(self.found, self.name):
            self._wait_complete()
            return result(self.found, self.name, False, spread_seconds=spread(self.found, self.name), stores=[])
        if having:
            if self.params.get("on_incomplete") != "replace":
                raise BadOption(f"snapshot_name: {self._broken(having)}; remove it (state: absent), replace it (on_incomplete: "
                                "replace), or choose another name")
            check_single(having, self.name)
        to_take(self.found, self.params)
        self.off = to_shut_down(self.platform, self.found, self.params)
        self.platform.check_stop(self.off)
        check_states(self.platform, self.found, self.off, self.params)
        check_limits(self.found, self.params)
        stores = room(self.platform, self.found, self.params)
        with closing(HealthChecks(self.params, self.job)) as checks:
            if self.off:
                checks.look(self.off)
            if self.job.check_mode:
                return self._would(stores, having)
            return self._take(stores, having, checks)

    def _take(self, stores: list[dict[str, Any]], having: list[Machine], checks: HealthChecks) -> dict[str, Any]:
        tell_unwell(self.platform, self.found, self.job)
        before = self.found
        if having:
            remove_all(self.platform, having, self.name, self.params, self.job)
            self.found = self._again()
        with checks.held(self.platform, self.off), self.platform.held(self.off, True), \
                shut_down(self.platform, self.off, self.params, self.job):
            after, apart = self._whole()
        self._wait_awake()
        self._wait_complete()
        return result(after, self.name, True, spread_seconds=apart, stores=stores, shut_down=[m.name for m in self.off],
                      diff=diff(*({m.name: [s.name for s in m.snapshots] for m in of} for of in (before, after))))

    def _whole(self) -> tuple[list[Machine], float]:
        """The set, or nothing of it; and how far apart its snapshots are."""
        mark = f"set={names.nonce()}"
        with guarded(self.params, self.job, mark):
            outcome = self._taken(describe(self.params, mark))
            try:
                after = self._again()
            except PlatformError as e:
                raise type(e)(f"all snapshots {self.name!r} were taken, but could not be looked at ({e}); they are removed again by "
                              f"{WATCHED}", changed=True) from None
            return after, self._judged(after, outcome)

    def _wait_awake(self) -> None:
        """Until the guests of machines that were shut down are up."""
        try:
            wait_tools(self.platform, self.off, self.job)
            wait_well(self.platform, self.off, self.job)
        except PlatformError as e:
            raise type(e)(f"the set is taken and all machines are on again, but {e}", changed=True) from None

    def _broken(self, having: list[Machine]) -> str:
        """Why what is there is no set."""
        without = [m for m in self.found if m not in having]
        if without:
            return f"{self.name!r} is on {names_of(having)} but not on {names_of(without)}, so it is no set of one moment"
        return f"{self.name!r} is on all machines, but not of one set: {mixed({m.name: named(m, self.name)[-1] for m in having})}"

    def _would(self, stores: list[dict[str, Any]], having: list[Machine]) -> dict[str, Any]:
        new = f"{self.name}{' with memory' if self.memory else ''}"
        before = {m.name: [s.name for s in m.snapshots] for m in self.found}
        after = {n: [*(s for s in names if s != self.name), new] for n, names in before.items()}
        would = {"take": [m.name for m in self.found], "remove": [m.name for m in having]}
        return result(self.found, self.name, True, spread_seconds=None, stores=stores, diff=diff(before, after),
                      shut_down=[m.name for m in self.off], would=would)

    def _taken(self, text: str) -> Outcome:
        """All or nothing: what was taken goes again when one machine fails, or the time is up, or anything else happens."""
        members = {m.id for m in control_plane(self.found, self.params)}
        crew, order = Crew(self.job, int(self.params.get("parallel") or 4), together=members), groups(self.found, self.params)
        if self.platform.takes_at_once:
            crew, order = Crew(self.job, len(self.found)), [[m for g in order for m in g]]
        try:
            outcome = crew.work(order, lambda m: self._begin(m, text), f"snapshot {self.name!r} taken")
        except BaseException as e:
            ended = e.details if isinstance(e, Interrupted) else {}
            words = self._undo(ended.get("outcome", Outcome()), ended.get("pendings", ()))
            if isinstance(e, PlatformError):
                raise type(e)(f"{e}; {words}", changed=WATCHED in words) from None
            raise
        if outcome.failed:
            raise self._half(outcome)
        return outcome

    def _half(self, outcome: Outcome) -> PlatformError:
        """What is to be said of a set that failed, when what is known of it is put right."""
        unsure = [m for m in self.found if isinstance(outcome.failed.get(m.id), (Unknown, Passing))]
        first, words = next(iter(outcome.failed.values())), self._undo(outcome)
        if unsure:
            words += f"; what becomes of that of {names_of(unsure)} is not known: when it shows up, it is removed by {WATCHED}"
        return (Unknown if unsure else PlatformError)(f"{first}; {words}", changed=WATCHED in words,
                                                      failures=[str(e) for e in outcome.failed.values()])

    def _begin(self, machine: Machine, text: str) -> Pending:
        if self.job.orphaned():
            raise PlatformError("the playbook ended")
        return self.platform.take(machine, self.name, text, self.memory, self.quiesce and self._runs(machine))

    def _runs(self, machine: Machine) -> bool:
        return machine.power == "on" and machine.id not in {m.id for m in self.off}

    def _undo(self, outcome: Outcome, running: Sequence[Pending] = ()) -> str:
        """Remove what this job took; what became of it, in words. outcome: what was taken; running: what the platform still does."""
        old = {m.id: {s.id for s in m.snapshots} for m in self.found}
        with afterwards(self.job):
            try:
                unsure = self._settled(running)
                after = self._again()
                pairs = [(m, s) for m in after for s in named(m, self.name) if s.id not in old[m.id]]
                # A platform that said so may list it later.
                unsure += len(set(outcome.done.values()) - {s.id for m in after for s in m.snapshots})
                for machine, snapshot in pairs:
                    outcome = Crew(self.job, 1).work([[machine]], lambda m, s=snapshot: self.platform.remove(m, s),
                                                     f"snapshot {self.name!r} removed again")
                    for failed in outcome.failed.values():
                        raise failed
            except PlatformError as e:
                return (f"and the snapshots {self.name!r} that were taken could not be removed again ({e}): remove them with state: "
                        f"absent, if {WATCHED} does not")
        kept = "nothing of the set was kept" if pairs or outcome.done else "nothing was taken"
        return f"{kept}; of {unsure} more it is not known: when they show up, they are removed by {WATCHED}" if unsure else kept

    def _settled(self, running: Sequence[Pending]) -> int:
        """A task that is begun cannot be taken back; it is waited for, so that what it makes is seen. Of how many it is not known
        what they make."""
        unsure = 0
        for pending in running:
            try:
                while pending.poll() is not None:
                    self.job.pause(0.5, "snapshots that were begun")
            except Interrupted:
                raise
            except (Unknown, Passing):
                unsure += 1
            except PlatformError:
                continue  # it made nothing
        return unsure

    def _judged(self, after: Sequence[Machine], outcome: Outcome) -> float:
        """The set as it is: complete, as asked, and close enough in time."""
        apart = spread(after, self.name)
        running = {m.id for m in self.found if self._runs(m)}
        trouble = (unlike(after, self.name, set(outcome.done.values()), running, self.params)
                   or too_far(after, self.name, running, self.params))
        if trouble:
            words = self._undo(outcome)
            raise PlatformError(f"{trouble}; {words}", changed=WATCHED in words)
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
