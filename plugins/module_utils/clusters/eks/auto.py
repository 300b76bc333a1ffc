# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""EKS Auto Mode: EKS itself makes nodes as pods need them, load balancers and volumes.

The API has three switches, and takes them all on or all off only; the add-ons that a cluster otherwise begins with must be off, and
entries of access on, by which EKS lets its nodes in. A role of nodes goes with built-in pools, and neither without the other:
https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html, and what it answers else.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...jobs.errors import BadOption
from .roles import Roles


class AutoMode:
    """As compute_config of the settings wants it; without that it is left as it is."""

    def __init__(self, settings: Mapping[str, Any]):
        self._settings, self._of = settings, settings.get("compute_config") or {}
        self.on = bool(self._of.get("enabled"))
        self.pools = list(self._of.get("node_pools") or [])

    def check(self, nodes: int) -> None:
        """BadOption for what EKS would refuse. nodes: how many are wanted."""
        if not self.on:
            return
        role, groups = self._of.get("node_role"), self._settings.get("node_groups")
        if self.pools and not role and not self._settings.get("create_roles"):
            raise BadOption("eks.compute_config.node_role: is missing; name the role of nodes of the built-in pools, or set eks.create_roles "
                            "to have one made, or node_pools: [] for pools of your own")
        if role and not self.pools:
            raise BadOption(f"eks.compute_config.node_role: EKS takes {role} with node_pools only; without built-in pools leave it out, and "
                            "name the role in a NodeClass of your own")
        if role and groups and role == self._settings.get("node_role"):
            raise BadOption(f"eks.compute_config.node_role: {role} is that of the node groups, too, and EKS lets one role in as one kind of "
                            "node only; name another one")
        if nodes and not groups:
            raise BadOption("nodes: without eks.node_groups Auto Mode makes nodes as pods need them; leave the number out")

    def made_with(self, roles: Roles) -> dict[str, Any]:
        """CreateCluster's arguments, but for the network's."""
        if not self.on:
            return {}
        pools = {"nodePools": self.pools, "nodeRoleArn": roles.auto_nodes()} if self.pools else {}
        return {"computeConfig": {"enabled": True, **pools}, "storageConfig": {"blockStorage": {"enabled": True}},
                "bootstrapSelfManagedAddons": False, "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}}

    def network(self) -> dict[str, Any]:
        """What kubernetesNetworkConfig holds for it."""
        return {"elasticLoadBalancing": {"enabled": True}} if self.on else {}

    def difference(self, of: Mapping[str, Any]) -> tuple[bool, bool] | None:
        """(wanted, there) where a cluster has it otherwise."""
        there = is_on(of)
        return None if self._of.get("enabled") in (None, there) else (self.on, there)


def is_on(of: Mapping[str, Any]) -> bool:
    """Of a cluster as DescribeCluster shows it."""
    return bool((of.get("computeConfig") or {}).get("enabled"))
