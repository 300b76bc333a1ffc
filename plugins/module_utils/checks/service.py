# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Service's cluster address leads every node's pods to every one of its pods, and nowhere when it has none."""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ._network import families as families_
from ._network.service_node import Followed, Heard, NodeView
from ._network.service_questions import HTTP_PORT, PORT
from ._shared import meanwhile as meanwhile_, policies, user_service
from ._shared.asked import Asked
from ._shared.endpoints import endpoints, of_family
from ._shared.manifests import service
from ._shared.news import LAG, NEWS
from ._shared.text import listed, url_host

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.probes import Probe

LABEL = "assay.clusters/backend"
# Pods behind the Service: enough to see balancing, few enough that the questions stay linear in nodes.
BACKENDS = 4
# Probes asked at once.
WORKERS = 8


def spread(probes: list[Probe], count: int) -> list[Probe]:
    """So many probes at equal distances in the list of nodes."""
    if len(probes) <= count:
        return list(probes)
    return [probes[i * len(probes) // count] for i in range(count)]


class Service(Check):
    """The Service selects some of the probes by a label of this run; all probes ask its address.

    Two requests to a probe: one while the Service has pods and another, "late", has none; one after they have changed places.
    """

    name = "service"
    domain = "network"
    proves = "From pods on every node a Service's cluster address reaches all its pods, and is refused without any."
    options = (
        Option("service", "A Service of yours that must have ready endpoints and accept connections too.",
               example="web"),
        Option("namespace", "The namespace of O(service).", default="default"),
    )
    permissions = (
        Permission(("create", "patch", "delete", "get", "list", "watch"), ("services",)),
        Permission(("get", "list", "watch"), ("endpointslices",), "discovery.k8s.io"),
        Permission(("patch",), ("pods",)),
        Permission(("list",), ("pods",), optional=True),
        Permission(("list",), ("networkpolicies",), "networking.k8s.io", optional=True),
    )
    images = ("agnhost",)
    objects = ("Service",)
    expected = 60.0
    limit = 300.0
    probes = 2

    def run(self, ctx: Context) -> None:
        self._asked, self._left, self._slices = Asked(ctx), set[str](), dict[str, float]()
        everybody = ctx.probes.all
        with ctx.step("a Service gets the addresses of its pods"):
            leaving = meanwhile_.left(ctx)
            backends = spread([p for p in everybody if p.node not in leaving] or everybody, BACKENDS)
            second = families_.second(ctx, everybody)
            ctx.observe(nodes=len(everybody), backends=len(backends))
            self._label(ctx, backends)
            made = self._make(ctx, "svc", ctx.nonce, ipFamilyPolicy="PreferDualStack")
            sticky = self._make(ctx, "sticky", ctx.nonce, sessionAffinity="ClientIP")
            late = self._make(ctx, "late", f"none-{ctx.nonce}")
            self._other = self._second_address(ctx, made, [b for b in backends if b.node in second])
            self._wait_endpoints(ctx, made, backends, second)
        vip, stays, filled = (s["spec"]["clusterIP"] for s in (made, sticky, late))
        with ctx.step("its cluster address reaches every pod from every node"):
            heard = self._reach(ctx, vip, stays, backends, everybody)
        self._further(ctx, heard, stays)
        with ctx.step("without pods it is refused on every node"):
            self._select(ctx, late, ctx.nonce)
            self._select(ctx, made, f"none-{ctx.nonce}")
            self._wait_endpoints(ctx, late, backends, second)
            self._wait_endpoints(ctx, made, [], second)
            followed = self._refused(ctx, vip, filled, backends, everybody)
        with ctx.step("a Service that had no pods answers on every node once it has some"):
            self._back(ctx, followed, filled)
        if ctx.options.get("service"):
            user_service.prove(ctx, self._asked, everybody, ctx.options.get("namespace") or "default",
                               ctx.options["service"])
        for what, milliseconds in self._slices.items():
            ctx.measure(what, milliseconds, "ms")
        with ctx.step("every node has a probe that can be asked"):
            meanwhile_.tell(ctx, self._left)
            self._asked.settle()

    # ---- the Services -----------------------------------------------------------------------------------------
    def _label(self, ctx: Context, backends: list[Probe]) -> None:
        for probe in backends:
            ctx.client.patch(f"/api/v1/namespaces/{ctx.namespace}/pods/{probe.pod}",
                             {"metadata": {"labels": {LABEL: ctx.nonce}}})
            ctx.touches("Pod", probe.pod, ctx.namespace)

    def _make(self, ctx: Context, name: str, value: str, **spec: Any) -> dict[str, Any]:
        ports = [{"name": "http", "port": PORT, "targetPort": HTTP_PORT, "protocol": "TCP"}]
        return ctx.create(service(f"{name}-{ctx.nonce}", {LABEL: value}, ports, **spec))

    def _select(self, ctx: Context, made: dict[str, Any], value: str) -> None:
        ctx.client.patch(f"/api/v1/namespaces/{ctx.namespace}/services/{made['metadata']['name']}",
                         {"spec": {"selector": {LABEL: value}}})
        self._changed = time.monotonic()

    def _second_address(self, ctx: Context, made: dict[str, Any], backends: list[Probe]) -> str:
        """The Service's address of the other family, where it has one and a pod to lead to; that it was not asked is told."""
        addresses = made["spec"].get("clusterIPs") or [made["spec"]["clusterIP"]]
        ctx.observe(service_families=sorted(map(families_.family, addresses)))
        if len(addresses) > 1 and not backends:
            ctx.warn("Services get addresses of two families, and no pod behind ours has a second one: it was not asked")
        return addresses[1] if len(addresses) > 1 and backends else ""

    def _wait_endpoints(self, ctx: Context, made: dict[str, Any], backends: list[Probe], second: dict[str, str]) -> None:
        """Until the ready endpoints of the Service are just these pods, in each of its families."""
        name, start = made["metadata"]["name"], time.monotonic()
        first, *others = map(families_.family, made["spec"].get("clusterIPs") or [made["spec"]["clusterIP"]])
        wanted = {first: {p.pod for p in backends}, **{f: {p.pod for p in backends if p.node in second} for f in others}}

        def complete(items: dict[Any, Any]) -> bool:
            return all({e.pod for e in endpoints(of_family(items.values(), f), name) if e.ready} == pods
                       for f, pods in wanted.items())

        ctx.wait("endpointslices", complete, f"endpoints of Service {name} are {len(backends)} pods", seconds=LAG)
        self._changed = time.monotonic()
        self._slices[f"endpoints to {len(backends)} pods"] = (self._changed - start) * 1000

    # ---- claims -----------------------------------------------------------------------------------------------
    def _by_node(self, ctx: Context, everybody: list[Probe], function: Callable[[Probe], Any]) -> dict[str, Any]:
        """function(probe) by node, without nodes that left meanwhile."""
        found = self._asked.all(everybody, function, workers=WORKERS)
        self._left |= meanwhile_.left(ctx) & set(found)
        return {n: r for n, r in found.items() if n not in self._left}

    def _see(self, ctx: Context, errors: dict[str, str], variant: str, address: str,
             seconds: dict[str, float | None] | None = None) -> dict[str, str]:
        """Record what each node got; those with an error."""
        for node, error in errors.items():
            ctx.see(kind="service", from_node=node, target=f"{address}:{PORT}", variant=variant, ok=not error, error=error,
                    seconds=(seconds or {}).get(node))
        bad = {n: e for n, e in errors.items() if e}
        for node in bad:
            ctx.touches("Node", node)
        return bad

    def _reach(self, ctx: Context, vip: str, sticky: str, backends: list[Probe], everybody: list[Probe]) -> dict[str, Heard]:
        restricted = bool(policies.restricting(ctx))

        def ask(probe: Probe) -> Heard:
            return NodeView(ctx, probe, backends, self._changed, restricted).reach(vip, sticky, self._other)

        heard = self._by_node(ctx, everybody, ask)
        bad = self._see(ctx, {n: h.vip for n, h in heard.items()}, "vip", vip, {n: h.seconds for n, h in heard.items()})
        left = meanwhile_.left(ctx) & {b.node for b in backends}
        if bad and left:
            ctx.inconclusive(f"the node of a pod behind the Service left while it was asked: {listed(sorted(left))}")
        if bad and len(bad) == len(heard) and not any(h.direct for h in heard.values()):
            policies.excuse(ctx, f"the Service's cluster address {vip}:{PORT} fails from all {len(heard)} nodes", whole=False)
        elif bad and policies.shut(ctx):
            policies.excuse(ctx, f"the Service's cluster address {vip}:{PORT} fails from {len(bad)} of {len(heard)} nodes, and by "
                                 "now no pod of ours reaches another", whole=False)
        ctx.expect(not bad, f"the Service's cluster address {vip}:{PORT} fails from {len(bad)} of {len(heard)} "
                   "nodes: " + listed(f"{n} ({w})" for n, w in bad.items()), cluster_ip=vip, failed_from=bad)
        if heard:
            self._followed(ctx, "Service served on the slowest node after", max(h.seconds or 0.0 for h in heard.values()))
        lost = {n: h.lost for n, h in sorted(heard.items()) if h.lost}
        if lost:
            ctx.measure("connections to a Service that only a second try hid", sum(lost.values()), "connections")
            ctx.warn("connections to a Service were lost, and not at the second try: "
                     + listed(f"{count} from {n}" for n, count in lost.items()))
        return heard

    def _followed(self, ctx: Context, what: str, seconds: float) -> None:
        ctx.measure(what, seconds, "s", NEWS)
        if seconds > NEWS:
            ctx.warn(f"it took {seconds:.0f} s until all nodes followed a change of a Service")

    def _further(self, ctx: Context, heard: dict[str, Heard], sticky: str) -> None:
        with ctx.step("its address of the other family answers on every node, too"):
            if self._other:
                bad = self._see(ctx, {n: h.family for n, h in heard.items()}, "family", url_host(self._other))
                ctx.expect(not bad, f"the Service's other address [{self._other}]:{PORT} fails from {len(bad)} of {len(heard)} "
                           "nodes: " + listed(f"{n} ({w})" for n, w in bad.items()), failed_from=bad)
        with ctx.step("session affinity keeps a client on one pod"):
            bad = self._see(ctx, {n: h.sticky for n, h in heard.items()}, "affinity", sticky)
            ctx.expect(not bad, f"session affinity fails from {len(bad)} of {len(heard)} nodes: "
                       + listed(f"{n} ({w})" for n, w in bad.items()), affinity=bad)

    def _refused(self, ctx: Context, empty: str, filled: str, backends: list[Probe], everybody: list[Probe]) \
            -> dict[str, Followed]:
        made = self._by_node(ctx, everybody, lambda p: NodeView(ctx, p, backends, self._changed).follow(empty, filled))
        bad = self._see(ctx, {n: f.stale for n, f in made.items()}, "empty", empty)
        ctx.expect(not bad, f"{LAG:.0f} s after the Service lost its pods its address still answers on "
                   + listed(f"{n} ({w})" for n, w in bad.items()), stale_on=bad)
        silent = sorted(n for n, f in made.items() if f.silent)
        if silent:
            ctx.warn(f"a Service without pods lets connections time out instead of refusing them on {listed(silent)}")
        return made

    def _back(self, ctx: Context, made: dict[str, Followed], filled: str) -> None:
        bad = self._see(ctx, {n: f.back for n, f in made.items()}, "vip", filled, {n: f.seconds for n, f in made.items()})
        ctx.expect(not bad, f"{LAG:.0f} s after a Service got its pods its address does not answer on "
                   + listed(f"{n} ({w})" for n, w in bad.items()), not_back_on=sorted(bad))
        if made:
            self._followed(ctx, "slowest node follows a change of endpoints in", max(f.seconds or 0.0 for f in made.values()))
