# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every node's pods reach the pods of every other node: right pod, large bodies, datagrams."""
from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..engine.check import Check
from ..engine.declared import Option, Permission
from ._asked import Asked
from ._optional import optional_get
from ._pairs import ALL_PAIRS, Pair, pairs, ring
from ._nodes import name_of, zone
from ._text import listed, url_host

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..engine.probes import Probe

HTTP_PORT = 8080
UDP_PORT = 8081
# Nothing in a probe listens here.
CLOSED_PORT = 8099
# Bytes of a large body: more than two segments of a 9001-byte network.
LARGE = 20000
# Targets in one request to a probe; it asks them at once.
BATCH = 10
# Up to this many nodes datagrams go over all pairs, beyond over neighbours only.
ALL_DATAGRAMS = 8
# Pairs asked again before they count as failed; more are not worth the time.
AGAIN = 12

# $1: number of the question, $2: address. Prints "<number> <variant> <curl's exit status> <answer or error> <seconds>".
SCRIPT = (
    f"M=$(printf %0{LARGE}d 0);C='curl -gsS -m 5 --noproxy *';set -f;"
    "t(){ A=$($C -w ' %{time_total}' http://$2:" f"{HTTP_PORT}" "/hostname 2>&1);r=$?;echo $1 small $r $A;"
    "[ $r = 0 ]||return 0;"
    "A=$($C -H Expect: -w '|%{time_total}' -d \"msg=$M\" http://$2:" f"{HTTP_PORT}" "/echo 2>&1);r=$?;"
    "case $A in \"$M|\"*)A=\"same ${A##*|}\";;*)A=$(printf %.200s \"$A\");;esac;echo $1 large $r $A;};"
)


@dataclass(frozen=True)
class Answer:
    """What one question over one pair gave; an empty error means that it was right."""

    source: str
    target: str
    variant: str
    error: str
    seconds: float = 0.0


def script(addresses: list[str]) -> str:
    """The shell command that asks all addresses at once."""
    return SCRIPT + "".join(f"t {i} {url_host(a)}&" for i, a in enumerate(addresses)) + "wait"


def parse(output: str) -> dict[tuple[int, str], tuple[int, str, float]]:
    """(number, variant) -> (curl's exit status, text, seconds) of the script's output; other lines are left out."""
    found = {}
    for line in output.splitlines():
        words = line.split()
        if len(words) < 4 or not words[0].isdigit() or words[1] not in ("small", "large") or not words[2].isdigit():
            continue
        *text, last = " ".join(words[3:]).replace("|", " ").split()
        try:
            seconds = float(last)
        except ValueError:
            text, seconds = [*text, last], 0.0
        found[int(words[0]), words[1]] = (int(words[2]), " ".join(text), seconds)
    return found


def judge(source: Probe, targets: list[Probe], output: str, error: str) -> list[Answer]:
    """The answers of one batch: small must name the target pod, large must come back unchanged."""
    found = parse(output)
    out = []
    for i, target in enumerate(targets):
        status, text, seconds = found.get((i, "small"), (-1, f"no answer from the probe's shell: {error}", 0.0))
        wrong = "" if text == target.pod else f"answered by {text!r}, not by {target.pod}"
        small = Answer(source.node, target.node, "small", text if status else wrong, seconds)
        out.append(small)
        if small.error:
            continue
        status, text, seconds = found.get((i, "large"), (-1, "no answer", 0.0))
        wrong = "" if text == "same" else f"{LARGE} bytes came back changed"
        out.append(Answer(source.node, target.node, "large", text if status else wrong, seconds))
    return out


def spread(red: list[Answer]) -> dict[str, Any]:
    """How failures are spread over sources and targets: {"by_source": {node: n}, "by_target": {node: n}}."""
    by: dict[str, dict[str, int]] = {"by_source": {}, "by_target": {}}
    for answer in red:
        for key, node in (("by_source", answer.source), ("by_target", answer.target)):
            by[key][node] = by[key].get(node, 0) + 1
    return by


