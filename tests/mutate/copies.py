# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A copy of the checkout with a collection tree of its own, in which one mutant at a time lives."""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

# What no test reads, and what is made anew.
_LEFT_OUT = shutil.ignore_patterns(".git", "__pycache__", ".ansible", ".*_cache", ".venv", "output", "build", "assay-results")
_PYTEST = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
_LOOK, _GONE = 0.1, 10.0


class Stopped(Exception):
    """The whole run was told to end."""


@dataclass(frozen=True)
class Result:
    """status: pytest's, or None when it did not end within its limit."""

    status: int | None
    output: str
    seconds: float


class Copy:
    """Started tests find only this copy; `stop` ends what runs in it."""

    def __init__(self, checkout: Path, folder: Path, stop: threading.Event) -> None:
        self.root = folder / "checkout"
        self.stop = stop
        self._log = folder / "log"
        self._tree = folder / "tree"
        self._changes = 0
        shutil.copytree(checkout, self.root, symlinks=True, ignore=_LEFT_OUT)
        link = self._tree / "ansible_collections/assay/clusters"
        link.parent.mkdir(parents=True)
        link.symlink_to(self.root)
        (folder / "t").mkdir()
        kept = {k: v for k, v in os.environ.items() if k != "KUBECONFIG" and not k.startswith("PYTEST_")}
        self._environ = {**kept, "PYTHONPATH": f"{self._tree}:{self.root}", "ANSIBLE_COLLECTIONS_PATH": str(self._tree),
                         "ASSAY_TREE": str(self._tree), "TMPDIR": str(folder / "t")}

    @contextmanager
    def changed(self, file: str, text: str) -> Iterator[None]:
        """The file holds this text, and then again its own."""
        path = self.root / file
        before, about = path.read_bytes(), path.stat()
        # Python knows compiled code by size and second of its source: no two mutants of a file may have the same.
        self._changes += 1
        try:
            path.write_text(text, encoding="utf-8")
            os.utime(path, (about.st_atime, int(about.st_mtime) + self._changes))
            yield
        finally:
            path.write_bytes(before)
            os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))

    def run(self, tests: tuple[str, ...], limit: float) -> Result:
        """These tests, up to the first that fails. Nothing of them is left running."""
        if self.stop.is_set():
            raise Stopped
        started = time.monotonic()
        with open(self._log, "w", encoding="utf-8") as log:
            process = subprocess.Popen(["nice", "-n", "19", sys.executable, *_PYTEST, *tests], cwd=self.root,
                                       env=self._environ, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                       start_new_session=True)
        try:
            status = self._wait(process, started + limit)
        finally:
            self._end(process)
        return Result(status, self._log.read_text(encoding="utf-8", errors="replace"), time.monotonic() - started)

    def _wait(self, process: subprocess.Popen[bytes], deadline: float) -> int | None:
        while time.monotonic() < deadline:
            if self.stop.is_set():
                raise Stopped
            try:
                return process.wait(_LOOK)
            except subprocess.TimeoutExpired:
                continue
        return None

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Until none of the tests' processes is left, also of those in a session of their own."""
        deadline = time.monotonic() + _GONE
        pids = [process.pid] if process.poll() is None else self._of_tests()
        while pids and time.monotonic() < deadline:  # again and again: who is killed may just have started another
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.poll()
            time.sleep(0.01)
            pids = self._of_tests()
        process.wait()

    def _of_tests(self) -> list[int]:
        """Who has our tree in its environment."""
        mark = f"ASSAY_TREE={self._tree}\0".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):  # gone, or somebody else's
                if mark in path.read_bytes():
                    found.append(int(path.parent.name))
        return found
