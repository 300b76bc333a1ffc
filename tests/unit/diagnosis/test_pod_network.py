# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pod network, replayed: the patterns of who does not answer whom, and how."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import diagnose
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.matrix import between_groups, edges, spread
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    HUNG, NODES, SPACE, TIMED_OUT, cause, finding, healthy, isolated, matrix, one, pod_network, seen)

REFUSED = "curl: (7) Failed to connect to 10.244.2.3 port 8080: Connection refused"


def second(lost: str = "", also: str = "") -> list[dict[str, object]]:
    """Two pods of n1, and two of n2, that reach each other but for those in `lost`; in `also`, they do at another try."""
    def ask(n: str) -> bool:
        return n in lost.split() and n not in also.split()

    return [seen("pod", v, n, n, TIMED_OUT if ask(n) else "") for n in ("n1", "n2") for v in ("second", "second-udp")]


# ---- pods -------------------------------------------------------------------------------------------------------
def test_row_and_column_of_one_node() -> None:
    found = one(pod_network(matrix(isolated("n2"))), healthy())
    assert (found.cause, found.confidence, found.scope) == ("net.node-isolated", "confirmed", ["node/n2"])
    assert f"n1 -> n2 10.244.0.9 (pod small): {TIMED_OUT}" in found.evidence
    assert any(line.endswith(": ok") for line in found.evidence), "the difference is shown"
    assert found.next_command == "kubectl get pods -A -o wide --field-selector spec.nodeName=n2"


@pytest.mark.parametrize("bad", [lambda a, b: a != b and a == "n2", lambda a, b: a != b and b == "n2"])
def test_only_its_row_or_only_its_column(bad: object) -> None:
    assert cause(pod_network(matrix(bad)), healthy()) == ("net.node-isolated", "confirmed", ["node/n2"])


def test_two_isolated_nodes_of_four() -> None:
    nodes = ("n1", "n2", "n3", "n4")
    red = matrix(lambda a, b: a != b and bool({"n1", "n3"} & {a, b}), nodes=nodes)
    assert cause(pod_network(red), healthy(nodes)) == ("net.node-isolated", "confirmed", ["node/n1", "node/n3"])


def test_nothing_between_nodes() -> None:
    found = one(pod_network([*matrix(lambda a, b: a != b), *second()]), healthy())
    assert (found.cause, found.confidence, found.scope) == ("net.overlay-down", "confirmed", [])
    assert "n1 -> n1 10.244.0.9 (pod second): ok" in found.evidence


@pytest.mark.parametrize("others", [[], second("n1 n2", also="n1")], ids=["without", "by one node only"])
def test_a_pod_that_reaches_itself_shows_nothing_of_its_node(others) -> None:
    """Its question never leaves it: whether two pods of one node reach each other is what tells."""
    assert cause(pod_network([*matrix(lambda a, b: a != b), *others]), healthy()) == ("net.overlay-down", "probable", [])


def test_two_nodes_that_lost_each_other() -> None:
    red = matrix(lambda a, b: a != b, nodes=("n1", "n2"))
    assert cause(pod_network(red), healthy(("n1", "n2")))[0] == "net.overlay-down"
    one_way = matrix(lambda a, b: (a, b) == ("n1", "n2"), nodes=("n1", "n2"))
    assert cause(pod_network(one_way), healthy(("n1", "n2"))) == ("net.node-isolated", "suspected", ["node/n1", "node/n2"])


# ---- pairs ------------------------------------------------------------------------------------------------------
FOUR = ("n1", "n2", "n3", "n4")


def _both_ways(*pairs: tuple[str, str]) -> object:
    return lambda a, b: (a, b) in pairs or (b, a) in pairs


@pytest.mark.parametrize("nodes", [NODES, FOUR])
def test_two_nodes_that_lost_only_each_other_are_a_pair(nodes) -> None:
    found = one(pod_network(matrix(_both_ways(("n1", "n3")), nodes=nodes)), healthy(nodes))
    assert (found.cause, found.confidence, found.scope) == ("net.pair-cut", "confirmed", ["node/n1", "node/n3"])
    assert f"n1 -> n3 10.244.0.9 (pod small): {TIMED_OUT}" in found.evidence
    assert any(line.endswith(": ok") for line in found.evidence), "both reach others"


