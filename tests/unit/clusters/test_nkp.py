# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters of NKP that manage themselves, and which cluster is asked about one: never the one that happens to be around."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clusters.konvoy import later as nkp
from ansible_collections.assay.clusters.plugins.module_utils.clusters.model import Cluster
from tests.fakes.api_server import FakeApiServer

from .cluster_task import ensure
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
