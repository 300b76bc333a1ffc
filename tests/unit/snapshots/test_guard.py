# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Half a set that a killed task leaves is removed, with what shows up later, and nothing else; old snapshots are pruned."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError, Unknown
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.snapshots import guard as snapshot_guard
from ansible_collections.assay.clusters.plugins.module_utils.snapshots.guard import QUIET, QUIET_MEMORY, forget, guarded
from tests.fakes.clock import Clock
from tests.fakes.machines import FakeMachines

PARAMS: dict[str, Any] = {"platform": "fake", "names": ["n1", "n2", "n3"]}


# ---- the guardian -----------------------------------------------------------------------------------------------
def test_all_that_bears_the_mark_goes_and_nothing_else(fake: FakeMachines) -> None:
    fake.add("n1", "golden", description="x | assay.clusters owner=me set=abc")
    fake.add("n2", "golden", description="x | assay.clusters owner=me set=other")
    fake.add("n3", "golden")
    forget(PARAMS, {}, "set=abc")
    assert fake.names == {"n1": [], "n2": ["golden"], "n3": ["golden"]} and fake.calls == ["remove n1 golden"] and fake.closed


@pytest.mark.parametrize(("option", "quiet"), [("none", QUIET), ("memory_dump", QUIET_MEMORY), ("quiesce", QUIET_MEMORY)])
def test_what_shows_up_later_goes_too_until_it_is_quiet(fake: FakeMachines, clock: Clock, option: str, quiet: float) -> None:
    begun = clock.now
    for seconds, name in ((quiet - 10, "n1"), (2 * quiet - 20, "n2"), (4 * quiet, "n3")):
        clock.after(seconds, lambda n=name: fake.add(n, "golden", description="set=abc"))
    forget({**PARAMS, option: True}, {}, "set=abc")
    assert fake.names == {"n1": [], "n2": [], "n3": []} and fake.calls == ["remove n1 golden", "remove n2 golden"]
    assert quiet * 3 - 30 <= clock.now - begun < quiet * 3, "so long after the last one"


def test_what_cannot_be_removed_is_tried_again_by_whoever_called(fake: FakeMachines) -> None:
    fake.add("n1", "golden", description="set=abc")
    fake.fail["remove", "n1"] = "locked"
    with pytest.raises(PlatformError, match="n1: locked"):
        forget(PARAMS, {}, "set=abc")
    assert fake.closed


@pytest.mark.parametrize(("raised", "said"), [
    (None, ["start", "dismiss"]), (PlatformError("n1: no"), ["start", "dismiss"]),
    (PlatformError("n1: no", changed=True), ["start", "hand over"]), (Unknown("n1: is not known"), ["start", "hand over"]),
    (ValueError("a fault of ours"), ["start", "hand over"]),
    (KeyboardInterrupt(), ["start", "hand over"]), (SystemExit(1), ["start", "hand over"])])
def test_the_guardian_is_told_how_it_ended(guards: Any, raised: BaseException | None, said: list[str]) -> None:
    try:
        with guarded(PARAMS, Job(), "set=abc"):
            if raised:
                raise raised
    except BaseException as e:
        assert e is raised
    assert guards.said == said


