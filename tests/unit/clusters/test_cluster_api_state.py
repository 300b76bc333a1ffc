# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What objects of Cluster API tell, in v1beta1, in v1beta2, and of managed control planes, which tell little."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clusters.cluster_api.state import cluster_of, machines_words, settled
from tests.fakes.cluster_api.status import cluster_status, older, replicas_status

# Of kinds whose status has neither a generation nor replicas: types of the providers for AWS, Azure and Google.
EKS = {"ready": True, "initialized": True, "externalManagedControlPlane": True, "version": "v1.31"}
AKS, GKE = {"ready": True, "initialized": True}, {"ready": True, "initialized": True, "currentVersion": "1.31.4-gke.1183000"}


def thing(status: dict[str, Any], generation: int = 3, **spec: Any) -> dict[str, Any]:
    return {"kind": "Thing", "metadata": {"name": "w1", "generation": generation}, "spec": spec, "status": status}


def cluster(version: str, state: str = "Provisioned", generation: int = 3, broken: str = "", **spec: Any) -> dict[str, Any]:
    of = thing({}, generation, **spec)
    of["status"] = {"observedGeneration": generation, **cluster_status(version, of, state, broken)}
    return of


def pool(version: str, kind: str = "MachineDeployment", replicas: int = 2, **more: Any) -> dict[str, Any]:
    of = thing({}, replicas=replicas, template={"spec": {"version": "v1.31.4"}})
    of["status"] = {"observedGeneration": 3, **replicas_status(version, kind, of), **more}
    return of


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
def test_phases_of_both_versions(version: str) -> None:
    control = thing({**replicas_status(version, "KubeadmControlPlane", thing({}, replicas=3)), "observedGeneration": 3,
                     "version": "v1.31.4"}, replicas=3, version="v1.31.4")
    pools = [pool(version), pool(version, "MachinePool", 3)]
    ready = cluster_of(cluster(version), control, pools)
    assert (ready.phase, ready.nodes, ready.version, ready.message) == ("ready", 5, "v1.31.4", "")
    made = cluster_of(cluster(version, "Provisioning"), control, pools)
    assert made.phase == "creating" and made.words() == "Provisioning: WaitingForVCenter: datastore is full"
    assert cluster_of(cluster(version), control, [pool(version, readyReplicas=1)]).phase == "updating"
    assert cluster_of(cluster(version), control, []).nodes == -1
    paused = cluster_of(cluster(version, "Provisioning", paused=True), control, [])
    assert paused.message.startswith("it is paused (spec.paused)")


def test_a_failure_is_one_where_the_controllers_end_with_it() -> None:
    before = cluster_of(cluster("v1beta1", "Failed", broken="no template"), None, [])
    since = cluster_of(cluster("v1beta2", "Provisioning", broken="no template"), None, [])
    assert (before.phase, before.message) == ("failed", "no template")
    assert (since.phase, since.message) == ("creating", "no template")


@pytest.mark.parametrize(("condition", "phase"), [("ControlPlaneAvailable", "updating"), ("TopologyReconciled", "updating")])
def test_what_is_told_of_an_earlier_generation_is_not_of_this_one(condition: str, phase: str) -> None:
    of = cluster("v1beta2", topology={"version": "v1.31.4"})
    assert cluster_of(of, None, []).phase == "ready"
    of["status"]["deprecated"]["v1beta1"]["conditions"] = []
    next(c for c in of["status"]["conditions"] if c["type"] == condition)["observedGeneration"] = 2
    assert cluster_of(of, None, []).phase == phase
    of["status"]["observedGeneration"] = 2
    assert cluster_of(of, None, []).phase == phase


@pytest.mark.parametrize(("status", "spec", "version"), [
    (EKS, {"version": "v1.31"}, "v1.31"), (AKS, {"version": "v1.31.4"}, "v1.31.4"),
    (GKE, {"controlPlaneVersion": "1.31"}, "1.31.4-gke.1183000")])
def test_managed_control_planes_tell_no_generation(status: dict[str, Any], spec: dict[str, Any], version: str) -> None:
    found = cluster_of(cluster("v1beta2"), thing(status, 7, **spec), [])
    assert (found.phase, found.version) == ("ready", version)
    assert cluster_of(cluster("v1beta2"), thing({**status, "ready": False}, 7, **spec), []).phase == "updating"
    busy = {**status, "conditions": [older("EKSControlPlaneUpdating")]}
    assert cluster_of(cluster("v1beta2"), thing(busy, 7, **spec), []).phase == "updating"


def test_an_upgrade_is_done_when_the_last_has_it() -> None:
    control = thing({"version": "v1.32.1", "observedGeneration": 3}, version="v1.32.1")
    assert cluster_of(cluster("v1beta2"), control, [pool("v1beta2")]).version == "v1.31.4"
    assert cluster_of(cluster("v1beta2", topology={"version": "v1.33.0"}), None, []).version == "v1.33.0"


@pytest.mark.parametrize(("status", "done"), [
    ({"readyReplicas": 2, "replicas": 2, "observedGeneration": 3}, True), ({"readyReplicas": 2, "replicas": 2}, True),
    ({"readyReplicas": 2, "replicas": 3}, False), ({"readyReplicas": 2, "observedGeneration": 2}, False), ({}, False),
    ({"readyReplicas": 2, "updatedReplicas": 1}, False), ({"readyReplicas": 2, "upToDateReplicas": 1}, False)])
def test_replicas_are_as_they_should_be(status: dict[str, Any], done: bool) -> None:
    assert settled(thing(status, replicas=2)) is done


def test_messages_of_several_lines_are_one_line() -> None:
    of = thing({"conditions": [{"type": "Available", "status": "False", "reason": "NotAvailable", "message": "* A: b\n* C: d"},
                               {"type": "Deleting", "status": "False", "reason": "NotDeleting"}]})
    assert machines_words(of) == ["Thing w1 Available=False NotAvailable: * A: b * C: d"]
