# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a cluster left in vSphere: govmomi's simulator, which speaks the real protocol, with a leak of each kind."""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyVmomi import vim

from ansible_collections.assay.clusters.plugins.module_utils.clouds.vsphere import session
from ansible_collections.assay.clusters.plugins.module_utils.clouds.vsphere.session import Session, settings
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.leftovers import (
    job as leftovers_job, vsphere as leftovers_vsphere)
from ansible_collections.assay.clusters.plugins.module_utils.leftovers.vsphere import VsphereSource
from tests.fakes.weather import SKY
from tests.lab.vcsim import Vcsim, vcsim

NAME = "ci-3f9a1c07"
Leak = tuple[str, Callable[[], Any]]


class Center:
    """A vCenter with somebody else's machines, and leftovers_info on it."""

    def __init__(self, server: Vcsim) -> None:
        self.server = server
        self.given = {n: v for n, v in server.options.items() if n != "platform"}
        self.session = Session(settings(self.given, {}), Job(environ={}))
        content = self.session.content
        [self.datacenter] = content.rootFolder.childEntity
        self.folder, self.store = self.datacenter.vmFolder, self.datacenter.datastore[0]
        self.pool = self.datacenter.hostFolder.childEntity[0].resourcePool

    def ask(self, **params: Any) -> dict[str, Any]:
        given = {**self.given, **params.pop("vsphere", {})}
        asked = {"providers": ["vsphere"], "name": NAME, "patterns": [f"{NAME}-*"], "wait": False, "wait_timeout": 0, "wait_sleep": 0.05,
                 "fail_on_leftovers": False, "vsphere": given, **params}
        with SKY.product():
            return leftovers_job.entry(asked, Job(environ={}))

    def done(self, task: Any) -> Any:
        """The task's result. Asked in parts: the simulator tells things as entity that pyVmomi takes for none."""
        while (state := str(self.session.value(task, "info.state", "look"))) not in ("success", "error"):
            pass
        assert state == "success", self.session.value(task, "info.error", "look")
        return self.session.value(task, "info.result", "look")

    # ---- one leak of each kind: (id, how it is removed) ------------------------------------------------------
    def machine(self, folder: Any = None, name: str = f"{NAME}-node1") -> Leak:
        config = vim.vm.ConfigSpec(name=name, numCPUs=1, memoryMB=64, guestId="otherGuest",
                                   files=vim.vm.FileInfo(vmPathName=f"[{self.store.name}]"))
        made = self.done((folder or self.folder).CreateVM_Task(config, self.pool))
        return made._GetMoId(), lambda: self.done(made.Destroy_Task())

    def folder_of_vms(self) -> Leak:
        made = self.folder.CreateFolder(NAME)
        return made._GetMoId(), lambda: self.done(made.Destroy_Task())

    def snapshot(self, name: str = f"{NAME}-golden", words: str = "") -> Leak:
        machine = next(v for v in self.folder.childEntity if isinstance(v, vim.VirtualMachine))
        made = self.done(machine.CreateSnapshot_Task(name, words, False, False))
        return made._GetMoId(), lambda: self.done(made.RemoveSnapshot_Task(True))

    def disk(self) -> Leak:
        content = self.session.content
        path = f"[{self.store.name}] {NAME}-data/disk.vmdk"
        content.fileManager.MakeDirectory(path.rpartition("/")[0], self.datacenter, True)
        spec = vim.VirtualDiskManager.FileBackedVirtualDiskSpec(diskType="thin", adapterType="lsiLogic", capacityKb=1024)
        self.done(content.virtualDiskManager.CreateVirtualDisk_Task(path, self.datacenter, spec))
        return path, lambda: self.done(content.virtualDiskManager.DeleteVirtualDisk_Task(path, self.datacenter))

    def first_class_disk(self, name: str = f"{NAME}-pvc") -> Leak:
        manager = self.session.content.vStorageObjectManager
        backing = vim.vslm.CreateSpec.DiskFileBackingSpec(datastore=self.store, provisioningType="thin")
        made = self.done(manager.CreateDisk_Task(vim.vslm.CreateSpec(
            name=name, keepAfterDeleteVm=True, backingSpec=backing, capacityInMB=10))).config.id
        return made.id, lambda: self.done(manager.DeleteVStorageObject_Task(made, self.store))


