# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is at work on a node: what takes it away, and what cordoned it."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .nodes import Node, moment

# Taints of those who take a node away, by what the key begins with.
_TAKEN_BY = (
    ("ToBeDeletedByClusterAutoscaler", "the cluster autoscaler removes it"),
    ("karpenter.sh/disrupt", "Karpenter replaces it"),  # disrupted, and disruption before 1.0
    ("aws-node-termination-handler/", "the AWS node termination handler drains it"),
    ("cloud.google.com/impending-node-termination", "Google Cloud takes it back"),
    ("node.cluster.x-k8s.io/outdated-revision", "Cluster API replaces it"),
)
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
# Annotations of those who cordon a node without a taint of their own: the key, its value while they are at work ("": any).
_AT_WORK = (
    ("machineconfiguration.openshift.io/state", "Working", "OpenShift's machine config operator updates it"),
    ("weave.works/kured-reboot-in-progress", "", "kured reboots it"),
    ("kured.dev/reboot-in-progress", "", "kured reboots it"),
)


def _taints(node: Mapping[str, Any]) -> list[dict[str, str]]:
    return (node.get("spec") or {}).get("taints") or []


def leaving(node: Mapping[str, Any]) -> str:
    """Who takes the node away, in words; empty for one that stays."""
    if node["metadata"].get("deletionTimestamp"):
        return "it is being deleted"
    keys = [str(t.get("key")) for t in _taints(node)
            if t.get("effect") != "PreferNoSchedule" or node["spec"].get("unschedulable")]
    return next((who for start, who in _TAKEN_BY if any(k.startswith(start) for k in keys)), "")


def cordoned_by(node: Node, began: datetime) -> str:
    """What is at work where a node is cordoned, in words; empty for a cordon that nobody explains.

    began: when the run first looked; a cordon of later is the work of somebody who is at it now.
    """
    marks = node["metadata"].get("annotations") or {}
    told = next((who for key, value, who in _AT_WORK if key in marks and value in ("", marks[key])), "")
    since = next((moment(t.get("timeAdded")) for t in _taints(node) if t.get("key") == _UNSCHEDULABLE), None)
    return leaving(node) or told or ("that was done after this run began" if since and since > began else "")
