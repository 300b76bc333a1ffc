# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshots of EC2 instances, against moto's server; what moto has not is in tests/fakes/ec2_front.py."""
from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.machines.aws.revert import FRESH, REPLACED
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Pending, Wanted
from tests.fakes.moto_server import REGION
from tests.fakes.quick import read_models_once
from tests.fakes.weather import AwsWeather
from tests.integration.aws_cloud import IMAGE, TAGS, Cloud


@pytest.fixture
def cloud(moto: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Cloud]:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent",
                        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}.items():
        monkeypatch.setenv(name, value)
    read_models_once(monkeypatch)
    made = Cloud(moto)
    # foul: by a seed each third read fails, and is asked again without a pause
    if getattr(request, "param", "fair") == "foul":
        monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda _self, _context: 0)
        made.front.weather = AwsWeather(3, 1)
    yield made
    made.front.close()


WEATHERS = pytest.mark.parametrize("cloud", ["fair", "foul"], indirect=True)


def done(pending: Pending, looks: int = 500) -> str:
    for _look in range(looks):
        if pending.poll() is None:
            return pending.result()
        time.sleep(0.01)
    raise AssertionError("it does not end")


def one(platform: Any, name: str) -> Any:
    [machine] = platform.find(Wanted(names=(name,)))
    return machine


def taken(platform: Any, name: str, snapshot: str = "golden") -> Any:
    """A snapshot of this machine; (machine as it is after it, snapshot)."""
    done(platform.take(one(platform, name), snapshot, "of a test", False, False))
    machine = one(platform, name)
    return machine, machine.snapshots[-1]


def test_a_name_never_means_another_machine(cloud: Cloud) -> None:
    ids = {n: cloud.instance(n) for n in ("auto1", "auto10", "my vm [1]", "star*", "stars")}
    platform = cloud.platform()
    for name, key in ids.items():
        assert [m.id for m in platform.find(Wanted(names=(name,)))] == [key]
    assert {m.id for m in platform.find(Wanted(ids=(ids["auto10"],), names=("auto1",)))} == {ids["auto1"], ids["auto10"]}


def test_absent_and_ambiguous_names_list_what_there_is(cloud: Cloud) -> None:
    first, second, gone = cloud.instance("twin"), cloud.instance("twin"), cloud.instance("gone")
    cloud.ec2.terminate_instances(InstanceIds=[gone])
    platform = cloud.platform()
    with pytest.raises(BadOption, match="names: 2 instances are named 'twin'") as twin:
        platform.find(Wanted(names=("twin",)))
    assert first in str(twin.value) and second in str(twin.value)
    with pytest.raises(BadOption, match=rf"no instance is named 'gone' in {REGION}; there are: 'twin' \({min(first, second)}"):
        platform.find(Wanted(names=("gone",)))
    with pytest.raises(BadOption, match="ids: there is no instance 'i-0123456789abcdef0'"):
        platform.find(Wanted(ids=("i-0123456789abcdef0",)))
    with pytest.raises(BadOption, match="tags: no instance has cluster=c9"):
        platform.find(Wanted(tags=(("cluster", "c9"),)))
    with pytest.raises(BadOption, match="folder: instances of AWS have none"):
        platform.find(Wanted(folder="vms"))


def test_tags_select_instances_that_bear_all_of_them(cloud: Cloud) -> None:
    wanted = cloud.instance("n1", cluster="c1", stage="dev")
    cloud.instance("n2", cluster="c1", stage="prod")
    assert [m.id for m in cloud.platform().find(Wanted(tags=(("cluster", "c1"), ("stage", "dev"))))] == [wanted]


