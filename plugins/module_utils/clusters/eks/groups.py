# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Managed node groups of EKS: how large each is to be, what it is made with, what of it is told."""
from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ...jobs.errors import BadOption
from .. import model as words

BROKEN = ("FAILED", "CREATE_FAILED", "DELETE_FAILED")
# Seconds for which a group may be DEGRADED: EKS says so of passing troubles, too, as of an instance that is replaced.
_GRACE = 900.0
_NAMES = {"instance_types": "instanceTypes", "ami_type": "amiType", "capacity_type": "capacityType", "disk_size": "diskSize",
          "labels": "labels"}


def issues(thing: Mapping[str, Any]) -> str:
    """What EKS says is wrong with a cluster or a group."""
    found = (thing.get("health") or {}).get("issues") or []
    return "; ".join(f"{i.get('code')}: {i.get('message')}" for i in found)


class Groups:
    """Those of the settings."""

    def __init__(self, settings: Mapping[str, Any]):
        self.wanted = [g if isinstance(g, dict) else {"name": str(g)} for g in settings.get("node_groups") or []]
        self.free = [g["name"] for g in self.wanted if g.get("size") is None]
        if len(self.free) > 1:
            raise BadOption(f"eks.node_groups: only one group may have no size, it takes what is left of nodes, not "
                            f"{', '.join(self.free)}")
        self._degraded: dict[str, float] = {}

    def sizes(self, nodes: int) -> dict[str, int]:
        """Size of each node group of the settings; the one without a size takes what is left of nodes."""
        fixed = {g["name"]: int(g["size"]) for g in self.wanted if g.get("size") is not None}
        left = nodes - sum(fixed.values())
        if nodes and (left < 0 or (left and not self.free)):
            raise BadOption(f"nodes: {nodes} do not fit, the groups of eks.node_groups have {sum(fixed.values())}")
        return {**fixed, **{n: left for n in self.free}}

    def sizes_of(self, groups: list[dict[str, Any]], nodes: int) -> dict[str, int]:
        """By the settings; without any, a single group is the one that is meant."""
        if self.wanted:
            return self.sizes(nodes)
        if len(groups) != 1:
            raise BadOption(f"eks.node_groups: is needed to say which of {len(groups)} node groups changes its size")
        return {groups[0]["nodegroupName"]: nodes}

    def broken(self, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those that failed, or have been DEGRADED for too long."""
        now = time.monotonic()
        bad = {g["nodegroupName"] for g in groups if g["status"] == "DEGRADED"}
        self._degraded = {n: self._degraded.get(n, now) for n in bad}
        return [g for g in groups if g["status"] in BROKEN
                or g["nodegroupName"] in bad and now - self._degraded[g["nodegroupName"]] >= _GRACE]

    def version(self, groups: list[dict[str, Any]], ours: bool, control_plane: str) -> str:
        """The oldest of the control plane's and of the groups that an upgrade takes along: it is done when all are new."""
        names = {g["name"] for g in self.wanted}
        behind = [g["version"] for g in groups if upgradable(g) and (g["nodegroupName"] in names or ours and not names)
                  and words.parts(g["version"])[:2] < words.parts(control_plane)[:2]] if control_plane else []
        return min(behind, key=words.parts) if behind else control_plane


def upgradable(group: Mapping[str, Any]) -> bool:
    """EKS chooses the image of a new version; of an image of one's own it knows no newer one."""
    return bool(group.get("version")) and group.get("amiType") != "CUSTOM"


def made_with(group: Mapping[str, Any]) -> dict[str, Any]:
    """CreateNodegroup's arguments for what a group of the settings says."""
    more = {key: group[name] for name, key in _NAMES.items() if group.get(name)}
    if group.get("taints"):
        more["taints"] = [{k: str(v) for k, v in t.items() if v is not None} for t in group["taints"]]
    if template := group.get("launch_template"):
        more["launchTemplate"] = {k: str(v) for k, v in template.items() if v is not None}
    return more
