# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Our StatefulSet in the cluster: its pods, their claims and volumes, and what the pods say of their data."""
from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ...common.nodes import zone as zone_of
from ...engine.errors import StepFailed
from ...kube.errors import ApiError
from ...kube.kinds import path_of
from ...kube.pods import image_trouble
from .._shared.optional import optional_get
from .._shared.placing import Placing
from .._shared.text import listed
from .._shared.waits import why
from .._storage.attachments import not_attached
from .._storage.hold import bound, hold
from .._storage.volumes import usable_on
from .classes import Plan, is_zone, usable
from .pods import digest, said, settled

if TYPE_CHECKING:
    from ...engine.context import Context

OPTION = "storage_check_zonal_classes"
# What provisioners say of a size below that of any volume of theirs; EC2: "Volume of 1GiB is too small; minimum is 125GiB."
_SMALL = re.compile(r"too small|(?:less|smaller) than (?:the )?minimum|below (?:the )?minimum|minimum (?:volume |disk )?size")
# Seconds between looks at what the StatefulSet is refused.
_LOOK = 8.0
# Seconds from pods that run to claims that say that they are bound.
_BOUND = 30.0


class TooSmall(StepFailed):
    """A provisioner makes no volume of this size; its words."""


def zones_of(volume: Mapping[str, Any]) -> list[str]:
    """The zones that a volume's node affinity names; empty where it names none."""
    terms = ((volume["spec"].get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or []
    return sorted({v for t in terms for e in t.get("matchExpressions") or () if is_zone(e["key"]) and e.get("operator") == "In"
                   for v in e.get("values") or () if v})


class ZonalSet:
    """zones, nodes, uids: of each pod as it was last seen ready. volumes: by pod. kept: names of volumes that stay."""

    def __init__(self, ctx: Context, name: str, one: Plan, limit: float):
        self.ctx, self.set_name, self.one, self.limit = ctx, name, one, limit
        self.names = [f"{name}-{i}" for i in range(len(one.zones))]
        self.zones: dict[str, str] = {}
        self.nodes: dict[str, str] = {}
        self.uids: dict[str, str] = {}
        self.volumes: dict[str, dict[str, Any]] = {}
        self.kept: list[str] = []

    def claim(self, pod: str) -> str:
        return f"data-{pod}"

    def create(self, manifest: dict[str, Any]) -> None:
        """Make it, and write down what it makes, so that it is found again whatever becomes of the run: its claims before, its
        pods after it, as they go in this order."""
        ctx = self.ctx
        for pod in self.names:
            ctx.adopt("PersistentVolumeClaim", self.claim(pod), namespace=ctx.namespace)
        ctx.create(manifest)
        for pod in self.names:
            ctx.adopt("Pod", pod, namespace=ctx.namespace)

    # ---- starting ---------------------------------------------------------------------------------------------
    def _ready(self, wanted: Iterable[str]) -> dict[str, dict[str, Any]]:
        """These pods, each Ready or at an end, none of them that of before; StepFailed names one that is not."""
        ctx, names, start = self.ctx, list(wanted), time.monotonic()
        placing = Placing(ctx, names)

        def found(items: dict[Any, Any]) -> dict[str, dict[str, Any]] | None:
            pods = {n: settled(items.get((ctx.namespace, n)), self.uids.get(n, "")) for n in names}
            stuck = [p for p in map(items.get, ((ctx.namespace, n) for n in names)) if p and image_trouble(p)]
            if stuck:
                return {p["metadata"]["name"]: p for p in stuck}
            return {n: p for n, p in pods.items() if p} if all(pods.values()) else None

        while time.monotonic() < start + self.limit and ctx.left() > 0 and not placing.over:
            with contextlib.suppress(StepFailed):
                pods: dict[str, dict[str, Any]] = placing.wait(found, "pods", min(_LOOK, start + self.limit - time.monotonic()))
                return pods
            self._refused()
        items = ctx.watch("pods").items()
        late = [n for n in names if not settled(items.get((ctx.namespace, n)), self.uids.get(n, ""))]
        with contextlib.suppress(StepFailed, ApiError):
            self._hold(seconds=1.0)
        self._elsewhere(late)
        not_attached(ctx, (self.volumes[n]["metadata"]["name"] for n in late if n in self.volumes), time.monotonic() - start)
        now, _why = usable(ctx.fleet.nodes.values(), ctx.fleet.left_out)
        if lost := sorted(set(self.one.zones) - set(now)):
            ctx.inconclusive(f"{listed(lost)} had a node that takes pods at the beginning, and has none now; {listed(late)} "
                             "waited for it")
        ended = placing.over or f"not within {time.monotonic() - start:.0f} s"
        raise StepFailed(f"{len(names) - len(late)} of {len(names)} pods start with their volumes: {ended}; {listed(late)}{self._why(late)}")

    def _elsewhere(self, late: list[str]) -> None:
        """Volumes of pods that wait, in zones where others of the set are already: there theirs is not to be."""
        items, nodes = self.ctx.watch("pods").items(), self.ctx.fleet.nodes
        taken: dict[str, str] = {}
        for pod in (n for n in self.names if n not in late):
            node = nodes.get((items.get((self.ctx.namespace, pod)) or {}).get("spec", {}).get("nodeName", ""))
            if node:
                taken[zone_of(node)] = pod
        free = sorted(set(self.one.zones) - set(taken))
        for pod in (p for p in late if p in self.volumes and free):
            name, volume = self.volumes[pod]["metadata"]["name"], self.volumes[pod]
            there = [z for z, found in sorted(self.one.zones.items())
                     if any(n in nodes and usable_on(volume, nodes[n]) for n in found)]
            if there and set(there) <= set(taken):
                error = (f"volume {name} of pod {pod} is in {listed(there)}, where pod {taken[there[0]]} is; no volume is in "
                         f"{listed(free)}")
                self.ctx.see(kind="zone", ok=False, target=name, error=error)

    def _refused(self) -> None:
        """What no waiting changes: the API server refuses the pods or claims of the StatefulSet, or a size is too small."""
        made = self._events(f"involvedObject.name={self.set_name}")
        told = [e.get("message") or "" for e in made if e.get("reason") == "FailedCreate"]
        refused = [t for t in told if "is forbidden: " in t or "denied the request" in t]
        if refused:
            self.ctx.inconclusive(f"what the check makes is refused: {refused[-1]}"[:600])
        ours = {self.claim(p) for p in self.names}
        small = [e.get("message") or "" for e in self._events("reason=ProvisioningFailed")
                 if e.get("involvedObject", {}).get("name") in ours and _SMALL.search(e.get("message") or "")]
        if small:
            raise TooSmall(small[-1][:300])

    def _events(self, selector: str) -> list[dict[str, Any]]:
        found = optional_get(self.ctx, f"/api/v1/namespaces/{self.ctx.namespace}/events", {"fieldSelector": selector})
        return (found or {}).get("items") or []

    def _why(self, late: list[str]) -> str:
        """What the first of them waits for."""
        return why(self.ctx, late[0], self.claim(late[0])) if late else ""

    def start(self, word: str) -> None:
        """All pods for the first time; their claims and volumes are ours from here on."""
        self._take(self._ready(self.names), word, "first")
        self._hold()

    def _take(self, pods: Mapping[str, dict[str, Any]], word: str, variant: str) -> None:
        """Note where the pods are, and compare what they say of their data."""
        ctx = self.ctx
        for name, item in sorted(pods.items()):
            if trouble := image_trouble(item):
                ctx.inconclusive(f"the image of the storage pods cannot be had: {trouble}")
            node, text, wanted = item["spec"].get("nodeName", ""), said(item), f"{word} {digest(ctx.nonce, name)}"
            ctx.touches("Node", node)
            message = "" if text == wanted else self._wrong(name, node, text, word)
            ctx.see(kind="storage", ok=not message, from_node=node, target=self.claim(name), variant=variant, error=message)
            ctx.expect(not message, message, found=text, expected=wanted)
            self.nodes[name], self.uids[name] = node, item["metadata"].get("uid", "")

    def _wrong(self, pod: str, node: str, text: str, word: str) -> str:
        volume = self.volumes.get(pod, {}).get("metadata", {}).get("name", "its volume")
        if word == "read" and text.startswith("wrote "):
            return f"pod {pod} on {node} found volume {volume} empty: data was lost that it had written there before"
        if text.startswith(("read ", "wrote ")):
            return f"pod {pod} on {node} found {text!r} on {volume}: data was changed"
        return f"pod {pod} on {node} ended with {text.removeprefix('exit ')}"

    # ---- volumes ----------------------------------------------------------------------------------------------
    def _hold(self, seconds: float = _BOUND) -> None:
        for pod in self.names:
            if pod in self.volumes:
                continue
            key = (self.ctx.namespace, self.claim(pod))
            claim = self.ctx.wait("persistentvolumeclaims", lambda items, k=key: bound(items.get(k)),
                                  f"claim {self.claim(pod)} is bound", seconds=seconds)
            self.volumes[pod], kept = hold(self.ctx, claim, OPTION)
            self.ctx.observe(made_for_the_claim=True)
            if kept:
                self.kept.append(self.volumes[pod]["metadata"]["name"])

    def placed(self) -> None:
        """Each volume where its pod is, and a pod in every zone."""
        ctx, nodes = self.ctx, self.ctx.fleet.nodes
        for pod, name in sorted(self.nodes.items()):
            node, volume = nodes.get(name), self.volumes[pod]
            if node is None:
                ctx.inconclusive(f"node {name} is gone, so that the zone of pod {pod} is not known")
            self.zones[pod], told = zone_of(node), zones_of(volume)
            good = usable_on(volume, node)
            called, there = volume["metadata"]["name"], listed(told) or "no zone"
            message = "" if good else (f"volume {called} of pod {pod} is in {there}, its pod on node {name} in "
                                       f"{self.zones[pod] or 'no zone'}")
            ctx.see(kind="zone", ok=good, from_node=name, target=called, error=message)
            ctx.expect(good, message, volume_zones=told)
        missing = sorted(set(self.one.zones) - set(self.zones.values()))
        ctx.expect(not missing, f"no pod of {self.set_name} is in {listed(missing, 8)}, though there are nodes for it",
                   pods=self.zones)
        self.one.tell(ctx, pods=dict(sorted(self.zones.items())))

    # ---- coming back ------------------------------------------------------------------------------------------
    def again(self, names: list[str], what: str, away_from: Mapping[str, str] | None = None) -> None:
        """Delete these pods; those that come in their places must find the data, in the same zone."""
        ctx, start = self.ctx, time.monotonic()
        for name in names:
            ctx.client.delete(path_of("v1", "Pod", ctx.namespace, name))
        pods = self._ready(names)
        self._take(pods, "read", what)
        for name in pods:
            node = ctx.fleet.nodes.get(self.nodes[name])
            if node is None:
                ctx.inconclusive(f"node {self.nodes[name]} is gone, so that the zone of pod {name} is not known")
            here = zone_of(node)
            ctx.expect(here == self.zones[name], f"pod {name} came back in zone {here or 'unknown'}, its volume is in "
                       f"{self.zones[name]}")
            former = (away_from or {}).get(name)
            ctx.expect(former != self.nodes[name], f"pod {name} came back on {former}, which its affinity forbids")
        ctx.measure(f"{self.one.name}: all pods {what} to all data read", time.monotonic() - start, "s")
