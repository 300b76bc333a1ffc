# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs stages, at most two at once and never two that share something, and says how it goes."""
from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass

from .counts import Counts, of_stage
from .process import Running
from .stages import Stage

AT_ONCE = 2
HEARTBEAT = 30.0
# How pytest, Ansible and the sanity tests begin the line with the reason.
_REASON = re.compile(r"^E  |^(FAILED|ERROR)\b|\[ERROR\]|\bfatal: ")
_display = threading.Lock()
_start = time.monotonic()


def say(text: str) -> None:
    minutes, seconds = divmod(int(time.monotonic() - _start), 60)
    with _display:
        print(f"{minutes:3d}:{seconds:02d} {text}", flush=True)


@dataclass(frozen=True)
class Outcome:
    """What became of a stage; reason says why it did not run, or what ended it."""

    stage: Stage
    counts: Counts
    seconds: float = 0.0
    reason: str = ""

    @property
    def verdict(self) -> str:
        if self.counts.failed:
            return "FAILED"
        return "passed" if self.counts.passed or not self.stage.counted else "skipped"


class Schedule:
    """The stages that wait, run and have ended."""

    def __init__(self, stages: list[Stage]) -> None:
        self.waiting = list(stages)
        self.running: list[Running] = []
        self.outcomes: list[Outcome] = []
        self.interrupted = ""

    def interrupt(self, reason: str) -> None:
        """End what runs, start nothing more."""
        self.interrupted = reason
        for running in self.running:
            running.stop(reason)

    def go(self) -> list[Outcome]:
        while self.waiting or self.running:
            if self.interrupted:
                self.outcomes += [Outcome(s, Counts(failed=1), reason=f"not run: {self.interrupted}")
                                  for s in self.waiting]
                self.waiting = []
            self._collect()
            self._start_more()
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
        nothing = status == 5 and "pytest" in stage.command and not running.ended_by
        counts = Counts(skipped=1) if nothing else of_stage(stage.junit, stage.log, status)
        if not stage.counted and not counts.failed:
            counts = Counts()
        reason = running.ended_by or ("no tests were selected" if nothing else "")
        outcome = Outcome(stage, counts, running.seconds, reason)
        self.outcomes.append(outcome)
        say(f"[{stage.name}] {outcome.verdict}: {counts} in {running.seconds:.0f} s"
            + (f" ({reason})" if reason else ""))
        if outcome.verdict == "FAILED":
            self._show_end(running)

    def _show_end(self, running: Running) -> None:
        """The end of a failed stage's log."""
        with _display:
            print("\n".join(f"      | {line}" for line in _lines(running.stage)[-25:]), f"      log: {running.stage.log}",
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
            elif (len(self.running) < AT_ONCE and not stage.uses & claimed
                  and not open_before & ({*stage.after, *stage.needs} - {stage.name})):
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


def _lines(stage: Stage) -> list[str]:
    return stage.log.read_text(encoding="utf-8", errors="replace").splitlines() if stage.log.exists() else []


def reasons(outcomes: list[Outcome], most: int = 12) -> str:
    """What went wrong, for the end of the output, which is all that some keep: a few lines of each failed stage."""
    told = []
    for stage in [o.stage for o in outcomes if o.verdict == "FAILED"]:
        lines = _lines(stage)
        told += [f"[{stage.name}] {line.strip()[:200]}" for line in ([*filter(_REASON.search, lines)] or lines)[-most:]]
    return "\n".join(["", *told, ""]) if told else ""


def table(outcomes: list[Outcome]) -> str:
    """One line per stage, in the order in which they ended."""
    width = max(5, *(len(o.stage.name) for o in outcomes))
    rows = [f"{'stage':{width}}  {'verdict':8}{'seconds':>8}  tests"]
    rows += [f"{o.stage.name:{width}}  {o.verdict:8}{o.seconds:8.0f}  {o.counts if o.counts.total else ''}"
             + (f"  ({o.reason})" if o.reason else "") for o in outcomes]
    return "\n".join(rows)


def total(outcomes: list[Outcome]) -> Counts:
    return sum((o.counts for o in outcomes), Counts())
