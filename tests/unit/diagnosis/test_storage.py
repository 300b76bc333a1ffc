# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Storage, replayed: classes, provisioners, volumes that are not attached or mounted, and what was read from them."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import diagnose
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    JUST_NOW, NODES, SPACE, cause, deployment, event, finding, healthy, meta, on_path, one, pod, power_off, replace_pod,
    seen, set_condition, storageclass, waiting)

LOCAL = "rancher.io/local-path"
EBS = "ebs.csi.aws.com"
CLAIM = f"persistentvolumeclaim/{SPACE}/data-x"


def _claim(phase: str = "Pending") -> dict[str, Any]:
    return {"metadata": meta("data-x", SPACE), "spec": {}, "status": {"phase": phase}}


def _writer(*events: dict[str, Any], said: str = "", provisioner: str = LOCAL, verdict: str = "failed") -> Any:
    """The writer did not end in time; the check quotes the last events."""
    quoted = "".join(f"; {e['reason']}: {e['message']}" for e in events)
    return finding("storage", "pod writer-x with its volume ends: not within 180 s; the claim is "
                   f"Pending{quoted}{said}", verdict,
                   "a pod with the claim writes to its volume",
                   path=[on_path("PersistentVolumeClaim", "data-x"), on_path("Pod", "writer-x")],
                   observed={"provisioner": provisioner, "storage_class": "main"})


def _data(*events: dict[str, Any], phase: str = "Pending", **container: Any) -> dict[str, Any]:
    """The writer waits on n1."""
    data = healthy()
    data["pods"].append(pod("writer-x", SPACE, "n1", ready=False, **(container or waiting("ContainerCreating"))))
    data["pvcs"] = [_claim(phase)]
    data["events"] = list(events)
    return data


def _of_claim(reason: str, words: str, **more: Any) -> dict[str, Any]:
    return event("PersistentVolumeClaim", "data-x", reason, words, **more)


def _of_pod(reason: str, words: str, **more: Any) -> dict[str, Any]:
    return event("Pod", "writer-x", reason, words, **more)


def _waits(provisioner: str = LOCAL) -> dict[str, Any]:
    return _of_claim("ExternalProvisioning", "Waiting for a volume to be created either by the external provisioner "
                     f"'{provisioner}' or manually by the system administrator. If volume creation is delayed, please "
                     "verify that the provisioner is running and correctly registered.")


# ---- classes ----------------------------------------------------------------------------------------------------
def test_no_default_class() -> None:
    data = healthy()
    data["storageclasses"] = [storageclass("fast", None), storageclass("slow", "false")]
    message = "no StorageClasses are the default"
    found = one(finding("storage", message, observed={"storage_classes": ["fast", "slow"]}), data)
    assert (found.cause, found.confidence, found.scope) == ("storage.no-default-class", "confirmed", [])
    mark = "storageclass.kubernetes.io/is-default-class"
    assert found.evidence == [f"storageclass/fast {mark}=not set", f"storageclass/slow {mark}=false", message]
    assert found.next_command == "kubectl get storageclass"


def test_two_default_classes() -> None:
    data = healthy()
    data["storageclasses"] = [storageclass("fast"), storageclass("slow")]
    found = one(finding("storage", "2 StorageClasses are the default: fast, slow"), data)
    assert (found.cause, found.confidence) == ("storage.no-default-class", "confirmed")
    assert len([line for line in found.evidence if line.endswith("=true")]) == 2


def test_no_class_at_all_and_no_evidence() -> None:
    data = healthy()
    data["storageclasses"] = []
    check = finding("storage", "no StorageClasses are the default", observed={"storage_classes": []})
    assert one(check, data).evidence[0] == "there is no StorageClass"
    check.observed["storage_classes"] = ["fast"]
    assert one(check, data).evidence[0] == "storageclass/fast"


def test_classes_are_not_blamed_for_anything_else() -> None:
    data = _data()
    data["storageclasses"] = [storageclass("fast", None)]
    assert cause(_writer(), data)[0] == "unknown.timeout"


