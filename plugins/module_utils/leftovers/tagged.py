# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever bears the tags of a cluster at AWS, of which service it may be: asked of the Resource Groups Tagging API.

It knows what is tagged and no more: what is deleted stays in it for hours, and not every service is in it. So kinds that are
listed by their own service are judged by that, and what is told from here is of the other kinds, by its ARN:
https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""
from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..clouds.aws import AwsError, Ec2
from ..clouds.aws_tags import tags_of
from ..common import names
from .model import KEYS, VALUES, Thing, Wanted, owner_of

_AGAIN = "known by its tags only; whether it is being deleted is not seen from here"
_KEY = "kms:key"
# As ARNs call what is listed by its own service, and what goes with a cluster of EKS.
LISTED = {"ec2:instance", "ec2:volume", "ec2:snapshot", "ec2:image", "ec2:network-interface", "ec2:security-group",
          "ec2:elastic-ip", "elasticloadbalancing:loadbalancer", "elasticloadbalancing:targetgroup", "ec2:vpc", "ec2:subnet",
          "ec2:natgateway", "ec2:internet-gateway", "ec2:vpc-endpoint", "ec2:route-table", "ec2:launch-template", "ec2:key-pair",
          "ec2:security-group-rule", "elasticloadbalancing:listener", "elasticloadbalancing:listener-rule",
          "autoscaling:autoScalingGroup", "eks:cluster", "eks:nodegroup", "eks:addon", "eks:fargateprofile",
          "eks:podidentityassociation", "eks:access-entry", "eks:identityproviderconfig", "cloudformation:stack",
          "iam:instance-profile", "iam:oidc-provider"}


def filters(api: Ec2, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """What GetResources is asked for, one after the other: filters of one request must all fit.

    Patterns are no values of a filter. A name that holds a run ends with a time that nobody knows here, so the keys that end
    with such a name are looked up first.
    """
    if wanted.cluster and wanted.run_id:
        for key in api.pages("GetTagKeys", "TagKeys"):
            if any(str(key).startswith(k) and wanted.is_cluster(str(key)[len(k):]) for k in KEYS):
                yield {"Key": str(key)}
        yield from ({"Key": key} for key in VALUES)
    elif wanted.cluster:
        yield from ({"Key": f"{key}{wanted.cluster}"} for key in KEYS)
        yield from ({"Key": key, "Values": [wanted.cluster]} for key in VALUES)
    if wanted.run_id:
        yield {"Key": names.RUN, "Values": [wanted.run_id]}
    yield from ({"Key": key} for key in wanted.tags)


def kind_of(arn: str) -> tuple[str, str]:
    """(kind, name): arn:aws:ec2:REGION:ACCOUNT:natgateway/nat-1 -> ec2:natgateway, nat-1; without a type the service alone is
    the kind, as of s3 and sqs."""
    service, rest = arn.split(":", 5)[2], arn.split(":", 5)[5]
    kind, *name = re.split("[/:]", rest, maxsplit=1)
    return (f"{service}:{kind}", name[0]) if name else (service, rest)


def tagged(api: Ec2, kms: Ec2, wanted: Wanted, known: Collection[str]) -> list[Thing]:
    """What bears a tag that is looked for, of kinds that nothing else here lists; the kind is the ARN's. known: ids of what is
    told already."""
    found: dict[str, Mapping[str, str]] = {}
    for one in filters(api, wanted):
        for item in api.pages("GetResources", "ResourceTagMappingList", TagFilters=[one]):
            tags = tags_of(item)
            if wanted.tagged(tags):
                found[str(item["ResourceARN"])] = tags
    return [Thing("aws", kind, arn, tags.get("Name", ""), owner=owner_of(tags), detail=_AGAIN)
            for arn, tags in sorted(found.items()) for kind, name in (kind_of(arn),)
            if kind not in LISTED and name not in known and not (kind == _KEY and _goes(kms, arn))]


def _goes(kms: Ec2, arn: str) -> bool:
    """A key stays for a week at least after it was deleted. One that may not be looked at counts as left."""
    try:
        return kms.call("DescribeKey", arn, KeyId=arn)["KeyMetadata"].get("KeyState") == "PendingDeletion"
    except AwsError as e:
        if e.code not in ("AccessDenied", "AccessDeniedException", "NotFoundException"):
            raise
        return e.code == "NotFoundException"
