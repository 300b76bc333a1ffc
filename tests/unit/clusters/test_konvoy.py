# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Platform `konvoy` against the fake programs, 1.x and later generations."""
from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes import konvoy as fake
from tests.fakes.api_server import FakeApiServer
from tests.fakes.weather import SKY

from .cluster_task import ensure, info, late


@pytest.fixture
def api() -> Iterator[FakeApiServer]:
    with FakeApiServer(version="v1.20.15") as server:
        yield server


def _weather() -> str:
    return f"{SKY.dice.randint(2, 4)} {SKY.dice.randrange(999)}" if SKY.dice else ""


@pytest.fixture
def given(tmp_path: Path, api: FakeApiServer) -> dict[str, Any]:
    program = tmp_path / "konvoy"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {fake.__file__} "$@"\n')
    program.chmod(0o755)
    (tmp_path / "fake").mkdir()
    return {"name": "edge", "platform": "konvoy", "version": "1.20.15", "nodes": 2, "kubeconfig": str(tmp_path / "edge.conf"),
            "konvoy": {"program": str(program), "workdir": str(tmp_path / "work"), "provisioner": "aws",
                       "environment": {"KONVOY_FAKE": str(tmp_path / "fake"), "KONVOY_API": api.kubeconfig, "KONVOY_WEATHER": _weather()},
                       "provisioner_spec": {"aws": {"region": "eu-central-1"}, "nodePools": [
                           {"name": "worker", "machine": {"type": "m5.large"}}]},
                       "configuration_spec": {"containerNetworking": {"calico": {"mtu": 1440}}}}}


@pytest.fixture
def onprem(given: dict[str, Any]) -> dict[str, Any]:
    given["konvoy"].update(provisioner="none", control_plane=["10.0.50.232"], workers=["10.0.50.108", "10.0.50.109"],
                           inventory_vars={"ansible_user": "centos"})
    return given


@pytest.fixture
def later(given: dict[str, Any]) -> dict[str, Any]:
    """A cluster that another one manages."""
    management = Path(given["konvoy"]["workdir"]).parent / "management.conf"
    management.write_text("management")
    given["konvoy"].update(generation="v2", management_kubeconfig=str(management))
    return given


def _calls(given: dict[str, Any]) -> list[str]:
    log = Path(given["konvoy"]["environment"]["KONVOY_FAKE"]) / "calls.log"
    return [c for c in log.read_text().splitlines() if c.split()[0] not in ("get", "describe")] if log.exists() else []


def _documents(given: dict[str, Any]) -> dict[str, Any]:
    text = (Path(given["konvoy"]["workdir"]) / "edge/cluster.yaml").read_text()
    return {d["kind"]: d for d in yaml.safe_load_all(text)}


def test_1x_made_changed_and_disposed_of(given: dict[str, Any], api: FakeApiServer) -> None:
    assert ensure(True, **given)["changed"] and _calls(given) == []
    made = ensure(**given)
    assert not made["failed"] and made["cluster"]["uid"] == api.uid and made["cluster"]["nodes"] == 2, made
    assert any("STAGE [Deploying Kubernetes]" in line for line in made["progress"])
    assert stat.S_IMODE((Path(given["konvoy"]["workdir"]) / "edge/cluster.yaml").stat().st_mode) == 0o600
    found = _documents(given)
    pools = {p["name"]: p for p in found["ClusterProvisioner"]["spec"]["nodePools"]}
    assert pools["worker"] == {"name": "worker", "count": 2, "machine": {"type": "m5.large"}}
    assert pools["control-plane"]["count"] == 3 and found["ClusterProvisioner"]["spec"]["aws"] == {"region": "eu-central-1"}
    assert found["ClusterConfiguration"]["spec"]["containerNetworking"] == {"calico": {"mtu": 1440}}
    assert found["ClusterConfiguration"]["spec"]["kubernetes"]["version"] == "1.20.15"
    assert not ensure(**given)["changed"]
    api.nodes, api.version = 3, "v1.21.1"
    more = ensure(**{**given, "nodes": 3, "version": "1.21.1"})
    assert more["changed"] and not more["failed"], more
    assert not ensure(**{**given, "nodes": 3, "version": "1.21.1"})["changed"]
    assert ensure(**given, state="absent", disposable=True, cluster_id=api.uid)["changed"]
    assert not (Path(given["konvoy"]["workdir"]) / "edge").exists()
    assert _calls(given) == ["init --provisioner=aws --cluster-name=edge", "up -y", "up -y --upgrade", "down -y"]


