# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A node that goes when nobody needs it any more; and who holds it where it stays."""
from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NoReturn

from .._shared.optional import optional_get
from .._shared.text import listed
from .seeker import Seeker
from .signs import claims, events, line, within

if TYPE_CHECKING:
    from ...engine.context import Context
    from .who import Autoscaler

# Reasons of events on a node or its NodeClaim that tell why it stays, or what hinders its end; and one that any node in use has.
_HELD = ("DisruptionBlocked", "FailedDraining", "ScaleDownFailed", "FailedTermination", "AwaitingVolumeDetachment")
_IN_USE = "Unconsolidatable"
# What is said of a node that is still on its way; what is said of our own pod is past, too.
_COMING = ("Node is nominated for a pending pod", "Nodeclaim does not have an associated node", "isn't initialized")
_MARKS = (("karpenter.sh/do-not-disrupt", "true"), ("karpenter.sh/do-not-evict", "true"),
          ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false"))


def _stays_anyway(pod: dict[str, Any]) -> bool:
    """Whether no autoscaler waits for it: of a DaemonSet, a node's own, or at its end."""
    owners = {o.get("kind") for o in pod["metadata"].get("ownerReferences") or ()}
    done = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return bool(owners & {"DaemonSet", "Node"}) or done or bool(pod["metadata"].get("deletionTimestamp"))


def mark(pod: dict[str, Any]) -> str:
    """What the pod says against its eviction; empty without."""
    told = pod["metadata"].get("annotations") or {}
    return next((f"{k}={v}" for k, v in _MARKS if told.get(k) == v), "")


class Going:
    """nodes: those that came for our pods. before: how many there were, NodeClaims among them not."""

    def __init__(self, ctx: Context, who: Autoscaler, seekers: list[Seeker], before: Collection[str], own_claims: Collection[str]):
        self.ctx, self.who, self.seekers, self.before, self.own_claims = ctx, who, seekers, frozenset(before), frozenset(own_claims)

    def left(self) -> list[str]:
        """What came for our pods and is still there: nodes, and NodeClaims whose node is gone already."""
        nodes = [f"node/{n}" for s in self.seekers for n in dict.fromkeys(s.nodes) if n in self.ctx.fleet.nodes]
        there = {c["metadata"]["name"] for c in claims(self.ctx, self.who) or ()} if self.own_claims and not nodes else set()
        return nodes + sorted(f"nodeclaim/{n}" for n in there & self.own_claims)

    def gone(self, limit: float) -> None:
        """Delete the pods, and wait until the cluster has no node of theirs."""
        ctx, start = self.ctx, time.monotonic()
        for seeker in self.seekers:
            ctx.delete("Pod", seeker.name)
        if not within(ctx, limit, lambda: not self.left()):
            self._stays(self.left(), time.monotonic() - start)
        took = time.monotonic() - start
        ctx.measure("pods gone to their nodes gone", took, "s")
        ctx.observe(nodes_before=len(self.before), nodes_after=len(ctx.fleet.nodes))
        if took > (expected := float(ctx.options.get("down_expected") or 1200)):
            ctx.warn(f"a node that nobody needs took {took:.0f} s to go, expected at most {expected:.0f} s "
                     "(scaling_check_down_expected)")

    def _stays(self, left: list[str], seconds: float) -> NoReturn:
        ctx, held, others = self.ctx, list[str](), list[str]()
        for ref in left:
            kind, _slash, name = ref.partition("/")
            node = name if kind == "node" else ""
            ctx.touches("Node" if node else "NodeClaim", name)
            pods = self._pods(node)
            told = self._says(kind, name, _HELD) or ([] if pods else self._says(kind, name, (_IN_USE,)))
            for target, words, sure in [*pods, *((ref, w, True) for w in told)]:
                ctx.see(kind="autoscaler", ok=False, to_node=node, target=target, variant="held" if sure else "used", error=words)
                (held if sure else others).append(words)
        what = listed(ref.replace("/", " ") for ref in left)
        ctx.observe(held_by=[*held, *others][:8])
        if others and not held:
            ctx.inconclusive(f"{what} is used by others now, so that it has no reason to go: {listed(others)}")
        ctx.fail(f"{what} is still there {seconds:.0f} s after the pod that it came for was deleted"
                 + (f"; held by: {listed(held)}" if held else f", and {self.who.words} does not say why"))

    def _pods(self, node: str) -> list[tuple[str, str, bool]]:
        """(pod, words, whether it says itself that it holds the node) of all that an autoscaler would have to move."""
        found = optional_get(self.ctx, "/api/v1/pods", {"fieldSelector": f"spec.nodeName={node}"}) if node else None
        out = []
        for pod in (found or {}).get("items") or ():
            if not _stays_anyway(pod):
                ref = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
                out.append((f"pod/{ref}", f"pod {ref} has {mark(pod)}" if mark(pod) else f"pod {ref} runs there", bool(mark(pod))))
        return sorted(out, key=lambda o: not o[2])

    def _says(self, kind: str, name: str, reasons: tuple[str, ...]) -> list[str]:
        told = events(self.ctx, "default", kind="Node" if kind == "node" else "NodeClaim", name=name) or ()
        past = (*_COMING, *(s.name for s in self.seekers))
        held = [e for e in told if e.get("reason") in reasons and not any(w in str(e.get("message")) for w in past)]
        return list(dict.fromkeys(map(line, held)))[-3:]
