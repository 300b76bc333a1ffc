# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking name servers from all nodes, again where a record may be new or a packet lost."""
from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .._shared.asked import Asked
from .._shared.news import LAG
from .dig import Query, Reply, ResolvConf, after_replies, before_replies, replies, resolv_conf, script
from .questions import NOT_OURS

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...engine.probes import Probe

# Seconds that have to be left for another round.
_ROUND = 30.0
# So many nodes that hear nothing tell all that more of them would, and each takes its time.
ENOUGH = 24
WORKERS = 8
Judged = tuple[Reply, str]


@dataclass
class Told:
    """What one node was told: by number of the question, the reply and what was wrong with it at the time. then: what the command
    at the end of the first round printed, None where it was not run."""

    settings: ResolvConf
    replies: dict[int, Judged]
    then: str | None = None


@dataclass(frozen=True)
class Answers:
    """What all nodes were told, by node. known: seconds until all servers knew our new Services, 0 where they did at once,
    or never. spared: nodes that were not asked, as so many hear nothing, or as the time was up."""

    queries: list[Query]
    told: dict[str, Told]
    known: float = 0.0
    spared: tuple[str, ...] = ()

    def of(self, *variants: str) -> Iterator[tuple[str, Query, Reply, str]]:
        """(node, question, reply, what is wrong with it) of some variants, or of all."""
        for node, told in self.told.items():
            for i, query in enumerate(self.queries):
                if not variants or query.variant in variants:
                    yield (node, query, *told.replies[i])

    def without(self, nodes: set[str]) -> Answers:
        """The same without some nodes: what those that leave are told says nothing of the others."""
        return replace(self, told={n: t for n, t in self.told.items() if n not in nodes})

    def well(self) -> set[str]:
        """Nodes on which all names of the cluster itself were answered rightly."""
        return set(self.told) - {node for node, _q, _r, error in self.of("internal") if error}

    def silent(self) -> set[str]:
        """Nodes that got no answer at all from the server that they ask."""
        return set(self.told) - {node for node, _q, r, _error in self.of("internal", "search", "srv", "ptr") if r.status}


class Asking:
    """Asks the same of every probe. made: when the Services were there (time.monotonic seconds). then: a command for the end of
    the first round where there is an answer, so that it costs no request of its own; seconds: how long it may take."""

    def __init__(self, ctx: Context, asked: Asked, queries: list[Query], made: float, then: str = "", seconds: float = 0.0):
        self.ctx, self.asked, self.queries, self.made = ctx, asked, queries, made
        self._then, self._seconds = then, seconds
        self._known, self._deaf = 0.0, 0

    def all(self, probes: list[Probe]) -> Answers:
        found = self.asked.all(probes, self._node, workers=WORKERS)
        told = {n: t for n, t in found.items() if t is not None}
        return Answers(self.queries, told, self._known, tuple(sorted(found.keys() - told.keys())))

    def _node(self, probe: Probe) -> Told | None:
        """What one node is told; None where it is not asked any more."""
        if self._deaf >= ENOUGH or self.ctx.left() < _ROUND / 2:
            return None
        told = self._rounds(probe)
        if not any(r.status for r, _error in told.replies.values()):
            self._deaf += 1  # about so many: who counts at the same time does not matter
        return told

    def _rounds(self, probe: Probe) -> Told:
        """What one node is told; wrong answers are asked for again: a record may be new, a packet may be lost."""
        told, news = Told(ResolvConf(), {}), set[int]()
        open_ones, again = list(enumerate(self.queries)), 0
        while open_ones:
            self._round(probe, open_ones, told, first=not again)
            again += 1
            wrong = [(i, q) for i, q in open_ones if told.replies[i][1]]
            late = {i for i, q in wrong if self._late(q, told.replies[i][0])}
            if news and not news & {i for i, _q in wrong}:
                self._known, news = max(self._known, time.monotonic() - self.made), set()
            news |= late
            open_ones = [(i, q) for i, q in wrong if again < 2 and q.variant != "upstream" or i in late]
            if self.ctx.left() < _ROUND:
                break
            if open_ones:
                time.sleep(1.0)
        return told

    def _round(self, probe: Probe, open_ones: list[tuple[int, Query]], told: Told, first: bool) -> None:
        then, seconds = (self._then, self._seconds) if first else ("", 0.0)
        shell = probe.shell(script(open_ones, settings=first, then=then), timeout=40.0 + seconds)
        if first:
            told.settings, told.then = resolv_conf(before_replies(shell.output)), after_replies(shell.output)
        got = replies(shell.output)
        for i, query in open_ones:
            reply = got.get(i, Reply(error=f"no answer from the probe's shell: {shell.error}"))
            before = told.replies.get(i)
            if before and not before[0].status and reply.status:
                reply = replace(reply, retries=2)
            told.replies[i] = reply, query.judge(reply)

    def _late(self, query: Query, reply: Reply) -> bool:
        """Whether the servers may not know our new Services yet; silence is not a matter of waiting, nor what nobody made."""
        # What our servers do not know of searches and addresses is asked of others, whose word may be any.
        unknown = reply.status in ("NXDOMAIN", "NOERROR") or query.variant in ("search", "ptr") and reply.status
        return bool(query.variant not in NOT_OURS and unknown and time.monotonic() < self.made + LAG)
