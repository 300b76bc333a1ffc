# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way of a prepull: what is tried again and when, what ends it, nodes that come and go; on fake kubelets."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import Interrupted
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.prepull.run import Prepull, missing_nodes
from tests.fakes.clock import Clock
from tests.fakes.kubelets import NAMESPACE, FakeKubelets, came, failed, node, refused, silent, was_there

A, B, C = "r.io/a:1", "r.io/b:1", "other.io/c:1"
QPS, THROTTLED, AUTH = "pull QPS exceeded", "429 Too Many Requests", "401 Unauthorized"


def told(run: Prepull) -> dict[tuple[str, str], tuple[str, str, int]]:
    """What became of each: (status, cause, attempts)."""
    assert len({(r.node, str(r.image)) for r in run.results}) == len(run.results), "each is told once"
    return {(r.node, str(r.image)): (r.status, r.cause, r.attempts) for r in run.results}


def only(run: Prepull) -> Any:
    [result] = run.results
    return result


def test_every_image_comes_to_every_node_once(prepull: Any, cluster: FakeKubelets) -> None:
    cluster.pulls.update({A: [was_there()], C: [came(20.0, size=90_000_000)]})
    done = prepull(A, B, C)
    assert told(done) == {(n, i): ("present" if i == A else "pulled", "", 1) for n in ("n1", "n2") for i in (A, B, C)}
    big = [r for r in done.results if str(r.image) == C][0]
    assert (big.seconds, big.size, big.digest) == (20.0, 90_000_000, "sha256:12")
    assert cluster.deleted == {f"pull-{i}" for i in range(1, 7)} and len(cluster.begun) == 6


# ---- what is tried again ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("words", "cause", "attempts"), [
    (THROTTLED, "image.throttled", 3), (QPS, "image.kubelet-qps", 3),
    ("dial tcp: connection refused", "image.registry-unreachable", 3),
    ("something new", "unknown.unexplained", 3), (AUTH, "image.auth", 1), ("manifest unknown", "image.not-found", 1),
    ("write x: no space left on device", "node.pressure", 1), ("cni plugin not initialized", "node.cni-not-ready", 1)])
def test_only_what_may_pass_is_tried_again(prepull: Any, cluster: FakeKubelets, words: str, cause: str, attempts: int) -> None:
    cluster.pulls[A] = [failed(words)]
    del cluster.nodes["", "n2"]
    assert told(prepull(A, retries=2)) == {("n1", A): ("failed", cause, attempts)}
    assert len(cluster.begun) == attempts


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_so_often_it_is_tried_again(prepull: Any, cluster: FakeKubelets, retries: int) -> None:
    cluster.pulls[A] = [failed(QPS)]
    done = prepull(A, retries=retries)
    assert {r.attempts for r in done.results} == {retries + 1} and len(cluster.begun) == 2 * (retries + 1)


def test_what_comes_at_a_later_try_has_come(prepull: Any, cluster: FakeKubelets) -> None:
    cluster.pulls["n1", A] = [failed(QPS), failed("EOF"), came(2.0)]
    done = prepull(A, retries=2)
    assert told(done) == {("n1", A): ("pulled", "", 3), ("n2", A): ("pulled", "", 1)}
    again = [line.split(": ", 2)[1] for line in done.job.lines if "again in" in line]
    assert [line.partition(" failed, ")[2] for line in again] == [
        "image.kubelet-qps, again in 10 s", "image.registry-unreachable, again in 20 s"]


def test_between_tries_there_is_a_pause_that_doubles(prepull: Any, cluster: FakeKubelets) -> None:
    cluster.pulls["n1", A] = [failed(QPS, seconds=1)]
    prepull(A, retries=3, retry_pause=10)
    begun = [at for at, name, _image in cluster.begun if name == "n1"]
    pauses = [b - a - 1 for a, b in zip(begun, begun[1:])]
    assert [round(p) for p in pauses] == [10, 20, 40]


def test_others_go_on_in_a_pause_unless_their_registry_is_the_reason(prepull: Any, cluster: FakeKubelets) -> None:
    def begins() -> dict[str, float]:
        return {i: round(at) for at, name, i in reversed(cluster.begun) if name == "n1"}

    cluster.pulls.update({A: [failed(QPS), failed(QPS), came(1)], B: [came(5)], C: [came(5)]})
    prepull(A, B, C, per_node=1)
    assert begins()[C] < 10 and begins()[B] < 20
    cluster.begun.clear()
    for name in ("n1", "n2"):  # what came is gone again: their lists would have it asked for beside
        cluster.set_node(name)
    cluster.pulls.update({A: [failed(THROTTLED), failed(THROTTLED), came(1)]})
    started = cluster.clock.now
    prepull(A, B, C, per_node=1)
    first = min(at for at, _n, i in cluster.begun if i == A)
    assert begins()[B] - first > 10 > begins()[C] - first and cluster.clock.now > started


