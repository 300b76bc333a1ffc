# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ingress, seen red on the real Traefik: its pods, its class, its certificates, its backends, and the address that it is
given."""
from __future__ import annotations

import base64
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._edge import certificate as certificates
from tests.addons.edge import (
    DEPLOYMENT, INGRESSES, SERVICE, SPACE, backends_in_tls, changed, killed, namespace, nobodys_class, of_ours, second_controller, somebodys)
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for
from tests.lab.tiers.ingress import address

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("ingress")]
CHECK = "ingress"
CLASS = ["ingressclass/traefik"]
# Seconds until what does not come is given up.
SHORT = {"ingress_limit": 12}


def _record(prove: Any, **options: Any) -> Any:
    return prove(CHECK, **{CHECK: {**SHORT, **options}})[CHECK]


def _green(prove: Any, **options: Any) -> None:
    prove.green(CHECK, **{CHECK: options})


# ---- the controller ---------------------------------------------------------------------------------------------------
def test_controller_stopped(lab: Any, prove: Any) -> None:
    with somebodys(lab):
        _green(prove)
        with lab.fault.scale("traefik", "traefik", 0):
            record = _record(prove)
        assert_red(record, "ingress.controller-down", ["deployment/traefik/traefik"], "confirmed", "no ready pod")
        assert record.step == "its controller gives it an address" and "deployment traefik" in record.next_command
        _green(prove)


@pytest.mark.gauntlet
def test_a_class_that_nobody_serves(lab: Any, prove: Any) -> None:
    """Named, it is a fault; beside one that is served it is told, and costs the other nothing."""
    with nobodys_class(lab):
        record = _record(prove, ingress_classes=["other"])
        assert_red(record, "ingress.class-mismatch", ["ingressclass/other"], "probable", "example.com/nobody")
        both = _record(prove)
        assert both.verdict == "warned" and "IngressClass other was left out" in both.message and not both.cause
    assert prove(CHECK, ingress={"ingress_classes": ["none"]})[CHECK].verdict == "inconclusive"
    _green(prove)


@pytest.mark.gauntlet
def test_a_controller_that_serves_another_class(lab: Any, prove: Any) -> None:
    """It runs, and takes Ingresses of a class of its own alone: our Ingress is nobody's."""
    container = lab.api(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]
    narrowed = {**container, "args": [*container["args"], "--providers.kubernetesingress.ingressclass=internal"]}

    def rolled() -> bool:
        item = lab.api(DEPLOYMENT)
        status = item["status"]
        return status.get("observedGeneration") == item["metadata"]["generation"] and status.get("replicas") == 1 == status.get(
            "updatedReplicas") == status.get("readyReplicas")

    with lab.fault.patch(DEPLOYMENT, {"spec": {"template": {"spec": {"containers": [narrowed]}}}}):
        wait_for("Traefik's new pod", rolled, 90)
        record = _record(prove)
    wait_for("Traefik's old pod", rolled, 90)
    assert_red(record, "ingress.class-mismatch", CLASS, "probable")
    assert "tls-secret" not in str(record.evidence), "the default certificate is a consequence"
    _green(prove)


@pytest.mark.gauntlet
def test_two_controllers_for_one_class(lab: Any, prove: Any) -> None:
    with second_controller(lab) as other:
        record = _record(prove)
    assert_red(record, "ingress.contended", CLASS, "confirmed", address(lab), other)
    _green(prove)


# ---- who answers ------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_default_backend_answers_in_our_place(lab: Any, prove: Any) -> None:
    """With 200 and a page: no proof of anything."""
    at = {"ingress_classes": ["other"], "ingress_addresses": {"other": address(lab)}}
    pod = {"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [
        {"name": "web", "image": "registry.k8s.io/e2e-test-images/agnhost:2.53", "args": ["netexec"]}]}}
    spec = {"ingressClassName": "traefik", "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}
    service = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}}
    with nobodys_class(lab), namespace(lab, SPACE):
        lab.api(f"/api/v1/namespaces/{SPACE}/pods", "POST", pod)
        lab.api(f"/api/v1/namespaces/{SPACE}/services", "POST", service)
        lab.api(f"{INGRESSES}/namespaces/{SPACE}/ingresses", "POST", {"metadata": {"name": "all"}, "spec": spec})
        wait_for("its pod", lambda: lab.api(f"/api/v1/namespaces/{SPACE}/pods/web")["status"].get("phase") == "Running", 60)
        record = _record(prove, **at)
    assert_red(record, "ingress.class-mismatch", ["ingressclass/other"], "probable", "somebody else answers our host")
    _green(prove)