@WEATHERS
def test_a_set_is_one_snapshot_with_all_volumes(cloud: Cloud) -> None:
    key = cloud.instance("n1", data=2)
    machine, snapshot = taken(cloud.platform(), "n1")
    members = cloud.own_snapshots()
    assert len(members) == 3 and {m["VolumeId"] for m in members} == set(cloud.devices(key).values())
    for member in members:
        tags = {t["Key"]: t["Value"] for t in member["Tags"]}
        assert tags.items() >= {**TAGS, "Name": "golden", "assay.clusters/instance": key}.items()
        assert member["Description"] == "of a test"
    assert (len(machine.snapshots), snapshot.name, snapshot.memory) == (1, "golden", False)
    assert snapshot.created.endswith("Z") and machine.power == "on" and machine.provisioned == 24 * 1024 ** 3


def test_volumes_of_claims_belong_to_the_cluster(cloud: Cloud) -> None:
    key = cloud.instance("n1")
    claim = cloud.volume(key, "/dev/xvdba", **{"kubernetes.io/created-for/pvc/name": "data-0"})
    taken(cloud.platform(), "n1")
    [asked] = [a for a in cloud.front.asked if a["Action"] == "CreateSnapshots"]
    assert asked["InstanceSpecification.ExcludeDataVolumeId.1"] == claim
    assert any(claim in line for line in cloud.job.lines)


@WEATHERS
def test_revert_swaps_all_volumes_and_leaves_the_machine_off(cloud: Cloud) -> None:
    key = cloud.instance("n1", data=1)
    platform = cloud.platform()
    machine, snapshot = taken(platform, "n1")
    before, of = cloud.devices(key), {m["VolumeId"]: m["SnapshotId"] for m in cloud.own_snapshots()}
    assert done(platform.revert(machine, snapshot)) == snapshot.id
    after, volumes = cloud.devices(key), cloud.volumes()
    assert set(after) == set(before) and not set(after.values()) & set(before.values())
    assert not set(before.values()) & set(volumes), "the replaced volumes are deleted"
    assert {d: volumes[v]["SnapshotId"] for d, v in after.items()} == {d: of[v] for d, v in before.items()}
    data = volumes[after["/dev/sdf"]]
    assert (data["VolumeType"], data["Iops"], data["Throughput"], data["Encrypted"]) == ("gp3", 4000, 250, True)
    assert {t["Key"]: t["Value"] for t in data["Tags"]} == {"team": "etcd"}
    assert cloud.describe(key)["State"]["Name"] == "stopped"
    now = one(platform, "n1")
    assert now.power == "off" and now.snapshots[0].current
    done(platform.power_on(now))
    assert one(platform, "n1").power == "on"
    done(platform.power_off(now))
    assert one(platform, "n1").power == "off"


def test_volumes_die_with_the_instance_as_before(cloud: Cloud) -> None:
    key = cloud.instance("n1", data=1)
    before = {m["DeviceName"]: m["Ebs"]["DeleteOnTermination"] for m in cloud.describe(key)["BlockDeviceMappings"]}
    assert set(before.values()) == {True, False}
    platform = cloud.platform()
    done(platform.revert(*taken(platform, "n1")))
    after = {m["DeviceName"]: m["Ebs"]["DeleteOnTermination"] for m in cloud.describe(key)["BlockDeviceMappings"]}
    assert after == before


@WEATHERS
def test_replaced_volumes_can_be_kept(cloud: Cloud) -> None:
    key = cloud.instance("n1", data=1)
    platform = cloud.platform(replaced_volumes="keep")
    before = cloud.devices(key)
    done(platform.revert(*taken(platform, "n1")))
    kept = cloud.volumes()
    assert {kept[v]["State"] for v in before.values()} == {"available"}
    second = cloud.platform()
    done(second.revert(one(second, "n1"), one(second, "n1").snapshots[0]))
    assert set(before.values()) <= set(cloud.volumes()), "a later revert that deletes does not delete what was to be kept"


def test_the_same_set_serves_again_and_again(cloud: Cloud) -> None:
    key = cloud.instance("n1", data=1)
    platform = cloud.platform()
    machine, snapshot = taken(platform, "n1")
    for _time in range(3):
        done(platform.revert(machine, snapshot))
    assert len(cloud.volumes()) == 2 and len(cloud.devices(key)) == 2


