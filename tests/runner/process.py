# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One stage as a process group of its own: its log, its lines worth showing, its end."""
from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .stages import CHECKOUT, Stage

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# A test run that is interrupted still mends what it broke; only then it is terminated and killed. Seconds after the first.
_ENDING = ((0.0, signal.SIGINT), (40.0, signal.SIGTERM), (50.0, signal.SIGKILL))
_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_AUTOGROUP = Path("/proc/self/autogroup")


def _begin(nice: int) -> None:
    """In the child: a runner that is killed with -9 takes its stages along, as Ctrl-C would. Where the kernel gives each session a share of
    its own, it is the session that is nice: sched(7), "The autogroup feature"."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
    os.nice(nice)
    if nice:
        with contextlib.suppress(OSError):
            _AUTOGROUP.write_text(str(nice), encoding="utf-8")


class Running:
    """A started stage. `say` gets the lines worth showing."""

    def __init__(self, stage: Stage, say: Callable[[str], None]) -> None:
        self.stage = stage
        self.last = ""
        self.ended_by = ""
        self.cpu = 0.0
        self._say = say
        self._show = re.compile(stage.show)
        self._shown = 0
        self._signals = iter(())
        self._next: tuple[float, signal.Signals] | None = None
        shutil.rmtree(stage.junit, ignore_errors=True)
        stage.junit.mkdir(parents=True)
        environ = {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1",
                   "ASSAY_JUNIT": str(stage.junit), **stage.environ}
        self.started = self.spoke = time.monotonic()
        self._process = subprocess.Popen(stage.command, cwd=CHECKOUT, env=environ, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                         errors="replace", start_new_session=True, preexec_fn=functools.partial(_begin, stage.nice))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with open(self.stage.log, "w", encoding="utf-8") as log:
            for line in self._process.stdout:
                log.write(line)
                log.flush()
                text = _COLOUR.sub("", line).rstrip()
                if text:
                    self.last = text
                if self._show.search(text):
                    self._shown += 1
                    if self._shown <= self.stage.most:
                        self.spoke = time.monotonic()
                        self._say(f"[{self.stage.name}] {text}")

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def stop(self, reason: str) -> None:
        """Begin to end it; poll() goes on until it is gone."""
        if not self.ended_by:
            self.ended_by = reason
            now = time.monotonic()
            self._signals = iter([(now + after, number) for after, number in _ENDING])
            self._next = next(self._signals, None)

    def poll(self) -> int | None:
        """The exit status once it has ended. Sends the signals that are due before that."""
        if not self.ended_by and self.seconds > self.stage.limit:
            self.stop(f"not ended within {self.stage.limit:.0f} s")
        while self._next and time.monotonic() >= self._next[0]:
            self._signal(self._next[1])
            self._next = next(self._signals, None)
        if self._process.returncode is None:
            pid, status, used = os.wait4(self._process.pid, os.WNOHANG)  # poll() would not tell what it used
            if not pid:
                return None
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self.cpu = used.ru_utime + used.ru_stime
        self._signal(signal.SIGKILL)  # nothing of its group outlives it
        self._reader.join(5)
        return self._process.returncode or (1 if self.ended_by else 0)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            pass
