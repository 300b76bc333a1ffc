# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs left in a real cluster: found by label, with what holds it; never touched."""
from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import names
from ansible_collections.assay.clusters.plugins.module_utils.common.journal import Journal
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.leftovers import job as leftovers_job
from tests.rights import wait_until_allowed

HOLD = "example.com/hold"


class Site:
    """A cluster with leftovers of one run of our own, and leftovers_info on it."""

    def __init__(self, kubeconfig: str) -> None:
        self.kubeconfig, self.run = str(kubeconfig), names.new_run_id()
        self.space = f"assay-{self.run}"
        self._connection = Connection.resolve({"kubeconfig": self.kubeconfig}, {})
        self.api = Client(self._connection)
        self.made: list[str] = []

    def labels(self) -> dict[str, str]:
        return {**names.labels(self.run, 3600), names.OWNER: "ci.runner"}

    def make(self, path: str, body: dict[str, Any], ours: bool = True) -> dict[str, Any]:
        body["metadata"]["labels"] = self.labels() if ours else {"team": "payments"}
        made = self.api.create(path, body)
        self.made.append(f"{path}/{made['metadata']['name']}")
        return made

    def namespace(self) -> dict[str, Any]:
        return self.make("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.space}})

    def held(self, ours: bool = False) -> dict[str, Any]:
        """An object of somebody else's controller in the namespace, with a finalizer that nobody ends."""
        return self.make(f"/api/v1/namespaces/{self.space}/configmaps", {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "slow", "finalizers": [HOLD]}}, ours)

    def ask(self, **params: Any) -> dict[str, Any]:
        return leftovers_job.entry({"providers": ["cluster"], "run_id": self.run, "wait": False, "wait_timeout": 0, "wait_sleep": 0.2, "before": None,
                                    "fail_on_leftovers": False, "kubeconfig": self.kubeconfig, **params}, Job(environ={}))

    def gone(self, path: str) -> bool:
        try:
            self.api.get(path)
            return False
        except ApiError as e:
            return e.status == 404

    def end(self) -> None:
        for path in reversed(self.made):
            for act in (lambda p=path: self.api.patch(p, {"metadata": {"finalizers": None}}), lambda p=path: self.api.delete(p)):
                try:
                    act()
                except ApiError as e:
                    if e.status not in (404, 409):
                        raise
        self.api.close()
        self._connection.close()


@pytest.fixture
def site(kubeconfig: Any) -> Iterator[Site]:
    made = Site(kubeconfig)
    yield made
    made.end()


def test_a_namespace_held_by_a_finalizer_names_it_and_it_stays(site: Site) -> None:
    site.namespace()
    held = site.held()
    assert [i["name"] for i in site.ask()["leftovers"]] == [site.space]
    site.api.delete(f"/api/v1/namespaces/{site.space}")
    until = time.monotonic() + 60
    while not (left := site.ask()["leftovers"])[0]["detail"].count("NamespaceFinalizersRemaining") and time.monotonic() < until:
        time.sleep(1)
    [stuck] = left
    assert (stuck["kind"], stuck["name"], stuck["cause"], stuck["owner"]) == ("Namespace", site.space, "finalizer", "ci.runner")
    assert f"configmap/slow (finalizer {HOLD})" in stuck["detail"] and "NamespaceFinalizersRemaining" in stuck["detail"]
    assert 0 <= stuck["age_seconds"] < 300
    now = site.api.get(f"/api/v1/namespaces/{site.space}/configmaps/slow")["metadata"]
    assert now["finalizers"] == [HOLD] and now["uid"] == held["metadata"]["uid"]
    with pytest.raises(PlatformError, match=rf"1 left: Namespace .* \({site.space}\) \[finalizer\]"):
        site.ask(fail_on_leftovers=True)
    site.api.patch(f"/api/v1/namespaces/{site.space}/configmaps/slow", {"metadata": {"finalizers": None}})
    assert site.ask(wait=True, wait_timeout=60, fail_on_leftovers=True)["clean"]


