# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""storage, seen red: no provisioner, no default class, no mount; and not red at all where only the image is missing."""
from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks import storage
from tests.addons.balancing import meanwhile
from tests.faults.conftest import assert_red
from tests.lab import images
from tests.lab.base import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.lab]
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
CLASS = f"{CLASSES}/local-path"
VOLUMES = "/api/v1/persistentvolumes"
CONFIG = "/api/v1/namespaces/local-path-storage/configmaps/local-path-config"


@pytest.mark.gauntlet
def test_stopped_provisioner(lab: Any, prove: Any) -> None:
    with lab.fault.scale("local-path-storage", "local-path-provisioner", 0):
        records = prove("storage", storage={"provision_limit": 25})
    assert_red(records["storage"], "storage.driver-missing", [
        "provisioner/rancher.io/local-path", "deployment/local-path-storage/local-path-provisioner"], "confirmed",
        "0 of 0 replicas available")
    prove.green("storage")


def test_no_default_class(lab: Any, prove: Any) -> None:
    mark = {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "false"}}}
    with lab.fault.patch(CLASS, mark):
        records = prove("storage")
        assert_red(records["storage"], "storage.no-default-class", [], "confirmed", verdict="inconclusive")
        prove.green("storage", storage={"storage_class": "local-path"})
    prove.green("storage")


def _class(lab: Any, name: str, **more: Any) -> Any:
    """A StorageClass beside the lab's own."""
    body = {"metadata": {"name": name, **more.pop("metadata", {})}, "provisioner": "rancher.io/local-path",
            "volumeBindingMode": "WaitForFirstConsumer", **more}
    return lab.fault.extra(CLASSES, body)


def test_the_newest_of_two_default_classes_is_proved(lab: Any, prove: Any) -> None:
    with _class(lab, "newer", metadata={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}):
        prove.green("storage")
        [record] = prove.result["records"]
        assert (record["observed"]["storage_class"], record["observed"]["defaults"]) == ("newer", ["newer", "local-path"])


# ---- pods that others end -----------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_pods_that_somebody_deletes_are_made_again(lab: Any, prove: Any) -> None:
    """As who drains a node does: each of the two, before its volume is mounted."""
    ended: set[str] = set()

    def delete() -> None:
        for pod in lab.api("/api/v1/pods?labelSelector=assay.clusters%2Frun")["items"]:
            name, role = pod["metadata"]["name"], pod["metadata"]["name"].partition("-")[0]
            if role in ("writer", "reader") and role not in ended and pod["spec"].get("nodeName"):
                lab.api(f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{name}", "DELETE", {"gracePeriodSeconds": 0})
                ended.add(role)

    with meanwhile(delete) as errors:
        prove.green("storage")
    [record] = prove.result["records"]
    assert ended == {"writer", "reader"} and not errors
    assert [len(record["observed"][f"{role}_ended"]) for role in sorted(ended)] == [1, 1], record["observed"]


# ---- volumes of others --------------------------------------------------------------------------------------------
def _theirs(lab: Any, policy: str) -> Any:
    """A volume that somebody made by hand."""
    return lab.fault.extra(VOLUMES, {"metadata": {"name": "theirs"}, "spec": {
        "storageClassName": "by-hand", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "5Gi"},
        "persistentVolumeReclaimPolicy": policy, "hostPath": {"path": "/opt/theirs", "type": "DirectoryOrCreate"}}})


@pytest.mark.parametrize(("policy", "provisioner", "binding"), [
    ("Retain", "rancher.io/local-path", "WaitForFirstConsumer"), ("Delete", "rancher.io/local-path", "WaitForFirstConsumer"),
    ("Delete", "rancher.io/local-path", "Immediate"), ("Retain", "kubernetes.io/no-provisioner", "Immediate")])
def test_somebodys_volume_that_waits_for_a_claim_stays_as_it_is(lab: Any, prove: Any, policy: str, provisioner: str,
                                                                binding: str) -> None:
    with _class(lab, "by-hand", provisioner=provisioner, volumeBindingMode=binding), _theirs(lab, policy):
        before = wait_for("the volume to wait", lambda: _waiting(lab), 30)
        records = prove("storage", storage={"storage_class": "by-hand"})
        assert_red(records["storage"], "harness.precondition", ["storageclass/by-hand"], "confirmed", verdict="inconclusive")
        assert "storage_check_storage_class" in records["storage"].message and prove.result["leftovers"] == []
        after = lab.api(f"{VOLUMES}/theirs")
        assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"], "nobody has touched it"
        assert after["status"]["phase"] == "Available" and "claimRef" not in after["spec"]
        assert after["spec"]["persistentVolumeReclaimPolicy"] == policy


