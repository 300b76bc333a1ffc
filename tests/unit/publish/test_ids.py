# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ids of builds: they only grow, each is of one run, and a run has one."""
from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from tests.unit.publish.builders import DAY, FIRST, Memory, e2e, one, publish
from tests.unit.runs.builders import BAD


@pytest.fixture
def store(tmp_path: Path) -> Memory:
    """Has the run of the third day."""
    out = Memory()
    one(out, e2e(tmp_path / "third", day=2))
    return out


THIRD = FIRST + 2 * DAY


def test_a_newer_run_has_its_start_as_id(store: Memory, tmp_path: Path) -> None:
    assert one(store, e2e(tmp_path / "new", day=3))["build_id"] == str(FIRST + 3 * DAY) == store.text("latest-build.txt")


def test_a_run_that_comes_late_has_the_next_id_and_its_own_start(store: Memory, tmp_path: Path) -> None:
    build = one(store, e2e(tmp_path / "late"))
    assert build["build_id"] == str(THIRD + 1) == store.text("latest-build.txt")
    assert store.json(f"{THIRD + 1}/started.json")["timestamp"] == FIRST
    assert any("has the next id" in n for n in build["notes"])


def test_a_run_that_came_late_is_found_again(store: Memory, tmp_path: Path) -> None:
    one(store, e2e(tmp_path / "late"))
    again = publish(store, e2e(tmp_path / "late"))
    assert not again["changed"] and again["builds"][0]["build_id"] == str(THIRD + 1)


def test_a_run_that_came_late_and_was_cut_is_completed(store: Memory, tmp_path: Path) -> None:
    one(store, e2e(tmp_path / "late"))
    del store.held[f"{THIRD + 1}/finished.json"]
    one(store, e2e(tmp_path / "newer", day=5))
    build = one(store, e2e(tmp_path / "late"))
    assert (build["build_id"], build["action"], build["latest"]) == (str(THIRD + 1), "complete", False)
    assert store.text("latest-build.txt") == str(FIRST + 5 * DAY)


def test_with_its_own_id_it_is_not_the_newest_and_that_is_said(store: Memory, tmp_path: Path) -> None:
    build = one(store, e2e(tmp_path / "late"), late="own")
    assert (build["build_id"], build["latest"], store.text("latest-build.txt")) == (str(FIRST), False, str(THIRD))
    assert any("TestGrid does not show it" in n for n in build["notes"])


@pytest.mark.parametrize("check", [False, True])
def test_late_runs_can_be_refused(store: Memory, tmp_path: Path, check: bool) -> None:
    held = dict(store.held)
    with pytest.raises(PlatformError, match=f"{FIRST} is not newer than {THIRD}"):
        publish(store, e2e(tmp_path / "late"), late="refuse", check=check)
    assert store.held == held


def test_two_runs_of_the_same_second_are_two_builds(store: Memory, tmp_path: Path) -> None:
    assert one(store, e2e(tmp_path / "other", day=2, cases=BAD))["build_id"] == str(THIRD + 1)
    assert store.json(f"{THIRD}/finished.json")["passed"] and not store.json(f"{THIRD + 1}/finished.json")["passed"]


def test_with_own_ids_the_second_run_of_a_second_is_refused(store: Memory, tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="is another run's, which began in the same second"):
        publish(store, e2e(tmp_path / "other", day=2, cases=BAD), late="own")


@pytest.mark.parametrize(("build_id", "late", "sentence"), [
    (THIRD, "next", "^build_id: .* is another run's; there is never a second build under one id"),
    (THIRD, "own", "^build_id: .* is another run's; there is never a second build under one id"),
    (7, "next", "^build_id: 7 is not greater than"), (7, "refuse", "^build_id: 7 is not greater than")])
def test_an_id_that_cannot_be_is_refused(store: Memory, tmp_path: Path, build_id: int, late: str, sentence: str) -> None:
    held = dict(store.held)
    with pytest.raises(PlatformError, match=sentence):
        publish(store, e2e(tmp_path / "other", day=3), build_id=str(build_id), late=late)
    assert store.held == held


def test_an_id_of_its_own(store: Memory, tmp_path: Path) -> None:
    longer = "1876543210987654321"
    assert one(store, e2e(tmp_path / "prow", day=3), build_id=longer)["build_id"] == longer == store.text("latest-build.txt")
    assert one(store, e2e(tmp_path / "prow", day=3), build_id=longer)["action"] == "keep"
    assert one(store, e2e(tmp_path / "after", day=4))["build_id"] == str(int(longer) + 1)


def test_numbers_are_compared_as_numbers_and_other_folders_are_none(tmp_path: Path) -> None:
    store = Memory()
    for folder in ("999999999", "99999999999x", "old", ".trash"):
        store.place(f"{folder}/started.json", b"{}")
    assert one(store, e2e(tmp_path / "first"))["build_id"] == str(FIRST)
    assert one(store, e2e(tmp_path / "earlier", cases=BAD))["build_id"] == str(FIRST + 1)


def test_an_id_that_is_taken_meanwhile_is_left_to_who_was_faster(store: Memory, tmp_path: Path) -> None:
    new = FIRST + 3 * DAY

    def faster(_number: int, key: str) -> None:
        if key == f"{new}/started.json" and key not in store.held:
            store.place(key, b'{"timestamp": 1}')

    store.before = faster
    assert one(store, e2e(tmp_path / "new", day=3))["build_id"] == str(new + 1)
    assert store.text(f"{new}/started.json") == '{"timestamp": 1}'


def test_a_write_whose_answer_was_lost_is_known_for_our_own(store: Memory, tmp_path: Path) -> None:
    """The second try meets the first one's file."""
    seen: list[str] = []

    put = store.put

    def lost(key: str, file: object, expect: str | None = None) -> None:
        put(key, file, expect)
        if expect is not None and key not in seen:
            seen.append(key)
            put(key, file, expect)

    store.put = lost
    build = one(store, e2e(tmp_path / "new", day=3))
    assert len(seen) == 3 and build["build_id"] == str(FIRST + 3 * DAY) == store.text("latest-build.txt") and build["latest"]


def test_the_newest_never_goes_back(store: Memory, tmp_path: Path) -> None:
    newer = str(FIRST + 9 * DAY)

    def faster(_number: int, key: str) -> None:
        if key == "latest-build.txt":
            store.place(key, newer.encode())

    store.before = faster
    build = one(store, e2e(tmp_path / "new", day=3))
    assert store.text("latest-build.txt") == newer and not build["latest"] and "latest-build.txt" not in build["written"]


def test_what_is_no_number_in_the_newest_is_replaced(store: Memory, tmp_path: Path) -> None:
    store.place("latest-build.txt", b"none\n")
    assert one(store, e2e(tmp_path / "new", day=3))["latest"]