# ---- provisioning -----------------------------------------------------------------------------------------------
def test_a_provisioner_that_was_scaled_to_nothing() -> None:
    data = _data(_waits())
    data["deployments"] = [deployment("coredns", "kube-system"),
                           deployment("local-path-provisioner", "local-path-storage", 0)]
    found = one(_writer(_waits()), data)
    assert (found.cause, found.confidence) == ("storage.driver-missing", "confirmed")
    assert found.scope == [f"provisioner/{LOCAL}", "deployment/local-path-storage/local-path-provisioner"]
    assert "deployment/local-path-storage/local-path-provisioner has 0 of 0 replicas available" in found.evidence
    assert found.evidence[0].startswith("persistentvolumeclaim/data-x ExternalProvisioning: Waiting for a volume")
    assert found.next_command == "kubectl -n local-path-storage describe deployment local-path-provisioner"


def test_a_provisioner_that_crashes_is_the_root() -> None:
    data = _data(_waits())
    data["deployments"] = [deployment("local-path-provisioner", "local-path-storage", 1, 0)]
    replace_pod(data, pod("local-path-provisioner-7f", "local-path-storage", "n2", ready=False,
                          **waiting("CrashLoopBackOff", "back-off 40s"),
                          lastState={"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": JUST_NOW}}))
    found = one(_writer(_waits()), data)
    assert (found.cause, found.scope) == ("pod.crash", ["pod/local-path-storage/local-path-provisioner-7f"])
    assert any("has 0 of 1 replicas available" in line for line in found.evidence)


def test_a_provisioner_that_nobody_runs() -> None:
    data = _data(_waits("example.com/nfs"))
    found = one(_writer(provisioner="example.com/nfs"), data)
    assert (found.cause, found.confidence, found.scope) == ("storage.driver-missing", "suspected",
                                                            ["provisioner/example.com/nfs"])
    assert "no pod or Deployment looks like the provisioner example.com/nfs" in found.evidence
    data["errors"] = {"deployments": {"status": 403}}
    assert cause(_writer(provisioner="example.com/nfs"), data)[:2] == ("storage.provision-failed", "suspected")


def test_a_driver_that_is_not_registered() -> None:
    data = _data(_waits(EBS))
    found = one(_writer(provisioner=EBS), data)
    assert (found.cause, found.confidence, found.scope) == ("storage.driver-missing", "probable",
                                                            [f"provisioner/{EBS}"])
    assert f"there is no CSIDriver {EBS}" in found.evidence
    data["errors"] = {"csidrivers": {"status": 403}, "deployments": {"status": 403}}
    assert cause(_writer(provisioner=EBS), data)[:2] == ("storage.provision-failed", "suspected")


@pytest.mark.parametrize("driver", [EBS, "pd.csi.storage.gke.io", "driver.longhorn.io"])
def test_a_driver_whose_controller_runs_elsewhere_is_not_missing(driver: str) -> None:
    data = _data(_waits(driver))
    data["csidrivers"] = [{"metadata": meta(driver)}]
    assert cause(_writer(provisioner=driver), data) == ("storage.provision-failed", "suspected", [CLAIM])


@pytest.mark.parametrize(("events", "part", "said"), [
    ([], {}, True), ([_of_claim("Provisioning", "External provisioner is provisioning volume for claim")], {}, False),
    ([], {"events": "1000 of more"}, False)], ids=["unheard", "begun", "not all is known"])
def test_a_provisioner_that_never_said_that_it_begins_is_looked_for(events: list[Any], part: dict[str, str], said: bool) -> None:
    data = _data(_waits(EBS), *events)
    data["csidrivers"], data["partial"] = [{"metadata": meta(EBS)}], part
    found = one(_writer(provisioner=EBS), data)
    assert (found.cause, found.confidence, found.scope) == ("storage.provision-failed", "suspected", [CLAIM])
    assert (f"{CLAIM}: no provisioner said that it begins" in found.evidence, "csi-provisioner" in found.remedy) == (said, said)


