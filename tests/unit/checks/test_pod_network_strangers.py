# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""pod_network on strangers' clusters: policies, two families of addresses, nodes that come and go, pools kept apart."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive, StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import api_error
from ansible_collections.assay.clusters.tests.unit.checks.networks import Network


# ---- two pods of one node -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("within", [True, False])
def test_where_nothing_passes_between_nodes_two_pods_of_one_node_are_asked(within):
    """The answer of a pod to itself never leaves it, so that it tells nothing of the network of its node."""
    ctx = Network(3, lambda s, t, v: s != t or (v.startswith("second") and not within)).fails("pairs of nodes fail")
    for variant in ("second", "second-udp"):
        seen = ctx.seen(kind="pod", variant=variant)
        assert {(o["from_node"], o["to_node"], o["ok"]) for o in seen} == {(n, n, within) for n in ("n0", "n1")}
    assert ctx.observed["second_pods"] == 2
    for pod in ctx.created:
        assert "labels" not in pod["metadata"], "the controller of the probes must not take it for one of its own"
        assert pod["spec"]["tolerations"] == [{"operator": "Exists"}]


POLICIES = "/apis/networking.k8s.io/v1/namespaces/assay-0a0b0c0d/networkpolicies"
DENY = {"items": [{"metadata": {"name": "deny"}, "spec": {"podSelector": {}}}]}


@pytest.mark.parametrize(("answers", "within", "words"), [
    ({POLICIES: DENY}, False, r"restrict our pods \(deny\)"),
    ({"/apis": {"groups": [{"name": "apps"}, {"name": "cilium.io"}]}}, False, r"whole cluster may forbid it \(cilium.io\)"),
    ({POLICIES: DENY}, True, ""),
    ({POLICIES: {"items": [{"metadata": {"name": "deny"}, "spec": {"podSelector": {"matchLabels": {"a": "b"}}}}]}}, False, ""),
    ({POLICIES: api_error(500)}, False, "")])
def test_policies_that_keep_our_pods_apart_leave_the_network_unproved(answers, within, words):
    """Only where two pods of one node do not reach each other: what passes there is forbidden by nobody."""
    network = Network(3, lambda s, t, v: s != t or (v.startswith("second") and not within))
    network.ctx.client.answers = answers
    if not words:
        network.fails("pairs of nodes fail")
        return
    with pytest.raises(Inconclusive, match=f"not even on one node.*{words}.*validate_namespace"):
        network.run()


def test_a_policy_that_lets_tcp_through_leaves_datagrams_unproved():
    network = Network(3, lambda s, t, v: v in ("udp", "second-udp"))
    network.ctx.client.answers = {POLICIES: DENY}
    with pytest.raises(Inconclusive, match=r"\(udp\), not even on one node"):
        network.run()
    network = Network(3, lambda s, t, v: v == "udp")
    network.ctx.client.answers = {POLICIES: DENY}
    network.fails(r"pairs of nodes fail \(udp\)")


def _late(clock, answers, since):
    """Policies act on n2 already, on the others so many seconds after the question."""
    network = Network(3, lambda s, t, v: clock.passed >= since if v == "later" else s == "n2" != t)
    network.ctx.client.answers = answers
    return network


@pytest.mark.parametrize("since", [0, 15])
def test_policies_that_act_on_one_node_before_the_others_leave_the_network_unproved(clock, since):
    """As Amazon's agent of policies, which lets all pass at first."""
    with pytest.raises(Inconclusive, match=r"2 of 9 pairs of nodes fail \(small\), and by now no pod .*\(deny\).*validate_namespace"):
        _late(clock, {POLICIES: DENY}, since).run()
    assert clock.passed <= since + 2


OWN = {"items": [*DENY["items"], {"metadata": {"name": "own"}, "spec": {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}}]}


@pytest.mark.parametrize(("answers", "since", "waits"), [({POLICIES: DENY}, 99, True), ({POLICIES: OWN}, 0, False), ({}, 0, False)],
                         ids=["nobody enforces them", "they let our pods talk", "there are none"])
def test_a_node_that_is_cut_off_is_no_policys_doing_where_others_go_on(clock, answers, since, waits):
    _late(clock, answers, since).fails(r"2 of 9 pairs of nodes fail \(small\): n2 -> n0")
    assert (clock.passed >= 20) == waits


