# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A history wherever it is kept: a file for each run on each cluster, written once, never changed, removed by its age.

    <place>/<cluster>/<when it began>-<run_id>.json

Any number of controllers may add to one place, and whoever can read JSON reads it without us.
"""
from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import datetime

from ..common.words import plural
from ..jobs.errors import PlatformError
from ..kube.json_text import json_of
from ..results.store import file_name
from ..results.text import shorten
from . import entry
from .entry import Entry

_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"[^./][^/]*/(\d{8}T\d{6}Z)-[0-9a-zA-Z_-]{1,64}\.json")
# Names of what is no run, in a sentence, and their characters.
_NAMED, _WIDTH = 5, 300


def name_of(one: Entry) -> str:
    """The path of an entry within the history."""
    return f"{file_name(one.cluster).removesuffix('.json')}/{one.started.strftime(_STAMP)}-{_safe(one.run_id)}.json"


def text_of(one: Entry) -> str:
    """What its file holds."""
    return json.dumps(one.to_dict(), ensure_ascii=False, indent=1) + "\n"


def _safe(run_id: str) -> str:
    return re.sub(r"[^0-9a-zA-Z_-]", "_", run_id)[:64]


def _began(name: str) -> datetime | None:
    """When a run began, by the name of its file; None for a file that is not ours."""
    found = _NAME.fullmatch(name)
    try:
        return entry.moment(datetime.strptime(found[1], _STAMP).isoformat()) if found else None
    except ValueError:  # the 31st of February
        return None


class Kept(ABC):
    """What is the same of every history. Names are paths within it."""

    @abstractmethod
    def at(self, name: str = "") -> str:
        """As a user writes it."""

    @abstractmethod
    def listed(self) -> list[str]:
        """Names of all files that are there, but those that are hidden."""

    @abstractmethod
    def load(self, name: str) -> bytes | None:
        """None where it is gone meanwhile. OSError or PlatformError where it cannot be read."""

    @abstractmethod
    def add(self, one: Entry) -> bool:
        """Whether it is new; a run that is there stays as it is. A file appears whole or not at all."""

    @abstractmethod
    def remove(self, names: Iterable[str]) -> None:
        """Remove these; nothing for those that are gone."""

    def close(self) -> None:
        pass

    def names(self, since: datetime | None = None) -> list[str]:
        """The names of all runs that began at `since` or later, in the order of their beginning."""
        found = [(began, name) for name in self.listed() if (began := _began(name))]
        return [name for began, name in sorted(found) if since is None or began >= since]

    def read(self, since: datetime | None = None) -> tuple[list[Entry], list[str]]:
        """(The runs since then, the oldest first; a sentence for each unreadable file, one for all that are no runs)."""
        runs, problems = self._read(self.names(since))
        foreign = sorted(n for n in self.listed() if not _began(n))
        if foreign:
            problems.append(f"{self.at()}: {plural(len(foreign), 'file')} of another name than runs have, passed over: "
                            f"{shorten(', '.join(foreign[:_NAMED]), _WIDTH)}{', ...' if len(foreign) > _NAMED else ''}")
        return runs, problems

    def baselines(self, run_id: str, before: datetime) -> list[Entry]:
        """The runs of this id, "" for the newest run of each cluster that began before then."""
        found = [n for n in self.names() if not run_id or n.endswith(f"-{_safe(run_id)}.json")]
        if not run_id:
            found = list({n.partition("/")[0]: n for n in found if (began := _began(n)) and began < before}.values())
        return self._read(found)[0]

    def _loaded(self, names: list[str]) -> Iterator[tuple[str, bytes | None | Exception]]:
        return ((name, self._tried(name)) for name in names)

    def _tried(self, name: str) -> bytes | None | Exception:
        try:
            return self.load(name)
        except (OSError, PlatformError) as e:
            return e

    def _read(self, names: list[str]) -> tuple[list[Entry], list[str]]:
        runs, problems, refused = [], [], []
        for name, found in self._loaded(names):
            if isinstance(found, Exception):
                refused.append(found)
                problems.append(_about(self.at(name), found))
            elif found is not None:
                try:
                    runs.append(entry.of_dict(json_of(found.decode("utf-8"))))
                except ValueError as e:
                    problems.append(_about(self.at(name), e))
        # A right that is missing, or a store that is away, is no matter of one file.
        if refused and len(refused) == len(names) and isinstance(refused[0], PlatformError):
            raise refused[0]
        return sorted(runs, key=lambda r: (r.started, r.cluster, r.run_id)), problems

    def lacks(self, runs: Iterable[Entry]) -> list[Entry]:
        """Those that are not there yet."""
        there = set(self.listed())
        return [r for r in runs if name_of(r) not in there]

    def old(self, before: datetime) -> list[str]:
        """The names of the runs that began earlier."""
        return [name for name in self.names() if (began := _began(name)) and began < before]


def _about(where: str, error: Exception) -> str:
    """A store's own sentence names the file already."""
    said = str(getattr(error, "strerror", None) or error)
    return said if where in said else f"{where}: {said}"
