# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets of snapshots on an AWS that takes its time and has Auto Scaling groups: moto's server behind tests/fakes/aws_world.py."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.machines.aws import reverting
from ansible_collections.assay.clusters.plugins.module_utils.machines.aws.owners import PROCESSES, Owners
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Wanted
from ansible_collections.assay.clusters.plugins.module_utils.snapshots import take
from tests.fakes.moto_server import REGION
from tests.integration.aws_cloud import ENVIRON, IMAGE
from tests.integration.aws_region import Region, region
from tests.integration.machines import names, run

__all__ = ["region"]  # the fixture

NODES = ("cp1", "n1", "n2", "n3", "n4", "n5")


def test_all_machines_are_asked_before_one_copy_is_complete(region: Region) -> None:
    region.world.pending = 12
    region.nodes(*NODES)
    done = run("vm_snapshot", region.options(snapshot_name="golden", max_spread_seconds=60, parallel=1))
    assert done["changed"], done
    asked = region.front.actions()
    last = len(asked) - 1 - asked[::-1].index("CreateSnapshots")
    assert asked.count("CreateSnapshots") == len(NODES)
    assert asked[last:].count("DescribeSnapshots") >= 12, "the copies are waited for after all are taken"
    assert any("of 6 machines are copied still" in line for line in done["progress"])
    assert not run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]


def test_the_copies_need_not_be_waited_for_but_a_revert_does_not_use_them(region: Region) -> None:
    region.world.pending = 10**6
    ids = region.nodes("n1", "n2")
    assert run("vm_snapshot", region.options(snapshot_name="golden", wait=False))["changed"]
    refused = region.revert()
    assert refused["failed"] and "of n1 cannot be reverted to: snap-" in refused["msg"] and "is pending" in refused["msg"]
    assert {region.describe(i)["State"]["Name"] for i in ids.values()} == {"running"}


def test_a_set_outlives_the_time_for_its_copies(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    region.world.pending = 10**6
    region.nodes("n1")
    look = take._Take._copied

    def late(self: take._Take) -> str:
        self.job.limit(0)
        return look(self)

    with monkeypatch.context() as then:
        then.setattr(take._Take, "_copied", late)
        ended = run("vm_snapshot", region.options(snapshot_name="golden"))
    assert ended["failed"] and ended["changed"] and "the set is taken, and the platform copies on by itself" in ended["msg"]
    assert names(run("vm_snapshot_info", region.options())) == {"n1": ["golden"]}
    region.world.pending = 0
    assert not run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]


def test_a_copy_that_fails_later_is_told(region: Region) -> None:
    region.world.pending = 3
    region.nodes("n1")
    assert run("vm_snapshot", region.options(snapshot_name="golden", wait=False))["changed"]
    region.front.edit("DescribeSnapshots", lambda t: t.replace("<status>completed</status>", "<status>error</status>"), times=9)
    broken = run("vm_snapshot", region.options(snapshot_name="golden"))
    assert broken["failed"] and "n1: snapshot 'golden' will not be complete: snap-" in broken["msg"] and "is error" in broken["msg"]


def test_an_answer_that_was_lost_leaves_no_snapshot_behind(region: Region) -> None:
    """boto3 sends CreateSnapshots again when the connection is cut, and EC2 takes it for another request."""
    region.nodes("n1")
    lost = [True]

    def cut(action: str, query: dict[str, str], text: str) -> str:
        if action == "CreateSnapshots" and lost:
            lost.pop()
            raise ConnectionResetError
        return text

    region.front.world = cut
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    assert len(region.ec2.describe_snapshots(Filters=[{"Name": "tag:Name", "Values": ["golden"]}])["Snapshots"]) == 2
    assert run("vm_snapshot", region.options(snapshot_name="golden", state="absent"))["changed"]
    assert not region.ec2.describe_snapshots(Filters=[{"Name": "tag:Name", "Values": ["golden"]}])["Snapshots"]


def test_members_of_a_group_are_not_reverted_unasked(region: Region) -> None:
    members = region.group("workers")
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    refused = region.revert()
    assert refused["failed"] and "auto_scaling: " in refused["msg"] and "of the Auto Scaling group workers" in refused["msg"]
    assert "StopInstances" not in region.front.actions() and region.members("workers") == members


@pytest.mark.parametrize("before", [[], ["AZRebalance", "Launch"]], ids=["all", "some"])
def test_a_group_leaves_its_members_alone_while_they_are_reverted(region: Region, before: list[str]) -> None:
    members = region.group("workers")
    if before:
        region.groups.suspend_processes(AutoScalingGroupName="workers", ScalingProcesses=before)
    region.world.stopping = 2
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    done = region.revert(auto_scaling="suspend")
    assert done.get("changed") and not done.get("failed"), done
    assert region.members("workers") == members and not region.world.replaced
    assert region.suspended("workers") == set(before) and region.guards[-1].word == "done"
    assert "assay.clusters/suspended" not in {t["Key"] for t in region.described("workers")["Tags"]}


