# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which name servers and which domain the pods of each node are told, and whether those that differ do their work."""
from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .._shared.asked import Asked
from .._shared.text import listed
from .answers import answered, kind_of
from .asking import Answers
from .dig import Query, Reply, ResolvConf, replies, script
from .servers import Behind

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...engine.probes import Probe


def most(told: Iterable[ResolvConf]) -> ResolvConf:
    """Those that most of them have; empty ones where there are none."""
    there = [c for c in told if c.servers]
    common = Counter((c.servers, c.domain) for c in there).most_common(1)
    return next((c for c in there if (c.servers, c.domain) == common[0][0]), ResolvConf())


def _of_the_node(address: str) -> bool:
    """Whether it is an address that means something on one node only, as that of a cache there."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_link_local
    except ValueError:
        return False


class Settings:
    """Compares what nodes tell their pods. domain: that of the cluster; kubernetes: full name of a Service that is there."""

    def __init__(self, ctx: Context, asked: Asked, answers: Answers, behind: Behind, kubernetes: str):
        self.ctx, self.asked, self.answers, self.behind, self.kubernetes = ctx, asked, answers, behind, kubernetes
        well = answers.well()
        self.told = most([t.settings for n, t in answers.told.items() if n in well]
                         or [t.settings for t in answers.told.values()]).servers
        # Where nobody resolves a name, the Service itself says which address was meant.
        lost = not well and behind.address and behind.address not in self.told and not any(map(_of_the_node, self.told))
        self.usual = (behind.address,) if lost else self.told

    def _differ(self) -> dict[str, ResolvConf]:
        return {n: t.settings for n, t in self.answers.told.items() if t.settings.servers and t.settings.servers != self.usual}

    def _at_the_usual(self, probe: Probe) -> Reply:
        address = self.usual[0]
        query = Query("usual", self.kubernetes, (f"@{address}", self.kubernetes, kind_of(address)), answered)
        return replies(probe.shell(script([(0, query)])).output).get(0, Reply(error="no answer from the probe's shell"))

    def look(self, probes: list[Probe], domain: str) -> dict[str, str]:
        """Record what differs; {node: what is wrong}: pods there are sent to a server that gives no right answer, while the
        one that is meant answers them."""
        differ, well = self._differ(), self.answers.well()
        compared = self.asked.all([p for p in probes if p.node in differ and p.node not in well], self._at_the_usual)
        bad = {n: self._words(n, differ[n]) for n, reply in compared.items() if not answered(reply)}
        for node, c in differ.items():
            self.ctx.see(kind="dns", from_node=node, target=" ".join(c.servers), variant="nameserver", ok=node not in bad,
                         error=bad.get(node, ""))
        for node, r in compared.items():
            self.ctx.see(kind="dns", from_node=node, target=self.usual[0], variant="usual", ok=not answered(r),
                         error=answered(r), seconds=r.seconds)
        for node in self._lost(domain):
            bad.setdefault(node, f"pods of {node} search {self.answers.told[node].settings.domain or 'no cluster domain'}, "
                                 f"the cluster's domain is {domain}")
            self.ctx.see(kind="dns", from_node=node, target=domain, variant="search_path", ok=False, error=bad[node])
        for node in bad:
            self.ctx.touches("Node", node)
        self.ctx.observe(nameservers=list(self.told))
        if differ:
            self.ctx.observe(other_nameservers={n: list(c.servers) for n, c in list(differ.items())[:20]})
        self._warn({n: c for n, c in differ.items() if n in well})
        return bad

    def _lost(self, domain: str) -> list[str]:
        """Nodes whose search path is that of another domain, and finds no short name."""
        red = {node for node, _q, _r, error in self.answers.of("search") if error} & self.answers.well()
        return [n for n, t in self.answers.told.items() if n in red and t.settings.search and t.settings.domain != domain]

    def _words(self, node: str, c: ResolvConf) -> str:
        whose = "those of other nodes ask" if self.usual == self.told else f"Service {self.behind.service} has"
        return f"pods of {node} ask {' '.join(c.servers)}, {whose} {' '.join(self.usual)}"

    def _warn(self, fine: dict[str, ResolvConf]) -> None:
        """A cache on the node is legal wherever it answers; another server that does is at least not what is meant."""
        strange = {n: c for n, c in fine.items() if not all(map(_of_the_node, c.servers))
                   and not all(map(_of_the_node, self.usual))}
        if strange:
            self.ctx.warn("pods are given different name servers, and all answer: "
                          + listed(f"{' '.join(c.servers)} on {n}" for n, c in strange.items())
                          + f", {' '.join(self.usual)} elsewhere")
