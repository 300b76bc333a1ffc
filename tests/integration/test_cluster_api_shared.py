# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters of Cluster API that share templates and classes, made by a ClusterClass, with MachinePools, or managed by a cloud."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cluster_api import FakeControllers
from tests.integration.management import controllers, given, left, management, newer_manifest, task, version, written
from tests.lab import Lab

# Fixtures of the tests here.
__all__ = ["controllers", "given", "management", "version", "written"]
pytestmark = [pytest.mark.lab, pytest.mark.gauntlet, pytest.mark.timeout(2700)]

TEMPLATE = """---
apiVersion: bootstrap.cluster.x-k8s.io/v1beta1
kind: KubeadmConfigTemplate
metadata: {name: shared}
spec: {template: {spec: {preKubeadmCommands: ["%s"]}}}
"""
OF_A_CLASS = """
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {name: "${CLUSTER_NAME}"}
spec:
  topology:
    classRef: {name: any}
    version: "${KUBERNETES_VERSION}"
    workers:
      machineDeployments: [{class: worker, name: md-0, replicas: 1}]
      machinePools: [{class: pool, name: mp-0, replicas: 2}]
    variables: [{name: region, value: a}]
"""
MANAGED = """
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: "${CLUSTER_NAME}"}
spec:
  controlPlaneRef: {apiVersion: controlplane.cluster.x-k8s.io/v1beta2, kind: AWSManagedControlPlane, name: "${CLUSTER_NAME}-eks"}
---
apiVersion: controlplane.cluster.x-k8s.io/v1beta2
kind: AWSManagedControlPlane
metadata: {name: "${CLUSTER_NAME}-eks"}
spec: {version: "${KUBERNETES_VERSION}"}
---
apiVersion: cluster.x-k8s.io/v1beta1
kind: MachinePool
metadata: {name: "${CLUSTER_NAME}-mp-0", labels: {cluster.x-k8s.io/cluster-name: "${CLUSTER_NAME}"}}
spec:
  clusterName: "${CLUSTER_NAME}"
  replicas: ${WORKER_MACHINE_COUNT}
  template:
    spec:
      clusterName: "${CLUSTER_NAME}"
      version: "${KUBERNETES_VERSION}"
      bootstrap: {dataSecretName: none}
      infrastructureRef: {apiVersion: infrastructure.cluster.x-k8s.io/v1beta1, kind: NoMachinePool, name: none}
"""


def _with(given: dict[str, Any], manifest: str, **more: Any) -> dict[str, Any]:
    alone = "/v1beta1" not in given["cluster_api"]["manifest"]
    return {**given, **more, "wait_until": "platform", "cluster_api": {
        **given["cluster_api"], "manifest": newer_manifest(manifest) if alone else manifest}}


def _gone(of: dict[str, Any]) -> dict[str, Any]:
    return task.ensure(**of, state="absent", disposable=True)


def _shared(lab: Lab) -> list[dict[str, Any]]:
    version = lab.api("/apis/bootstrap.cluster.x-k8s.io")["preferredVersion"]["groupVersion"]
    return lab.api(f"/apis/{version}/kubeadmconfigtemplates")["items"]


def test_a_template_of_two_clusters_stays_with_the_second(given: dict[str, Any], management: Lab) -> None:
    both = given["cluster_api"]["manifest"] + TEMPLATE % "true"
    first, second = _with(given, both), _with(given, both, name="w2")
    other = task.ensure(**_with(given, given["cluster_api"]["manifest"] + TEMPLATE % "true"))
    assert not other["failed"] and not task.ensure(**second)["failed"], other
    differs = task.ensure(**_with(given, given["cluster_api"]["manifest"] + TEMPLATE % "false", name="w3"))
    assert differs["failed"] and not differs["changed"]
    assert "there is a KubeadmConfigTemplate shared of default/w1, default/w2, and it is another one" in differs["msg"]
    gone = _gone(first)
    assert gone["changed"] and any("KubeadmConfigTemplate shared stays, default/w2 needs it" in line for line in gone["progress"])
    assert [o["metadata"]["labels"]["assay.clusters/cluster"] for o in _shared(management)] == ["w2"]
    assert _gone(second)["changed"] and _shared(management) == []


