# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances of EC2 as machines: sets of EBS snapshots, volumes swapped on revert.

What differs from a hypervisor: a snapshot is a copy outside the machine, so there is no tree, no chain that slows the
machine down, and nothing to consolidate; it never holds memory, and all volumes are as after a power cut at one moment.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from ...clouds.aws import AwsError, Ec2, connect
from ...clouds.aws_tags import tags_of
from ...jobs.errors import BadOption, PlatformError, Unknown
from ...jobs.job import Job
from ...jobs.steps import Steps, Stepwise, nothing
from ..model import Machine, Pending, Snapshot, Store, Wanted
from .revert import Revert, power
from .reverting import about, check_revert, check_stop, held
from .sets import FILTER_VALUES, INSTANCE, NAME, SET, SnapshotSet, as_tags, device_of, is_claim, new_tags, plain, sets_of
from .status import unwell

_LIVE = ["pending", "running", "stopping", "stopped"]
_POWER = {"pending": "on", "running": "on", "stopping": "off", "stopped": "off"}
_SHOWN = 20
# Requests for snapshots on their way at once, whatever option parallel says: EC2 answers each within a second or two.
AT_ONCE = 24
_SEEN = 60  # looks until a snapshot that was made is listed, and one that was deleted is not
_GIB = 1024 ** 3


