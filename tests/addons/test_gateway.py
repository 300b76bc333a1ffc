# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""gateway, seen red on the real Traefik: classes, listeners, routes that are refused, references without a grant,
certificates."""
from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._edge import certificate as certificates
from tests.addons.edge import GATEWAYS, changed, killed, namespace, of_gateways, of_ours, somebodys
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("ingress")]
CHECK = "gateway"
SHORT = {"gateway_limit": 15}


def _record(prove: Any, **options: Any) -> Any:
    return prove(CHECK, **{CHECK: {**SHORT, **options}})[CHECK]


def _green(prove: Any, **options: Any) -> None:
    prove.green(CHECK, **{CHECK: options})


@contextmanager
def _shared(lab: Any, takes: str, secret_in: str = "") -> Iterator[str]:
    """Somebody's Gateway. takes: routes of which namespaces (All, Same). secret_in: the namespace of its certificate, where
    its one listener is for HTTPS."""
    routes = {"allowedRoutes": {"namespaces": {"from": takes}}}
    listener: dict[str, Any] = {"name": "web", "protocol": "HTTP", "port": 80, **routes}
    if secret_in:
        tls = {"certificateRefs": [{"kind": "Secret", "name": "shared", "namespace": secret_in}]}
        listener = {"name": "web", "protocol": "HTTPS", "port": 443, "tls": tls, **routes}
    body = of_gateways("Gateway", "shared", {"gatewayClassName": "traefik", "listeners": [listener]})
    with namespace(lab, "infra"), namespace(lab, "vault"):
        for space in ("infra", "vault"):
            lab.api(f"/api/v1/namespaces/{space}/secrets", "POST", certificates.make("*.assay.test").secret("shared"))
        lab.api(f"{GATEWAYS}/namespaces/infra/gateways", "POST", body)
        yield "infra/shared"


# ---- classes and controllers ------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_controller_stopped(lab: Any, prove: Any) -> None:
    with somebodys(lab):
        _green(prove)
        with lab.fault.scale("traefik", "traefik", 0):
            record = _record(prove)
        assert_red(record, "ingress.controller-down", ["deployment/traefik/traefik"], "confirmed", "no ready pod")
        _green(prove)


@pytest.mark.gauntlet
def test_a_class_that_nobody_accepts(lab: Any, prove: Any) -> None:
    other = of_gateways("GatewayClass", "other", {"controllerName": "example.com/nobody"})
    with lab.fault.extra(f"{GATEWAYS}/gatewayclasses", other):
        record = _record(prove, gateway_classes=["other"])
        assert_red(record, "gw.not-programmed", ["gatewayclass/other"], "probable", "example.com/nobody")
        both = _record(prove)
        assert both.verdict == "warned" and "GatewayClass other was left out" in both.message and not both.cause
    _green(prove)


@pytest.mark.gauntlet
def test_without_a_class_there_is_nothing_to_prove(lab: Any, prove: Any) -> None:
    with lab.fault.without(f"{GATEWAYS}/gatewayclasses/traefik"):
        record = _record(prove)
    assert record.verdict == "skipped" and "no GatewayClass" in record.message
    _green(prove)


# ---- somebody's Gateway -----------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_gateway_that_takes_no_routes_of_ours(lab: Any, prove: Any) -> None:
    with _shared(lab, "Same") as name:
        record = _record(prove, gateway=name)
    scope = record.scope
    assert scope[0].startswith(f"httproute/assay-{prove.result['run_id']}/")
    assert_red(record, "gw.not-programmed", scope, "confirmed", "NotAllowedByListeners")
    assert record.step == "its routes are accepted and what they name is found" and "allowedRoutes" in record.remedy
    with _shared(lab, "All") as name:
        _green(prove, gateway=name)


@pytest.mark.gauntlet
def test_a_certificate_of_another_namespace_wants_a_grant(lab: Any, prove: Any) -> None:
    grant = of_gateways("ReferenceGrant", "shared", {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "infra"}],
        "to": [{"group": "", "kind": "Secret"}]})
    with _shared(lab, "All", secret_in="vault") as name:
        record = _record(prove, gateway=name)
        assert_red(record, "gw.not-programmed", ["gateway/infra/shared"], "confirmed", "RefNotPermitted")
        assert "ReferenceGrant" in record.remedy and "-n infra describe gateway shared" in record.next_command
        lab.api(f"{GATEWAYS}/namespaces/vault/referencegrants", "POST", grant)
        _green(prove, gateway=name)


# ---- certificates, backends -------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_certificate_that_is_none(lab: Any, prove: Any) -> None:
    """Traefik takes the Secret, and serves its own: conditions say that all is well, and the traffic says that it is not."""
    with changed(lab, "secrets", ("replace", "/data/tls.crt", base64.b64encode(b"no certificate").decode())):
        record = _record(prove)
    assert record.cause in ("ingress.tls-secret", "gw.not-programmed") and record.confidence == "confirmed"
    assert record.verdict == "failed" and record.scope
    _green(prove)


@pytest.mark.gauntlet
def test_a_service_without_endpoints(lab: Any, prove: Any) -> None:
    with changed(lab, "services", ("replace", "/spec/selector", {"app": "nowhere"})):
        record = _record(prove)
    assert record.scope[0].startswith(f"service/assay-{prove.result['run_id']}/gateway-a-")
    assert_red(record, "svc.no-endpoints", record.scope, "confirmed", "no ready endpoint")
    _green(prove)


# ---- ends -------------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_nothing_is_left_of_a_run_that_was_killed(lab: Any, prove: Any) -> None:
    with somebodys(lab):
        killed(lab, prove, CHECK, "gateways", "httproutes")
        _green(prove)
        wait_for("the journals' end", lambda: not list(prove.journal_dir.glob("*.jsonl")), 150)
        assert of_ours(lab, "gateways", "httproutes", "secrets", "namespaces") == []
