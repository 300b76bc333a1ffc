# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run proves: required tests one by one, versions, disagreements, and the shapes that logs and JUnit have had."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.submission.required import key
from ansible_collections.assay.clusters.tests.unit.runs.builders import (
    GOOD, OTHER, PASS, SKIP, Cases, ginkgo1, ginkgo2, new_log, old_log, summary)
from ansible_collections.assay.clusters.tests.unit.submission.submissions import (
    LIST, LOG, TOLD, content, finding, listed, review, said)

FLAKED = f"\n [FLAKEY TEST - TOOK 2 ATTEMPTS TO PASS]\n {OTHER}\n"


def ran(root: Path, cases: Cases, log: str = LOG, **options: Any) -> dict[str, Any]:
    return review(root, content(junit=ginkgo2(cases), log=log), **options)


def line_of(cases: Cases, name: str) -> int:
    return next(n for n, text in enumerate(ginkgo2(cases).splitlines(), 1) if name in text)


# ---- tests ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("status", "code", "words"), [
    ("failed", "test-failed", "failed, and a submission has no failed test"),
    ("timedout", "test-failed", "timed out, and"), ("panicked", "test-failed", "panicked"),
    ("interrupted", "test-failed", "interrupted"), ("aborted", "test-failed", "aborted"),
    ("skipped", "test-skipped", "was skipped"), ("pending", "test-skipped", "was skipped")])
@pytest.mark.parametrize("with_list", [True, False])
def test_a_test_that_is_in_the_way_is_named(tmp_path: Path, status: str, code: str, words: str, with_list: bool) -> None:
    cases = [(PASS, "passed"), (OTHER, status), (SKIP, "skipped")]
    found = ran(tmp_path, cases, log=TOLD + new_log(ending=""), **({} if with_list else {"conformance_yaml": None}))
    one = finding(found, code)
    assert one["message"].startswith(f"{OTHER} ") and words in one["message"] and one["test"] == OTHER
    assert (one["file"], one["line"]) == ("v1.31/example/junit_01.xml", line_of(cases, OTHER))
    assert f"junit_01.xml:{one['line']}: {OTHER}" in found["refused"] and found["run"]["counts"]["passed"] == 1
    assert found["required"] == ({"tests": 2, "passed": 1} if with_list else None)


def test_a_test_that_did_not_run_is_named_with_its_line_in_the_list(tmp_path: Path) -> None:
    found = ran(tmp_path, [(PASS, "passed")], log=TOLD + new_log(ending=summary(1, 0, 0)))
    one = finding(found, "test-missing")
    assert one["message"] == f"{OTHER} did not run, and v1.31 requires it"
    assert (one["file"], one["line"]) == (listed(tmp_path), 8) and said(found) == ["test-missing"]
    assert found["labels"] == ["no-failed-tests-v1.31", "required-tests-missing"]


def test_a_test_that_passed_at_a_second_try_is_named(tmp_path: Path) -> None:
    log = TOLD + new_log().replace("Ran ", FLAKED + "\nRan ")
    found = ran(tmp_path, GOOD, log=log)
    assert said(found) == ["test-flaked"]
    assert finding(found, "test-flaked")["message"] == f"{OTHER} passed only at try 2, and must pass at the first"
    assert found["labels"] == ["no-failed-tests-v1.31", "tests-verified-v1.31"], "the bot does not see it"


def test_a_second_try_that_the_log_only_counts_is_refused_too(tmp_path: Path) -> None:
    found = ran(tmp_path, GOOD, log=TOLD + new_log(ending=summary(flaked=2)))
    one = finding(found, "test-flaked")
    assert one["message"].startswith("2 tests passed only at a later try") and one["file"].endswith("e2e.log") and one["line"]


def test_a_failure_is_refused_also_where_no_list_has_it(tmp_path: Path) -> None:
    found = ran(tmp_path, [*GOOD, ("[sig-node] more", "failed")], log=TOLD + new_log(ending=summary(2, 1, 1)))
    assert said(found) == ["test-failed"] and found["labels"] == ["evidence-missing", "tests-verified-v1.31"]
    assert found["required"] == {"tests": 2, "passed": 2}


def test_one_sentence_for_each_test_and_five_in_the_message(tmp_path: Path) -> None:
    names = [f"[sig-x] number {n} [Conformance]" for n in range(9)]
    text = LIST + "".join(f"- codename: '{n}'\n  release: v1.20\n" for n in names)
    found = ran(tmp_path, GOOD, conformance_yaml=listed(tmp_path / "l", text))
    assert [f["test"] for f in found["findings"]] == names and found["refused"].count("did not run") == 5
    assert "v1.31/example is refused for 9 reasons: " in found["refused"]
    assert found["refused"].endswith("; and 4 more in findings")


def test_equal_names_pass_where_one_of_them_was_only_skipped(tmp_path: Path) -> None:
    assert ran(tmp_path / "a", [*GOOD, (OTHER, "skipped")], log=TOLD + new_log(ending=summary(2, 0, 2)))["valid"]
    found = ran(tmp_path / "b", [*GOOD, (OTHER, "failed")], log=TOLD + new_log(ending=summary(2, 1, 1)))
    assert "test-failed" in said(found) and found["required"]["passed"] == 1


