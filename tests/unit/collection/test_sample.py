# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `make test` runs of the faults is a sample: each cause that the gauntlet proves of an add-on is in it once."""
from __future__ import annotations

import ast
import functools
import importlib
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis import taxonomy
from tests.addons.at_once import ALONE, FAULTS

TESTS = Path(__file__).resolve().parents[2]
ROOMS = ("addons", "faults", "integration")


def _codes(node: ast.AST, named: dict[str, set[str]]) -> set[str]:
    """Causes that are written there, or in constants that are."""
    found: set[str] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value in taxonomy.CAUSES:
            found.add(one.value)
        elif isinstance(one, ast.Name):
            found |= named.get(one.id, set())
    return found


def _marked(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Attribute) and n.attr == "gauntlet" for n in ast.walk(node))


def _whole(decorators: list[ast.expr]) -> bool:
    """Whether a whole test is the gauntlet's, and not some of its parameters."""
    return any(_marked(d) for d in decorators if "parametrize" not in ast.unparse(d))


@functools.cache
def _proved() -> tuple[dict[str, list[str]], set[str]]:
    """Causes of tests of add-ons that are the gauntlet's alone, with those tests; causes of all that are not."""
    gauntlet: dict[str, list[str]] = {}
    sample: set[str] = set()
    for file in (f for room in ROOMS for f in sorted((TESTS / room).glob("test_*.py"))):
        body = ast.parse(file.read_text(encoding="utf-8")).body
        named = {"FAULTS": {*FAULTS}, "ALONE": {*ALONE}} if file.name in ("test_at_once.py", "test_alone.py") else {
            n.targets[0].id: _codes(n.value, {}) for n in body if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)}
        all_of_it = any(_marked(n.value) for n in body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "pytestmark")
        for test in (n for n in body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")):
            codes = _codes(test, named)
            if all_of_it or _whole(test.decorator_list):
                for code in codes if file.parent.name == "addons" else ():
                    gauntlet.setdefault(code, []).append(f"{file.stem}::{test.name}")
            else:
                sample |= codes
    return gauntlet, sample


def test_each_cause_that_the_gauntlet_proves_of_an_add_on_is_in_the_sample() -> None:
    gauntlet, sample = _proved()
    assert {c: tests for c, tests in sorted(gauntlet.items()) if c not in sample} == {}


def test_a_cause_of_the_gauntlet_alone_is_found() -> None:
    """The test above has something to look at: there are tests of the gauntlet, and the sample holds some of their causes by itself."""
    gauntlet, sample = _proved()
    assert len(gauntlet) > 40 and len(sample) > 90


@pytest.mark.parametrize("module", ["tests.addons.test_at_once"])
def test_the_rounds_of_add_ons_are_in_make_test(module: str) -> None:
    marks = importlib.import_module(module).pytestmark
    assert "gauntlet" not in {m.name for m in marks}
