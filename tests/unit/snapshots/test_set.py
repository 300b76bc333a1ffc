# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Work on several machines: in which order, how many at once, how far it is; and the room that datastores must have."""
from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Machine, Snapshot, Store
from ansible_collections.assay.clusters.plugins.module_utils.snapshots.set import Crew, afterwards, depth, groups
from ansible_collections.assay.clusters.plugins.module_utils.snapshots.space import room
from tests.fakes.clock import Clock
from tests.fakes.machines import FakeMachines

GIB = 1 << 30


def machine(name: str, **about: Any) -> Machine:
    return Machine(f"id-{name}", name, **about)


# ---- order ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("params", "expected"), [
    ({}, ["w1 w2", "cp-1 my-control-plane-0 master2 x-cp"]),
    ({"order": "control_plane_last"}, ["w1 w2", "cp-1 my-control-plane-0 master2 x-cp"]),
    ({"order": "control_plane_first"}, ["cp-1 my-control-plane-0 master2 x-cp", "w1 w2"]),
    ({"control_plane": ["w?"]}, ["cp-1 my-control-plane-0 master2 x-cp", "w1 w2"]),
    ({"control_plane": ["none"]}, ["cp-1 w1 my-control-plane-0 w2 master2 x-cp"]),
    ({"order": "as_given", "names": ["w2", "x-cp"], "ids": ["id-w1"]},
     ["w2", "x-cp", "w1", "cp-1", "my-control-plane-0", "master2"]),
])
def test_the_order_of_machines(params: dict[str, Any], expected: list[str]) -> None:
    found = [machine(n) for n in ("cp-1", "w1", "my-control-plane-0", "w2", "master2", "x-cp")]
    params = {"control_plane": ["cp-*", "*control-plane*", "master*", "*-cp"], **params}
    assert [" ".join(m.name for m in g) for g in groups(found, params)] == expected


@pytest.mark.parametrize("name", ["prod-control-plane-1", "controlplane0", "k8s-master-3", "prod-cp", "prod-cp2", "a-cp-b"])
def test_control_planes_are_known_by_usual_names(name: str) -> None:
    assert [[m.name for m in g] for g in groups([machine(name), machine("worker-1")], {})] == [["worker-1"], [name]]


# ---- a crew -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("parallel", "most", "seconds"), [(1, 1, 30), (2, 2, 20), (3, 3, 10), (9, 3, 10)])
def test_so_many_at_once(fake: FakeMachines, clock: Clock, parallel: int, most: int, seconds: float) -> None:
    fake.seconds["off"], begun = 10, clock.now
    outcome = Crew(Job(), parallel).work([list(fake.machines.values())], fake.power_off, "off")
    assert fake.most == most and len(outcome.done) == 3 and seconds <= clock.now - begun < seconds + 5


def test_a_group_begins_when_the_one_before_has_ended(fake: FakeMachines) -> None:
    fake.seconds["off"], (first, *rest) = 10, fake.machines.values()
    Crew(Job(), 3).work([rest, [first]], fake.power_off, "off")
    assert fake.calls == ["off n2", "off n3", "off n1"] and fake.most == 2


def test_a_pause_between_two_starts(fake: FakeMachines, clock: Clock) -> None:
    begun: list[float] = []
    fake.on = lambda verb, name: begun.append(clock.now)
    Crew(Job(), 3, gap=15).work([list(fake.machines.values())], fake.power_off, "off")
    assert [b - a >= 15 for a, b in zip(begun, begun[1:])] == [True, True]


def test_what_boots_counts_until_it_is_up(fake: FakeMachines, clock: Clock) -> None:
    up: dict[str, float] = {}
    fake.on = lambda verb, name: up.update({f"id-{name}": clock.now + 60})
    Crew(Job(), 1, ready=lambda booting: {m.id for m in booting if clock.now >= up[m.id]}).work(
        [list(fake.machines.values())], fake.power_on, "on")
    assert fake.calls == ["on n1", "on n2", "on n3"] and up["id-n2"] >= up["id-n1"] and up["id-n3"] >= up["id-n2"] + 60


