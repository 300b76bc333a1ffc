# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Platform `rancher` where the world is not as kind: roles that are mixed, errors in passing, other names, no RKE."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clouds import rancher as cloud
from ansible_collections.assay.clusters.plugins.module_utils.clusters import model
from ansible_collections.assay.clusters.plugins.module_utils.clusters.flow import job as flow
from ansible_collections.assay.clusters.plugins.module_utils.clusters.rancher import platform
from ansible_collections.assay.clusters.plugins.module_utils.jobs import patience
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, Passing
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from tests.fakes import authority
from tests.fakes.clock import Clock
from tests.fakes.rancher import ACTIVE, FakeRancher
from tests.fakes.weather import Weather

from .cluster_task import ensure, info

ALL = {"controlPlaneRole": True, "etcdRole": True, "workerRole": True}
MIXED = [{"name": "all", "quantity": 3, **ALL}, {"name": "apps", "quantity": 2, "workerRole": True}]
PEM = authority.issue("an authority", ca=True).pem


@pytest.fixture
def rancher() -> Iterator[FakeRancher]:
    with FakeRancher() as fake:
        yield fake


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "TOKEN", "USERNAME", "PASSWORD", "TOKEN_KEY", "ACCESS_KEY", "SECRET_KEY", "CA_CERTS", "INSECURE"):
        monkeypatch.delenv(f"RANCHER_{name}", raising=False)
    monkeypatch.setattr(patience, "_PAUSE", 0.02)


@pytest.fixture
def given(rancher: FakeRancher, tmp_path: Path) -> dict[str, Any]:
    return {"name": "ci", "platform": "rancher", "kubeconfig": str(tmp_path / "ci.kubeconfig"), "rancher": {
        "url": rancher.url, "token": rancher.token, "config": {"rkeConfig": {"machinePools": MIXED}}}}


# ---- how many nodes -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("nodes", [None, 5, 7])
def test_pools_of_mixed_roles_become_ready(given: dict[str, Any], rancher: FakeRancher, nodes: int | None) -> None:
    made = ensure(**given, nodes=nodes)
    assert not made["failed"] and made["cluster"]["nodes"] == (nodes or 5), made
    assert rancher.api.nodes == (nodes or 5) and not ensure(**given, nodes=nodes)["changed"]


@pytest.mark.parametrize("maker", ["rke2", "k3s", "rke1", "kubeadm"])
def test_an_imported_cluster_is_ready_when_all_its_nodes_are(given: dict[str, Any], rancher: FakeRancher, maker: str) -> None:
    """Rancher counts all of its nodes, the API tells which are of the control plane."""
    rancher.making, rancher.api.maker = [ACTIVE], maker
    rancher.api.crew = [("control", "etcd", "worker")] * 3 + [("worker",)] * 2
    rancher.add("ci")
    taken = ensure(**given, adopt=True)
    assert not taken["failed"] and taken["cluster"]["nodes"] == 5, taken


# ---- errors that pass ---------------------------------------------------------------------------------------------
def test_silence_is_borne(given: dict[str, Any], rancher: FakeRancher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "_ANSWER", 1.0)
    rancher.weather = Weather(6, 3, ("silence",))
    made = ensure(**given, wait_until="platform")
    assert not made["failed"] and rancher.weather.spoilt and any("it is asked again" in line for line in made["progress"]), made


