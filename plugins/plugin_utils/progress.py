# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a run is shown while it lasts: each finished check once, of many clusters only what is not good."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.results import summary
from ansible_collections.assay.clusters.plugins.module_utils.results.record import FAILED, INCONCLUSIVE, WARNED, Record
from ansible_collections.assay.clusters.plugins.plugin_utils import terminal

# Of more clusters at once, a line for each check would leave nothing else on a screen.
_FEW = 3
_BAD = (WARNED, FAILED, INCONCLUSIVE)


class Progress:
    """The lines of one cluster. loud: every check has one, whatever it is (-v)."""

    def __init__(self, cluster: str, variables: Mapping[str, Any], loud: bool):
        self.cluster, self._loud = cluster, loud
        self._many = len(variables.get("ansible_play_hosts_all") or ()) > _FEW
        # Stages of a pipeline have a line of their own, with the counts of its checks.
        self._staged = bool(variables.get("pipeline_stage"))

    def finished(self, record: Record, final: bool, silent: Sequence[Any]) -> None:
        """A finished check. final: it was told before, and has its cause now, which the summary says.

        silent: errors of connecting. With one, nothing was asked, and `ended` says so once.
        """
        quiet = (self._many or self._staged) and record.verdict not in _BAD
        if not final and (self._loud or not (silent or quiet)):
            self._line(record.to_dict())

    def ended(self, run: Mapping[str, Any], silent: Sequence[Mapping[str, Any]]) -> None:
        """The whole run, where its checks have not told it."""
        if silent:
            self._of_all(run, f"nothing was asked, as the first request failed: {silent[-1]['message']}")
        elif self._many and not self._staged:
            self._of_all(run, summary.counts(run["counts"]))

    def _of_all(self, run: Mapping[str, Any], message: str) -> None:
        self._line({"verdict": run["verdict"], "check": "cluster", "seconds": run["seconds"], "message": message})

    def _line(self, record: dict[str, Any]) -> None:
        terminal.show(summary.line(self.cluster, record), color=summary.colours.get(record["verdict"]))
