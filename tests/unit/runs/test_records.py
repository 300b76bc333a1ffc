# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Our own checks, as `validate` and `report` store them, are runs as others are."""
from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import store
from ansible_collections.assay.clusters.plugins.module_utils.runs.model import (
    ERRORED, FAILED, INCONCLUSIVE, PASSED, VALIDATE, Run)
from ansible_collections.assay.clusters.plugins.module_utils.runs.read import read
from ansible_collections.assay.clusters.tests.unit.results import samples
from ansible_collections.assay.clusters.tests.unit.runs.builders import BAD, GOOD, codes, folder, ginkgo1, ginkgo2, new_log


def stored(root: Path, runs: list[dict], report: bool = True) -> Path:
    for run in runs:
        store.write_cluster_run(root, run)
    if report:
        store.write_reports(root, runs)
    return root


def by_cluster(root: Path, **wish) -> dict[str, Run]:
    return {r.cluster: r for r in read(root, **wish)}


@pytest.mark.parametrize("report", [True, False])
def test_a_run_for_each_cluster(tmp_path: Path, report: bool) -> None:
    runs = by_cluster(stored(tmp_path, samples.estate(), report))
    assert {n: r.verdict for n, r in runs.items()} == {
        "prod-eu-1": PASSED, "prod-eu-2": FAILED, "qa-eu-1": FAILED, "qa-us-1": FAILED, "edge-01": INCONCLUSIVE}
    healthy = runs["prod-eu-1"]
    assert (healthy.kind, healthy.counts.passed, healthy.server_version, healthy.complete) == (VALIDATE, 6, "v1.34.2", True)
    assert codes(healthy) == [] and healthy.seconds == pytest.approx(73.7, abs=0.01)
    assert healthy.started.at.isoformat() == "2026-03-14T09:26:53.120000+00:00"
    (failed,) = [c for c in runs["qa-eu-1"].cases if c.outcome == FAILED]
    assert (failed.name, failed.suite, failed.status, failed.properties["cause"]) == ("dns", "dns", "failed", "dns.upstream")
    assert "[ERROR] plugin/errors" in failed.text and {c.status for c in healthy.cases} == {"passed", "warned"}
    assert {c.outcome for c in runs["edge-01"].cases} == {PASSED, ERRORED, "skipped"}


def test_a_file_alone(tmp_path: Path) -> None:
    root = stored(tmp_path, samples.estate())
    assert len(by_cluster(root / "records.json")) == 5
    assert list(by_cluster(root / "clusters/qa-eu-1.json")) == ["qa-eu-1"]


def test_what_the_report_left_out_is_told(tmp_path: Path) -> None:
    root = stored(tmp_path, samples.estate())
    store.write_cluster_run(root, samples.healthy("old-one"))
    runs = by_cluster(root)
    assert codes(runs["old-one"]) == ["not-reported"] and codes(runs["prod-eu-1"]) == []


def test_what_others_left_in_the_same_folder_is_a_run_of_its_own(tmp_path: Path) -> None:
    root = stored(tmp_path, [samples.healthy()])
    folder(root, {"conformance/e2e.log": new_log(), "conformance/junit_01.xml": ginkgo2(GOOD), "junit_02.xml": ginkgo1(BAD)})
    found = sorted((r.kind, r.place, r.verdict) for r in read(root))
    assert found == [("tests", "", FAILED), ("tests", "conformance", PASSED), (VALIDATE, "", PASSED)]


def test_files_that_are_only_named_like_ours(tmp_path: Path) -> None:
    root = folder(tmp_path, {"records.json": {"a": 1}, "clusters/prod.json": {"name": "prod"}, "junit.xml": ginkgo1(BAD)})
    assert [(r.kind, r.verdict, codes(r)) for r in read(root)] == [("tests", FAILED, [])]


@pytest.mark.parametrize("change", [{"verdict": "passed"}, {"counts": {"passed": 6, "failed": 0}},
                                    {"counts": {"passed": 2, "failed": 3}}])
def test_a_run_that_does_not_say_what_its_records_say(tmp_path: Path, change: dict) -> None:
    root = stored(tmp_path, [samples.node_down()], report=False)
    path = root / "clusters/prod-eu-2.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    (run,) = read(root)
    assert run.verdict == FAILED and codes(run) == ["records-counts"]


def test_the_version_that_was_claimed(tmp_path: Path) -> None:
    assert codes(by_cluster(stored(tmp_path, [samples.healthy()]), version="v1.33")["prod-eu-1"]) == ["version-claimed"]


def test_without_a_check_that_ran(tmp_path: Path) -> None:
    (run,) = read(stored(tmp_path, [samples.run("c1", [])]))
    assert (run.verdict, codes(run)) == (INCONCLUSIVE, ["nothing-ran"])


@pytest.mark.parametrize("content", ["", "{", "[" * 50000, "\x80"])
def test_records_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    root = stored(tmp_path, [samples.healthy()], report=False)
    (root / "records.json").write_text(content)
    assert [(r.verdict, codes(r)) for r in read(root)] == [(INCONCLUSIVE, ["unreadable"])]
