# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services, replayed: what answers by its own address and not behind theirs; and probes that cannot be asked."""
from __future__ import annotations

import itertools

import pytest

from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    NODES, cause, finding, healthy, on_path, one, pod, seen, waiting)

REFUSED = "curl: (7) Failed to connect to 10.244.2.3 port 8080: Connection refused"


# ---- Services ---------------------------------------------------------------------------------------------------
def _service(bad: str, direct: str = "", variant: str = "vip") -> object:
    """The Service's address fails from the nodes in bad; pods on their own addresses fail for pairs in direct."""
    observations = [seen("service", variant, n, error="curl: (28) Connection timed out" if n in bad.split() else "",
                         target="10.96.0.7:80") for n in NODES]
    observations += [seen("service", "pod", a, b, "context deadline exceeded" if f"{a}>{b}" in direct.split() else "",
                          "10.244.0.9:8080") for a, b in itertools.product(NODES, ("n1", "n2"))]
    return finding("service", f"the Service's cluster address 10.96.0.7:80 fails from {len(bad.split())} of 3 nodes: {bad}",
                   step="its cluster address reaches every pod from every node", observations=observations)


def test_rules_of_one_node() -> None:
    found = one(_service("n1"), healthy())
    assert (found.cause, found.confidence, found.scope) == ("svc.dataplane", "confirmed", ["node/n1"])
    assert "n1 10.96.0.7:80 (service vip): curl: (28) Connection timed out" in found.evidence
    assert "n1 -> n1 10.244.0.9:8080 (service pod): ok" in found.evidence


def test_rules_of_all_nodes() -> None:
    assert cause(_service("n1 n2 n3"), healthy()) == ("svc.dataplane", "confirmed", [])


def test_stale_rules_after_the_pods_are_gone() -> None:
    assert cause(_service("n2", variant="empty"), healthy()) == ("svc.dataplane", "confirmed", ["node/n2"])


def test_a_backend_out_of_reach_is_not_the_dataplane() -> None:
    direct = " ".join(f"{a}>n2" for a in NODES if a != "n2") + " n2>n1"
    found = one(_service("n1 n2 n3", direct), healthy())
    assert (found.cause, found.scope) == ("net.node-isolated", ["node/n2"])


def test_without_direct_answers_the_dataplane_is_only_suspected() -> None:
    check = finding("service", "fails from n1", observations=[seen("service", "vip", "n1", error="timeout"),
                                                              seen("service", "vip", "n2")])
    assert cause(check, healthy()) == ("svc.dataplane", "suspected", ["node/n1"])


@pytest.mark.parametrize(("error", "sure"), [
    ("answered by 'probe-old', none of its pods", "confirmed"), ("42 connections never reached the pod on n2", "probable"),
    ("2 of 10 connections failed: context deadline exceeded", "probable"),
    ("answered by 'upstream connect error or disconnect/reset before headers', none of its pods", "probable")])
def test_what_an_address_says_that_leads_somewhere(error: str, sure: str) -> None:
    check = _service("n1")
    check.observations[0]["error"] = error
    assert cause(check, healthy()) == ("svc.dataplane", sure, ["node/n1"])


def test_the_other_family_of_a_services_addresses_is_not_sure() -> None:
    """The pods were asked by their first addresses only."""
    assert cause(_service("n1", variant="family"), healthy()) == ("svc.dataplane", "probable", ["node/n1"])


def _of_a_user(**errors: str) -> object:
    """A user's Service that fails from n1; errors: of its endpoints, by name, as n1 sees them. Ours is well."""
    asked = [seen("service", "endpoint", "n1", "n2", error, f"10.244.9.{i}:8000") for i, error in enumerate(errors.values())]
    ours = [seen("service", "pod", n, "n1") for n in NODES]
    vip = [seen("service", "vip", n, error="TIMEOUT" if n == "n1" else "", target="10.96.7.7:80") for n in NODES]
    return finding("service", "Service shop/web fails from 1 of 3 nodes: n1", observations=[*vip, *ours, *asked],
                   observed={"service": "shop/web", "endpoints": 2, "endpoints_asked": 2})


