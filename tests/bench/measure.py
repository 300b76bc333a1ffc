# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a command costs: wall and CPU seconds of it and everything it starts, and its memory at the peak."""
from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Cost:
    """Seconds; pss is MiB of all its processes together at the peak (0: not sampled)."""

    wall: float
    cpu: float
    pss: float
    status: int
    output: str


def adopt_orphans() -> None:
    """Make this process the parent of what our children leave behind, so that its CPU time is counted."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _family(root: int) -> list[int]:
    """The process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(stat.parent.name))
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return found


def _pss(pids: list[int]) -> float:
    """MiB: private memory plus the fair share of what is shared."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
    return total / 1024


def run(command: list[str], environ: dict[str, str], log: Path, sample_every: float = 0.0) -> Cost:
    """Run a command to its end. Sampling memory costs time, so measure time and memory in different runs.

    Its guardians may outlive it; they are waited for (10 s) before its CPU time is read.
    """
    before, peak, start = _children_cpu(), 0.0, time.monotonic()
    with open(log, "wb") as out:
        process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        if sample_every:
            while process.poll() is None:
                peak = max(peak, _pss(_family(process.pid)))
                time.sleep(sample_every)
        status = process.wait()
    wall = time.monotonic() - start
    _reap(10.0)
    return Cost(wall, _children_cpu() - before, peak, status, log.read_text(encoding="utf-8", errors="replace"))


def _reap(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            time.sleep(0.05)
