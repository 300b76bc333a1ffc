# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands of vim-cmd that change something, run to their end: waited for, looked at, and begun again where a lost connection ended
them before they began.

A connection is shared, so its end is that of all its commands. hostd goes on with what it has begun; what it was not asked yet never
comes.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from ...jobs.errors import PlatformError, Unknown
from ..model import Machine, Snapshot, Unowned
from . import parse
from .ssh import Answer, Lost, Shell

_SETTLE = 120.0
# After a lost connection: a host goes on with what it has begun, for a snapshot of large memory or a long chain for minutes.
_SETTLE_LOST = 900.0
# Seconds until it is looked whether what was lost has begun.
_ONCE_MORE = 5.0


def vim(command: str, *arguments: str) -> list[str]:
    return ["vim-cmd", command, *arguments]


def _moment() -> Iterator[float]:
    """Until a command that was lost is looked at, and perhaps given again."""
    again = time.monotonic() + _ONCE_MORE
    while time.monotonic() < again:
        yield 50.0


class Commands(Unowned):
    """settle: seconds after a command in which its effect must show; settle_lost: after one whose connection was lost."""

    def __init__(self, shell: Shell, parallel: int = 4, settle: float = _SETTLE, settle_lost: float = _SETTLE_LOST) -> None:
        self._shell, self._parallel, self._settle, self._settle_lost = shell, max(1, parallel), settle, settle_lost

    def _run(self, *commands: Sequence[str]) -> list[Answer]:
        return self._shell.run(commands)

    def _tree(self, machine: Machine) -> tuple[Snapshot, ...]:
        tree, info = self._run(vim("vmsvc/snapshot.get", machine.id), vim("vmsvc/get.snapshotinfo", machine.id))
        return parse.snapshots(tree.text, info.text)

    def _state(self, machine: Machine) -> str:
        return parse.power(self._run(vim("vmsvc/power.getstate", machine.id))[0].text)

    def _do(self, machine: Machine, doing: str, command: str, *arguments: str) -> Generator[float, None, bool]:
        """Run one command that changes something, to its end. PlatformError with ESXi's fault. True where the connection was
        lost: the host finishes what it has begun, so what became of it is looked at afterwards."""
        running = self._shell.start([vim(f"vmsvc/{command}", machine.id, *arguments)])
        try:
            while (answers := running.poll()) is None:
                yield 50.0
        except Lost:
            return True
        except GeneratorExit:
            running.kill()
            raise
        fault = parse.fault(answers[0].text)
        if not fault and answers[0].status:
            fault = " ".join(answers[0].text.split())[:200] or f"vim-cmd ended with status {answers[0].status}"
        if fault:
            raise PlatformError(f"{machine.name}: ESXi could not {doing}: {fault}")
        return False

    def _surely(self, machine: Machine, shown: Callable[[], bool], doing: str, command: str, *arguments: str) -> Generator[float, None, bool]:
        """_do of what may be done twice: once more where the connection was lost and it is not shown, as it may not have begun.

        What the host says then is perhaps that it is still at it, so it is believed at the end only.
        """
        lost, until = (yield from self._do(machine, doing, command, *arguments)), time.monotonic() + self._settle_lost
        while lost and not shown():
            yield from _moment()
            try:
                lost = yield from self._do(machine, doing, command, *arguments)
            except PlatformError as e:
                if time.monotonic() > until:
                    raise Unknown(f"{e}, after its connection was lost") from None
        return lost

    def _once(self, machine: Machine, shown: Callable[[], bool], doing: str, command: str, *arguments: str) -> Generator[float, None, bool]:
        """_do of what must not be done twice, as taking a snapshot: once more where the connection was lost only when the host has
        no task of it, so that it never began."""
        before, until = self._tasks(machine), time.monotonic() + self._settle_lost
        lost = yield from self._do(machine, doing, command, *arguments)
        while lost and time.monotonic() < until:
            yield from _moment()
            # The list first: what ends between the two looks shows in the second.
            if before is None or self._tasks(machine) != before or shown():
                break
            lost = yield from self._do(machine, doing, command, *arguments)
        return lost

    def _tasks(self, machine: Machine) -> set[str] | None:
        """Snapshots that the host takes of a machine or took lately, by their tasks; None where it does not say."""
        answer = self._run(vim("vmsvc/get.tasklist", machine.id))[0]
        return parse.tasks(answer.text, "createSnapshot")

    def _until(self, shown: Any, otherwise: str, lost: bool = False) -> Iterator[float]:
        """Wait until shown() is true, for as long as a command may take to show; then PlatformError(otherwise), Unknown where
        its connection was lost: it may show later still."""
        until = time.monotonic() + (self._settle_lost if lost else self._settle)
        while not shown():
            if time.monotonic() > until:
                raise Unknown(f"{otherwise}, after its connection was lost") if lost else PlatformError(otherwise)
            yield 90.0
