# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tasks of vSphere from their begin to their end, also where an answer was lost on the way."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from ...clouds.vsphere.session import PATIENCE, Session, Unanswered, VsphereError, fault_words
from ...jobs.errors import Unknown
from ...jobs.steps import Steps
from ..model import Machine
from .inventory import ask, asked, snapshots

# Seconds for which a machine may be busy with somebody else's task, such as a backup.
_BUSY = 900.0
# Seconds within which a snapshot whose request was lost shows up, or its task.
_SHOWS = 60.0


class Tasks:
    """Of the machines of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def run(self, machine: Machine, vm: Any, doing: str, begin: Callable[[], Any]) -> Steps:
        """A task that may be begun twice: where its answer was lost, it is. Its result, as an id.

        VsphereError with the platform's own fault; Unknown where its end cannot be seen.
        """
        def again(lost: Unanswered, since: float) -> Steps:
            if time.monotonic() - since > PATIENCE:
                raise self._unknown(machine, doing, lost) from None
            yield 0.0
            return (yield from self._whole(machine, vm, doing, begin, again, since))

        return self._whole(machine, vm, doing, begin, again, time.monotonic())

    def take(self, machine: Machine, vm: Any, name: str, description: str, begin: Callable[[], Any]) -> Steps:
        """A snapshot is never asked for twice: where the answer was lost, its task is looked for, then the snapshot itself.

        description: no other snapshot has it.
        """
        doing, old = f"take snapshot {name!r} of", {s.id for s in machine.snapshots}
        before = {t._GetMoId() for t in self._session.value(vm, "recentTask", f"look at {machine.name}") or []}

        def traced(lost: Unanswered, since: float) -> Steps:
            while time.monotonic() - since < _SHOWS + PATIENCE:
                try:
                    _kind, p, _obj = self._look([vm], {"VirtualMachine": ("snapshot", "recentTask")})[machine.id]
                except Unanswered:
                    yield 0.0
                    continue
                made = [s.id for s in snapshots(p) if s.id not in old and (s.name, s.description) == (name, description)]
                if made:
                    return made[0]
                if task := self._new([t for t in p.get("recentTask") or [] if t._GetMoId() not in before]):
                    return (yield from self._followed(machine, vm, doing, task))
                if time.monotonic() - since > _SHOWS:
                    break
                yield 0.0
            raise self._unknown(machine, doing, lost)

        return (yield from self._whole(machine, vm, doing, begin, traced, time.monotonic()))

    def _whole(self, machine: Machine, vm: Any, doing: str, begin: Callable[[], Any], lost: Callable[[Unanswered, float], Steps],
               since: float) -> Steps:
        """Begin a task and follow it. While the machine is busy with another one, it is begun again."""
        while True:
            try:
                task = self._session.call(f"{doing} {machine.name}", lambda c: begin())
                return (yield from self._followed(machine, vm, doing, task))
            except Unanswered as e:
                return (yield from lost(e, since))
            except VsphereError as e:
                if e.fault != "TaskInProgress" or time.monotonic() - since > _BUSY:
                    raise
            yield 0.0

    def _followed(self, machine: Machine, vm: Any, doing: str, task: Any) -> Steps:
        """Up to the end of a task, across lost connections and new sessions."""
        heard = time.monotonic()
        while True:
            try:
                found = self._look([task, vm], {"Task": ("info",), "VirtualMachine": ("runtime.question",)})
                info, question = found[task._GetMoId()][1]["info"], asked(found[machine.id][1].get("runtime.question"))
                heard = time.monotonic()
            except Unanswered as e:
                if time.monotonic() - heard > PATIENCE:
                    raise self._unknown(machine, doing, e) from None
                yield 0.0
                continue
            except VsphereError as e:
                if e.fault == "ManagedObjectNotFound":  # a vCenter that was restarted knows its old tasks no longer
                    raise self._unknown(machine, doing, e) from None
                raise
            if info.state == "success":
                return info.result._GetMoId() if hasattr(info.result, "_GetMoId") else ""
            if info.state == "error":
                fault = type(info.error).__name__.rpartition(".")[2]
                raise VsphereError(f"{machine.name}: vSphere could not {doing} it: {fault_words(info.error)}", fault)
            if question:
                raise Unknown(f"{machine.name}: vSphere cannot {doing} it, as it asks a question: {question}; answer it in the vSphere "
                              "client")
            yield float(info.progress or 0)

    def _look(self, objects: list[Any], properties: dict[str, tuple[str, ...]]) -> Any:
        return ask(self._session, objects, properties, patient=False)

    def _new(self, tasks: Iterable[Any]) -> Any:
        """The task that takes a snapshot, None where none does."""
        there = list(tasks)
        try:
            read = self._look(there, {"Task": ("info.descriptionId",)})
        except VsphereError:  # one is gone, or there is no answer: the next look tells
            return None
        return next((obj for _kind, p, obj in read.values() if "createsnapshot" in str(p.get("info.descriptionId")).lower()), None)

    def _unknown(self, machine: Machine, doing: str, why: VsphereError) -> Unknown:
        return Unknown(f"{machine.name}: whether vSphere could {doing} it is not known: {why}")
