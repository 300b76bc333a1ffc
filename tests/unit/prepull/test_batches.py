# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several images in one pod: what goes together, what the kubelet tells of each, and what is tried again; on fake kubelets."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.prepull import work
from tests.fakes.kubelets import FakeKubelets, came, failed, node, silent, was_there

MANY = [f"r.io/x{i:02}:1" for i in range(40)]
QPS, THROTTLED = "pull QPS exceeded", "429 Too Many Requests"


def pods(cluster: FakeKubelets) -> list[list[str]]:
    """The images of each pod, in the order in which they were made."""
    return [[c["image"] for c in m["spec"]["containers"]] for m in cluster.manifests]


@pytest.fixture
def alone(cluster: FakeKubelets) -> FakeKubelets:
    del cluster.nodes["", "n2"]
    return cluster


def test_pods_hold_more_with_every_success_and_no_more_than_events_tell_of(prepull: Any, alone: FakeKubelets) -> None:
    done = prepull(*MANY)
    sizes = [len(p) for p in pods(alone)]
    assert sizes[0] == 1 and max(sizes) == work.MOST and len(sizes) < 16
    assert sorted(sum(pods(alone), [])) == MANY and [r.status for r in done.results] == ["pulled"] * 40
    assert alone.deleted == {m["metadata"]["name"] for m in alone.manifests}
    assert work.MOST * 4 <= 25, "events of one pod that a kubelet sends at most"


def test_each_image_has_its_own_time_and_size(prepull: Any, alone: FakeKubelets) -> None:
    """By events: the status comes when the kubelet has been through all."""
    alone.pulls.update({MANY[n]: [came(5.0 + n, size=n * 1_000_000)] for n in range(8)})
    done = prepull(*MANY[:8], per_node=1)
    told = {str(r.image): (r.seconds, r.size, r.digest) for r in done.results}
    assert told == {MANY[n]: (5.0 + n, n * 1_000_000, "sha256:12") for n in range(8)} and max(map(len, pods(alone))) > 2
    ends = sorted(r.end for r in done.results)
    assert all(b - a >= 5 for a, b in zip(ends, ends[1:])), "told when it came, not with the last of its pod"


def test_images_of_two_registries_are_never_in_one_pod(prepull: Any, alone: FakeKubelets) -> None:
    prepull(*MANY[:20], *(f"m.io/x{i}:1" for i in range(20)))
    assert all(len({i.partition("/")[0] for i in p}) == 1 for p in pods(alone)) and any(len(p) > 1 for p in pods(alone))


def test_what_a_list_tells_is_asked_for_in_few_pods_beside_a_registry_that_is_busy(prepull: Any, cluster: FakeKubelets) -> None:
    known = [*MANY[:20], "m.io/y:1"]
    cluster.nodes = {("", f"n{i}"): node(f"n{i}", images=tuple((n, 1) for n in known)) for i in range(5)}
    cluster.pulls.update({**{i: [was_there()] for i in known}, "r.io/new:1": [came(30)]})
    done = prepull("r.io/new:1", *known, per_registry=1)
    assert [sum(r.status == s for r in done.results) for s in ("present", "pulled")] == [21 * 5, 5]
    assert sorted(len(p) for p in pods(cluster)) == [1] * 10 + [work.MOST_KNOWN] * 5
    assert all(at < 2 for at, _n, image in cluster.begun if image != "r.io/new:1"), "none waits for the pulls of others"


def test_what_the_registry_is_asked_for_anyway_needs_its_lane(prepull: Any, cluster: FakeKubelets) -> None:
    cluster.nodes = {("", f"n{i}"): node(f"n{i}", images=((MANY[0], 1),)) for i in range(3)}
    cluster.pulls[MANY[0]] = [came(10)]
    done = prepull(MANY[0], per_registry=1, policy="Always")
    assert max(r.end for r in done.results) - min(r.end for r in done.results) >= 20


# ---- what fails -----------------------------------------------------------------------------------------------------
def warm(cluster: FakeKubelets, more: dict[Any, Any]) -> list[str]:
    """Images that open the lane, so that the next four share a pod."""
    cluster.pulls.update(more)
    return [f"r.io/a{i}:1" for i in range(3)]


def test_one_that_fails_leaves_the_others_of_its_pod_and_is_tried_again_alone(prepull: Any, alone: FakeKubelets) -> None:
    first = warm(alone, {MANY[1]: [failed(QPS), came(1)]})
    done = prepull(*first, *MANY[:4], per_node=1)
    assert {str(r.image): r.attempts for r in done.results} == {**dict.fromkeys(first + MANY[:4], 1), MANY[1]: 2}
    holding = [p for p in pods(alone) if MANY[1] in p]
    assert len(holding[0]) > 1 and holding[1:] == [[MANY[1]]]


