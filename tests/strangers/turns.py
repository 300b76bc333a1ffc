# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who runs when: tests side by side on several clusters, and one that must be alone on the machine."""
from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def turn(folder: Path, alone: bool) -> Iterator[None]:
    """Waits until nobody runs (alone), or nobody who must be alone does or waits. All processes name the same folder."""
    with open(folder / "gate", "w", encoding="utf-8") as gate, open(folder / "running", "w", encoding="utf-8") as running:
        # Who must be alone keeps the gate shut while others end, else the next one would always be before it.
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(running, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(gate, fcntl.LOCK_UN)
        yield