# ---- the list ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("release", "required"), [
    ("v1.31", True), ("v1.32", False), ("v1.9", True), ("v1.40, v1.30", True), ("v1.32,v1.33", False)])
def test_a_test_is_required_from_one_of_its_releases_on(tmp_path: Path, release: str, required: bool) -> None:
    text = f"- codename: '{PASS}'\n  release: v1.31\n- codename: new [Conformance]\n  release: {release}\n"
    found = ran(tmp_path, GOOD, conformance_yaml=listed(tmp_path / "l", text))
    assert said(found) == ["test-missing"] * required and found["required"]["tests"] == 1 + required


@pytest.mark.parametrize(("text", "words"), [
    ("", "must be the list of tests"), ("a: b\n", "must be the list of tests"), ("- a\n", ":1 must be an entry"),
    ("- codename: a\n", ":1 has an entry without codename or release"), ("- [\n", "is no YAML"),
    ("- codename: a\n  release: soon\n", ":2 has a release that is none: 'soon'"),
    ("- codename: a\n  release: v1.99\n", "has no test that v1.31 requires")])
def test_a_list_that_is_none_is_an_option_that_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    found = review(tmp_path, conformance_yaml=listed(tmp_path / "l", text))
    assert found["refused"].startswith("conformance_yaml: ") and words in found["refused"]
    assert "cannot be read: No such" in review(tmp_path, conformance_yaml=str(tmp_path / "none"))["refused"]


def test_a_list_of_an_older_release_is_doubted(tmp_path: Path) -> None:
    found = ran(tmp_path, GOOD, conformance_yaml=listed(tmp_path / "l", f"- codename: '{PASS}'\n  release: v1.30\n"))
    assert found["valid"] and said(found, "warning") == ["required-old"]
    assert "v1.31/example is valid, 1 of 1 required tests passed; 1 warning, such as: " in found["msg"]


def test_without_a_list_that_is_said(tmp_path: Path) -> None:
    found = ran(tmp_path, GOOD, conformance_yaml=None)
    assert found["valid"] and said(found, "warning") == ["required-unknown"] and found["labels"] == ["no-failed-tests-v1.31"]


@pytest.mark.parametrize(("written", "codename"), [
    ("[It] [sig-x] a [Conformance]", "[sig-x] a [Conformance]"),
    ("[k8s.io] a [Conformance] {Kubernetes e2e suite}", "[k8s.io] a [Conformance]"),
    ('exec \\"cat /tmp/health\\" [Conformance]', 'exec "cat /tmp/health" [Conformance]'),
    ("exec 'cat /tmp/health' [Conformance]", 'exec "cat /tmp/health" [Conformance]'),
    ("a &#39;skip-me&#39; &gt; b", "a 'skip-me' > b"), ("a &#34;b&#34;", 'a "b"'), ("a  b\n c", "a b c")])
def test_names_are_compared_as_they_are_meant(written: str, codename: str) -> None:
    assert key(written) == key(codename)


def test_other_names_stay_apart() -> None:
    assert len({key(n) for n in ("a b", "ab", "a B", "a 'b'", 'a "b"', "a b [Slow]")}) == 6


# ---- versions ---------------------------------------------------------------------------------------------------
def told(e2e: str = "", server: str = "") -> str:
    return new_log() + "".join(f"{w}{v}\n" for w, v in (("e2e test version: ", e2e), ("kube-apiserver version: ", server)) if v)


@pytest.mark.parametrize(("e2e", "server", "given", "codes"), [
    ("v1.31.4", "v1.31.4", "", []), ("v1.31.0", "v1.31.9-eks-0a1b2c", "", []), ("", "v1.31.1", "", []), ("", "", "v1.31.1", []),
    ("v1.31.4", "v1.30.4", "", ["version-server", "version-tests"]), ("v1.30.4", "v1.31.4", "", ["version-tests"]),
    ("v1.30.4", "", "", ["version-tests"]), ("", "v1.32.0", "", ["version-server"]), ("", "", "v1.32.0", ["version-server"]),
    ("", "v1.3.1", "", ["version-server"]), ("", "v1.31.1", "v1.31.2", ["version-claimed"]),
    ("v1.30.4", "v1.30.4", "", ["version-server"])])
def test_the_release_is_that_of_the_server_and_of_the_tests(
        tmp_path: Path, e2e: str, server: str, given: str, codes: list[str]) -> None:
    found = ran(tmp_path, GOOD, log=told(e2e, server), server_version=given)
    assert sorted(said(found)) == codes
    known = {f["code"]: f["line"] for f in found["findings"]}
    where = {line.split()[0]: n for n, line in enumerate(told(e2e, server).splitlines(), 1) if " version: " in line}
    assert known.get("version-tests", 0) == (where["e2e"] if "version-tests" in codes else 0)
    if "version-server" in codes:
        assert known["version-server"] == where.get("kube-apiserver", 0)


