# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""e2e.log of every generation, alone and beside its JUnit."""
from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.runs.model import (
    ERROR, ERRORED, FAILED, INCONCLUSIVE, PASSED, Counts)
from ansible_collections.assay.clusters.tests.unit.runs.builders import (
    BAD, GOOD, OTHER, PASS, SEED, SKIP, codes, ginkgo1, ginkgo2, new_log, old_log, one, summary)

GREEN, BOLD, PLAIN = "\x1b[32m", "\x1b[1m", "\x1b[0m"


@pytest.mark.parametrize("log", [old_log(), new_log()], ids=["old", "new"])
def test_a_log_alone(tmp_path: Path, log: str) -> None:
    run = one(tmp_path, {"e2e.log": log})
    assert (run.verdict, run.verdict_source, run.counts, run.counts_source) == (
        PASSED, "log", Counts(passed=2, skipped=1), "the log's summary")
    assert codes(run) == [] and not run.complete and run.cases == []


def test_versions_are_those_of_the_log(tmp_path: Path) -> None:
    run = one(tmp_path, {"e2e.log": old_log(version="v1.14.3-gke.11+a1b2")})
    assert run.e2e_version == run.server_version == "v1.14.3-gke.11+a1b2"


def test_a_pass_needs_no_closing_line_and_a_failed_one_counts(tmp_path: Path) -> None:
    assert one(tmp_path / "without", {"e2e.log": old_log(closing="")}).verdict == PASSED
    run = one(tmp_path / "failed", {"e2e.log": old_log(closing="Test Suite Failed")})
    assert run.verdict == FAILED and codes(run) == ["log-closing"]


def coloured(text: str) -> str:
    for plain, painted in (("Ran 2", f"{BOLD}{GREEN}Ran 2"), ("SUCCESS!", f"{PLAIN}{GREEN}{BOLD}SUCCESS!{PLAIN}"),
                           ("| 0 F", f"| {GREEN}0 F")):
        text = text.replace(plain, painted)
    return text


@pytest.mark.parametrize("disguise", [
    lambda t: t.replace("\n", "\r\n"),
    lambda t: t.replace("\n", "\r"),
    coloured,
    lambda t: t.encode("utf-16"),
    lambda t: gzip.compress(t.encode()),
    lambda t: t.replace("\nSUCCESS!", " " + "S" * 300000 + "SUCCESS!")],
    ids=["crlf", "cr", "colours", "utf-16", "gzip", "one line"])
def test_disguises(tmp_path: Path, disguise) -> None:
    run = one(tmp_path, {"e2e.log": disguise(old_log())})
    assert (run.verdict, run.counts.passed, run.seconds, codes(run)) == (PASSED, 2, 61.5, [])
    assert run.started.epoch == 1724364153


def test_a_log_of_several_suites_is_summed(tmp_path: Path) -> None:
    two = old_log() + old_log(ending=summary(passed=3, failed=1, skipped=0, seconds=10.0))
    run = one(tmp_path, {"e2e.log": two, "junit_01.xml": ginkgo1([*GOOD, *((f"t{n}", "passed") for n in range(3)),
                                                                  ("t9", "failed")])})
    assert run.verdict == FAILED and codes(run) == [] and run.counts == Counts(passed=5, failed=1, skipped=1)
    alone = one(tmp_path / "alone", {"e2e.log": two})
    assert alone.counts == Counts(passed=5, failed=1, skipped=1) and alone.seconds == 71.5


@pytest.mark.parametrize(("log", "junit", "verdicts"), [
    (old_log(), ginkgo1(BAD), "The log says passed, JUnit says failed"),
    (old_log(ending=summary(1, 1)), ginkgo1(GOOD), "The log says failed, JUnit says passed")])
