# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What comes back from a load balancer's address, asked from outside the cluster."""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._shared import policies
from .._shared.text import url_host
from .address import Address
from .makers import metallb
from .outside import Heard, inside, networks, node_addresses
from .status import Statuses

if TYPE_CHECKING:
    from ...engine.context import Context
    from .outside import Controller, Probe

PORT = 80
# Answers in a row that are taken for steady, and questions after which a pod that never answered never will.
STEADY, ASKS = 10, 60
# Answers in a row that are none of ours, after which an address is taken to be silent.
SILENT = 3
_PAUSE, _NAME_PAUSE = 0.5, 10.0
# A name that is asked for too early is remembered as one that does not exist, for a minute or longer.
_NAME_FIRST = 15.0
# Nodes that are asked by their own address, to tell the balancer from the way to the cluster.
NODES = 4


@dataclass
class Way:
    """A load balancer of ours, and who asks it. pods: names of those behind it. node_port: that of the Service, 0 for none.
    sure: whether the inventory says that it can be reached from where it is asked.
    """

    ctx: Context
    statuses: Statuses
    who: Controller | Probe
    address: Address
    pods: frozenset[str]
    node_port: int = 0
    sure: bool = False
    own: str = ""

    @property
    def target(self) -> str:
        return f"{url_host(self.address.host)}:{PORT}"

    def ask(self, path: str = "/hostname") -> Heard:
        heard = self.who.ask(self.address.host, PORT, path)
        self.own = heard.own or self.own
        self.statuses.look()
        return heard

    def see(self, variant: str, error: str = "", node: str = "", target: str = "", seconds: float | None = None) -> None:
        self.ctx.see(kind="balancer", variant=variant, to_node=node, target=target or self.target, ok=not error, error=error,
                     seconds=seconds)

    def from_inside(self) -> bool:
        """Whether the asker is a node or a pod of this cluster."""
        return bool(self.own) and inside(self.own, networks(self.ctx))

    # ---- that our pods answer ---------------------------------------------------------------------------------
    def reach(self, seconds: float) -> None:
        """Until at least two of the pods answer, steadily; of a single one that one."""
        start, need = time.monotonic(), min(2, len(self.pods))
        if self.address.name:
            time.sleep(min(_NAME_FIRST, seconds / 4))
        seen: set[str] = set()
        asked = row = 0
        first = 0.0
        heard = Heard("", "not asked")
        while time.monotonic() - start < seconds and self.ctx.left() > 5.0:
            heard = self.ask()
            asked += bool(first)
            if heard.text in self.pods:
                first = first or time.monotonic() - start
                seen.add(heard.text)
                row += 1
                if row >= STEADY and (len(seen) >= need or asked >= ASKS):
                    break
                continue
            row = 0
            time.sleep(_NAME_PAUSE if heard.unresolved else _PAUSE)
        if not first:
            self._silent(heard, time.monotonic() - start)
        self._several(seen, need, row, heard)
        self.see("outside", seconds=first)
        self.ctx.measure("our pods answer behind the address after", first, "s")

    def _several(self, seen: set[str], need: int, row: int, last: Heard) -> None:
        if len(seen) < need:
            error = f"only {len(seen)} of {len(self.pods)} pods answered"
            self.see("spread", error)
            self.ctx.fail(f"behind {self.target} {error}, asked {ASKS} times from {self.who.words}", answered=sorted(seen))
        if row < STEADY:
            self.see("outside", last.error or last.text)
            self.ctx.fail(f"{self.target} answered from {self.who.words}, and then not {STEADY} times in a row: "
                          f"{_wrong(last)}")

    def _silent(self, heard: Heard, seconds: float) -> None:
        """It does not answer as it should: fail, or say that nothing is proved where nothing of the cluster can be reached."""
        error = _wrong(heard)
        self.see("outside", error)
        nodes = self.nodes() if not heard.text else {}
        what = f"{self.target} does not lead to our pods from {self.who.words} within {seconds:.0f} s: {error}"
        observed = {"asked_from": self.who.words, "asker": self.own, "metallb": metallb(self.ctx),
                    "nodes_answer": {n: not e for n, e in nodes.items()}}
        if heard.text or heard.refused or heard.unresolved or self.sure or any(not e for e in nodes.values()):
            self.ctx.fail(what, **observed)
        policies.excuse(self.ctx, what, whole=False, allow="traffic to the run's pods from outside")
        self.ctx.inconclusive(f"{what}, and no node's port answers there either, so that the load balancer may be one that "
                              "cannot be reached from there: name a probe that stands where its clients are "
                              "(outside_probe_url), or set asked_from to controller where it must be reached", **observed)

    def nodes(self) -> dict[str, str]:
        """The same pods by the Service's port at some nodes' own addresses, from the same place: error by node."""
        out = {}
        for node, address in list(node_addresses(self.ctx).items())[:NODES] if self.node_port else ():
            heard = self.who.ask(address, self.node_port)
            out[node] = "" if heard.text in self.pods else _wrong(heard)
            self.see("node_port", out[node], node, f"{url_host(address)}:{self.node_port}")
        return out

    # ---- that they do not -------------------------------------------------------------------------------------
    def silent(self, seconds: float) -> tuple[bool, Heard]:
        """(whether our pods cease to answer in this time, the last answer)."""
        end, row = time.monotonic() + seconds, 0
        heard = Heard()
        while row < SILENT:
            heard = self.ask()
            row = 0 if heard.text in self.pods else row + 1
            if row < SILENT and (time.monotonic() > end or self.ctx.left() < 5.0):
                return False, heard
            if row == 0:
                time.sleep(_PAUSE)
        return True, heard

    def back(self, seconds: float) -> bool:
        """Whether our pods answer again in this time."""
        end = time.monotonic() + seconds
        while self.ask().text not in self.pods:
            if time.monotonic() > end or self.ctx.left() < 5.0:
                return False
            time.sleep(_PAUSE)
        return True


def _wrong(heard: Heard) -> str:
    """What is wrong with an answer that is none of our pods'."""
    return heard.error or f"answered by {heard.text[:80]!r}, none of our pods"
