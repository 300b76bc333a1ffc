# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whoever would replace machines while they are reverted is found where the cluster tells, and the revert is refused."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.snapshots import ready
from ansible_collections.assay.clusters.plugins.module_utils.snapshots.owners import owners
from ansible_collections.assay.clusters.plugins.module_utils.snapshots.ready import Cluster
from tests.fakes.machines import FakeMachines

CLUSTER_API = "/apis/cluster.x-k8s.io"
OPENSHIFT = "/apis/machine.openshift.io/v1beta1/machinehealthchecks"
MEDIK8S = "/apis/remediation.medik8s.io/v1alpha1/nodehealthchecks"
OWNED = {"annotations": {"cluster.x-k8s.io/cluster-name": "prod", "cluster.x-k8s.io/cluster-namespace": "infra",
                         "cluster.x-k8s.io/owner-kind": "MachineSet", "cluster.x-k8s.io/owner-name": "prod-md-0"}}
PAUSED = {"annotations": {"cluster.x-k8s.io/paused": ""}}


class Api:
    """Answers what it has; else 404, or the status of `refuses`."""

    server = "https://c1:6443"

    def __init__(self, node: dict[str, Any], refuses: int = 404, **has: Any) -> None:
        self.has = {"/api/v1/nodes": {"items": [{"metadata": {"name": "n1", **node}}]}, **has}
        self.refuses = refuses

    def get(self, path: str, **_more: Any) -> Any:
        if path in self.has:
            return self.has[path]
        raise ApiError("http", self.refuses, "No", "no", "GET", path)

    def request(self, _method: str, path: str, **_more: Any) -> Any:
        return self.get(path)

    def starting(self, _error: ApiError) -> bool:
        return False

    def close(self) -> None:
        self.connection = self


def check(kind: str = "mhc", cluster: str = "prod", **metadata: Any) -> dict[str, Any]:
    return {"items": [{"metadata": {"name": kind, "namespace": "infra", **metadata}, "spec": {"clusterName": cluster}}]}


def capi(paused: bool, checks: dict[str, Any], *versions: str) -> dict[str, Any]:
    served = versions or ("v1beta1",)
    space = f"{CLUSTER_API}/{served[-1]}/namespaces/infra"
    return {CLUSTER_API: {"versions": [{"version": v, "groupVersion": f"cluster.x-k8s.io/{v}"} for v in served]},
            f"{space}/clusters/prod": {"spec": {"paused": paused}}, f"{space}/machinehealthchecks": checks}


@pytest.mark.parametrize(("node", "has", "words"), [
    ({}, {}, ""),
    ({}, {OPENSHIFT: check()}, "MachineHealthCheck infra/mhc of OpenShift is not paused"), ({}, {OPENSHIFT: check(**PAUSED)}, ""),
    ({}, {MEDIK8S: {"items": [{"metadata": {"name": "nhc"}}]}}, "NodeHealthCheck nhc is not paused (spec.pauseRequests)"),
    ({}, {MEDIK8S: {"items": [{"metadata": {"name": "nhc"}, "spec": {"pauseRequests": ["us"]}}]}}, ""),
    (OWNED, {}, "Cluster API owns the nodes of cluster infra/prod (MachineSet prod-md-0), whose health checks are where"),
    (OWNED, capi(False, check()), "MachineHealthCheck infra/mhc of cluster infra/prod is not paused (pause the cluster"),
    (OWNED, capi(False, check(), "v1beta1", "v1beta2"), "MachineHealthCheck infra/mhc of cluster infra/prod is not paused"),
    (OWNED, capi(False, check(), "v1beta2"), "MachineHealthCheck infra/mhc of cluster infra/prod is not paused"),
    (OWNED, capi(True, check()), ""), (OWNED, capi(False, check(**PAUSED)), ""), (OWNED, capi(False, check(cluster="other")), ""),
    ({"labels": {"karpenter.sh/nodepool": "spot"}}, {}, "Karpenter owns the nodes of its NodePools spot, and replaces an instance"),
])
@pytest.mark.parametrize("refuses", [403, 404])
def test_who_would_replace_machines(node: dict[str, Any], has: dict[str, Any], words: str, refuses: int) -> None:
    found = owners(Api(node, refuses, **has))
    assert len(found) == bool(words) and all(one.startswith(words) for one in found)
    if node is OWNED:
        assert owners(Api(node, refuses, **has), {("infra", "prod")}) == []


@pytest.fixture
def golden(fake: FakeMachines) -> FakeMachines:
    for name in ("n1", "n2", "n3"):
        fake.add(name, "golden")
    return fake


def back(run: Any, api: Api, monkeypatch: pytest.MonkeyPatch, **more: Any) -> dict[str, Any]:
    monkeypatch.setattr(Cluster, "_api", lambda cluster: api)
    return run("vm_snapshot_revert", snapshot_name="golden", disposable=True, boot_delay=0, kubeconfig="/c1", wait_for=[], **more)


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_owned_cluster_is_refused_unless_that_is_allowed(
        run: Any, golden: FakeMachines, monkeypatch: pytest.MonkeyPatch, check_mode: bool) -> None:
    api = Api({}, **{OPENSHIFT: check()})
    refused = back(run, api, monkeypatch, check=check_mode)
    assert refused["failed"] and not refused["changed"] and golden.calls == []
    words = "allow_owned: the machines may be replaced while they are reverted: MachineHealthCheck infra/mhc"
    assert refused["msg"].startswith(words)
    done = back(run, api, monkeypatch, allow_owned=True)
    assert done["changed"] and "MachineHealthCheck infra/mhc of OpenShift is not paused" in done["progress"][0]


def test_a_broken_cluster_is_reverted_and_it_is_said_that_nobody_looked(
        run: Any, golden: FakeMachines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "_PATIENCE", 0.0)
    done = back(run, Api({}, refuses=503, **{"/api/v1/nodes": {"items": []}}), monkeypatch)
    assert done["changed"] and done["progress"][0].startswith("who would replace the machines meanwhile was not looked for:")
