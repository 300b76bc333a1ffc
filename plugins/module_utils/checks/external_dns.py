# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of a Service and of an Ingress come to every name server of their zone, follow a new target, and go with their objects."""
from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ..kube.errors import ApiError
from ..kube.kinds import path_of
from ._external_dns import route53
from ._external_dns.records import TTL, Host, Records, Site
from ._external_dns.resolvers import MARGIN, Resolvers
from ._external_dns.servers import Servers
from ._external_dns.setup import PREFIXES, Setup, lean, setups
from ._shared.manifests import service
from ._shared.text import listed

if TYPE_CHECKING:
    from ..engine.context import Context

# Of the nets that are kept for documentation (RFC 5737): whoever follows such a record reaches nobody.
TARGETS = ("192.0.2.10", "198.51.100.20")
# No controller serves this class, and external-dns does not ask.
NO_CLASS = "assay-clusters-none"
INGRESS = "networking.k8s.io/v1"
DEPLOYMENTS = "/apis/apps/v1/deployments"
_SLACK = 120.0


class ExternalDns(Check):
    """The targets are told by annotation, so that no load balancer is made for it, and records lead nowhere."""

    name = "external_dns"
    domain = "dns"
    proves = "Names of a Service and an Ingress come to every name server of their zone, follow a new target, and go again."
    options = (
        Option("external_dns_zone", "The domain in which our names are made; by default the one that each external-dns here is limited"
               " to.", example="apps.example.com"),
        Option("external_dns_servers", "Addresses of the name servers that must have the records; by default those that the zone"
               " names.", type="list", elements="str", example=["192.0.2.53"]),
        Option("external_dns_resolvers", "Addresses of recursive name servers that must know the records, beside the one that pods"
               " ask, and must keep them no longer than their time.", type="list", elements="str", example=["9.9.9.9"]),
        Option("external_dns_targets", "Two addresses that our records get, one after the other, where external-dns does not take"
               " those of the nets for documentation.", type="list", elements="str", default=list(TARGETS)),
        Option("external_dns_records_may_stay", "Whether our records may stay where the policy of external-dns (C(upsert-only),"
               " C(create-only)) never deletes any; else nothing is made there.", type="bool", default=False),
        Option("external_dns_limit", "Seconds until every name server must have followed a change.", type="int", default=300,
               minimum=5, maximum=3600),
        *route53.OPTIONS,
    )
    permissions = (
        Permission(("create", "patch", "delete", "get"), ("services",)),
        Permission(("create", "patch", "delete", "get"), ("ingresses",), "networking.k8s.io"),
        Permission(("list",), ("deployments",), "apps", optional=True, everywhere=True),
    )
    cloud_permissions = route53.PERMISSIONS
    images = ("agnhost",)
    objects = ("Ingress", "Service")
    expected = 240.0
    limit = 4 * 300.0 + _SLACK
    probes = 1

    def bounds(self, options: dict[str, Any]) -> None:
        """Records, their successors, resolvers and the end, each in its time; once more the end at the provider, and twice those
        resolvers that are named."""
        named = bool(options.get("external_dns_resolvers"))
        times = 4.0 + bool(options.get("external_dns_provider")) + 2 * named
        self.expected = type(self).expected + (2 * (TTL + MARGIN) if named else 0.0)
        self.limit = times * options.get("external_dns_limit", 300) + _SLACK

    def applies(self, ctx: Context) -> str:
        try:
            self._setups: list[Setup] | None = setups(ctx.client.quiet.list(DEPLOYMENTS, strip=lean).items)
        except ApiError as e:
            if e.status not in (401, 403):
                raise
            self._setups = None
        if self._setups == [] and not ctx.options.get("external_dns_zone"):
            return "no external-dns runs here: no Deployment has its image"
        return ""

    def run(self, ctx: Context) -> None:
        self._patience = float(ctx.options.get("external_dns_limit") or 300)
        with ctx.step("external-dns keeps names of a domain"):
            first, second = self._targets(ctx)
            sites = [self._site(ctx, *pair) for pair in self._chosen(ctx)]
        with ctx.step("name servers answer for the zone"):
            records = Records(ctx, Servers(ctx), sites, self._patience)
            records.find(list(ctx.options.get("external_dns_servers") or ()))
        provider = route53.Provider(ctx)
        try:
            self._prove(ctx, records, provider, first, second)
        finally:
            provider.close()

    def _prove(self, ctx: Context, records: Records, provider: route53.Provider, first: str, second: str) -> None:
        sites, resolvers = records.sites, Resolvers(ctx, records, ctx.options.get("external_dns_resolvers") or ())
        with ctx.step("hosted zones hold our names"):
            provider.find(sites)
        with ctx.step("a name that nobody made has no record"):
            records.wildcards()
        with ctx.step("names of a Service and an Ingress come to every name server of the zone"):
            for site in sites:
                self._make(ctx, site, first)
            records.come(first)
            provider.there(sites, first)
        with ctx.step("recursive name servers know them, too"):
            resolvers.know(first)
        with ctx.step("the records follow a new target"):
            for host in (h for s in sites for h in s.hosts):
                ctx.client.patch(host.path, {"metadata": {"annotations": self._annotations(host.setup, host, second)}})
            records.follow(second)
        if resolvers.named:
            with ctx.step("recursive name servers that are named follow, too, when the time of the old records is over"):
                resolvers.follow(second)
        with ctx.step("after the deletion of their objects no record is left"):
            for host in (h for s in sites for h in s.hosts):
                ctx.delete(host.kind, host.object, api_version=host.api)
            records.go()
            provider.gone([s for s in sites if not (s.setup and s.setup.keeps_records)], self._patience)
        if resolvers.named:
            with ctx.step("recursive name servers that are named have no record left, when its time is over"):
                resolvers.go()

    # ---- what is proved ---------------------------------------------------------------------------------------
    def _targets(self, ctx: Context) -> tuple[str, str]:
        told = [str(t) for t in ctx.options.get("external_dns_targets") or TARGETS]
        try:
            right = len({ipaddress.IPv4Address(t) for t in told}) == len(told) == 2
        except ValueError:
            right = False
        if not right:
            ctx.inconclusive("dns_check_external_dns_targets: must be two IPv4 addresses that differ, not " + (", ".join(told) or "none"))
        return told[0], told[1]

    def _chosen(self, ctx: Context) -> list[tuple[str, Setup | None]]:
        """(domain, the external-dns that keeps it, None where that cannot be seen)."""
        zone = str(ctx.options.get("external_dns_zone") or "").strip(".").lower()
        known = self._setups or []
        if zone:
            own = [s for s in known if s.keeps(zone)]
            if known and not own:
                ctx.inconclusive(f"no external-dns here keeps names in {zone}: " + listed(
                    f"{s.ref} keeps {', '.join(s.domains)}" for s in known) + "; correct dns_check_external_dns_zone")
            return [(zone, own[0] if own else None)]
        if self._setups is None:
            self._unseen(ctx)
        domains = {s.domains[0]: s for s in reversed(known) if s.domains}
        if not domains:
            ctx.inconclusive(f"{known[0].ref} is limited to no domain; name the one for our names in dns_check_external_dns_zone")
        return sorted(domains.items())

    @staticmethod
    def _unseen(ctx: Context) -> None:
        """What keeps us from seeing it is asked for once more, as the reason of an end."""
        why = "it is told now, and was not at first"
        try:
            ctx.client.get(DEPLOYMENTS, params={"limit": 1})
        except ApiError as e:
            why = e.message or e.reason
        ctx.inconclusive(f"whether external-dns runs here may not be seen: {why}; name the domain in dns_check_external_dns_zone, or allow "
                         "our user to list Deployments")

    def _site(self, ctx: Context, domain: str, setup: Setup | None) -> Site:
        hosts: list[Host] = []
        if setup:
            ctx.touches("Deployment", setup.name, setup.namespace)
            ctx.observe(external_dns={"ref": setup.ref, "ready": setup.ready, "policy": setup.policy, "domains": list(setup.domains),
                                      "sources": list(setup.sources), "owner": setup.owner, "provider": setup.one("provider")})
            self._preconditions(ctx, setup)
        for source, kind, api in (("service", "Service", "v1"), ("ingress", "Ingress", INGRESS)):
            if setup and setup.sources and source not in setup.sources:
                ctx.warn(f"{setup.ref} does not look at objects of kind {kind} (--source), so that these were not tried")
                continue
            label = f"assay-{ctx.nonce}-{source[:3]}"
            hosts.append(Host(f"{label}.{domain}", kind, f"{source[:3]}-{ctx.nonce}-{len(hosts)}", api, ctx.namespace, setup))
        if not hosts:
            ctx.inconclusive(f"{setup.ref if setup else 'external-dns'} looks neither at Services nor at Ingresses, but at "
                             f"{', '.join(setup.sources) if setup else 'nothing'}, which this check does not make")
        return Site(domain, setup, tuple(hosts))

    def _preconditions(self, ctx: Context, setup: Setup) -> None:
        space, nets = setup.one("namespace"), [f for f in ("target-net-filter", "exclude-target-net") if setup.flags.get(f)]
        if space and space != ctx.namespace:
            ctx.inconclusive(f"{setup.ref} looks at namespace {space} only; let the run work there (validate_namespace)")
        if nets and list(ctx.options.get("external_dns_targets") or TARGETS) == list(TARGETS):
            ctx.inconclusive(f"{setup.ref} takes targets of some nets only (--{nets[0]}); name two that it takes in "
                             "dns_check_external_dns_targets")
        if setup.labels is None or setup.annotations is None:
            ctx.inconclusive(f"{setup.ref} looks at objects by a filter that is more than equalities, which ours do not try to fit")
        if setup.keeps_records and not ctx.options.get("external_dns_records_may_stay"):
            ctx.skip(f"{setup.ref} has the policy {setup.policy} and never deletes a record, so that ours would stay; "
                     "dns_check_external_dns_records_may_stay lets it be proved nevertheless")

    # ---- what is made -----------------------------------------------------------------------------------------
    @staticmethod
    def _annotations(setup: Setup | None, host: Host, target: str) -> dict[str, str]:
        prefixes = setup.prefixes if setup else PREFIXES
        told = {"target": target, "ttl": str(TTL), **({"hostname": host.name} if host.kind == "Service" else {})}
        return {**((setup.annotations or {}) if setup else {}), **{f"{p}{k}": v for p in prefixes for k, v in told.items()}}

    def _make(self, ctx: Context, site: Site, target: str) -> None:
        for host in site.hosts:
            ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
            made = service(host.object, {}, ports, clusterIP="None") if host.kind == "Service" else self._ingress(site, host)
            made["metadata"] |= {"annotations": self._annotations(site.setup, host, target),
                                 "labels": dict((site.setup.labels or {}) if site.setup else {})}
            ctx.create(made)
            host.path = path_of(host.api, host.kind, ctx.namespace, host.object)

    @staticmethod
    def _ingress(site: Site, host: Host) -> dict[str, Any]:
        backend = {"service": {"name": host.object, "port": {"number": 80}}}
        return {"apiVersion": INGRESS, "kind": "Ingress", "metadata": {"name": host.object}, "spec": {
            "ingressClassName": site.setup.one("ingress-class", NO_CLASS) if site.setup else NO_CLASS,
            "rules": [{"host": host.name, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]}}
