# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Half a set that a killed task leaves is removed, with what shows up later, and nothing else."""
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
