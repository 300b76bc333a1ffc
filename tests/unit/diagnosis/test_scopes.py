# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far a cause reaches: not further than what was seen. Some nodes are neither their zone nor the cluster."""
from __future__ import annotations

import itertools
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.matrix import between_groups, edges, spread
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    HUNG, NODES, cause, finding, healthy, isolated, matrix, nodes_failed, one, pod_network, seen, set_condition)

CNI = "container runtime network not ready: cni plugin not initialized"
ZONE = "topology.kubernetes.io/zone"
TEN = tuple(f"n{i}" for i in range(10))


def _zoned(zones: str, ill: str) -> dict[str, Any]:
    """Nodes n0, n1... with a letter of zones each ("-" has none), of which those in ill have no CNI plugin."""
    data = healthy(tuple(f"n{i}" for i in range(len(zones))))
    for item, zone in zip(data["nodes"], zones):
        if zone != "-":
            item["metadata"]["labels"][ZONE] = zone
    for name in ill.split():
        set_condition(data, name, "Ready", "False", "KubeletNotReady", CNI)
    return data


def _named(text: str) -> list[str]:
    return [f"node/{n}" for n in text.split()]


# ---- zones and the cluster ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("zones", "ill", "scope"), [
    ("aaabbbbbbb", "n0 n1 n2", ["zone/a"]),
    ("aaaaaaaaaa", "n0 n1 n2", _named("n0 n1 n2")),  # three of ten
    ("aaaabbbbbb", "n0 n1 n2", _named("n0 n1 n2")),  # three of four
    ("aaabbb----", "n0 n1 n3", _named("n0 n1 n3")),  # of two zones
    ("aaabbb----", "n0 n1 n2 n3 n4 n5", _named("n0 n1 n2 n3 n4 n5")),  # two whole zones of three
    ("----aaaaaa", "n0 n1 n2 n3", _named("n0 n1 n2 n3")),  # all that are in none
    ("aabbbbbbbb", "n0 n1", _named("n0 n1")),  # a zone so small is better said by its nodes
    ("aaaaaaaaaa", " ".join(TEN), ["cluster"]), ("aaaaaaaaaa", " ".join(TEN[:9]), _named(" ".join(TEN[:9]))),
    ("---", "n0 n1 n2", ["cluster"]), ("---", "n0 n1", _named("n0 n1")), ("--", "n0 n1", _named("n0 n1"))])
def test_nodes_are_said_as_their_zone_or_the_cluster_only_where_it_is_all_of_them(
        zones: str, ill: str, scope: list[str]) -> None:
    data = _zoned(zones, ill)
    found = one(nodes_failed(data, *ill.split()), data)
    assert (found.cause, found.scope) == ("node.cni-not-ready", scope)


def test_nodes_that_the_cluster_does_not_know_are_no_zone() -> None:
    data = _zoned("aaab", "")
    check = finding("nodes", "3 of 3 nodes", observations=[
        seen("node", "version", "", n, "too new") for n in ("n0", "n1", "x")])
    assert cause(check, data)[2] == _named("n0 n1 x")


# ---- Services and DNS -----------------------------------------------------------------------------------------------
def _service(bad: str, variant: str = "vip") -> Any:
    observations = [seen("service", variant, n, error="timed out" if n in bad.split() else "", target="10.96.0.7:80")
                    for n in TEN]
    observations += [seen("service", "pod", a, b) for a, b in itertools.product(TEN, TEN[:2])]
    return finding("service", f"the Service's address fails from {bad}", observations=observations)


def _dns(bad: str) -> Any:
    observations = [seen("dns", "internal", n, error="no answer" if n in bad.split() else "") for n in TEN]
    observations += [seen("dns", "direct", n, "n0") for n in TEN]
    return finding("dns", f"no names on {bad}", observations=observations)


@pytest.mark.parametrize("check", [_service, _dns])
@pytest.mark.parametrize("bad", ["n3", "n3 n7", " ".join(TEN[1:])])
def test_rules_of_some_nodes_are_not_those_of_the_cluster(check: Any, bad: str) -> None:
    assert cause(check(bad), healthy(TEN)) == ("svc.dataplane", "confirmed", _named(bad))
    assert cause(check(" ".join(TEN)), healthy(TEN)) == ("svc.dataplane", "confirmed", [])


def test_the_only_node_that_was_asked_is_not_the_cluster() -> None:
    check = finding("service", "fails from n1", observations=[
        seen("service", "vip", "n1", error="timed out"), seen("service", "pod", "n1", "n1")])
    assert cause(check, healthy()) == ("svc.dataplane", "confirmed", ["node/n1"])


# ---- the pod network ------------------------------------------------------------------------------------------------
def test_two_nodes_of_ten_are_not_the_overlay() -> None:
    red = matrix(lambda a, b: a != b and bool({"n3", "n7"} & {a, b}), nodes=TEN)
    assert cause(pod_network(red), healthy(TEN)) == ("net.node-isolated", "confirmed", _named("n3 n7"))