def test_log_against_junit_is_told_and_the_worse_one_counts(tmp_path: Path, log: str, junit: str, verdicts: str) -> None:
    run = one(tmp_path, {"e2e.log": log, "junit_01.xml": junit})
    assert run.verdict == FAILED and codes(run) == ["log-junit-verdict", "log-junit-counts"]
    assert run.findings[0].message == verdicts and run.findings[0].severity == ERROR


def test_a_pass_that_only_one_of_them_counts(tmp_path: Path) -> None:
    run = one(tmp_path, {"e2e.log": old_log(ending=summary(3)), "junit_01.xml": ginkgo1(GOOD)})
    told = "Log and JUnit count otherwise: 3 passed by the log and 2 by JUnit"
    assert run.verdict == PASSED and run.findings[0].message == told


CUT = old_log(ending="")


def test_a_log_that_ends_before_its_summary_is_no_pass(tmp_path: Path) -> None:
    run = one(tmp_path, {"e2e.log": CUT})
    assert (run.verdict, run.verdict_source, codes(run)[-1]) == (INCONCLUSIVE, "e2e.log is not whole", "log-cut")


def test_junit_is_written_after_the_last_test_so_it_is_enough(tmp_path: Path) -> None:
    run = one(tmp_path, {"e2e.log": CUT, "junit_01.xml": ginkgo1(GOOD)})
    assert (run.verdict, run.verdict_source, codes(run)) == (PASSED, "junit", ["log-cut"])


def test_of_two_suites_one_summary_is_not_enough(tmp_path: Path) -> None:
    run = one(tmp_path, {"e2e.log": old_log() + CUT})
    assert (run.verdict, codes(run)) == (INCONCLUSIVE, ["log-cut"])


@pytest.mark.parametrize(("content", "code"), [("", "log-empty"), ("hello\n" * 10, "log-unknown"),
                                               (b"\x00\xff" * 999, "log-unknown")])
def test_logs_that_tell_nothing(tmp_path: Path, content: str | bytes, code: str) -> None:
    run = one(tmp_path, {"e2e.log": content})
    assert run.verdict == INCONCLUSIVE and code in codes(run)
    beside = one(tmp_path / "beside", {"e2e.log": content, "junit_01.xml": ginkgo2(GOOD)})
    assert beside.verdict == PASSED and codes(beside) == [code]


def test_a_gzip_log_that_is_cut(tmp_path: Path) -> None:
    run = one(tmp_path, {"e2e.log": gzip.compress(old_log().encode())[:-20]})
    assert run.verdict == INCONCLUSIVE and codes(run)[0] == "log-unreadable"


@pytest.mark.parametrize("block", [
    "\n\nSummarizing 2 Failures:\n\n[Fail] [sig-apps] Job [It] should run to completion [Conformance] \n/go/src/job.go:65\n\n"
    "[Panic!] [sig-x] Other [It] panics \n/go/src/x.go:1\n",
    "\n\nSummarizing 2 Failures:\n  [FAIL] [sig-apps] Job [It] should run to completion [Conformance] [sig-apps, Conformance]\n"
    "  k8s.io/job.go:65\n"
    "  [PANICKED!] [sig-x] Other [It] panics\n"], ids=["old", "new"])
def test_failures_are_named_by_a_log_without_junit(tmp_path: Path, block: str) -> None:
    run = one(tmp_path, {"e2e.log": old_log(ending=block + summary(1, 2))})
    assert [(c.name, c.outcome) for c in run.cases] == [(OTHER, FAILED), ("[sig-x] Other panics", ERRORED)] and not run.complete


