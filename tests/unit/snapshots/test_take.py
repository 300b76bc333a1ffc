# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A set of snapshots is whole or not at all: what is taken is as it was asked for, and what is not goes again."""
from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import Passing, Unknown
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.snapshots.remove import _below
from tests.fakes.clock import Clock
from tests.fakes.machines import FakeMachines

NONE: dict[str, list[str]] = {"n1": [], "n2": [], "n3": []}
GOLDEN = {n: ["golden"] for n in NONE}


def take(run: Any, **more: Any) -> dict[str, Any]:
    return run("vm_snapshot", snapshot_name="golden", **more)


def test_a_set_is_taken_once(run: Any, fake: FakeMachines) -> None:
    would = take(run, check=True)
    assert would["changed"] and would["would"] == {"take": ["n1", "n2", "n3"], "remove": []} and fake.names == NONE
    done = take(run, description="clean", cluster="prod", run_id="r 1", creator="me")
    assert done["changed"] and fake.names == GOLDEN and fake.closed
    assert done["diff"] == would["diff"] == {"before": {"snapshots": NONE}, "after": {"snapshots": GOLDEN}}
    [snapshot] = fake.machines["id-n1"].snapshots
    assert snapshot.description.startswith("clean | assay.clusters cluster=prod run=r-1 owner=me set=")
    assert done["machines"][0]["snapshot"]["id"] == snapshot.id
    again = take(run)
    assert not again["changed"] and len(fake.calls) == 3


@pytest.mark.parametrize(("option", "asked", "taken"), [("memory_dump", "memory", True), ("quiesce", "quiesced", True)])
def test_memory_and_quiet_disks_are_taken_when_they_are_asked_for(
        run: Any, fake: FakeMachines, option: str, asked: str, taken: bool) -> None:
    for name in NONE:
        fake.set(name, tools="running")
    assert take(run, **{option: taken})["changed"]
    made = {(s.memory, s.quiesced) for m in fake.machines.values() for s in m.snapshots}
    assert made == {(asked == "memory", asked == "quiesced")}


# ---- not as it should be ----------------------------------------------------------------------------------------
def test_memory_that_nobody_asked_for_is_not_kept(run: Any, fake: FakeMachines) -> None:
    fake.always_memory = True
    failed = take(run)
    assert failed["failed"] and not failed["changed"] and fake.names == NONE
    assert failed["msg"] == ("the platform included memory in snapshot 'golden' of n1, n2, n3 without being asked to; "
                             "nothing of the set was kept")
    assert take(run, memory_dump=True)["changed"]


def test_a_snapshot_that_is_gone_when_all_are_taken_fails_the_set(run: Any, fake: FakeMachines) -> None:
    fake.forgetful = {"n2"}
    failed = take(run)
    assert failed["failed"] and fake.names == NONE
    assert failed["msg"] == ("snapshot 'golden' was taken, and is not there on n2; nothing of the set was kept; of 1 more it is not known: "
                             "when they show up, they are removed by a process that outlives this task and watches for it")


@pytest.mark.parametrize(("within", "kept"), [(10, False), (25, True), (0, True)])
def test_snapshots_that_are_too_far_apart_are_not_kept(run: Any, fake: FakeMachines, within: float, kept: bool) -> None:
    fake.seconds["take"] = 10
    done = take(run, parallel=1, max_spread_seconds=within)
    assert bool(done.get("failed")) is not kept and fake.names == (GOLDEN if kept else NONE)
    if kept:
        assert 20 <= done["spread_seconds"] < 25
    else:
        assert "s apart, and max_spread_seconds is 10 s; raise parallel (now 1) or max_spread_seconds; nothing of the set was kept" in done["msg"]


@pytest.mark.parametrize("wrong", ["fail", "refuse"])
def test_when_one_fails_none_is_kept_and_no_other_begun(run: Any, fake: FakeMachines, guards: Any, wrong: str) -> None:
    fake.add("n1", "before")
    fake.seconds["take"] = 5
    getattr(fake, wrong)["take", "n2"] = "no space"
    failed = take(run, parallel=1)
    assert failed["failed"] and not failed["changed"] and failed["msg"].endswith("no space; nothing of the set was kept")
    assert fake.names == {**NONE, "n1": ["before"]} and "take n3 golden" not in fake.calls
    assert guards.said == ["start", "dismiss"]


