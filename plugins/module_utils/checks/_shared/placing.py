# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pods of ours that no node takes: they are waited for as long as that can help, by the words of the scheduler and of who adds nodes."""
from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...common import nodes as node_of
from ...engine.errors import StepFailed
from ...kube.errors import ApiError
from .optional import optional_get
from .tellers import teller

if TYPE_CHECKING:
    from ...engine.context import Context

# Seconds for which the scheduler says the same of a pod until nothing more is expected of it: as nodes change it looks again at once.
SAME = 12.0
# The same where an autoscaler may be at work that has said nothing yet: it looks every 10 s, in large clusters more rarely.
DECIDES = 60.0
# Reasons of events by which an autoscaler says of a pod that a node is to come, and that none is: Cluster Autoscaler, Karpenter.
_COMES = ("TriggeredScaleUp", "Nominated")
_REFUSES = ("NotTriggerScaleUp", "FailedScheduling")
_NO_AUTOSCALER = ("default-scheduler", "kubelet")
STATUS = "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status"
KARPENTER = "/apis/karpenter.sh"
# What is on its way with volumes: words of the scheduler's plug-ins volumebinding, volumerestrictions and nodevolumelimits (1.36).
_VOLUMES = re.compile(r"persistentvolumeclaim|persistent volumes to bind|free storage|max volume count|non-existent pv", re.I)
_NODES = re.compile(r"\btaint|were unschedulable")
# Taints that go by themselves: of conditions of a node, and of what is still to start on it.
_FOR_NOW = re.compile(r"node\.kubernetes\.io/(?!out-of-service)|node\.cloudprovider\.kubernetes\.io/|not-ready|uninitialized|unregistered|startup")


@dataclass(frozen=True)
class Stuck:
    """A pod, what the scheduler says of it, and for how many seconds it has."""

    pod: str
    words: str
    seconds: float


def words_of(pod: Mapping[str, Any] | None) -> str:
    """What the scheduler says of a pod that fits on no node; empty for any other pod, also for one that is held back by a gate."""
    if not pod or pod["metadata"].get("deletionTimestamp") or (pod.get("spec") or {}).get("nodeName"):
        return ""
    said = [c for c in (pod.get("status") or {}).get("conditions") or () if c.get("type") == "PodScheduled"]
    return next((str(c.get("message") or c["reason"]) for c in said
                 if c.get("status") == "False" and c.get("reason") == "Unschedulable"), "")


class Placing:
    """One wait for pods in the run namespace. over: why it ended before its time; empty while it has not."""

    def __init__(self, ctx: Context, names: Iterable[str]):
        self._ctx, self._names = ctx, list(names)
        self._since: dict[str, tuple[str, float]] = {}
        self._patience = SAME
        self.over = ""

    def wait(self, found: Callable[[dict[Any, Any]], Any], what: str, seconds: float) -> Any:
        """As Context.wait on pods; StepFailed also as soon as one of them has no node and none can be expected."""
        start = time.monotonic()
        while True:
            left = seconds - (time.monotonic() - start)
            got = self._ctx.wait("pods", lambda items: found(items) or self._stuck(items), what, seconds=max(0.0, left))
            if not isinstance(got, Stuck):
                return got
            if self._hopeless(got):
                raise StepFailed(f"{what}: {self.over}: {got.words}")

    def hopeless(self, pods: Iterable[Mapping[str, Any]]) -> bool:
        """Whether to go on waiting for these pods of the run namespace, as they are now, is of no use."""
        items = {(self._ctx.namespace, p["metadata"]["name"]): p for p in pods}
        self._names = [name for _space, name in items]
        stuck = self._stuck(items)
        return bool(stuck and self._hopeless(stuck))

    def _stuck(self, items: Mapping[Any, Any]) -> Stuck | None:
        """The first of the pods of which the scheduler has said the same for as long as there is patience."""
        now, out = time.monotonic(), None
        for name in self._names:
            words = words_of(items.get((self._ctx.namespace, name)))
            before = self._since.get(name)
            since = before[1] if before and before[0] == words else now
            self._since[name] = (words, since)
            if words and out is None and now - since >= self._patience:
                out = Stuck(name, words, now - since)
        return out

    def _hopeless(self, stuck: Stuck) -> bool:
        """Whether nothing can be expected; else there is more patience from here on."""
        if self._passes(stuck.words):
            self._patience = float("inf")
            return False
        told = self._autoscaler(stuck.pod)
        if told == "comes":
            self._patience = float("inf")
        elif told == "silent" and stuck.seconds < DECIDES:
            self._patience = min(DECIDES, stuck.seconds + SAME)
        else:
            self.over = f"no node takes pod {stuck.pod}, of which the scheduler says the same for {stuck.seconds:.0f} s"
        return bool(self.over)

    def _passes(self, words: str) -> bool:
        """Whether what the scheduler names goes by itself: a volume on its way, a node that is not Ready or being worked on."""
        if _VOLUMES.search(words):
            return True
        if not _NODES.search(words):
            return False
        fleet = self._ctx.fleet
        mine = [n for name, n in fleet.nodes.items() if name not in fleet.left_out]
        return any(_for_now(n) for n in mine) or (not fleet.known and bool(_FOR_NOW.search(words)))

    def _autoscaler(self, pod: str) -> str:
        """What one says of the pod: comes, refuses, silent; empty where none can be seen."""
        found = optional_get(self._ctx, f"/api/v1/namespaces/{self._ctx.namespace}/events", {"fieldSelector": f"involvedObject.name={pod}"})
        said = {str(e.get("reason")) for e in (found or {}).get("items") or () if teller(e) not in _NO_AUTOSCALER}
        if said & set(_COMES):
            return "comes"
        if said & set(_REFUSES):
            return "refuses"
        return "silent" if self._may_have_one() else ""

    def _may_have_one(self) -> bool:
        """Whether there is an autoscaler, or one may be hidden from us behind nodes of a pool."""
        try:
            self._ctx.client.quiet.get(STATUS)
            return True
        except ApiError as e:
            hidden = e.status != 404
        if optional_get(self._ctx, KARPENTER):
            return True
        return hidden and any(node_of.pool(n) for n in self._ctx.fleet.nodes.values())


def _for_now(node: Mapping[str, Any]) -> bool:
    """Whether a node that takes no pod at the moment may soon."""
    spec = node.get("spec") or {}
    taints = [str(t.get("key")) for t in spec.get("taints") or () if t.get("effect") != "PreferNoSchedule"]
    return bool(spec.get("unschedulable")) or not node_of.ready(node) or any(_FOR_NOW.search(t) for t in taints)
