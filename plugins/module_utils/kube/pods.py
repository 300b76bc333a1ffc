# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a pod says about itself."""
from __future__ import annotations

from typing import Any

# Reasons of a container that just needs time; everything else that waits is worth telling.
STARTING = {"ContainerCreating", "PodInitializing"}
IMAGE_REASONS = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable",
                 "ImageInspectError"}


def pod_ready(pod: dict[str, Any]) -> bool:
    return not pod["metadata"].get("deletionTimestamp") and any(
        c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions") or [])


def waiting_reason(pod: dict[str, Any]) -> tuple[str, str] | None:
    """(reason, message) of what keeps the pod from running: an unschedulable condition or a waiting container."""
    status = pod.get("status", {})
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return condition.get("reason", "Unschedulable"), condition.get("message", "")
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = container.get("state", {}).get("waiting")
        if waiting:
            return waiting.get("reason", "Waiting"), waiting.get("message", "")
    return None


def image_trouble(pod: dict[str, Any]) -> str:
    """The kubelet's words when the pod waits for an image it cannot get; empty otherwise."""
    found = waiting_reason(pod)
    return f"{found[0]}: {found[1]}" if found and found[0] in IMAGE_REASONS else ""


def terminated(pod: dict[str, Any], container: str = "") -> dict[str, Any] | None:
    """The terminated state of the (named or first) container: exitCode, reason, message."""
    for status in pod.get("status", {}).get("containerStatuses") or []:
        if not container or status["name"] == container:
            return status.get("state", {}).get("terminated")
    return None
