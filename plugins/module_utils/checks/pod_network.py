# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every node's pods reach the pods of every other node: right pod, large bodies, datagrams, both families of addresses."""
from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ..common import nodes as node_of
from ..engine.check import Check
from ..engine.declared import Option, Permission
from ._network import families as families_, groups as groups_, second_pods
from ._network.pairs import Pair, pairs
from ._network.pod_questions import SECONDS, Answer, Target, judge, script, target
from ._shared import meanwhile as meanwhile_, policies
from ._shared.asked import Asked
from ._shared.text import listed

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.probes import Probe

# Targets in one request to a probe; it asks them at once.
BATCH = 10
# Pairs asked again before they count as failed; more are not worth the time.
AGAIN = 12

Key = tuple[str, str, str]
Answers = dict[Key, Answer]


def key(a: Answer) -> Key:
    return a.source, a.target, a.variant


def spread(red: list[Answer]) -> dict[str, Any]:
    """How failures are spread over sources and targets: {"by_source": {node: n}, "by_target": {node: n}}."""
    by: dict[str, dict[str, int]] = {"by_source": {}, "by_target": {}}
    for answer in red:
        for end, node in (("by_source", answer.source), ("by_target", answer.target)):
            by[end][node] = by[end].get(node, 0) + 1
    return by


