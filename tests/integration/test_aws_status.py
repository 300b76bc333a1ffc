# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The status checks of EC2: told before a revert or a set, waited for afterwards. moto knows none that is not ok: aws_world.py does."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.snapshots import power
from tests.integration.machines import run
from tests.integration.aws_region import Region, region

__all__ = ["region"]  # the fixture
NODES = ("cp1", "n1")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "_LOOK", 0.01)


def _take(region: Region, **more: Any) -> dict[str, Any]:
    done = run("vm_snapshot", region.options(snapshot_name="golden", **more))
    assert done.get("changed") and not done.get("failed"), done
    return done


def _reverted(region: Region, **more: Any) -> dict[str, Any]:
    return run("vm_snapshot_revert", region.options(snapshot_name="golden", disposable=True, boot_delay=0, **{"wait_for": ["tools"], **more}))


@pytest.mark.fair("looks are counted")
def test_a_revert_ends_when_all_checks_are_ok(region: Region) -> None:
    region.nodes(*NODES)
    _take(region)
    region.world.checking = 3
    done = _reverted(region)
    assert done["changed"] and [line for line in done["progress"] if "EC2's system status check is initializing" in line]
    looks = [a for a in region.front.actions() if a == "DescribeInstanceStatus"]
    assert len(looks) == 2 + 4, "once before the set, once before the revert, and until both are ok"


def test_whoever_waits_for_nothing_waits_for_no_check(region: Region) -> None:
    region.nodes(*NODES)
    _take(region)
    region.world.checking = 10 ** 9
    assert region.revert()["changed"]


def test_an_impaired_machine_is_told_before_and_named_at_the_end_of_the_time(region: Region) -> None:
    ids = region.nodes(*NODES)
    _take(region)
    region.world.impaired = {ids["n1"]}
    words = "n1: EC2's instance status check is impaired since 2026-11-27T08:00:00Z (reachability failed)"
    done = _reverted(region, timeout=20)
    assert done["failed"] and done["changed"] and words in done["msg"] and "cp1" not in done["msg"], done["msg"]
    assert done["msg"].startswith("all machines are reverted and on, but the time was up while waiting for")
    assert words in done["progress"][0:3]


def test_a_set_tells_what_is_impaired_and_waits_for_what_it_started(region: Region) -> None:
    ids = region.nodes(*NODES)
    region.world.impaired, region.world.checking = {ids["n1"]}, 2
    told = _take(region)["progress"]
    assert [line for line in told if line.startswith("n1: EC2's instance status check is impaired")]
    region.world.impaired = set()
    assert run("vm_snapshot", region.options(snapshot_name="golden", state="absent"))["changed"]
    done = _take(region, state_before="shutdown")
    assert done["shut_down"] and [line for line in done["progress"] if "is initializing" in line]


def test_without_the_right_it_is_told_and_goes_on(region: Region) -> None:
    region.nodes(*NODES)
    _take(region)
    region.front.refuse("DescribeInstanceStatus", "UnauthorizedOperation", "You are not authorized.", times=9, status=403)
    done = _reverted(region)
    assert done["changed"] and not done.get("failed")
    assert [line for line in done["progress"] if line.startswith("status checks are not looked at: ") and "ec2:DescribeInstanceStatus" in line]
