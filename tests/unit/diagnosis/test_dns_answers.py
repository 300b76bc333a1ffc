# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What cluster DNS answers, replayed: reverse zones, names that nobody made, wildcards, names outside."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.dns_objects import covers, covers_address
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    NODES, cause, corefile, finding, healthy, one, seen)

COREDNS = ["configmap/kube-system/coredns"]
KNOWN = ("internal", "tcp", "search", "srv", "headless")
ABSENT = "abc-absent.assay.svc.cluster.local."


def _dns(variant: str, errors: dict[str, str], target: str, *more: dict[str, Any]) -> Any:
    """All names of the cluster are known; of one variant nodes have these errors ("*" for all)."""
    out = [seen("dns", v, n, target=f"{v}.x") for n in NODES for v in KNOWN if v != variant]
    out += [seen("dns", variant, n, error=errors.get(n, errors.get("*", "")), target=target) for n in NODES]
    return finding("dns", "x", observations=[*out, *more])


def _with(*lines: str) -> dict[str, Any]:
    data = healthy()
    data["configmaps"] = [corefile(*lines)]
    return data


# ---- reverse zones ----------------------------------------------------------------------------------------------
NO_NAME = {"*": "NXDOMAIN, expected PTR dns-x"}


@pytest.mark.parametrize("error", ["NXDOMAIN, expected PTR dns-x", "REFUSED, expected PTR dns-x",
                                   "no servers could be reached"])
def test_a_corefile_without_reverse_zones(error: str) -> None:
    found = one(_dns("ptr", {"*": error}, "10.96.5.5"), _with("kubernetes cluster.local {"))
    assert (found.cause, found.confidence, found.scope) == ("dns.config", "confirmed", COREDNS)
    assert found.evidence[0] == "configmap/kube-system/coredns: kubernetes cluster.local: no reverse zone of 10.96.5.5"
    assert "in-addr.arpa" in found.remedy


@pytest.mark.parametrize("zones", ["cluster.local in-addr.arpa ip6.arpa", "cluster.local 96.10.in-addr.arpa",
                                   "cluster.local 10.96.0.0/12", ""])
def test_reverse_zones_that_are_there_leave_it_open_which_line_it_is(zones: str) -> None:
    assert cause(_dns("ptr", NO_NAME, "10.96.5.5"), _with(f"kubernetes {zones} {{")) == ("dns.config", "probable", COREDNS)


@pytest.mark.parametrize(("zones", "address", "inside"), [
    (["in-addr.arpa"], "10.96.5.5", True), (["in-addr.arpa."], "10.96.5.5", True), (["ip6.arpa"], "10.96.5.5", False),
    (["ip6.arpa"], "fd00::5", True), (["10.96.0.0/12"], "10.96.5.5", True), (["10.244.0.0/16"], "10.96.5.5", False),
    (["."], "10.96.5.5", True), (["5.10.in-addr.arpa"], "10.96.5.5", False), ([], "10.96.5.5", False)])
def test_which_zones_hold_the_name_of_an_address(zones: list[str], address: str, inside: bool) -> None:
    assert covers_address(zones, address) == inside


@pytest.mark.parametrize(("zones", "inside"), [
    (["cluster.local"], True), (["Local."], True), (["."], True), (["uster.local"], False), (["x.cluster.local"], False),
    ([], False)])
def test_which_zones_hold_a_name(zones: list[str], inside: bool) -> None:
    assert covers(zones, "svc.cluster.local.") == inside


def test_addresses_without_a_name_on_some_nodes_are_not_the_configuration() -> None:
    assert cause(_dns("ptr", {"n2": NO_NAME["*"]}, "10.96.5.5"), _with("kubernetes cluster.local {"))[0] != "dns.config"


# ---- names that nobody made -------------------------------------------------------------------------------------
MADE_UP = {"*": "NOERROR A 192.0.2.7, expected NXDOMAIN"}


@pytest.mark.parametrize("template", ["template IN A cluster.local {", "template IN A {", "template ANY ANY ."])
def test_a_template_answers_for_anything(template: str) -> None:
    found = one(_dns("nxdomain", MADE_UP, ABSENT), _with("kubernetes cluster.local in-addr.arpa {", template))
    assert (found.cause, found.confidence, found.scope) == ("dns.config", "confirmed", COREDNS)
    assert found.evidence[0] == f"configmap/kube-system/coredns: {template}"


@pytest.mark.parametrize("lines", [(), ("template IN A corp.test {",)])
def test_what_else_answers_for_anything_is_not_known(lines: tuple[str, ...]) -> None:
    data = _with("kubernetes cluster.local {", *lines)
    assert cause(_dns("nxdomain", MADE_UP, ABSENT), data) == ("dns.config", "probable", COREDNS)


