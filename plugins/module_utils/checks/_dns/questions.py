# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What name servers are asked about our Services, as questions to dig."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .answers import (
    Judge, absent, answered, answered_for, between, has, heard, kind_of, service_record, unanswered)
from .dig import Query
from .servers import Server
from .services import Names

# Questions whose answer is no news of our Services: waiting for it would be in vain.
NOT_OURS = ("external", "external_fqdn", "upstream", "nxdomain", "nxdomain_search")
# The root of all names: of another zone than any external name, and asked of the same servers.
ROOT = "."


@dataclass(frozen=True)
class _Writer:
    """Writes questions. at: arguments that name another server than the pod's own; kind: type of our first address."""

    at: tuple[str, ...]
    kind: str

    def ask(self, variant: str, name: str, judge: Judge, *arguments: str) -> Query:
        return Query(variant, name, (*self.at, *(arguments or (name, self.kind))), judge, target=name)


def questions(n: Names, nonce: str, external: str, at: tuple[str, ...]) -> list[Query]:
    """All questions of one node to the server that it asks."""
    w = _Writer(at, kind_of(n.addresses[0]))
    own, first, kubernetes = n.full(n.service), n.addresses[0], n.kubernetes
    return [
        w.ask("internal", kubernetes, answered),
        *_families(n, w),
        w.ask("tcp", own, has(w.kind, first), own, w.kind, "+tcp"),
        w.ask("search", n.service, has(w.kind, first), n.service, w.kind, "+search"),
        w.ask("search", "kubernetes.default", answered, "kubernetes.default", w.kind, "+search"),
        w.ask("srv", own, service_record(own), f"_http._tcp.{own}", "SRV"),
        w.ask("nxdomain", n.full(f"{nonce}-absent"), absent),
        w.ask("nxdomain_search", f"{nonce}-absent", unanswered, f"{nonce}-absent", w.kind, "+search"),
        *(_outside(external.rstrip("."), w) if external else ()),
    ]


def _families(n: Names, w: _Writer) -> list[Query]:
    """The same for each family of addresses that our Services have."""
    own, out = n.full(n.service), []
    for address in n.addresses:
        kind = kind_of(address)
        out += [w.ask("internal", own, has(kind, address), own, kind),
                w.ask("ptr", address, has("PTR", own), "-x", address),
                w.ask("headless", n.full(n.headless), between(kind, n.pods, n.pods_now), n.full(n.headless), kind)]
    return out


def _outside(name: str, w: _Writer) -> list[Query]:
    return [w.ask("external_fqdn", f"{name}.", answered), w.ask("external", name, answered_for(name), name, w.kind, "+search"),
            w.ask("upstream", ROOT, heard, ROOT, "NS")]


def direct(n: Names, servers: Sequence[Server]) -> list[Query]:
    """Each server by its pod's own address, by each protocol that its Service offers."""
    out, name, kind = [], n.kubernetes, kind_of(n.addresses[0])
    for s in servers:
        for variant, port, more in (("direct", s.udp, ()), ("direct_tcp", s.tcp, ("+tcp",))):
            if port:
                out.append(Query(variant, name, (f"@{s.address}", "-p", str(port), name, kind, *more), answered, s.node,
                                 s.address))
    return out
