# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A folder as a store: files whole or not at all, conditions as a bucket has them, nothing left by killed runs."""
from __future__ import annotations

import fcntl
import os
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.stores import prepared
from ansible_collections.assay.clusters.plugins.module_utils.stores.folder import FolderStore
from ansible_collections.assay.clusters.plugins.module_utils.publish.job import entry
from ansible_collections.assay.clusters.plugins.module_utils.stores.prepared import Work
from ansible_collections.assay.clusters.plugins.module_utils.stores.store import ABSENT, Conflict
from tests.unit.publish.builders import FIRST, e2e, options


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "deep/job")


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    (tmp_path / "work").mkdir()
    yield Work(tmp_path / "work")


def test_a_file_is_written_and_read(store: FolderStore, work: Work, tmp_path: Path) -> None:
    assert store.folders() == [] and store.files("1") == {} and store.get("1/a") is None and not store.copy("1/a", print)
    store.put("1/artifacts/a", work.text("a", "one"))
    assert (store.folders(), store.files("1"), store.get("1/artifacts/a")[0]) == (["1"], {"artifacts/a": 3}, b"one")
    assert store.at("1/a") == str(tmp_path / "deep/job/1/a")


def test_all_files_are_listed_and_one_that_is_gone_may_be_deleted(store: FolderStore, work: Work) -> None:
    store.put("a", work.text("a", "one"))
    store.put("1/b", work.text("b", "two"))
    assert store.files("") == {"a": 3, "1/b": 3}
    store.delete("1/b")
    store.delete("1/b")
    assert store.files("") == {"a": 3}


def test_conditions_are_those_of_a_bucket(store: FolderStore, work: Work) -> None:
    store.put("latest", work.text("latest", "1"), ABSENT)
    with pytest.raises(Conflict):
        store.put("latest", work.text("latest", "2"), ABSENT)
    tag = store.get("latest")[1]
    store.put("latest", work.text("latest", "2"), tag)
    with pytest.raises(Conflict):
        store.put("latest", work.text("latest", "3"), tag)
    assert store.get("latest")[0] == b"2"


def test_of_many_that_write_at_once_one_is_first(store: FolderStore, work: Work, tmp_path: Path) -> None:
    files = [work.text("a", str(n)) for n in range(8)]
    first: list[int] = []
    wrong: list[Exception] = []
    barrier = threading.Barrier(len(files))

    def write(number: int) -> None:
        barrier.wait()
        try:
            store.put("1/started.json", files[number], ABSENT)
            first.append(number)
        except Conflict:
            pass
        except PlatformError as e:
            wrong.append(e)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(len(files))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and len(first) == 1 and store.get("1/started.json")[0] == str(first[0]).encode()
    assert [p.name for p in (tmp_path / "deep/job/1").iterdir()] == ["started.json"]


def test_what_a_killed_run_was_writing_goes_with_the_next_file_and_what_one_writes_stays(store: FolderStore, work: Work, tmp_path: Path) -> None:
    folder = tmp_path / "deep/job/1"
    folder.mkdir(parents=True)
    (folder / ".assay-part-dead").write_text("half")
    with (folder / ".assay-part-alive").open("w") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        store.put("1/a", work.text("a", "one"))
        assert sorted(p.name for p in folder.iterdir()) == [".assay-part-alive", "a"] and store.files("1") == {"a": 3}


def test_a_file_that_was_taken_for_a_dead_ones_is_made_again(store: FolderStore, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tempfile.mkstemp
    seen: list[str] = []

    def taken(**where: str) -> tuple[int, str]:
        handle, name = made(**where)
        seen.append(name)
        if len(seen) == 1:
            os.unlink(name)
        return handle, name

    monkeypatch.setattr(tempfile, "mkstemp", taken)
    store.put("1/a", work.text("a", "one"))
    assert store.files("1") == {"a": 3} and len(seen) == 2


def test_a_file_is_as_readable_as_others_of_the_user(store: FolderStore, work: Work, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        store.put("a", work.text("a", "one"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "deep/job/a").stat().st_mode) == 0o640


def test_a_folder_in_which_nothing_was_written_is_no_build(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "deep/job/7/artifacts").mkdir(parents=True)
    (tmp_path / "deep/job/7/.assay-part-dead").write_text("half")
    assert store.folders() == []


def test_what_stands_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / str(FIRST)).write_text("a file")
    with pytest.raises(PlatformError, match=f"{tmp_path}/job/{FIRST}/started.json cannot be written or read"):
        entry(options(e2e(tmp_path / "src"), dest=str(tmp_path / "job")), Job(environ={}))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(prepared.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    return tmp_path / "tmp"


def test_the_work_folder_is_for_this_user_and_gone_afterwards(temporary: Path) -> None:
    with prepared.work() as work:
        work.text("a", "one")
        [folder] = temporary.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(temporary.iterdir()) == []


def test_work_folders_of_killed_runs_go_and_those_in_use_stay(temporary: Path) -> None:
    for name in ("assay-publish-dead", "assay-publish-used", "other"):
        (temporary / name).mkdir()
        os.utime(temporary / name, (FIRST, FIRST))
    (temporary / "assay-publish-young").mkdir()
    handle = os.open(temporary / "assay-publish-used", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with prepared.work():
        assert all((temporary / n).is_dir() for n in ("assay-publish-used", "assay-publish-young", "other"))
        assert not (temporary / "assay-publish-dead").exists()
    os.close(handle)
