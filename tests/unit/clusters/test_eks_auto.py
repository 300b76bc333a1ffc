# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Platform `eks` with Auto Mode: at moto's server, with EKS's own refusals from tests/fakes/moto_eks.py."""
from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from tests.fakes.api_server import FakeApiServer
from tests.fakes.moto_eks import MotoEks

from .cluster_task import ensure, late
from .test_eks import KEYS, REGION, aws, given  # noqa: F401  pylint: disable=unused-import

POOLS = ["general-purpose", "system"]


@pytest.fixture
def auto(given: dict[str, Any]) -> dict[str, Any]:  # noqa: F811
    """A cluster without node groups."""
    given["eks"].update(compute_config={"enabled": True, "node_pools": POOLS}, node_groups=[])
    return {**given, "nodes": None}


def _iam(aws: MotoEks) -> Any:  # noqa: F811
    return boto3.client("iam", region_name=REGION, endpoint_url=aws.url, **KEYS)


def test_all_switches_go_together_and_the_roles_are_those_of_auto_mode(auto: dict[str, Any], aws: MotoEks) -> None:  # noqa: F811
    made = ensure(**auto)
    assert made["changed"] and not made["failed"] and made["cluster"]["nodes"] == 0, made
    asked = aws.cluster("ci").asked
    assert asked["computeConfig"]["enabled"] and asked["computeConfig"]["nodePools"] == POOLS
    assert asked["storageConfig"] == {"blockStorage": {"enabled": True}} and asked["bootstrapSelfManagedAddons"] is False
    assert asked["kubernetesNetworkConfig"] == {"elasticLoadBalancing": {"enabled": True}}
    assert asked["accessConfig"] == {"authenticationMode": "API_AND_CONFIG_MAP"}
    iam = _iam(aws)
    role = iam.get_role(RoleName=asked["roleArn"].rpartition("/")[2])["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    policies = {n: {p["PolicyName"] for p in iam.list_attached_role_policies(RoleName=n)["AttachedPolicies"]} for n in (
        role["RoleName"], asked["computeConfig"]["nodeRoleArn"].rpartition("/")[2])}
    assert {len(p) for p in policies.values()} == {5, 2} and "AmazonEKSWorkerNodeMinimalPolicy" in policies["ci-auto-nodes"]
    assert not ensure(**auto)["changed"]
    assert ensure(**auto, state="absent", disposable=True)["changed"] and iam.list_roles()["Roles"] == []


def test_without_built_in_pools_no_role_of_nodes_is_made(auto: dict[str, Any], aws: MotoEks) -> None:  # noqa: F811
    auto["eks"]["compute_config"]["node_pools"] = []
    assert not ensure(**auto)["failed"]
    assert aws.cluster("ci").asked["computeConfig"] == {"enabled": True}
    assert {r["RoleName"] for r in _iam(aws).list_roles()["Roles"]} == {"ci-control-plane"}


@pytest.mark.parametrize(("eks", "nodes", "words"), [
    ({"create_roles": False, "role": "r"}, None, "eks.compute_config.node_role: is missing; name the role of nodes"),
    ({"compute_config": {"enabled": True, "node_pools": [], "node_role": "r"}}, None, "node_role: EKS takes r with node_pools only"),
    ({"compute_config": {"enabled": True, "node_pools": POOLS, "node_role": "nobody"}}, None, "node_role: there is no role nobody"),
    ({"compute_config": {"enabled": True, "node_pools": POOLS, "node_role": "r"}, "node_role": "r", "node_groups": [{"name": "g", "size": 1}]},
     None, "node_role: r is that of the node groups, too"),
    ({}, 3, "nodes: without eks.node_groups Auto Mode makes nodes as pods need them")])
def test_what_eks_would_refuse_is_refused_before(auto: dict[str, Any], aws: MotoEks, eks: dict[str, Any], nodes: int | None,  # noqa: F811
                                                 words: str) -> None:
    auto["eks"].update(eks)
    _iam(aws).create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({}))
    for check in (True, False):
        refused = ensure(check, **{**auto, "nodes": nodes})
        assert refused["failed"] and words in refused["msg"] and not refused["changed"]
    with pytest.raises(KeyError):
        aws.cluster("ci")


@pytest.mark.parametrize(("change", "words"), [
    ({"storageConfig": {}}, "are all either fully enabled or fully disabled"), ({"bootstrapSelfManagedAddons": True}, "must be set to false"),
    ({"computeConfig": {"enabled": True, "nodePools": POOLS}}, "nodePool list cannot be populated")])
def test_the_fake_refuses_what_eks_refuses(aws: MotoEks, change: dict[str, Any], words: str) -> None:  # noqa: F811
    asked = {"computeConfig": {"enabled": True}, "storageConfig": {"blockStorage": {"enabled": True}}, "bootstrapSelfManagedAddons": False,
             "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}}, **change}
    eks = boto3.client("eks", region_name=REGION, endpoint_url=aws.url, **KEYS)
    with pytest.raises(eks.exceptions.InvalidParameterException, match=words):
        eks.create_cluster(name="ci", roleArn="arn:aws:iam::123456789012:role/r", resourcesVpcConfig={"subnetIds": ["a", "b"]}, **asked)


def test_one_that_is_there_is_not_changed_and_the_difference_is_told(given: dict[str, Any], aws: MotoEks) -> None:  # noqa: F811
    ensure(**given)
    given["eks"].update(compute_config={"enabled": True, "node_pools": POOLS})
    again = ensure(**given)
    assert not again["changed"] and not again["failed"]
    assert "ci: eks.compute_config.enabled is True, and the cluster has False; it is not changed" in again["progress"]


@pytest.mark.parametrize("on", [True, False])
def test_it_is_ready_without_a_node(auto: dict[str, Any], aws: MotoEks, monkeypatch: pytest.MonkeyPatch, on: bool) -> None:  # noqa: F811
    """As nodes are made when pods need them; without Auto Mode one is waited for."""
    from ansible_collections.assay.clusters.plugins.module_utils.clusters.eks.platform import Eks

    auto["eks"]["compute_config"]["enabled"] = on
    with FakeApiServer(nodes=0, maker="eks") as api:
        for name in ("access", "kubeconfig"):
            monkeypatch.setattr(Eks, name, lambda self, _cluster: api.kubeconfig)
        if on:
            assert not ensure(**{**auto, "wait_until": "nodes"})["failed"]
        else:
            assert "0 of 1 nodes Ready" in late(lambda told: "0 of 1 nodes" in told, **{**auto, "wait_until": "nodes"})["msg"]
