# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How quick the answers are and how many are lost; where many are, whether also on the way to the servers' own pods."""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .._shared.asked import Asked
from .._shared.text import listed, percentile
from .asking import WORKERS
from .dig import latencies, latency_script
from .servers import Server

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...engine.probes import Probe

# Spikes of 5 s and more are lost packets that a resolver asked again for.
SPIKE = 4.5
# So many lost questions, and such a share, are no chance: a Service with a dead pod among several.
LOST, SHARE = 3, 0.25
# Nodes that are asked again; more tell nothing new, and each takes its time.
_AGAIN = 12


class Loss:
    """Asks for one name many times, each packet once. name: a full name; at: arguments that name the server."""

    def __init__(self, ctx: Context, asked: Asked, name: str, at: tuple[str, ...]):
        self.ctx, self.asked, self.name, self.at = ctx, asked, name, at
        self.count = ctx.options.get("queries", 20)
        self.seconds: dict[str, list[float]] = {}
        self.lossy: dict[str, str] = {}

    @property
    def command(self) -> str:
        """What asks so many times; empty where nothing is to be asked."""
        return latency_script((*self.at, *[self.name] * self.count)) if self.count else ""

    @property
    def limit(self) -> float:
        """Seconds that the command takes where every answer is lost."""
        return 2.0 * self.count

    def ask(self, probes: list[Probe], servers: tuple[Server, ...], told: Mapping[str, str]) -> None:
        """Ask from these probes; those that lose many are asked again, and so are the servers by their own addresses.

        told: what the command has printed already, by node.
        """
        if not self.count:
            return
        answers = {n: latencies(text) for n, text in told.items()}
        answers |= self.asked.all([p for p in probes if p.node not in told], self._usual, workers=WORKERS)
        self.seconds = {p.node: answers[p.node] for p in probes if p.node in answers}
        many = [p for p in probes if self._many(self.seconds.get(p.node))][:_AGAIN]
        again = self.asked.all(many, self._usual)
        still = [p for p in many if self._many(again.get(p.node))]
        direct = self.asked.all(still, lambda p: self._direct(p, servers)) if servers else {}
        for p in still:
            self._note(p.node, len(again[p.node]), direct.get(p.node))

    def _many(self, answers: list[float] | None) -> bool:
        lost = self.count - len(answers) if answers is not None else 0
        return lost >= max(LOST, SHARE * self.count)

    def _usual(self, probe: Probe) -> list[float]:
        return latencies(probe.shell(self.command, timeout=10.0 + self.limit).output)

    def _direct(self, probe: Probe, servers: tuple[Server, ...]) -> tuple[int, int]:
        """(asked, answered) at the servers' own addresses, by turns."""
        reached = [s for s in servers if s.udp]
        each = -(-self.count // max(1, len(reached)))
        commands = [latency_script((f"@{s.address}", "-p", str(s.udp), *[self.name] * each)) for s in reached]
        output = probe.shell(";".join(commands), timeout=10.0 + 2.0 * each * len(reached)).output
        return each * len(reached), len(latencies(output))

    def _note(self, node: str, heard: int, direct: tuple[int, int] | None) -> None:
        lost = 2 * self.count - len(self.seconds[node]) - heard
        self.lossy[node] = f"{lost} of {2 * self.count} questions lost"
        if direct is not None and direct[0]:
            missed = direct[0] - direct[1]
            error = f"{missed} of {direct[0]} questions lost" if missed else ""
            self.ctx.see(kind="dns", from_node=node, target="the servers' own addresses", variant="latency_direct",
                         ok=not missed, error=error)
            self.lossy[node] += f", {missed} of {direct[0]} at the servers' own addresses"

    def record(self) -> None:
        """Every node's loss as an observation."""
        for node, answers in self.seconds.items():
            lost = self.count - len(answers)
            error = self.lossy.get(node) or (f"{lost} of {self.count} questions lost" if lost else "")
            self.ctx.see(kind="dns", from_node=node, target="kubernetes.default", variant="latency", ok=not lost,
                         error=error, seconds=max(answers, default=None))

    def judge(self) -> None:
        """Lost packets and slow answers are worth a word; a node that loses many has no working DNS."""
        ctx, values = self.ctx, [v for r in self.seconds.values() for v in r]
        lost = {n: self.count - len(r) for n, r in self.seconds.items() if len(r) < self.count}
        if self.seconds:
            ctx.measure("lost DNS questions", 100.0 * sum(lost.values()) / (self.count * len(self.seconds)), "%")
        if lost:
            ctx.warn(f"questions without an answer: {listed(f'{k} of {self.count} on {n}' for n, k in lost.items())}")
        for node in self.lossy:
            ctx.touches("Node", node)
        ctx.expect(not self.lossy, f"{len(self.lossy)} of {len(self.seconds)} nodes: "
                   + listed(f"{n} ({w})" for n, w in self.lossy.items()), failed=["latency"], failed_from=self.lossy)
        if values:
            self._slow(values)

    def _slow(self, values: list[float]) -> None:
        ctx = self.ctx
        median, high = percentile(values, 50) * 1000, percentile(values, 99) * 1000
        usual, seldom = ctx.options.get("slow_median", 20.0), ctx.options.get("slow_p99", 100.0)
        ctx.measure("DNS answer, median", median, "ms", usual)
        ctx.measure("DNS answer, 99th percentile", high, "ms", seldom)
        if median > usual or high > seldom:
            ctx.warn(f"DNS is slow: median {median:.0f} ms, 99th percentile {high:.0f} ms")
        if max(values) > SPIKE:
            ctx.warn(f"an answer took {max(values):.1f} s: a lost packet was asked for again")
