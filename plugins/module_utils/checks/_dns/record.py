# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is kept of the answers of name servers: observations, measurements, warnings, and the first claim that is not met."""
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .._shared import policies
from .._shared.asked import Asked
from .._shared.news import NEWS
from .._shared.text import listed
from .asking import Answers
from .dig import Query, Reply

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...engine.probes import Probe

HTTP_PORT = 8080
# Pairs of nodes, for each node and in all, over which pods are asked where name servers are not heard.
_PAIRS, _ALL_PAIRS = 2, 40


def _said(answers: Answers, *variants: str) -> Iterator[tuple[str, Query, Reply, str]]:
    """answers.of(), where what is wrong with a name without its last dot says also what it is with one."""
    dotted = {node: r.words() for node, _q, r, error in answers.of("external_fqdn") if not error}
    for node, q, r, error in answers.of(*variants):
        if error and q.variant == "external" and node in dotted:
            error = f"{error}; with a dot at its end {dotted[node]}"
        yield node, q, r, error


def record(ctx: Context, answers: Answers) -> None:
    """Every answer as an observation."""
    if answers.known:
        ctx.measure("new Service in DNS", answers.known, "s")
    if answers.known > NEWS:
        ctx.warn(f"it took {answers.known:.0f} s until all servers knew a new Service")
    if answers.spared:
        ctx.observe(not_asked=len(answers.spared))
    slow = set()
    for node, q, r, error in _said(answers):
        ctx.see(kind="dns", from_node=node, to_node=q.to_node, target=q.target, variant=q.variant, ok=not error,
                error=error, seconds=r.seconds)
        if r.retries and r.status and q.variant != "upstream":
            slow.add(node)
    if slow:
        ctx.warn(f"questions had to be repeated, as packets got no answer, on {listed(sorted(slow))}")


def ways(ctx: Context, asked: Asked, answers: Answers, probes: list[Probe]) -> None:
    """Where servers on other nodes are not heard: whether pods of ours there are, which tells a port from a network."""
    by_node = {p.node: p for p in probes}
    silent: dict[str, list[str]] = {}
    for node, q, r, _error in answers.of("direct", "direct_tcp"):
        others = silent.setdefault(node, [])
        if not r.status and q.to_node in by_node and q.to_node not in (node, *others):
            others.append(q.to_node)
    pairs = [(node, other) for node, others in silent.items() for other in others[:_PAIRS]]

    def ask(pair: tuple[str, str]) -> None:
        source, target = by_node[pair[0]], by_node[pair[1]]
        got = asked.one(source, lambda: source.dial(target.ip, HTTP_PORT))
        if got is not None:
            ctx.see(kind="dns", from_node=source.node, to_node=target.node, target=f"{target.ip}:{HTTP_PORT}", variant="pod",
                    ok=got.responses == [target.pod], error=listed(got.errors, 1), seconds=got.seconds)

    ctx.in_parallel(ask, pairs[:_ALL_PAIRS])


def claim(ctx: Context, answers: Answers, variants: tuple[str, ...], served: bool = False) -> None:
    """All answers of these variants are right, on every node. served: there are servers that could answer, or nobody knows;
    then silence everywhere may be the work of a policy, and proves nothing of DNS."""
    errors: dict[str, list[str]] = {}
    quiet = True
    for node, q, r, error in _said(answers, *variants):
        if error:
            errors.setdefault(node, []).append(f"{q.target}: {error}")
            quiet = quiet and not r.status
    bad = {node: listed(words, 1) for node, words in errors.items()}
    for node in bad:
        ctx.touches("Node", node)
    if bad and len(bad) == len(answers.told) and quiet and served:
        policies.excuse(ctx, f"no name server answers on any of {len(bad)} nodes", whole=False,
                        allow="the way to name servers")
    if bad and len(bad) < len(answers.told) and quiet and policies.shut(ctx):
        policies.excuse(ctx, f"no name server answers on {len(bad)} of {len(answers.told)} nodes, and by now no pod of ours reaches "
                             "another", whole=False, allow="the way to name servers")
    ctx.expect(not bad, f"{len(bad)} of {len(answers.told)} nodes: " + listed(f"{n} ({w})" for n, w in bad.items()),
               failed=list(variants), failed_from=bad)


def wildcards(ctx: Context, answers: Answers) -> None:
    """A search path that answers anything gives wrong addresses to whoever leaves the last dot out."""
    found = {node: error for node, _q, _r, error in answers.of("nxdomain_search") if error}
    if found:
        node, error = next(iter(found.items()))
        ctx.warn(f"a short name that nobody made is answered on {listed(found)} ({error}): the search path "
                 f"({' '.join(answers.told[node].settings.search)}) holds a wildcard domain")
