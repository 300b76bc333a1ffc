# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a run is on the screen while it lasts."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results.record import Record
from ansible_collections.assay.clusters.plugins.plugin_utils import progress

ONE, MANY, STAGED = {"ansible_play_hosts_all": ["c"]}, {"ansible_play_hosts_all": list("abcd")}, {"pipeline_stage": "validate"}
SILENT = [{"message": "https://c:6443: Connection refused"}]
RUN = {"verdict": "failed", "seconds": 3.0, "counts": {"failed": 1, "passed": 1}}


def _shown(monkeypatch: pytest.MonkeyPatch, variables: dict[str, Any], silent: list[dict[str, str]], loud: bool) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(progress.terminal, "show", lambda line, color: lines.append(line))
    shown = progress.Progress("c", variables, loud)
    for check, verdict in (("dns", "passed"), ("nodes", "failed")):
        for final in (False, True):
            shown.finished(Record("c", "d", check, verdict, "said"), final, silent)
    shown.ended(RUN, silent)
    return [" ".join(line.split()[2:3] + line.split()[5:]) for line in lines]


@pytest.mark.parametrize(("variables", "silent", "loud", "wanted"), [
    (ONE, [], False, ["dns said", "nodes said"]),
    (MANY, [], False, ["nodes said", "cluster 1 failed, 1 passed"]),
    (MANY, [], True, ["dns said", "nodes said", "cluster 1 failed, 1 passed"]),
    (STAGED, [], False, ["nodes said"]),
    ({}, SILENT, False, [f"cluster nothing was asked, as the first request failed: {SILENT[0]['message']}"]),
    ({**MANY, **STAGED}, SILENT, False, [f"cluster nothing was asked, as the first request failed: {SILENT[0]['message']}"]),
], ids=["one", "many", "many, with -v", "a stage", "silent", "silent among many"])
def test_each_thing_is_shown_once(monkeypatch: pytest.MonkeyPatch, variables: dict[str, Any], silent: list[dict[str, str]],
                                  loud: bool, wanted: list[str]) -> None:
    assert _shown(monkeypatch, variables, silent, loud) == wanted
