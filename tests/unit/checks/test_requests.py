# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a node costs: how many requests more the checks that ask every node make with every node more."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.checks.dataplane import Dataplane
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeProbe
from ansible_collections.assay.clusters.tests.unit.checks.networks import Network
from ansible_collections.assay.clusters.tests.unit.checks.node_cluster import Cluster
from ansible_collections.assay.clusters.tests.unit.checks.zones import Zone

# As the bench counts them; the engine's own share of a node is none, as what it asks of probes stops at fifty.
GOAL = 6.0
FEW, MANY = 150, 300


def _dns(nodes: int) -> Any:
    return Zone(nodes=nodes, external_name="www.test").run()


def _nodes(nodes: int) -> Any:
    return Cluster([f"n{i}" for i in range(nodes)]).run()


# Check -> (a healthy run on so many nodes, what a node may cost; pairs of nodes are drawn by lot, so that some ask twice).
CHECKS: dict[str, tuple[Callable[[int], Any], float]] = {
    "nodes": (_nodes, 1.0), "dns": (_dns, 1.0), "pod_network": (lambda n: Network(n).run(), 1.1),
    "service": (lambda n: Dataplane(nodes=n).run(), 2.0)}


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nodes that probes were asked on, a line for each request."""
    made: list[str] = []
    for way in ("shell", "dial"):
        def counted(probe: Any, *args: Any, act: Any = getattr(FakeProbe, way), **more: Any) -> Any:
            made.append(probe.node)
            return act(probe, *args, **more)

        monkeypatch.setattr(FakeProbe, way, counted)
    return made


def _cost(check: str, nodes: int, requests: list[str]) -> int:
    requests.clear()
    ctx = CHECKS[check][0](nodes)
    assert not [o for o in ctx.observations if not o["ok"]]
    return len(requests) + len(ctx.client.asked) + len(ctx.client.patched) + len(ctx.created) + len(ctx.deleted)


def test_requests_grow_with_the_nodes_and_by_no_more_than_the_goal(requests: list[str]) -> None:
    each = {c: (_cost(c, MANY, requests) - _cost(c, FEW, requests)) / (MANY - FEW) for c in CHECKS}
    assert {c: cost for c, cost in each.items() if cost > CHECKS[c][1]} == {}
    assert sum(each.values()) <= GOAL - 0.5, each


@pytest.mark.parametrize("check", CHECKS)
def test_every_node_is_asked(check: str, requests: list[str]) -> None:
    cost = _cost(check, 40, requests)
    assert cost >= 40 and (check == "nodes" or set(requests) == {f"n{i}" for i in range(40)})
