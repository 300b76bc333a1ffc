# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The order of time, replayed: what began after a check had failed is not why it failed, whoever says it."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.evidence import seconds
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    JUST_NOW, MINUTES_AGO, SPACE, cause, condition, coredns, event, finding, healthy, meta, on_path, pod, replace_pod,
    waiting)

Data = dict[str, Any]
IMAGE = "registry.lab/main:1"
BEFORE, AFTER = seconds("2026-03-14T09:25:00Z"), seconds("2026-03-14T09:29:50Z")
CRASH = {"exitCode": 2, "reason": "Error", "finishedAt": MINUTES_AGO}


def _pod(data: Data, **more: Any) -> None:
    data["pods"].append(pod("writer-x", SPACE, "n1", ready=False, **more))


def _said(kind: str, reason: str, words: str) -> Callable[[Data], None]:
    """A pod that is being made, and an event since MINUTES_AGO."""
    def change(data: Data) -> None:
        _pod(data, **waiting("ContainerCreating"))
        data["pvcs"] = [{"metadata": meta("data-x", SPACE), "status": {"phase": "Pending"}}]
        data["events"] = [event(kind, "writer-x" if kind == "Pod" else "data-x" if kind.startswith("P") else "work",
                                reason,
                                words)]
    return change


def _state(**container: Any) -> Callable[[Data], None]:
    return lambda data: _pod(data, **container)


def _not_scheduled(data: Data) -> None:
    data["pods"].append(pod("writer-x", SPACE, "", ready=False, status={"conditions": [
        condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available: 3 Insufficient cpu.")]}))


def _image_event(data: Data) -> None:
    _said("Pod", "Failed", f'Failed to pull image "{IMAGE}": {IMAGE}: not found')(data)
    replace_pod(data, pod("writer-x", SPACE, "n1", ready=False, **waiting("ImagePullBackOff",
                                                                          "Back-off pulling image")))


def _probe(data: Data) -> None:
    _said("Pod", "Unhealthy", "Readiness probe failed: connection refused")(data)
    replace_pod(data, pod("writer-x", SPACE, "n1", ready=False))


def _late(ended: float) -> Finding:
    return finding("storage", "pod writer-x with its volume ends: not within 180 s", ended=ended, path=[
        on_path("Pod", "writer-x"), on_path("PersistentVolumeClaim", "data-x"), on_path("Job", "work")])


@pytest.mark.parametrize(("change", "code"), [
    (_said("Pod", "FailedAttachVolume", "Multi-Attach error for volume"), "storage.attach-stuck"),
    (_said("Pod", "FailedMount", "mount failed: exit status 32"), "storage.mount-failed"),
    (_said("Pod", "FailedMount", 'MountVolume.SetUp failed for volume "c" : configmap "c" not found'),
     "pod.config-missing"),
    (_said("PersistentVolumeClaim", "ProvisioningFailed", "rpc error: broken"), "storage.provision-failed"),
    (_said("PersistentVolumeClaim", "ProvisioningFailed", "api error UnauthorizedOperation"), "cloud.permission"),
    (_said("PersistentVolumeClaim", "ProvisioningFailed", "no topology key found on CSINode n1"),
     "storage.driver-missing"),
    (_said("PersistentVolumeClaim", "ExternalProvisioning", "external provisioner 'x.csi.lab' waits"),
     "storage.driver-missing"),
    (_said("PersistentVolumeClaim", "ExternalProvisioning", "external provisioner 'rancher.io/local-path' waits"),
     "storage.provision-failed"),
    (_said("Job", "FailedCreate", "exceeded quota: compute, requested: pods=1"), "quota.exceeded"),
    (_not_scheduled, "sched.insufficient"), (_image_event, "image.not-found"), (_probe, "pod.probe-failing"),
    (_state(**waiting("ErrImagePull", f"{IMAGE}: not found")), "image.not-found"),
    (_state(**waiting("CreateContainerConfigError", 'secret "s" not found')), "pod.config-missing"),
    (_state(restartCount=1, lastState={"terminated": CRASH}, **waiting("CrashLoopBackOff")), "pod.crash"),
    (_state(state={"terminated": {**CRASH, "reason": "OOMKilled"}}), "pod.oom")])
def test_what_began_after_the_failure(change: Callable[[Data], None], code: str) -> None:
    data = healthy()
    change(data)
    assert cause(_late(0.0), data)[0] == code, "not known when it ended"
    assert cause(_late(AFTER), data)[0] == code
    assert cause(_late(BEFORE), data)[0] == "unknown.timeout"
    data["controller_date"] = "2026-03-14T09:28:00+00:00"
    assert cause(_late(BEFORE), data)[0] == code, "the controller's clock is two minutes behind"


def test_a_crash_loop_began_before_its_last_crash() -> None:
    data = healthy()
    replace_pod(data, coredns("n1", False, restartCount=9, lastState={"terminated": {**CRASH, "finishedAt": JUST_NOW}},
                              **waiting("CrashLoopBackOff", "back-off 5m0s")))
    assert cause(finding("dns", "3 of 3 nodes: no answer", ended=BEFORE), data)[0] == "pod.crash"


def test_half_a_minute_is_not_after() -> None:
    data = healthy()
    _not_scheduled(data)
    began = seconds(MINUTES_AGO)
    assert cause(_late(began - 29), data)[0] == "sched.insufficient"
    assert cause(_late(began - 31), data)[0] == "unknown.timeout"