def test_a_provisioner_that_runs_and_makes_no_volume() -> None:
    data = _data(_waits())
    data["logs"] = {"local-path-storage/local-path-provisioner-7f/main": [
        "I0314 started", 'E0314 error getting node: nodes "n1" not found', "I0314 sync"],
        "kube-system/coredns-n1/main": ["[ERROR] plugin/errors: 2 x. A: read udp: i/o timeout"]}
    found = one(_writer(_waits()), data)
    assert (found.cause, found.confidence, found.scope) == ("storage.provision-failed", "suspected", [CLAIM])
    assert found.evidence == [f"persistentvolumeclaim/data-x ExternalProvisioning: {_waits()['message']}",
                              "local-path-storage/local-path-provisioner-7f/main: E0314 error getting node: nodes "
                              "\"n1\" not found"]


PROVISION = 'failed to provision volume with StorageClass "main": '


@pytest.mark.parametrize(("words", "code", "sure"), [
    (PROVISION + "claim.Spec.Selector is not supported", "storage.provision-failed", "confirmed"),
    ('storageclass.storage.k8s.io "main" not found', "storage.provision-failed", "confirmed"),
    (PROVISION + "rpc error: code = DeadlineExceeded desc = context deadline exceeded", "storage.provision-failed",
     "probable"),
    (PROVISION + 'rpc error: code = Internal desc = Could not create volume "pvc-1": '
     "api error UnauthorizedOperation: You are not authorized to perform this operation.", "cloud.permission",
     "confirmed"),
    (PROVISION + "rpc error: code = PermissionDenied desc = CreateVolume failed: "
     "googleapi: Error 403: Required 'compute.disks.create' permission for 'projects/lab/zones/a/disks/pvc-1', "
     "forbidden", "cloud.permission", "confirmed"),
    (PROVISION + 'rpc error: code = Internal desc = Could not create volume "pvc-1": '
     "api error VolumeLimitExceeded: You have exceeded your maximum gp3 storage limit", "cloud.quota", "confirmed"),
    (PROVISION + "rpc error: code = ResourceExhausted desc = googleapi: Error 403: "
     "Quota 'SSD_TOTAL_GB' exceeded. Limit: 500.0 in region us-central1., quotaExceeded", "cloud.quota", "confirmed"),
    (PROVISION + "rpc error: code = ResourceExhausted desc = "
     "VolumeSizeExceedsAvailableQuota: Requested volume exceeds allowed gigabytes quota.", "cloud.quota", "confirmed")])
def test_what_the_provisioner_says(words: str, code: str, sure: str) -> None:
    said = _of_claim("ProvisioningFailed", words)
    found = one(_writer(said), _data(said))
    assert (found.cause, found.confidence, found.scope) == (code, sure, [CLAIM])
    assert found.evidence[0] == f"persistentvolumeclaim/data-x ProvisioningFailed: {words}"[:500]


def test_a_node_without_the_driver() -> None:
    words = PROVISION + "error generating accessibility requirements: no topology key found on CSINode n2"
    said = _of_claim("ProvisioningFailed", words)
    found = one(_writer(said), _data(said))
    assert (found.cause, found.confidence, found.scope) == ("storage.driver-missing", "confirmed", ["node/n2"])


def test_a_claim_that_is_bound_is_past_its_trouble() -> None:
    said = _of_claim("ProvisioningFailed", "rpc error: code = Internal desc = try again")
    assert cause(_writer(), _data(said, _waits(EBS), phase="Bound"))[0] == "unknown.timeout"


