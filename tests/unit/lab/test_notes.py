# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Notes of faults: whose process is gone, dead or not, is everybody's to mend."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

from tests.lab import faults
from tests.lab.base import wait_for


def test_a_process_that_is_dead_and_not_buried_holds_no_fault(tmp_path: Path) -> None:
    broken = faults.Faults(SimpleNamespace(folder=tmp_path))
    with subprocess.Popen(["sleep", "600"]) as process:
        note = {"kind": "extra", "args": {}, "pid": process.pid, "start": faults._process_start(process.pid)}
        faults._write(tmp_path / "faults/a.json", note)
        assert note["start"] and not broken.orphaned() and len(broken.in_force()) == 1
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie until it is waited for
        wait_for("the end of the process", broken.orphaned, 10, 0.05)
        assert broken.in_force() == []
