# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Removing what a run made: in dependency order, until it is gone, and never anything else.

An object is ours when it carries the run's label; no finalizer is ever stripped, the one that blocks is named.
"""
from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..common import journal
from ..common.names import RUN
from ..kube.client import Client
from ..kube.connection import Connection
from ..kube.errors import ApiError
from ..kube.kinds import path_of
from ..kube.watch import Watch, WatchTimeout
from .removal import LOOK, describe, get, listed, patiently
from .space_ends import SpaceEnds
from .volume_ends import VolumeEnds

# Seconds until a namespace with our kind of content is gone: its controller waits 5 s before it starts.
LIMIT = 120.0
# Seconds that are kept for the end of the namespace where a volume does not go, and that it gets where a pod does not.
_SPACE, _HELD_SPACE = 20.0, 10.0
# Seconds until a pod with a volume is gone: it is told to end, and its volume is unmounted. One on a dead node stays until
# that is back or removed, and its claim with it.
_PODS = 45.0
# Seconds that are kept for all else where a load balancer, or what leads to one, does not go.
_BALANCERS = 30.0
# Pods first, then what they mount; everything else in the namespace goes with it.
_WORKLOADS = {"Pod", "Deployment", "DaemonSet", "StatefulSet", "Job", "ReplicaSet"}
# What is deleted before the Services and pods that it leads to.
_EDGES = ("HTTPRoute", "Ingress", "Gateway")
_CLAIM, _VOLUME = "PersistentVolumeClaim", "PersistentVolume"


class Remover:
    """Deletes the journaled objects of one run and reports what is left.

    spaces: a watch of our namespaces that runs already, which spares asking for what it knows.
    """

    def __init__(self, client: Client, run_id: str, deadline: float, spaces: Watch | None = None):
        self.client, self.run_id, self.deadline, self._spaces = client, run_id, deadline, spaces
        self._volumes = VolumeEnds(client, run_id, deadline)
        self._held = False

    def _known(self, name: str) -> dict[str, Any] | None:
        """A namespace as the running watch has it, which may be a moment behind its creation."""
        if self._spaces is None:
            return None
        try:
            return self._spaces.wait(lambda items: items.get(("", name)), min(self.deadline, time.monotonic() + 1.0))
        except (WatchTimeout, ApiError):
            return None

    def _delete(self, path: str, known: dict[str, Any] | None = None) -> bool:
        """Delete if it is there and ours; False where there is nothing of ours."""
        item = known or patiently(lambda: get(self.client, path), self.deadline)
        if item is None or item["metadata"].get("labels", {}).get(RUN) != self.run_id:
            return False
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background",
                                "preconditions": {"uid": item["metadata"]["uid"]}}
        try:
            patiently(lambda: self.client.delete(path, body), self.deadline)
        except ApiError as e:
            if e.status not in (404, 409):
                raise
        return True

    def _wait_gone(self, path: str, deadline: float | None = None) -> dict[str, Any] | None:
        """None when gone, the object as it still is at the deadline."""
        until = self.deadline if deadline is None else min(deadline, self.deadline)
        while True:
            item = patiently(lambda: get(self.client, path), self.deadline)
            if item is None or item["metadata"].get("labels", {}).get(RUN) not in (self.run_id, None):
                return None
            if time.monotonic() > until:
                return item
            time.sleep(LOOK)

    def _pods(self, workloads: list[dict[str, str]]) -> list[str]:
        """They get their own time to end: one that is forced away may still write to its volume. A line for each that stays."""
        paths = [(w["kind"], path_of(w["api_version"], w["kind"], w["namespace"], w["name"])) for w in workloads]
        going = [path for kind, path in paths if self._delete(path) and kind == "Pod"]
        until = time.monotonic() + _PODS
        return [describe("pod", item) for path in going if (item := self._wait_gone(path, until))]

    def _claims(self, claims: list[dict[str, str]], workloads: list[dict[str, str]]) -> tuple[list[str], set[str]]:
        """Claims before their namespace: otherwise disks leak behind the finalizers' race.

        Lines for those that stay, and namespaces that have to stay with a claim.
        """
        left = self._pods(workloads)
        self._held = bool(left)  # a pod that stays holds its claim, and that its volume
        until = time.monotonic() if self._held else self.deadline
        kept, going = set(), []
        for c in claims:
            path = path_of("v1", _CLAIM, c["namespace"], c["name"])
            item = patiently(lambda p=path: get(self.client, p), self.deadline)
            if item is None or (item["metadata"].get("labels") or {}).get(RUN) != self.run_id:
                continue
            if line := self._volumes.before(item):
                left.append(line)
                kept.add(c["namespace"])
            elif self._delete(path):
                going.append(path)
        return left + [describe(_CLAIM, item) for path in going if (item := self._wait_gone(path, until))], kept

    def _balancers(self, objects: list[dict[str, str]]) -> list[str]:
        """Ingresses, Gateways with their routes, and Services of type LoadBalancer before all else: by them a controller finds
        what it made at a provider, and a namespace that goes meanwhile is in its way. A line for each that stays."""
        going = [(o["kind"], path) for kind in _EDGES for o in objects if o["kind"] == kind
                 and self._delete(path := path_of(o["api_version"], kind, o["namespace"], o["name"]))]
        names = {(o["namespace"], o["name"]) for o in objects if o["kind"] == "Service"}
        for space in sorted({space for space, _name in names}):
            path = path_of("v1", "Service", space)
            items = patiently(lambda p=path: listed(self.client, p), self.deadline)
            going += [("Service", f"{path}/{i['metadata']['name']}") for i in items
                      if (i.get("spec") or {}).get("type") == "LoadBalancer" and (space, i["metadata"]["name"]) in names
                      and self._delete(f"{path}/{i['metadata']['name']}", i)]
        until = max(time.monotonic(), self.deadline - _BALANCERS)
        return [describe(kind, item) for kind, path in going if (item := self._wait_gone(path, until))]

    def remove(self, objects: Iterable[dict[str, str]]) -> list[str]:
        """Delete and wait; one line per object that is still there, with the finalizer that holds it.

        objects: {api_version, kind, namespace, name} in the order they were made.
        """
        objects = list(objects)
        spaces = [o for o in objects if o["kind"] == "Namespace"]
        inside = {o["name"] for o in spaces}
        claims = [o for o in objects if o["kind"] == _CLAIM]
        volumes = [o for o in objects if o["kind"] == _VOLUME]
        workloads = [o for o in objects if o["kind"] in _WORKLOADS and (claims and o["kind"] != "DaemonSet"
                                                                        or o["namespace"] not in inside)]
        others = [o for o in objects if o["namespace"] not in inside and o not in spaces + claims + volumes + workloads]
        first = self._balancers(objects)
        left, kept = self._claims(claims, workloads)
        left = [*first, *left]
        for o in [o for o in objects if o["namespace"] in kept and o["kind"] in _WORKLOADS]:
            self._delete(path_of(o["api_version"], o["kind"], o["namespace"], o["name"]))
        self._volumes.found(o["name"] for o in volumes)
        left += self._volumes.left(self._before_spaces())
        for o in reversed(others):
            path = path_of(o["api_version"], o["kind"], o["namespace"], o["name"])
            if self._delete(path) and (item := self._wait_gone(path)):
                left.append(describe(o["kind"], item))
        deleted = [o for o in spaces if o["name"] not in kept
                   and self._delete(f"/api/v1/namespaces/{o['name']}", known=self._known(o["name"]))]
        until = min(self.deadline, time.monotonic() + _HELD_SPACE) if self._held else self.deadline
        ends = SpaceEnds(self.client, until, self._spaces)
        return left + [describe("namespace", item) for o in deleted if (item := ends.wait(o["name"]))]

    def _before_spaces(self) -> float:
        """Until when volumes are waited for, so that the namespace is seen to go all the same."""
        if self._held:
            return time.monotonic()
        return self.deadline - min(_SPACE, max(0.0, self.deadline - time.monotonic()) / 4)


def finish(connection: Connection, path: Path, keep: Path | None = None) -> None:
    """What the guardian does for a run that was killed: remove what its journal names, and put the journal away.

    keep: see journal.put_away. RuntimeError for what is left, so that the guardian tries again.
    """
    entry = journal.read(path)
    if entry and not entry.done:
        client = Client(connection)
        try:
            left = Remover(client, entry.run_id, time.monotonic() + LIMIT).remove(entry.objects)
        finally:
            client.close()
        if left:
            raise RuntimeError("; ".join(left))
    if entry:
        journal.put_away(path, keep)
    connection.close()
