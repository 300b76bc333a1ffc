# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cluster's DNS as pods on every node see it."""
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..engine.probes import APP
from . import _dns_record
from ._asked import Asked
from ._dig import ResolvConf, latencies, latency_script, resolv_conf
from ._dns_asking import Answers, Asking
from ._dns_questions import Names, questions
from ._endpoints import SERVICE_LABEL, Endpoint, endpoints
from ._manifests import service
from ._optional import optional_get
from ._text import listed

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.probes import Probe

# DNS server pods that every node asks directly.
DIRECT = 6


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
        self._asked = Asked(ctx)
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
            answers = Asking(ctx, self._asked, queries, self._made).all(probes)
        _dns_record.record(ctx, answers)
        for claim, variants in self.CLAIMS:
            with ctx.step(claim):
                _dns_record.claim(ctx, answers, variants)
        _dns_record.wildcards(ctx, answers, conf)
        self._external(ctx, answers, conf, external)
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

    # ---- claims that not every cluster has ----------------------------------------------------------------------
    @staticmethod
    def _external(ctx: Context, answers: Answers, conf: ResolvConf, name: str) -> None:
        if not name:
            ctx.observe(external="not tested: external_name is not set")
            return
        with ctx.step(f"the external name {name} resolves"):
            _dns_record.claim(ctx, answers, ("external_fqdn",))
        with ctx.step(f"the external name {name} resolves without a trailing dot"):
            _dns_record.claim(ctx, answers, ("external",))
            factor = len(conf.search) + 1 if name.rstrip(".").count(".") < conf.ndots else 1
            ctx.observe(external_queries_per_name=factor)

    def _latency(self, ctx: Context, probes: list[Probe], names: Names, at: tuple[str, ...]) -> None:
        count = ctx.options.get("queries", 20)
        if not count:
            return
        command = latency_script((*at, *[names.full("kubernetes", "default")] * count))
        results = self._asked.all(probes, lambda p: latencies(p.shell(command, timeout=10.0 + 2.0 * count).output))
        _dns_record.latency(ctx, results, count)
