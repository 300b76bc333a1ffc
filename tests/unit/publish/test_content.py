# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a build holds: documents that all readers understand, files where they look for them."""
from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption
from ansible_collections.assay.clusters.plugins.module_utils.runs.read import read
from tests.unit.publish.builders import FIRST, Memory, checks, e2e, junit, one, publish
from tests.unit.runs import builders as runs

# As TestGrid and Spyglass find JUnit files.
TESTGRID = re.compile(r".+/(?:junit((_[^_]+)?(_\d+-\d+)?(_\d+)?|.+)?\.xml|test.xml)$")
SPYGLASS = re.compile(r"^artifacts(/.*/|/)junit.*\.xml$")


@pytest.fixture
def store() -> Memory:
    return Memory()


def artifacts(store: Memory, build: int = FIRST) -> list[str]:
    return sorted(k.removeprefix("artifacts/") for k in store.files(str(build)) if k.startswith("artifacts/"))


@pytest.mark.parametrize(("cases", "log", "passed", "result"), [
    (runs.GOOD, "", True, "SUCCESS"), (runs.BAD, "", False, "FAILURE"), ([(runs.PASS, "panicked")], "", False, "FAILURE"),
    ([(runs.PASS, "skipped")], "", False, "ABORTED"), (runs.GOOD, runs.summary(passed=1, failed=1), False, "FAILURE")])
def test_both_words_for_the_verdict_are_there_and_say_the_same(store: Memory, tmp_path: Path, cases: Any, log: str, passed: bool, result: str) -> None:
    """The log has a failure of its own in the last one: the worst that a source says counts."""
    build = one(store, e2e(tmp_path, cases=cases, log=log))
    finished = store.json(f"{FIRST}/finished.json")
    assert (finished["passed"], finished["result"]) == (passed, result) == (build["passed"], build["result"])


def test_times_are_those_of_the_run(store: Memory, tmp_path: Path) -> None:
    one(store, e2e(tmp_path))
    assert store.json(f"{FIRST}/started.json")["timestamp"] == FIRST
    assert store.json(f"{FIRST}/finished.json")["timestamp"] == FIRST + 61


def test_documents_hold_what_was_given(store: Memory, tmp_path: Path) -> None:
    one(store, e2e(tmp_path), node="runner-2", pull="12", repos={"example/e2e": "main:0f1e2d3c4"}, repo_commit="0f1e2d3c4", job_version="v1.31.4+0f1",
        metadata={"platform": "konvoy", "nodes": 3, "spot": True, "infra-commit": "0123456789abcdef", "EmailAddresses": ["a@example.com"]})
    started, finished = store.json(f"{FIRST}/started.json"), store.json(f"{FIRST}/finished.json")
    assert {k: started[k] for k in started if k != "metadata"} == {
        "timestamp": FIRST, "node": "runner-2", "pull": "12", "repos": {"example/e2e": "main:0f1e2d3c4"}, "repo-commit": "0f1e2d3c4"}
    assert started["metadata"]["uploader"] == "assay.clusters"
    assert finished["job-version"] == "v1.31.4+0f1" and finished["metadata"] == {
        "platform": "konvoy", "nodes": "3", "spot": "true", "infra-commit": "012345678", "EmailAddresses": ["a@example.com"]}


def test_the_version_is_that_of_the_api_server_unless_another_is_given(store: Memory, tmp_path: Path) -> None:
    one(store, runs.folder(tmp_path, {"e2e.log": runs.old_log(version="v1.14.3"), "junit_01.xml": runs.ginkgo1(runs.GOOD)}))
    [build] = store.folders()
    assert store.json(f"{build}/finished.json")["job-version"] == "v1.14.3"


@pytest.mark.parametrize(("path", "key"), [
    ("junit_01.xml", "junit_01.xml"), ("e2e.xml", "junit_e2e.xml"), ("results/prefix_junit.xml", "junit_prefix_junit.xml")])
def test_junit_files_have_names_by_which_they_are_found(store: Memory, tmp_path: Path, path: str, key: str) -> None:
    one(store, runs.folder(tmp_path, {path: junit(), "e2e.log": runs.new_log(FIRST, klog="")}))
    assert artifacts(store) == [key]
    assert TESTGRID.fullmatch(f"job/{FIRST}/artifacts/{key}") and SPYGLASS.match(f"artifacts/{key}")


