# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Volumes at their provider: the disks of EBS, asked by boto3, and only looked at."""
from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...clouds.aws import AwsError, connect
from ...engine.declared import CloudPermission, Option
from ...jobs.errors import BadOption, PlatformError

if TYPE_CHECKING:
    from ...engine.context import Context

DRIVER = "ebs.csi.aws.com"
OPTIONS = (
    Option("zonal_provider", "Where volumes are looked for beside the cluster: C(aws) asks EC2 whether each is in the zone of"
           " its pod, and gone at the end. Keys are those that boto3 finds, as E(AWS_ACCESS_KEY_ID).", choices=("aws",),
           example="aws"),
    Option("zonal_provider_region", "The region of C(aws). Without it E(AWS_REGION), then the profile.",
           example="eu-central-1"),
    Option("zonal_provider_profile", "A profile of the AWS configuration, in place of keys of the environment."),
)
PERMISSIONS = (CloudPermission("aws", ("ec2:DescribeVolumes",), "whether volumes are in their zones, and gone at the end",
                               optional=True),)
_GONE = ("deleting", "deleted")


def disk(volume: Mapping[str, Any]) -> str:
    """The id of an EBS volume; empty for any other: https://kubernetes.io/docs/reference/kubernetes-api PersistentVolume."""
    spec = volume["spec"]
    csi, old = spec.get("csi") or {}, spec.get("awsElasticBlockStore") or {}
    told = csi.get("volumeHandle") if csi.get("driver") == DRIVER else old.get("volumeID")
    return str(told or "").rpartition("/")[2]


class Provider:
    """What EC2 says of the volumes of our pods; nothing where it is not to be asked, or no volume is one of EBS."""

    def __init__(self, ctx: Context):
        self.ctx, options = ctx, ctx.options
        self._ec2 = None
        if options.get("zonal_provider") == "aws":
            try:
                self._ec2 = connect({n: options.get(f"zonal_provider_{n}") for n in ("region", "profile")}, os.environ)
            except (BadOption, PlatformError) as e:
                ctx.inconclusive(f"storage_check_zonal_provider: {e}", provider_unasked=str(e))

    def close(self) -> None:
        if self._ec2:
            self._ec2.close()

    def _described(self, name: str) -> dict[str, Any] | None:
        """None where there is none of this id."""
        ec2: Any = self._ec2
        try:
            found = ec2.call("DescribeVolumes", name, VolumeIds=[name])["Volumes"]
        except AwsError as e:
            if e.code == "InvalidVolume.NotFound":
                return None
            self.ctx.inconclusive(f"the provider could not be asked for volume {name}: {e}", provider_unasked=str(e))
        return found[0] if found else None

    def placed(self, volumes: Mapping[str, Mapping[str, Any]], zones: Mapping[str, str]) -> None:
        """Each in the zone of its pod. volumes, zones: by pod."""
        if not self._ec2:
            return
        disks = {pod: disk(v) for pod, v in volumes.items() if disk(v)}
        self.ctx.observe(provider=f"aws: {len(disks)} of {len(volumes)} volumes are of EBS")
        for pod, name in sorted(disks.items()):
            found = self._described(name)
            there = (found or {}).get("AvailabilityZone", "")
            message = ""
            if there != zones[pod]:
                message = f"volume {name} of pod {pod} is in {there or 'no zone'} of AWS, its pod in {zones[pod]}"
            if found is None:
                message = f"volume {name} of pod {pod} is not known to AWS in region {self._ec2.region}"
            self.ctx.see(kind="provider", ok=not message, target=name, variant="zone", error=message)
            self.ctx.expect(not message, message)

    def gone(self, volume: Mapping[str, Any], limit: float) -> None:
        """The disk is no more, some time after its PersistentVolume."""
        name = disk(volume)
        if not self._ec2 or not name:
            return
        state: list[str] = []

        def none_left() -> bool:
            found = self._described(name)
            state[:] = [str(found.get("State"))] if found else []
            return not state or state[0] in _GONE

        try:
            self.ctx.until(none_left, f"volume {name} gone at AWS", seconds=limit, every=2.0)
        finally:
            self.ctx.see(kind="provider", ok=not state or state[0] in _GONE, target=name, variant="gone",
                         error=f"volume {name} is {state[0]} at AWS" if state else "")