def test_an_outage_amid_the_wait_is_borne_for_longer_than_a_first_answer_is(
        given: dict[str, Any], rancher: FakeRancher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST", 0.0)
    create = platform.Rancher.create

    def create_and_go_away(self: Any, wanted: Any) -> None:
        create(self, wanted)
        rancher.weather = Weather(1, 0, ("page",))
        rancher.weather.until = 12

    monkeypatch.setattr(platform.Rancher, "create", create_and_go_away)
    made = ensure(**given)
    assert not made["failed"] and rancher.weather.spoilt == 12, made


def test_a_page_that_says_404_is_not_the_end_of_a_cluster(rancher: FakeRancher, monkeypatch: pytest.MonkeyPatch) -> None:
    api = cloud.RancherApi({"url": rancher.url, "token": rancher.token}, {})
    monkeypatch.setattr("tests.fakes.weather.STATUS", 404)
    rancher.weather = Weather(1, 0, ("page",))
    with pytest.raises(Passing, match="404"):
        api.get_or_none("/v3/clusters/c-00001")
    rancher.weather = Weather()
    assert api.get_or_none("/v3/clusters/c-00001") is None
    api.close()


def test_the_same_error_counts_when_nothing_else_is_said(rancher: FakeRancher, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(platform, "time", clock)
    settings = {"url": rancher.url, "token": rancher.token, "namespace": "fleet-default", "poll": 0}
    world = platform.Rancher(settings, Job(environ={}))

    def seen(message: str, later: float) -> str:
        clock.sleep(later)
        return world._judged(model.Cluster("ci", "c-1", "error", "failed", message, extra={"transitioning_error": True})).phase

    assert [seen("no route", 0), seen("no route", 200), seen("no disk", 200), seen("no disk", 200)] == ["updating"] * 4
    assert seen("no disk", 100) == "failed"
    world.close()


# ---- lists, names, versions ---------------------------------------------------------------------------------------
@pytest.mark.fair("a session that is asked without a job's patience")
@pytest.mark.parametrize("other", ["https://rancher.example.com:8443", "https://example.com/rancher"])
def test_lists_go_on_to_their_end_whatever_name_rancher_has_for_itself(rancher: FakeRancher, other: str) -> None:
    rancher.server_url, rancher.page = other, 2
    names = [f"c{n}" for n in range(5)]
    for name in names:
        rancher.add(name)
    rancher.objects["things"] = [{"id": n} for n in names]
    found = info(platform="rancher", rancher={"url": rancher.url, "token": rancher.token})["clusters"]
    assert [c["name"] for c in found] == names
    api = cloud.RancherApi({"url": rancher.url, "token": rancher.token}, {})
    assert [t["id"] for t in api.everything("/v1/things")] == names
    api.close()


def test_the_manifest_is_asked_where_rancher_was(rancher: FakeRancher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform.Applier, "apply", lambda _self, item: None)
    (tmp_path / "target").write_text(rancher.api.kubeconfig)
    rancher.server_url = "https://rancher.example.com"
    made = ensure(name="old", platform="rancher", wait_until="platform", rancher={
        "url": rancher.url, "token": rancher.token, "import_kubeconfig": str(tmp_path / "target")})
    assert not made["failed"], made


def test_without_rke_nothing_asks_for_its_pools(given: dict[str, Any], rancher: FakeRancher) -> None:
    rancher.has_rke1 = False
    assert not ensure(**given)["failed"]
    rancher.add("imported")
    assert [c["name"] for c in info(platform="rancher", rancher=given["rancher"])["clusters"]] == ["ci", "imported"]
    taken = ensure(**{**given, "name": "imported", "kubeconfig": None}, adopt=True, return_kubeconfig=False)
    assert not taken["failed"], taken
    old = {**given["rancher"], "config": {"rancherKubernetesEngineConfig": {}}, "generation": "v3"}
    refused = ensure(**{**given, "name": "old", "rancher": old})
    assert "rancher.config: rancherKubernetesEngineConfig: " in refused["msg"] and "has no RKE any more" in refused["msg"]
    assert not refused["changed"] and len(rancher.clusters) == 2


# ---- the environment ----------------------------------------------------------------------------------------------
def _job(rancher: FakeRancher, **environ: str) -> Job:
    return Job(environ={"RANCHER_URL": f"{rancher.url}/v3", **environ})


@pytest.mark.parametrize("names", [("TOKEN",), ("TOKEN_KEY",), ("ACCESS_KEY", "SECRET_KEY")], ids="+".join)
def test_the_names_of_terraforms_provider(rancher: FakeRancher, names: tuple[str, ...]) -> None:
    rancher.add("ci")
    parts = rancher.token.split(":") if len(names) == 2 else [rancher.token]
    job = _job(rancher, **{f"RANCHER_{n}": p for n, p in zip(names, parts)})
    found = flow.info({"platform": "rancher", "rancher": {"namespace": "fleet-default"}}, job)
    assert [c["name"] for c in found["clusters"]] == ["ci"]


@pytest.mark.parametrize(("value", "insecure"), [("true", True), ("1", True), ("false", False), ("", False)])
def test_whether_certificates_are_verified(value: str, insecure: bool) -> None:
    settings, environ = {"url": "https://r.example.com", "token": "t:s"}, {"RANCHER_INSECURE": value}
    api, said = cloud.RancherApi(settings, environ), cloud.RancherApi({**settings, "validate_certs": True}, environ)
    assert (api.insecure, said.insecure) == (insecure, False)


def test_the_authority_of_the_environment_is_its_content_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(PEM)
    settings = {"url": "https://r.example.com", "token": "t:s"}
    apis = [cloud.RancherApi(settings, {"RANCHER_CA_CERTS": PEM}), cloud.RancherApi(settings, {
        "RANCHER_CA_CERTS": str(tmp_path / "ca.pem")}), cloud.RancherApi({**settings, "ca_cert": str(tmp_path / "ca.pem")}, {})]
    for api in apis:
        assert Path(api._client.connection.configuration.ssl_ca_cert).read_text() == PEM
        api.close()
    assert len({api.ca_data for api in apis}) == 1
    with pytest.raises(BadOption, match="RANCHER_CA_CERTS: cannot read /no/such"):
        cloud.RancherApi(settings, {"RANCHER_CA_CERTS": "/no/such"})
    assert "planted" not in json.dumps(settings)
