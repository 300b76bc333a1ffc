# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kinds of AWS besides machines and load balancers: networks, EKS, stacks, logs, IAM, and what only the tagging API knows."""
from __future__ import annotations

import json
import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption
from tests.fakes.moto_server import client
from tests.integration.aws_left import NAME, OURS, Cloud, cloud, tag_list

__all__ = ["cloud"]  # the fixture

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def test_networks_of_others_are_not_listed(cloud: Cloud) -> None:
    cloud.of_networks({})
    assert cloud.ask()["leftovers"] == []


def test_networks_of_the_cluster_are_left(cloud: Cloud) -> None:
    planted = cloud.of_networks(OURS)
    found = {(i["kind"], i["id"]) for i in cloud.ask()["leftovers"]}
    assert set(planted.items()) <= found and {k for k, _id in found} <= {*planted, "network_interface"}
    cloud.ec2.delete_nat_gateway(NatGatewayId=planted["nat_gateway"])
    assert "nat_gateway" not in {i["kind"] for i in cloud.ask()["leftovers"]}, "it is listed for an hour more"


def test_a_kind_that_is_not_known_is_told_by_its_tags(cloud: Cloud) -> None:
    for name, tags in (("ours", OURS), ("others", {"team": "payments"}), ("shared", {f"kubernetes.io/cluster/{NAME}": "shared"})):
        queue = cloud.sqs.create_queue(QueueName=name, tags=tags)["QueueUrl"]
        if name == "ours":
            first = queue
    [left] = cloud.ask()["leftovers"]
    assert (left["kind"], left["owner"]) == ("sqs", "ci.runner") and left["id"].endswith(":ours")
    assert left["detail"].startswith("known by its tags only")
    cloud.sqs.delete_queue(QueueUrl=first)
    assert cloud.ask()["leftovers"] == []


@pytest.mark.fair("requests are counted")
def test_while_something_is_left_only_its_kind_is_listed(cloud: Cloud) -> None:
    key, remove = cloud.volume(OURS)
    looks: list[str] = []

    def later(text: str) -> str:
        looks.append(text)
        if len(looks) == 4:
            remove()
        return text

    cloud.front.edit("DescribeVolumes", later, times=9)
    assert cloud.ask(wait=True, wait_timeout=600)["clean"] and any(key in line for line in cloud.lines)
    asked = cloud.front.actions()
    assert asked.count("DescribeVolumes") == 6 and asked.count("DescribeSnapshots") == 2, "at first, and once all seems gone"
    assert asked.count("GET /2013-04-01/hostedzone") == 2


def _named(cloud: Cloud, name: str, tags: dict[str, str]) -> None:
    """What an EKS cluster of this name has besides machines."""
    eks, iam = client(cloud.moto, "eks"), client(cloud.moto, "iam")
    role = iam.create_role(RoleName=f"eksctl-{name}-cluster", AssumeRolePolicyDocument=TRUST, Tags=tag_list(tags))["Role"]["Arn"]
    eks.create_cluster(name=name, roleArn=role, resourcesVpcConfig={"subnetIds": cloud.subnets})
    eks.create_nodegroup(clusterName=name, nodegroupName="workers", subnets=cloud.subnets, nodeRole=role)
    client(cloud.moto, "cloudformation").create_stack(StackName=f"eksctl-{name}-cluster", Tags=tag_list(tags), TemplateBody=json.dumps(
        {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}))
    client(cloud.moto, "logs").create_log_group(logGroupName=f"/aws/eks/{name}/cluster")
    iam.create_instance_profile(InstanceProfileName=f"nodes.{name}", Tags=tag_list(tags))
    iam.add_role_to_instance_profile(InstanceProfileName=f"nodes.{name}", RoleName=f"eksctl-{name}-cluster")
    iam.create_open_id_connect_provider(Url=f"https://oidc.eks.eu-central-1.amazonaws.com/id/{name.upper()}", Tags=tag_list(tags))