def test_a_template_of_somebody_else_is_used_and_never_touched(
        given: dict[str, Any], management: Lab, written: Callable[[str], str]) -> None:
    management.kubectl("apply", "--server-side", "-f", "-", input=written(TEMPLATE % "true"))
    before = _shared(management)
    of = _with(given, given["cluster_api"]["manifest"] + TEMPLATE % "true")
    assert not task.ensure(**of)["failed"] and _gone(of)["changed"]
    assert _shared(management) == before
    refused = task.ensure(**_with(given, given["cluster_api"]["manifest"] + TEMPLATE % "false"))
    assert refused["failed"] and not refused["changed"] and "that assay.clusters did not make, and it is another one" in refused["msg"]


def test_a_deletion_that_was_interrupted_goes_on(given: dict[str, Any], management: Lab, version: str) -> None:
    """What its namespace does not hold is not owned by the Cluster, so it does not go with it."""
    class_of_all = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: w1-elsewhere}\ndata: {}\n"
    of = _with(given, given["cluster_api"]["manifest"] + class_of_all)
    assert not task.ensure(**of)["failed"]
    management.kubectl("patch", "configmap", "w1-elsewhere", "--type=merge", "-p", '{"metadata": {"ownerReferences": null}}')
    management.kubectl("delete", "clusters.cluster.x-k8s.io", "w1", "--timeout=60s")
    again = task.ensure(**of)
    assert again["failed"] and "dispose of it with state: absent first" in again["msg"]
    assert _gone(of)["changed"] and left(management) == [] and not _gone(of)["changed"]


def test_made_by_a_class_with_variables(given: dict[str, Any], management: Lab, version: str) -> None:
    if version != "v1beta2":
        pytest.skip("the fake's topology speaks v1beta2 only")
    of = _with(given, OF_A_CLASS, nodes=3)
    of["cluster_api"]["machine_deployment"] = "md-0"
    made = task.ensure(**of)
    assert not made["failed"] and made["cluster"]["nodes"] == 3, made

    def topology() -> dict[str, Any]:
        return management.api("/apis/cluster.x-k8s.io/v1beta2/namespaces/default/clusters/w1")["spec"]["topology"]

    more = task.ensure(**{**of, "nodes": 6, "version": "v1.99.0"})
    assert more["changed"] and more["cluster"]["nodes"] == 6 and more["cluster"]["version"] == "v1.99.0", more
    assert {p["name"]: p["replicas"] for n in ("machineDeployments", "machinePools") for p in topology()["workers"][n]} == {
        "md-0": 4, "mp-0": 2}
    of = {**of, "nodes": 6, "version": "v1.99.0"}
    of["cluster_api"]["class_variables"] = {"region": "b", "proxy": {"url": "http://p"}}
    foretold = task.ensure(True, **of)
    assert foretold["changed"] and foretold["diff"]["after"]["changed"] == ["class_variables.proxy", "class_variables.region"]
    assert task.ensure(**of)["changed"] and not task.ensure(**of)["changed"]
    assert {v["name"]: v["value"] for v in topology()["variables"]} == {"region": "b", "proxy": {"url": "http://p"}}
    assert _gone(of)["changed"] and left(management) == []


def test_managed_by_a_cloud_with_a_machine_pool(given: dict[str, Any], management: Lab) -> None:
    of = _with(given, MANAGED, version="v1.31.0", nodes=2)
    made = task.ensure(**of)
    assert not made["failed"] and (made["cluster"]["nodes"], made["cluster"]["version"]) == (2, "v1.31.0"), made
    more = task.ensure(**{**of, "nodes": 3, "version": "v1.32.0"})
    assert more["changed"] and (more["cluster"]["nodes"], more["cluster"]["version"]) == (3, "v1.32.0"), more
    assert _gone(of)["changed"] and left(management) == []


def test_workers_are_upgraded_after_the_control_plane(
        given: dict[str, Any], controllers: FakeControllers, management: Lab, version: str, tmp_path: Path) -> None:
    of = _with(given, given["cluster_api"]["manifest"])
    assert not task.ensure(**of)["failed"]
    controllers.slow = True
    newer = {**of, "version": "v1.99.0"}
    late = task.late(lambda told: "the control plane to run v1.99.0" in told, **newer)
    assert late["failed"] and "the control plane to run v1.99.0" in late["msg"]

    def workers() -> str:
        path = f"/apis/cluster.x-k8s.io/{version}/namespaces/default/machinedeployments/w1-md-0"
        return management.api(path)["spec"]["template"]["spec"]["version"]

    assert workers() == given["version"]
    controllers.slow = False
    done = task.ensure(**newer)
    assert done["changed"] and not done["failed"] and workers() == "v1.99.0", done
    assert _gone(of)["changed"] and left(management) == []
