# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the jobs around the checks ask of AWS: the search for leftovers, and snapshots of machines."""
from __future__ import annotations

from ..engine.declared import CloudPermission
from ..machines.aws.rights import CHECKING, KEYS, LOOKING, REPLACING_ROOTS, REVERTING, SUSPENDING, TAKING

_TAKEN = (CloudPermission("aws", LOOKING, "machines, their disks and snapshots"),
          CloudPermission("aws", CHECKING, "status checks of machines, before and after", optional=True),
          CloudPermission("aws", TAKING, "taking snapshots, and removing them"))
_REVERTED = (*_TAKEN, CloudPermission("aws", REVERTING, "swapping the volumes of machines that are stopped"))

JOBS: dict[str, tuple[CloudPermission, ...]] = {
    "leftovers": (
        CloudPermission("aws", ("ec2:DescribeInstances", "ec2:DescribeVolumes", "ec2:DescribeSnapshots",
                                "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeAddresses"),
                        "what EC2 has of a cluster"),
        CloudPermission("aws", ("ec2:DescribeVpcs", "ec2:DescribeSubnets", "ec2:DescribeRouteTables", "ec2:DescribeNatGateways",
                                "ec2:DescribeInternetGateways", "ec2:DescribeVpcEndpoints", "ec2:DescribeLaunchTemplates",
                                "ec2:DescribeKeyPairs", "autoscaling:DescribeAutoScalingGroups"),
                        "networks, and what makes machines"),
        CloudPermission("aws", ("eks:ListClusters", "eks:DescribeCluster", "eks:ListNodegroups", "cloudformation:DescribeStacks",
                                "logs:DescribeLogGroups"), "clusters of EKS, stacks and logs"),
        CloudPermission("aws", ("iam:ListRoles", "iam:ListRoleTags", "iam:ListInstanceProfiles", "iam:GetInstanceProfile",
                                "iam:ListOpenIDConnectProviders", "iam:ListOpenIDConnectProviderTags"), "what IAM has of a cluster"),
        CloudPermission("aws", ("tag:GetResources", "tag:GetTagKeys"), "what else bears the cluster's tags"),
        CloudPermission("aws", ("kms:DescribeKey",), "whether a key is deleted already", optional=True),
        CloudPermission("aws", ("ec2:DescribeImages",), "images that keep snapshots from being deleted", optional=True),
        CloudPermission("aws", ("elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTargetGroups",
                                "elasticloadbalancing:DescribeTags"), "load balancers of both generations, and their targets"),
        CloudPermission("aws", ("route53:ListHostedZones",), "which zones there are"),
        CloudPermission("aws", ("route53:ListResourceRecordSets",), "records of the cluster",
                        ("arn:{partition}:route53:::hostedzone/{zone}",))),
    "snapshots": _TAKEN,
    "reverts": _REVERTED,
    "replace_root_volume": (*_REVERTED, CloudPermission("aws", REPLACING_ROOTS, "a root volume that EC2 itself replaces")),
    "suspend_auto_scaling": (*_REVERTED, CloudPermission(
        "aws", SUSPENDING, "Auto Scaling groups that leave their members alone meanwhile")),
    "encrypted_volumes": (
        CloudPermission("aws", KEYS, "snapshots and new volumes of disks that are encrypted with a key of one's own",
                        ("arn:{partition}:kms:{region}:{account}:key/*",)),),
}
