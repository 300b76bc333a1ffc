# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Platform `eks`: what makes a cluster usable, upgrades that end half way, passing states, and where credentials come from."""
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.clusters.eks import groups
from ansible_collections.assay.clusters.plugins.module_utils.clusters.eks.platform import Eks
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from tests.fakes.moto_eks import MotoEks

from .cluster_task import ensure, info
from .test_eks import KEYS, REGION, aws, given  # noqa: F401  pylint: disable=unused-import

ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
CARLA = "arn:aws:iam::123456789012:role/carla"


@pytest.fixture
def roles(aws: MotoEks) -> Iterator[Any]:  # noqa: F811
    iam = boto3.client("iam", region_name=REGION, endpoint_url=aws.url, **KEYS)
    iam.create_role(RoleName="ebs", AssumeRolePolicyDocument="{}")
    yield iam


def test_a_cluster_that_can_be_used(given: dict[str, Any], aws: MotoEks, roles: Any) -> None:  # noqa: F811
    given["eks"].update(
        logging=["audit"], kms_key="arn:aws:kms:eu-central-1:123456789012:key/1", default_storage_class=True,
        addons=[{"name": "aws-ebs-csi-driver", "role": "ebs"}, {"name": "eks-pod-identity-agent", "version": "v1.3.4-eksbuild.1"}],
        access_entries=[{"principal": CARLA, "groups": ["viewers"], "policies": [{"policy": ADMIN}, {"policy": ADMIN, "namespaces": ["a"]}]}],
        pod_identities=[{"namespace": "shop", "service_account": "web", "role": "ebs"}])
    given["eks"]["node_groups"][1].update(taints=[{"key": "gpu", "value": "1", "effect": "NO_SCHEDULE"}])
    made = ensure(**given)
    assert not made["failed"] and made["changed"], made
    assert any("add-on aws-ebs-csi-driver CREATING" in line for line in made["progress"])
    cluster = aws.cluster("ci")
    asked = cluster.asked
    assert asked["logging"] == {"clusterLogging": [{"types": ["audit"], "enabled": True}]}
    assert asked["accessConfig"] == {"authenticationMode": "API_AND_CONFIG_MAP"} and asked["encryptionConfig"][0]["resources"] == ["secrets"]
    driver = cluster.addons["aws-ebs-csi-driver"]
    assert json.loads(driver["configurationValues"]) == {"defaultStorageClass": {"enabled": True}}
    assert driver["serviceAccountRoleArn"].endswith("role/ebs") and cluster.addons["eks-pod-identity-agent"]["addonVersion"] == "v1.3.4-eksbuild.1"
    assert [p["accessScope"] for p in cluster.entries[CARLA]["policies"]] == [
        {"type": "cluster"}, {"type": "namespace", "namespaces": ["a"]}]
    assert cluster.identities["shop", "web"]["roleArn"].endswith("role/ebs")
    assert cluster.nodegroups["apps"].taints == [{"key": "gpu", "value": "1", "effect": "NO_SCHEDULE"}]
    assert not ensure(**given)["changed"]
    del cluster.addons["eks-pod-identity-agent"]
    assert ensure(**given)["changed"] and "eks-pod-identity-agent" in cluster.addons, "what is missing is made"
    given["eks"]["addons"].append({"name": "vpc-cni", "role": "nobody"})
    assert "eks.addons.role: there is no role nobody" in ensure(**given)["msg"]


def test_versions_may_have_a_v_which_eks_does_not_take(given: dict[str, Any], aws: MotoEks) -> None:  # noqa: F811
    assert ensure(**{**given, "version": "v1.31"})["cluster"]["version"] == "1.31"
    assert ensure(**{**given, "version": "v1.32"})["cluster"]["version"] == "1.32"


def test_an_upgrade_that_ended_before_its_node_groups_goes_on(given: dict[str, Any], aws: MotoEks) -> None:  # noqa: F811
    ensure(**given)
    for group in aws.cluster("ci").nodegroups.values():
        group.version = "1.31"
    aws.cluster("ci").version = "1.32"
    assert info(platform="eks", eks=given["eks"])["clusters"][0]["version"] == "1.31"
    done = ensure(**{**given, "version": "1.32"})
    assert done["changed"] and done["cluster"]["version"] == "1.32", done
    assert {g.version for g in aws.cluster("ci").nodegroups.values()} == {"1.32"}
    assert not ensure(**{**given, "version": "1.32"})["changed"]


def test_a_group_that_is_degraded_in_passing_is_waited_for(given: dict[str, Any], aws: MotoEks) -> None:  # noqa: F811
    ensure(**given)
    aws.cluster("ci").nodegroups["apps"].__dict__["going"] = ["DEGRADED"] * 3
    done = ensure(**given)
    assert not done["failed"] and not done["changed"], done
    assert any("node group apps DEGRADED" in line for line in done["progress"])


def test_a_group_that_stays_degraded_is_told(given: dict[str, Any], aws: MotoEks,  # noqa: F811
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    ensure(**given)
    monkeypatch.setattr(groups, "_GRACE", 0.0)
    aws.cluster("ci").nodegroups["apps"].__dict__["going"] = ["DEGRADED"] * 99
    failed = ensure(**given)
    assert failed["failed"] and "node group apps of ci is DEGRADED" in failed["msg"]


def test_without_waiting_each_call_goes_on(given: dict[str, Any], aws: MotoEks) -> None:  # noqa: F811
    first = ensure(**given, wait=False)
    assert not first["failed"] and first["changed"] and not aws.cluster("ci").nodegroups
    assert any("node groups are made when the control plane is ACTIVE" in line for line in first["progress"])
    aws.settle("ci")
    assert not ensure(**given, wait=False)["failed"] and set(aws.cluster("ci").nodegroups) == {"system", "apps"}


def test_what_is_not_changed_is_told(given: dict[str, Any]) -> None:
    ensure(**given)
    given["eks"].update(subnets=["subnet-1", "subnet-9"], public_access=False)
    told = ensure(**given)
    assert not told["changed"]
    for option in ("eks.subnets is ['subnet-1', 'subnet-9'], and the cluster has ['subnet-1', 'subnet-2']", "eks.public_access is False"):
        assert len([line for line in told["progress"] if option in line]) == 1, told["progress"]


def test_a_kubeconfig_has_keys_on_request_only(given: dict[str, Any]) -> None:
    made = ensure(**given)
    assert KEYS["aws_secret_access_key"] not in json.dumps(made)
    assert any("whoever uses it needs AWS_ACCESS_KEY_ID" in line for line in made["progress"])
    given["eks"]["kubeconfig_credentials"] = True
    settings = {"poll": 0.0, **given["eks"]}
    platform = Eks(settings, Job())
    user = yaml.safe_load(platform.kubeconfig(platform.find("ci")))["users"][0]["user"]["exec"]
    platform.close()
    assert {e["name"]: e["value"] for e in user["env"]} == {
        "AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"]}


@pytest.mark.parametrize(("environ", "region"), [
    ({"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "us-east-1"), ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1")])
def test_region_and_keys_are_those_of_the_task(environ: dict[str, str], region: str) -> None:
    platform = Eks({"poll": 0.0}, Job(environ={**environ, "AWS_ACCESS_KEY_ID": "of-the-task", "AWS_SECRET_ACCESS_KEY": "s"}))
    assert platform._session.region == region
    assert "of-the-task" in platform._session.identity_url("ci", 60)
    platform.close()