def booted(fake: FakeMachines, clock: Clock, of: Any, up_first: bool = True, **crew: Any) -> dict[str, float]:
    """When each machine was begun, of machines that boot for a minute."""
    begun: dict[str, float] = {}
    fake.on = lambda verb, name: begun.update({name: clock.now})
    Crew(Job(), ready=lambda booting: {m.id for m in booting if clock.now >= begun[m.name] + 60}, up_first=up_first, **crew).work(
        of, fake.power_on, "on")
    return begun


def test_the_pause_holds_between_groups(fake: FakeMachines, clock: Clock) -> None:
    begun: list[float] = []
    fake.on = lambda verb, name: begun.append(clock.now)
    Crew(Job(), 3, gap=15).work([[m] for m in fake.machines.values()], fake.power_off, "off")
    assert [b - a >= 15 for a, b in zip(begun, begun[1:])] == [True, True]


@pytest.mark.parametrize("parallel", [1, 9])
def test_a_group_is_up_before_the_next_is_begun(fake: FakeMachines, clock: Clock, parallel: int) -> None:
    first, *rest = fake.machines.values()
    begun = booted(fake, clock, [[first], rest], parallel=parallel)
    assert begun["n2"] >= begun["n1"] + 60 and begun["n3"] - begun["n2"] >= (60 if parallel == 1 else 0)
    assert clock.now < max(begun.values()) + 60, "nobody waits for the last here"


def test_the_limit_holds_over_groups_that_are_not_waited_for(fake: FakeMachines, clock: Clock) -> None:
    begun = booted(fake, clock, [[m] for m in fake.machines.values()], up_first=False, parallel=2)
    assert begun["n2"] < begun["n1"] + 5 and begun["n3"] >= begun["n1"] + 60


def test_members_are_begun_at_once_whatever_the_limit_says(fake: FakeMachines, clock: Clock) -> None:
    begun: dict[str, float] = {}
    fake.on, fake.seconds["off"] = lambda verb, name: begun.update({name: clock.now}), 10
    Crew(Job(), 1, together={"id-n2", "id-n3"}).work([list(fake.machines.values())], fake.power_off, "off")
    assert begun["n1"] == begun["n2"] == begun["n3"]


@pytest.mark.parametrize(("module", "options"), [
    ("vm_snapshot", {"snapshot_name": "golden", "state": "absent"}), ("vm_snapshot_prune", {"keep": 0})])
def test_what_holds_machines_up_takes_the_control_plane_one_by_one(
        run: Any, fake: FakeMachines, module: str, options: dict[str, Any]) -> None:
    for name in ("n1", "n2", "n3"):
        fake.add(name, "golden", description="assay.clusters", current=False)
    fake.seconds["remove"] = 10
    assert run(module, control_plane=["n1", "n2"], **options)["changed"] and fake.most == 1
    assert fake.calls == ["remove n3 golden", "remove n1 golden", "remove n2 golden"]


@pytest.mark.parametrize(("to_the_end", "calls"), [(False, ["off n1", "off n2"]), (True, ["off n1", "off n2", "off n3"])])
def test_after_a_failure_what_runs_is_waited_for(fake: FakeMachines, to_the_end: bool, calls: list[str]) -> None:
    fake.seconds["off"], fake.refuse["off", "n2"], job = 10, "no", Job()
    first, second, third = fake.machines.values()
    outcome = Crew(job, 2).work([[first, second], [third]], fake.power_off, "off", to_the_end)
    assert fake.calls == calls and list(outcome.failed) == [second.id] and first.id in outcome.done
    assert job.lines[0] == "n2: no" and job.lines[1].startswith("n1: off, 10.")


@pytest.mark.parametrize("words", ["n1: snapshot 'x' (7) is gone", "the session has ended"])
@pytest.mark.parametrize("at", ["begin", "poll"])
def test_what_went_wrong_names_its_machine_once(fake: FakeMachines, words: str, at: str) -> None:
    def fail(*_arguments: Any) -> Any:
        raise PlatformError(words)

    job = Job()
    begin = fail if at == "begin" else lambda m: SimpleNamespace(poll=fail)
    outcome = Crew(job, 1).work([[fake.machines["id-n1"]]], begin, "off")
    assert job.lines == [f"n1: {words.removeprefix('n1: ')}"] and str(outcome.failed["id-n1"]) == words


