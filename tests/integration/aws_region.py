# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A region of AWS with Auto Scaling groups, on which the modules of snapshots work: moto's server behind a world of its own."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common.guardian import Guardian
from ansible_collections.assay.clusters.plugins.module_utils.snapshots import take
from tests.fakes.aws_world import World
from tests.fakes.moto_server import KEYS, REGION, client
from tests.fakes.quick import read_models_once
from tests.integration.aws_cloud import IMAGE, Cloud
from tests.integration.machines import run


class Guard:
    """In place of the guardian: whether it was dismissed, and what it would do."""

    def __init__(self, clean: Any) -> None:
        self.clean, self.word = clean, ""

    def dismiss(self) -> None:
        self.word = "done"

    def hand_over(self) -> None:
        self.word = "over to you"


class Region(Cloud):
    """A cloud with groups, and the modules on it."""

    def __init__(self, moto: str) -> None:
        super().__init__(moto)
        self.groups = client(moto, "autoscaling")
        self.front.world = self.world = World(moto)
        self.guards: list[Guard] = []

    def options(self, **more: Any) -> dict[str, Any]:
        return {"platform": "aws", "region": REGION, "endpoint_url": self.front.url, "tags": {"cluster": "prod"},
                "access_key": KEYS["aws_access_key_id"], "secret_key": KEYS["aws_secret_access_key"], **more}

    def nodes(self, *which: str, **tags: str) -> dict[str, str]:
        return {n: self.instance(n, cluster="prod", **tags) for n in which}

    def group(self, name: str, count: int = 2) -> list[str]:
        """Ids of its members."""
        self.groups.create_launch_configuration(LaunchConfigurationName=name, ImageId=IMAGE, InstanceType="m5.large")
        self.groups.create_auto_scaling_group(
            AutoScalingGroupName=name, LaunchConfigurationName=name, MinSize=count, MaxSize=count + 2,
            AvailabilityZones=[f"{REGION}a"], Tags=[{"Key": "cluster", "Value": "prod", "PropagateAtLaunch": True}])
        return self.members(name)

    def described(self, name: str) -> dict[str, Any]:
        return self.groups.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]

    def members(self, name: str) -> list[str]:
        return sorted(i["InstanceId"] for i in self.described(name)["Instances"])

    def suspended(self, name: str) -> set[str]:
        return {p["ProcessName"] for p in self.described(name)["SuspendedProcesses"]}

    def revert(self, **more: Any) -> dict[str, Any]:
        return run("vm_snapshot_revert", self.options(snapshot_name="golden", disposable=True, boot_delay=0, wait_for=[], **more))


@pytest.fixture
def region(moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Region]:
    for name, value in {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent", "AWS_MAX_ATTEMPTS": "2",
                        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}.items():
        monkeypatch.setenv(name, value)
    read_models_once(monkeypatch)
    made = Region(moto)
    monkeypatch.setattr(take, "_COPYING", 0.01)
    monkeypatch.setattr(Guardian, "start", lambda clean: made.guards.append(Guard(clean)) or made.guards[-1])
    yield made
    made.front.close()
