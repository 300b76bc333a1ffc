# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DNS on clusters that are unlike the lab: nodes that differ, come, go and are many; caches on nodes; answers half lost."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import TransportError
from ansible_collections.assay.clusters.tests.unit.checks.fakes import api_error
from ansible_collections.assay.clusters.tests.unit.checks.zones import RESOLV, Zone, slices

ELSEWHERE = RESOLV.replace("10.96.0.10", "10.96.0.99")
CACHE = RESOLV.replace("10.96.0.10", "169.254.20.10")


# ---- settings of nodes ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("settings", "address"), [(ELSEWHERE, "10.96.0.99"), (CACHE, "169.254.20.10")])
@pytest.mark.parametrize("node", ["n0", "n2"])
def test_a_node_whose_pods_are_sent_to_a_server_that_nobody_is(settings, address, node):
    zone = Zone(nodes=3)
    zone.resolvs = {node: settings}
    zone.silent = {f"{node} {word}" for word in ("kubernetes", "dns", "_http", "-x", "head")}
    ctx = zone.assert_red(f"1 of 3 nodes: pods of {node} ask {address}, those of other nodes ask 10.96.0.10")
    assert ctx.steps[-1] == "pods of every node are given a name server that answers"
    assert [(o["from_node"], o["target"]) for o in ctx.seen(variant="nameserver", ok=False)] == [(node, address)]
    assert [o["from_node"] for o in ctx.seen(variant="usual", target="10.96.0.10", ok=True)] == [node]
    assert ctx.observed["nameservers"] == ["10.96.0.10"] and ("Node", "", node) in ctx.path


def test_a_node_that_also_the_usual_server_does_not_answer_has_another_fault():
    zone = Zone(nodes=3)
    zone.resolvs, zone.silent = {"n2": ELSEWHERE}, {"n2 "}
    ctx = zone.assert_red("1 of 3 nodes: n2 .*no servers could be reached")
    assert ctx.steps[-1] == "cluster names resolve on every node" and not ctx.seen(variant="nameserver", ok=False)


def test_an_address_that_all_kubelets_give_and_no_service_has():
    zone = Zone(resolv=ELSEWHERE)
    zone.silent = {f"{n} {w}" for n in ("n0", "n1") for w in ("kubernetes", "dns", "_http", "-x", "head")}
    zone.assert_red("2 of 2 nodes: pods of n0 ask 10.96.0.99, Service kube-system/kube-dns has 10.96.0.10")


def test_caches_on_some_nodes_are_legal_where_they_answer():
    zone = Zone(nodes=3)
    zone.resolvs = {"n2": CACHE}
    ctx = zone.run()
    assert not ctx.seen(ok=False) and not ctx.warnings and ctx.observed["other_nameservers"] == {"n2": ["169.254.20.10"]}


def test_another_server_that_answers_is_worth_a_word():
    zone = Zone(nodes=3)
    zone.resolvs = {"n2": ELSEWHERE}
    assert zone.run().warnings == ["pods are given different name servers, and all answer: 10.96.0.99 on n2, "
                                   "10.96.0.10 elsewhere"]


def test_a_node_that_searches_another_domain():
    zone = Zone(nodes=3)
    zone.resolvs = {"n1": RESOLV.replace("cluster.local", "old.local")}
    zone.wrong = {"n1 kubernetes.default A +search": "NXDOMAIN"}
    zone.assert_red("1 of 3 nodes: pods of n1 search old.local, the cluster's domain is cluster.local")


def test_a_wildcard_in_the_search_path_of_one_node_gives_both_addresses():
    zone = Zone(nodes=3, external_name="www.test")
    zone.others = {"n1 www.test A +search": [("www.test.w.corp.", "A", "192.0.2.66")]}
    ctx = zone.assert_red(r"1 of 3 nodes: n1 \(www.test: answered as www.test.w.corp.: NOERROR A 192.0.2.66; "
                          r"with a dot at its end NOERROR A 192.0.2.7\)")
    assert ctx.steps[-1].endswith("without a trailing dot")
    assert {o["from_node"] for o in ctx.seen(variant="external", ok=False)} == {"n1"}


