# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A vCenter with ten thousand machines, of which a task chooses a few: what it asks grows with what is chosen, and only the first look
has pages of all. govmomi's simulator, with its own generator of inventories."""
from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clouds.vsphere.session import Session, settings
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.leftovers import job as leftovers_job, vsphere as leftovers_vsphere
from ansible_collections.assay.clusters.plugins.module_utils.snapshots import set as snapshot_set
from tests.integration.machines import names, run
from tests.integration.test_leftovers_vsphere import NAME, Center
from tests.lab.vcsim import Vcsim, vcsim

MANY, PAGE = 10_000, 1_000
# Of machines, and of what else an inventory has, which is little.
PAGES = MANY // PAGE
# Kilobytes of a process that looks for three machines: the interpreter with pyVmomi, and what tells ten thousand apart.
BOUND = 400_000
_NEXT = "ContinueRetrievePropertiesEx"
_LOOK = """
import json, resource, sys
from tests.integration.machines import run
done = run("vm_snapshot_info", json.loads(sys.argv[1]))
print(json.dumps([len(done["machines"]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""

pytestmark = [pytest.mark.gauntlet, pytest.mark.timeout(1200)]


def _chosen(number: int) -> list[str]:
    return [f"DC0_C0_RP0_VM{n}" for n in range(number)]


@pytest.fixture(scope="module")
def center() -> Iterator[Vcsim]:
    with vcsim(machines=MANY, page=PAGE) as made:
        made.order(Datastore="LocalDS_0", Capacity=1 << 50, Free=1 << 49, Uncommitted=0)
        yield made


@pytest.fixture(autouse=True)
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at what runs come by the clock, and would count: so few that all has ended at the second."""
    monkeypatch.setattr(snapshot_set, "_POLL", 2.0)
    monkeypatch.setattr(snapshot_set, "_LONGEST", 2.0)
    monkeypatch.setattr(leftovers_vsphere, "_POLL", 5.0)


def _asked(server: Vcsim, module: str, options: dict[str, Any]) -> Counter[str]:
    """How often each method was called by this task."""
    before = Counter(server.calls())
    done = run(module, {**server.options, **options})
    assert not done.get("failed"), done
    return Counter(server.calls()) - before


def test_a_few_of_ten_thousand_cost_as_much_as_of_ten(center: Vcsim) -> None:
    with vcsim(machines=10, page=PAGE) as small:
        few = _asked(small, "vm_snapshot_info", {"names": _chosen(3)})
    many = _asked(center, "vm_snapshot_info", {"names": _chosen(3)})
    pages = many.pop(_NEXT)
    print(f"of ten: {dict(few)}, of ten thousand: {dict(many)} and {pages} more pages")
    assert many == few and PAGES - 1 <= pages <= PAGES + 1
    double = _asked(center, "vm_snapshot_info", {"names": _chosen(6)})
    assert double.pop(_NEXT) == pages and double == many, "one question for all that are chosen"


def test_where_a_folder_is_named_nothing_else_is_read(center: Vcsim) -> None:
    session = Session(settings(center.options, {}), Job(environ={}))
    [datacenter] = session.content.rootFolder.childEntity
    inside = datacenter.vmFolder.CreateFolder("prod/eu")
    moved = [session.content.searchIndex.FindByInventoryPath(f"DC0/vm/{name}") for name in _chosen(9)[6:]]
    task = inside.MoveIntoFolder_Task(moved)
    while (state := str(session.value(task, "info.state", "look"))) not in ("success", "error"):
        pass
    session.close()
    assert state == "success"
    asked = _asked(center, "vm_snapshot_info", {"folder": "/DC0/vm/prod%2feu"})
    assert _NEXT not in asked and asked["FindByInventoryPath"] == 1
    assert list(names(run("vm_snapshot_info", {**center.options, "folder": "/DC0/vm/prod%2feu"}))) == _chosen(9)[6:]


def test_a_set_reads_the_inventory_once_and_works_on_each_machine_once(center: Vcsim) -> None:
    options = {"names": _chosen(3), "snapshot_name": "golden"}
    taken = _asked(center, "vm_snapshot", {**options, "growth_percent": 0})
    back = _asked(center, "vm_snapshot_revert", {**options, "disposable": True, "boot_delay": 0})
    gone = _asked(center, "vm_snapshot", {**options, "state": "absent"})
    for verb, asked in (("CreateSnapshot_Task", taken), ("RevertToSnapshot_Task", back), ("PowerOnVM_Task", back), ("RemoveSnapshot_Task", gone)):
        print(f"with {verb}: {dict(asked)}")
        assert asked[verb] == 3 and asked["CreateContainerView"] == 1 and asked[_NEXT] <= PAGES + 1
    assert names(run("vm_snapshot_info", {**center.options, "names": _chosen(3)})) == {n: [] for n in _chosen(3)}


def test_leftovers_are_looked_for_in_pages_and_not_machine_by_machine(center: Vcsim) -> None:
    given = {n: v for n, v in center.options.items() if n != "platform"}
    before = Counter(center.calls())
    found = leftovers_job.entry({"providers": ["vsphere"], "name": "ci-3f9a1c07", "patterns": [], "wait": False, "wait_timeout": 0,
                                 "wait_sleep": 1, "fail_on_leftovers": True, "vsphere": given}, Job(environ={}))
    asked = Counter(center.calls()) - before
    print(f"leftovers: {dict(asked)}")
    assert found["clean"] and asked.pop(_NEXT) <= PAGES + 1
    assert asked["SearchDatastoreSubFolders_Task"] == 1 and asked.total() <= 20


def test_first_class_disks_are_asked_for_once_and_only_those_that_fit_again() -> None:
    """vSphere lists their ids and tells what each is by itself; a cluster has one for each of its volumes."""
    with vcsim(machines=2) as server:
        center = Center(server)
        removes = [center.first_class_disk(name)[1] for name in (f"{NAME}-pvc", *(f"pvc-{n}" for n in range(20)))]
        before = Counter(server.calls())
        assert len(center.ask(wait=True, wait_timeout=5)["leftovers"]) == 1
        asked = Counter(server.calls()) - before
        print(f"first class disks: {dict(asked)}")
        assert asked["ListVStorageObject"] > 1 and asked["RetrieveVStorageObject"] == len(removes) + asked["ListVStorageObject"] - 1
        center.session.close()


def test_its_memory_is_bounded(center: Vcsim) -> None:
    done = subprocess.run([sys.executable, "-c", _LOOK, json.dumps({**center.options, "names": _chosen(3)})], check=True, text=True,
                          capture_output=True)
    found, peak = json.loads(done.stdout)
    print(f"{peak // 1024} MiB at most")
    assert found == 3 and peak < BOUND
