# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the pod that pulls tells, over kubelets' generations; what nodes tell; causes of words."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.prepull import nodes, pods
from ansible_collections.assay.clusters.plugins.module_utils.prepull.references import parse
from ansible_collections.assay.clusters.plugins.module_utils.prepull.result import cause_of

PULLING = {"reason": "Pulling", "message": 'Pulling image "x"'}
GONE = "rpc error: code = NotFound desc = failed to pull and unpack image \"a.b/c:1\": a.b/c:1: not found"


def pod(state: dict[str, Any] | None = None, phase: str = "Pending", **more: Any) -> dict[str, Any]:
    status = [{"name": "pull", "image": "x", "imageID": "a.b/c@sha256:12", "state": state}] if state else []
    return {"metadata": {"name": "pull-1"}, "status": {"phase": phase, "containerStatuses": status, **more}}


STARTED = pod({"terminated": {"reason": "StartError", "exitCode": 128}}, "Failed")


def pulled(text: str) -> pods.Reading:
    return pods.read(STARTED, [PULLING, {"reason": "Pulled", "message": text}])


@pytest.mark.parametrize(("text", "seconds", "waited", "size"), [
    ('Successfully pulled image "x" in 1.563s (2.5s including waiting). Image size: 23541581 bytes.', 1.563, 2.5, 23541581),
    ('Successfully pulled image "x" in 1m2.5s (1h1m1s including waiting)', 62.5, 3661.0, 0),
    ('Successfully pulled image "x" in 812.5ms', 0.8125, 0.8125, 0), ('Successfully pulled image "x"', 0.0, 0.0, 0)])
def test_a_pull_tells_its_time_and_size_as_far_as_the_kubelet_does(text: str, seconds: float, waited: float,
                                                                   size: int) -> None:
    reading = pulled(text)
    assert reading.ended and reading.there and reading.already is False and reading.digest == "sha256:12"
    assert (reading.seconds, reading.waited, reading.size) == pytest.approx((seconds, waited, size))


def test_what_was_there_is_told_apart() -> None:
    assert pulled('Container image "x" already present on machine').already is True
    assert pulled('Container image "x" already present on machine and can be accessed by the pod').already is True
    assert pods.read(STARTED, []).already is None and pods.read(STARTED, []).there