def test_when_the_first_fails_nothing_was_taken(run: Any, fake: FakeMachines) -> None:
    fake.refuse["take", "*"] = "no rights"
    failed = take(run)
    assert failed["msg"] == "no rights; nothing was taken" and failed["failures"] == ["no rights"]
    assert fake.calls == ["take n1 golden"]


def _raised(error: Exception) -> Any:
    raise error


def test_what_cannot_be_removed_again_is_told(run: Any, fake: FakeMachines, guards: Any) -> None:
    fake.fail["take", "n3"], fake.fail["remove", "n1"] = "no space", "locked"
    failed = take(run)
    assert failed["failed"] and failed["changed"], "something of ours stays"
    assert failed["msg"] == ("n3: no space; and the snapshots 'golden' that were taken could not be removed again "
                             "(n1: locked): remove them with state: absent, if a process that outlives this task and watches for it "
                             "does not")
    assert guards.said == ["start", "hand over"]
    fake.fail.clear()
    guards.clean()
    assert fake.names == NONE


@pytest.mark.parametrize("kind", [Unknown, Passing])
@pytest.mark.parametrize("at", ["fail", "late"])
def test_a_snapshot_whose_fate_is_not_known_is_watched_for(run: Any, fake: FakeMachines, guards: Any, clock: Clock, kind: Any,
                                                           at: str) -> None:
    """It shows up when the task is long over; the sentence says no more than is known."""
    fake.seconds["take"], fake.lost["n2"] = 100, kind
    failed = take(run, **({} if at == "fail" else {"timeout": 50}))
    assert failed["failed"] and failed["changed"] and fake.names == NONE and guards.said == ["start", "hand over"]
    unknown = "what becomes of that of n2 is not known: when it shows up, it is" if at == "fail" else (
        "of 1 more it is not known: when they show up, they are")
    assert f"; nothing of the set was kept; {unknown} removed by a process that outlives this task" in failed["msg"]
    clock.after(300, lambda: fake.add("n2", "golden", description=fake.descriptions[-1]))
    guards.clean()
    assert fake.names == NONE and fake.calls[-1] == "remove n2 golden"


