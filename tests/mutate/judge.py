# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each mutant in a copy of the checkout against its tests, after these were green without it."""
from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from .copies import Copy, Result
from .lists import Mutant, Stale, mutated

KILLED, SURVIVED, STALE = "killed", "survived", "stale"
_GREEN_LIMIT = 900.0
_LEAST, _TIMES = 60.0, 10.0
_WIDE = 120
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+\.py\b.*?)(?: - .*)?$", re.MULTILINE)
_PASSED = re.compile(r"\b\d+ passed\b")

Job = TypeVar("Job")
Answer = TypeVar("Answer")
Say = Callable[[str], None]


class Red(Exception):
    """Tests that fail without any mutant, or select nothing; with the end of what they said."""


@dataclass(frozen=True)
class Outcome:
    mutant: Mutant
    kind: str
    detail: str = ""

    @property
    def excused(self) -> bool:
        return self.kind == SURVIVED and bool(self.mutant.reason)

    @property
    def failed(self) -> bool:
        return self.kind == STALE or self.kind == SURVIVED and not self.mutant.reason

    def __str__(self) -> str:
        mutant = self.mutant
        text = f"[{mutant.room}] {mutant.id} {self.kind}"
        if self.kind == KILLED:
            return f"{text}: {self.detail}" + (" (it has a reason to survive: drop that)" if mutant.reason else "")
        if self.excused:
            return f"{text}, with reason: {mutant.reason}"
        said = "; ".join(filter(None, (self.detail, mutant.what)))
        return f"{text} {mutant.file}" + (f": {said}" if said else "")


class Judge:
    """Copies of one checkout, as many as may run at once."""

    def __init__(self, checkout: Path, folder: Path, jobs: int, say: Say) -> None:
        self._say = say
        self._stop = threading.Event()
        self._seconds: dict[tuple[str, ...], float] = {}
        self._free: queue.SimpleQueue[Copy] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(jobs)
        source = checkout
        for number in range(jobs):  # of the first copy, not of a checkout in which somebody may be writing
            copy = Copy(source, folder / str(number), self._stop)
            source = copy.root
            self._free.put(copy)
        self.root = source

    def green(self, mutants: list[Mutant]) -> None:
        """Every selection of tests once on the code as it is. Raises Red."""
        selections = sorted({m.tests for m in mutants})
        self._say(f"{len(mutants)} mutants; first their tests without one, {len(selections)} selection(s)")
        for tests, result in self._each(selections, lambda copy, tests: (tests, copy.run(tests, _GREEN_LIMIT))):
            if result.status or not _PASSED.search(result.output):
                raise Red(f"{' '.join(tests)} is not green without a mutant ({_end(result)}):\n{result.output[-3000:]}")
            self._seconds[tests] = result.seconds
            self._say(f"green in {result.seconds:.0f} s: {' '.join(tests)}")

    def judge(self, mutants: list[Mutant]) -> list[Outcome]:
        """What became of each, in their order; told as it comes."""
        outcomes = []
        for outcome in self._each(mutants, self._one):
            outcomes.append(outcome)
            self._say(f"{len(outcomes)}/{len(mutants)} {outcome}")
        return sorted(outcomes, key=lambda o: mutants.index(o.mutant))

    def _one(self, copy: Copy, mutant: Mutant) -> Outcome:
        limit = mutant.limit or max(_LEAST, _TIMES * self._seconds[mutant.tests])
        with copy.changed(mutant.file, mutated(mutant, copy.root)):
            result = copy.run(mutant.tests, limit)
        if result.status == 0:
            return Outcome(mutant, SURVIVED)
        if result.status in (3, 4, 5):  # pytest's own trouble, wrong arguments, no test: that proves nothing
            return Outcome(mutant, STALE, f"pytest {_end(result)}: {result.output.strip()[-300:]}")
        return Outcome(mutant, KILLED, f"{_end(result)} ({result.seconds:.0f} s)")

    def _each(self, jobs: list[Job], work: Callable[[Copy, Job], Answer]) -> Iterator[Answer]:
        def one(job: Job) -> Answer:
            copy = self._free.get()
            try:
                return work(copy, job)
            finally:
                self._free.put(copy)

        for future in as_completed([self._pool.submit(one, job) for job in jobs]):
            yield future.result()

    def close(self) -> None:
        """Ends what still runs."""
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)


def _end(result: Result) -> str:
    """How its tests ended, in a few words."""
    if result.status is None:
        return "time-out"
    failed = _FAILED.search(result.output)
    return failed[1][:_WIDE] if failed else f"ended with status {result.status}"


@contextmanager
def judging(checkout: Path, jobs: int, say: Say) -> Iterator[Judge]:
    """A judge whose copies and processes are gone afterwards."""
    with TemporaryDirectory(prefix="mutate-", ignore_cleanup_errors=True) as folder:
        judge = Judge(checkout, Path(folder), jobs, say)
        try:
            yield judge
        finally:
            judge.close()


def fitting(mutants: list[Mutant], root: Path) -> tuple[list[Mutant], list[Outcome]]:
    """Those that fit the code, and those that are stale."""
    fit, stale = [], []
    for mutant in mutants:
        try:
            mutated(mutant, root)
            fit.append(mutant)
        except Stale as e:
            stale.append(Outcome(mutant, STALE, str(e)))
    return fit, stale
