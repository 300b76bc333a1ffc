# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The actions of IAM that work on instances asks for. Nothing of it can be bounded to a cluster beforehand: EC2 bounds what
lists to nothing, and volumes and snapshots that are yet to be made have no ARN."""
from __future__ import annotations

LOOKING = ("ec2:DescribeInstances", "ec2:DescribeVolumes", "ec2:DescribeSnapshots")
# Without it status checks are not looked at, which is told.
CHECKING = ("ec2:DescribeInstanceStatus",)
TAKING = ("ec2:CreateSnapshots", "ec2:CreateTags", "ec2:DeleteSnapshot")
REVERTING = ("ec2:CreateVolume", "ec2:CreateTags", "ec2:AttachVolume", "ec2:DetachVolume", "ec2:DeleteVolume", "ec2:DeleteTags",
             "ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances", "ec2:DescribeSpotInstanceRequests",
             "ec2:DescribeInstanceTypes")
REPLACING_ROOTS = ("ec2:CreateReplaceRootVolumeTask", "ec2:DescribeReplaceRootVolumeTasks", "ec2:DescribeInstanceAttribute")
SUSPENDING = ("autoscaling:DescribeAutoScalingGroups", "autoscaling:SuspendProcesses", "autoscaling:ResumeProcesses",
              "autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags")
# Volumes that are encrypted with a key of one's own.
KEYS = ("kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext")
