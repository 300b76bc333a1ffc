# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A folder as a store: for a web server, for a bucket that is mounted, for those who look without any cloud."""
from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ..jobs.errors import PlatformError
from .prepared import Prepared
from .store import ABSENT, Conflict, Passing

# Names of files that are being written. A killed run leaves one, and the next one removes it.
_PART = ".assay-part-"
_CHUNK = 1 << 20
# What may be better in a moment, as on shares in a network.
_PASSING = {errno.EIO, errno.EAGAIN, errno.EBUSY, errno.ESTALE, errno.ETIMEDOUT, errno.EINTR}


def _tag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class FolderStore:
    """Builds below a folder. Who writes holds a lock on the job's folder for as long as a file takes its place."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def at(self, key: str = "") -> str:
        return str(self._root / key) if key else str(self._root)

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as e:
            kind = Passing if e.errno in _PASSING else PlatformError
            raise kind(f"{self.at(key)} cannot be written or read: {e.strerror or e}") from None

    def folders(self) -> list[str]:
        """Those that hold a file, as in a bucket: a killed run may have made one and written nothing yet."""
        with self._told(""):
            try:
                return [p.name for p in os.scandir(self._root) if p.is_dir() and any(self._below(p.name))]
            except FileNotFoundError:
                return []

    def files(self, folder: str) -> dict[str, int]:
        with self._told(folder):
            return {str(p.relative_to(self._root / folder)): p.stat().st_size for p in self._below(folder)}

    def _below(self, folder: str) -> Iterator[Path]:
        return (p for p in (self._root / folder).rglob("*") if p.is_file() and not p.name.startswith(_PART))

    def get(self, key: str) -> tuple[bytes, str] | None:
        with self._told(key):
            try:
                found = (self._root / key).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None
            return found, _tag(found)

    def copy(self, key: str, sink: Callable[[bytes], Any]) -> bool:
        with self._told(key):
            try:
                with (self._root / key).open("rb") as file:
                    while chunk := file.read(_CHUNK):
                        sink(chunk)
            except (FileNotFoundError, NotADirectoryError):
                return False
            return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def put(self, key: str, file: Prepared, expect: str | None = None) -> None:
        path = self._root / key
        with self._told(key):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._forget_parts(path.parent)
            with self._part(path.parent, file) as part, self._locked():
                if expect is not None:
                    found = self.get(key)
                    if (found[1] if found else ABSENT) != expect:
                        raise Conflict(self.at(key))
                os.replace(part, path)

    @contextmanager
    def _part(self, folder: Path, file: Prepared) -> Iterator[Path]:
        """A copy beside its place, on disk as a whole, and held until it is where it belongs or gone."""
        out, part = self._held(folder)
        try:
            with out, file.path.open("rb") as source:
                shutil.copyfileobj(source, out, _CHUNK)
                out.flush()
                os.fchmod(out.fileno(), 0o666 & ~_umask())
                os.fsync(out.fileno())
                yield part
        finally:
            part.unlink(missing_ok=True)

    def _held(self, folder: Path) -> tuple[BinaryIO, Path]:
        """A new file that is held. Before it is, another run may take it for one of the dead, and then there is a next one."""
        while True:
            handle, name = tempfile.mkstemp(dir=folder, prefix=_PART)
            out = os.fdopen(handle, "wb")
            fcntl.flock(out, fcntl.LOCK_EX)
            if os.path.exists(name):
                return out, Path(name)
            out.close()

    def _forget_parts(self, folder: Path) -> None:
        """What killed runs were writing: nobody holds it. One that is being written is held."""
        for part in folder.glob(f"{_PART}*"):
            try:
                with part.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    part.unlink(missing_ok=True)
            except OSError:
                continue

    def delete(self, key: str) -> None:
        with self._told(key):
            (self._root / key).unlink(missing_ok=True)

    def close(self) -> None:
        pass


def _umask() -> int:
    """Of this process; threads that make files meanwhile see none that is wider."""
    found = os.umask(0o077)
    os.umask(found)
    return found
