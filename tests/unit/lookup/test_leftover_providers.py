# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is asked what a cluster left follows from what it is made of."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.filter.leftover_providers import leftover_providers

ALL = ["aws", "cluster_api", "rancher", "vsphere"]


def _pool(kind: str) -> dict[str, Any]:
    return {"config": {"rkeConfig": {"machinePools": [{"machineConfigRef": {"kind": kind, "name": "workers"}}]}}}


@pytest.mark.parametrize(("cluster", "asked"), [
    ({"platform": "eks"}, ["aws"]),
    ({"platform": "rancher"}, ["rancher"]),
    ({"platform": "rancher", "settings": _pool("VmwarevsphereConfig")}, ["rancher", "vsphere"]),
    ({"platform": "rancher", "settings": _pool("Amazonec2Config")}, ["aws", "rancher"]),
    ({"platform": "rancher", "settings": {"config": {"eksConfig": {"region": "x"}}}}, ["aws", "rancher"]),
    ({"platform": "rancher", "infrastructure": "vsphere", "settings": _pool("Amazonec2Config")}, ["rancher", "vsphere"]),
    ({"platform": "cluster_api", "settings": {"manifest": "kind: AWSManagedControlPlane\nspec: {}\n"}}, ["aws", "cluster_api"]),
    ({"platform": "cluster_api", "settings": {"manifest": "---\nkind: \"VSphereMachineTemplate\"\n"}}, ["cluster_api", "vsphere"]),
    ({"platform": "konvoy", "settings": {"provisioner": "aws"}}, ["aws"]),
    ({"platform": "konvoy", "settings": {"provisioner": "none"}}, []),
    ({"platform": "command", "machines": {"platform": "vsphere"}}, ["vsphere"]),
    ({"platform": "command", "infrastructure": ["AWS", "vsphere"]}, ["aws", "vsphere"]),
    ({"platform": "command", "provider_ids": ["aws", "k3s"]}, ["aws"]),
    ({"platform": "command", "settings": {"create": ["kops", "create"]}}, []),
    ({}, [])])
def test_providers_follow_from_what_a_cluster_is_made_of(cluster: dict[str, Any], asked: list[str]) -> None:
    assert leftover_providers({"reach": ALL, **cluster}) == {"asked": asked, "unasked": []}


def test_a_manifest_in_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\nkind: AWSCluster\n")
    given = {"platform": "cluster_api", "settings": {"manifest": str(tmp_path / "c.yaml")}, "reach": ALL}
    assert leftover_providers(given)["asked"] == ["aws", "cluster_api"]


@pytest.mark.parametrize(("cluster", "unasked"), [
    ({"settings": _pool("AzureConfig")}, ["azure (it cannot be asked from here)"]),
    ({"infrastructure": "gce"}, ["gcp (it cannot be asked from here)"]),
    ({"settings": _pool("VmwarevsphereConfig")}, ["vsphere (set dispose_vsphere)"])])
def test_whoever_cannot_be_asked_is_named(cluster: dict[str, Any], unasked: list[str]) -> None:
    assert leftover_providers({"platform": "rancher", "reach": ["rancher"], **cluster}) == {"asked": ["rancher"], "unasked": unasked}
