# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words about pods and their volumes, each for itself: of schedulers, kubelets, provisioners and clouds."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    JUST_NOW, NODES, SPACE, cause, event, finding, healthy, no_probe, on_path, pod, probe, replace_pod, seen, waiting)


def _late(data: dict[str, Any]) -> str:
    """What is behind a pod of ours that did not end in time, and the claim of its volume."""
    check = finding("storage", "pod writer-x with its volume ends: not within 180 s",
                    path=[on_path("Pod", "writer-x"), on_path("PersistentVolumeClaim", "data-x")])
    return cause(check, data)[0]


def _said(reason: str, words: str, on: str = "n1", kind: str = "Pod") -> dict[str, Any]:
    data = healthy()
    data["pods"].append(pod("writer-x", SPACE, on, ready=False, **waiting("ContainerCreating")))
    data["events"] = [event(kind, "writer-x" if kind == "Pod" else "data-x", reason, words)]
    return data


# ---- the scheduler ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("code", "words"), [
    ("storage.zone-conflict", ["1 node(s) had volume node affinity conflict",
                               "1 node(s) didn't match PersistentVolume's node affinity",
                               "1 node(s) had no available volume zone"]),
    ("storage.attach-stuck", ["1 node(s) exceed max volume count"]),
    ("sched.insufficient", ["3 Insufficient cpu", "3 Too many pods", "3 node(s) did not have enough free storage",
                            "3 node(s) didn't have free ports for the requested pod ports"]),
    ("sched.constraint", ["1 node(s) had untolerated taint {a: b}",
                          "1 node(s) had taint {a: b}, that the pod didn't tolerate",
                          "1 node(s) didn't match Pod's node affinity", "1 node(s) were unschedulable",
                          "1 node(s) didn't match pod topology spread constraints",
                          "1 node(s) didn't match node selector",
                          "1 node(s) didn't match pod affinity rules", "1 node(s) didn't match pod anti-affinity rules",
                          "1 node(s) didn't satisfy existing pods anti-affinity rules"]),
    ("unknown.timeout", ["skip schedule deleting pod", "nodes are available"])])
def test_why_a_pod_has_no_node(code: str, words: list[str]) -> None:
    told = {w: _late(_said("FailedScheduling", f"0/3 nodes are available: {w}.", on="")) for w in words}
    assert told == dict.fromkeys(words, code)


# ---- provisioners and clouds -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("code", "words"), [
    ("cloud.permission", ["UnauthorizedOperation: no", "AccessDenied: no",
                          "role is not authorized to perform: ec2:CreateVolume",
                          "AuthorizationFailed: no", "403 Forbidden: compute.instances.get",
                          "403 Forbidden: attach of a disk",
                          "Error 403: Required 'compute.disks.create' permission",
                          "insufficient authentication scopes"]),
    ("cloud.quota", ["quotaExceeded", "QuotaExceeded", "quota 'A' was exceeded", "Quota 'A' exceeded",
                     "VolumeLimitExceeded: no",
                     "SizeExceedsAvailableQuota"]),
    ("storage.provision-failed", ["403 Forbidden: somebody's proxy", "Error 403: it is not Required",
                                  "no quota is known",
                                  "it is unauthorized", "AttachmentLimitExceeded: too many on this node"])])
def test_why_a_volume_is_not_made(code: str, words: list[str]) -> None:
    told = {w: _late(_said("ProvisioningFailed", w, kind="PersistentVolumeClaim")) for w in words}
    assert told == dict.fromkeys(words, code)


# ---- attaching and mounting ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("code", "reasons", "words"), [
    ("storage.driver-missing", "FailedMount FailedAttachVolume", [
        "driver x not found in the list of registered CSI drivers", "CSINode n1 does not contain driver x"]),
    ("storage.attach-stuck", "FailedAttachVolume", [
        "Multi-Attach error for volume", "max number of volumes is used", "maximum count to attach",
        "max attachments: attach refused",
        "AttachVolume.Attach failed for volume", "timed out waiting for external-attacher"]),
    ("storage.mount-failed", "FailedMount FailedMapVolume", [
        "MountVolume.SetUp failed for volume", "mount failed: it is gone", "ended with exit status 32",
        "hostPath type check failed",
        "'fsck' found errors", "wrong fs type"]),
    ("storage.mount-failed", "FailedMount", ["Unable to attach or mount volumes"]),
    ("unknown.timeout", "FailedMount FailedAttachVolume FailedMapVolume Killing", ["it is taking its time"]),
    ("unknown.timeout", "Killing", ["Multi-Attach error for volume", "mount failed", "wrong fs type"])])
