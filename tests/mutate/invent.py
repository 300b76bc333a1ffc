# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Simple mutants made from the code of one file, to find holes that nobody thought of."""
from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from pathlib import Path

import yaml

from .lists import ListError, Mutant

# A change: from here to there in the file's bytes, and what stands there instead.
Change = tuple[int, int, bytes]

_FLIPS: dict[type[ast.cmpop], tuple[bytes, bytes]] = {
    ast.Lt: (b"<", b"<="), ast.LtE: (b"<=", b"<"), ast.Gt: (b">", b">="), ast.GtE: (b">=", b">"), ast.Eq: (b"==", b"!="),
    ast.NotEq: (b"!=", b"=="), ast.In: (b"in", b"not in"), ast.NotIn: (b"not in", b"in"), ast.Is: (b"is", b"is not"),
    ast.IsNot: (b"is not", b"is")}
_DROPPED = (ast.Raise, ast.Continue, ast.Break, ast.AugAssign, ast.Delete)
# Annotations say nothing to a test, and parts of f-strings have no places that can be relied on.
_LEFT_OUT = {"annotation", "returns", "decorator_list", "type_params"}


class _Source:
    """A file's bytes and where its nodes stand in them."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def start(self, node: ast.expr | ast.stmt) -> int:
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt) -> int:
        return self._starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    def between(self, left: ast.expr, right: ast.expr, old: bytes, new: bytes) -> Iterator[Change]:
        """The operator between two operands."""
        start, end = self.end(left), self.start(right)
        found = self.source[start:end]
        if found.count(old) == 1:
            yield start, end, found.replace(old, new)

    def whole(self, node: ast.expr | ast.stmt, new: bytes) -> Change:
        return self.start(node), self.end(node), new

    def mutant(self, change: Change, number: int, file: str, tests: tuple[str, ...]) -> Mutant:
        """The change as a list has it: whole lines, from their first sign on."""
        start, end, new = change
        first = self.source.rfind(b"\n", 0, start) + 1
        first += len(self.source[first:start]) - len(self.source[first:start].lstrip())
        last = self.source.find(b"\n", end)
        last = len(self.source) if last < 0 else last
        old = self.source[first:last]
        nth = self.source.count(old, 0, first) + 1 if self.source.count(old) > 1 else 0
        return Mutant(room=Path(file).stem, id=f"X{number:03}", file=file, old=old.decode(), nth=nth, tests=tests,
                      new=(self.source[first:start] + new + self.source[end:last]).decode())


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for name, value in ast.iter_fields(node):
        if name not in _LEFT_OUT:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr):
                    yield from _nodes(child)


def _of_expression(at: _Source, node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(left=left, ops=[op, *_], comparators=[right, *_]):
            yield from at.between(left, right, *_FLIPS[type(op)])
        case ast.BoolOp(op=op, values=values):
            words = (b"and", b"or") if isinstance(op, ast.And) else (b"or", b"and")
            for left, right in zip(values, values[1:]):
                yield from at.between(left, right, *words)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            text = at.source[at.start(node):at.start(operand)]
            yield at.start(node), at.start(operand), text.removeprefix(b"not").lstrip(b" ")
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            yield at.whole(node, repr(value + 1).encode())


def _of_statement(at: _Source, node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Return(value=ast.Constant(value=bool() as value)):
            yield at.whole(node, f"return {not value}".encode())
        case ast.Return(value=ast.expr() as returned) if not isinstance(returned, ast.Constant):
            yield at.whole(returned, b"None")
        case ast.If(test=test):
            yield at.whole(test, b"False")
        case ast.Expr(value=ast.Call()):
            yield at.whole(node, b"pass")
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]):
            yield at.whole(node, b"pass")
        case ast.stmt() if isinstance(node, _DROPPED):
            yield at.whole(node, b"pass")


def sample(file: str, checkout: Path, tests: tuple[str, ...], size: int, seed: int) -> list[Mutant]:
    """That many of the file's mutants, the same ones for the same seed. Raises ListError."""
    try:
        source = (checkout / file).read_bytes()
        tree = ast.parse(source)
    except (OSError, SyntaxError, ValueError) as e:
        raise ListError(f"{file} cannot be read as Python: {e}") from e
    at = _Source(source)
    changes = sorted({c for n in _nodes(tree) for c in (*_of_expression(at, n), *_of_statement(at, n))})
    chosen = sorted(random.Random(seed).sample(changes, min(size, len(changes))))
    return [at.mutant(change, number, file, tests) for number, change in enumerate(chosen, 1)]


def default_tests(file: str, checkout: Path, kept: list[Mutant]) -> tuple[str, ...]:
    """Those of the list that knows the file, else the folder of unit tests named as the file's. Raises ListError."""
    for mutant in kept:
        if mutant.file == file:
            return mutant.tests
    folder = f"tests/unit/{Path(file).parent.name}"
    if not (checkout / folder).is_dir():
        raise ListError(f"no list knows {file} and there is no {folder}: name tests with --tests")
    return (folder,)


def entries(mutants: list[Mutant]) -> str:
    """As a list has them."""
    return "".join(yaml.safe_dump([{"id": m.id, "file": m.file, "old": m.old, "new": m.new, **({"nth": m.nth} if m.nth else {})}],
                                  sort_keys=False, allow_unicode=True, width=110) for m in mutants)