def test_a_made_up_name_that_nobody_denies_is_no_wildcard() -> None:
    assert cause(_dns("nxdomain", {"*": "SERVFAIL, expected NXDOMAIN"}, ABSENT), healthy())[0] == "dns.server-down"
    assert cause(_dns("nxdomain", {"*": "REFUSED, expected NXDOMAIN"}, ABSENT), healthy())[0] == "unknown.unexplained"


@pytest.mark.parametrize("variant", ["tcp", "srv", "headless", "search"])
def test_only_new_records_are_stale(variant: str) -> None:
    assert cause(_dns(variant, {"*": "NXDOMAIN"}, "x"), healthy())[:2] == ("dns.stale", "probable")


# ---- the search path --------------------------------------------------------------------------------------------
def _outside(plain: dict[str, str], dotted: dict[str, str]) -> Any:
    out = [seen("dns", v, n, error=e.get(n, "")) for n in NODES for v, e in (("external", plain), ("external_fqdn", dotted))]
    return finding("dns", "x", observations=[*out, *(seen("dns", "internal", n) for n in NODES)])


def test_a_wildcard_in_the_search_path_of_one_node() -> None:
    words = "answered as www.w.corp.: NOERROR A 192.0.2.7; with a dot at its end NOERROR A 10.0.0.1"
    found = one(_outside({"n2": words}, {}), healthy())
    assert (found.cause, found.confidence, found.scope) == ("dns.config", "confirmed", ["node/n2"])
    assert words in found.evidence[0] and "search path" in found.remedy
    assert cause(_outside({n: words for n in NODES}, {}), healthy()) == ("dns.config", "confirmed", [])


def test_a_search_path_that_leads_to_nobody_is_not_sure() -> None:
    assert cause(_outside({"n2": "no servers could be reached"}, {}), healthy())[:2] == ("dns.config", "probable")
    assert cause(_outside({"n2": "SERVFAIL"}, {"n2": "SERVFAIL"}), healthy())[0] == "dns.upstream"


# ---- forwarders -------------------------------------------------------------------------------------------------
def test_a_loop_that_hurts_nobody_is_not_the_cause_of_what_does() -> None:
    data = _with("kubernetes cluster.local {", "forward . 10.96.0.10")
    data["services"][0]["spec"]["clusterIP"] = "10.96.0.10"
    assert cause(_dns("ptr", NO_NAME, "10.96.5.5"), data)[:2] == ("dns.config", "confirmed"), "as reverse zones are not there"
    assert one(_dns("ptr", NO_NAME, "10.96.5.5"), data).evidence[0].endswith("no reverse zone of 10.96.5.5")


@pytest.mark.parametrize(("zone", "code"), [(".", "dns.config"), ("lab.test", "dns.config"), ("corp.test", "dns.upstream")])
def test_a_loop_of_another_zone_is_not_the_cause(zone: str, code: str) -> None:
    data = _with("kubernetes cluster.local {", f"forward {zone} 10.96.0.10")
    data["services"][0]["spec"]["clusterIP"] = "10.96.0.10"
    outside = [seen("dns", "external_fqdn", n, error="SERVFAIL", target="www.lab.test.") for n in NODES]
    check = finding("dns", "x", observations=[*outside, *(seen("dns", "internal", n, target="kubernetes.") for n in NODES)])
    assert one(check, data).cause == code


def test_servers_that_answered_all_nodes_were_there_whatever_is_seen_now() -> None:
    data = healthy()
    data["endpointslices"][0]["endpoints"] = []
    assert cause(_dns("tcp", {"n1": "NXDOMAIN"}, "x"), data)[0] == "unknown.unexplained"
    data["pods"] = [p for p in data["pods"] if not p["metadata"]["name"].startswith("coredns")]
    data["deployments"][0]["status"] = {}
    assert cause(_dns("tcp", {"n1": "NXDOMAIN"}, "x"), data)[0] == "unknown.unexplained"
    assert cause(_dns("internal", {"*": "no servers could be reached"}, "x"), data)[0] == "dns.server-down"


def test_a_zone_whose_own_servers_are_dead_is_not_the_forwarders() -> None:
    logs = "[ERROR] plugin/errors: 2 www.lab.test. A: read udp 10.244.0.9:1->10.0.0.53:53: i/o timeout"
    data = healthy()
    data["logs"] = {"kube-system/coredns-n1/coredns": [logs]}
    dead = [seen("dns", "external_fqdn", n, error="SERVFAIL", target="www.lab.test.") for n in NODES]
    inside = [seen("dns", "internal", n) for n in NODES]
    other = [seen("dns", "upstream", n, target=".") for n in NODES]
    found = one(finding("dns", "x", observations=[*dead, *inside, *other]), data)
    assert (found.cause, found.confidence) == ("dns.upstream", "suspected") and "www.lab.test. itself" in found.remedy
    assert "n1 . (dns upstream): ok" in found.evidence
    assert one(finding("dns", "x", observations=[*dead, *inside]), data).confidence == "confirmed", "the server's own words"
