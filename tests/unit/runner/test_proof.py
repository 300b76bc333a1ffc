# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make test` is green only where something was proved: stages that end in every way that proves nothing."""
from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import sanity
from tests.lab.base import wait_for
from tests.runner import __main__ as runner
from tests.runner import lab, leftovers, stages
from tests.runner.counts import Case, Counts
from tests.runner.schedule import Outcome, Schedule
from tests.runner.stages import Stage
from tests.runner.summary import total

TWO = "def test_a(): assert True\ndef test_b(): assert True\n"


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stages, "OUTPUT", tmp_path)
    return tmp_path


@pytest.fixture
def run(out: Path) -> Callable[..., Outcome]:
    """run(code, ...): the outcome of a stage of pytest that runs this code, as tests/unit of it."""
    def stage(code: str, *words: str, least: int = 1, **more: Any) -> Outcome:
        folder = out / "tests/unit"
        folder.mkdir(parents=True)
        (folder / "test_x.py").write_text(code)
        (out / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
        command = (sys.executable, "-m", "pytest", f"--rootdir={out}", f"--junitxml={out / 'x.junit/pytest.xml'}", "-q", *words,
                   str(folder))
        [outcome] = Schedule([Stage("x", command, rooms={"unit": least}, **more)]).go()
        return outcome

    return stage


def test_two_that_pass(run: Callable[..., Outcome]) -> None:
    outcome = run(TWO, least=2)
    assert outcome.counts == Counts(2) and outcome.verdict == "passed" and outcome.reason == "" and len(outcome.cases) == 2


@pytest.mark.parametrize(("code", "words", "reason"), [
    ("import os\ndef test_a(): os._exit(0)\n", [], "it wrote no results"),
    ("import os, signal\ndef test_a(): os.kill(os.getpid(), signal.SIGKILL)\n", [], "it wrote no results"),
    ("import os\ndef test_a(): os._exit(0)\n", ["-n1"], ""),  # the worker that is lost is a failure of its test
    (TWO, ["-m", "no_such_mark"], "it wrote no results"),
    (TWO, ["--collect-only"], "it wrote no results"),
    ("import pytest\ndef test_a(): pytest.exit('enough', returncode=0)\ndef test_b(): assert False\n", [], "it wrote no results"),
    ("import pytest\ndef test_a(): pass\ndef test_b(): pytest.exit('enough', returncode=0)\n", [],
     "1 tests of unit where at least 2 are kept"),
    ("def test_a(): pass\n", [], "1 tests of unit where at least 2 are kept"),
    ("import no_such_module\n", [], ""),
])
def test_what_proves_nothing_or_fails_is_failed(run: Callable[..., Outcome], code: str, words: list[str], reason: str) -> None:
    outcome = run(code, *words, least=2)
    assert outcome.verdict == "FAILED" and outcome.counts.failed >= 1
    assert outcome.reason.startswith(reason)


def test_an_assertion_in_a_thread_fails_its_test(run: Callable[..., Outcome]) -> None:
    code = "import threading\ndef bad(): assert False\ndef test_a():\n    t = threading.Thread(target=bad); t.start(); t.join()\n"
    outcome = run(code, "-c", str(stages.CHECKOUT / "pytest.ini"))
    assert outcome.counts.failed == 1 and outcome.counts.passed == 0


def test_a_runner_that_is_killed_takes_its_stage_along(out: Path) -> None:
    """Its stage is told to end as by Ctrl-C, so that a test mends what it broke."""
    stage = ("import signal, sys, time\nsignal.signal(signal.SIGINT, lambda *_: sys.exit(open('ended', 'w').close()))\n"
             "open('began', 'w').close()\ntime.sleep(600)\n")
    runner_code = ("import sys, time\nfrom tests.runner import process, stages\nfrom pathlib import Path\n"
                   "stages.OUTPUT = Path(sys.argv[1]); process.CHECKOUT = Path(sys.argv[1])\n"
                   "process.Running(stages.Stage('x', (sys.executable, '-c', sys.argv[2])), print)\ntime.sleep(600)\n")
    with subprocess.Popen([sys.executable, "-c", runner_code, str(out), stage], cwd=stages.CHECKOUT) as process:
        wait_for("the stage", (out / "began").exists)
        process.kill()
    wait_for("its end", (out / "ended").exists)
    assert (out / "ended").exists()


def test_a_fixture_that_fails_is_a_failed_test(run: Callable[..., Outcome]) -> None:
    outcome = run("import pytest\n@pytest.fixture\ndef f(): raise OSError\ndef test_a(f): pass\ndef test_b(): pass\n", least=2)
    assert outcome.counts == Counts(1, 1) and outcome.reason == ""


def test_a_folder_that_is_away_is_failed(out: Path) -> None:
    stage = Stage("x", (sys.executable, "-m", "pytest", f"--junitxml={out / 'x.junit/p.xml'}", str(out / "away")), rooms={"unit": 1})
    assert Schedule([stage]).go()[0].verdict == "FAILED"


def test_a_stage_that_hangs_is_ended_and_failed_and_what_needs_it_is_not_run(out: Path) -> None:
    code = "import signal, time\nsignal.signal(signal.SIGINT, lambda *_: (print('interrupted', flush=True), exit(0)))\ntime.sleep(600)"
    hangs = Stage("hangs", (sys.executable, "-c", code), limit=1.5)
    after = Stage("after", (sys.executable, "-c", ""), needs=("hangs",))
    first, second = Schedule([hangs, after]).go()
    assert (first.verdict, first.reason) == ("FAILED", "not ended within 2 s")
    assert (second.verdict, second.reason) == ("FAILED", "not run: stage hangs failed")


def test_results_are_not_believed_against_the_exit_status(run: Callable[..., Outcome]) -> None:
    outcome = run(TWO + "import os, atexit\natexit.register(os._exit, 3)\n", least=2)
    assert outcome.counts == Counts(2, 1) and outcome.reason == "exit status 3"


def test_what_tests_leave_on_clusters_fails_their_stage(out: Path) -> None:
    stage = Stage("x", (sys.executable, "-c", ""), on_clusters=True)
    outcome = Schedule([stage], left=lambda: ["c1: Namespace assay-1"]).go()[0]
    assert outcome.counts == Counts(1, 1) and outcome.reason == "1 things were left on clusters"
    assert Schedule([Stage("x", (sys.executable, "-c", ""))], left=lambda: ["c1: Namespace assay-1"]).go()[0].verdict == "passed"


@pytest.mark.parametrize(("line", "status", "counts"), [
    ("24 passed, 0 failed", 0, Counts(24)), ("23 passed, 0 failed", 0, Counts(23, 1)), ("23 passed, 1 failed", 1, Counts(23, 1)),
    ("24 passed, 0 failed", 1, Counts(24, 1)), ("", 1, Counts(0, 1))])
def test_a_closing_line_is_held_against_what_is_kept(out: Path, line: str, status: int, counts: Counts) -> None:
    code = f"print({line!r}); raise SystemExit({status})"
    assert Schedule([Stage("x", (sys.executable, "-c", code), least=24)]).go()[0].counts == counts


SANITY = textwrap.dedent("""\
    Running sanity test "pep8" on Python 3.11
    Run command: ...
    Running sanity test "pslint"
    No tests applicable.
    Running sanity test "pylint"
    """)


@pytest.mark.parametrize(("more", "status", "says", "exits"), [
    ("", 0, "2 passed, 0 failed, 1 skipped", 0),
    ('WARNING: Skipping sanity test "pylint" on Python 3.11 due to missing virtual environment support.\n', 0,
     "1 passed, 1 failed, 1 skipped", 1),
    ("No tests applicable.\n", 0, "1 passed, 1 failed, 1 skipped", 1),
    ("FATAL: The 1 sanity test(s) listed below (out of 3) failed.\n", 1, "1 passed, 1 failed, 1 skipped", 1)])
def test_a_sanity_test_that_looked_at_nothing_has_not_passed(capsys: Any, more: str, status: int, says: str, exits: int) -> None:
    assert sanity.closing(SANITY + more, status) == exits
    assert capsys.readouterr().out.splitlines()[-1] == says


def test_no_sanity_test_at_all_is_a_failure(capsys: Any) -> None:
    assert sanity.closing("", 0) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 0 failed"


@pytest.fixture
def ending(out: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """main() after an hour of 1600 tests of which three failed, with the lab's commands of the test."""
    class Done:
        interrupted = ""

        def __init__(self, *_given: Any) -> None:
            pass

        def go(self) -> list[Outcome]:
            return [Outcome(Stage("unit"), Counts(1600, 3), 5.0, cases=[Case("tests.unit.x::test_y", 4.0, Counts(1))])]

    monkeypatch.setattr(runner, "OUTPUT", out)
    monkeypatch.setattr(runner, "CHECKOUT", out.parent)
    monkeypatch.setattr(runner, "_install", lambda: None)
    monkeypatch.setattr(runner, "chosen", lambda _words: [Stage("lab"), Stage("unit")])
    monkeypatch.setattr(runner, "Schedule", Done)
    monkeypatch.setattr(lab, "snapshot", set)
    monkeypatch.setattr(lab, "up_now", set)
    monkeypatch.setattr(runner.signal, "signal", lambda *_: None)
    monkeypatch.setenv("ASSAY_CLUSTERS", "c1")
    for name in ("KUBECONFIG", "KEEP_LAB"):
        monkeypatch.delenv(name, raising=False)
    return lambda: runner.main([])


def test_failures_are_the_exit_status(ending: Callable[[], int], capsys: Any) -> None:
    assert ending() == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "1601 passed, 3 failed" and "       4  tests.unit.x::test_y" in lines


def test_a_down_that_hangs_keeps_the_table(ending: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    ups = iter([set(), {"c1"}, {"c1"}])

    def hang(*command: Any, timeout: float = 0, **_more: Any) -> Any:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(lab, "up_now", lambda: next(ups))
    monkeypatch.setattr(lab.subprocess, "run", hang)
    assert ending() == 1
    text = capsys.readouterr().out
    assert "down --name c1 did not end within 300 s" in text and text.splitlines()[-1] == "1600 passed, 4 failed"


def test_a_look_that_was_not_possible_is_told_and_failed(ending: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def blind() -> set[str]:
        raise leftovers.CannotLook("losetup cannot be run: No such file or directory")

    monkeypatch.setattr(lab, "snapshot", blind)
    assert ending() == 1
    text = capsys.readouterr().out
    assert "nobody could look at what is left: losetup cannot be run" in text and text.splitlines()[-1] == "1600 passed, 4 failed"


@pytest.mark.parametrize(("command", "words"), [
    (["/no/such/program"], "/no/such/program cannot be run: No such file"), (["false"], "false ended with status 1")])
def test_a_program_that_fails_is_no_empty_list(command: list[str], words: str) -> None:
    with pytest.raises(leftovers.CannotLook, match=words):
        leftovers._lines(*command)  # pylint: disable=protected-access


def test_what_was_up_before_stays_and_the_machine_is_looked_at_all_the_same(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ups = iter([{"c1"}, {"c1", "c2", "else"}])
    looks = iter([{"link lab-c1"}, {"link lab-c1", "link lab-else", "process 7 /assay-lab/c2/kubelet"}])
    downs = []
    monkeypatch.setattr(lab, "up_now", lambda: next(ups))
    monkeypatch.setattr(lab, "snapshot", lambda: next(looks))
    monkeypatch.setattr(lab, "_command", lambda *words, **_more: downs.append(words) or "")
    outcome = lab.Lab({"clusters": {"c1", "c2"}}).take_down()
    assert downs == [("down", "--name", "c2")]
    assert outcome.counts == Counts(0, 1) and "process 7 /assay-lab/c2/kubelet" in outcome.reason


def test_clusters_go_when_no_stage_wants_them_any_more(out: Path) -> None:
    """Those with add-ons are wanted while the others, which nobody wants any more, are gone already."""
    calls: list[str] = []

    def wants(*there: str, gone: str) -> tuple[str, ...]:
        """Fails where one of these is released; ends when `gone` is."""
        return (sys.executable, "-c", f"import os, time\nwhile {gone!r} and not os.path.exists({str(out / gone)!r}): time.sleep(0.02)\n"
                f"raise SystemExit(any(map(os.path.exists, {[str(out / t) for t in there]!r})))")

    def release(used: str) -> None:
        calls.append(used)
        (out / used).touch()

    given = [Stage("first", wants("clusters", "addons", gone="")),
             Stage("a", wants("clusters", "addons", gone=""), frozenset({"clusters"}), needs=("first",)),
             Stage("b", wants("addons", gone="clusters"), frozenset({"addons"}), needs=("a",), limit=120),
             Stage("c", wants(gone="addons"), frozenset({"static"}), limit=120)]
    assert [o.verdict for o in Schedule(given, release=release).go()] == ["passed"] * 4 and calls == ["clusters", "addons"]


def test_a_stage_is_as_nice_as_it_says_with_its_whole_session(out: Path) -> None:
    """By itself that would be nothing, where the kernel shares cores between sessions."""
    group = Path("/proc/self/autogroup")
    stage = Stage("x", (sys.executable, "-c", f"import os; print(os.nice(0), open('{group}').read() if {group.exists()} else '')"), nice=7)
    Schedule([stage]).go()
    first, *told = stage.log.read_text().split()
    assert first == str(min(19, os.nice(0) + 7)) and told[1:] == (["nice", "7"] if group.exists() else [])


def test_what_shares_nothing_runs_side_by_side_however_many_there_are(out: Path) -> None:
    """Each waits for the last one."""
    note = str(out / "made")
    waits = (sys.executable, "-c", f"import os, time\nwhile not os.path.exists({note!r}): time.sleep(0.02)")
    many = [Stage(name, waits, frozenset({name}), limit=60) for name in "abcde"]
    last = Stage("f", (sys.executable, "-c", f"open({note!r}, 'w')"), frozenset({"f"}))
    assert [o.verdict for o in Schedule([*many, last]).go()] == ["passed"] * 6


def test_what_was_taken_down_early_is_looked_at_in_the_end_with_what_went_wrong(
        ending: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    ups, downs = iter([set(), {"c1", "s8"}, {"s8"}]), []

    def down(*words: str, **_more: Any) -> str:
        time.sleep(0.1)  # in its thread: whoever does not wait for it comes first
        downs.append(words[-1])
        return "down --name s8 failed: busy" if downs == ["c1", "s8"] else ""

    monkeypatch.setattr(lab, "up_now", lambda: next(ups))
    monkeypatch.setattr(lab, "_command", down)
    monkeypatch.setattr(runner.Schedule, "__init__", lambda _self, _stages, _left, release: release("clusters"))
    assert ending() == 1 and downs == ["c1", "s8", "s8"]
    assert "[clean-up] down --name s8 failed: busy" in capsys.readouterr().out


def test_no_test_is_a_failure(capsys: Any, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "OUTPUT", out)
    monkeypatch.setattr(runner, "CHECKOUT", out.parent)
    from tests.runner.use import Use
    assert runner._end([Outcome(Stage("x"), Counts(skipped=3))], Use()).failed == 1  # pylint: disable=protected-access
    assert total([Outcome(Stage("x"), Counts(1, 2, 3)), Outcome(Stage("y"), Counts(1))]) == Counts(2, 2, 3)
