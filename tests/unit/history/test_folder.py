# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A history in a folder: written once, read by anybody, removed by age."""
from __future__ import annotations

import errno
import json
import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.history import entry, folder
from ansible_collections.assay.clusters.plugins.module_utils.history.folder import Folder, name_of
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption
from ansible_collections.assay.clusters.tests.unit.history.histories import NOW, as_results, result, run


def test_what_was_written_is_read_again_in_the_order_of_time(tmp_path: Path) -> None:
    there = Folder(tmp_path / "h")
    given = [run("b", "dns", 1, "v2"), run("a", "", 2), run("a", {"nodes": "x.y"}, 3)]
    assert all(map(there.add, given))
    assert there.read() == (given[::-1], []) and there.read(NOW - timedelta(hours=1.5))[0] == given[:1]


def test_a_run_is_written_once_whoever_comes_second(tmp_path: Path) -> None:
    there, one = Folder(tmp_path), run("a", run_id="0badcafe")
    other = run("a", "dns", run_id="0badcafe")
    assert there.lacks([one]) == [one] and there.add(one) and not there.add(other) and there.lacks([other]) == []
    assert there.read()[0] == [one] and not list(tmp_path.glob("*/.*")), "nothing half-written stays"


def test_a_writer_that_dies_leaves_nothing_that_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_a: Any) -> None:
        raise KeyboardInterrupt

    there = Folder(tmp_path)
    monkeypatch.setattr(folder.os, "link", die)
    with pytest.raises(KeyboardInterrupt):
        there.add(run("a"))
    assert there.names() == [] and list(tmp_path.glob("a/*")) == []


def test_a_file_system_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_a: Any) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(folder.os, "link", refuse)
    there, one = Folder(tmp_path, 0o640), run("a")
    assert there.add(one) and not there.add(one) and there.read()[0] == [one]
    assert [stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "a").iterdir()] == [0o640]


@pytest.mark.parametrize(("mode", "of_folder"), [(0o600, 0o700), (0o640, 0o750), (0o644, 0o755)])
def test_who_may_read_is_chosen(tmp_path: Path, mode: int, of_folder: int) -> None:
    one, before = run("a"), os.umask(0o077)
    try:
        Folder(tmp_path / "new/h", mode).add(one)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new/h" / name_of(one)).stat().st_mode) == mode
    assert {stat.S_IMODE((tmp_path / p).stat().st_mode) for p in ("new", "new/h", "new/h/a")} == {of_folder}


@pytest.mark.parametrize("cluster", ["a/../../b", "..", "", "prod eu", ".hidden", "x" * 300])
def test_no_name_of_a_cluster_leads_out_of_the_folder(tmp_path: Path, cluster: str) -> None:
    there, one = Folder(tmp_path / "h"), run(cluster, run_id="../../etc/x")
    assert there.add(one) and there.read()[0] == [one] and there.names() == [name_of(one)]
    assert {p.parent.parent for p in tmp_path.rglob("*.json")} == {tmp_path / "h"}


def test_files_that_are_no_runs_are_told_and_left(tmp_path: Path) -> None:
    there, one = Folder(tmp_path), run("a", hours=1)
    there.add(one)
    for name, text in {"20261101T000000Z-1.json": "{", "20261101T000001Z-2.json": "[]", "20261101T000002Z-3.json": '{"format": 9}',
                       "20261101T000003Z-4.json": '{"format": 1, "cluster": "a"}', "notes.json": "{", ".20261101T000000Z-1.json": "x"}.items():
        (tmp_path / "a" / name).write_text(text)
    found, problems = there.read()
    assert found == [one] and len(problems) == 5
    assert problems[4] == f"{tmp_path}: 1 file of another name than runs have, passed over: a/notes.json"
    assert "is no run in format 1 of the history" in problems[1] and "is no whole run: KeyError" in problems[3]
    there.remove(there.old(NOW - timedelta(days=1)))
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == sorted([name_of(one).partition("/")[2], "notes.json", ".20261101T000000Z-1.json"])


