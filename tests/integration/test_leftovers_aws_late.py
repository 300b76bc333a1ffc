# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at AWS that do not end, and lists that are not of now: of what was deleted meanwhile, or is shown late."""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.leftovers import aws as leftovers_aws
from tests.fakes.aws_lists import Lists
from tests.fakes.moto_server import REGION
from tests.integration.aws_left import OURS, Cloud, cloud, tag_list

__all__ = ["cloud"]  # the fixture

# Seconds: what else is not in time on a machine with much to do is told likewise, and does not matter.
_SOON = 3.0


@pytest.fixture
def over() -> Iterator[threading.Event]:
    made = threading.Event()
    yield made
    made.set()


def _pages(cloud: Cloud, action: str) -> None:
    """This list has no end: each page names a next one."""
    number = count()
    end = f"</{action}Response>"
    cloud.front.edit(action, lambda t: t.replace(end, f"<nextToken>{next(number)}</nextToken>{end}"), 10**6)


@pytest.mark.fair("the time is short")
@pytest.mark.parametrize("how", ["endless", "silent"])
def test_a_list_that_does_not_end_is_told_and_never_taken_for_empty(cloud: Cloud, over: threading.Event, how: str,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    key, _remove = cloud.volume(OURS)
    before = cloud.ask()
    monkeypatch.setattr(leftovers_aws, "_LEAST", _SOON)
    if how == "endless":
        _pages(cloud, "DescribeVolumes")
    else:
        cloud.front.edit("DescribeVolumes", lambda text: over.wait() and text, 9)
    found = cloud.ask(before=before)
    late = {i["kind"]: i for i in found["leftovers"] if not i["id"]}
    assert (late["volume"]["cause"], late["volume"]["age_seconds"]) == ("time", None)
    assert not found["clean"] and "volume (unknown) [time]" in found["msg"]
    assert "was not looked at, so what is left of it is unknown: the time was up before" in late["volume"]["detail"]
    assert found["gone"] == [], f"{key} may be there"
    over.set()
    for thread in [t for t in threading.enumerate() if t.name.startswith("ThreadPoolExecutor")]:
        thread.join(60)
        assert not thread.is_alive(), "nobody asks on"


@pytest.mark.fair("the time is short")
def test_what_was_not_looked_at_before_may_have_been_there(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    key, _remove = cloud.volume(OURS)
    with monkeypatch.context() as soon:
        soon.setattr(leftovers_aws, "_LEAST", _SOON)
        _pages(cloud, "DescribeVolumes")
        before = cloud.ask()
    cloud.front.forgive()
    [left] = cloud.ask(before=before)["leftovers"]
    assert left["id"] == key and "may have been there before" in left["detail"]


def test_a_look_that_begins_when_the_time_is_up_has_its_own(cloud: Cloud) -> None:
    """As one after the search of another provider, which took all of it."""
    assert cloud.ask(wait=True, wait_timeout=0)["clean"]


def _going(cloud: Cloud, kind: str) -> tuple[str, Callable[[], Any]]:
    """One more of the kind, and how it is removed."""
    if kind == "classic_load_balancer":
        cloud.elb.create_load_balancer(LoadBalancerName="going", AvailabilityZones=[f"{REGION}a"], Tags=tag_list(OURS), Listeners=[
            {"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 30080}])
        return "going", lambda: cloud.elb.delete_load_balancer(LoadBalancerName="going")
    if kind == "load_balancer":
        made = cloud.elbv2.create_load_balancer(Name="going", Subnets=cloud.subnets, Tags=tag_list(OURS))["LoadBalancers"][0]
        return made["LoadBalancerArn"], lambda: cloud.elbv2.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
    made = cloud.elbv2.create_target_group(Name="going", Protocol="TCP", Port=80, VpcId=cloud.vpc, Tags=tag_list(OURS))["TargetGroups"][0]
    return made["TargetGroupArn"], lambda: cloud.elbv2.delete_target_group(TargetGroupArn=made["TargetGroupArn"])


@pytest.mark.parametrize(("kind", "list_of", "code"), [
    ("classic_load_balancer", "DescribeLoadBalancers", ""), ("load_balancer", "DescribeLoadBalancers", "LoadBalancerNotFound"),
    ("target_group", "DescribeTargetGroups", "TargetGroupNotFound")])
def test_what_goes_between_its_list_and_its_tags_is_gone(cloud: Cloud, kind: str, list_of: str, code: str) -> None:
    """AWS refuses to tell the tags of all that were asked for when one of them is no more; moto does so for the classic ones only."""
    (kept, _remove), (going, remove) = getattr(cloud, kind)(OURS), _going(cloud, kind)

    def meanwhile(text: str) -> str:
        if going in text:
            if code:
                cloud.elbv2.remove_tags(ResourceArns=[going], TagKeys=list(OURS))  # moto would tell them still
            remove()
            if code:
                cloud.front.refuse("DescribeTags", code, f"One or more of '[{going}]' not found")
        return text

    cloud.front.edit(list_of, meanwhile, 9)
    assert {i["id"] for i in cloud.ask()["leftovers"]} == {kept}


def test_a_zone_that_goes_before_it_is_looked_at_is_gone(cloud: Cloud) -> None:
    key, _remove = cloud.dns_record(OURS)
    other = str(cloud.route53.create_hosted_zone(Name="example.net", CallerReference="2")["HostedZone"]["Id"])
    cloud.front.edit("GET /2013-04-01/hostedzone", lambda text: cloud.route53.delete_hosted_zone(Id=other) and text)
    assert key in {i["id"] for i in cloud.ask()["leftovers"]}


def test_what_was_deleted_is_waited_for_while_it_is_listed(cloud: Cloud) -> None:
    cloud.front.world = lists = Lists(late=3)
    key, remove = cloud.volume(OURS)
    assert [i["id"] for i in cloud.ask()["leftovers"]] == [key]
    remove()
    lists.gone(key)
    assert [i["id"] for i in cloud.ask()["leftovers"]] == [key], "nobody can tell yet"
    assert cloud.ask(wait=True, wait_timeout=600)["clean"] and any(key in line for line in cloud.lines)


def test_what_is_listed_late_is_found_when_the_rest_seems_gone(cloud: Cloud) -> None:
    """While something is left only its kind is listed; all kinds are before nothing is said to be left."""
    cloud.front.world = lists = Lists(hidden=1)
    first, remove = cloud.snapshot(OURS)
    second, _remove = cloud.volume(OURS)
    lists.made(second)
    looks: list[str] = []

    def later(text: str) -> str:
        looks.append(text)
        if len(looks) == 3:
            remove()
        return text

    cloud.front.edit("DescribeSnapshots", later, 9)
    found = cloud.ask(wait=True, wait_timeout=3)
    assert [i["id"] for i in found["leftovers"]] == [second] and any(first in line for line in cloud.lines)
