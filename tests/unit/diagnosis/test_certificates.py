# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What certificates and licences say for themselves, and that nothing else is blamed for it, nor by it."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import Diagnosis, diagnose
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import healthy, seen, silent_cluster


def judged(variant: str, target: str, error: str, node: str = "", kind: str = "certificate") -> dict[str, Any]:
    return {**seen(kind, variant, "", node, error), "target": target}


def told(*observations: dict[str, Any], check: str = "certificates", verdict: str = "failed", data: dict[str, Any] | None = None,
         message: str = "it ended", **observed: Any) -> Diagnosis:
    good = judged("time", "node/n1", "", "n1")
    finding = Finding(check, "certificates", verdict, "a step", message, observed=observed, observations=[good, *observations])
    return diagnose([finding], data or healthy())[check]


@pytest.mark.parametrize(("variant", "target", "node", "code", "command"), [
    ("time", "endpoint/git.test:443", "", "cert.expiring", "openssl s_client -connect git.test:443 -showcerts </dev/null"),
    ("time", "node/n2", "n2", "cert.expiring", "openssl s_client -connect n2:10250 -showcerts </dev/null"),
    ("time", "secret/web/tls", "", "cert.expiring",
     "kubectl -n web get secret tls -o jsonpath='{.data.tls\\.crt}' | base64 -d | openssl x509 -noout -text"),
    ("time", "kubeconfig/certificate", "", "cert.expiring", "kubectl auth whoami"),
    ("begin", "apiserver/10.0.0.1:6443", "", "cert.not-yet-valid", "openssl s_client -connect 10.0.0.1:6443 -showcerts </dev/null"),
    ("trust", "endpoint/git.test:443", "", "cert.untrusted", "openssl s_client -connect git.test:443 -showcerts </dev/null"),
    ("trust", "apiservice/v1.test", "", "cert.untrusted", "kubectl describe apiservice v1.test"),
    ("trust", "validatingwebhookconfiguration/guard", "", "webhook.ca-mismatch",
     "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"),
    ("trust", "customresourcedefinition/things.test", "", "webhook.ca-mismatch",
     "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"),
    ("name", "ingress/web/site", "", "cert.san-mismatch", "kubectl -n web describe ingress site"),
    ("stale", "endpoint/git.test:443", "", "cert.not-reloaded", "openssl s_client -connect git.test:443 -showcerts </dev/null"),
    ("other", "ingress/web/site", "", "ingress.tls-secret", "kubectl -n web describe ingress site"),
    ("other", "endpoint/git.test:443", "", "cert.san-mismatch", "openssl s_client -connect git.test:443 -showcerts </dev/null"),
    ("request", "certificatesigningrequest/csr-1", "n2", "cert.csr-pending", "kubectl describe csr csr-1")])
def test_each_claim_has_its_cause(variant: str, target: str, node: str, code: str, command: str) -> None:
    found = told(judged(variant, target, "is not good", node))
    scope = [target, f"node/{node}"] if node and target != f"node/{node}" else [target]
    assert (found.cause, found.confidence, found.scope, found.consequence_of) == (code, "confirmed", scope, "")
    assert found.evidence == [f"{target} is not good"] and found.next_command == command


def test_a_silent_cluster_is_not_blamed_for_a_date() -> None:
    found = told(judged("time", "endpoint/git.test:443", "ended"), data=silent_cluster())
    assert (found.cause, found.consequence_of) == ("cert.expiring", "")


def test_a_licence_with_the_address_that_told_it() -> None:
    found = told(judged("end", "license/git", "ends in 5 days", kind="license"), check="licenses",
                 asked={"license/git": "https://git.test/api/v4/license?a='b'"})
    assert (found.cause, found.scope, found.confidence) == ("license.expiring", ["license/git"], "confirmed")
    assert found.next_command == "curl -sS 'https://git.test/api/v4/license?a='\"'\"'b'\"'\"''"


@pytest.mark.parametrize(("observed", "scope", "confidence"), [
    ({"bad_option": "x"}, [], "confirmed"), ({"not_answered": {"endpoint/git.test:443": "refuses"}}, ["endpoint/git.test:443"], "probable")])
def test_what_could_not_be_asked_is_a_matter_of_the_inventory(observed: dict[str, Any], scope: list[str], confidence: str) -> None:
    found = told(verdict="inconclusive", message="not looked at", **observed)
    assert (found.cause, found.scope, found.confidence) == ("harness.precondition", scope, confidence)
    assert told(verdict="failed", message="not looked at", **observed).cause != "harness.precondition"