@pytest.mark.parametrize(("red", "sure"), [
    (matrix(_both_ways(("n1", "n3")), alone=True), "suspected"),
    (matrix(lambda a, b: (a, b) == ("n1", "n3")), "suspected"),
    (matrix(_both_ways(("n1", "n3"), ("n2", "n4")), nodes=FOUR), "probable"),
    (matrix(lambda a, b: (a, b) in (("n1", "n3"), ("n2", "n4")), nodes=FOUR), "suspected")],
    ids=["one port", "one way", "two pairs", "two pairs, one way"])
def test_pairs_that_loss_may_have_hit_are_not_sure(red, sure) -> None:
    found = cause(pod_network(red), healthy(FOUR))
    assert (found[0], found[1]) == ("net.pair-cut", sure)


def test_a_node_that_lost_most_is_no_pair() -> None:
    red = matrix(_both_ways(("n1", "n2"), ("n1", "n3")), nodes=FOUR)
    assert cause(pod_network(red), healthy(FOUR)) == ("net.node-isolated", "suspected", ["node/n1"])


@pytest.mark.parametrize("check", ["dns", "service"])
def test_what_another_check_saw_of_the_pair_follows_from_it(check) -> None:
    """It asked one node of the two, and takes the other one for isolated."""
    kind, variant = ("dns", "direct") if check == "dns" else ("service", "pod")
    asked = [seen(kind, variant, a, "n1", TIMED_OUT if a == "n3" else "") for a in NODES]
    other = finding(check, "no answer from n3", observations=asked)
    found = diagnose([other, pod_network(matrix(_both_ways(("n1", "n3"))))], healthy())
    assert (found[check].cause, found[check].confidence, found[check].consequence_of) == (
        "net.node-isolated", "probable", "net.pair-cut")


# ---- groups -----------------------------------------------------------------------------------------------------
def test_groups_that_reach_only_their_own_are_no_isolated_nodes() -> None:
    red = matrix(lambda a, b: (a in ("n1", "n2")) != (b in ("n1", "n2")), nodes=FOUR)
    assert cause(pod_network(red), healthy(FOUR)) == ("net.overlay-down", "probable", ["node/n3", "node/n4"])


def test_between_zones() -> None:
    nodes = ("n1", "n2", "n3", "n4")
    data = healthy(nodes)
    for item, zone in zip(data["nodes"], ("a", "a", "b", "b")):
        item["metadata"]["labels"]["topology.kubernetes.io/zone"] = zone
    zones = dict(zip(nodes, "aabb"))
    red = matrix(lambda a, b: zones[a] != zones[b], nodes=nodes)
    assert cause(pod_network(red), data) == ("net.overlay-down", "confirmed", ["zone/a", "zone/b"])
    by_one_port = [o for o in red if o["variant"] == "small"]
    assert cause(pod_network(by_one_port), data) == ("net.overlay-down", "probable", ["zone/a", "zone/b"])


def test_refusals_are_answers() -> None:
    assert cause(pod_network(matrix(isolated("n2"), error=REFUSED)), healthy())[0] == "unknown.unexplained"
    other = matrix(isolated("n2"), error="answered by 'probe-x', not by probe-n2")
    assert cause(pod_network(other), healthy())[0] == "unknown.unexplained"


def test_a_probe_that_does_not_even_answer_itself_is_slow_and_blames_no_node() -> None:
    red = matrix(lambda a, b: "n2" in (a, b))
    assert cause(pod_network(red), healthy())[0] == "unknown.timeout"


@pytest.mark.parametrize("way", ["small", "udp"])
def test_a_node_that_is_silent_by_one_port_only_is_not_isolated_for_sure(way) -> None:
    red = [o for o in matrix(isolated("n2")) if o["variant"] == way or o["from_node"] == o["to_node"]]
    assert cause(pod_network(red), healthy()) == ("net.node-isolated", "probable", ["node/n2"])


def test_all_is_well() -> None:
    assert spread(edges(matrix(lambda a, b: False))) == ("none", ())
    assert spread({}) == ("none", ())
    assert not between_groups({}, {})