@pytest.mark.parametrize(("timeout", "attempts"), [(8, 1), (15, 2), (60, 3)])
def test_no_try_is_waited_for_longer_than_the_job_lasts(prepull: Any, cluster: FakeKubelets, timeout: float,
                                                        attempts: int) -> None:
    del cluster.nodes["", "n2"]
    cluster.pulls[A] = [failed(QPS)]
    done = prepull(A, retries=2, retry_pause=10, timeout=timeout)
    assert told(done) == {("n1", A): ("failed", "image.kubelet-qps", attempts)}


def test_a_registry_that_throttles_everything_is_still_asked(prepull: Any, cluster: FakeKubelets) -> None:
    """It gets half as many pulls at once, and never none."""
    cluster.pulls.update({A: [failed(THROTTLED)] * 4 + [came(1)], B: [failed(THROTTLED)] * 4 + [came(1)]})
    assert {v[0] for v in told(prepull(A, B, retries=9)).values()} == {"pulled"}


# ---- how many at once -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("per_registry", "per_node", "most"), [(1, 9, 1), (10, 1, 2), (3, 9, 3), (10, 2, 4)])
def test_so_many_pulls_at_once(prepull: Any, cluster: FakeKubelets, per_registry: int, per_node: int, most: int) -> None:
    images = [f"r.io/x{i}:1" for i in range(8)]
    cluster.pulls.update({i: [came(10)] for i in images})
    done = prepull(*images, per_registry=per_registry, per_node=per_node)
    spans = [(r.begin + 0.5, r.end - 0.5) for r in done.results]
    assert max(sum(b <= t < e for b, e in spans) for t, _e in spans) == most
    assert sum(b == min(spans)[0] for b, _e in spans) == 1, "it begins with one"


# ---- ends -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("pull", "words"), [
    (silent(), "not pulled within 60 s: the pull has begun and says nothing more"),
    (silent(begun=False), "not pulled within 60 s: the kubelet has not begun to pull")])
def test_a_pull_that_does_not_end(prepull: Any, cluster: FakeKubelets, pull: Any, words: str) -> None:
    del cluster.nodes["", "n2"]
    cluster.pulls[A] = [pull]
    found = only(prepull(A, pull_timeout=60))
    assert (found.status, found.cause, found.confidence, found.error) == ("failed", "unknown.timeout", "suspected", words)
    assert len(cluster.begun) == 1, "a time-out is not tried again"


@pytest.mark.parametrize(("size", "cause"), [(200_000_000, "image.slow"), (400_000_000, "unknown.timeout")])
def test_one_that_is_too_slow_is_known_by_its_size_elsewhere(prepull: Any, cluster: FakeKubelets, size: int,
                                                             cause: str) -> None:
    """Of 400 MB in 60 s the floor of 5 MB/s expects no end."""
    cluster.pulls.update({("n1", A): [came(10, size=size)], ("n2", A): [silent()]})
    assert told(prepull(A, pull_timeout=60)) == {("n1", A): ("pulled", "", 1), ("n2", A): ("failed", cause, 1)}


def test_at_the_limit_of_the_job_everything_is_told(prepull: Any, cluster: FakeKubelets) -> None:
    cluster.pulls.update({("n1", A): [failed(THROTTLED, seconds=50)], ("n2", A): [silent()], C: [came(1)]})
    done = prepull(A, B, C, per_node=1, timeout=60)
    assert len(told(done)) == 6 and {r.status for r in done.results if str(r.image) != C} == {"failed"}
    assert {r.error for r in done.results if str(r.image) == B} == {"its turn did not come within the job's limit"}


def test_a_pod_that_is_gone_is_made_again(prepull: Any, cluster: FakeKubelets) -> None:
    def taken_away(of: FakeKubelets, pod: str, _image: str) -> None:
        del of.pods[NAMESPACE, pod]

    cluster.pulls["n1", A] = [taken_away, came(1)]
    assert told(prepull(A))["n1", A] == ("pulled", "", 2)
    cluster.pulls["n1", A] = [taken_away]
    found = [r for r in prepull(A, retries=0).results if r.node == "n1"][0]
    assert (found.cause, found.error) == ("unknown.unexplained", "its pod is gone: somebody removed it")


@pytest.mark.parametrize(("status", "message", "cause"), [
    (403, "exceeded quota: compute", "quota.exceeded"), (403, "violates PodSecurity", "admission.denied"),
    (422, "spec: Invalid value", "admission.denied")])
def test_a_pod_that_is_not_admitted_is_not_tried_again(prepull: Any, cluster: FakeKubelets, status: int, message: str,
                                                       cause: str) -> None:
    cluster.pulls[A] = [refused(status, message)]
    mine = [r for r in prepull(A, B).results if str(r.image) == A]
    assert {(r.cause, r.confidence, r.attempts) for r in mine} == {(cause, "confirmed", 1)}
    assert {r.status for r in prepull(B).results} == {"pulled"}


@pytest.mark.parametrize(("status", "message"),
                         [(401, "Unauthorized"), (404, "namespace not found"), (500, "etcd"),
                          (403, 'cannot create resource "pods"')])
