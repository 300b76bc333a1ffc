# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where keys that were given as data lie, for this user alone and no longer than somebody uses them."""
from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import IO

_PREFIX = "assay-keys-"
# Longer than any run and the clean-up after it (seconds).
_STALE = 24 * 3600.0
_LOCK = "in-use"
# Between the making of a folder and its lock there is a moment (seconds, generously).
_FRESH = 60.0


class KeyFolder:
    """A folder for keys that only this user reads. It goes with close(), or, when that never came, with a later one.

    Processes that use it hold a shared lock on a file in it, so that one of the dead is told wherever the two run.
    """

    def __init__(self) -> None:
        for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError):
                about = old.stat()
                if about.st_uid == os.getuid() and about.st_mtime < time.time() - _FRESH and not self._in_use(old, about):
                    shutil.rmtree(old, ignore_errors=True)
        self.path = tempfile.mkdtemp(prefix=_PREFIX)
        self._held: dict[int, IO[str]] = {}  # by process
        self.hold()

    @staticmethod
    def _in_use(folder: Path, about: os.stat_result) -> bool:
        try:
            with open(folder / _LOCK, encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:  # of an earlier release
            return about.st_mtime > time.time() - _STALE
        return False

    def hold(self) -> None:
        """Also a fork that goes on when its parent has ended has to hold it."""
        if os.getpid() not in self._held:
            with contextlib.suppress(FileNotFoundError):  # closed already
                lock = open(os.path.join(self.path, _LOCK), "a", encoding="utf-8")  # pylint: disable=consider-using-with
                fcntl.flock(lock, fcntl.LOCK_SH)
                self._held[os.getpid()] = lock

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        if lock := self._held.pop(os.getpid(), None):
            lock.close()
