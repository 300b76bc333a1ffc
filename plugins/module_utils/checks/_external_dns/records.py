# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting until all name servers of a zone have, and have no more, the records of our names."""
from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...kube.kinds import path_of
from .._dns.dig import Reply
from .._shared.text import listed
from .servers import Question, Servers, Zone

if TYPE_CHECKING:
    from ...engine.context import Context
    from .setup import Setup

# Seconds between two looks.
EVERY = 2.0
_HERITAGE = "heritage=external-dns"
_OWNER = re.compile(r'external-dns/owner=([^,"]*)')
# Seconds for which an answer with one of our records may be kept: what their annotations ask for, unless the zone says more.
TTL = 60


@dataclass
class Host:
    """One name, and the object that asks for it."""

    name: str
    kind: str
    object: str
    api: str
    namespace: str
    setup: Setup | None
    path: str = ""
    ttl: int = TTL
    # (server, name) of the TXT records that were seen to say whose its records are.
    owned: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.path = self.path or path_of(self.api, self.kind, self.namespace, self.object)

    @property
    def owners(self) -> tuple[str, ...]:
        """Names of its TXT record, one of which is to be there; none where no TXT record is written."""
        first, _dot, rest = self.name.partition(".")
        if self.setup:
            return self.setup.owner_names(self.name) if self.setup.writes_owner else ()
        return (f"a-{first}.{rest}", self.name)


@dataclass
class Site:
    """A domain of one external-dns. servers: those that are asked; "" alone is the one that pods ask."""

    domain: str
    setup: Setup | None
    hosts: tuple[Host, ...]
    zone: Zone = Zone("", {})
    servers: tuple[str, ...] = ("",)
    wild: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def called(self, server: str) -> str:
        name = self.zone.servers.get(server, "")
        return f"{name} ({server})" if name else server or "the name server of pods"


Judge = Callable[[Host, str, dict[Question, Reply]], str]


