# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Provisioners that make a volume by a pod of their own: its image does not come, it is refused, or it has nowhere to go."""
from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.faults.conftest import assert_red
from tests.lab.base import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.lab]
SPACE = "/api/v1/namespaces/local-path-storage"
CONFIG = f"{SPACE}/configmaps/local-path-config"
PODS = f"{SPACE}/pods?labelSelector=app%3Dlocal-path-provisioner"
NOWHERE = "docker.io/none/busybox:0"


def _start_again(lab: Any) -> None:
    """It reads its settings when it starts."""
    old = {p["metadata"]["uid"] for p in lab.api(PODS)["items"]}
    for pod in lab.api(PODS)["items"]:
        lab.api(f"{SPACE}/pods/{pod['metadata']['name']}", "DELETE")

    def new() -> bool:
        [pod] = lab.api(PODS)["items"]
        ready = [c["status"] for c in pod["status"]["conditions"] if c["type"] == "Ready"]
        return pod["metadata"]["uid"] not in old and ready == ["True"]

    wait_for("a new provisioner", new, 90)


@contextmanager
def _settings(lab: Any, **data: str) -> Iterator[None]:
    try:
        with lab.fault.patch(CONFIG, {"data": data}):
            _start_again(lab)
            yield
    finally:
        _start_again(lab)


@pytest.mark.gauntlet
def test_the_image_of_its_helper_does_not_come(lab: Any, prove: Any) -> None:
    helper = lab.api(CONFIG)["data"]["helperPod.yaml"].replace("image: busybox", f"image: {NOWHERE}")
    with _settings(lab, **{"helperPod.yaml": helper}):
        records = prove("storage", storage={"provision_limit": 30})
    assert_red(records["storage"], "image.not-found", [f"image/{NOWHERE}"], "confirmed", "helper-pod-create-pvc-")
    prove.green("storage")


@pytest.mark.gauntlet
def test_pod_security_refuses_its_helper(lab: Any, prove: Any) -> None:
    with lab.fault.patch(SPACE, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}):
        records = prove("storage", storage={"provision_limit": 25})
    assert_red(records["storage"], "admission.denied", ["podsecurity/restricted:latest"], "confirmed", "helper-pod-create-pvc-",
               "ProvisioningFailed")
    prove.green("storage")


def test_no_node_has_a_place_for_it(lab: Any, prove: Any) -> None:
    elsewhere = json.dumps({"nodePathMap": [{"node": "elsewhere", "paths": ["/opt/local-path-provisioner"]}]})
    with _settings(lab, **{"config.json": elsewhere}):
        records = prove("storage", storage={"provision_limit": 25})
    claim = f"persistentvolumeclaim/assay-{prove.result['run_id']}/"
    [scope] = records["storage"].scope
    assert scope.startswith(claim)
    assert_red(records["storage"], "storage.provision-failed", [scope], "confirmed", "config doesn't contain node")
    prove.green("storage")
