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

from ...clouds.aws import AwsError
from ...clouds.eks import Session
from ...common import names
from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from .. import model as words
from ..access import made_kubeconfig
from ..model import UID, Cluster, Wanted
from .extras import Extras
from .groups import BROKEN, Groups, issues, made_with, upgradable
from .roles import Roles

_PHASES = {"CREATING": "creating", "PENDING": "creating", "ACTIVE": "ready", "UPDATING": "updating",
           "DELETING": "deleting"}
# A token is accepted for 15 minutes, whatever the address says that it is made of.
_ADDRESS_SECONDS = 60
# Seconds without any answer of EKS for which it is waited on.
_PATIENCE = 900.0
_ENV = {"access_key": "AWS_ACCESS_KEY_ID", "secret_key": "AWS_SECRET_ACCESS_KEY", "session_token": "AWS_SESSION_TOKEN"}


class Eks:
    """See ClusterPlatform. resumes: node groups and extras that are missing are made on a cluster that is there."""

    name = "eks"
    name_limit = 100
    resumes = True

    def __init__(self, settings: Mapping[str, Any], job: Job):
        self._settings, self._job = settings, job
        self._groups = Groups(settings)
        self._session = Session(settings, job.environ)
        self._eks = self._session.client("eks")
        self._extras = Extras(self._session, settings, job)
        self._told: set[str] = set()

    # ---- looking ----------------------------------------------------------------------------------------------
    def clusters(self) -> list[Cluster]:
        return [c for c in map(self.find, self._eks.pages("ListClusters", "clusters")) if c]

    def _describe(self, name: str) -> dict[str, Any] | None:
        with self._session.unless_missing():
            return self._eks.call("DescribeCluster", name=name)["cluster"]
        return None

    def _described_groups(self, name: str) -> list[dict[str, Any]]:
        found = []
        with self._session.unless_missing():
            for group in self._eks.pages("ListNodegroups", "nodegroups", clusterName=name):
                with self._session.unless_missing():
                    found.append(self._eks.call("DescribeNodegroup", clusterName=name, nodegroupName=group)["nodegroup"])
        return found

    def find(self, name: str) -> Cluster | None:
        of = self._describe(name)
        if of is None:
            return None
        groups = self._described_groups(name)
        phase, state, message = self._judged(name, of, groups)
        self._tell_differences(name, of)
        labels = dict(of.get("tags") or {})
        ours = labels.get(names.MANAGED_BY) == names.MANAGER
        return Cluster(name, of["arn"], state, phase, message, version=self._groups.version(groups, ours, of.get("version") or ""),
                       nodes=sum(g["scalingConfig"]["desiredSize"] for g in groups), created=str(of.get("createdAt", "")),
                       uid=labels.get(UID, ""), ours=ours, labels=labels)

    def _judged(self, name: str, of: Mapping[str, Any], groups: list[dict[str, Any]]) -> tuple[str, str, str]:
        """(phase, state, what EKS says of it) of control plane, node groups and what else is wanted, the first that is not well."""
        if of["status"] != "ACTIVE":
            return _PHASES.get(of["status"], "failed"), of["status"], issues(of)
        broken = self._groups.broken(groups)
        for group in broken or [g for g in groups if g["status"] != "ACTIVE"]:
            phase = "failed" if broken else "creating" if group["status"] == "CREATING" else "updating"
            return phase, f"node group {group['nodegroupName']} {group['status']}", issues(group)
        for missing in sorted({g["name"] for g in self._groups.wanted} - {g["nodegroupName"] for g in groups}):
            return "failed", f"ACTIVE without the node group {missing}", issues(of)
        if missing := self._extras.missing(name):
            return "failed", f"ACTIVE without {missing}", issues(of)
        waits, why = self._extras.waits(name)
        if waits:
            return "failed" if waits.endswith("_FAILED") else "updating", waits, why
        return "ready", "ACTIVE", issues(of)

    def _tell_differences(self, name: str, of: Mapping[str, Any]) -> None:
        """Of a cluster that is there, the network is not changed; what is wanted otherwise is a line, once."""
        has = of.get("resourcesVpcConfig") or {}
        for option, key in (("subnets", "subnetIds"), ("security_groups", "securityGroupIds"), ("public_access", "endpointPublicAccess"),
                            ("private_access", "endpointPrivateAccess"), ("public_access_cidrs", "publicAccessCidrs")):
            want, there = self._settings.get(option), has.get(key)
            if isinstance(want, (list, tuple)):
                want, there = sorted(want), sorted(there or [])
            if want not in (None, []) and there is not None and want != there and option not in self._told:
                self._told.add(option)
                self._job.tell(f"{name}: eks.{option} is {want}, and the cluster has {there}; it is made with them and not changed")

    # ---- changing ---------------------------------------------------------------------------------------------
    def check(self, wanted: Wanted) -> None:
        if len(words.parts(wanted.version or "1.0")) > 2:
            raise BadOption(f"version: EKS takes versions like 1.31 and chooses the rest itself, not {wanted.version}")
        if not wanted.nodes and self._groups.free:
            raise BadOption(f"nodes: is needed for the node group without a size, {self._groups.free[0]}")
        self._groups.sizes(wanted.nodes)
        if self._describe(wanted.name) is None:
            if len(self._settings.get("subnets") or []) < 2:
                raise BadOption("eks.subnets: EKS wants subnets in at least two availability zones")
            self._roles(wanted).check(nodes=bool(self._groups.wanted))

    def _roles(self, wanted: Wanted) -> Roles:
        return Roles(self._session, self._settings, wanted.name, wanted.labels)

    def create(self, wanted: Wanted) -> None:
        there = self._describe(wanted.name)
        if there and there["status"] in BROKEN:
            raise PlatformError(f"{wanted.name} is {there['status']}: {issues(there) or 'EKS says no more'}")
        tags = {k: str(v) for k, v in wanted.labels.items()} if not there else dict(there.get("tags") or {})
        roles = Roles(self._session, self._settings, wanted.name, tags)
        if not there:
            try:
                self._create_control_plane(wanted, roles, tags)
            except PlatformError:
                if self._describe(wanted.name) is None:  # no cluster, nothing to dispose of by its name
                    roles.remove()
                raise
        if not self._awaited(wanted.name, lambda: self._control_plane_waits(wanted.name)):
            self._job.tell(f"{wanted.name}: node groups are made when the control plane is ACTIVE: run it again then")
            return
        have = {g["nodegroupName"]: g for g in self._described_groups(wanted.name)}
        for broken in self._groups.broken(list(have.values())):
            raise PlatformError(f"node group {broken['nodegroupName']} of {wanted.name} is {broken['status']}: "
                                f"{issues(broken) or 'EKS says no more'}")
        sizes = self._groups.sizes(wanted.nodes)
        for group in (g for g in self._groups.wanted if g["name"] not in have):
            self._create_group(wanted, group, sizes[group["name"]], roles.nodes(), tags)
        self._extras.make(wanted.name, tags, roles)

    def _create_control_plane(self, wanted: Wanted, roles: Roles, tags: dict[str, str]) -> None:
        s = self._settings
        network = {"subnetIds": list(s["subnets"]), "securityGroupIds": list(s.get("security_groups") or []),
                   "endpointPublicAccess": s.get("public_access", True),
                   "endpointPrivateAccess": s.get("private_access", True)}
        if s.get("public_access_cidrs"):
            network["publicAccessCidrs"] = list(s["public_access_cidrs"])
        more: dict[str, Any] = {"version": words.bare_version(wanted.version)} if wanted.version else {}
        if s.get("logging"):
            more["logging"] = {"clusterLogging": [{"types": list(s["logging"]), "enabled": True}]}
        if s.get("access_entries"):
            more["accessConfig"] = {"authenticationMode": "API_AND_CONFIG_MAP"}
        if s.get("kms_key"):
            more["encryptionConfig"] = [{"resources": ["secrets"], "provider": {"keyArn": s["kms_key"]}}]
        role = roles.control_plane()
        # IAM takes some seconds until EKS may assume a role that was just made
        for _attempt in range(6):
            try:
                self._eks.call("CreateCluster", name=wanted.name, roleArn=role, resourcesVpcConfig=network, tags=tags, **more)
                return
            except AwsError as e:
                if not roles.made or e.code != "InvalidParameterException" or "role" not in str(e).lower():
                    raise
                self._job.pause(5, f"the role {role} to be usable")
                last = e
        raise last

    def _create_group(self, wanted: Wanted, group: Mapping[str, Any], size: int, role: str, tags: dict[str, str]) -> None:
        self._eks.call("CreateNodegroup", clusterName=wanted.name, nodegroupName=group["name"], nodeRole=role, tags=tags,
                       subnets=list(group.get("subnets") or self._settings["subnets"]),
                       scalingConfig={"minSize": min(1, size), "maxSize": max(1, size), "desiredSize": size}, **made_with(group))
        self._job.tell(f"{wanted.name}: node group {group['name']} of {size} asked for")

    def _awaited(self, name: str, what: Callable[[], str]) -> bool:
        """Waits until there is nothing left to wait for; with wait: false it only says whether that is so."""
        if self._settings.get("wait") is False:
            return not what()
        self._job.until(what, self._settings["poll"], _PATIENCE, name)
        return True

    def _control_plane_waits(self, name: str) -> str:
        of = self._describe(name)
        if of is None:
            raise PlatformError(f"{name} is gone: somebody deleted it while it was waited for")
        if of["status"] in ("FAILED", "DELETING"):
            raise PlatformError(f"{name} did not become ACTIVE, it is {of['status']}: {issues(of) or 'EKS says no more'}")
        return "" if of["status"] == "ACTIVE" else f"control plane {of['status']}"

    def update(self, cluster: Cluster, wanted: Wanted) -> None:
        """Control plane, then group after group; with wait: false as far as it comes, and the next call goes on."""
        name, version = cluster.name, words.bare_version(wanted.version)
        newer = bool(version) and not words.version_fits(cluster.version, version)
        if newer and not words.version_fits((self._describe(name) or {}).get("version") or "", version):
            self._eks.call("UpdateClusterVersion", name=name, version=version)
            if not self._awaited(name, lambda: self._control_plane_waits(name)):
                return
        groups = self._described_groups(name)
        sizes = self._groups.sizes_of(groups, wanted.nodes) if wanted.nodes else {}
        for group in groups:
            self._update_group(name, group, sizes, version if newer else "")

    def _update_group(self, name: str, group: Mapping[str, Any], sizes: Mapping[str, int], version: str) -> None:
        its, scaling = group["nodegroupName"], group["scalingConfig"]
        size = sizes.get(its, scaling["desiredSize"])
        if size != scaling["desiredSize"]:
            self._eks.call("UpdateNodegroupConfig", clusterName=name, nodegroupName=its, scalingConfig={
                "minSize": min(scaling["minSize"], size), "maxSize": max(scaling["maxSize"], size), "desiredSize": size})
            if not self._awaited(name, lambda: self._group_waits(name, its)):
                return
        if version and upgradable(group) and not words.version_fits(group["version"], version):
            self._eks.call("UpdateNodegroupVersion", clusterName=name, nodegroupName=its)
            self._awaited(name, lambda: self._group_waits(name, its))

    def _group_waits(self, cluster: str, name: str) -> str:
        group = self._eks.call("DescribeNodegroup", clusterName=cluster, nodegroupName=name)["nodegroup"]
        if self._groups.broken([group]):
            raise PlatformError(f"node group {name} of {cluster} is {group['status']}: {issues(group)}")
        return "" if group["status"] == "ACTIVE" else f"node group {name} {group['status']}"

    def delete(self, cluster: Cluster) -> None:
        """Node groups and Fargate profiles first, EKS refuses otherwise; then the roles that were made for it. With wait: false as
        far as it comes; the last step is waited for where roles were made, as nobody would remove them then."""
        name = cluster.name
        for group in self._described_groups(name):
            if group["status"] != "DELETING":
                with self._session.unless_missing():
                    self._eks.call("DeleteNodegroup", clusterName=name, nodegroupName=group["nodegroupName"])
        if not self._awaited(name, lambda: self._groups_left(name)) or not self._delete_profiles(name):
            self._job.tell(f"{name}: the control plane is deleted when its node groups are gone: run it again then")
            return
        if (self._describe(name) or {"status": "DELETING"})["status"] != "DELETING":
            with self._session.unless_missing():
                self._eks.call("DeleteCluster", name=name)
        roles = Roles(self._session, self._settings, name, cluster.labels)
        if self._settings.get("wait") is False and not roles.made_here():
            return
        self._job.until(lambda: self._deletion_waits(name), self._settings["poll"], _PATIENCE, name)
        roles.remove()

    def _deletion_waits(self, name: str) -> str:
        of = self._describe(name)
        if of and of["status"] == "FAILED":
            raise PlatformError(f"{name} could not be deleted, it is FAILED: {issues(of) or 'EKS says no more'}")
        return f"control plane {of['status']}" if of else ""

    def _groups_left(self, name: str) -> str:
        left = self._described_groups(name)
        failed = [g for g in left if g["status"] == "DELETE_FAILED"]
        if failed:
            raise PlatformError(f"node group {failed[0]['nodegroupName']} of {name} is DELETE_FAILED: {issues(failed[0])}")
        return f"{len(left)} node groups DELETING" if left else ""

    def _profiles(self, name: str) -> list[str]:
        with self._session.unless_missing():
            return self._eks.pages("ListFargateProfiles", "fargateProfileNames", clusterName=name)
        return []

    def _delete_profiles(self, name: str) -> bool:
        """One after the other: EKS deletes only one profile of a cluster at a time. Whether all are gone."""
        for profile in self._profiles(name):
            with self._session.unless_missing():
                self._eks.call("DeleteFargateProfile", clusterName=name, fargateProfileName=profile)
            if not self._awaited(name, lambda p=profile: f"Fargate profile {p} DELETING" if p in self._profiles(name) else ""):
                return False
        return True

    def mark(self, cluster: Cluster, uid: str) -> None:
        self._eks.call("TagResource", resourceArn=cluster.id, tags={UID: uid})

    # ---- ways in ----------------------------------------------------------------------------------------------
    def _made(self, cluster: Cluster, user: Mapping[str, Any]) -> str:
        of = self._describe(cluster.name)
        if not of or not of.get("endpoint"):
            raise PlatformError(f"{cluster.name} has no address of an API server yet, it is {(of or {}).get('status')}")
        return made_kubeconfig(cluster.name, of["endpoint"], of["certificateAuthority"]["data"], user)

    def kubeconfig(self, cluster: Cluster) -> str:
        if self._settings.get("kubeconfig_auth") == "token":
            return self.access(cluster)
        env = {"AWS_PROFILE": self._settings["profile"]} if self._settings.get("profile") else {}
        if self._settings.get("access_key"):
            if self._settings.get("kubeconfig_credentials"):
                env = {v: self._settings[n] for n, v in _ENV.items() if self._settings.get(n)}
            else:
                self._job.tell(f"{cluster.name}: the kubeconfig holds no keys: whoever uses it needs AWS_ACCESS_KEY_ID and "
                               "AWS_SECRET_ACCESS_KEY, or a profile; eks.kubeconfig_credentials writes the keys into it")
        return self._made(cluster, {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "interactiveMode": "Never",
            "args": ["--region", self._session.region, "eks", "get-token", "--cluster-name", cluster.name],
            **({"env": [{"name": str(n), "value": str(v)} for n, v in env.items()]} if env else {})}})

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
                yield f"{title}: {thing['status']}" + (f": {issues(thing)}" if issues(thing) else "")
        with contextlib.suppress(PlatformError):
            for number in self._eks.call("ListUpdates", name=name)["updateIds"]:
                update = self._eks.call("DescribeUpdate", name=name, updateId=number)["update"]
                told = "; ".join(f"{e.get('errorCode')}: {e.get('errorMessage')}" for e in update.get("errors") or [])
                yield f"update {update['type']}: {update['status']}" + (f": {told}" if told else "")

    def close(self) -> None:
        self._session.close()
