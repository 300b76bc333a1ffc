# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A vCenter as it is in the world: answers that get lost, machines that are busy, ask questions or are disconnected.

govmomi's simulator behind a front that answers reads with a load balancer's page, a reset or silence, by a seed.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clouds.vsphere import session
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Wanted
from ansible_collections.assay.clusters.plugins.module_utils.machines.vsphere import tasks
from ansible_collections.assay.clusters.plugins.module_utils.machines.vsphere.platform import open_vsphere
from ansible_collections.assay.clusters.plugins.module_utils.snapshots import guard
from tests.integration.conftest import eventually
from tests.integration.machines import names, run
from tests.lab.vcsim import Vcsim, vcsim

VMS = ["DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1"]


@pytest.fixture(scope="module")
def center() -> Iterator[Vcsim]:
    with vcsim(machines=2, page=3) as made:
        yield made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_AGAIN", 0.05)


@pytest.fixture
def server(center: Vcsim) -> Iterator[Vcsim]:
    yield center
    center.order(Clear=True)
    for name in VMS:
        center.order(VM=name, Question="", Connection="connected", Tools="guestToolsRunning", Consolidation=False)
    run("vm_snapshot_prune", {**center.options, "names": VMS, "keep": 0, "allow_current": True, "ours_only": False})


@pytest.fixture
def options(server: Vcsim) -> dict[str, Any]:
    return {**server.options, "names": VMS, "growth_percent": 0}


def there(options: dict[str, Any]) -> dict[str, list[str]]:
    return names(run("vm_snapshot_info", {n: v for n, v in options.items() if n != "growth_percent"}))


def back(options: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = {n: v for n, v in options.items() if n != "growth_percent"}
    return run("vm_snapshot_revert", {**given, "snapshot_name": "golden", "disposable": True, "boot_delay": 0, **more})


@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.gauntlet) for s in range(2, 6))])
def test_a_set_is_taken_and_gone_back_to_in_foul_weather(server: Vcsim, options: dict[str, Any], seed: int) -> None:
    with server.foul(seed=seed):
        done = run("vm_snapshot", {**options, "snapshot_name": "golden"})
        assert done.get("changed") and not done.get("failed"), done
        assert there(options) == {n: ["golden"] for n in VMS}
        assert back(options).get("changed")
        assert run("vm_snapshot", {**options, "snapshot_name": "golden", "state": "absent"})["changed"]
    assert there(options) == {n: [] for n in VMS}


@pytest.mark.parametrize("verb", ["CreateSnapshot_Task", "RevertToSnapshot_Task", "PowerOffVM_Task", "PowerOnVM_Task", "RemoveSnapshot_Task"])
def test_a_request_whose_answer_is_lost_is_no_failure_and_done_once(server: Vcsim, options: dict[str, Any], verb: str) -> None:
    with server.ordered(Lose=verb):
        assert run("vm_snapshot", {**options, "snapshot_name": "golden"}).get("changed")
        assert there(options) == {n: ["golden"] for n in VMS}
        assert back(options).get("changed")
        assert run("vm_snapshot", {**options, "snapshot_name": "golden", "state": "absent"})["changed"]
    assert there(options) == {n: [] for n in VMS}


@pytest.mark.parametrize("slow", [0, 1500])
def test_a_slow_snapshot_whose_request_was_lost_is_followed(server: Vcsim, options: dict[str, Any], slow: int) -> None:
    with server.ordered(Lose="CreateSnapshot_Task", DelayTasks={"CreateSnapshotEx": slow}):
        assert run("vm_snapshot", {**options, "snapshot_name": "golden"}).get("changed")
    assert there(options) == {n: ["golden"] for n in VMS}


