# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A history in a folder: a file for each run on each cluster, written once, never changed, removed by its age.

    <folder>/<cluster>/<when it began>-<run_id>.json

Any number of controllers may add to one folder, and whoever can read JSON reads it without us.
"""
from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from ..jobs.errors import BadOption
from ..results.store import file_name
from . import entry
from .entry import Entry

_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"(\d{8}T\d{6}Z)-[0-9a-zA-Z_-]{1,64}\.json")


def name_of(one: Entry) -> str:
    """The path of an entry within the history."""
    return f"{file_name(one.cluster).removesuffix('.json')}/{one.started.strftime(_STAMP)}-{_safe(one.run_id)}.json"


def _safe(run_id: str) -> str:
    return re.sub(r"[^0-9a-zA-Z_-]", "_", run_id)[:64]


def _began(name: str) -> datetime | None:
    """When a run began, by the name of its file; None for a file that is not ours."""
    found = _NAME.fullmatch(name.rpartition("/")[2])
    return entry.moment(datetime.strptime(found[1], _STAMP).isoformat()) if found else None


# What file systems say that know no hard links.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)


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


class Folder:
    """The history in a folder of this machine. mode: of new files; folders get what lets the same people enter."""

    def __init__(self, path: str | os.PathLike[str], mode: int = 0o600, option: str = "path") -> None:
        self.path, self._mode, self._option = Path(os.path.abspath(os.path.expanduser(os.fspath(path)))), mode, option
        if os.path.lexists(self.path) and not self.path.is_dir():
            raise BadOption(f"{option}: {self.path} is no folder")

    def names(self, since: datetime | None = None) -> list[str]:
        """The paths of all runs that began at `since` or later, in the order of their beginning."""
        found = [(began, f"{p.parent.name}/{p.name}") for p in self.path.glob("[!.]*/[!.]*.json") if (began := _began(p.name))]
        return [name for began, name in sorted(found) if since is None or began >= since]

    def read(self, since: datetime | None = None) -> tuple[list[Entry], list[str]]:
        """(The runs since then, the oldest first, a sentence for each file that cannot be read)."""
        return self._read(self.names(since))

    def baselines(self, run_id: str, before: datetime) -> list[Entry]:
        """The runs of this id, "" for the newest run of each cluster that began before then."""
        found = [n for n in self.names() if not run_id or n.endswith(f"-{_safe(run_id)}.json")]
        if not run_id:
            found = list({n.partition("/")[0]: n for n in found if (began := _began(n)) and began < before}.values())
        return self._read(found)[0]

    def _read(self, names: Iterable[str]) -> tuple[list[Entry], list[str]]:
        runs, problems = [], []
        for name in names:
            try:
                runs.append(entry.of_dict(json.loads((self.path / name).read_text(encoding="utf-8"))))
            except FileNotFoundError:
                continue  # pruned meanwhile
            except (OSError, ValueError) as e:
                problems.append(f"{self.path / name}: {getattr(e, 'strerror', None) or e}")
        return sorted(runs, key=lambda r: (r.started, r.cluster, r.run_id)), problems

    def lacks(self, runs: Iterable[Entry]) -> list[Entry]:
        """Those that are not there yet."""
        return [r for r in runs if not (self.path / name_of(r)).exists()]

    def add(self, one: Entry) -> bool:
        """Whether it is new; a run that is there stays as it is. A file appears whole or not at all."""
        path = self.path / name_of(one)
        text = json.dumps(one.to_dict(), ensure_ascii=False, indent=1) + "\n"
        try:
            self._make(path.parent)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                    file.write(text)
                os.chmod(temporary, self._mode)
                return _appears(temporary, path)
            finally:
                os.unlink(temporary)
        except OSError as e:
            raise BadOption(f"{self._option}: {path} cannot be written: {e.strerror or e}") from None

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make(folder.parent)
            try:
                folder.mkdir()
                folder.chmod(self._mode | (self._mode & 0o444) >> 2)  # who may read a file may enter its folder
            except FileExistsError:  # another controller was faster
                if not folder.is_dir():
                    raise NotADirectoryError(errno.ENOTDIR, f"{folder} is no folder") from None

    def old(self, before: datetime) -> list[str]:
        """The paths of the runs that began earlier."""
        return [name for name in self.names() if (began := _began(name)) and began < before]

    def remove(self, names: Iterable[str]) -> None:
        """Remove these, and the folders of clusters that have no run any more."""
        for name in names:
            path = self.path / name
            try:
                path.unlink(missing_ok=True)
            except OSError as e:
                raise BadOption(f"{self._option}: {path} cannot be removed: {e.strerror or e}") from None
            if path.parent.is_dir() and not any(path.parent.iterdir()):
                path.parent.rmdir()
