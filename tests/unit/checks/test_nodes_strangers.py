# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check of nodes on clusters of others: virtual nodes, Windows, left out ones, pools, and thousands of nodes."""
from __future__ import annotations

import functools
import json

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._nodes.kubelets import Kubelets
from ansible_collections.assay.clusters.plugins.module_utils.checks._nodes.claims import heartbeat_trouble
from ansible_collections.assay.clusters.plugins.module_utils.checks._nodes.pools import drift
from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.nodes import pool
from ansible_collections.assay.clusters.plugins.module_utils.checks.nodes import Nodes
from ansible_collections.assay.clusters.plugins.module_utils.common.selectors import parse
from ansible_collections.assay.clusters.plugins.module_utils.engine.fleet import Choice
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, Now
from ansible_collections.assay.clusters.tests.unit.checks.node_cluster import BEGAN, LEASES, Cluster, beating, node, stamp

FARGATE = {"eks.amazonaws.com/compute-type": "fargate"}


# ---- nodes that are told and not failed -----------------------------------------------------------------------------
@pytest.mark.parametrize("labels", [FARGATE, {"type": "virtual-kubelet"}])
def test_a_virtual_node_is_told_whatever_its_state(labels):
    c = Cluster(expected=3)
    c.nodes["v1"] = node("v1", labels=labels)
    c.not_ready("v1")
    c.nodes["v1"]["spec"]["unschedulable"] = True
    ctx = c.run()
    assert not ctx.warnings and "virtual node" in ctx.observed["left_out"]["v1"] and not ctx.seen(to_node="v1")
    assert "/api/v1/nodes/v1/proxy/stats/summary" not in ctx.client.asked


def test_where_all_nodes_are_virtual_the_check_does_not_apply():
    ctx = FakeContext(nodes=[node("v1", labels=FARGATE), node("v2", labels=FARGATE)])
    assert Nodes().applies(ctx) == "all nodes of the cluster (2) are virtual, without machines of their own"
    for nodes in ([node("v1", labels=FARGATE), node("n1")], []):
        assert not Nodes().applies(FakeContext(nodes=nodes))


def test_windows_nodes_are_judged_by_their_state_and_start_no_pod():
    c = Cluster()
    c.names.append("w1")
    c.nodes["w1"] = node("w1", labels={"kubernetes.io/os": "windows"})
    c.leases["w1"], c.stats["w1"] = functools.partial(beating, "w1"), {}
    ctx = c.run()
    assert ctx.observed["left_out"] == {"w1": "its operating system is windows"}
    assert ctx.seen(variant="ready", to_node="w1") and not ctx.seen(variant="pod", to_node="w1")
    c.not_ready("w1")
    c.assert_red("1 of 4 nodes: w1 Ready=False")


def test_what_the_selector_leaves_out_is_told_and_not_judged():
    c = Cluster()
    c.choice = Choice(parse("!edge", "validate_node_selector"))
    c.nodes["n2"]["metadata"]["labels"]["edge"] = ""
    c.not_ready("n2")
    c.nodes["w1"] = node("w1", labels={"kubernetes.io/os": "windows", "edge": ""})
    c.not_ready("w1")
    ctx = c.run()
    assert not ctx.warnings and set(ctx.observed["left_out"]) == {"n2", "w1"} and not ctx.seen(to_node="w1")


def test_a_selector_that_leaves_nothing_says_so():
    c = Cluster()
    c.choice = Choice(parse("edge", "validate_node_selector"))
    c.assert_red(r"no node is left to prove: n0 \(validate_node_selector leaves it out\)")


# ---- pools ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("label", [
    "eks.amazonaws.com/nodegroup", "cloud.google.com/gke-nodepool", "kubernetes.azure.com/agentpool", "karpenter.sh/nodepool",
    "cluster.x-k8s.io/deployment-name"])
def test_nodes_of_different_pools_may_differ(label):
    one, two = node("a", labels={label: "one"}), node("b", labels={label: "two"}, osImage="Bottlerocket")
    assert drift([one, two], BEGAN) == ([], [])
    assert pool(one) == "one/linux/amd64"
    two["metadata"]["labels"][label] = "one"
    assert drift([one, two], BEGAN)[0] == ["osImage in one/linux/amd64: Bottlerocket (b), Debian (a)"]


