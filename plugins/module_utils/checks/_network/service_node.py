# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One node's view of our Services: asked with one request where all is well, and again while it may only be late."""
from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...kube.transport import TransportError
from .._shared.news import LAG
from .._shared.text import listed
from .service_questions import BATCH, HTTP_PORT, PORT, Question, Reply, longest, nobody, parse, script, stranger

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...engine.probes import Probe

# Seconds between two tries of a node that may only be late: the first pause, and the longest.
_PAUSES = 0.3, 3.0


def tries(backends: int) -> int:
    """Connections after which random balancing has met all backends, but for a chance of about 1e-6."""
    return math.ceil(2 * backends * math.log(max(backends, 1))) + 30


@dataclass
class Heard:
    """What a node got from Services with pods; errors are empty where all is well.

    vip: from the Service's address; sticky: from that with session affinity; family: from its address of the other family.
    direct: whether a pod of another node answered by its own address. seconds: until the first answer, None without.
    lost: connections that failed at the first try and not at the second.
    """

    vip: str = ""
    sticky: str = ""
    family: str = ""
    direct: bool = False
    seconds: float | None = None
    lost: int = 0


@dataclass
class Followed:
    """What a node made of a change. stale: who still answers where nobody should; silent: nobody does, and nothing refuses;
    back: the error of the Service that got pods; seconds: until its first answer."""

    stale: str = ""
    silent: bool = False
    back: str = ""
    seconds: float | None = None


