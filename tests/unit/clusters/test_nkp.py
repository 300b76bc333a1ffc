# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters of NKP that manage themselves, and which cluster is asked about one: never the one that happens to be around."""
from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clusters.konvoy import later as nkp
from ansible_collections.assay.clusters.plugins.module_utils.clusters.model import Cluster
from ansible_collections.assay.clusters.plugins.module_utils.jobs import patience
from tests.fakes.api_server import FakeApiServer
from tests.fakes.cluster_api.management import CORE, FakeManagement
from tests.fakes.weather import Weather

from .cluster_task import ensure, info
from .test_konvoy import _calls, api, given, later

# Fixtures of the tests here.
__all__ = ["api", "given", "later"]


@pytest.fixture
def own(given: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """One that manages itself, beside an ambient cluster that manages another one of the same name."""
    given["konvoy"].update(generation="v2", self_managed=True)
    (tmp_path / "ambient.conf").write_text("ambient")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "ambient.conf"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    _state(given, {"ambient": {"edge": {"looks": 0}}, "of the pod": {"edge": {"looks": 0}}})
    return given


def _file(given: dict[str, Any]) -> Path:
    return Path(given["konvoy"]["environment"]["KONVOY_FAKE"]) / "state.json"


def _state(given: dict[str, Any], state: dict[str, Any] | None = None) -> dict[str, Any]:
    if state is not None:
        _file(given).write_text(json.dumps(state))
    return json.loads(_file(given).read_text())


def test_a_self_managed_one_is_asked_of_itself(own: dict[str, Any], api: FakeApiServer) -> None:
    own["konvoy"].update(arguments=["--vm-template=old"], update_arguments=["--vm-template=new"], namespace="kommander",
                         delete_arguments=["--bootstrap-cluster-image=image.tar"])
    before = _state(own)
    made = ensure(**own)
    assert not made["failed"] and made["cluster"]["uid"] == api.uid, made
    api.nodes, api.version = 3, "v1.21.1"
    changed = ensure(**{**own, "nodes": 3, "version": "v1.21.1"})
    assert changed["changed"] and not changed["failed"], changed
    assert ensure(**own, state="absent", disposable=True)["changed"]
    of = f"--cluster-name=edge --kubeconfig={Path(own['konvoy']['workdir']) / 'edge/edge.conf'} --namespace=kommander"
    assert _calls(own) == [
        "create cluster aws --cluster-name=edge --namespace=kommander --kubernetes-version=v1.20.15 --worker-replicas=2 --self-managed "
        "--vm-template=old",
        f"update controlplane aws {of} --kubernetes-version=v1.21.1 --vm-template=new",
        f"update nodepool aws edge-md-0 {of} --kubernetes-version=v1.21.1 --vm-template=new",
        f"scale nodepools edge-md-0 --replicas=3 {of}", f"delete cluster {of} --self-managed --bootstrap-cluster-image=image.tar"]
    assert _state(own) == {**before, "self edge": {}}


def test_half_of_a_self_managed_one_is_still_in_its_bootstrap_cluster(own: dict[str, Any]) -> None:
    own["konvoy"]["environment"]["KONVOY_FAIL"] = "create"
    failed = ensure(**own)
    assert failed["failed"] and "Cluster/edge False Error VcpuLimitExceeded" in failed["events"]
    assert ensure(**own, state="absent", disposable=True)["changed"]
    bootstrap = Path(own["konvoy"]["workdir"]) / "edge/edge-bootstrap.conf"
    assert _calls(own)[-1] == f"delete cluster --cluster-name=edge --kubeconfig={bootstrap}"


def test_the_ambient_cluster_is_never_asked(own: dict[str, Any]) -> None:
    ensure(**own)
    before = _state(own)
    (Path(own["konvoy"]["workdir"]) / "edge/edge.conf").unlink()
    refused = ensure(**own, state="absent", disposable=True)
    assert refused["failed"] and "so which cluster manages edge is not known, and nothing was asked of any" in refused["msg"]
    assert _state(own) == before and len(_calls(own)) == 1


def test_its_program_sees_no_cluster_of_the_environment(own: dict[str, Any], tmp_path: Path) -> None:
    Path(own["konvoy"]["program"]).write_text(f"#!/bin/sh\nenv > {tmp_path}/seen; exit 1\n")
    assert ensure(**own)["failed"]
    nowhere = Path(own["konvoy"]["workdir"]) / "edge/nowhere.conf"
    assert {f"KUBECONFIG={nowhere}", "KUBERNETES_SERVICE_HOST="} <= {*(tmp_path / "seen").read_text().splitlines()}


@pytest.mark.parametrize("state", [{}, {"state": "absent", "disposable": True}])
def test_who_manages_it_must_be_told(later: dict[str, Any], state: dict[str, Any]) -> None:
    if state:
        ensure(**later)
    calls = _calls(later)
    del later["konvoy"]["management_kubeconfig"]
    refused = ensure(**later, **state)
    assert refused["failed"] and "konvoy.management_kubeconfig: is missing; it leads to the cluster that manages edge" in refused["msg"]
    assert _calls(later) == calls


def test_a_kubeconfig_in_its_environment_tells_too(later: dict[str, Any]) -> None:
    path = later["konvoy"].pop("management_kubeconfig")
    later["konvoy"]["environment"]["KUBECONFIG"] = path
    assert not ensure(**later)["failed"]
    assert _calls(later)[0].startswith(f"create cluster aws --cluster-name=edge --kubeconfig={path}")


def test_what_somebody_else_changed_is_seen(later: dict[str, Any], api: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure(**later)
    now = Cluster("edge", "", "Provisioned", "ready", version="v1.20.15", nodes=5)
    monkeypatch.setattr(nkp.Later, "live", lambda self, name: now)
    foretold = ensure(True, **later)
    assert foretold["changed"] and foretold["diff"]["before"]["nodes"] == 5 and foretold["diff"]["after"]["nodes"] == 2


# ---- the cluster that manages it ----------------------------------------------------------------------------------
@pytest.fixture
def managing(later: dict[str, Any], api: FakeApiServer) -> Iterator[FakeManagement]:
    """It answers, and has the objects that the program would have made of one with five workers."""
    with FakeManagement(api) as made:
        Path(later["konvoy"]["management_kubeconfig"]).write_text(made.kubeconfig)
        for plural, name, spec in (("clusters", "edge", {}), ("machinedeployments", "edge-md-0", {
                "replicas": 5, "template": {"spec": {"version": "v1.20.15"}}})):
            made.answer("PATCH", f"/apis/{CORE}/v1beta2/namespaces/default/{plural}/{name}", {}, {
                "metadata": {"labels": {f"{CORE}/cluster-name": "edge"}}, "spec": spec})
        api.nodes = 5
        yield made


def _seen(later: dict[str, Any]) -> int:
    return info(platform="konvoy", konvoy=later["konvoy"])["clusters"][0]["nodes"]


def test_what_its_objects_tell_is_seen(later: dict[str, Any], managing: FakeManagement) -> None:
    made = ensure(**{**later, "nodes": 5})
    assert not made["failed"], made
    managing.objects["default", "machinedeployments", "edge-md-0"]["spec"]["replicas"] = 7
    for _look in range(3):
        assert _seen(later) == 7


@pytest.mark.fair("it has weather of its own")
def test_an_answer_that_does_not_come_hides_nothing(
        later: dict[str, Any], managing: FakeManagement, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second read goes wrong; at last all but the first, and what was noted before is not taken for what is now."""
    monkeypatch.setattr(patience, "_PAUSE", 0.01)
    ensure(**{**later, "nodes": 5})
    managing.objects["default", "machinedeployments", "edge-md-0"]["spec"]["replicas"] = 7
    for seed in range(4):
        managing.weather = Weather(2, seed, ("page",))
        assert _seen(later) == 7
    monkeypatch.setattr(patience, "ENDLESS", 0.1)
    turns = itertools.count()
    monkeypatch.setattr(managing.weather, "due", lambda: "page" if next(turns) else "")
    lost = info(platform="konvoy", konvoy=later["konvoy"])
    assert lost["failed"] and "502 Bad Gateway" in lost["msg"], lost


@pytest.mark.fair("it has trouble of its own")
def test_a_program_that_only_asks_is_run_again(later: dict[str, Any], api: FakeApiServer) -> None:
    ensure(**later)
    later["konvoy"]["environment"]["KONVOY_WEATHER"] = "2 0"
    for _turn in range(3):
        again = ensure(**later)
        assert not again["failed"] and not again["changed"], again
    was, api.uid = api.uid, "4711-another"
    refused = ensure(**later, state="absent", disposable=True)
    assert "4711-another" in refused["msg"] and not [c for c in _calls(later) if c.startswith("delete")]


@pytest.mark.foul(1)
def test_all_of_it_in_foul_weather(later: dict[str, Any], managing: FakeManagement) -> None:
    test_what_its_objects_tell_is_seen(later, managing)
    assert managing.weather.spoilt
