# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Builds as TestGrid reads them: files, cells, rows of one name, the row of the build itself, headers."""
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.testgrid.grid import builds, rows, status
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.grid.cells import DURATION
from ansible_collections.assay.clusters.plugins.module_utils.testgrid.grid.status import Status
from ansible_collections.assay.clusters.tests.unit.testgrid.grids import (
    DAY, GROUP, HOUR, NOW, case, column, failed, junit, make, of, shown)

# Every trap of Ginkgo 2 in one file.
DEMO = """<testsuites tests="7" disabled="2" errors="1" failures="1" time="61.5">
 <testsuite name="Demo suite" package="demo" tests="7" disabled="0" skipped="2" errors="1" failures="1" time="61.5"
  timestamp="2026-01-01T12:00:00">
  <properties><property name="FlakeAttempts" value="2"></property></properties>
  <testcase name="[SynchronizedBeforeSuite]" classname="Demo suite" status="passed" time="0.1"></testcase>
  <testcase name="[It] dns resolves [Conformance]" classname="Demo suite" status="passed" time="2"></testcase>
  <testcase name="[It] lb answers" classname="Demo suite" status="failed" time="30">
   <failure message="" type="failed">no address after 30s</failure></testcase>
  <testcase name="[It] gpu works" classname="Demo suite" status="skipped" time="0">
   <skipped message="skipped"></skipped></testcase>
  <testcase name="[It] zone spread" classname="Demo suite" status="skipped" time="0">
   <skipped message="skipped - needs 3 zones"></skipped></testcase>
  <testcase name="[It] audit flows" classname="Demo suite" status="panicked" time="1">
   <error message="" type="panicked">nil map</error></testcase>
  <testcase name="[It] dns resolves [Conformance]" classname="Demo suite" status="passed" time="3"></testcase>
 </testsuite>
</testsuites>"""


@pytest.mark.parametrize(("path", "told"), [
    ("artifacts/junit_01.xml", ("01", "", "")), ("artifacts/junit_runner.xml", ("runner", "", "")),
    ("artifacts/junit_core-os_01.xml", ("core-os", "", "01")),
    ("a/b/junit_c_20180102-1256_07.xml", ("c", "20180102-1256", "07")),
    ("artifacts/junit.xml", ("", "", "")), ("artifacts/junit_a_b_c.xml", ("_a_b_c", "", "")),
    ("artifacts/junitX.xml", ("X", "", "")),
    ("junit_01.xml", ("01", "", "")), ("artifacts/test.xml", ("", "", ""))])
def test_what_the_name_of_a_junit_file_tells(path: str, told: tuple[str, str, str]) -> None:
    assert tuple((rows.of_file(path) or {}).values()) == told


@pytest.mark.parametrize("path",
                         ["artifacts/e2e.xml", "artifacts/prefix_junit.xml", "artifacts/junit.xml.gz", "artifacts/junit.json"])
def test_files_that_are_not_read(path: str) -> None:
    assert rows.of_file(path) is None


def test_the_numbers_of_statuses_and_what_weighs_more() -> None:
    assert [s.name for s in sorted(Status)] == [
        "NO_RESULT", "PASS", "PASS_WITH_ERRORS", "PASS_WITH_SKIPS", "RUNNING", "CATEGORIZED_ABORT", "UNKNOWN", "CANCEL", "BLOCKED",
        "TIMED_OUT", "CATEGORIZED_FAIL", "BUILD_FAIL", "FAIL", "FLAKY", "TOOL_FAIL", "BUILD_PASSED"]
    assert [s.name for s in status.SEVERITY] == [
        "NO_RESULT", "BUILD_PASSED", "PASS", "PASS_WITH_SKIPS", "PASS_WITH_ERRORS", "RUNNING", "CATEGORIZED_ABORT", "UNKNOWN",
        "CANCEL",
        "BLOCKED", "FLAKY", "TOOL_FAIL", "TIMED_OUT", "CATEGORIZED_FAIL", "BUILD_FAIL", "FAIL"]
    assert [s.name for s in status.SEVERITY if status.passing(s)] == ["BUILD_PASSED", "PASS", "PASS_WITH_SKIPS",
                                                                      "PASS_WITH_ERRORS"]
    assert [s.name for s in status.SEVERITY if status.failing(s)] == ["TOOL_FAIL", "TIMED_OUT", "CATEGORIZED_FAIL",
                                                                      "BUILD_FAIL", "FAIL"]
    assert status.severest(Status.PASS, Status.FAIL, Status.FLAKY) == Status.FAIL
    assert status.coalesced(Status.RUNNING) == Status.NO_RESULT and status.coalesced(Status.FLAKY) == Status.FLAKY


