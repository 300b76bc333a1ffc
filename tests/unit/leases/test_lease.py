# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lease of a cluster, on both places: never two holders, expiry and takeover, slow changes."""
from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.leases.lease import Keeper, Lease, Wish
from tests.fakes.clock import Clock

from .lease_tasks import Put

pytestmark = pytest.mark.usefixtures("clock")


def test_a_free_lease_is_taken_once_and_kept(task: Put) -> None:
    first = task("present", "a", reason="nightly")
    assert first["changed"] and first["held"] and first["lease"]["holder"] == "a" and first["lease"]["takeovers"] == 0
    assert task.lines == [], "the result says it"
    again = task("present", "a")
    assert not again["changed"] and again["held"] and again["lease"]["reason"] == "nightly"


def test_another_is_told_who_holds_it(task: Put) -> None:
    task("present", "a", reason="nightly")
    error = task.fails("present", "b")
    assert "held by a (nightly) since 20" in str(error) and "expires in" in str(error)
    assert error.details["lease"]["holder"] == "a"


# ---- never two ----------------------------------------------------------------------------------------------------
def _turn(place: Any, holder: str) -> tuple[Lease, str]:
    """What a contender would write who looks now, and the version that he saw."""
    seen = place.read()
    return Lease(holder, f"token of {holder}", seen.now, seen.now, 60), seen.version


@pytest.mark.parametrize("held", [False, True])
def test_of_two_that_saw_the_same_one_writes(task: Put, held: bool) -> None:
    if held:
        task("present", "before")
    one, two = task.place(), task.place()
    first, second = _turn(one, "one"), _turn(two, "two")
    assert first[1] == second[1] and bool(first[1]) is held
    assert one.write(*first) and not two.write(*second)
    assert task.place().read().lease.holder == "one"


def test_what_was_renewed_since_one_looked_is_not_removed(task: Put) -> None:
    task("present", "a")
    late = task.place()
    seen = late.read()
    task("renewed", "a")
    assert not late.remove(seen.version)
    assert task("renewed", "a")["held"]


def test_what_was_released_since_one_looked_is_not_written_over_the_next_holder(task: Put) -> None:
    task("present", "a")
    late = task.place()
    turn = _turn(late, "late")
    task("absent", "a")
    assert not late.write(*turn) and not task.place().read().lease
    task("present", "b")
    assert not late.write(*turn) and not late.remove(turn[1]) and task("renewed", "b")["held"]