@pytest.fixture(scope="module")
def server() -> Iterator[Vcsim]:
    with vcsim(machines=2, hosts=2, stores=1) as made:
        yield made


@pytest.fixture
def center(server: Vcsim) -> Iterator[Center]:
    made = Center(server)
    yield made
    server.order(Clear=True)
    made.session.close()


@pytest.mark.parametrize(("leak", "kind"), [("machine", "machine"), ("folder_of_vms", "folder"), ("snapshot", "snapshot"),
                                            ("disk", "disk"), ("first_class_disk", "disk")])
def test_a_leak_is_listed_until_it_is_removed(center: Center, leak: str, kind: str) -> None:
    before = center.ask()
    assert before["leftovers"] == []
    key, remove = getattr(center, leak)()
    found = center.ask(before=before)
    assert [(i["kind"], i["id"], i["cause"]) for i in found["leftovers"]] == [(kind, key, "")]
    assert 0 <= found["leftovers"][0]["age_seconds"] < 600 and NAME in found["leftovers"][0]["name"] + key
    remove()
    assert center.ask(before=before, fail_on_leftovers=True)["clean"]


def test_a_folder_with_machines_is_held_by_them_and_they_belong_to_it(center: Center) -> None:
    key, remove = center.folder_of_vms()
    folder = next(f for f in center.folder.childEntity if f._GetMoId() == key)
    inner, destroy = center.machine(folder, "auto1")
    try:
        found = {i["id"]: i for i in center.ask()["leftovers"]}
        assert set(found) == {key, inner}
        assert found[key]["cause"] == "dependency" and "it holds 1 objects" in found[key]["detail"]
        assert found[inner]["detail"].startswith(f"in /DC0/vm/{NAME}")
    finally:
        destroy()
        remove()


def test_disks_of_machines_are_not_loose(center: Center) -> None:
    assert [i for i in center.ask(patterns=["*"])["leftovers"] if i["kind"] == "disk"] == []


def test_a_name_never_means_another(center: Center) -> None:
    _key, remove = center.machine(name=f"{NAME}0")
    try:
        assert center.ask(patterns=[NAME])["leftovers"] == []
    finally:
        remove()


def test_a_snapshot_tells_whose_it_is_by_its_description(center: Center) -> None:
    _key, remove = center.snapshot("golden", "clean | assay.clusters cluster=ci run=r1 owner=ci.runner")
    try:
        [left] = center.ask(name="ci", run_id="r1", patterns=[])["leftovers"]
        assert left["owner"] == "ci.runner" and left["name"].endswith("/golden")
        assert center.ask(name="ci", run_id="r2", patterns=[])["leftovers"] == []
    finally:
        remove()


def test_a_datastore_that_may_not_be_searched_is_never_taken_for_empty(center: Center) -> None:
    before = center.ask()
    center.server.order(Method="SearchDatastoreSubFolders_Task", Fault="noPermission")
    [closed] = center.ask(before=before)["leftovers"]
    assert (closed["kind"], closed["id"], closed["cause"]) == ("disk", "", "permission") and "NoPermission" in closed["detail"]
    with pytest.raises(PlatformError, match="disk"):
        center.ask(before=before, fail_on_leftovers=True)


@pytest.fixture(scope="module")
def two_stores() -> Iterator[Vcsim]:
    with vcsim(machines=1, stores=2) as made:
        yield made


def test_a_datastore_of_others_that_may_not_be_searched_is_left_out_by_naming_the_own(two_stores: Vcsim) -> None:
    center = Center(two_stores)
    other = next(d.name for d in center.datacenter.datastore if d.name != center.store.name)
    key, remove = center.disk()
    with two_stores.ordered(Method="SearchDatastoreSubFolders_Task", Fault="noPermission", Skip=1, Count=1):
        found = center.ask()["leftovers"]
    closed = [i for i in found if not i["id"]]
    assert len(closed) == 1 and "vsphere.datastores" in closed[0]["detail"], "one is closed, and the other is searched all the same"
    assert [i["id"] for i in center.ask(vsphere={"datastores": [center.store.name]})["leftovers"]] == [key]
    assert center.ask(vsphere={"datastores": [other]})["leftovers"] == []
    remove()
    assert center.ask(vsphere={"datastores": [center.store.name]}, fail_on_leftovers=True)["clean"]
    with pytest.raises(BadOption, match=f"vsphere.datastores: .* has no datastore 'gone', .* there are: .*{other}"):
        center.ask(vsphere={"datastores": ["gone"]})
    center.session.close()


