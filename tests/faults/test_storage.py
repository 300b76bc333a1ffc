# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""storage, seen red: no provisioner, no default class, no mount; and not red at all where only the image is missing."""
from __future__ import annotations

from typing import Any

import pytest

from tests.faults.conftest import assert_red
from tests.lab import images

pytestmark = [pytest.mark.faults, pytest.mark.lab]
CLASS = "/apis/storage.k8s.io/v1/storageclasses/local-path"


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
        assert_red(records["storage"], "storage.no-default-class", [], "confirmed")
        prove.green("storage", storage={"storage_class": "local-path"})
    prove.green("storage")


def test_missing_image_is_no_fault_of_the_storage(prove: Any) -> None:
    records = prove("storage", images={"busybox": "docker.io/library/busybox:no-such-tag"})
    assert_red(records["storage"], "image.not-found", ["image/docker.io/library/busybox:no-such-tag"], "confirmed",
               verdict="inconclusive")
    prove.green("storage")


def test_an_image_that_nobody_has_any_more(lab: Any, prove: Any) -> None:
    """One of the test's own: all clusters share what their registries have."""
    own = f"{lab.name}/busybox:1"
    image = f"docker.io/{own}"
    images.push(lab.registry, own, images.busybox())
    prove.green("storage", images={"busybox": image})
    with lab.fault.remove_image(own):
        records = prove("storage", images={"busybox": image})
    assert_red(records["storage"], "image.not-found", [f"image/{image}"], "confirmed", image, verdict="inconclusive")


def test_a_volume_that_cannot_be_mounted(lab: Any, prove: Any) -> None:
    """Its folder on the node is a file."""
    with lab.fault.patch("/api/v1/namespaces/local-path-storage/configmaps/local-path-config",
                         {"data": {"setup": '#!/bin/sh\n: >"$VOL_DIR"\n'}}):
        records = prove("storage", storage={"provision_limit": 20})
    pod, node = records["storage"].scope
    assert_red(records["storage"], "storage.mount-failed", [pod, node], "confirmed", "hostPath type check failed")
    assert pod.startswith(f"pod/assay-{prove.result['run_id']}/writer-") and node.startswith(f"node/{lab.name}-")
    prove.green("storage")
