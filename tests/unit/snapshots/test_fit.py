# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Disks that a snapshot should not hold, or does not, and machines with which nothing can be done."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Disk
from tests.fakes.machines import FakeMachines

ROOT = Disk("Hard disk 1", "[s] n1/n1.vmdk")
VOLUME = Disk("Hard disk 2", "[s] fcd/a1.vmdk", "fcd-1", volume=True)
ETCD = Disk("Hard disk 3", "[s] n1/etcd.vmdk", left_out="independent_persistent")
OLD_VOLUME = Disk("Hard disk 4", "[s] kubevols/p.vmdk", volume=True, left_out="independent_persistent")


def take(run: Any, **options: Any) -> dict[str, Any]:
    return run("vm_snapshot", snapshot_name="golden", **options)


def back(run: Any, **options: Any) -> dict[str, Any]:
    return run("vm_snapshot_revert", snapshot_name="golden", disposable=True, **options)


def snapshots_there(run: Any, fake: FakeMachines) -> None:
    for name in fake.names:
        fake.add(name, "golden")


@pytest.mark.parametrize(("disk", "option", "words", "allowed"), [
    (VOLUME, "attached_volumes", "attached: Hard disk 2 of n1 ([s] fcd/a1.vmdk); a snapshot locks it to its machine", "include"),
    (ETCD, "independent_disks", "Hard disk 3 of n1 ([s] n1/etcd.vmdk, independent_persistent): no snapshot holds it", "leave")])
def test_disks_that_go_wrong_are_named_before_anything_is_taken(run: Any, fake: FakeMachines, disk: Disk, option: str, words: str,
                                                                allowed: str) -> None:
    fake.set("n1", disks=(ROOT, disk))
    failed = take(run)
    assert failed["failed"] and failed["msg"].startswith(f"{option}: ") and words in failed["msg"]
    assert fake.calls == []
    assert take(run, **{option: allowed})["changed"]


@pytest.mark.parametrize(("disk", "option", "words", "allowed"), [
    (VOLUME, "attached_volumes", "the revert takes its data back", "include"),
    (ETCD, "independent_disks", "it keeps what is in it today", "leave")])
def test_disks_that_go_wrong_are_named_before_anything_is_reverted(run: Any, fake: FakeMachines, disk: Disk, option: str, words: str,
                                                                   allowed: str) -> None:
    snapshots_there(run, fake)
    fake.set("n1", disks=(ROOT, disk))
    failed = back(run)
    assert failed["failed"] and failed["msg"].startswith(f"{option}: ") and words in failed["msg"]
    assert fake.calls == []
    assert back(run, **{option: allowed})["changed"]


def test_a_volume_that_no_snapshot_holds_is_as_it_should_be(run: Any, fake: FakeMachines) -> None:
    fake.set("n1", disks=(ROOT, OLD_VOLUME))
    assert take(run)["changed"] and back(run)["changed"]


@pytest.mark.parametrize("disk", [ETCD, OLD_VOLUME])
def test_no_memory_of_machines_with_such_disks(run: Any, fake: FakeMachines, disk: Disk) -> None:
    fake.set("n1", disks=(ROOT, disk))
    failed = take(run, memory_dump=True, independent_disks="leave", state_before="as_is")
    assert failed["msg"].startswith("memory_dump: ") and disk.label in failed["msg"] and fake.calls == []


@pytest.mark.parametrize("given", [{}, {"attached_volumes": "include"}])
def test_a_disk_of_the_snapshot_that_another_machine_has_today(run: Any, fake: FakeMachines, given: dict[str, str]) -> None:
    snapshots_there(run, fake)
    fake.set("n1", disks=(ROOT,))
    fake.set("n2", disks=(VOLUME,))
    fake.held_disks = {"id-n1": (ROOT, VOLUME), "id-n2": ()}
    failed = back(run, **given)
    assert "Hard disk 2 of n1 ([s] fcd/a1.vmdk) is in its snapshot, and attached to n2 today" in failed["msg"] and fake.calls == []


def test_disks_are_those_of_the_snapshot_and_not_of_today(run: Any, fake: FakeMachines) -> None:
    snapshots_there(run, fake)
    fake.set("n1", disks=(ROOT, VOLUME))
    fake.held_disks = {"id-n1": (ROOT,), "id-n2": (), "id-n3": ()}
    assert back(run)["changed"]


@pytest.mark.parametrize(("extra", "words"), [
    ({"connection": "disconnected"}, "n2: is disconnected at its platform"),
    ({"question": "Moved or copied? (Moved, Copied)"}, "n2: asks a question, and does nothing else until it is answered: Moved or copied?")])
def test_machines_with_which_nothing_can_be_done(run: Any, fake: FakeMachines, extra: dict[str, str], words: str) -> None:
    snapshots_there(run, fake)
    fake.set("n2", extra=extra)
    assert back(run)["msg"].startswith(words)
    assert run("vm_snapshot", snapshot_name="new")["msg"].startswith(words) and fake.calls == []


def test_disks_are_told(run: Any, fake: FakeMachines) -> None:
    fake.set("n1", disks=(VOLUME,))
    [told] = run("vm_snapshot_info")["machines"][0]["disks"]
    assert told == {"label": "Hard disk 2", "file": "[s] fcd/a1.vmdk", "id": "fcd-1", "size": -1, "volume": True, "left_out": ""}
