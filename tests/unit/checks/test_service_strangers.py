# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""service on strangers' clusters: how often it asks, lost connections, meshes, policies, two families, nodes that leave."""
from __future__ import annotations

import collections

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._network.service_questions import Question, parse, script
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive
from ansible_collections.assay.clusters.tests.unit.checks.dataplane import Dataplane, user_service
from ansible_collections.assay.clusters.tests.unit.checks.shells import said_by

POLICIES = "/apis/networking.k8s.io/v1/namespaces/assay-0a0b0c0d/networkpolicies"
DENY = {"items": [{"metadata": {"name": "deny"}, "spec": {"podSelector": {}}}]}


# ---- how often --------------------------------------------------------------------------------------------------
def test_each_node_is_asked_with_two_requests():
    """One more where chance did not lead to all pods at once."""
    plane = Dataplane(10)
    plane.run()
    assert set(collections.Counter(plane.requests).values()) == {2}


CURL = """#!{python}
import sys
url = sys.argv[-1]
if "/dial?" in url:
    host = url.partition("host=")[2].partition("&")[0]
    print('{{"errors":["refused"]}}' if host == "10.0.0.9" else '{{"responses":["p"]}}', end="")
elif "10.0.0.8" in url:
    print("curl: (28) late", end="")
    sys.exit(28)
else:
    print("p" if "[fd00::1]" in url or "10.0.0" in url else "x", end="")
"""


@pytest.mark.parametrize("shell", ["sh", "busybox sh"])
def test_any_shell_understands_the_script(tmp_path, shell):
    text = script([Question("a", "both", "10.0.0.1", tries=10), Question("b", "both", "10.0.0.8"),
                   Question("c", "both", "10.0.0.9"), Question("d", "dial", "fd00::1"), Question("e", "get", "fd00::1")])
    said = said_by(shell, text, CURL, tmp_path)
    found = parse(said)
    assert (found["a"].first, found["a"].pods) == ("p", ("p", "p")), "two dials"
    assert (found["b"].first, found["b"].said, found["b"].asked) == (None, "curl: (28) late", False)
    assert (found["c"].pods, found["c"].errors) == ((), ("refused",)), "no second dial after a lost connection"
    assert found["d"].pods == ("p",) and found["e"].first == "p"


# ---- lost connections -------------------------------------------------------------------------------------------
def test_a_connection_that_is_lost_once_is_told_and_is_no_failure():
    plane = Dataplane()
    plane.drops = {"n1": 1}
    ctx = plane.run()
    assert ctx.warnings == ["connections to a Service were lost, and not at the second try: 1 from n1"]
    assert ctx.measurements["connections to a Service that only a second try hid"] == 1 and not ctx.seen(ok=False)


def test_connections_that_are_lost_again_fail():
    plane = Dataplane()
    plane.drops = {"n1": 14}
    ctx = plane.fails(r"fails from 1 of 3 nodes: n1 \(4 of 10 connections failed: i/o timeout")
    assert len(ctx.seen(variant="pod", from_node="n1", ok=True)) == 3


def test_where_some_connections_are_lost_as_many_go_to_the_pods_directly():
    """One each would pass where now and then a packet is lost, and the Service's rules would be blamed."""
    plane = Dataplane()
    plane.drops, plane.lossy = {"n1": 14}, {"n1"}
    ctx = plane.fails("fails from 1 of 3 nodes: n1")
    assert len(ctx.seen(variant="pod", from_node="n1", ok=False)) == 3


def test_a_probe_whose_own_server_does_not_ask_is_no_fault_of_a_service():
    plane = Dataplane()
    plane.mute = {"n1"}
    with pytest.raises(Inconclusive, match="could not be asked on n1"):
        plane.run()
    assert not plane.ctx.seen(kind="service", ok=False)


# ---- meshes, policies ---------------------------------------------------------------------------------------------
def test_a_meshs_proxy_that_says_that_nobody_is_there_refuses():
    plane = Dataplane()
    plane.page = "upstream connect error or disconnect/reset before headers. reset reason: connection failure"
    assert not plane.run().warnings
    plane = Dataplane()
    plane.page = "<html>welcome</html>"
    plane.fails("its address still answers on")


def _denied(flushed, apart):
    plane = Dataplane()
    plane.flushed, plane.apart, plane.ctx.client.answers = flushed, apart, {POLICIES: DENY}
    return plane


ALL = {"n0", "n1", "n2"}


def test_policies_of_the_namespace_are_no_fault_of_a_service_and_not_waited_for(clock):
    with pytest.raises(Inconclusive, match=r"fails from all 3 nodes: .*restrict our pods \(deny\).*validate_namespace"):
        _denied(ALL, ALL).run()
    assert clock.passed < 5


