# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake, between ec2_front and moto: what the world does and moto does not.

Things take some looks: snapshots that are written to S3, instances that stop, status checks after a start. Auto Scaling groups terminate a member that is
stopped and make another.
"""
from __future__ import annotations

import re

import boto3

from .moto_server import KEYS, REGION

# What a group needs to replace a member that is stopped; without one of them it does not.
_REPLACING = {"HealthCheck", "ReplaceUnhealthy", "Terminate"}
_ITEM = re.compile(r"(<item>(?:(?!<item>).)*?<snapshotId>(snap-\w+)</snapshotId>.*?)<status>completed</status>", re.DOTALL)
_CHECKS = re.compile(r"<instanceId>(i-\w+)</instanceId>.*?</systemStatus>", re.DOTALL)
_OK = "<status>passed</status></item></details><status>ok</status></instanceStatus>"
_IMPAIRED = ("<status>failed</status><impairedSince>2026-11-27T08:00:00.000Z</impairedSince></item></details>"
             "<status>impaired</status></instanceStatus>")
_STOPPED = re.compile(r"(<instanceId>(i-\w+)</instanceId>(?:(?!<instanceId>).)*?<instanceState>\s*)"
                      r"<code>80</code>\s*<name>stopped</name>", re.DOTALL)


class World:
    """pending: looks at each snapshot until it is complete; stopping: looks at each instance until it is stopped; checking: looks
    at the status checks of an instance that was started until they are ok. impaired: ids of instances whose own check fails."""

    def __init__(self, moto: str, pending: int = 0, stopping: int = 0, checking: int = 0) -> None:
        self._groups = boto3.client("autoscaling", region_name=REGION, endpoint_url=moto, **KEYS)
        self.pending, self.stopping, self.checking = pending, stopping, checking
        self.impaired: set[str] = set()
        self._started: set[str] = set()
        self._looks: dict[str, int] = {}
        self.replaced: list[str] = []

    def __call__(self, action: str, query: dict[str, str], text: str) -> str:
        """An answer of moto's as AWS would give it."""
        if action == "StopInstances":
            for instance in [v for k, v in query.items() if k.startswith("InstanceId.")]:
                self._looks.pop(instance, None)
                self._replace(instance)
        if action == "StartInstances":
            self._started |= {v for k, v in query.items() if k.startswith("InstanceId.")}
        if action == "DescribeInstanceStatus":
            return _CHECKS.sub(self._checked, text)
        if action == "DescribeSnapshots" and self.pending:
            return _ITEM.sub(lambda m: m[1] + ("<status>pending</status>" if self._still(m[2], self.pending)
                                               else "<status>completed</status>"), text)
        if action == "DescribeInstances" and self.stopping:
            return _STOPPED.sub(lambda m: m[1] + ("<code>64</code><name>stopping</name>" if self._still(m[2], self.stopping)
                                                  else "<code>80</code><name>stopped</name>"), text)
        return text

    def _checked(self, item: re.Match[str]) -> str:
        """One instance in the answer about status checks."""
        if item[1] in self.impaired:
            return item[0].replace(_OK, _IMPAIRED)
        if item[1] in self._started and self._still(f"checks of {item[1]}", self.checking):
            return item[0].replace("<status>ok</status>", "<status>initializing</status>")
        return item[0]

    def _still(self, what: str, looks: int) -> bool:
        self._looks[what] = self._looks.get(what, 0) + 1
        return self._looks[what] <= looks

    def _replace(self, instance: str) -> None:
        found = self._groups.describe_auto_scaling_instances(InstanceIds=[instance])["AutoScalingInstances"]
        for group in self._groups.describe_auto_scaling_groups(
                AutoScalingGroupNames=[f["AutoScalingGroupName"] for f in found])["AutoScalingGroups"] if found else ():
            if not _REPLACING & {p["ProcessName"] for p in group["SuspendedProcesses"]}:
                self._groups.terminate_instance_in_auto_scaling_group(InstanceId=instance, ShouldDecrementDesiredCapacity=False)
                self.replaced.append(instance)
