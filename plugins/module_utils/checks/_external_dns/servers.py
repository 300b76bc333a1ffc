# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Name servers of a zone, and what they know of names: asked by dig from a probe, without recursion."""
from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._dns.dig import Query, Reply, replies, script
from .._shared.asked import Asked

if TYPE_CHECKING:
    from ...engine.context import Context

# Probes of which one must be able to ask.
_TRY = 3
_AT_ONCE = 24
Question = tuple[str, str, str]


@dataclass(frozen=True)
class Zone:
    """The zone that a domain is in. servers: addresses of its name servers, as they are asked, with their names."""

    apex: str
    servers: dict[str, str]


def parents(domain: str) -> list[str]:
    """The domain and those above it, but for the top level."""
    labels = domain.strip(".").split(".")
    return [".".join(labels[i:]) for i in range(max(1, len(labels) - 1))]


class Servers:
    """Asks name servers from probes of different nodes, the next where one cannot be asked."""

    def __init__(self, ctx: Context):
        self.ctx, self._asked = ctx, Asked(ctx)
        self._probes = list(ctx.probes.all)

    def ask(self, questions: Iterable[Question], recurse: bool = False) -> dict[Question, Reply]:
        """{(server, name, type): reply}. server "" is the one that pods ask, which may look further, as others with recurse.

        Inconclusive where no probe can ask.
        """
        wanted = list(dict.fromkeys(questions))
        out: dict[Question, Reply] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start:start + _AT_ONCE]
            text = script([(i, _query(q, recurse)) for i, q in enumerate(part)])
            for probe in [p for p in self._probes if p.node not in self._asked.lost][:_TRY]:
                got = self._asked.one(probe, lambda p=probe, t=text: p.shell(t, timeout=40.0))
                if got is not None:
                    told = replies(got.output)
                    out.update({q: told.get(i, Reply(error=f"no answer from the probe's shell: {got.error}")) for i, q in enumerate(part)})
                    break
            else:
                self.ctx.inconclusive("no probe could be asked to ask name servers: "
                                      + "; ".join(f"{n} ({w})" for n, w in list(self._asked.lost.items())[:3]))
        return out

    def zone(self, domain: str) -> Zone:
        """By NS records of the domain, or of the nearest above it that has some; no servers where nobody knows any."""
        above = parents(domain)
        found = self.ask(("", d, "NS") for d in above)
        apex = next((d for d in above if found["", d, "NS"].data("NS")), "")
        names = [n.rstrip(".").lower() for n in found["", apex, "NS"].data("NS")] if apex else []
        looked = self.ask(("", n, kind) for n in names for kind in ("A", "AAAA"))
        return Zone(apex, {a: n for n in sorted(names) for kind in ("A", "AAAA") for a in looked["", n, kind].data(kind)})

    def given(self, domain: str, addresses: Iterable[str]) -> Zone:
        """With name servers that the inventory names; the zone's own name is known by those that answer for it."""
        servers = {str(a): "" for a in addresses}
        found = self.ask((s, d, "SOA") for s in servers for d in parents(domain))
        apex = next((d for d in parents(domain) if any(found[s, d, "SOA"].data("SOA") for s in servers)), "")
        return Zone(apex, servers)

    def own_families(self, zone: Zone) -> Zone:
        """Without servers of a family that our probes do not have."""
        mine = {ipaddress.ip_address(p.ip).version for p in self._probes if p.ip}
        return Zone(zone.apex, {a: n for a, n in zone.servers.items() if ipaddress.ip_address(a).version in mine})


def _query(question: Question, recurse: bool) -> Query:
    server, name, kind = question
    arguments = (f"@{server}", *(() if recurse else ("+norecurse",))) if server else ()
    return Query("", name, (*arguments, f"{name}.", kind), lambda reply: "")
