# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who works on a cluster is seen by others, and looking does not stand in the way of working."""
from __future__ import annotations

import fcntl
import threading
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clusters.notes import Notes
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError


def test_one_that_looks_is_waited_for(tmp_path: Path) -> None:
    with open(tmp_path / ".c1.lock", "w", encoding="utf-8") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        threading.Timer(0.1, fcntl.flock, (looking, fcntl.LOCK_UN)).start()
        with Notes(tmp_path).locked("c1"):
            assert Notes(tmp_path).busy("c1")
    assert not Notes(tmp_path).busy("c1")


def test_one_that_works_is_not(tmp_path: Path) -> None:
    with Notes(tmp_path).locked("c1"):
        with pytest.raises(PlatformError, match="another process works on c1"), Notes(tmp_path).locked("c1"):
            pytest.fail("two work on it")
        with Notes(tmp_path).locked("c2"):
            assert Notes(tmp_path).busy("c1")
