# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""cert-manager, ACME servers and challenges, replayed. Words were met on the lab; those of clouds and of CAs by replay only."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import Diagnosis
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import deployment, healthy, on_path, one, pod

ISSUER, REF = "clusterissuer/acme", "deployment/cm/cert-manager"
SERVER = "https://acme.example.com/directory"
NAME = "ClusterIssuer acme by http01"
APPROVED = {"name": "cm0-x", "reason": "Pending", "message": "Waiting on certificate issuance from order x: \"pending\"", "approved": True}
GET = "Waiting for HTTP-01 challenge propagation: failed to perform self check GET request 'http://cm0-x.example.com/.well-known/x': Get "


def _challenge(reason: str, kind: str = "HTTP-01", state: str = "pending") -> dict[str, str]:
    return {"name": "cm0-x-1", "type": kind, "state": state, "reason": reason}


def _order(state: str = "pending", reason: str = "") -> dict[str, str]:
    return {"name": "cm0-x-0", "state": state, "reason": reason}


def _told(*challenges: dict[str, str], orders: tuple[dict[str, str], ...] = (_order(),), **more: Any) -> dict[str, Any]:
    return {NAME: {"issuer": ISSUER, "server": SERVER, "way": "http01", "host": "cm0-x.example.com", "certificate": "assay-x/cm0-x",
                   "conditions": {"Ready": "DoesNotExist: Issuing certificate as Secret does not exist"}, "request": APPROVED,
                   "orders": list(orders), "challenges": list(challenges), **more}}


def _one(told: dict[str, Any] | None = None, ready: int = 1, logs: tuple[str, ...] = (), message: str = "no certificate was issued",
         verdict: str = "failed", seen: tuple[dict[str, Any], ...] = (), **observed: Any) -> Diagnosis:
    given = {"not_issued": told, "parts": {REF: {"part": "controller", "ready": ready}}, **observed} if told else observed
    finding = Finding("cert_manager", "certificates", verdict, "a step", message, observed=given, observations=list(seen),
                      path=[on_path("Deployment", "cert-manager", "cm")])
    evidence = healthy()
    evidence["deployments"] = [*evidence["deployments"], deployment("cert-manager", "cm", 1, ready)]
    evidence["pods"] = [*evidence["pods"], pod("cert-manager-6b-x", "cm")]
    evidence["logs"] = {"cm/cert-manager-6b-x/main": list(logs)}
    return one(finding, evidence)


@pytest.mark.parametrize(("reason", "code"), [
    (f'{GET}"http://x": dial tcp 203.0.113.9:80: connect: connection refused', "cert.http01-unreachable"),
    (f'{GET}"http://x": dial tcp: lookup cm0-x.example.com on 10.96.0.10:53: no such host', "cert.http01-unreachable"),
    ("Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'", "cert.http01-unreachable"),
    ("Waiting for HTTP-01 challenge propagation: did not get expected response when querying endpoint, expected \"a\" but got: hi",
     "cert.http01-wrong-answer"),
    ("Error accepting authorization: acme: authorization error for x: 400 urn:ietf:params:acme:error:connection: Fetching http://x: "
     "Timeout during connect", "cert.http01-unreachable"),
    ("Error accepting authorization: acme: authorization error for x: 403 urn:ietf:params:acme:error:unauthorized: Invalid response",
     "cert.http01-wrong-answer"),
])
def test_what_proves_a_name_by_http(reason: str, code: str) -> None:
    found = _one(_told(_challenge(reason, state="invalid" if "Error acc" in reason else "pending")))
    assert (found.cause, found.confidence, found.scope) == (code, "confirmed", [ISSUER])
    assert any(reason[:60] in line for line in found.evidence) and "challenges.acme.cert-manager.io" in found.next_command


@pytest.mark.parametrize(("reason", "code"), [
    ("DNS update failed: dns: bad authentication", "cert.dns01-denied"),
    ("DNS update failed. Server replied: REFUSED", "cert.dns01-denied"),
    ("DNS update failed: read udp 10.0.0.1:53: i/o timeout", "cert.dns01-unreachable"),
    ('Waiting for DNS-01 challenge propagation: DNS record for "x" not yet propagated', "cert.dns01-not-propagated"),
    ("Waiting for DNS-01 challenge propagation: NS ns2.x.:53 returned REFUSED for _acme-challenge.x.", "cert.dns01-not-propagated"),
    ('Could not determine authoritative nameservers for "_acme-challenge.x."', "dns.delegation"),
    ("error instantiating route53 challenge solver: AccessDenied: User is not authorized to perform: route53:ChangeResourceRecordSets",
     "cloud.permission"),
    ("Error accepting authorization: acme: authorization error for x: 403 urn:ietf:params:acme:error:unauthorized: No TXT record found",
     "cert.dns01-not-propagated"),
])
def test_what_proves_a_name_by_a_record(reason: str, code: str) -> None:
    state = "invalid" if "Error acc" in reason else "pending"
    assert (_one(_told(_challenge(reason, "DNS-01", state))).cause, _one(_told(_challenge(reason, "DNS-01", state))).scope) == (code, [ISSUER])


def test_a_challenge_without_a_word_names_nothing_for_sure() -> None:
    found = _one(_told(_challenge("")))
    assert (found.cause, found.confidence) == ("cert.issue-failed", "suspected")


