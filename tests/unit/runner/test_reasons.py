# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The end of `make test` tells why something failed, for those who keep nothing but the end."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests.runner import stages
from tests.runner.counts import Counts
from tests.runner.schedule import Outcome
from tests.runner.summary import reasons


@pytest.fixture
def failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    monkeypatch.setattr(stages, "OUTPUT", tmp_path)
    return Outcome(stages.Stage("clusters"), Counts(failed=1))


@pytest.mark.parametrize(("log", "told"), [
    ("TASK [Use it]\n[ERROR]: Task failed: no such cluster\nPLAY RECAP\nc2: ok=1\n", ["[ERROR]: Task failed: no such cluster"]),
    (">   assert 1 == 2\nE   assert 1 == 2\nFAILED tests/a.py::test_b - assert 1 == 2\n= 1 failed =\n",
     ["E   assert 1 == 2", "FAILED tests/a.py::test_b - assert 1 == 2"]),
    ("one\ntwo\n", ["one", "two"]),
])
def test_the_lines_with_the_reason_are_told(failed: Outcome, log: str, told: list[str]) -> None:
    failed.stage.log.write_text(log, encoding="utf-8")
    assert reasons([failed]).split("\n") == ["", *(f"[clusters] {line}" for line in told), ""]


def test_they_fit_a_screen(failed: Outcome) -> None:
    failed.stage.log.write_text("E  " + "x" * 1000 + "\n" + "E  y\n" * 1000, encoding="utf-8")
    assert len(reasons([failed]).split("\n")) <= 14 and len(reasons([failed])) < 3000


def test_nothing_is_told_of_what_passed_or_never_ran(failed: Outcome) -> None:
    assert reasons([Outcome(stages.Stage("unit"), Counts(passed=1)), failed]) == ""