def test_the_example_with_every_trap(tmp_path: Path) -> None:
    make(tmp_path, 1, files={"artifacts/junit_01.xml": DEMO}, finished={"timestamp": NOW, "passed": False})
    found = column(tmp_path)
    assert {n: shown(c) for n, c in found.cells.items()} == {
        "Demo suite.[SynchronizedBeforeSuite]": ("PASS", "", ""),
        "Demo suite.[It] dns resolves [Conformance]": ("PASS", "2/2", "2/2 runs passed"),
        "Demo suite.[It] lb answers": ("FAIL", "F", "no address after 30s"),
        "Demo suite.[It] zone spread": ("PASS_WITH_SKIPS", "S", "skipped - needs 3 zones"),
        "Demo suite.[It] audit flows": ("FAIL", "F", "nil map"), "job.Overall": ("FAIL", "", "")}
    assert found.cells["Demo suite.[It] dns resolves [Conformance]"].metrics[DURATION] == pytest.approx(2.5 / 60)


@pytest.mark.parametrize(("inside", "wanted"), [
    ("", ("PASS", "", "")), ("<failure/>", ("FAIL", "", "")), ("<failure>boom</failure>", ("FAIL", "F", "boom")),
    ('<failure message="a">b</failure>', ("FAIL", "F", "a\nb")),
    ("<failure/><system-out>out</system-out>", ("FAIL", "F", "out")),
    ("<error>oh no</error>", ("FAIL", "F", "oh no")), ("<error/>", ("FAIL", "", "")),
    ("<skipped/>", ("", "", "")), ('<skipped message="skipped"/>', ("", "", "")), ('<skipped message=""/>', ("", "", "")),
    ("<skipped>tl;dr</skipped>", ("PASS_WITH_SKIPS", "S", "tl;dr")),
    ('<skipped message="other"/>', ("PASS_WITH_SKIPS", "S", "other")),
    ("<system-err>ouch</system-err>", ("PASS", "", "ouch")), ("<system-out>words</system-out>", ("PASS", "", "words")),
    (f"<failure>{'a' * 100}{'b' * 100}</failure>", ("FAIL", "F", "a" * 70 + "..." + "b" * 70)),
    (f"<failure>{'a' * 140}</failure>", ("FAIL", "F", "a" * 140)),
    (f"<failure>{'a' * 141}</failure>", ("FAIL", "F", "a" * 70 + "..." + "a" * 70))])
def test_a_case_is_a_cell(tmp_path: Path, inside: str, wanted: tuple[str, str, str]) -> None:
    make(tmp_path, 1, case("one", inside))
    assert shown(column(tmp_path).cells.get("one")) == wanted


def test_skips_may_be_left_out(tmp_path: Path) -> None:
    make(tmp_path, 1, case("one", "<skipped>why</skipped>"))
    assert "one" not in column(tmp_path, ignore_skip=True).cells


def test_suites_are_joined_by_dots(tmp_path: Path) -> None:
    inner = junit(case("c"), suite="b")
    make(tmp_path, 1,
         files={"artifacts/junit.xml": f'<testsuites><testsuite name="a">{inner}{case("d")}</testsuite></testsuites>'})
    assert {"a.b.c", "a.d"} <= set(column(tmp_path).cells)


