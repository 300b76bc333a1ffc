# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake of the module time for code that waits: a sleep takes no time and moves the clock."""
from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """What code calls of the module time. at: what happens when, by calls that are due in the course of a sleep."""

    def __init__(self) -> None:
        self.now, self._epoch = 1000.0, time.time() - 1000.0
        self.at: list[tuple[float, Callable[[], None]]] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self._epoch + self.now

    def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        while due := sorted((a for a in self.at if a[0] <= until), key=lambda a: a[0])[:1]:
            self.at.remove(due[0])
            self.now = max(self.now, due[0][0])
            due[0][1]()
        self.now = until

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        self.at.append((self.now + seconds, what))