# ---- certificates -----------------------------------------------------------------------------------------------------
def _other_pair() -> dict[str, str]:
    data: dict[str, str] = certificates.make("www.example.com").secret("x")["data"]
    return data


@pytest.mark.parametrize("fault", ["another host", pytest.param("missing", marks=pytest.mark.gauntlet),
                                   pytest.param("broken", marks=pytest.mark.gauntlet)])
def test_the_secret_of_the_certificate(lab: Any, prove: Any, fault: str) -> None:
    pair = _other_pair()
    patches = {"missing": [("replace", "/spec/tls/0/secretName", "nowhere")],
               "broken": [("replace", "/data/tls.crt", base64.b64encode(b"no certificate").decode())],
               "another host": [("replace", "/data/tls.crt", pair["tls.crt"]), ("replace", "/data/tls.key", pair["tls.key"])]}
    with changed(lab, "ingresses" if fault == "missing" else "secrets", *patches[fault]):
        record = _record(prove)
    assert_red(record, "ingress.tls-secret", CLASS, "confirmed", "TRAEFIK DEFAULT CERT", "our host is routed to our pods")
    assert record.step == "TLS is with our certificate"
    if fault == "missing":
        assert any("secret" in e and "nowhere does not exist" in e for e in record.evidence), record.evidence
    _green(prove)


# ---- backends ---------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_backend_that_speaks_tls(lab: Any, prove: Any) -> None:
    with backends_in_tls(lab):
        record = _record(prove)
    assert_red(record, "ingress.backend-error", CLASS, "confirmed", "Client sent an HTTP request to an HTTPS server")
    _green(prove)


@pytest.mark.gauntlet
def test_a_service_without_endpoints(lab: Any, prove: Any) -> None:
    with changed(lab, "services", ("replace", "/spec/selector", {"app": "nowhere"})):
        record = _record(prove)
    assert record.scope[0].startswith(f"service/assay-{prove.result['run_id']}/ingress-a-")
    assert_red(record, "svc.no-endpoints", record.scope, "confirmed", "no ready endpoint")
    _green(prove)


# ---- the address ------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_without_load_balancers_an_ingress_has_no_address(lab: Any, prove: Any) -> None:
    """One root, and what follows from it: Ingress and Gateway blame the load balancer, as its own check does."""
    status = f"{SERVICE}/status"
    own = {"ingress": SHORT, "gateway": {"gateway_limit": 12}, "load_balancer": {"provision_limit": 12}}
    with lab.fault.scale("metallb-system", "controller", 0):
        with lab.fault.patch(status, {"status": {"loadBalancer": {"ingress": None}}}):
            alone = _record(prove)
            records = prove("ingress", "gateway", "load_balancer", **own)
    wait_for("Traefik's address", lambda: address(lab), 60)
    root = ["deployment/metallb-system/controller"]
    assert_red(alone, "lb.controller-missing", root, "confirmed", "service/traefik/traefik has no address")
    assert_red(records["load_balancer"], "lb.controller-missing", root, "confirmed")
    assert_red(records["ingress"], "ingress.no-address", CLASS, "confirmed", follows="lb.controller-missing")
    assert records["gateway"].consequence_of == "lb.controller-missing"
    _green(prove)


@pytest.mark.gauntlet
def test_an_address_that_this_machine_does_not_reach(lab: Any, prove: Any) -> None:
    """A firewall is before it: all holds from inside, which is no proof of the way from outside, nor a fault of the
    controller."""
    rule = ["FORWARD", "-s", lab.host, "-p", "tcp", "-m", "multiport", "--dports", "80,443", "-j", "DROP"]
    with lab.fault._rules({n: [rule] for n in lab.machines}):
        record = _record(prove)
    assert record.verdict == "inconclusive" and "everything holds from a pod on" in record.message, record.message
    assert "is not reached from here (no answer in time)" in record.message
    assert (record.cause, record.confidence) == ("harness.precondition", "confirmed")
    _green(prove)


# ---- ends -------------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_nothing_is_left_of_a_run_that_was_killed(lab: Any, prove: Any) -> None:
    with somebodys(lab):
        killed(lab, prove, CHECK, "ingresses")
        _green(prove)
        wait_for("the journals' end", lambda: not list(prove.journal_dir.glob("*.jsonl")), 150)
        assert of_ours(lab, "ingresses", "secrets", "namespaces") == []