def test_files_of_equal_names_do_not_take_each_others_place(store: Memory, tmp_path: Path) -> None:
    text = junit()
    files = {f"{node}/junit_01.xml": text.replace("DNS", node) for node in ("n1", "n2", "deep/n1")}
    one(store, runs.folder(tmp_path, {**files, "e2e.log": runs.new_log(FIRST, klog="")}))
    found = [k for k in artifacts(store) if k.endswith(".xml")]
    texts = {k: re.search(r"\S+(?= should provide)", store.text(f"{FIRST}/artifacts/{k}"))[0] for k in found}
    assert texts == {"n1/junit_01.xml": "deep/n1", "n1/2/junit_01.xml": "n1", "n2/junit_01.xml": "n2"}
    assert all(SPYGLASS.match(f"artifacts/{k}") for k in found)


def test_what_is_published_is_read_as_the_same_run(store: Memory, tmp_path: Path) -> None:
    src = e2e(tmp_path / "src", cases=[*runs.BAD, ('a <name> & "quotes"', "passed")])
    one(store, src)
    for key, content in store.held.items():
        path = tmp_path / "out" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    [before], [after] = read(src), read(tmp_path / "out")
    assert [(c.full_name, c.outcome, c.seconds, c.text) for c in after.cases] == [(c.full_name, c.outcome, c.seconds, c.text) for c in before.cases]
    assert (after.verdict, after.counts, after.started.epoch) == (before.verdict, before.counts, before.started.epoch)


def test_a_tarball_of_sonobuoy_is_published_without_being_unpacked(store: Memory, tmp_path: Path) -> None:
    where = "plugins/e2e/results/global"
    source = runs.tarball(tmp_path / "s.tar.gz", {f"{where}/e2e.log": runs.new_log(FIRST, klog=""), "serverversion.json": {"gitVersion": "v1.31.4"},
                                                  f"{where}/junit_01.xml": junit()})
    build = one(store, source, dest="s3://example-conf/{name}")
    assert build["name"] == "e2e" and artifacts(store) == ["junit_01.xml"]
    assert "Ran 2 of 3 Specs" in store.text(f"{FIRST}/build-log.txt") and store.json(f"{FIRST}/finished.json")["job-version"] == "v1.31.4"


def test_a_run_without_a_log_says_so_and_why_it_failed(store: Memory, tmp_path: Path) -> None:
    one(store, runs.folder(tmp_path, {"junit_01.xml": junit(runs.BAD)}))
    text = store.text(f"{FIRST}/build-log.txt")
    assert text.startswith("There is no log of this run. It is failed by") and f"failed: Kubernetes e2e suite.[It] {runs.OTHER}" in text


def test_a_log_without_junit_becomes_rows_all_the_same(store: Memory, tmp_path: Path) -> None:
    ending = f"\n[Fail] {runs.OTHER} [It] does\n" + runs.summary(passed=1, failed=1)
    build = one(store, runs.folder(tmp_path, {"e2e.log": runs.old_log(ending=ending, closing="Test Suite Failed")}), started=str(FIRST))
    assert not build["passed"]
    has_cases = [k for k in artifacts(store) if k == "junit_cases.xml"]
    for key in has_cases:
        assert ET.fromstring(store.text(f"{FIRST}/artifacts/{key}")).findall("testcase/failure")


@pytest.mark.parametrize("text", ["", "<testsuite", "<!DOCTYPE a [<!ENTITY b 'c'>]><testsuite>&b;</testsuite>"])
def test_junit_that_cannot_be_read_is_not_published_and_no_pass(store: Memory, tmp_path: Path, text: str) -> None:
    build = one(store, runs.folder(e2e(tmp_path), {"junit_02.xml": text}))
    assert not build["passed"] and any("junit_02.xml" in n for n in build["notes"])
    assert "junit_02.xml" not in artifacts(store) and "is not published" in store.text(f"{FIRST}/artifacts/junit_02.xml.broken.txt")


def test_a_run_of_checks_has_its_reports(store: Memory, tmp_path: Path) -> None:
    build = one(store, checks(tmp_path, c1="failed"))
    assert artifacts(store) == ["junit.xml", "records.json", "report.html"] and not build["passed"] and build["cluster"] == "c1"
    assert [c.get("name") for c in ET.fromstring(store.text(f"{FIRST}/artifacts/junit.xml")).iter("testcase")] == ["dns", "cleanup"]
    assert store.json(f"{FIRST}/finished.json")["job-version"] == "v1.31.4+abc"
    assert "DNS failed" in store.text(f"{FIRST}/build-log.txt")
    assert [r["cluster"] for r in store.json(f"{FIRST}/artifacts/records.json")["runs"]] == ["c1"]


