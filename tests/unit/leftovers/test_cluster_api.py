# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which objects of a management cluster are left of a cluster. That they are found there is tried on a real API server."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.leftovers import cluster_api
from ansible_collections.assay.clusters.plugins.module_utils.leftovers.kinds import Kind
from ansible_collections.assay.clusters.plugins.module_utils.leftovers.model import Wanted

CLUSTER = Kind("cluster.x-k8s.io/v1beta2", "Cluster", "clusters", True)
TEMPLATE = Kind("infrastructure.cluster.x-k8s.io/v1beta1", "VSphereMachineTemplate", "vspheremachinetemplates", True)
OF, OURS, RUN = "cluster.x-k8s.io/cluster-name", "assay.clusters/cluster", "assay.clusters/run"


def used(*clusters: str) -> dict[str, str]:
    return {f"used-by.assay.clusters/{i}": f"default/{c}" for i, c in enumerate(clusters)}


@pytest.mark.parametrize(("kind", "meta", "left"), [
    (CLUSTER, {"name": "ci"}, True), (CLUSTER, {"name": "ci2"}, False), (TEMPLATE, {"name": "ci"}, False),
    (CLUSTER, {"name": "ci-3f9a1c07-x26112106"}, True),
    (TEMPLATE, {"labels": {OF: "ci"}}, True), (TEMPLATE, {"labels": {OF: "ci2"}}, False), (TEMPLATE, {"labels": {OURS: "ci"}}, True),
    (TEMPLATE, {"labels": {RUN: "3f9a1c07"}}, True), (TEMPLATE, {"labels": {RUN: "00000000"}}, False), (TEMPLATE, {"name": "vm-1"}, True),
    (TEMPLATE, {"labels": {OURS: "ci"}, "annotations": used("ci")}, True),
    (TEMPLATE, {"labels": {OURS: "ci"}, "annotations": used("ci", "other")}, False)])
def test_an_object_is_left_by_its_name_and_labels_unless_others_use_it(kind: Kind, meta: dict[str, Any], left: bool) -> None:
    wanted = Wanted("ci", "3f9a1c07", patterns=("vm-*",))
    assert cluster_api._left(kind, {"name": "x", **meta}, wanted) is left  # pylint: disable=protected-access


@pytest.mark.parametrize(("group", "ours"), [
    ("cluster.x-k8s.io", True), ("bootstrap.cluster.x-k8s.io", True), ("addons.cluster.x-k8s.io", True), ("mycluster.x-k8s.io", False),
    ("apps", False)])
def test_kinds_of_cluster_api_are_those_of_its_groups(group: str, ours: bool) -> None:
    assert cluster_api._of_cluster_api(Kind(f"{group}/v1", "Any", "any", True)) is ours  # pylint: disable=protected-access
