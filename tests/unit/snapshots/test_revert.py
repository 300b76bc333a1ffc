# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All machines go back to one snapshot that can be gone back to, boot in order, and are waited for."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.snapshots import revert as snapshot_revert
from tests.fakes.clock import Clock
from tests.fakes.machines import FakeMachines

ALL_ON = {"n1": "on", "n2": "on", "n3": "on"}


@pytest.fixture
def golden(fake: FakeMachines) -> FakeMachines:
    """All machines have the snapshot, and another after it."""
    for name in ALL_ON:
        fake.add(name, "golden", "later")
    return fake


def back(run: Any, **more: Any) -> dict[str, Any]:
    return run("vm_snapshot_revert", **{"snapshot_name": "golden", "disposable": True, "boot_delay": 0, **more})


def powers(fake: FakeMachines) -> dict[str, str]:
    return {m.name: m.power for m in fake.machines.values()}


def current(fake: FakeMachines) -> set[str]:
    return {s.name for m in fake.machines.values() for s in m.snapshots if s.current}


def test_all_are_off_before_the_first_goes_back_and_boot_in_order(run: Any, golden: FakeMachines) -> None:
    golden.set("n2", power="off")
    done = back(run, control_plane=["n3"], parallel=1, boot_at_once=1)
    assert done["changed"] and golden.calls == ["off n1", "off n3", "revert n1 golden", "revert n2 golden", "revert n3 golden",
                                                "on n3", "on n1", "on n2"]
    assert powers(golden) == ALL_ON and current(golden) == {"golden"}


def test_machines_stay_off_when_that_is_asked_for(run: Any, golden: FakeMachines) -> None:
    assert back(run, power_on=False)["changed"] and set(powers(golden).values()) == {"off"}


def test_a_platform_that_stops_machines_itself_is_not_asked_to(run: Any, golden: FakeMachines) -> None:
    golden.revert_stops = True
    assert back(run)["changed"] and not [c for c in golden.calls if c.startswith("off")]


# ---- refused, and nothing touched -------------------------------------------------------------------------------
def refused(run: Any, fake: FakeMachines, **options: Any) -> str:
    failed = back(run, **options)
    assert failed["failed"] and not failed["changed"] and fake.calls == [] and powers(fake) == ALL_ON
    assert current(fake) == {"later"}
    return str(failed["msg"])


def test_a_snapshot_with_a_defect_is_not_gone_back_to(run: Any, golden: FakeMachines) -> None:
    """It would be seen in the middle otherwise, when half of the machines are back."""
    broken = golden.machines["id-n2"].snapshots[0].id
    golden.set("n2", extra={"defects": {broken: "of 2 volumes 1 has no snapshot"}})
    words = "snapshot 'golden' of n2 cannot be reverted to: of 2 volumes 1 has no snapshot"
    assert refused(run, golden) == f"snapshot_name: {words}"
    assert refused(run, golden, names=["n2"], snapshot_name=None, snapshot_id=broken) == f"snapshot_id: {words}"
    assert run("vm_snapshot_revert", check=True, snapshot_name="golden", disposable=True)["failed"], "the plan says it, too"
    assert back(run, snapshot_name="later")["changed"], "of another it says nothing"


def test_what_is_absent_or_ambiguous(run: Any, golden: FakeMachines) -> None:
    assert refused(run, golden, snapshot_name="gold") == (
        "snapshot_name: n1 has no snapshot 'gold'; there are: 'golden' (s-1), 'later' (s-2)")
    [twin] = golden.add("n2", "golden", current=False)
    assert "n2 has 2 snapshots named 'golden': s-3 of " in refused(run, golden)
    assert back(run, names=["n2"], snapshot_name=None, snapshot_id=twin)["changed"] and twin in [
        s.id for s in golden.machines["id-n2"].snapshots if s.current]


def test_memory_is_refused_unless_allowed(run: Any, golden: FakeMachines) -> None:
    golden.add("n3", "hot", memory=True)
    golden.add("n1", "hot")
    golden.add("n2", "hot")
    assert "allow_memory: snapshot 'hot' of n3 was taken with memory" in back(run, snapshot_name="hot")["msg"]
    assert golden.calls == []
    assert back(run, snapshot_name="hot", allow_memory=True)["changed"]


