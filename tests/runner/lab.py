# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab as the runner has it: what was up before stays up, what the tests brought up goes, and both are looked at."""
from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Set

from tests.lab.base import state

from . import ours
from .counts import Counts
from .leftovers import CannotLook, of_lab, snapshot
from .schedule import Outcome, say
from .stages import CHECKOUT, Stage


def _command(*arguments: str, limit: float = 300.0) -> str:
    """Run a command of the lab, out of reach of the terminal's Ctrl-C; what went wrong, or ""."""
    try:
        done = subprocess.run([sys.executable, "-m", "tests.lab", *arguments], cwd=CHECKOUT, capture_output=True, text=True,
                              check=False, timeout=limit, start_new_session=True)
    except subprocess.TimeoutExpired:
        return f"{' '.join(arguments)} did not end within {limit:.0f} s"
    return f"{' '.join(arguments)} failed: {(done.stdout + done.stderr).strip()[-500:]}" if done.returncode else ""


def up_now() -> set[str]:
    return {p.parent.name for p in state().glob("*/cluster.json")}


def left_on(names: set[str]) -> list[str]:
    """What of ours is on these clusters of the lab; one that does not answer is told as that."""
    told = []
    for name in sorted(names):
        try:
            told += ours.Cluster(name, str(state() / name / "pki/admin.kubeconfig"), clean=True).left()
        except Exception as e:  # pylint: disable=broad-except  # whatever keeps us from looking is worth a line
            told.append(f"{name}: could not be looked at: {e}")
    return told


class Lab:
    """From its making to the clean-up; `may`: names that this run may bring up, by what stages use of them."""

    def __init__(self, may: Mapping[str, Set[str]]) -> None:
        self.before, self._may = up_now(), may
        self._ours = {name for names in may.values() for name in names}
        self._machine, self._blind = self._look()
        self._going: list[threading.Thread] = []
        self._stay: set[str] = set()
        self._wrong: list[str] = []

    @staticmethod
    def _look() -> tuple[set[str], str]:
        try:
            return snapshot(), ""
        except CannotLook as e:
            return set(), str(e)

    def left(self) -> list[str]:
        """What tests left on the clusters that they ran on and that are up now."""
        return left_on(up_now() & self._ours)

    def release(self, used: str) -> None:
        """Begin to take these of our clusters down while stages that use none of them go on: each takes a tenth of a core. take_down()
        waits for it."""
        self._going.append(threading.Thread(target=self._down, args=(self._may.get(used, frozenset()),)))
        self._going[-1].start()

    def _down(self, names: Set[str]) -> None:
        """Our clusters of these names; what goes wrong is kept for the end."""
        up = up_now()
        self._stay = up & self.before | up - self._ours
        going = sorted(up & names - self._stay)
        if going or not self._going:
            say(f"[clean-up] taking {', '.join(going) or 'nothing'} down" + (f", {', '.join(sorted(self._stay))} stays" if self._stay else ""))
        self._wrong += [w for name in going if (w := _command("down", "--name", name))]

    def take_down(self) -> Outcome:
        """Our clusters down, and a look at what they left: one test, whose reason says what was not looked at."""
        started = time.monotonic()
        for thread in self._going:
            thread.join()
        self._down(self._ours)
        stay = self._stay
        machine, blind = self._look()
        wrong = self._wrong + [f"left over: {line}" for line in of_lab(self._machine, machine, self.before | stay)]
        wrong += [f"nobody could look at what is left: {b}" for b in (self._blind or blind,) if b]
        for line in wrong:
            say(f"[clean-up] {line}")
        reason = "; ".join(wrong)[:300] or (f"{', '.join(sorted(stay))} was up before or is another's, and stays" if stay else "")
        return Outcome(Stage("clean-up"), Counts(int(not wrong), len(wrong)), time.monotonic() - started, reason)
