# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where files go that are published or kept: a folder or a bucket, behind one protocol of whole files and conditions."""
from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from ..jobs.errors import PlatformError
from ..jobs.job import Job
from .prepared import Prepared

# What a file must be like before it is written: anything (None), not there (ABSENT), or as the tag says that `get` gave.
ABSENT = ""
Got = TypeVar("Got")
# Seconds before the second try, and at most; each pause is about twice the one before.
_FIRST, _LONGEST = 0.5, 30.0


class Passing(PlatformError):
    """What may be better in a moment: the store is busy, the network was away."""


class Conflict(Exception):
    """The condition of a write is not met: somebody else was faster."""


class Store(Protocol):
    """One place. Keys are paths below it; a file is there whole or not at all.

    Passing is raised for what may be better in a moment, PlatformError for what will not.
    """

    def at(self, key: str = "") -> str:
        """As a user writes it: s3://bucket/job/key."""

    def folders(self) -> list[str]:
        """Names of the folders directly below the job."""

    def files(self, folder: str) -> dict[str, int]:
        """Bytes of the files below a folder, "" for all, by their paths within it."""

    def get(self, key: str) -> tuple[bytes, str] | None:
        """A small file and the tag of what was read; None where there is none."""

    def copy(self, key: str, sink: Callable[[bytes], Any]) -> bool:
        """Hands all bytes on as they are stored; False where there is no such file."""

    def put(self, key: str, file: Prepared, expect: str | None = None) -> None:
        """Writes a file, as it says of itself. Conflict where `expect` (see ABSENT) is not met."""

    def delete(self, key: str) -> None:
        """Nothing where there is none."""

    def close(self) -> None:
        ...


class Patience:
    """Tries again what may be better in a moment, each time after a longer pause, until attempts or time are used up."""

    def __init__(self, job: Job, attempts: int, chance: random.Random | None = None) -> None:
        self._job, self._attempts, self._chance = job, attempts, chance or random.Random()
        self.again = 0

    def __call__(self, what: str, do: Callable[[], Got]) -> Got:
        for attempt in range(1, self._attempts + 1):
            try:
                return do()
            except Passing as e:
                if attempt == self._attempts:
                    times = f" (tried {attempt} times)" if attempt > 1 else ""
                    raise PlatformError(f"{e}{times}", **e.details) from None
                pause = min(_LONGEST, _FIRST * 2 ** (attempt - 1)) * self._chance.uniform(0.5, 1.0)
                self.again += 1
                self._job.tell(f"{e}; again in {pause:.1f} s")
                self._job.pause(pause, f"{what} ({e})")
        raise AssertionError("no attempt was made")