def properties(**values: str) -> str:
    return "<properties>" + "".join(f'<property name="{n}" value="{v}"/>' for n, v in values.items()) + "</properties>"


@pytest.mark.parametrize(("value", "icon"), [("123", "123"), ("123456789", "1.235e+08"), ("1.567890", "1.568"), ("tasty", "")])
def test_a_number_is_the_icon(tmp_path: Path, value: str, icon: str) -> None:
    make(tmp_path, 1, case("one", properties(food=value)))
    assert column(tmp_path, short_text_metric="food").cells["one"].icon == icon


@pytest.mark.parametrize("inside", ["", "<failure>x</failure>", "<skipped>x</skipped>"])
def test_an_annotation_is_the_icon(tmp_path: Path, inside: str) -> None:
    make(tmp_path, 1, case("one", properties(fries="") + inside))
    assert column(tmp_path, test_annotations=[{"short_text": "steak", "property_name": "fries"}]).cells["one"].icon == "steak"


@pytest.mark.parametrize(("names", "wanted"), [
    ([case("same", time=1), case("same", time=2), failed("same", "ugh")], ("FLAKY", "2/3", "2/3 runs passed: ugh")),
    ([case("same"), case("same")], ("PASS", "2/2", "2/2 runs passed")),
    ([failed("same"), failed("same")], ("FAIL", "0/2", "0/2 runs passed: boom")),
    ([case("same", "<skipped>why</skipped>"), case("same")], ("PASS_WITH_SKIPS", "2/2", "2/2 runs passed: why")),
    ([case("same", "<skipped/>"), case("same")], ("PASS", "", ""))])
def test_equal_names_are_merged(tmp_path: Path, names: list[str], wanted: tuple[str, str, str]) -> None:
    make(tmp_path, 1, *names)
    assert shown(column(tmp_path).cells["same"]) == wanted


def test_equal_names_of_several_files_are_merged(tmp_path: Path) -> None:
    make(tmp_path, 1, case("same"), files={"artifacts/junit_02.xml": junit(failed("same"))})
    assert shown(column(tmp_path).cells["same"])[:2] == ("FLAKY", "1/2")


def test_equal_names_may_be_kept_apart(tmp_path: Path) -> None:
    make(tmp_path, 1, *[case("same", time=n) for n in range(22)])
    found = [n for n in column(tmp_path, disable_merged_status=True).cells if n.startswith("same")]
    assert found == ["same", *(f"same [{n}]" for n in range(1, 20)), "same [overflow]"]
    assert shown(column(tmp_path, disable_merged_status=True).cells["same [overflow]"]) == ("FAIL", "...",
                                                                                            "Too many duplicately named rows")


@pytest.mark.parametrize(("started", "finished", "cases", "wanted"), [
    (NOW - HOUR, {"timestamp": NOW, "passed": True}, [], ("PASS", "", "")),
    (NOW - HOUR, {"timestamp": NOW, "passed": False}, [failed("a")], ("FAIL", "", "")),
    (NOW - HOUR, {"timestamp": NOW, "passed": False}, [case("a")], ("FAIL", "F", "Build failed outside of test results")),
    (NOW - HOUR, {"timestamp": NOW, "passed": True, "result": "FAILURE"}, [], ("PASS", "", "")),
    (NOW - HOUR, {"timestamp": NOW, "result": "SUCCESS"}, [], ("PASS", "E", 'finished.json missing "passed": true')),
    (NOW - HOUR, {"timestamp": NOW, "result": "FAILURE"}, [], ("FAIL", "E", 'finished.json missing "passed": false')),
    (NOW - HOUR, {}, [], ("RUNNING", "R", "Build still running...")),
    (NOW - HOUR, {"passed": True}, [], ("RUNNING", "R", "Build still running...")),
    (NOW - DAY - 1, {}, [], ("FAIL", "T", "Build did not complete within 24 hours")),
    (None, {}, [case("a")], ("RUNNING", "R", "no start")),
    (0, {}, [case("a")], ("RUNNING", "R", "no start"))])