@pytest.mark.parametrize("reason", ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"])
def test_a_container_that_cannot_be_made_has_its_image(reason: str) -> None:
    assert pods.read(pod({"waiting": {"reason": reason}}), []).there


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"])
def test_an_image_that_does_not_come_is_told_in_the_fullest_words(reason: str) -> None:
    events = [PULLING, {"reason": "Failed", "message": f'Failed to pull image "a.b/c:1": {GONE}'},
              {"reason": "Failed", "message": "Error: ErrImagePull"}, {"reason": "BackOff", "message": "Back-off"}]
    reading = pods.read(pod({"waiting": {"reason": reason, "message": 'Back-off pulling image "a.b/c:1"'}}), events)
    assert reading.ended and not reading.there and GONE in reading.error
    assert GONE in pods.read(pod({"waiting": {"reason": reason, "message": GONE}}), []).error


def test_of_long_words_those_that_give_the_reason_are_told() -> None:
    """The back-off repeats a long name of the image and says nothing."""
    image = f"registry.example.com/{'very/' * 20}long:1"
    reason = "failed to copy the image: unexpected status from HEAD request: 503 Service Unavailable"
    events = [{"reason": "Failed", "message": reason},
              {"reason": "Failed", "message": f'Error: Back-off pulling image "{image}"'}]
    waiting = {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}"'}
    assert pods.read(pod({"waiting": waiting}), events).error == reason


@pytest.mark.parametrize("state", [{}, {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
                                   {"waiting": {"reason": "ContainerCreating"}}])
def test_a_container_that_was_made_has_its_image_whatever_it_does_now(state: dict[str, Any]) -> None:
    """A runtime that starts what does not exist, or whose kubelet has not told the end yet."""
    made = pod(state or {"x": {}})
    made["status"]["containerStatuses"][0].update(state=state, containerID="containerd://12")
    assert pods.read(made, []).there
    del made["status"]["containerStatuses"][0]["containerID"]
    assert not pods.read(made, []).ended


def test_the_pod_goes_to_its_node_whatever_is_in_the_way_there() -> None:
    """No taint keeps it away, nobody's room is taken, and a namespace with the strictest rules admits it."""
    spec = pods.manifest("pull-1", "n1", ["r.io/a:1"], ["s1", "s2"], "Always")["spec"]
    assert spec["nodeName"] == "n1" and spec["tolerations"] == [{"operator": "Exists"}]
    assert spec["imagePullSecrets"] == [{"name": "s1"}, {"name": "s2"}] and spec["restartPolicy"] == "Never"
    [container] = spec["containers"]
    assert (container["image"], container["imagePullPolicy"], container["command"]) == ("r.io/a:1", "Always", [pods.PROGRAM])
    assert container["resources"]["requests"] == {"memory": "0", "cpu": "0"} and not spec["automountServiceAccountToken"]
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                            "capabilities": {"drop": ["ALL"]}} and spec["securityContext"]["runAsNonRoot"]


@pytest.mark.parametrize(("container", "policy", "told"), [
    ({"image": "r.io/a:1", "imagePullPolicy": "IfNotPresent"}, "IfNotPresent", ("", False)),
    ({"image": "m.io/a:1", "imagePullPolicy": "IfNotPresent"}, "IfNotPresent", ("m.io/a:1", False)),
    ({"image": "r.io/a:1", "imagePullPolicy": "Always"}, "IfNotPresent", ("", True)),
    ({"image": "r.io/a:1", "imagePullPolicy": "Always"}, "Always", ("", False))])
def test_what_admission_made_of_the_pod(container: dict[str, str], policy: str, told: tuple[str, bool]) -> None:
    """A sidecar before it is none of ours."""
    made = {"spec": {"containers": [{"name": "sidecar", "image": "x"}, {"name": pods.CONTAINER, **container}]}}
    assert pods.changed(made, "r.io/a:1", policy) == told and pods.changed({}, "r.io/a:1", policy) == ("", False)


def test_a_missing_pull_secret_is_told_beside_the_refusal() -> None:
    events = [{"reason": "FailedToRetrieveImagePullSecret", "message": "Unable to retrieve some image pull secrets (s)"}]
    error = pods.read(pod({"waiting": {"reason": "ErrImagePull", "message": "401 Unauthorized"}}), events).error
    assert "401 Unauthorized" in error and "pull secrets (s)" in error


def test_a_pod_that_the_kubelet_refuses_and_one_without_a_sandbox() -> None:
    refused = pods.read(pod(phase="Failed", reason="Evicted", message="The node had condition: [DiskPressure]. "), [])
    assert refused.ended and "had condition: [DiskPressure]" in refused.error
    event = {"reason": "FailedCreatePodSandBox", "message": "plugin type=\"bridge\" failed: cni plugin not initialized"}
    waiting = pods.read(pod({"waiting": {"reason": "ContainerCreating"}}), [event])
    assert not waiting.ended and "cni plugin" in waiting.error and not waiting.pulling
    assert pods.read(pod({"waiting": {"reason": "ContainerCreating"}}), [PULLING]).pulling


@pytest.mark.parametrize(("words", "cause"), [
    (GONE, "image.not-found"), ("unexpected status code http://r/v2/x: 429 Too Many Requests", "image.throttled"),
    ("failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized", "image.auth"),
    ("pull access denied, repository does not exist or may require authorization", "image.auth"),
    ("pull QPS exceeded", "image.kubelet-qps"), ("tls: failed to verify certificate: x509: unknown", "image.registry-unreachable"),
    ("write /var/lib/containerd/x: no space left on device", "node.pressure"),
    ("Evicted: The node had condition: [DiskPressure]. ", "node.pressure"),
    ("container runtime network not ready: NetworkPluginNotReady", "node.cni-not-ready"),
    ("OutOfpods: Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 110, capacity: 110",
     "sched.insufficient"),
    ('plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container',
     "net.addresses-exhausted"),
    ("unexpected media type text/html for sha256:9: not found", "image.registry-unreachable"),
    ("unexpected commit digest sha256:b, expected sha256:a: failed precondition", "image.corrupt"),
    ("no match for platform in manifest", "image.not-found"), ("something new", "unknown.unexplained")])
def test_causes_of_words(words: str, cause: str) -> None:
    assert cause_of(words)[0] == cause


# ---- nodes --------------------------------------------------------------------------------------------------------
def node(ready: str = "True", text: str = "", images: list[Any] | None = None, pressure: str = "False",
         **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": "n1", "labels": labels}, "status": {"images": images or [], "conditions": [
        {"type": "Ready", "status": ready, "message": text}, {"type": "DiskPressure", "status": pressure}]}}


@pytest.mark.parametrize(("item", "cause"), [
    (node("Unknown"), "node.unreachable"), (node(pressure="True"), "node.pressure"),
    (node("False", "container runtime network not ready: cni plugin not initialized"), "node.cni-not-ready"),
    (node("False", "container runtime is down"), "node.runtime-down"), (node("False", "x"), "node.unreachable")])
def test_what_keeps_a_node_from_pulling(item: dict[str, Any], cause: str) -> None:
    assert nodes.trouble(item).cause == cause and nodes.trouble(node()) is None


def test_a_list_of_fifty_images_may_be_cut() -> None:
    some = [{"names": ["a.b/c@sha256:" + "1" * 64, "a.b/c:1"], "sizeBytes": 5}, {"names": ["<none>@<none>"]}]
    short, full = node(images=some), node(images=[*some, *({"names": [f"x.y/z:{i}"]} for i in range(48))])
    assert nodes.has(short, parse("a.b/c:1")) is True and nodes.has(short, parse("a.b/c:2")) is False
    assert nodes.has(full, parse("a.b/c:1")) is True and nodes.has(full, parse("a.b/c:2")) is None
    assert nodes.has(short, parse("a.b/c:9@sha256:" + "1" * 64)) is True
    assert nodes.told_images(short)["a.b/c:1"] == 5


def test_nodes_that_keep_no_images_are_left_out() -> None:
    windows = node(**{"kubernetes.io/os": "windows"})
    windows["metadata"]["name"] = "w1"
    virtual = node(type="virtual-kubelet")
    virtual["metadata"]["name"] = "v1"
    chosen, left_out = nodes.chosen([node(), windows, virtual], [])
    assert [n["metadata"]["name"] for n in chosen] == ["n1"] and set(left_out) == {"w1", "v1"}
    assert nodes.chosen([node(), windows], ["n1"])[1] == {}
