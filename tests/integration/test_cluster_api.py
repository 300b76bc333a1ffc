# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Platform `cluster_api` in a real API server with the project's definitions, and the fake of Cluster API's controllers."""
from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes.cluster_api import FakeControllers
from tests.integration.management import controllers, given, left, management, task, version, written
from tests.lab import Lab
from tests.lab.base import wait_for

# Fixtures of the tests here.
__all__ = ["controllers", "given", "management", "version", "written"]
# The first of them waits for the build of what converts between the versions.
pytestmark = [pytest.mark.lab, pytest.mark.timeout(2700)]


def test_no_management_cluster(management: Lab) -> None:
    bad = task.ensure(name="w1", platform="cluster_api", cluster_api={"kubeconfig": str(management.kubeconfig)})
    assert bad["failed"] and "does not know cluster.x-k8s.io, so it is no management cluster" in bad["msg"]


def test_made_changed_and_disposed_of(given: dict[str, Any], management: Lab, version: str, tmp_path: Path) -> None:
    given["kubeconfig"] = str(tmp_path / "w1.kubeconfig")
    assert task.ensure(True, **given)["changed"] and left(management) == []
    made = task.ensure(**given)
    assert not made["failed"] and made["changed"], made
    assert made["cluster"]["state"] == "Provisioned" and made["cluster"]["nodes"] == 1
    uid = management.api("/api/v1/namespaces/kube-system")["metadata"]["uid"]
    own = management.api(f"/apis/cluster.x-k8s.io/{version}/namespaces/default/clusters/w1")["metadata"]
    assert made["cluster"]["uid"] == uid == own["annotations"]["assay.clusters/uid"] and made["cluster"]["id"] == own["uid"]
    assert any("WaitingForVCenter: datastore is full" in line for line in made["progress"])
    assert not task.ensure(**given)["changed"] and not task.ensure(True, **given)["changed"]
    more = task.ensure(**{**given, "nodes": 3, "wait_until": "platform"})
    assert more["changed"] and more["cluster"]["nodes"] == 3
    newer = task.ensure(**{**given, "nodes": 3, "version": "v1.99.0", "wait_until": "platform"})
    assert newer["changed"] and newer["cluster"]["version"] == "v1.99.0"
    assert [c["name"] for c in task.info(platform="cluster_api", cluster_api=given["cluster_api"])["clusters"]] == ["w1"]
    assert "cluster_id: w1 is" in task.ensure(**given, state="absent", disposable=True, cluster_id="other")["msg"]
    gone = task.ensure(**given, state="absent", disposable=True, cluster_id=own["uid"])
    assert gone["changed"] and left(management) == [] and not (tmp_path / "w1.kubeconfig").exists()
    assert not task.ensure(**given, state="absent", disposable=True)["changed"]


@pytest.mark.foul(1)
def test_all_of_it_where_reads_go_wrong(given: dict[str, Any], management: Lab, version: str, tmp_path: Path) -> None:
    assert Path(given["cluster_api"]["kubeconfig"]) != management.kubeconfig
    test_made_changed_and_disposed_of(given, management, version, tmp_path)


def test_half_applied_goes_on(given: dict[str, Any], management: Lab) -> None:
    own = {**given["cluster_api"], "manifest": given["cluster_api"]["manifest"] + "---\napiVersion: v1\nkind: ConfigMap\n"
           "metadata: {name: w1-more}\ndata: {wrong: {not: text}}\n"}
    half = task.ensure(**{**given, "cluster_api": own})
    assert half["failed"] and half["changed"] and "ConfigMap w1-more" in half["msg"]
    whole = task.ensure(**given)
    assert not whole["failed"], whole
    assert task.ensure(**given, state="absent", disposable=True)["changed"] and left(management) == []


def test_failures_have_cluster_apis_own_words(given: dict[str, Any], controllers: FakeControllers, management: Lab) -> None:
    controllers.stay = "Provisioning"
    late = task.late(lambda told: "WaitingForVCenter" in told, **given)
    assert late["failed"] and "the time was up while waiting for w1: Provisioning: WaitingForVCenter: datastore is full" in \
        late["msg"]
    assert any("Cluster w1 InfrastructureReady=False WaitingForVCenter: datastore is full" in e for e in late["events"])
    controllers.broken = "vSphere refused the template"
    failed = task.ensure(**given)
    assert failed["failed"] and "Failed: vSphere refused the template" in failed["msg"], failed
    controllers.keep = True
    stuck = task.late(lambda told: "Deleting" in told, **given, state="absent", disposable=True)
    assert stuck["failed"] and stuck["changed"] and "w1 to be deleted: Deleting" in stuck["msg"]
    controllers.keep = False
    assert not task.ensure(**given, state="absent", disposable=True)["failed"]
    wait_for("nothing of it", lambda: not left(management), 90)


