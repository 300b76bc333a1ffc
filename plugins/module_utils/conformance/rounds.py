# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rounds of a run: all tests that are wanted, then those that failed once more, each in a pod and a folder of its own.

A pod stays to the end of the run: who goes on with the run finds what ended before.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..jobs.errors import PlatformError
from ..jobs.job import Job
from ..runs import read
from ..runs.limits import SourceError
from ..runs.model import Run
from . import manifests
from .beside import Beside
from .follow import End, Follow
from .progress import plain_name
from .space import Space
from .wanted import Wanted, quoted

# More that failed are no flakes, and their names do not fit into one expression.
_MOST = 100


@dataclass
class Round:
    """number 0: all tests that are wanted. run: None where nothing can be read of it."""

    number: int
    folder: Path
    end: End
    run: Run | None = None

    def failed(self) -> list[str]:
        """Names of tests that failed, without those nodes of the suite that did."""
        return [plain_name(c.name) for c in self.run.cases if c.bad and not c.setup] if self.run else []

    def passed(self) -> set[str]:
        return {plain_name(c.name) for c in self.run.cases if c.ran and not c.bad and not c.setup} if self.run else set()


def again(tests: Wanted, failed: list[str]) -> Wanted:
    """Those that failed and nothing else, one after the other."""
    return replace(tests, focus="|".join(f"{quoted(n)}$" for n in failed), skip="", parallel=1)


class Rounds:
    """go() runs them; rounds: what came of it, the first one all tests."""

    def __init__(self, space: Space, params: Mapping[str, Any], tests: Wanted, version: str, image: str, output_image: str,
                 folder: Path, beside: Beside, job: Job):
        self._space, self._params, self._tests, self._version = space, params, tests, version
        self._image, self._output_image, self._folder, self._beside, self._job = image, output_image, folder, beside, job
        self.rounds: list[Round] = []
        self.e2e_runs: set[str] = set()

    def go(self) -> None:
        first = self._round(0, self._tests, self._folder)
        self.rounds.append(first)
        self._beside.last()
        failed = first.failed()
        for number in range(1, self._params["rerun_failed"] + 1):
            if not failed or not first.end.whole:
                return
            if len(failed) > _MOST:
                self._job.tell(f"{len(failed)} tests failed, which are too many to be flakes: none is run again")
                return
            self._job.tell(f"{len(failed)} of the tests run again, apart from the run itself")
            folder = self._folder.with_name(f"{self._folder.name}-rerun-{number}")
            folder.mkdir(exist_ok=True)
            self.rounds.append(self._round(number, again(self._tests, failed), folder))
            failed = [n for n in failed if n not in self.rounds[-1].passed()]

    def beside_of(self, name: str, text: str) -> dict[str, Any]:
        """What our checks found when a test failed."""
        return self._beside.beside(name, text)

    def _round(self, number: int, tests: Wanted, folder: Path) -> Round:
        name = manifests.POD if number == 0 else f"{manifests.POD}-{number}"
        pod = manifests.pod(name, self._image, self._output_image, tests, self._version,
                            self._space.secrets(self._params["pull_secrets"]), self._params["node_selector"])
        self._space.start(pod, tests)
        follow = Follow(self._space, name, folder, self._job, self._beside.failed if number == 0 else lambda failures: None,
                        self._beside.now_and_then)
        follow.wait_until_it_runs(self._params["start_timeout"])
        follow.resume()
        try:
            end = follow.go()
        finally:
            self.e2e_runs |= follow.progress.e2e_runs
        return Round(number, folder, end, self._read(folder, end))

    @staticmethod
    def _read(folder: Path, end: End) -> Run | None:
        """What is in the folder, judged as any run is."""
        try:
            return next(iter(read.read([folder])), None)
        except SourceError as e:
            if end.whole:
                raise PlatformError(f"the tests ended, and their results cannot be read: {e}") from None
            return None
