# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who else decides about an instance while it is reverted: an Auto Scaling group, which replaces members that are stopped.

The EC2 health check of a group checks that a member runs; one that does not is terminated and replaced, and its volumes go with
it: https://docs.aws.amazon.com/autoscaling/ec2/userguide/health-checks-overview.html. So four of the group's processes are
suspended meanwhile. A tag on the group says which ones were by us, so that a later call, or the guardian, resumes these and no
others; its first word is the revert that they are suspended for.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...clouds.aws import Ec2
from ...clouds.aws_tags import tags_of
from ...common import names
from ...jobs.errors import PlatformError
from .sets import FILTER_VALUES, PREFIX

MEMBER = "aws:autoscaling:groupName"
PROCESSES = ("HealthCheck", "ReplaceUnhealthy", "Terminate", "AZRebalance")
MARK = f"{PREFIX}suspended"


class Owners:
    """The Auto Scaling groups of some instances. members: group to ids of the instances that are reverted."""

    def __init__(self, scaling: Ec2, ec2: Ec2, members: Mapping[str, Sequence[str]], nonce: str = "") -> None:
        self._scaling, self._ec2, self.members = scaling, ec2, dict(members)
        self.nonce = nonce or names.nonce()

    def suspend(self, tell: Callable[[str], None]) -> None:
        """What was suspended before, by whomever, stays so afterwards, too."""
        for group in self._groups():
            name, marked = group["AutoScalingGroupName"], _marked(group)[1:]
            before = {p["ProcessName"] for p in group.get("SuspendedProcesses") or []}
            ours = [p for p in PROCESSES if p not in before or p in marked]
            if not ours:
                continue
            self._scaling.call("CreateOrUpdateTags", name, Tags=[{**_tag(name), "Value": " ".join([self.nonce, *ours]),
                                                                  "PropagateAtLaunch": False}])
            self._scaling.call("SuspendProcesses", name, AutoScalingGroupName=name, ScalingProcesses=ours)
            tell(f"Auto Scaling group {name}: {', '.join(ours)} suspended")

    def resume(self, tell: Callable[[str], None] = lambda line: None) -> list[str]:
        """The groups that stay suspended, because machines of theirs do not run: they would be terminated."""
        running, left = self._running(), []
        for group in self._groups():
            name, (nonce, *ours) = group["AutoScalingGroupName"], _marked(group) or [""]
            if nonce != self.nonce:  # nothing was suspended, or another revert has taken over
                continue
            if not set(self.members[name]) <= running:
                left.append(name)
                continue
            self._scaling.call("ResumeProcesses", name, AutoScalingGroupName=name, ScalingProcesses=ours)
            self._scaling.call("DeleteTags", name, Tags=[_tag(name)])
            tell(f"Auto Scaling group {name}: {', '.join(ours)} resumed")
        return left

    def resume_all(self) -> None:
        """PlatformError while some stay suspended."""
        if left := self.resume():
            raise PlatformError(kept(left))

    def _groups(self) -> list[dict[str, Any]]:
        return self._scaling.pages("DescribeAutoScalingGroups", "AutoScalingGroups", AutoScalingGroupNames=sorted(self.members))

    def _running(self) -> set[str]:
        ids, running = sorted({i for of in self.members.values() for i in of}), set()
        for start in range(0, len(ids), FILTER_VALUES):
            found = self._ec2.pages("DescribeInstances", "Reservations", Filters=[
                {"Name": "instance-id", "Values": ids[start:start + FILTER_VALUES]},
                {"Name": "instance-state-name", "Values": ["running"]}])
            running |= {i["InstanceId"] for r in found for i in r["Instances"]}
        return running


def _tag(group: str) -> dict[str, Any]:
    return {"ResourceId": group, "ResourceType": "auto-scaling-group", "Key": MARK}


def _marked(group: Mapping[str, Any]) -> list[str]:
    return tags_of(group).get(MARK, "").split()


def kept(groups: Sequence[str]) -> str:
    """What is to be known of groups that stay suspended."""
    return (f"{', '.join(PROCESSES)} of the Auto Scaling group {', '.join(groups)} stay suspended while machines of it do not run, "
            "as it would terminate them; when all run within half an hour they are resumed, and the same revert again does it too")
