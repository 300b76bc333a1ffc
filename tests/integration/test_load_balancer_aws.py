# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AWS has of a Service's load balancer, in moto's server: found by the tags and names of either controller, and by no
others."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._balancer.aws import PERMISSIONS, Aws
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from tests.fakes.moto_server import KEYS, REGION, client

SPACE, NAME, UID = "assay-3f9a21c0", "lb-0123456789", "6f1e8a52-93cd-4f5e-9d1f-0c7d5e4b3a21"
SERVICE, CALLED = f"{SPACE}/{NAME}", "a6f1e8a5293cd4f5e9d1f0c7d5e4b3a2"
TAG = {"kubernetes.io/service-name": SERVICE}
STACK = {"service.k8s.aws/stack": SERVICE, "elbv2.k8s.aws/cluster": "prod"}


class Account:
    """An AWS account: things of load balancers, each with how it is removed."""

    def __init__(self, moto: str) -> None:
        self.url = moto
        self.ec2, self.elb, self.elbv2 = (client(moto, s) for s in ("ec2", "elb", "elbv2"))
        [self.vpc] = [v["VpcId"] for v in self.ec2.describe_vpcs()["Vpcs"]]
        self.subnets = [s["SubnetId"] for s in self.ec2.describe_subnets()["Subnets"]][:2]

    @staticmethod
    def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
        return [{"Key": k, "Value": v} for k, v in {"team": "payments", **tags}.items()]

    def classic(self, name: str, tags: dict[str, str]) -> Callable[[], Any]:
        self.elb.create_load_balancer(LoadBalancerName=name, Subnets=self.subnets, Tags=self._tags(tags), Listeners=[
            {"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 30080}])
        return lambda: self.elb.delete_load_balancer(LoadBalancerName=name)

    def newer(self, name: str, tags: dict[str, str]) -> Callable[[], Any]:
        arn = self.elbv2.create_load_balancer(Name=name, Subnets=self.subnets, Type="network", Tags=self._tags(tags))[
            "LoadBalancers"][0]["LoadBalancerArn"]
        return lambda: self.elbv2.delete_load_balancer(LoadBalancerArn=arn)

    def target(self, name: str, tags: dict[str, str]) -> Callable[[], Any]:
        arn = self.elbv2.create_target_group(Name=name, Protocol="TCP", Port=30080, VpcId=self.vpc, Tags=self._tags(tags))[
            "TargetGroups"][0]["TargetGroupArn"]
        return lambda: self.elbv2.delete_target_group(TargetGroupArn=arn)

    def group(self, name: str, tags: dict[str, str]) -> Callable[[], Any]:
        made = self.ec2.create_security_group(GroupName=name, Description="of a balancer", VpcId=self.vpc, TagSpecifications=[
            {"ResourceType": "security-group", "Tags": self._tags(tags)}])["GroupId"]
        return lambda: self.ec2.delete_security_group(GroupId=made)

    def aws(self, **more: Any) -> Aws:
        return Aws({"region": REGION, "access_key": KEYS["aws_access_key_id"], "secret_key": KEYS["aws_secret_access_key"],
                    "endpoint_url": self.url, **more}, {"AWS_MAX_ATTEMPTS": "1"}, SPACE, NAME, UID)


@pytest.fixture
def account(moto: str) -> Iterator[Account]:
    yield Account(moto)


@pytest.mark.parametrize(("kind", "name", "tags", "words"), [
    ("classic", "whatever", TAG, "classic load balancer whatever"), ("classic", CALLED, {}, f"classic load balancer {CALLED}"),
    ("newer", "k8s-assay-lb-1", STACK, "load balancer arn:"), ("newer", CALLED, {}, "load balancer arn:"),
    ("target", "k8s-assay-t1", STACK, "target group arn:"), ("group", f"k8s-elb-{CALLED}", {}, "security group sg-"),
    ("group", "k8s-assay-sg", STACK, "security group sg-")])
def test_what_is_left_is_found_until_it_is_gone(account: Account, kind: str, name: str, tags: dict[str, str],
                                                words: str) -> None:
    aws = account.aws()
    assert aws.found() == []
    remove = getattr(account, kind)(name, tags)
    assert [line.startswith(words) for line in aws.found()] == [True]
    remove()
    assert aws.found() == []
    aws.close()


def test_what_goes_while_it_is_looked_at_is_gone(account: Account) -> None:
    """AWS refuses to tell the tags of all that were asked for when one of them is no more."""
    account.classic("kept", TAG)
    remove, aws = account.classic("going", TAG), account.aws()
    aws._apis["elb"].listen("before-call.elastic-load-balancing.DescribeTags", lambda **_more: removes.pop()() and None if removes else None)
    removes = [remove]
    assert aws.found() == ["classic load balancer kept"] and not removes
    aws.close()


def test_what_is_somebody_elses_is_not_taken_for_ours(account: Account) -> None:
    other = {"kubernetes.io/service-name": f"{SPACE}/lb-other", "service.k8s.aws/stack": f"shop/{NAME}"}
    for number, kind in enumerate(("classic", "newer", "target", "group")):
        getattr(account, kind)(f"theirs-{number}", other)
    for number in range(25):  # more than one page of tags
        account.classic(f"crowd-{number}", {})
    assert account.aws().found() == []


def test_an_address_that_is_none_of_aws_is_told(account: Account) -> None:
    with pytest.raises(PlatformError, match="AWS cannot be reached"):
        account.aws(endpoint_url="http://127.0.0.1:9").found()


def test_only_looking_is_asked_for() -> None:
    assert all(a.partition(":")[2].startswith("Describe") for p in PERMISSIONS for a in p.actions)
