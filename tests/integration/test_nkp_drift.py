# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What somebody else changed of a cluster of NKP: its objects are read from a real API server with Cluster API's definitions.

The program is our fake, which notes its words and makes nothing; the test applies the objects that the real one would.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import konvoy as program
from tests.fakes.cluster_api import FakeControllers, fake_controllers
from tests.fakes.cluster_api.definitions import served
from tests.integration.management import MANIFEST, newer_manifest, task, way
from tests.lab.base import wait_for

pytestmark = [pytest.mark.lab, pytest.mark.gauntlet]


@pytest.fixture(scope="module", params=["v1beta1", "v1beta2"])
def version(request: pytest.FixtureRequest, lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The only one that is served."""
    with served(lab, tmp_path_factory.mktemp("conversion"), (request.param,)):
        yield request.param


@pytest.fixture
def controllers(lab: Any, version: str) -> Iterator[FakeControllers]:
    with fake_controllers(lab, lab.kubeconfig.read_text(), version) as fake:
        yield fake
    lab.kubectl("delete", "configmap", "edge-addons", "--ignore-not-found")


@pytest.fixture
def objects(lab: Any, controllers: FakeControllers, version: str) -> Callable[[str], None]:
    """Applies those of a cluster edge with one worker to a namespace, and waits until they are as a cluster that runs."""
    def make(namespace: str = "default") -> None:
        text = newer_manifest() if version == "v1beta2" else MANIFEST
        for name, value in (("CLUSTER_NAME", "edge"), ("WORKER_MACHINE_COUNT", "1"), ("CONTROL_PLANE_MACHINE_COUNT:=1", "1"),
                            ("POD_CIDR:=192.168.0.0/16", "192.168.0.0/16"), ("KUBERNETES_VERSION", lab.api("/version")["gitVersion"])):
            text = text.replace(f"${{{name}}}", value)
        lab.kubectl("apply", "--server-side", "-n", namespace, "-f", "-", input=text)
        path = f"/apis/cluster.x-k8s.io/{version}/namespaces/{namespace}/clusters/edge"
        wait_for("a cluster that runs", lambda: (lab.api(path).get("status") or {}).get("phase") == "Provisioned", 120)

    return make


@pytest.fixture
def given(lab: Any, tmp_path: Path) -> Iterator[dict[str, Any]]:
    command = tmp_path / "nkp"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} {program.__file__} "$@"\n')
    command.chmod(0o755)
    (tmp_path / "fake").mkdir()
    with way(lab) as kubeconfig:
        (tmp_path / "management.conf").write_text(f"# it manages edge\n{kubeconfig.read_text()}")
        yield {"name": "edge", "platform": "konvoy", "version": lab.api("/version")["gitVersion"], "nodes": 1, "konvoy": {
            "generation": "v2", "program": str(command), "workdir": str(tmp_path / "work"), "provisioner": "vsphere",
            "management_kubeconfig": str(tmp_path / "management.conf"),
            "environment": {"KONVOY_FAKE": str(tmp_path / "fake"), "KONVOY_API": lab.kubeconfig.read_text()}}}


def _seen(given: dict[str, Any]) -> tuple[str, str, int]:
    [found] = task.info(platform="konvoy", konvoy=given["konvoy"])["clusters"]
    return found["state"], found["version"], found["nodes"]


def _change(lab: Any, version: str, path: str, spec: dict[str, Any]) -> None:
    group, _slash, rest = path.partition("/")
    lab.api(f"/apis/{group}/{version}/namespaces/default/{rest}", "PATCH", {"spec": spec})


def test_what_somebody_else_changed_is_seen(
        given: dict[str, Any], lab: Any, controllers: FakeControllers, objects: Callable[..., None], version: str) -> None:
    objects()
    made, runs = task.ensure(**given), given["version"]
    assert not made["failed"] and made["cluster"]["state"] == "Provisioned" and made["cluster"]["nodes"] == 1, made
    assert not task.ensure(True, **given)["changed"] and _seen(given) == ("Provisioned", runs, 1)
    _change(lab, version, "cluster.x-k8s.io/machinedeployments/edge-md-0", {"replicas": 4})
    assert _seen(given) == ("Provisioned", runs, 4)
    foretold = task.ensure(True, **given)
    assert foretold["changed"] and foretold["diff"]["before"]["nodes"] == 4 and foretold["diff"]["after"]["nodes"] == 1
    _change(lab, version, "cluster.x-k8s.io/machinedeployments/edge-md-0", {"template": {"spec": {"version": "v1.99.0"}}})
    assert _seen(given) == ("Provisioned", runs, 4), "an upgrade is done when the last has it"
    _change(lab, version, "controlplane.cluster.x-k8s.io/kubeadmcontrolplanes/edge-control-plane", {"version": "v1.99.0"})
    wait_for("the control plane to run it", lambda: _seen(given) == ("Provisioned", "v1.99.0", 4), 60)
    assert f"runs v1.99.0, and Kubernetes does not go back to {runs}" in task.ensure(True, **given)["msg"]
    controllers.keep = True
    lab.kubectl("delete", "clusters.cluster.x-k8s.io", "edge", "--wait=false")
    assert _seen(given)[0] == "Deleting"


def test_whom_the_managing_cluster_does_not_tell_of_is_as_noted(
        given: dict[str, Any], lab: Any, objects: Callable[..., None], tmp_path: Path) -> None:
    objects()
    noted = ("ready", given["version"], 1)
    assert not task.ensure(**given)["failed"] and _seen(given)[0] == "Provisioned"
    lab.kubectl("create", "namespace", "elsewhere")
    try:
        objects("elsewhere")
        assert _seen(given) == noted, "two of a name: which one is meant is not known"
        given["konvoy"]["namespace"] = "elsewhere"
        assert _seen(given)[0] == "Provisioned"
    finally:
        lab.kubectl("delete", "clusters.cluster.x-k8s.io", "edge", "-n", "elsewhere", "--timeout=60s")
        lab.kubectl("delete", "namespace", "elsewhere", "--timeout=60s")
    assert _seen(given) == noted, "none of the name"
    management = Path(given["konvoy"]["management_kubeconfig"])
    management.write_text(management.read_text().replace(lab.host, "127.0.0.1"))
    assert _seen(given) == noted, "it does not answer"
    management.unlink()
    assert _seen(given) == noted, "nobody knows where it is"