@pytest.mark.parametrize("action", ["CreateVolume", "StopInstances", "DetachVolume", "AttachVolume",
                                    "ModifyInstanceAttribute", "DeleteVolume"])
def test_an_interrupted_revert_is_finished_by_the_next(cloud: Cloud, action: str) -> None:
    key = cloud.instance("n1", data=2)
    platform = cloud.platform()
    machine, snapshot = taken(platform, "n1")
    before = cloud.devices(key)
    cloud.front.edit("DescribeVolumes", str)  # the first half of a swap, then the fault
    cloud.front.refuse(action, "InternalFailure", "An internal error", times=9)
    with pytest.raises(PlatformError, match=f"n1: AWS refused {action}: InternalFailure") as error:
        done(platform.revert(machine, snapshot))
    if action == "CreateVolume":
        assert cloud.devices(key) == before and cloud.describe(key)["State"]["Name"] == "running"
    elif action != "StopInstances":
        assert error.value.details["changed"] is True and "the same revert again" in str(error.value)
    cloud.front.forgive()
    done(platform.revert(one(platform, "n1"), snapshot))
    after, volumes = cloud.devices(key), cloud.volumes()
    assert set(after) == set(before) and not set(after.values()) & set(before.values())
    assert set(volumes) == set(after.values()), "nothing is left of the interrupted one"
    assert not [t for v in volumes.values() for t in v.get("Tags", []) if t["Key"] in (FRESH, REPLACED)]


@pytest.mark.parametrize(("policy", "step"), [*(pytest.param(p, 1, marks=pytest.mark.gauntlet) for p in ("delete", "keep")), ("keep", 3)])
def test_a_revert_that_was_killed_anywhere_is_finished_by_the_next(cloud: Cloud, policy: str, step: int) -> None:
    """Killed: nothing of it tidies up. After each number of requests (or some), until one gets to its end; every second time someone starts
    the half reverted machine before the next revert."""
    key = cloud.instance("n1", data=1)
    platform = cloud.platform(replaced_volumes=policy)
    machine, snapshot = taken(platform, "n1")
    of = {m["SnapshotId"] for m in cloud.own_snapshots()}
    booted = set(cloud.devices(key).values())
    for requests in range(4, 80, step):
        cloud.front.end_after(requests)
        try:
            done(platform.revert(machine, snapshot))
            return
        except PlatformError as e:
            assert "Ended: no more answers" in str(e)
        cloud.front.forgive()
        if requests % 2 and "/dev/sda1" in cloud.devices(key):
            cloud.ec2.start_instances(InstanceIds=[key])
            booted |= set(cloud.devices(key).values())
        done(platform.revert(machine, snapshot))
        after, volumes = cloud.devices(key), cloud.volumes()
        assert set(after) == {"/dev/sda1", "/dev/sdf"} and not set(after.values()) & booted
        assert {volumes[v]["SnapshotId"] for v in after.values()} == of
        assert policy == "keep" or set(volumes) == set(after.values()), "nothing is left of the interrupted one"
        assert not [t for v in after.values() for t in volumes[v].get("Tags", []) if t["Key"] in (FRESH, REPLACED)]
        cloud.ec2.start_instances(InstanceIds=[key])
        booted |= set(after.values())
    raise AssertionError("it never ended")


def test_the_root_volume_is_replaced_by_ec2_when_asked(cloud: Cloud) -> None:
    key = cloud.instance("n1", data=1)
    platform = cloud.platform(root_volume="replace")
    machine, snapshot = taken(platform, "n1")
    before = cloud.devices(key)
    done(platform.revert(machine, snapshot))
    assert cloud.front.actions().count("CreateReplaceRootVolumeTask") == 1
    assert not set(cloud.devices(key).values()) & set(before.values())
    assert set(cloud.volumes()) == set(cloud.devices(key).values())


