# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbook dispose as users start it: a cluster that goes, one that stays, what is left of it, and the record of it.

AWS is moto's server, the platform is tests/fakes/maker.py, Rancher a fake, vCenter a simulator; the cluster that stays is real.
"""
from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clouds.vsphere.session import Session, settings
from ansible_collections.assay.clusters.plugins.module_utils.common import names
from ansible_collections.assay.clusters.plugins.module_utils.common.journal import Journal
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from tests.fakes.moto_server import KEYS, REGION, client
from tests.fakes.rancher import ACTIVE, FakeRancher
from tests.lab.vcsim import vcsim

MAKER = Path(__file__).resolve().parents[1] / "fakes/maker.py"
RUN = "3f9a1c07"
NAME = f"ci-{RUN}-x99010100"


class Cloud:
    """A cluster that the maker has made, an AWS where it may leave something, and the playbook on both."""

    def __init__(self, book: Any, work: Path, moto: str) -> None:
        self.book, self.state, self.work, self.ec2 = book, work / "made.json", work, client(moto)
        self.state.write_text(json.dumps({n: {"name": n, "status": "RUNNING"} for n in (NAME, "other")}))

    def clusters(self) -> set[str]:
        return set(json.loads(self.state.read_text()))

    def leak(self) -> str:
        return str(self.ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1, TagSpecifications=[
            {"ResourceType": "volume", "Tags": [{"Key": f"kubernetes.io/cluster/{NAME}", "Value": "owned"},
                                                {"Key": "Owner", "Value": "ada"}]}])["VolumeId"])

    def dispose(self, *more: str, **variables: Any) -> Any:
        return self.book.run(*more, *(w for n, v in variables.items() for w in ("-e", json.dumps({n: v}))), playbook="dispose")

    def record(self) -> dict[str, Any]:
        [found] = [r for r in self.book.records() if r["check"] == "dispose"]
        return found


def made_by_maker(tmp_path: Path, moto: str) -> dict[str, Any]:
    """Variables of a host whose cluster the maker made."""
    work = tmp_path / "work"
    work.mkdir()
    return {
        "cluster_platform": "command", "cluster_disposable": True, "dispose_run_id": RUN, "dispose_providers": ["aws"],
        "dispose_wait_timeout": 0, "dispose_pause": 0, "dispose_adopt": True, "dispose_journal_dir": str(tmp_path / "journal"),
        "dispose_aws": {"region": REGION, "access_key": KEYS["aws_access_key_id"], "secret_key": KEYS["aws_secret_access_key"],
                        "endpoint_url": moto},
        "cluster_command": {"workdir": str(work), **{verb: [sys.executable, str(MAKER), verb, "{name}"]
                                                     for verb in ("create", "delete", "kubeconfig")},
                            "list": [sys.executable, str(MAKER), "list"]}}


@pytest.fixture
def cloud(playbook: Any, tmp_path: Path, moto: str, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    return Cloud(playbook(ci=made_by_maker(tmp_path, moto)), tmp_path / "work", moto)


def test_a_cluster_goes_and_what_it_leaves_is_a_record_until_it_is_gone(cloud: Cloud) -> None:
    cloud.ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)
    assert cloud.dispose(dispose_step="inventory").returncode == 0
    assert (cloud.book.results / "inventory/ci.json").exists() and NAME in cloud.clusters()
    volume = cloud.leak()
    assert cloud.dispose().returncode == 2 and cloud.clusters() == {"other"}
    record = cloud.record()
    assert (record["verdict"], record["cause"], record["run_id"]) == ("failed", "leak.provider", RUN)
    assert record["message"] == f"1 left: volume {volume}" and record["scope"] == [f"volume/{volume}"]
    assert volume in record["leftovers"][0] and "of ada" in record["leftovers"][0] and "s old" in record["leftovers"][0]
    assert volume in (cloud.book.results / "junit.xml").read_text()
    cloud.ec2.delete_volume(VolumeId=volume)
    done = cloud.dispose()
    assert done.returncode == 0 and cloud.record()["verdict"] == "passed"
    assert cloud.record()["message"] == "the cluster was gone already, nothing is left"


def test_a_cluster_that_is_not_disposable_is_refused_before_anything(cloud: Cloud) -> None:
    done = cloud.dispose(cluster_disposable=False)
    assert done.returncode == 2 and NAME in cloud.clusters() and not (cloud.work / "calls.log").exists()
    assert "ci is not marked as disposable, nothing was changed; set cluster_disposable: true in the inventory" in done.stdout
    assert cloud.record()["verdict"] == "failed"


def test_check_mode_deletes_nothing_and_writes_nothing(cloud: Cloud) -> None:
    assert cloud.dispose("--check").returncode == 0
    assert NAME in cloud.clusters() and not cloud.book.results.exists()


def test_a_deletion_that_fails_is_tried_again_and_told_in_the_words_of_the_platform(cloud: Cloud) -> None:
    cloud.book.env["MAKER_FAIL"] = "delete"
    done = cloud.dispose(dispose_attempts=2)
    assert done.returncode == 2 and NAME in cloud.clusters()
    calls = (cloud.work / "calls.log").read_text().splitlines()
    assert calls.count(f"delete {NAME}") == 2
    assert "quota exceeded" in cloud.record()["message"] and cloud.record()["cause"] == "stage.failed(dispose)"
    del cloud.book.env["MAKER_FAIL"]
    assert cloud.dispose().returncode == 0 and cloud.clusters() == {"other"}


@pytest.mark.gauntlet
def test_the_deadline_ends_the_attempts(cloud: Cloud) -> None:
    cloud.book.env["MAKER_HANG"] = "delete"
    done = cloud.dispose(dispose_attempts=9, dispose_timeout=6, dispose_pause=1)
    assert done.returncode == 2 and (cloud.work / "calls.log").read_text().count("delete") < 9
    assert cloud.record()["verdict"] == "failed" and NAME in cloud.clusters()


@pytest.mark.gauntlet
def test_without_the_cluster_its_journal_is_finished(cloud: Cloud, tmp_path: Path) -> None:
    """The cluster was deleted by somebody, its kubeconfig too, and a run on it had died: only the journal knows of it."""
    cloud.state.write_text(json.dumps({"other": {"name": "other"}}))
    for host in ("ci", "other"):
        dead = Journal(tmp_path / "journal", f"{len(host):08x}", host, f"https://{host}.example.com")
        dead.intend("Namespace", "assay-x", "", "v1")
        first, _end, rest = dead.path.read_text().partition("\n")
        dead.path.write_text(json.dumps({**json.loads(first), "boot_id": "an earlier boot", "started": 1}) + "\n" + rest)
    assert cloud.dispose().returncode == 0
    assert [p.name for p in (tmp_path / "journal").iterdir()] == ["00000005-other.jsonl"]


@pytest.mark.gauntlet
def test_a_cluster_of_rancher_is_deleted_and_its_machine_that_stays_is_told(playbook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider and how to reach it follow from the platform. Rancher is the fake one."""
    for name in ("URL", "TOKEN"):
        monkeypatch.delenv(f"RANCHER_{name}", raising=False)
    with FakeRancher() as rancher:
        rancher.making = [ACTIVE]
        rancher.add("ci")
        rancher.add("other")
        rancher.objects["cluster.x-k8s.io.machines"] = []
        book = playbook(ci={"cluster_platform": "rancher", "cluster_disposable": True, "dispose_adopt": True, "dispose_wait_timeout": 0,
                            "cluster_rancher": {"url": rancher.url, "token": rancher.token, "config": {"not": "for leftovers"}}})
        assert book.run("-e", "dispose_step=inventory", playbook="dispose").returncode == 0
        rancher.objects["cluster.x-k8s.io.machines"] = [{"id": "fleet-default/ci-x", "metadata": {
            "name": "ci-x", "namespace": "fleet-default", "creationTimestamp": "2026-11-20T10:00:00Z",
            "deletionTimestamp": "2026-11-20T11:00:00Z", "finalizers": ["machine.cluster.x-k8s.io"],
            "labels": {"cluster.x-k8s.io/cluster-name": "ci"}}}]
        done = book.run("-vvv", playbook="dispose")
        assert done.returncode == 2 and [c["name"] for c in rancher.clusters.values()] == ["other"]
        assert rancher.token not in done.stdout + done.stderr
    [record] = book.records()
    assert (record["verdict"], record["cause"]) == ("failed", "leak.provider(finalizer)")
    assert "held by finalizer machine.cluster.x-k8s.io" in record["leftovers"][0]