def test_a_deletion_that_nobody_saw_to_its_end_leaves_nothing(given: dict[str, Any], management: Lab) -> None:
    assert task.ensure(**given)["changed"] and "w1-addons" in left(management)
    management.kubectl("delete", "clusters.cluster.x-k8s.io", "w1", "--timeout=30s")
    wait_for("nothing of it", lambda: not left(management), 90)
    assert not task.ensure(**given, state="absent", disposable=True)["changed"]


def test_others_clusters_and_wrong_kubeconfigs(
        given: dict[str, Any], controllers: FakeControllers, management: Lab, version: str) -> None:
    management.api(f"/apis/cluster.x-k8s.io/{version}/namespaces/default/clusters", "POST", {
        "apiVersion": f"cluster.x-k8s.io/{version}", "kind": "Cluster", "metadata": {"name": "w1"},
        "spec": {"clusterNetwork": {"serviceDomain": "w1.local"}}})
    refused = task.ensure(**given, state="absent", disposable=True)
    assert refused["failed"] and "did not make" in refused["msg"] and not refused["changed"]
    management.kubectl("delete", "clusters.cluster.x-k8s.io", "w1", "--timeout=30s")
    task.ensure(**given)
    management.kubectl("annotate", "--overwrite", "clusters.cluster.x-k8s.io", "w1", "assay.clusters/uid=4711-another")
    wrong = task.ensure(**given, state="absent", disposable=True)
    assert wrong["failed"] and "was made as 4711-another" in wrong["msg"] and not wrong["changed"]


def test_deleted_under_our_feet(given: dict[str, Any], controllers: FakeControllers, management: Lab,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.assay.clusters.plugins.module_utils.clusters.cluster_api.platform import ClusterApi

    create = ClusterApi.create

    def create_and_lose(self: Any, wanted: Any) -> None:
        create(self, wanted)
        management.kubectl("delete", "clusters.cluster.x-k8s.io", "w1", "--wait=false")

    monkeypatch.setattr(ClusterApi, "create", create_and_lose)
    lost = task.ensure(**given)
    assert lost["failed"] and lost["changed"] and ("gone" in lost["msg"] or "did not become ready: Deleting" in lost["msg"])


def _without_rights(lab: Lab) -> dict[str, Any]:
    config = json.loads(lab.kubectl("config", "view", "--raw", "-o", "json"))
    return {**config, "users": [{"name": u["name"], "user": {"token": "nobody"}} for u in config["users"]]}


def test_bad_settings_are_one_sentence(given: dict[str, Any], management: Lab, tmp_path: Path) -> None:
    own = given["cluster_api"]
    cases = [({"kubeconfig": json.dumps(_without_rights(management))}, "Unauthorized"),
             ({"kubeconfig": str(tmp_path / "none")}, "cluster_api.kubeconfig: cannot read"),
             ({"manifest": str(tmp_path / "none.yaml")}, "cluster_api.manifest: cannot read"),
             ({"manifest": "kind: [\n"}, "cluster_api.manifest: is not valid YAML"),
             ({"manifest": own["manifest"] + "# ${VSPHERE_SERVER}\n"}, "cluster_api.variables: VSPHERE_SERVER are missing"),
             ({"manifest": own["manifest"].replace("kind: Cluster\n", "kind: Other\n")}, "must hold one Cluster")]
    for change, words in cases:
        bad = task.ensure(**{**given, "cluster_api": {**own, **change}})
        assert bad["failed"] and words in bad["msg"] and not bad["changed"], bad
    assert left(management) == []


def test_its_clusters_in_an_inventory(given: dict[str, Any], tmp_path: Path) -> None:
    task.ensure(**given)
    path = tmp_path / "clusters.yml"
    path.write_text(yaml.safe_dump({"plugin": "assay.clusters.clusters", "keyed_groups": [{"key": "cluster_platform"}], "sources": [{
        "platform": "cluster_api", "kubeconfig_folder": str(tmp_path / "out"),
        "cluster_api": {"kubeconfig": given["cluster_api"]["kubeconfig"]}}]}))
    listed = json.loads(subprocess.run(["ansible-inventory", "-i", str(path), "--list"], check=True, capture_output=True,
                                       text=True).stdout)
    assert listed["_cluster_api"]["hosts"] == listed["clusters"]["hosts"] == ["w1"]
    file = tmp_path / "out/w1.kubeconfig"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and "client-key-data" in file.read_text()
    assert "client-key-data" not in json.dumps(listed)
