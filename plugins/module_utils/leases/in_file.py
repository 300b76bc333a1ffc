# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A lease in a file, for a cluster that is being rebuilt: read and changed under a lock, replaced in one step.

The lock is a file of its own beside it, because the lease's file is another one after each change. It stays: whoever
removed it would part those who wait for it from those who come.
"""
from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..common.files import write_whole
from ..jobs.errors import BadOption, PlatformError
from ..kube.json_text import json_of
from .lease import Lease, Seen

# Seconds until the lock of another is called stuck; it is held for some milliseconds.
_LOCK_LIMIT = 30.0


def _boot() -> tuple[str, float]:
    """(this boot of this machine, seconds since it began): a clock that nobody sets. Empty where there is none."""
    try:
        name = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return name, time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, AttributeError):
        return "", 0.0


class FileLease:
    """A Place (lease.py). Those who share the file by a network share its locks and need clocks that agree."""

    def __init__(self, path: str):
        self.path = Path(os.path.abspath(os.path.expanduser(path)))
        self._lock_path = self.path.with_name(f"{self.path.name}.lock")

    def __str__(self) -> str:
        return f"the lease {self.path}"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as e:
            raise BadOption(f"path: {self._lock_path} cannot be made: {e.strerror}; name a folder that you can write") \
                from None
        try:
            end = time.monotonic() + _LOCK_LIMIT
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > end:
                        raise PlatformError(f"{self}: another process has locked {self._lock_path} for more than "
                                            f"{_LOCK_LIMIT:.0f} s") from None
                    time.sleep(0.02)
                except OSError as e:
                    raise PlatformError(f"{self}: {self._lock_path} cannot be locked: {e.strerror}; its file system must "
                                        "know locks") from None
            yield
        finally:
            os.close(handle)  # and with it the lock

    def _load(self) -> Seen:
        """Under the lock. Age is told by this boot's clock where it wrote the file, by the wall clock otherwise."""
        now = time.time()
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Seen(None, "", now)
        except (OSError, UnicodeDecodeError) as e:
            raise PlatformError(f"{self} cannot be read: {getattr(e, 'strerror', None) or 'it is not text'}") from None
        try:
            data = json_of(text)
            lease = Lease(**{n: data[n] for n in ("holder", "token", "acquired", "renewed", "duration", "reason",
                                                  "takeovers")})
            since = data["boot"]
            boot, clock = _boot()
            if boot and since["id"] == boot:
                shift = round(now - (clock - since["clock"]) - lease.renewed)  # by which the clock was set meanwhile
                lease = Lease(**{**lease.__dict__, "renewed": lease.renewed + shift, "acquired": lease.acquired + shift})
        except (ValueError, KeyError, TypeError):
            raise PlatformError(f"{self} holds something else than a lease; name another path, or remove that file") \
                from None
        return Seen(lease, data["version"], now)

    def read(self) -> Seen:
        with self._locked():
            return self._load()

    def write(self, lease: Lease, version: str) -> bool:
        with self._locked():
            if self._load().version != version:
                return False
            boot, clock = _boot()
            # renewed is of this moment or a little before; both clocks are kept for the same moment
            clock -= time.time() - lease.renewed
            data = {**lease.__dict__, "version": os.urandom(8).hex(), "boot": {"id": boot, "clock": clock}}
            try:
                write_whole(self.path, json.dumps(data), 0o666, durable=True)
            except OSError as e:
                raise PlatformError(f"{self} cannot be written: {e.strerror}") from None
            return True

    def remove(self, version: str) -> bool:
        with self._locked():
            if self._load().version != version:
                return False
            self.path.unlink(missing_ok=True)
            return True