@pytest.mark.parametrize(("options", "sentence"), [
    ({"disposable": False}, "disposable: a revert throws away what n1, n2, n3 did since"),
    ({"snapshot_id": "s-1"}, "snapshot_name: give either"), ({"snapshot_name": None}, "snapshot_name: give either"),
    ({"boot_delay": -1}, "boot_delay: must be 0 or more"), ({"boot_at_once": 0}, "boot_at_once: must be 1 or more"),
    ({"clock_skew": -1}, "clock_skew: must be 0 or more"),
    ({"wait_for": ["nodes"]}, "wait_for: nodes needs the address of the cluster"),
    ({"cluster_id": "x"}, "cluster_id: is compared with the cluster behind kubeconfig, which is not given"),
])
def test_options_that_cannot_be(run: Any, golden: FakeMachines, options: dict[str, Any], sentence: str) -> None:
    assert refused(run, golden, **options).startswith(sentence)


def test_the_plan_touches_nothing(run: Any, golden: FakeMachines) -> None:
    would = run("vm_snapshot_revert", check=True, snapshot_name="golden", disposable=True)
    assert would["changed"] and would["diff"]["after"]["n1"] == "as in snapshot 'golden' (s-1)" and golden.calls == []
    assert would["diff"]["before"]["n1"] == "on, on later and what came after"


# ---- in the middle ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("verb", "so_far"), [
    ("off", "off so far: n1 of 3"), ("revert", "reverted so far: n1 of 3"), ("on", "on so far: n1 of 3")])
def test_a_failure_says_how_far_it_came_and_is_mended_by_the_next(
        run: Any, golden: FakeMachines, verb: str, so_far: str) -> None:
    golden.fail[verb, "n2"] = "no"
    failed = back(run, parallel=1, boot_at_once=1)
    assert failed["failed"] and failed["changed"] and failed["failures"] == ["n2: no"]
    assert failed["msg"] == f"n2: no; {so_far}; run it again when that is mended, it does all anew"
    golden.fail.clear()
    assert back(run)["changed"] and powers(golden) == ALL_ON and current(golden) == {"golden"}


def test_when_the_time_is_up_it_says_how_far_it_came(run: Any, golden: FakeMachines) -> None:
    golden.seconds["revert"] = 40
    failed = back(run, parallel=1, timeout=60)
    assert failed["changed"]
    assert failed["msg"].startswith("the time was up while waiting for n2; reverted so far: n1 of 3; run it again")


# ---- waiting ----------------------------------------------------------------------------------------------------
def test_machines_boot_when_those_before_have_their_tools(run: Any, golden: FakeMachines, clock: Clock) -> None:
    begun: dict[str, float] = {}

    def on(verb: str, name: str) -> None:
        if verb == "on":
            begun[name] = clock.now
            clock.after(50, lambda: golden.set(name, tools="running"))

    golden.on = on
    for name in ALL_ON:
        golden.set(name, tools="not running")
    done = back(run, boot_at_once=1)
    assert begun["n2"] >= begun["n1"] + 50 and begun["n3"] >= begun["n2"] + 50
    assert [line for line in done["progress"] if "guest tools run" in line][-1].startswith("n3: guest tools run")


def test_workers_wait_for_a_control_plane_that_boots_unless_tools_are_not_waited_for(run: Any, golden: FakeMachines) -> None:
    golden.set("n2", tools="not running")
    failed = back(run, control_plane=["n2"], timeout=120)
    assert failed["changed"] and powers(golden) == {"n1": "off", "n2": "on", "n3": "off"}
    assert failed["msg"] == ("the time was up while waiting for n2 to boot, before the next are begun; on so far: n2 of 3; run it "
                             "again when that is mended, it does all anew")
    assert back(run, control_plane=["n2"], timeout=120, wait_for=[])["changed"] and powers(golden) == ALL_ON


def test_tools_that_do_not_come_are_named(run: Any, golden: FakeMachines) -> None:
    golden.set("n2", tools="not running")
    failed = back(run, timeout=120)
    assert failed["changed"] and failed["msg"] == (
        "all machines are reverted and on, but the time was up while waiting for the guest tools of n2")
    assert back(run, timeout=120, wait_for=[])["changed"]


def test_a_pause_between_starts(run: Any, golden: FakeMachines, clock: Clock) -> None:
    begun = []
    golden.on = lambda verb, name: begun.append(clock.now) if verb == "on" else None
    assert back(run, boot_delay=20, boot_at_once=3)["changed"]
    assert all(b - a >= 20 for a, b in zip(begun, begun[1:])) and snapshot_revert.STAGES == ("tools", "api", "nodes", "clocks")
