# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""cert-manager of the lab, its ACME server, and what both do for names of the lab's zone."""
from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.addons.edge import namespace
from tests.lab.base import run, wait_for
from tests.lab.tiers import cert_manager as tier

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("cert_manager")]
CERTIFICATES = "/apis/cert-manager.io/v1/namespaces/{}/certificates"
SPACE = "shop-tls"


def certificate(name: str, issuer: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": name, "labels": labels}, "spec": {
        "secretName": f"{name}-tls", "dnsNames": [f"{name}.{tier.WEB}"], "issuerRef": {"name": issuer, "kind": "ClusterIssuer"}}}


def ready(lab: Any, space: str, name: str) -> bool:
    item = lab.api(f"{CERTIFICATES.format(space)}/{name}")
    return any(c["type"] == "Ready" and c["status"] == "True" for c in item.get("status", {}).get("conditions") or [])


def issuer_of(lab: Any, space: str, name: str) -> str:
    data = lab.api(f"/api/v1/namespaces/{space}/secrets/{name}-tls")["data"]
    return run("openssl", "x509", "-noout", "-issuer", input=base64.b64decode(data["tls.crt"]).decode())


def test_the_tier_issues_by_its_ca_and_by_http(lab: Any) -> None:
    with namespace(lab, SPACE):
        for name, issuer in (("ca", tier.CA), ("http", tier.ACME)):
            lab.api(CERTIFICATES.format(SPACE), "POST", certificate(name, issuer))
        for name, by in (("ca", "lab CA"), ("http", "Pebble Intermediate")):
            wait_for(f"the certificate {name}", lambda n=name: ready(lab, SPACE, n), 90, 0.5)
            assert by in issuer_of(lab, SPACE, name)


@pytest.mark.gauntlet
def test_the_tier_issues_by_a_record_in_the_zone(lab: Any) -> None:
    with namespace(lab, SPACE):
        lab.api(CERTIFICATES.format(SPACE), "POST", certificate("dns", tier.ACME, solver="dns01"))
        wait_for("the certificate", lambda: ready(lab, SPACE, "dns"), 150, 0.5)
        assert "Pebble Intermediate" in issuer_of(lab, SPACE, "dns")
