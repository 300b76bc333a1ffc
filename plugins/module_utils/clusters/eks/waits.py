# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long is waited for what EKS does."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...jobs.job import Job

# Seconds without any answer of EKS for which it is waited on.
PATIENCE = 900.0


class Waits:
    """By the settings of one platform."""

    def __init__(self, settings: Mapping[str, Any], job: Job):
        self._settings, self._job = settings, job

    def until(self, name: str, what: Callable[[], str]) -> bool:
        """Waits until there is nothing left to wait for; with wait: false it only says whether that is so."""
        if self._settings.get("wait") is False:
            return not what()
        self._job.until(what, self._settings["poll"], PATIENCE, name)
        return True

    def to_the_end(self, name: str, what: Callable[[], str]) -> None:
        """Waits, whatever option wait says."""
        self._job.until(what, self._settings["poll"], PATIENCE, name)
