# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pod that pulls, and what its status and events say of the pull.

The container's program is a path that exists in no image. The kubelet pulls, unpacks and mounts the image, and then the
start fails: that proves the image for the node whatever is in it, and runs nothing of it. An init container with a copied
shell would need one in the image, and image volumes need a runtime (containerd 2.1, CRI-O 1.31) that not all nodes have.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..kube.pods import IMAGE_REASONS

Object = Mapping[str, Any]
PROGRAM = "/assay-clusters-prepull/no-such-program"
IMAGE = "assay.clusters/image"
CONTAINER = "pull"
# The container could not be made or started, so its image is there.
_MADE = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CrashLoopBackOff", "PostStartHookError"}
# "in 1.563s (1.6s including waiting). Image size: 23541581 bytes.": the parts in brackets came with Kubernetes 1.27
# and 1.30; older kubelets write no time at all, Go durations have hours and minutes, too.
_PULLED = re.compile(r"Successfully pulled image .*?(?: in (?P<took>[0-9hmsµun.]+s))?(?: \((?P<waited>[0-9hmsµun.]+s) "
                     r"including waiting\))?(?:\. Image size: (?P<size>\d+) bytes)?\.?$", re.S)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def duration(text: str) -> float:
    """Seconds of a Go duration such as 1m2.5s."""
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9.]+)(h|ms|us|µs|ns|m|s)", text))


def container_of(number: int) -> str:
    """The name of the container of a pod's image of that number."""
    return f"{CONTAINER}-{number}" if number else CONTAINER


def _container(name: str, image: str, policy: str) -> dict[str, Any]:
    return {"name": name, "image": image, "imagePullPolicy": policy, "command": [PROGRAM],
            "resources": {"limits": {"memory": "32Mi", "cpu": "100m"}, "requests": {"memory": "0", "cpu": "0"}},
            "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]}}}


def manifest(name: str, node: str, images: Sequence[str], secrets: Iterable[str], policy: str) -> dict[str, Any]:
    """Placed by name, so that no scheduler, taint or full node is in the way; restricted, and without any request."""
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "annotations": {IMAGE: " ".join(images)}},
        "spec": {
            "nodeName": node, "restartPolicy": "Never", "automountServiceAccountToken": False,
            "enableServiceLinks": False, "terminationGracePeriodSeconds": 0,
            "tolerations": [{"operator": "Exists"}],
            "imagePullSecrets": [{"name": s} for s in secrets],
            "securityContext": {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [_container(container_of(i), image, policy) for i, image in enumerate(images)]}}


def changed(made: Object | None, image: str, policy: str, name: str = CONTAINER) -> tuple[str, bool]:
    """What admission made of the pod: (another image, or ""; whether it asks the registry each time unbidden)."""
    for container in ((made or {}).get("spec") or {}).get("containers") or []:
        if container.get("name") == name:
            now = str(container.get("image") or image)
            return now if now != image else "", container.get("imagePullPolicy") == "Always" != policy
    return "", False


@dataclass(frozen=True)
class Reading:
    """What a pod tells. ended: nothing more will come of it; there: the image is on the node.

    already: it was before, None where that is not said; seconds: of the pull alone, waited: with the kubelet's queue;
    size: bytes; digest: as the runtime resolved it; error: the cluster's words; pulling: the pull has begun; settled: the
    status of the container tells it, and not an event alone.
    """

    ended: bool = False
    there: bool = False
    already: bool | None = None
    seconds: float = 0.0
    waited: float = 0.0
    size: int = 0
    digest: str = ""
    error: str = ""
    pulling: bool = False
    settled: bool = False


def _error_of(status: Object, events: list[Object]) -> str:
    """The fullest words on why an image does not come."""
    waiting = status.get("state", {}).get("waiting") or {}
    told = [e.get("message", "") for e in events if e.get("reason") in ("Failed", "InspectFailed", "ErrImageNeverPull")
            and re.search(r"pull|image", e.get("message", ""), re.I)]
    secret = [e.get("message", "") for e in events if e.get("reason") == "FailedToRetrieveImagePullSecret"]
    own = f"{waiting.get('reason', '')}: {waiting.get('message', '')}"
    best = max([*told, own], key=lambda t: (len(t) > 60, "Back-off" not in t, len(t)))
    return "; ".join([best, *secret[:1]])


def _of(event: Object, container: str) -> bool:
    """Whether an event of the pod is about this container, or about all."""
    path = (event.get("involvedObject") or {}).get("fieldPath")
    return not path or path == f"spec.containers{{{container}}}"


def read(pod: Object, events: Iterable[Object], container: str = CONTAINER) -> Reading:
    """events: those of this pod. A kubelet tells the states of containers when it has been through all, and events at once."""
    state = pod.get("status") or {}
    events = [e for e in events if _of(e, container)]
    status = next((s for s in state.get("containerStatuses") or [] if s.get("name") == container), {})
    pulling = any(e.get("reason") == "Pulling" for e in events)
    waiting = (status.get("state") or {}).get("waiting") or {}
    if waiting.get("reason") in IMAGE_REASONS or waiting.get("reason") == "SignatureValidationFailed":
        return Reading(ended=True, error=_error_of(status, events), pulling=pulling)
    if (status.get("state") or {}).get("terminated") or waiting.get("reason") in _MADE or status.get("containerID"):
        return replace(_there(status, events), settled=True)
    if state.get("phase") == "Failed":  # the kubelet did not take it
        return Reading(ended=True, error=f"{state.get('reason', 'Failed')}: {state.get('message', '')}".rstrip(": "))
    if any(e.get("reason") == "Pulled" for e in events):
        return _there(status, events)
    if any(e.get("reason") in ("InspectFailed", "ErrImageNeverPull") or e.get("message", "").startswith("Failed to pull image")
           for e in events):
        return Reading(ended=True, error=_error_of(status, events), pulling=pulling)
    sandbox = [e.get("message", "") for e in events if e.get("reason") == "FailedCreatePodSandBox"]
    return Reading(error=sandbox[-1] if sandbox and not pulling else "", pulling=pulling)


def _there(status: Object, events: list[Object]) -> Reading:
    """The image is there; the events tell how it came, once they have come themselves."""
    digest = str(status.get("imageID", "")).rpartition("@")[2]
    for event in events:
        if event.get("reason") != "Pulled":
            continue
        text = event.get("message", "")
        if "already present" in text:
            return Reading(True, True, True, digest=digest)
        found = _PULLED.search(text)
        if found:
            took = duration(found["took"] or "")
            return Reading(True, True, False, took, duration(found["waited"] or "") or took, int(found["size"] or 0), digest,
                           pulling=True)
    return Reading(True, True, None, digest=digest, pulling=any(e.get("reason") == "Pulling" for e in events))
