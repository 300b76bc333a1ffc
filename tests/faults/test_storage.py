# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""storage, seen red: no provisioner, no default class, and not red at all where only the image is missing."""
from __future__ import annotations

from typing import Any

import pytest

from tests.faults.conftest import assert_red

pytestmark = [pytest.mark.faults, pytest.mark.lab]
CLASS = "/apis/storage.k8s.io/v1/storageclasses/local-path"


def test_stopped_provisioner(lab: Any, prove: Any) -> None:
    with lab.fault.scale("local-path-storage", "local-path-provisioner", 0):
        records = prove("storage", storage={"provision_limit": 25})
    assert records["storage"].verdict == "failed"
    assert records["storage"].cause in ("storage.driver-missing", "storage.provision-failed")
    assert any("local-path" in s for s in [*records["storage"].scope, *records["storage"].evidence])
    prove.green("storage")


def test_no_default_class(lab: Any, prove: Any) -> None:
    mark = {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "false"}}}
    with lab.fault.patch(CLASS, mark):
        records = prove("storage")
        assert_red(records["storage"], "storage.no-default-class")
        prove.green("storage", storage={"storage_class": "local-path"})
    prove.green("storage")


def test_missing_image_is_no_fault_of_the_storage(prove: Any) -> None:
    records = prove("storage", images={"busybox": "docker.io/library/busybox:no-such-tag"})
    assert_red(records["storage"], "image.not-found", verdict="inconclusive")
    prove.green("storage")
