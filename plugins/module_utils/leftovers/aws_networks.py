# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Networks and what is in them, and what makes machines: Auto Scaling groups, launch templates, key pairs."""
from __future__ import annotations

from collections.abc import Callable

from ..clouds.aws import Ec2
from ..clouds.aws_tags import tags_of
from .aws_machines import Row
from .model import iso


def _plain(ec2: Ec2, operation: str, key: str, kind: str, number: str, created: str = "") -> list[Row]:
    """Of a kind that all there is to know of is its tags."""
    return [Row(kind, i[number], tags_of(i), created=iso(i.get(created))) for i in ec2.pages(operation, key)]


def _networks(ec2: Ec2) -> list[Row]:
    return _plain(ec2, "DescribeVpcs", "Vpcs", "vpc", "VpcId")


def _subnets(ec2: Ec2) -> list[Row]:
    return _plain(ec2, "DescribeSubnets", "Subnets", "subnet", "SubnetId")


def _tables(ec2: Ec2) -> list[Row]:
    return _plain(ec2, "DescribeRouteTables", "RouteTables", "route_table", "RouteTableId")


def _internet_gateways(ec2: Ec2) -> list[Row]:
    return _plain(ec2, "DescribeInternetGateways", "InternetGateways", "internet_gateway", "InternetGatewayId")


def _templates(ec2: Ec2) -> list[Row]:
    return _plain(ec2, "DescribeLaunchTemplates", "LaunchTemplates", "launch_template", "LaunchTemplateId", "CreateTime")


def _nat_gateways(ec2: Ec2) -> list[Row]:
    """One that is deleted is listed for an hour more."""
    return [Row("nat_gateway", g["NatGatewayId"], tags_of(g), created=iso(g.get("CreateTime")), uses=[
                a["AllocationId"] for a in g.get("NatGatewayAddresses") or [] if a.get("AllocationId")])
            for g in ec2.pages("DescribeNatGateways", "NatGateways") if g.get("State") != "deleted"]


def _endpoints(ec2: Ec2) -> list[Row]:
    return [Row("vpc_endpoint", e["VpcEndpointId"], tags_of(e), created=iso(e.get("CreationTimestamp")),
                uses=e.get("NetworkInterfaceIds") or [])
            for e in ec2.pages("DescribeVpcEndpoints", "VpcEndpoints") if str(e.get("State")).lower() != "deleted"]


def _key_pairs(ec2: Ec2) -> list[Row]:
    return [Row("key_pair", k.get("KeyPairId") or k["KeyName"], tags_of(k), k["KeyName"], iso(k.get("CreateTime")))
            for k in ec2.call("DescribeKeyPairs").get("KeyPairs", [])]


def _scaling_groups(autoscaling: Ec2) -> list[Row]:
    return [Row("auto_scaling_group", g["AutoScalingGroupName"], tags_of(g), g["AutoScalingGroupName"], iso(g.get("CreatedTime")),
                uses=[i["InstanceId"] for i in g.get("Instances") or []])
            for g in autoscaling.pages("DescribeAutoScalingGroups", "AutoScalingGroups")]


KINDS: tuple[tuple[str, str, Callable[[Ec2], list[Row]]], ...] = (
    ("vpc", "ec2", _networks), ("subnet", "ec2", _subnets), ("route_table", "ec2", _tables), ("nat_gateway", "ec2", _nat_gateways),
    ("internet_gateway", "ec2", _internet_gateways), ("vpc_endpoint", "ec2", _endpoints), ("launch_template", "ec2", _templates),
    ("key_pair", "ec2", _key_pairs), ("auto_scaling_group", "autoscaling", _scaling_groups))
