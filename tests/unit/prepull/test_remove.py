# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images are removed from nodes by what the helper pod there says; what a pod uses stays."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.prepull.references import parse
from ansible_collections.assay.clusters.plugins.module_utils.prepull.remove import Removal
from tests.fakes.clock import Clock
from tests.fakes.kubelets import FakeKubelets, node, refused

A, B = "r.io/a:1", "r.io/b:1"
HELPER = "r.io/busybox:1"
DIGEST = "sha256:" + "1" * 64


@pytest.fixture
def removal(cluster: FakeKubelets) -> Callable[..., Removal]:
    cluster.answers["/api/v1/pods"] = {"items": []}

    def made(*images: str, names: tuple[str, ...] = ("n1",), at_once: int = 9, timeout: float = 3600,
             items: Any = None) -> Removal:
        job = Job()
        job.limit(timeout)
        nodes: Any = items or [node(n) for n in names]
        space: Any = cluster
        done = Removal(space, [parse(i) for i in images], nodes, {}, job, HELPER, at_once)
        done.go()
        return done

    return made


def says(log: str | ApiError, seconds: float = 1.0) -> Any:
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


def ran(image_id: str, image: str = "", spec: str = "r.io/stable:1", key: str = "containerStatuses") -> dict[str, Any]:
    pod = user(spec)
    pod["status"] = {key: [{"name": "x", "image": image, "imageID": image_id}]}
    return pod


@pytest.mark.parametrize("pod", [
    ran(f"r.io/a@{DIGEST}"), ran(f"docker-pullable://r.io/a@{DIGEST}", key="initContainerStatuses"), ran(DIGEST.replace("1", "2"), A),
    ran("", spec=f"r.io/a@{DIGEST}"), ran("", spec="r.io/alias:1")])
def test_what_a_pod_uses_by_another_name_stays(removal: Any, cluster: FakeKubelets, pod: dict[str, Any]) -> None:
    """A runtime takes the image away with all its names: the node's list tells which are one image."""
    cluster.pulls[HELPER] = [says(f"removed {A}\nremoved {B}")]
    cluster.answers["/api/v1/pods"] = {"items": [pod]}
    item = node("n1")
    item["status"]["images"] = [{"names": [f"r.io/a@{DIGEST}", "r.io/alias:1", A]}, {"names": [B, "<none>@<none>"]}]
    done = removal(A, B, items=[item])
    assert told(done) == {f"n1 {A}": ("in_use", ""), f"n1 {B}": ("removed", "")}


@pytest.mark.parametrize("image", ["registry.k8s.io/pause:3.10", "rancher/mirrored-pause:3.6", "k8s.gcr.io/pause-amd64:3.1",
                                   "602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/pause:3.5"])
def test_what_sandboxes_are_made_of_is_never_touched(removal: Any, cluster: FakeKubelets, image: str) -> None:
    done = removal(image)
    assert [r.status for r in done.results] == ["in_use"] and cluster.manifests == []
    assert any("is what pods of the node stand on and stays" in line for line in done.job.lines)


def test_a_node_is_told_the_digests_that_its_pods_run(removal: Any, cluster: FakeKubelets) -> None:
    """Its own list may be cut, and a pod that waits between two starts runs no container."""
    cluster.answers["/api/v1/pods"] = {"items": [ran(f"r.io/c@{DIGEST}")]}
    cluster.pulls[HELPER] = [says(f"used {A}")]
    done = removal(A, names=("n1", "n2"))
    envs = {m["spec"]["nodeName"]: m["spec"]["containers"][0]["env"] for m in cluster.manifests}
    assert envs == {"n1": [{"name": "IN_USE", "value": DIGEST}], "n2": [{"name": "IN_USE", "value": ""}]}
    assert told(done) == {f"n1 {A}": ("in_use", ""), f"n2 {A}": ("in_use", "")} and "n1: a:1 is in use" in done.job.lines


@pytest.mark.parametrize(("status", "words", "cause"), [
    (502, 'Get "https://10.0.0.2:10250/containerLogs/x": dial tcp 10.0.0.2:10250: i/o timeout', "net.port-filtered"),
    (500, "remote error: tls: internal error", "node.kubelet-cert"), (403, 'cannot get resource "pods/log"', "harness.forbidden"),
    (503, "busy", "unknown.unexplained")])
def test_a_log_that_cannot_be_read_is_that_nodes_alone(removal: Any, cluster: FakeKubelets, status: int, words: str,
                                                       cause: str) -> None:
    cluster.pulls["n1", HELPER] = [says(f"removed {A}")]
    cluster.pulls["n2", HELPER] = [says(ApiError("http", status, "Error", words, "GET", "/log"))]
    done = removal(A, names=("n1", "n2"))
    assert {r.node: (r.status, r.cause) for r in done.results} == {"n1": ("removed", ""), "n2": ("failed", cause)}
    assert done.results[-1].error.startswith("what was removed is not known, as the log of the helper pod cannot be read: ")


def test_a_log_that_comes_at_the_second_try(removal: Any, cluster: FakeKubelets) -> None:
    cluster.pulls[HELPER] = [says(f"removed {A}")]
    cluster.lost = [ApiError("http", 502, "Error", "no", "GET", "/log")]
    assert told(removal(A)) == {f"n1 {A}": ("removed", "")}


def test_a_helper_that_is_not_admitted_is_that_nodes_alone(removal: Any, cluster: FakeKubelets) -> None:
    cluster.pulls.update({("n1", HELPER): [refused(403, "violates PodSecurity")], ("n2", HELPER): [says(f"removed {A}")]})
    done = removal(A, names=("n1", "n2"))
    assert {r.node: (r.status, r.cause) for r in done.results} == {"n1": ("failed", "admission.denied"), "n2": ("removed", "")}


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
