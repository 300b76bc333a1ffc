# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which machines of a vCenter are meant, and which of their disks: govmomi's simulator."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pyVmomi import vim

from ansible_collections.assay.clusters.plugins.module_utils.clouds.vsphere.session import Session, settings
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from tests.integration.machines import names, run
from tests.lab.vcsim import Vcsim, vcsim

VMS = [f"DC0_C0_RP0_VM{n}" for n in range(4)]


@pytest.fixture(scope="module")
def server() -> Iterator[Vcsim]:
    """VM0 in the folder eu of the folder prod, VM1 in a folder prod/eu, VM2 in the folder eu of dev, VM3 turned into a template."""
    with vcsim(machines=4) as made:
        session = Session(settings(made.options, {}), Job(environ={}))
        [center] = session.content.rootFolder.childEntity
        found = {v.name: v for v in center.vmFolder.childEntity}
        prod, dev = center.vmFolder.CreateFolder("prod"), center.vmFolder.CreateFolder("dev")
        for name, folder in zip(VMS, (prod.CreateFolder("eu"), center.vmFolder.CreateFolder("prod/eu"), dev.CreateFolder("eu"))):
            _wait(session, folder.MoveIntoFolder_Task([found[name]]))
        pool = center.hostFolder.childEntity[0].resourcePool.CreateResourcePool("batch", vim.ResourceConfigSpec(
            cpuAllocation=_ALLOCATION, memoryAllocation=_ALLOCATION))
        _wait(session, found[VMS[2]].RelocateVM_Task(vim.vm.RelocateSpec(pool=pool)))
        _wait(session, found[VMS[3]].PowerOffVM_Task())
        found[VMS[3]].MarkAsTemplate()
        session.close()
        yield made


_ALLOCATION = vim.ResourceAllocationInfo(reservation=0, expandableReservation=True, limit=-1, shares=vim.SharesInfo(level="normal", shares=0))


def _wait(session: Session, task: Any) -> None:
    while (state := str(session.value(task, "info.state", "look"))) not in ("success", "error"):
        pass
    assert state == "success", session.value(task, "info.error", "look")


def info(server: Vcsim, **given: Any) -> dict[str, Any]:
    return run("vm_snapshot_info", {**server.options, **given})


@pytest.mark.parametrize(("folder", "found"), [
    ("/DC0/vm/prod/eu", VMS[:1]), ("/DC0/vm/prod%2feu", VMS[1:2]), ("/DC0/vm/prod%2Feu/", VMS[1:2]), ("prod%2feu", VMS[1:2]),
    ("prod/eu", VMS[:1]), ("/DC0/vm/prod", VMS[:1]), ("dev", VMS[2:3]), ("/DC0", VMS[:3])])
def test_a_folder_is_no_other(server: Vcsim, folder: str, found: list[str]) -> None:
    assert list(names(info(server, folder=folder))) == found


def test_an_end_that_fits_several_folders_is_refused_with_all(server: Vcsim) -> None:
    failed = info(server, folder="eu")
    assert failed["msg"].startswith("folder: 'eu' fits 2 folders on 127.0.0.1")
    assert "/DC0/vm/dev/eu, /DC0/vm/prod/eu; give the whole path" in failed["msg"]


def test_a_place_can_be_given_back(server: Vcsim) -> None:
    [machine] = info(server, names=VMS[1:2])["machines"]
    assert machine["place"] == "/DC0/vm/prod%2feu" and list(names(info(server, folder=machine["place"]))) == VMS[1:2]


def test_a_template_is_told_as_that(server: Vcsim) -> None:
    assert info(server, names=[VMS[3]])["msg"].startswith(f"names: '{VMS[3]}' is a template on 127.0.0.1")
    assert VMS[3] not in names(info(server, folder="/DC0"))


@pytest.mark.parametrize(("given", "found"), [
    ({"resource_pool": "batch"}, VMS[2:3]), ({"resource_pool": "/DC0_C0/Resources/batch"}, VMS[2:3]), ({"resource_pool": "Resources"}, VMS[:3]),
    ({"cluster_name": "DC0_C0"}, VMS[:3]), ({"cluster_name": "DC0_C0", "names": VMS[:1]}, VMS[:1]),
    ({"folder": "prod", "cluster_name": "DC0_C0"}, VMS[:1])])
def test_machines_by_where_they_run(server: Vcsim, given: dict[str, Any], found: list[str]) -> None:
    assert list(names(info(server, **given))) == found


def test_machines_by_their_host(server: Vcsim) -> None:
    found = [info(server, esxi_host=f"DC0_C0_H{n}") for n in range(3)]
    assert sorted(m["name"] for one in found for m in one.get("machines", [])) == VMS[:3]