class Records:
    """What name servers say of all names, as observations of this check."""

    def __init__(self, ctx: Context, servers: Servers, sites: list[Site], patience: float):
        self.ctx, self.servers, self.sites, self.patience = ctx, servers, sites, patience

    # ---- the zone ---------------------------------------------------------------------------------------------
    def find(self, given: list[str]) -> None:
        """Which servers are asked: all that should answer for the zone must, unless none is to be reached."""
        for site in self.sites:
            zone = self.servers.given(site.domain, given) if given else self.servers.zone(site.domain)
            self.ctx.expect(zone.apex, f"no name server knows the zone of {site.domain}: it has no NS record, nor have those above it",
                            unknown_zone=site.domain)
            site.zone = self.servers.own_families(zone)
            found = self.servers.ask((s, zone.apex, "SOA") for s in site.zone.servers)
            wrong = {s: r.words() if not r.status else f"{r.words()}, without authority" for (s, _n, _k), r in found.items()
                     if not (r.authoritative and r.data("SOA"))}
            silent = [s for (s, _n, _k), r in found.items() if not r.status]
            if len(silent) == len(found) and not given:
                self.ctx.warn(f"no name server of {zone.apex} is reached from pods ({listed(map(site.called, silent)) or 'none has an address'}"
                              "), so that only what pods ask was looked at; dns_check_external_dns_servers names others")
                continue
            for server, why in wrong.items():
                self.see(site, server, zone.apex, "authority", why)
            self.ctx.expect(not wrong, f"of {len(found)} name servers of {zone.apex} {len(wrong)} do not answer for it: "
                            + listed(f"{site.called(s)}: {w}" for s, w in wrong.items()), apex=zone.apex)
            site.servers = tuple(site.zone.servers)
            self.ctx.observe(zone=zone.apex, servers={s: site.called(s) for s in site.servers})

    def wildcards(self) -> None:
        """What is answered for any name is no record of ours; it is told, and what must be gone is compared with it."""
        for site in self.sites:
            name = f"assay-{self.ctx.nonce}-none.{site.domain}"
            for (server, _name, _kind), reply in self.servers.ask((s, name, "A") for s in site.servers).items():
                site.wild[server] = tuple(sorted(reply.data("A")))
            if any(site.wild.values()):
                self.ctx.warn(f"any name in {site.domain} has an address ({', '.join(max(site.wild.values(), key=len))}): it holds a wildcard")

    # ---- ours -------------------------------------------------------------------------------------------------
    def come(self, target: str) -> None:
        def judge(host: Host, server: str, told: dict[Question, Reply]) -> str:
            reply = told[server, host.name, "A"]
            host.ttl = max(host.ttl, reply.ttl)
            owned = [n for n in host.owners if any(_HERITAGE in d for d in told[server, n, "TXT"].data("TXT"))]
            host.owned |= {(server, n) for n in owned}
            owners = {d for n in host.owners for d in told[server, n, "TXT"].data("TXT") if _HERITAGE in d}
            error = has(reply, target)
            # Wherever it leads: external-dns leaves alone what another owns.
            if host.setup and owned and host.setup.owner not in {o for d in owners for o in _OWNER.findall(d)}:
                return f"{error}, and belongs to another: {listed(sorted(owners))}".removeprefix(", and ")
            if error:
                return error
            if host.setup and host.owners and not owned:
                return "has its address, and no TXT record that says whose it is"
            return ""

        self._until("made", "records of", judge)

    def follow(self, target: str) -> None:
        self._until("followed", f"the new target {target} of", lambda host, server, told: has(told[server, host.name, "A"], target))

    def go(self) -> None:
        def judge(host: Host, server: str, told: dict[Question, Reply]) -> str:
            if error := gone(told[server, host.name, "A"], [self._site(host).wild.get(server, ())]):
                return error
            left = [n for n in host.owners if (server, n) in host.owned and any(
                _HERITAGE in d for d in told[server, n, "TXT"].data("TXT"))]
            return f"is gone, and its TXT record {left[0]} is still there" if left else ""

        stays = [s for s in self.sites if s.setup and s.setup.keeps_records]
        for site in stays:
            self.ctx.warn(f"{', '.join(h.name for h in site.hosts)} stay with their TXT records, as {site.setup.ref if site.setup else ''} "
                          "never deletes any: remove them by hand")
        self._until("gone", "the end of", judge, [s for s in self.sites if s not in stays])

    # ---- waiting ----------------------------------------------------------------------------------------------
    def _site(self, host: Host) -> Site:
        return next(s for s in self.sites if host in s.hosts)

    def _until(self, variant: str, what: str, judge: Judge, sites: list[Site] | None = None) -> None:
        """Ask again and again until judge is content with each name at each server."""
        start, end = time.monotonic(), time.monotonic() + self.patience
        open_ones = [(site, host, server) for site in (self.sites if sites is None else sites) for host in site.hosts
                     for server in site.servers]
        done: dict[tuple[str, str], float] = {}
        wrong: dict[tuple[str, str], str] = {}
        while open_ones:
            questions = [q for _s, host, server in open_ones for q in (
                (server, host.name, "A"), *((server, n, "TXT") for n in host.owners))]
            told = self.servers.ask(questions)
            wrong = {(host.name, server): error for _s, host, server in open_ones if (error := judge(host, server, told))}
            now = time.monotonic() - start
            done.update({(h.name, s): now for _s, h, s in open_ones if (h.name, s) not in wrong})
            open_ones = [o for o in open_ones if (o[1].name, o[2]) in wrong]
            if time.monotonic() + EVERY > end or self.ctx.left() < 2 * EVERY:
                break
            if open_ones:
                time.sleep(EVERY)
        for site in self.sites if sites is None else sites:
            for host in site.hosts:
                for server in site.servers:
                    self.see(site, server, host.name, variant, wrong.get((host.name, server), ""), seconds=done.get((host.name, server)))
        if done:
            self.ctx.measure(f"records {variant} at the slowest name server after", max(done.values()), "s")
        names = {s: self._called(s) for _n, s in wrong}
        self.ctx.expect(not wrong, f"{what} {len({n for n, _s in wrong})} names not at all name servers within {self.patience:.0f} s: "
                        + listed(f"{n} at {names[s]}: {w}" for (n, s), w in wrong.items()), **{f"not_{variant}": sorted(
                            {n for n, _s in wrong})})

    def _called(self, server: str) -> str:
        return next((s.called(server) for s in self.sites if server in s.servers), server)

    def see(self, site: Site | None, server: str, name: str, variant: str, error: str, reply: Reply | None = None,
            seconds: float | None = None) -> None:
        called = site.called(server) if site else server or "the name server of pods"
        self.ctx.see(kind="external_dns", target=f"{name} at {called}", variant=variant, ok=not error, error=error,
                     seconds=reply.seconds if reply else seconds)


def has(reply: Reply, target: str) -> str:
    """What is wrong with an answer that must be this one address."""
    found = reply.data("A")
    if not reply.status:
        return reply.words()
    if not found:
        return f"no record ({reply.status})"
    return "" if found == [target] else f"leads to {', '.join(found)} instead of {target}"


def gone(reply: Reply, wild: Collection[tuple[str, ...]]) -> str:
    """What is wrong with an answer that must be none, or a wildcard's."""
    if reply.status not in ("NOERROR", "NXDOMAIN"):
        return reply.words()
    return "" if tuple(sorted(reply.data("A"))) in wild else f"is still there: {reply.words()}"
