# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Name servers, replayed: which of them are down, by whom they were asked, and how much one answer proves."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    NODES, cause, coredns, deployment, finding, healthy, meta, one, replace_pod, seen)

SILENCE = "communications error to 10.96.0.10#53: timed out; no servers could be reached"
FIRST, SECOND = "10.244.1.9", "10.244.2.9"


def _dns(*observations: dict[str, Any], **more: Any) -> Any:
    return finding("dns", "it was strange", observations=list(observations), **more)


def _direct(pairs: str, error: str = "", target: str = FIRST) -> list[dict[str, Any]]:
    """Servers that were asked by the address of their pod: "n1>n3 n2>n3"."""
    return [seen("dns", "direct", *pair.split(">"), error, target) for pair in pairs.split()]


def _two_servers() -> dict[str, Any]:
    data = healthy()
    replace_pod(data, *(coredns(on, status={"podIP": ip, "phase": "Running", "conditions": [
        {"type": "Ready", "status": "True", "lastTransitionTime": "2026-03-14T09:26:00Z"}]})
        for on, ip in (("n1", FIRST), ("n2", SECOND))))
    return data


# ---- silent servers --------------------------------------------------------------------------------------------------
def test_a_server_that_nobody_asked_on_its_own_node_may_be_out_of_reach() -> None:
    """Its node has no probe: whether the server is dumb or the way is cut, nobody can say."""
    found = one(_dns(*_direct("n1>n3 n2>n3", SILENCE)), healthy())
    assert (found.cause, found.confidence, found.scope) == ("net.node-isolated", "suspected", ["node/n3"])
    assert not [text for text in found.evidence if "not judged" in text]


def test_a_dumb_server_beside_one_that_answers() -> None:
    asked = [*_direct("n1>n1 n2>n1 n3>n1", SILENCE), *_direct("n1>n2 n2>n2 n3>n2", target=SECOND)]
    assert cause(_dns(*asked), _two_servers()) == ("dns.server-down", "confirmed", ["pod/kube-system/coredns-n1"])


def test_a_server_that_answers_anybody_is_not_dumb() -> None:
    asked = [*_direct("n1>n1 n2>n1", SILENCE), *_direct("n3>n1"), *_direct("n1>n2 n2>n2 n3>n2", target=SECOND)]
    assert cause(_dns(*asked), _two_servers())[0] != "dns.server-down"


@pytest.mark.parametrize(("error", "code", "sure"), [
    ("SERVFAIL", "dns.server-down", "suspected"), ("REFUSED", "dns.stale", "probable"),
    ("NXDOMAIN", "dns.stale", "probable")])
def test_a_server_that_answers_wrongly_is_not_dumb_nor_is_the_corefile_that_another_shares_spoilt(
        error: str, code: str, sure: str) -> None:
    asked = [*_direct("n1>n1 n2>n1 n3>n1", error), *_direct("n1>n2 n2>n2 n3>n2", target=SECOND)]
    assert cause(_dns(*asked), _two_servers()) == (code, sure, [])


# ---- a cache on the node ---------------------------------------------------------------------------------------------
def _cached(*by_name: dict[str, Any], direct: str = "n1>n1 n2>n1 n3>n1", server: str = "169.254.20.10") -> Any:
    return _dns(*by_name, *_direct(direct), observed={"nameservers": [server]})


def test_a_cache_that_answered_once_is_not_down() -> None:
    lost, told = seen("dns", "internal", "n2", error=SILENCE), seen("dns", "internal", "n2")
    found = cause(_cached(lost, seen("dns", "internal", "n1")), healthy())
    assert found == ("dns.server-down", "confirmed", ["node/n2"])
    for both in ((lost, told), (told, lost)):
        assert cause(_cached(*both), healthy())[0] == "unknown.unexplained"


def test_a_cache_is_down_only_where_the_servers_behind_it_are_heard() -> None:
    lost = seen("dns", "internal", "n2", error=SILENCE)
    assert cause(_cached(lost, direct="n1>n1"), healthy())[0] == "unknown.unexplained"
    assert cause(_cached(lost, server="10.96.0.10"), healthy())[:2] == ("svc.dataplane", "confirmed"), "there is none"


# ---- no servers ------------------------------------------------------------------------------------------------------
def _unready(data: dict[str, Any], *controllers: dict[str, Any]) -> dict[str, Any]:
    replace_pod(data, coredns("n1", False))
    data["deployments"] = list(controllers)
    return data


def _silent() -> Any:
    return _dns(*(seen("dns", "internal", n, error="it is quiet: no answer") for n in NODES))


def test_servers_are_down_where_neither_their_pods_nor_their_controllers_know_of_one() -> None:
    assert cause(_silent(), _unready(healthy(), deployment("coredns", "kube-system", 2, 0)))[0] == "dns.server-down"
    assert cause(_silent(), _unready(healthy(), deployment("coredns", "kube-system", 2, 1)))[0] == "unknown.unexplained"
    agents = {"metadata": meta("dns-default", "openshift-dns"),
              "status": {"desiredNumberScheduled": 3, "numberReady": 1}}
    data = _unready(healthy())
    data.update(daemonsets=[agents], services=[{"metadata": meta("dns-default", "openshift-dns"), "spec": {}}])
    assert cause(_silent(), data)[0] == "unknown.unexplained"
    agents["status"]["numberReady"] = 0
    assert cause(_silent(), data) == ("dns.server-down", "confirmed", ["daemonset/openshift-dns/dns-default"])


def test_servers_under_names_that_nobody_knows_are_not_down() -> None:
    data = healthy()
    data["pods"] = [p for p in data["pods"] if not p["metadata"]["name"].startswith("coredns")]
    data["deployments"] = [deployment("names", "kube-system"), deployment("coredns", "elsewhere", 1, 0)]
    assert cause(_silent(), data)[0] == "unknown.unexplained"


# ---- how sure --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("errors", "sure"), [
    (["NXDOMAIN"], "suspected"), (["NXDOMAIN", "NXDOMAIN"], "probable"), (["NXDOMAIN", ""], "suspected"),
    (["SERVFAIL"], "confirmed"), (["SERVFAIL", ""], "suspected"), (["NXDOMAIN", "SERVFAIL"], "confirmed")])
def test_how_sure_upstream_is_by_so_many_answers(errors: list[str], sure: str) -> None:
    """A name that does not exist may just not exist, so that one node alone proves little; nor does one name alone."""
    asked = [seen("dns", "external_fqdn", n, error=e) for n, e in zip(NODES, errors)]
    asked += [seen("dns", "internal", n) for n in NODES[:len(errors)]]
    another = [seen("dns", "upstream", n, error="SERVFAIL", target=".") for n in NODES[:len(errors)]]
    assert cause(_dns(*asked, *another), healthy())[:2] == ("dns.upstream", sure)
    assert cause(_dns(*asked), healthy())[1] != "confirmed"
    answered = one(_dns(*asked, *(seen("dns", "upstream", n, target=".") for n in NODES)), healthy())
    assert (answered.cause, answered.confidence) == ("dns.upstream", "suspected") and "its zone" in answered.remedy


def test_upstream_is_not_judged_where_names_in_the_cluster_fail_too_or_were_not_asked() -> None:
    outside = [seen("dns", "external_fqdn", n, error="SERVFAIL") for n in NODES]
    assert cause(_dns(*outside), healthy())[0] == "unknown.unexplained"
    inside = [seen("dns", "internal", n, error="SERVFAIL" if n == "n2" else "") for n in NODES]
    assert cause(_dns(*outside, *inside), healthy())[0] != "dns.upstream"
