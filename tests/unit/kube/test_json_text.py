# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON is read by one door, and what is written in places where others write, too, may be anything."""
from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clusters.cluster_api import things
from ansible_collections.assay.clusters.plugins.module_utils.kube.json_text import json_of
from ansible_collections.assay.clusters.plugins.module_utils.conformance import manifests
from ansible_collections.assay.clusters.plugins.module_utils.conformance.space import Space

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
DOOR = PLUGINS / "module_utils/kube/json_text.py"
DEEP = "[" * 200_000
ODD = ["", "{", "5", "null", '"text"', '{"a": 1}', "[5, null]", DEEP]


def _called(node: ast.AST) -> str:
    return f"{node.func.value.id}.{node.func.attr}" if isinstance(node, ast.Call) and isinstance(
        node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) else ""


@pytest.mark.parametrize("text", ["{", "", DEEP, '{"a": ' * 100_000, b"\xff\xfe"])
def test_what_cannot_be_read_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        json_of(text)


def test_all_json_comes_by_one_door() -> None:
    """But for copies of our own data; json.loads raises RecursionError, which nobody thinks of."""
    past = [f"{file.relative_to(PLUGINS)}:{node.lineno}" for file in PLUGINS.rglob("*.py") if file != DOOR
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if _called(node) in ("json.loads", "json.load") and not (node.args and _called(node.args[0]) == "json.dumps")]
    assert past == []


@pytest.mark.parametrize("text", ODD)
def test_what_was_noted_on_a_cluster_may_be_written_over(text: str) -> None:
    assert things.noted({"metadata": {"annotations": {things.OBJECTS: text}}}) == []


@pytest.mark.parametrize("text", ODD)
def test_options_of_a_conformance_run_may_be_written_over(text: str) -> None:
    space: Any = SimpleNamespace(found={"metadata": {"annotations": {manifests.OPTIONS: text}}})
    assert Space.begun_with(space) == ({"a": 1} if text == '{"a": 1}' else {})
