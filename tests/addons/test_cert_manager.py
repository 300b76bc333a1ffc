# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""cert_manager on the real cert-manager, pebble and the lab's name servers, seen green and red, and what it leaves."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import options, registry, rights
from ansible_collections.assay.clusters.plugins.module_utils.engine.run import Run, Settings
from ansible_collections.assay.clusters.plugins.module_utils.engine.terms import Terms
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.kinds import path_of
from ansible_collections.assay.clusters.plugins.module_utils.results.record import Record
from tests.addons import issuing, names
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for
from tests.lab.tiers import cert_manager as tier, ingress
from tests.rights import wait_until_allowed

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("cert_manager")]
CHECK = "cert_manager"
ACME, CONTROLLER = [f"clusterissuer/{tier.ACME}"], ["deployment/cert-manager/cert-manager"]
# Issuers of the lab by one way alone, and seconds until what does not come is given up.
BY_CA = {"cert_manager_issuers": [tier.CA], "cert_manager_limit": 12}
BY_HTTP = {"cert_manager_issuers": [tier.ACME], "cert_manager_challenges": ["http01"], "cert_manager_domain": tier.WEB, "cert_manager_limit": 25}
BY_DNS = {**BY_HTTP, "cert_manager_challenges": ["dns01"]}


def _prove(prove: Any, options: dict[str, Any], **more: Any) -> Any:
    return prove(CHECK, cert_manager={**options, **more})[CHECK]


def _green(lab: Any, prove: Any, options: dict[str, Any]) -> None:
    prove.green(CHECK, cert_manager={**options, "cert_manager_limit": 150})
    issuing.nothing_of_ours(lab)


# ---- healthy ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("ways", [["http01"], pytest.param(["http01", "dns01"], marks=pytest.mark.gauntlet)], ids=["http", "all"])
def test_each_way_issues_serves_renews_and_leaves_nothing(lab: Any, prove: Any, ways: list[str]) -> None:
    with issuing.somebodys(lab):
        record = _prove(prove, {"cert_manager_domain": tier.WEB, "cert_manager_ingress_class": "traefik", "cert_manager_challenges": ways})
        assert (record.verdict, record.message, prove.result["leftovers"]) == ("passed", "", [])
        asked = [*(f"ClusterIssuer {tier.ACME} by {w}" for w in ways), f"ClusterIssuer {tier.CA}"]
        assert sorted(record.observed["asked"]) == sorted(asked)
        assert {m["name"] for m in record.measurements} == {f"{a}: {what} after" for a in asked for what in ("issued", "renewed")}
        assert record.observed[f"challenges of {asked[0]}"] == ["HTTP-01"]
        issuing.nothing_of_ours(lab)


def test_without_a_domain_nothing_is_proved_of_acme(lab: Any, prove: Any) -> None:
    record = _prove(prove, {})
    assert_red(record, "harness.precondition", [], "confirmed", f"ClusterIssuer {tier.ACME} was not asked", verdict="inconclusive")
    assert f"everything holds of ClusterIssuer {tier.CA}" in record.message
    record = _prove(prove, {"cert_manager_issuers": ["nobody"]})
    assert_red(record, "cert.issuer-not-ready", [], "confirmed", "there is no ClusterIssuer nobody; there are ClusterIssuer")


# ---- cert-manager -------------------------------------------------------------------------------------------------
def test_its_controller_is_stopped(lab: Any, prove: Any) -> None:
    with issuing.somebodys(lab), lab.fault.scale("cert-manager", "cert-manager", 0):
        record = _prove(prove, BY_CA)
    assert_red(record, "cert.controller-down", CONTROLLER, "confirmed", "has no ready pod")
    assert "describe deployment cert-manager" in record.next_command
    _green(lab, prove, BY_CA)


@pytest.mark.gauntlet
def test_its_webhook_is_stopped(lab: Any, prove: Any) -> None:
    with lab.fault.scale("cert-manager", "cert-manager-webhook", 0):
        wait_for("the end of its pods", lambda: not issuing.pods(lab, "webhook"), 60)
        record = _prove(prove, BY_CA)
    assert_red(record, "webhook.no-endpoints", ["webhook/webhook.cert-manager.io"], "confirmed")
    assert record.step == "a Certificate of each issuer is accepted"
    wait_for("the webhook", lambda: issuing.accepted(lab), 60)
    _green(lab, prove, BY_CA)


@pytest.mark.gauntlet
def test_its_webhook_has_the_certificate_of_another_ca(lab: Any, prove: Any) -> None:
    with issuing.webhook_of_another_ca(lab):
        record = _prove(prove, BY_CA)
    assert_red(record, "webhook.ca-mismatch", ["webhook/webhook.cert-manager.io"], "confirmed", "x509")
    wait_for("the webhook", lambda: issuing.accepted(lab), 90)
    _green(lab, prove, BY_CA)


# ---- by HTTP ------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_names_lead_to_nobody(lab: Any, prove: Any) -> None:
    with issuing.web_at(lab, lab.host):
        record = _prove(prove, BY_HTTP)
    assert_red(record, "cert.http01-unreachable", ACME, "confirmed", "failed to perform self check GET request", "connection refused")
    assert "wrong-answer" not in str(record.to_dict())
    issuing.nothing_of_ours(lab)
    _green(lab, prove, BY_HTTP)


