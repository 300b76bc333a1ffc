# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A file is written whole or not at all, whoever reads it meanwhile."""
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import files


@pytest.fixture(autouse=True)
def usual_mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize(("given", "mode"), [({}, 0o600), ({"mode": 0o666}, 0o644)], ids=["owner", "umask"])
def test_it_takes_the_place_of_what_was_there(tmp_path: Path, given: dict[str, int], mode: int) -> None:
    path = tmp_path / "state.json"
    path.write_text("old", encoding="utf-8")
    with path.open(encoding="utf-8") as reader:
        files.write_whole(path, "new", **given)
        assert reader.read() == "old"
    assert path.read_text(encoding="utf-8") == "new" and path.stat().st_mode & 0o777 == mode
    assert os.listdir(tmp_path) == ["state.json"]


@pytest.mark.parametrize("text", ["half\ud800", "whole"], ids=["while-written", "while-renamed"])
def test_what_fails_changes_nothing_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text("old", encoding="utf-8")

    def refuse(*_names: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(files.os, "replace", refuse)
    with pytest.raises((OSError, UnicodeError)):
        files.write_whole(path, text)
    assert path.read_text(encoding="utf-8") == "old" and os.listdir(tmp_path) == ["state.json"]


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(files.os, "fsync", lambda _handle: done.append("synced"))
    monkeypatch.setattr(files.os, "replace", lambda *_names: done.append("named"))
    files.write_whole(tmp_path / "lease", "x", durable=True)
    assert done == ["synced", "named"]


def test_a_name_as_long_as_names_may_be(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    files.write_whole(path, "x")
    assert path.read_text(encoding="utf-8") == "x"


def test_what_others_read_has_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        files.write_shown(tmp_path / "shown", "x", 0o644)
        files.write_whole(tmp_path / "usual", "x", 0o666)
    finally:
        os.umask(before)
    assert [(tmp_path / n).stat().st_mode & 0o777 for n in ("shown", "usual")] == [0o644, 0o600]


def test_half_a_character_is_written_escaped(tmp_path: Path) -> None:
    files.write_shown(tmp_path / "report", "x\ud83dy", 0o600)
    assert (tmp_path / "report").read_text() == "x\\ud83dy"
