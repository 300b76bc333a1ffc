# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is to be pulled, and which of it goes into one pod: images of one registry for one node, one container each."""
from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from .references import Reference
from .result import Result

# A kubelet sends at most 25 events of one pod (client-go's filter against spam), and a pull makes four: Pulling, Pulled,
# Created and Failed. By them alone it tells how each image came: the states of containers come when it has been through all.
MOST = 6
# Of what a node's list has, no event is needed.
MOST_KNOWN = 20
# In place of a registry: what the node's list has asks none.
KNOWN = ""


@dataclass
class Work:
    """One image for one node. begun, ended: of time.monotonic(); ended: when its end was seen first.

    ran: what admission made of the image, where that is another one; asked: admission made the pull policy Always.
    known: no registry need be asked, as the node's list had it before anything was pulled.
    alone: it failed beside others, or was refused with them.
    """

    node: str
    image: Reference
    attempt: int = 1
    not_before: float = 0.0
    known: bool = False
    alone: bool = False
    container: str = ""
    ended: float = 0.0
    ran: str = ""
    asked: bool = False

    @property
    def lane(self) -> str:
        return KNOWN if self.known and not self.alone else self.image.registry


@dataclass
class Batch:
    """One pod. open: works whose end is not known yet, in the kubelet's order, which is one after the other; told: the others'
    results. since: when the first of `open` may have begun."""

    pod: str
    node: str
    lane: str
    begun: float
    open: list[Work]
    since: float = 0.0
    told: list[tuple[Work, Result]] = field(default_factory=list)
    looked: float = 0.0
    seen: tuple[int, int] = (0, 0)
    throttled: bool = False  # the registry asked for peace: the kubelet would go on with the next image


class Queue:
    """What waits, by node and lane, in the order in which it was named; what is tried again comes when its pause is over."""

    def __init__(self) -> None:
        self._nodes: dict[str, dict[str, deque[Work]]] = {}
        self._later: list[Work] = []
        self.count = 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Work]:
        for lanes in self._nodes.values():
            for works in lanes.values():
                yield from works
        yield from self._later

    def add(self, work: Work) -> None:
        self.count += 1
        if work.not_before:
            self._later.append(work)
        else:
            self._ready(work)

    def _ready(self, work: Work) -> None:
        work.not_before = 0.0
        self._nodes.setdefault(work.node, {}).setdefault(work.lane, deque()).append(work)

    def wake(self, now: float) -> None:
        due = [w for w in self._later if w.not_before <= now]
        if due:
            self._later = [w for w in self._later if w.not_before > now]
            for work in due:
                self._ready(work)

    def nodes(self) -> list[str]:
        """Those for which something could begin."""
        return [n for n, lanes in self._nodes.items() if any(lanes.values())]

    def lanes(self, node: str) -> list[str]:
        return [lane for lane, works in self._nodes.get(node, {}).items() if works]

    def take(self, node: str, lane: str, at_once: int, lane_now: int) -> list[Work]:
        """For one pod: as many as it may have, and no more than leave something for the others of `at_once` pods.

        lane_now: how many pulls its registry may have at once by now. A pod has no more, so that the first are single ones.
        """
        works = self._nodes[node][lane]
        most = MOST_KNOWN if lane == KNOWN else min(MOST, lane_now, math.ceil(len(works) / at_once))
        out = [works.popleft()]
        while works and len(out) < most and not out[0].alone and not works[0].alone:
            out.append(works.popleft())
        self.count -= len(out)
        return out

    def drop(self, node: str) -> list[Work]:
        """All of a node, which do not wait any more."""
        out = [w for works in self._nodes.pop(node, {}).values() for w in works] + [w for w in self._later if w.node == node]
        self._later = [w for w in self._later if w.node != node]
        self.count -= len(out)
        return out
