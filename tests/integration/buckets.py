# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Publishing to a store as readers of it see that: what is there, and what they would stumble over."""
from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.publish.job import entry
from tests.fakes.store_front import FINE, StoreFront
from tests.unit.publish.builders import FIRST, options, unfit

CHECKOUT = Path(__file__).resolve().parents[2]
WHOLE = ["started.json", "build-log.txt", "artifacts/junit_01.xml", "finished.json"]


def publish(src: Path, check: bool = False, **more: Any) -> dict[str, Any]:
    [build] = entry(options(src, **more), Job(check_mode=check))["builds"]
    return build


class Process:
    """A run of the module that can be killed."""

    def __init__(self, params: dict[str, Any], *killed: str) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "tests.fakes.publisher", json.dumps(params), *killed], cwd=CHECKOUT, text=True,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def kill(self) -> None:
        os.kill(self._process.pid, signal.SIGKILL)

    def end(self) -> int:
        out, errors = self._process.communicate(timeout=300)
        print(out, errors)
        return self._process.returncode


def is_whole(held: dict[str, bytes], build: int = FIRST) -> bool:
    return set(held) == {*(f"{build}/{n}" for n in WHOLE), "latest-build.txt"} and held["latest-build.txt"] == str(build).encode()


def killed_at_random(front: StoreFront, seed: int, src: Path, held: Callable[[], dict[str, bytes]], empty: Callable[[], None], **more: Any) -> None:
    """kill -9 at ten of the requests that publishing takes, before the store has them or after: half a run is never read for a
    whole one, and the next run completes it.
    """
    publish(src, **more)
    requests = len(front.asked)
    points = random.Random(seed).sample([(n, when) for n in range(requests) for when in ("before", "after")], 10)
    for number, when in points:
        empty()
        front.asked.clear()
        process = Process(options(src, **more))

        def kill(at: int, _method: str, _path: str, wanted: int = number, dying: Process = process) -> str:
            if at == wanted:
                dying.kill()
            return FINE

        setattr(front, when, kill)
        assert process.end() == -signal.SIGKILL, (number, when)
        setattr(front, when, lambda *_request: FINE)
        assert unfit(held()) == [], (number, when)
        build = publish(src, **more)
        assert is_whole(held()) and build["latest"], (number, when, sorted(held()))
