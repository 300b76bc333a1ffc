# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module `time` for tests: it passes only while somebody sleeps, so minutes cost nothing and load changes nothing."""
from __future__ import annotations

import threading
import time as real
from collections.abc import Callable

# Of a machine that has been up for a while.
_START = 1000.0


class Clock:
    """In place of `time` in the modules of a test. wall: by which the clock on the wall was set, which those of boot and
    process do not follow."""

    CLOCK_BOOTTIME = real.CLOCK_BOOTTIME

    def __init__(self) -> None:
        self.now, self.wall = _START, float(int(real.time()))
        self._then: list[tuple[float, Callable[[], object]]] = []
        self._lock = threading.RLock()

    def time(self) -> float:
        return self.wall + self.passed

    def monotonic(self) -> float:
        return self.now

    def clock_gettime(self, _which: int) -> float:
        return self.now

    @property
    def passed(self) -> float:
        return self.now - _START

    def sleep(self, seconds: float) -> None:
        with self._lock:
            until = self.now + seconds
        while action := self._next(until):
            action()

    def _next(self, until: float) -> Callable[[], object] | None:
        """What is due next, at its own moment; without anything more until then, it is then."""
        with self._lock:
            if self._then and self._then[0][0] <= until:
                at, action = self._then.pop(0)
                self.now = max(self.now, at)
                return action
            self.now = max(self.now, until)
            return None

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Something that happens while others sleep."""
        with self._lock:
            self._then = sorted([*self._then, (self.now + seconds, action)], key=lambda one: one[0])