def test_another_claim_and_its_provisioner() -> None:
    said = event("PersistentVolumeClaim", "data-y", "ProvisioningFailed", "rpc error: code = Internal desc = broken")
    elsewhere = event("PersistentVolumeClaim", "data-x", "ProvisioningFailed", "rpc error: broken", "default")
    data = _data(said, elsewhere)
    data["deployments"].append(deployment("ebs-csi-controller", "kube-system", 2, 0))
    data["pods"].append(pod("ebs-csi-controller-5d", "kube-system", "n2", ready=False,
                            **waiting("CrashLoopBackOff", "back-off 40s")))
    assert cause(_writer(), data)[0] == "unknown.timeout"
    assert cause(finding("dns", "it was strange"), data)[0] == "unknown.unexplained"


def _left(provisioner: str = LOCAL) -> Any:
    return finding("storage", "volume pvc-1 gone after its claim: not within 300 s", step="the volume goes with its "
                   "claim",
                   observed={"provisioner": provisioner}, path=[on_path("PersistentVolume", "pvc-1", "")])


def test_a_volume_that_nobody_removes() -> None:
    data = healthy()
    found = one(_left(), data)
    assert (found.cause, found.confidence, found.scope) == ("leak.cleanup-stuck", "suspected",
                                                            ["persistentvolume/pvc-1"])
    data["deployments"] = [deployment("local-path-provisioner", "local-path-storage", 1, 0)]
    found = one(_left(), data)
    assert (found.cause, found.confidence) == ("storage.driver-missing", "confirmed")
    assert found.scope[-1] == "deployment/local-path-storage/local-path-provisioner"
    assert found.evidence == ["deployment/local-path-storage/local-path-provisioner has 0 of 1 replicas available",
                              "volume pvc-1 gone after its claim: not within 300 s"]
    assert one(_left("example.com/nfs"), data).cause == "leak.cleanup-stuck", "only a guess"


# ---- attaching and mounting -------------------------------------------------------------------------------------
ATTACH = 'AttachVolume.Attach failed for volume "pvc-1" : '
MOUNT = 'MountVolume.MountDevice failed for volume "pvc-1" : '
NFS = 'MountVolume.SetUp failed for volume "pvc-1" : mount failed: exit status 32 Mounting command: mount Output: ' \
      "mount.nfs: mounting 10.0.0.5:/export/a failed, reason given by server: No such file or directory"


@pytest.mark.parametrize(("reason", "words", "code", "sure"), [
    ("FailedAttachVolume", 'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node '
     "and can't be attached to another", "storage.attach-stuck", "confirmed"),
    ("FailedAttachVolume", ATTACH + "timed out waiting for external-attacher of ebs.csi.aws.com CSI driver to attach "
     "volume",
     "storage.attach-stuck", "confirmed"),
    ("FailedAttachVolume", ATTACH + "rpc error: code = ResourceExhausted desc = AttachmentLimitExceeded: The volume "
     "attachment limit was reached", "storage.attach-stuck", "confirmed"),
    ("FailedAttachVolume", ATTACH + "rpc error: code = Internal desc = Could not attach volume: api error "
     "UnauthorizedOperation: You are not authorized", "cloud.permission", "confirmed"),
    ("FailedAttachVolume", ATTACH + "rpc error: RequestLimitExceeded: Request limit exceeded.", "cloud.quota",
     "confirmed"),
    ("FailedAttachVolume", ATTACH + "CSINode n1 does not contain driver ebs.csi.aws.com", "storage.driver-missing",
     "confirmed"),
    ("FailedMount", MOUNT + "kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name "
     "ebs.csi.aws.com not found in the list of registered CSI drivers", "storage.driver-missing", "confirmed"),
    ("FailedMount", NFS, "storage.mount-failed", "confirmed"),
    ("FailedMount", MOUNT + "rpc error: code = Internal desc = mount failed: exit status 32: wrong fs type, bad "
     "option, bad superblock on /dev/nvme1n1", "storage.mount-failed", "confirmed"),
    ("FailedMapVolume", "MapVolume.MapPodDevice failed for volume: exit status 1", "storage.mount-failed", "confirmed"),
    ("FailedMount", "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to "
     "process volumes=[]: timed out waiting for the condition", "storage.mount-failed", "probable")])