def test_why_a_volume_does_not_come(code: str, reasons: str, words: list[str]) -> None:
    told = {(r, w): _late(_said(r, w)) for r in reasons.split() for w in words}
    assert told == dict.fromkeys(told, code)


@pytest.mark.parametrize("words", ['"kube-api-access-x"', 'configmap "a" is late', 'secret "a" is late',
                                   'object "a"/"b" not registered',
                                   "failed to sync configmap cache", "failed to sync secret cache"])
def test_volumes_that_are_no_storage(words: str) -> None:
    assert _late(_said("FailedMount", f"MountVolume.SetUp failed for volume: {words}")) == "unknown.timeout"


@pytest.mark.parametrize("words", ['configmap "a" not found', 'secret "a" not found',
                                   "couldn't find key a in Secret x/y",
                                   "references non-existent config key: a", 'ConfigMap "a" not found',
                                   'Secret "a" not found'])
def test_what_a_pod_names_and_is_not_there(words: str) -> None:
    assert _late(_said("FailedMount", f"MountVolume.SetUp failed for volume: {words}")) == "pod.config-missing"
    data = healthy()
    for reason in ("CreateContainerConfigError", "CreateContainerError"):
        replace_pod(data, probe("n2", False, **waiting(reason, words)))
        assert cause(no_probe("n2"), data)[0] == "pod.config-missing", reason


# ---- data ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("code", "words"), [
    ("storage.data-corrupt", ["No such file", "what was appended is not there", "a file that nobody wrote exists",
                              "data was changed"]),
    ("storage.mount-failed", ["Read-only file system", "Input/output error", "Stale file handle",
                              "Structure needs cleaning"]),
    ("unknown.unexplained", ["Permission denied", "it ended"])])
@pytest.mark.parametrize("way", ["ended with 1:", "found 'a', expected 'b':"])
def test_what_our_own_pods_say(code: str, words: list[str], way: str) -> None:
    def told(message: str, observed: str = "") -> str:
        seen_ = [seen("storage", "reader", "n1", error=observed)] if observed else []
        return cause(finding("storage", message, observations=seen_), healthy())[0]

    assert {w: told(f"pod reader-x on n1 {way} {w}") for w in words} == dict.fromkeys(words, code)
    assert {w: told("it was strange", w) for w in words} == dict.fromkeys(words, code)
    assert {told(f"somebody says: {w}") for w in words} == {"unknown.unexplained"}, "others' words"


# ---- containers ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
                                    "ImageInspectError",
                                    "RegistryUnavailable", "SignatureValidationFailed"])
def test_every_reason_to_wait_for_an_image(reason: str) -> None:
    data = healthy()
    replace_pod(data, probe("n2", False, **waiting(reason, "manifest unknown")))
    assert cause(no_probe("n2"), data)[0] == "image.not-found"
    assert cause(finding("storage", f"the pod waits: {reason}: manifest unknown", "inconclusive"),
                 healthy())[0] == "image.not-found"
    replace_pod(data, probe("n2", False, **waiting("ContainerCreating", "manifest unknown")))
    assert cause(no_probe("n2"), data)[0] == "unknown.unexplained"


@pytest.mark.parametrize(("words", "code"), [
    ("Container main failed liveness probe, will be restarted", "unknown.unexplained"),
    ("Container main failed startup probe, will be restarted", "unknown.unexplained"),
    ("Stopping container main", "pod.crash")])
def test_who_ended_a_container_that_runs_again(words: str, code: str) -> None:
    data = healthy()
    replace_pod(data, probe("n2", False, restartCount=2, state={"running": {"startedAt": JUST_NOW}},
                            lastState={"terminated": {"exitCode": 2, "finishedAt": JUST_NOW}}))
    data["events"] = [event("Pod", "probe-n2", "Killing", words)]
    assert cause(no_probe("n2"), data)[0] == code


@pytest.mark.parametrize("container", [
    waiting("RunContainerError", "no such file"), waiting("CreateContainerError", "no such file"),
    {"state": {"terminated": {"exitCode": 128, "reason": "StartError"}}},
    {"state": {"terminated": {"exitCode": 127, "reason": "ContainerCannotRun"}}}])
def test_a_container_that_cannot_be_started(container: dict[str, Any]) -> None:
    data = healthy()
    replace_pod(data, probe("n2", False, **container))
    assert cause(no_probe("n2"), data)[:2] == ("pod.crash", "confirmed")


def test_probes_of_every_node_may_wait() -> None:
    data = healthy()
    replace_pod(data, *(probe(n, False, **waiting("ErrImagePull", "manifest unknown")) for n in NODES))
    assert cause(no_probe("n2"), data)[0] == "image.not-found"