def test_a_claim_that_got_somebodys_volume_all_the_same_keeps_it_from_its_deleter(lab: Any, prove: Any,
                                                                                  monkeypatch: Any) -> None:
    """It came between our look and our claim."""
    monkeypatch.setattr(storage, "gives_new_volumes", lambda *_what: None)
    with _class(lab, "by-hand"), _theirs(lab, "Delete"):
        wait_for("the volume to wait", lambda: _waiting(lab), 30)
        records = prove("storage", storage={"storage_class": "by-hand"})
        assert_red(records["storage"], "harness.precondition", ["persistentvolume/theirs"], "confirmed", verdict="inconclusive")
        [left] = prove.result["leftovers"]
        space = f"assay-{prove.result['run_id']}"
        assert left.startswith(f"persistentvolumeclaim/{space}/data-") and "its volume theirs is somebody else's" in left
        kept = lab.api(f"{VOLUMES}/theirs")
        assert (kept["status"]["phase"], kept["spec"]["persistentVolumeReclaimPolicy"]) == ("Bound", "Delete")
        lab.api(f"{VOLUMES}/theirs", "PATCH", {"spec": {"persistentVolumeReclaimPolicy": "Retain"}})
        wait_for("the journal's end", lambda: not list(prove.journal_dir.glob("*.jsonl")), 120)
        assert lab.api(f"{VOLUMES}/theirs")["status"]["phase"] == "Released"
        assert space not in [n["metadata"]["name"] for n in lab.api("/api/v1/namespaces")["items"]]


def _waiting(lab: Any) -> Any:
    found = lab.api(f"{VOLUMES}/theirs")
    return found if found["status"].get("phase") == "Available" else None


# ---- volumes of ours ----------------------------------------------------------------------------------------------
def _volumes(lab: Any, storage_class: str) -> list[str]:
    return [v["metadata"]["name"] for v in lab.api(VOLUMES)["items"] if v["spec"].get("storageClassName") == storage_class]


@pytest.mark.gauntlet
def test_a_volume_of_a_class_that_retains_is_gone_after_a_good_run_and_after_a_bad_one(lab: Any, prove: Any) -> None:
    with _class(lab, "kept", reclaimPolicy="Retain"):
        prove.green("storage", storage={"storage_class": "kept"})
        assert prove.result["records"][0]["observed"]["reclaim_policy"] == "Retain" and not _volumes(lab, "kept")
        read_only = {"data": {"setup": '#!/bin/sh\nmkdir -m 0555 -p "$VOL_DIR"\n'}}
        with lab.fault.patch(CONFIG, read_only):
            record = prove("storage", storage={"storage_class": "kept"})["storage"]
        assert record.verdict == "failed" and "Permission denied" in record.message
        assert prove.result["leftovers"] == [] and not _volumes(lab, "kept")


def test_a_volume_of_a_class_that_retains_is_gone_after_a_kill_too(lab: Any, prove: Any) -> None:
    """As soon as there is a volume; who outlives the run removes it."""
    code = ("from pathlib import Path; from tests.faults.conftest import Prover; "
            f"Prover({str(lab.kubeconfig)!r}, {lab.name!r}, Path({str(prove.journal_dir)!r}))('storage', storage={{'storage_class': 'kept'}})")
    with _class(lab, "kept", reclaimPolicy="Retain"):
        run = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        try:
            wait_for("a volume", lambda: _volumes(lab, "kept"), 60, 0.1)
        finally:
            run.kill()
            run.wait()
        [journal] = prove.journal_dir.glob("*.jsonl")
        wait_for("the journal's end", lambda: not journal.exists(), 90)
        assert not _volumes(lab, "kept")


@pytest.mark.gauntlet
def test_missing_image_is_no_fault_of_the_storage(prove: Any) -> None:
    records = prove("storage", images={"agnhost": "docker.io/library/busybox:no-such-tag"})
    assert_red(records["storage"], "image.not-found", ["image/docker.io/library/busybox:no-such-tag"], "confirmed",
               verdict="inconclusive")
    prove.green("storage")


@pytest.mark.gauntlet
def test_an_image_that_nobody_has_any_more(lab: Any, prove: Any) -> None:
    """One of the test's own: all clusters share what their registries have."""
    own = f"{lab.name}/busybox:1"
    image = f"docker.io/{own}"
    images.push(lab.registry, own, images.busybox())
    prove.green("storage", images={"agnhost": image})
    with lab.fault.remove_image(own):
        records = prove("storage", images={"agnhost": image})
    assert_red(records["storage"], "image.not-found", [f"image/{image}"], "confirmed", image, verdict="inconclusive")


@pytest.mark.gauntlet
def test_a_volume_that_cannot_be_mounted(lab: Any, prove: Any) -> None:
    """Its folder on the node is a file."""
    with lab.fault.patch(CONFIG, {"data": {"setup": '#!/bin/sh\n: >"$VOL_DIR"\n'}}):
        records = prove("storage", storage={"provision_limit": 20})
    pod, node = records["storage"].scope
    assert_red(records["storage"], "storage.mount-failed", [pod, node], "confirmed", "hostPath type check failed")
    assert pod.startswith(f"pod/assay-{prove.result['run_id']}/writer-") and node.startswith(f"node/{lab.name}-")
    prove.green("storage")