def test_the_guardian_has_the_mark_and_an_hour_at_least(fake: FakeMachines, guards: Any,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(snapshot_guard, "forget", lambda *args: seen.append(args))
    for timeout in (60, 7200, None):
        with guarded({**PARAMS, "timeout": timeout}, Job(environ={"A": "b"}), "set=abc"):
            guards.clean()
    assert [(params["timeout"], environ, mark) for params, environ, mark in seen] == [
        (3600.0, {"A": "b"}, "set=abc"), (7200.0, {"A": "b"}, "set=abc"), (3600.0, {"A": "b"}, "set=abc")]


def test_what_an_interrupted_task_had_begun_is_left_to_the_guardian(run: Any, fake: FakeMachines, guards: Any,
                                                                    clock: Clock) -> None:
    def stop(verb: str, name: str) -> None:
        if name == "n3":
            raise KeyboardInterrupt

    fake.on, fake.seconds["take"] = stop, 50
    fake.add("n1", "before")
    with pytest.raises(KeyboardInterrupt):
        run("vm_snapshot", snapshot_name="golden")
    assert guards.said == ["start", "hand over"]
    clock.sleep(60)
    assert fake.names == {"n1": ["before", "golden"], "n2": ["golden"], "n3": []}, "the platform went on"
    guards.clean()
    assert fake.names == {"n1": ["before"], "n2": [], "n3": []}


# ---- pruning ----------------------------------------------------------------------------------------------------
def prune(run: Any, check: bool = False, **options: Any) -> list[str]:
    done = run("vm_snapshot_prune", check=check, names=["n1"], **options)
    assert not done.get("failed"), done
    return [r["name"] for r in done["removed"]]


@pytest.fixture
def history(fake: FakeMachines) -> FakeMachines:
    """Ours, a day apart, the machine's disks on none of them; and one of somebody else."""
    for days in (5, 4, 3, 2, 1):
        fake.add("n1", f"night-{days}", days=days, description="assay.clusters cluster=prod", current=False)
    fake.add("n1", "backup", days=9, description="by another program", current=False)
    return fake


@pytest.mark.parametrize(("options", "expected"), [
    ({"keep": 2}, {"night-3", "night-4", "night-5"}), ({"keep": 0}, {f"night-{n}" for n in range(1, 6)}), ({"keep": 9}, set()),
    ({"older_than_days": 2.5}, {"night-3", "night-4", "night-5"}), ({"keep": 4, "older_than_days": 2.5}, {"night-5"}),
    ({"pattern": "*-[12]"}, {"night-1", "night-2"}), ({"keep": 0, "cluster": "prod"}, {f"night-{n}" for n in range(1, 6)}),
    ({"keep": 0, "cluster": "pro"}, set()), ({"pattern": "back*"}, set()),
    ({"pattern": "back*", "ours_only": False}, {"backup"}),
])
def test_what_is_pruned(run: Any, history: FakeMachines, options: dict[str, Any], expected: set[str]) -> None:
    before = set(history.names["n1"])
    assert set(prune(run, check=True, **options)) == expected and history.calls == []
    assert set(prune(run, **options)) == expected and set(history.names["n1"]) == before - expected


def test_what_the_disks_stand_on_stays_and_children_go_first(run: Any, fake: FakeMachines) -> None:
    first, second = fake.add("n1", "a", "b", days=1, description="assay.clusters")
    fake.add("n1", "c", days=1, description="assay.clusters", parent=second, current=False)
    fake.add("n1", "d", days=1, description="assay.clusters", parent="s-3", current=False)
    assert prune(run, keep=0) == ["d", "c"] and fake.names["n1"] == ["a", "b"]
    assert prune(run, keep=0, allow_current=True) == ["b", "a"] and first == "s-1"


def test_the_others_are_pruned_though_one_cannot_be(run: Any, fake: FakeMachines) -> None:
    for name in PARAMS["names"]:
        fake.add(name, "old", days=1, description="assay.clusters", current=False)
        fake.set(name, consolidate=name == "n3")
    fake.fail["remove", "n1"] = "locked"
    failed = run("vm_snapshot_prune", keep=0)
    assert failed["failed"] and failed["changed"] and failed["msg"] == "n1: locked"
    assert fake.names == {"n1": ["old"], "n2": [], "n3": []} and "consolidate n3" in fake.calls


def test_pruning_that_takes_too_long_goes_on_next_time(run: Any, history: FakeMachines) -> None:
    history.seconds["remove"] = 40
    failed = run("vm_snapshot_prune", names=["n1"], keep=0, timeout=60)
    assert failed["changed"] and failed["msg"] == "the time was up while waiting for n1; run it again, it goes on"
    history.seconds.clear()
    assert run("vm_snapshot_prune", names=["n1"], keep=0)["changed"] and history.names["n1"] == ["backup"]
