# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JUnit of every generation, and where a file says two things."""
from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.runs.model import (
    ERRORED, FAILED, INCONCLUSIVE, PASSED, SKIPPED, Counts)
from ansible_collections.assay.clusters.tests.unit.runs.builders import (
    BAD, GOOD, OTHER, PASS, SKIP, codes, ginkgo1, ginkgo2, one)

DEMO = """<testsuites tests="7" disabled="2" errors="1" failures="1" time="61.5">
 <testsuite name="Demo suite" package="demo" tests="7" disabled="0" skipped="2" errors="1" failures="1" time="61.5"
  timestamp="2026-01-01T12:00:00">
  <properties><property name="FlakeAttempts" value="2"></property></properties>
  <testcase name="[SynchronizedBeforeSuite]" classname="Demo suite" status="passed" time="0.1"></testcase>
  <testcase name="[It] dns resolves [Conformance]" classname="Demo suite" status="passed" time="2"></testcase>
  <testcase name="[It] lb answers" status="failed" time="30">
   <failure message="" type="failed">no address after 30s</failure></testcase>
  <testcase name="[It] gpu works" status="skipped" time="0"><skipped message="skipped"></skipped></testcase>
  <testcase name="[It] zone spread" status="skipped" time="0"><skipped message="skipped - needs 3 zones"></skipped></testcase>
  <testcase name="[It] audit flows" status="panicked" time="1"><error message="" type="panicked">nil map</error></testcase>
  <testcase name="[It] dns resolves [Conformance]" classname="Demo suite" status="passed" time="3"></testcase>
 </testsuite>
</testsuites>"""


def test_every_trap_in_one_file(tmp_path: Path) -> None:
    run = one(tmp_path, {"junit_01.xml": DEMO})
    assert run.counts == Counts(passed=2, failed=1, errored=1, skipped=2, setup=1) and run.verdict == FAILED and run.complete
    assert (run.started.epoch, run.seconds) == (1767268800, 61.5)
    assert [(c.name, c.outcome, c.twin) for c in run.tests()] == [
        ("dns resolves [Conformance]", PASSED, 0), ("lb answers", FAILED, 0), ("gpu works", SKIPPED, 0),
        ("zone spread", SKIPPED, 0),
        ("audit flows", ERRORED, 0), ("dns resolves [Conformance]", PASSED, 1)]
    assert run.cases[2].text == "no address after 30s" and run.cases[4].message == "skipped - needs 3 zones"
    assert codes(run) == ["same-name", "flakes-hidden"]


@pytest.mark.parametrize("make", [ginkgo1, ginkgo2])
def test_good_and_bad_of_both_generations(tmp_path: Path, make) -> None:
    good = one(tmp_path / "good", {"junit_01.xml": make(GOOD)})
    assert (good.verdict, good.counts.passed, good.counts.skipped, codes(good)) == (PASSED, 2, 1, [])
    assert good.sources[0].ginkgo == (1 if make is ginkgo1 else 2)
    bad = one(tmp_path / "bad", {"junit_01.xml": make(BAD)})
    assert (bad.verdict, bad.counts.failed, codes(bad)) == (FAILED, 1, [])


def test_braces_of_a_name_stay(tmp_path: Path) -> None:
    names = ["handle 3 pods per node { ReplicationController} with 0 secrets", "handle 3 pods { ReplicationController}"]
    assert [c.name for c in one(tmp_path, {"junit_01.xml": ginkgo1([(n, "passed") for n in names])}).cases] == names


def test_names_are_those_of_every_generation(tmp_path: Path) -> None:
    old = one(tmp_path / "old", {"junit_01.xml": ginkgo1([(f"{PASS} {{Kubernetes e2e suite}}", "passed")])})
    new = one(tmp_path / "new", {"junit_01.xml": ginkgo2([(PASS, "passed")])})
    assert old.tests()[0].name == new.tests()[0].name == PASS
    assert new.tests()[0].full_name == f"Kubernetes e2e suite.[It] {PASS}"


@pytest.mark.parametrize("written", [r'[It] exec \"cat /tmp\"', "[It] exec &amp;#34;cat /tmp&amp;#34;"])
def test_quotes_that_were_escaped_twice(tmp_path: Path, written: str) -> None:
    text = ginkgo2([("NAME", "passed")]).replace('"[It] NAME"', f"'{written}'")
    assert one(tmp_path, {"junit_01.xml": text}).tests()[0].name == 'exec "cat /tmp"'


def test_a_skipped_twin_is_no_second_run(tmp_path: Path) -> None:
    run = one(tmp_path, {"junit_01.xml": ginkgo1([(PASS, "passed"), (PASS, "skipped")])})
    assert [c.twin for c in run.tests()] == [0, 0] and codes(run) == []


def test_equal_names_that_ended_otherwise_are_told_and_failed(tmp_path: Path) -> None:
    run = one(tmp_path, {"junit_01.xml": ginkgo1([(PASS, "passed")]), "junit_02.xml": ginkgo1([(PASS, "failed")])})
    assert run.verdict == FAILED and [(f.code, f.severity) for f in run.findings] == [("same-name", "warning")]
    assert (run.counts.passed, run.counts.failed) == (1, 1)


def test_files_of_a_parallel_run_are_one_run(tmp_path: Path) -> None:
    run = one(tmp_path, {f"junit_0{n}.xml": ginkgo1([(f"{PASS} {n}", "passed"), (f"{SKIP} {n}", "skipped")], 10.0 * n)
                         for n in range(1, 8)})
    assert (run.counts.passed, run.counts.skipped, len(run.sources), codes(run)) == (7, 7, 7, [])


