# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tests are followed to their end over lost streams, restarts and everything else that comes between."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.conformance import follow as follow_
from ansible_collections.assay.clusters.plugins.module_utils.conformance.follow import Follow
from ansible_collections.assay.clusters.plugins.module_utils.conformance.remote import NotReached
from ansible_collections.assay.clusters.plugins.module_utils.jobs import job as job_
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import Interrupted, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from tests.fakes.clock import Clock
from tests.fakes.conformance_pod import FakePod

HEAD = b"Will run 4 of 9 specs\n"
DOT = "•".encode()
FAILURE = ("\n------------------------------\n• [FAILED] [1.0 seconds]\n[sig-a] b [It] c\n  [FAILED] it broke\n"
           "------------------------------\n").encode()
JUNIT = {"junit_01.xml": b"<testsuites/>" * 100}
AWAY = ApiError("unreachable", None, "ConnectionError", "connection refused", "GET", "/exec")
Make = Callable[..., Follow]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (follow_, job_):
        monkeypatch.setattr(module, "time", made)
    return made


@pytest.fixture
def follow(clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    def make(pod: FakePod, timeout: float = 3600.0, failed: Any = lambda failures: None) -> Follow:
        monkeypatch.setattr(follow_, "Remote", lambda client, namespace, name: pod)
        job = Job()
        job.limit(timeout)
        return Follow(pod, "e2e", tmp_path, job, failed, lambda: None)  # type: ignore[arg-type]

    return make


def test_log_and_reports_are_here_to_the_last_byte(follow: Make, tmp_path: Path) -> None:
    run = follow(FakePod(HEAD, DOT, DOT + FAILURE, DOT + b"\n", reports=JUNIT, most=50))
    assert run.go().whole
    assert (tmp_path / "e2e.log").read_bytes() == HEAD + DOT * 2 + FAILURE + DOT + b"\n"
    assert (tmp_path / "junit_01.xml").read_bytes() == JUNIT["junit_01.xml"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["e2e.log", "junit_01.xml"]


def test_failures_are_told_as_they_come(follow: Make) -> None:
    told: list[str] = []
    run = follow(FakePod(HEAD, FAILURE, DOT, reports=JUNIT), failed=lambda found: told.extend(f.name for f in found))
    run.go()
    assert told == ["[sig-a] b c"]
    assert run.job.lines[:2] == ["4 tests are to run", "failed: [sig-a] b c: it broke"]


@pytest.mark.parametrize("error", [AWAY, NotReached("the stream ended within its answer")], ids=["api server", "stream"])
def test_a_lost_way_is_told_once_and_waited_for(follow: Make, tmp_path: Path, error: Exception) -> None:
    run = follow(FakePod(HEAD, DOT, *[error] * 20, DOT, reports=JUNIT))
    assert run.go().whole
    assert (tmp_path / "e2e.log").read_bytes() == HEAD + DOT * 2
    words = [line for line in run.job.lines if "reached" in line]
    assert len(words) == 2 and words[0].endswith(f"and go on: {error}")
    assert words[1].startswith("the tests are reached again after ")


def test_a_report_that_broke_off_is_read_again(follow: Make, tmp_path: Path) -> None:
    pod = FakePod(HEAD, reports=JUNIT)
    pod.broken = [NotReached("lost"), AWAY]
    assert follow(pod).go().whole
    assert (tmp_path / "junit_01.xml").read_bytes() == JUNIT["junit_01.xml"]


def test_what_is_here_is_not_fetched_again(follow: Make, tmp_path: Path) -> None:
    """As a second playbook finds it: the log of the first one, of which its failures are known."""
    (tmp_path / "e2e.log").write_bytes(HEAD + FAILURE[:30])
    run = follow(FakePod(HEAD + FAILURE + DOT, reports=JUNIT))
    run.resume()
    assert run.offset == len(HEAD) + 30
    assert run.go().whole and (tmp_path / "e2e.log").read_bytes() == HEAD + FAILURE + DOT
    assert (run.progress.done, [f.name for f in run.progress.failures]) == (2, ["[sig-a] b c"])


def test_how_far_it_is_is_told_now_and_then(follow: Make) -> None:
    run = follow(FakePod(HEAD, *[b""] * 40, DOT, *[b""] * 40, DOT, reports=JUNIT))
    run.go()
    far = [line for line in run.job.lines if " of 4 tests, 0 failed, " in line]
    assert far and any(" gone, about " in line for line in far)
    assert len(far) == len(set(far)) <= 6


ENDED = {"reason": "OOMKilled", "exitCode": 137}


def test_tests_that_end_without_results_are_told_with_the_reason(follow: Make, clock: Clock) -> None:
    pod = FakePod(HEAD, DOT)
    pod.state, pod.ends = ENDED, False
    end = follow(pod).go()
    assert not end.whole and end.why == "the tests' container ended without results: OOMKilled with exit code 137"
    assert clock.passed < 60


def test_a_container_that_ended_a_moment_before_its_results_is_waited_for(follow: Make) -> None:
    pod = FakePod(HEAD, DOT, b"", b"", b"", reports=JUNIT)
    pod.state = {"reason": "Error", "exitCode": 1}
    assert follow(pod).go().whole


@pytest.mark.parametrize(("how", "words"), [
    ("gone", "pod assay-conformance-r1/e2e is gone"),
    ("ended", "the pod ended before its results were fetched: Error with exit code 137")])
def test_a_pod_that_is_lost_ends_the_run(follow: Make, how: str, words: str) -> None:
    pod = FakePod(HEAD, DOT)
    pod.ends = False
    if how == "gone":
        pod.gone = True
    else:
        pod.output = {"terminated": {"reason": "Error", "exitCode": 137}}
    end = follow(pod).go()
    assert (end.whole, end.why) == (False, words)


def test_the_time_is_kept(follow: Make, clock: Clock) -> None:
    pod = FakePod(HEAD)
    pod.ends = False
    end = follow(pod, timeout=300.0).go()
    assert (end.whole, end.why) == (False, "the time was up") and 299 < clock.passed < 312


def test_refusals_are_believed_after_a_while(follow: Make, clock: Clock) -> None:
    """An API server that has just started refuses what it allows."""
    no = NotReached("Handshake status 403 Forbidden: cannot create resource \"pods/exec\"")
    assert follow(FakePod(HEAD, *[no] * 5, DOT, reports=JUNIT)).go().whole
    with pytest.raises(PlatformError, match="commands in the pod are refused, and the results are read by them"):
        follow(FakePod(HEAD, *[no] * 500)).go()


def test_without_its_playbook_it_leaves_the_tests_alone(follow: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    pod = FakePod(HEAD)
    pod.ends = False
    run = follow(pod)
    monkeypatch.setattr(Job, "orphaned", lambda self: True)
    with pytest.raises(Interrupted, match="the tests go on in the cluster as run r1"):
        run.go()


# ---- until it runs ------------------------------------------------------------------------------------------------
def waiting(reason: str, message: str) -> dict[str, Any]:
    return {"metadata": {"name": "e2e"}, "status": {"phase": "Pending", "containerStatuses": [
        {"name": "conformance-container", "state": {"waiting": {"reason": reason, "message": message}}}]}}


@pytest.mark.parametrize(("reason", "message", "most"), [
    ("ErrImagePull", "registry.k8s.io/conformance:v1.99.0: not found", 5), ("ErrImagePull", "i/o timeout", 130),
    ("CreateContainerConfigError", "secret missing", 130)])
def test_what_keeps_the_pod_is_named_and_not_waited_for_in_vain(follow: Make, clock: Clock, reason: str, message: str,
                                                                most: float) -> None:
    pod = FakePod()
    pod.pod = lambda name: waiting(reason, message)  # type: ignore[method-assign,assignment]
    with pytest.raises(PlatformError, match=f"does not run: {reason}: .*{message.split(': ')[-1]}"):
        follow(pod).wait_until_it_runs(120.0)
    assert clock.passed < most