def test_a_second_pod_that_is_refused_or_does_not_start_only_leaves_the_difference_unknown():
    network = Network(3, lambda s, t, v: s != t)
    network.ctx.on_create = lambda manifest: (nobody for nobody in ()).throw(api_error(403, "exceeded quota"))
    assert network.fails("pairs of nodes fail").observed["second_pods"] == "none, as they were refused: exceeded quota"
    network = Network(3, lambda s, t, v: s != t)
    network.ctx.on_create = lambda manifest: manifest
    assert network.fails("pairs of nodes fail").observed["second_pods"] == "none, as none was ready within 30 s"


# ---- two families of addresses ------------------------------------------------------------------------------------
def test_both_families_are_asked_where_pods_have_both():
    ctx = Network(3, families=True).run()
    assert {(o["from_node"], o["to_node"], o["target"]) for o in ctx.seen(variant="family", ok=True)} == {
        (f"n{a}", f"n{b}", f"fd00::{b}") for a in range(3) for b in range(3) if a != b}
    assert ctx.observed["families"] == ["IPv4", "IPv6"] and not ctx.warnings
    Network(3, lambda s, t, v: v == "family" and t == "n1", families=True).fails(r"2 of 6 pairs of nodes fail \(family\)")


def test_a_pod_with_one_family_among_others_with_two_is_told():
    network = Network(3, families=True)
    del network.ctx.items["pods"]["ns", "probe-n2"]["status"]["podIPs"][1]
    ctx = network.run()
    assert len(ctx.seen(variant="family")) == 2 and "only one on n2" in ctx.warnings[0]
    assert Network(3).run().observed["families"] == ["IPv4"]


def test_two_addresses_of_one_family_are_no_second_family():
    network = Network(2)
    for item in network.ctx.items["pods"].values():
        item["status"]["podIPs"].append({"ip": f"192.168.0.{item['spec']['nodeName'][-1]}"})
    ctx = network.run()
    assert ctx.observed["families"] == ["IPv4"] and not ctx.seen(variant="family")


# ---- nodes that come, go, and are kept apart ------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["gone", "tainted"])
def test_a_node_that_leaves_meanwhile_drops_out_and_is_told(how):
    network = Network(4, lambda s, t, v: "n2" in (s, t) and s != t)
    there = network.ctx.fleet.watch.there
    if how == "gone":
        del there["n2"]
    else:
        there["n2"] = {**there["n2"], "spec": {"taints": [{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}]}}
    there["n9"] = {"metadata": {"name": "n9"}}
    ctx = network.run()
    assert ctx.warnings == ["gone or being taken away, so not judged: n2"]
    assert ctx.observed["left_meanwhile"] == ["n2"] and ctx.observed["joined_meanwhile"] == ["n9"]
    assert not ctx.seen(ok=False) and ctx.observed["pairs"] == 6


def test_where_all_but_one_left_nothing_is_proved():
    network = Network(2, lambda s, t, v: s != t)
    del network.ctx.fleet.watch.there["n1"]
    with pytest.raises(Inconclusive, match="all but one left"):
        network.run()


def test_nodes_that_are_left_out_are_told():
    network = Network(2)
    network.ctx.fleet.left_out = {"win1": "its operating system is windows"}
    network.ctx.fleet.sampled = "300 of 5,000 nodes asked"
    ctx = network.run()
    assert ctx.observed["left_out"] == {"win1": "its operating system is windows"}
    assert ctx.observed["sampled"] == "300 of 5,000 nodes asked"


@pytest.mark.parametrize(("bad", "pools", "told"), [
    (lambda s, t, v: (s in ("n0", "n1")) != (t in ("n0", "n1")), {}, "2 nodes (n0, n1), 2 nodes (n2, n3)"),
    (lambda s, t, v: s != t and "n3" in (s, t), {"n3": "dmz", "": "inner"}, "pool inner (n0, n1, n2), pool dmz (n3)"),
    (lambda s, t, v: s != t and "n3" in (s, t), {}, ""), (lambda s, t, v: s != t, {}, ""),
    (lambda s, t, v: s != t, {"n0": "a", "n1": "b", "n2": "c", "n3": "d"}, ""),
    (lambda s, t, v: (s, t) == ("n0", "n3"), {}, "")])
def test_groups_that_reach_only_their_own_get_a_hint(bad, pools, told):
    network = Network(4, bad)
    for name, item in network.ctx.fleet.watch.there.items():
        item["metadata"].setdefault("labels", {}).update(
            {"eks.amazonaws.com/nodegroup": pools.get(name, pools.get(""))} if pools else {})
    with pytest.raises(StepFailed) as failed:
        network.run()
    assert (f"reach only those of their own group: {told}; where" in str(failed.value)) is bool(told)
    assert ("validate_node_selector" in str(failed.value)) is bool(told)
