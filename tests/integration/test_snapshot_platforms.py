# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules of snapshots do the same on every platform: a vCenter, the fake shell of an ESXi host, moto's EC2."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.esxi.host import esxi_host
from tests.fakes.moto_server import KEYS, REGION, client
from tests.integration.machines import names, run
from tests.lab.vcsim import vcsim

IMAGE = "ami-0123456789abcdef0"


@contextmanager
def _vsphere(_folder: Path, _moto: str) -> Iterator[dict[str, Any]]:
    with vcsim(machines=2) as center:
        names_of = ["DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1"]
        for name in names_of:
            center.order(VM=name, Tools="guestToolsRunning")
        yield {**center.options, "names": names_of}


@contextmanager
def _esxi(folder: Path, _moto: str) -> Iterator[dict[str, Any]]:
    with esxi_host(folder) as host:
        host.add("n1", "n2")
        yield {**host.params, "platform": "esxi", "names": ["n1", "n2"]}


@contextmanager
def _aws(_folder: Path, moto: str) -> Iterator[dict[str, Any]]:
    ec2 = client(moto)
    for name in ("n1", "n2"):
        ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, TagSpecifications=[{
            "ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}, {"Key": "cluster", "Value": "prod"}]}])
    yield {"platform": "aws", "region": REGION, "endpoint_url": moto, "access_key": KEYS["aws_access_key_id"],
           "secret_key": KEYS["aws_secret_access_key"], "tags": {"cluster": "prod"}}


@pytest.fixture(params=[_vsphere, _esxi, _aws], ids=["vsphere", "esxi", "aws"])
def options(request: pytest.FixtureRequest, tmp_path: Path, moto: str) -> Iterator[dict[str, Any]]:
    with request.param(tmp_path, moto) as made:
        yield made


def test_taken_reverted_to_and_pruned(options: dict[str, Any]) -> None:
    machines = sorted(names(run("vm_snapshot_info", options)))
    assert len(machines) == 2
    first = run("vm_snapshot", {**options, "snapshot_name": "golden", "cluster": "prod", "growth_percent": 0})
    assert first.get("changed"), first
    assert not run("vm_snapshot", {**options, "snapshot_name": "golden"})["changed"]
    assert names(run("vm_snapshot_info", options)) == {n: ["golden"] for n in machines}
    refused = run("vm_snapshot_revert", {**options, "snapshot_name": "gold", "disposable": True})
    assert f"{machines[0]} has no snapshot 'gold'; there are: 'golden' (" in refused["msg"]
    done = run("vm_snapshot_revert", {**options, "snapshot_name": "golden", "disposable": True, "boot_delay": 0, "wait_for": []})
    assert done.get("changed") and not done.get("failed"), done
    found = run("vm_snapshot_info", options)
    assert [m["power"] for m in found["machines"]] == ["on", "on"]
    assert all("cluster=prod" in s["description"] for m in found["machines"] for s in m["snapshots"])
    assert run("vm_snapshot_prune", {**options, "keep": 0, "allow_current": True})["changed"]
    assert names(run("vm_snapshot_info", options)) == {n: [] for n in machines}


def test_removed_by_name(options: dict[str, Any]) -> None:
    assert run("vm_snapshot", {**options, "snapshot_name": "golden", "growth_percent": 0})["changed"]
    assert len(run("vm_snapshot", {**options, "snapshot_name": "golden", "state": "absent"})["removed"]) == 2
    assert not run("vm_snapshot", {**options, "snapshot_name": "golden", "state": "absent"})["changed"]


def test_guests_are_shut_down_for_a_control_plane_of_several(options: dict[str, Any]) -> None:
    """Each platform's own way to ask them; they are on again afterwards."""
    done = run("vm_snapshot", {**options, "snapshot_name": "golden", "growth_percent": 0, "control_plane": ["*"]})
    assert done.get("changed") and not done.get("failed"), done
    machines = [m["name"] for m in done["machines"]]
    assert done["shut_down"] == machines and {m["power"] for m in run("vm_snapshot_info", options)["machines"]} == {"on"}
    words = ("shut down", "snapshot 'golden' taken", "on")
    told = [line.rsplit(",", 1)[0] for line in done["progress"] if line.rsplit(",", 1)[0].rpartition(": ")[2] in words]
    assert [sorted(told[i:i + 2]) for i in (0, 2, 4)] == [[f"{n}: {word}" for n in machines] for word in words]
