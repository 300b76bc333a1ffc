# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster whose name servers answer rightly, wrongly, late or not at all."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._dns import asking
from ansible_collections.assay.clusters.plugins.module_utils.checks._dns import record
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.zones import Zone


def test_healthy_dns_is_asked_in_every_way():
    ctx = Zone(external_name="www.test").run()
    assert not ctx.warnings
    assert not ctx.seen(ok=False)
    assert {o["variant"] for o in ctx.seen(kind="dns", from_node="n1")} == {
        "internal", "tcp", "search", "srv", "ptr", "headless", "nxdomain", "nxdomain_search", "external",
        "external_fqdn", "upstream", "direct", "direct_tcp", "latency"}
    assert {(o["from_node"], o["to_node"]) for o in ctx.seen(variant="direct")} == {
        ("n0", "n0"), ("n0", "n1"), ("n1", "n0"), ("n1", "n1")}
    assert ctx.observed["external_queries_per_name"] == 5
    assert ctx.measurements["DNS answer, median"] == pytest.approx(0.9)
    assert ("Pod", "kube-system", "coredns-b") in ctx.path


def test_external_name_is_left_out_and_said():
    zone = Zone()
    assert "not tested" in zone.run().observed["external"]
    assert not any("www" in " ".join(a) for _n, a in zone.asked)


def test_one_node_without_dns_is_named_and_asked_twice():
    zone = Zone()
    zone.silent = {"n1 "}
    ctx = zone.assert_red(r"1 of 2 nodes: n1 \(kubernetes.default.svc.cluster.local.: connection timed out")
    assert ctx.steps[-1] == "cluster names resolve on every node"
    assert {o["from_node"] for o in ctx.seen(variant="internal", ok=False)} == {"n1"}
    assert ("Node", "", "n1") in ctx.path
    assert [sum(n == node and a[0] == "-x" for n, a in zone.asked) for node in ("n0", "n1")] == [1, 2]


def test_dead_server_behind_a_good_address_fails_directly():
    zone = Zone()
    zone.silent = {"@10.0.1.2"}
    ctx = zone.assert_red("2 of 2 nodes")
    assert ctx.steps[-1] == "every DNS server answers every node directly"
    assert {o["to_node"] for o in ctx.seen(variant="direct", ok=False)} == {"n1"}
    assert not ctx.seen(variant="internal", ok=False)


def test_dead_upstream_fails_external_names_only():
    zone = Zone(external_name="www.test")
    zone.wrong = {"www.test": "SERVFAIL"}
    ctx = zone.assert_red("www.test.: SERVFAIL")
    assert {o["variant"] for o in ctx.seen(ok=False)} == {"external", "external_fqdn"}


def test_name_that_resolves_only_with_a_trailing_dot():
    zone = Zone(external_name="www.test")
    zone.wrong = {"www.test A +search": "NXDOMAIN"}
    assert zone.assert_red("www.test: NXDOMAIN").steps[-1].endswith("without a trailing dot")


def test_wildcards_fail_and_warn():
    zone = Zone()
    zone.right[f"{zone.ctx.nonce}-absent.assay"] = [("A", "192.0.2.1")]
    ctx = zone.assert_red("expected NXDOMAIN")
    assert ctx.steps[-1] == "a name that nobody made does not exist"
    assert ctx.warnings == [] and "new Service in DNS" not in ctx.measurements  # it was not waited for
    zone = Zone()
    zone.right[f"{zone.ctx.nonce}-absent"] = [("A", "192.0.2.1")]
    zone.wrong = {f"{zone.ctx.nonce}-absent.assay": "NXDOMAIN"}
    assert "wildcard domain" in zone.run().warnings[0]


def test_a_name_that_a_server_never_learns_is_no_news(monkeypatch):
    monkeypatch.setattr(asking, "LAG", 1.5)
    monkeypatch.setattr(record, "NEWS", 0.5)
    zone = Zone()
    zone.wrong = {f"dns-{zone.ctx.nonce}": "NXDOMAIN"}
    ctx = zone.assert_red("NXDOMAIN")
    assert "new Service in DNS" not in ctx.measurements and not [w for w in ctx.warnings if "until all servers knew" in w]


def test_a_new_name_may_need_a_second_question():
    zone, tries = Zone(), []
    right = zone.answer

    def late(node, arguments):
        if "-x" in arguments and node == "n0" and not tries:
            tries.append(1)
            return ";; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 1\n"
        return right(node, arguments)

    zone.answer = late
    assert not zone.run().warnings
    assert [len(a) for n, a in zone.asked if n == "n0" and "-x" in a] == [2, 2]


