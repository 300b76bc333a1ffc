# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A revert, and a snapshot, of machines that Cluster API manages: its definitions in a real API server that serves one version, machines of vcsim.

Its controllers are not there: what their MachineHealthChecks bear is looked at while the machines are reverted.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.snapshots import health_checks
from tests.fakes.cluster_api.definitions import served
from tests.fakes.cluster_api.status import newer, older
from tests.integration.machines import PAIR, golden, run
from tests.integration.management import way
from tests.lab.base import wait_for
from tests.lab.build import bindir
from tests.lab.like.stranger import namespace
from tests.lab.vcsim import Vcsim

pytestmark = pytest.mark.lab
OF = {"cluster.x-k8s.io/cluster-name": "prod"}
POOL = "cluster.x-k8s.io/deployment-name"
PAUSED = "cluster.x-k8s.io/paused"


@pytest.fixture(scope="module")
def center() -> Iterator[Vcsim]:
    with golden() as made:
        yield made


class Management:
    """The objects of a cluster prod in a management cluster that serves one version, as Cluster API's own providers and users make them."""

    check, other, space = "workers", "control", "default"
    kind = "VSphereMachine"

    def __init__(self, lab: Any, version: str) -> None:
        self.lab, self.base = lab, f"/apis/cluster.x-k8s.io/{version}/namespaces/{self.space}"

    def make(self, uuids: dict[str, str]) -> None:
        group = {"apiGroup": "infrastructure.cluster.x-k8s.io"} if self.base.split("/")[3] == "v1beta2" else {
            "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1"}
        for number, (name, uuid) in enumerate(uuids.items()):
            self._post("machines", {"kind": "Machine", "metadata": {"name": f"prod-md-0-{number}", "labels": {**OF, **self.labels(self.check)}},
                                    "spec": {"clusterName": "prod", "providerID": self.provider_id(name, uuid),
                                             "bootstrap": {"dataSecretName": "none"}, "infrastructureRef": {
                                                 **group, "kind": self.kind, "name": "none"}}})
            well = newer("NodeHealthy", 1) if "apiGroup" in group else older("NodeHealthy")
            self.lab.api(f"{self.base}/machines/prod-md-0-{number}/status", "PATCH", {"status": {"conditions": [well], **self.status(name)}})
        for check in (self.check, self.other):
            self._post("machinehealthchecks", {"kind": "MachineHealthCheck", "metadata": {"name": check}, "spec": {
                "clusterName": "prod", "selector": {"matchLabels": self.labels(check)}}})

    def labels(self, check: str) -> dict[str, str]:
        """Those by which a check selects its machines."""
        return {"role": check}

    def provider_id(self, _name: str, uuid: str) -> str:
        return f"vsphere://{uuid}"

    def status(self, _name: str) -> dict[str, Any]:
        return {}

    def _post(self, plural: str, body: dict[str, Any]) -> None:
        self.lab.api(f"{self.base}/{plural}", "POST", {"apiVersion": "/".join(self.base.split("/")[2:4]), **body})

    def notes(self) -> dict[str, str]:
        return self.lab.api(f"{self.base}/machinehealthchecks/{self.check}")["metadata"].get("annotations") or {}


class OfRancher(Management):
    """As Rancher keeps the pools of a cluster of RKE2 on vSphere, in its own cluster: a check for each with an unhealthy-node timeout, by the
    name of the pool's deployment; without vSphere's cloud provider the provider ID is RKE2's, and ends with the name of the node."""

    check, other, space = "prod-apps", "prod-control", "fleet-default"
    kind = "VmwarevsphereMachine"

    def labels(self, check: str) -> dict[str, str]:
        return {POOL: check}

    def provider_id(self, name: str, _uuid: str) -> str:
        return f"rke2://{name}"

    def status(self, name: str) -> dict[str, Any]:
        return {"nodeRef": {"apiVersion": "v1", "kind": "Node", "name": name}}


@pytest.fixture(scope="module", params=[pytest.param(("v1beta1", Management), marks=pytest.mark.gauntlet), ("v1beta2", Management),
                                        pytest.param(("v1beta1", OfRancher), marks=pytest.mark.gauntlet)],
                ids=lambda given: "-".join((given[0], given[1].space)))