class PodNetwork(Check):
    """Asks in batches, one request per source node and ten targets; the cluster's pods do the rest."""

    name = "pod_network"
    domain = "network"
    proves = "Pods on every node reach pods on every other node over TCP with small and large bodies, and over UDP."
    options = (
        Option("slow_pair", "Warn when a small question to a pod takes longer than this (seconds).", type="float",
               default=1.0, minimum=0.01),
    )
    permissions = (Permission(("list",), ("nodes",), optional=True),)
    images = ("agnhost",)
    expected = 60.0
    limit = 300.0
    probes = 2

    def applies(self, ctx: Context) -> str:
        return "the cluster has one Linux node, so there is nothing between nodes" if len(ctx.probes.nodes) < 2 else ""

    def run(self, ctx: Context) -> None:
        probes = {p.node: p for p in ctx.probes.all}
        with ctx.step("probes run on at least two nodes"):
            if len(probes) < 2:
                ctx.inconclusive("fewer than two nodes run a probe: " + listed(
                    f"{n} ({w})" for n, w in ctx.probes.missing.items()))
            if ctx.probes.missing:
                ctx.warn(f"not tested, as they run no probe: {listed(sorted(ctx.probes.missing))}")
        self._asked = Asked(ctx)
        asked = pairs(sorted(probes), self._zones(ctx, len(probes)), ctx.nonce)
        with ctx.step("every pod answers the pods of other nodes over TCP"):
            answers = self._tcp(ctx, probes, asked)
            self._claim(ctx, probes, answers, "small")
        with ctx.step("large bodies pass between nodes both ways"):
            self._claim(ctx, probes, answers, "large")
        with ctx.step("datagrams are answered between nodes"):
            self._claim(ctx, probes, self._udp(ctx, probes, asked), "udp")
        with ctx.step("a closed port of a pod refuses"):
            self._closed(ctx, probes)
        self._report(ctx, answers)
        with ctx.step("every probe can be asked"):
            self._asked.settle()

    def _zones(self, ctx: Context, count: int) -> dict[str, str]:
        """Zones of the nodes; needed only when not all pairs are asked."""
        if count <= ALL_PAIRS:
            return {}
        nodes = optional_get(ctx, "/api/v1/nodes") or {}
        return {name_of(n): zone(n) for n in nodes.get("items") or []}

    def _tcp(self, ctx: Context, probes: dict[str, Probe], asked: list[Pair]) -> list[Answer]:
        """Ask all pairs, and every node itself; stop early when so much is red that more tells nothing."""
        batches: list[tuple[Probe, list[Probe]]] = []
        by_source: dict[str, list[Probe]] = {n: [probes[n]] for n in probes}
        for source, target in asked:
            by_source[source].append(probes[target])
        longest = max(len(t) for t in by_source.values())
        for start in range(0, longest, BATCH):  # first batches of all nodes first: every node is seen early
            batches += [(probes[n], t[start:start + BATCH]) for n, t in by_source.items() if t[start:start + BATCH]]
        red, enough, lock = [0], max(2 * AGAIN, 2 * len(probes)), threading.Lock()

        def ask(batch: tuple[Probe, list[Probe]]) -> list[Answer]:
            source, targets = batch
            if red[0] > enough:
                return []
            found = self._batch(source, targets)
            with lock:
                red[0] += sum(1 for a in found if a.error)
            return found

        answers = [a for found in ctx.in_parallel(ask, batches, workers=4) for a in found]
        if red[0] > enough:
            ctx.observe(stopped_early=f"after {len(answers)} answers, as {red[0]} were wrong")
        return answers

    def _batch(self, source: Probe, targets: list[Probe]) -> list[Answer]:
        """The answers to one request to a probe; none when it cannot be asked."""
        shell = self._asked.one(source, lambda: source.shell(script([t.ip for t in targets]), timeout=13.0))
        return judge(source, targets, shell.output, shell.error) if shell else []

    def _udp(self, ctx: Context, probes: dict[str, Probe], asked: list[Pair]) -> list[Answer]:
        chosen = asked if len(probes) <= ALL_DATAGRAMS else ring(sorted(probes))
        answers = ctx.in_parallel(lambda pair: self._dial(probes, pair, "udp"), chosen, workers=4)
        return [a for a in answers if a]

    def _dial(self, probes: dict[str, Probe], pair: Pair, variant: str) -> Answer | None:
        """One small question over a pair, with the error text of the probe's own socket."""
        source, target = probes[pair[0]], probes[pair[1]]
        port, protocol = (UDP_PORT, "udp") if variant == "udp" else (HTTP_PORT, "http")
        got = self._asked.one(source, lambda: source.dial(target.ip, port, request="hostname", protocol=protocol))
        if got is None:
            return None
        if got.responses == [target.pod]:
            error = ""
        else:
            error = listed(got.errors, 1) or f"answered by {listed(got.responses, 1)!r}, not by {target.pod}"
        return Answer(*pair, variant, error, got.seconds)

    def _again(self, ctx: Context, probes: dict[str, Probe], red: list[Answer]) -> list[Answer]:
        """Ask failed pairs once more: one lost packet is not a broken network."""
        def ask(answer: Answer) -> Answer:
            if answer.variant != "large":
                return self._dial(probes, (answer.source, answer.target), answer.variant) or answer
            return (self._batch(probes[answer.source], [probes[answer.target]]) or [answer])[-1]

        return ctx.in_parallel(ask, red[:AGAIN], workers=4) + red[AGAIN:]

    def _claim(self, ctx: Context, probes: dict[str, Probe], answers: list[Answer], variant: str) -> None:
        """Every answer of this variant is right, if need be at the second try; all are recorded."""
        mine = [a for a in answers if a.variant == variant]
        first_red = [a for a in mine if a.error]
        final = {(a.source, a.target): a for a in mine}
        final |= {(a.source, a.target): a for a in self._again(ctx, probes, first_red)}
        for a in final.values():
            ctx.see(kind="pod", from_node=a.source, to_node=a.target, target=probes[a.target].ip, variant=a.variant,
                    ok=not a.error, error=a.error, seconds=a.seconds)
        red = [a for a in final.values() if a.error]
        for a in red:
            for node in (a.source, a.target):
                ctx.touches("Node", node)
        ctx.expect(not red, f"{len(red)} of {len(final)} pairs of nodes fail ({variant}): "
                   + listed(f"{a.source} -> {a.target}: {a.error}" for a in red), failed=variant, **spread(red))
        if first_red:
            ctx.warn(f"{len(first_red)} of {len(final)} pairs answered only at the second try ({variant}): "
                     + listed(f"{a.source} -> {a.target}: {a.error}" for a in first_red))

    def _closed(self, ctx: Context, probes: dict[str, Probe]) -> None:
        """The negative: a port where nothing listens must not answer, on any pod."""
        nodes = sorted(probes)
        around = ring(nodes, 1)[:len(nodes)]

        def ask(pair: Pair) -> Answer | None:
            source, target = probes[pair[0]], probes[pair[1]]
            got = self._asked.one(source, lambda: source.dial(target.ip, CLOSED_PORT, request="hostname"))
            if got is None:
                return None
            error = f"port {CLOSED_PORT} answered {listed(got.responses, 1)!r}" if got.responses else ""
            return Answer(*pair, "closed", error, got.seconds)

        answers = [a for a in ctx.in_parallel(ask, around, workers=4) if a]
        for a in answers:
            ctx.see(kind="pod", from_node=a.source, to_node=a.target, target=probes[a.target].ip, variant="closed",
                    ok=not a.error, error=a.error, seconds=a.seconds)
        red = [a for a in answers if a.error]
        ctx.expect(not red, "something answers in place of pods: " + listed(
            f"{a.source} -> {a.target}: {a.error}" for a in red))

    def _report(self, ctx: Context, answers: list[Answer]) -> None:
        """The slowest small question; ctx.observe how much was covered."""
        crossing = [a for a in answers if a.variant == "small" and a.source != a.target and not a.error]
        ctx.observe(nodes=len({a.source for a in answers}), pairs=len(crossing))
        if not crossing:
            return
        slowest = max(crossing, key=lambda a: a.seconds)
        ctx.measure("slowest pod-to-pod answer", slowest.seconds * 1000, "ms")
        if slowest.seconds > ctx.options.get("slow_pair", 1.0):
            ctx.warn(f"{slowest.source} -> {slowest.target} took {slowest.seconds:.1f} s")