def test_large_cluster_where_pairs_are_sampled() -> None:
    nodes = tuple(f"n{i}" for i in range(40))
    ring = [(nodes[i], nodes[(i + d) % 40]) for i in range(40) for d in (-2, -1, 1, 2)]
    asked = {e: "n7" not in e for e in ring}
    assert spread(asked) == ("isolated", ("n7",))
    assert spread({e: ok for e, ok in asked.items() if e != ("n7", "n8")})[1] == ("n7",)


# ---- policies ---------------------------------------------------------------------------------------------------
def _policy(spec: dict[str, object] | None = None) -> dict[str, object]:
    return {"metadata": {"name": "default-deny", "namespace": SPACE},
            "spec": spec or {"podSelector": {}, "policyTypes": ["Ingress"]}}


@pytest.mark.parametrize("error", [TIMED_OUT, REFUSED], ids=["dropped", "rejected"])
@pytest.mark.parametrize(("policies", "groups", "asked", "sure"), [
    (True, [], True, "confirmed"), (True, ["cilium.io"], False, "probable"), (False, ["cilium.io"], True, "probable"),
    (False, [], True, "suspected")])
def test_pods_that_not_even_one_node_lets_to_each_other_are_kept_apart_by_policy(error, policies, groups, asked, sure) -> None:
    data = {**healthy(), "policy_groups": groups, "networkpolicies": [_policy()] if policies else []}
    other = [{**o, "error": error} for o in second("n1 n2")] if asked else []
    found = one(pod_network([*matrix(lambda a, b: a != b, error=error), *other]), data)
    assert (found.cause, found.confidence) == ("netpol.overblocking", sure)
    assert found.scope == ([f"networkpolicy/{SPACE}/default-deny"] if policies else [])
    assert found.next_command == "kubectl get networkpolicy -A" and "validate_namespace" in found.remedy


@pytest.mark.parametrize("spec", [
    {"podSelector": {"matchLabels": {"app": "web"}}}, {"podSelector": {}, "ingress": [{}]},
    {"podSelector": {"matchExpressions": [{"key": "assay.clusters/probe", "operator": "DoesNotExist"}]}}])
def test_a_policy_that_takes_nothing_from_our_pods_is_not_blamed(spec) -> None:
    data = {**healthy(), "networkpolicies": [_policy(spec)]}
    assert cause(pod_network(matrix(lambda a, b: a != b)), data) == ("net.overlay-down", "probable", [])


def test_a_policy_does_not_excuse_what_passes_within_a_node_or_between_some() -> None:
    data = {**healthy(), "networkpolicies": [_policy()]}
    assert cause(pod_network([*matrix(lambda a, b: a != b), *second()]), data) == ("net.overlay-down", "confirmed", [])
    assert cause(pod_network(matrix(isolated("n2"))), data) == ("net.node-isolated", "confirmed", ["node/n2"])


def test_what_other_checks_lose_by_a_policy_follows_from_it() -> None:
    data = {**healthy(), "policy_groups": ["crd.projectcalico.org"]}
    names = [seen("dns", v, n, to, "no answer: timed out") for n in NODES for v, to in (("internal", ""), ("direct", "n1"))]
    found = diagnose([finding("dns", "no answer", observations=names),
                      pod_network([*matrix(lambda a, b: a != b), *second("n1 n2")])], data)
    assert found["dns"].consequence_of == "netpol.overblocking"


# ---- a port, a family of addresses --------------------------------------------------------------------------------
@pytest.mark.parametrize("lost", ["udp", "small"])
def test_a_protocol_that_one_nodes_pods_lose_while_another_passes(lost) -> None:
    asked = [{**o, "ok": o["ok"] or o["variant"] != lost, "error": o["error"] if o["variant"] == lost else ""}
             for o in matrix(isolated("n2"))]
    found = one(pod_network(asked, lost), healthy())
    assert (found.cause, found.confidence, found.scope) == ("net.port-filtered", "confirmed", ["node/n2"])
    assert found.evidence[0] == ("UDP 8081 is lost" if lost == "udp" else "TCP 8080 is lost")