@pytest.mark.gauntlet
def test_what_a_cluster_on_machines_leaves_in_vsphere_is_told(playbook: Any, kubeconfig: str) -> None:
    """The cluster stays, as its machines do; vCenter is govmomi's simulator."""
    with vcsim() as server:
        reach = {n: v for n, v in server.options.items() if n != "platform"}
        book = playbook(ci={"cluster_kubeconfig": str(kubeconfig), "dispose_providers": ["vsphere"], "dispose_wait_timeout": 0,
                            "dispose_vsphere": reach, "dispose_patterns": ["ci-*"]})
        assert book.run("-e", "dispose_step=baseline", playbook="dispose").returncode == 0
        session = Session(settings(reach, {}), Job(environ={}))
        left = session.content.rootFolder.childEntity[0].vmFolder.CreateFolder("ci-old")
        done = book.run("-vvv", playbook="dispose")
        session.close()
    [record] = book.records()
    assert record["message"] == f"1 left: folder {left._GetMoId()} (ci-old)" and "in /DC0/vm" in record["leftovers"][0]
    assert done.returncode == 2 and reach["password"] not in done.stdout + done.stderr


def test_a_cluster_that_should_stay_and_does_not_answer_is_told_from_the_journal(playbook: Any, tmp_path: Path) -> None:
    server = "https://127.0.0.1:9"
    Journal(tmp_path / "journal", "3f9a1c07", "c", server).intend("Namespace", "assay-3f9a1c07", "", "v1")
    book = playbook(c={"cluster_host": server, "cluster_api_key": "planted-key", "dispose_wait_timeout": 0,
                       "dispose_journal_dir": str(tmp_path / "journal")})
    done = book.run("-vvv", playbook="dispose")
    assert done.returncode == 2 and "planted-key" not in done.stdout + done.stderr
    [record] = book.records()
    assert record["verdict"] == "failed" and "Connection refused" in record["message"]
    [line] = record["leftovers"]
    assert line.startswith("cluster Namespace assay-3f9a1c07, ") and record["scope"] == ["Namespace/assay-3f9a1c07"]
    assert "by the journal" in line and "the cluster does not answer" in line


