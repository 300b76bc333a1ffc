# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mutants made from the code of a file."""
from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.mutate.__main__ import main
from tests.mutate.invent import default_tests, entries, sample
from tests.mutate.lists import ListError, load, mutated

from .conftest import CODE, Given

ALL = 1000


def _made(checkout: Path, code: str) -> set[str]:
    """What the code becomes, each way, without what stands around it."""
    (checkout / "plugins/x.py").write_text(code, encoding="utf-8")
    return {mutated(m, checkout).strip() for m in sample("plugins/x.py", checkout, ("tests",), ALL, 1)}


@pytest.mark.parametrize(("code", "made"), [
    ("a = b < c", {"a = b <= c"}),
    ("a = b not in c", {"a = b in c"}),
    ("a = b is None", {"a = b is not None"}),
    ("a = not b", {"a = b"}),
    ("a = not (b or c)", {"a = (b or c)", "a = not (b and c)"}),
    ("a = b and c and d", {"a = b or c and d", "a = b and c or d"}),
    ("a = 60.0", {"a = 61.0"}),
    ("a.b = c", {"pass"}),
    ("a(b)", {"pass"}),
    ("if a:\n    raise b", {"if False:\n    raise b", "if a:\n    pass"}),
    ("for a in b:\n    continue", {"for a in b:\n    pass"}),
    ("def a():\n    return True", {"def a():\n    return False"}),
    ("def a():\n    return b", {"def a():\n    return None"}),
    ("def a(b: c[1] = d) -> e[2]:\n    'text 3'", set()),
    ("a = 'ä' if b == c else d", {"a = 'ä' if b != c else d"}),
    ("a = f'{b + 1}'", set()),
])
def test_each_kind_of_change(checkout: Path, code: str, made: set[str]) -> None:
    assert _made(checkout, code) == made


def test_a_line_that_is_there_twice_is_changed_in_each_place(checkout: Path) -> None:
    assert _made(checkout, "if a:\n    b = 1\nelse:\n    b = 1") == {
        "if False:\n    b = 1\nelse:\n    b = 1", "if a:\n    b = 2\nelse:\n    b = 1", "if a:\n    b = 1\nelse:\n    b = 2"}


def test_the_same_seed_makes_the_same_sample(checkout: Path) -> None:
    of = {seed: [(m.old, m.new) for m in sample("plugins/x.py", checkout, (), 5, seed)] for seed in (1, 2, 3)}
    assert of[1] == [(m.old, m.new) for m in sample("plugins/x.py", checkout, (), 5, 1)]
    assert len(of[1]) == 5 and (of[1] != of[2] or of[1] != of[3])


def test_the_nearest_tests_are_those_of_the_list_or_of_the_folder(checkout: Path, given: Given) -> None:
    kept = load(given({"old": "a", "new": "b", "tests": ["tests/own"]}), [], [])
    assert default_tests("plugins/x.py", checkout, kept) == ("tests/own",)
    (checkout / "tests/unit/plugins").mkdir(parents=True)
    assert default_tests("plugins/y.py", checkout, kept) == ("tests/unit/plugins",)
    with pytest.raises(ListError, match="name tests with --tests"):
        default_tests("elsewhere/y.py", checkout, kept)


def test_survivors_are_entries_of_a_list(checkout: Path, given: Given, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "plugins/x.py").write_text(CODE.replace("n < BOUND", "n - BOUND < 0"), encoding="utf-8")
    words = ["--file", "plugins/x.py", "--tests", "tests/test_x.py", "--sample", "3", "--seed", "4", "--jobs", "1"]
    assert main(words, checkout, given()) == 0
    said = capsys.readouterr().out
    chosen = sample("plugins/x.py", checkout, ("tests/test_x.py",), 3, 4)
    survived = [m for m in chosen if f"{m.id} survived" in said]
    assert entries(survived) in said and f"{3 - len(survived)} killed, {len(survived)} survived" in said
    assert [e["old"] for e in yaml.safe_load(entries(chosen))] == [m.old for m in chosen]
