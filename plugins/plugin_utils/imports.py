# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Imports before Ansible forks its workers."""
from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def shared() -> Iterator[None]:
    """What is imported inside stays in memory once for all workers, and no garbage collection looks at it again, which
    would copy its pages in each of them (docs.python.org, gc.freeze)."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
