# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests are given by parametrize and by defaults says nothing of the time: they are collected up to half an hour before they run."""
from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
ROOMS = ("unit", "integration", "faults", "addons")
CLOCKS = {"time.time", "time.monotonic", "datetime.now", "datetime.datetime.now", "datetime.utcnow"}
# Whose ends are days away.
DAYS = {"issue", "license_of"}


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _source(tree: ast.Module, name: str) -> Path | None:
    """The file of the tests from which a module has this name."""
    for n in tree.body:
        if isinstance(n, ast.ImportFrom) and n.module and any((a.asname or a.name) == name for a in n.names):
            place = CHECKOUT / "/".join(n.module.removeprefix("ansible_collections.assay.clusters.").split("."))
            return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()), None)
    return None


def _called(node: ast.AST) -> Iterator[str]:
    """Names of what is called now, and not by a lambda later."""
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Call):
        yield ast.unparse(node.func)
    for child in ast.iter_child_nodes(node):
        yield from _called(child)


def _reads(path: Path, name: str, seen: frozenset[tuple[Path, str]] = frozenset()) -> bool:
    """Whether a call of this name in that module reads a clock."""
    if name in CLOCKS:
        return True
    if "." in name or name in DAYS or (path, name) in seen:
        return False
    tree = _tree(path)
    if found := _functions(tree).get(name):
        return any(_reads(path, c, seen | {(path, name)}) for c in _called(found))
    source = _source(tree, name)
    return source is not None and _reads(source, name, seen | {(path, name)})


def _given(tree: ast.Module) -> Iterator[ast.AST]:
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        yield from (d for d in function.decorator_list if "parametrize" in ast.unparse(d))
        yield from (d for d in (*function.args.defaults, *function.args.kw_defaults) if d is not None)


def _times(path: Path) -> list[str]:
    return [f"{path.name}: {c}" for given in _given(_tree(path)) for c in _called(given) if _reads(path, c)]


def test_nothing_that_tests_are_given_is_of_the_time_of_their_collection() -> None:
    files = [p for room in ROOMS for p in sorted((CHECKOUT / "tests" / room).rglob("*.py"))]
    assert len(files) > 500
    assert [t for p in files for t in _times(p)] == []


def test_a_clock_behind_a_helper_is_found_and_one_in_a_lambda_is_not(tmp_path: Path) -> None:
    file = tmp_path / "test_x.py"
    file.write_text("import time\n\ndef _ago(n):\n    return time.time() - n\n\n@pytest.mark.parametrize('age', [_ago(3), 4])\n"
                    "def test_x(age, now=lambda: time.time()):\n    pass\n", encoding="utf-8")
    assert _times(file) == ["test_x.py: _ago"]
