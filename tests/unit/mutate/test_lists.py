# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lists of mutants as they are read, and the one change that each means."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.mutate.__main__ import LISTS
from tests.mutate.lists import ListError, Mutant, Stale, load, mutated

from .conftest import Given


def _mutant(**more: Any) -> Mutant:
    return Mutant(**{"room": "room", "id": "M1", "file": "plugins/x.py", "old": "BOUND = 3", "new": "BOUND = 4",
                     "tests": ("tests",), **more})


@pytest.mark.parametrize(("more", "told"), [
    ({"file": "plugins/away.py"}, "no such file"),
    ({"old": "BOUND = 9"}, "old is not there"),
    ({"old": "BOUND"}, "old is there 2 times; make it longer or give nth"),
    ({"old": "BOUND", "nth": 3}, "old is there 2 times, and nth is 3"),
    ({"new": "BOUND ="}, "no Python"),
])
def test_a_mutant_that_no_longer_fits_says_why(checkout: Path, more: dict[str, Any], told: str) -> None:
    with pytest.raises(Stale, match=told):
        mutated(_mutant(**more), checkout)


@pytest.mark.parametrize(("nth", "changed"), [(1, "LIMIT = 3"), (2, "n < LIMIT")])
def test_nth_counts_from_one(checkout: Path, nth: int, changed: str) -> None:
    text = mutated(_mutant(old="BOUND", new="LIMIT", nth=nth), checkout)
    assert changed in text and text.count("LIMIT") == 1


@pytest.mark.parametrize(("mutants", "told"), [
    ([{"old": "a", "new": "b", "what_else": "c"}], "M1: a mutant has"),
    ([{"old": "a"}], "M1: a mutant has"),
    ([{"old": "a", "new": True}], "M1: new is no text"),
    ([{"old": "a", "new": "a"}], "M1: old and new are the same"),
    ([{"old": "a", "new": "b", "tests": []}], None),
    ([{"old": "a", "new": "b", "tests": "tests"}], "M1: .tests. is a list"),
    ([{"id": "A", "old": "a", "new": "b"}] * 2, "two mutants are called A"),
])
def test_a_list_that_cannot_be_meant_is_refused(given: Given, mutants: list[dict[str, Any]], told: str | None) -> None:
    lists = given(*mutants)
    if told is None:
        assert load(lists, [], [])[0].tests == ("tests",)
        return
    with pytest.raises(ListError, match=told):
        load(lists, [], [])


def test_the_kept_lists_can_be_read_and_tell_what_each_mutant_means() -> None:
    kept = load(LISTS, [], [])
    assert {m.room for m in kept} == {p.stem for p in LISTS.glob("*.yml")}
    assert [m.id for m in kept if not m.what and not m.reason] == []
    assert [m.file for m in kept if not (LISTS.parents[2] / m.file).is_file()] == []