def test_a_snapshot_of_unknown_fate_is_left_to_the_guardian(server: Vcsim, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PATIENCE", "_SHOWS"):
        monkeypatch.setattr(tasks, name, 0.0)
    monkeypatch.setattr(guard, "QUIET", 6.0)
    before = server.calls()

    def count(method: str) -> int:
        return server.calls().get(method, 0) - before.get(method, 0)

    with server.ordered(Lose="CreateSnapshot_Task", DelayTasks={"CreateSnapshotEx": 3000}):
        failed = run("vm_snapshot", {**options, "snapshot_name": "golden"})
        assert failed["failed"] and "take snapshot 'golden' of it is not known" in failed["msg"]
        assert "removed by a process that outlives this task and watches for it" in failed["msg"]
        taken = count("CreateSnapshot_Task")
        eventually("what shows up is removed", lambda: count("RemoveSnapshot_Task") == taken, 60)
    eventually("nothing is left", lambda: not any(there(options).values()), 30)


def test_a_machine_that_is_busy_is_waited_for(server: Vcsim, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with server.ordered(Method="CreateSnapshot_Task", VM=VMS[1], Fault="taskInProgress", Count=3):
        assert run("vm_snapshot", {**options, "snapshot_name": "golden"}).get("changed")
    monkeypatch.setattr(tasks, "_BUSY", 0.0)
    with server.ordered(Method="CreateSnapshot_Task", VM=VMS[1], Fault="taskInProgress"):
        assert "TaskInProgress" in run("vm_snapshot", {**options, "snapshot_name": "later"})["msg"]
    assert there(options) == {n: ["golden"] for n in VMS}


def test_a_first_connection_that_fails_is_told_at_once(server: Vcsim, options: dict[str, Any]) -> None:
    with server.ordered(Lose="Login", Count=9):
        failed = run("vm_snapshot_info", {**server.options, "names": VMS})
    assert "cannot be reached to log in" in failed["msg"] or "is no vSphere" in failed["msg"]
    assert server.calls()["Login"] and there(options) == {n: [] for n in VMS}


def test_a_question_is_named_at_once(server: Vcsim, options: dict[str, Any]) -> None:
    words = "The disk 'x.vmdk' has been moved. Cancel?"
    platform = open_vsphere(server.options, Job())
    [machine] = platform.find(Wanted(names=(VMS[0],)))
    with server.ordered(DelayTasks={"CreateSnapshotEx": 3000}):
        pending = platform.take(machine, "golden", "golden of this test", False, False)
        assert pending.poll() is not None
        server.order(VM=VMS[0], Question=words)
        with pytest.raises(PlatformError, match=rf"{VMS[0]}: .* asks a question: The disk 'x.vmdk' has been moved. Cancel\? \(Yes, No\)"):
            pending.poll()
    platform.close()
    server.order(VM=VMS[0], Question="")
    eventually("the snapshot", lambda: there(options)[VMS[0]] == ["golden"], 30)


@pytest.mark.parametrize("state", ["disconnected", "inaccessible"])
def test_a_machine_without_a_connection_is_told_before_anything_is_done(server: Vcsim, options: dict[str, Any], state: str) -> None:
    assert run("vm_snapshot", {**options, "snapshot_name": "golden"}).get("changed")
    server.order(VM=VMS[1], Connection=state)
    before = server.calls()
    for refused in (run("vm_snapshot", {**options, "snapshot_name": "later"}), back(options)):
        assert refused["failed"] and not refused.get("changed"), refused
        assert f"{VMS[1]}: is {state} at its platform, so nothing can be done with it" in refused["msg"]
    assert [n for n, c in server.calls().items() if n.endswith("_Task") and c != before.get(n)] == []
    server.order(VM=VMS[1], Connection="connected")
    assert back(options).get("changed") and there(options) == {n: ["golden"] for n in VMS}


@pytest.mark.parametrize("minutes", [None, 5])
def test_a_set_of_which_one_was_not_quiesced_is_not_kept(server: Vcsim, options: dict[str, Any], minutes: int | None) -> None:
    """quiesce_timeout goes by another method, of which one can say how long the guest may take."""
    for name in VMS:
        server.order(VM=name, Tools="guestToolsRunning")
    asked = {**options, "snapshot_name": "golden", "quiesce": True, "quiesce_timeout": minutes}
    with server.ordered(VM=VMS[1], Deaf=True):
        failed = run("vm_snapshot", asked)
        assert failed["failed"] and f"the platform did not quiesce {VMS[1]}, and told no fault" in failed["msg"], failed
    assert there(options) == {n: [] for n in VMS}
    before = server.calls()
    assert run("vm_snapshot", asked).get("changed")
    taken = {n: c - before.get(n, 0) for n, c in server.calls().items() if n.startswith("CreateSnapshot") and c != before.get(n, 0)}
    assert taken == {"CreateSnapshotEx_Task" if minutes else "CreateSnapshot_Task": len(VMS)}
    found = run("vm_snapshot_info", {n: v for n, v in options.items() if n != "growth_percent"})["machines"]
    assert [s["quiesced"] for m in found for s in m["snapshots"]] == [True] * len(VMS)


@pytest.mark.parametrize("minutes", [4, 241])
def test_a_time_for_quiescing_that_vsphere_does_not_take(server: Vcsim, options: dict[str, Any], minutes: int) -> None:
    refused = run("vm_snapshot", {**options, "snapshot_name": "golden", "quiesce": True, "quiesce_timeout": minutes})["msg"]
    assert refused == f"quiesce_timeout: vSphere takes 5 to 240 minutes, not {minutes}"


def test_pages_that_a_server_cuts_are_read_to_the_end(server: Vcsim) -> None:
    before = server.calls().get("ContinueRetrievePropertiesEx", 0)
    assert len(run("vm_snapshot_info", {**server.options, "folder": "/DC0/vm"})["machines"]) == 2
    assert server.calls()["ContinueRetrievePropertiesEx"] > before


def test_later_looks_ask_only_for_machines_that_were_chosen(server: Vcsim) -> None:
    platform = open_vsphere(server.options, Job())
    first = server.calls()
    [machine] = platform.find(Wanted(names=(VMS[0],)))
    platform.find(Wanted(names=(VMS[1],)))
    before = server.calls()
    assert before["CreateContainerView"] == first.get("CreateContainerView", 0) + 1, "one view for all looks"
    assert platform.find(Wanted(ids=(machine.id,)))[0].name == VMS[0]
    after = server.calls()
    assert {n: c - before.get(n, 0) for n, c in after.items() if c != before.get(n, 0)} == {"RetrievePropertiesEx": 1}
    platform.close()
