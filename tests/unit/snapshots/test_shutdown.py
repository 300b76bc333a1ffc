# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A control plane of several members is shut down for its set, in order, and whatever happens all run again."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.snapshots.power import run_again
from tests.fakes.clock import Clock
from tests.fakes.machines import FakeMachines

MEMBERS = ["n2", "n3"]
ALL_ON = {"n1": "on", "n2": "on", "n3": "on"}
TAKEN = ["take n1 golden", "take n2 golden", "take n3 golden"]


@pytest.fixture(autouse=True)
def _with_tools(fake: FakeMachines) -> None:
    for name in ALL_ON:
        fake.set(name, tools="running")


def take(run: Any, **more: Any) -> dict[str, Any]:
    return run("vm_snapshot", **{"snapshot_name": "golden", "control_plane": MEMBERS, **more})


def powers(fake: FakeMachines) -> dict[str, str]:
    return {m.name: m.power for m in fake.machines.values()}


def test_workers_go_down_first_and_come_up_last(run: Any, fake: FakeMachines, guards: Any) -> None:
    would = take(run, check=True)
    assert would["shut_down"] == ["n1", "n2", "n3"] and fake.calls == []
    done = take(run, parallel=1)
    assert done["changed"] and done["shut_down"] == ["n1", "n2", "n3"] and powers(fake) == ALL_ON
    assert fake.calls == ["shut down n1", "shut down n2", "shut down n3", *TAKEN, "on n2", "on n3", "on n1"]
    assert guards.said == ["start", "start", "dismiss", "dismiss"]


@pytest.mark.parametrize(("options", "down"), [
    ({}, 3), ({"control_plane": ["n3"]}, 0), ({"control_plane": ["none"]}, 0), ({"state_before": "as_is"}, 0),
    ({"memory_dump": True}, 0), ({"control_plane": ["n3"], "state_before": "shutdown"}, 3)])
def test_which_are_shut_down(run: Any, fake: FakeMachines, options: dict[str, Any], down: int) -> None:
    done = take(run, **options)
    assert done["changed"] and len(done["shut_down"]) == down == len([c for c in fake.calls if c.startswith("shut")])


def test_what_is_off_stays_off(run: Any, fake: FakeMachines) -> None:
    fake.set("n1", power="off", tools="not running")
    assert take(run)["shut_down"] == MEMBERS and powers(fake) == {**ALL_ON, "n1": "off"}
    fake.set("n2", power="off")
    assert take(run, snapshot_name="other")["shut_down"] == [], "one member alone is one moment"


def test_the_members_go_down_and_are_taken_at_once(run: Any, fake: FakeMachines) -> None:
    fake.seconds = {"shut down": 30, "take": 30, "on": 30}
    assert take(run, parallel=1)["changed"] and fake.most == 2


@pytest.mark.parametrize("asked", [None, "shutdown"])
def test_a_guest_that_hears_nothing_is_said_before(run: Any, fake: FakeMachines, asked: str | None) -> None:
    fake.set("n3", tools="not running")
    failed = take(run, state_before=asked)
    assert failed["failed"] and not failed["changed"] and fake.calls == []
    assert failed["msg"].startswith("state_before: shutdown" + ("" if asked else " (the default, as the control plane has 2 members"))
    assert "needs guest tools, and those of n3 do not run" in failed["msg"]
    fake.has_tools = False
    assert take(run, state_before=asked)["changed"], "nobody needs them there"


@pytest.mark.parametrize(("options", "sentence"), [
    ({"memory_dump": True, "state_before": "shutdown"}, "state_before: a machine that is shut down has no memory"),
    ({"state_change_timeout": -1}, "state_change_timeout: must be 0 or more")])
def test_options_that_cannot_be(run: Any, fake: FakeMachines, options: dict[str, Any], sentence: str) -> None:
    assert take(run, **options)["msg"].startswith(sentence) and fake.calls == []


# ---- what goes wrong ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("verb", ["shut down", "take"])
def test_all_run_again_when_it_fails(run: Any, fake: FakeMachines, verb: str) -> None:
    fake.fail[verb, "n2"] = "no"
    failed = take(run)
    assert failed["failed"] and failed["changed"] and powers(fake) == ALL_ON
    assert fake.names == {"n1": [], "n2": [], "n3": []} and failed["msg"].startswith("n2: no; nothing")


def test_a_guest_that_does_not_shut_down_is_named_and_watched(
        run: Any, fake: FakeMachines, guards: Any, clock: Clock) -> None:
    fake.seconds["shut down"] = 400
    failed = take(run, state_change_timeout=60, timeout=1000)
    assert failed["msg"].startswith("n1: its guest did not shut down within 60 s; see on its console") and powers(fake) == ALL_ON
    assert guards.said == ["start", "hand over"], "it may be off a moment later"
    fake.seconds.clear()
    clock.sleep(330)
    guards.clean()
    assert powers(fake) == ALL_ON and "on n1" in fake.calls


def test_what_cannot_be_powered_on_is_left_to_the_guardian(run: Any, fake: FakeMachines, guards: Any) -> None:
    fake.fail["on", "n2"] = "no room"
    failed = take(run)
    assert failed["failed"] and failed["changed"] and powers(fake) == {**ALL_ON, "n2": "off"}
    assert failed["msg"].startswith("the set is taken; n2 could not be powered on again (n2: no room): a process that outlives")
    assert fake.names == {n: ["golden"] for n in ALL_ON} and guards.said[-1] == "hand over"


def test_tools_that_do_not_come_keep_no_worker_off(run: Any, fake: FakeMachines) -> None:
    fake.on = lambda verb, name: fake.set(name, tools="not running") if (verb, name) == ("on", "n2") else None
    failed = take(run, timeout=5000)
    assert failed["changed"] and powers(fake) == ALL_ON and "on n1" in fake.calls
    assert failed["msg"] == (
        "the set is taken and all machines are on again, but the time was up while waiting for the guest tools of n2")


def test_a_killed_task_leaves_the_machines_to_the_guardian(run: Any, fake: FakeMachines, guards: Any) -> None:
    def stop(verb: str, name: str) -> None:
        if verb == "take" and name == "n3":
            raise KeyboardInterrupt

    fake.on = stop
    with pytest.raises(KeyboardInterrupt):
        take(run)
    assert guards.said == ["start", "start", "hand over", "hand over"] and "off" in powers(fake).values()
    fake.on = lambda verb, name: None
    run_again({"platform": "fake", "names": list(ALL_ON), "control_plane": MEMBERS}, {}, {"id-n1", "id-n2", "id-n3"})
    assert powers(fake) == ALL_ON