def test_an_alias_of_the_search_path_is_the_name_itself():
    """As the autopath of CoreDNS answers."""
    zone = Zone(external_name="www.test")
    zone.others = {"www.test A +search": [("www.test.ns.svc.cluster.local.", "CNAME", "www.test."),
                                          ("www.test.", "A", "192.0.2.7")]}
    assert not zone.run().seen(ok=False)


def test_whose_search_path_holds_the_wildcard_is_said():
    zone = Zone(nodes=3)
    zone.resolvs = {"n1": RESOLV.replace("corp.test", "w.corp")}
    zone.others = {f"n1 {zone.ctx.nonce}-absent A +search": [(f"{zone.ctx.nonce}-absent.w.corp.", "A", "192.0.2.66")]}
    (warning,) = zone.run().warnings
    assert "answered on n1 (" in warning and "192.0.2.66" in warning and "cluster.local w.corp) holds a wildcard" in warning


# ---- nodes come and go ------------------------------------------------------------------------------------------
def test_pods_that_leave_meanwhile_may_be_answered_or_not():
    zone = Zone(nodes=3)
    here = [(p.ip, p.pod, p.node) for p in zone.probes]
    right = zone.answer
    zone.answer = lambda node, words: zone.behind(here[:2]) or right(node, words)
    zone.wrong = {}
    headless = f"headless-{zone.ctx.nonce}"
    zone.others = {f"n1 {headless}": [("x.", "A", a) for a, _p, _n in here[:2]]}
    assert not zone.run().seen(ok=False), "n0 is told of all three, n1 of the two that are left"


@pytest.mark.parametrize("addresses", [["10.0.0.0"], ["10.0.0.0", "10.0.0.1", "10.0.0.77"], []])
def test_pods_that_are_missing_or_never_were(addresses, clock):
    zone = Zone(nodes=2)
    zone.others = {f"n1 headless-{zone.ctx.nonce}": [("x.", "A", a) for a in addresses]}
    zone.assert_red(f"NOERROR with {len(addresses)} addresses, expected those of 2 pods")


def test_a_probe_that_has_gone_is_not_waited_for(clock):
    zone = Zone(nodes=3)
    zone.behind([(p.ip, p.pod, p.node) for p in zone.probes[:2]])
    zone.ctx.items["pods"] = {(zone.ctx.namespace, p.pod): {"metadata": {}} for p in zone.probes[:2]}
    zone.right[f"headless-{zone.ctx.nonce}"] = [("A", p.ip) for p in zone.probes[:2]]
    assert not zone.run().seen(ok=False) and clock.passed == 0


# ---- many of them -----------------------------------------------------------------------------------------------
def test_questions_are_linear_in_nodes_whatever_servers_there_are():
    servers = [(f"10.0.1.{i}", f"dns-{i}", f"n{i}") for i in range(40)]
    zone = Zone(nodes=40, servers=servers)
    ctx = zone.run()
    patched = [path for path, body in ctx.client.patched if "assay.clusters/dns-backend" in str(body)]
    assert len(patched) == 4 and ctx.observed["backends"] == 4
    per_node = [sum(n == p.node for n, _a in zone.asked) for p in zone.probes]
    assert set(per_node) == {10 + 2 * 6}
    assert ctx.observed["dns_servers"] == 40 and ctx.observed["direct"] == "6 of 40 servers are asked directly"
    assert len({o["to_node"] for o in ctx.seen(variant="direct")}) == 6


def test_protocols_and_ports_are_those_of_the_service():
    zone = Zone(ports=[{"name": "metrics", "port": 9154, "protocol": "TCP"}, {"name": "dns", "port": 5353, "protocol": "UDP"}])
    ctx = zone.run()
    assert ctx.seen(variant="direct") and not ctx.seen(variant="direct_tcp")
    assert all("5353" in a for _n, a in zone.asked if a[0].startswith("@"))


