# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters of Amazon EKS: control plane and managed node groups, through boto3.

States are those of the API: CREATING, ACTIVE, UPDATING, DELETING, FAILED, PENDING; of node groups also CREATE_FAILED,
DELETE_FAILED, DEGRADED. A control plane takes no node groups before it is ACTIVE, so create, update and delete wait.
"""
from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...clouds.eks import Session
from ...common import names
from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from .. import model as words
from ..access import made_kubeconfig
from ..model import UID, Cluster, Wanted
from .roles import Roles

_PHASES = {"CREATING": "creating", "PENDING": "creating", "ACTIVE": "ready", "UPDATING": "updating",
           "DELETING": "deleting"}
_BROKEN = ("FAILED", "CREATE_FAILED", "DELETE_FAILED", "DEGRADED")
_GROUP = ("instance_types", "ami_type", "capacity_type", "disk_size", "labels")
# A token is accepted for 15 minutes, whatever the address says that it is made of.
_ADDRESS_SECONDS = 60


def _issues(thing: Mapping[str, Any]) -> str:
    found = (thing.get("health") or {}).get("issues") or []
    return "; ".join(f"{i.get('code')}: {i.get('message')}" for i in found)


class Eks:
    """See ClusterPlatform. resumes: node groups that are missing are made on a cluster that is there."""

    name = "eks"
    name_limit = 100
    resumes = True

    def __init__(self, settings: Mapping[str, Any], job: Job):
        self._settings, self._job = settings, job
        self._session = Session(settings)
        self._eks = self._session.client("eks")
        self._groups = [g if isinstance(g, dict) else {"name": str(g)} for g in settings.get("node_groups") or []]
        free = [g for g in self._groups if g.get("size") is None]
        if len(free) > 1:
            raise BadOption(f"eks.node_groups: only one group may have no size, it takes what is left of nodes, not "
                            f"{', '.join(g['name'] for g in free)}")

    def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        return self._session.call(self._eks, method, **arguments)

    # ---- looking ----------------------------------------------------------------------------------------------
    def clusters(self) -> list[Cluster]:
        listed = [n for page in self._session.pages(self._eks, "list_clusters") for n in page["clusters"]]
        return [c for c in map(self.find, listed) if c]

    def _describe(self, name: str) -> dict[str, Any] | None:
        with self._session.unless_missing():
            return self._call("describe_cluster", name=name)["cluster"]
        return None

    def _described_groups(self, name: str) -> list[dict[str, Any]]:
        found = []
        with self._session.unless_missing():
            for page in self._session.pages(self._eks, "list_nodegroups", clusterName=name):
                for group in page["nodegroups"]:
                    with self._session.unless_missing():
                        found.append(self._call("describe_nodegroup", clusterName=name, nodegroupName=group)["nodegroup"])
        return found

    def find(self, name: str) -> Cluster | None:
        of = self._describe(name)
        if of is None:
            return None
        groups = self._described_groups(name)
        missing = sorted({g["name"] for g in self._groups} - {g["nodegroupName"] for g in groups})
        broken = [g for g in groups if g["status"] in _BROKEN]
        busy = [g for g in groups if g["status"] != "ACTIVE"]
        state, message = of["status"], _issues(of)
        phase = _PHASES.get(state, "failed")
        if state == "ACTIVE" and (broken or busy):
            group = (broken or busy)[0]
            state, message = f"node group {group['nodegroupName']} {group['status']}", _issues(group)
            phase = "failed" if broken else "creating" if group["status"] == "CREATING" else "updating"
        elif state == "ACTIVE" and missing:
            state, phase = f"ACTIVE without the node group {missing[0]}", "failed"
        labels = dict(of.get("tags") or {})
        return Cluster(name, of["arn"], state, phase, message, version=of.get("version") or "",
                       nodes=sum(g["scalingConfig"]["desiredSize"] for g in groups), created=str(of.get("createdAt", "")),
                       uid=labels.get(UID, ""), ours=labels.get(names.MANAGED_BY) == names.MANAGER, labels=labels)

    # ---- changing ---------------------------------------------------------------------------------------------
    def check(self, wanted: Wanted) -> None:
        if len(words.parts(wanted.version or "1.0")) > 2:
            raise BadOption(f"version: EKS takes versions like 1.31 and chooses the rest itself, not {wanted.version}")
        if not wanted.nodes and any(g.get("size") is None for g in self._groups):
            raise BadOption("nodes: is needed for the node group without a size, "
                            + next(g["name"] for g in self._groups if g.get("size") is None))
        self._sizes(wanted.nodes)
        if self._describe(wanted.name) is None:
            if len(self._settings.get("subnets") or []) < 2:
                raise BadOption("eks.subnets: EKS wants subnets in at least two availability zones")
            self._roles(wanted).check(nodes=bool(self._groups))

    def _roles(self, wanted: Wanted) -> Roles:
        return Roles(self._session, self._settings, wanted.name, wanted.labels)

    def _sizes(self, nodes: int) -> dict[str, int]:
        """Size of each node group of the settings; the one without a size takes what is left of nodes."""
        fixed = {g["name"]: int(g["size"]) for g in self._groups if g.get("size") is not None}
        left = nodes - sum(fixed.values())
        free = [g["name"] for g in self._groups if g["name"] not in fixed]
        if nodes and (left < 0 or (left and not free)):
            raise BadOption(f"nodes: {nodes} do not fit, the groups of eks.node_groups have {sum(fixed.values())}")
        return {**fixed, **{n: left for n in free}}

    def create(self, wanted: Wanted) -> None:
        there = self._describe(wanted.name)
        if there and there["status"] in _BROKEN:
            raise PlatformError(f"{wanted.name} is {there['status']}: {_issues(there) or 'EKS says no more'}")
        tags = {k: str(v) for k, v in wanted.labels.items()} if not there else dict(there.get("tags") or {})
        roles = Roles(self._session, self._settings, wanted.name, tags)
        if not there:
            try:
                self._create_control_plane(wanted, roles, tags)
            except PlatformError:
                if self._describe(wanted.name) is None:  # no cluster, nothing to dispose of by its name
                    roles.remove()
                raise
        self._until(wanted.name, lambda: self._control_plane_waits(wanted.name))
        have = {g["nodegroupName"]: g for g in self._described_groups(wanted.name)}
        broken = [g for g in have.values() if g["status"] in _BROKEN]
        if broken:
            raise PlatformError(f"node group {broken[0]['nodegroupName']} of {wanted.name} is {broken[0]['status']}: "
                                f"{_issues(broken[0]) or 'EKS says no more'}")
        sizes = self._sizes(wanted.nodes)
        for group in (g for g in self._groups if g["name"] not in have):
            self._create_group(wanted, group, sizes[group["name"]], roles.nodes(), tags)

    def _create_control_plane(self, wanted: Wanted, roles: Roles, tags: dict[str, str]) -> None:
        s = self._settings
        network = {"subnetIds": list(s["subnets"]), "securityGroupIds": list(s.get("security_groups") or []),
                   "endpointPublicAccess": s.get("public_access", True),
                   "endpointPrivateAccess": s.get("private_access", True)}
        if s.get("public_access_cidrs"):
            network["publicAccessCidrs"] = list(s["public_access_cidrs"])
        more = {"version": wanted.version} if wanted.version else {}
        role = roles.control_plane()
        # IAM takes some seconds until EKS may assume a role that was just made
        for _attempt in range(6):
            try:
                self._call("create_cluster", name=wanted.name, roleArn=role, resourcesVpcConfig=network, tags=tags, **more)
                return
            except PlatformError as e:
                if not roles.made or e.details.get("code") != "InvalidParameterException" or "role" not in str(e).lower():
                    raise
                self._job.pause(5, f"the role {role} to be usable")
                last = e
        raise last

    def _create_group(self, wanted: Wanted, group: Mapping[str, Any], size: int, role: str, tags: dict[str, str]) -> None:
        names_of = {"instance_types": "instanceTypes", "ami_type": "amiType", "capacity_type": "capacityType",
                    "disk_size": "diskSize", "labels": "labels"}
        more = {names_of[n]: group[n] for n in _GROUP if group.get(n)}
        self._call("create_nodegroup", clusterName=wanted.name, nodegroupName=group["name"], nodeRole=role, tags=tags,
                   subnets=list(group.get("subnets") or self._settings["subnets"]),
                   scalingConfig={"minSize": min(1, size), "maxSize": max(1, size), "desiredSize": size}, **more)
        self._job.tell(f"{wanted.name}: node group {group['name']} of {size} asked for")

    def _until(self, name: str, what: Callable[[], str]) -> None:
        self._job.until(what, self._settings["poll"], about=name)

    def _control_plane_waits(self, name: str) -> str:
        of = self._describe(name)
        if of is None:
            raise PlatformError(f"{name} is gone: somebody deleted it while it was waited for")
        if of["status"] in ("FAILED", "DELETING"):
            raise PlatformError(f"{name} did not become ACTIVE, it is {of['status']}: {_issues(of) or 'EKS says no more'}")
        return "" if of["status"] == "ACTIVE" else f"control plane {of['status']}"

    def update(self, cluster: Cluster, wanted: Wanted) -> None:
        newer = bool(wanted.version) and not words.version_fits(cluster.version, wanted.version)
        if newer:
            self._call("update_cluster_version", name=cluster.name, version=wanted.version.lstrip("v"))
            self._until(cluster.name, lambda: self._control_plane_waits(cluster.name))
        groups = self._described_groups(cluster.name)
        sizes = self._sizes_of(groups, wanted.nodes) if wanted.nodes else {}
        for group in groups:
            name, scaling = group["nodegroupName"], group["scalingConfig"]
            size = sizes.get(name, scaling["desiredSize"])
            if size != scaling["desiredSize"]:
                self._call("update_nodegroup_config", clusterName=cluster.name, nodegroupName=name, scalingConfig={
                    "minSize": min(scaling["minSize"], size), "maxSize": max(scaling["maxSize"], size), "desiredSize": size})
                self._until(cluster.name, lambda n=name: self._group_waits(cluster.name, n))
            if newer:
                self._call("update_nodegroup_version", clusterName=cluster.name, nodegroupName=name)
                self._until(cluster.name, lambda n=name: self._group_waits(cluster.name, n))

    def _sizes_of(self, groups: list[dict[str, Any]], nodes: int) -> dict[str, int]:
        """By the settings; without any, a single group is the one that is meant."""
        if self._groups:
            return self._sizes(nodes)
        if len(groups) != 1:
            raise BadOption(f"eks.node_groups: is needed to say which of {len(groups)} node groups changes its size")
        return {groups[0]["nodegroupName"]: nodes}

    def _group_waits(self, cluster: str, name: str) -> str:
        group = self._call("describe_nodegroup", clusterName=cluster, nodegroupName=name)["nodegroup"]
        if group["status"] in _BROKEN:
            raise PlatformError(f"node group {name} of {cluster} is {group['status']}: {_issues(group)}")
        return "" if group["status"] == "ACTIVE" else f"node group {name} {group['status']}"

    def delete(self, cluster: Cluster) -> None:
        """Node groups and Fargate profiles first, EKS refuses otherwise; then the roles that were made for it."""
        for group in self._described_groups(cluster.name):
            if group["status"] != "DELETING":
                with self._session.unless_missing():
                    self._call("delete_nodegroup", clusterName=cluster.name, nodegroupName=group["nodegroupName"])
        self._until(cluster.name, lambda: self._groups_left(cluster.name))
        self._delete_profiles(cluster.name)
        if (self._describe(cluster.name) or {"status": "DELETING"})["status"] != "DELETING":
            with self._session.unless_missing():
                self._call("delete_cluster", name=cluster.name)
        self._until(cluster.name, lambda: self._deletion_waits(cluster.name))
        Roles(self._session, self._settings, cluster.name, cluster.labels).remove()

    def _deletion_waits(self, name: str) -> str:
        of = self._describe(name)
        if of and of["status"] == "FAILED":
            raise PlatformError(f"{name} could not be deleted, it is FAILED: {_issues(of) or 'EKS says no more'}")
        return f"control plane {of['status']}" if of else ""

    def _groups_left(self, name: str) -> str:
        left = self._described_groups(name)
        failed = [g for g in left if g["status"] == "DELETE_FAILED"]
        if failed:
            raise PlatformError(f"node group {failed[0]['nodegroupName']} of {name} is DELETE_FAILED: {_issues(failed[0])}")
        return f"{len(left)} node groups DELETING" if left else ""

    def _profiles(self, name: str) -> list[str]:
        with self._session.unless_missing():
            return [p for page in self._session.pages(self._eks, "list_fargate_profiles", clusterName=name)
                    for p in page["fargateProfileNames"]]
        return []

    def _delete_profiles(self, name: str) -> None:
        """One after the other: EKS deletes only one profile of a cluster at a time."""
        for profile in self._profiles(name):
            with self._session.unless_missing():
                self._call("delete_fargate_profile", clusterName=name, fargateProfileName=profile)
            self._until(name, lambda p=profile: f"Fargate profile {p} DELETING" if p in self._profiles(name) else "")

    def mark(self, cluster: Cluster, uid: str) -> None:
        self._call("tag_resource", resourceArn=cluster.id, tags={UID: uid})

    # ---- ways in ----------------------------------------------------------------------------------------------
    def _made(self, cluster: Cluster, user: Mapping[str, Any]) -> str:
        of = self._describe(cluster.name)
        if not of or not of.get("endpoint"):
            raise PlatformError(f"{cluster.name} has no address of an API server yet, it is {(of or {}).get('status')}")
        return made_kubeconfig(cluster.name, of["endpoint"], of["certificateAuthority"]["data"], user)

    def kubeconfig(self, cluster: Cluster) -> str:
        if self._settings.get("kubeconfig_auth") == "token":
            return self.access(cluster)
        profile = self._settings.get("profile")
        return self._made(cluster, {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "interactiveMode": "Never",
            "args": ["--region", self._session.region, "eks", "get-token", "--cluster-name", cluster.name],
            **({"env": [{"name": "AWS_PROFILE", "value": profile}]} if profile else {})}})

    def access(self, cluster: Cluster) -> str:
        """By a token as `aws eks get-token` makes it: a signed address of the caller's identity, naming the cluster."""
        url = self._session.identity_url(cluster.name, _ADDRESS_SECONDS)
        token = "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
        return self._made(cluster, {"token": token})

    # ---- telling ----------------------------------------------------------------------------------------------
    def evidence(self, name: str) -> dict[str, list[str]]:
        return {"events": list(self._events(name)), "log": []}

    def _events(self, name: str) -> Iterator[str]:
        of = self._describe(name)
        for thing, title in ((of, "cluster"), *((g, f"node group {g['nodegroupName']}")
                                                for g in self._described_groups(name))):
            if thing:
                yield f"{title}: {thing['status']}" + (f": {_issues(thing)}" if _issues(thing) else "")
        with contextlib.suppress(PlatformError):
            for number in self._call("list_updates", name=name)["updateIds"]:
                update = self._call("describe_update", name=name, updateId=number)["update"]
                told = "; ".join(f"{e.get('errorCode')}: {e.get('errorMessage')}" for e in update.get("errors") or [])
                yield f"update {update['type']}: {update['status']}" + (f": {told}" if told else "")

    def close(self) -> None:
        self._session.close()
