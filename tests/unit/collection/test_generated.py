# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What make generate writes is what is there."""
from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from tests.setup import generate
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