def test_what_no_pod_can_pass_ends_it(prepull: Any, cluster: FakeKubelets, status: int, message: str) -> None:
    cluster.pulls[A] = [refused(status, message)]
    with pytest.raises(ApiError, match=message):
        prepull(A)


def test_a_playbook_that_ended_ends_it(prepull: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Job, "orphaned", lambda job: True)
    with pytest.raises(Interrupted, match="the playbook ended; the clean-up goes on by itself"):
        prepull(A)


# ---- events -----------------------------------------------------------------------------------------------------
def test_an_event_may_come_after_the_status_that_it_explains(prepull: Any, cluster: FakeKubelets) -> None:
    cluster.pulls["n1", A] = [came(5, event=2.0)]
    cluster.pulls["n2", A] = [came(5, event=-1)]
    cluster.set_node("n2", images=((A, 7_000_000),))
    first, second = sorted(prepull(A).results, key=lambda r: r.node)
    assert (first.seconds, first.size) == (5.0, 40_000_000)
    assert second.status == "pulled" and second.seconds == pytest.approx(5, abs=0.3) and second.size == 7_000_000


def test_without_the_right_to_see_events_the_pod_tells(clock: Clock, cluster: FakeKubelets, prepull: Any) -> None:
    cluster._error = ApiError("http", 403, "Forbidden", "no", "GET", "events")  # pylint: disable=protected-access
    assert told(prepull(A)) == {(n, A): ("pulled", "", 1) for n in ("n1", "n2")}
    cluster._error = ApiError("http", 500, "Error", "no", "GET", "events")  # pylint: disable=protected-access
    with pytest.raises(ApiError):
        prepull(A)


# ---- nodes ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("about", "cause", "least"), [
    ({"ready": "Unknown"}, "node.unreachable", 30), ({"pressure": "True"}, "node.pressure", 3)])
def test_a_node_that_stays_unfit_fails_and_the_others_go_on(
        prepull: Any, cluster: FakeKubelets, clock: Clock, about: dict[str, str], cause: str, least: float) -> None:
    cluster.set_node("n1", **about)
    begun = clock.now
    assert told(prepull(A)) == {("n1", A): ("failed", cause, 0), ("n2", A): ("pulled", "", 1)}
    assert least <= clock.now - begun < least + 2 and [n for _at, n, _i in cluster.begun] == ["n2"]


def test_a_node_that_comes_back_in_time_is_pulled_on(prepull: Any, cluster: FakeKubelets, clock: Clock) -> None:
    cluster.set_node("n1", ready="False")
    clock.after(25, lambda: cluster.set_node("n1"))
    assert told(prepull(A))["n1", A] == ("pulled", "", 1)


def test_a_node_that_leaves_takes_its_work_along(prepull: Any, cluster: FakeKubelets, clock: Clock) -> None:
    cluster.pulls["n1", A] = [silent()]
    clock.after(10, lambda: cluster.nodes.pop(("", "n1")))
    done = prepull(A, B, per_node=1)
    assert told(done) == {("n2", A): ("pulled", "", 1), ("n2", B): ("pulled", "", 1)}
    assert done.left_out == {"n1": "it left the cluster"}


def test_nodes_that_join_are_waited_for_and_missed(prepull: Any, cluster: FakeKubelets, clock: Clock) -> None:
    clock.after(50, lambda: cluster.set_node("n3", ready="False"))
    clock.after(200, lambda: cluster.set_node("n3"))
    clock.after(120, lambda: cluster.set_node("late"))
    done = prepull(A, names=("n1", "n3", "n9"), join_within=100)
    assert told(done) == {("n1", A): ("pulled", "", 1), ("n3", A): ("pulled", "", 1)} and missing_nodes(done) == ["n9"]
    assert "n3: joined" in done.job.lines


def test_a_node_that_joins_and_never_gets_fit(prepull: Any, cluster: FakeKubelets, clock: Clock) -> None:
    clock.after(50, lambda: cluster.set_node("n3", ready="False"))
    begun = clock.now
    assert told(prepull(A, names=("n3",), join_within=100)) == {("n3", A): ("failed", "node.unreachable", 0)}
    assert 230 <= clock.now - begun < 240


def test_without_joining_what_comes_late_is_left(prepull: Any, cluster: FakeKubelets, clock: Clock) -> None:
    cluster.pulls[A] = [came(60)]
    clock.after(20, lambda: cluster.set_node("n3"))
    assert {n for n, _i in told(prepull(A))} == {"n1", "n2"}


def test_of_many_pulls_images_and_failures_are_told(prepull: Any, cluster: FakeKubelets) -> None:
    cluster.nodes = {("", f"n{i}"): node(f"n{i}") for i in range(70)}
    cluster.pulls.update({A: [was_there()], B: [was_there()], C: [was_there()], ("n7", B): [failed(AUTH, 0.1)]})
    lines = [line for line in prepull(A, B, C, per_registry=100).job.lines if "to come" not in line]
    assert len(lines) == 4 and sum(line.endswith("on 70 of 70 nodes") for line in lines) == 2
    assert any("on 69 of 70 nodes" in line for line in lines) and any(line.startswith("n7: ") for line in lines)