def test_without_such_tasks_the_root_volume_is_swapped(cloud: Cloud) -> None:
    cloud.front.has_tasks = False
    key = cloud.instance("n1")
    platform = cloud.platform(root_volume="replace")
    machine, snapshot = taken(platform, "n1")
    before = cloud.devices(key)
    done(platform.revert(machine, snapshot))
    assert not set(cloud.devices(key).values()) & set(before.values())
    assert any("stopped and swapped instead" in line for line in cloud.job.lines)


def test_a_set_with_a_failed_member_is_removed(cloud: Cloud) -> None:
    cloud.instance("n1", data=1)
    platform = cloud.platform()
    machine = one(platform, "n1")
    cloud.front.edit("DescribeSnapshots", lambda t: t.replace(
        "<status>completed</status>", "<status>error</status><statusMessage>key disabled</statusMessage>", 1))
    with pytest.raises(PlatformError, match="n1: AWS could not take the snapshot of vol-.*: key disabled; the others"):
        done(platform.take(machine, "golden", "", False, False))
    assert not cloud.own_snapshots()


def test_half_a_set_is_never_reverted_to(cloud: Cloud) -> None:
    key = cloud.instance("n1", data=1)
    platform = cloud.platform()
    machine, snapshot = taken(platform, "n1")
    before = cloud.devices(key)
    lost = next(m["SnapshotId"] for m in cloud.own_snapshots() if m["VolumeId"] == before["/dev/sdf"])
    cloud.ec2.delete_snapshot(SnapshotId=lost)
    with pytest.raises(PlatformError, match="nothing can be reverted to snapshot 'golden'.*EBS snapshot of /dev/sdf is gone"):
        done(platform.revert(machine, snapshot))
    assert cloud.devices(key) == before and cloud.describe(key)["State"]["Name"] == "running"
    assert "/dev/sdf" in one(platform, "n1").extra["defects"][snapshot.id]


@WEATHERS
def test_remove_takes_the_whole_set_and_no_other(cloud: Cloud) -> None:
    cloud.instance("n1", data=1)
    platform = cloud.platform()
    taken(platform, "n1", "old")
    machine, _second = taken(platform, "n1", "new")
    [old] = [s for s in machine.snapshots if s.name == "old"]
    done(platform.remove(machine, old))
    assert [s.name for s in one(platform, "n1").snapshots] == ["new"] and len(cloud.own_snapshots()) == 2
    done(platform.remove(machine, old))  # gone is what was wanted
    with pytest.raises(PlatformError, match=r"n1: snapshot 'old' \(.*\) is gone"):
        platform.revert(machine, old)


def test_many_volumes_and_a_long_list_of_devices(cloud: Cloud) -> None:
    key = cloud.instance("n1")
    for number in range(10):
        cloud.volume(key, f"/dev/xvdb{chr(97 + number)}")
    platform = cloud.platform()
    before = cloud.devices(key)
    done(platform.revert(*taken(platform, "n1")), looks=500)
    assert set(cloud.devices(key)) == set(before) and len(before) == 11


def test_what_aws_cannot_is_said_before_anything(cloud: Cloud) -> None:
    cloud.instance("n1")
    platform = cloud.platform()
    machine = one(platform, "n1")
    for memory, quiesce, word in ((True, False, "memory"), (False, True, "quiesce")):
        with pytest.raises(BadOption, match=f"^{word}: "):
            platform.take(machine, "x", "", memory, quiesce)
    with pytest.raises(BadOption, match="^name: "):
        done(platform.take(machine, "x" * 300, "", False, False))
    assert not cloud.own_snapshots()