def _deleted(cloud: Cloud) -> None:
    eks, iam = client(cloud.moto, "eks"), client(cloud.moto, "iam")
    eks.delete_nodegroup(clusterName=NAME, nodegroupName="workers")
    eks.delete_cluster(name=NAME)
    client(cloud.moto, "cloudformation").delete_stack(StackName=f"eksctl-{NAME}-cluster")
    client(cloud.moto, "logs").delete_log_group(logGroupName=f"/aws/eks/{NAME}/cluster")
    iam.remove_role_from_instance_profile(InstanceProfileName=f"nodes.{NAME}", RoleName=f"eksctl-{NAME}-cluster")
    iam.delete_instance_profile(InstanceProfileName=f"nodes.{NAME}")
    iam.delete_role(RoleName=f"eksctl-{NAME}-cluster")
    for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])


def test_what_is_called_after_the_cluster_is_left_until_it_is_deleted(cloud: Cloud) -> None:
    _named(cloud, NAME, OURS)
    client(cloud.moto, "logs").create_log_group(logGroupName=f"/aws/eks/{NAME}0/cluster")
    found = {i["kind"]: i for i in cloud.ask()["leftovers"]}
    assert {k: i["id"] for k, i in found.items() if k not in ("oidc_provider", "instance", "volume", "network_interface")} == {
        "eks_cluster": NAME, "node_group": f"{NAME}/workers", "stack": f"eksctl-{NAME}-cluster", "role": f"eksctl-{NAME}-cluster",
        "log_group": f"/aws/eks/{NAME}/cluster", "instance_profile": f"nodes.{NAME}"}
    assert found["oidc_provider"]["name"].endswith(f"/{NAME.upper()}")
    assert found["eks_cluster"]["detail"] == f"in use by {NAME}/workers" and found["role"]["detail"] == f"in use by nodes.{NAME}"
    _deleted(cloud)
    assert cloud.ask()["leftovers"] == []


def test_what_is_called_after_another_cluster_is_not_ours(cloud: Cloud) -> None:
    _named(cloud, f"{NAME}0", {})
    assert cloud.ask()["leftovers"] == []


def test_a_key_that_waits_for_its_deletion_is_not_left(cloud: Cloud) -> None:
    kms = client(cloud.moto, "kms")
    key = kms.create_key(Tags=[{"TagKey": k, "TagValue": v} for k, v in OURS.items()])["KeyMetadata"]["KeyId"]
    [left] = cloud.ask()["leftovers"]
    assert left["kind"] == "kms:key" and left["id"].endswith(key)
    kms.schedule_key_deletion(KeyId=key)
    assert cloud.ask()["leftovers"] == []


@pytest.mark.parametrize("name", [f"{NAME}-r1-x26112106", NAME])
def test_names_that_hold_the_run_are_found_by_their_tags(cloud: Cloud, name: str) -> None:
    for queue, tags in (("ours", {f"kubernetes.io/cluster/{name}": "owned"}), ("named", {"eks:cluster-name": name}),
                        ("other", {f"kubernetes.io/cluster/{NAME}-r2-x26112106": "owned"})):
        cloud.sqs.create_queue(QueueName=queue, tags=tags)
    assert [i["id"].rpartition(":")[2] for i in cloud.ask(run_id="r1")["leftovers"]] == ["named", "ours"]


def test_kinds_that_are_left_out_are_not_asked_for_and_told(cloud: Cloud) -> None:
    for action in ("ListRoles", "ListInstanceProfiles", "ListOpenIDConnectProviders"):
        cloud.front.refuse(action, "AccessDenied", "no", times=9, status=403)
    assert {i["kind"] for i in cloud.ask()["leftovers"]} == {"role", "instance_profile", "oidc_provider"}
    found = cloud.ask(aws={"skip_kinds": ["role", "instance_profile", "oidc_provider"]})
    assert found["clean"] and found["msg"] == "nothing is left (not looked for: role, instance_profile, oidc_provider)"
    with pytest.raises(BadOption, match="aws.skip_kinds: iam is no kind; choose of instance, volume, .*, dns_record, tagged"):
        cloud.ask(aws={"skip_kinds": ["iam"]})