def test_machines_that_stay_off_keep_their_group_suspended_until_they_run(region: Region) -> None:
    members = region.group("workers")
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    done = region.revert(auto_scaling="suspend", power_on=False)
    assert any("of the Auto Scaling group workers stay suspended" in line for line in done["progress"])
    assert region.suspended("workers") == set(PROCESSES) and region.guards[-1].word == "over to you"
    with pytest.raises(Exception, match="stay suspended"):
        region.guards[-1].clean()
    region.ec2.start_instances(InstanceIds=members)
    region.guards[-1].clean()
    assert not region.suspended("workers") and region.members("workers") == members


def test_the_guardian_of_an_older_revert_leaves_a_newer_one_alone(region: Region) -> None:
    region.group("workers")
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    region.front.refuse("CreateVolume", "InternalFailure", "An internal error", times=9)
    failed = region.revert(auto_scaling="suspend")
    assert failed["failed"] and not region.suspended("workers"), "machines that run still are given back to their group"
    scaling, ec2 = (reverting.connect(region.options(), ENVIRON, s) for s in ("autoscaling", "ec2"))
    newer = Owners(scaling, ec2, {"workers": region.members("workers")})
    newer.suspend(lambda line: None)
    region.guards[-1].clean()
    assert region.suspended("workers") == set(PROCESSES)
    assert newer.resume() == [] and not region.suspended("workers")


def test_what_a_stop_changes_is_said_before(region: Region) -> None:
    ids = region.nodes("n1")
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    region.ec2.associate_address(InstanceId=ids["n1"], AllocationId=region.ec2.allocate_address(Domain="vpc")["AllocationId"])
    region.front.edit("DescribeInstances", lambda t: t.replace(
        "<networkInterfaceSet>", "<networkInterfaceSet><item><association><ipOwnerId>amazon</ipOwnerId><publicIp>203.0.113.9"
        "</publicIp></association></item>", 1))
    plan = run("vm_snapshot_revert", region.options(snapshot_name="golden", disposable=True, wait_for=[]), check=True)
    assert any("n1: its public address 203.0.113.9 is no Elastic IP" in line for line in plan["progress"])
    assert any("leftovers_info finds it" in line for line in plan["progress"])


def test_a_spot_instance_of_a_single_request_is_refused(region: Region) -> None:
    made = region.ec2.request_spot_instances(SpotPrice="0.5", InstanceCount=1, Type="one-time", LaunchSpecification={
        "ImageId": IMAGE, "InstanceType": "m5.large", "Placement": {"AvailabilityZone": f"{REGION}a"}})
    machine = made["SpotInstanceRequests"][0]["InstanceId"]
    region.ec2.create_tags(Resources=[machine], Tags=[{"Key": "cluster", "Value": "prod"}])
    region.front.edit("DescribeInstances", lambda t: t.replace(
        "<instanceState>", f"<spotInstanceRequestId>{made['SpotInstanceRequests'][0]['SpotInstanceRequestId']}"
        "</spotInstanceRequestId><instanceState>"), times=9)
    platform = region.platform()
    found = platform.find(Wanted(ids=(machine,)))
    with pytest.raises(Exception, match="does not stop instances of one-time spot requests"):
        platform.check_revert(found, True)


def test_a_root_volume_alone_is_replaced_without_a_stop(region: Region) -> None:
    key = region.nodes("n1")["n1"]
    before = region.devices(key)
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    done = region.revert(root_volume="replace")
    assert done.get("changed") and not done.get("failed"), done
    assert "StopInstances" not in region.front.actions() and not set(region.devices(key).values()) & set(before.values())


def test_nothing_is_replaced_where_the_rest_may_not_be_swapped(region: Region) -> None:
    key = region.instance("n1", data=1, cluster="prod")
    before = region.devices(key)
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    region.ec2.modify_instance_attribute(InstanceId=key, DisableApiStop={"Value": True})
    refused = region.revert(root_volume="replace")
    assert refused["failed"] and "root_volume: n1 has volumes besides its root and is protected" in refused["msg"]
    assert region.devices(key) == before and not [a for a in region.front.actions() if a.startswith("CreateReplaceRoot")]


def test_a_job_without_groups_asks_no_auto_scaling(region: Region) -> None:
    region.nodes("n1")
    assert run("vm_snapshot", region.options(snapshot_name="golden"))["changed"]
    region.front.asked.clear()
    region.guards.clear()
    assert region.revert(auto_scaling="suspend")["changed"]
    assert not [a for a in region.front.actions() if "AutoScaling" in a] and not region.guards
