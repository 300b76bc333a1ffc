# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An instance gets the volumes of a snapshot set in place of its own.

All new volumes are made and available before anything of the instance is touched, so a quota, a key or a lack of rights
leaves it as it was. Then it is stopped and each volume is detached and its successor attached under the same device. Tags
on old and new volumes tell a later call what an interrupted one had reached; it goes on from there.

EC2 can also replace the root volume of a running instance (CreateReplaceRootVolumeTask). That boots the instance at once,
whatever the order of the cluster, and with data volumes of today; and it takes only snapshots of the original root volume's
line. So it is for those who ask for it (root_volume: replace), for instances that may not be stopped.
"""
from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...clouds.aws import AwsError, Ec2
from ...clouds.aws_tags import tags_of
from ...jobs.errors import PlatformError
from ...jobs.steps import Steps
from .sets import PREFIX, SET, SnapshotSet, as_tags, device_of, is_claim

Volume = Mapping[str, Any]
DEVICE, FRESH, REPLACED = f"{PREFIX}device", f"{PREFIX}fresh-for", f"{PREFIX}replaced-of"
THEN, ON_TERMINATION = f"{PREFIX}then", f"{PREFIX}delete-on-termination"
_MARKS = (DEVICE, FRESH, REPLACED, THEN, ON_TERMINATION)
_STALE = 10  # looks that may show the state from before a request
_NO_SUCH_TASK = ("InvalidAction", "UnsupportedOperation", "NotImplemented", "501")


@dataclass
class Revert:
    """One revert of one instance; name: as people call it; tell: shows a line."""

    ec2: Ec2
    instance: str
    name: str
    wanted: SnapshotSet
    replace_root: bool = False
    delete_replaced: bool = True
    tell: Callable[[str], None] = lambda line: None

    def steps(self) -> Steps:
        if defect := self.wanted.defect():
            raise PlatformError(f"{self.name}: nothing can be reverted to snapshot {self.wanted.name!r} ({self.wanted.id}): "
                                f"{defect}")
        machine = self._machine()
        swaps = [s for s in self._plan(machine) if not s.done]
        root = next((s for s in swaps if s.device == machine.get("RootDeviceName")), None)
        if root and self.replace_root and machine["State"]["Name"] == "running" and (yield from self._replace(root)):
            swaps.remove(root)
            if not swaps:  # it runs, with its new root
                return self.wanted.id
        try:
            yield from self._make(swaps)
            yield from self._all_at(swaps, "available")
        except (PlatformError, GeneratorExit):
            self._discard(swaps)
            raise
        yield from power(self.ec2, self.instance, self.name, "stopped")
        try:
            for number, swap in enumerate(swaps):
                for _wait in self._swap(swap):
                    yield 50 + 50 * number / len(swaps)
            self._finish(machine, swaps)
        except AwsError as e:
            raise AwsError(f"{e}; {self.name} is stopped with some of its volumes swapped: the same revert again goes on "
                           "from there", e.code, changed=True) from None
        return self.wanted.id

    def _machine(self) -> dict[str, Any]:
        return machine(self.ec2, self.instance, self.name)

    def _volumes(self, tag: str) -> list[dict[str, Any]]:
        """Volumes that bear a mark of this instance."""
        return self.ec2.pages("DescribeVolumes", "Volumes", self.name,
                              Filters=[{"Name": f"tag:{tag}", "Values": [self.instance]}])

    def _by_id(self, ids: list[str]) -> list[dict[str, Any]]:
        return self.ec2.pages("DescribeVolumes", "Volumes", self.name, Filters=[{"Name": "volume-id", "Values": ids}]) if ids else []

    def _plan(self, machine: Mapping[str, Any]) -> list[Swap]:
        """What is to be done, device by device, with what an interrupted revert left taken into account."""
        attached = {device_of(v, self.instance): v for v in volumes(self.ec2, self.instance, self.name)}
        flags = {m["DeviceName"]: m["Ebs"].get("DeleteOnTermination", False)
                 for m in machine.get("BlockDeviceMappings", []) if "Ebs" in m}
        replaced = {tags_of(v).get(DEVICE, ""): v for v in sorted(self._volumes(REPLACED), key=lambda v: v["CreateTime"])}
        swaps = {}
        for device, member in self.wanted.members.items():
            old = attached.get(device)
            model = old or replaced.get(device) or {}
            flag = flags.get(device, tags_of(model).get(ON_TERMINATION, "true") == "true")
            swaps[device] = Swap(device, member["SnapshotId"], old, model, flag)
        if others := sorted(set(attached) - set(swaps)):
            self.tell(f"{self.name}: not in the snapshot, left as they are: {', '.join(others)}")
        for volume in self._volumes(FRESH):
            self._fresh(volume, swaps, machine["State"]["Name"] == "stopped")
        return list(swaps.values())

    def _fresh(self, volume: Volume, swaps: Mapping[str, Swap], stopped: bool) -> None:
        """A new volume of an interrupted revert that no system has booted from: used, or removed."""
        tags = tags_of(volume)
        if REPLACED in tags:  # attached by the interrupted one, started by someone, and replaced since
            return
        swap = swaps.get(tags.get(DEVICE, "")) if tags.get(SET) == self.wanted.id else None
        if volume["State"] == "in-use":
            if swap and stopped and device_of(volume, self.instance) == swap.device:
                swap.done, swap.new = True, volume["VolumeId"]
        elif swap and not swap.new and volume["State"] in ("creating", "available"):
            swap.new = volume["VolumeId"]
        elif volume["State"] in ("available", "error"):
            self.ec2.call("DeleteVolume", self.name, VolumeId=volume["VolumeId"])

    def _make(self, swaps: list[Swap]) -> Iterator[float]:
        zone = self._machine()["Placement"]["AvailabilityZone"]
        for swap in swaps:
            if swap.new:
                continue
            tags = {k: v for k, v in tags_of(swap.model).items() if k not in _MARKS and not k.startswith("aws:")}
            tags |= {SET: self.wanted.id, DEVICE: swap.device, FRESH: self.instance, ON_TERMINATION: str(swap.flag).lower()}
            made = self.ec2.call("CreateVolume", self.name, AvailabilityZone=zone, SnapshotId=swap.snapshot, **swap.like(),
                                 TagSpecifications=[{"ResourceType": "volume", "Tags": as_tags(tags)}])
            swap.new = made["VolumeId"]
            yield 10.0

    def _discard(self, swaps: list[Swap]) -> None:
        """New volumes that will not be used; what cannot be removed now is removed by the next revert."""
        for swap in swaps:
            if swap.new:
                try:
                    self.ec2.call("DeleteVolume", self.name, VolumeId=swap.new)
                except AwsError:
                    continue

    def _all_at(self, swaps: list[Swap], state: str) -> Iterator[float]:
        """Wait until all new volumes are there. PlatformError when EC2 gives one up (a key that may not be used)."""
        while ids := [s.new for s in swaps]:
            there = {v["VolumeId"]: v["State"] for v in self._by_id(ids)}
            if broken := [i for i, s in there.items() if s in ("error", "deleting", "deleted")]:
                raise PlatformError(f"{self.name}: AWS could not make {', '.join(broken)} of its snapshot: {there[broken[0]]} "
                                    "(may this account use the key that encrypts it?)")
            if all(there.get(i) == state for i in ids):
                return
            yield 30.0

    def _swap(self, swap: Swap) -> Iterator[float]:
        """Detach the old volume, attach the new one, and wait for both."""
        if swap.old:
            old = swap.old["VolumeId"]
            tags = {REPLACED: self.instance, DEVICE: swap.device, THEN: "delete" if self.delete_replaced else "keep",
                    ON_TERMINATION: str(swap.flag).lower()}
            self.ec2.call("CreateTags", self.name, Resources=[old], Tags=as_tags(tags))
            self.ec2.call("DetachVolume", self.name, VolumeId=old, InstanceId=self.instance, Device=swap.device)
            yield from self._until(old, attached=False)
        self.ec2.call("AttachVolume", self.name, VolumeId=swap.new, InstanceId=self.instance, Device=swap.device)
        yield from self._until(swap.new, attached=True)

    def _until(self, volume: str, attached: bool) -> Iterator[float]:
        """A volume for several instances (MultiAttachEnabled) stays in use elsewhere: only this instance's part counts."""
        while True:
            here = [a["State"] for v in self._by_id([volume]) for a in v.get("Attachments", []) if a["InstanceId"] == self.instance]
            if here == ["attached"] if attached else set(here) <= {"detached"}:
                return
            yield 0.0

    def _finish(self, machine: Mapping[str, Any], swaps: list[Swap]) -> None:
        """Flags as they were, marks away, old volumes deleted or kept. A volume attached by hand would outlive its instance.

        What an interrupted revert did is found by its tags. What this one did is known: lists by tags may not show it yet, and a mark
        that stays would have a later revert take a volume that was booted from for a new one.
        """
        listed = {v["VolumeId"]: tags_of(v) for v in self._volumes(FRESH) if v["State"] == "in-use"}
        flags = {t[DEVICE]: t.get(ON_TERMINATION) == "true" for t in listed.values()} | {s.device: s.flag for s in swaps}
        if flags:
            self.ec2.call("ModifyInstanceAttribute", self.name, InstanceId=self.instance, BlockDeviceMappings=[
                {"DeviceName": d, "Ebs": {"DeleteOnTermination": f}} for d, f in sorted(flags.items())])
            self.ec2.call("DeleteTags", self.name, Resources=sorted({*listed, *(s.new for s in swaps)}),
                          Tags=[{"Key": k} for k in (SET, *_MARKS)])
        ours = {s.old["VolumeId"] for s in swaps if s.old} if self.delete_replaced else set()
        for key, volume in {v["VolumeId"]: v for v in [*self._volumes(REPLACED), *self._by_id(sorted(ours))]}.items():
            if volume["State"] == "available" and (key in ours or tags_of(volume).get(THEN) == "delete"):
                self._delete(key)

    def _delete(self, volume: str) -> None:
        try:
            self.ec2.call("DeleteVolume", self.name, VolumeId=volume)
        except AwsError as e:
            if e.code != "InvalidVolume.NotFound":  # listed still
                raise

    def _replace(self, root: Swap) -> Generator[float, None, bool]:
        """The root volume replaced by EC2 itself. False where this EC2 has no such task."""
        try:
            task = self.ec2.call("CreateReplaceRootVolumeTask", self.name, InstanceId=self.instance, SnapshotId=root.snapshot,
                                 DeleteReplacedRootVolume=self.delete_replaced)["ReplaceRootVolumeTask"]
        except AwsError as e:
            if e.code in _NO_SUCH_TASK:
                self.tell(f"{self.name}: this EC2 cannot replace a root volume itself; stopped and swapped instead")
                return False
            raise
        state = task["TaskState"]
        while state in ("pending", "in-progress", "failing", "failing-detached"):
            yield 20.0
            state = self.ec2.call("DescribeReplaceRootVolumeTasks", self.name, ReplaceRootVolumeTaskIds=[
                task["ReplaceRootVolumeTaskId"]])["ReplaceRootVolumeTasks"][0]["TaskState"]
        if state != "succeeded":
            raise PlatformError(f"{self.name}: AWS could not replace the root volume: the task is {state}; root_volume: swap "
                                "does it with the instance stopped", changed=state == "failed-detached")
        return True


