# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cluster's DNS as pods on every node see it."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ._dns import record as dns_record, services
from ._dns.asking import Answers, Asking
from ._dns.dig import ResolvConf, resolv_conf
from ._dns.loss import Loss
from ._dns.questions import direct, questions
from ._dns.servers import Behind, behind
from ._dns.services import Names
from ._dns.settings import Settings, most
from ._shared import meanwhile
from ._shared.asked import Asked
from ._shared.backends import spread
from ._shared.text import listed

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.probes import Probe


# Probes that say first what pods are told: the one node that says something else is not taken for all.
_FIRST = 3


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
        Permission(("patch",), ("pods",)),
        Permission(("list",), ("networkpolicies",), "networking.k8s.io", optional=True),
        Permission(("list",), ("services",), optional=True, everywhere=True),
        Permission(("list",), ("endpointslices",), "discovery.k8s.io", optional=True, everywhere=True),
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
        ("every DNS server answers every node directly", ("direct", "direct_tcp")),
        ("a name that nobody made does not exist", ("nxdomain",)),
    )

    def run(self, ctx: Context) -> None:
        asked, probes = Asked(ctx), ctx.probes.all
        with ctx.step("pods have a name server and a cluster domain"):
            conf, domain = self._first(ctx, asked, probes)
        with ctx.step("Services to be resolved are made"):
            leaving = meanwhile.left(ctx)
            names = services.make(ctx, domain, [p for p in probes if p.node not in leaving] or probes)
        server, external = ctx.options.get("server") or "", ctx.options.get("external_name") or ""
        found = behind(ctx, server or conf.servers[0])
        with ctx.step("the probes ask their questions"):
            answers, loss = self._ask(ctx, asked, probes, names, found)
            astray = {} if server else Settings(ctx, asked, answers, found, names.kubernetes).look(probes, domain)
        with ctx.step("pods of every node are given a name server that answers"):
            ctx.expect(not astray, f"{len(astray)} of {len(answers.told)} nodes: {listed(astray.values())}", failed_from=astray)
        for claim, variants in self.CLAIMS:
            with ctx.step(claim):
                dns_record.claim(ctx, answers, variants, served=bool(found.servers) or not found.service)
        dns_record.wildcards(ctx, answers)
        self._external(ctx, answers, conf, external)
        with ctx.step("answers are quick and none is lost"):
            loss.judge()
        with ctx.step("every node has a probe that can be asked"):
            meanwhile.tell(ctx, meanwhile.left(ctx) & {p.node for p in probes})
            if answers.spared:
                ctx.inconclusive(f"not asked in time: {listed(answers.spared)}")
            asked.settle()

    @staticmethod
    def _ask(ctx: Context, asked: Asked, probes: list[Probe], names: Names, found: Behind) -> tuple[Answers, Loss]:
        """Ask everything, and record it."""
        server, external = ctx.options.get("server") or "", ctx.options.get("external_name") or ""
        at = (f"@{server}",) if server else ()
        if server:
            ctx.observe(nameservers=[server])
        queries = [*questions(names, ctx.nonce, external, at), *direct(names, found.servers)]
        loss = Loss(ctx, asked, names.kubernetes, at)
        answers = Asking(ctx, asked, queries, names.made, loss.command, loss.limit).all(probes).without(meanwhile.left(ctx))
        if not answers.told:
            asked.settle()
            ctx.inconclusive("no probe could be asked")
        dns_record.record(ctx, answers)
        dns_record.ways(ctx, asked, answers, probes)
        heard = answers.told.keys() - answers.silent()
        told = {n: t.then for n, t in answers.told.items() if t.then is not None}
        loss.ask([p for p in probes if p.node in heard], found.servers, told)
        loss.record()
        return answers, loss

    @staticmethod
    def _first(ctx: Context, asked: Asked, probes: list[Probe]) -> tuple[ResolvConf, str]:
        """The settings that most of some probes have, and the cluster's domain by them."""
        told: list[ResolvConf] = []
        for probe in dict.fromkeys([*spread(probes, _FIRST), *probes]):
            conf = resolv_conf(asked.one(probe, lambda p=probe: p.shell("cat /etc/resolv.conf").output, ""))
            told += [conf] if conf.servers else []
            if len(told) == _FIRST:
                break
        conf = most(told)
        if asked.lost and not conf.servers:
            asked.settle()
            ctx.inconclusive("no probe could be asked")
        ctx.expect(conf.servers, "pods have no nameserver in /etc/resolv.conf")
        domain = (ctx.options.get("cluster_domain") or conf.domain).strip(".")
        ctx.expect(domain, f"the search path of pods ({' '.join(conf.search) or 'none'}) names no cluster domain")
        ctx.observe(nameservers=list(conf.servers), search=list(conf.search), ndots=conf.ndots, cluster_domain=domain)
        return conf, domain

    @staticmethod
    def _external(ctx: Context, answers: Answers, conf: ResolvConf, name: str) -> None:
        if not name:
            ctx.observe(external="not tested: external_name is not set")
            return
        with ctx.step(f"the external name {name} resolves"):
            dns_record.claim(ctx, answers, ("external_fqdn",))
        with ctx.step(f"the external name {name} resolves without a trailing dot"):
            dns_record.claim(ctx, answers, ("external",))
            factor = len(conf.search) + 1 if name.rstrip(".").count(".") < conf.ndots else 1
            ctx.observe(external_queries_per_name=factor)