def test_fields_of_later_versions_are_ignored(tmp_path: Path) -> None:
    data = run("a", "dns").to_dict()
    data["results"][0]["new"], data["newer"] = 1, {}
    assert entry.of_dict(json.loads(json.dumps(data))) == entry.of_dict(data)


def test_old_runs_go_and_empty_folders_with_them(tmp_path: Path) -> None:
    there = Folder(tmp_path)
    old, young, gone = run("a", hours=50), run("a", hours=2), run("b", hours=60)
    for one in (old, young, gone):
        there.add(one)
    names = there.old(NOW - timedelta(hours=49))
    assert names == [name_of(gone), name_of(old)]
    there.remove([*names, "b/20200101T000000Z-1.json"])
    assert there.read()[0] == [young] and sorted(p.name for p in tmp_path.iterdir()) == ["a"]


def test_what_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadOption, match="^path: .*/file is no folder$"):
        Folder(tmp_path / "file")
    with pytest.raises(BadOption, match=r"^path: .*\.json cannot be written: .*/file is no folder$"):
        Folder(tmp_path / "file" / "below").add(run("a"))


def test_a_folder_that_somebody_removes_meanwhile_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As another controller does that finds it empty."""
    there, one, made = Folder(tmp_path), run("a"), []

    def removed(folder: Path) -> None:
        make(folder)
        if folder.name == "a":
            made.append(folder)
            if len(made) < 4:
                folder.rmdir()

    make = there._make
    monkeypatch.setattr(there, "_make", removed)
    assert there.add(one) and there.read()[0] == [one] and len(made) == 4


@pytest.mark.parametrize("first", [True, False], ids=["its_own", "of_one_that_was_faster"])
def test_a_folder_is_removed_between_any_two_steps_of_making_it(first: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, one, made, make = Folder(tmp_path), run("a"), [], Path.mkdir

    def removed(folder: Path) -> None:
        make(folder)
        made.append(folder)
        if len(made) < 4:
            folder.rmdir()
            if not first:
                raise FileExistsError(folder)

    monkeypatch.setattr(Path, "mkdir", removed)
    assert there.add(one) and there.read()[0] == [one] and len(made) == 4


def test_a_folder_that_is_not_empty_any_more_stays(tmp_path: Path) -> None:
    there, old, one = Folder(tmp_path), run("a", hours=60), run("a")
    there.add(old)
    (tmp_path / "a/.half-written").write_text("")
    there.remove([name_of(old)])
    assert there.add(one) and there.names() == [name_of(one)]


def test_of_a_run_is_kept_who_when_and_how_and_no_evidence() -> None:
    given = as_results(run("a", {"dns": "dns.server-down"}, uid="u1", version="v1.36.1"))
    given["records"][0] |= {"evidence": ["10.0.0.1 said secret things"], "observed": {"x": 1}, "remedy": "do"}
    kept = entry.of_run(given, "abc123")
    assert kept and (kept.cluster, kept.uid, kept.version, kept.change, kept.bad) == ("a", "u1", "v1.36.1", "abc123", True)
    assert "evidence" not in json.dumps(kept.to_dict()) and "secret things" not in json.dumps(kept.to_dict())
    assert entry.of_run({**given, "started": ""}) is None and entry.of_run({**given, "run_id": ""}) is None


def test_stages_that_failed_of_a_check_do_not_count_beside_it() -> None:
    stage = entry.Result("validate", "stages", "failed", "x.y")
    of_check = entry.of_run(as_results(run("a", "dns", results=(stage, result("dns", "failed", "dns.x")))))
    alone = entry.of_run(as_results(run("a", "x", results=(stage, result("dns")))))
    assert of_check and [r.check for r in of_check.results] == ["dns"]
    assert alone and [r.check for r in alone.results] == ["validate", "dns"] and alone.bad