def test_the_limit_of_an_acme_server() -> None:
    reason = "Failed to create Order: 429 urn:ietf:params:acme:error:rateLimited: too many certificates already issued"
    found = _one(_told(orders=(_order("errored", reason),)))
    assert (found.cause, found.confidence, found.scope) == ("cert.rate-limited", "confirmed", [ISSUER])
    other = _one(_told(orders=(_order("errored", "Failed to create Order: 400 urn:ietf:params:acme:error:rejectedIdentifier: no"),)))
    assert other.cause == "cert.issue-failed"


@pytest.mark.parametrize(("log", "error", "code", "confidence"), [
    ("", "connection refused", "cert.acme-unreachable", "confirmed"),
    ('E1126 1 controller.go:167] "msg"="re-queuing" "error"="Post \\"https://x\\": dial tcp: connect: connection refused"', "",
     "cert.acme-unreachable", "confirmed"),
    ('E1126 1 controller.go:167] "error"="Get: x509: certificate signed by unknown authority"', "", "cert.acme-untrusted", "confirmed"),
    ("", "", "cert.issue-failed", "suspected"),
])
def test_an_order_that_nobody_answers(log: str, error: str, code: str, confidence: str) -> None:
    asked = {"kind": "acme", "from_node": "n1", "to_node": "", "target": SERVER, "variant": "directory", "ok": not error, "error": error,
             "seconds": None}
    found = _one(_told(orders=(_order("", ""),)), logs=(log,), seen=(asked,))
    assert (found.cause, found.confidence) == (code, confidence)


def test_its_controller_is_away_or_only_looks_so() -> None:
    idle = {"conditions": {}, "request": {}, "orders": (), "challenges": ()}
    found = _one(_told(**idle), ready=0)
    assert (found.cause, found.confidence, found.scope) == ("cert.controller-down", "confirmed", [REF])
    assert (_one(_told(**idle)).cause, _one(_told(**idle)).confidence) == ("cert.controller-down", "probable")
    assert _one(_told(**idle), parts={}).confidence == "suspected"


@pytest.mark.parametrize(("words", "code"), [
    ("ErrRegisterACMEAccount: Failed to register ACME account: Get \"https://x\": x509: certificate signed by unknown authority",
     "cert.acme-untrusted"),
    ("ErrVerifyACMEAccount: Failed to verify ACME account: Get \"https://x\": dial tcp: connect: connection refused", "cert.acme-unreachable"),
    ("ErrGetKeyPair: Error getting keypair for CA issuer: secret \"ca\" not found", "cert.issuer-not-ready"),
])
def test_an_issuer_that_is_not_ready(words: str, code: str) -> None:
    found = _one(not_ready={ISSUER: words}, message=f"an issuer is not ready: ClusterIssuer acme ({words})")
    assert (found.cause, found.confidence, found.scope) == (code, "confirmed", [ISSUER])
    assert found.next_command == "kubectl describe clusterissuer acme"


def test_what_is_missing_and_what_has_to_be_named() -> None:
    missing = _one(missing_issuers=["ClusterIssuer x"], message="there is no ClusterIssuer x; there are none")
    assert (missing.cause, missing.confidence) == ("cert.issuer-not-ready", "confirmed")
    unnamed = _one(message="name a domain in certificates_check_cert_manager_domain", verdict="inconclusive")
    assert (unnamed.cause, unnamed.confidence) == ("harness.precondition", "confirmed")


def test_below_a_page_that_is_not_reached_lie_controller_and_balancer() -> None:
    reason = f"{GET}: dial tcp 203.0.113.9:80: connect: no route to host"
    around = {"IngressClass edge": {"workloads": {"deployment/edge/edge": 0}, "balancers": {"edge/edge": ""}}}
    down = _one(_told(_challenge(reason)), around=around)
    assert (down.cause, down.scope) == ("ingress.controller-down", ["deployment/edge/edge"])
    around["IngressClass edge"]["workloads"]["deployment/edge/edge"] = 1
    bare = _one(_told(_challenge(reason)), around=around)
    assert (bare.cause, bare.scope) == ("lb.not-provisioned", ["service/edge/edge"])
    around["IngressClass edge"]["balancers"]["edge/edge"] = "203.0.113.9"
    assert _one(_told(_challenge(reason)), around=around).cause == "cert.http01-unreachable"
    around["IngressClass edge"]["workloads"]["deployment/edge/edge"] = 0
    assert _one(not_served={"x": "the Ingress has got no address"}, around=around).cause == "ingress.controller-down"


def test_what_is_left_refused_or_not_served() -> None:
    assert _one(left=["challenge/x"], message="after 60 s there is still challenge/x").cause == "leak.cleanup-stuck"
    assert _one(_told(request={**APPROVED, "reason": "Denied", "message": "by policy"})).cause == "admission.denied"
    for variant, code in (("served", "ingress.tls-secret"), ("served_again", "cert.not-reloaded")):
        seen = {"kind": "cert_manager", "from_node": "", "to_node": "", "target": "x", "variant": variant, "ok": False,
                "error": "it serves CN=DEFAULT", "seconds": None}
        assert _one(seen=(seen,), not_served={"x": "y"}).cause == code
