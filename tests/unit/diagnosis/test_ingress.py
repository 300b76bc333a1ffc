# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ingresses and Gateways, replayed: which stage broke, what the controller's workloads say, and what must not be claimed."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    SPACE, cause, deployment, event, healthy, on_path, one, pod, seen, waiting)

SITE = "IngressClass nginx"
REF = "deployment/infra/ingress-nginx-controller"
CLASS = ["ingressclass/nginx"]
SERVED = f"{SITE}: served is CN=Kubernetes Ingress Controller Fake Certificate,O=Acme Co"


def _around(ready: int = 1, site: str = SITE, **more: Any) -> dict[str, Any]:
    return {"around": {site: {"controller": "k8s.io/ingress-nginx", "known": True, "workloads": {REF: ready},
                              "balancers": {"infra/ingress-nginx-controller": "192.0.2.9"}, **more}}}


def _ingress(*observations: dict[str, Any], message: str = "a stage failed", check: str = "ingress",
             **observed: Any) -> Finding:
    kind = "HTTPRoute" if check == "gateway" else "Ingress"
    return Finding(check, "load_balancing", "failed", "a step", message, observations=list(observations), observed=observed,
                   path=[on_path(kind, "x-ing0"), on_path("Deployment", "ingress-nginx-controller", "infra")])


def _answer(variant: str, error: str = "", check: str = "ingress", **more: Any) -> dict[str, Any]:
    return seen(check, variant, error=f"{SITE}: {error}" if error else "", target="192.0.2.9:443", **more)


def _data(available: int = 1, *logs: str) -> dict[str, Any]:
    data = healthy()
    data["deployments"].append(deployment("ingress-nginx-controller", "infra", 1, available))
    data["pods"].append(pod("ingress-nginx-controller-7f-x", "infra"))
    data["logs"] = {"infra/ingress-nginx-controller-7f-x/controller": list(logs)}
    return data


NO_ADDRESS = _answer("address", "no address")
LOST = _answer("route", "404 <html> nginx")


# ---- the controller and its address --------------------------------------------------------------------------------
def test_a_controller_without_pods_is_the_cause_whatever_stage_it_breaks() -> None:
    for broken in (NO_ADDRESS, LOST, _answer("outside", "connection refused")):
        found = one(_ingress(broken, **_around(0)), _data(0))
        assert (found.cause, found.confidence, found.scope) == ("ingress.controller-down", "confirmed", [REF])