# ---- a cluster that stays -------------------------------------------------------------------------------------------
class Site:
    """The real cluster, with a namespace of a run of ours in it."""

    def __init__(self, kubeconfig: str, lives: float) -> None:
        self._connection = Connection.resolve({"kubeconfig": kubeconfig}, {})
        self.api, self.run = Client(self._connection), names.new_run_id()
        self.space = f"assay-{self.run}"
        self.path = f"/api/v1/namespaces/{self.space}"
        self.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": self.space, "labels": names.labels(self.run, lives)}})

    def there(self) -> bool:
        try:
            self.api.get(self.path)
            return True
        except ApiError as e:
            return e.status != 404

    def hold(self, finalizers: list[str] | None) -> None:
        path = f"{self.path}/configmaps"
        if finalizers:
            self.api.create(path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "slow", "finalizers": finalizers}})
        else:
            self.api.patch(f"{path}/slow", {"metadata": {"finalizers": None}})

    def end(self) -> None:
        for act in (lambda: self.hold(None), lambda: self.api.delete(self.path)):
            try:
                act()
            except ApiError as e:
                if e.status not in (404, 409):
                    raise
        self.api.close()
        self._connection.close()


@pytest.fixture
def site(kubeconfig: Any) -> Iterator[Any]:
    made: list[Site] = []

    def make(lives: float) -> Site:
        made.append(Site(str(kubeconfig), lives))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_what_dead_runs_left_in_a_cluster_that_stays_is_removed(site: Any, playbook: Any) -> None:
    left, book = site(-60), playbook()
    done = book.run(playbook="dispose")
    assert done.returncode == 0 and not left.there()
    [record] = book.records()
    assert record["verdict"] == "passed" and f"removed what was left by {left.run}" in record["message"]


@pytest.mark.gauntlet
def test_a_namespace_that_a_finalizer_holds_is_left_with_its_name_and_not_forced(site: Any, playbook: Any) -> None:
    stuck, book = site(3600), playbook()
    stuck.hold(["example.com/hold"])
    stuck.api.delete(stuck.path)
    assert book.run("-e", "dispose_wait_timeout=15", playbook="dispose").returncode == 2
    [record] = book.records()
    assert (record["verdict"], record["cause"]) == ("failed", "leak.provider(finalizer)")
    [line] = [l for l in record["leftovers"] if stuck.space in l]
    assert "configmap/slow (finalizer example.com/hold)" in line
    assert stuck.api.get(f"{stuck.path}/configmaps/slow")["metadata"]["finalizers"] == ["example.com/hold"]
