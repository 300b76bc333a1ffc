# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Service's cluster address leads every node's pods to every one of its pods, and nowhere when it has none."""
from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from . import _user_service
from ._asked import Asked
from ._backends import BACKENDS, spread
from ._endpoints import endpoints
from ._manifests import service
from ._news import LAG, NEWS
from ._text import listed, url_host

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.probes import Probe

LABEL = "assay.clusters/backend"
HTTP_PORT = 8080
PORT = 80
# Connections per request to a probe, so that lost ones (5 s each) do not outlast the request.
BATCH = 10
# Asks once and gives up soon: until the rules are there, packets to the address are lost.
QUICK = "curl -gsS --connect-timeout 1 -m 2 --noproxy '*' "
# Equal answers in a row that show session affinity.
AFFINITY = 15


def tries(backends: int) -> int:
    """Connections after which random balancing has met all backends, but for a chance of about 1e-6."""
    return math.ceil(2 * backends * math.log(max(backends, 1))) + 30


def refused(errors: list[str]) -> bool:
    """Whether the connection was rejected at once rather than left to time out."""
    return any(word in e.lower() for e in errors for word in ("refused", "reset", "no route", "unreachable",
                                                              "not permitted"))


class Service(Check):
    """The Service selects some of the probes by a label of this run; all probes ask its address."""

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
        Permission(("list",), ("pods",), optional=True, everywhere=True),
        Permission(("get",), ("services",), optional=True, everywhere=True),
    )
    images = ("agnhost",)
    objects = ("Service",)
    expected = 60.0
    limit = 300.0
    probes = 2

    def run(self, ctx: Context) -> None:
        self._asked = Asked(ctx)
        with ctx.step("a Service gets the addresses of its pods"):
            backends = spread(ctx.probes.all, BACKENDS)
            ctx.observe(nodes=len(ctx.probes.all), backends=len(backends))
            self._label(ctx, backends)
            made = self._make(ctx, f"svc-{ctx.nonce}")
            sticky = self._make(ctx, f"sticky-{ctx.nonce}", sessionAffinity="ClientIP")
            self._wait_endpoints(ctx, made["metadata"]["name"], backends)
        with ctx.step("its cluster address reaches every pod from every node"):
            self._reach(ctx, made["spec"]["clusterIP"], backends)
        with ctx.step("session affinity keeps a client on one pod"):
            self._affinity(ctx, sticky["spec"]["clusterIP"], backends)
        with ctx.step("without pods it is refused on every node"):
            self._select(ctx, made, f"none-{ctx.nonce}")
            self._wait_endpoints(ctx, made["metadata"]["name"], [])
            self._refused(ctx, made["spec"]["clusterIP"])
        with ctx.step("with its pods back it answers on every node again"):
            self._select(ctx, made, ctx.nonce)
            self._back(ctx, made["spec"]["clusterIP"])
        if ctx.options.get("service"):
            _user_service.prove(ctx, self._asked, ctx.probes.all, ctx.options.get("namespace") or "default",
                                ctx.options["service"])
        with ctx.step("every node has a probe that can be asked"):
            self._asked.settle()
            if ctx.probes.missing:
                ctx.warn(f"not tested, as they run no probe: {listed(sorted(ctx.probes.missing))}")

    def _label(self, ctx: Context, backends: list[Probe]) -> None:
        for probe in backends:
            ctx.client.patch(f"/api/v1/namespaces/{ctx.namespace}/pods/{probe.pod}",
                             {"metadata": {"labels": {LABEL: ctx.nonce}}})
            ctx.touches("Pod", probe.pod, ctx.namespace)

    def _make(self, ctx: Context, name: str, **spec: Any) -> dict[str, Any]:
        ports = [{"name": "http", "port": PORT, "targetPort": HTTP_PORT, "protocol": "TCP"}]
        return ctx.create(service(name, {LABEL: ctx.nonce}, ports, **spec))

    def _select(self, ctx: Context, made: dict[str, Any], value: str) -> None:
        ctx.client.patch(f"/api/v1/namespaces/{ctx.namespace}/services/{made['metadata']['name']}",
                         {"spec": {"selector": {LABEL: value}}})
        self._changed = time.monotonic()

    def _wait_endpoints(self, ctx: Context, name: str, backends: list[Probe]) -> None:
        """Until the ready endpoints of the Service are just these pods."""
        wanted, start = {p.pod for p in backends}, time.monotonic()

        def complete(items: dict[Any, Any]) -> bool:
            return {e.pod for e in endpoints(items.values(), name) if e.ready} == wanted

        ctx.wait("endpointslices", complete, f"endpoints of Service {name} are {len(wanted)} pods", seconds=LAG)
        ctx.measure(f"endpoints to {len(wanted)} pods", (time.monotonic() - start) * 1000, "ms")
        self._changed = time.monotonic()

    # ---- the address reaches every pod ------------------------------------------------------------------------
    def _reach(self, ctx: Context, vip: str, backends: list[Probe]) -> None:
        first: list[float] = []
        lock = threading.Lock()

        def ask(probe: Probe) -> str:
            seconds = self._first_answer(ctx, probe, vip, backends)
            error = self._meets_all(probe, vip, backends) if seconds is not None else self._last[probe.node]
            ctx.see(kind="service", from_node=probe.node, target=f"{vip}:{PORT}", variant="vip", ok=not error,
                    error=error, seconds=seconds)
            if seconds is not None:
                with lock:
                    first.append(seconds)
            self._direct(ctx, probe, backends if error else backends[:1])
            return error

        self._last: dict[str, str] = {}
        ctx.touches("Service", f"svc-{ctx.nonce}", ctx.namespace)
        results = self._asked.all(ctx.probes.all, ask)
        bad = {n: e for n, e in results.items() if e}
        for node in bad:
            ctx.touches("Node", node)
        ctx.expect(not bad, f"the Service's cluster address {vip}:{PORT} fails from {len(bad)} of {len(results)} "
                   "nodes: " + listed(f"{n} ({w})" for n, w in bad.items()), cluster_ip=vip, failed_from=bad)
        if first:
            self._followed(ctx, "Service served on the slowest node after", max(first))

    def _first_answer(self, ctx: Context, probe: Probe, vip: str, backends: list[Probe]) -> float | None:
        """Seconds from the endpoints' arrival until an answer of one of our pods; None when LAG passed without."""
        pods = {b.pod for b in backends}
        while True:
            shell = probe.shell(QUICK + f"http://{url_host(vip)}:{PORT}/hostname", timeout=8.0)
            words = " ".join(shell.output.split())
            if words in pods:
                return time.monotonic() - self._changed
            self._last[probe.node] = (words or shell.error or "an empty answer") if shell.error else \
                f"answered by {words!r}, none of its pods"
            if time.monotonic() > self._changed + LAG or ctx.left() < 5.0:
                return None
            time.sleep(0.3)

    def _followed(self, ctx: Context, what: str, seconds: float) -> None:
        ctx.measure(what, seconds, "s")
        if seconds > NEWS:
            ctx.warn(f"it took {seconds:.0f} s until all nodes followed a change of a Service")

    def _meets_all(self, probe: Probe, vip: str, backends: list[Probe]) -> str:
        """Connect until every pod has answered; the error, or an empty text."""
        wanted, seen, left = {b.pod: b.node for b in backends}, set(), tries(len(backends))
        while left > 0 and not wanted.keys() <= seen:
            count = min(BATCH, left)
            left -= count
            got = probe.dial(vip, PORT, tries=count, timeout=6.0 * count)
            if got.errors:
                return f"{len(got.errors)} of {count} connections failed: {listed(got.errors, 1)}"
            seen |= set(got.responses)
            if seen - wanted.keys():
                return f"answered by {listed(sorted(seen - wanted.keys()), 1)!r}, none of its pods"
        missed = sorted(wanted.keys() - seen)
        return f"{tries(len(backends))} connections never reached the pod on {listed(wanted[m] for m in missed)}" \
            if missed else ""

    def _direct(self, ctx: Context, probe: Probe, backends: list[Probe]) -> None:
        """The pods by their own addresses, to tell the Service's fault from the network's."""
        for b in backends:
            got = probe.dial(b.ip, HTTP_PORT)
            ctx.see(kind="service", from_node=probe.node, to_node=b.node, target=f"{b.ip}:{HTTP_PORT}", variant="pod",
                    ok=got.responses == [b.pod], error=listed(got.errors, 1), seconds=got.seconds)

    # ---- affinity, and the negatives --------------------------------------------------------------------------
    def _affinity(self, ctx: Context, vip: str, backends: list[Probe]) -> None:
        def ask(probe: Probe) -> str:
            if self._first_answer(ctx, probe, vip, backends) is None:
                return self._last[probe.node]
            got = probe.dial(vip, PORT, tries=AFFINITY, timeout=30.0)
            if got.errors:
                return f"{len(got.errors)} of {AFFINITY} connections failed: {listed(got.errors, 1)}"
            return f"{len(set(got.responses))} pods answered one client" if len(set(got.responses)) > 1 else ""

        self._changed = time.monotonic()
        results = self._asked.all(ctx.probes.all, ask)
        for node, error in results.items():
            ctx.see(kind="service", from_node=node, target=f"{vip}:{PORT}", variant="affinity", ok=not error,
                    error=error)
        bad = {n: e for n, e in results.items() if e}
        ctx.expect(not bad, f"session affinity fails from {len(bad)} of {len(results)} nodes: "
                   + listed(f"{n} ({w})" for n, w in bad.items()), affinity=bad)

    def _refused(self, ctx: Context, vip: str) -> None:
        silent: list[str] = []

        def ask(probe: Probe) -> str:
            while True:
                got = probe.dial(vip, PORT)
                if refused(got.errors) and not got.responses:
                    return ""
                if time.monotonic() > self._changed + LAG or ctx.left() < 5.0:
                    break
                time.sleep(0.3)
            if got.responses:
                return f"{listed(got.responses, 1)} still answers"
            silent.append(probe.node)
            return ""

        results = self._asked.all(ctx.probes.all, ask)
        for node, error in results.items():
            ctx.see(kind="service", from_node=node, target=f"{vip}:{PORT}", variant="empty", ok=not error, error=error)
        bad = {n: e for n, e in results.items() if e}
        ctx.expect(not bad, f"{LAG:.0f} s after the Service lost its pods its address still answers on "
                   + listed(f"{n} ({w})" for n, w in bad.items()), stale_on=bad)
        if silent:
            ctx.warn("a Service without pods lets connections time out instead of refusing them on "
                     + listed(sorted(silent)))

    def _back(self, ctx: Context, vip: str) -> None:
        backends = spread(ctx.probes.all, BACKENDS)
        results = self._asked.all(ctx.probes.all, lambda p: self._first_answer(ctx, p, vip, backends))
        for node, seconds in results.items():
            ctx.see(kind="service", from_node=node, target=f"{vip}:{PORT}", variant="vip", ok=seconds is not None,
                    error="" if seconds is not None else self._last[node], seconds=seconds)
        bad = [n for n, seconds in results.items() if seconds is None]
        ctx.expect(not bad, f"{LAG:.0f} s after the Service got its pods back it does not answer on "
                   + listed(f"{n} ({self._last[n]})" for n in bad), not_back_on=bad)
        if results:
            self._followed(ctx, "slowest node follows a change of endpoints in", max(results.values()))
