# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshots and reverts on an AWS whose lists are not of now: moto's server behind tests/fakes/aws_lists.py."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.machines.aws import platform as aws_platform
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Wanted
from ansible_collections.assay.clusters.plugins.module_utils.snapshots import guard
from tests.fakes.aws_lists import Lists
from tests.integration.aws_region import Region, region
from tests.integration.machines import names, run

__all__ = ["region"]  # the fixture

_EVER = 10**6


@pytest.fixture
def lists(region: Region, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lists]:
    region.front.world = made = Lists()
    monkeypatch.setattr(aws_platform, "_SEEN", 4)
    yield made


def _golden(region: Region) -> list[str]:
    found = region.ec2.describe_snapshots(Filters=[{"Name": "tag:Name", "Values": ["golden"]}])["Snapshots"]
    return [s["SnapshotId"] for s in found]


def test_a_set_that_is_listed_late_is_waited_for(region: Region, lists: Lists) -> None:
    lists.hidden = 3
    region.nodes("n1", "n2")
    done = run("vm_snapshot", region.options(snapshot_name="golden"))
    assert done.get("changed") and not done.get("failed"), done
    assert all(m["snapshot"] for m in done["machines"]) and region.guards[-1].word == "done"
    assert len(_golden(region)) == 2


def test_a_set_that_is_never_listed_is_left_to_the_guardian(region: Region, lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    lists.hidden = _EVER
    region.nodes("n1")
    failed = run("vm_snapshot", region.options(snapshot_name="golden"))
    assert failed["failed"] and "AWS answered with the snapshots snap-" in failed["msg"] and "does not list them" in failed["msg"]
    assert "when it shows up, it is removed by" in failed["msg"] and len(_golden(region)) == 1
    assert region.guards[-1].word == "over to you"
    lists.hidden = 0
    monkeypatch.setattr(guard, "QUIET", 0.1)
    region.guards[-1].clean()
    assert not _golden(region)


def test_a_set_that_lists_forget_again_is_left_to_the_guardian(region: Region, lists: Lists) -> None:
    """Two lists one after the other may be of two servers, of which the second knows less."""
    ids = region.nodes("n1", "n2")
    shown: set[str] = set()

    def forgets(action: str, query: dict[str, str], text: str) -> str:
        if len(shown) == 2:  # both were seen
            lists.hidden = _EVER
        shown.update(n for n in ids.values() if action == "DescribeSnapshots" and f">{n}<" in text and "<snapshotId>" in text)
        return lists(action, query, text)

    region.front.world = forgets
    failed = run("vm_snapshot", region.options(snapshot_name="golden"))
    assert failed["failed"] and "was taken, and is not there on n1, n2" in failed["msg"], failed["msg"]
    assert "of 2 more it is not known: when they show up, they are removed by" in failed["msg"]
    assert region.guards[-1].word == "over to you" and len(_golden(region)) == 2


def test_a_set_that_was_removed_is_none_while_it_is_listed(region: Region, lists: Lists) -> None:
    lists.late = 2
    region.nodes("n1", "n2")
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    assert run("vm_snapshot", region.options(snapshot_name="golden", state="absent"))["changed"]
    assert not _golden(region)
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"], "the old one is none"
    assert len(_golden(region)) == 2


def test_what_is_replaced_is_not_compared_with_what_replaces_it(region: Region, lists: Lists) -> None:
    lists.late = 2
    region.nodes("n1", "n2")
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    old = _golden(region)
    region.ec2.delete_snapshot(SnapshotId=old.pop())
    replaced = run("vm_snapshot", region.options(snapshot_name="golden", on_incomplete="replace"))
    assert replaced.get("changed") and not replaced.get("failed"), replaced
    assert len(_golden(region)) == 2 and not set(old) & set(_golden(region))
    assert len({m["snapshot"]["description"] for m in replaced["machines"]}) == 1


def test_a_set_that_is_listed_for_long_is_told_and_removed(region: Region, lists: Lists) -> None:
    lists.late = _EVER
    region.nodes("n1")
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    done = run("vm_snapshot", region.options(snapshot_name="golden", state="absent"))
    assert done["changed"] and not done.get("failed") and not _golden(region)
    assert any("n1: AWS lists the snapshot 'golden' still" in line for line in done["progress"])


def test_a_set_that_lists_do_not_show_for_a_moment_is_removed_all_the_same(region: Region, lists: Lists) -> None:
    region.nodes("n1")
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    platform = region.platform()
    [machine] = platform.find(Wanted(names=("n1",)))
    lists.hidden = _EVER
    removal = platform.remove(machine, machine.snapshots[0])
    while removal.poll() is not None:
        pass
    assert not _golden(region)
    platform.close()


def test_a_set_that_somebody_removed_meanwhile_is_gone(region: Region, lists: Lists) -> None:
    region.nodes("n1")
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    assert names(run("vm_snapshot_info", region.options())) == {"n1": ["golden"]}
    [key] = _golden(region)
    region.ec2.delete_snapshot(SnapshotId=key)
    lists.gone(key)
    lists.late = 1
    done = run("vm_snapshot", region.options(snapshot_name="golden", state="absent"))
    assert not done.get("failed"), done


def test_a_revert_leaves_no_marks_and_no_volumes_though_lists_are_late(region: Region, lists: Lists) -> None:
    key = region.instance("n1", data=1, cluster="prod")
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    before = region.devices(key)
    lists.hidden, lists.late = 2, 4
    for _time in range(2):
        lists.settled()
        done = region.revert()
        assert done.get("changed") and not done.get("failed"), done
        after = region.devices(key)
        assert set(after) == set(before) and not set(after.values()) & set(before.values()), "each revert has volumes of its own"
        assert set(region.volumes()) == set(after.values()), "what was replaced is deleted"
        marks = {t["Key"] for v in region.volumes().values() for t in v.get("Tags", [])}
        assert not {m for m in marks if m.startswith("assay.clusters/")}
        before = after
    assert region.front.actions().count("ModifyInstanceAttribute") == 2, "whether they are deleted with their machine"
