# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets of EBS snapshots: what their tags say, read back."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption
from ansible_collections.assay.clusters.plugins.module_utils.machines.aws.sets import (
    SET, as_tags, is_claim, new_tags, plain, sets_of,
)

TIME = datetime(2026, 1, 5, 10, 3, 7, tzinfo=timezone(timedelta(hours=1)))


def members(devices: dict[str, str], tags: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    return [{"SnapshotId": f"snap-{v[4:]}", "VolumeId": v, "State": "completed", "Progress": "100%", "StartTime": TIME,
             "Tags": as_tags(tags), "Description": "d", **more} for v in devices]


@pytest.mark.parametrize("count", [1, 8, 9, 128])
def test_devices_survive_the_limit_of_a_tag(count: int) -> None:
    devices = {f"vol-{n:017x}": f"/dev/xvd{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(count)}
    tags = new_tags("golden", "i-1", devices, {"assay.clusters/run": "r1"})
    assert max(len(v) for v in tags.values()) <= 256 and len(tags) <= 40
    [found] = sets_of(members(devices, tags))["i-1"]
    assert {d: m["VolumeId"] for d, m in found.members.items()} == {d: v for v, d in devices.items()}
    assert not found.defect() and found.id == tags[SET] and found.name == "golden"


def test_a_set_in_the_words_of_all_platforms() -> None:
    devices = {"vol-a": "/dev/sda1", "vol-b": "/dev/sdf"}
    [found] = sets_of(members(devices, new_tags("golden", "i-1", devices, {}), FullSnapshotSizeInBytes=5))["i-1"]
    attached = [{"VolumeId": f"vol-{n}", "SnapshotId": f"snap-{s}", "Attachments": [
        {"InstanceId": "i-1", "Device": d, "State": "attached"}]} for n, s, d in (("x", "a", "/dev/sda1"), ("y", "b", "/dev/sdf"))]
    snapshot = found.snapshot(attached)
    assert (snapshot.created, snapshot.current, snapshot.size, snapshot.memory) == ("2026-01-05T09:03:07Z", True, 10, False)
    assert not found.snapshot([{**attached[0], "SnapshotId": "snap-z"}, attached[1]]).current
    assert not found.snapshot([]).current


@pytest.mark.parametrize(("more", "defect"), [
    ({"State": "pending"}, "snap-a of /dev/sda1 is pending"),
    ({"State": "error", "StateMessage": "no key"}, "snap-a of /dev/sda1 is error: no key")])
def test_what_is_not_complete_is_told(more: dict[str, Any], defect: str) -> None:
    devices = {"vol-a": "/dev/sda1"}
    [found] = sets_of(members(devices, new_tags("golden", "i-1", devices, {}), **more))["i-1"]
    assert found.defect() == defect


def test_snapshots_of_others_are_no_sets() -> None:
    assert not sets_of([{"SnapshotId": "snap-1", "VolumeId": "vol-1", "State": "completed", "StartTime": TIME}])


def test_names_and_descriptions_as_ec2_takes_them() -> None:
    with pytest.raises(BadOption, match="1 to 255 characters, not 0"):
        new_tags("", "i-1", {}, {})
    assert plain("für\nalle") == "f r alle" and len(plain("x" * 999)) == 255
    assert plain("x" * 999 + " | assay.clusters set=1") == "x" * 232 + " | assay.clusters set=1"


def test_volumes_of_claims() -> None:
    assert is_claim({"Tags": [{"Key": "kubernetes.io/created-for/pv/name", "Value": "pv-1"}]})
    assert not is_claim({"Tags": [{"Key": "Name", "Value": "data"}]}) and not is_claim({})
