# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IAM roles of EKS clusters: looked up; made, and removed with the cluster, only when that was asked for."""
from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ...clouds.aws import AwsError
from ...clouds.aws_tags import tags_of
from ...clouds.eks import Session
from ...common import names
from ...jobs.errors import BadOption
from ..model import has_run

_EKS, _EC2 = "eks.amazonaws.com", "ec2.amazonaws.com"
# Policies that EKS documents for the roles of a control plane, of nodes, and of both with Auto Mode (User Guide, Cluster IAM role and
# Node IAM role of Auto Mode).
_CONTROL, _NODES = ("AmazonEKSClusterPolicy",), ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly")
_AUTO_CONTROL = (*_CONTROL, "AmazonEKSComputePolicy", "AmazonEKSBlockStoragePolicy", "AmazonEKSLoadBalancingPolicy",
                 "AmazonEKSNetworkingPolicy")
_AUTO_NODES = ("AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly")
_SUFFIXES = ("control-plane", "nodes", "auto-nodes")
# Names of roles are of the whole account, and a cluster of that name may be in another region.
_CLUSTER, _REGION = "assay.clusters/cluster", "assay.clusters/region"


class Roles:
    """Of one cluster. made: a role was made in this call, and may not be usable for some seconds."""

    def __init__(self, session: Session, settings: Mapping[str, Any], cluster: str, tags: Mapping[str, str]):
        self._session, self._settings, self._cluster, self._tags = session, settings, cluster, tags
        self._iam = session.client("iam")
        self._auto = settings.get("compute_config") or {}
        self.made = False

    def check(self, nodes: bool) -> None:
        """BadOption for a role that is not there and that would not be made."""
        for option in ("role", *(("node_role",) if nodes else ())):
            given = self._settings.get(option)
            if not given and not self._settings.get("create_roles"):
                raise BadOption(f"eks.{option}: is missing; name a role, or set eks.create_roles to have one made")
            if given and not self._arn(given):
                raise BadOption(f"eks.{option}: there is no role {given}; roles that are named are never made")
        if self._auto.get("enabled") and self._auto.get("node_role"):
            self.named("compute_config.node_role", self._auto["node_role"])

    def control_plane(self) -> str:
        """With Auto Mode it hands tags on (sts:TagSession)."""
        given = self._settings.get("role")
        if self._auto.get("enabled"):
            return self._role("role", given, "control-plane", _EKS, _AUTO_CONTROL, ["sts:AssumeRole", "sts:TagSession"])
        return self._role("role", given, "control-plane", _EKS, _CONTROL)

    def nodes(self) -> str:
        return self._role("node_role", self._settings.get("node_role"), "nodes", _EC2, _NODES)

    def auto_nodes(self) -> str:
        """Of the built-in pools of Auto Mode."""
        return self._role("compute_config.node_role", self._auto.get("node_role"), "auto-nodes", _EC2, _AUTO_NODES)

    def named(self, option: str, name: str) -> str:
        """The ARN of a role that must be there."""
        if found := self._arn(name):
            return found
        raise BadOption(f"eks.{option}: there is no role {name}")

    def _arn(self, name: str) -> str:
        with self._session.unless_missing():
            # a role's ARN may hold a path, its name is the last part
            return str(self._iam.call("GetRole", RoleName=name.rpartition("/")[2])["Role"]["Arn"])
        return ""

    def _role(self, option: str, given: str | None, suffix: str, service: str, policies: Sequence[str],
              actions: str | list[str] = "sts:AssumeRole") -> str:
        name = given or self._own(suffix)
        found = self._arn(name)
        if found:
            return found
        if given or not self._settings.get("create_roles"):
            raise BadOption(f"eks.{option}: there is no role {name}")
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service},
                                                         "Action": actions}]}
        tags = [{"Key": k, "Value": str(v)} for k, v in {**self._tags, _CLUSTER: self._cluster, _REGION: self._session.region}.items()]
        made = self._iam.call("CreateRole", RoleName=name, AssumeRolePolicyDocument=json.dumps(trust),
                              Tags=tags)["Role"]["Arn"]
        partition = made.split(":")[1]  # aws, aws-cn, aws-us-gov
        for policy in policies:
            self._iam.call("AttachRolePolicy", RoleName=name,
                           PolicyArn=f"arn:{partition}:iam::aws:policy/{policy}")
        self.made = True
        return str(made)

    def _own(self, suffix: str) -> str:
        return f"{self._cluster}-{suffix}"[-64:]

    def made_here(self) -> bool:
        """Whether any role was made for this cluster."""
        return any(self._arn(self._own(suffix)) for suffix in _SUFFIXES)

    def remove(self) -> None:
        """Those that were made for this cluster, told by their tags."""
        for name in map(self._own, _SUFFIXES):
            if self._made_for(name).get(_CLUSTER) == self._cluster:
                self._end(name)

    def remains(self, run_id: str) -> dict[str, Callable[[], None]]:
        """Those of a cluster of this region, or of this run, that is gone; see ClusterPlatform."""
        if not self._settings.get("create_roles"):
            return {}
        found = self._of_run(run_id) if run_id else [n for n in map(self._own, _SUFFIXES)
                                                     if self._made_for(n).get(_CLUSTER) == self._cluster]
        return {f"role {n}": partial(self._end, n) for n in found if self._made_for(n).get(_REGION) == self._session.region}

    def _of_run(self, run_id: str) -> list[str]:
        """The expiry in the name of the cluster is not known; who may not list roles has leftovers_info tell them."""
        try:
            listed = [str(r["RoleName"]) for r in self._iam.pages("ListRoles", "Roles")]
        except AwsError as e:
            if e.code != "AccessDenied":
                raise
            return []
        return [n for n in listed if n.endswith(_SUFFIXES) and f"-{run_id}-x" in n
                and has_run(self._made_for(n).get(_CLUSTER, ""), self._cluster, run_id)]

    def _made_for(self, name: str) -> dict[str, str]:
        """The tags of a role that was made here, else none."""
        with self._session.unless_missing():
            found = tags_of(self._iam.call("GetRole", RoleName=name)["Role"])
            return found if found.get(names.MANAGED_BY) == names.MANAGER else {}
        return {}

    def _end(self, name: str) -> None:
        with self._session.unless_missing():
            for policy in self._iam.pages("ListAttachedRolePolicies", "AttachedPolicies", RoleName=name):
                self._iam.call("DetachRolePolicy", RoleName=name, PolicyArn=policy["PolicyArn"])
            self._iam.call("DeleteRole", RoleName=name)
