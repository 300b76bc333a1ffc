# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Platform `cluster_api` on a fake management cluster, in any weather. On a real API server: tests/integration/test_cluster_api.py."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs import patience
from tests.fakes.api_server import FakeApiServer
from tests.fakes.cluster_api.management import FakeManagement
from tests.fakes.weather import Weather

from .cluster_task import ensure, info, late

MANIFEST = """
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {name: "${CLUSTER_NAME}"}
spec:
  controlPlaneRef: {apiGroup: controlplane.cluster.x-k8s.io, kind: KubeadmControlPlane, name: "${CLUSTER_NAME}-control-plane"}
---
apiVersion: controlplane.cluster.x-k8s.io/v1beta2
kind: KubeadmControlPlane
metadata: {name: "${CLUSTER_NAME}-control-plane"}
spec: {replicas: 1, version: "${KUBERNETES_VERSION}"}
---
apiVersion: cluster.x-k8s.io/v1beta2
kind: MachineDeployment
metadata: {name: "${CLUSTER_NAME}-md-0", labels: {cluster.x-k8s.io/cluster-name: "${CLUSTER_NAME}"}}
spec:
  clusterName: "${CLUSTER_NAME}"
  replicas: ${WORKER_MACHINE_COUNT}
  template: {spec: {clusterName: "${CLUSTER_NAME}", version: "${KUBERNETES_VERSION}"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "${CLUSTER_NAME}-addons"}
data: {cni: calico}
"""


@pytest.fixture
def management() -> Iterator[FakeManagement]:
    with FakeApiServer() as made, FakeManagement(made) as server:
        yield server


@pytest.fixture
def given(management: FakeManagement) -> dict[str, Any]:
    return {"name": "w1", "platform": "cluster_api", "version": "v1.31.4", "nodes": 1, "wait_until": "api", "cluster_api": {
        "kubeconfig": management.kubeconfig, "manifest": MANIFEST}}


def _changes(management: FakeManagement, verb: str) -> list[str]:
    return [c.rpartition("/")[2] for c in management.changes if c.startswith(verb)]


def test_made_changed_and_disposed_of(given: dict[str, Any], management: FakeManagement) -> None:
    assert ensure(True, **given)["changed"] and management.objects == {}
    made = ensure(**given)
    assert not made["failed"] and made["changed"] and made["cluster"]["uid"] == management.made.uid, made
    assert not ensure(**given)["changed"]
    more = ensure(**{**given, "nodes": 3, "version": "v1.32.1"})
    assert more["changed"] and (more["cluster"]["nodes"], more["cluster"]["version"]) == (3, "v1.32.1"), more
    assert [c["name"] for c in info(platform="cluster_api", cluster_api=given["cluster_api"])["clusters"]] == ["w1"]
    gone = ensure(**given, state="absent", disposable=True, cluster_id=management.made.uid)
    assert gone["changed"] and not gone["failed"], gone
    assert management.objects == {} and _changes(management, "DELETE") == ["w1", "w1-addons"]
    assert not ensure(**given, state="absent", disposable=True)["changed"]


@pytest.mark.parametrize(("every", "kind"), [(2, "page"), (3, "reset"), (4, "page"), (5, "page")])
@pytest.mark.fair("it has weather of its own")
def test_an_answer_that_does_not_come_says_nothing(
        given: dict[str, Any], management: FakeManagement, monkeypatch: pytest.MonkeyPatch, every: int, kind: str) -> None:
    """Not that a thing is missing or gone, wherever in the course of it that is."""
    monkeypatch.setattr(patience, "_PAUSE", 0.01)
    for seed in range(3):
        management.weather = Weather(every, seed, (kind,))
        made = ensure(**given)
        assert not made["failed"] and not [line for line in made["progress"] if "half applied" in line], made
        gone = ensure(**given, state="absent", disposable=True)
        assert gone["changed"] and not gone["failed"] and management.objects == {}, gone
    assert management.weather.spoilt


@pytest.mark.parametrize("every", [2, 3])
@pytest.mark.fair("it has weather of its own")
def test_what_there_is_to_tell_at_the_deadline_is_told_though_answers_fail(
        given: dict[str, Any], management: FakeManagement, monkeypatch: pytest.MonkeyPatch, every: int) -> None:
    """Each question is asked again by itself: of the whole account in one go, some answer would always fail."""
    monkeypatch.setattr(patience, "_PAUSE", 0.01)
    management.looks, management.weather = 10 ** 6, Weather(every, 0, ("page",))
    told = late(lambda lines: "WaitingForVCenter" in lines, **given)
    assert told["failed"] and any("WaitingForVCenter: datastore is full" in line for line in told["events"]), told


def test_what_is_missing_of_one_that_got_ready_meanwhile_is_applied(given: dict[str, Any], management: FakeManagement) -> None:
    """Who applied it was interrupted after the Cluster and its control plane; Cluster API makes those without the rest."""
    ensure(**given, wait=False)
    pool, addons = (("default", plural, name) for plural, name in (("machinedeployments", "w1-md-0"), ("configmaps", "w1-addons")))
    del management.objects[pool], management.objects[addons]
    management.looks = 0
    whole = ensure(**given)
    assert whole["changed"] and not whole["failed"] and {pool, addons} <= {*management.objects}, whole
    del management.objects[addons]  # once it was whole, what a user takes away stays away
    assert not ensure(**given)["changed"] and addons not in management.objects


@pytest.mark.foul(1)
def test_all_of_it_in_foul_weather(given: dict[str, Any], management: FakeManagement) -> None:
    test_made_changed_and_disposed_of(given, management)
    assert management.weather.spoilt
