# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters of Amazon EKS: control plane and managed node groups, through boto3.

States are those of the API: CREATING, ACTIVE, UPDATING, DELETING, FAILED, PENDING; of node groups also CREATE_FAILED,
DELETE_FAILED, DEGRADED. A control plane takes no node groups before it is ACTIVE, so create, update and delete wait.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ...clouds.aws import AwsError
from ...clouds.eks import Session
from ...common import names
from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from ...jobs.patience import Patience
from .. import model as words
from ..model import UID, Cluster, Wanted
from .auto import AutoMode, is_on
from .extras import Extras
from .fargate import Profiles
from .groups import BROKEN, Groups, issues, made_with, upgradable
from .look import Look
from .removal import Removal
from .roles import Roles
from .waits import Waits
from .ways import Ways

_PHASES = {"CREATING": "creating", "PENDING": "creating", "ACTIVE": "ready", "UPDATING": "updating",
           "DELETING": "deleting"}


class Eks:
    """See ClusterPlatform. resumes: node groups and extras that are missing are made on a cluster that is there."""

    name = "eks"
    name_limit = 100
    resumes = True

    def __init__(self, settings: Mapping[str, Any], job: Job):
        self._settings, self._job = settings, job
        self._groups, self._auto = Groups(settings), AutoMode(settings)
        self._session = Session(settings, job.environ, Patience(job))
        self._look, self._waits = Look(self._session), Waits(settings, job)
        self._eks = self._look.eks
        self._profiles = Profiles(settings, job, self._look)
        self._extras = Extras(self._session, settings, job)
        self._removal, self._ways = (made(self._session, settings, job, self._look) for made in (Removal, Ways))
        self._told: set[str] = set()

    # ---- looking ----------------------------------------------------------------------------------------------
    def clusters(self) -> list[Cluster]:
        return [c for c in map(self.find, self._eks.pages("ListClusters", "clusters")) if c]

    def find(self, name: str) -> Cluster | None:
        of = self._look.describe(name)
        if of is None:
            return None
        groups = self._look.groups(name)
        phase, state, message = self._judged(name, of, groups)
        self._tell_differences(name, of)
        labels = dict(of.get("tags") or {})
        ours = labels.get(names.MANAGED_BY) == names.MANAGER
        return Cluster(name, of["arn"], state, phase, message, version=self._groups.version(groups, ours, of.get("version") or ""),
                       nodes=sum(g["scalingConfig"]["desiredSize"] for g in groups), created=str(of.get("createdAt", "")),
                       uid=labels.get(UID, ""), ours=ours, labels=labels, least=0 if is_on(of) else 1)

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
        if missing := self._profiles.missing(name) or self._extras.missing(name):
            return "failed", f"ACTIVE without {missing}", issues(of)
        waits, why = self._extras.waits(name)
        if waits:
            return "failed" if waits.endswith("_FAILED") else "updating", waits, why
        return "ready", "ACTIVE", issues(of)

    def _tell_differences(self, name: str, of: Mapping[str, Any]) -> None:
        """Of a cluster that is there, the network is not changed; what is wanted otherwise is a line, once."""
        has = {**(of.get("resourcesVpcConfig") or {}), **(of.get("kubernetesNetworkConfig") or {})}
        for option, key in (("subnets", "subnetIds"), ("security_groups", "securityGroupIds"), ("public_access", "endpointPublicAccess"),
                            ("private_access", "endpointPrivateAccess"), ("public_access_cidrs", "publicAccessCidrs"),
                            ("ip_family", "ipFamily")):
            want, there = self._settings.get(option), has.get(key)
            if isinstance(want, (list, tuple)):
                want, there = sorted(want), sorted(there or [])
            if want not in (None, []) and there is not None and want != there and option not in self._told:
                self._told.add(option)
                self._job.tell(f"{name}: eks.{option} is {want}, and the cluster has {there}; it is made with them and not changed")
        if (auto := self._auto.difference(of)) and "compute_config" not in self._told:
            self._told.add("compute_config")
            self._job.tell(f"{name}: eks.compute_config.enabled is {auto[0]}, and the cluster has {auto[1]}; it is not changed")

    # ---- changing ---------------------------------------------------------------------------------------------
    def check(self, wanted: Wanted) -> None:
        if len(words.parts(wanted.version or "1.0")) > 2:
            raise BadOption(f"version: EKS takes versions like 1.31 and chooses the rest itself, not {wanted.version}")
        if not wanted.nodes and self._groups.free:
            raise BadOption(f"nodes: is needed for the node group without a size, {self._groups.free[0]}")
        self._auto.check(wanted.nodes)
        self._groups.sizes(wanted.nodes)
        self._profiles.check()
        if self._look.describe(wanted.name) is None:
            if self._settings.get("ip_family") == "ipv6" and self._settings.get("create_roles") and not self._settings.get("node_role"):
                raise BadOption("eks.ip_family: with ipv6 nodes need the right ec2:AssignIpv6Addresses, for which AWS has no policy that "
                                "a made role could get; name a role that has it in eks.node_role")
            if len(self._settings.get("subnets") or []) < 2:
                raise BadOption("eks.subnets: EKS wants subnets in at least two availability zones")
            self._roles(wanted).check(nodes=bool(self._groups.wanted))

    def _roles(self, wanted: Wanted) -> Roles:
        return Roles(self._session, self._settings, wanted.name, wanted.labels)

    def create(self, wanted: Wanted) -> None:
        there = self._look.describe(wanted.name)
        if there and there["status"] in BROKEN:
            raise PlatformError(f"{wanted.name} is {there['status']}: {issues(there) or 'EKS says no more'}")
        tags = {k: str(v) for k, v in wanted.labels.items()} if not there else dict(there.get("tags") or {})
        roles = Roles(self._session, self._settings, wanted.name, tags)
        if not there:
            try:
                self._create_control_plane(wanted, roles, tags)
            except PlatformError as refused:
                with suppress(PlatformError):  # what went wrong first is what is told
                    if self._look.describe(wanted.name) is None:  # no cluster, nothing to dispose of by its name
                        roles.remove()
                raise refused from None
        if not self._waits.until(wanted.name, lambda: self._control_plane_waits(wanted.name)):
            self._job.tell(f"{wanted.name}: node groups are made when the control plane is ACTIVE: run it again then")
            return
        have = {g["nodegroupName"]: g for g in self._look.groups(wanted.name)}
        for broken in self._groups.broken(list(have.values())):
            raise PlatformError(f"node group {broken['nodegroupName']} of {wanted.name} is {broken['status']}: "
                                f"{issues(broken) or 'EKS says no more'}")
        sizes = self._groups.sizes(wanted.nodes)
        for group in (g for g in self._groups.wanted if g["name"] not in have):
            self._create_group(wanted, group, sizes[group["name"]], roles.nodes(), tags)
        if not self._profiles.make(wanted.name, tags, roles):
            self._job.tell(f"{wanted.name}: what comes after its Fargate profiles is made when they are ACTIVE: run it again then")
            return
        self._extras.make(wanted.name, tags, roles)

    def _create_control_plane(self, wanted: Wanted, roles: Roles, tags: dict[str, str]) -> None:
        s = self._settings
        network = {"subnetIds": list(s["subnets"]), "securityGroupIds": list(s.get("security_groups") or []),
                   "endpointPublicAccess": s.get("public_access", True),
                   "endpointPrivateAccess": s.get("private_access", True)}
        if s.get("public_access_cidrs"):
            network["publicAccessCidrs"] = list(s["public_access_cidrs"])
        more: dict[str, Any] = {"version": words.bare_version(wanted.version)} if wanted.version else {}
        if family := {**({"ipFamily": s["ip_family"]} if s.get("ip_family") else {}), **self._auto.network()}:
            more["kubernetesNetworkConfig"] = family
        if s.get("logging"):
            more["logging"] = {"clusterLogging": [{"types": list(s["logging"]), "enabled": True}]}
        if s.get("access_entries"):
            more["accessConfig"] = {"authenticationMode": "API_AND_CONFIG_MAP"}
        if s.get("kms_key"):
            more["encryptionConfig"] = [{"resources": ["secrets"], "provider": {"keyArn": s["kms_key"]}}]
        more.update(self._auto.made_with(roles))
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

    def _control_plane_waits(self, name: str) -> str:
        of = self._look.describe(name)
        if of is None:
            raise PlatformError(f"{name} is gone: somebody deleted it while it was waited for")
        if of["status"] in ("FAILED", "DELETING"):
            raise PlatformError(f"{name} did not become ACTIVE, it is {of['status']}: {issues(of) or 'EKS says no more'}")
        return "" if of["status"] == "ACTIVE" else f"control plane {of['status']}"

    def update(self, cluster: Cluster, wanted: Wanted) -> None:
        """Control plane, then group after group; with wait: false as far as it comes, and the next call goes on."""
        name, version = cluster.name, words.bare_version(wanted.version)
        newer = bool(version) and not words.version_fits(cluster.version, version)
        if newer and not words.version_fits((self._look.describe(name) or {}).get("version") or "", version):
            self._eks.call("UpdateClusterVersion", name=name, version=version)
            if not self._waits.until(name, lambda: self._control_plane_waits(name)):
                return
        groups = self._look.groups(name)
        sizes = self._groups.sizes_of(groups, wanted.nodes) if wanted.nodes else {}
        for group in groups:
            self._update_group(name, group, sizes, version if newer else "")

    def _update_group(self, name: str, group: Mapping[str, Any], sizes: Mapping[str, int], version: str) -> None:
        its, scaling = group["nodegroupName"], group["scalingConfig"]
        size = sizes.get(its, scaling["desiredSize"])
        if size != scaling["desiredSize"]:
            self._eks.call("UpdateNodegroupConfig", clusterName=name, nodegroupName=its, scalingConfig={
                "minSize": min(scaling["minSize"], size), "maxSize": max(scaling["maxSize"], size), "desiredSize": size})
            if not self._waits.until(name, lambda: self._group_waits(name, its)):
                return
        if version and upgradable(group) and not words.version_fits(group["version"], version):
            self._eks.call("UpdateNodegroupVersion", clusterName=name, nodegroupName=its)
            self._waits.until(name, lambda: self._group_waits(name, its))

    def _group_waits(self, cluster: str, name: str) -> str:
        group = self._eks.call("DescribeNodegroup", clusterName=cluster, nodegroupName=name)["nodegroup"]
        if self._groups.broken([group]):
            raise PlatformError(f"node group {name} of {cluster} is {group['status']}: {issues(group)}")
        return "" if group["status"] == "ACTIVE" else f"node group {name} {group['status']}"

    def delete(self, cluster: Cluster) -> None:
        self._removal.delete(cluster)

    def remains(self, name: str, run_id: str, _kubeconfig: str) -> dict[str, Callable[[], None]]:
        return Roles(self._session, self._settings, name, {}).remains(run_id)

    def mark(self, cluster: Cluster, uid: str) -> None:
        self._eks.call("TagResource", resourceArn=cluster.id, tags={UID: uid})

    # ---- ways in ----------------------------------------------------------------------------------------------
    def kubeconfig(self, cluster: Cluster) -> str:
        return self._ways.kubeconfig(cluster)

    def access(self, cluster: Cluster) -> str:
        return self._ways.access(cluster)

    # ---- telling ----------------------------------------------------------------------------------------------
    def evidence(self, name: str) -> dict[str, list[str]]:
        return {"events": list(self._look.events(name)), "log": []}

    def close(self) -> None:
        self._session.close()
