# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much of this machine was used, by the kernel's own figures."""
from __future__ import annotations

import os
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def _busy(stat: str) -> float:
    """CPU seconds of all cores since boot in which something ran (proc(5): user nice system idle iowait irq softirq steal)."""
    figures = [int(n) for n in stat.splitlines()[0].split()[1:9]]
    return (sum(figures) - figures[3] - figures[4]) / _TICKS


class Use:
    """From its making on."""

    def __init__(self) -> None:
        self._started, self._before = time.monotonic(), self._now()

    @staticmethod
    def _now() -> float:
        return _busy(Path("/proc/stat").read_text(encoding="utf-8"))

    def words(self) -> str:
        seconds, busy, cores = time.monotonic() - self._started, self._now() - self._before, os.cpu_count() or 1
        return (f"{seconds / 60:.1f} min; {busy / 60:.1f} CPU min of all that ran here, {busy / max(seconds, 0.1):.1f} of {cores} cores"
                f" ({100 * busy / max(seconds, 0.1) / cores:.0f} %)")
