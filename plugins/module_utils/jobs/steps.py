# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Work of several steps as one Pending: a generator that yields its progress whenever it has to wait."""
from __future__ import annotations

from collections.abc import Generator

from .errors import PlatformError

# Yields 0 to 100, returns the id of what was made ("" where nothing is), raises PlatformError.
Steps = Generator[float, None, str]


class Stepwise:
    """A Pending (machines/model.py). Each poll runs the steps up to the next point where there is something to wait for."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._result: str | None = None
        self._error: PlatformError | None = None

    def poll(self) -> float | None:
        if self._result is not None:
            return None
        if self._error is not None:  # a generator that has failed would just say that it is at its end
            raise self._error
        try:
            return next(self._steps)
        except PlatformError as e:
            self._error = e
            raise
        except StopIteration as end:
            self._result = end.value or ""
            return None

    def result(self) -> str:
        return self._result or ""


def nothing() -> Steps:
    """Done already."""
    yield from ()
    return ""