def test_a_volume_that_does_not_come(reason: str, words: str, code: str, sure: str) -> None:
    said = _of_pod(reason, words)
    found = one(_writer(said), _data(said, phase="Bound"))
    assert (found.cause, found.confidence, found.scope) == (code, sure, [f"pod/{SPACE}/writer-x", "node/n1"])
    assert found.evidence[0] == f"pod/writer-x {reason}: {words}"
    if code == "storage.mount-failed":
        assert found.next_command == "kubectl get pods -A -o wide --field-selector spec.nodeName=n1"


def test_a_volume_that_came_at_last() -> None:
    said = _of_pod("FailedAttachVolume", 'Multi-Attach error for volume "pvc-1" Volume is already used',
                   last="2026-03-14T09:27:00Z")
    runs = {"state": {"running": {"startedAt": "2026-03-14T09:27:20Z"}}}
    assert cause(_writer(), _data(said, phase="Bound", **runs))[0] == "unknown.timeout"
    ended = {"state": {"terminated": {"exitCode": 7, "startedAt": "2026-03-14T09:27:20Z",
                                      "finishedAt": "2026-03-14T09:27:21Z", "message": "it went wrong"}}}
    assert cause(_writer(), _data(said, phase="Bound", **ended))[0] == "pod.crash"
    crashing = {**waiting("CrashLoopBackOff", "back-off 10s"), "lastState": ended["state"]}
    assert cause(_writer(), _data(said, phase="Bound", **crashing))[0] == "pod.crash"
    again = {"state": {"running": {"startedAt": "2026-03-14T09:26:20Z"}}}
    assert cause(_writer(), _data(said, phase="Bound", **again))[0] == "storage.attach-stuck", "and was lost again"


@pytest.mark.parametrize("words", [
    'MountVolume.SetUp failed for volume "kube-api-access-abcde" : failed to sync configmap cache: timed out',
    'MountVolume.SetUp failed for volume "settings" : failed to sync secret cache: timed out waiting for the condition',
    'MountVolume.SetUp failed for volume "config" : object "kube-system"/"settings" not registered'])
def test_the_kubelets_own_volumes_are_not_storage(words: str) -> None:
    assert cause(_writer(), _data(_of_pod("FailedMount", words), phase="Bound"))[0] == "unknown.timeout"


def test_somebody_elses_volume() -> None:
    data = _data(event("Pod", "web-1", "FailedMount", NFS, "default"), phase="Bound")
    data["pods"].append(pod("web-1", "default", "n1", ready=False, **waiting("ContainerCreating")))
    assert cause(_writer(), data)[0] == "unknown.timeout"


def test_a_disk_that_a_dead_node_keeps_is_said_beside_that_node() -> None:
    said = event("Pod", "reader-x", "FailedAttachVolume", 'Multi-Attach error for volume "pvc-1" Volume is already '
                 "exclusively attached to one node and can't be attached to another")
    data = healthy()
    power_off(data, "n2")
    data["pods"].append(pod("reader-x", SPACE, "n1", ready=False, **waiting("ContainerCreating")))
    data["events"] = [said]
    nodes = finding("nodes", "1 of 3 nodes: n2", observations=[{**seen("node", "ready", "", "n2", "NodeStatusUnknown"),
                                                                "target": "n2"}])
    reader = finding("storage", "pod reader-x with its volume ends: not within 180 s",
                     path=[on_path("Pod", "reader-x")])
    out = diagnose([nodes, reader], data)
    assert (out["storage"].cause, out["storage"].scope) == ("storage.attach-stuck", [f"pod/{SPACE}/reader-x",
                                                                                     "node/n1"])
    assert out["nodes"].cause == "node.unreachable"


