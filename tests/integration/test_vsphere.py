# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshots of machines on a vCenter: govmomi's simulator, which speaks the real protocol."""
from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Wanted
from ansible_collections.assay.clusters.plugins.module_utils.machines.vsphere.platform import Vsphere, open_vsphere
from ansible_collections.assay.clusters.plugins.module_utils.snapshots import guard, set as snapshot_set
from tests.integration.conftest import Playbook, eventually
from tests.integration.machines import names, run
from tests.lab.vcsim import PASSWORD, Vcsim, vcsim

VMS = ["DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1", "DC0_C0_RP0_VM2"]


@pytest.fixture(scope="module")
def center() -> Iterator[Vcsim]:
    with vcsim(machines=3, hosts=3, stores=2) as made:
        yield made


@pytest.fixture
def server(center: Vcsim) -> Iterator[Vcsim]:
    """A vCenter whose machines are on and have no snapshots."""
    yield center
    center.order(Clear=True)
    platform = open_vsphere(center.options, Job())
    for machine in platform.find(Wanted(folder="/DC0")):
        for snapshot in [s for s in machine.snapshots if not s.parent]:
            _done(platform, platform.remove(machine, snapshot, children=True))
        _done(platform, platform.power_on(machine))
    platform.close()


def _done(platform: Vsphere, pending: Any) -> str:
    while pending.poll() is not None:
        pass
    return str(pending.result())


@pytest.fixture
def options(server: Vcsim) -> dict[str, Any]:
    return {**server.options, "names": VMS}


def take(options: dict[str, Any], name: str, **more: Any) -> dict[str, Any]:
    return run("vm_snapshot", {**options, "snapshot_name": name, "growth_percent": 0, **more})


# ---- taking -----------------------------------------------------------------------------------------------------
def test_a_set_is_taken_once(options: dict[str, Any]) -> None:
    would = run("vm_snapshot", {**options, "snapshot_name": "golden", "growth_percent": 0}, check=True)
    assert would["changed"] and would["would"] == {"take": VMS, "remove": []}
    assert would["diff"]["after"]["snapshots"] == {n: ["golden"] for n in VMS}
    assert names(run("vm_snapshot_info", options)) == {n: [] for n in VMS}
    first = take(options, "golden", cluster="prod", run_id="r 1", description="clean", max_spread_seconds=60)
    assert first["changed"] and 0 <= first["spread_seconds"] < 60
    assert [m["snapshot"]["memory"] for m in first["machines"]] == [False] * 3
    assert first["machines"][0]["snapshot"]["description"] .startswith("clean | assay.clusters cluster=prod run=r-1 owner=")
    again = take(options, "golden")
    assert not again["changed"] and names(run("vm_snapshot_info", options)) == {n: ["golden"] for n in VMS}
    gone = take(options, "golden", state="absent")
    assert gone["changed"] and gone["removed"] == VMS
    assert not take(options, "golden", state="absent")["changed"]


def test_the_control_plane_comes_last(options: dict[str, Any]) -> None:
    done = take(options, "golden", control_plane=["*VM0"], parallel=1)
    assert [line.split(":")[0] for line in done["progress"][:3]] == [*VMS[1:], VMS[0]]


@pytest.mark.parametrize("order", [{"Task": "createSnapshot", "Fault": "noSpace"}, {"Method": "CreateSnapshot_Task", "Fault": "noPermission"}])
def test_when_one_fails_nothing_is_kept(server: Vcsim, options: dict[str, Any], order: dict[str, Any]) -> None:
    take(options, "before")
    with server.ordered(VM=VMS[2], **order):
        failed = take(options, "golden", parallel=2)
    assert failed["failed"] and not failed["changed"] and "nothing of the set was kept" in failed["msg"]
    assert ("NoDiskSpace" if order.get("Task") else "NoPermission") in failed["msg"]
    assert names(run("vm_snapshot_info", options)) == {n: ["before"] for n in VMS}
    assert take(options, "golden")["changed"]


def _at_rest(server: Vcsim) -> None:
    """Until everything that was begun there has ended."""
    platform = open_vsphere(server.options, Job())
    manager = platform._session.content.taskManager  # pylint: disable=protected-access
    eventually("no task", lambda: all(t.info.state in ("success", "error") for t in manager.recentTask), 60)
    platform.close()


