# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every check is asked while one add-on does not work: those are red that need it, and no other."""
from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import registry
from tests.addons import volumes
from tests.faults.conftest import assert_red
from tests.lab.tiers import autoscaler, cert_manager, external_dns, zonal_volumes

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.gauntlet, pytest.mark.tiers(
    "load_balancer", "ingress", "external_dns", "cert_manager", "monitoring", "autoscaler", "zonal_volumes")]
# They look at what no inventory of the lab names.
UNASKED = ("licenses", "machines")
OPTIONS: dict[str, dict[str, Any]] = {
    "cert_manager": {"cert_manager_domain": cert_manager.WEB, "cert_manager_ingress_class": "traefik"},
    "node_autoscaling": {"allow": True},
}
# Of what is waited for in vain.
SOON: dict[str, dict[str, Any]] = {
    "load_balancer": {"provision_limit": 20}, "ingress": {"ingress_limit": 20}, "gateway": {"gateway_limit": 20},
    "external_dns": {"external_dns_limit": 30}, "cert_manager": {"cert_manager_limit": 30}, "zonal_stateful_set": {"zonal_limit": 30},
    "service_monitor": {"scrape_limit": 30}, "node_autoscaling": {"trigger_limit": 30}, "audit_log": {"audit_wait": 6},
}
Break = Callable[[Any], AbstractContextManager[Any]]


def scaled(namespace: str, deployment: str) -> Break:
    return lambda lab: lab.fault.scale(namespace, deployment, 0)


# What is broken: check -> (cause, scope, confidence, the cause that it follows from)
FAULTS: dict[str, tuple[Break, dict[str, tuple[str, list[str], str, str]]]] = {
    "load balancers": (scaled("metallb-system", "controller"), {
        "load_balancer": ("lb.controller-missing", ["deployment/metallb-system/controller"], "confirmed", "")}),
    "ingress": (scaled("traefik", "traefik"), {
        "ingress": ("ingress.controller-down", ["deployment/traefik/traefik"], "confirmed", ""),
        "gateway": ("ingress.controller-down", ["deployment/traefik/traefik"], "confirmed", ""),
        "cert_manager": ("cert.http01-unreachable", [f"clusterissuer/{cert_manager.ACME}"], "confirmed", "ingress.controller-down")}),
    "external-dns": (scaled(external_dns.NAMESPACE, "external-dns"), {
        "external_dns": ("edns.not-running", [f"deployment/{external_dns.NAMESPACE}/external-dns"], "confirmed", "")}),
    "cert-manager": (scaled("cert-manager", "cert-manager"), {
        "cert_manager": ("cert.controller-down", ["deployment/cert-manager/cert-manager"], "confirmed", "")}),
    "volumes": (scaled(zonal_volumes.NAMESPACE, "zonal-csi-controller"), {
        "zonal_stateful_set": (
            "storage.driver-missing", [f"provisioner/{zonal_volumes.DRIVER}", volumes.CONTROLLER_REF], "confirmed", "")}),
    "audit": (lambda lab: lab.fault.no_audit_log(), {"audit_log": ("audit.off", [], "confirmed", "")}),
    "operator": (scaled("monitoring", "prometheus-operator"), {
        "service_monitor": ("ctrl.not-progressing", ["deployment/monitoring/prometheus-operator"], "confirmed", "")}),
    "autoscaler": (scaled(autoscaler.NAMESPACE, autoscaler.DEPLOYMENT), {
        "node_autoscaling": ("cas.not-running", [f"deployment/{autoscaler.NAMESPACE}/{autoscaler.DEPLOYMENT}"], "confirmed", "")}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_only_those_are_red_that_need_it(lab: Any, prove: Any, name: str) -> None:
    broken, expected = FAULTS[name]
    roots = {n for n, (_cause, _scope, _confidence, follows) in expected.items() if not follows}
    options = {n: {**OPTIONS.get(n, {}), **(SOON.get(n, {}) if n in roots else {})} for n in {*OPTIONS, *roots}}
    checks = [n for n in registry.load() if n not in UNASKED]
    with broken(lab):
        records = prove(*checks, **options)
    assert {n: r.cause for n, r in records.items() if r.verdict not in ("passed", "warned")} == {n: e[0] for n, e in expected.items()}
    for check, (cause, scope, confidence, follows) in expected.items():
        assert_red(records[check], cause, scope, confidence, follows=follows)
    prove.green(*expected, **{n: OPTIONS[n] for n in expected if n in OPTIONS})
