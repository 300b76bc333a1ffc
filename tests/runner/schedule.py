# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs stages side by side, never two that share something, and says how it goes."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from . import again
from .counts import Case, Counts, cases, of_stage
from .process import Running
from .stages import Stage

HEARTBEAT = 30.0
# What stages use that need clusters up.
_CLUSTERS = {"clusters", "addons"}
_display = threading.Lock()
_start = time.monotonic()


def say(text: str) -> None:
    minutes, seconds = divmod(int(time.monotonic() - _start), 60)
    with _display:
        print(f"{minutes:3d}:{seconds:02d} {text}", flush=True)


@dataclass(frozen=True)
class Outcome:
    """What became of a stage; reason says why it did not run, or what ended it. cpu: seconds, of its own processes."""

    stage: Stage
    counts: Counts
    seconds: float = 0.0
    reason: str = ""
    cpu: float = 0.0
    cases: list[Case] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        if self.counts.failed:
            return "FAILED"
        return "passed" if self.counts.passed or not self.stage.counted else "skipped"


class Schedule:
    """The stages that wait, run and have ended. left() tells what tests left behind on the clusters; release("clusters") and
    release("addons") are called once, when no stage wants those any more."""

    def __init__(self, stages: list[Stage], left: Callable[[], list[str]] = list, release: Callable[[str], None] | None = None) -> None:
        self.waiting = list(stages)
        self.running: list[Running] = []
        self.outcomes: list[Outcome] = []
        self.interrupted = ""
        self._left, self._release = left, release
        self._released: set[str] = set()
        self._first: dict[str, Outcome] = {}  # by the name of the stage that tries again

    def interrupt(self, reason: str) -> None:
        """End what runs, start nothing more."""
        self.interrupted = reason
        for running in self.running:
            running.stop(reason)

    def go(self) -> list[Outcome]:
        while self.waiting or self.running:
            if self.interrupted:
                self.outcomes += [Outcome(s, Counts(failed=1), reason=f"not run: {self.interrupted}")
                                  for s in self.waiting if s.name not in self._first]
                self.waiting = []
            self._collect()
            self._start_more()
            self._free()
            self._heartbeat()
            time.sleep(0.1)
        return self.outcomes

    def _collect(self) -> None:
        for running in list(self.running):
            status = running.poll()
            if status is None:
                continue
            self.running.remove(running)
            self._ended(running, status)

    def _ended(self, running: Running, status: int) -> None:
        stage = running.stage
        found = cases(stage.junit)
        counts, why = of_stage(stage, found, status)
        left = self._left() if stage.on_clusters else []
        for line in left:
            say(f"[{stage.name}] left on {line}")
        counts += Counts(failed=len(left))
        if not stage.counted and not counts.failed:
            counts = Counts()
        reason = "; ".join(filter(None, (running.ended_by or why, f"{len(left)} things were left on clusters" if left else "")))
        outcome = Outcome(stage, counts, running.seconds, reason, running.cpu, found)
        say(f"[{stage.name}] {outcome.verdict}: {counts} in {running.seconds:.0f} s"
            + (f" ({reason})" if reason else ""))
        if outcome.verdict == "FAILED":
            self._show_end(running)
        self._keep(outcome)

    def _keep(self, outcome: Outcome) -> None:
        """What there is to a stage; what failed in it may get a second try, whose stage tells nothing of its own."""
        if first := self._first.pop(outcome.stage.name, None):
            self.outcomes[self.outcomes.index(first)] = again.merged(first, outcome)
            return
        self.outcomes.append(outcome)
        second = None if self.interrupted else again.second(outcome)
        if second:
            self._first[second.name] = outcome
            self.waiting.insert(0, second)

    def _free(self) -> None:
        wanted = {thing for s in [*self.waiting, *(r.stage for r in self.running)] for thing in s.uses}
        for thing in sorted(_CLUSTERS - wanted - self._released) if self._release else ():
            self._released.add(thing)
            self._release(thing)

    def _show_end(self, running: Running) -> None:
        """The end of a failed stage's log."""
        with _display:
            print("\n".join(f"      | {line}" for line in log_lines(running.stage)[-25:]), f"      log: {running.stage.log}",
                  sep="\n", flush=True)

    def _start_more(self) -> None:
        ended = {o.stage.name: o for o in self.outcomes}
        claimed = {thing for r in self.running for thing in r.stage.uses}
        for stage in list(self.waiting):
            open_before = {s.name for s in self.waiting + [r.stage for r in self.running]}
            if stage.absent:
                self._leave_out(stage, Counts(skipped=1), stage.absent)
            elif broken := next((n for n in stage.needs if n in ended and ended[n].counts.failed), ""):
                self._leave_out(stage, Counts(failed=1), f"not run: stage {broken} failed")
            elif not stage.uses & claimed and not open_before & ({*stage.needs} - {stage.name}):
                self.waiting.remove(stage)
                say(f"[{stage.name}] started")
                self.running.append(Running(stage, say))
            claimed |= stage.uses if stage in self.waiting else set()
            claimed |= {thing for r in self.running for thing in r.stage.uses}

    def _leave_out(self, stage: Stage, counts: Counts, reason: str) -> None:
        self.waiting.remove(stage)
        self.outcomes.append(Outcome(stage, counts, reason=reason))
        say(f"[{stage.name}] {self.outcomes[-1].verdict}: {reason}")

    def _heartbeat(self) -> None:
        """A line for every stage that has been silent for a while."""
        for running in self.running:
            if time.monotonic() - running.spoke >= HEARTBEAT:
                running.spoke = time.monotonic()
                say(f"[{running.stage.name}] {running.seconds:.0f} s: {running.last[:110]}")


def log_lines(stage: Stage) -> list[str]:
    return stage.log.read_text(encoding="utf-8", errors="replace").splitlines() if stage.log.exists() else []