def test_the_row_of_the_build(tmp_path: Path, started: Any, finished: Any, cases: list[str],
                              wanted: tuple[str, str, str]) -> None:
    make(tmp_path, 1, *cases, started=started, finished=finished)
    assert shown(column(tmp_path).cells["job.Overall"]) == wanted


@pytest.mark.parametrize(("files", "why"), [
    ({"artifacts/junit.xml": "<testsuite>"}, "artifacts/junit.xml is no whole XML"),
    ({"artifacts/junit.xml": ""}, "artifacts/junit.xml is empty"),
    ({"artifacts/junit.xml": "<html/>"}, "is no JUnit"), ({"finished.json": "{"}, "finished.json is no JSON"),
    ({"artifacts/junit.xml": '<?xml version="1.0" encoding="iso-8859-1"?><testsuite/>'},
     "is in iso-8859-1, and only UTF-8 is read"),
    ({"artifacts/junit.xml": '<!DOCTYPE a [<!ENTITY b "c">]><testsuite/>'}, "has a document type")])
def test_what_cannot_be_read_fails_the_build(tmp_path: Path, files: dict[str, str], why: str) -> None:
    make(tmp_path, 1, case("a"), files=files)
    found = shown(column(tmp_path).cells["job.Overall"])
    assert found[:2] == ("FAIL", "E") and found[2].startswith("Malformed metadata: ") and why in found[2], found
    assert shown(column(tmp_path).cells["a"])[0] == "PASS"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    folder = make(tmp_path, 1, case("a"))
    with (folder / "artifacts/junit_02.xml").open("wb") as file:
        file.truncate(100 * 10**6 + 1)
    assert shown(column(tmp_path).cells["job.Overall"]) == (
        "FAIL", "E", "Malformed metadata: artifacts/junit_02.xml is larger than 100 MB")


@pytest.mark.parametrize(("started", "ended", "pod", "wanted"), [
    (NOW - HOUR, NOW - HOUR / 2, False, ("RUNNING", "!")), (NOW - 3 * HOUR, NOW - HOUR, False, ("PASS_WITH_SKIPS", "!")),
    (NOW - HOUR, NOW - HOUR / 2, True, ("PASS", "")), (NOW - HOUR, None, False, ("", "")),
    (NOW - HOUR, None, True, ("PASS", "")),
    (NOW - DAY - 1, None, False, ("PASS_WITH_SKIPS", "!"))])
def test_the_row_of_the_pod(tmp_path: Path, started: float, ended: float | None, pod: bool, wanted: tuple[str, str]) -> None:
    make(tmp_path, 1, started=started, finished={"timestamp": ended, "passed": True} if ended else {},
         files={"podinfo.json": "{}"} if pod else {})
    assert shown(column(tmp_path, disable_prowjob_analysis=False).cells.get("job.Pod"))[:2] == wanted
    assert "job.Pod" not in column(tmp_path).cells


@pytest.mark.parametrize(("started", "finished", "wanted"), [
    ({"repo-commit": "0f1e2d3c4b5a69788796a5b4c3d2e1f001020304"}, {"job-version": "v1.31.4+0f1e2d3c4"}, "0f1e2d3c4"),
    ({"repo-commit": "aabbccddeeff"}, {}, "aabbccdde"), ({"job-version": "v1"}, {"repo-version": "v2"}, "v1"),
    ({"repo-version": "v3"}, {"repo-version": "v2"}, "v3"), ({}, {"repo-version": "v2", "metadata": {"revision": "v4"}}, "v2"),
    ({}, {"metadata": {"revision": "v4", "repo-commit": "v5"}}, "v4"),
    ({}, {"metadata": {"repo-commit": "v5", "job-version": "v6"}}, "v5"),
    ({"repo-commit": "v7"}, {"metadata": {"job-version": "v6"}}, "v6"), ({}, {"metadata": {"Commit": "own"}}, "own"),
    ({}, {}, "missing")])
