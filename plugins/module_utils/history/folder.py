# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A history in a folder of this machine, or of a share that controllers have in common."""
from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ..jobs.errors import BadOption
from .entry import Entry
from .kept import Kept, name_of, text_of

# What file systems say that know no hard links.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)
_TRIES = 20


def _entries(folder: str | Path, option: str = "") -> list[os.DirEntry[str]]:
    """What is in it and not hidden; nothing where it is not there. option: names it for who may not look into it."""
    try:
        with os.scandir(folder) as found:
            return [e for e in found if not e.name.startswith(".")]
    except FileNotFoundError:
        return []
    except PermissionError as e:
        if option:
            raise BadOption(f"{option}: {folder} cannot be read: {e.strerror}") from None
        raise


def _appears(temporary: str, path: Path) -> bool:
    """Unlike a rename a link never replaces what another controller wrote meanwhile."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as e:
        if e.errno not in _NO_LINKS:
            raise
        if path.exists():
            return False
        shutil.copymode(temporary, shutil.copyfile(temporary, f"{temporary}.new"))
        os.rename(f"{temporary}.new", path)
    return True


class Folder(Kept):
    """mode: of new files; folders get what lets the same people enter."""

    def __init__(self, path: str | os.PathLike[str], mode: int = 0o600, option: str = "path") -> None:
        self.path, self._mode, self._option = Path(os.path.abspath(os.path.expanduser(os.fspath(path)))), mode, option
        if os.path.lexists(self.path) and not self.path.is_dir():
            raise BadOption(f"{option}: {self.path} is no folder")

    def at(self, name: str = "") -> str:
        return str(self.path / name)

    def listed(self) -> list[str]:
        """One that may not be looked into is there by its own name."""
        found = []
        for top in _entries(self.path, self._option):
            try:
                found += [f"{top.name}/{e.name}" for e in _entries(top.path) if not e.is_dir()] if top.is_dir() else [top.name]
            except PermissionError:
                found.append(f"{top.name}/")
        return found

    def load(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None  # pruned meanwhile

    def add(self, one: Entry) -> bool:
        path = self.path / name_of(one)
        try:
            handle, temporary = self._beside(path)
            try:
                with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                    file.write(text_of(one))
                os.chmod(temporary, self._mode)
                return _appears(temporary, path)
            finally:
                os.unlink(temporary)
        except OSError as e:
            raise BadOption(f"{self._option}: {path} cannot be written: {e.strerror or e}") from None

    def _beside(self, path: Path) -> tuple[int, str]:
        """A new file in the cluster's folder, which another controller may remove for empty in between."""
        for _attempt in range(_TRIES):
            try:
                self._make(path.parent)
                return tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            except FileNotFoundError:
                continue
        raise FileNotFoundError(errno.ENOENT, f"{path.parent} is removed again and again")

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make(folder.parent)
            try:
                folder.mkdir()
                folder.chmod(self._mode | (self._mode & 0o444) >> 2)  # who may read a file may enter its folder
            except FileExistsError:  # another controller was faster, and may have removed it for empty since
                if not folder.is_dir() and (folder.is_symlink() or folder.is_file()):
                    raise NotADirectoryError(errno.ENOTDIR, f"{folder} is no folder") from None

    def remove(self, names: Iterable[str]) -> None:
        """Remove these, and the folders of clusters that have no run any more."""
        for name in names:
            path = self.path / name
            try:
                path.unlink(missing_ok=True)
            except OSError as e:
                raise BadOption(f"{self._option}: {path} cannot be removed: {e.strerror or e}") from None
            try:
                path.parent.rmdir()
            except OSError:  # it is not empty, or gone
                pass
