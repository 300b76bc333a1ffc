# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A node that comes for a pod: until it is there, Ready, and runs the pod; and who is at fault where it does not come."""
from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING, NoReturn

from ...common import nodes as node_of
from ...kube.pods import pod_ready
from .._nodes.claims import why_not_ready
from .._shared.text import listed
from .seeker import Seeker
from .signs import Signs, stage, within

if TYPE_CHECKING:
    from ...engine.context import Context
    from .who import Autoscaler


class Coming:
    """before: names of the nodes that were there, and of NodeClaims."""

    def __init__(self, ctx: Context, who: Autoscaler, seeker: Seeker, before: Collection[str], claims: Collection[str]):
        self.ctx, self.who, self.seeker, self.before = ctx, who, seeker, frozenset(before)
        self.signs = Signs(ctx, who, seeker.name, claims)
        self.start = time.monotonic()

    def new_nodes(self) -> list[str]:
        """Nodes that came since, of the pod's group where it has one; those of its claims alone where there are some."""
        came = sorted(n for n, item in self.ctx.fleet.nodes.items() if n not in self.before and self.seeker.group.holds(item))
        claimed = {(c.get("status") or {}).get("nodeName") for c in self.signs.claims.values()}
        return [n for n in came if n in claimed] if self.signs.claims else came

    def decides(self, limit: float) -> None:
        """Until the autoscaler says that a node is to come, or one is there. One that shows nothing is not asked."""
        def decided() -> bool:
            self.seeker.renew()
            self.signs.look()
            return self.signs.decided or bool(self.seeker.where() or self.new_nodes())

        if within(self.ctx, self.start + limit - time.monotonic(), decided):
            self.ctx.measure("pod fits nowhere to a node is to come", time.monotonic() - self.start, "s")
        elif not self.signs.unseen:
            self._not_decided(time.monotonic() - self.start)

    def _not_decided(self, seconds: float) -> NoReturn:
        said = self.signs.why_not()
        for target, words in said:
            self.ctx.see(kind="autoscaler", ok=False, target=target, variant="said", error=words)
        if not said:
            self.ctx.see(kind="autoscaler", ok=False, target=f"pod/{self.ctx.namespace}/{self.seeker.name}", variant="silent",
                         error=f"{self.who.words} says nothing of the pod")
        words = f": {said[-1][1]}" if said else ", and says nothing of it"
        where = self.seeker.group.words
        self.ctx.fail(f"{self.who.words} adds no node for a pod that fits nowhere in {where}, after {seconds:.0f} s{words}"[:600],
                      autoscaler_says=[w for _t, w in said][-4:])

    def joins(self, limit: float) -> None:
        """Until the pod has its node."""
        def placed() -> str:
            self.seeker.renew()
            self.signs.look()
            return self.seeker.where()

        if not within(self.ctx, self.start + limit - time.monotonic(), lambda: self._given(placed())):
            self._not_joined(time.monotonic() - self.start)
        self.ctx.measure("pod fits nowhere to it has its node", time.monotonic() - self.start, "s")

    def _given(self, node: str) -> bool:
        """Whether the pod has a node; inconclusive where that did not come for it, or cannot be used."""
        if not node or node == self.seeker.node:
            return bool(node)
        self.seeker.nodes.append(node)
        self.ctx.touches("Node", node)
        if node in self.before:
            self.ctx.inconclusive(f"pod {self.seeker.name} was given node {node}, which was there before: something else made room on it")
        if why := node_of.unfit(self.ctx.fleet.nodes.get(node) or {"metadata": {"name": node}}):
            self.ctx.inconclusive(f"node {node} came for the pod, and {why}")
        return True

    def _not_joined(self, seconds: float) -> NoReturn:
        ctx, nodes = self.ctx, self.new_nodes()
        if nodes:
            why = {n: why_not_ready(ctx.fleet.nodes[n]) for n in nodes}
            for node, words in why.items():
                ctx.touches("Node", node)
                ctx.see(kind="node", ok=False, to_node=node, variant="ready", error=words or "the pod is not given to it")
            told = listed(f"{n} {w or 'is Ready and is not given the pod'}" for n, w in why.items())
            ctx.fail(f"a node joined and did not take the pod within {seconds:.0f} s: {told}"[:600], new_nodes=nodes)
        waiting = {n: stage(c) for n, c in self.signs.claims.items()}
        for name, words in waiting.items():
            ctx.see(kind="autoscaler", ok=False, target=f"nodeclaim/{name}", variant="joined", error=words)
        refused = [] if waiting else self.signs.why_not()
        for target, words in refused:  # it asked for a machine, and the cloud gave none
            ctx.see(kind="autoscaler", ok=False, target=target, variant="said", error=words)
        if refused:
            ctx.fail(f"{self.who.words} asked for a machine, and no node came within {seconds:.0f} s: {refused[-1][1]}"[:600])
        if not waiting:
            told = [f"{e.get('reason')}: {e.get('message')}" for e in self.signs.said]
            ctx.see(kind="autoscaler", ok=False, target=f"pod/{ctx.namespace}/{self.seeker.name}", variant="joined",
                    error=(told or [""])[-1])
        whose = f" of NodeClaim {listed(waiting)}" if waiting else ""
        ctx.fail(f"{self.who.words} had a machine{whose} started, and no node of it joined within {seconds:.0f} s"
                 + (f": {listed(waiting.values())}" if waiting else ""))

    def runs(self, limit: float) -> None:
        """Until the pod is Ready there, with its image pulled."""
        left = max(30.0, self.start + limit - time.monotonic())

        def ready() -> bool:
            self.seeker.renew()
            pod = self.seeker.pod()
            return bool(pod) and self._given((pod.get("spec") or {}).get("nodeName") or "") and pod_ready(pod)

        self.ctx.until(ready, f"pod {self.seeker.name} is Ready on the new node {self.seeker.node}", seconds=left, every=0.5)
        took = time.monotonic() - self.start
        self.ctx.measure("pod fits nowhere to it is Ready on a new node", took, "s")
        if took > (expected := float(self.ctx.options.get("up_expected") or 300)):
            self.ctx.warn(f"a node took {took:.0f} s to come and to run a pod, expected at most {expected:.0f} s "
                          "(scaling_check_up_expected)")
