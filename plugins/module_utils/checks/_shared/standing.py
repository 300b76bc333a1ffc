# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pod of ours that has no controller, and that others may end before it is done: it is made again, as a controller would.

The taint manager takes pods off a node whose taint has just gone, as it hears of that later than the scheduler; autoscalers and upgrades
drain nodes; machines of the spot market go; a kubelet that is short of something evicts, and one that has just started refuses some.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...common.names import RUN
from ...kube.errors import ApiError
from ...kube.kinds import path_of
from .optional import optional_get
from .placing import Placing

if TYPE_CHECKING:
    from ...engine.context import Context

# How often it is made again.
AGAIN = 3
# Why a pod that had its time is ended: that time is ours.
_OURS = "DeadlineExceeded"
# Reasons of events of who ends pods: the taint manager, the API of evictions, the scheduler.
_ENDS = ("TaintManagerEviction", "Evicted", "Preempted")


def refused(pod: Mapping[str, Any]) -> bool:
    """Whether its kubelet ended it, or never began it; how its own containers end is another thing."""
    status = pod.get("status") or {}
    return status.get("phase") == "Failed" and status.get("reason", _OURS) != _OURS


def why_ended(pod: Mapping[str, Any], event: str = "") -> str:
    """What is said of a pod that was ended: its own status, by whom it was disrupted, or an event."""
    status, node = pod.get("status") or {}, (pod.get("spec") or {}).get("nodeName")
    target = next((c for c in status.get("conditions") or () if c.get("type") == "DisruptionTarget"), {})
    said = status if status.get("reason") else target
    words = ": ".join(str(said[k]) for k in ("reason", "message") if said.get(k)) or event or "deleted"
    return f"on {node}: {words}" if node else words


class Standing:
    """One such pod in the run namespace. create(times) makes it, which was made so often before; ended: how it was each time, also in what
    was observed, as ROLE_ended by the first word of its name."""

    def __init__(self, ctx: Context, name: str, create: Callable[[int], Any]):
        self._ctx, self.name, self._create = ctx, name, create
        self._last: dict[str, Any] = {}  # as it was when it was there last, since it was made
        self._past: set[str] = set()
        self.ended: list[str] = []
        self.placing = Placing(ctx, [name])

    def create(self) -> None:
        self._last = {}
        self._create(len(self.ended))

    def now(self, items: Mapping[Any, Any]) -> dict[str, Any]:
        """The pod as the watch has it; empty while there is none, and where that is one of before still."""
        pod: dict[str, Any] = items.get((self._ctx.namespace, self.name)) or {}
        return {} if (pod.get("metadata") or {}).get("uid") in self._past else pod

    def lost(self, items: Mapping[Any, Any]) -> bool:
        """Whether it was there and is not, or was refused by its kubelet and may be made again. Asks nobody: it is for waits on the watch."""
        pod = self.now(items)
        self._last = pod or self._last
        return len(self.ended) < AGAIN and refused(pod) if pod else bool(self._last)

    def renew(self) -> bool:
        """Make it again where it was ended, and whether it was. One that kubelets refuse each time stays as it is at last; inconclusive where
        others end it each time."""
        items = self._ctx.watch("pods").items()
        pod, lost = self.now(items), self.lost(items)
        if pod and not lost:
            return False
        if not pod and not self._absent():
            self._last = {}  # the watch does not tell it yet, or not at the moment
            return False
        self.ended.append(why_ended(self._last, self._event()))
        self._ctx.observe(**{f"{self.name.partition('-')[0]}_ended": list(self.ended)})
        if len(self.ended) > AGAIN:
            self._ctx.inconclusive(f"pod {self.name} was ended by others {len(self.ended)} times before it was done, the last time "
                                   f"{self.ended[-1]}: keep those that delete pods from those labelled {RUN}")
        self._past.update(filter(None, [(self._last.get("metadata") or {}).get("uid")]))
        if pod:
            self._ctx.delete("Pod", self.name)
        self.create()
        return True

    def _event(self) -> str:
        """The last word of who ends pods, where the pod was gone before its status told it."""
        found = optional_get(self._ctx, f"/api/v1/namespaces/{self._ctx.namespace}/events", {"fieldSelector": f"involvedObject.name={self.name}"})
        told = [f"{e['reason']}: {e.get('message', '')}" for e in (found or {}).get("items") or () if e.get("reason") in _ENDS]
        return told[-1] if told else ""

    def wait(self, found: Callable[[dict[Any, Any]], Any], what: str, seconds: float) -> Any:
        """As Placing.wait; the pod is made again meanwhile where it was ended."""
        end = time.monotonic() + seconds
        while True:
            self.placing.wait(lambda items: self.lost(items) or found(items), what, max(0.0, end - time.monotonic()))
            if not self.renew() and (got := found(self._ctx.watch("pods").items())):
                return got

    def _absent(self) -> bool:
        """Whether it is gone for the API server, too, as soon as that can be asked."""
        def told() -> str:
            try:
                self._ctx.client.quiet.get(path_of("v1", "Pod", self._ctx.namespace, self.name))
            except ApiError as e:
                if e.status != 404:
                    raise
                return "gone"
            return "there"

        return bool(self._ctx.until(told, f"the API server says whether pod {self.name} is there", every=1.0) == "gone")