def test_pods_of_the_controller_that_do_not_start_are_the_root() -> None:
    data = _data(0)
    crashed = {**waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container"),
               "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}
    data["pods"].append(pod("ingress-nginx-controller-8a-y", "infra", ready=False, **crashed))
    found = one(_ingress(NO_ADDRESS, **_around(0)), data)
    assert found.cause == "pod.crash" and any("no ready pod" in e or "ingress-nginx-controller-8a-y" in e
                                              for e in found.evidence)


def test_no_address_beside_a_working_controller_is_a_class_that_it_does_not_take() -> None:
    assert cause(_ingress(NO_ADDRESS, **_around()), _data()) == ("ingress.class-mismatch", "probable", CLASS)


def test_no_address_as_the_balancer_has_none_follows_from_that() -> None:
    data = _data()
    data["deployments"].append(deployment("controller", "metallb-system", 1, 0))
    bare = _around(balancers={"infra/edge": ""})
    found = one(_ingress(NO_ADDRESS, **bare), data)
    assert (found.cause, found.scope) == ("lb.controller-missing", ["deployment/metallb-system/controller"])
    up = _data()
    up["events"] = [event("Service", "edge", "AllocationFailed", "no available IPs in pool", "infra")]
    assert cause(_ingress(NO_ADDRESS, **bare), up)[0] == "lb.pool-exhausted"
    assert cause(_ingress(NO_ADDRESS, **bare), _data()) == ("lb.not-provisioned", "probable", ["service/infra/edge"])


def test_nothing_that_looks_like_the_controller() -> None:
    nobody = _around(workloads={}, balancers={})
    found = one(_ingress(NO_ADDRESS, **nobody), _data())
    assert (found.cause, found.confidence) == ("ingress.class-mismatch",
                                               "probable") and "looks like the controller" in found.evidence[0]
    unseen = _around(workloads={}, balancers={}, known=False)
    assert cause(_ingress(NO_ADDRESS, message="no address: not within 9 s", **unseen), _data())[0] == "unknown.timeout", \
        "what may not be seen is not absent"


def test_an_address_that_nobody_announces() -> None:
    data = _data()
    data["daemonsets"] = [{"metadata": {"name": "speaker", "namespace": "metallb-system"}, "spec": {},
                           "status": {"numberAvailable": 0}}]
    silent = _ingress(_answer("outside", "no answer in time"), _answer("inside", ""))
    silent.verdict = "inconclusive"
    assert cause(silent, data) == ("lb.not-announced", "confirmed", ["daemonset/metallb-system/speaker"])
    data["daemonsets"][0]["status"]["numberAvailable"] = 3
    assert cause(silent, data)[:2] == ("harness.precondition", "confirmed"), "they are there, and pods reach it"


# ---- certificates, routes, backends --------------------------------------------------------------------------------
def test_a_certificate_that_is_not_ours_while_the_host_is_routed() -> None:
    log = f'E0314 09:29:01 7 backend_ssl.go] "Error" secret="{SPACE}/x-tls" was not found'
    found = one(_ingress(_answer("tls", SERVED.partition(": ")[2]), _answer("route"), **_around()), _data(1, log, "I0314 fine"))
    assert (found.cause, found.confidence, found.scope) == ("ingress.tls-secret", "confirmed", CLASS)
    assert any("was not found" in e for e in found.evidence)
    assert found.next_command == f"kubectl -n {SPACE} describe ingress x-ing0"


def test_the_default_certificate_of_a_host_that_is_not_routed_is_no_fault_of_a_secret() -> None:
    found = one(_ingress(_answer("tls", SERVED.partition(": ")[2]), LOST, **_around()), _data())
    assert (found.cause, found.confidence) == ("ingress.class-mismatch", "probable")


@pytest.mark.parametrize(("answer", "text"), [("404 <html> nginx", "as one that nobody routes"),
                                              ("somebody else answers it: 200 welcome", "somebody else answers our host")])
def test_a_host_that_leads_elsewhere(answer: str, text: str) -> None:
    found = one(_ingress(_answer("tls"), _answer("route", answer), **_around()), _data())
    assert (found.cause, found.confidence, found.scope) == ("ingress.class-mismatch", "probable",
                                                            CLASS) and text in found.evidence[0]


@pytest.mark.parametrize("answer",
                         ["502 <html> Bad Gateway", "503 no available server", "500 Internal Server Error",
                          "no answer in time"])
def test_a_backend_that_others_reach(answer: str) -> None:
    good = [_answer("pod", from_node="n2"), _answer("service", from_node="n2")]
    found = one(_ingress(_answer("tls"), _answer("route", answer), *good, **_around()), _data())
    assert (found.cause, found.confidence, found.scope) == ("ingress.backend-error", "confirmed", CLASS)
    alone = one(_ingress(_answer("tls"), _answer("route", answer), **_around()), _data())
    assert (alone.cause, alone.confidence) == ("ingress.backend-error", "suspected"), "nobody else was asked"
    lost = [_answer("pod", "connection refused", from_node="n2"), _answer("service", "connection refused", from_node="n2")]
    assert not cause(_ingress(_answer("route", answer), *lost, **_around()),
                     _data())[0].startswith("ingress."), "others do not either"


@pytest.mark.parametrize("answer", ["400 Client sent an HTTP request to an HTTPS server.", "400 The plain HTTP request was sent to HTTPS port"])
def test_a_backend_that_speaks_tls_says_so_itself(answer: str) -> None:
    """Whatever others get of it, who ask as the controller does."""
    for error in ("", "Client sent an HTTP request to an HTTPS server."):
        asked = [_answer("pod", from_node="n2"), _answer("service", error, from_node="n2")]
        found = one(_ingress(_answer("tls"), _answer("route", answer), *asked, **_around()), _data())
        assert (found.cause, found.confidence, found.scope) == ("ingress.backend-error", "confirmed", CLASS) and answer in found.evidence[0]
    assert cause(_ingress(_answer("tls"), _answer("route", "400 Bad Request"), **_around()), _data())[0] != "ingress.backend-error"


@pytest.mark.parametrize("check", ["ingress", "gateway"])
def test_a_service_without_endpoints_is_that_and_nothing_else(check: str) -> None:
    empty = seen("service", "endpoints", error="it has no ready endpoint", target=f"{SPACE}/web")
    for answer in ("503 Service Temporarily Unavailable", "404 page not found"):
        found = one(_ingress(_answer("route", answer, check), empty, check=check, **_around()), _data())
        assert (found.cause, found.confidence, found.scope) == ("svc.no-endpoints", "confirmed", [f"service/{SPACE}/web"])


def test_two_addresses_in_turn() -> None:
    found = one(_ingress(addresses_in_turn={SITE: ["192.0.2.9", "192.0.2.10"]}), _data())
    assert (found.cause, found.confidence, found.scope) == ("ingress.contended", "confirmed", CLASS)


def test_what_the_options_name_is_not_there() -> None:
    none = _ingress(message="there is no IngressClass other; there are nginx")
    none.verdict = "inconclusive"
    assert cause(none, _data())[:2] == ("harness.precondition", "confirmed")


# ---- Gateways ------------------------------------------------------------------------------------------------------
def _gateway(*unmet: tuple[str, str, str, str, str], **more: Any) -> Finding:
    told = [dict(zip(("object", "type", "status", "reason", "message"), u)) for u in unmet]
    return _ingress(message="a Gateway is not ready", check="gateway", unmet_conditions=told, **more)


@pytest.mark.parametrize(("unmet", "scope", "remedy"), [
    (("Gateway infra/shared listener web", "ResolvedRefs", "False", "RefNotPermitted", "no ReferenceGrant"),
     "gateway/infra/shared",
     "ReferenceGrant"),
    (("Gateway infra/shared listener web", "Accepted", "False", "PortUnavailable", ""), "gateway/infra/shared",
     "port that the controller"),
    (("HTTPRoute x-ga0", "Accepted", "False", "NotAllowedByListeners", ""), f"httproute/{SPACE}/x-ga0", "allowedRoutes"),
    (("HTTPRoute x-ga0", "ResolvedRefs", "False", "BackendNotFound", ""), f"httproute/{SPACE}/x-ga0", "backendRefs"),
    (("GatewayClass istio", "Accepted", "False", "InvalidParameters", "no such"), "gatewayclass/istio", "parametersRef"),
])
def test_a_condition_that_says_no(unmet: Any, scope: str, remedy: str) -> None:
    programmed = ("Gateway infra/shared", "Programmed", "False", "Invalid", "listeners are not valid")
    found = one(_gateway(programmed, unmet), _data())
    assert (found.cause, found.confidence, found.scope) == ("gw.not-programmed", "confirmed", [scope])
    assert remedy in found.remedy and scope.rpartition("/")[2] in found.next_command


def test_a_condition_that_nobody_sets() -> None:
    waits = ("GatewayClass istio", "Accepted", "Unknown", "Pending", "Waiting for controller")
    assert cause(_gateway(waits, **_around()), _data()) == ("gw.not-programmed", "probable", ["gatewayclass/istio"])
    assert cause(_gateway(waits, **_around(0, "GatewayClass istio")), _data(0))[0] == "ingress.controller-down"


def test_a_gateway_without_an_address_follows_from_its_balancer() -> None:
    data = _data()
    data["deployments"].append(deployment("controller", "metallb-system", 1, 0))
    bare = ("Gateway infra/shared", "Address", "Unknown", "", "it has no address")
    found = one(_gateway(bare, **_around(balancers={"infra/edge": ""})), data)
    assert found.cause == "lb.controller-missing" and any("has no address" in e for e in found.evidence)


def test_conditions_that_say_yes_of_a_route_that_does_not_serve() -> None:
    lost = _ingress(_answer("route", "404 page not found", "gateway"), check="gateway", **_around())
    assert cause(lost, _data()) == ("gw.not-programmed", "probable", [f"httproute/{SPACE}/x-ing0"])
