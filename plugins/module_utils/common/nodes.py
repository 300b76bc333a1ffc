# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Node object says: its state, its place, and whether pods of ours can run there at all."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]
# Labels of nodes that stand for a service which runs pods elsewhere: one pod each (EKS Fargate), containers that are paid for
# (virtual kubelets: ACI, ECI, SKE), another cluster (Liqo). A pod on every node is not what they are for.
VIRTUAL = {"type": "virtual-kubelet", "eks.amazonaws.com/compute-type": "fargate", "liqo.io/type": "virtual-node"}
_VIRTUAL_TAINT = "virtual-kubelet.io/provider"
_ZONES = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
# Groups of like nodes, as those name them who make them.
POOLS = ("eks.amazonaws.com/nodegroup", "alpha.eksctl.io/nodegroup-name", "karpenter.sh/nodepool", "karpenter.sh/provisioner-name",
         "cloud.google.com/gke-nodepool", "kubernetes.azure.com/agentpool", "agentpool", "kops.k8s.io/instancegroup",
         "cluster.x-k8s.io/deployment-name", "cluster.x-k8s.io/pool-name", "machine.openshift.io/machineset",
         "rke.cattle.io/machine-pool-name", "doks.digitalocean.com/node-pool", "node.cluster.x-k8s.io/machine-pool")


def name(node: Object) -> str:
    return str(node["metadata"]["name"])


def labels(node: Object) -> Mapping[str, str]:
    return node["metadata"].get("labels") or {}


def condition(node: Object, kind: str) -> Object:
    """The condition of that type; empty where the node does not have it."""
    return next((c for c in (node.get("status") or {}).get("conditions") or [] if c.get("type") == kind), {})


def ready(node: Object) -> bool:
    return condition(node, "Ready").get("status") == "True"


def system(node: Object) -> str:
    """The operating system: linux or windows; linux where nothing is said."""
    told = (node.get("status") or {}).get("nodeInfo") or {}
    return str(labels(node).get("kubernetes.io/os") or told.get("operatingSystem") or "linux")


def virtual(node: Object) -> bool:
    """Whether no machine stands behind the node."""
    mine = labels(node)
    taints = (node.get("spec") or {}).get("taints") or []
    return any(mine.get(k) == v for k, v in VIRTUAL.items()) or any(t.get("key") == _VIRTUAL_TAINT for t in taints)


def unfit(node: Object) -> str:
    """Why no pod of ours can run there, ever; empty for a node that can take one."""
    if system(node) != "linux":
        return f"its operating system is {system(node)}"
    return "it is a virtual node, without a machine of its own" if virtual(node) else ""


def zone(node: Object) -> str:
    """The zone that the node's labels tell; empty without."""
    mine = labels(node)
    return next((mine[k] for k in _ZONES if mine.get(k)), "")


def pool(node: Object) -> str:
    """The group of like nodes that it belongs to, as its maker's label says; empty where none does."""
    mine = labels(node)
    return next((mine[k] for k in POOLS if mine.get(k)), "")


def can_run_pods() -> list[dict[str, Any]]:
    """The requirements of a node affinity that leave out, by labels, what `unfit` does."""
    return [{"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
            *({"key": k, "operator": "NotIn", "values": [v]} for k, v in VIRTUAL.items())]
