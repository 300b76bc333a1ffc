# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What recursive name servers know of our names: when these have come, and, of those that the inventory names, what they still keep."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .._dns.dig import Reply
from .._shared.text import listed
from .records import EVERY, TTL, Host, Records, gone, has

if TYPE_CHECKING:
    from ...engine.context import Context

# What recursive name servers may keep of "there is none" at most, by RFC 2308, is hours; ours were never asked before.
_COMING = 60.0
# Seconds beyond the time for which an answer may be kept.
MARGIN = 15.0
Judge = Callable[[Host, Reply], str]


class Resolvers:
    """The server that pods ask, and those that the inventory names, which are asked again whenever the zone has changed.

    An answer of before may be kept for the time of its record, no longer. That there is none may be kept, too, for as long as the
    zone says (RFC 2308): at the end that is the right answer.
    """

    def __init__(self, ctx: Context, records: Records, named: Iterable[object]):
        self.ctx, self.records, self.named = ctx, records, [str(s) for s in named]

    def know(self, target: str) -> None:
        """They were not asked for our names before, so that none remembers that there was nothing."""
        hosts = [h for s in self.records.sites for h in s.hosts]
        # Where the zone's own servers are not asked, nobody else says for how long its records may be kept.
        unsaid = [h.name for s in self.records.sites if s.servers == ("",) for h in s.hosts]

        def judge(host: Host, reply: Reply) -> str:
            host.ttl = max(host.ttl, reply.ttl) if host.name in unsaid else host.ttl
            return has(reply, target)

        bad, _passed = self._ask("resolved", ["", *self.named], hosts, judge, _COMING)
        self.ctx.expect(not bad, f"recursive name servers do not know what the zone has: {_told(bad)}", unresolved=len(bad))

    def follow(self, target: str) -> None:
        hosts = [h for s in self.records.sites for h in s.hosts]
        self._again("resolved followed", hosts, lambda _host, reply: has(reply, target))

    def go(self) -> None:
        sites = [s for s in self.records.sites if not (s.setup and s.setup.keeps_records)]
        wild = {h.name: {(), *s.wild.values()} for s in sites for h in s.hosts}
        self._again("resolved gone", [h for s in sites for h in s.hosts], lambda host, reply: gone(reply, wild[host.name]))

    # ---- waiting ----------------------------------------------------------------------------------------------
    def _again(self, variant: str, hosts: list[Host], judge: Judge) -> None:
        kept = max((h.ttl for h in hosts), default=TTL)
        bad, passed = self._ask(variant, self.named, hosts, judge, kept + MARGIN)
        if bad and passed + EVERY <= kept + MARGIN:
            self.ctx.warn(f"records may be kept for {kept} s, longer than dns_check_external_dns_limit ({self.records.patience:.0f} s) "
                          f"lets wait, so that whether recursive name servers follow was not proved: {_told(bad)}")
            return
        self.ctx.expect(not bad, f"recursive name servers do not follow the zone within {kept + MARGIN:.0f} s, and a record may be kept "
                        f"for {kept} s: {_told(bad)}", unresolved=len(bad))

    def _ask(self, variant: str, servers: list[str], hosts: list[Host], judge: Judge,
             seconds: float) -> tuple[dict[tuple[str, str], str], float]:
        """({(server, name): what is wrong}, seconds that it was waited): until nothing is, or the time is over.

        What may still come right after our own time is no observation.
        """
        start = time.monotonic()
        by_name = {h.name: h for h in hosts}
        while True:
            found = self.records.servers.ask([(s, n, "A") for s in servers for n in by_name], recurse=True)
            told = {(server, name): reply for (server, name, _kind), reply in found.items()}
            bad = {key: error for key, reply in told.items() if (error := judge(by_name[key[1]], reply))}
            passed = time.monotonic() - start
            if not bad or passed + EVERY > min(seconds, self.records.patience) or self.ctx.left() < 2 * EVERY:
                break
            time.sleep(EVERY)
        over = variant == "resolved" or passed + EVERY > seconds
        for (server, name), reply in told.items():
            if over or (server, name) not in bad:
                self.records.see(None, server, name, variant, bad.get((server, name), ""), reply)
        return bad, passed


def _told(bad: dict[tuple[str, str], str]) -> str:
    return listed(f"{s or 'the one that pods ask'} says of {n}: {w}" for (s, n), w in bad.items())