def test_an_overlay_is_down_for_sure_only_where_pods_of_one_node_reach_each_other() -> None:
    red = [o for o in matrix(lambda a, b: a != b) if o["from_node"] != o["to_node"]]
    assert cause(pod_network(red), healthy()) == ("net.overlay-down", "probable", [])


def test_an_overlay_that_lets_one_pair_through_is_not_down() -> None:
    red = matrix(lambda a, b: a != b and (a, b) != ("n1", "n2"))
    assert cause(pod_network(red), healthy()) == ("net.node-isolated", "suspected", ["cluster"])


@pytest.mark.parametrize(("change", "zones"), [
    ({("n0", "n2"): True}, "aabb"), ({("n0", "n1"): False}, "aabb"), ({}, "aab-"), ({}, "aa--"), ({}, "----"),
    ({}, "aaab")])
def test_zones_are_cut_only_where_all_between_them_is_lost_and_all_within_is_not(
        change: dict[tuple[str, str], bool], zones: str) -> None:
    names = TEN[:4]
    zone_of = dict(zip(names, "aabb"))
    asked = {(a, b): zone_of[a] == zone_of[b] for a, b in itertools.permutations(names, 2)}
    assert between_groups(asked, zone_of)
    assert not between_groups({**asked, **change}, {n: z.strip("-") for n, z in zip(names, zones)})


def test_one_zone_is_not_between_zones() -> None:
    assert not between_groups({("n0", "n1"): True}, {"n0": "a", "n1": "a"})
    assert not between_groups({("n0", "n1"): False}, {"n0": "a", "n1": "b"})


def test_an_answer_counts_whenever_it_came() -> None:
    """Pairs are asked by several ways; one that lets an answer through is no silent network."""
    lost = matrix(isolated("n2"), "udp")
    fine = matrix(lambda a, b: False, alone=True)
    for observations in ([*fine, *lost], [*lost, *fine]):
        assert cause(pod_network(observations), healthy()) == ("net.port-filtered", "confirmed", ["node/n2"])


def test_a_node_that_a_single_other_asked_in_vain_is_not_cut_off() -> None:
    asked = {("n1", "n2"): False, ("n1", "n3"): True, ("n2", "n3"): True, ("n3", "n1"): True}
    assert spread(asked) == ("partial", ("n1", "n2"))
    assert spread({**asked, ("n3", "n2"): False}) == ("isolated", ("n2",))


def test_a_node_whose_questions_are_all_lost_is_cut_off_only_where_others_reach_each_other() -> None:
    asked = {("n1", "n2"): False, ("n1", "n3"): False, ("n2", "n1"): True, ("n3", "n1"): True}
    assert spread(asked) == ("partial", ("n1",)), "no two others were asked"
    assert spread({**asked, ("n2", "n3"): True}) == ("isolated", ("n1",))


def test_a_node_that_asked_a_single_other_in_vain_is_cut_off_only_where_that_one_answers() -> None:
    asked = {("n1", "n3"): False, ("n2", "n4"): True, ("n4", "n2"): True}
    assert spread(asked) == ("partial", ("n1", "n3")), "nobody else asked n3"
    assert spread({**asked, ("n2", "n3"): True}) == ("isolated", ("n1",))


def test_a_pod_that_not_even_its_own_node_reaches_says_nothing_of_the_network() -> None:
    dumb = [seen("pod", "small", a, "n2", "no answer") for a in NODES]
    assert ("n1", "n2") not in edges([*dumb, *matrix(lambda a, b: False, nodes=("n1", "n3"))])


# ---- the size of packets --------------------------------------------------------------------------------------------
def test_large_packets_of_some_nodes_of_many() -> None:
    both = matrix(lambda a, b: False, nodes=TEN) + matrix(isolated("n3"), "large", TEN, HUNG)
    assert cause(pod_network(both, "large"), healthy(TEN)) == ("net.mtu", "confirmed", ["node/n3"])
    lost = matrix(lambda a, b: (a, b) == ("n3", "n7"), "large", TEN, HUNG)
    both = matrix(lambda a, b: False, nodes=TEN) + lost
    assert cause(pod_network(both, "large"), healthy(TEN)) == ("net.mtu", "probable", _named("n3 n7")), \
        "a large question comes back large, so that one way alone is something else"


# ---- who can be asked -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("heard", "code"), [(("n1",), "net.node-isolated"), (("n3",), "unknown.timeout"),
                                             ((), "unknown.timeout")])
def test_a_probe_that_cannot_be_asked_is_its_nodes_fault_only_where_others_can(
        heard: tuple[str, ...], code: str) -> None:
    words = "error trying to reach service: dial tcp 10.244.3.2:8080: i/o timeout"
    check = finding("pod_network", f"the probe could not be asked on n3 ({words})", "inconclusive", observations=[
        seen("probe", "", "", "n3", words), *(seen("pod", "small", n, n) for n in heard)])
    assert cause(check, healthy())[0] == code
