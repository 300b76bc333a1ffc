# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cluster's DNS as pods on every node see it."""
from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..engine.probes import APP
from ._asked import Asked
from ._dig import (Query, Reply, ResolvConf, absent, answered, has, latencies, latency_script, replies, resolv_conf,
                   script, unanswered)
from ._endpoints import SERVICE_LABEL, Endpoint, endpoints
from ._manifests import service
from ._news import LAG, NEWS
from ._optional import optional_get
from ._text import listed, percentile

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.probes import Probe

# DNS server pods that every node asks directly.
DIRECT = 6
# Spikes of 5 s and more are lost packets that a resolver asked again for.
SPIKE = 4.5


@dataclass(frozen=True)
class Names:
    """What the questions are about: our Services and what they must resolve to."""

    domain: str
    namespace: str
    service: str
    address: str
    headless: str
    pods: frozenset[str]

    @property
    def kind(self) -> str:
        return "AAAA" if ":" in self.address else "A"

    def full(self, name: str, namespace: str = "") -> str:
        return f"{name}.{namespace or self.namespace}.svc.{self.domain}."


def all_of(kind: str, wanted: frozenset[str]) -> Any:
    """Judge: exactly these addresses."""
    def judge(r: Reply) -> str:
        found = set(r.data(kind))
        if r.status == "NOERROR" and found == wanted:
            return ""
        return f"{r.status or r.error or 'no answer'} with {len(found)} addresses, expected those of {len(wanted)} pods"
    return judge


def service_record(wanted: str) -> Any:
    """Judge: an SRV record that names the Service and its port."""
    def judge(r: Reply) -> str:
        good = any(d.split()[-2:] == ["80", wanted] for d in r.data("SRV"))
        return "" if r.status == "NOERROR" and good else f"{r.words()}, expected SRV 80 {wanted}"
    return judge


def questions(n: Names, nonce: str, servers: list[Endpoint], external: str, at: tuple[str, ...]) -> list[Query]:
    """All questions of one node; at: arguments that name another server than the pod's own."""
    own, kubernetes, nobody = n.full(n.service), n.full("kubernetes", "default"), n.full(f"{nonce}-absent")

    def ask(variant: str, name: str, judge: Any, *arguments: str, long: bool = False) -> Query:
        return Query(variant, name, (*at, *(arguments or (name, n.kind))), judge, target=name, long=long)

    out = [
        ask("internal", kubernetes, answered),
        ask("internal", own, has(n.kind, n.address)),
        ask("tcp", own, has(n.kind, n.address), own, n.kind, "+tcp"),
        ask("search", n.service, has(n.kind, n.address), n.service, n.kind, "+search"),
        ask("search", "kubernetes.default", answered, "kubernetes.default", n.kind, "+search"),
        ask("srv", own, service_record(own), f"_http._tcp.{own}", "SRV"),
        ask("ptr", n.address, has("PTR", own), "-x", n.address),
        ask("headless", n.full(n.headless), all_of(n.kind, n.pods), long=True),
        ask("nxdomain", nobody, absent),
        ask("nxdomain_search", f"{nonce}-absent", unanswered, f"{nonce}-absent", n.kind, "+search"),
    ]
    if external:
        name = external.rstrip(".")
        out += [ask("external_fqdn", f"{name}.", answered), ask("external", name, answered, name, n.kind, "+search")]
    for e in servers:
        port = str(e.port("dns") or e.port() or 53)
        out.append(Query("direct", kubernetes, (f"@{e.address}", "-p", port, kubernetes, n.kind), answered, e.node,
                         e.address))
    return out


