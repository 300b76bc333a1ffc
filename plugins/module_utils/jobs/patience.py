# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions that are asked again while errors pass, for the whole time of a job, whatever it asks."""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .errors import Passing
from .job import Job

# Seconds for whoever has never answered: the address may be wrong.
FIRST = 2.0
# Seconds since the last answer where the job has no end of its own.
ENDLESS = 60.0
# Seconds before the second question, doubled up to the longest.
_PAUSE, _LONGEST = 0.2, 5.0

Answer = TypeVar("Answer")


class Patience:
    """Call it with a question that may be asked twice. One for each platform of a job: whether it ever answered counts.

    least: seconds for one that has answered, whatever the job has left: of a job that looks once, that is nothing. One that has not
    is asked for FIRST of them.
    """

    def __init__(self, job: Job, least: float = 0.0):
        self._job, self._answered, self._least = job, False, least

    @property
    def answered(self) -> bool:
        """Whether it ever was, so that no answer now is trouble that passes."""
        return self._answered

    def __call__(self, ask: Callable[[], Answer]) -> Answer:
        """What it returns. Passing, the last one, when the job's time is up; other errors at once."""
        began, pause, told = time.monotonic(), _PAUSE, ""
        while True:
            try:
                answer = ask()
                self._answered = True
                return answer
            except Passing as e:
                left = self._left(began)
                if left <= 0:
                    raise
                if str(e) != told:
                    self._job.tell(f"{e}; it is asked again")
                told = str(e)
            time.sleep(min(pause, left))
            pause = min(_LONGEST, pause * 2)

    def _left(self, began: float) -> float:
        """Seconds in which it is asked again."""
        own, now = self._job.left(), time.monotonic()
        if own != float("inf"):
            own = max(own, began + max(self._least, self._job.grace) - now)
            if self._answered:
                return own
        return min(own, began + (ENDLESS if self._answered else FIRST) - now)