@pytest.mark.parametrize(("code", "message", "sentence"), [
    ("UnauthorizedOperation", "You are not authorized to perform this operation. Encoded authorization failure message: 1Qx",
     r"refused CreateSnapshots: UnauthorizedOperation: You are not .* operation \(the right ec2:CreateSnapshots is missing\)$"),
    ("RequestLimitExceeded", "Request limit exceeded.",
     r"RequestLimitExceeded: Request limit exceeded \(AWS throttles .* lower parallel\)$"),
    ("ExpiredToken", "The provided token has expired.", r"ExpiredToken: .* has expired \(the session has expired: log in"),
    ("RequestExpired", "Request has expired.", "log in again, .* or this clock is wrong"),
    ("AuthFailure", "AWS was not able to validate the provided access credentials", "check access_key, secret_key and session_token, or the profile"),
])
def test_refusals_are_one_sentence(cloud: Cloud, code: str, message: str, sentence: str) -> None:
    cloud.instance("n1")
    platform = cloud.platform()
    machine = one(platform, "n1")
    cloud.front.refuse("CreateSnapshots", code, message, times=20, status=503 if "Limit" in code else 400)
    with pytest.raises(PlatformError, match=sentence) as error:
        done(platform.take(machine, "golden", "", False, False))
    assert str(error.value).startswith("n1: AWS ") and "\n" not in str(error.value) and "Encoded" not in str(error.value)


def test_throttling_that_ends_is_waited_out(cloud: Cloud) -> None:
    cloud.instance("n1")
    cloud.front.refuse("DescribeInstances", "RequestLimitExceeded", "Request limit exceeded.", status=503)
    assert one(cloud.platform(), "n1").name == "n1"


def test_an_instance_that_will_not_start_tells_why(cloud: Cloud) -> None:
    key = cloud.instance("n1")
    cloud.ec2.stop_instances(InstanceIds=[key])
    platform = cloud.platform()
    machine = one(platform, "n1")
    cloud.front.edit("StartInstances", str)
    cloud.front.edit("DescribeInstances", lambda t: t.replace("<name>running</name>", "<name>stopped</name>"), times=30)
    with pytest.raises(PlatformError, match="n1: AWS left the instance stopped after StartInstances: "):
        done(platform.power_on(machine))


@pytest.mark.parametrize(("params", "sentence"), [
    ({"region": None}, "^region: not told: set region, the variable AWS_REGION"),
    ({"access_key": None}, "^access_key and secret_key: one is set without the other"),
    ({"access_key": None, "secret_key": None}, "^access_key: no AWS credentials"),
    ({"access_key": None, "secret_key": None, "profile": "nobody"}, "^profile: The config profile .nobody. could not be found"),
    ({"profile": "nobody"}, "^profile: not together with access_key"),
    ({"endpoint_url": "not an address"}, "endpoint_url"),
    ({"endpoint_url": "http://127.0.0.1:1"}, "AWS cannot be reached .DescribeInstances.: .*is the region right"),
])
def test_wrong_connections_are_one_sentence(cloud: Cloud, params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlatformError, match=sentence):
        cloud.platform(**params).find(Wanted(names=("n1",)))


def test_the_environment_of_the_task_tells_what_options_do_not(cloud: Cloud) -> None:
    key = cloud.instance("n1")
    cloud.job.environ = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION,
                         "AWS_ENDPOINT_URL_EC2": cloud.front.url, "AWS_PROFILE": "nobody"}
    platform = cloud.platform(region=None, access_key=None, secret_key=None, endpoint_url=None)
    assert one(platform, "n1").id == key
    with pytest.raises(BadOption, match="profile: The config profile .other. could not be found"):
        cloud.platform(access_key=None, secret_key=None, profile="other")


@pytest.mark.gauntlet
def test_three_hundred_machines_are_looked_at_in_few_requests(cloud: Cloud) -> None:
    cloud.ec2.run_instances(ImageId=IMAGE, MinCount=300, MaxCount=300, TagSpecifications=[
        {"ResourceType": "instance", "Tags": [{"Key": "cluster", "Value": "c1"}]}])
    platform = cloud.platform()
    assert len(platform.find(Wanted(tags=(("cluster", "c1"),)))) == 300
    assert platform.round_trips <= 5 and len(cloud.front.asked) == platform.round_trips