def test_1x_what_its_settings_say_otherwise_is_told(given: dict[str, Any]) -> None:
    ensure(**given)
    assert not [line for line in ensure(**given)["progress"] if "says something else" in line]
    pools = [{"name": "worker", "count": 7, "machine": {"type": "m5.large"}}, {"name": "gpu", "count": 1}]
    given["konvoy"].update(provisioner_spec={"aws": {"region": "eu-west-1"}, "nodePools": pools}, configuration_spec={
        "containerNetworking": {"calico": {"mtu": 1500}}, "kubernetes": {"version": "1.18"}, "version": "v1.7.0"})
    again, end = ensure(**given), "; it is applied only together with another version or number of nodes"
    assert not again["changed"] and [line for line in again["progress"] if "says something else" in line] == [
        f"edge: konvoy.provisioner_spec says something else than the cluster has in aws.region, nodePools[gpu]{end}",
        f"edge: konvoy.configuration_spec says something else than the cluster has in containerNetworking.calico.mtu, version{end}"]
    del given["nodes"], given["version"]
    lines = "".join(ensure(**given)["progress"])
    assert "nodePools[worker].count" in lines and "kubernetes.version" in lines


def test_1x_other_machines_are_told(onprem: dict[str, Any]) -> None:
    ensure(**onprem)
    assert not [line for line in ensure(**onprem)["progress"] if "says something else" in line]
    onprem["konvoy"].update(workers=["10.0.50.108", "10.0.50.110"], inventory_vars={"ansible_user": "root"})
    lines = [line for line in ensure(**onprem)["progress"] if "says something else" in line]
    assert [line.partition("; ")[0].rpartition(" in ")[::2] for line in lines] == [
        ("edge: konvoy.workers says something else than the cluster has", "10.0.50.109, 10.0.50.110"),
        ("edge: konvoy.inventory_vars says something else than the cluster has", "ansible_user")]


def test_1x_on_premises_has_an_inventory_and_no_provisioner(onprem: dict[str, Any]) -> None:
    made = ensure(**onprem)
    assert not made["failed"] and set(_documents(onprem)) == {"ClusterConfiguration"}, made
    hosts = yaml.safe_load((Path(onprem["konvoy"]["workdir"]) / "edge/inventory.yaml").read_text())
    assert hosts["control-plane"] == {"hosts": {"10.0.50.232": {"ansible_host": "10.0.50.232"}}}
    assert hosts["node"]["hosts"]["10.0.50.109"] == {"ansible_host": "10.0.50.109", "node_pool": "worker"}
    assert hosts["all"]["vars"] == {"version": "v1beta2", "order": "sorted", "ansible_user": "centos"}
    assert "konvoy.workers lists 2" in ensure(**{**onprem, "nodes": 5})["msg"]


