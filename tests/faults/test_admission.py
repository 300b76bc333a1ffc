# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the API server refuses: quotas, policies, Pod Security, and webhooks that are away, mute or not trusted."""
from __future__ import annotations

import socket
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common.names import IMAGES
from tests.faults import refusals
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for
from tests.lab.like.admission import changing, in_force, mapped
from tests.lab.like.stranger import namespace, pod, tried

pytestmark = [pytest.mark.faults, pytest.mark.lab]
HOOK = "webhook/ours.lab.test"
SERVICES = "/api/v1/namespaces/kube-system/services"


# ---- quotas -----------------------------------------------------------------------------------------------------
def _quota(lab: Any, monkeypatch: Any, **hard: str) -> None:
    """What a platform gives to every new namespace."""
    def give(namespace: str) -> None:
        path = f"/api/v1/namespaces/{namespace}/resourcequotas"
        lab.api(path, "POST", {"metadata": {"name": "team"}, "spec": {"hard": hard}})
        wait_for("the quota's use", lambda: lab.api(f"{path}/team")["status"].get("used"), 30, 0.1)

    refusals.in_its_namespace(monkeypatch, give)


@pytest.mark.gauntlet
def test_a_quota_that_our_own_pod_exceeds(lab: Any, prove: Any, monkeypatch: Any) -> None:
    with monkeypatch.context() as patch:
        _quota(lab, patch, pods="0")
        records = prove("storage")
    space = f"assay-{prove.result['run_id']}"
    assert_red(records["storage"], "quota.exceeded", [f"resourcequota/{space}/team"], "confirmed",
               "exceeded quota: team", verdict="inconclusive")
    assert prove.result["leftovers"] == []
    prove.green("storage")


def test_a_quota_that_leaves_room_for_one_probe(lab: Any, prove: Any, monkeypatch: Any) -> None:
    with monkeypatch.context() as patch:
        _quota(lab, patch, pods="1")
        records = prove("nodes", limit=25)
    space = f"assay-{prove.result['run_id']}"
    assert_red(records["nodes"], "quota.exceeded", [f"resourcequota/{space}/team"], "confirmed",
               "daemonset/probe FailedCreate")


# ---- policies ---------------------------------------------------------------------------------------------------
def test_a_policy_that_denies(lab: Any, prove: Any) -> None:
    with refusals.denying(lab, "nothing without a team"):
        records = prove("api_server")
    assert_red(records["api_server"], "admission.denied", ["policy/no-probes"], "confirmed", "nothing without a team")
    prove.green("api_server")


def test_a_sidecar_that_pod_security_denies(lab: Any, prove: Any) -> None:
    """Our pods are restricted ones, and what is put into them is not: the refusal is about our pod all the same."""
    def pod() -> dict[str, Any]:
        made = {"metadata": {"name": "tried", "labels": {"assay.clusters/run": "tried"}},
                "spec": {"containers": [{"name": "main", "image": "pause"}]}}
        return lab.api("/api/v1/namespaces/default/pods?dryRun=All", "POST", made)

    sidecar = ("Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: 'sidecar', image: 'proxy', "
               "securityContext: Object.spec.initContainers.securityContext{privileged: true}}]}}")
    ours = "has(object.metadata.labels) && 'assay.clusters/run' in object.metadata.labels"
    with refusals.mutating(lab, "pods", ours, sidecar, lambda: pod()["spec"].get("initContainers")):
        records = prove("storage")
    assert_red(records["storage"], "admission.denied", ["podsecurity/restricted:latest"], "confirmed",
               "violates PodSecurity", "sidecar", verdict="inconclusive")


@pytest.mark.gauntlet
def test_a_policy_that_puts_another_image_in_the_place_of_the_probes(lab: Any, prove: Any) -> None:
    """A healthy cluster with a rewriting policy is green, and it is told which image asked."""
    wanted, other = IMAGES["agnhost"], "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
    policy = changing("lab-mirror", mapped("image", f"c.image.replace('{wanted}', '{other}')"), {})
    with namespace(lab, "lab-mirrored") as space:
        with in_force(lab, policy, lambda: other in str(tried(lab, space, pod("tried", image=wanted)).get("spec"))):
            prove.green("pod_network")
    told = f"admission made {other} of the probes' image {wanted} on {lab.workers} nodes, so that is what was asked with"
    assert prove.result["notes"] == [told]
    prove.green("pod_network")
    assert prove.result["notes"] == []


# ---- webhooks ---------------------------------------------------------------------------------------------------
@pytest.fixture
def lonely(lab: Any) -> Any:
    """A Service without pods."""
    body = {"metadata": {"name": "lonely"}, "spec": {"ports": [{"port": 443}]}}
    with lab.fault.extra(SERVICES, body):
        yield {"service": {"namespace": "kube-system", "name": "lonely"}}


def test_a_webhook_without_pods(lab: Any, prove: Any, lonely: dict[str, Any]) -> None:
    with refusals.webhook(lab, **lonely):
        records = prove("api_server", "nodes", "pod_network", limit=20)
    assert_red(records["api_server"], "webhook.no-endpoints", [HOOK], "confirmed", "no endpoints available for service")
    # The same refusal, to the controller that makes the probes: no node is blamed for having none.
    assert_red(records["pod_network"], "webhook.no-endpoints", [HOOK], "confirmed", "daemonset/probe FailedCreate",
               verdict="inconclusive")
    assert_red(records["nodes"], "webhook.no-endpoints", [HOOK], "confirmed", "daemonset/probe FailedCreate",
               verdict="inconclusive")
    prove.green("api_server")


def test_a_webhook_whose_service_is_gone(lab: Any, prove: Any) -> None:
    with refusals.webhook(lab, service={"namespace": "kube-system", "name": "no-such-service"}):
        records = prove("api_server")
    assert_red(records["api_server"], "webhook.no-endpoints", [HOOK], "confirmed",
               'service "no-such-service" not found')


def test_a_webhook_that_says_nothing(lab: Any, prove: Any) -> None:
    """It takes connections, and that is all."""
    with socket.create_server((lab.host, 0)) as mute:
        with refusals.webhook(lab, 1, url=f"https://{lab.host}:{mute.getsockname()[1]}/"):
            records = prove("api_server")
    assert_red(records["api_server"], "webhook.timeout", [HOOK], "confirmed", "deadline exceeded")
    prove.green("api_server")


def test_a_webhook_whose_certificate_is_of_another_authority(lab: Any, prove: Any) -> None:
    other = refusals.authority(lab.folder / "pki/front-proxy-ca.crt")
    with refusals.webhook(lab, url=f"https://{lab.control_plane}:6443/", caBundle=other):
        records = prove("api_server")
    assert_red(records["api_server"], "webhook.ca-mismatch", [HOOK], "confirmed",
               "x509: certificate signed by unknown authority")