@pytest.mark.gauntlet
def test_without_load_balancers_names_are_not_proved(lab: Any, prove: Any) -> None:
    """One root and two consequences: MetalLB, the Ingress without an address, the challenge that nobody answers."""
    own = {"ingress": {"ingress_limit": 12}, "load_balancer": {"provision_limit": 12}, CHECK: BY_HTTP}
    status = "/api/v1/namespaces/traefik/services/traefik/status"
    with lab.fault.scale("metallb-system", "controller", 0), lab.fault.patch(status, {"status": {"loadBalancer": {"ingress": None}}}):
        records = prove("load_balancer", "ingress", CHECK, **own)
    wait_for("Traefik's address", lambda: ingress.address(lab), 60)
    assert_red(records["load_balancer"], "lb.controller-missing", ["deployment/metallb-system/controller"], "confirmed")
    assert_red(records["ingress"], "ingress.no-address", ["ingressclass/traefik"], "confirmed", follows="lb.controller-missing")
    assert_red(records[CHECK], "cert.http01-unreachable", ACME, "confirmed", follows="lb.controller-missing")
    prove.green("load_balancer", "ingress")
    lab.tier("cert_manager")
    _green(lab, prove, BY_HTTP)


# ---- by DNS -------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
@pytest.mark.tiers("external_dns")
def test_a_name_server_does_not_get_the_record(lab: Any, prove: Any) -> None:
    with names.second_does_not_follow(lab):
        record = _prove(prove, BY_DNS)
    assert_red(record, "cert.dns01-not-propagated", ACME, "confirmed", "Waiting for DNS-01 challenge propagation")
    issuing.nothing_of_ours(lab)
    _green(lab, prove, BY_DNS)


# ---- killed -------------------------------------------------------------------------------------------------------
@contextmanager
def _running(lab: Any, prove: Any, own: dict[str, Any]) -> Iterator[None]:
    """A run with these options in a process of its own, which is killed."""
    code = ("from pathlib import Path; from tests.faults.conftest import Prover; "
            f"Prover({str(lab.kubeconfig)!r}, {lab.name!r}, Path({str(prove.journal_dir)!r}))({CHECK!r}, cert_manager={own!r})")
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("way", ["http", pytest.param("dns", marks=pytest.mark.gauntlet)])
def test_killed_in_a_challenge_nothing_stays_after_the_next_run(lab: Any, prove: Any, way: str) -> None:
    with issuing.somebodys(lab):
        with _running(lab, prove, {"http": BY_HTTP, "dns": BY_DNS}[way]):
            wait_for("a challenge", lambda: issuing.records(lab) if way == "dns" else issuing.challenges(lab), 90, 0.2)
        _green(lab, prove, BY_CA)


# ---- who may less -------------------------------------------------------------------------------------------------
USER, PROOFS = "assay-guest", "assay-proofs"


@contextmanager
def _guest(lab: Any, scope: str, optional: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """The log-in of somebody who has the generated roles alone."""
    subjects = [{"kind": "User", "name": USER, "apiGroup": "rbac.authorization.k8s.io"}]
    made = rights.roles([registry.load()[CHECK]], "assay-guest", scope, PROOFS, optional)
    with ExitStack() as stack:
        for one in (*made, *rights.bindings(made, subjects)):
            stack.enter_context(lab.fault.extra(path_of(one["apiVersion"], one["kind"], one["metadata"].get("namespace", "")), one))
        what = "services" if scope == "namespace" else "namespaces"
        wait_until_allowed(lambda path, body: lab.api(path, "POST", body), USER, "create", what, PROOFS if scope == "namespace" else "")
        yield {"kubeconfig": str(lab.kubeconfig), "impersonate_user": USER}


@pytest.mark.gauntlet
@pytest.mark.parametrize(("scope", "optional", "verdict", "words"), [
    ("cluster", ("reads",), "warned", "was not looked at, as our user may read no Secret"),
    ("namespace", ("reads",), "inconclusive", "would stay in namespace assay-proofs"),
    ("namespace", ("reads", "issued_secrets"), "passed", "")], ids=["cluster", "namespace", "namespace with Secrets"])
def test_with_the_generated_roles_alone(lab: Any, tmp_path: Any, scope: str, optional: tuple[str, ...], verdict: str, words: str) -> None:
    chosen = registry.select(registry.load(), [CHECK])
    own = options.resolve(chosen[0], {**BY_HTTP, "cert_manager_ingress_class": "traefik", "cert_manager_limit": 120}, {})
    with issuing.somebodys(lab), _guest(lab, scope, optional) as login:
        terms = Terms(namespace=PROOFS) if scope == "namespace" else Terms()
        result = Run(Settings(lab.name, Connection.resolve(login, {}), chosen, {CHECK: own}, {}, journal_dir=tmp_path, terms=terms)).go()
        record = Record.from_dict(result["records"][0])
        assert (record.verdict, result["leftovers"]) == (verdict, []) and words in record.message, record.message
        issuing.nothing_of_ours(lab)