def test_a_registry_that_asks_for_peace_gets_it_from_the_rest_of_the_pod(prepull: Any, alone: FakeKubelets) -> None:
    first = warm(alone, {MANY[1]: [failed(THROTTLED, 0.5), came(1)]})
    done = prepull(*first, *MANY[:5], per_node=1)
    assert {str(r.image): (r.status, r.attempts) for r in done.results}[MANY[1]] == ("pulled", 2)
    assert {r.attempts for r in done.results if str(r.image) != MANY[1]} == {1} and len(done.results) == 8
    at = {i: max(t for t, _n, image in alone.begun if image == i) for i in MANY[:5]}
    throttled = min(t for t, _n, image in alone.begun if image == MANY[1])
    assert min(at[i] for i in MANY[3:5]) - throttled > 9


def test_one_that_a_policy_refuses_is_found_among_those_of_its_pod(prepull: Any, alone: FakeKubelets) -> None:
    first = warm(alone, {})
    alone.forbidden = {MANY[2]}
    done = prepull(*first, *MANY[:4], per_node=1)
    assert [(str(r.image), r.cause, r.attempts) for r in done.results if r.status == "failed"] == [(MANY[2], "admission.denied", 1)]
    assert sum(r.status == "pulled" for r in done.results) == 6


def test_one_that_does_not_end_is_told_and_those_behind_it_come(prepull: Any, alone: FakeKubelets) -> None:
    first = warm(alone, {MANY[1]: [silent()]})
    done = prepull(*first, *MANY[:4], per_node=1, pull_timeout=60)
    [late] = [r for r in done.results if r.status == "failed"]
    assert (str(late.image), late.error) == (MANY[1], "not pulled within 60 s: the pull has begun and says nothing more")
    assert len(done.results) == 7 and alone.clock.passed < 120


def test_a_kubelet_that_does_not_begin_is_waited_for_once(prepull: Any, alone: FakeKubelets) -> None:
    first = warm(alone, {MANY[n]: [silent(begun=False)] for n in range(4)})
    done = prepull(*first, *MANY[:4], per_node=1, pull_timeout=60)
    assert {r.error for r in done.results if r.status == "failed"} == {"not pulled within 60 s: the kubelet has not begun to pull"}
    assert alone.clock.passed < 100


def test_without_events_the_status_tells_of_all(prepull: Any, alone: FakeKubelets) -> None:
    alone._error = ApiError("http", 403, "Forbidden", "no", "GET", "events")  # pylint: disable=protected-access
    alone.pulls[MANY[3]] = [failed("manifest unknown")]
    done = prepull(*MANY[:10], per_node=1)
    assert {str(r.image): r.status for r in done.results} == {**dict.fromkeys(MANY[:10], "pulled"), MANY[3]: "failed"}


@pytest.mark.parametrize(("policy", "then"), [("IfNotPresent", "present"), ("Always", "pulled")])
def test_without_events_the_list_of_before_tells_what_was_there(prepull: Any, alone: FakeKubelets, policy: str, then: str) -> None:
    """Not the list of afterwards, which has what came; and who has the registry asked is told by digests."""
    alone._error = ApiError("http", 403, "Forbidden", "no", "GET", "events")  # pylint: disable=protected-access
    by_digest = f"r.io/b:2@sha256:{'2' * 64}"
    alone.set_node("n1", images=((MANY[0], 5), (f"r.io/b@sha256:{'2' * 64}", 5)))
    done = prepull(MANY[0], MANY[1], by_digest, policy=policy)
    assert {str(r.image): r.status for r in done.results} == {MANY[0]: then, MANY[1]: "pulled", by_digest: then}


def test_without_events_the_list_tells_of_the_image_that_admission_put_there(prepull: Any, alone: FakeKubelets) -> None:
    alone._error = ApiError("http", 403, "Forbidden", "no", "GET", "events")  # pylint: disable=protected-access
    alone.set_node("n1", images=((MANY[0], 5), ("m.io/b:1", 5)))

    def mirrored(manifest: dict[str, Any]) -> dict[str, Any]:
        for container in manifest["spec"]["containers"]:
            container["image"] = {MANY[0]: "m.io/a:1", MANY[1]: "m.io/b:1"}[container["image"]]
        return manifest

    alone.admission = mirrored
    assert {str(r.image): r.status for r in prepull(*MANY[:2]).results} == {MANY[0]: "pulled", MANY[1]: "present"}
