# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images are removed from nodes by what the helper pod there says; what a pod uses stays."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.prepull.references import parse
from ansible_collections.assay.clusters.plugins.module_utils.prepull.remove import Removal
from tests.fakes.clock import Clock
from tests.fakes.kubelets import FakeKubelets, node

A, B = "r.io/a:1", "r.io/b:1"
HELPER = "r.io/busybox:1"


@pytest.fixture
def removal(cluster: FakeKubelets) -> Callable[..., Removal]:
    cluster.answers["/api/v1/pods"] = {"items": []}

    def made(*images: str, names: tuple[str, ...] = ("n1",), at_once: int = 9, timeout: float = 3600) -> Removal:
        job = Job()
        job.limit(timeout)
        nodes: Any = [node(n) for n in names]
        space: Any = cluster
        done = Removal(space, [parse(i) for i in images], nodes, {}, job, HELPER, at_once)
        done.go()
        return done

    return made


def says(log: str, seconds: float = 1.0) -> Any:
    """A helper pod that ends well with this log."""
    def run(cluster: FakeKubelets, pod: str, _image: str) -> None:
        cluster.logs[pod] = log
        cluster.clock.after(seconds, lambda: cluster.state(pod, {"terminated": {"exitCode": 0}}, "Succeeded"))

    return run


def told(done: Removal) -> dict[str, tuple[str, str]]:
    return {f"{r.node} {r.image}": (r.status, r.error) for r in done.results}


def user(image: str, where: str = "n1", kind: str = "containers") -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": "web-0"},
            "spec": {"nodeName": where, kind: [{"name": "x", "image": image}]}}


def test_each_image_is_told_as_the_node_said_it(removal: Any, cluster: FakeKubelets) -> None:
    cluster.pulls[HELPER] = [says(f"noise\nremoved {A}\nabsent {B}\nfailed r.io/c:1 image is in use by a container \n")]
    done = removal(A, B, "r.io/c:1", "r.io/d:1")
    assert told(done) == {f"n1 {A}": ("removed", ""), f"n1 {B}": ("absent", ""),
                          "n1 r.io/c:1": ("failed", "image is in use by a container "),
                          "n1 r.io/d:1": ("failed", "the helper pod said nothing of it")}
    assert cluster.deleted == {"remove-0"}


@pytest.mark.parametrize("kind", ["containers", "initContainers", "ephemeralContainers"])
def test_what_a_pod_of_the_node_uses_stays(removal: Any, cluster: FakeKubelets, kind: str) -> None:
    """The node is not even asked: a runtime would remove it, and the pod could not start again where it cannot be pulled."""
    cluster.answers["/api/v1/pods"] = {"items": [user(A, kind=kind), user(B, "n2"), user("%%"), {**user(B), "spec": {}}]}
    cluster.pulls[HELPER] = [says(f"removed {A}\nremoved {B}")]
    done = removal(A, B, names=("n1", "n2"))
    assert told(done) == {f"n1 {A}": ("in_use", ""), f"n1 {B}": ("removed", ""), f"n2 {A}": ("removed", ""),
                          f"n2 {B}": ("in_use", "")}
    asked = {m["spec"]["nodeName"]: m["spec"]["containers"][0]["command"][6:] for m in cluster.manifests}
    assert asked == {"n1": [B], "n2": [A]}
    assert "n1: a:1 is used by pod shop/web-0 and stays" in done.job.lines


def test_where_all_are_used_no_pod_is_made(removal: Any, cluster: FakeKubelets) -> None:
    cluster.answers["/api/v1/pods"] = {"items": [user("r.io/a:1@sha256:" + "1" * 64), user(A)]}
    assert told(removal(A)) == {f"n1 {A}": ("in_use", "")} and cluster.manifests == []


@pytest.mark.parametrize(("state", "more", "words", "cause"), [
    ({"terminated": {"exitCode": 3, "message": "no crictl and no ctr on this node"}}, {"phase": "Failed"},
     "no crictl and no ctr on this node",
     "unknown.unexplained"),
    ({"waiting": {"reason": "ErrImagePull", "message": "401 Unauthorized"}}, {}, "ErrImagePull: 401 Unauthorized",
     "image.auth"),
    ({"waiting": {"reason": "ContainerCreating"}}, {"phase": "Failed", "message": "The node was low on resource: x"},
     "The node was low on resource: x", "node.pressure"),
    ({"waiting": {"reason": "ContainerCreating"}}, {}, "the helper pod did not end in time", "unknown.timeout")])
def test_a_helper_that_fails_fails_its_images(removal: Any, cluster: FakeKubelets, clock: Clock, state: dict[str, Any],
                                              more: dict[str, Any], words: str, cause: str) -> None:
    cluster.pulls["n1", HELPER] = [lambda of, pod, _image: of.state(pod, state, **more)]
    cluster.pulls["n2", HELPER] = [says(f"removed {A}\nremoved {B}")]
    begun = clock.now
    done = removal(A, B, names=("n1", "n2"))
    assert told(done) == {f"n1 {A}": ("failed", words), f"n1 {B}": ("failed", words), f"n2 {A}": ("removed", ""),
                          f"n2 {B}": ("removed", "")}
    assert {r.cause for r in done.results if r.node == "n1"} == {cause}
    assert (clock.now - begun >= 120) is (cause == "unknown.timeout")


def test_the_limit_of_the_job_ends_it_sooner(removal: Any, cluster: FakeKubelets, clock: Clock) -> None:
    cluster.pulls[HELPER] = [lambda of, pod, image: None]
    begun = clock.now
    assert removal(A, timeout=20).results[0].cause == "unknown.timeout" and clock.now - begun < 25


def test_so_many_nodes_at_once(removal: Any, cluster: FakeKubelets) -> None:
    cluster.pulls[HELPER] = [says(f"removed {A}", seconds=30)]
    removal(A, names=("n1", "n2", "n3", "n4", "n5"), at_once=2)
    assert [round(at / 30) for at, _n, _i in cluster.begun] == [0, 0, 1, 1, 2]


def test_the_helper_gets_to_its_node_and_into_it(removal: Any, cluster: FakeKubelets) -> None:
    cluster.pulls[HELPER] = [says(f"removed {A}")]
    removal(A)
    spec = cluster.manifests[0]["spec"]
    assert spec["nodeName"] == "n1" and spec["tolerations"] == [{"operator": "Exists"}]
    assert not spec["automountServiceAccountToken"]
    assert spec["containers"][0]["securityContext"]["privileged"]
    assert spec["containers"][0]["command"][:2] == ["chroot", "/host"]