class PodNetwork(Check):
    """Asks in batches, one request per source node and ten targets; the cluster's pods do the rest."""

    name = "pod_network"
    domain = "network"
    proves = "Pods on every node reach pods on every other node over TCP with small and large bodies, and over UDP."
    options = (
        Option("slow_pair", "Warn when a small question to a pod takes longer than this (seconds).", type="float",
               default=1.0, minimum=0.01),
    )
    permissions = (
        Permission(("list",), ("nodes",), optional=True),
        Permission(("create", "delete"), ("pods",), optional=True),
        Permission(("list",), ("networkpolicies",), "networking.k8s.io", optional=True),
    )
    images = ("agnhost",)
    objects = ("Pod",)
    expected = 60.0
    limit = 300.0
    probes = 2

    def applies(self, ctx: Context) -> str:
        return "the cluster has one Linux node, so there is nothing between nodes" if len(ctx.probes.nodes) < 2 else ""

    def run(self, ctx: Context) -> None:
        self._probes = {p.node: p for p in ctx.probes.all}
        with ctx.step("probes run on at least two nodes"):
            if len(self._probes) < 2:
                ctx.inconclusive("fewer than two nodes run a probe: " + listed(
                    f"{n} ({w})" for n, w in ctx.probes.missing.items()))
        self._within: dict[str, bool] = {}
        self._asked, self._families = Asked(ctx), families_.second(ctx, ctx.probes.all)
        asked = pairs(sorted(self._probes), self._zones(ctx), ctx.nonce)
        with ctx.step("every pod answers the pods of other nodes over TCP"):
            first = self._ask(ctx, asked)
            answers = self._again(ctx, first)
            gone = meanwhile_.left(ctx)
            answers = {k: a for k, a in answers.items() if not gone & {a.source, a.target}}
            self._see(ctx, first, answers)
            self._claim(ctx, first, answers, "small")
        with ctx.step("large bodies pass between nodes both ways"):
            self._claim(ctx, first, answers, "large")
        with ctx.step("datagrams are answered between nodes"):
            self._claim(ctx, first, answers, "udp")
        with ctx.step("pods are reached by their second address, too"):
            self._claim(ctx, first, answers, "family")
            families_.tell(ctx, ctx.probes.all, self._families)
        with ctx.step("a closed port of a pod refuses"):
            red = [a for a in answers.values() if a.variant == "closed" and a.error]
            ctx.expect(not red, "something answers in place of pods: " + listed(
                f"{a.source} -> {a.target}: {a.error}" for a in red))
        self._report(ctx, answers)
        meanwhile_.tell(ctx, gone & set(self._probes))
        with ctx.step("every probe can be asked"):
            self._asked.settle()
            self._unasked(ctx, answers)

    def _zones(self, ctx: Context) -> dict[str, str]:
        return {name: node_of.zone(node) for name, node in ctx.fleet.nodes.items()}

    # ---- asking -----------------------------------------------------------------------------------------------
    def _targets(self, asked: list[Pair]) -> dict[str, list[Target]]:
        """By source: itself, and those that it asks, of which the nearest is asked on a closed port, too."""
        out = {n: [target(p, itself=True)] for n, p in self._probes.items()}
        for a, b in asked:
            out[a].append(target(self._probes[b], self._families.get(b, "") if a in self._families else "", len(out[a]) == 1))
        return out

    def _ask(self, ctx: Context, asked: list[Pair]) -> Answers:
        """Ask all pairs, and every node itself; stop early when so much is red that more tells nothing."""
        by_source = self._targets(asked)
        batches: list[tuple[Probe, list[Target]]] = []
        for start in range(0, max(map(len, by_source.values())), BATCH):  # the first batches of all: every node is seen early
            batches += [(self._probes[n], t[start:start + BATCH]) for n, t in by_source.items() if t[start:start + BATCH]]
        red, enough, lock = [0], max(2 * AGAIN, 2 * len(self._probes)), threading.Lock()

        def ask(batch: tuple[Probe, list[Target]]) -> list[Answer]:
            if red[0] > enough:
                return []
            found = self._batch(*batch)
            with lock:
                red[0] += sum(1 for a in found if a.error and a.variant == "small")
            return found

        answers = {key(a): a for found in ctx.in_parallel(ask, batches, workers=4) for a in found}
        if red[0] > enough:
            ctx.observe(stopped_early=f"after {len(answers)} answers, as {red[0]} were wrong")
        return answers

    def _batch(self, source: Probe, targets: list[Target]) -> list[Answer]:
        """The answers to one request to a probe; none when it cannot be asked."""
        shell = self._asked.one(source, lambda: source.shell(script(targets), timeout=SECONDS))
        return judge(source.node, targets, shell.output, shell.error) if shell else []

    def _again(self, ctx: Context, answers: Answers) -> Answers:
        """Ask failed pairs once more: one lost packet is not a broken network."""
        red = {(a.source, a.target): None for a in answers.values() if a.error and a.variant != "closed"}
        by_source: dict[str, list[Target]] = {}
        for a, b in list(red)[:AGAIN]:
            by_source.setdefault(a, []).append(target(self._probes[b], self._families.get(b, ""), itself=a == b))
        found = ctx.in_parallel(lambda n: self._batch(self._probes[n], by_source[n]), by_source, workers=4)
        new = {key(a): a for batch in found for a in batch}
        return answers | {k: a for k, a in new.items() if k not in answers or answers[k].error}

    # ---- claims -----------------------------------------------------------------------------------------------
    def _see(self, ctx: Context, first: Answers, answers: Answers) -> None:
        """Record all, and what only a second try hid; where nothing passes between nodes, or no datagram, two pods of one node
        are asked, too."""
        for a in answers.values():
            ctx.see(kind="pod", from_node=a.source, to_node=a.target, target=a.address, variant=a.variant,
                    ok=not a.error, error=a.error, seconds=a.seconds)
        for k, a in first.items():
            if a.error and k in answers and not answers[k].error:
                ctx.see(kind="pod", from_node=a.source, to_node=a.target, target=a.address, variant="retried", ok=False,
                        error=f"{a.variant}, at the first try: {a.error}")
        for variant in ("small", "udp"):
            crossing = [a for a in answers.values() if a.variant == variant and a.source != a.target]
            if crossing and all(a.error for a in crossing):
                sources = [self._probes[n] for n in sorted({a.source for a in crossing})]
                self._within = second_pods.ask(ctx, self._asked, sources)
                return

    def _claim(self, ctx: Context, first: Answers, answers: Answers, variant: str) -> None:
        """Every answer of this variant is right, if need be at the second try."""
        mine = {k: a for k, a in answers.items() if a.variant == variant}
        red = [a for a in mine.values() if a.error]
        for a in red:
            for node in (a.source, a.target):
                ctx.touches("Node", node)
        if red and self._within.get(variant) is False:
            policies.excuse(ctx, f"pods of ours do not reach each other ({variant}), not even on one node, so that nothing is "
                                 "proved of the network between nodes")
        if red and any(not a.error for a in mine.values() if a.source != a.target) and policies.shut(ctx):
            policies.excuse(ctx, f"{len(red)} of {len(mine)} pairs of nodes fail ({variant}), and by now no pod of ours reaches another")
        if red:
            ctx.fail(f"{len(red)} of {len(mine)} pairs of nodes fail ({variant}): "
                     + listed(f"{a.source} -> {a.target}: {a.error}" for a in red) + self._apart(ctx, mine),
                     failed=variant, **spread(red))
        late = [a for k, a in first.items() if a.error and k in mine]
        if late:
            ctx.measure(f"pairs that answered only at the second try ({variant})", len(late), "pairs")
            ctx.warn(f"{len(late)} of {len(mine)} pairs answered only at the second try ({variant}): "
                     + listed(f"{a.source} -> {a.target}: {a.error}" for a in late))

    def _apart(self, ctx: Context, mine: Answers) -> str:
        nodes = {n for source, to, _variant in mine for n in (source, to)}
        known = ctx.fleet.nodes
        words = groups_.apart(nodes, [(a.source, a.target) for a in mine.values() if not a.error],
                              lambda n: node_of.pool(known[n]) if n in known else "")
        if words:
            ctx.observe(groups=words)
        return groups_.hint(words)

    def _unasked(self, ctx: Context, answers: Answers) -> None:
        """Datagrams and closed ports are asked by the probe's own server; where that did not answer, nothing is proved."""
        well = [a for a in answers.values() if a.variant == "small" and not a.error]
        if all(a.source == a.target for a in well):
            ctx.inconclusive("no pair of nodes was asked, as all but one left meanwhile")
        without = sorted({a.source for a in well if a.source != a.target and (a.source, a.target, "udp") not in answers})
        if without:
            ctx.inconclusive(f"datagrams were not asked from {listed(without)}, as the probe's own server did not do it")

    def _report(self, ctx: Context, answers: Answers) -> None:
        """The slowest small question; how much was covered."""
        crossing = [a for a in answers.values() if a.variant == "small" and a.source != a.target and not a.error]
        ctx.observe(nodes=len({a.source for a in answers.values()}), pairs=len(crossing))
        if not crossing:
            return
        slowest = max(crossing, key=lambda a: a.seconds)
        ctx.measure("slowest pod-to-pod answer", slowest.seconds * 1000, "ms")
        if slowest.seconds > ctx.options.get("slow_pair", 1.0):
            ctx.warn(f"{slowest.source} -> {slowest.target} took {slowest.seconds:.1f} s")
