# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshot sets: the EBS snapshots of all volumes of one instance, taken at one moment by CreateSnapshots.

EC2 has no object for such a set, so its members carry tags, all written in the request that makes them: a crash leaves
no set without them. Which volume was which device is told there too, because after a revert the instance has others.
"""
from __future__ import annotations

import re
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from ...clouds.aws_tags import tags_of
from ...jobs.errors import BadOption
from ..model import Snapshot

PREFIX = "assay.clusters/"
SET, INSTANCE, DEVICES = f"{PREFIX}set", f"{PREFIX}instance", f"{PREFIX}devices"
NAME = "Name"
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions, CreateSnapshots: Description
TAG_VALUE, TEXT = 256, 255
FILTER_VALUES = 200  # EC2 takes no more values in one filter
# A volume that Kubernetes' drivers attach to an instance is the cluster's data, not the machine's: it has an id that
# PersistentVolumes name, and comes and goes while the machine runs.
_OF_A_CLAIM = ("kubernetes.io/created-for/pv/name", "kubernetes.io/created-for/pvc/name", "CSIVolumeName")
_DESCRIBED = re.compile(r"[^\x20-\x7e]+")


def as_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": k, "Value": v[:TAG_VALUE]} for k, v in tags.items()]


def is_claim(volume: Mapping[str, Any]) -> bool:
    """Whether the volume stands behind a PersistentVolume."""
    return bool(set(_OF_A_CLAIM) & set(tags_of(volume)))


def device_of(volume: Mapping[str, Any], instance: str) -> str:
    """Under which device the volume is attached to the instance, "" if it is not."""
    return next((a["Device"] for a in volume.get("Attachments", []) if a["InstanceId"] == instance
                 and a["State"] in ("attaching", "attached", "busy")), "")


def new_tags(name: str, instance: str, devices: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Tags of a new set. devices: volume id to device; more: cluster, run, creator."""
    if not name or len(name) > TEXT:
        raise BadOption(f"name: a snapshot's name on AWS has 1 to {TEXT} characters, not {len(name)}")
    packed, text = [], ""
    for volume, device in sorted(devices.items()):
        pair = f"{volume}={device}"
        if text and len(text) + 1 + len(pair) > TAG_VALUE:
            packed.append(text)
            text = ""
        text = f"{text} {pair}".strip()
    numbered = {f"{DEVICES}.{i}": text for i, text in enumerate([*packed, text])}
    return {**more, NAME: name, SET: secrets.token_hex(8), INSTANCE: instance, **numbered}


def plain(text: str) -> str:
    """A description as EC2 takes it: 255 characters of ASCII. The user's words are cut, not who we are, behind them."""
    words, rule, ours = _DESCRIBED.sub(" ", text).rpartition(" | ")
    return f"{words[:max(0, TEXT - len(rule) - len(ours))]}{rule}{ours}"[:TEXT]


@dataclass(frozen=True)
class SnapshotSet:
    """members: device to EBS snapshot (of DescribeSnapshots); missing: devices whose EBS snapshot is gone; spare: snapshots
    of devices that have one already, as of a request that was sent twice because its answer was lost."""

    id: str
    instance: str
    name: str
    members: Mapping[str, Mapping[str, Any]]
    missing: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()

    def ids(self) -> list[str]:
        return [*(m["SnapshotId"] for m in self.members.values()), *self.spare]

    def pending(self) -> bool:
        """Whether nothing is wrong with it but that EC2 still copies it: it is of the moment at which it was asked for."""
        states = {m["State"] for m in self.members.values()}
        return not self.missing and "pending" in states and states <= {"pending", "completed"}

    def defect(self) -> str:
        """Why nothing can be made of this set now, "" if it can."""
        if self.missing:
            return f"the EBS snapshot of {', '.join(self.missing)} is gone"
        for device, member in sorted(self.members.items()):
            if member["State"] != "completed":
                why = f": {member['StateMessage']}" if member.get("StateMessage") else ""
                return f"{member['SnapshotId']} of {device} is {member['State']}{why}"
        return ""

    def progress(self) -> float:
        """0 to 100."""
        each = [float((m.get("Progress") or "0%").rstrip("%") or 0) for m in self.members.values()]
        return sum(each) / len(each) if each else 0.0

    def snapshot(self, attached: Iterable[Mapping[str, Any]]) -> Snapshot:
        """In the words of all platforms. attached: the instance's volumes; current: all of them were made of this set."""
        ids = {m["SnapshotId"] for m in self.members.values()}
        own = [v for v in attached if device_of(v, self.instance) in self.members]
        sizes = [m.get("FullSnapshotSizeInBytes") for m in self.members.values()]
        first = min((m["StartTime"] for m in self.members.values()))
        return Snapshot(
            id=self.id, name=self.name, created=first.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            current=bool(own) and len(own) == len(ids) and all(v.get("SnapshotId") in ids for v in own),
            size=sum(sizes) if all(isinstance(s, int) for s in sizes) else -1,
            description=next(iter(self.members.values())).get("Description", ""))


def _devices(tags: Mapping[str, str]) -> dict[str, str]:
    """Volume id to device, of the tags of a member."""
    pairs = " ".join(v for k, v in tags.items() if k.startswith(DEVICES)).split()
    return dict(p.split("=", 1) for p in pairs if "=" in p)


def sets_of(snapshots: Iterable[Mapping[str, Any]]) -> dict[str, list[SnapshotSet]]:
    """Instance id to its sets, oldest first, of what DescribeSnapshots answers."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for one in snapshots:
        tags = tags_of(one)
        if tags.get(SET) and tags.get(INSTANCE):
            found[tags[INSTANCE], tags[SET]].append(one)
    result: dict[str, list[SnapshotSet]] = defaultdict(list)
    for (instance, key), members in sorted(found.items(), key=lambda i: min(m["StartTime"] for m in i[1])):
        devices = _devices(tags_of(members[0]))
        there: dict[str, Mapping[str, Any]] = {}
        for one in sorted(members, key=lambda m: (m["State"] == "error", m["StartTime"], m["SnapshotId"])):
            there.setdefault(devices.get(one["VolumeId"], one["VolumeId"]), one)
        gone = tuple(sorted(set(devices.values()) - set(there)))
        spare = tuple(sorted({m["SnapshotId"] for m in members} - {m["SnapshotId"] for m in there.values()}))
        result[instance].append(SnapshotSet(key, instance, tags_of(members[0]).get(NAME, ""), there, gone, spare))
    return result