# ---- data -------------------------------------------------------------------------------------------------------
def _said(words: str, role: str = "reader", on: str = "n1", status: int = 1) -> Any:
    """A pod ended with an error."""
    observations = [{**seen("storage", role, on, error=f"exit status {status}: {words}"), "target": "data-x"}]
    return finding("storage", f"pod {role}-x on {on} ended with {status}: {words}", step="another pod reads what was "
                   "written",
                   path=[on_path("PersistentVolume", "pvc-1", ""), on_path("Pod", f"{role}-x")],
                   observations=observations)


@pytest.mark.parametrize("words", [
    "head: /data/log: No such file or directory", "what was appended is not there", "a file that nobody wrote exists"])
def test_data_that_is_lost(words: str) -> None:
    found = one(_said(words), healthy())
    assert (found.cause, found.confidence, found.scope) == ("storage.data-corrupt", "confirmed",
                                                            ["persistentvolume/pvc-1"])
    assert f"pod reader-x on n1 ended with 1: {words}" in found.evidence
    assert f"exit status 1: {words}" in found.evidence
    assert found.next_command == "kubectl get persistentvolume"


def test_changed_data() -> None:
    changed = finding("storage", "pod reader-x on n2 found 'ab 1', expected 'cd 1': data was changed",
                      path=[on_path("PersistentVolume", "pvc-1", "")],
                      observations=[seen("storage", "reader", "n2", error="exit status 0: ab 1")])
    assert cause(changed, healthy()) == ("storage.data-corrupt", "confirmed", ["persistentvolume/pvc-1"])


def test_a_directory_that_a_file_server_lacks_is_no_lost_data() -> None:
    said = _of_pod("FailedMount", NFS)
    assert cause(_writer(said), _data(said, phase="Bound"))[0] == "storage.mount-failed"
    assert cause(_writer(said), _data(phase="Bound"))[0] == "unknown.timeout", "a message alone is not the pod's word"


@pytest.mark.parametrize("words", [
    "dd: /data/blob: Read-only file system", "dd: fsync failed for '/data/blob': Input/output error",
    "sh: can't create /data/log: Stale file handle"])
def test_a_volume_that_fails_under_the_pod(words: str) -> None:
    found = one(_said(words, "writer"), healthy())
    assert (found.cause, found.confidence, found.scope) == ("storage.mount-failed", "confirmed",
                                                            ["persistentvolume/pvc-1"])
    check = _said(words, "writer")
    check.path = []
    assert cause(check, healthy()) == ("storage.mount-failed", "confirmed", ["node/n1"])


def test_the_pods_own_end_does_not_hide_what_it_says() -> None:
    words = "what was appended is not there"
    data = healthy()
    data["pods"].append(pod("reader-x", SPACE, "n1", ready=False, state={"terminated": {
        "exitCode": 3, "reason": "Error", "message": words, "finishedAt": JUST_NOW}}))
    found = one(_said(words, status=3), data)
    assert found.cause == "storage.data-corrupt"
    assert cause(_said("sha256sum: applet not found", status=127), data)[0] == "pod.crash"


def test_no_space_left() -> None:
    words = "dd: error writing '/data/blob': No space left on device"
    data = healthy()
    found = one(_said(words, "writer"), data)
    assert (found.cause, found.confidence, found.scope) == ("storage.mount-failed", "probable", ["node/n1"])
    assert found.evidence == [f"exit status 1: {words}"]
    set_condition(data, "n1", "DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure")
    found = one(_said(words, "writer"), data)
    assert (found.cause, found.confidence, found.scope) == ("node.pressure", "confirmed", ["node/n1"])
    assert any(words in line for line in found.evidence)
    assert cause(_said(words, "writer", on="n2"), data)[0] == "storage.mount-failed", "another node's disk"
    assert cause(_said(words, "writer", on="n9"), data)[0] == "unknown.unexplained", "a node that is gone"


def test_what_passed_is_not_read() -> None:
    words = "No space left on device, Input/output error, No such file"
    check = finding("storage", "claim data-x is bound: not within 30 s", observations=[
        {**seen("storage", "writer", n), "error": words} for n in NODES])
    assert cause(check, healthy())[0] == "unknown.timeout"