@pytest.mark.parametrize("labels", ["", " [sig-apps, Conformance]", " [Conformance]"])
def test_flakes_are_in_the_log_only(tmp_path: Path, labels: str) -> None:
    banner = ("-----\n↺ [FLAKEY TEST - TOOK 2 ATTEMPTS TO PASS] [3.125 seconds]\n\n/go/src/job.go:65\n"
              f"{OTHER}{labels}\nk8s.io/job.go:65\n")
    log = new_log(ending=banner + summary(flaked=1))
    run = one(tmp_path, {"e2e.log": log, "junit_01.xml": ginkgo2(GOOD, properties={"FlakeAttempts": "2"})})
    assert (run.verdict, run.counts.flaked, codes(run)) == (PASSED, 1, [])
    assert [(c.name, c.attempts, c.flaked) for c in run.tests()] == [(PASS, 1, False), (OTHER, 2, True), (SKIP, 1, False)]
    alone = one(tmp_path / "alone", {"e2e.log": log})
    assert alone.counts.flaked == 1 and [(c.name[:len(OTHER)], c.flaked) for c in alone.cases] == [(OTHER, True)]


def test_a_reason_is_told(tmp_path: Path) -> None:
    run = one(tmp_path, {"e2e.log": new_log(ending=summary(1, 1).replace("FAIL!", "FAIL! - Interrupted by User"))})
    assert run.verdict == FAILED and run.findings[-1].message == "e2e.log: Interrupted by User"


def test_files_of_two_runs_are_no_pass(tmp_path: Path) -> None:
    run = one(tmp_path, {"e2e.log": new_log(seed=SEED + 4), "junit_01.xml": ginkgo2(GOOD)})
    assert (run.verdict, run.verdict_source, codes(run)) == (INCONCLUSIVE, "log and JUnit are of different runs", ["other-run"])


def test_a_log_of_phases_has_the_seeds_of_all(tmp_path: Path) -> None:
    log = old_log(seed=7, ending=summary(0, 0, 0)) + old_log()
    assert one(tmp_path, {"e2e.log": log, "junit_01.xml": ginkgo2(GOOD)}).verdict == PASSED


def test_a_lost_file_of_a_parallel_run(tmp_path: Path) -> None:
    log = old_log(middle="Running in parallel across 3 nodes\n")
    files = {f"junit_0{n}.xml": ginkgo1([(f"t{n}", "passed")]) for n in (1, 2)}
    run = one(tmp_path, {"e2e.log": log, **files})
    assert (run.verdict, run.verdict_source, codes(run), run.complete) == (
        INCONCLUSIVE, "1 JUnit files are missing", ["junit-missing"], False)
    new = one(tmp_path / "new", {"e2e.log": log, "junit_01.xml": ginkgo2(GOOD)})  # Ginkgo 2 writes one for all
    assert new.verdict == PASSED


def test_the_log_of_a_build_that_repeats_that_of_the_tests_counts_once(tmp_path: Path) -> None:
    run = one(tmp_path, {"e2e.log": old_log(), "build-log.txt": "hello\n" + old_log()})
    assert run.counts.passed == 2 and len(run.sources) == 1


@pytest.mark.parametrize(("version", "claimed", "found"), [
    ("v1.31.4", "v1.31", []), ("v1.31.4+k3s1", "v1.31.4", []), ("v1.31.14", "1.31.1", ["version-claimed"]),
    ("v1.19.10", "v1.18", ["version-claimed"])])
def test_the_version_that_was_claimed(tmp_path: Path, version: str, claimed: str, found: list[str]) -> None:
    assert codes(one(tmp_path, {"e2e.log": old_log(version=version)}, version=claimed)) == found


def test_a_folder_of_submissions_claims_a_version(tmp_path: Path) -> None:
    run = one(tmp_path / "v1.18/rafay", {"e2e.log": old_log(version="v1.19.10")})
    assert codes(run) == ["version-claimed"]
    assert run.findings[0].message == "Version v1.18 is the folder's, but the API server is v1.19.10"


def test_tests_of_another_release_than_the_server(tmp_path: Path) -> None:
    log = old_log(version="v1.10.0").replace("kube-apiserver version: v1.10.0", "kube-apiserver version: v1.11.1")
    run = one(tmp_path, {"e2e.log": log})
    assert codes(run) == ["version-skew"] and (run.e2e_version, run.server_version) == ("v1.10.0", "v1.11.1")
