# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a cluster left in AWS: a leak of each kind is planted in moto's server, found, removed, and no longer found.

tests/fakes/ec2_front.py stands before moto where AWS refuses a call.
"""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from tests.fakes.moto_server import REGION
from tests.integration.aws_left import NAME, OURS, Cloud, cloud, tag_list

__all__ = ["cloud"]  # the fixture

KINDS = ("instance", "volume", "snapshot", "network_interface", "security_group", "address", "classic_load_balancer",
         "load_balancer", "target_group", "dns_record")


def test_a_leak_of_each_kind_is_listed_until_it_is_removed(cloud: Cloud, tmp_path: Path) -> None:
    """None of them belongs to another here, so each is found by its own tag or note."""
    before = tmp_path / "before.json"
    before.write_text(json.dumps(cloud.ask()))
    assert cloud.ask(before=str(before))["leftovers"] == []
    planted = {kind: getattr(cloud, kind)(OURS) for kind in KINDS}
    found = cloud.ask(before=str(before))
    leaks = {(i["kind"], i["id"]): i for i in found["leftovers"]}
    for kind, (key, _remove) in planted.items():
        leak = leaks[kind, key]
        assert leak["owner"] == ("service/shop/web" if kind == "dns_record" else "ci.runner")
        assert leak["provider"] == "aws" and leak["cause"] == "" and 0 <= leak["age_seconds"] < 600, kind
    assert found["clean"] is False and found["msg"].startswith(f"{len(leaks)} left: ")
    with pytest.raises(PlatformError, match="left: .*") as e:
        cloud.ask(before=str(before), fail_on_leftovers=True)
    assert len(e.value.details["leftovers"]) == len(leaks)
    kept, remove_last = planted.pop("volume")
    for _key, remove in planted.values():
        remove()
    assert [i["id"] for i in cloud.ask(before=str(before))["leftovers"]] == [kept]
    remove_last()
    after = cloud.ask(before=str(before), fail_on_leftovers=True)
    assert (after["leftovers"], after["clean"], after["msg"]) == ([], True, "nothing is left")


def test_what_is_of_others_is_not_listed(cloud: Cloud) -> None:
    for kind in KINDS:
        getattr(cloud, kind)({})
    assert cloud.ask()["leftovers"] == []


def test_what_others_share_or_name_alike_is_not_ours(cloud: Cloud) -> None:
    cloud.volume({f"kubernetes.io/cluster/{NAME}": "shared"})
    cloud.volume({f"kubernetes.io/cluster/{NAME}0": "owned"})
    cloud.volume({"Name": f"{NAME}-data"})
    assert cloud.ask()["leftovers"] == []
    assert [i["name"] for i in cloud.ask(patterns=[f"{NAME}-*"])["leftovers"]] == [f"{NAME}-data"]


def test_what_was_there_before_is_not_left_and_what_is_missing_is_told(cloud: Cloud) -> None:
    old, remove = cloud.volume({**OURS, "Name": "old"})
    before = cloud.ask()
    new, _remove = cloud.volume(OURS)
    assert [i["id"] for i in before["leftovers"]] == [old], "without an earlier inventory all is left"
    assert [i["id"] for i in cloud.ask(before=before)["leftovers"]] == [new]
    remove()
    assert [(i["id"], i["name"]) for i in cloud.ask(before=before["inventory"])["gone"]] == [(old, "old")]


def test_a_security_group_in_use_names_its_interface_as_dependency(cloud: Cloud) -> None:
    group, remove = cloud.security_group(OURS)
    card, detach = cloud.network_interface({}, group)
    found = {i["id"]: i for i in cloud.ask()["leftovers"]}
    assert set(found) == {group, card}, "an interface without tags belongs to its group"
    assert (found[group]["cause"], found[group]["detail"]) == ("dependency", f"in use by {card}")
    assert found[card]["cause"] == ""
    detach()
    [alone] = cloud.ask()["leftovers"]
    assert (alone["id"], alone["cause"]) == (group, "")
    remove()
    assert cloud.ask()["leftovers"] == []


def test_a_group_in_the_rules_of_another_is_held_by_it(cloud: Cloud) -> None:
    group, _remove = cloud.security_group(OURS)
    other = cloud.ec2.create_security_group(GroupName="nodes", Description="x", VpcId=cloud.vpc)["GroupId"]
    cloud.ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": group}]}])
    assert [(i["id"], i["detail"]) for i in cloud.ask()["leftovers"]] == [(group, f"in use by {other}")]


def test_what_belongs_to_an_instance_is_found_by_it(cloud: Cloud) -> None:
    machine, _remove = cloud.instance(OURS)
    volume, _delete = cloud.volume({})
    cloud.ec2.attach_volume(VolumeId=volume, InstanceId=machine, Device="/dev/sdf")
    address, _release = cloud.address({})
    cloud.ec2.associate_address(AllocationId=address, InstanceId=machine)
    found = {i["id"]: i for i in cloud.ask()["leftovers"]}
    assert {volume, address, machine} <= set(found)
    assert {i["kind"] for i in found.values()} == {"instance", "volume", "address", "network_interface"}
    assert (found[volume]["cause"], found[volume]["detail"]) == ("dependency", f"in use by {machine}")
    assert found[address]["cause"] == "dependency" and machine in found[address]["detail"]


def test_a_balancer_brings_its_target_group_and_its_records(cloud: Cloud) -> None:
    balancer, remove = cloud.load_balancer(OURS)
    target, _delete = cloud.target_group({})
    cloud.elbv2.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=80, DefaultActions=[
        {"Type": "forward", "TargetGroupArn": target}])
    there = cloud.elbv2.describe_load_balancers()["LoadBalancers"][0]
    zone = cloud.zone()
    cloud.record(zone, "shop.example.com", "CNAME", there["DNSName"])
    cloud.record(zone, "other.example.com", "CNAME", "elsewhere.example.net")
    found = {i["kind"]: i for i in cloud.ask()["leftovers"]}
    assert {"load_balancer", "target_group", "dns_record"} == set(found)
    assert found["target_group"]["cause"] == "dependency" and balancer in found["target_group"]["detail"]
    assert found["dns_record"]["name"] == "shop.example.com" and there["DNSName"] in found["dns_record"]["detail"]
    remove()
    assert {i["kind"] for i in cloud.ask()["leftovers"]} == set(), "what is not tagged is no longer known without it"


def test_a_snapshot_of_an_image_is_held_by_it(cloud: Cloud) -> None:
    machine, _remove = cloud.instance({})
    image = cloud.ec2.create_image(InstanceId=machine, Name="golden")["ImageId"]
    [mapping] = cloud.ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
    snapshot = mapping["Ebs"]["SnapshotId"]
    cloud.ec2.create_tags(Resources=[snapshot], Tags=tag_list(OURS))
    assert [(i["id"], i["cause"], i["detail"]) for i in cloud.ask()["leftovers"]] == [
        (snapshot, "dependency", f"in use by {image}")]


@pytest.mark.parametrize(("action", "code", "kind", "right"), [
    ("DescribeVolumes", "UnauthorizedOperation", "volume", "ec2:DescribeVolumes"),
    pytest.param("DescribeNetworkInterfaces", "UnauthorizedOperation", "network_interface", "ec2:DescribeNetworkInterfaces",
                 marks=pytest.mark.gauntlet),
    pytest.param("DescribeTargetGroups", "AccessDenied", "target_group", "elasticloadbalancing:DescribeTargetGroups",
                 marks=pytest.mark.gauntlet),
    ("GET /2013-04-01/hostedzone", "AccessDenied", "dns_record", "route53:ListHostedZones")])
def test_a_kind_that_may_not_be_listed_is_never_taken_for_empty(cloud: Cloud, action: str, code: str, kind: str,
                                                                right: str) -> None:
    before = cloud.ask()
    cloud.volume(OURS)
    cloud.front.refuse(action, code, "You are not authorized to perform this operation.", times=9, status=403)
    found = cloud.ask(before=before)
    [closed] = [i for i in found["leftovers"] if not i["id"]]
    assert (closed["kind"], closed["cause"], closed["age_seconds"]) == (kind, "permission", None)
    assert f"the right {right} is missing" in closed["detail"] and found["clean"] is False
    with pytest.raises(PlatformError, match=kind):
        cloud.ask(before=before, fail_on_leftovers=True)


def test_what_could_not_be_listed_before_is_told_as_that(cloud: Cloud) -> None:
    key, _remove = cloud.volume(OURS)
    cloud.front.refuse("DescribeVolumes", "UnauthorizedOperation", "no", times=9, status=403)
    before = cloud.ask()
    cloud.front.forgive()
    [left] = cloud.ask(before=before)["leftovers"]
    assert left["id"] == key and "may have been there before" in left["detail"]


def test_it_waits_until_what_is_being_deleted_is_gone(cloud: Cloud) -> None:
    key, remove = cloud.volume(OURS)
    cloud.front.edit("DescribeVolumes", lambda text: remove() and text)  # gone with the next look
    found = cloud.ask(wait=True, wait_timeout=60)
    assert found["clean"] and any(key in line for line in cloud.lines)


def test_a_wait_ends_and_tells_what_is_left(cloud: Cloud) -> None:
    key, _remove = cloud.volume(OURS)
    assert [i["id"] for i in cloud.ask(wait=True, wait_timeout=0.3)["leftovers"]] == [key]


def test_an_inventory_of_other_questions_is_refused(cloud: Cloud, tmp_path: Path) -> None:
    before = cloud.ask()
    with pytest.raises(BadOption, match=r"before: was taken for name ci-3f9a1c07, and this is for name ci-3f9a1c07, run_id r1"):
        cloud.ask(before=before, run_id="r1")
    with pytest.raises(BadOption, match=f"before: is of aws at {REGION}, and this is eu-west-1"):
        cloud.ask(before=before, aws={"region": "eu-west-1"})
    for bad, sentence in ((str(tmp_path / "none.json"), "before: .*none.json cannot be read: No such file"), ("{", "is no JSON"),
                          ({"leftovers": []}, "before: holds no inventory"), ([], "before: holds no inventory")):
        with pytest.raises(BadOption, match=sentence):
            cloud.ask(before=bad)
    assert not [a for a in cloud.front.actions() if a.startswith(("Delete", "Terminate", "Release"))]


@pytest.mark.parametrize(("params", "sentence"), [
    ({"name": ""}, "name, run_id, tags, patterns: none is set"),
    ({"providers": []}, "providers: is empty"),
    ({"aws": {"zones": ["example.org"]}}, "aws.zones: Route 53 has no zone example.org; it has none"),
    ({"aws": {"profile": "absent", "access_key": None, "secret_key": None}}, "profile: The config profile .absent. could not be found")])
def test_bad_input_is_one_sentence(cloud: Cloud, params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadOption, match=sentence):
        cloud.ask(**params)


def test_a_session_that_ended_is_an_error_and_not_nothing(cloud: Cloud) -> None:
    cloud.front.refuse("*", "ExpiredToken", "The security token included in the request is expired", times=99)
    with pytest.raises(PlatformError, match="the session has expired"):
        cloud.ask()
