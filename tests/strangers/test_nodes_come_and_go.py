# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes that join and leave while runs go on: whatever is asked of the others is right, and whom it is not asked of is told."""
from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.proved import told

pytestmark = [pytest.mark.lab]
CHECKS = ("nodes", "dns", "pod_network", "service")


def _runs_while(act: Callable[[], Any], suite: Any, stranger: Any) -> list[Any]:
    """Records of one run after the other until act() is done, and of one more that began after it."""
    errors: list[BaseException] = []

    def work() -> None:
        try:
            act()
        except BaseException as e:  # told by the test
            errors.append(e)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    records = []
    while True:
        done = not thread.is_alive()
        records += suite(stranger, *CHECKS).values()
        assert suite.result["leftovers"] == []
        if done:
            assert not errors, errors
            return records


def _wrong(records: list[Any], names: str) -> list[str]:
    """Those that did not pass, but for warnings that name nodes of `names`, or the machine's load."""
    return [f"{r.check} {r.verdict} {r.cause}: {r.message}" for r in records
            if r.verdict not in ("passed", "warned") or told(r.message, names)]


def test_a_node_joins_and_leaves_in_the_middle_while_others_come_and_never_get_ready(lab: Any, suite: Any) -> None:
    with lab.like("joining_nodes") as stranger:
        mine = rf"{stranger.names['node']}|{stranger.names['newcomers'].replace('N', '[0-9]+')}"
        joining = _runs_while(stranger.acts["join"], suite, stranger)
        leaving = _runs_while(stranger.acts["leave"], suite, stranger)
        came = stranger.acts["came"]()
    assert came and _wrong(joining + leaving, mine) == []
