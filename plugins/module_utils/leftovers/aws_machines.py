# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines, their disks and cards, and load balancers of both generations: what EC2 and Elastic Load Balancing list, as rows."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..clouds.aws import Ec2
from ..clouds.aws_tags import balancer_tags, tags_of
from .model import iso

NAME = "Name"


@dataclass(frozen=True)
class Row:
    """One thing of AWS; kind "" for what only uses others.

    parents: ids of what it belongs to: it is ours when they are; uses: ids of what it keeps from being deleted; held: what
    keeps this one, in words; address: its name in DNS; cluster: whose its name says that it is.
    """

    kind: str
    id: str
    tags: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    created: str = ""
    who: str = ""
    parents: Sequence[str] = ()
    uses: Sequence[str] = ()
    held: str = ""
    address: str = ""
    cluster: str = ""


# ---- one function per kind: the API's items as rows ---------------------------------------------------------------
def _instances(ec2: Ec2) -> list[Row]:
    found = [i for r in ec2.pages("DescribeInstances", "Reservations") for i in r["Instances"]]
    rows = []
    for i in found:
        if i["State"]["Name"] != "terminated":  # listed for an hour more
            disks = [m["Ebs"]["VolumeId"] for m in i.get("BlockDeviceMappings") or [] if "Ebs" in m]
            cards = [n["NetworkInterfaceId"] for n in i.get("NetworkInterfaces") or []]
            rows.append(Row("instance", i["InstanceId"], tags_of(i), created=iso(i.get("LaunchTime")), uses=[*disks, *cards],
                            who=f"key {i['KeyName']}" if i.get("KeyName") else ""))
    return rows


def _volumes(ec2: Ec2) -> list[Row]:
    return [Row("volume", v["VolumeId"], tags_of(v), created=iso(v.get("CreateTime")),
                parents=[a["InstanceId"] for a in v.get("Attachments") or [] if a.get("InstanceId")])
            for v in ec2.pages("DescribeVolumes", "Volumes")]


def _snapshots(ec2: Ec2) -> list[Row]:
    rows = [Row("snapshot", s["SnapshotId"], tags_of(s), created=iso(s.get("StartTime")),
                who=f"account {s['OwnerId']}" if s.get("OwnerId") else "")
            for s in ec2.pages("DescribeSnapshots", "Snapshots", OwnerIds=["self"])]
    return rows


def _images(ec2: Ec2) -> list[Row]:
    """Not looked for, but a snapshot that an image is made of cannot be deleted."""
    return [Row("", i["ImageId"], uses=[m["Ebs"]["SnapshotId"] for m in i.get("BlockDeviceMappings") or []
                                        if (m.get("Ebs") or {}).get("SnapshotId")])
            for i in ec2.pages("DescribeImages", "Images", Owners=["self"])]


def _interfaces(ec2: Ec2) -> list[Row]:
    rows = []
    for n in ec2.pages("DescribeNetworkInterfaces", "NetworkInterfaces"):
        attached = n.get("Attachment") or {}
        instance, text = attached.get("InstanceId"), str(n.get("Description") or "")
        # "ELB net/NAME/ID", "ELB app/NAME/ID", "ELB NAME" (classic): the load balancer is called by its name only
        balancer = text[4:].split("/")[1] if text.startswith(("ELB net/", "ELB app/")) else text[4:] * text.startswith("ELB ")
        groups = [g["GroupId"] for g in n.get("Groups") or []]
        by_others = not instance and n.get("Status") == "in-use"
        rows.append(Row("network_interface", n["NetworkInterfaceId"], tags_of(n, "TagSet"),
                        created=iso(attached.get("AttachTime")), who=str(n.get("RequesterId") or ""), uses=groups,
                        held=f"in use by {attached.get('InstanceOwnerId') or text or 'AWS'}" if by_others else "",
                        parents=[*filter(None, (instance, f"balancer {balancer}" * bool(balancer))), *groups]))
    return rows


def _groups(ec2: Ec2) -> list[Row]:
    rows = []
    for g in ec2.pages("DescribeSecurityGroups", "SecurityGroups"):
        if g["GroupName"] != "default":  # goes with its network only
            rules = [*(g.get("IpPermissions") or []), *(g.get("IpPermissionsEgress") or [])]
            others = {p["GroupId"] for r in rules for p in r.get("UserIdGroupPairs") or [] if p.get("GroupId")} - {g["GroupId"]}
            rows.append(Row("security_group", g["GroupId"], tags_of(g), g["GroupName"], uses=sorted(others)))
    return rows


def _addresses(ec2: Ec2) -> list[Row]:
    rows = []
    for a in ec2.call("DescribeAddresses").get("Addresses", []):
        on = [str(a[k]) for k in ("NetworkInterfaceId", "InstanceId") if a.get(k)]
        tags = tags_of(a)
        rows.append(Row("address", a.get("AllocationId") or a["PublicIp"], tags, tags.get(NAME) or a["PublicIp"], parents=on,
                        held=f"in use by {', '.join(on)}" if on else ""))
    return rows


def _classic(elb: Ec2) -> list[Row]:
    found = elb.pages("DescribeLoadBalancers", "LoadBalancerDescriptions")
    tags = balancer_tags(elb, "LoadBalancerName", "LoadBalancerNames", [b["LoadBalancerName"] for b in found])
    return [Row("classic_load_balancer", b["LoadBalancerName"], tags.get(b["LoadBalancerName"], {}), b["LoadBalancerName"],
                iso(b.get("CreatedTime")), uses=b.get("SecurityGroups") or [], address=b["DNSName"].lower()) for b in found]


def _balancers(elbv2: Ec2) -> list[Row]:
    found = elbv2.pages("DescribeLoadBalancers", "LoadBalancers")
    tags = balancer_tags(elbv2, "ResourceArn", "ResourceArns", [b["LoadBalancerArn"] for b in found])
    return [Row("load_balancer", b["LoadBalancerArn"], tags.get(b["LoadBalancerArn"], {}), b["LoadBalancerName"],
                iso(b.get("CreatedTime")), uses=b.get("SecurityGroups") or [], address=b["DNSName"].lower()) for b in found]


def _targets(elbv2: Ec2) -> list[Row]:
    found = elbv2.pages("DescribeTargetGroups", "TargetGroups")
    tags = balancer_tags(elbv2, "ResourceArn", "ResourceArns", [t["TargetGroupArn"] for t in found])
    return [Row("target_group", t["TargetGroupArn"], tags.get(t["TargetGroupArn"], {}), t["TargetGroupName"],
                parents=t.get("LoadBalancerArns") or [],
                held=f"in use by {', '.join(t['LoadBalancerArns'])}" if t.get("LoadBalancerArns") else "") for t in found]


KINDS: tuple[tuple[str, str, Callable[[Ec2], list[Row]]], ...] = (
    ("instance", "ec2", _instances), ("volume", "ec2", _volumes), ("snapshot", "ec2", _snapshots), ("image", "ec2", _images),
    ("network_interface", "ec2", _interfaces), ("security_group", "ec2", _groups), ("address", "ec2", _addresses),
    ("classic_load_balancer", "elb", _classic), ("load_balancer", "elbv2", _balancers), ("target_group", "elbv2", _targets))
