# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When evidence is taken: as soon as the first check fails, and once more at the end for what is to be said of all."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .evidence_lists import broken

if TYPE_CHECKING:
    from ..diagnosis.diagnose import Diagnosis
    from ..diagnosis.finding import Finding

Collect = Callable[[list["Finding"]], dict[str, Any]]
# A first look that was begun so long ago (seconds) may have been too early for some signs: a node is known to be gone after
# 40 s of silence.
_OLD = 15.0


class Witness:
    """Looks at the cluster for a run. Nothing that goes wrong with it is raised: verdicts stand without evidence, too.

    Both looks are handed what was unmet by then. A look waits for nothing but answers, each of which is bounded.
    """

    def __init__(self, collect: Collect):
        self._collect = collect
        self._first: threading.Thread | None = None
        self._begun = 0.0
        self._early: dict[str, Any] | None = None
        self._by_then: set[str] = set()

    def _look(self, findings: list[Finding]) -> dict[str, Any]:
        try:
            return self._collect(findings)
        except Exception as e:
            return {"errors": {"evidence": broken(e)}}

    def failed(self, findings: list[Finding]) -> None:
        """A check has failed; these are unmet so far. The first time, a look begins in the background."""
        if self._first is None:
            self._begun, self._by_then = time.monotonic(), {f.check for f in findings}
            self._first = threading.Thread(target=lambda: setattr(self, "_early", self._look(findings)), daemon=True)
            self._first.start()

    def busy(self, seconds: float) -> bool:
        """Whether the first look still goes on after so many seconds."""
        if self._first:
            self._first.join(seconds)
        return bool(self._first and self._first.is_alive())

    def seen(self, unmet: list[Finding]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """(evidence for all that is unmet, {check: what the first look showed} for those it came after)."""
        early = self._early
        if early is None:
            return self._look(unmet), {}
        if {f.check for f in unmet} <= self._by_then and time.monotonic() - self._begun < _OLD:
            return early, {}
        return self._look(unmet), {f.check: early for f in unmet if f.check in self._by_then}


def causes_of(unmet: list[Finding], evidence: dict[str, Any],
              earlier: Mapping[str, dict[str, Any]]) -> dict[str, Diagnosis]:
    """A cause for each; none where the diagnosis itself breaks."""
    from ..diagnosis.diagnose import diagnose
    try:
        return diagnose(unmet, evidence, earlier)
    except Exception:
        return {}
