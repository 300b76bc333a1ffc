# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A checkout of one module and its tests, with a list of mutants for it."""
from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

CODE = '''BOUND = 3


def small(n):
    if n is None:
        return False
    return n < BOUND


def steps(n):
    taken = 0
    while n > 0:
        n -= 1
        taken += 1
    return taken
'''
TESTS = '''from ansible_collections.assay.clusters.plugins import x


def test_two_is_small():
    assert x.small(2)


def test_nothing_is_not_small():
    assert not x.small(None)


def test_one_step():
    assert x.steps(1) == 1
'''


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    root = tmp_path / "checkout"
    for name, text in (("plugins/x.py", CODE), ("tests/test_x.py", TESTS), ("pytest.ini", "[pytest]\n")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


Given = Callable[..., Path]


@pytest.fixture
def given(tmp_path: Path) -> Given:
    """A folder with one list of these mutants; what they do not say is filled in."""
    def make(*mutants: dict[str, Any], **more: Any) -> Path:
        folder = tmp_path / "lists"
        folder.mkdir(exist_ok=True)
        filled = [{"id": f"M{i}", "file": "plugins/x.py", **m} for i, m in enumerate(mutants, 1)]
        text = yaml.safe_dump({"tests": ["tests"], "mutants": filled, **more}, sort_keys=False)
        (folder / "room.yml").write_text(text, encoding="utf-8")
        return folder
    return make
