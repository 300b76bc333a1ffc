# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A second pod of ours beside a probe: what passes between two pods of one node needs no network between nodes.

A probe that asks its own address proves nothing of that kind, as such a question never leaves the pod.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...engine.errors import Inconclusive, StepFailed
from ...kube.errors import ApiError
from ...kube.pods import pod_ready
from .._shared.asked import Asked
from .._shared.manifests import container_security, pod_security
from .._shared.placing import Placing
from .pod_questions import HTTP_PORT, SECONDS, UDP_PORT, Target, judge, script

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...engine.probes import Probe

# Pairs of pods on one node; a second one shows that it is not the first one's node.
COUNT = 2
# Seconds for such a pod to start: its image is on the node.
LIMIT = 30.0
# How its answers are told from those between nodes.
VARIANTS = {"small": "second", "udp": "second-udp"}


def _manifest(name: str, image: str, node: str) -> dict[str, Any]:
    """A pod like a probe, on this node whatever its taints; not with a probe's label, or their controller would take it."""
    here = {"key": "metadata.name", "operator": "In", "values": [node]}
    container = {
        "name": "netexec", "image": image, "imagePullPolicy": "IfNotPresent",
        "args": ["netexec", f"--http-port={HTTP_PORT}", f"--udp-port={UDP_PORT}"],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": HTTP_PORT}, "periodSeconds": 1, "timeoutSeconds": 5},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": container_security(),
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
        "automountServiceAccountToken": False, "enableServiceLinks": False, "terminationGracePeriodSeconds": 0,
        "tolerations": [{"operator": "Exists"}], "securityContext": pod_security(), "containers": [container],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchFields": [here]}]}}}}}


def _start(ctx: Context, names: dict[str, str]) -> tuple[dict[str, str], str]:
    """(name of the pod -> its address, of those that became ready; why no more were waited for). names: pod -> node."""
    def addresses(items: dict[Any, Any]) -> dict[str, str]:
        return {p["metadata"]["name"]: p["status"]["podIP"] for p in items.values()
                if p["metadata"]["name"] in names and pod_ready(p) and (p.get("status") or {}).get("podIP")}

    for name, node in names.items():
        ctx.create(_manifest(name, ctx.image("agnhost"), node))
    placing = Placing(ctx, names)
    try:
        placing.wait(lambda items: len(addresses(items)) == len(names), "second pods are ready",
                     max(0.0, min(LIMIT, ctx.left() - SECONDS)))
    except StepFailed:
        pass
    return addresses(ctx.watch("pods").items()), placing.over or f"none was ready within {LIMIT:.0f} s"


def ask(ctx: Context, asked: Asked, probes: list[Probe]) -> dict[str, bool]:
    """Each of the first COUNT probes asks a second pod on its node; what it gets is seen as a pair of that node with itself.

    By variant (small, udp) whether any answered; empty where nobody was asked. Whatever keeps such a pod away (a quota, a
    policy, a full node) fails nothing: that there is none is observed.
    """
    names = {f"second-{ctx.nonce}-{i}": probe.node for i, probe in enumerate(probes[:COUNT])}
    by_node = {p.node: p for p in probes}
    try:
        found, why = _start(ctx, names)
    except (ApiError, Inconclusive) as e:
        ctx.observe(second_pods=f"none, as they were refused: {getattr(e, 'message', e)}")
        return {}
    passed: dict[str, bool] = {}
    for name, address in found.items():
        probe, wanted = by_node[names[name]], [Target(names[name], name, address)]
        shell = asked.one(probe, lambda p=probe, w=wanted: p.shell(script(w), timeout=SECONDS))
        for a in judge(probe.node, wanted, shell.output, shell.error) if shell else ():
            if a.variant in VARIANTS:
                passed[a.variant] = passed.get(a.variant, False) or not a.error
                ctx.see(kind="pod", from_node=probe.node, to_node=probe.node, target=address, variant=VARIANTS[a.variant],
                        ok=not a.error, error=a.error, seconds=a.seconds)
    ctx.observe(second_pods=len(found) or f"none, as {why}")
    return passed
