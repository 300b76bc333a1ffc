# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policy that checks need at AWS: what they declare and no more, bounded where it can be."""
from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.arguments.cluster import AWS_POLICY
from ansible_collections.assay.clusters.plugins.module_utils.engine import cloud_rights, registry
from ansible_collections.assay.clusters.plugins.module_utils.engine.declared import CloudPermission
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import BadInput
from ansible_collections.assay.clusters.plugins.module_utils.pipeline import aws_rights

ARGS = {name: spec["default"] for name, spec in AWS_POLICY.items()}
LOOK = CloudPermission("aws", ("ec2:DescribeVolumes", "ec2:DescribeInstances"), "volumes")
MORE = CloudPermission("aws", ("ec2:DescribeVolumes",), "the same, for another reason", optional=True)
ZONE = CloudPermission("aws", ("route53:ListResourceRecordSets",), "records", ("arn:{partition}:route53:::hostedzone/{zone}",))
LOGS = CloudPermission("aws", ("logs:FilterLogEvents",), "audit lines",
                       ("arn:{partition}:logs:{region}:{account}:log-group:{log_group}:*",), optional=True)
DECLARED = [(c.name, p) for c in registry.load().values() for p in c.cloud_permissions if p.cloud == "aws"]
OF_JOBS = [(job, p) for job, asked in aws_rights.JOBS.items() for p in asked]


def told(*wanted: CloudPermission, **args: Any) -> dict[str, Any]:
    return cloud_rights.told([("edge", p) for p in wanted], {**ARGS, **args})


def statements(document: dict[str, Any]) -> dict[tuple[str, ...], list[str]]:
    assert document["Version"] == "2012-10-17" and all(s["Effect"] == "Allow" for s in document["Statement"])
    return {tuple(s["Resource"]): s["Action"] for s in document["Statement"]}


def test_actions_are_there_once_with_what_bounds_them() -> None:
    found = told(LOOK, MORE, ZONE, hosted_zone_ids=["Z2", "Z1"], partition="aws-cn")
    assert statements(found["policy"]) == {
        ("*",): ["ec2:DescribeInstances", "ec2:DescribeVolumes"],
        ("arn:aws-cn:route53:::hostedzone/Z1", "arn:aws-cn:route53:::hostedzone/Z2"): ["route53:ListResourceRecordSets"]}
    assert found["actions"] == ["ec2:DescribeInstances", "ec2:DescribeVolumes", "route53:ListResourceRecordSets"]


def test_what_is_allowed_anywhere_is_not_said_again_with_bounds() -> None:
    arn = "arn:{partition}:ec2:{region}:{account}:volume/*"
    anywhere = {("*",): ["ec2:DescribeInstances", "ec2:DescribeVolumes"]}
    assert statements(told(CloudPermission("aws", ("ec2:DescribeVolumes",), "one", (arn,)), LOOK)["policy"]) == anywhere
    both = CloudPermission("aws", ("ec2:DescribeVolumes", "ec2:GetConsoleOutput"), "one, and more", (arn,))
    assert statements(told(both, LOOK)["policy"]) == {**anywhere, ("arn:aws:ec2:*:*:volume/*",): ["ec2:GetConsoleOutput"]}


def test_what_is_optional_can_be_left_out_and_is_told() -> None:
    found = told(LOOK, MORE, LOGS, optional=False)
    assert found["not_included"] == {"logs:FilterLogEvents": "audit lines"} and len(found["needs"]) == 1
    everything = told(LOOK, LOGS, region="eu-central-1", account_id="123456789012", log_groups=["/aws/eks/prod/cluster"])
    assert everything["not_included"] == {} and [n["optional"] for n in everything["needs"]] == [False, True]
    assert ("arn:aws:logs:eu-central-1:123456789012:log-group:/aws/eks/prod/cluster:*",) in statements(everything["policy"])


def test_of_no_needs_there_is_no_statement() -> None:
    assert told() == {"policy": {"Version": "2012-10-17", "Statement": []}, "actions": [], "needs": [], "not_included": {}}


@pytest.mark.parametrize("args", [
    {"hosted_zone_ids": ["example.com"]}, {"account_id": "12345"}, {"region": "eu-central-1b"}, {"partition": "*"},
    {"log_groups": ["a b"]}, {"hosted_zone_ids": []}])
def test_a_bound_that_is_none_is_refused_by_its_option(args: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=f"^{next(iter(args))}: "):
        told(ZONE, LOGS, **args)


@pytest.mark.parametrize(("name", "asked"), [*DECLARED, *OF_JOBS])
def test_what_is_declared_fits_into_a_policy(name: str, asked: CloudPermission) -> None:
    assert asked.why and not asked.why.endswith(".")
    assert all(re.fullmatch(r"[a-z0-9-]+:[A-Z]\w+", a) for a in asked.actions), (name, asked.actions)
    assert all(r == "*" or r.startswith("arn:{partition}:") for r in asked.resources)
    assert statements(told(asked)["policy"])


@pytest.mark.parametrize(("name", "asked"), DECLARED)
def test_checks_only_look(name: str, asked: CloudPermission) -> None:
    assert all(re.match(r"[\w-]+:(Describe|List|Get|Filter|Lookup|Test)", a) for a in asked.actions), (name, asked.actions)


def test_every_job_is_an_option_and_every_option_a_job() -> None:
    assert set(AWS_POLICY["jobs"]["choices"]) == set(aws_rights.JOBS)