@pytest.mark.gauntlet
def test_a_task_that_is_too_slow_ends_at_the_deadline(server: Vcsim, options: dict[str, Any]) -> None:
    """And is waited for, so that it leaves nothing: neither then nor when it has ended."""
    with server.ordered(DelayTasks={"CreateSnapshotEx": 4000}):
        failed = take(options, "golden", timeout=2)
        assert failed["failed"] and not failed["changed"], failed
        assert re.fullmatch("the time was up while waiting for .*; nothing of the set was kept", failed["msg"])
        _at_rest(server)
        assert names(run("vm_snapshot_info", options)) == {n: [] for n in VMS}
    assert take(options, "golden")["changed"]


def test_slow_work_says_how_far_it_is(server: Vcsim, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_set, "_TELL", 0.3)
    with server.ordered(DelayTasks={"CreateSnapshotEx": 4000}):
        done = take({**options, "names": VMS[:1]}, "golden")
    assert re.search(rf"{VMS[0]}: at \d+ % after \d s", done["progress"][0])


def _killed(process: subprocess.Popen[str]) -> None:
    """With its workers, each of which is in a session of its own."""
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    for worker in workers:
        os.kill(int(worker), signal.SIGKILL)


@pytest.mark.parametrize("end", [lambda p: os.killpg(p.pid, signal.SIGINT), subprocess.Popen.kill, _killed],
                         ids=["interrupted", "killed", "killed with its workers"])
