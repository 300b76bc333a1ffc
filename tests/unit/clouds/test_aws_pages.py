# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lists of AWS in pages: asked for in pages where everything would come at once, never in larger ones than are allowed."""
from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ansible_collections.assay.clusters.plugins.module_utils.clouds.aws import Ec2


def _client(service: str) -> Any:
    return boto3.client(service, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")


@pytest.mark.parametrize(("operation", "key", "items", "most"), [
    ("DescribeSnapshots", "Snapshots", [{"SnapshotId": "snap-1"}, {"SnapshotId": "snap-2"}], 500),
    ("DescribeNetworkInterfaces", "NetworkInterfaces", [{"NetworkInterfaceId": "eni-1"}, {"NetworkInterfaceId": "eni-2"}], 500),
    ("DescribeLaunchTemplates", "LaunchTemplates", [{"LaunchTemplateId": "lt-1"}, {"LaunchTemplateId": "lt-2"}], 200),
    ("DescribeRouteTables", "RouteTables", [{"RouteTableId": "rtb-1"}, {"RouteTableId": "rtb-2"}], 100),
])
def test_what_ec2_lists_is_asked_for_in_pages_that_the_operation_allows(operation: str, key: str, items: list[dict[str, str]],
                                                                        most: int) -> None:
    client = _client("ec2")
    with Stubber(client) as stub:
        name = "".join("_" + c.lower() if c.isupper() else c for c in operation)[1:]
        stub.add_response(name, {key: items[:1], "NextToken": "more"}, {"MaxResults": most})
        stub.add_response(name, {key: items[1:]}, {"MaxResults": most, "NextToken": "more"})
        assert Ec2(client, "eu-central-1").pages(operation, key) == items
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(("service", "operation", "key"), [
    ("elbv2", "DescribeLoadBalancers", "LoadBalancers"), ("autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups"),
    ("route53", "ListHostedZones", "HostedZones"), ("ssm", "DescribeParameters", "Parameters")])
def test_services_that_answer_in_pages_of_their_own_keep_their_sizes(service: str, operation: str, key: str) -> None:
    asked: list[dict[str, Any]] = []
    client = _client(service)
    client.meta.events.register("provide-client-params.*", lambda params, **_more: asked.append(dict(params)))
    with Stubber(client) as stub:
        name = "".join("_" + c.lower() if c.isupper() else c for c in operation)[1:]
        more = {"Marker": "", "IsTruncated": False, "MaxItems": "100"} if service == "route53" else {}
        stub.add_response(name, {key: [], **more})
        assert Ec2(client, "eu-central-1").pages(operation, key) == [] and asked == [{}]