@dataclass
class Swap:
    """One device. model: the volume whose type, rate, key and tags the new one gets; flag: deleted with the instance."""

    device: str
    snapshot: str
    old: Volume | None
    model: Volume
    flag: bool
    new: str = ""
    done: bool = False

    def like(self) -> dict[str, Any]:
        """CreateVolume's arguments for a volume like the model. The size is the snapshot's."""
        kind = self.model.get("VolumeType")
        given: dict[str, Any] = {"VolumeType": kind} if kind else {}
        if self.model.get("Iops") and kind in ("io1", "io2", "gp3"):
            given["Iops"] = self.model["Iops"]
        if self.model.get("Throughput") and kind == "gp3":
            given["Throughput"] = self.model["Throughput"]
        if self.model.get("MultiAttachEnabled"):
            given["MultiAttachEnabled"] = True
        if self.model.get("Encrypted"):
            given |= {"Encrypted": True, **({"KmsKeyId": self.model["KmsKeyId"]} if self.model.get("KmsKeyId") else {})}
        return given


def machine(ec2: Ec2, instance: str, name: str) -> dict[str, Any]:
    """The instance as DescribeInstances tells it. PlatformError when it is gone."""
    found = ec2.pages("DescribeInstances", "Reservations", name,
                      Filters=[{"Name": "instance-id", "Values": [instance]}])
    for one in (i for r in found for i in r["Instances"]):
        if one["State"]["Name"] not in ("shutting-down", "terminated"):
            return one
    raise PlatformError(f"{name}: the instance {instance} is gone")


def volumes(ec2: Ec2, instance: str, name: str) -> list[dict[str, Any]]:
    """The machine's own volumes: attached, and not behind a PersistentVolume."""
    found = ec2.pages("DescribeVolumes", "Volumes", name,
                      Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])
    return [v for v in found if device_of(v, instance) and not is_claim(v)]


def power(ec2: Ec2, instance: str, name: str, wanted: str) -> Iterator[float]:
    """Until the instance is `running` or `stopped`, whatever it is now. PlatformError with EC2's reason when it fails."""
    ask, before = ("StartInstances", "stopped") if wanted == "running" else ("StopInstances", "running")
    since: list[str] = []  # states seen since it was asked; right after, EC2 may still tell the old one
    asked = False
    while (now := machine(ec2, instance, name))["State"]["Name"] != wanted:
        state = now["State"]["Name"]
        if state == before and not asked:
            ec2.call(ask, name, InstanceIds=[instance])
            asked = True
        elif state == before and (set(since) - {before} or len(since) >= _STALE):
            reason = now.get("StateReason", {}).get("Message") or "AWS tells no reason"
            raise PlatformError(f"{name}: AWS left the instance {before} after {ask}: {reason}")
        elif asked:
            since.append(state)
        yield 0.0
