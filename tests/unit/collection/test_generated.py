# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What make generate writes is what is there."""
from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from tests.setup import generate
from tests.setup.causes import is_named
from tests.setup.generate import texts

FILES, PROBLEMS = generate.files()
ROOT = Path(__file__).resolve().parents[3]


def test_every_check_has_its_text() -> None:
    assert PROBLEMS == []


@pytest.mark.parametrize("path", sorted(FILES))
def test_a_generated_file_is_as_generated(path: str) -> None:
    found = (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).is_file() else ""
    differs = list(difflib.unified_diff(found.splitlines(), FILES[path].splitlines(), path, "make generate", lineterm="", n=1))
    assert not differs, "\n".join(differs)


@pytest.mark.parametrize("name", sorted(texts.checks()[0]))
def test_a_text_lists_causes_that_something_can_name(name: str) -> None:
    causes = texts.text(name).causes
    assert causes and [c for c in causes if not is_named(c)] == [] and len(causes) == len(set(causes))
