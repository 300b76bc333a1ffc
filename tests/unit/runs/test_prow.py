# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build folders of Prow and of federated uploads, one and all of a job."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.runs.model import FAILED, INCONCLUSIVE, PASSED, PROW
from ansible_collections.assay.clusters.plugins.module_utils.runs.read import read
from ansible_collections.assay.clusters.tests.unit.runs.builders import (
    BAD, GOOD, SEED, codes, folder, ginkgo2, new_log, one, tarball)

STARTED = {"timestamp": SEED - 600, "node": "lab-runner-2", "repos": {"example/e2e": "main:0f1e2d3c"},
           "repo-commit": "0f1e2d3c"}
FINISHED = {"timestamp": SEED + 900, "passed": True, "result": "SUCCESS", "job-version": "v1.31.4+0f1e2d3c4",
            "metadata": {"platform": "konvoy"}}
JUNIT = {"artifacts/junit_01.xml": ginkgo2(GOOD)}


def build(started: Any = ..., finished: Any = ..., files: dict[str, Any] | None = None) -> dict[str, Any]:
    """None: there is no such file."""
    held = {"started.json": STARTED if started is ... else started, "finished.json": FINISHED if finished is ... else finished,
            "build-log.txt": "I like logs\n",
            **(JUNIT if files is None else files)}
    return {n: c for n, c in held.items() if c is not None}


def test_a_build(tmp_path: Path) -> None:
    run = one(tmp_path / "kon-c1/e2e-v1.31/1724363552", build(files={**JUNIT, "podinfo.json": {"pod": {}}, "prowjob.json": {
        "spec": {"type": "periodic", "job": "e2e-v1.31"}, "status": {"state": "success", "build_id": "1724363552", "x": {}}}}))
    assert (run.kind, run.verdict, run.counts.passed) == (PROW, PASSED, 2)
    assert (run.started.epoch, run.started.source) == (SEED - 600, "started.json")
    assert (run.finished.epoch, run.finished.source, run.seconds) == (SEED + 900, "finished.json", 1500.0)
    built = run.build
    assert (built.job, built.build, built.pod, built.log, built.metadata) == (
        "e2e-v1.31", "1724363552", True, "build-log.txt", {"platform": "konvoy"})
    assert built.started == STARTED and built.finished == FINISHED
    assert built.prowjob["state"] == "success" and "x" not in built.prowjob
    assert run.cases[0].file == "artifacts/junit_01.xml" and codes(run) == []


def test_builds_of_a_job_come_one_by_one_and_in_their_order(tmp_path: Path) -> None:
    files = {f"logs/job/{number}/{n}": c for number in (9, 100, 1724363552) for n, c in build().items()}
    root = folder(tmp_path, {**files, "logs/job/latest-build.txt": "1724363552"})
    runs = read(root)
    assert next(runs).build.build == "9"
    assert [(r.build.job, r.build.build, r.place) for r in runs] == [
        ("job", "100", "logs/job/100"), ("job", "1724363552", "logs/job/1724363552")]
    packed = tarball(tmp_path / "r.tgz", files)
    assert [r.build.build for r in read(packed)] == ["9", "100", "1724363552"]


@pytest.mark.parametrize(("finished", "files", "verdict", "found"), [
    ({"timestamp": SEED, "passed": False, "result": "FAILURE"}, JUNIT, FAILED, ["prow-tests"]),
    ({"timestamp": SEED, "passed": True, "result": "SUCCESS"}, {"artifacts/junit_01.xml": ginkgo2(BAD)}, FAILED,
     ["prow-tests"]),
    ({"timestamp": SEED, "passed": True, "result": "FAILURE"}, JUNIT, PASSED, ["prow-verdict"]),
    ({"timestamp": SEED, "result": "success"}, JUNIT, PASSED, []),
    ({"timestamp": SEED, "result": "ABORTED"}, {}, FAILED, []),
    ({"timestamp": SEED}, JUNIT, INCONCLUSIVE, ["prow-verdict"]),
    (None, JUNIT, INCONCLUSIVE, ["prow-unfinished"]),
    ("{", JUNIT, INCONCLUSIVE, ["unreadable", "prow-unfinished"]),
    ("[]", JUNIT, INCONCLUSIVE, ["prow-unfinished"]),
    ("[" * 100000, JUNIT, INCONCLUSIVE, ["unreadable", "prow-unfinished"])])
def test_what_finished_says_against_its_tests(tmp_path: Path, finished: Any, files: dict[str, Any], verdict: str,
                                              found: list[str]) -> None:
    run = one(tmp_path, build(finished=finished, files=files))
    assert (run.verdict, codes(run)) == (verdict, found)


def test_a_build_that_has_not_finished_has_no_end(tmp_path: Path) -> None:
    run = one(tmp_path, build(finished=None))
    assert run.finished is None and run.verdict_source == "the build has not finished"


def test_an_end_before_the_start(tmp_path: Path) -> None:
    run = one(tmp_path, build(finished={**FINISHED, "timestamp": SEED - 9999}))
    assert codes(run) == ["times"] and run.finished is None


@pytest.mark.parametrize("stamp", ["soon", None, True, -5, 1e300, {}])
def test_a_timestamp_that_is_none(tmp_path: Path, stamp: Any) -> None:
    run = one(tmp_path, build(started={"timestamp": stamp}))
    assert run.started.source == "timestamp of the JUnit"


def test_a_build_log_with_the_tests(tmp_path: Path) -> None:
    run = one(tmp_path, build(files={**JUNIT, "build-log.txt": "clone\n" + new_log()}))
    assert run.verdict == PASSED and [s.kind for s in run.sources] == ["junit", "log", "finished"] and codes(run) == []


def test_named_files_of_a_build(tmp_path: Path) -> None:
    root = folder(tmp_path / "job/77", build())
    (run,) = read([root / "started.json", root / "finished.json", root / "artifacts/junit_01.xml"])
    assert (run.kind, run.build.build, run.verdict, run.started.source) == (PROW, "77", PASSED, "started.json")
