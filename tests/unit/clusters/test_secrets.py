# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keys to clusters and to their providers are in no result, whether the controller works or a bastion."""
from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic

from ansible_collections.assay.clusters.plugins.module_utils.jobs.secrets import secrets_of
from ansible_collections.assay.clusters.plugins.modules import cluster
from tests.fakes import maker
from tests.fakes.api_server import FakeApiServer

from .cluster_task import ensure

MAKER = [sys.executable, maker.__file__]
MANIFEST = "kind: Secret\nmetadata: {name: apps}\nstringData: {password: planted-in-a-manifest}\n"
TOLD = {"rkeConfig": {"machinePools": [{"name": "apps", "quantity": 3}], "registries": {"configs": {"r.example.com": {
    "authConfigSecretName": "pull", "password": "planted-of-a-registry"}}}}, "env": [{"name": "VCENTER_PASSWORD", "value": "planted-pair"}]}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApiServer]:
    with FakeApiServer() as server:
        monkeypatch.setenv("MAKER_KUBECONFIG", server.kubeconfig)
        yield server


@pytest.fixture
def given(tmp_path: Path, api: FakeApiServer) -> dict[str, Any]:
    return {"name": "c1", "platform": "command", "command": {
        "workdir": str(tmp_path / "work"), "create": [*MAKER, "create", "{name}"], "delete": [*MAKER, "delete", "{name}"],
        "kubeconfig": [*MAKER, "kubeconfig", "{name}"],
        "environment": {"AWS_SECRET_ACCESS_KEY": "planted-in-the-environment", "KOPS_STATE_STORE": "s3://apps-state"}}}


@pytest.mark.parametrize("named", [True, False], ids=["in-a-file", "nowhere"])
def test_a_kubeconfig_is_returned_on_request_only(given: dict[str, Any], tmp_path: Path, named: bool) -> None:
    path = str(tmp_path / "c1.kubeconfig") if named else ""
    where = {"kubeconfig": path} if named else {}
    made = ensure(**given, **where, return_kubeconfig=False)
    assert not made["failed"] and "kubeconfig" not in made and made["kubeconfig_path"] == path, made
    assert "planted-token-of-the-fake" not in json.dumps(made) and Path(path or tmp_path / "c1.kubeconfig").exists() is named
    again = ensure(**given, **where, return_kubeconfig=True)
    assert "planted-token-of-the-fake" in again["kubeconfig"] and not again["changed"]


def _module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: dict[str, Any]) -> dict[str, Any]:
    """What the module prints in a process of its own, which is where a bastion works."""
    args = {"ANSIBLE_MODULE_ARGS": {**options, "_ansible_check_mode": True}}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(args).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        cluster.main()
    return json.loads(capsys.readouterr().out)


def test_options_that_are_written_freely_show_all_but_their_secrets(
        given: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    more = {"rancher": {"config": TOLD}, "cluster_api": {"manifest": MANIFEST, "variables": {"VSPHERE_PASSWORD": "planted-variable"}},
            "konvoy": {"workdir": "/w", "environment": {"VSPHERE_PASSWORD": "planted-of-konvoy"},
                       "configuration_spec": {"imageRegistries": [{"server": "r", "password": "planted-spec"}]}}}
    told = _module(monkeypatch, capsys, {**given, **more})
    assert "planted" not in json.dumps(told)
    shown = told["invocation"]["module_args"]
    assert shown["command"]["environment"]["KOPS_STATE_STORE"] == "s3://apps-state"
    assert shown["rancher"]["config"]["rkeConfig"]["machinePools"] == [{"name": "apps", "quantity": 3}]
    assert told["cluster"]["name"] == "c1"


@pytest.mark.parametrize(("options", "found"), [
    ({"a": {"password": "secret-1", "name": "apps"}}, ["secret-1"]), ({"password": 12345}, ["12345"]),
    ({"pairs": [{"name": "API_TOKEN", "value": "secret-2"}, {"name": "MODE", "value": "fast"}]}, ["secret-2"]),
    ({"passwords": ["secret-3", "secret-4"]}, ["secret-3", "secret-4"]), ({"script": "one\ntwo"}, ["one\ntwo"]),
    ({"line": "one\n", "validate_password": True, "size": 3}, [])])
def test_what_counts_as_a_secret(options: dict[str, Any], found: list[str]) -> None:
    assert list(secrets_of(options)) == found