def test_slow_work_says_how_far_it_is_every_ten_seconds(fake: FakeMachines) -> None:
    fake.seconds["off"], job = 40, Job()
    Crew(job, 1).work([[fake.machines["id-n1"]]], fake.power_off, "off")
    assert len(job.lines) == 4 and all(re.fullmatch(r"n1: at \d+ % after \d+ s", line) for line in job.lines[:-1])


def test_the_time_for_putting_right_is_never_less_than_what_is_left(clock: Clock) -> None:
    for seconds, least in ((-5.0, 300.0), (10.0, 300.0), (4000.0, 4000.0)):
        job = Job(deadline=clock.now + seconds)
        with afterwards(job):
            assert job.left() == least
        assert job.left() == seconds


def test_the_depth_of_a_chain() -> None:
    tree = (Snapshot("a", "a", ""), Snapshot("b", "b", "", parent="a", current=True), Snapshot("c", "c", "", parent="a"))
    assert depth(machine("n1", snapshots=tree)) == 2 and depth(machine("n1")) == 0
    assert depth(machine("n1", snapshots=(Snapshot("a", "a", "", parent="a", current=True),))) == 2, "a ring has an end"


# ---- room -------------------------------------------------------------------------------------------------------
def stored(fake: FakeMachines, free: int, **about: Any) -> None:
    fake.store_list = [Store("s1", 100 * GIB, free * GIB), Store("s2", 100 * GIB, 100 * GIB)]
    for name in ("n1", "n2"):
        fake.set(name, datastores=("s1",), provisioned=20 * GIB, extra={"memory": 8 * GIB}, **about)


@pytest.mark.parametrize(("power", "memory", "written"),
                         [("on", True, 16), ("off", True, 0), ("suspended", True, 0), ("on", False, 0)])
def test_memory_is_counted_of_machines_that_run(fake: FakeMachines, power: str, memory: bool, written: int) -> None:
    """One that is off has none to write: a set of machines that are off is not refused for it."""
    stored(fake, 20, power=power)
    params = {"memory_dump": memory, "growth_percent": 0, "free_percent": 10}
    found = list(fake.machines.values())
    if written:
        with pytest.raises(PlatformError, match=r"datastore s1: 20.0 GiB of 100.0 GiB are free; memory takes 16.0 GiB, .*"
                                                r"which leaves 4.0 GiB, less than 10% \(10.0 GiB\)"):
            room(fake, found, params)
        params["free_percent"] = 4
    [row] = [r for r in room(fake, found, params) if r["name"] == "s1"]
    assert (row["memory"], row["left"], row["machines"]) == (written * GIB, (20 - written) * GIB, 2)


def test_disks_are_expected_to_grow_by_a_share(fake: FakeMachines) -> None:
    stored(fake, 20)
    fake.set("n2", provisioned=-1, used=10 * GIB)
    fake.add("n1", "old", size=3 * GIB)
    fake.add("n2", "old", size=-1)
    fake.store_list[0] = Store("s1", 100 * GIB, 20 * GIB, uncommitted=50 * GIB)
    [row] = room(fake, list(fake.machines.values()), {"growth_percent": 10, "free_percent": 12})
    assert [row[n] // GIB for n in ("growth", "thin_growth", "left", "snapshots")] == [3, 5, 12, 3]
    with pytest.raises(PlatformError, match=r"new snapshots of 2 machines are expected to grow by 3.0 GiB and thin disks and "
                                            r"older snapshots by 5.0 GiB \(10% of what they may\), which leaves 12") as caught:
        room(fake, list(fake.machines.values()), {"growth_percent": 10, "free_percent": 13})
    assert "memory" not in str(caught.value) and caught.value.details["stores"] == [row]


def test_no_room_is_found_out_before_anything_is_taken(run: Any, fake: FakeMachines) -> None:
    stored(fake, 1)
    failed = run("vm_snapshot", snapshot_name="golden", growth_percent=0, free_percent=10)
    assert failed["failed"] and fake.calls == [] and failed["stores"][0]["left"] == GIB
