# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Load balancers, replayed: who did not make one and why, who does not announce it, what keeps clients out, what stays.

Texts of MetalLB were met on the lab. Those of k8s.io/cloud-provider's service controller and of the AWS Load Balancer
Controller are
from their sources, those of clouds in them from reports of their users: simulated here, by replay only.
"""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import Diagnosis
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import SPACE, event, healthy, meta, on_path, one, seen

SERVICE = f"{SPACE}/lb-x"
OURS = f"service/{SERVICE}"
METALLB = {"ipaddresspools": ["pool"], "l2advertisements": ["l2"], "bgpadvertisements": []}
CONTROLLER, SPEAKER = "deployment/metallb-system/controller", "daemonset/metallb-system/speaker"
LEFT = "lb has got no address within 300 s"
QUIET = ("Service lb-x has got no address: after 60 s our Service of type LoadBalancer has no address, no event and no "
         "finalizer, and "
         "there is deployment/metallb-system/controller")


def _finding(message: str, observations: Any = (), **observed: Any) -> Finding:
    return Finding("load_balancer", "load_balancing", "failed", "a step", message, observed={"service": SERVICE, **observed},
                   observations=list(observations), path=[on_path("Service", "lb-x")])


def _event(reason: str, message: str) -> dict[str, Any]:
    return event("Service", "lb-x", reason, message)


def _one(finding: Finding, *events: dict[str, Any], **data: Any) -> Diagnosis:
    return one(finding, {**healthy(), "events": list(events), **data})


def _claims(found: Diagnosis) -> tuple[str, str, list[str]]:
    return found.cause, found.confidence, found.scope


def _speaker(available: int) -> dict[str, Any]:
    return {"metadata": meta("speaker", "metallb-system", labels={"app": "metallb"}), "spec": {},
            "status": {"desiredNumberScheduled": 3, "numberAvailable": available}}


# ---- no address ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("reason", "text", "cause"), [
    ("AllocationFailed", f'Failed to allocate IP for "{SERVICE}": no available IPs', "lb.pool-exhausted"),
    ("AllocationFailed", f'Failed to allocate IP for "{SERVICE}": unknown pool "blue"', "lb.pool-exhausted"),
    ("LoadBalancerFailed", 'invalid requested loadbalancer IPs: invalid spec.loadBalancerIP "x"', "lb.not-provisioned"),
    ("SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: AccessDenied: User: "
                               "arn:aws:sts::1:x is "
     "not authorized to perform: elasticloadbalancing:CreateLoadBalancer", "cloud.permission"),
    ("SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: RESPONSE 403: 403 Forbidden "
                               "ERROR CODE: "
     "AuthorizationFailed", "cloud.permission"),
    ("SyncLoadBalancerFailed", "Error syncing load balancer: TooManyLoadBalancers: Exceeded quota of account 1", "cloud.quota"),
    ("SyncLoadBalancerFailed", "Error syncing load balancer: RESPONSE 400: SubnetIsFull", "cloud.quota"),
    ("SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: could not find any suitable "
                               "subnets for "
     "creating the ELB", "cloud.config"),
    ("FailedBuildModel", "Failed build model due to unable to resolve at least one subnet (0 match VPC and tags: "
     "[kubernetes.io/role/internal-elb])", "cloud.config"),
    ("FailedBuildModel", "Failed build model due to no EC2 IMDS role found", "cloud.permission"),
    ("FailedDeployModel", "Failed deploy model due to Throttling: Rate exceeded", "cloud.throttled"),
    ("SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: is busy: offline/create_pending",
     "lb.not-provisioned")])
def test_a_controllers_own_words_name_the_cause(reason: str, text: str, cause: str) -> None:
    found = _one(_finding(f"Service {LEFT}; {reason}: {text}", signs=[reason], metallb=METALLB), _event(reason, text))
    scope = ["ipaddresspool/pool"] if cause == "lb.pool-exhausted" else [OURS]
    assert _claims(found) == (cause, "confirmed", scope)
    assert text in found.evidence[0] and "get events" not in found.next_command


def test_words_about_another_service_are_not_ours() -> None:
    other = event("Service", "web", "AllocationFailed", "no available IPs", namespace="shop")
    found = _one(_finding(f"Service {LEFT}", signs=["EnsuringLoadBalancer"]), other)
    assert found.cause == "unknown.timeout" or found.cause.startswith("unknown"), found


def test_a_controller_that_is_away_is_named() -> None:
    found = _one(_finding(QUIET, signs=[], makers={CONTROLLER: False, SPEAKER: True}, metallb=METALLB))
    assert _claims(found) == ("lb.controller-missing", "confirmed", [CONTROLLER])
    assert found.next_command == "kubectl -n metallb-system describe deployment controller" and CONTROLLER in found.evidence[0]


def test_a_controller_that_is_there_and_silent_is_not_called_dead() -> None:
    assert _one(_finding(QUIET, signs=[], makers={CONTROLLER: True, SPEAKER: True})).confidence == "probable"


def test_a_class_that_nobody_serves_is_named() -> None:
    found = _one(_finding("Service lb-x of class acme/nlb has got no address: nothing", signs=[],
                          load_balancer_class="acme/nlb", makers={CONTROLLER: True}, metallb=METALLB))
    assert _claims(found) == ("lb.controller-missing", "probable", ["loadbalancerclass/acme/nlb"])
    assert "CLASS:.spec.loadBalancerClass" in found.next_command


def test_metallb_without_a_pool_says_nothing_and_is_told_by_it() -> None:
    found = _one(_finding(QUIET, signs=[], makers={CONTROLLER: True}, metallb={**METALLB, "ipaddresspools": []}))
    assert _claims(found) == ("lb.pool-exhausted", "confirmed", []) and "ipaddresspools" in found.next_command
    unread = _one(_finding(QUIET, signs=[], makers={CONTROLLER: True}, metallb={}))
    assert unread.cause == "lb.controller-missing"


# ---- no traffic ---------------------------------------------------------------------------------------------------
SILENT = "203.0.113.7:80 does not lead to our pods from the controller within 60 s: no answer within 3 s"
GIVEN = _event("IPAllocated", 'Assigned IP ["203.0.113.7"]')
TOLD = _event("nodeAssigned", 'announcing from node "n1" with protocol "layer2"')


def _asked(nodes: str = "") -> list[dict[str, Any]]:
    return [seen("balancer", "outside", error="no answer within 3 s", target="203.0.113.7:80"),
            *(seen("balancer", "node_port", to_node=n, error=nodes) for n in ("n1", "n2"))]


def test_without_an_advertisement_the_address_is_not_announced() -> None:
    facts = {"ipaddresspools": ["pool"], "l2advertisements": [], "bgpadvertisements": []}
    found = _one(_finding(SILENT, _asked(), metallb=facts), GIVEN)
    assert _claims(found) == ("lb.not-announced", "confirmed", ["ipaddresspool/pool"])
    assert "l2advertisements" in found.next_command


def test_without_speakers_neither() -> None:
    found = _one(_finding(SILENT, _asked(), metallb=METALLB), GIVEN, daemonsets=[_speaker(0)])
    assert _claims(found) == ("lb.not-announced", "confirmed", [SPEAKER])


def test_an_interface_that_is_not_there_is_said_by_the_speaker() -> None:
    failed = _event("announceFailed", 'the interfaces specified by LB IP "203.0.113.7" doesn\'t exist in assigned node "n1" '
                                      'with '
                                      'protocol "layer2"')
    found = _one(_finding(SILENT, _asked(), metallb=METALLB), GIVEN, failed)
    assert _claims(found) == ("lb.not-announced", "confirmed", [OURS])


def test_an_address_that_no_node_took_is_probably_not_announced() -> None:
    data = {"daemonsets": [_speaker(3)]}
    assert _claims(_one(_finding(SILENT, _asked(), metallb=METALLB), GIVEN, **data)) == (
        "lb.not-announced", "probable", ["ipaddresspool/pool"])
    cut = _one(_finding(SILENT, _asked(), metallb=METALLB), GIVEN, **data, partial={"events": "the first 1,000 only"})
    assert cut.cause != "lb.not-announced", "events that are not whole are no absence"


def test_what_is_announced_and_does_not_come_through_is_cut_on_the_way() -> None:
    found = _one(_finding(SILENT, _asked(), metallb=METALLB), GIVEN, TOLD, daemonsets=[_speaker(3)])
    assert _claims(found) == ("net.firewall-external", "probable", [OURS])
    nothing = _one(_finding(SILENT, _asked("no answer within 3 s"), metallb=METALLB), GIVEN, TOLD)
    assert nothing.cause.startswith("unknown"), "where no node answers either, the way to the cluster may be cut"


@pytest.mark.parametrize(("ranges", "cause"), [(["192.0.2.0/24"], "net.firewall-external"), (["198.51.100.0/24"], "unknown"),
                                               ([], "unknown")])
def test_our_own_ranges_are_named_only_where_they_leave_us_out(ranges: list[str], cause: str) -> None:
    found = _one(_finding(SILENT, _asked(), source_ranges=ranges, asker="198.51.100.4"))
    assert found.cause.startswith(cause) and (found.confidence == "confirmed") == (cause != "unknown")


def test_a_name_that_does_not_resolve() -> None:
    message = "lb.example.com:80 does not lead to our pods from the controller within 600 s: the name does not resolve: unknown"
    found = _one(_finding(message))
    assert _claims(found) == ("lb.dns-lag", "probable", ["name/lb.example.com"])
    assert found.next_command == "dig +trace lb.example.com"


def test_two_that_write_one_status() -> None:
    found = _one(_finding("the address of Service lb-x changes between 203.0.113.7 and 203.0.113.9 while nobody changes the "
                          "Service",
                          addresses_changed=["203.0.113.7", "203.0.113.9"], status_written_by=["controller", "other-lb"]))
    assert _claims(found) == ("lb.contended", "confirmed", ["controller/controller", "controller/other-lb"])


# ---- health, and the end ------------------------------------------------------------------------------------------
def test_a_health_port_is_told_with_its_nodes_and_the_proxys_words() -> None:
    error = "answers at its port 30080, and not at its health port 32000: connection refused"
    taken = _event("FailedToStartServiceHealthcheck", 'node n2 failed to start healthcheck "a/b" on port 32000: listen tcp: '
                                                      'in use')
    found = _one(_finding(f"the health port 32000 of externalTrafficPolicy Local fails at 1 of 3 nodes: n2 ({error})", [
        seen("balancer", "health_port", to_node="n1"), seen("balancer", "health_port", to_node="n2", error=error)]), taken)
    assert _claims(found) == ("lb.targets-unhealthy", "confirmed", ["node/n2"])
    assert "failed to start healthcheck" in found.evidence[0] and found.next_command == "ssh n2 ss -ltn"


def test_what_stays_is_told_with_what_holds_it() -> None:
    held = ["service.kubernetes.io/load-balancer-cleanup"]
    words = "Service lb-x gone: not within 300 s, held by finalizer service.kubernetes.io/load-balancer-cleanup"
    assert _claims(_one(_finding(words, finalizers=held))) == ("leak.cleanup-stuck", "confirmed", [OURS])
    denied = _event("SyncLoadBalancerFailed", "Error syncing load balancer: failed to delete load balancer: AccessDenied: x")
    found = _one(_finding(words, finalizers=held), denied)
    assert found.cause == "cloud.permission"
    left = ["classic load balancer a1"]
    found = _one(_finding("AWS still has classic load balancer a1 300 s after the Service is gone", left_at_provider=left))
    assert _claims(found) == ("leak.provider", "confirmed", [OURS]) and "AWS has classic load balancer a1" in found.evidence


def test_an_address_that_outlives_its_service() -> None:
    found = _one(_finding("203.0.113.7:80 still leads to our pods 20 s after the Service is gone", [
        seen("balancer", "after", error="our pods still answer")]))
    assert _claims(found) == ("leak.cleanup-stuck", "confirmed", [OURS])
