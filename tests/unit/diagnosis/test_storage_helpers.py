# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Storage, replayed: what a provisioner makes in order to make a volume, and what was not tried as it is somebody's."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import cause, event, finding, healthy, one, pod, waiting
from ansible_collections.assay.clusters.tests.unit.diagnosis.test_storage import (
    CLAIM, PROVISION, _data, _left, _of_claim, _said, _writer)

TIMEOUT = PROVISION + "failed to create volume pvc-u1: create process timeout after 120 seconds"
SPACE_OF_LOCAL = "local-path-storage"


def _helper(data: dict[str, Any], name: str = "helper-pod-create-pvc-u1", **container: Any) -> dict[str, Any]:
    data["pvcs"][0]["metadata"]["uid"] = "u1"
    data["pods"].append(pod(name, SPACE_OF_LOCAL, "n1", ready=False, **container))
    return data


def test_an_image_of_the_provisioners_helper_that_does_not_come_is_the_root() -> None:
    said = _of_claim("ProvisioningFailed", TIMEOUT)
    pulls = waiting("ImagePullBackOff", 'Back-off pulling image "mirror.test/busybox:0": not found')
    found = one(_writer(said), _helper(_data(said), image="mirror.test/busybox:0", **pulls))
    assert (found.cause, found.confidence, found.scope) == ("image.not-found", "confirmed", ["image/mirror.test/busybox:0"])
    assert any("create process timeout" in line for line in found.evidence)
    others = _helper(_data(said), "helper-pod-create-pvc-u2", image="mirror.test/busybox:0", **pulls)
    assert cause(_writer(said), others)[0] == "storage.provision-failed", "of another claim"


def test_between_two_tries_its_events_tell() -> None:
    """The pod is gone when a try is over; the next begins later."""
    words = 'Failed to pull image "mirror.test/busybox:0": mirror.test/busybox:0: not found'
    pulls = event("Pod", "helper-pod-create-pvc-u1", "Failed", words, SPACE_OF_LOCAL)
    said = _of_claim("ProvisioningFailed", TIMEOUT)
    data = _data(said, pulls)
    data["pvcs"][0]["metadata"]["uid"] = "u1"
    found = one(_writer(said), data)
    assert (found.cause, found.scope) == ("image.not-found", ["image/mirror.test/busybox:0"])
    data["pvcs"][0]["metadata"]["uid"] = "u2"
    assert cause(_writer(said), data)[0] == "storage.provision-failed", "of another claim"


@pytest.mark.parametrize(("words", "code", "scope"), [
    ('pods "helper-pod-create-pvc-u1" is forbidden: violates PodSecurity "restricted:latest": privileged', "admission.denied",
     ["podsecurity/restricted:latest"]),
    ('admission webhook "validate.kyverno.svc-fail" denied the request: disallow-host-path', "admission.denied",
     ["webhook/validate.kyverno.svc-fail"]),
    ('pods "helper-pod-create-pvc-u1" is forbidden: exceeded quota: team, requested: pods=1', "quota.exceeded",
     ["resourcequota/team"])])
def test_a_helper_that_is_refused_is_the_root(words: str, code: str, scope: list[str]) -> None:
    said = _of_claim("ProvisioningFailed", PROVISION + "failed to create volume pvc-u1: " + words)
    found = one(_writer(said), _data(said))
    assert (found.cause, found.confidence, found.scope) == (code, "confirmed", scope)


def test_a_node_that_the_provisioner_was_not_told_of_is_said_in_its_words() -> None:
    words = PROVISION + "config doesn't contain node c4-n2, and no DEFAULT_PATH_FOR_NON_LISTED_NODES available"
    said = _of_claim("ProvisioningFailed", words)
    assert cause(_writer(said), _data(said)) == ("storage.provision-failed", "confirmed", [CLAIM])


# ---- removing it --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("words", "code", "scope"), [
    ("failed to delete volume pvc-1: delete process timeout after 120 seconds", "leak.cleanup-stuck", ["persistentvolume/pvc-1"]),
    ("rpc error: code = Internal desc = api error UnauthorizedOperation: You are not authorized", "cloud.permission",
     ["persistentvolume/pvc-1"]),
    ('pods "helper-pod-delete-pvc-1" is forbidden: violates PodSecurity "restricted:latest": privileged', "admission.denied",
     ["podsecurity/restricted:latest"])])
def test_why_a_volume_is_not_removed_is_said_by_its_provisioner(words: str, code: str, scope: list[str]) -> None:
    data = healthy()
    data["events"] = [event("PersistentVolume", "pvc-1", "VolumeFailedDelete", words, "")]
    assert cause(_left(), data) == (code, "confirmed", scope)
    data["events"] = [event("PersistentVolume", "pvc-2", "VolumeFailedDelete", words, "")]
    assert cause(_left(), data) == ("leak.cleanup-stuck", "suspected", ["persistentvolume/pvc-1"]), "of another volume"


@pytest.mark.parametrize("there", [True, False])
def test_an_image_of_the_helper_that_removes_it_is_the_root(there: bool) -> None:
    image, name = "mirror.test/busybox:0", "helper-pod-delete-pvc-1"
    data = healthy()
    if there:
        data["pods"].append(pod(name, SPACE_OF_LOCAL, "n1", ready=False, image=image, **waiting("ErrImagePull", "not found")))
    else:
        data["events"] = [event("Pod", name, "Failed", f'Failed to pull image "{image}": {image}: not found', SPACE_OF_LOCAL)]
    assert cause(_left(), data) == ("image.not-found", "confirmed", [f"image/{image}"])


# ---- volumes of others --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("observed", "found"), [
    ({"made_for_the_claim": True}, ("storage.data-corrupt", "probable")), ({}, ("unknown.unexplained", "suspected"))])
def test_data_in_a_new_volume_is_odd_and_in_any_other_somebodys(observed: dict[str, Any], found: tuple[str, str]) -> None:
    check = _said("the new volume holds: passwords.txt", "writer", status=3)
    check.observed.update(observed)
    assert cause(check, healthy())[:2] == found


@pytest.mark.parametrize(("message", "scope"), [
    ("volumes of StorageClass local are made by hand, and a claim would take one", "storageclass/local"),
    ("1 volume of StorageClass gp3 made beforehand waits for a claim (a), and ours would take one", "storageclass/gp3"),
    ("claim data-x was given volume pv-a, which was not made for it and is somebody's", "persistentvolume/pv-a")])
def test_what_is_not_tried_as_it_is_somebodys_is_a_missing_precondition(message: str, scope: str) -> None:
    check = finding("storage", message, "inconclusive")
    assert cause(check, healthy()) == ("harness.precondition", "confirmed", [scope])
    assert cause(finding("dns", message, "inconclusive"), healthy())[0] != "harness.precondition"
