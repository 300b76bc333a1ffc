# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The same strangers in other clothes: who else cordons, what else a proxy refuses."""
from __future__ import annotations

from typing import Any

import pytest

from tests.strangers.suite import unlike

pytestmark = [pytest.mark.lab]


@pytest.mark.parametrize(("by", "who"), [("karpenter", "Karpenter"), ("upgrade", "cordoned")])
def test_whoever_takes_a_node_away_is_no_fault_of_it(lab: Any, suite: Any, by: str, who: str) -> None:
    """A cordon alone may be of anybody: it is told, and only younger ones are of an upgrade."""
    with lab.like("cordoned", by=by) as stranger:
        records = suite(stranger, "nodes")
    assert unlike(records, {"nodes": ("warned", rf"{stranger.names['node']} .*{who}")}) == []


def test_a_proxy_that_refuses_a_verb_is_named_and_nothing_of_the_cluster_is_blamed(lab: Any, suite: Any) -> None:
    with lab.like("rancher", every=1000, refuse=("PATCH",)) as stranger:
        records = suite(stranger, "dns", "nodes", "pod_network", "service")
    refused = ("inconclusive", "something before the API server answered with a page of its own: 405 Not Allowed")
    assert suite.result["leftovers"] == []
    assert unlike(records, {"dns": refused, "service": refused}) == []