@pytest.mark.parametrize(("status", "outcome"), [("timedout", FAILED), ("interrupted", ERRORED), ("aborted", ERRORED),
                                                 ("panicked", ERRORED), ("pending", SKIPPED)])
def test_words_of_ginkgo(tmp_path: Path, status: str, outcome: str) -> None:
    run = one(tmp_path, {"junit_01.xml": ginkgo2([(PASS, "passed"), (OTHER, status)])})
    assert run.tests()[1].outcome == outcome and codes(run) == []


@pytest.mark.parametrize(("numbers", "told", "verdict"), [
    ({"tests": 9}, "says 9 tests, and has 4 of which 3 ran", INCONCLUSIVE),
    ({"tests": 1}, "says 1 tests, and has 4 of which 3 ran", PASSED),
    ({"failures": 3}, "says 3 failures and errors, and has 0", FAILED),
    ({"errors": 1}, "says 1 failures and errors, and has 0", FAILED),
    ({"skipped": 0}, "says 0 skipped, and has 1", PASSED)])
def test_attributes_that_are_not_those_of_the_elements(tmp_path: Path, numbers: dict[str, int], told: str,
                                                       verdict: str) -> None:
    text = ginkgo1([*GOOD, ("third", "passed")], **numbers)
    run = one(tmp_path, {"junit_01.xml": text})
    assert codes(run) == ["junit-attributes"] and told in run.findings[0].message
    assert run.verdict == verdict and run.counts.passed == 3


@pytest.mark.parametrize(("status", "element", "outcome"), [("failed", "", FAILED),
                                                            ("passed", '<failure message="x"></failure>', FAILED),
                                                            ("skipped", '<error message="x"></error>', ERRORED),
                                                            ("passed", '<skipped message="x"></skipped>', SKIPPED),
                                                            ("failed", '<skipped message="x"></skipped>', FAILED)])
def test_a_status_that_is_not_that_of_the_element(tmp_path: Path, status: str, element: str, outcome: str) -> None:
    text = ginkgo2([(PASS, "passed"), ("ODD", "passed")]).replace(
        '[It] ODD" classname="Kubernetes e2e suite" status="passed" time="1.5">',
        f'[It] ODD" status="{status}" time="1.5">{element}')
    run = one(tmp_path, {"junit_01.xml": text})
    assert run.tests()[1].outcome == outcome and "junit-status" in codes(run)


def test_a_suite_that_failed_without_a_case(tmp_path: Path) -> None:
    run = one(tmp_path, {"junit_01.xml": ginkgo2(GOOD, properties={"SuiteSucceeded": "false",
                                                                   "SpecialSuiteFailureReason": "Suite Timeout"})})
    assert run.verdict == FAILED and codes(run) == ["suite-failed"] and "Suite Timeout" in run.findings[0].message.title()


def test_a_node_of_the_suite_that_failed_is_no_test(tmp_path: Path) -> None:
    run = one(tmp_path, {"junit_01.xml": ginkgo2([*GOOD, ("[SynchronizedAfterSuite]", "failed")])})
    assert run.verdict == FAILED and run.counts.failed == 0 and run.counts.setup_failed == 1 and codes(run) == ["setup-failed"]


def test_a_dry_run_proves_nothing(tmp_path: Path) -> None:
    run = one(tmp_path, {"junit_01.xml": ginkgo2(GOOD, properties={"DryRun": "true"})})
    assert (run.verdict, run.verdict_source, codes(run)) == (INCONCLUSIVE, "it was a dry run", ["dry-run"])


@pytest.mark.parametrize("cases", [[], [(SKIP, "skipped")]])
def test_nothing_that_ran_is_not_passed(tmp_path: Path, cases: list) -> None:
    run = one(tmp_path, {"junit_01.xml": ginkgo1(cases)})
    assert (run.verdict, run.verdict_source, run.sources[0].verdict) == (INCONCLUSIVE, "no test ran", "")
    assert codes(run) == ["nothing-ran" if cases else "junit-empty"]


def test_suites_in_suites_and_other_writers(tmp_path: Path) -> None:
    text = ('<testsuites><testsuite name="a" tests="2"><testsuite name="b" tests="2" skipped="0"><testcase name="x"/>'
            '<testcase name="y"><properties><property name="speed" value="4"/></properties>'
            '<system-out>hello</system-out></testcase>'
            '</testsuite></testsuite></testsuites>')
    run = one(tmp_path, {"results.xml": text})
    assert [c.full_name for c in run.cases] == ["a.b.x", "a.b.y"] and run.verdict == PASSED and codes(run) == []
    assert run.cases[1].properties == {"speed": "4"} and run.cases[1].output == "hello" and run.sources[0].ginkgo == 0


def test_another_charset_is_read_and_told(tmp_path: Path) -> None:
    text = ginkgo1([("Prüfung", "passed")]).replace("UTF-8", "ISO-8859-1").encode("latin-1")
    run = one(tmp_path, {"junit_01.xml": text})
    assert run.cases[0].name == "Prüfung" and codes(run) == ["junit-encoding"]


def test_long_texts_lose_their_middle(tmp_path: Path) -> None:
    text = ginkgo2([(PASS, "passed"), (OTHER, "failed")]).replace("nothing came", "begin " + "x" * 100000 + " end")
    found = one(tmp_path, {"junit_01.xml": text}).tests()[1].text
    assert len(found) < 4100 and "begin x" in found and found.endswith("x end") and "characters left out" in found
