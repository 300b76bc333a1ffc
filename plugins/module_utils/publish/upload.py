# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A build into its place, in an order in which nobody ever reads a finished run that lacks a file.

started.json claims the id: it is written only where there is none. Then the log and the artifacts; they are read back;
finished.json; at last latest-build.txt, which never goes back. So a run that was killed anywhere is taken up by the next one,
and two that publish at once never share an id. A build that is finished is never changed.
"""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ..common.words import plural
from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from ..runs.limits import MIB, Unzipped
from ..stores.prepared import NEVER, Prepared, Work
from ..stores.store import ABSENT, Conflict, Patience, Store
from . import documents
from .content import Content

STARTED, FINISHED, LATEST = "started.json", "finished.json", "latest-build.txt"
# How often an id is looked for again when others take it meanwhile.
_RACES = 20
_THREADS = 8


@dataclass
class Outcome:
    """action: publish, complete (of a build that a killed run began), keep (it is there already); as said of the plan, too.

    written: keys that were written, or would be. latest: whether latest-build.txt names it now.
    """

    build: int
    action: str
    written: list[str] = field(default_factory=list)
    latest: bool = False
    notes: list[str] = field(default_factory=list)


class _Sum:
    """sha256 of content, unpacked where it is gzip."""

    def __init__(self) -> None:
        self._sha, self._packed, self._begun = hashlib.sha256(), bytearray(), False
        self._unzip: Any = None
        self.size = 0

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if not self._begun and chunk:
            self._begun = True
            self._unzip = _Feed() if chunk.startswith(b"\x1f\x8b") else None
        if self._unzip is None:
            self._sha.update(chunk)
        else:
            self._unzip.feed(chunk, self._sha.update)

    def hex(self) -> str:
        return self._sha.hexdigest()


class _Feed:
    """Unzipped, fed by pieces."""

    def __init__(self) -> None:
        self._waiting = b""
        self._out = Unzipped(self)

    def read(self, size: int = MIB) -> bytes:
        found, self._waiting = self._waiting[:size], self._waiting[size:]
        return found

    def feed(self, chunk: bytes, sink: Callable[[bytes], Any]) -> None:
        self._waiting += chunk
        try:
            while found := self._out.read(MIB):
                sink(found)
        except EOFError:  # the next piece goes on
            pass


class Upload:
    """One build of one job. late: next, own or refuse, for a run that is older than the newest build."""

    def __init__(self, store: Store, content: Content, work: Work, job: Job, patience: Patience, late: str,
                 build_id: int | None, read_back: bool) -> None:
        self._store, self._content, self._work, self._job = store, content, work, job
        self._patience, self._late, self._given, self._read_back = patience, late, build_id, read_back
        self._notes: list[str] = []

    # ---- which build ---------------------------------------------------------------------------------------------
    def _ids(self) -> list[int]:
        found = self._patience(self._store.at(), self._store.folders)
        return sorted(int(n) for n in found if n.isdecimal() and n.isascii())

    def _owner(self, build: int) -> str:
        found = self._get(f"{build}/{STARTED}")
        return documents.whose(found[0]) if found else ""

    def _get(self, key: str) -> tuple[bytes, str] | None:
        return self._patience(self._store.at(key), lambda: self._store.get(key))

    def _ours(self, ids: list[int]) -> int | None:
        """The build that has this run already. One that came late has an id after its own, so all from there are looked at."""
        wanted = self._given or self._content.at
        looked = [i for i in ids if i == wanted or not self._given and i > wanted]
        with ThreadPoolExecutor(_THREADS) as pool:
            owners = list(pool.map(self._owner, looked))
        return next((i for i, o in zip(looked, owners, strict=True) if o == self._content.fingerprint), None)

    def _free(self, ids: list[int]) -> int:
        """The id of a new build."""
        newest = ids[-1] if ids else 0
        wanted = self._given or self._content.at
        where = self._store.at()
        if self._given and wanted in ids:
            raise BadOption(f"build_id: {self._store.at(str(wanted))} is another run's; there is never a second build under "
                            "one id")
        if wanted > newest:
            return wanted
        if self._late == "own":
            if wanted in ids:
                raise PlatformError(f"{self._store.at(str(wanted))} is another run's, which began in the same second; set "
                                    "build_id, or late=next")
            self._notes.append(f"{wanted} is less than {newest}, the newest build of {where}, so TestGrid does not show it")
            return wanted
        if self._given:
            raise BadOption(f"build_id: {wanted} is not greater than {newest}, the newest build of {where}, so TestGrid would "
                            "not show it; leave build_id out for the next id, or set late=own")
        if self._late == "refuse":
            raise PlatformError(f"the run of {wanted} is not newer than {newest}, the newest build of {where}, and late=refuse "
                                "was set")
        self._notes.append(f"it began before the newest build of {where} and has the next id, {newest + 1}, as TestGrid shows "
                           "no other")
        return newest + 1

    # ---- files ---------------------------------------------------------------------------------------------------
    def _put(self, key: str, file: Prepared, expect: str | None = None) -> None:
        self._patience(self._store.at(key), lambda: self._store.put(key, file, expect))

    def _same(self, build: int, file: Prepared) -> bool | None:
        """Whether the file is there as it should be; None where it is not there."""
        key = f"{build}/{file.key}"

        def ask() -> bool | None:
            found = _Sum()
            if not self._store.copy(key, found.add):
                return None
            return found.hex() == file.sha256

        return self._patience(self._store.at(key), ask)

    def _there(self, build: int) -> dict[str, int]:
        return self._patience(self._store.at(str(build)), lambda: self._store.files(str(build)))

    def _lacking(self, build: int, is_finished: bool) -> list[Prepared]:
        """Files that are not there, or not as they should be, which may be in a build only that is not finished."""
        there = self._there(build)
        out = []
        for file in self._content.files:
            same = (self._same(build, file) if self._read_back else there[file.key] == file.size) if file.key in there else None
            if same is False and is_finished:
                raise self._changed(build, file.key)
            if not same:
                out.append(file)
        return out

    def _changed(self, build: int, key: str) -> PlatformError:
        return PlatformError(f"{self._store.at(f'{build}/{key}')} is of this run and differs from what would be published now; a "
                             "build that is finished is not changed: publish with the options of the first time, or remove it")

    # ---- the way -------------------------------------------------------------------------------------------------
    def plan(self) -> Outcome:
        """What `run` would do; nothing is written."""
        ids = self._ids()
        build = self._ours(ids)
        if build is None:
            build = self._free(ids)
            keys = [STARTED, *(f.key for f in self._content.files), FINISHED]
            return Outcome(build, "publish", keys + self._latest_key(build), self._is_latest(build), self._notes)
        is_finished = self._finished(build)
        keys = [f.key for f in self._lacking(build, is_finished)] + ([] if is_finished else [FINISHED])
        keys += self._latest_key(build)
        return Outcome(build, self._action(keys), keys, self._is_latest(build), self._notes)

    def run(self) -> Outcome:
        build, is_new = self._claim()
        is_finished = not is_new and self._finished(build)
        written = [STARTED] if is_new else []
        lacking = self._content.files if is_new else self._lacking(build, is_finished)
        for file in lacking:
            self._put(f"{build}/{file.key}", file)
            written.append(file.key)
        self._verify(build, lacking)
        if not is_finished and self._finish(build):
            written.append(FINISHED)
        if self._latest(build):
            written.append(LATEST)
        action = "publish" if is_new else self._action(written)
        if written:
            self._job.tell(f"{self._store.at(str(build))}: {plural(len(written), 'file')} written")
        return Outcome(build, action, written, self._is_latest(build), self._notes)

    def _action(self, keys: list[str]) -> str:
        return "complete" if keys else "keep"

    def _claim(self) -> tuple[int, bool]:
        """(the build, whether it was begun just now)."""
        for _race in range(_RACES):
            ids = self._ids()
            self._notes = []
            build = self._ours(ids)
            if build is not None:
                return build, False
            build = self._free(ids)
            try:
                self._put(f"{build}/{STARTED}", self._content.started, ABSENT)
            except Conflict:  # somebody else, or we ourselves, where the answer was lost
                if self._owner(build) != self._content.fingerprint:
                    continue
            return build, True
        raise PlatformError(f"{self._store.at()}: others took {_RACES} ids in a row; it was given up")

    def _verify(self, build: int, files: list[Prepared]) -> None:
        there = {} if self._read_back else self._there(build)
        for file in files:
            good = self._same(build, file) if self._read_back else there.get(file.key) == file.size
            if not good:
                raise PlatformError(f"{self._store.at(f'{build}/{file.key}')} is not what was written, so the build was not "
                                    "finished")

    def _finished(self, build: int) -> bool:
        """PlatformError where it is, and says something else."""
        found = self._get(f"{build}/{FINISHED}")
        if found and hashlib.sha256(found[0]).hexdigest() != self._content.finished.sha256:
            raise self._changed(build, FINISHED)
        return bool(found)

    def _finish(self, build: int) -> bool:
        """Whether it was written just now."""
        try:
            self._put(f"{build}/{FINISHED}", self._content.finished, ABSENT)
        except Conflict:
            return not self._finished(build)
        if self._same(build, self._content.finished) is not True:
            raise PlatformError(f"{self._store.at(f'{build}/{FINISHED}')} is not what was written")
        return True

    # ---- the newest ----------------------------------------------------------------------------------------------
    def _newest(self) -> tuple[int, str]:
        """(the build that latest-build.txt names, -1 for none; its tag)."""
        found = self._get(LATEST)
        text = found[0].decode("utf-8", "replace").strip() if found else ""
        return int(text) if text.isdecimal() and text.isascii() else -1, found[1] if found else ABSENT

    def _is_latest(self, build: int) -> bool:
        return self._newest()[0] == build

    def _latest_key(self, build: int) -> list[str]:
        return [LATEST] if self._newest()[0] < build else []

    def _latest(self, build: int) -> bool:
        """Whether it was written just now: only where it named an older build."""
        file = self._work.text(LATEST, str(build), cache=NEVER)
        for _race in range(_RACES):
            newest, tag = self._newest()
            if newest >= build:
                return False
            try:
                self._put(LATEST, file, tag)
                return True
            except Conflict:
                continue
        raise PlatformError(f"{self._store.at(LATEST)}: others wrote it {_RACES} times in a row; it was given up")