def test_half_a_set_of_a_playbook_that_is_gone_is_removed(server: Vcsim, options: dict[str, Any], tmp_path: Path,
                                                          end: Callable[[Any], None]) -> None:
    take(options, "before")
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [{
        "assay.clusters.vm_snapshot": {**options, "snapshot_name": "golden", "growth_percent": 0, "parallel": 1}}]}]))
    book = Playbook(tmp_path, {})
    with server.ordered(DelayTasks={"CreateSnapshotEx": 3000}):
        running = subprocess.Popen(["ansible-playbook", str(tmp_path / "play.yml")], start_new_session=True, text=True,
                                   env=book.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        eventually("the first of the set", lambda: "golden" in str(names(run("vm_snapshot_info", options))))
        end(running)
        print(running.communicate(timeout=60)[0])
        _at_rest(server)
        eventually("nothing of the set", lambda: names(run("vm_snapshot_info", options)) == {n: ["before"] for n in VMS})
    if end is _killed:  # in the others, too, nobody but the guardian is left: once is enough for what takes its time
        assert take(options, "golden")["changed"]
        time.sleep(3 * guard._POLL)  # pylint: disable=protected-access
        assert names(run("vm_snapshot_info", options)) == {n: ["before", "golden"] for n in VMS}, "of that name, and not the playbook's"
    book.kill_all()  # it would watch for two minutes


def test_a_set_that_took_too_long_is_not_kept(server: Vcsim, options: dict[str, Any]) -> None:
    with server.ordered(DelayTasks={"CreateSnapshotEx": 700}):
        failed = take(options, "golden", parallel=1, max_spread_seconds=0.5)
    assert failed["failed"] and "s apart, and max_spread_seconds is 0.5 s" in failed["msg"]
    assert names(run("vm_snapshot_info", options)) == {n: [] for n in VMS}


def test_half_a_set_is_refused_or_replaced(options: dict[str, Any]) -> None:
    take({**options, "names": VMS[:1]}, "golden")
    assert f"is on {VMS[0]} but not on {VMS[1]}, {VMS[2]}" in take(options, "golden")["msg"]
    assert take(options, "golden", on_incomplete="replace")["changed"]
    assert names(run("vm_snapshot_info", options)) == {n: ["golden"] for n in VMS}


def test_a_full_datastore_is_refused_with_numbers(server: Vcsim, options: dict[str, Any]) -> None:
    gib = 1 << 30
    store = run("vm_snapshot_info", options)["stores"][0]
    try:
        server.order(Datastore=store["name"], Capacity=100 * gib, Free=12 * gib, Uncommitted=20 * gib)
        failed = take(options, "golden", growth_percent=10)
        assert failed["failed"] and "12.0 GiB of 100.0 GiB are free" in failed["msg"] and "less than 10% (10.0 GiB)" in failed["msg"]
        assert failed["stores"][0]["thin_growth"] == 2 * gib
        assert names(run("vm_snapshot_info", options)) == {n: [] for n in VMS}
        assert take(options, "golden", free_percent=5, growth_percent=10)["changed"]
    finally:
        server.order(Datastore=store["name"], Capacity=store["capacity"], Free=store["free"], Uncommitted=store["uncommitted"])


def test_chains_and_old_snapshots_are_bounded(server: Vcsim, options: dict[str, Any]) -> None:
    take(options, "one")
    assert f"{VMS[0]}: its disks stand on 1 snapshots already ('one'" in take(options, "two", max_depth=1)["msg"]
    server.order(VM=VMS[1], SnapshotAge=4 * 86400)
    assert f"{VMS[1]}: snapshot 'one' is 4.0 days old, and max_age_days is 3" in take(options, "two", max_age_days=3)["msg"]
    server.order(VM=VMS[1], Consolidation=True)
    assert f"{VMS[1]}: its disks want a consolidation" in take(options, "two")["msg"]
    server.order(VM=VMS[1], Consolidation=False)


# ---- reverting --------------------------------------------------------------------------------------------------
def back(options: dict[str, Any], **more: Any) -> dict[str, Any]:
    return run("vm_snapshot_revert", {**options, "disposable": True, "boot_delay": 0, "cluster_id": None, **more})


def test_all_go_back_and_boot_in_order(options: dict[str, Any]) -> None:
    take(options, "golden")
    take(options, "later")
    would = run("vm_snapshot_revert", {**options, "snapshot_name": "golden", "disposable": True}, check=True)
    assert would["changed"] and "as in snapshot 'golden'" in would["diff"]["after"][VMS[0]]
    done = back(options, snapshot_name="golden", control_plane=["*VM2"], boot_at_once=1)
    assert done["changed"] and not done.get("failed"), done
    said = [line.rsplit(",", 1)[0] for line in done["progress"]]
    assert said[6:] == [f"{VMS[2]}: on", f"{VMS[0]}: on", f"{VMS[1]}: on"]
    assert {*said[:3]} == {f"{n}: off" for n in VMS} and {*said[3:6]} == {f"{n}: reverted" for n in VMS}
    now = run("vm_snapshot_info", options)["machines"]
    assert {m["power"] for m in now} == {"on"}
    assert [[s["name"] for s in m["snapshots"] if s["current"]] for m in now] == [["golden"]] * 3


def test_what_is_absent_or_ambiguous_is_said_with_what_there_is(options: dict[str, Any]) -> None:
    take(options, "golden-2")
    assert f"{VMS[0]} has no snapshot 'golden'; there are: 'golden-2' (snapshot-" in back(options, snapshot_name="golden")["msg"]
    one = {**options, "names": VMS[:1]}
    platform = open_vsphere(options, Job())
    [machine] = platform.find(Wanted(names=(VMS[0],)))
    _done(platform, platform.take(machine, "golden-2", "", False, False))
    platform.close()
    failed = back(one, snapshot_name="golden-2")
    assert "has 2 snapshots named 'golden-2'" in failed["msg"] and "snapshot_id" in failed["msg"]
    both = run("vm_snapshot_info", one)["machines"][0]["snapshots"]
    assert back(one, snapshot_id=both[0]["id"])["changed"]
    assert back(one, snapshot_id="golden-2", snapshot_name="x")["msg"] == "snapshot_name: give either snapshot_name or snapshot_id"


def test_memory_is_recognised_and_refused(options: dict[str, Any]) -> None:
    take(options, "hot", memory_dump=True)
    failed = back(options, snapshot_name="hot")
    assert failed["msg"].startswith("allow_memory: snapshot 'hot' of DC0_C0_RP0_VM0, ") and "old processes" in failed["msg"]
    assert back(options, snapshot_name="hot", allow_memory=True)["changed"]


def test_only_what_is_disposable_is_reverted(options: dict[str, Any]) -> None:
    take(options, "golden")
    failed = run("vm_snapshot_revert", {**options, "snapshot_name": "golden"})
    assert failed["msg"].startswith("disposable: a revert throws away what DC0_C0_RP0_VM0, ")
    assert {m["power"] for m in run("vm_snapshot_info", options)["machines"]} == {"on"}


def test_an_interrupted_revert_is_finished_by_the_next(server: Vcsim, options: dict[str, Any]) -> None:
    take(options, "golden")
    with server.ordered(VM=VMS[1], Method="PowerOnVM_Task", Fault="insufficientResources"):
        failed = back(options, snapshot_name="golden", boot_at_once=1)
    assert failed["failed"] and failed["changed"] and "InsufficientResourcesFault" in failed["msg"], failed
    assert f"on so far: {VMS[0]} of 3; run it again" in failed["msg"]
    assert back(options, snapshot_name="golden")["changed"]
    assert {m["power"] for m in run("vm_snapshot_info", options)["machines"]} == {"on"}


def test_guest_tools_are_waited_for(server: Vcsim, options: dict[str, Any]) -> None:
    one = {**options, "names": VMS[:1]}
    take(one, "golden")
    server.order(VM=VMS[0], Tools="guestToolsRunning")
    assert "guest tools run" in " ".join(back(one, snapshot_name="golden")["progress"])
    server.order(VM=VMS[0], Tools="guestToolsNotRunning")
    try:  # which is waited for then, up to the deadline
        assert [m["tools"] for m in run("vm_snapshot_info", one)["machines"]] == ["not running"]
    finally:
        server.order(VM=VMS[0], Tools="guestToolsRunning")


# ---- what is there, and pruning ---------------------------------------------------------------------------------
def test_all_branches_are_listed_and_only_side_branches_pruned(options: dict[str, Any]) -> None:
    one = {**options, "names": VMS[:1]}
    for name in ("root", "left"):
        take(one, name)
    back(one, snapshot_name="root")
    take(one, "right")
    [machine] = run("vm_snapshot_info", one)["machines"]
    tree = {s["name"]: s for s in machine["snapshots"]}
    assert set(tree) == {"root", "left", "right"} and machine["depth"] == 2
    assert tree["left"]["parent"] == tree["right"]["parent"] == tree["root"]["id"]
    assert [n for n, s in tree.items() if s["in_current_chain"]] == ["root", "right"]
    assert run("vm_snapshot_prune", one)["msg"].startswith("keep: nothing says what may go")
    would = run("vm_snapshot_prune", side := {**one, "keep": 0, "allow_current": False}, check=True)
    assert [r["name"] for r in would["removed"]] == ["left"] and would["spared"] == {VMS[0]: ["right", "root"]}
    assert [r["name"] for r in run("vm_snapshot_prune", side)["removed"]] == ["left"]
    assert names(run("vm_snapshot_info", one)) == {VMS[0]: ["root", "right"]}
    assert run("vm_snapshot_prune", side)["msg"].startswith("allow_current: nothing can be removed")
    assert [r["name"] for r in run("vm_snapshot_prune", {**one, "keep": 1, "allow_current": True})["removed"]] == ["root"]


def test_snapshots_of_others_are_left(server: Vcsim, options: dict[str, Any]) -> None:
    platform = open_vsphere(options, Job())
    [machine] = platform.find(Wanted(names=(VMS[0],)))
    _done(platform, platform.take(machine, "backup", "by the backup software", False, False))
    platform.close()
    take({**options, "names": VMS[:1]}, "nightly-1", cluster="prod")
    everything = {**options, "names": VMS[:1], "keep": 0, "allow_current": True}
    assert not run("vm_snapshot_prune", {**everything, "cluster": "other"})["changed"]
    assert not run("vm_snapshot_prune", {**everything, "older_than_days": 1})["changed"]
    assert not run("vm_snapshot_prune", {**everything, "pattern": "weekly-*"})["changed"]
    server.order(VM=VMS[0], SnapshotAge=2 * 86400)
    gone = run("vm_snapshot_prune", {**everything, "cluster": "prod", "older_than_days": 1, "pattern": "nightly-*"})
    assert [r["name"] for r in gone["removed"]] == ["nightly-1"]
    assert [r["name"] for r in run("vm_snapshot_prune", {**everything, "ours_only": False})["removed"]] == ["backup"]


@pytest.mark.gauntlet
@pytest.mark.fair("requests are counted")
def test_300_machines_in_few_round_trips() -> None:
    with vcsim(machines=300, hosts=5) as big:
        found = run("vm_snapshot_info", {**big.options, "folder": "/DC0/vm"})
    assert len(found["machines"]) == 300 and found["round_trips"] <= 5


# ---- which machines ---------------------------------------------------------------------------------------------
def _twin(platform: Vsphere, name: str, folder: str) -> None:
    """A machine of the same name in a folder of its own."""
    content = platform._session.content  # pylint: disable=protected-access
    center = content.rootFolder.childEntity[0]
    made = center.vmFolder.CreateFolder(folder)
    [machine] = platform.find(Wanted(names=(name,)))
    task = vim.VirtualMachine(machine.id, platform._session.stub).Clone(  # pylint: disable=protected-access
        folder=made, name=name, spec=vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=False))
    while task.info.state not in ("success", "error"):
        pass
    assert task.info.state == "success", task.info.error


