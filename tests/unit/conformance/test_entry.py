# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A whole run on a fake cluster: what is made, gone on with, refused, and removed again."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.conformance import entry, follow, space
from ansible_collections.assay.clusters.plugins.module_utils.conformance.entry import conformance
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, Interrupted, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.runs import read
from tests.fakes.conformance_cluster import FakeCluster
from tests.fakes.conformance_pod import FakePod
from tests.unit.conformance.builders import params

SPACE = "/api/v1/namespaces/assay-conformance-r1"
LOG = """Starting e2e run "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0" on Ginkgo node 1
Random Seed: 1795750800
Will run 1 of 2 specs
•S

Ran 1 of 2 Specs in 3.0 seconds
SUCCESS! -- 1 Passed | 0 Failed | 0 Pending | 1 Skipped
""".encode()
JUNIT = b"""<testsuites tests="2" disabled="1" errors="0" failures="0" time="3.0">
<testsuite name="Kubernetes e2e suite" tests="2" skipped="1" errors="0" failures="0" time="3.0" timestamp="2026-11-27T03:40:00">
<properties><property name="RandomSeed" value="1795750800"></property></properties>
<testcase name="[It] [sig-a] b [Conformance]" status="passed" time="3"></testcase>
<testcase name="[It] [sig-a] c" status="skipped" time="0"><skipped message="skipped"></skipped></testcase>
</testsuite></testsuites>"""
Start = Callable[..., dict[str, Any]]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    made = FakeCluster()
    connection = type("C", (), {"server": made.server, "context": "fake", "close": lambda self: None})()
    monkeypatch.setattr(entry.access, "connection", lambda given, job: connection)
    monkeypatch.setattr(space, "Client", lambda of: made)
    monkeypatch.setattr(entry.access, "Client", lambda of: made)
    return made


