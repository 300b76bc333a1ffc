# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking name servers from all nodes, again where a record may be new or a packet lost."""
from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ._asked import Asked
from ._dig import Query, Reply, replies, script
from ._news import LAG

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.probes import Probe

# Seconds that have to be left for another round.
_ROUND = 30.0


@dataclass(frozen=True)
class Answers:
    """The replies of all nodes: {node: {number of the question: Reply}}. known: seconds until all servers knew our new
    Services, 0 where they did at once, or never."""

    queries: list[Query]
    replies: dict[str, dict[int, Reply]]
    known: float = 0.0

    def of(self, *variants: str) -> Iterator[tuple[str, Query, Reply, str]]:
        """(node, question, reply, what is wrong with it) of some variants, or of all."""
        for node, replied in self.replies.items():
            for i, query in enumerate(self.queries):
                if not variants or query.variant in variants:
                    yield node, query, replied[i], query.judge(replied[i])


class Asking:
    """Asks the same of every probe. made: when the Services were there (time.monotonic seconds)."""

    def __init__(self, ctx: Context, asked: Asked, queries: list[Query], made: float):
        self.ctx, self.asked, self.queries, self.made = ctx, asked, queries, made
        self._known = 0.0

    def all(self, probes: list[Probe]) -> Answers:
        found = self.asked.all(probes, self._node)
        return Answers(self.queries, found, self._known)

    def _node(self, probe: Probe) -> dict[int, Reply]:
        """All replies of one node; wrong ones are asked again: a record may be new, a packet may be lost."""
        replied: dict[int, Reply] = {}
        news: set[int] = set()
        open_ones, again = list(enumerate(self.queries)), 0
        while open_ones:
            self._round(probe, open_ones, replied)
            again += 1
            wrong = [(i, q) for i, q in open_ones if q.judge(replied[i])]
            late = {i for i, q in wrong if self._late(q, replied[i])}
            if news and not news & {i for i, _q in wrong}:
                self._known, news = max(self._known, time.monotonic() - self.made), set()
            news |= late
            open_ones = [(i, q) for i, q in wrong if again < 2 or i in late]
            if self.ctx.left() < _ROUND:
                break
            if open_ones:
                time.sleep(1.0)
        return replied

    @staticmethod
    def _round(probe: Probe, open_ones: list[tuple[int, Query]], replied: dict[int, Reply]) -> None:
        shell = probe.shell(script(open_ones), timeout=40.0)
        got = replies(shell.output)
        for i, _query in open_ones:
            before = replied.get(i)
            replied[i] = got.get(i, Reply(error=f"no answer from the probe's shell: {shell.error}"))
            if before and not before.status and replied[i].status:
                replied[i] = replace(replied[i], retries=2)

    def _late(self, query: Query, reply: Reply) -> bool:
        """Whether the servers may not know our new Services yet; silence is not a matter of waiting, nor what nobody made."""
        ours = not query.variant.startswith(("external", "nxdomain"))
        # What our servers do not know of searches and addresses is asked of others, whose word may be any.
        unknown = reply.status in ("NXDOMAIN", "NOERROR") or query.variant in ("search", "ptr") and reply.status
        return bool(ours and unknown and time.monotonic() < self.made + LAG)