class NodeView:
    """The questions of one probe. changed: when the Services became as they are now (time.monotonic seconds).
    restricted: whether policies may keep our pods from each other, so that waiting does not help where they do."""

    def __init__(self, ctx: Context, probe: Probe, backends: list[Probe], changed: float, restricted: bool = False):
        self.ctx, self.probe, self.backends, self.changed, self.restricted = ctx, probe, backends, changed, restricted
        self._pods, self._late = [b.pod for b in backends], 0
        # A pod that asks itself shows nothing of the network.
        self._other = next((b for b in backends if b.node != probe.node), backends[0])

    def _ask(self, *questions: Question) -> dict[str, Reply]:
        shell = self.probe.shell(script(questions), timeout=longest(questions))
        found = parse(shell.output, shell.error)
        said = " ".join(shell.output.split())[:200] or shell.error or "nothing"
        return {q.name: found.get(q.name) or Reply(said=f"no answer from the probe's shell: {said}") for q in questions}

    def _dialled(self, name: str, host: str, port: int = PORT, count: int = 1) -> Reply:
        return self._sure(self._ask(Question(name, "dial", host, port, count))[name])

    def _sure(self, reply: Reply) -> Reply:
        if not reply.asked:
            raise TransportError(f"pod {self.probe.pod}: its own server did not ask for it: {reply.said or 'no answer'}")
        return reply

    def _in_time(self) -> bool:
        """Whether there is time for another try, after a moment that grows: a node that is late costs few requests."""
        if time.monotonic() > self.changed + LAG or self.ctx.left() < 5.0:
            return False
        time.sleep(min(_PAUSES[1], _PAUSES[0] * 2 ** self._late))
        self._late += 1
        return True

    def _first(self, reply: Reply) -> str:
        """The error of a first answer; empty where one of our pods gave it."""
        if reply.first in self._pods:
            return ""
        return reply.said or "an empty answer" if reply.first is None else f"answered by {reply.first!r}, none of its pods"

    # ---- while there are pods ---------------------------------------------------------------------------------
    def reach(self, vip: str, sticky: str, family: str) -> Heard:
        """Until all answer as they should, or LAG has passed; also who of the pods answers by its own address."""
        heard = Heard()
        todo = {"vip": Question("vip", "both", vip, tries=BATCH), "sticky": Question("sticky", "both", sticky, tries=BATCH),
                "pod": Question("pod", "dial", self._other.ip, HTTP_PORT)}
        if family:
            todo["family"] = Question("family", "get", family)
        direct: dict[str, Reply] = {}
        while todo:
            replies = self._ask(*todo.values())
            if "pod" in replies:
                direct[self._other.pod] = replies["pod"]
                heard.direct = self._other.pod in replies["pod"].pods
                del todo["pod"]
            for name in [n for n in ("vip", "sticky", "family") if n in todo]:
                error = self._first(replies[name])
                setattr(heard, name, error)
                if not error:
                    del todo[name]
                    self._further(name, sticky if name == "sticky" else vip, replies[name], heard)
            if todo and ((self.restricted and not heard.direct) or not self._in_time()):
                break
        if heard.vip and heard.seconds is not None:  # some came through: only as many connections to the pods tell it from loss
            self._direct(self.backends, {}, BATCH)
        else:
            self._direct(self.backends if heard.vip else [self._other], direct)
        return heard

    def _further(self, name: str, host: str, reply: Reply, heard: Heard) -> None:
        """After the first answer: all pods are met, or just one is."""
        if name == "vip":
            heard.seconds = time.monotonic() - self.changed
            heard.vip = self._meets_all(host, reply, heard)
        elif name == "sticky":
            heard.sticky = self._stays(host, reply, heard)

    def _meets_all(self, vip: str, reply: Reply, heard: Heard) -> str:
        """Connect until every pod has answered; the error, or an empty text. Of two batches with lost connections the second
        one counts: one lost packet is no broken Service."""
        wanted, seen, left, failed = {b.pod: b.node for b in self.backends}, set[str](), tries(len(self.backends)), False
        while True:
            self._sure(reply)
            count = len(reply.pods) + len(reply.errors)
            left -= count
            if reply.errors and failed:
                return f"{len(reply.errors)} of {count} connections failed: {listed(reply.errors, 1)}"
            if wrong := stranger(reply.pods, wanted):
                return wrong
            seen |= set(reply.pods)
            heard.lost += len(reply.errors)
            failed = failed or bool(reply.errors)
            if wanted.keys() <= seen and not reply.errors:
                return ""
            if left <= 0 and not reply.errors:
                missed = listed(wanted[m] for m in sorted(wanted.keys() - seen))
                return f"{tries(len(self.backends))} connections never reached the pod on {missed}"
            reply = self._dialled("vip", vip, count=BATCH)

    def _stays(self, sticky: str, reply: Reply, heard: Heard) -> str:
        self._sure(reply)
        if reply.errors:
            heard.lost += len(reply.errors)
            reply = self._dialled("sticky", sticky, count=BATCH)
        if reply.errors:
            return f"{len(reply.errors)} of {BATCH} connections failed: {listed(reply.errors, 1)}"
        return f"{len(set(reply.pods))} pods answered one client" if len(set(reply.pods)) > 1 else ""

    def _direct(self, backends: list[Probe], known: Mapping[str, Reply], count: int = 1) -> None:
        """The pods by their own addresses, so many times, to tell the Service's fault from the network's. What `known` has of
        a failure is asked again."""
        replies = {pod: r for pod, r in known.items() if list(r.pods) == [pod]}
        missing = [b for b in backends if b.pod not in replies]
        if missing:
            replies |= self._ask(*(Question(b.pod, "dial", b.ip, HTTP_PORT, count) for b in missing))
        for b in backends:
            r = self._sure(replies[b.pod])
            self.ctx.see(kind="service", from_node=self.probe.node, to_node=b.node, target=f"{b.ip}:{HTTP_PORT}", variant="pod",
                         ok=set(r.pods) == {b.pod} and not r.errors,
                         error=listed(r.errors, 1) or stranger(r.pods, [b.pod]))

    # ---- after a change ---------------------------------------------------------------------------------------
    def follow(self, empty: str, filled: str) -> Followed:
        """Until the address that lost its pods refuses and that which got them answers, or LAG has passed."""
        out = Followed()
        todo = {"empty": Question("empty", "dial", empty), "filled": Question("filled", "get", filled)}
        while todo:
            replies = self._ask(*todo.values())
            if "empty" in todo:
                reply = self._sure(replies["empty"])
                gone = nobody(reply)
                out.stale = "" if gone or not reply.pods else f"{listed(reply.pods, 1)} still answers"
                out.silent = not gone and not reply.pods
                if gone:
                    del todo["empty"]
            if "filled" in todo:
                out.back = self._first(replies["filled"])
                if not out.back:
                    out.seconds = time.monotonic() - self.changed
                    del todo["filled"]
            if todo and not self._in_time():
                break
        return out