def test_without_such_labels_nodes_are_alike_by_system_architecture_and_role():
    nodes = [node("a"), node("b"), node("c", kernelVersion="6.6")]
    assert drift(nodes, BEGAN) == (["kernelVersion in linux/amd64: 6.12 (2 nodes), 6.6 (c)"], [])
    nodes[2]["metadata"]["labels"].update({"kubernetes.io/arch": "arm64", "node-role.kubernetes.io/control-plane": ""})
    assert drift(nodes, BEGAN) == ([], []) and pool(nodes[2]) == "linux/arm64/control-plane"


HOUR, DAY = 3600.0, 86400.0


@pytest.mark.parametrize("old, new, labels, replaced", [
    ((30 * DAY, 29 * DAY), (HOUR, 0.5 * HOUR), {}, True),  # an update of the pool goes on
    ((30 * DAY, 0.7 * HOUR), (HOUR, 0.5 * HOUR), {}, False),  # new nodes of the old kind
    ((1.2 * HOUR, 1.1 * HOUR), (HOUR, 0.5 * HOUR), {}, False),  # made together
    ((30 * DAY, 29 * DAY), (3 * DAY, 2 * DAY), {}, False),  # one that stopped half-way
    ((30 * DAY, 29 * DAY), (3 * DAY, 2 * DAY), {"karpenter.sh/nodepool": "p"}, True),  # as nodes expire
    ((30 * DAY, None), (HOUR, 0.5 * HOUR), {}, False)])
def test_a_pool_that_is_being_replaced_is_no_difference(old, new, labels, replaced):
    nodes = [node(f"o{i}", age=age, labels=labels) for i, age in enumerate(old)]
    nodes += [node(f"n{i}", age=age, labels=labels, kernelVersion="6.6") for i, age in enumerate(new)]
    differ, going_on = drift(nodes, BEGAN)
    assert (len(differ), len(going_on)) == ((0, 1) if replaced else (1, 0))


@pytest.mark.parametrize("seconds, words", [(480, ""), (481, "status not reported for 481 s")])
def test_a_status_is_as_old_as_a_healthy_kubelet_lets_it_get(seconds, words):
    item = node("n")
    item["status"]["conditions"][-1]["lastHeartbeatTime"] = stamp(-seconds)
    assert heartbeat_trouble(item, BEGAN) == words


# ---- thousands ------------------------------------------------------------------------------------------------------
def test_five_thousand_nodes_cost_requests_for_those_that_are_asked_only():
    names = [f"n{i:04}" for i in range(5000)]
    c = Cluster(names=names)
    ctx = c.run()
    asked = set(ctx.fleet.asked)
    assert len(asked) == 300 and ctx.observed["sampled"] == "300 of 5,000 nodes asked" and ctx.observed["nodes"] == 5000
    by_path = {p.split("/")[4] for p in ctx.client.asked if p.endswith("/stats/summary")}
    assert by_path == asked and len(ctx.client.asked) == len(asked) + 3  # the version, the Leases, a node that does not exist
    assert ctx.client.asked.count(LEASES) == 1 and "/api/v1/nodes" not in ctx.client.asked
    assert len(ctx.observations) == 300 * 8 and len(ctx.path) == 300, "not one for each node"
    assert Now.clock.passed == 0


def test_the_state_of_a_node_that_is_not_asked_counts():
    names = [f"n{i:04}" for i in range(400)]
    c = Cluster(names=names)
    c.not_ready("n0100")
    c.choice = Choice(size=20)
    ctx = c.assert_red("1 of 400 nodes: n0100 Ready=False")
    assert "n0100" not in ctx.fleet.asked and ("Node", "", "n0100") in ctx.path


def test_of_statistics_only_what_is_judged_is_kept():
    """A kubelet with a hundred pods tells a megabyte of objects."""
    c = Cluster()
    c.stats["n1"]["pods"] = [{"podRef": {"name": f"p{i}"}} for i in range(100)]
    c.run()
    answer = Kubelets(c.ctx, {}).ask("n1")
    assert len(json.dumps(answer.free)) < 200 and "pods" not in vars(answer)
