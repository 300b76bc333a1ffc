# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is a cluster's by its name, or bears tags that only its own service tells: clusters of EKS, stacks, logs, and of IAM.

GetResources of the tagging API knows neither roles nor log groups without tags, and EKS tags none that it makes:
https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
"""
from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

from ..clouds.aws import AwsError, Ec2
from ..clouds.aws_tags import tags_of
from .aws_machines import Row
from .model import Wanted, iso

# As EKS and Container Insights begin the names of a cluster's log groups; then comes the cluster.
_LOGS = ("/aws/eks/", "/aws/containerinsights/")
_GONE = {"ResourceNotFoundException", "NoSuchEntity"}


def _clusters(eks: Ec2, wanted: Wanted) -> list[Row]:
    """Clusters of EKS and, of those that are looked for, the node groups."""
    rows: list[Row] = []
    for name in eks.pages("ListClusters", "clusters"):
        for of in _there(eks, "DescribeCluster", name=name):
            tags = {str(k): str(v) for k, v in (of["cluster"].get("tags") or {}).items()}
            rows.append(Row("eks_cluster", str(name), tags, str(name), iso(of["cluster"].get("createdAt")), cluster=str(name)))
            if wanted.is_cluster(str(name)) or wanted.fits(tags, str(name)):
                rows += [Row("node_group", f"{name}/{g}", name=str(g), parents=[str(name)], uses=[str(name)])
                         for found in _there(eks, "ListNodegroups", clusterName=name) for g in found["nodegroups"]]
    return rows


def _there(api: Ec2, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """Its answer, or nothing where what is asked of went meanwhile."""
    try:
        yield api.call(operation, **arguments)
    except AwsError as e:
        if e.code not in _GONE:
            raise


def _stacks(formation: Ec2, _wanted: Wanted) -> list[Row]:
    return [Row("stack", s["StackName"], tags_of(s), s["StackName"], iso(s.get("CreationTime")), held=s.get("StackStatusReason") or ""
                if s["StackStatus"] == "DELETE_FAILED" else "")
            for s in formation.pages("DescribeStacks", "Stacks") if s["StackStatus"] != "DELETE_COMPLETE"]


def _logs(logs: Ec2, wanted: Wanted) -> list[Row]:
    found = [g for start in _LOGS if wanted.cluster
             for g in logs.pages("DescribeLogGroups", "logGroups", logGroupNamePrefix=start + wanted.cluster)]
    return [Row("log_group", g["logGroupName"], name=g["logGroupName"], created=iso(datetime.datetime.fromtimestamp(
                g["creationTime"] / 1000, datetime.timezone.utc)), cluster=g["logGroupName"].split("/")[3]) for g in found]


def _may_be(name: str, wanted: Wanted) -> bool:
    """Lists of IAM hold no tags, and a question for each of a thousand roles would take minutes."""
    return bool(wanted.cluster) and wanted.cluster in name or wanted.named(name)


def _roles(iam: Ec2, wanted: Wanted) -> list[Row]:
    return [Row("role", r["RoleName"], tags_of(t), r["RoleName"], iso(r.get("CreateDate")))
            for r in iam.pages("ListRoles", "Roles") if _may_be(r["RoleName"], wanted)
            for t in _there(iam, "ListRoleTags", RoleName=r["RoleName"])]


def _profiles(iam: Ec2, wanted: Wanted) -> list[Row]:
    return [Row("instance_profile", p["InstanceProfileName"], tags_of(t["InstanceProfile"]), p["InstanceProfileName"], iso(p.get("CreateDate")),
                uses=[r["RoleName"] for r in p.get("Roles") or []])
            for p in iam.pages("ListInstanceProfiles", "InstanceProfiles") if _may_be(p["InstanceProfileName"], wanted)
            for t in _there(iam, "GetInstanceProfile", InstanceProfileName=p["InstanceProfileName"])]


def _providers(iam: Ec2, wanted: Wanted) -> list[Row]:
    """Those of EKS are called by a number, so all of them are asked; an account has a hundred at most."""
    arns = [p["Arn"] for p in iam.call("ListOpenIDConnectProviders")["OpenIDConnectProviderList"]]
    return [Row("oidc_provider", arn, tags_of(t), arn.partition("oidc-provider/")[2])
            for arn in arns if "/oidc.eks." in arn or _may_be(arn, wanted)
            for t in _there(iam, "ListOpenIDConnectProviderTags", OpenIDConnectProviderArn=arn)]


KINDS: tuple[tuple[str, str, Callable[[Ec2, Wanted], list[Row]]], ...] = (
    ("eks_cluster", "eks", _clusters), ("stack", "cloudformation", _stacks), ("log_group", "logs", _logs), ("role", "iam", _roles),
    ("instance_profile", "iam", _profiles), ("oidc_provider", "iam", _providers))
