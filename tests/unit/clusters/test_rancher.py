# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Platform `rancher` against the fake Rancher, both generations of its API."""
from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clusters.rancher import platform
from ansible_collections.assay.clusters.plugins.module_utils.jobs import patience
from tests.fakes.rancher import FLICKER, MAKING, FakeRancher
from tests.fakes.weather import Weather

from .cluster_task import ensure, info, late

POOLS = [{"name": "control", "quantity": 1, "controlPlaneRole": True, "etcdRole": True},
         {"name": "apps", "quantity": 2, "workerRole": True}]
OLD_POOLS = [{"hostnamePrefix": "control", "quantity": 1, "controlPlane": True, "etcd": True},
             {"hostnamePrefix": "apps", "quantity": 2, "worker": True}]


@pytest.fixture(params=["fair", "foul"])
def rancher(request: pytest.FixtureRequest) -> Iterator[FakeRancher]:
    """In foul weather each fifth read goes wrong, states last, `error` is shown in passing, lists come in pages."""
    with FakeRancher() as fake:
        if request.param == "foul":
            fake.making, fake.looks, fake.page = [*FLICKER, *fake.making], 2, 1
            fake.weather, fake.api.weather = (Weather(5, seed, ("page", "reset")) for seed in (1, 2))
        yield fake


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("RANCHER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(patience, "FIRST", 0.5)
    monkeypatch.setattr(patience, "_PAUSE", 0.02)


def _given(rancher: FakeRancher, tmp_path: Path, generation: str) -> dict[str, Any]:
    settings = {"url": rancher.url, "token": rancher.token}
    if generation == "v1":
        settings["config"] = {"rkeConfig": {"machinePools": POOLS}, "cloudCredentialSecretName": "cattle-global-data:cc-1"}
    else:
        rancher.has_v1 = False
        settings.update(config={"rancherKubernetesEngineConfig": {"network": {"plugin": "canal"}}}, node_pools=OLD_POOLS)
    return {"name": "ci", "platform": "rancher", "version": "v1.31.4", "nodes": 2, "rancher": settings,
            "kubeconfig": str(tmp_path / "ci.kubeconfig")}


@pytest.fixture(params=["v1", "v3"])
def given(request: pytest.FixtureRequest, rancher: FakeRancher, tmp_path: Path) -> dict[str, Any]:
    return _given(rancher, tmp_path, request.param)


@pytest.fixture
def newer(rancher: FakeRancher, tmp_path: Path) -> dict[str, Any]:
    return _given(rancher, tmp_path, "v1")


@pytest.fixture
def older(rancher: FakeRancher, tmp_path: Path) -> dict[str, Any]:
    return _given(rancher, tmp_path, "v3")


def _changes(rancher: FakeRancher) -> list[str]:
    return [c for c in rancher.calls if "generateKubeconfig" not in c]


def test_made_found_and_disposed_of(given: dict[str, Any], rancher: FakeRancher) -> None:
    plan = ensure(True, **given)
    assert plan["changed"] and rancher.calls == [] and rancher.clusters == {}
    rancher.busy = 1
    made = ensure(**given)
    assert not made["failed"] and made["changed"], made
    assert made["cluster"]["id"] in rancher.clusters and made["cluster"]["uid"] == rancher.api.uid
    assert (made["cluster"]["state"], made["cluster"]["nodes"], made["cluster"]["version"]) == ("active", 2, "v1.31.4")
    assert any("Waiting for API to be available" in line for line in made["progress"])
    assert f"{rancher.url}/k8s/clusters/{made['cluster']['id']}" in made["kubeconfig"]
    calls, tokens = list(rancher.calls), set(rancher.tokens)
    again = ensure(**given)
    assert not again["changed"] and again["kubeconfig"] == made["kubeconfig"]
    assert not ensure(True, **given)["changed"] and (rancher.calls, rancher.tokens) == (calls, tokens)
    assert [c["name"] for c in info(platform="rancher", rancher=given["rancher"])["clusters"]] == ["ci"]
    gone = ensure(**given, state="absent", disposable=True, cluster_id=made["cluster"]["id"])
    assert gone["changed"] and any("removing: waiting for machines" in line for line in gone["progress"])
    assert rancher.clusters == {} and not Path(given["kubeconfig"]).exists()
    assert not ensure(**given, state="absent", disposable=True)["changed"]


def test_size_and_version_change(given: dict[str, Any], rancher: FakeRancher) -> None:
    ensure(**given)
    rancher.conflicts = 2
    more = {**given, "nodes": 4, "version": "v1.32.1"}
    plan = ensure(True, **more)
    assert plan["changed"] and plan["diff"]["after"] == {"name": "ci", "state": "present", "version": "v1.32.1", "nodes": 4}
    done = ensure(**more)
    assert not done["failed"] and (done["cluster"]["nodes"], done["cluster"]["version"]) == (4, "v1.32.1"), done
    assert not ensure(**more)["changed"]
    assert "does not go back to v1.31.4" in ensure(**given)["msg"]


def test_what_its_configuration_says_otherwise_is_told_and_not_changed(given: dict[str, Any], rancher: FakeRancher) -> None:
    ensure(**given)
    own, calls = given["rancher"], list(rancher.calls)
    newer = "cloudCredentialSecretName" in own["config"]

    def told(**task: Any) -> list[str]:
        again = ensure(**{**given, **task})
        assert not again["failed"] and not again["changed"], again
        return [line for line in again["progress"] if "says something else" in line]

    assert told() == [] and told(version=None, nodes=None) == []
    pools = [{**p, "quantity": 3} for p in (POOLS if newer else OLD_POOLS)]
    if newer:
        own["config"] = {"rkeConfig": {"machinePools": [*pools, {"name": "gpu", "workerRole": True}]}, "cloudCredentialSecretName": "cc-2",
                         "secret": "planted-secret", "kubernetesVersion": "v1.30.0"}
        option, places = "config", "rkeConfig.machinePools[gpu], cloudCredentialSecretName, secret"
        sized = "rkeConfig.machinePools[control].quantity, rkeConfig.machinePools[apps].quantity, "
    else:
        own["config"] = {"rancherKubernetesEngineConfig": {"network": {"plugin": "calico"}, "addons": "planted-secret"}}
        own["node_pools"] = pools
        option, places, sized = "config", "rancherKubernetesEngineConfig.network.plugin", ""
    end = "; a cluster is made with that, and it is not changed"
    assert told() == [f"ci: rancher.{option} says something else than the cluster has in {places}{end}"]
    lines = told(nodes=None)
    assert lines[0] == f"ci: rancher.{option} says something else than the cluster has in {sized}{places}{end}"
    assert lines[1:] == ([] if newer else [f"ci: rancher.node_pools says something else than the cluster has in [control].quantity, [apps].quantity{end}"])
    assert rancher.calls == calls and "planted-secret" not in json.dumps(lines)


def test_a_deleted_cluster_may_answer_403(given: dict[str, Any], rancher: FakeRancher) -> None:
    ensure(**given)
    rancher.gone_status = 403
    assert ensure(**given, state="absent", disposable=True)["changed"]


@pytest.mark.parametrize("has_v1_login", [True, False])
def test_login_by_password_in_both_generations(newer: dict[str, Any], rancher: FakeRancher, has_v1_login: bool) -> None:
    rancher.has_v1_login = has_v1_login
    newer["rancher"].update(token=None, username="admin", password="planted-password")
    before = set(rancher.tokens)
    made = ensure(**newer)
    assert not made["failed"] and ("POST /v1-public/login" in rancher.calls)
    assert ("POST /v3-public/localProviders/local?action=login" in rancher.calls) is not has_v1_login
    assert "POST /v3/tokens?action=logout" in rancher.calls
    left = rancher.tokens - before  # the one in the kubeconfig stays, the login's is gone
    assert len(left) == 1 and left.pop() in made["kubeconfig"]
    assert "planted-password" not in json.dumps(made)


def test_a_session_that_ends_meanwhile_is_begun_anew(newer: dict[str, Any], rancher: FakeRancher,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    newer["rancher"].update(token=None, username="admin", password="planted-password")
    create = platform.Rancher.create

    def create_and_expire(self: Any, wanted: Any) -> None:
        create(self, wanted)
        rancher.tokens.clear()

    monkeypatch.setattr(platform.Rancher, "create", create_and_expire)
    assert not ensure(**newer)["failed"] and rancher.calls.count("POST /v1-public/login") == 2


def test_an_error_of_rancher_is_told_and_disposed_of(given: dict[str, Any], rancher: FakeRancher,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "_ERROR_GRACE", 0.0)
    rancher.making = [*MAKING, ("error", "error", "Error creating machine: quota of vCPUs exceeded")]
    failed = ensure(**given)
    assert failed["failed"] and failed["changed"] and "error: Error creating machine: quota of vCPUs exceeded" in failed["msg"]
    again = ensure(**given)
    assert again["failed"] and "half made or broken" in again["msg"] and not again["changed"]
    assert ensure(**given, state="absent", disposable=True)["changed"] and rancher.clusters == {}


def test_an_error_that_rancher_mends_is_waited_out_but_not_for_ever(newer: dict[str, Any], rancher: FakeRancher,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    hiccup = ("provisioning", "error", "dial tcp: i/o timeout, will retry")
    rancher.making = [hiccup, hiccup, *rancher.making]
    assert not ensure(**newer)["failed"]
    ensure(**newer, state="absent", disposable=True)
    monkeypatch.setattr(platform, "_ERROR_GRACE", 0.2)
    rancher.making = [hiccup]
    assert "will retry" in ensure(**newer)["msg"]


def test_the_deadline_names_the_state(given: dict[str, Any], rancher: FakeRancher) -> None:
    rancher.making = [("waiting", "yes", "Waiting for API to be available")]
    ended = late(lambda told: "Waiting for API" in told, **given)
    assert ended["failed"] and "the time was up while waiting for ci: waiting: Waiting for API to be available" in ended["msg"]
    assert ended["changed"] and ended["cluster"]["phase"] in ("creating", "updating")


def test_deleted_under_our_feet(given: dict[str, Any], rancher: FakeRancher, monkeypatch: pytest.MonkeyPatch) -> None:
    rancher.making = [*MAKING, *MAKING, *MAKING, ("removing", "yes", "by somebody"), None]
    lost = ensure(**given)
    assert lost["failed"] and ("removing: by somebody" in lost["msg"] or "is gone" in lost["msg"])


def test_a_cluster_of_others_and_two_of_one_name(older: dict[str, Any], rancher: FakeRancher) -> None:
    rancher.making = []
    rancher.add("ci")
    for more in ({}, {"state": "absent", "disposable": True}):
        refused = ensure(**older, **more)
        assert refused["failed"] and "did not make" in refused["msg"] and not refused["changed"]
    rancher.add("ci")
    assert "several clusters called ci: c-00001, c-00002" in ensure(**older, adopt=True)["msg"]


def test_the_identity_is_compared(given: dict[str, Any], rancher: FakeRancher) -> None:
    ensure(**given)
    was, rancher.api.uid = rancher.api.uid, "4711-another"
    refused = ensure(**given, state="absent", disposable=True)
    assert refused["failed"] and "4711-another" in refused["msg"] and not refused["changed"]
    rancher.api.uid = was
    assert "not c-zzzzz; nothing was changed" in ensure(**given, state="absent", disposable=True, cluster_id="c-zzzzz")["msg"]
    assert len(rancher.clusters) == 1


def test_a_cluster_is_imported(rancher: FakeRancher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[str] = []
    monkeypatch.setattr(platform.Applier, "apply", lambda _self, item: applied.append(item["kind"]))
    target = tmp_path / "target.kubeconfig"
    target.write_text(rancher.api.kubeconfig)
    rancher.making = [("pending", "yes", "Waiting for the agent")] * 2 + [("active", "no", "")]
    given = {"name": "old", "platform": "rancher", "rancher": {"url": rancher.url, "token": rancher.token,
                                                               "import_kubeconfig": str(target)}}
    made = ensure(**given)
    assert not made["failed"] and applied == ["Namespace", "Secret"], made
    assert made["cluster"]["uid"] == rancher.api.uid and not ensure(**given)["changed"]
    given["rancher"]["import_kubeconfig"] = str(tmp_path / "none")
    assert "there is no kubeconfig" in ensure(**{**given, "name": "other"})["msg"]


@pytest.mark.parametrize(("change", "words"), [
    ({"token": "token-wrong:" + "x" * 54}, "Unauthorized: must authenticate (status 401)"),
    ({"token": None, "username": "admin", "password": "wrong-one"}, "Unauthorized: authentication failed (status 401)"),
    ({"token": None}, "rancher.token: is missing"), ({"url": "rancher"}, "rancher.url: must be like https://"),
    ({"url": "http://127.0.0.1:9"}, "Rancher http://127.0.0.1:9: "), ({"config": None}, "rancher.config: is missing"),
    ({"pool": "gpu"}, "rancher.pool: there is no pool gpu; there are apps"),
    ({"ca_cert": "/no/such/ca.pem"}, "rancher.ca_cert: cannot read"),
])
def test_bad_settings_change_nothing(newer: dict[str, Any], rancher: FakeRancher, change: dict[str, Any], words: str) -> None:
    bad = ensure(**{**newer, "rancher": {**newer["rancher"], **change}})
    assert bad["failed"] and words in bad["msg"] and not bad["changed"] and rancher.clusters == {}, bad
    assert "wrong-one" not in json.dumps(bad)


def test_a_generation_that_the_server_lacks(older: dict[str, Any]) -> None:
    older["rancher"]["generation"] = "v1"
    assert "has no v1 API for clusters" in ensure(**older)["msg"]
