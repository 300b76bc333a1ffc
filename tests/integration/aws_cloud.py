# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances in moto and the platform that snapshots them."""
from __future__ import annotations

from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.machines.aws.platform import open_aws
from tests.fakes.ec2_front import Front
from tests.fakes.moto_server import KEYS, REGION, client
from tests.fakes.weather import SKY

# Two tries, in foul weather as many as the product makes, and nothing of whoever runs the tests.
ENVIRON = {"AWS_MAX_ATTEMPTS": "2"}
IMAGE = "ami-0123456789abcdef0"
TAGS = {"assay.clusters/cluster": "c1", "assay.clusters/run": "3f9a1c07", "assay.clusters/owner": "ci.runner"}


class Cloud:
    """Instances in moto, a front before it, and the platform under test."""

    def __init__(self, moto: str) -> None:
        self.ec2 = client(moto)
        self.front = Front(moto, self.ec2)
        self.job = Job(environ={} if SKY.foul else ENVIRON)

    def instance(self, name: str, data: int = 0, **tags: str) -> str:
        """An instance with a root volume and this many data volumes; its id."""
        made = self.ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in {"Name": name, **tags}.items()]}])
        key = made["Instances"][0]["InstanceId"]
        for number in range(data):
            self.volume(key, f"/dev/sd{'fghij'[number]}")
        return key

    def volume(self, instance: str, device: str, **tags: str) -> str:
        zone = self.describe(instance)["Placement"]["AvailabilityZone"]
        made = self.ec2.create_volume(AvailabilityZone=zone, Size=8, VolumeType="gp3", Iops=4000, Throughput=250,
                                      Encrypted=True, KmsKeyId="alias/mine", TagSpecifications=[{
                                          "ResourceType": "volume",
                                          "Tags": [{"Key": k, "Value": v} for k, v in {"team": "etcd", **tags}.items()]}])
        self.ec2.attach_volume(VolumeId=made["VolumeId"], InstanceId=instance, Device=device)
        return str(made["VolumeId"])

    def describe(self, instance: str) -> dict[str, Any]:
        return self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]

    def devices(self, instance: str) -> dict[str, str]:
        return {m["DeviceName"]: m["Ebs"]["VolumeId"] for m in self.describe(instance)["BlockDeviceMappings"]}

    def volumes(self) -> dict[str, dict[str, Any]]:
        return {v["VolumeId"]: v for v in self.ec2.describe_volumes()["Volumes"]}

    def own_snapshots(self) -> list[dict[str, Any]]:
        return self.ec2.describe_snapshots(Filters=[{"Name": "tag:assay.clusters/run", "Values": ["3f9a1c07"]}])["Snapshots"]

    def platform(self, **params: Any) -> Any:
        given = {"region": REGION, "access_key": KEYS["aws_access_key_id"], "secret_key": KEYS["aws_secret_access_key"],
                 "endpoint_url": self.front.url, **params}
        return open_aws(given, self.job, TAGS)