def test_objects_of_any_kind_are_found_by_their_labels(site: Site) -> None:
    site.make("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": site.space}, "rules": []})
    site.make("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.r{site.run}.example.com"}, "spec": {
            "group": f"r{site.run}.example.com", "scope": "Cluster",
            "names": {"kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]}})
    thing = f"/apis/r{site.run}.example.com/v1/things"
    until = time.monotonic() + 30
    while site.gone(thing) and time.monotonic() < until:
        time.sleep(0.5)
    site.make(thing, {"apiVersion": f"r{site.run}.example.com/v1", "kind": "Thing", "metadata": {
        "name": "one", "finalizers": [HOLD]}})
    site.api.delete(f"{thing}/one")
    found = {i["kind"]: i for i in site.ask()["leftovers"]}
    assert set(found) == {"ClusterRole", "CustomResourceDefinition", "Thing"}
    assert (found["Thing"]["cause"], found["Thing"]["detail"]) == ("finalizer", f"held by finalizer {HOLD}")
    assert found["ClusterRole"]["cause"] == "" and found["ClusterRole"]["owner"] == "ci.runner"
    assert [i["kind"] for i in site.ask(run_id="", tags={names.RUN: site.run[:4] + "*"})["leftovers"]
            if site.run in i["name"]] != []


def test_a_volume_of_a_run_is_found_by_its_claim(site: Site) -> None:
    site.make("/api/v1/persistentvolumes", {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": site.space}, "spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "gone", "claimRef": {"namespace": site.space, "name": "data", "uid": site.run},
        "hostPath": {"path": "/var/lib/none"}}}, ours=False)
    [left] = site.ask()["leftovers"]
    assert (left["kind"], left["owner"]) == ("PersistentVolume", f"persistentvolumeclaim {site.space}/data")
    assert "its class keeps volumes" in left["detail"]
    node = site.api.get("/api/v1/nodes", {"limit": 1})["items"][0]["metadata"]["name"]
    site.make("/apis/storage.k8s.io/v1/volumeattachments", {
        "apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": {"name": site.space}, "spec": {
            "attacher": "none.example.com", "nodeName": node, "source": {"persistentVolumeName": site.space}}}, ours=False)
    [left] = site.ask()["leftovers"]
    assert left["cause"] == "dependency" and f"attached to node {node}" in left["detail"]


def test_what_may_not_be_deleted_or_listed_has_the_cause_permission(site: Site) -> None:
    site.namespace()
    site.make("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": site.space}, "rules": [
            {"apiGroups": [""], "resources": ["namespaces", "persistentvolumes"], "verbs": ["list"]},
            {"apiGroups": ["storage.k8s.io"], "resources": ["volumeattachments"], "verbs": ["list"]}]})
    site.make("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": site.space},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": site.space},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": f"reader-{site.run}"}]})
    wait_until_allowed(site.api.create, f"reader-{site.run}", "list", "namespaces")
    found = site.ask(impersonate_user=f"reader-{site.run}")["leftovers"]
    [space] = [i for i in found if i["kind"] == "Namespace"]
    assert (space["cause"], space["detail"]) == ("permission", "this user may not delete namespaces")
    closed = {i["kind"]: i for i in found if not i["id"]}
    assert {"Secret", "Pod"} <= set(closed) and {i["cause"] for i in closed.values()} == {"permission"}
    assert "may not be listed" in closed["Pod"]["detail"]


def test_others_objects_and_other_runs_are_not_ours(site: Site) -> None:
    site.make("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"shop-{site.run}"}}, ours=False)
    assert site.ask()["leftovers"] == []
    assert [i["name"] for i in site.ask(patterns=[f"shop-{site.run}*"])["leftovers"]] == [f"shop-{site.run}"]


def test_objects_of_runs_that_may_be_alive_are_not_left(site: Site, tmp_path: Path) -> None:
    site.namespace()

    def found(**labels: str) -> bool:
        site.api.patch(f"/api/v1/namespaces/{site.space}", {"metadata": {"labels": labels}})
        return site.space in [i["name"] for i in site.ask(run_id="", journal_dir=str(tmp_path))["leftovers"]]

    assert not found(), "of somebody else, and not expired"
    assert found(**{names.OWNER: names.owner()}), "ours, and nothing says that it is alive"
    Journal(tmp_path, site.run, "c", site.api.server)
    assert not found(), "this process is its own"
    assert found(**{names.EXPIRES: "1"})
    assert not found(**{names.EXPIRES: str(int(time.time()) + 900), names.OWNER: "somebody"})


def test_without_the_cluster_the_journal_tells_what_there_was(tmp_path: Path) -> None:
    server = "https://127.0.0.1:9"
    entry = Journal(tmp_path, "3f9a1c07", "c", server)
    entry.intend("Namespace", "assay-3f9a1c07", "", "v1")
    entry.intend("ClusterRole", "assay-x", "", "rbac.authorization.k8s.io/v1")
    entry.gone("ClusterRole", "assay-x", "")

    def ask(**params: Any) -> dict[str, Any]:
        return leftovers_job.entry({"providers": ["cluster"], "wait": False, "wait_timeout": 0, "wait_sleep": 1, "before": None, "fail_on_leftovers": False,
                                    "host": server, "api_key": "x", "journal_dir": str(tmp_path), **params}, Job(environ={}))

    [left] = ask()["leftovers"]
    assert (left["kind"], left["name"], left["owner"]) == ("Namespace", "assay-3f9a1c07", "run 3f9a1c07")
    assert "the cluster does not answer" in left["detail"] and left["age_seconds"] is not None
    with pytest.raises(PlatformError, match="the journal in .* has nothing of it, so what is left in it is unknown"):
        ask(run_id="other")
