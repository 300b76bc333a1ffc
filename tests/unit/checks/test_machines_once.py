# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The machines of a cluster are described once: the check takes them from where the roles of snapshots do."""
from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks.machines import Machines, snapshot_trouble
from ansible_collections.assay.clusters.plugins.module_utils.engine import options
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Machine, Snapshot

NOW = datetime.datetime(2026, 3, 20, tzinfo=datetime.timezone.utc)
SHARED = {"platform": "vsphere", "hostname": "vcenter", "username": "u", "password": "secret", "validate_certs": "no",
          "folder": "/dc1/vm/ci", "moids": ["vm-1"], "control_plane": ["a"], "timeout": 60}


def _resolved(arguments: dict[str, Any] | None = None, **variables: Any) -> dict[str, Any]:
    return {n: v for n, v in options.resolve(Machines, arguments or {}, variables).items()
            if v is not None and n not in ("ssh_executable", "ssh_host_key_checking")}


def test_the_variable_of_the_snapshots_serves_the_check() -> None:
    assert _resolved(cluster_machines=SHARED, machines_check_ssh_executable="ssh").items() >= {
        "platform": "vsphere", "hostname": "vcenter", "platform_username": "u", "platform_password": "secret",
        "platform_validate_certs": False, "folder": "/dc1/vm/ci", "ids": ["vm-1"]}.items()


@pytest.mark.parametrize(("arguments", "own"), [
    ({}, {"machines_check_hostname": "another"}), ({"platform": "esxi"}, {}), ({}, {"machines_check_names": ["a"]})])
def test_what_is_said_otherwise_gets_nothing_of_it_and_no_password_least_of_all(arguments, own) -> None:
    found = _resolved(arguments, cluster_machines=SHARED, **own)
    assert not {"platform_password", "platform_username", "folder"} & set(found)
    assert "secret" not in str(found)


def test_bounds_of_the_check_are_another_matter() -> None:
    found = _resolved({"datastore_free": 5}, cluster_machines=SHARED, machines_check_snapshot_age_days=9)
    assert (found["hostname"], found["snapshot_age_days"], found["datastore_free"]) == ("vcenter", 9.0, 5)


@pytest.mark.parametrize(("value", "sentence"), [
    (["a"], "cluster_machines: must be a dictionary with a platform"),
    ({"platform": "xen"}, "cluster_machines.platform: must be one of vsphere, esxi, aws, not 'xen'"),
    ({"platform": "vsphere", "password": {"a": "b"}}, "cluster_machines.password: must be text, not what was given")])
def test_what_is_wrong_in_it_is_told_by_its_name(value, sentence) -> None:
    with pytest.raises(BadInput, match=sentence):
        _resolved(cluster_machines=value)


def test_the_snapshot_that_a_pipeline_reverts_to_may_be_old() -> None:
    kept = _resolved(pipeline_snapshot="golden")["snapshots_kept"]
    assert kept == ["golden"]
    assert _resolved(pipeline_snapshot="golden", machines_check_snapshots_kept="a,b")["snapshots_kept"] == ["a", "b"]
    assert "snapshots_kept" not in _resolved(pipeline_snapshot="")
    old = Machine("vm-1", "a", snapshots=tuple(
        Snapshot(id=name, name=name, created="2026-01-01T00:00:00+00:00") for name in ("golden", "forgotten")))
    assert "forgotten" in (said := snapshot_trouble(old, NOW, 3, 3, kept)) and "golden" not in said