def test_the_commit(tmp_path: Path, started: dict[str, Any], finished: dict[str, Any], wanted: str) -> None:
    make(tmp_path, 1, started={"timestamp": NOW - HOUR, **started}, finished={"timestamp": NOW, "passed": True, **finished})
    assert column(tmp_path, column_header=[{"configuration_value": "Commit"}]).headers == [wanted]


def test_headers(tmp_path: Path) -> None:
    make(tmp_path, 1, case("a", properties(zone="a")), case("b", properties(zone="b")),
         finished={"timestamp": NOW, "passed": True, "metadata": {"platform": "konvoy", "links": ["x"]}})
    headers = [{"configuration_value": "platform"}, {"configuration_value": "links"}, {"configuration_value": "gone"},
               {"property": "zone"},
               {"property": "zone", "list_all_values": True}, {"label": "x"}]
    assert column(tmp_path, column_header=headers).headers == ["konvoy", "missing", "missing", "*", "a||b", ""]
    make(tmp_path, 2, finished={})
    assert column(tmp_path, 2, column_header=headers[:1]).headers == [""]


def test_names_as_a_test_group_wants_them(tmp_path: Path) -> None:
    make(tmp_path, 1, finished={"timestamp": NOW, "passed": True, "metadata": {"platform": "konvoy"}},
         files={"artifacts/junit_core-os_01.xml": junit(case("t", properties(zone="b")))})
    names = [{"target_config": n} for n in ("Tests name", "Context", "Thread", "platform",
                                            "gone")] + [{"test_property": "zone"}]
    config = {"name_elements": names, "name_format": "%s - %s [%s] (%s) %s %s"}
    assert "t - core-os [01] (konvoy)  b" in column(tmp_path, test_name_config=config).cells


def test_columns_are_sorted_by_the_numbers_of_builds(tmp_path: Path) -> None:
    for number in (9, 10, 1700000000, 100):
        make(tmp_path, number)
    (tmp_path / "bucket/job/latest-build.txt").write_text("10")
    (tmp_path / "bucket/job/notes").mkdir()
    assert [c.build for c in of(tmp_path).columns] == ["1700000000", "100", "10", "9"]


def test_rows_of_the_build_come_first_then_tests_by_their_numbers(tmp_path: Path) -> None:
    make(tmp_path, 1, case("test 10"), case("test 9"), case("A"), case("test 10²1"))
    make(tmp_path, 2, case("B"))
    found = of(tmp_path)
    assert [r.name for r in found.rows] == ["job.Overall", "A", "B", "test 9", "test 10", "test 10²1"]
    assert [c is None for c in found.rows[1].cells] == [True, False]


def test_old_builds_are_not_shown_and_not_read(tmp_path: Path) -> None:
    make(tmp_path, 3)
    make(tmp_path, 2, started=NOW - 31 * DAY)
    make(tmp_path, 1, started=NOW - HOUR)
    assert [c.build for c in of(tmp_path).columns] == ["3"]
    assert [c.build for c in of(tmp_path, days_of_results=40).columns] == ["3", "2", "1"]


def test_a_build_changed_when_its_newest_file_did(tmp_path: Path) -> None:
    folder = make(tmp_path, 1, case("a"))
    for name, at in (("started.json", 5), ("artifacts/junit_01.xml", 9), ("finished.json", 7)):
        os.utime(folder / name, (at, at))
    assert builds.read(folder, "job").changed == 9


def test_headers_have_names(tmp_path: Path) -> None:
    headers = [{"configuration_value": "Commit"}, {"property": "zone"}, {"label": "team"}]
    assert of(tmp_path, column_header=headers).headers == ["Commit", "zone", "team"]


