# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What failed of a stage is tried once more, if it is little, and said; what fails again, or is much, has failed."""
from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runner import again, stages
from tests.runner.counts import Case, Counts
from tests.runner.schedule import Outcome, Schedule
from tests.runner.stages import Stage

Run = Callable[..., list[Outcome]]
# Fails at the first time, or always.
ONCE = "    import pathlib\n    p = pathlib.Path(__file__ + '.{0}')\n    seen = p.exists()\n    p.touch()\n    assert seen\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """run(code, ...): what became of a stage of pytest that runs this code in a checkout of its own."""
    monkeypatch.setattr(stages, "OUTPUT", tmp_path / "out")
    monkeypatch.setattr(stages, "CHECKOUT", tmp_path)
    (tmp_path / "tests/unit").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    environ = {"PYTHONPATH": os.pathsep.join(sys.path)}

    def made(code: str, left: Callable[[], list[str]] = list, **more: object) -> list[Outcome]:
        (tmp_path / "tests/unit/test_x.py").write_text(code)
        command = (sys.executable, "-m", "pytest", f"--rootdir={tmp_path}", f"--junitxml={tmp_path / 'out/x.junit/pytest.xml'}", "-q",
                   "tests/unit")
        given = {"rooms": {"unit": 1}, "again": 2, "environ": environ, **more}
        monkeypatch.setattr("tests.runner.process.CHECKOUT", tmp_path)
        return Schedule([Stage("x", command, **given)], left).go()  # type: ignore[arg-type]

    return made


def test_what_is_right_at_the_second_try_has_passed_and_is_named(run: Run) -> None:
    code = "def test_a(): pass\n\nclass TestB:\n  def test_b(self):\n" + ONCE.format("b") + (
        "import pytest\n@pytest.mark.parametrize('x', ['a b-c'])\ndef test_c(x):\n" + ONCE.format("c"))
    [outcome] = run(code)
    assert (outcome.verdict, outcome.counts) == ("passed", Counts(3))
    assert outcome.reason == "2 at the second try: unit.test_x.TestB::test_b, unit.test_x::test_c[a b-c]"


@pytest.mark.parametrize("code", [
    "def test_a(): assert False\n",
    "def test_a():\n" + ONCE.format("a") + "def test_b(): assert False\n",
    "import pytest\n@pytest.fixture\ndef f():\n  yield\n  assert False\ndef test_a(f): pass\n"])
def test_what_fails_again_has_failed(run: Run, code: str) -> None:
    [outcome] = run(code)
    assert outcome.verdict == "FAILED" and outcome.counts.failed and outcome.reason == ""


def test_much_that_fails_is_no_chance(run: Run, tmp_path: Path) -> None:
    [outcome] = run("".join(f"def test_{n}():\n" + ONCE.format(n) for n in "abc"))
    assert outcome.counts == Counts(failed=3) and not (tmp_path / "out/x-again.log").exists()


@pytest.mark.parametrize(("code", "more"), [
    ("def test_a():\n" + ONCE.format("a"), {"left": lambda: ["c1: Namespace assay-1"], "on_clusters": True}),
    ("def test_a():\n" + ONCE.format("a"), {"rooms": {"unit": 2}}),
    ("import no_such_module\n", {}),
    ("def test_a():\n" + ONCE.format("a"), {"again": 0})])
def test_whatever_else_is_wrong_is_not_mended_by_a_second_try(run: Run, tmp_path: Path, code: str, more: dict[str, object]) -> None:
    [outcome] = run(code, **more)
    assert outcome.verdict == "FAILED" and not (tmp_path / "out/x-again.log").exists()


def test_an_interrupt_ends_the_second_try_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has failed stays so."""
    stop = Schedule._start_more  # pylint: disable=protected-access

    def interrupted(self: Schedule) -> None:
        if any(s.name == "x-again" for s in self.waiting):
            self.interrupt("interrupted")
            return
        stop(self)

    monkeypatch.setattr(Schedule, "_start_more", interrupted)
    [outcome] = run("def test_a():\n" + ONCE.format("a"))
    assert outcome.verdict == "FAILED" and outcome.counts == Counts(failed=1)


def test_results_that_lack_one_are_no_second_try() -> None:
    stage = Stage("x")
    first = Outcome(stage, Counts(5, 2), cases=[Case("tests.a::b", 0, Counts(failed=1)), Case("tests.a::c", 0, Counts(failed=1))])
    assert again.merged(first, Outcome(stage, Counts(1), cases=[Case("tests.a::b", 0, Counts(1))])) is first
    skipped = [Case("tests.a::b", 0, Counts(1)), Case("tests.a::c", 0, Counts(skipped=1))]
    assert again.merged(first, Outcome(stage, Counts(1, 0, 1), cases=skipped)) is first
