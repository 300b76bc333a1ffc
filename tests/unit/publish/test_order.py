# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In which order a build gets to its place, and what is there when the upload ends before its end."""
from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from tests.unit.publish.builders import FIRST, Killed, Memory, e2e, one, publish, unfit

WHOLE = ["started.json", "build-log.txt", "artifacts/junit_01.xml", "finished.json", "latest-build.txt"]


@pytest.fixture
def store() -> Memory:
    return Memory()


def test_the_start_is_first_the_end_after_all_files_and_the_newest_last(store: Memory, tmp_path: Path) -> None:
    build = one(store, e2e(tmp_path))
    assert store.writes == [*(f"{FIRST}/{n}" for n in WHOLE[:-1]), WHOLE[-1]]
    assert build["written"] == WHOLE and build["action"] == "publish" and build["latest"]
    assert build["build_id"] == str(FIRST) == store.text("latest-build.txt")


def test_files_are_read_back_before_the_end_is_written(store: Memory, tmp_path: Path) -> None:
    seen: list[str] = []
    store.before = lambda _n, key: seen.extend(store.reads) if key.endswith("finished.json") else None
    one(store, e2e(tmp_path))
    assert {f"{FIRST}/{n}" for n in WHOLE[1:3]} <= set(seen)


@pytest.mark.parametrize("read_back", [True, False])
def test_what_is_not_what_was_written_is_never_finished(store: Memory, tmp_path: Path, read_back: bool) -> None:
    store.after = lambda _n, key: store.place(key, b"cut") if key.endswith("junit_01.xml") else None
    with pytest.raises(PlatformError, match="junit_01.xml is not what was written, so the build was not finished"):
        publish(store, e2e(tmp_path), read_back=read_back)
    assert f"{FIRST}/finished.json" not in store.held and "latest-build.txt" not in store.held


def test_published_again_it_changes_nothing(store: Memory, tmp_path: Path) -> None:
    one(store, e2e(tmp_path))
    held = dict(store.held)
    again = publish(store, e2e(tmp_path))
    assert not again["changed"] and again["builds"][0]["action"] == "keep" and again["builds"][0]["written"] == []
    assert store.held == held and again["builds"][0]["latest"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", range(len(WHOLE)))
def test_killed_at_any_write_it_is_completed_by_the_next_run(store: Memory, tmp_path: Path, write: int, after: bool) -> None:
    def kill(number: int, _key: str) -> None:
        if number == write + after:
            raise Killed

    setattr(store, "after" if after else "before", kill)
    with pytest.raises(Killed):
        publish(store, e2e(tmp_path))
    assert unfit(store.held) == []
    store.before = store.after = lambda _n, _key: None
    build = one(store, e2e(tmp_path))
    gone = write == 0 and not after
    assert build["action"] == ("publish" if gone else "keep" if write == len(WHOLE) - 1 and after else "complete")
    assert unfit(store.held) == [] and store.folders() == [str(FIRST)] and store.text("latest-build.txt") == str(FIRST)
    assert set(store.files(str(FIRST))) == set(WHOLE[:-1])


def test_a_half_written_file_of_a_build_that_is_not_finished_is_written_anew(store: Memory, tmp_path: Path) -> None:
    one(store, e2e(tmp_path))
    good = store.held[f"{FIRST}/build-log.txt"]
    del store.held[f"{FIRST}/finished.json"]
    store.place(f"{FIRST}/build-log.txt", b"half")
    assert one(store, e2e(tmp_path))["written"] == ["build-log.txt", "finished.json"]
    assert store.held[f"{FIRST}/build-log.txt"] == good


def test_a_finished_build_that_lost_a_file_gets_it_back(store: Memory, tmp_path: Path) -> None:
    one(store, e2e(tmp_path))
    del store.held[f"{FIRST}/artifacts/junit_01.xml"]
    assert one(store, e2e(tmp_path))["written"] == ["artifacts/junit_01.xml"]


@pytest.mark.parametrize("key", ["build-log.txt", "finished.json"])
@pytest.mark.parametrize("check", [False, True])
def test_a_finished_build_is_not_changed(store: Memory, tmp_path: Path, key: str, check: bool) -> None:
    one(store, e2e(tmp_path))
    store.place(f"{FIRST}/{key}", b'{"passed": false}')
    held = dict(store.held)
    with pytest.raises(PlatformError, match=f"{key} is of this run and differs .* a build that is finished is not changed"):
        publish(store, e2e(tmp_path), check=check)
    assert store.held == held


def test_a_run_with_other_metadata_is_no_second_build(store: Memory, tmp_path: Path) -> None:
    one(store, e2e(tmp_path))
    with pytest.raises(PlatformError, match="finished.json is of this run and differs"):
        publish(store, e2e(tmp_path), metadata={"platform": "konvoy"})
    assert store.folders() == [str(FIRST)]


def test_check_mode_says_what_would_be_done_and_writes_nothing(store: Memory, tmp_path: Path) -> None:
    planned = publish(store, e2e(tmp_path), check=True)
    assert store.held == {} and planned["changed"]
    done = publish(store, e2e(tmp_path))
    same = ("build_id", "action", "written", "files", "url", "verdict")
    assert [planned["builds"][0][n] for n in same] == [done["builds"][0][n] for n in same]
    del store.held[f"{FIRST}/finished.json"], store.held["latest-build.txt"]
    again = one(store, e2e(tmp_path), check=True)
    assert (again["action"], again["written"], again["latest"]) == ("complete", ["finished.json", "latest-build.txt"], False)


def test_what_was_published_before_a_failure_is_told(store: Memory, tmp_path: Path) -> None:
    e2e(tmp_path / "a")
    e2e(tmp_path / "b", day=1)

    def broken(_number: int, key: str) -> None:
        if key.startswith(str(FIRST + 86400)):
            raise PlatformError("the store is away")

    store.before = broken
    with pytest.raises(PlatformError, match="the store is away") as e:
        publish(store, tmp_path)
    assert e.value.details["changed"] and [b["build_id"] for b in e.value.details["builds"]] == [str(FIRST)]