@pytest.mark.parametrize(("name", "given", "found"), [
    ("ci-3f9a1c07-x26112106-md-0-abc", {"name": "ci", "run_id": "3f9a1c07"}, True),
    ("ci-3f9a1c07-x26112106-md-0-abc", {"name": "ci-3f9a1c07-x26112106"}, True),
    ("ci-3f9a1c07-x26112107-md-0", {"name": "ci-3f9a1c07-x26112106"}, False),
    ("prod-md-0", {"name": "prod"}, False), ("ci-other0001-x26112106-md-0", {"name": "ci", "run_id": "3f9a1c07"}, False)])
def test_machines_of_a_full_name_belong_to_it(center: Center, name: str, given: dict[str, str], found: bool) -> None:
    key, remove = center.machine(name=name)
    try:
        left = {i["id"] for i in center.ask(**{"patterns": [], "run_id": "", **given})["leftovers"]}
        assert (key in left) is found
    finally:
        remove()


def test_it_looks_through_foul_weather(center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_AGAIN", 0.05)
    key, remove = center.disk()
    with center.server.foul(seed=3):
        assert [i["id"] for i in center.ask()["leftovers"]] == [key]
    remove()


def test_a_session_that_expires_is_begun_anew(center: Center) -> None:
    center.server.order(Method="RetrievePropertiesEx", Fault="notAuthenticated", Count=1)
    assert center.ask()["leftovers"] == []


def test_it_takes_few_round_trips(center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers_vsphere, "_POLL", 3.0)  # looks at a task would count
    source = VsphereSource(center.given, Job(environ={}))
    source.look(leftovers_job.Wanted(NAME))
    first = source.round_trips
    source.close()
    machines = [center.machine(name=f"other{i}")[1] for i in range(10)]
    try:
        source = VsphereSource(center.given, Job(environ={}))
        source.look(leftovers_job.Wanted(NAME))
        assert source.round_trips <= first + 2, "as many, however many machines there are, but for looks at the task"
        source.close()
    finally:
        for remove in machines:
            remove()


@pytest.mark.parametrize(("given", "sentence"), [
    ({"hostname": ""}, "hostname: is needed"), ({"password": "wrong"}, "the log-in of 'user' was refused"),
    ({"port": 1}, "hostname: .* cannot be reached"), ({"validate_certs": True}, "the certificate of .* is not trusted")])
def test_a_wrong_connection_is_one_sentence_without_the_password(center: Center, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises((BadOption, PlatformError), match=sentence) as e:
        center.ask(vsphere=given)
    assert "pa ss&" not in str(e.value)


def test_first_class_disks_are_looked_at_several_at_once_and_those_of_others_once(center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    """vSphere tells of one at a time, and a large cluster has thousands."""
    number = leftovers_vsphere._AT_ONCE
    (ours, remove), *others = [center.first_class_disk(name) for name in (f"{NAME}-pvc", *(f"pvc-{n}" for n in range(1, number)))]
    together, looked, read, left = threading.Barrier(number), [], Session.read, [remove]

    def meets(self: Session, what: str, ask: Callable[[Any], Any]) -> Any:
        if what.startswith("look at disk"):
            looked.append(what.split()[-1])
            if len(looked) <= number:
                together.wait(60)  # for ever, where one waits for the other
            if looked[number:].count(ours) == 3 and left:
                left.pop()()
        return read(self, what, ask)

    monkeypatch.setattr(Session, "read", meets)
    assert center.ask(wait=True, wait_timeout=300)["leftovers"] == [] and not left
    assert looked.count(ours) > 3 and {looked.count(key) for key, _remove in others} == {1}
    monkeypatch.undo()
    for _key, removes in others:
        removes()


def test_a_disk_that_goes_while_disks_are_looked_at_is_gone(center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    (kept, remove), (going, removes) = center.first_class_disk(), center.first_class_disk(f"{NAME}-other")
    read, left = Session.read, [removes]

    def meanwhile(self: Session, what: str, ask: Callable[[Any], Any]) -> Any:
        if what == f"look at disk {going}" and left:
            left.pop()()
        return read(self, what, ask)

    monkeypatch.setattr(Session, "read", meanwhile)
    assert [i["id"] for i in center.ask()["leftovers"]] == [kept] and not left
    remove()
