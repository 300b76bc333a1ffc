# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tests side by side, and one that must be alone."""
from __future__ import annotations

import threading
from pathlib import Path

from tests.strangers.turns import turn


def _later(folder: Path, alone: bool) -> tuple[threading.Thread, threading.Event]:
    """A turn that ends at once; the event: it has begun."""
    begun = threading.Event()

    def run() -> None:
        with turn(folder, alone):
            begun.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, begun


def test_several_run_side_by_side(tmp_path: Path) -> None:
    with turn(tmp_path, alone=False):
        thread, begun = _later(tmp_path, alone=False)
        assert begun.wait(60)
    thread.join(60)


def test_one_that_must_be_alone_waits_and_others_wait_for_it(tmp_path: Path) -> None:
    with turn(tmp_path, alone=False):
        alone, its = _later(tmp_path, alone=True)
        assert not its.wait(0.3)
        other, others = _later(tmp_path, alone=False)
        assert not others.wait(0.3), "it came later, so it is not before the one that waits"
    alone.join(60)
    other.join(60)
    assert its.is_set() and others.is_set()
    with turn(tmp_path, alone=True):
        thread, begun = _later(tmp_path, alone=False)
        assert not begun.wait(0.3)
    thread.join(60)
    assert begun.is_set()