@pytest.mark.parametrize(("given", "words"), [
    ({"cluster_name": "C9"}, "cluster_name: no machine runs in 'C9' on 127.0.0.1"), ({"resource_pool": "none"}, "resource_pool: no machine"),
    ({"esxi_host": "h9"}, "hosts with machines: DC0_C0_H")])
def test_a_place_without_machines_is_told_with_what_there_is(server: Vcsim, given: dict[str, Any], words: str) -> None:
    assert words in info(server, **given)["msg"]


def test_names_of_snapshots_are_what_they_are(server: Vcsim) -> None:
    one = {**server.options, "names": VMS[:1]}
    for name in ("a/b", "a%2fb", "100%"):
        taken = run("vm_snapshot", {**one, "snapshot_name": name, "growth_percent": 0, "max_depth": 0})
        assert taken["changed"] and taken["machines"][0]["snapshot"]["name"] == name
        assert not run("vm_snapshot", {**one, "snapshot_name": name, "growth_percent": 0})["changed"]
    assert run("vm_snapshot_prune", {**one, "keep": 0, "allow_current": True})["changed"]


@pytest.mark.parametrize(("disk", "words"), [
    ({"Label": "Hard disk 9", "Mode": "persistent", "File": "[LocalDS_0] x/y.vmdk", "ID": "fcd-1"}, "attached_volumes: "),
    ({"Label": "Hard disk 9", "Mode": "persistent", "File": "[LocalDS_0] fcd/y.vmdk"}, "attached_volumes: "),
    ({"Label": "Hard disk 9", "Mode": "independent_persistent", "File": "[LocalDS_0] x/y.vmdk"}, "independent_persistent): no snapshot"),
    ({"Label": "Hard disk 9", "Kind": "raw", "Mode": "persistent", "File": "[LocalDS_0] x/r.vmdk"}, "raw device in physical mode"),
    ({"Label": "NVDIMM 1", "Kind": "nvdimm", "File": "[PMemDS] x/n.vmdk"}, "NVDIMM 1 of DC0_C0_RP0_VM0 ([PMemDS] x/n.vmdk, NVDIMM)")])
def test_disks_that_are_not_the_machines_are_named(server: Vcsim, disk: dict[str, str], words: str) -> None:
    with server.ordered(VM=VMS[0], Disk=disk):
        failed = run("vm_snapshot", {**server.options, "names": VMS[:1], "snapshot_name": "golden", "growth_percent": 0})
        server.order(VM=VMS[0], Detach=disk["Label"])
    assert failed["failed"] and words in failed["msg"]
    assert names(info(server, names=VMS[:1])) == {VMS[0]: []}


def test_a_volume_that_moved_on_since_the_snapshot(server: Vcsim) -> None:
    disk = {"Label": "Hard disk 9", "Mode": "persistent", "File": "[LocalDS_0] fcd/moved.vmdk", "ID": "fcd-7"}
    one = {**server.options, "names": VMS[:1], "snapshot_name": "golden"}
    server.order(VM=VMS[0], Disk=disk)
    assert run("vm_snapshot", {**one, "growth_percent": 0, "attached_volumes": "include"})["changed"]
    server.order(VM=VMS[0], Detach=disk["Label"])
    server.order(VM=VMS[1], Disk=disk)
    again = {**one, "disposable": True, "boot_delay": 0, "attached_volumes": "include"}
    try:
        failed = run("vm_snapshot_revert", again)
        assert f"is in its snapshot, and attached to {VMS[1]} today" in failed["msg"]
        server.order(VM=VMS[1], Detach=disk["Label"])
        assert run("vm_snapshot_revert", {**again, "attached_volumes": "refuse"})["msg"].startswith("attached_volumes: ")
        assert run("vm_snapshot_revert", again)["changed"]
    finally:
        server.order(VM=VMS[1], Detach=disk["Label"])
        run("vm_snapshot", {**one, "state": "absent"})


@pytest.mark.parametrize("refuses", [False, True])
def test_disks_that_a_removal_could_not_merge_are_consolidated(server: Vcsim, refuses: bool) -> None:
    options = {**server.options, "names": VMS[:3]}
    run("vm_snapshot", {**options, "snapshot_name": "golden", "growth_percent": 0})
    with server.ordered(VM=VMS[1], Splits=True, Refuses=refuses):
        done = run("vm_snapshot", {**options, "snapshot_name": "golden", "state": "absent"})
        now = {m["name"]: m["consolidation_needed"] for m in run("vm_snapshot_info", options)["machines"]}
    server.order(VM=VMS[1], Consolidation=False)
    assert now == {VMS[0]: False, VMS[1]: refuses, VMS[2]: False} and done["changed"]
    if refuses:
        assert done["failed"] and "NoDiskSpace" in done["msg"] and done["consolidation_needed"] == [VMS[1]]
    else:
        assert done["consolidated"] == [VMS[1]] and done["consolidation_needed"] == []
