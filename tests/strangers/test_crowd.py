# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A thousand nodes beside the real ones: a sample is asked, the state of all is read, nothing is red, and work grows with the nodes asked."""
from __future__ import annotations

from typing import Any

import pytest

from tests.strangers.suite import unlike

pytestmark = [pytest.mark.lab, pytest.mark.alone]
# Requests that a probed node may cost, over all checks together, and those of a run whatever its size.
PER_NODE, FIXED = 6, 300
# Three real pods answer for all of them, so that one waits for others: how long says nothing of a cluster.
PATIENT = {"pod_network": {"slow_pair": 20.0}}


def test_a_thousand_nodes_are_sampled_and_green(lab: Any, suite: Any) -> None:
    with lab.like("crowd", nodes=1000) as stranger:
        records = suite(stranger, **PATIENT)
        few = suite.result
    assert unlike(records, {}) == []
    assert few["probes"]["sampled"] == "300 of 1,003 nodes asked" and few["probes"]["ready"] == 300
    assert few["leftovers"] == []
    assert few["requests"] <= FIXED + PER_NODE * 300, few["requests"]


def test_a_selector_asks_the_real_ones_only(lab: Any, suite: Any) -> None:
    with lab.like("crowd", nodes=200) as stranger:
        stranger.settings["node_selector"] = "type!=kwok"
        records = suite(stranger, **PATIENT)
    assert unlike(records, {}) == []
    assert suite.result["probes"]["ready"] == 3 and len(suite.result["probes"]["left_out"]) == 200
