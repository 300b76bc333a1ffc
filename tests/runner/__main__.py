# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make test`: all stages, their times, one closing line. Exit 0 only if tests ran and none failed."""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

from tests.lab.base import state

from tests.setup import packages

from .counts import Counts
from .leftovers import of_lab, snapshot
from .schedule import Outcome, Schedule, reasons, say, table, total
from .stages import CHECKOUT, CLUSTERS, OUTPUT, Stage, chosen


def _lab(*arguments: str, limit: float = 300.0) -> subprocess.CompletedProcess[str]:
    """A command of the lab, out of reach of the terminal's Ctrl-C."""
    return subprocess.run([sys.executable, "-m", "tests.lab", *arguments], cwd=CHECKOUT, capture_output=True, text=True,
                          check=False, timeout=limit, start_new_session=True)


def _up_now() -> set[str]:
    """The lab's clusters that are up; those from before us stay up after us."""
    return {p.parent.name for p in state().glob("*/cluster.json")}


def _take_down(before: set[str], machine: set[str]) -> Outcome:
    """Our clusters down again, and a look at what they left: one test."""
    started = time.monotonic()
    stage = Stage("clean-up")
    wrong = []
    for name in [n for n in CLUSTERS if n not in before]:
        result = _lab("down", "--name", name)
        if result.returncode:
            wrong.append(f"down of {name} failed: {(result.stdout + result.stderr).strip()[-500:]}")
    wrong += of_lab(machine, snapshot(), _up_now() - set(CLUSTERS)) if not before else []
    for line in wrong:
        say(f"[clean-up] left over: {line}")
    reason = f"{', '.join(sorted(before))} was up before and stays" if before else ""
    return Outcome(stage, Counts(int(not wrong), int(bool(wrong))), time.monotonic() - started, reason)


def _install() -> None:
    """What tests use beside Python; where it is missing and we may not install it, they are skipped with that reason."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        try:
            packages.install(packages.listed(CHECKOUT / "tests/packages.txt"))
        except packages.PackageError as e:
            say(str(e))


def main(words: list[str]) -> int:
    try:
        stages = chosen(words)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    _install()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    with_lab = any(s.name == "lab" for s in stages)
    before = _up_now() & set(CLUSTERS) if with_lab else set()
    machine = snapshot() if with_lab else set()
    schedule = Schedule(stages)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _frame: schedule.interrupt(f"interrupted by {signal.Signals(n).name}"))
    outcomes = schedule.go()
    if with_lab and not os.environ.get("KEEP_LAB"):
        say("[clean-up] taking the lab down" if len(before) < len(CLUSTERS) else "[clean-up] the lab stays up")
        outcomes.append(_take_down(before, machine))
    counts = total(outcomes)
    if not counts.passed and not counts.failed:
        counts += Counts(failed=1)
        say("no test ran, which is a failure")
    print(f"\n{table(outcomes)}\n\nlogs: {OUTPUT.relative_to(CHECKOUT)}\n{reasons(outcomes)}{counts}", flush=True)
    return 130 if schedule.interrupted else int(bool(counts.failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