class Dns(Check):
    """Each node's probe asks everything at once; the answers are judged claim by claim."""

    name = "dns"
    domain = "dns"
    proves = "Pods on every node resolve Services in every way they may ask, and names that nobody made do not exist."
    options = (
        Option("external_name", "A name outside the cluster that pods must resolve; without it that is not tested.",
               example="www.example.com"),
        Option("cluster_domain", "The cluster's domain; by default the one in the pods' search path.",
               example="cluster.local"),
        Option("server", "The address of a name server to ask instead of the one in the pods' C(/etc/resolv.conf)."),
        Option("queries", "How many questions each node asks to measure latency and loss.", type="int", default=20,
               minimum=0, maximum=200),
        Option("slow_median", "Warn when the median answer takes longer (milliseconds).", type="float", default=20.0,
               minimum=0),
        Option("slow_p99", "Warn when 1 % of answers take longer (milliseconds).", type="float", default=100.0,
               minimum=0),
    )
    permissions = (
        Permission(("create", "delete", "get"), ("services",)),
        Permission(("list", "watch"), ("endpointslices",), "discovery.k8s.io"),
        Permission(("list",), ("services",), optional=True),
    )
    images = ("agnhost",)
    objects = ("Service",)
    expected = 45.0
    limit = 240.0
    probes = 1

    CLAIMS = (
        ("cluster names resolve on every node", ("internal",)),
        ("cluster names resolve over TCP", ("tcp",)),
        ("short names resolve by the search path", ("search",)),
        ("services have SRV and PTR records", ("srv", "ptr")),
        ("a headless Service resolves to its pods", ("headless",)),
        ("every DNS server answers every node directly", ("direct",)),
        ("a name that nobody made does not exist", ("nxdomain",)),
    )

    def run(self, ctx: Context) -> None:
        self._asked, self._known = Asked(ctx), 0.0
        probes = ctx.probes.all
        with ctx.step("pods have a name server and a cluster domain"):
            conf, domain = self._resolver(ctx, probes)
        with ctx.step("Services to be resolved are made"):
            names = self._names(ctx, domain)
        server = ctx.options.get("server")
        at = (f"@{server}",) if server else ()
        external = ctx.options.get("external_name") or ""
        found = self._servers(ctx, server or conf.servers[0])
        queries = questions(names, ctx.nonce, found, external, at)
        with ctx.step("the probes ask their questions"):
            results = self._asked.all(probes, lambda p: self._ask(ctx, p, queries))
        self._record(ctx, queries, results)
        for claim, variants in self.CLAIMS:
            with ctx.step(claim):
                self._claim(ctx, queries, results, variants)
        self._external(ctx, queries, results, conf, external)
        with ctx.step("answers are quick and none is lost"):
            self._latency(ctx, probes, names, at)
        with ctx.step("every node has a probe that can be asked"):
            self._asked.settle()
            if ctx.probes.missing:
                ctx.warn(f"not tested, as they run no probe: {listed(sorted(ctx.probes.missing))}")

    # ---- what is asked for ------------------------------------------------------------------------------------
    def _resolver(self, ctx: Context, probes: list[Probe]) -> tuple[ResolvConf, str]:
        texts = (self._asked.one(p, lambda p=p: p.shell("cat /etc/resolv.conf").output) for p in probes)
        conf = resolv_conf(next((t for t in texts if t), ""))
        if self._asked.lost and not conf.servers:
            self._asked.settle()
        ctx.expect(conf.servers, "pods have no nameserver in /etc/resolv.conf")
        domain = (ctx.options.get("cluster_domain") or conf.domain).strip(".")
        ctx.expect(domain, f"the search path of pods ({' '.join(conf.search) or 'none'}) names no cluster domain")
        ctx.observe(nameservers=list(conf.servers), search=list(conf.search), ndots=conf.ndots, cluster_domain=domain)
        return conf, domain

    def _names(self, ctx: Context, domain: str) -> Names:
        port = {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}
        own, headless = f"dns-{ctx.nonce}", f"headless-{ctx.nonce}"
        made = ctx.create(service(own, APP, [port]))
        ctx.create(service(headless, APP, [port], clusterIP="None"))
        wanted = {p.pod for p in ctx.probes.all}

        def complete(items: dict[Any, Any]) -> frozenset[str] | None:
            ready = [e for e in endpoints(items.values(), headless) if e.ready]
            return frozenset(e.address for e in ready) if wanted <= {e.pod for e in ready} else None

        pods = ctx.wait("endpointslices", complete, "the endpoints of our Services hold the probes", seconds=60.0)
        self._made = time.monotonic()
        return Names(domain, ctx.namespace, own, made["spec"]["clusterIP"], headless, pods)

    def _servers(self, ctx: Context, address: str) -> list[Endpoint]:
        """The pods behind the name server's address, where we may look them up; said when not."""
        everywhere = "/api/v1/services"
        found = optional_get(ctx, everywhere, {"fieldSelector": f"spec.clusterIP={address}"})
        services = (found or {}).get("items") or []
        if not services:  # a cache on the node has an address of its own
            found = optional_get(ctx, "/api/v1/namespaces/kube-system/services", {"labelSelector": "k8s-app=kube-dns"})
            services = [s for s in (found or {}).get("items") or [] if s["spec"].get("clusterIP") != "None"][:1]
        if not services:
            ctx.observe(direct="not asked: the pods behind the name server are not known")
            return []
        meta = services[0]["metadata"]
        ctx.touches("Service", meta["name"], meta["namespace"])
        slices = optional_get(ctx, f"/apis/discovery.k8s.io/v1/namespaces/{meta['namespace']}/endpointslices",
                              {"labelSelector": f"{SERVICE_LABEL}={meta['name']}"})
        ready = [e for e in endpoints((slices or {}).get("items") or []) if e.ready]
        for e in ready[:DIRECT]:
            ctx.touches("Pod", e.pod, meta["namespace"])
        ctx.observe(dns_servers=len(ready))
        return ready[:DIRECT]

    # ---- asking and judging -----------------------------------------------------------------------------------
    def _ask(self, ctx: Context, probe: Probe, queries: list[Query]) -> dict[int, Reply]:
        """All replies of one node; wrong ones are asked again: a record may be new, a packet may be lost."""
        replied: dict[int, Reply] = {}
        news: set[int] = set()
        open_ones, again = list(enumerate(queries)), 0
        while open_ones:
            shell = probe.shell(script(open_ones), timeout=40.0)
            got = replies(shell.output)
            for i, _query in open_ones:
                before = replied.get(i)
                replied[i] = got.get(i, Reply(error=f"no answer from the probe's shell: {shell.error}"))
                if before and not before.status and replied[i].status:
                    replied[i] = Reply(**{**vars(replied[i]), "retries": 2})
            again += 1
            wrong = [(i, q) for i, q in open_ones if q.judge(replied[i])]
            late = {i for i, q in wrong if self._late(q, replied[i])}
            if news and not news & {i for i, _q in wrong}:
                self._known, news = max(self._known, time.monotonic() - self._made), set()
            news |= late
            open_ones = [(i, q) for i, q in wrong if again < 2 or i in late]
            if ctx.left() < 30.0:
                break
            if open_ones:
                time.sleep(1.0)
        return replied

    def _late(self, query: Query, reply: Reply) -> bool:
        """Whether the servers may not know our new Services yet; silence is not a matter of waiting, nor what nobody made."""
        ours = not query.variant.startswith(("external", "nxdomain"))
        # What our servers do not know of searches and addresses is asked of others, whose word may be any.
        unknown = reply.status in ("NXDOMAIN", "NOERROR") or query.variant in ("search", "ptr") and reply.status
        return bool(ours and unknown and time.monotonic() < self._made + LAG)

    def _record(self, ctx: Context, queries: list[Query], results: dict[str, dict[int, Reply]]) -> None:
        if self._known:
            ctx.measure("new Service in DNS", self._known, "s")
        if self._known > NEWS:
            ctx.warn(f"it took {self._known:.0f} s until all servers knew a new Service")
        slow = set()
        for node, replied in results.items():
            for i, q in enumerate(queries):
                r = replied[i]
                error = q.judge(r)
                ctx.see(kind="dns", from_node=node, to_node=q.to_node, target=q.target, variant=q.variant,
                        ok=not error, error=error, seconds=r.seconds)
                if r.retries and r.status:
                    slow.add(node)
        if slow:
            ctx.warn(f"questions had to be repeated, as packets got no answer, on {listed(sorted(slow))}")

    def _claim(self, ctx: Context, queries: list[Query], results: dict[str, dict[int, Reply]],
               variants: Iterable[str]) -> None:
        asked = [(i, q) for i, q in enumerate(queries) if q.variant in variants]
        bad = {}
        for node, replied in results.items():
            errors = [f"{q.target}: {q.judge(replied[i])}" for i, q in asked if q.judge(replied[i])]
            if errors:
                bad[node] = listed(errors, 1)
                ctx.touches("Node", node)
        ctx.expect(not bad, f"{len(bad)} of {len(results)} nodes: " + listed(f"{n} ({w})" for n, w in bad.items()),
                   failed=list(variants), failed_from=bad)

    def _external(self, ctx: Context, queries: list[Query], results: dict[str, dict[int, Reply]], conf: ResolvConf,
                  name: str) -> None:
        for node, replied in results.items():
            if any(q.variant == "nxdomain_search" and q.judge(replied[i]) for i, q in enumerate(queries)):
                ctx.warn(f"a short name that nobody made is answered on {node}: the search path "
                         f"({' '.join(conf.search)}) holds a wildcard domain")
                break
        if not name:
            ctx.observe(external="not tested: external_name is not set")
            return
        with ctx.step(f"the external name {name} resolves"):
            self._claim(ctx, queries, results, ("external_fqdn",))
        with ctx.step(f"the external name {name} resolves without a trailing dot"):
            self._claim(ctx, queries, results, ("external",))
            factor = len(conf.search) + 1 if name.rstrip(".").count(".") < conf.ndots else 1
            ctx.observe(external_queries_per_name=factor)

    def _latency(self, ctx: Context, probes: list[Probe], names: Names, at: tuple[str, ...]) -> None:
        count = ctx.options.get("queries", 20)
        if not count:
            return
        command = latency_script((*at, *[names.full("kubernetes", "default")] * count))
        results = self._asked.all(probes, lambda p: latencies(p.shell(command, timeout=10.0 + 2.0 * count).output))
        values = [v for r in results.values() for v in r]
        lost = {n: count - len(r) for n, r in results.items() if len(r) < count}
        for node, r in results.items():
            ctx.see(kind="dns", from_node=node, target="kubernetes.default", variant="latency", ok=len(r) == count,
                    error=f"{count - len(r)} of {count} questions lost" if len(r) < count else "",
                    seconds=max(r, default=None))
        ctx.measure("lost DNS questions", 100.0 * sum(lost.values()) / max(1, count * len(results)), "%")
        if lost:
            ctx.warn(f"questions without an answer: {listed(f'{k} of {count} on {n}' for n, k in lost.items())}")
        if not values:
            return
        median, high = percentile(values, 50) * 1000, percentile(values, 99) * 1000
        ctx.measure("DNS answer, median", median, "ms")
        ctx.measure("DNS answer, 99th percentile", high, "ms")
        if median > ctx.options.get("slow_median", 20.0) or high > ctx.options.get("slow_p99", 100.0):
            ctx.warn(f"DNS is slow: median {median:.0f} ms, 99th percentile {high:.0f} ms")
        if max(values) > SPIKE:
            ctx.warn(f"an answer took {max(values):.1f} s: a lost packet was asked for again")
