# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A command with all that it starts: what becomes of it when the one who waits for it is interrupted."""
from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Set in the environment of the command, so that its processes are known which left its group.
MARK = "ASSAY_TEST_MARK"
# Seconds after an interrupt in which the command may tidy up.
GRACE = 30.0


class Command:
    """Its output is in a file: a pipe stays open while anything that the command started does."""

    def __init__(self, words: Sequence[str], folder: Path, output: Path, environ: Mapping[str, str]) -> None:
        self._words, self._folder, self._output = words, folder, output
        self._mark = uuid.uuid4().hex
        self._environ = {**os.environ, **environ, MARK: self._mark}

    def run(self, grace: float = GRACE) -> int:
        """Its exit status. An exception, as that of Ctrl-C, ends its process group before it goes on."""
        with ThreadPoolExecutor(1) as pool:
            # Signals reach the main thread alone: an interrupt cannot come between the start and the knowledge of its number.
            starting = pool.submit(self._start)
            try:
                return starting.result().wait()
            except BaseException:
                process = starting.result()
                _signal(process.pid, signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(grace)
                raise
            finally:
                process = starting.result()
                _signal(process.pid, signal.SIGKILL)
                process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        with open(self._output, "wb") as output:
            return subprocess.Popen(self._words, cwd=self._folder, env=self._environ, stdin=subprocess.DEVNULL,
                                    stdout=output, stderr=subprocess.STDOUT, start_new_session=True)

    def left(self) -> dict[int, str]:
        """Number and command line of every process that the command started, whatever group it is in, and that lives."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"{MARK}={self._mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
        return {number: line for number, line in found.items() if line}

    def end(self, words: str) -> None:
        """Kill what is left of it with these words in its command line. Not all: a clean-up may go on."""
        for number, line in self.left().items():
            if words in line:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