def test_1x_half_made_goes_on_or_is_disposed_of(given: dict[str, Any]) -> None:
    given["konvoy"]["environment"]["KONVOY_FAIL"] = "up"
    failed = ensure(**given)
    assert failed["failed"] and failed["changed"] and "VcpuLimitExceeded" in failed["msg"]
    assert "STAGE [Provisioning Infrastructure]" in failed["log"]
    assert info(platform="konvoy", konvoy=given["konvoy"])["clusters"][0]["phase"] == "failed"
    del given["konvoy"]["environment"]["KONVOY_FAIL"]
    assert ensure(**given)["changed"] and [c.split()[0] for c in _calls(given)] == ["init", "up", "up"]
    given["konvoy"]["environment"]["KONVOY_FAIL"] = "down"
    stuck = ensure(**given, state="absent", disposable=True)
    assert stuck["failed"] and "VcpuLimitExceeded" in stuck["msg"]
    del given["konvoy"]["environment"]["KONVOY_FAIL"]
    assert ensure(**given, state="absent", disposable=True)["changed"]


def test_later_generations(later: dict[str, Any], api: FakeApiServer) -> None:
    managing = f"--cluster-name=edge --kubeconfig={later['konvoy']['management_kubeconfig']}"
    made = ensure(**later)
    assert not made["failed"] and made["cluster"]["uid"] == api.uid, made
    assert not ensure(**later)["changed"]
    api.nodes, api.version = 3, "v1.21.1"
    assert ensure(**{**later, "nodes": 3, "version": "v1.21.1"})["changed"]
    assert ensure(**later, state="absent", disposable=True)["changed"]
    assert _calls(later) == [
        f"create cluster aws {managing} --kubernetes-version=v1.20.15 --worker-replicas=2",
        f"update controlplane aws {managing} --kubernetes-version=v1.21.1",
        f"update nodepool aws edge-md-0 {managing} --kubernetes-version=v1.21.1",
        f"scale nodepools edge-md-0 --replicas=3 {managing}", f"delete cluster {managing}"]


def test_a_failure_of_later_generations_has_their_description(later: dict[str, Any]) -> None:
    later["konvoy"]["environment"]["KONVOY_FAIL"] = "create"
    failed = ensure(**later)
    assert failed["failed"] and "VcpuLimitExceeded" in failed["msg"]
    assert "Cluster/edge False Error VcpuLimitExceeded" in failed["events"]
    assert ensure(**later, state="absent", disposable=True)["changed"]


def test_identity_deadline_and_disposable(given: dict[str, Any], api: FakeApiServer) -> None:
    ensure(**given)
    assert "is not marked as disposable" in ensure(**given, state="absent")["msg"]
    was, api.uid = api.uid, "4711-another"
    assert "4711-another" in ensure(**given, state="absent", disposable=True)["msg"]
    api.uid = was
    assert "cluster_id: edge is" in ensure(**given, state="absent", disposable=True, cluster_id="no")["msg"]
    api.not_ready = 1
    ended = late(lambda told: "nodes Ready" in told, **given)
    assert ended["failed"] and "1 of 2 nodes Ready" in ended["msg"]
    assert not [c for c in _calls(given) if c.startswith("down")]


def test_a_folder_of_somebody_else_is_left_alone(given: dict[str, Any], api: FakeApiServer) -> None:
    folder = Path(given["konvoy"]["workdir"]) / "edge"
    folder.mkdir(parents=True)
    (folder / "admin.conf").write_text(api.kubeconfig)
    for more in ({}, {"state": "absent", "disposable": True}):
        refused = ensure(**given, **more)
        assert refused["failed"] and "did not make" in refused["msg"]
    assert _calls(given) == []


@pytest.mark.parametrize(("change", "words"), [
    ({"program": "/no/such/konvoy"}, "there is no program /no/such/konvoy"),
    ({"provisioner": "none"}, "konvoy.control_plane: is missing"),
    ({"node_pool": "gpu"}, "konvoy.node_pool: there is no node pool gpu"),
])
def test_bad_settings_are_one_sentence(given: dict[str, Any], change: dict[str, Any], words: str) -> None:
    bad = ensure(**{**given, "konvoy": {**given["konvoy"], **change}})
    assert bad["failed"] and bad["msg"].startswith(words), bad
    assert "planted" not in json.dumps({k: v for k, v in bad.items() if k != "kubeconfig"})
