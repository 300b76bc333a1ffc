# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is kept of the answers of name servers: observations, measurements, warnings, and the first claim that is not met."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ._dns_asking import Answers
from ._dig import ResolvConf
from ._news import NEWS
from ._text import listed, percentile

if TYPE_CHECKING:
    from ..engine.context import Context

# Spikes of 5 s and more are lost packets that a resolver asked again for.
SPIKE = 4.5


def record(ctx: Context, answers: Answers) -> None:
    """Every answer as an observation."""
    if answers.known:
        ctx.measure("new Service in DNS", answers.known, "s")
    if answers.known > NEWS:
        ctx.warn(f"it took {answers.known:.0f} s until all servers knew a new Service")
    slow = set()
    for node, q, r, error in answers.of():
        ctx.see(kind="dns", from_node=node, to_node=q.to_node, target=q.target, variant=q.variant, ok=not error,
                error=error, seconds=r.seconds)
        if r.retries and r.status:
            slow.add(node)
    if slow:
        ctx.warn(f"questions had to be repeated, as packets got no answer, on {listed(sorted(slow))}")


def claim(ctx: Context, answers: Answers, variants: tuple[str, ...]) -> None:
    """All answers of these variants are right, on every node."""
    errors: dict[str, list[str]] = {}
    for node, q, _r, error in answers.of(*variants):
        if error:
            errors.setdefault(node, []).append(f"{q.target}: {error}")
    bad = {node: listed(words, 1) for node, words in errors.items()}
    for node in bad:
        ctx.touches("Node", node)
    ctx.expect(not bad, f"{len(bad)} of {len(answers.replies)} nodes: " + listed(f"{n} ({w})" for n, w in bad.items()),
               failed=list(variants), failed_from=bad)


def wildcards(ctx: Context, answers: Answers, conf: ResolvConf) -> None:
    for node, _q, _r, error in answers.of("nxdomain_search"):
        if error:
            ctx.warn(f"a short name that nobody made is answered on {node}: the search path "
                     f"({' '.join(conf.search)}) holds a wildcard domain")
            return


def latency(ctx: Context, results: dict[str, list[float]], count: int) -> None:
    """How quick the answers were, and how many of `count` questions each node lost."""
    values = [v for r in results.values() for v in r]
    lost = {n: count - len(r) for n, r in results.items() if len(r) < count}
    for node, r in results.items():
        ctx.see(kind="dns", from_node=node, target="kubernetes.default", variant="latency", ok=len(r) == count,
                error=f"{count - len(r)} of {count} questions lost" if len(r) < count else "",
                seconds=max(r, default=None))
    ctx.measure("lost DNS questions", 100.0 * sum(lost.values()) / max(1, count * len(results)), "%")
    if lost:
        ctx.warn(f"questions without an answer: {listed(f'{k} of {count} on {n}' for n, k in lost.items())}")
    if not values:
        return
    median, high = percentile(values, 50) * 1000, percentile(values, 99) * 1000
    ctx.measure("DNS answer, median", median, "ms")
    ctx.measure("DNS answer, 99th percentile", high, "ms")
    if median > ctx.options.get("slow_median", 20.0) or high > ctx.options.get("slow_p99", 100.0):
        ctx.warn(f"DNS is slow: median {median:.0f} ms, 99th percentile {high:.0f} ms")
    if max(values) > SPIKE:
        ctx.warn(f"an answer took {max(values):.1f} s: a lost packet was asked for again")