@pytest.mark.parametrize(("flushed", "apart"), [(ALL, set()), ({"n1"}, set()), ({"n1"}, {"n1"})])
def test_policies_do_not_excuse_where_pods_or_other_nodes_are_served(flushed, apart):
    """Where pods answer by their own addresses nothing forbids the Service's."""
    _denied(flushed, apart).fails(f"fails from {len(flushed)} of 3 nodes")


@pytest.mark.parametrize("apart", [set(), {"n1"}])
def test_policies_that_act_on_one_node_before_the_others_are_no_fault_of_a_service(apart):
    plane = _denied({"n1"}, apart)
    plane.shut = True
    with pytest.raises(Inconclusive, match=r"fails from 1 of 3 nodes, and by now no pod of ours reaches another: .*\(deny\)"):
        plane.run()


def test_a_node_asks_a_pod_of_another_directly():
    """What it gets from itself shows nothing of the network."""
    assert all(o["from_node"] != o["to_node"] for o in Dataplane().run().seen(variant="pod"))


# ---- two families -------------------------------------------------------------------------------------------------
def test_a_services_address_of_the_other_family_is_asked():
    ctx = Dataplane(second="fd00:96::1").run()
    assert {o["from_node"] for o in ctx.seen(variant="family", target="[fd00:96::1]:80", ok=True)} == {"n0", "n1", "n2"}
    assert ctx.observed["service_families"] == ["IPv4", "IPv6"]
    assert [s["spec"].get("ipFamilyPolicy") for s in ctx.created] == ["PreferDualStack", None, None]
    plane = Dataplane(second="fd00:96::1")
    plane.lost_family = {"n2"}
    plane.fails(r"other address \[fd00:96::1\]:80 fails from 1 of 3 nodes: n2")


def test_a_family_that_no_pod_has_is_told_and_not_asked():
    plane = Dataplane(second="fd00:96::1")
    plane.ctx.items["pods"] = {}
    slices = plane._slices

    def without():
        slices()
        plane.ctx.items["endpointslices"].pop(("ns", "6"))

    plane._slices = without
    ctx = plane.run()
    assert not ctx.seen(variant="family") and "not asked" in ctx.warnings[0]


# ---- nodes that leave ---------------------------------------------------------------------------------------------
def _leaves(plane, node):
    """The node is no more from the first question on."""
    shell = plane.shell

    def leave(source, command):
        plane.ctx.fleet.watch.there.pop(node, None)
        return shell(source, command)

    for probe in plane.probes:
        probe._shell = leave


def test_a_node_that_leaves_meanwhile_drops_out_and_is_told():
    plane = Dataplane(8)
    plane.flushed = {"n1"}
    _leaves(plane, "n1")
    ctx = plane.run()
    assert ctx.observed["left_meanwhile"] == ["n1"] and not ctx.seen(ok=False, from_node="n1", variant="vip")


def test_where_a_pod_behind_the_service_leaves_nothing_is_proved():
    plane = Dataplane()
    plane.never = {"n2"}
    _leaves(plane, "n2")
    with pytest.raises(Inconclusive, match="left while it was asked: n2"):
        plane.run()


# ---- Services of others ---------------------------------------------------------------------------------------------
def test_a_connection_to_a_users_service_that_is_lost_once_is_told():
    plane = user_service(Dataplane(service="web", namespace="shop"), {"app": "web"}, 5)
    plane.connects = {("n2", "10.96.7.7:80"): ["TIMEOUT"]}
    ctx = plane.run()
    assert ctx.warnings == ["Service shop/web accepted a connection only at the second try from n2 (10.96.7.7:80: TIMEOUT)"]


def test_where_a_users_service_fails_all_its_endpoints_are_asked():
    plane = user_service(Dataplane(service="web", namespace="shop"), {"app": "web"}, 40)
    plane.connects = {("n2", "10.96.7.7:80"): "TIMEOUT", ("n2", "10.0.1.9:8000"): "TIMEOUT"}
    ctx = plane.fails("shop/web fails from 1 of 3 nodes: n2")
    assert len(ctx.seen(variant="endpoint", from_node="n2")) == 30 and len(ctx.seen(variant="endpoint", from_node="n1")) == 3
    assert ctx.observed["endpoints_asked"] == 30
    assert [o["target"] for o in ctx.seen(variant="endpoint", from_node="n2", ok=False)] == ["10.0.1.9:8000"]


def test_a_service_whose_traffic_stays_on_the_node_is_claimed_only_where_its_pods_are():
    plane = user_service(Dataplane(service="web", namespace="shop"), {"app": "web"}, 2, internalTrafficPolicy="Local")
    plane.connects = {("n2", "10.96.7.7:80"): "REFUSED"}
    assert plane.run().observed["served_nodes"] == ["n0", "n1"]
    plane = user_service(Dataplane(service="web", namespace="shop"), {"app": "web"}, 2, internalTrafficPolicy="Local")
    plane.connects = {("n1", "10.96.7.7:80"): "REFUSED"}
    plane.fails("shop/web fails from 1 of 2 nodes: n1")
