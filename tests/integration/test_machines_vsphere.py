# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check of machines on a vCenter: govmomi's simulator, which speaks the real protocol.

The cluster is a fake API server whose nodes are the simulator's machines.
"""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import LOG_IN
from ansible_collections.assay.clusters.plugins.module_utils.checks._machines.map import swapped
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Machine, Pending, Wanted
from ansible_collections.assay.clusters.plugins.module_utils.machines.vsphere.platform import Vsphere, open_vsphere
from tests.fakes.api_server import FakeApiServer
from tests.integration.check_machines import LEADS, run, told
from tests.lab.vcsim import Vcsim, vcsim

GIB = 2 ** 30
NAMES = ["DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1", "DC0_C0_RP0_VM2"]


@pytest.fixture(scope="module")
def center() -> Iterator[Vcsim]:
    with vcsim(machines=3, hosts=3, stores=1) as made:
        yield made


class World:
    """The simulator, the cluster, and the platform to change machines with."""

    def __init__(self, center: Vcsim, api: FakeApiServer, folder: Path) -> None:
        self.center, self.api, self.folder = center, api, folder
        self.platform: Vsphere = open_vsphere(center.options, Job())
        self.heal()
        found = self.machines()
        # Three ways in which a node tells its machine; n0 and n1 lead.
        api.more = {0: {**LEADS, "spec": {"providerID": f"vsphere://{found[0].uuid}"}},
                    1: {**LEADS, "status": {"nodeInfo": {"systemUUID": found[1].uuid.upper()}}},
                    2: {"status": {"nodeInfo": {"systemUUID": swapped(found[2].uuid)}}}}

    def machines(self) -> list[Machine]:
        return self.platform.find(Wanted(names=tuple(NAMES)))

    def done(self, pending: Pending) -> None:
        while pending.poll() is not None:
            pass

    def heal(self) -> None:
        """On, with tools and room, without snapshots, each on a host of its own."""
        self.center.order(Clear=True)
        self.center.order(Datastore="LocalDS_0", Capacity=100 * GIB, Free=50 * GIB, Uncommitted=20 * GIB)
        for number, machine in enumerate(self.machines()):
            for snapshot in [s for s in machine.snapshots if not s.parent]:
                self.done(self.platform.remove(machine, snapshot, children=True))
            self.done(self.platform.power_on(machine))
            self.center.order(VM=machine.name, Tools="guestToolsRunning", Consolidation=False)
            self.reconfigure(machine, vim.vm.ConfigSpec(flags=vim.vm.FlagInfo(diskUuidEnabled=True)))
            self.move(machine, f"DC0_C0_H{number}")

    def _handle(self, machine: Machine) -> Any:
        return self.platform._vm(machine)  # pylint: disable=protected-access

    def _wait(self, task: Any) -> None:
        while task.info.state not in ("success", "error"):
            pass
        assert task.info.state == "success", task.info.error

    def reconfigure(self, machine: Machine, spec: Any) -> None:
        self._wait(self._handle(machine).ReconfigVM_Task(spec))

    def move(self, machine: Machine, host: str) -> None:
        if next(m for m in self.machines() if m.id == machine.id).extra["host"] == host:
            return
        search = self.platform._session.content.searchIndex  # pylint: disable=protected-access
        there = search.FindByInventoryPath(f"DC0/host/DC0_C0/{host}")
        self._wait(self._handle(machine).RelocateVM_Task(vim.vm.RelocateSpec(host=there)))

    def check(self, **given: Any) -> dict[str, Any]:
        reach = self.center.options
        renamed = {f"platform_{n}" if n in LOG_IN else n: v for n, v in reach.items()}
        return run(self.api, self.folder, **{**renamed, **given})


@pytest.fixture
def world(center: Vcsim, tmp_path: Path) -> Iterator[World]:
    with FakeApiServer(nodes=3) as api:
        made = World(center, api, tmp_path)
        yield made
        made.heal()
        made.platform.close()


def test_machines_of_a_vcenter_that_are_well(world: World) -> None:
    record = world.check()
    assert told(record) == ("passed", "", []), record["message"]
    assert set(record["observed"]["machine_ids"]) == set(NAMES)
    assert {m["name"]: m["value"] for m in record["measurements"]} == {
        "free on LocalDS_0": 50.0, "free on LocalDS_0 after growth": 30.0}


def test_a_machine_that_was_powered_off(world: World) -> None:
    world.done(world.platform.power_off(world.machines()[2]))
    record = world.check()
    assert told(record) == ("failed", "vm.powered-off", [f"vm/{NAMES[2]}", "node/n2"])
    assert record["message"] == f"1 of 3 machines: {NAMES[2]} is powered off"
    assert record["next_command"] == f"govc vm.info -r {NAMES[2]}"
    world.done(world.platform.power_on(world.machines()[2]))
    assert world.check()["verdict"] == "passed"


def test_snapshots_that_are_old_or_deep(world: World) -> None:
    for name in ("first", "second"):
        world.done(world.platform.take(world.machines()[0], name, "", False, False))
    assert world.check()["verdict"] == "passed"
    assert told(world.check(snapshot_depth=1)) == ("failed", "vm.snapshot-old", [f"vm/{NAMES[0]}"])
    assert told(world.check(snapshot_age_days=0))[1] == "vm.snapshot-old"
    world.center.order(VM=NAMES[0], SnapshotAge=4 * 86400)
    record = world.check()
    assert told(record) == ("failed", "vm.snapshot-old", [f"vm/{NAMES[0]}"])
    assert "has snapshot 'first', 4.0 days old" in record["message"]
    world.heal()
    assert world.check(snapshot_age_days=0, snapshot_depth=0)["verdict"] == "passed"


def test_datastores_by_their_free_space(world: World) -> None:
    world.center.order(Datastore="LocalDS_0", Capacity=100 * GIB, Free=9 * GIB, Uncommitted=20 * GIB)
    record = world.check()
    assert told(record) == ("failed", "vm.datastore-low", ["datastore/LocalDS_0"])
    assert "LocalDS_0 has 9.0 % free (9 GiB of 100 GiB; -11.0 % after its thin disks have grown)" in record["message"]
    world.center.order(Datastore="LocalDS_0", Capacity=100 * GIB, Free=15 * GIB, Uncommitted=0)
    assert world.check()["verdict"] == "warned"
    world.center.order(Datastore="LocalDS_0", Capacity=100 * GIB, Free=20 * GIB, Uncommitted=0)
    assert world.check()["verdict"] == "passed"


def test_tools_consolidation_and_hidden_disks(world: World) -> None:
    machine = world.machines()[1]
    world.center.order(VM=machine.name, Tools="guestToolsNotRunning", Consolidation=False)
    assert told(world.check()) == ("failed", "vm.tools-down", [f"vm/{machine.name}", "node/n1"])
    world.center.order(VM=machine.name, Tools="guestToolsRunning", Consolidation=True)
    assert told(world.check()) == ("failed", "vm.consolidation", [f"vm/{machine.name}"])
    world.center.order(VM=machine.name, Tools="guestToolsRunning", Consolidation=False)
    world.reconfigure(machine, vim.vm.ConfigSpec(flags=vim.vm.FlagInfo(diskUuidEnabled=False)))
    assert told(world.check()) == ("failed", "vm.disk-uuid", [f"vm/{machine.name}", "node/n1"])
    assert world.check(disk_uuid=False)["verdict"] == "passed"


def test_the_control_plane_on_one_host(world: World) -> None:
    world.move(world.machines()[1], "DC0_C0_H0")
    record = world.check()
    assert told(record) == ("failed", "vm.anti-affinity", [f"vm/{NAMES[0]}", f"vm/{NAMES[1]}"])
    assert f"host DC0_C0_H0 has 2 machines of the control plane: {NAMES[0]}, {NAMES[1]}" in record["message"]
    assert world.check(control_plane_apart=False)["verdict"] == "passed"
    world.move(world.machines()[1], "DC0_C0_H2")  # with a worker
    assert world.check()["verdict"] == "passed"


def test_machines_by_folder_and_by_name(world: World) -> None:
    world.api.more = {}
    world.api.nodes = 0
    assert world.check(folder="/DC0/vm", datacenter="DC0")["observed"]["machines"] >= 3
    assert world.check(names=NAMES)["verdict"] == "passed"
    record = world.check(names=[*NAMES, "auto1"])
    assert told(record)[:2] == ("inconclusive", "vm.not-found")
    assert "not visible to this user: auto1 (no machine is named" in record["message"]


@pytest.mark.parametrize(("given", "words"), [
    ({"platform_password": "planted-wrong-one"}, "the log-in of 'user' was refused: InvalidLogin"),
    ({"port": 1}, "refused"), ({"platform_validate_certs": True}, "certificate")])
def test_a_vcenter_that_cannot_be_asked(world: World, given: dict[str, Any], words: str) -> None:
    record = world.check(**given)
    assert told(record)[0] == "inconclusive" and record["cause"] in ("vm.platform-unavailable", "harness.precondition")
    assert words in record["message"]
    assert "planted-wrong-one" not in str(record)


def test_an_option_that_is_missing_is_named_as_the_check_has_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VMWARE_USER", raising=False)
    record = world.check(platform_username="")
    assert told(record)[:2] == ("inconclusive", "harness.precondition")
    assert record["message"].startswith("platform vsphere: platform_username: is needed for platform vsphere")


def test_a_session_that_is_refused_in_between_is_told(world: World) -> None:
    with world.center.ordered(Method="RetrievePropertiesEx", Fault="noPermission"):
        record = world.check()
    assert told(record)[:2] == ("inconclusive", "vm.platform-unavailable") and "NoPermission" in record["message"]
