# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is noted beside the state of a program that makes clusters: `<folder>/<name>.assay.json`, and who works on it."""
from __future__ import annotations

import contextlib
import fcntl
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ..common.files import write_whole
from ..jobs.errors import BadOption, PlatformError
from ..kube.json_text import json_of

_END = ".assay.json"
# Seconds in which whoever only looks whether a cluster is busy has let go of its lock.
_LOOK = 0.5


class Notes:
    """Notes on clusters in one folder; all are readable for their owner only."""

    def __init__(self, folder: Path):
        self._folder = folder

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}{_END}"

    def all(self) -> dict[str, dict[str, Any]]:
        names = sorted(p.name.removesuffix(_END) for p in self._folder.glob(f"*{_END}"))
        return {n: note for n in names if (note := self.read(n)) is not None}

    def read(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(json_of(self._file(name).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as e:
            raise PlatformError(f"cannot read {self._file(name)}, the notes on the cluster {name}: {e}") from None

    def write(self, name: str, **what: Any) -> None:
        """Add to the note; a note that is not there is begun."""
        begun = {"name": name, "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        note = {**begun, **(self.read(name) or {}), **what}
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self._file(name), json.dumps(note, indent=1))
        except OSError as e:
            raise BadOption(f"workdir: cannot write {self._file(name)}: {e.strerror}") from None

    def forget(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)

    # ---- one at a time ----------------------------------------------------------------------------------------
    @contextlib.contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """PlatformError where another process works on this cluster. The lock goes with the process that holds it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = open(self._folder / f".{name}.lock", "w", encoding="utf-8")  # noqa: SIM115
        except OSError as e:
            raise BadOption(f"workdir: cannot write into {self._folder}: {e.strerror}") from None
        with handle:
            end = time.monotonic() + _LOOK
            while not self._taken(handle, fcntl.LOCK_EX):
                if time.monotonic() > end:
                    raise PlatformError(f"another process works on {name} in {self._folder} right now")
                time.sleep(0.02)
            yield

    def busy(self, name: str) -> bool:
        """Whether another process works on this cluster."""
        try:
            with open(self._folder / f".{name}.lock", encoding="utf-8") as handle:
                return not self._taken(handle, fcntl.LOCK_SH)
        except OSError:
            return False

    @staticmethod
    def _taken(handle: IO[str], kind: int) -> bool:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