def test_a_given_server_and_domain_are_used():
    zone = Zone(resolv="nameserver 10.96.0.10\n", server="192.0.2.53", cluster_domain="cluster.local")
    assert zone.run().observed["nameservers"] == ["192.0.2.53"]
    assert all(a[0] in ("@192.0.2.53", "@10.0.1.1", "@10.0.1.2") for _n, a in zone.asked)
    with pytest.raises(StepFailed, match="names no cluster domain"):
        Zone(resolv="nameserver 10.96.0.10\nsearch corp.test\n").run()


def _kinds(zone):
    return {w for _n, a in zone.asked for w in a if w in ("A", "AAAA")}


def test_ipv6_clusters_are_asked_for_aaaa():
    zone = Zone(addresses=["fd00::5"])
    assert not zone.run().seen(ok=False) and _kinds(zone) == {"AAAA"}
    zone = Zone(addresses=["fd00::5"])
    zone.right[f"dns-{zone.ctx.nonce}"] = [("AAAA", "fd00::6")]
    zone.assert_red("NOERROR AAAA fd00::6, expected AAAA fd00::5")


def test_of_two_families_both_are_asked_and_the_second_one_counts():
    zone = Zone(addresses=["10.96.5.5", "fd00::5"])
    ctx = zone.run()
    assert not ctx.seen(ok=False) and _kinds(zone) == {"A", "AAAA"} and ctx.observed["families"] == 2
    assert {o["target"] for o in ctx.seen(variant="ptr")} == {"10.96.5.5", "fd00::5"}
    assert {m["spec"]["ipFamilyPolicy"] for m in ctx.created} == {"PreferDualStack"}
    zone = Zone(addresses=["10.96.5.5", "fd00::5"])
    zone.right[f"dns-{zone.ctx.nonce}"] = [("A", "10.96.5.5")]
    zone.assert_red("NOERROR, expected AAAA fd00::5")


# ---- time ---------------------------------------------------------------------------------------------------------
def test_a_server_that_learns_late_is_waited_for(clock):
    zone = Zone()
    zone.wrong = {f"n0 dns-{zone.ctx.nonce} ": "REFUSED", f"n0 dns-{zone.ctx.nonce}.": "NXDOMAIN",
                  "n1 -x": "REFUSED"}  # by the upstream server, who is asked for what ours do not know
    clock.after(30, zone.wrong.clear)
    ctx = zone.run()
    assert 30 <= ctx.measurements["new Service in DNS"] <= 40 and "until all servers knew" in ctx.warnings[0]
    assert not ctx.seen(ok=False)


def test_a_server_that_never_learns_is_not_waited_for_for_ever(clock):
    zone = Zone()
    zone.wrong = {f"n0 headless-{zone.ctx.nonce}": "NXDOMAIN"}
    zone.assert_red("1 of 2 nodes: n0 .*NXDOMAIN")
    assert 59 <= clock.passed <= 63


@pytest.mark.parametrize(("seconds", "looks"), [(600.0, 2), (29.0, 1)])
def test_silence_is_asked_once_more_where_there_is_time(clock, seconds, looks):
    """Silence is no matter of waiting."""
    zone = Zone()
    zone.ctx.deadline = clock.monotonic() + seconds
    zone.silent = {"n1 "}
    zone.assert_red("1 of 2 nodes: n1 ")
    assert sum(n == "n1" and a[0] == "-x" for n, a in zone.asked) == looks and clock.passed <= 2


def test_a_server_that_learns_late_is_not_waited_for_when_the_time_is_up(clock):
    """What the other nodes and the other questions told is there all the same."""
    zone = Zone()
    zone.ctx.deadline = clock.monotonic() + 40
    zone.wrong = {f"n0 headless-{zone.ctx.nonce}": "NXDOMAIN"}
    ctx = zone.assert_red("1 of 2 nodes: n0 .*NXDOMAIN")
    assert clock.passed <= 12 and ctx.left() >= 28
    assert [o["variant"] for o in ctx.seen(ok=False)] == ["headless"] and ctx.seen(from_node="n1", variant="headless", ok=True)


@pytest.mark.parametrize(("seconds", "within"), [(600.0, 60), (25.0, 25)])
def test_endpoints_that_do_not_come_are_told_in_time(clock, seconds, within):
    zone = Zone()
    zone.ctx.deadline = clock.monotonic() + seconds
    zone.ctx.items.clear()
    zone.assert_red(f"^the endpoints of our Services hold the probes: not within {within} s$")
    assert clock.passed == within and zone.ctx.steps[-1] == "Services to be resolved are made"


def test_endpoints_that_come_late_are_waited_for(clock):
    zone = Zone()
    there = dict(zone.ctx.items)
    zone.ctx.items.clear()
    clock.after(40, lambda: zone.ctx.items.update(there))
    assert not zone.run().seen(ok=False)
