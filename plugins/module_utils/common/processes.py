# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Other processes watched until they end, on Linux and elsewhere, and marks of CI runners taken off this one.

A runner ends what its job leaves behind: GitHub's every process with the RUNNER_TRACKING_ID of the job, Jenkins' every one with its
cookies (hudson.util.ProcessTree asks for all of those of the build; JENKINS_NODE_COOKIE alone is for a pipeline's sh). Both read the
environment that a process was started with, which the kernel shows from the process's own memory (proc(5), /proc/pid/environ). That
of GitLab ends the process group only.
"""
from __future__ import annotations

import contextlib
import ctypes
import os
import select
import time
from collections.abc import Mapping
from pathlib import Path

COOKIES = ("RUNNER_TRACKING_ID", "JENKINS_NODE_COOKIE", "JENKINS_SERVER_COOKIE", "HUDSON_SERVER_COOKIE", "HUDSON_COOKIE")
# Where the environment begins and ends among the fields of /proc/self/stat after the name in brackets (proc(5): 50 and 51).
_BEGINS, _ENDS = 50 - 3, 51 - 3
_LOOK = 0.5


class Watched:
    """Somebody else's process. ProcessLookupError where there is none. files: what must stay open in a child that watches.

    Without pidfd_open (systems other than Linux) it is looked for by its number now and then.
    """

    def __init__(self, number: int):
        self._number, opened = number, getattr(os, "pidfd_open", None)
        self.files: tuple[int, ...] = (opened(number),) if opened is not None else ()
        if not opened and not (number > 0 and self._there()):
            raise ProcessLookupError(number)

    def ended(self, seconds: float | None = None) -> bool:
        """Whether it ended within the time, None: however long it takes."""
        if self.files:
            poll = select.poll()
            poll.register(self.files[0], select.POLLIN)
            return bool(poll.poll(None if seconds is None else max(0.0, seconds) * 1000))
        end = float("inf") if seconds is None else time.monotonic() + seconds
        while self._there():
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(_LOOK, left))
        return True

    def _there(self) -> bool:
        try:
            os.kill(self._number, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # somebody else's
        return True

    def close(self) -> None:
        for file in self.files:
            os.close(file)
        self.files = ()


def unmarked(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment for a process that shall outlive a job of CI."""
    return {k: v for k, v in environ.items() if k not in COOKIES}


def take_off_marks() -> None:
    """So that no runner of CI takes this process for one of its job. Elsewhere than on Linux it stays one."""
    for name in COOKIES:
        os.environ.pop(name, None)
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        begin, end = int(fields[_BEGINS]), int(fields[_ENDS])
        if 0 < begin < end:
            _blank(begin, ctypes.string_at(begin, end - begin))


def _blank(begin: int, block: bytes) -> None:
    """Values of our cookies in the block that the kernel shows; names and lengths stay, as others may point into it."""
    at = 0
    for entry in block.split(b"\0"):
        name, equals, value = entry.partition(b"=")
        if equals and value and os.fsdecode(name) in COOKIES:
            ctypes.memset(begin + at + len(name) + 1, ord("0"), len(value))
        at += len(entry) + 1