@pytest.fixture
def run(cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """run(option=...): the result; pod: what is in the pod that it makes or finds."""
    def start(pod: FakePod | None = None, job: Job | None = None, **given: Any) -> dict[str, Any]:
        inside = pod or FakePod(LOG, reports={"junit_01.xml": JUNIT})
        monkeypatch.setattr(follow, "Remote", lambda client, namespace, name: inside)
        options = {"run_id": "r1", "results_dir": str(tmp_path / "out"), "journal_dir": str(tmp_path / "j"), "diagnose": False}
        return conformance(params(**{**options, **given}), job or Job())

    return start


def journals(tmp_path: Path) -> list[str]:
    return [p.name for p in (tmp_path / "j").rglob("*.jsonl")]


def test_a_run_makes_what_it_says_and_leaves_nothing(run: Start, cluster: FakeCluster, tmp_path: Path) -> None:
    planned = run(job=Job(check_mode=True))
    assert cluster.made == [] and len(planned["plan"]["objects"]) == 4
    result = run()
    assert (result["verdict"], result["counts"]["passed"], result["resumed"], result["whole"]) == ("passed", 1, False, True)
    assert result["image"] == "registry.k8s.io/conformance:v1.36.1"
    assert cluster.made == [SPACE, f"{SPACE}/serviceaccounts/conformance",
                            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/assay-conformance-r1",
                            f"{SPACE}/pods/e2e-conformance-test"]
    assert cluster.objects == {} and journals(tmp_path) == [] and result["leftovers"] == []
    assert sorted(p.name for p in (tmp_path / "out/r1").iterdir()) == ["conformance.json", "e2e.log", "junit_01.xml"]


def test_what_is_left_is_one_run_for_who_reads_runs(run: Start, tmp_path: Path) -> None:
    run()
    found = list(read.read([tmp_path / "out"]))
    assert [(r.verdict, r.counts.passed) for r in found] == [("passed", 1)]


def test_a_run_that_has_ended_is_told_and_not_run_again(run: Start, cluster: FakeCluster) -> None:
    first = run()
    cluster.made.clear()
    assert run() == first and cluster.made == []


def interrupted(run: Start, monkeypatch: pytest.MonkeyPatch, **given: Any) -> None:
    """A playbook that ends while the tests run."""
    pod = FakePod(LOG[:80])
    pod.ends = False
    with monkeypatch.context() as patch:
        patch.setattr(Job, "orphaned", lambda self: True)
        with pytest.raises(Interrupted):
            run(pod, **given)


def test_a_run_that_was_cut_off_goes_on(run: Start, cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(run, monkeypatch)
    assert f"{SPACE}/pods/e2e-conformance-test" in cluster.objects and journals(tmp_path) == ["r1-fake.jsonl"]
    assert (tmp_path / "out/r1/e2e.log").read_bytes() == LOG[:80]
    cluster.made.clear()
    result = run()
    assert (result["resumed"], result["verdict"], cluster.made, cluster.objects) == (True, "passed", [], {})
    assert (tmp_path / "out/r1/e2e.log").read_bytes() == LOG and journals(tmp_path) == []


@pytest.mark.parametrize(("given", "error", "words"), [
    ({"focus": "DNS"}, BadOption, "focus: run r1 was begun with .* so it cannot go on with 'DNS'"),
    ({"run_id": "r2"}, PlatformError, "run r1 of the conformance tests is in this cluster, and two disturb each other")])
def test_what_does_not_fit_a_run_that_goes_on_is_refused(run: Start, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch,
                                                         given: dict[str, Any], error: type[Exception], words: str) -> None:
    interrupted(run, monkeypatch)
    before = json.dumps(cluster.objects, sort_keys=True)
    with pytest.raises(error, match=words):
        run(**given)
    assert json.dumps(cluster.objects, sort_keys=True) == before


def test_a_run_that_is_gone_is_not_begun_over_its_results(run: Start, cluster: FakeCluster, tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(run, monkeypatch)
    cluster.objects.clear()
    with pytest.raises(PlatformError, match="run r1 is not in the cluster any more, and .* holds a part of its results"):
        run()
    assert (tmp_path / "out/r1/e2e.log").read_bytes() == LOG[:80] and cluster.objects == {}


def test_absent_removes_a_run_and_is_content_without_one(run: Start, cluster: FakeCluster, tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(run, monkeypatch)
    cluster.add_space("dns-1", **{"e2e-run": "ours"})
    removed = run(state="absent", results_dir=None)
    assert (removed["changed"], removed["leaked"], cluster.objects, journals(tmp_path)) == (True, ["dns-1"], {}, [])
    assert run(state="absent")["changed"] is False


def test_namespaces_that_tests_left_go_and_those_of_others_stay(run: Start, cluster: FakeCluster) -> None:
    cluster.add_space("before", **{"e2e-run": "another run"})
    cluster.add_space("leaked", **{"e2e-run": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"})
    result = run()
    assert result["leaked"] == ["leaked"] and [*cluster.objects] == ["/api/v1/namespaces/before"]
    assert "1 namespace that tests left behind removed" in result["msg"]


def test_a_namespace_of_somebody_else_is_not_touched(run: Start, cluster: FakeCluster) -> None:
    cluster.add_space("assay-conformance-r1", owner="somebody")
    with pytest.raises(BadOption, match="run_id: namespace assay-conformance-r1 is there and of no run of ours"):
        run()
    assert [*cluster.objects] == ["/api/v1/namespaces/assay-conformance-r1"]


@pytest.mark.parametrize("place", ["/api/v1/namespaces/assay-conformance-r1/pods", "/apis/rbac", "/api/v1/namespaces/assay"])
def test_what_may_not_be_made_is_one_sentence_and_leaves_nothing(run: Start, cluster: FakeCluster, place: str) -> None:
    cluster.refused.append(place)
    with pytest.raises(PlatformError, match="cannot create resource") as error:
        run()
    assert cluster.objects == {} and error.value.details["leftovers"] == []


def test_tests_that_take_too_long_are_stopped_and_what_is_there_is_kept(run: Start, cluster: FakeCluster, tmp_path: Path) -> None:
    class Ends(Job):
        """Its time is up once the log is here."""

        def left(self) -> float:
            log = tmp_path / "out/r1/e2e.log"
            return 0.0 if log.exists() and log.stat().st_size == 140 else super().left()

    pod = FakePod(LOG[:140])
    pod.ends = False
    with pytest.raises(PlatformError) as error:
        run(pod, Ends(), timeout=600)
    assert error.value.details["verdict"] == "inconclusive" and error.value.details["ended"] == "the time was up"
    assert cluster.objects == {} and (tmp_path / "out/r1/e2e.log").read_bytes() == LOG[:140]
