# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""That pulled means what it says: policies that change images, users with other credentials, kubelets that remove images again."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.faults import test_prepull
from tests.lab import node
from tests.lab.base import wait_for
from tests.lab.like.admission import changing, in_force, mapped
from tests.lab.like.stranger import namespace, pod, tried
from tests.lab.registry_faults import FaultyRegistry

_KUBELET = "/etc/kubernetes/kubelet.yaml"
pytestmark = [pytest.mark.faults, pytest.mark.lab]
registry, task, statuses, causes = test_prepull.registry, test_prepull.task, test_prepull.statuses, test_prepull.causes


def test_an_image_that_a_policy_made_another_is_told(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    with FaultyRegistry(lab) as mirror, namespace(lab, "lab-mirrored") as space:
        image = registry.add()
        mirror._blobs = registry._blobs
        policy = changing("lab-mirror", mapped("image", f"c.image.replace('{registry.host}', '{mirror.host}')"), {})
        with in_force(lab, policy, lambda: mirror.host in str(tried(lab, space, pod("tried", image=image)).get("spec"))):
            result = task(images=[image])
        other = image.replace(registry.host, mirror.host)
        assert not result["failed"] and {r["ran"] for r in result["results"]} == {other} and not registry.requests
        assert causes(result) == [("admission.changed", [f"image/{image}"], "confirmed")]
        assert result["findings"][0]["message"].startswith(f"admission made {other} of {image}: that image is on ")


@pytest.mark.gauntlet
def test_a_policy_that_makes_pods_ask_the_registry_is_told_and_changes_nothing_twice(
        lab: Any, task: Any, registry: FaultyRegistry) -> None:
    image = registry.add()
    with namespace(lab, "lab-always") as space:
        with in_force(lab, changing("lab-always", mapped("imagePullPolicy", "'Always'"), {}),
                      lambda: "'imagePullPolicy': 'Always'" in str(tried(lab, space, pod("tried")).get("spec"))):
            first = task(images=[image])
            wait_for("the nodes' lists", lambda: told(lab, image) == lab.workers, 120)
            again = task(images=[image])
    assert statuses(first) == {"pulled": lab.workers} and statuses(again) == {"present": lab.workers} and not again["changed"]
    assert causes(again) == [("admission.changed", [f"image/{image}"], "confirmed")]


def told(lab: Any, image: str) -> int:
    """How many nodes have it in their lists."""
    return sum(image in i["names"] for n in lab.api("/api/v1/nodes")["items"] for i in n["status"].get("images") or [] if i.get("names"))


@pytest.mark.gauntlet
def test_what_is_there_for_other_credentials_was_refused_its_use_only(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    """The gate is on by default from 1.35 on."""
    registry.users = {"reader": "planted-password"}
    image = registry.add()
    own = [{"registry": registry.host, "username": "reader", "password": "planted-password"}]
    first = task(images=[image], credentials=own)
    assert statuses(first) == {"pulled": lab.workers} and "is for pods with the same credentials" in first["notes"][0]
    wait_for("the nodes' lists", lambda: told(lab, image) == lab.workers, 120)
    refused = task(images=[image])
    assert refused["failed"] and [r.get("on_node") for r in refused["results"]] == [True] * lab.workers
    assert "so it is its use that was refused: it was pulled with other credentials" in refused["findings"][0]["message"]
    registry.mute = True
    assert statuses(task(images=[image], credentials=own)) == {"present": lab.workers}, "the same credentials ask nobody"


@contextmanager
def threshold(lab: Any, short: str, percent: int) -> Iterator[None]:
    """A kubelet that removes images from so many percent on; none is old enough, so that the lab's stay."""
    before = lab.in_node(short, "cat", _KUBELET)
    lines = f"imageGCHighThresholdPercent: {percent}\nimageGCLowThresholdPercent: {percent - 1}\nimageMinimumGCAge: 240h\n"
    configz = f"/api/v1/nodes/{lab.node_name(short)}/proxy/configz"

    def write(text: str, expected: str) -> None:
        node.inside(lab, short, "cp", "/dev/stdin", _KUBELET, input=text)
        node.signal_service(lab, short, "kubelet", "KILL")
        wait_for(f"{expected} in use", lambda: expected in json.dumps(lab.api(configz)), 60)

    try:
        write(re.sub(r"(?m)^image(?:GC|MinimumGC)\w+:.*\n", "", before) + lines, f'"imageGCHighThresholdPercent": {percent},')
        yield
    finally:
        usual = re.findall(r"(?m)^imageGCHighThresholdPercent: (\d+)$", before)[0]
        write(before, f'"imageGCHighThresholdPercent": {usual},')


@pytest.mark.gauntlet
def test_a_kubelet_that_removes_images_soon_is_told(lab: Any, task: Any, registry: FaultyRegistry) -> None:
    with threshold(lab, "n2", 1):
        result = task(images=[registry.add()])
    assert not result["failed"] and causes(result) == [("node.pressure", [f"node/{lab.node_name('n2')}"], "probable")]
    assert "of which its kubelet allows 1 %, and may remove again what was pulled" in result["findings"][0]["message"]