def test_a_set_that_cannot_be_looked_at_is_left_to_the_guardian(
        run: Any, fake: FakeMachines, guards: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    find = fake.find
    monkeypatch.setattr(fake, "find", lambda wanted: find(wanted) if not fake.calls else _raised(Passing("503")))
    failed = take(run)
    assert failed["changed"] and failed["msg"].startswith("all snapshots 'golden' were taken, but could not be looked at (503); they are")
    assert guards.said == ["start", "hand over"]


def test_a_set_that_is_not_right_and_cannot_be_removed_is_left_to_the_guardian(run: Any, fake: FakeMachines, guards: Any) -> None:
    fake.always_memory, fake.fail["remove", "n1"] = True, "locked"
    failed = take(run)
    assert failed["changed"] and "could not be removed again (n1: locked)" in failed["msg"] and guards.said == ["start", "hand over"]


def test_what_would_not_be_quiet_is_refused(run: Any, fake: FakeMachines) -> None:
    """A platform takes the snapshot all the same then, and says nothing; of machines that are off, all is quiet."""
    fake.set("n1", power="off")
    fake.set("n2", tools="running")
    failed = take(run, quiesce=True)
    assert failed["msg"].startswith("quiesce: the guest tools of n3 do not run, and without them") and fake.calls == []
    fake.set("n3", tools="running")
    assert take(run, quiesce=True)["changed"]
    assert {m.name: s.quiesced for m in fake.machines.values() for s in m.snapshots} == {"n1": False, "n2": True, "n3": True}


def test_a_set_that_is_not_quiet_though_it_was_asked_for_is_not_kept(run: Any, fake: FakeMachines) -> None:
    fake.never_quiet = True
    for name in NONE:
        fake.set(name, tools="running", power="off" if name == "n1" else "on")
    failed = take(run, quiesce=True)
    assert failed["msg"] == ("the platform did not quiesce n2, n3, and told no fault; see whether the guest tools run there; nothing of "
                             "the set was kept") and fake.names == NONE


def test_a_suspended_machine_has_memory_in_its_snapshot(run: Any, fake: FakeMachines) -> None:
    fake.set("n2", power="suspended")
    assert take(run)["msg"].startswith("memory_dump: n2 is suspended, so that a snapshot holds its memory;") and fake.calls == []
    assert take(run, memory_dump=True)["changed"]


def test_memory_where_the_platform_has_none(run: Any, fake: FakeMachines) -> None:
    fake.has_memory = False
    assert take(run, memory_dump=True)["msg"] == "memory_dump: snapshots of fake hold no memory" and fake.calls == []


@pytest.mark.parametrize(("options", "kept"), [({}, False), ({"max_spread_seconds": 0}, True), ({"max_spread_seconds": 60}, True),
                                               ({"control_plane": ["n1"]}, True),
                                               ({"control_plane": ["n1", "n2"]}, True)])
def test_members_of_a_control_plane_that_runs_are_close(run: Any, fake: FakeMachines, options: dict[str, Any], kept: bool) -> None:
    """Begun at once they are; where the platform queues them all the same, the set is not kept. Workers may take their time."""
    fake.on = lambda verb, name: fake.seconds.update(take=30 if name == "n3" else 1)
    done = take(run, **{"control_plane": ["n1", "n3"], "state_before": "as_is", "parallel": 1, **options})
    assert bool(done.get("failed")) is not kept and fake.names == (GOLDEN if kept else NONE)
    assert kept or re.match(r"the snapshots 'golden' of the control plane \(n1, n3\) are \d+.\d s apart, and more than 10 s make", done["msg"])


# ---- the time is up ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("removing", [0, 30])
def test_when_the_time_is_up_nothing_of_the_set_stays(run: Any, fake: FakeMachines, clock: Clock, removing: float) -> None:
    """Putting it right has a time of its own: what was begun cannot be taken back, is waited for and removed."""
    fake.seconds.update(take=40, remove=removing)
    failed = take(run, parallel=2, timeout=60)
    assert failed["failed"] and not failed["changed"]
    assert failed["msg"] == "the time was up while waiting for n3; nothing of the set was kept"
    clock.sleep(600)
    assert fake.names == NONE and fake.calls.count("take n3 golden") == 1


def test_a_task_that_fails_after_the_time_is_up_made_nothing(run: Any, fake: FakeMachines, clock: Clock) -> None:
    fake.seconds["take"] = 40
    fake.fail["take", "n1"] = "no space"
    failed = take(run, timeout=10)
    assert failed["msg"].endswith("nothing of the set was kept")
    clock.sleep(600)
    assert fake.names == NONE


def test_what_does_not_even_end_afterwards_is_told(run: Any, fake: FakeMachines) -> None:
    fake.seconds["take"] = 5000
    failed = take(run, timeout=10)
    assert failed["changed"]
    assert "could not be removed again (the time was up while waiting for snapshots that were begun)" in failed["msg"]


def test_a_playbook_that_ended_takes_no_more(run: Any, fake: FakeMachines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Job, "orphaned", lambda job: bool(fake.calls))
    failed = take(run, parallel=1)
    assert failed["msg"] == "the playbook ended; nothing of the set was kept" and fake.names == NONE


# ---- half a set -------------------------------------------------------------------------------------------------
def test_half_a_set_is_refused_or_replaced(run: Any, fake: FakeMachines) -> None:
    [old] = fake.add("n2", "golden")
    refused = take(run)
    assert "'golden' is on n2 but not on n1, n3, so it is no set of one moment" in refused["msg"] and not refused["changed"]
    assert fake.calls == []
    would = take(run, check=True, on_incomplete="replace")
    assert would["would"] == {"take": ["n1", "n2", "n3"], "remove": ["n2"]} and fake.calls == []
    assert take(run, on_incomplete="replace")["changed"] and fake.names == GOLDEN
    assert old not in [s.id for s in fake.machines["id-n2"].snapshots]


@pytest.mark.parametrize("options", [{"state": "absent"}, {"on_incomplete": "replace"}])
def test_of_two_snapshots_of_one_name_none_is_removed(run: Any, fake: FakeMachines, options: dict[str, Any]) -> None:
    """Which one is meant is not known; the others of the set are left as well."""
    fake.add("n1", "golden")
    first, second = fake.add("n2", "golden", "golden")
    for check in (True, False):
        refused = take(run, check=check, **options)
        assert refused["failed"] and not refused["changed"]
        words = f"n2 has several snapshots named 'golden': 'golden' ({first}), 'golden' ({second}); remove them by"
        assert words in refused["msg"]
    assert fake.calls == [] and fake.names == {"n1": ["golden"], "n2": ["golden", "golden"], "n3": []}


# ---- bounds -----------------------------------------------------------------------------------------------------
def test_long_chains_old_snapshots_and_disks_that_want_a_consolidation(run: Any, fake: FakeMachines) -> None:
    fake.add("n1", "a", "b", days=3.1)
    words = "n1: its disks stand on 2 snapshots already ('a' (s-1), 'b' (s-2)), and max_depth is 2"
    assert words in take(run, max_depth=2)["msg"]
    assert "n1: snapshot 'a' is 3.1 days old, and max_age_days is 3" in take(run, max_age_days=3)["msg"]
    fake.set("n3", consolidate=True)
    assert "n3: its disks want a consolidation" in take(run, max_depth=3, max_age_days=4)["msg"]
    assert fake.calls == []
    fake.set("n3", consolidate=False)
    assert take(run, max_depth=3, max_age_days=4)["changed"]


@pytest.mark.parametrize(("options", "sentence"), [
    ({"snapshot_name": " "}, "snapshot_name: is needed, and is empty"), ({"max_spread_seconds": -1}, "max_spread_seconds: must be 0 or more, not -1"),
    ({"max_depth": -1}, "max_depth: must be 0 or more"), ({"parallel": 0}, "parallel: must be 1 or more, not 0"),
    ({"timeout": 0.5}, "timeout: must be 1 or more"), ({"names": []}, "names: no machine is selected"),
    ({"names": [], "folder": "empty"}, "tags: no machine is selected: none bears these tags or is in this folder"),
])
def test_options_that_cannot_be(run: Any, fake: FakeMachines, options: dict[str, Any], sentence: str) -> None:
    failed = run("vm_snapshot", **{"snapshot_name": "golden", **options})
    assert failed["failed"] and failed["msg"].startswith(sentence) and fake.calls == []


# ---- away again -------------------------------------------------------------------------------------------------
def test_all_of_a_name_go_with_what_stands_on_them_if_that_is_asked_for(run: Any, fake: FakeMachines) -> None:
    fake.add("n1", "before", "golden", "child")
    fake.add("n3", "golden")
    would = take(run, check=True, state="absent", remove_children=True)
    assert would["removed"] == ["n1", "n3"] and would["diff"]["after"]["snapshots"] == {"n1": ["before"], "n2": [], "n3": []}
    assert fake.calls == []
    assert [_below(fake.machines["id-n1"], s, "golden") for s in fake.machines["id-n1"].snapshots] == [False, False, True]
    done = take(run, state="absent")
    assert done["changed"] and fake.names == {"n1": ["before", "child"], "n2": [], "n3": []}
    assert not take(run, state="absent")["changed"]


def test_the_others_are_removed_though_one_cannot_be(run: Any, fake: FakeMachines) -> None:
    for name in NONE:
        fake.add(name, "golden")
    fake.fail["remove", "n1"] = "locked"
    failed = take(run, state="absent", parallel=1)
    assert failed["failed"] and failed["changed"] and failed["msg"] == "n1: locked"
    assert fake.names == {**NONE, "n1": ["golden"]}


def test_a_removal_that_takes_too_long_says_what_to_do(run: Any, fake: FakeMachines) -> None:
    fake.add("n1", "golden")
    fake.seconds["remove"] = 100
    failed = take(run, state="absent", timeout=5)
    assert failed["changed"] and failed["msg"].endswith("n1; some snapshots 'golden' may be there still: run it again")