@pytest.mark.parametrize(("server", "codes"), [("", ["version-unknown"]), ("v1.31.0-rc.1", ["version-early"]),
                                               ("v1.31.0-alpha.3+1", ["version-early"]), ("v1.31.0+rc", [])])
def test_a_version_that_is_not_known_or_not_official_is_said(tmp_path: Path, server: str, codes: list[str]) -> None:
    found = ran(tmp_path, GOOD, log=told(server=server))
    assert found["valid"] and said(found, "warning", "note") == codes


# ---- disagreements ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("files", "codes"), [
    ({"log": TOLD + new_log(ending=summary(1, 1, 1))}, ["log-junit-verdict"]),
    ({"log": TOLD + new_log(seed=1700000000)}, ["other-run"]),
    ({"junit": ginkgo2(GOOD, properties={"DryRun": "true"})}, ["dry-run"]),
    ({"junit": ginkgo2(GOOD, properties={"SuiteSucceeded": "false"})}, ["suite-failed"]),
    ({"junit": ginkgo2(GOOD, tests=50)}, ["not-passed"]),
    ({"junit": ginkgo2([("[SynchronizedAfterSuite]", "failed"), *GOOD])}, ["setup-failed"]),
    ({"junit": ginkgo2(GOOD)[:-40]}, ["tests-unknown", "junit-unreadable"]),
    ({"junit": "<project/>"}, ["tests-unknown", "junit-unreadable"]),
    ({"junit": "no xml"}, ["tests-unknown", "junit-unreadable"])])
def test_what_files_disagree_on_is_refused(tmp_path: Path, files: dict[str, str], codes: list[str]) -> None:
    found = review(tmp_path, content(**files))
    assert [c for c in said(found) if c in codes or c != "log-junit-verdict"] == codes, found["findings"]
    assert not found["valid"]


def test_what_is_a_warning_of_a_run_is_one_here(tmp_path: Path) -> None:
    found = review(tmp_path, content(log=TOLD + new_log(ending=summary(3, 0, 1))))
    assert found["valid"] and said(found, "warning") == ["log-junit-counts"]
    assert finding(found, "log-junit-counts")["file"].startswith("v1.31/example/")


# ---- shapes -----------------------------------------------------------------------------------------------------
def old(version: str) -> dict[str, Any]:
    return {"latest_version": version, "conformance_yaml": None}


def test_a_log_of_ginkgo_1_with_stamps_and_its_junit(tmp_path: Path) -> None:
    cases = [(f"{PASS} {{Kubernetes e2e suite}}", "passed"), (OTHER, "passed"), (SKIP, "skipped")]
    files = content(log=old_log(version="v1.14.3"), junit=ginkgo1(cases))
    text = LIST.replace("v1.31", "v1.14")
    found = review(tmp_path, files, "v1.14/example", latest_version="v1.15.0", conformance_yaml=listed(tmp_path / "l", text))
    assert found["valid"] and found["required"] == {"tests": 2, "passed": 2} and not found["findings"]


def test_a_log_without_any_stamp(tmp_path: Path) -> None:
    found = ran(tmp_path, GOOD, log=new_log(klog=""))
    assert found["valid"] and said(found, "warning", "note") == ["version-unknown"]


def test_a_log_without_closing_line_as_most_of_the_first(tmp_path: Path) -> None:
    files = content(log=old_log(version="v1.10.1", closing="", ending=summary()), junit=ginkgo1(GOOD))
    assert review(tmp_path, files, "v1.10/example", **old("v1.11.0"))["valid"]


def test_an_openshift_log_of_a_parallel_and_a_serial_phase(tmp_path: Path) -> None:
    log = TOLD + new_log(ending=summary(1, 0, 2)) + "Will run 1 of 3 specs\n" + summary(1, 0, 2)
    found = ran(tmp_path, GOOD, log=log)
    assert found["valid"] and said(found, "warning") == ["log-junit-counts"] and found["run"]["counts"]["passed"] == 2


def test_a_parallel_run_of_ginkgo_1_is_more_files_than_a_submission_has(tmp_path: Path) -> None:
    log = old_log(version="v1.14.3", middle="Running in parallel across 2 nodes\n")
    both = content(log=log, junit=ginkgo1(GOOD[:1])) | {"junit_02.xml": ginkgo1(GOOD[1:])}
    assert said(review(tmp_path / "both", both, "v1.14/example", **old("v1.15.0"))) == ["file-extra"]
    one = review(tmp_path / "one", content(log=log, junit=ginkgo1(GOOD[:1])), "v1.14/example", **old("v1.15.0"))
    assert {"junit-missing", "tests-unknown"} <= {*said(one)}


def test_colours_and_ends_of_lines_of_windows_change_nothing(tmp_path: Path) -> None:
    found = ran(tmp_path, GOOD, log=LOG.replace("Ran ", "\x1b[1mRan\x1b[0m ").replace("\n", "\r\n"))
    assert found["valid"] and not found["findings"]
