# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every node is Ready, in step with the API server, and really starts pods."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..common import nodes as common
from ..common.nodes import ready
from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..engine.probe_maker import node_of
from ..engine.probes import APP
from ..kube.pods import pod_ready
from ._nodes.claims import heartbeat_trouble, registered, skew
from ._nodes.kubelets import Kubelets, disks, port_of, reached
from ._nodes.looks import CONTROLLER_OFF, YOUNG, Look, Settled, look, settle
from ._nodes.pods import Missing, why
from ._nodes.pools import drift
from ._shared.at_work import cordoned_by, leaving
from ._shared.nodes import Node, cordoned, name_of, named
from ._shared.text import listed

if TYPE_CHECKING:
    from ..engine.context import Context


_CORDONED = ("Accept nodes that are cordoned (C(kubectl cordon)); they are still tested. Otherwise a cordon fails, and warns "
             "where an autoscaler or an upgrade that marks the node is seen at work.")


class Nodes(Check):
    """Reads the state of all nodes at once, judges it claim by claim, then asks the nodes to do their work.

    Nodes that are not for pods of ours (virtual ones) or left out by the user are told; nodes that join or leave meanwhile
    are told and not judged.
    """

    name = "nodes"
    domain = "nodes"
    proves = "Every node is Ready, reports in time by a right clock, fits the API server's version, and starts a pod of ours."
    options = (
        Option("expected", "How many nodes the cluster must have; virtual ones do not count.", type="int", minimum=1,
               example=5),
        Option("allow_cordoned", _CORDONED, type="bool", default=False),
        Option("min_free_disk", "Warn when less than this percentage of a node's disk or inodes is free.",
               type="int", default=15, minimum=0, maximum=100),
    )
    permissions = (
        Permission(("get", "list"), ("nodes",)),
        Permission(("list",), ("leases",), "coordination.k8s.io", everywhere=True),
        Permission(("get",), ("nodes/proxy",), power="kubelet_statistics"),
    )
    images = ("agnhost",)
    # A second look at nodes that are just joining takes a minute.
    expected = 120.0
    limit = 300.0
    probes = 1

    def applies(self, ctx: Context) -> str:
        """There may be no node with a machine behind it: all pods of an EKS cluster may be Fargate's."""
        nodes = ctx.fleet.nodes.values()
        if ctx.fleet.known and nodes and all(common.virtual(n) for n in nodes):
            return f"all nodes of the cluster ({len(nodes)}) are virtual, without machines of their own"
        return ""

    def run(self, ctx: Context) -> None:
        with ctx.step("the nodes and their Leases can be read"):
            first, version = self._read(ctx)
            ctx.expect(first.nodes, "the cluster has no nodes" if not ctx.fleet.left_out else
                       f"no node is left to prove: {named(ctx.fleet.left_out)}")
        with ctx.step("the cluster has the expected number of nodes"):
            self._count(ctx)
        settled = self._judge(ctx, first, version)
        with ctx.step("a node that does not exist is not found"):
            self._negative(ctx)
        with ctx.step("every Ready node starts a pod"):
            untried = self._pods(ctx, settled)
        self._kubelets(ctx, settled)
        if untried:
            told = f"no pod could be tried on {len(untried)} of {len(ctx.fleet.asked)} nodes: {named(untried)}"
            ctx.inconclusive("; ".join([told, *ctx.warnings]), no_pod_tried=untried)

    # ---- what nodes say ---------------------------------------------------------------------------------------
    def _read(self, ctx: Context) -> tuple[Look, str]:
        if not ctx.fleet.known:
            ctx.client.get("/api/v1/nodes", {"limit": 1})  # it says who may not
            ctx.inconclusive("the nodes could not be listed when the run began")
        version = ctx.client.get("/version").get("gitVersion", "")
        first = look(ctx)
        for name in ctx.fleet.asked:
            ctx.touches("Node", name)
        ctx.observe(nodes=len(first.nodes), api_server_version=version)
        for key, told in (("left_out", dict(ctx.fleet.left_out)), ("sampled", ctx.fleet.sampled)):
            if told:
                ctx.observe(**{key: told})
        return first, version

    def _count(self, ctx: Context) -> None:
        wanted = ctx.options.get("expected")
        there = sum(not common.virtual(n) for n in ctx.fleet.nodes.values())
        ctx.expect(not wanted or there == wanted, f"{there} nodes, expected {wanted}", expected=wanted)

    def _judge(self, ctx: Context, first: Look, version: str) -> Settled:
        settled = settle(ctx, first)
        nodes, unmet = settled.judged, settled.unmet
        for claim, variant in (("every node is Ready", "ready"), ("every node renews its Lease", "lease"),
                               ("the clock of every node is right", "clock"),
                               ("no node is short of memory, disk or process ids", "pressure")):
            with ctx.step(claim):
                found = {name: self._aged(settled, name, words) for name, words in unmet[variant].items()}
                self._all(ctx, nodes, variant, lambda name, found=found: found.get(name, ""))
        with ctx.step("no node is cordoned"):
            self._all(ctx, nodes, "cordoned", lambda name: self._cordoned(ctx, nodes[name], first))
        with ctx.step("every kubelet's version goes with the API server's"):
            self._all(ctx, nodes, "version", lambda name: skew(nodes[name], version))
        self._tell(ctx, settled)
        return settled

    @staticmethod
    def _aged(settled: Settled, name: str, words: str) -> str:
        """Of a node that has just registered, when that was."""
        age = registered(settled.look.nodes[name], settled.look.now)
        return f"{words}, {age:.0f} s after it registered" if age < YOUNG else words

    def _all(self, ctx: Context, nodes: Mapping[str, Node], variant: str, trouble: Callable[[str], str]) -> None:
        """Record the claim for every node that is asked, and any that does not meet it; fail naming those."""
        asked = set(ctx.fleet.asked) | set(ctx.fleet.left_out)
        bad = {}
        for name in nodes:
            words = trouble(name)
            if words:
                bad[name] = words
            if words or name in asked:
                ctx.see(kind="node", to_node=name, target=name, variant=variant, ok=not words, error=words)
        for name in sorted(bad.keys() - set(ctx.fleet.asked)):
            ctx.touches("Node", name)
        ctx.expect(not bad, f"{len(bad)} of {len(nodes)} nodes: " + listed(f"{n} {w}" for n, w in bad.items()),
                   **{f"not_{variant}" if variant == "ready" else variant: bad})

    @staticmethod
    def _cordoned(ctx: Context, node: Node, first: Look) -> str:
        """A cordon is somebody's decision: what is at work there is told, and one that nobody explains is a failure."""
        if not cordoned(node) or ctx.options.get("allow_cordoned"):
            return ""
        before = first.nodes.get(name_of(node))
        who = cordoned_by(node, first.now)
        if not who and before is not None and not cordoned(before):
            who = "that was done after this run began"
        if not who:
            return "is cordoned"
        ctx.warn(f"node {name_of(node)} is cordoned: {who}")
        return ""

    @staticmethod
    def _tell(ctx: Context, settled: Settled) -> None:
        """What is no failure, and worth a word."""
        here = settled.look.here
        if abs(here) > CONTROLLER_OFF:
            ctx.warn(f"the API server's clock is {abs(here):.0f} s {'behind' if here > 0 else 'ahead of'} this controller's: "
                     "one of the two is off")
        for name, who in settled.going.items():
            ctx.warn(f"node {name} is not well, and is not judged: {who}")
        for name, words in settled.passing.items():
            ctx.warn(f"node {name} {words}")
        if settled.joining:
            ctx.observe(nodes_joining=settled.joining)
        for name, node in settled.judged.items():
            beat = settled.look.beats.get(name)
            if words := heartbeat_trouble(node, settled.look.now, beat.ahead if beat else 0.0):
                ctx.warn(f"node {name}: {words}")
        differ, replaced = drift(settled.judged.values(), settled.look.now)
        for difference in differ:
            ctx.warn(f"nodes of one pool differ: {difference}")
        if replaced:
            ctx.observe(nodes_being_replaced=replaced)

    def _negative(self, ctx: Context) -> None:
        name = f"assay-{ctx.nonce}"
        if not ctx.client.absent(f"/api/v1/nodes/{name}"):
            ctx.fail(f"the API server says that a node {name} exists, which nobody made")

    # ---- what nodes do ----------------------------------------------------------------------------------------
    def _pods(self, ctx: Context, settled: Settled) -> dict[str, str]:
        """Nodes where no pod could be tried, and why; fails where one was tried in vain."""
        probes = ctx.probes
        pods = {node_of(p): p for p in ctx.watch("pods").items().values()
                if APP.items() <= (p["metadata"].get("labels") or {}).items() and not p["metadata"].get("deletionTimestamp")}
        # One that was late when the probes were counted has started all the same.
        started = {p.node for p in probes.all} | {n for n, p in pods.items() if pod_ready(p)}
        now, judged = ctx.fleet.nodes, settled.judged
        wanted = [n for n in ctx.fleet.asked if n in started or (n in judged and n in now and ready(judged[n]))]
        missing = self._missing(ctx, [n for n in wanted if n not in started], pods, settled.look)
        for node in wanted:
            words = missing[node].words if node in missing else ""
            ctx.see(kind="node", to_node=node, target=node, variant="pod", ok=not words, error=words)
        self._meanwhile(ctx)
        bad = {n: m.words for n, m in missing.items() if m.broken}
        ctx.expect(not bad, f"{len(bad)} of {len(wanted)} nodes did not start a pod: {named(bad)}", no_pod=bad)
        return {n: m.words for n, m in missing.items()}

    @staticmethod
    def _missing(ctx: Context, nodes: list[str], pods: Mapping[str, Any], last: Look) -> dict[str, Missing]:
        """Why there is no ready pod on these nodes."""
        if not nodes:
            return {}
        events = list(ctx.watch("events").items().values())
        told = ctx.probes.missing
        passes = {n for n in nodes if registered(last.nodes[n], last.now) < YOUNG or leaving(last.nodes[n])}
        return {n: why(pods.get(n), events, told.get(n, "no pod was made for the node"), ctx.probes.seconds, n in passes)
                for n in nodes}

    @staticmethod
    def _meanwhile(ctx: Context) -> None:
        for key, names in (("joined_meanwhile", ctx.fleet.joined()), ("left_meanwhile", ctx.fleet.gone())):
            if names:
                ctx.observe(**{key: names})

    # ---- kubelets ---------------------------------------------------------------------------------------------
    def _kubelets(self, ctx: Context, settled: Settled) -> None:
        """Where kubelets may not be asked by us, that is said; those that the API server cannot ask are worse than that."""
        judged = settled.judged
        asked = set(ctx.fleet.asked) if ctx.fleet.sampled else set(judged)
        names = [n for n in judged if n in asked]
        kubelets = Kubelets(ctx, {p.node: p.pod for p in ctx.probes.all})
        there = ctx.fleet.nodes
        answers = dict(zip(names, ctx.in_parallel(kubelets.ask, names, workers=8)))
        answers = {n: a for n, a in answers.items() if n in there}
        with ctx.step("the API server can ask every kubelet"):
            reached(ctx, {n: port_of(judged[n]) for n in answers}, answers)
        with ctx.step("every node has free disk"):
            disks(ctx, ctx.options.get("min_free_disk", 15) / 100, answers)
