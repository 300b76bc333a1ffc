# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A history in a bucket of S3 or of Google: an object for each run, written on the condition that there is none."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from ..jobs.errors import PlatformError
from ..jobs.job import Job
from ..stores import prepared
from ..stores.store import ABSENT, Conflict, Patience, Store
from .entry import Entry
from .kept import Kept, name_of, text_of

# Requests at once, tries of each, and bytes that a run may have: those of a hundred checks are 50 KB.
_PARALLEL, _ATTEMPTS, _LARGEST = 8, 6, 1 << 24


class Bucket(Kept):
    """The history below a prefix of a bucket. What is there is listed once; others may add meanwhile, which loses nothing."""

    def __init__(self, store: Store, job: Job) -> None:
        self._store, self._job = store, job
        self._sizes: dict[str, int] | None = None

    def at(self, name: str = "") -> str:
        return self._store.at(name)

    def _there(self) -> dict[str, int]:
        """Bytes of all objects, by their names. An object named like a folder is how consoles show one."""
        if self._sizes is None:
            found = self._patience()("the list of runs", lambda: self._store.files(""))
            hidden = [n for n in found if n.endswith("/") or n.rpartition("/")[2].startswith(".")]
            self._sizes = {n: size for n, size in found.items() if n and n not in hidden}
        return self._sizes

    def _patience(self, job: Job | None = None) -> Patience:
        return Patience(job or self._job, _ATTEMPTS)

    def listed(self) -> list[str]:
        return list(self._there())

    def load(self, name: str) -> bytes | None:
        if self._there().get(name, 0) > _LARGEST:
            raise OSError(0, f"has more than {_LARGEST >> 20} MiB, so it is no run")
        # Threads have no voice.
        found = self._patience(Job())(self.at(name), lambda: self._store.get(name))
        return found[0] if found else None

    def _loaded(self, names: list[str]) -> Iterator[tuple[str, bytes | None | Exception]]:
        with ThreadPoolExecutor(_PARALLEL) as pool:
            yield from zip(names, pool.map(self._tried, names), strict=True)

    def add(self, one: Entry) -> bool:
        name, text = name_of(one), text_of(one)
        patience = self._patience()
        with prepared.work() as work:
            file = work.text(name, text, cache=prepared.NEVER)
            try:
                patience(self.at(name), lambda: self._store.put(name, file, ABSENT))
            except Conflict:
                # The answer to the first try may have been lost, and the second one met what that wrote.
                if not patience.again or self.load(name) != file.path.read_bytes():
                    return False
        self._there()[name] = file.size
        return True

    def remove(self, names: Iterable[str]) -> None:
        names = list(names)
        with ThreadPoolExecutor(_PARALLEL) as pool:
            for name, error in zip(names, pool.map(self._removed, names), strict=True):
                if error:
                    raise error
                self._there().pop(name, None)

    def _removed(self, name: str) -> PlatformError | None:
        try:
            self._patience(Job())(self.at(name), lambda: self._store.delete(name))
        except PlatformError as e:
            return e
        return None

    def close(self) -> None:
        self._store.close()