def management(request: pytest.FixtureRequest, lab: Any, center: Vcsim, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Management]:
    version, shape = request.param
    with ExitStack() as stack:
        stack.enter_context(served(lab, tmp_path_factory.mktemp("conversion"), (version,)))
        if shape.space != "default":
            stack.enter_context(namespace(lab, shape.space))
        made = shape(lab, version)
        seen = run("vm_snapshot_info", {**center.options, "names": PAIR})
        made.make({m["name"]: m["uuid"] for m in seen["machines"]})
        yield made


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this management cluster tells of nodes is never old, so nobody waits for that."""
    monkeypatch.setattr(health_checks, "_OLD", 0.0)


@pytest.fixture
def options(center: Vcsim, management: Management) -> Iterator[dict[str, Any]]:
    with way(management.lab) as kubeconfig:
        yield {**center.options, "names": PAIR, "snapshot_name": "golden", "disposable": True, "boot_delay": 0,
               "cluster_api": {"kubeconfig": str(kubeconfig)}}


def test_the_check_of_these_machines_is_paused_meanwhile(options: dict[str, Any], management: Management, tmp_path: Path) -> None:
    lab, file = management.lab, tmp_path / "seen.json"
    look = (f"{bindir() / 'kubectl'} --kubeconfig {lab.kubeconfig} -n {management.space} get machinehealthchecks.cluster.x-k8s.io"
            f" -o json > {file}")
    done = run("vm_snapshot_revert", {**options, "post_revert_command": ["sh", "-c", look]})
    assert done.get("changed") and not done.get("failed"), done
    paused = {i["metadata"]["name"]: PAUSED in (i["metadata"].get("annotations") or {}) for i in json.loads(file.read_text())["items"]}
    assert paused == {management.check: True, management.other: False}
    stays = f"MachineHealthCheck {management.space}/{management.check} stays paused until"
    assert PAUSED in management.notes() and stays in done["progress"][-1]
    wait_for("the guardian to resume it", lambda: management.notes() == {}, 120)


def test_a_revert_that_is_killed_has_it_resumed_by_the_guardian(options: dict[str, Any], management: Management, tmp_path: Path) -> None:
    there = tmp_path / "there"
    given = {**options, "post_revert_command": ["sh", "-c", f"touch {there}; sleep 30"]}
    (tmp_path / "revert.py").write_text(
        "import json, sys\n"
        "from ansible_collections.assay.clusters.plugins.module_utils.snapshots import health_checks\n"
        "from tests.integration.machines import run\n"
        "health_checks._OLD = 0.0\n"
        "run('vm_snapshot_revert', json.loads(sys.argv[1]))\n")
    started = subprocess.Popen([sys.executable, tmp_path / "revert.py", json.dumps(given)], env={
        **os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    try:
        wait_for("the fix-up", there.exists, 120)
        assert PAUSED in management.notes()
    finally:
        started.kill()
        started.wait()
    wait_for("the check to be resumed", lambda: management.notes() == {}, 120)


def test_the_check_of_machines_that_are_shut_down_for_a_snapshot_is_paused_meanwhile(
        center: Vcsim, options: dict[str, Any], management: Management) -> None:
    for name in PAIR:
        center.order(VM=name, Tools="guestToolsRunning")
    given = {n: v for n, v in options.items() if n not in ("disposable", "boot_delay", "snapshot_name")}
    done = run("vm_snapshot", {**given, "snapshot_name": "cold", "state_before": "shutdown", "growth_percent": 0})
    assert done.get("shut_down") == PAIR and not done.get("failed"), done
    lines = done["progress"]
    check = f"{management.space}/{management.check}"
    paused, off = (next(n for n, line in enumerate(lines) if words in line) for words in (f"{check}: paused", "shut down"))
    assert paused < off and any(f"MachineHealthCheck {check} stays paused until" in line for line in lines)
    wait_for("the guardian to resume it", lambda: management.notes() == {}, 120)
    assert run("vm_snapshot", {**given, "snapshot_name": "cold", "state": "absent"})["changed"]