def test_running_builds_may_be_left_out(tmp_path: Path) -> None:
    make(tmp_path, 2, finished={})
    make(tmp_path, 1)
    assert len(of(tmp_path).columns) == 2 and [c.build for c in of(tmp_path, ignore_pending=True).columns] == ["1"]


def test_a_tab_filters_rows(tmp_path: Path) -> None:
    make(tmp_path, 1, case("dns works"), case("dns slow"), case("lb"))
    options = {"base_options": "include-filter-by-regex=%5Edns&exclude-filter-by-regex=slow"}
    assert [r.name for r in of(tmp_path, options).rows] == ["dns works"]


def test_jobs_of_one_test_group_share_the_columns_of_a_build(tmp_path: Path) -> None:
    meta = {"timestamp": NOW, "passed": True}
    make(tmp_path, 7, case("t"), job="bucket/a", finished={**meta, "metadata": {"platform": "x", "zone": "1"}})
    make(tmp_path, 7, failed("t"), job="bucket/b",
         finished={"timestamp": NOW, "passed": False, "metadata": {"platform": "y", "zone": "1"}})
    make(tmp_path, 6, case("t"), job="bucket/b", finished=meta)
    headers = [{"configuration_value": "platform"}, {"configuration_value": "platform", "list_all_values": True},
               {"configuration_value": "zone"}]
    found = of(tmp_path, gcs_prefix="bucket/a, bucket/b", column_header=headers)
    assert [c.build for c in found.columns] == ["7", "6"] and found.columns[0].headers == ["*", "x||y", "1"]
    assert {r.name: [shown(c)[:2] for c in r.cells] for r in found.rows} == {
        "Overall": [("FLAKY", "1/2"), ("PASS", "")], "a.Overall": [("PASS", ""), ("", "")],
        "b.Overall": [("FAIL", ""), ("PASS", "")],
        "a.t": [("PASS", ""), ("", "")], "b.t": [("FAIL", "F"), ("PASS", "")]}


def test_columns_are_told_apart_as_the_test_group_wants(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        make(tmp_path, number, case("t"),
             finished={"timestamp": NOW, "passed": True, "metadata": {"v": "a"} if number < 3 else {}})
    found = of(tmp_path, build_override_configuration_value="v")
    assert [(c.build, len(c.builds)) for c in found.columns] == [("", 1), ("a", 2)]
    assert len(of(tmp_path, build_override_strftime="%Y-%m-%d").columns) == 1


def test_builds_of_presubmits_are_found_by_their_pointers(tmp_path: Path) -> None:
    root = tmp_path / "inside"
    for number in (5, 9):
        make(root, number, case("t"), job="bucket/pr-logs/pull/12/job")
    make(tmp_path, 6, case("t"), job="outside")
    folder = root / "bucket/pr-logs/directory/job"
    folder.mkdir(parents=True)
    (folder / "5.txt").write_text("gs://bucket/pr-logs/pull/12/job/5\n")
    (folder / "6.txt").write_text("gs://../outside/6")
    (folder / "7.txt").write_text("gs://bucket/gone")
    for other in ("latest-build.txt", "8.json"):
        (folder / other).write_text("gs://bucket/pr-logs/pull/12/job/9")
    assert [c.build for c in of(root, gcs_prefix="bucket/pr-logs/directory/job").columns] == ["5"]


def test_nothing_outside_of_the_folder_is_read(tmp_path: Path) -> None:
    make(tmp_path, 1, job="outside/job")
    (tmp_path / "inside/linked").mkdir(parents=True)
    (tmp_path / "inside/linked/1").symlink_to(tmp_path / "outside/job/1")
    for prefix in ("../outside/job", "linked"):
        assert not list(builds.builds({**GROUP, "gcs_prefix": prefix}, tmp_path / "inside", NOW))
