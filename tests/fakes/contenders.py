# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processes that contend for one lease: `python -m tests.fakes.contenders JSON`, all through the module's own entry.

Whoever holds the lease makes a file that must not be there yet; if it is, two hold the lease. Some die while they hold it.
"""
from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.leases.job import entry
from ansible_collections.assay.clusters.plugins.modules.cluster_lease import SPEC


def options(**given: Any) -> dict[str, Any]:
    """All options of the module, with its defaults."""
    return {**{n: s.get("default") for n, s in SPEC.argument_spec.items()}, **given}


def contend(given: dict[str, Any], witness: Path, turns: int, dies: bool) -> str:
    """What became of it: "held N", "died" or the error."""
    held = 0
    for turn in range(turns):
        try:
            entry(options(state="present", **given), Job(environ={}))
        except PlatformError as e:
            return f"error {e}"
        try:
            os.close(os.open(witness, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return "TWO HOLD IT"
        held += 1
        time.sleep(random.uniform(0, 0.02))
        witness.unlink()
        if dies and turn == turns - 1:
            return "died"
        entry(options(state="absent", **given), Job(environ={}))
        time.sleep(random.uniform(0, 0.02))
    return f"held {held}"


def run(given: dict[str, Any], folder: Path, processes: int = 6, turns: int = 2, deaths: int = 1) -> list[str]:
    """Start them all; one result each."""
    tasks = [{"given": {**given, "holder": f"h{i}"}, "witness": str(folder / "witness"), "turns": turns,
              "dies": i < deaths} for i in range(processes)]
    started = [subprocess.Popen([sys.executable, "-m", "tests.fakes.contenders", json.dumps(t)], text=True,
                                stdout=subprocess.PIPE, cwd=Path(__file__).resolve().parents[2]) for t in tasks]
    return [p.communicate(timeout=300)[0].strip() for p in started]


if __name__ == "__main__":
    task = json.loads(sys.argv[1])
    print(contend(task["given"], Path(task["witness"]), task["turns"], task["dies"]))
