# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of mutants, and what is left behind."""
from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.mutate.__main__ import main
from tests.mutate.copies import Copy, Stopped

from .conftest import TESTS as TESTS_OF_X
from .conftest import Given

KILLED = {"old": "n < BOUND", "new": "n > BOUND"}
SURVIVES = {"old": "BOUND = 3", "new": "BOUND = 4"}
ONE_JOB = ["--jobs", "1"]


def test_each_mutant_is_told_and_the_score_by_room(checkout: Path, given: Given, capsys: pytest.CaptureFixture[str]) -> None:
    lists = given(KILLED,
                  {**SURVIVES, "what": "three is small"},
                  {"old": "BOUND = 3", "new": "BOUND = 2"},  # as long as the one before, and in the same second
                  {**SURVIVES, "reason": "nobody asks for three"},
                  {"old": "taken += 1", "new": "taken += 2", "reason": "believed to be the same"},
                  {"old": "no such code", "new": "pass"})
    assert main(ONE_JOB, checkout, lists) == 1
    said = capsys.readouterr().out
    for line in ("M1 killed: tests/test_x.py::test_two_is_small", "M2 survived plugins/x.py: three is small",
                 "M3 killed: tests/test_x.py::test_two_is_small", "M4 survived, with reason: nobody asks for three",
                 "M5 killed: tests/test_x.py::test_one_step", "drop that", "M6 stale plugins/x.py: old is not there"):
        assert line in said
    room = next(line for line in said.splitlines() if line.startswith("room  ") and "mutants" not in line)
    assert room.split() == ["room", "6", "3", "1", "1", "1", "75", "%"]
    assert said.strip().splitlines()[-1] == "4 passed, 2 failed"


def test_a_pass_leaves_nothing_and_changes_nothing(checkout: Path, given: Given, tmp_path: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    before = {p: p.read_bytes() for p in checkout.rglob("*") if p.is_file()}
    assert main(ONE_JOB, checkout, given(KILLED, {**SURVIVES, "reason": "nobody asks for three"})) == 0
    assert "100 %" in capsys.readouterr().out
    assert {p: p.read_bytes() for p in checkout.rglob("*") if p.is_file()} == before
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_mutant_that_hangs_is_killed_by_its_limit(checkout: Path, given: Given, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(ONE_JOB, checkout, given({"old": "n -= 1", "new": "n += 1"}, limit=2)) == 0
    assert "M1 killed: time-out" in capsys.readouterr().out


@pytest.mark.parametrize(("tests", "told"), [
    ("def test_red():\n    assert 1 == 2\n", "assert 1 == 2"),
    ("import no_such_module\n", "no_such_module"),
    ("", "ended with status 5"),
], ids=["red", "broken", "none"])
def test_on_tests_that_are_not_green_nothing_is_judged(checkout: Path, given: Given, tests: str, told: str,
                                                       capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "tests/test_x.py").write_text(tests, encoding="utf-8")
    assert main(ONE_JOB, checkout, given(KILLED)) == 2
    said = capsys.readouterr().out
    assert told in said and "is not green without a mutant" in said and "killed" not in said
    assert said.endswith("0 passed, 1 failed\n")


def test_tests_that_a_mutant_leaves_none_of_prove_nothing(checkout: Path, given: Given, capsys: pytest.CaptureFixture[str]) -> None:
    away = {"file": "tests/test_x.py", "old": TESTS_OF_X, "new": "", "tests": ["tests/test_x.py"]}
    assert main(ONE_JOB, checkout, given(away)) == 1
    assert "M1 stale" in capsys.readouterr().out


def test_one_of_several_and_the_list_of_them(checkout: Path, given: Given, capsys: pytest.CaptureFixture[str]) -> None:
    lists = given(KILLED, SURVIVES)
    assert main([*ONE_JOB, "room", "--id", "M1"], checkout, lists) == 0
    assert "1 passed, 0 failed" in capsys.readouterr().out
    assert main(["--list"], checkout, lists) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize("words", [["nowhere"], ["--id", "M9"], ["--file", "plugins/y.py"]])
def test_what_does_not_exist_is_an_error(checkout: Path, given: Given, words: list[str]) -> None:
    assert main(words, checkout, given(KILLED)) == 2


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "time-out"])
def test_no_process_of_tests_outlives_them(checkout: Path, tmp_path: Path, stopped: bool) -> None:
    note = tmp_path / "pid"
    (checkout / "tests/test_x.py").write_text(
        "import subprocess, time\n\n\ndef test_hangs():\n"
        "    child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        f"    open({str(note)!r}, 'w').write(str(child.pid) + '\\n')\n    time.sleep(600)\n", encoding="utf-8")
    stop = threading.Event()
    copy = Copy(checkout, tmp_path / "copy", stop)
    ended: list[object] = []

    def run() -> None:
        try:
            ended.append(copy.run(("tests",), 600.0 if stopped else 0.0).status)
        except Stopped:
            ended.append(Stopped)

    if not stopped:  # its limit is over as soon as the test has started its child
        copy._wait = lambda _process, _deadline: _until_written(note)  # type: ignore[method-assign]
    thread = threading.Thread(target=run)
    thread.start()
    _until_written(note)
    stop.set()
    thread.join()
    assert ended == [Stopped if stopped else None]
    assert not _alive(int(note.read_text(encoding="utf-8")))


def _until_written(note: Path) -> None:
    while not (note.exists() and note.read_text(encoding="utf-8").endswith("\n")):
        time.sleep(0.02)
