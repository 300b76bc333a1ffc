# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pod that fits on no node that is there. It asks for little: it stands apart from our probes, and there is one on every node."""
from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ...common import nodes as node_of
from ...engine.probes import APP, HTTP_PORT, UDP_PORT, Probe
from .._shared.at_work import leaving
from .._shared.manifests import container_security, pod_security
from .._shared.text import listed
from .groups import Group

if TYPE_CHECKING:
    from ...engine.context import Context

# Of probes on nodes that were there before; that of a node that is added later does not have it.
TAKEN = "assay.clusters/taken"
SEEKS = "assay.clusters/seeks"
# Until we are done with it, nobody is to move it, and so bring its node to an end.
_STAY = {"karpenter.sh/do-not-disrupt": "true", "cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
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
    meta = {"name": name, "labels": {SEEKS: ctx.nonce}, "annotations": dict(_STAY)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def take_all(ctx: Context, groups: list[Group]) -> None:
    """Mark the probes of all nodes; inconclusive where a node could take the pod and has no probe to keep it off."""
    have = {p.node for p in ctx.probes.all}  # where there are none, this ends here
    for pod in ctx.watch("pods").items().values():
        mine, node = pod["metadata"].get("labels") or {}, (pod.get("spec") or {}).get("nodeName")
        if node and all(mine.get(k) == v for k, v in APP.items()):
            path = f"/api/v1/namespaces/{ctx.namespace}/pods/{pod['metadata']['name']}"
            ctx.client.patch(path, {"metadata": {"labels": {TAKEN: ctx.nonce}}})
            have.add(node)
    for group in groups:
        nodes = [(n, item) for n, item in ctx.fleet.nodes.items() if not node_of.unfit(item) and not leaving(item)]
        open_ones = sorted(n for n, item in nodes if n not in have and group.takes(item) and not ctx.fleet.choice.selects_out(item))
        if open_ones:
            ctx.inconclusive(f"a pod for {group.words} may fit on {listed(open_ones)}, where no probe of ours keeps it off; name a "
                             "smaller group in scaling_check_node_groups, or let validate_node_sample ask all nodes")


class Seeker:
    """The pod for one group, and the node that it gets."""

    def __init__(self, ctx: Context, group: Group, number: int):
        self.ctx, self.group, self.name, self.node = ctx, group, f"seeker-{ctx.nonce}-{number}", ""

    def create(self) -> None:
        self.ctx.create(manifest(self.ctx, self.name, self.group))

    def pod(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ctx.watch("pods").items().get((self.ctx.namespace, self.name)) or {}
        return found

    def where(self) -> str:
        return str((self.pod().get("spec") or {}).get("nodeName") or "")

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
