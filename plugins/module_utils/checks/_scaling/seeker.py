# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pod that fits on no node that is there. It asks for little: it stands apart from pods of ours, one on every node.

Those are no DaemonSet's: the Cluster Autoscaler takes a node's pods of DaemonSets, with their labels, for pods of the next node, too.
"""
from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ...common import nodes as node_of
from ...engine.probes import HTTP_PORT, UDP_PORT, Probe
from .._shared.at_work import leaving
from .._shared.manifests import container_security, pod_security
from .._shared.standing import Standing, refused, why_ended
from .._shared.text import listed
from .groups import Group

if TYPE_CHECKING:
    from ...engine.context import Context

# Of pods on nodes that were there before.
TAKEN = "assay.clusters/taken"
SEEKS = "assay.clusters/seeks"
# Until we are done with it, nobody is to move it, and so bring its node to an end.
_STAY = {"karpenter.sh/do-not-disrupt": "true", "cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
_MAY_GO = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "true"}
# Nodes on which a pod of ours is made at most.
_MOST = 200
# Seconds until the scheduler has said that it fits nowhere.
_SCHEDULED = 60.0


def manifest(ctx: Context, name: str, group: Group) -> dict[str, Any]:
    """Without a class of priority: it has that of any pod, and nobody whose end would give it room."""
    apart = {"labelSelector": {"matchLabels": {TAKEN: ctx.nonce}}, "topologyKey": "kubernetes.io/hostname"}
    requests = {k: str(v) for k, v in (ctx.options.get("requests") or {}).items()} or {"cpu": "50m", "memory": "64Mi"}
    container = {
        "name": "netexec", "image": ctx.image("agnhost"), "imagePullPolicy": "IfNotPresent",
        "args": ["netexec", f"--http-port={HTTP_PORT}", f"--udp-port={UDP_PORT}"], "securityContext": container_security(),
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": HTTP_PORT}, "periodSeconds": 1, "timeoutSeconds": 5},
        "resources": {"requests": requests, "limits": {"memory": requests.get("memory", "128Mi")}},
    }
    spec = {
        "automountServiceAccountToken": False, "enableServiceLinks": False, "terminationGracePeriodSeconds": 0,
        "securityContext": pod_security(), "nodeSelector": dict(group.selector), "tolerations": group.tolerations(),
        "affinity": {
            "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart]},
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": ctx.fleet.choice.affinity()}]}}},
        "containers": [container],
    }
    # Those for two groups stand apart, too: each is to have a node of its own.
    meta = {"name": name, "labels": {SEEKS: ctx.nonce, TAKEN: ctx.nonce}, "annotations": dict(_STAY)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def keeper(ctx: Context, name: str, node: str) -> dict[str, Any]:
    """A pod that keeps ours off a node. No scheduler is asked, so that nobody is preempted for it where the node is full."""
    container = {"name": "pause", "image": ctx.image("agnhost"), "imagePullPolicy": "IfNotPresent", "args": ["pause"],
                 "securityContext": container_security(),
                 "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"memory": "64Mi"}}}
    spec = {"nodeName": node, "automountServiceAccountToken": False, "enableServiceLinks": False, "terminationGracePeriodSeconds": 0,
            "tolerations": [{"operator": "Exists"}], "securityContext": pod_security(), "containers": [container]}
    meta = {"name": name, "labels": {TAKEN: ctx.nonce}, "annotations": dict(_MAY_GO)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


class Keepers:
    """A pod on each node that a pod for one of the groups could go to."""

    def __init__(self, ctx: Context, groups: list[Group]):
        self.ctx, self.groups, self.names = ctx, groups, list[str]()

    def create(self) -> None:
        ctx, there = self.ctx, self.ctx.fleet.nodes
        nodes = sorted(n for n, item in there.items() if not node_of.unfit(item) and not leaving(item)
                       and any(g.takes(item) for g in self.groups) and not ctx.fleet.choice.selects_out(item))
        if len(nodes) > _MOST:
            ctx.inconclusive(f"{len(nodes)} nodes could take a pod for {listed(g.words for g in self.groups)}, and each needs one of ours to "
                             f"keep it off, {_MOST} at most: name smaller groups in scaling_check_node_groups")
        self.names = [f"keeper-{ctx.nonce}-{i}" for i, _node in enumerate(nodes)]
        ctx.in_parallel(lambda pair: ctx.create(keeper(ctx, *pair)), zip(self.names, nodes), workers=8)

    def delete(self) -> None:
        """Without waiting: nobody waits for them."""
        names, self.names = self.names, []
        self.ctx.in_parallel(lambda name: self.ctx.delete("Pod", name, wait=False), names, workers=8)


class Seeker:
    """The pod for one group, and the node that it gets."""

    def __init__(self, ctx: Context, group: Group, number: int):
        self.ctx, self.group, self.name = ctx, group, f"seeker-{ctx.nonce}-{number}"
        self.nodes: list[str] = []  # that it was given, the last one now
        self._standing = Standing(ctx, self.name, lambda _times: ctx.create(manifest(ctx, self.name, group)))

    @property
    def node(self) -> str:
        return self.nodes[-1] if self.nodes else ""

    def create(self) -> None:
        self._standing.create()

    def pod(self) -> dict[str, Any]:
        return self._standing.now(self.ctx.watch("pods").items())

    def where(self) -> str:
        return str((self.pod().get("spec") or {}).get("nodeName") or "")

    def renew(self) -> None:
        """Make it again where it was ended; inconclusive where others end it each time, and a failure where kubelets of new nodes do."""
        if self._standing.renew() or not refused(pod := self.pod()):
            return
        node, words = str(pod["spec"].get("nodeName") or ""), why_ended(pod)
        self.ctx.touches("Node", node)
        self.ctx.see(kind="node", ok=False, to_node=node, variant="ready", error=words)
        self.ctx.fail(f"pod {self.name} was refused {len(self._standing.ended) + 1} times, the last time {words}"[:600])

    def fits_nowhere(self, before: Collection[str]) -> None:
        """The scheduler's word that no node takes it; inconclusive where one does."""
        ctx = self.ctx

        def told(_items: Any) -> str:
            if self.where():
                return f"on {self.where()}"
            said = [c for c in (self.pod().get("status") or {}).get("conditions") or () if c.get("type") == "PodScheduled"]
            return next((str(c.get("message") or c["reason"]) for c in said if c.get("reason") == "Unschedulable"), "")

        words = ctx.wait("pods", told, f"the scheduler says where pod {self.name} goes", seconds=_SCHEDULED)
        if self.where() in before:
            ctx.inconclusive(f"pod {self.name} was to fit nowhere, and is given node {self.where()}, which was there before: nothing has "
                             "to be added")
        ctx.observe(fits_nowhere=words[:300])

    def probe(self) -> Probe:
        """The pod as one that can be asked."""
        return self.ctx.probes.all[0].beside(self.node, self.name, str((self.pod().get("status") or {}).get("podIP") or ""))
