# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is broken for a test is mended also when that fails, or all tests after it fail, too."""
from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]


def _yields(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Yield) for n in ast.walk(node))


def _left_undone(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that an error at the yield leaps over, and that do more than look."""
    for n, statement in enumerate(body):
        if not _yields(statement) or isinstance(statement, ast.Return | ast.For | ast.If):
            continue
        if isinstance(statement, ast.With):
            yield from _left_undone(statement.body)
        if isinstance(statement, ast.With | ast.Expr | ast.Assign):
            yield from (s for s in body[n + 1:] if not isinstance(s, ast.Assert | ast.Return | ast.If)
                        and not ast.unparse(s).startswith("wait_for("))


def undone(text: str) -> list[str]:
    managers = [f for f in ast.walk(ast.parse(text)) if isinstance(f, ast.FunctionDef)
                and any("contextmanager" in ast.unparse(d) for d in f.decorator_list)]
    return [f"{f.name}: {ast.unparse(s)}" for f in managers for s in _left_undone(f.body)]


def test_what_would_be_left_undone_is_found() -> None:
    made = "@contextmanager\ndef broken():\n    with one():\n        yield\n        mend()\n    wait_for('it')\n    after()\n"
    assert undone(made) == ["broken: mend()", "broken: after()"]
    assert undone(made.replace("yield\n        mend()", "yield").replace("    after()\n", "")) == []


def test_context_managers_of_tests_mend_also_after_an_error() -> None:
    found = [f"{file.relative_to(TESTS)}: {line}" for file in sorted(TESTS.rglob("*.py")) for line in undone(file.read_text(encoding="utf-8"))]
    assert found == []