# ---- the way to the servers -------------------------------------------------------------------------------------
def test_where_a_server_is_not_heard_pods_of_its_node_are_asked():
    zone = Zone(nodes=3)
    zone.silent, zone.cut = {"n2 @10.0.1.1", "n2 @10.0.1.2 "}, {("n2", "n1")}
    ctx = zone.assert_red("1 of 3 nodes: n2")
    assert {(o["from_node"], o["to_node"], o["ok"]) for o in ctx.seen(variant="pod")} == {
        ("n2", "n0", True), ("n2", "n1", False)}


# ---- lost answers -----------------------------------------------------------------------------------------------
def _lossy(lost: dict[str, int], count: int = 20) -> Zone:
    zone = Zone(nodes=3)
    zone.ctx.options["queries"], zone.lost = count, lost
    return zone


def test_a_node_that_loses_half_of_the_answers_has_no_working_dns():
    zone = _lossy({"n1 dig -u +noall +comments +stats +time=2 +tries=1 kubernetes": 9})
    ctx = zone.assert_red(r"1 of 3 nodes: n1 \(18 of 40 questions lost, 0 of 20 at the servers' own addresses\)")
    assert ctx.steps[-1] == "answers are quick and none is lost"
    assert {(o["from_node"], o["ok"]) for o in ctx.seen(variant="latency_direct")} == {("n1", True)}


def test_loss_on_the_way_to_the_servers_is_told():
    zone = _lossy({"n1 ": 5})
    assert zone.assert_red("n1").seen(variant="latency_direct", ok=False, error="10 of 20 questions lost")


@pytest.mark.parametrize(("lost", "count"), [(2, 4), (4, 20)])
def test_a_few_lost_answers_are_worth_a_word(lost, count):
    ctx = _lossy({"n1 ": lost}, count).run()
    assert ctx.warnings == [f"questions without an answer: {lost} of {count} on n1"]


def test_loss_that_passes_is_no_failure():
    zone = _lossy({"n1 ": 10})
    latencies, looks = zone._latencies, []

    def once(node, words):
        looks.append(node)
        if looks.count("n1") > 1:
            zone.lost = {}
        return latencies(node, words)

    zone._latencies = once
    assert zone.run().warnings == ["questions without an answer: 10 of 20 on n1"]


def test_nodes_that_hear_nothing_are_not_asked_for_latency():
    zone = _lossy({})
    zone.silent = {"n1 "}
    assert not zone.assert_red("n1").seen(variant="latency", from_node="n1")


def test_slices_of_other_families_are_not_asked_from_one_family():
    zone = Zone()
    both = [slices("kube-dns", [("fd00::9", "coredns-a", "n0")], [{"port": 53, "protocol": "UDP"}]),
            slices("kube-dns", [("10.0.1.1", "coredns-a", "n0")], [{"port": 53, "protocol": "UDP"}])]
    zone.ctx.client.answers["/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices"] = {"items": both}
    zone.run()
    assert {a[0] for _n, a in zone.asked if a[0].startswith("@")} == {"@10.0.1.1"}


def test_a_node_that_leaves_meanwhile_fails_nothing():
    zone = Zone(nodes=3)
    zone.silent = {"n2 "}
    answer = zone.answer

    def leaves(node, words):
        zone.ctx.fleet.watch.there.pop("n2", None)
        return answer(node, words)

    zone.answer = leaves
    ctx = zone.run()
    assert not ctx.seen(from_node="n2") and ctx.observed["left_meanwhile"] == ["n2"]
    assert ctx.warnings == ["gone or being taken away, so not judged: n2"]


