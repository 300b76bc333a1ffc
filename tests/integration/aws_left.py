# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An account of AWS in moto's server with leaks of each kind, and the search for them."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.leftovers import job as leftovers_job
from tests.fakes.ec2_front import Front
from tests.fakes.moto_server import KEYS, REGION, client
from tests.fakes.weather import SKY

NAME = "ci-3f9a1c07"
OURS = {f"kubernetes.io/cluster/{NAME}": "owned", "assay.clusters/owner": "ci.runner"}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Never empty: AWS refuses to tag with nothing."""
    return [{"Key": k, "Value": v} for k, v in (tags or {"team": "payments"}).items()]


class Cloud:
    """An AWS account, and leftovers_info on it."""

    def __init__(self, moto: str) -> None:
        self.ec2, self.elb, self.elbv2, self.route53 = (client(moto, s) for s in ("ec2", "elb", "elbv2", "route53"))
        self.moto, self.scaling, self.sqs = moto, client(moto, "autoscaling"), client(moto, "sqs")
        self.front = Front(moto, self.ec2)
        [self.vpc] = [v["VpcId"] for v in self.ec2.describe_vpcs()["Vpcs"]]
        self.subnets = [s["SubnetId"] for s in self.ec2.describe_subnets()["Subnets"]][:2]
        self.lines: list[str] = []

    def ask(self, **params: Any) -> dict[str, Any]:
        job = Job(say=self.lines.append, environ={} if SKY.foul else {"AWS_MAX_ATTEMPTS": "1"})
        aws = {"region": REGION, "access_key": KEYS["aws_access_key_id"], "secret_key": KEYS["aws_secret_access_key"],
               "endpoint_url": self.front.url, **params.pop("aws", {})}
        return leftovers_job.entry({"providers": ["aws"], "name": NAME, "wait": False, "wait_timeout": 0, "wait_sleep": 0.05,
                                    "fail_on_leftovers": False, "aws": aws, **params}, job)

    def spec(self, kind: str, tags: dict[str, str]) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": tag_list(tags)}]

    # ---- one leak of each kind: (id, how it is removed) ------------------------------------------------------
    def instance(self, tags: dict[str, str]) -> tuple[str, Callable[[], Any]]:
        made = self.ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, SubnetId=self.subnets[0],
                                      TagSpecifications=self.spec("instance", tags))["Instances"][0]["InstanceId"]
        return made, lambda: self.ec2.terminate_instances(InstanceIds=[made])

    def volume(self, tags: dict[str, str]) -> tuple[str, Callable[[], Any]]:
        made = self.ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1, TagSpecifications=self.spec("volume", tags))["VolumeId"]
        return made, lambda: self.ec2.delete_volume(VolumeId=made)

    def snapshot(self, tags: dict[str, str]) -> tuple[str, Callable[[], Any]]:
        of, _remove = self.volume({})
        made = self.ec2.create_snapshot(VolumeId=of, TagSpecifications=self.spec("snapshot", tags))["SnapshotId"]
        return made, lambda: self.ec2.delete_snapshot(SnapshotId=made)

    def network_interface(self, tags: dict[str, str], *groups: str) -> tuple[str, Callable[[], Any]]:
        more = {"Groups": list(groups)} if groups else {}
        made = self.ec2.create_network_interface(SubnetId=self.subnets[0], TagSpecifications=self.spec("network-interface", tags),
                                                 **more)["NetworkInterface"]["NetworkInterfaceId"]
        return made, lambda: self.ec2.delete_network_interface(NetworkInterfaceId=made)

    def security_group(self, tags: dict[str, str]) -> tuple[str, Callable[[], Any]]:
        made = self.ec2.create_security_group(GroupName="k8s-elb-a1b2", Description="of a balancer", VpcId=self.vpc,
                                              TagSpecifications=self.spec("security-group", tags))["GroupId"]
        return made, lambda: self.ec2.delete_security_group(GroupId=made)

    def address(self, tags: dict[str, str]) -> tuple[str, Callable[[], Any]]:
        made = self.ec2.allocate_address(Domain="vpc", TagSpecifications=self.spec("elastic-ip", tags))["AllocationId"]
        return made, lambda: self.ec2.release_address(AllocationId=made)

    def classic_load_balancer(self, tags: dict[str, str]) -> tuple[str, Callable[[], Any]]:
        self.elb.create_load_balancer(LoadBalancerName="a1b2c3", AvailabilityZones=[f"{REGION}a"], Tags=tag_list(tags),
                                      Listeners=[{"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 30080}])
        return "a1b2c3", lambda: self.elb.delete_load_balancer(LoadBalancerName="a1b2c3")

    def load_balancer(self, tags: dict[str, str]) -> tuple[str, Callable[[], Any]]:
        made = self.elbv2.create_load_balancer(Name="k8s-shop-web", Subnets=self.subnets, Type="network",
                                               Tags=tag_list(tags))["LoadBalancers"][0]["LoadBalancerArn"]
        return made, lambda: self.elbv2.delete_load_balancer(LoadBalancerArn=made)

    def target_group(self, tags: dict[str, str]) -> tuple[str, Callable[[], Any]]:
        made = self.elbv2.create_target_group(Name="k8s-shop-web", Protocol="TCP", Port=80, VpcId=self.vpc,
                                              Tags=tag_list(tags))["TargetGroups"][0]["TargetGroupArn"]
        return made, lambda: self.elbv2.delete_target_group(TargetGroupArn=made)

    def of_networks(self, tags: dict[str, str]) -> dict[str, str]:
        """One of each kind that makes networks and machines: kind to id."""
        vpc = self.ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=self.spec("vpc", tags))["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24",
                                        TagSpecifications=self.spec("subnet", tags))["Subnet"]["SubnetId"]
        template = self.ec2.create_launch_template(LaunchTemplateName="ci", LaunchTemplateData={"ImageId": "ami-1"},
                                                   TagSpecifications=self.spec("launch-template", tags))["LaunchTemplate"]
        self.scaling.create_auto_scaling_group(
            AutoScalingGroupName="ci-workers", MinSize=0, MaxSize=1, AvailabilityZones=[f"{REGION}a"],
            LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"]}, Tags=tag_list(tags))
        return {
            "vpc": vpc, "subnet": subnet, "launch_template": template["LaunchTemplateId"], "auto_scaling_group": "ci-workers",
            "route_table": self.ec2.create_route_table(
                VpcId=vpc, TagSpecifications=self.spec("route-table", tags))["RouteTable"]["RouteTableId"],
            "internet_gateway": self.ec2.create_internet_gateway(
                TagSpecifications=self.spec("internet-gateway", tags))["InternetGateway"]["InternetGatewayId"],
            "nat_gateway": self.ec2.create_nat_gateway(
                SubnetId=subnet, ConnectivityType="private",
                TagSpecifications=self.spec("natgateway", tags))["NatGateway"]["NatGatewayId"],
            "vpc_endpoint": self.ec2.create_vpc_endpoint(
                VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3",
                TagSpecifications=self.spec("vpc-endpoint", tags))["VpcEndpoint"]["VpcEndpointId"],
            "key_pair": self.ec2.create_key_pair(KeyName="ci", TagSpecifications=self.spec("key-pair", tags))["KeyPairId"]}

    def zone(self) -> str:
        return str(self.route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"])

    def record(self, zone: str, name: str, kind: str, value: str, action: str = "CREATE") -> None:
        self.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{
            "Action": action, "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}}]})

    def dns_record(self, tags: dict[str, str]) -> tuple[str, Callable[[], Any]]:
        zone = self.zone()
        note = f'"heritage=external-dns,external-dns/owner={NAME},external-dns/resource=service/shop/web"'
        self.record(zone, "www.example.com", "A", "192.0.2.7")
        if tags:
            self.record(zone, "a-www.example.com", "TXT", note)

        def remove() -> None:
            self.record(zone, "www.example.com", "A", "192.0.2.7", "DELETE")
            self.record(zone, "a-www.example.com", "TXT", note, "DELETE")

        return f"{zone.rpartition('/')[2]}/www.example.com/A", remove


@pytest.fixture
def cloud(moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """For the tests that import it: nothing of whoever runs them is heeded."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent",
                        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}.items():
        monkeypatch.setenv(name, value)
    made = Cloud(moto)
    yield made
    made.front.close()