def test_equal_names_are_told_apart_by_folder() -> None:
    with vcsim(machines=2) as center:
        platform = open_vsphere(center.options, Job())
        _twin(platform, VMS[0], "staging")
        assert "names: 2 machines are named" in run("vm_snapshot_info", {**center.options, "names": VMS[:1]})["msg"]
        for folder in ("staging", "/DC0/vm/staging", "/DC0/vm/staging/"):
            [one] = run("vm_snapshot_info", {**center.options, "names": VMS[:1], "folder": folder})["machines"]
            assert one["place"] == "/DC0/vm/staging"
        by_id = run("vm_snapshot_info", {**center.options, "ids": [one["id"]], "uuids": [one["uuid"]]})["machines"]
        assert [m["id"] for m in by_id] == [one["id"]]
        missing = run("vm_snapshot_info", {**center.options, "names": ["DC0_C0_RP0_VM"]})
        assert missing["msg"].startswith("names: no machine is named 'DC0_C0_RP0_VM' on 127.0.0.1:")
        assert "or this user may not see it; there are: 'DC0_C0_RP0_VM0'" in missing["msg"]
        assert run("vm_snapshot_info", center.options)["msg"].startswith("names: no machine is selected")
        assert "ids: no machine has the MoID 'vm-1'" in run("vm_snapshot_info", {**center.options, "ids": ["vm-1"]})["msg"]
        elsewhere = run("vm_snapshot_info", {**center.options, "names": VMS[:1], "datacenter": "DC1"})
        assert elsewhere["failed"] and "there are: none at all" in elsewhere["msg"]
        platform.close()


