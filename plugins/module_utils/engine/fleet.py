# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The nodes of a cluster during one run: listed once, followed, and which of them are asked."""
from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..common import nodes as node_of
from ..common.selectors import Requirement, matches
from ..kube.errors import ApiError
from ..kube.watch import Watch, WatchTimeout
from .errors import Inconclusive

Object = dict[str, Any]
# Seconds until the first list of nodes is there; thousands take a few.
_FIRST_LOOK = 60.0
# Of a sample, the share that is for the newest nodes, and the share for the oldest: what differs is found there first.
_ENDS = 10


def _born(node: Object) -> tuple[str, str]:
    return str(node["metadata"].get("creationTimestamp") or ""), node_of.name(node)


def lot(name: str) -> str:
    """A node's place in the order of drawing, which stays from run to run, so that runs can be compared."""
    return hashlib.sha256(name.encode()).hexdigest()


def sample(nodes: Iterable[Object], size: int) -> list[Object]:
    """At most `size` of the nodes: one of each zone and pool first, then the newest and the oldest, then by lot."""
    everybody = list(nodes)
    if size <= 0 or len(everybody) <= size:
        return everybody
    by_age, by_lot = sorted(everybody, key=_born), sorted(everybody, key=lambda n: lot(node_of.name(n)))
    ends = max(1, size // _ENDS)
    one_each: dict[tuple[str, str, str], Object] = {}
    for node in by_lot:
        one_each.setdefault((node_of.zone(node), node_of.pool(node), node_of.labels(node).get("kubernetes.io/arch", "")), node)
    chosen: dict[str, Object] = {}
    for node in [*one_each.values(), *reversed(by_age[-ends:]), *by_age[:ends], *by_lot]:
        if len(chosen) == size:
            break
        chosen.setdefault(node_of.name(node), node)
    return list(chosen.values())


@dataclass(frozen=True)
class Choice:
    """Which nodes are to be asked. size: beyond so many a sample is; 0 for all."""

    selector: tuple[Requirement, ...] = ()
    size: int = 300

    def why_not(self, node: Object) -> str:
        """Why a node is left out; empty for one that may be asked."""
        return node_of.unfit(node) or ("validate_node_selector leaves it out" if self.selects_out(node) else "")

    def selects_out(self, node: Object) -> bool:
        """Whether the user's selector leaves it out, though it could be asked."""
        return not node_of.unfit(node) and not matches(self.selector, node_of.labels(node))

    def affinity(self) -> list[dict[str, Any]]:
        """matchExpressions of a node affinity for all nodes that are not left out."""
        return [*node_of.can_run_pods(), *(r.expression() for r in self.selector)]


@dataclass
class Fleet:
    """asked: names of nodes to be proved, as of the first look, sorted. left_out: name -> reason in words.

    known: False where our user may not list nodes; then the probes tell which there are, and `asked` is a sample of those or
    empty. sampled: "" or a few words.
    """

    choice: Choice = field(default_factory=Choice)
    watch: Watch | None = None
    known: bool = False
    asked: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    sampled: str = ""
    _first: frozenset[str] = frozenset()

    @property
    def nodes(self) -> dict[str, Object]:
        """All nodes as they are now, by name; shared, not to be changed."""
        return {name: node for (_space, name), node in self.watch.items().items()} if self.watch else {}

    def joined(self) -> list[str]:
        """Nodes that came after the first look."""
        return sorted(set(self.nodes) - self._first) if self.known else []

    def gone(self) -> list[str]:
        """Nodes of the first look that are no more."""
        return sorted(self._first - set(self.nodes)) if self.known else []

    def beyond_labels(self) -> list[str]:
        """Nodes, as of now, that can take no pod and that `Choice.affinity` leaves in: a taint alone says that they are virtual."""
        let_in = [Requirement(e["key"], e["operator"], tuple(e.get("values") or ())) for e in self.choice.affinity()]
        return sorted(n for n, item in self.nodes.items() if node_of.unfit(item) and matches(let_in, node_of.labels(item)))

    def there(self) -> list[str]:
        """The nodes to be proved that are still there."""
        return [n for n in self.asked if n in self.nodes] if self.known else list(self.asked)

    def take(self, nodes: Mapping[str, Object]) -> None:
        """The first look."""
        self.known, self._first = True, frozenset(nodes)
        fit = [n for n in nodes.values() if not self.choice.why_not(n)]
        self.left_out = {name: why for name, n in sorted(nodes.items()) if (why := self.choice.why_not(n))}
        chosen = sample(fit, self.choice.size)
        self.asked = sorted(node_of.name(n) for n in chosen)
        if len(chosen) < len(fit):
            self.sampled = f"{len(chosen):,} of {len(fit):,} nodes asked"

    def stop(self) -> None:
        if self.watch:
            self.watch.stop()


def lean(node: Object) -> Object:
    """A node as it is kept: names of images and managed fields are most of its text, and nothing here reads them."""
    meta = {k: v for k, v in node["metadata"].items() if k != "managedFields"}
    status = {k: v for k, v in (node.get("status") or {}).items() if k != "images"}
    return {**node, "metadata": meta, "status": status}


def follow(client: Any, choice: Choice, deadline: float) -> Fleet:
    """List the nodes and follow them. Inconclusive where the list does not come, a Fleet that knows none where it is refused."""
    watch = Watch(client, "/api/v1/nodes", None, name="nodes", strip=lean)
    watch.start()
    fleet = Fleet(choice, watch)
    try:
        (found,) = watch.wait(lambda items: (dict(items),), min(deadline, time.monotonic() + _FIRST_LOOK))
        fleet.take({name: node for (_space, name), node in found.items()})
        return fleet
    except WatchTimeout:
        watch.stop()
        raise Inconclusive("the list of nodes did not come in time") from None
    except ApiError as e:
        watch.stop()
        if e.status == 403:
            return Fleet(choice)
        raise Inconclusive(f"the nodes could not be listed: {e.message}") from e