@pytest.mark.parametrize(("others", "policy", "told"), [
    (second(), False, ("net.port-filtered", "confirmed", [])), ([], False, ("net.port-filtered", "probable", [])),
    (second(), True, ("net.port-filtered", "confirmed", [])),
    ([], True, ("netpol.overblocking", "probable", [f"networkpolicy/{SPACE}/default-deny"])),
    ([o for o in second("n1 n2") if o["variant"] == "second-udp"], True,
     ("netpol.overblocking", "confirmed", [f"networkpolicy/{SPACE}/default-deny"]))])
def test_datagrams_that_are_lost_everywhere(others, policy, told) -> None:
    asked = [*matrix(lambda a, b: False, alone=True), *matrix(lambda a, b: a != b, "udp"), *others]
    assert cause(pod_network(asked, "udp"), {**healthy(), "networkpolicies": [_policy()] if policy else []}) == told


def test_datagrams_that_some_pairs_lose_are_only_suspected() -> None:
    asked = [*matrix(lambda a, b: False, alone=True), *matrix(lambda a, b: (a, b) == ("n1", "n2"), "udp")]
    assert cause(pod_network(asked, "udp"), healthy()) == ("net.port-filtered", "suspected", ["node/n1", "node/n2"])


@pytest.mark.parametrize(("bad", "told"), [
    (isolated("n2"), ("net.family-down", "confirmed", ["node/n2"])),
    (lambda a, b: a != b, ("net.family-down", "confirmed", [])),
    (lambda a, b: (a, b) == ("n1", "n2"), ("net.family-down", "suspected", ["node/n1", "node/n2"]))])
def test_addresses_of_the_other_family_that_are_lost(bad, told) -> None:
    asked = [*matrix(lambda a, b: False), *[o for o in matrix(bad, "family") if o["from_node"] != o["to_node"]]]
    assert cause(pod_network(asked, "family"), healthy()) == told


# ---- large packets ----------------------------------------------------------------------------------------------
def test_large_packets_of_one_node() -> None:
    both = matrix(lambda a, b: False) + matrix(isolated("n3"), "large", error=HUNG)
    found = one(pod_network(both, "large"), healthy())
    assert (found.cause, found.confidence, found.scope) == ("net.mtu", "confirmed", ["node/n3"])
    assert any("pod large" in line and HUNG in line for line in found.evidence)
    assert any("pod small" in line and line.endswith("ok") for line in found.evidence)
    assert found.next_command == "ssh n3 ip link show"


def test_large_packets_everywhere() -> None:
    both = matrix(lambda a, b: False) + matrix(lambda a, b: a != b, "large", error=HUNG)
    assert cause(pod_network(both, "large"), healthy()) == ("net.mtu", "confirmed", [])


def test_large_bodies_that_change_are_no_matter_of_size() -> None:
    both = matrix(lambda a, b: False) + matrix(isolated("n3"), "large", error="20000 bytes came back changed")
    assert cause(pod_network(both, "large"), healthy())[0] == "unknown.unexplained"


def test_large_packets_of_silent_pairs_prove_nothing() -> None:
    both = matrix(isolated("n3")) + matrix(isolated("n3"), "large", error=HUNG)
    assert cause(pod_network(both), healthy())[0] == "net.node-isolated"


def _large(bad: object, error: str = HUNG, fits: bool = True) -> list[dict[str, object]]:
    return [*matrix(lambda a, b: False), *matrix(bad, "large", error=error, alone=not fits)]


@pytest.mark.parametrize(("asked", "sure"), [
    (_large(isolated("n3"), fits=False), "probable"), (_large(lambda a, b: (a, b) == ("n1", "n3")), "probable"),
    (_large(isolated("n3"), "curl: (28) Operation timed out after 5000 milliseconds with 4096 bytes received"), "suspected"),
    (_large(isolated("n3"), "curl: (56) Recv failure"), "suspected")],
    ids=["no smaller one passed", "one way", "some of it came", "another error"])
def test_large_answers_that_are_slow_or_meet_loss_are_no_matter_of_size_for_sure(asked, sure) -> None:
    found = cause(pod_network(asked, "large"), healthy())
    assert (found[0], found[1]) == ("net.mtu", sure)