# ---- the way there ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("wrong", "words"), [
    ({"password": "wrong"}, "the log-in of 'user' was refused: InvalidLogin .*; check username and password"),
    ({"port": 1}, "hostname: 127.0.0.1:1 cannot be reached to connect: Connection refused; check hostname and port"),
    ({"hostname": "vcenter.invalid"}, "hostname: vcenter.invalid.* cannot be reached to connect: no such name"),
    ({"hostname": "https://vcenter"}, "hostname: must be a name or an address without https://"),
    ({"validate_certs": True}, "hostname: the certificate of 127.0.0.1.* is not trusted: .*validate_certs: false"),
    ({"hostname": None}, "hostname: is needed for platform vsphere; give the option, or set VMWARE_HOST"),
    ({"port": 70000}, "port: must be from 1 to 65535, not 70000"),
    ({"parallel": 0}, "parallel: must be 1 or more, not 0"),
])
def test_a_way_that_leads_nowhere_gets_a_sentence(options: dict[str, Any], wrong: dict[str, Any], words: str) -> None:
    failed = run("vm_snapshot_info", {**options, **wrong})
    assert failed["failed"] and PASSWORD not in str(failed)
    assert re.search(words, failed["msg"]), failed["msg"]


def test_a_session_that_expires_is_begun_anew(server: Vcsim, options: dict[str, Any]) -> None:
    with server.ordered(Method="CreateSnapshot_Task", Fault="notAuthenticated", Count=1):
        assert take(options, "golden")["changed"]
    with server.ordered(Method="CreateSnapshot_Task", Fault="notAuthenticated"):
        failed = take(options, "later")
    assert failed["failed"] and not failed["changed"] and "the session has expired" in failed["msg"]


def test_a_single_esxi_host_speaks_the_same() -> None:
    with vcsim(esx=True, machines=2) as host:
        everyone = {**host.options, "folder": "/ha-datacenter"}
        assert take(everyone, "golden")["changed"]
        assert back(everyone, snapshot_name="golden")["changed"]
        assert set(map(tuple, names(run("vm_snapshot_info", everyone)).values())) == {("golden",)}
