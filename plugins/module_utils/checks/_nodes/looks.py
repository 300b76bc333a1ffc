# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looking at all nodes, and once more where something is unmet: nodes join, leave, and restart their kubelets."""
from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ...common import nodes as common
from ...common.nodes import condition
from ...common.selectors import matches
from ...engine.errors import StepFailed
from ...kube import listing
from .._shared.at_work import leaving
from .._shared.nodes import Node, moment
from .claims import pressure, registered, why_not_ready
from .lease import LEASE_AGE, Beat, beat_of, clock_trouble, lease_trouble, slow

if TYPE_CHECKING:
    from ...engine.context import Context

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
# Seconds until the second look: every living kubelet has renewed its Lease by then (10 s, up to 4 % more by chance), and a
# machine that its cloud took away is no longer among the nodes.
AGAIN = 12.0
# A node that registers is not Ready before its network is there, 30 to 60 s later; one that is younger than YOUNG seconds is
# told of only when it is unmet for JOINING seconds.
YOUNG, JOINING = 300.0, 60.0
# Seconds that the clocks of the API server and the controller may differ: a laptop's may be off by some. Machines that were
# all reverted to a snapshot agree with each other, and this alone shows that they are late.
CONTROLLER_OFF = 30.0

Troubles = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Look:
    """The nodes to be judged by name, the last renewals of their Leases, the API server's time, and how many seconds the
    controller's clock was ahead of that."""

    nodes: dict[str, Node]
    beats: dict[str, Beat]
    now: datetime
    here: float = 0.0


class _Dated:
    """A client whose first answer tells the time: what a list says is never newer than that."""

    def __init__(self, client: Any):
        self._client, self.now, self.here = client, None, 0.0
        self.server = getattr(client, "server", "")

    def request(self, _method: str, path: str, **more: Any) -> Any:
        body, headers = self._client.get(path, with_headers=True, **more)
        here = time.time()
        if self.now is None:
            date = moment(next((v for k, v in headers.items() if k.lower() == "date"), None))
            self.now = date or datetime.fromtimestamp(here, timezone.utc)
            self.here = here - self.now.timestamp()
        return body


def stands(ctx: Context, node: Node) -> bool:
    """Whether what the node says of itself is judged: there is a machine behind it, and nobody left it out."""
    return not common.virtual(node) and matches(ctx.fleet.choice.selector, common.labels(node))


def look(ctx: Context) -> Look:
    """Nodes that joined since the run began are none of it. Leases first: they can only be older than the nodes."""
    client = _Dated(ctx.client)
    found = listing.read(client, LEASES).items
    beats = {i["metadata"]["name"]: beat for i in found if (beat := beat_of(i, client.now))}
    joined = set(ctx.fleet.joined())
    nodes = {name: n for name, n in sorted(ctx.fleet.nodes.items()) if name not in joined and stands(ctx, n)}
    return Look(nodes, beats, client.now, client.here)


# ---- claims that may be met a moment later --------------------------------------------------------------------------
def _reports(name: str, now: Look) -> bool:
    """Whether a node without any Lease sends its status as often instead, which counts as much for the node controller."""
    told = moment(condition(now.nodes[name], "Ready").get("lastHeartbeatTime"))
    return name not in now.beats and told is not None and (now.now - told).total_seconds() <= LEASE_AGE


_CLAIMS: dict[str, Callable[[str, Look, Look | None], str]] = {
    "ready": lambda name, now, _before: why_not_ready(now.nodes[name]),
    "lease": lambda name, now, before: "" if _reports(name, now) else lease_trouble(
        now.beats.get(name), before and before.beats.get(name)),
    "clock": lambda name, now, before: clock_trouble(now.beats.get(name), before and before.beats.get(name)),
    "pressure": lambda name, now, _before: pressure(now.nodes[name]),
}


def troubles(now: Look, before: Look | None = None) -> Troubles:
    """What is unmet, by claim and node."""
    out: Troubles = {}
    for claim, why in _CLAIMS.items():
        out[claim] = {name: text for name in now.nodes if (text := why(name, now, before))}
    return out


def _names(found: Troubles) -> set[str]:
    return {name for bad in found.values() for name in bad}


def _both(found: Troubles, before: Troubles, last: Look, first: Look) -> Troubles:
    """What is unmet at both looks. A Lease that is too old now, and was not renewed in between, is one trouble all the time."""
    return {claim: {n: why for n, why in bad.items() if n in before[claim] or (claim == "lease" and _as_it_was(n, last, first))}
            for claim, bad in found.items()}


def _as_it_was(name: str, last: Look, first: Look) -> bool:
    """Whether the Lease was not renewed between the looks."""
    one, two = first.beats.get(name), last.beats.get(name)
    return one is not None and two is not None and one.renewed == two.renewed


@dataclass
class Settled:
    """The last look, and what was unmet at the first and at the last.

    Worth a word, by node: going, nodes in trouble that others take away; joining, young nodes that were unmet at first and
    are well; passing, others that were unmet at one look only.
    """

    look: Look
    unmet: Troubles
    going: dict[str, str]
    joining: dict[str, str]
    passing: dict[str, str]

    @property
    def judged(self) -> dict[str, Node]:
        return {name: n for name, n in self.look.nodes.items() if name not in self.going}


def _pause(ctx: Context, seconds: float) -> None:
    with contextlib.suppress(StepFailed):
        ctx.until(lambda: False, "a second look", seconds + 0.5, every=0.5)


def _going(first: Look, found: Troubles) -> dict[str, str]:
    """Nodes with a trouble that is of their leaving, and who takes them."""
    return {name: who for name in sorted(_names(found)) if (who := leaving(first.nodes[name]))}


def settle(ctx: Context, first: Look) -> Settled:
    """A node that is gone by now is nobody's trouble; an old one that is unmet twice is told at once, a young one later."""
    at_first = troubles(first)
    young = {n for n in first.nodes if registered(first.nodes[n], first.now) < YOUNG}
    last, unmet, seen = first, at_first, at_first
    waited = 0.0
    while _names(unmet) - set(_going(last, unmet)) and waited < JOINING:
        if waited and not _names(unmet) - set(_going(last, unmet)) <= young:
            break
        _pause(ctx, AGAIN)
        waited += AGAIN
        last = look(ctx)
        seen = troubles(last, first)
        unmet = _both(seen, at_first, last, first)
    going = _going(last, seen)
    unmet = {claim: {n: why for n, why in bad.items() if n not in going} for claim, bad in unmet.items()}
    return Settled(last, unmet, going, *_told(last, first, at_first, seen, unmet, going, young))


def _told(last: Look, first: Look, at_first: Troubles, seen: Troubles, unmet: Troubles, going: dict[str, str],
          young: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """(joining, passing) of nodes that are there and stay."""
    joining: dict[str, str] = {}
    passing: dict[str, str] = {}
    for claim in at_first:
        for name in sorted((set(at_first[claim]) | set(seen[claim])) - set(unmet[claim]) - set(going)):
            if name in last.nodes:
                words = at_first[claim].get(name) or seen[claim][name]
                words = _of_clock(name, words, last, first) if claim == "clock" else f"{words}, at one of two looks"
                if words:
                    (joining if name in young else passing).setdefault(name, words)
    return joining, passing


def _of_clock(name: str, words: str, last: Look, first: Look) -> str:
    """A clock that looked off once was a renewal under way, which is worth a word when the next one was, too."""
    if _as_it_was(name, last, first):
        return f"{words}, by one renewal of its Lease"
    return slow(last.beats[name], first.beats[name])
