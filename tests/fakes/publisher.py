# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""python -m tests.fakes.publisher OPTIONS [FOLDER NUMBER]: publishes in a process of its own, with options of results_publish in JSON.

FOLDER NUMBER: it is killed by SIGKILL at the so-many-th time that it opens, makes, renames or locks something below the folder.
"""
from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.publish.job import entry

_EVENTS = ("open", "os.rename", "os.mkdir", "os.remove", "os.listdir", "os.scandir", "tempfile.mkstemp")


def _killed_at(folder: str, number: int) -> None:
    left = [number]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _EVENTS and any(str(a).startswith(folder) for a in arguments):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def main() -> None:
    params = json.loads(sys.argv[1])
    if len(sys.argv) > 2:
        _killed_at(sys.argv[2], int(sys.argv[3]))
    print(json.dumps(entry(params, Job())))


if __name__ == "__main__":
    main()