def test_who_loses_the_race_waits_for_the_winner(task: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both saw a free lease; the other one was faster."""
    read, faster = task.kind.read, ["b"]

    def overtaken(place: Any) -> Any:
        seen = read(place)
        if faster:
            task("present", faster.pop())
        return seen

    monkeypatch.setattr(task.kind, "read", overtaken)
    assert "held by b" in str(task.fails("present", "a"))


def test_a_renewal_that_another_of_the_same_turn_overtook_is_made_again(task: Put, clock: Clock,
                                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    """As the heartbeat does between a task's look and its change."""
    held = Keeper(task.place(), Job()).acquire(Wish("a", 60)).lease
    read, faster = task.kind.read, [True]

    def overtaken(place: Any) -> Any:
        seen = read(place)
        if faster and faster.pop():
            clock.sleep(1)
            Keeper(task.place(), Job()).renew("a", 60, held.token)
        return seen

    monkeypatch.setattr(task.kind, "read", overtaken)
    assert task("renewed", "a", duration=600)["lease"]["duration"] == 600
    assert task.place().read().lease.duration == 600


# ---- the end of a lease -------------------------------------------------------------------------------------------
def test_waiting_ends_with_the_time_for_it(task: Put, clock: Clock) -> None:
    task("present", "a", duration=30)
    assert "waited 5 s" in str(task.fails("present", "b", wait=True, wait_timeout=5))
    assert clock.passed == pytest.approx(5)


def test_waiting_ends_with_the_release(task: Put, clock: Clock) -> None:
    task("present", "a", duration=30)
    clock.after(5, lambda: task("absent", "a"))
    taken = task("present", "b", wait=True, wait_timeout=20)
    assert taken["changed"] and "before" not in taken and clock.passed < 20


@pytest.mark.parametrize("wait", [0, 300])
def test_what_expired_is_taken_over_and_lost_to_the_former(task: Put, clock: Clock, wait: float) -> None:
    task("present", "a", duration=60)
    clock.sleep(0 if wait else 61)
    taken = task("present", "b", wait=wait > 0, wait_timeout=wait)
    assert taken["changed"] and taken["before"]["holder"] == "a" and taken["lease"]["takeovers"] == 1
    assert "taken over: it was held by a" in taken["msg"] and clock.passed >= 61
    assert "a does not hold it" in str(task.fails("renewed", "a"))
    late = task("absent", "a")
    assert not late["changed"] and "held by b" in late["msg"]
    assert task("renewed", "b")["held"]


def test_clocks_may_be_a_second_apart(task: Put, clock: Clock) -> None:
    """Nobody takes over before a second after the end: the holder may be about to renew by a clock that is behind."""
    task("present", "a", duration=60)
    clock.sleep(60.5)
    assert "held by a" in str(task.fails("present", "b"))
    assert task("renewed", "a", duration=60)["held"]


def test_renewal_keeps_it(task: Put, clock: Clock) -> None:
    task("present", "a", duration=60)
    for _turn in range(4):
        clock.sleep(50)
        done = task("renewed", "a", duration=60)
        assert not done["changed"] and "expired" not in done["msg"] and task.lines == []
        task.fails("present", "b")


def test_a_renewal_after_the_end_says_so(task: Put, clock: Clock) -> None:
    """Nobody took it meanwhile, but somebody might have."""
    task("present", "a", duration=60)
    clock.sleep(600)
    said = task("renewed", "a", duration=60)["msg"]
    assert said.endswith("is renewed by a, after it had expired") and task.lines == [said]
    task.fails("present", "b")


def test_nobody_s_lease_is_not_renewed_nor_released(task: Put) -> None:
    assert "held by nobody" in str(task.fails("renewed", "a"))
    assert not task("absent", "a")["changed"]


def test_force_releases_the_lease_of_another(task: Put) -> None:
    task("present", "a")
    assert not task("absent", "b")["changed"]
    forced = task("absent", "b", force=True)
    assert forced["changed"] and "by force; it was held by a" in forced["msg"]
    assert task("present", "b")["changed"]


def test_check_mode_changes_nothing(task: Put) -> None:
    assert task("present", "a", check_mode=True)["changed"]
    assert task("present", "b")["changed"]
    task.fails("present", "a", check_mode=True)
    assert task("absent", "b", check_mode=True)["changed"]
    assert not task("present", "b")["changed"]


@pytest.mark.parametrize(("more", "words"), [({"holder": " "}, "holder: must not be empty"), ({"duration": 1}, "duration:"),
                                             ({"wait_timeout": -1}, "wait_timeout:"), ({"heartbeat": True}, "heartbeat: needs a local")])
def test_wrong_options_are_one_sentence(task: Put, more: dict[str, Any], words: str) -> None:
    with pytest.raises(BadOption, match=words):
        task("present", **{"holder": "a", **more})


# ---- slow changes -------------------------------------------------------------------------------------------------
def test_a_change_that_took_long_is_not_held_on_its_last_leg(task: Put, clock: Clock,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    """The duration counts from the look before the change."""
    slow, write = [31], task.kind.write

    def late(*given: Any) -> bool:
        written = write(*given)
        clock.sleep(slow.pop() if slow else 0)
        return written

    monkeypatch.setattr(task.kind, "write", late)
    began = clock.time()
    done = task("present", "a", duration=60)
    assert done["changed"] and "before" not in done
    assert datetime.datetime.fromisoformat(done["lease"]["renewed"]).timestamp() == began + 31
    slow += [31] * 9
    assert "give a longer duration" in str(task.fails("present", "a", duration=60))


def test_what_was_taken_during_a_slow_change_is_not_held(task: Put, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    stalled, write = [True], task.kind.write

    def late(*given: Any) -> bool:
        written = write(*given)
        if stalled and stalled.pop():
            clock.sleep(90)  # longer than the lease lasts
            assert task("present", "b", duration=60)["before"]["holder"] == "a"
        return written

    monkeypatch.setattr(task.kind, "write", late)
    assert "held by b" in str(task.fails("present", "a", duration=60))
