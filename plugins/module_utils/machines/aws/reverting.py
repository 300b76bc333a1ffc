# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Before an instance is stopped or reverted: what keeps it from being stopped, what it loses by it, and who would replace it.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html: a public address that is no Elastic IP is released,
instance store volumes lose their data, and instances without an EBS root or of a one-time spot request cannot be stopped.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ...clouds.aws import AwsError, Ec2, connect
from ...clouds.aws_tags import tags_of
from ...jobs.errors import BadOption
from ...jobs.job import Job
from ...jobs.meanwhile import meanwhile
from ..model import Machine
from .owners import MEMBER, PROCESSES, Owners, kept

_OUTSIDE = ("what the cluster made outside of its machines since the snapshot (volumes, load balancers, records) is unknown to it "
            "after the revert, and stays: leftovers_info finds it")


def about(instance: Mapping[str, Any]) -> dict[str, str]:
    """What a revert wants to know of an instance, of what DescribeInstances says. public: an address that is no Elastic IP."""
    cards = [c.get("Association") or {} for c in instance.get("NetworkInterfaces") or []]
    public = next((a["PublicIp"] for a in cards if a.get("IpOwnerId") == "amazon" and a.get("PublicIp")), "")
    return {"group": tags_of(instance).get(MEMBER, ""), "root": instance.get("RootDeviceType", "ebs"), "public": public,
            "type": instance.get("InstanceType", ""), "spot": instance.get("SpotInstanceRequestId", "")
            or ("spot" if instance.get("InstanceLifecycle") == "spot" else "")}


def check_stop(ec2: Ec2, machines: Sequence[Machine], params: Mapping[str, Any], tell: Callable[[str], None]) -> None:
    """See MachinePlatform."""
    known, groups = {m.name: m.extra["instance"] for m in machines}, _groups(machines)
    if groups and params.get("auto_scaling") != "suspend":
        names = [n for n, it in known.items() if it["group"]]
        raise BadOption(f"auto_scaling: {_few(names)} {'are members' if len(names) > 1 else 'is a member'} of the Auto Scaling group "
                        f"{_few(sorted(groups))}, which terminates and replaces a machine that is stopped; auto_scaling: suspend "
                        f"suspends its processes {', '.join(PROCESSES)} meanwhile")
    if stored := [n for n, i in known.items() if i["root"] == "instance-store"]:
        raise BadOption(f"names: {_few(stored)}: the root volume is an instance store, so the machine cannot be stopped")
    _check_spot(ec2, known)
    for name, it in known.items():
        if it["public"]:
            tell(f"{name}: its public address {it['public']} is no Elastic IP and becomes another when it is stopped, so a kubeconfig "
                 "or a record with it leads nowhere afterwards")
    _tell_stores(ec2, known, tell)


def check_revert(ec2: Ec2, machines: Sequence[Machine], params: Mapping[str, Any], replaces_root: bool,
                 tell: Callable[[str], None]) -> None:
    """See MachinePlatform."""
    check_stop(ec2, machines, params, tell)
    if replaces_root:
        _check_stoppable(ec2, machines)
    tell(_OUTSIDE)


def _check_spot(ec2: Ec2, known: Mapping[str, Mapping[str, str]]) -> None:
    asked = {i["spot"]: n for n, i in known.items() if i["spot"].startswith("sir-")}
    found = ec2.call("DescribeSpotInstanceRequests", SpotInstanceRequestIds=sorted(asked))["SpotInstanceRequests"] if asked else []
    once = [asked[r["SpotInstanceRequestId"]] for r in found if r.get("Type") == "one-time"]
    once += [n for n, i in known.items() if i["spot"] == "spot"]
    if once:
        raise BadOption(f"names: {_few(sorted(once))}: EC2 does not stop instances of one-time spot requests, so the machine cannot be "
                        "reverted; make it anew")


def _check_stoppable(ec2: Ec2, machines: Sequence[Machine]) -> None:
    """EC2 replaces a root volume only; for other volumes of the snapshot the machine is stopped all the same."""
    for machine in machines:
        if len(machine.extra.get("volumes") or {}) > 1 and ec2.call(
                "DescribeInstanceAttribute", machine.name, InstanceId=machine.id, Attribute="disableApiStop"
        ).get("DisableApiStop", {}).get("Value"):
            raise BadOption(f"root_volume: {machine.name} has volumes besides its root and is protected from being stopped, so EC2 can "
                            "replace the root alone; take the protection away (disableApiStop)")


def _tell_stores(ec2: Ec2, known: Mapping[str, Mapping[str, str]], tell: Callable[[str], None]) -> None:
    types = sorted({i["type"] for i in known.values() if i["type"]})
    try:
        found = ec2.pages("DescribeInstanceTypes", "InstanceTypes", Filters=[
            {"Name": "instance-type", "Values": types}, {"Name": "instance-storage-supported", "Values": ["true"]}]) if types else []
    except AwsError as e:
        tell(f"whether machines have instance store volumes, which lose their data when they are stopped, is not known: {e}")
        return
    having = {t["InstanceType"] for t in found if t.get("InstanceStorageSupported", True)}
    if losing := [n for n, i in known.items() if i["type"] in having]:
        tell(f"{_few(losing)}: instance store volumes lose their data when the machine is stopped, and are in no snapshot")


def _groups(machines: Sequence[Machine]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for machine in machines:
        if group := machine.extra["instance"]["group"]:
            found.setdefault(group, []).append(machine.id)
    return found


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


@contextmanager
def held(machines: Sequence[Machine], params: Mapping[str, Any], job: Job) -> Iterator[None]:
    """See MachinePlatform."""
    members = _groups(machines)
    if not members or params.get("auto_scaling") != "suspend":
        yield
        return
    environ = dict(job.environ)

    def owners(nonce: str = "") -> Owners:
        return Owners(connect(params, environ, "autoscaling"), connect(params, environ), members, nonce)

    ours = owners()
    with meanwhile(lambda: ours.suspend(job.tell), lambda: _resumed(ours, job), lambda: owners(ours.nonce).resume_all()):
        yield


def _resumed(ours: Owners, job: Job) -> bool:
    left = ours.resume(job.tell)
    if left:
        job.tell(kept(left))
    return not left
