# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A management cluster for tests of Cluster API: its fixtures, and the manifest that most of them use."""
from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cluster_api import FakeControllers, fake_controllers
from tests.fakes.cluster_api.definitions import BOTH, served
from tests.fakes.weather import SKY
from tests.lab import Lab
from tests.lab.like.fronts import weathered

_spec = importlib.util.spec_from_file_location("cluster_task", Path(__file__).parents[1] / "unit/clusters/cluster_task.py")
task = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(task)

MANIFEST = """
apiVersion: cluster.x-k8s.io/v1beta1
kind: MachineDeployment
metadata: {name: "${CLUSTER_NAME}-md-0", labels: {cluster.x-k8s.io/cluster-name: "${CLUSTER_NAME}"}}
spec:
  clusterName: "${CLUSTER_NAME}"
  replicas: ${WORKER_MACHINE_COUNT}
  selector: {matchLabels: {pool: md-0}}
  template:
    metadata: {labels: {pool: md-0}}
    spec:
      clusterName: "${CLUSTER_NAME}"
      version: "${KUBERNETES_VERSION}"
      bootstrap: {dataSecretName: none}
      infrastructureRef: {apiVersion: infrastructure.cluster.x-k8s.io/v1beta1, kind: NoMachineTemplate, name: none}
---
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: "${CLUSTER_NAME}"}
spec:
  clusterNetwork: {pods: {cidrBlocks: ["${POD_CIDR:=192.168.0.0/16}"]}}
  controlPlaneRef: {apiVersion: controlplane.cluster.x-k8s.io/v1beta1, kind: KubeadmControlPlane,
                    name: "${CLUSTER_NAME}-control-plane"}
---
apiVersion: controlplane.cluster.x-k8s.io/v1beta1
kind: KubeadmControlPlane
metadata: {name: "${CLUSTER_NAME}-control-plane"}
spec:
  replicas: ${CONTROL_PLANE_MACHINE_COUNT:=1}
  version: "${KUBERNETES_VERSION}"
  machineTemplate:
    infrastructureRef: {apiVersion: infrastructure.cluster.x-k8s.io/v1beta1, kind: NoMachineTemplate, name: none}
  kubeadmConfigSpec: {preKubeadmCommands: ["echo $${HOSTNAME}"]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "${CLUSTER_NAME}-addons"}
data: {cni: calico}
"""


def newer_manifest(text: str = MANIFEST) -> str:
    """The same in v1beta2, which refers to objects by their group alone."""
    older = re.compile(r"apiVersion: (\w+\.cluster\.x-k8s\.io)/v1beta[12], kind")
    return older.sub(r"apiGroup: \1, kind", text).replace("/v1beta1", "/v1beta2").replace(
        "  machineTemplate:\n    infrastructureRef:", "  machineTemplate:\n    spec:\n      infrastructureRef:")


def way(lab: Lab) -> AbstractContextManager[Path]:
    """The kubeconfig by which the product asks this cluster: its own, and in foul weather one whose reads go wrong."""
    weather = SKY.weather()
    return weathered(lab, weather.every, weather.every) if weather.every else nullcontext(lab.kubeconfig)


@pytest.fixture(scope="module")
def management(spare: str) -> Iterator[Lab]:
    """A cluster of its own, gone afterwards."""
    cluster = Lab(spare, workers=1)
    cluster.ensure()
    yield cluster
    cluster.down()


@pytest.fixture(scope="module", params=[pytest.param(("v1beta1",), marks=pytest.mark.gauntlet), BOTH,
                                        pytest.param(("v1beta2",), marks=pytest.mark.gauntlet)], ids="+".join)
def version(request: pytest.FixtureRequest, management: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The newest that is served: as before release 1.11, since, and as some later one will be."""
    with served(management, tmp_path_factory.mktemp("conversion"), request.param):
        yield request.param[-1]


@pytest.fixture
def written(request: pytest.FixtureRequest, version: str) -> Callable[[str], str]:
    """A manifest in a version that is served: where there is v1beta1, that, as manifests are much longer than releases."""
    served_ones = request.node.callspec.params["version"]
    return newer_manifest if "v1beta1" not in served_ones else str


@pytest.fixture
def controllers(management: Lab, version: str) -> Iterator[FakeControllers]:
    with fake_controllers(management, management.kubeconfig.read_text(), version) as fake:
        yield fake
    management.kubectl("delete", "configmap", "w1-addons", "w1-more", "--ignore-not-found")


@pytest.fixture
def given(management: Lab, controllers: FakeControllers, written: Callable[[str], str]) -> Iterator[dict[str, Any]]:
    version = management.api("/version")["gitVersion"]
    with way(management) as kubeconfig:
        yield {"name": "w1", "platform": "cluster_api", "version": version, "nodes": 1, "cluster_api": {
            "kubeconfig": str(kubeconfig), "manifest": written(MANIFEST)}}


def left(lab: Lab) -> list[str]:
    core = f"/apis/{lab.api('/apis/cluster.x-k8s.io')['preferredVersion']['groupVersion']}"
    names = [i["metadata"]["name"] for p in (f"{core}/clusters", f"{core}/machinedeployments",
                                             "/api/v1/namespaces/default/configmaps",
                                             "/api/v1/namespaces/default/secrets") for i in lab.api(p)["items"]]
    return [n for n in names if n.startswith("w1")]