def test_checks_that_could_not_be_made_are_no_pass(store: Memory, tmp_path: Path) -> None:
    assert one(store, checks(tmp_path, c1="inconclusive"))["result"] == "FAILURE"


def test_a_results_folder_is_published_cluster_by_cluster(tmp_path: Path) -> None:
    found = publish(Memory(), checks(tmp_path, c1="passed", c2="failed"), dest="s3://example-conf/{cluster}/validate", check=True)["builds"]
    assert [(b["cluster"], b["passed"]) for b in found] == [("c1", True), ("c2", False)]
    assert one(Memory(), checks(tmp_path, c1="passed", c2="failed"), cluster="c2")["cluster"] == "c2"


def test_the_same_results_reported_again_are_the_same_build(store: Memory, tmp_path: Path) -> None:
    """`report` writes its files anew, with a new date."""
    one(store, checks(tmp_path, c1="passed"))
    run = json.loads((tmp_path / "clusters/c1.json").read_text())
    runs.folder(tmp_path, {"records.json": {"version": 1, "created": "2025-03-01T00:00:00+00:00", "runs": [run], "notes": []}})
    assert one(store, tmp_path)["action"] == "keep"


def test_files_that_a_user_adds(store: Memory, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("token=abcdef123456\nall good\n")
    one(store, e2e(tmp_path / "src"), artifacts=[str(notes)])
    assert store.text(f"{FIRST}/artifacts/notes.txt") == "token=[redacted]\nall good\n"


def test_headers_by_what_a_file_is(store: Memory, tmp_path: Path) -> None:
    files = {f["path"]: f for f in one(store, e2e(tmp_path), compress=False)["files"]}
    assert {k: f["content_type"] for k, f in files.items()} == {
        "started.json": "application/json", "build-log.txt": "text/plain; charset=utf-8", "artifacts/junit_01.xml": "application/xml",
        "finished.json": "application/json"}
    newest = store.about["latest-build.txt"]
    assert newest.cache == "private, max-age=0, no-transform" and newest.content_type.startswith("text/plain")


@pytest.mark.parametrize(("dest", "compress", "packed"), [
    ("gs://example-conf/job", None, True), ("gs://example-conf/job", False, False), ("s3://example-conf/job", None, False),
    ("s3://example-conf/job", True, True)])
def test_what_is_worth_it_is_packed_where_readers_unpack(store: Memory, tmp_path: Path, dest: str, compress: bool | None, packed: bool) -> None:
    src = e2e(tmp_path, log="one line\n" * 1000)
    files = {f["path"]: f for f in one(store, src, dest=dest, compress=compress)["files"]}
    assert (files["build-log.txt"]["content_encoding"] == "gzip") == packed == store.held[f"{FIRST}/build-log.txt"].startswith(b"\x1f\x8b")
    # Google would not unpack what says no-transform; what is small, or read first, is as it is
    assert "no-transform" not in store.about[f"{FIRST}/build-log.txt"].cache and not files["started.json"]["content_encoding"]
    assert "one line\n" * 1000 in store.text(f"{FIRST}/build-log.txt")
    assert one(store, src, dest=dest, compress=compress)["action"] == "keep"


def test_a_packed_build_is_the_same_as_one_that_is_not(store: Memory, tmp_path: Path) -> None:
    src = e2e(tmp_path, log="one line\n" * 1000)
    one(store, src, compress=True)
    assert one(store, src, compress=False)["action"] == "keep"


def test_a_file_of_a_user_takes_no_others_place(store: Memory, tmp_path: Path) -> None:
    src = e2e(tmp_path / "src")
    runs.folder(tmp_path / "more", {"junit_01.xml": "mine", "build-log.txt": "mine"})
    with pytest.raises(BadOption, match="^artifacts: .* would take the place of artifacts/junit_01.xml"):
        publish(store, src, artifacts=[str(tmp_path / "more/junit_01.xml")])
    one(store, src, artifacts=[str(tmp_path / "more/build-log.txt")])
    assert store.text(f"{FIRST}/artifacts/build-log.txt") == "mine"
