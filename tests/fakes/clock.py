# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module `time` for tests: it passes only while somebody sleeps, so minutes cost nothing and load changes nothing."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Clock:
    """In place of `time` in the modules of a test. wall: by which the clock on the wall was set, which those of boot and
    process do not follow."""

    CLOCK_BOOTTIME = time.CLOCK_BOOTTIME

    def __init__(self) -> None:
        self.passed, self.wall = 0.0, 1_800_000_000.0
        self._then: list[tuple[float, Callable[[], object]]] = []
        self._lock = threading.Lock()

    def time(self) -> float:
        return self.wall + self.passed

    def monotonic(self) -> float:
        return self.passed

    def clock_gettime(self, _which: int) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.passed += seconds
            due = [action for at, action in self._then if at <= self.passed]
            self._then = [one for one in self._then if one[0] > self.passed]
        for action in due:
            action()

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Something that happens while others sleep."""
        with self._lock:
            self._then = sorted([*self._then, (self.passed + seconds, action)], key=lambda one: one[0])
