# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What came of a run: verdict, flakes that stay apart, causes beside failures, and the same told again."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.conformance import result
from ansible_collections.assay.clusters.plugins.module_utils.conformance.follow import End
from ansible_collections.assay.clusters.plugins.module_utils.conformance.rounds import Round, Rounds, again
from ansible_collections.assay.clusters.plugins.module_utils.conformance.wanted import Wanted
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.runs.model import FAILED, INCONCLUSIVE, PASSED, Case, Counts, Run
from tests.unit.conformance.builders import params

KNOWN: dict[str, Any] = {"run_id": "r1", "leaked": [], "leftovers": []}


def run(**outcomes: str) -> Run:
    cases = [Case(name=f"[It] {n}", outcome=o, message="it broke" if o == "failed" else "") for n, o in outcomes.items()]
    counts = Counts.of(cases)
    return Run(verdict=FAILED if counts.bad else PASSED if counts.passed else INCONCLUSIVE, cases=cases, counts=counts)


class FakeRounds:
    """Rounds that ended, with one sentence beside every failure."""

    def __init__(self, folder: Path, *runs: Run | None, end: End | None = None):
        self.rounds = [Round(n, folder, end or End(True), r) for n, r in enumerate(runs)]

    def beside_of(self, name: str, text: str) -> dict[str, Any]:
        return {"cause": None, "found": [], "diagnosis": f"beside {name}"}


def of(folder: Path, *runs: Run | None, end: End | None = None, known: Any = None, **given: Any) -> dict[str, Any]:
    return result.of(FakeRounds(folder, *runs, end=end), {**KNOWN, **(known or {})}, params(**given))  # type: ignore[arg-type]


def test_a_pass_is_a_pass(tmp_path: Path) -> None:
    made = of(tmp_path, run(a="passed", b="skipped"))
    assert (made["verdict"], made["good"], made["msg"]) == ("passed", True, "passed: 1 passed, 1 skipped")


def test_a_failure_comes_with_what_was_found_beside_it(tmp_path: Path) -> None:
    made = of(tmp_path, run(a="passed", b="failed"))
    assert not made["good"] and made["msg"] == "failed: 1 passed, 1 failed; b: beside b"
    assert [(f["name"], f["message"], f["diagnosis"]) for f in made["failures"]] == [("b", "it broke", "beside b")]


def test_what_passes_again_is_a_flake_and_the_verdict_stays(tmp_path: Path) -> None:
    runs = run(a="passed", b="failed"), run(b="passed", a="skipped")
    made = of(tmp_path, *runs)
    assert (made["verdict"], made["good"], made["flakes"], made["counts"]["passed"]) == ("failed", False, ["b"], 1)
    assert made["reruns"] == [{"folder": str(tmp_path), "verdict": "passed", "passed": ["b"], "failed": [], "why": ""}]
    allowed = of(tmp_path, *runs, allow_flakes=True)
    assert (allowed["verdict"], allowed["good"]) == ("failed", True)


def test_one_that_fails_again_is_not_forgiven(tmp_path: Path) -> None:
    made = of(tmp_path, run(a="failed", b="failed"), run(a="passed", b="failed"), allow_flakes=True)
    assert (made["flakes"], made["good"]) == (["a"], False)


@pytest.mark.parametrize(("of_run", "verdict"), [
    (run(a="passed"), "inconclusive"), (run(a="failed"), "failed"), (None, "inconclusive")])
def test_tests_that_did_not_come_to_their_end_have_not_passed(tmp_path: Path, of_run: Run | None, verdict: str) -> None:
    made = of(tmp_path, of_run, end=End(False, "the time was up"))
    assert (made["verdict"], made["good"]) == (verdict, False) and "the time was up" in made["msg"]


def test_a_dry_run_proves_nothing_and_does_not_fail(tmp_path: Path) -> None:
    made = of(tmp_path, run(a="skipped"), dry_run=True)
    assert (made["verdict"], made["good"]) == ("inconclusive", True) and made["msg"].startswith("dry run: ")


def test_what_was_left_is_told(tmp_path: Path) -> None:
    made = of(tmp_path, run(a="passed"), known={"leaked": ["dns-1"], "leftovers": ["namespace/x (held by finalizer y)"]})
    assert made["msg"].endswith("; 1 namespace that tests left behind removed; not removed: namespace/x (held by finalizer y)")


def test_a_run_that_ended_is_told_again(tmp_path: Path) -> None:
    assert result.finished(tmp_path) is None
    made = result.kept(tmp_path, of(tmp_path, run(a="passed", b="failed")))
    assert result.finished(tmp_path) == made
    with pytest.raises(PlatformError) as error:
        result.told(made)
    assert str(error.value) == made["msg"] and error.value.details["verdict"] == "failed"
    assert result.told({**made, "good": True})["msg"] == made["msg"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{\"verdict\": \"passed\"}"])
def test_a_file_that_was_cut_is_no_result(tmp_path: Path, text: str) -> None:
    (tmp_path / "conformance.json").write_text(text)
    assert result.finished(tmp_path) is None


# ---- again --------------------------------------------------------------------------------------------------------
def test_only_what_failed_runs_again_and_alone() -> None:
    made = again(Wanted(focus="DNS", skip="slow", parallel=8, extra_args=("--a",)), ["[sig-a] b (c)", "d"])
    assert (made.focus, made.skip, made.parallel, made.extra_args) == (r"\[sig-a\] b \(c\)$|d$", "", 1, ("--a",))


class Follower(Rounds):
    """Rounds whose pods are fakes: what each round gives is told before."""

    def __init__(self, tmp_path: Path, tries: int, *runs: Run, end: End | None = None):
        from ansible_collections.assay.clusters.plugins.module_utils.conformance.beside import Beside
        from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
        given, job = params(rerun_failed=tries, diagnose=False), Job()
        super().__init__(None, given, Wanted(), "v1.31.4", "c:1", "b:1", tmp_path / "r1",  # type: ignore[arg-type]
                         Beside(given, job), job)
        self.given, self.end, self.focus = list(runs), end or End(True), list[str]()

    def _round(self, number: int, tests: Wanted, folder: Path) -> Round:
        self.focus.append(f"{folder.name}: {tests.focus}")
        return Round(number, folder, self.end, self.given.pop(0))


def test_each_round_has_what_failed_in_the_one_before(tmp_path: Path) -> None:
    rounds = Follower(tmp_path, 3, run(a="failed", b="failed", c="passed"), run(a="passed", b="failed"), run(b="passed"))
    rounds.go()
    assert rounds.focus == [r"r1: \[Conformance\]", "r1-rerun-1: a$|b$", "r1-rerun-2: b$"]


@pytest.mark.parametrize(("runs", "end", "tries"), [
    (run(a="passed"), None, 2), (run(a="failed"), End(False, "the time was up"), 2), (run(a="failed"), None, 0),
    (run(**{f"t{n}": "failed" for n in range(101)}), None, 1)], ids=["green", "cut", "not wanted", "too many"])
def test_nothing_runs_again_without_need_or_hope(tmp_path: Path, runs: Run, end: End | None, tries: int) -> None:
    rounds = Follower(tmp_path, tries, runs, end=end)
    rounds.go()
    assert len(rounds.focus) == 1