def test_a_users_service_whose_endpoints_all_answer_points_at_the_dataplane() -> None:
    assert cause(_of_a_user(a="", b=""), healthy()) == ("svc.dataplane", "confirmed", ["node/n1"])
    more = _of_a_user(a="", b="")
    more.observed["endpoints"] = 40
    assert cause(more, healthy()) == ("svc.dataplane", "probable", ["node/n1"]), "one that was not asked may be dead"
    assert cause(_of_a_user(a="", b="TIMEOUT"), healthy())[0].startswith("unknown."), "it may be that endpoint"


def test_endpoints_of_a_user_that_answer_nobody_are_no_matter_of_nodes() -> None:
    found = one(_of_a_user(a="TIMEOUT", b="TIMEOUT"), healthy())
    assert (found.cause, found.confidence, found.scope) == ("netpol.overblocking", "suspected", ["namespace/shop"])
    assert found.next_command == "kubectl -n shop get networkpolicy,pods -o wide"
    assert cause(_of_a_user(a="REFUSED", b="REFUSED"), healthy())[0].startswith("unknown.")


def _user_service(matching: int) -> object:
    words = f"Service default/web has no ready endpoint; its selector is app=web and matches {matching or 'no'} pods"
    return finding("service", words, observations=[seen("service", "endpoints", target="default/web",
                                                        error="0 endpoints, none ready")],
                   observed={"service": "default/web", "selector": {"app": "web"}, "matching_pods": matching},
                   path=[on_path("Service", "web", "default")])


def test_a_selector_that_matches_nothing() -> None:
    found = one(_user_service(0), healthy())
    assert (found.cause, found.confidence, found.scope) == ("svc.no-endpoints", "confirmed", ["service/default/web"])
    assert found.next_command == "kubectl -n default describe service web"


def test_a_service_whose_pods_crash_follows_from_them() -> None:
    data = healthy()
    crash = {"lastState": {"terminated": {"exitCode": 1, "message": "no database"}}, **waiting("CrashLoopBackOff")}
    data["pods"].append(pod("web-1", "default", labels={"app": "web"}, ready=False, **crash))
    found = one(_user_service(1), data)
    assert (found.cause, found.scope) == ("pod.crash", ["pod/default/web-1"])
    assert found.next_command == "kubectl -n default logs web-1 --previous"
    assert any("default/web" in line for line in found.evidence)


def test_somebody_elses_crashing_pod_is_not_blamed() -> None:
    data = healthy()
    data["pods"].append(pod("web-1", "default", labels={"app": "other"}, ready=False, **waiting("CrashLoopBackOff")))
    assert cause(_user_service(0), data)[0] == "svc.no-endpoints"


# ---- probes that cannot be asked ----------------------------------------------------------------------------------
def test_probes_that_the_api_server_cannot_ask() -> None:
    words = "pod assay-1/probe-n3: pod-proxy: error trying to reach service: dial tcp 10.244.3.2:8080: i/o timeout"
    check = finding("pod_network", f"the probe could not be asked on n3 ({words})", "inconclusive",
                    observations=[seen("pod", "small", "n1", "n2"), seen("probe", "", "", "n3", words)])
    assert cause(check, healthy()) == ("net.node-isolated", "suspected", ["node/n3"])


KUBELET = "pod assay-1/probe-n3: exec: Handshake status 500: error dialing backend: dial tcp 10.0.0.3:10250: i/o timeout"


@pytest.mark.parametrize(("words", "status", "found"), [
    (KUBELET, "True", ("net.port-filtered", "probable", ["node/n3"])),
    (KUBELET, "Unknown", ("node.unreachable", "probable", ["node/n3"])),
    (KUBELET.replace("10250", "8080"), "True", ("net.node-isolated", "suspected", ["node/n3"]))])
def test_a_kubelet_that_the_api_server_does_not_reach_says_nothing_of_its_pods(words, status, found) -> None:
    check = finding("service", f"the probe could not be asked on n3 ({words})", "inconclusive",
                    observations=[seen("service", "vip", "n1"), seen("probe", "", "", "n3", words)])
    data = healthy()
    data["nodes"][2]["status"]["conditions"][-1]["status"] = status
    assert cause(check, data) == found
