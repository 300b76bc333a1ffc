# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What name servers are asked about our Services, as questions to dig."""
from __future__ import annotations

from dataclasses import dataclass

from ._dig import Query
from ._dns_answers import Judge, absent, all_of, answered, has, service_record, unanswered
from ._endpoints import Endpoint


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


def questions(n: Names, nonce: str, servers: list[Endpoint], external: str, at: tuple[str, ...]) -> list[Query]:
    """All questions of one node; at: arguments that name another server than the pod's own."""
    own, kubernetes, nobody = n.full(n.service), n.full("kubernetes", "default"), n.full(f"{nonce}-absent")

    def ask(variant: str, name: str, judge: Judge, *arguments: str, long: bool = False) -> Query:
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