class Aws:
    """A MachinePlatform (model.py). tags: what every snapshot carries besides (cluster, run, creator)."""

    name = "aws"
    has_tools = has_memory = False
    consolidates = False
    revert_stops = True  # or wants it to run: a root volume is replaced so
    takes_at_once = True

    def __init__(self, ec2: Ec2, job: Job, tags: Mapping[str, str], params: Mapping[str, Any]) -> None:
        self._ec2, self._job, self._tags, self._params = ec2, job, dict(tags), params
        self._replace_root = params.get("root_volume") == "replace"
        self._delete_replaced = params.get("replaced_volumes") != "keep"
        self._pool = ThreadPoolExecutor(AT_ONCE)

    @property
    def round_trips(self) -> int:
        return self._ec2.round_trips

    def find(self, wanted: Wanted) -> list[Machine]:
        """See MachinePlatform. tags: instances that bear all of them."""
        for option in ("uuids", "folder"):
            if getattr(wanted, option):
                raise BadOption(f"{option}: instances of AWS have none; select them by names, ids or tags")
        found: dict[str, dict[str, Any]] = {}
        for filters in _filters(wanted):
            found |= {i["InstanceId"]: i for i in self._instances(filters) if _is_wanted(i, wanted)}
        self._check(wanted, list(found.values()))
        ids = sorted(found)
        disks = self._listed("DescribeVolumes", "Volumes", "attachment.instance-id", ids)
        sets = sets_of(self._snapshots(ids))
        return sorted((_machine(i, disks, sets.get(n, [])) for n, i in found.items()), key=lambda m: (m.name, m.id))

    def _instances(self, filters: list[dict[str, Any]]) -> list[dict[str, Any]]:
        live = {"Name": "instance-state-name", "Values": _LIVE}
        pages = self._ec2.pages("DescribeInstances", "Reservations", Filters=[*filters, live])
        return [i for r in pages for i in r["Instances"]]

    def _listed(self, operation: str, key: str, name: str, values: list[str], **more: Any) -> list[dict[str, Any]]:
        """All items whose property is one of the values."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(values), FILTER_VALUES):
            found += self._ec2.pages(operation, key, Filters=[
                {"Name": name, "Values": values[start:start + FILTER_VALUES]}], **more)
        return found

    def _snapshots(self, instances: list[str]) -> list[dict[str, Any]]:
        """Always listed like this, as each list of EC2 may know another moment."""
        return self._listed("DescribeSnapshots", "Snapshots", f"tag:{INSTANCE}", instances, OwnerIds=["self"])

    def _check(self, wanted: Wanted, found: list[dict[str, Any]]) -> None:
        """BadOption where a name or id fits none or several, or the tags fit none; it lists what there is."""
        names = [tags_of(i).get(NAME, "") for i in found]
        for name in wanted.names:
            if names.count(name) > 1:
                which = ", ".join(sorted(i["InstanceId"] for i in found if tags_of(i).get(NAME) == name))
                raise BadOption(f"names: {names.count(name)} instances are named {name!r}: {which}; name one by ids")
        absent = [f"names: no instance is named {n!r}" for n in wanted.names if n not in names]
        absent += [f"ids: there is no instance {i!r}" for i in wanted.ids if i not in {f["InstanceId"] for f in found}]
        tags = dict(wanted.tags)
        if tags and not any(tags.items() <= tags_of(i).items() for i in found):
            absent.append("tags: no instance has " + ", ".join(f"{k}={v}" for k, v in tags.items()))
        if absent:
            raise BadOption(f"{absent[0]} in {self._ec2.region}; {self._there()}", missing=absent)

    def _there(self) -> str:
        all_of_them = sorted((tags_of(i).get(NAME, ""), i["InstanceId"]) for i in self._instances([]))
        if not all_of_them:
            return "there are no instances at all"
        shown = ", ".join(f"{n!r} ({i})" if n else i for n, i in all_of_them[:_SHOWN])
        return f"there are: {shown}" + (f" and {len(all_of_them) - _SHOWN} more" if len(all_of_them) > _SHOWN else "")

    def stores(self, machines: Sequence[Machine]) -> list[Store]:
        """EBS has no datastores that could fill up."""
        return []

    def take(self, machine: Machine, name: str, description: str, memory: bool, quiesce: bool) -> Pending:
        """All volumes of the machine at one moment; those behind PersistentVolumes belong to the cluster and are left out."""
        if memory:
            raise BadOption("memory: snapshots on AWS hold no memory")
        if quiesce:
            raise BadOption("quiesce: EC2 does not ask the system to write its buffers first; stop the machine, or take the "
                            "snapshot as after a power cut")
        return Stepwise(self._take(machine, name, self._pool.submit(self._ask, machine, name, description)))

    def _take(self, machine: Machine, name: str, asked: Future[tuple[str, list[str]]]) -> Steps:
        """Taken is what EC2 has answered: a snapshot is of the moment of the request, and complete when its copy is, hours later
        (https://docs.aws.amazon.com/ebs/latest/userguide/ebs-create-snapshot.html). Lists may show it some moments later only."""
        while not asked.done():
            yield 0.0
        key, ids = asked.result()
        for _look in range(_SEEN):
            now = [s for s in self._snapshots([machine.id]) if s["SnapshotId"] in ids]
            broken = [s for s in now if s["State"] == "error"]
            if broken:
                self._delete(machine.name, ids)
                why = broken[0].get("StateMessage") or "AWS tells no reason"
                raise PlatformError(f"{machine.name}: AWS could not take the snapshot of {broken[0]['VolumeId']}: {why}; the "
                                    "others of the set are removed")
            if len(now) == len(ids):
                return key
            yield 50.0
        raise Unknown(f"{machine.name}: AWS answered with the snapshots {', '.join(ids)}, and does not list them")

    def _ask(self, machine: Machine, name: str, text: str) -> tuple[str, list[str]]:
        """One request for all volumes of a machine: (the set, ids of its EBS snapshots)."""
        attached = self._ec2.pages("DescribeVolumes", "Volumes", machine.name,
                                   Filters=[{"Name": "attachment.instance-id", "Values": [machine.id]}])
        own = {v["VolumeId"]: device_of(v, machine.id) for v in attached if not is_claim(v)}
        claims = [v["VolumeId"] for v in attached if is_claim(v)]
        specification: dict[str, Any] = {"InstanceId": machine.id}
        if claims:
            self._job.tell(f"{machine.name}: volumes of PersistentVolumes are not in the snapshot: {', '.join(claims)}")
            specification["ExcludeDataVolumeIds"] = claims
        tags = new_tags(name, machine.id, own, self._tags)
        made = self._ec2.call("CreateSnapshots", machine.name, InstanceSpecification=specification, Description=plain(text),
                              TagSpecifications=[{"ResourceType": "snapshot", "Tags": as_tags(tags)}])["Snapshots"]
        return tags[SET], [m["SnapshotId"] for m in made]

    def _delete(self, name: str, ids: list[str]) -> None:
        for one in ids:
            try:
                self._ec2.call("DeleteSnapshot", name, SnapshotId=one)
            except AwsError as e:
                if e.code != "InvalidSnapshot.NotFound":
                    raise

    def _set(self, machine: Machine, snapshot: Snapshot) -> SnapshotSet:
        for one in sets_of(self._snapshots([machine.id])).get(machine.id, []):
            if one.id == snapshot.id:
                return one
        raise PlatformError(f"{machine.name}: snapshot {snapshot.name!r} ({snapshot.id}) is gone")

    def revert(self, machine: Machine, snapshot: Snapshot) -> Pending:
        return Stepwise(Revert(self._ec2, machine.id, machine.name, self._set(machine, snapshot), self._replace_root,
                               self._delete_replaced, self._job.tell).steps())

    def remove(self, machine: Machine, snapshot: Snapshot, children: bool = False) -> Pending:
        """children: there are none on AWS."""
        return Stepwise(self._remove(machine, snapshot))

    def _remove(self, machine: Machine, snapshot: Snapshot) -> Steps:
        """Removed is what is not listed any more, else the next look would take it for a snapshot. Gone is what was wanted."""
        wanted, deleted = set(machine.extra["members"].get(snapshot.id, ())), set()
        for _look in range(_SEEN):
            listed = {s["SnapshotId"] for s in self._snapshots([machine.id]) if tags_of(s).get(SET) == snapshot.id}
            self._delete(machine.name, sorted((wanted | listed) - deleted))
            deleted |= wanted | listed
            if not listed:
                return snapshot.id
            yield 50.0
        self._job.tell(f"{machine.name}: AWS lists the snapshot {snapshot.name!r} still, though it took its deletion")
        return snapshot.id

    def consolidate(self, machine: Machine) -> Pending:
        """Nothing to do: snapshots are no part of the machine's disks."""
        return Stepwise(nothing())

    def power_on(self, machine: Machine) -> Pending:
        return Stepwise(self._power(machine, "running"))

    def power_off(self, machine: Machine) -> Pending:
        """As EC2 does it: the system is asked to shut down, and cut off after some minutes."""
        return Stepwise(self._power(machine, "stopped"))

    def shut_down(self, machine: Machine) -> Pending:
        """What EC2 does anyway; it cuts a machine off that does not shut down within some minutes."""
        return self.power_off(machine)

    def _power(self, machine: Machine, wanted: str) -> Steps:
        yield from power(self._ec2, machine.id, machine.name, wanted)
        return ""

    def check_stop(self, machines: Sequence[Machine]) -> None:
        check_stop(self._ec2, machines, self._params, self._job.tell)

    def check_revert(self, machines: Sequence[Machine], power_on: bool) -> None:
        check_revert(self._ec2, machines, self._params, self._replace_root, self._job.tell)

    def unwell(self, machines: Sequence[Machine]) -> dict[str, str]:
        return unwell(self._ec2, machines, self._job.tell)

    def held(self, machines: Sequence[Machine], power_on: bool) -> AbstractContextManager[None]:
        return held(machines, self._params, self._job)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._ec2.close()


def _filters(wanted: Wanted) -> list[list[dict[str, Any]]]:
    """What to ask DescribeInstances for, one list per request. `*` and `?` are wildcards in filters, and names may have them."""
    asked = [("tag:Name", [_literal(n) for n in wanted.names]), ("instance-id", list(wanted.ids))]
    chunks = [[{"Name": key, "Values": values[start:start + FILTER_VALUES]}] for key, values in asked
              for start in range(0, len(values), FILTER_VALUES)]
    if wanted.tags:
        chunks.append([{"Name": f"tag:{k}", "Values": [_literal(v)]} for k, v in wanted.tags])
    return chunks


def _is_wanted(instance: Mapping[str, Any], wanted: Wanted) -> bool:
    """To the letter; what a filter matches is more on some servers."""
    tags = tags_of(instance)
    return (tags.get(NAME) in wanted.names or instance["InstanceId"] in wanted.ids
            or bool(wanted.tags) and dict(wanted.tags).items() <= tags.items())


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def _machine(instance: Mapping[str, Any], disks: list[dict[str, Any]], sets: list[SnapshotSet]) -> Machine:
    key = instance["InstanceId"]
    own = [d for d in disks if device_of(d, key) and not is_claim(d)]
    defects = {s.id: s.defect() for s in sets if s.defect()}
    pending = {s.id: s.progress() for s in sets if s.pending()}
    return Machine(
        id=key, name=tags_of(instance).get(NAME) or key, power=_POWER.get(instance["State"]["Name"], "off"),
        place=instance.get("Placement", {}).get("AvailabilityZone", ""), address=instance.get("PrivateIpAddress", ""),
        provisioned=sum(d["Size"] for d in own) * _GIB, snapshots=tuple(s.snapshot(own) for s in sets),
        extra={"volumes": {device_of(d, key): d["VolumeId"] for d in own}, "instance": about(instance),
               "members": {s.id: s.ids() for s in sets},
               **({"defects": defects} if defects else {}), **({"pending": pending} if pending else {})})


def open_aws(params: Mapping[str, Any], job: Job, tags: Mapping[str, str]) -> Aws:
    """params: those of clouds.aws.connect, root_volume (swap or replace), replaced_volumes (delete or keep) and auto_scaling
    (refuse or suspend)."""
    return Aws(connect({**params, "parallel": AT_ONCE}, job.environ), job, tags, params)
