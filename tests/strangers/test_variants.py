# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The same strangers in other clothes: who else cordons, what else a proxy refuses."""
from __future__ import annotations

from typing import Any

import pytest

from tests.strangers.expected import LEAVING
from tests.strangers.suite import unlike

pytestmark = [pytest.mark.lab]


def test_a_node_that_karpenter_takes_away_works_until_it_goes(lab: Any, suite: Any) -> None:
    """It is not cordoned; what it answers in its last minutes says nothing of the others."""
    with lab.like("cordoned", by="karpenter") as stranger:
        records = suite(stranger, "nodes", "dns", "pod_network", "service")
    assert unlike(records, {c: LEAVING for c in ("dns", "pod_network", "service")}) == []


def test_a_cordon_of_nobody_fails_unless_it_is_allowed(lab: Any, suite: Any) -> None:
    with lab.like("cordoned", by="upgrade") as stranger:
        records = suite(stranger, "nodes")
        assert unlike(records, {"nodes": ("failed", f"{stranger.names['node']} is cordoned")}) == []
        assert unlike(suite(stranger, "nodes", nodes={"allow_cordoned": True}), {}) == []


def test_a_proxy_that_refuses_a_verb_is_named_and_nothing_of_the_cluster_is_blamed(lab: Any, suite: Any) -> None:
    with lab.like("rancher", every=1000, refuse=("PATCH",)) as stranger:
        records = suite(stranger, "dns", "nodes", "pod_network", "service")
    refused = ("inconclusive", "something before the API server answered with a page of its own: 405 Not Allowed")
    assert suite.result["leftovers"] == []
    assert unlike(records, {"dns": refused, "service": refused}) == []