@pytest.mark.parametrize("leaves", [True, False])
def test_a_probe_that_cannot_be_asked_is_not_proved_unless_its_node_has_left(leaves, clock):
    zone = Zone(nodes=3)
    shell = zone.shell

    def gone(probe, command):
        if probe.node == "n2" and "q 0" in command:
            if leaves:
                zone.ctx.fleet.watch.there.pop("n2", None)
            raise TransportError("no way to the pod")
        return shell(probe, command)

    zone.probes[2]._shell = gone
    if leaves:
        assert zone.run().warnings == ["gone or being taken away, so not judged: n2"]
    else:
        with pytest.raises(Inconclusive, match="could not be asked on n2"):
            zone.run()


@pytest.mark.parametrize("word", ["cat", "q 0"])
def test_where_all_nodes_leave_nothing_is_proved(word, clock):
    zone = Zone(nodes=2)
    shell = zone.shell

    def gone(probe, command):
        if word in command:
            zone.ctx.fleet.watch.there.clear()
            raise TransportError("no way to the pod")
        return shell(probe, command)

    for probe in zone.probes:
        probe._shell = gone
    with pytest.raises(Inconclusive, match="no probe could be asked"):
        zone.run()


def test_what_was_not_asked_is_said():
    zone = Zone(nodes=2)
    zone.ctx.fleet.left_out, zone.ctx.fleet.sampled = {"v0": "virtual node"}, "2 of 900 nodes asked"
    assert zone.run().observed["left_out"] == {"v0": "virtual node"} and zone.ctx.observed["sampled"] == "2 of 900 nodes asked"


def test_servers_that_may_not_be_looked_up_are_not_asked_and_it_is_said():
    zone = Zone()
    zone.ctx.client.answers["/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices"] = api_error(403)
    ctx = zone.run()
    assert not ctx.seen(variant="direct")
    assert ctx.observed["direct"].startswith("not asked: the pods behind Service kube-system/")


def _with_policy(silent, **more):
    zone = Zone(nodes=2, **more)
    zone.silent = silent
    zone.ctx.client.answers[f"/apis/networking.k8s.io/v1/namespaces/{zone.ctx.namespace}/networkpolicies"] = {
        "items": [{"metadata": {"name": "deny"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"]}}]}
    return zone


@pytest.mark.parametrize("silent", [{"n0 ", "n1 "}, {"+tcp"}])
def test_where_policies_let_no_question_out_nothing_is_proved_of_dns(silent, clock):
    with pytest.raises(Inconclusive, match=r"answers on any of 2 nodes: .*\(deny\); allow the way to name servers, or"):
        _with_policy(silent).run()


@pytest.mark.parametrize(("silent", "more"), [({"n1 "}, {}), ({"n0 ", "n1 "}, {"servers": []})])
def test_what_single_nodes_miss_and_servers_that_are_not_there_are_no_policys_doing(silent, more, clock):
    _with_policy(silent, **more).assert_red("nodes: n")


def test_policies_that_act_on_one_node_before_the_others_leave_dns_unproved(clock):
    zone = _with_policy({"n1 "})
    zone.cut = {("n0", "n1"), ("n1", "n0")}
    with pytest.raises(Inconclusive, match=r"no name server answers on 1 of 2 nodes, and by now .*\(deny\); allow the way to name"):
        zone.run()


def test_where_nobody_is_heard_not_everybody_is_asked():
    zone = Zone(nodes=90)
    zone.silent = {" "}
    ctx = zone.assert_red("nodes: n")
    asked = {n for n, _a in zone.asked}
    assert 24 <= len(asked) <= 40 and ctx.observed["not_asked"] == 90 - len(asked)


def test_nodes_for_which_no_time_is_left_are_not_proved(clock):
    zone = Zone(nodes=20)
    shell = zone.shell

    def slow(probe, command):
        if "q 0" in command:
            clock.sleep(590)
        return shell(probe, command)

    for probe in zone.probes:
        probe._shell = slow
    with pytest.raises(Inconclusive, match="not asked in time: n"):
        zone.run()
