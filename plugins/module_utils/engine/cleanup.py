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

# Seconds until a namespace with our kind of content is gone: its controller waits 5 s before it starts.
LIMIT = 120.0
# Seconds until an API server that did not take a request is asked again, and between looks at what is to go.
_AGAIN, _LOOK = 0.5, 0.4
# Pods first, then what they mount; everything else in the namespace goes with it.
_WORKLOADS = {"Pod", "Deployment", "DaemonSet", "StatefulSet", "Job", "ReplicaSet"}
_CLAIM = "PersistentVolumeClaim"
_STUCK = ("NamespaceDeletionDiscoveryFailure", "NamespaceDeletionContentFailure", "NamespaceContentRemaining",
          "NamespaceFinalizersRemaining", "NamespaceDeletionGroupVersionParsingFailure")


def _get(client: Client, path: str) -> dict[str, Any] | None:
    try:
        return client.get(path, timeout=10.0)
    except ApiError as e:
        if e.status == 404:
            return None
        raise


def _patiently(call: Any, deadline: float) -> Any:
    """call() until the API server takes it: clean-up outlasts a restart of the API server."""
    while True:
        try:
            return call()
        except ApiError as e:
            if e.status in (400, 401, 403, 404, 405, 409, 422) or time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN)


class Remover:
    """Deletes the journaled objects of one run and reports what is left.

    spaces: a watch of our namespaces that runs already, which spares asking for what it knows.
    """

    def __init__(self, client: Client, run_id: str, deadline: float, spaces: Watch | None = None):
        self.client, self.run_id, self.deadline, self._spaces = client, run_id, deadline, spaces

    def _known(self, name: str) -> dict[str, Any] | None:
        """A namespace as the running watch has it, which may be a moment behind its creation."""
        if self._spaces is None:
            return None
        try:
            return self._spaces.wait(lambda items: items.get(("", name)), min(self.deadline, time.monotonic() + 1.0))
        except (WatchTimeout, ApiError):
            return None

    def _delete(self, path: str, grace: int | None = None, known: dict[str, Any] | None = None) -> bool:
        """Delete if it is there and ours; False where there is nothing of ours."""
        item = known or _patiently(lambda: _get(self.client, path), self.deadline)
        if item is None or item["metadata"].get("labels", {}).get(RUN) != self.run_id:
            return False
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background",
                                "preconditions": {"uid": item["metadata"]["uid"]}}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        try:
            _patiently(lambda: self.client.delete(path, body), self.deadline)
        except ApiError as e:
            if e.status not in (404, 409):
                raise
        return True

    def _wait_gone(self, path: str) -> dict[str, Any] | None:
        """None when gone, the object as it still is at the deadline."""
        while True:
            item = _patiently(lambda: _get(self.client, path), self.deadline)
            if item is None or item["metadata"].get("labels", {}).get(RUN) not in (self.run_id, None):
                return None
            if time.monotonic() > self.deadline:
                return item
            time.sleep(_LOOK)

    def _claims(self, claims: list[dict[str, str]], workloads: list[dict[str, str]]) -> list[str]:
        """Claims before their namespace, and their volumes gone: otherwise disks leak behind the finalizers' race."""
        volumes = []
        for w in workloads:
            self._delete(path_of(w["api_version"], w["kind"], w["namespace"], w["name"]), grace=0)
        for c in claims:
            path = path_of("v1", _CLAIM, c["namespace"], c["name"])
            item = _patiently(lambda p=path: _get(self.client, p), self.deadline)
            if item and self._delete(path) and item["spec"].get("volumeName"):
                volumes.append(item["spec"]["volumeName"])
        left = []
        for path in [path_of("v1", _CLAIM, c["namespace"], c["name"]) for c in claims] + [
                f"/api/v1/persistentvolumes/{v}" for v in volumes]:
            item = self._wait_volume(path)
            if item:
                left.append(_describe(path.split("/")[-2].rstrip("s"), item))
        return left

    def _wait_volume(self, path: str) -> dict[str, Any] | None:
        while True:
            try:
                item = _patiently(lambda: _get(self.client, path), self.deadline)
            except ApiError as e:
                if e.status == 403:  # we may not see volumes: then the claim's end is all that can be proved
                    return None
                raise
            if item is None or item.get("spec", {}).get("persistentVolumeReclaimPolicy") == "Retain":
                return None
            if time.monotonic() > self.deadline:
                return item
            time.sleep(_LOOK)

    def remove(self, objects: Iterable[dict[str, str]]) -> list[str]:
        """Delete and wait; one line per object that is still there, with the finalizer that holds it.

        objects: {api_version, kind, namespace, name} in the order they were made.
        """
        objects = list(objects)
        spaces = [o for o in objects if o["kind"] == "Namespace"]
        inside = {o["name"] for o in spaces}
        claims = [o for o in objects if o["kind"] == _CLAIM]
        workloads = [o for o in objects if o["kind"] in _WORKLOADS and (claims and o["kind"] != "DaemonSet"
                                                                        or o["namespace"] not in inside)]
        others = [o for o in objects if o["namespace"] not in inside and o not in spaces + claims + workloads]
        left: list[str] = []
        if claims or workloads:
            left += self._claims(claims, workloads)
        for o in reversed(others):
            path = path_of(o["api_version"], o["kind"], o["namespace"], o["name"])
            if self._delete(path) and (item := self._wait_gone(path)):
                left.append(_describe(o["kind"], item))
        deleted = [o for o in spaces if self._delete(f"/api/v1/namespaces/{o['name']}", known=self._known(o["name"]))]
        for o in deleted:
            if item := self._wait_namespace(o["name"]):
                left.append(_describe("namespace", item))
        return left

    def _wait_namespace(self, name: str) -> dict[str, Any] | None:
        """By a watch: its controller takes at least five seconds, and the moment it is done is seen at once."""
        if self._spaces is not None:
            try:
                self._spaces.wait(lambda items: ("", name) not in items, self.deadline)
                return None
            except WatchTimeout as e:
                return e.items.get(("", name))
            except ApiError:
                pass  # that watch has ended; one of our own may fare better
        watch = Watch(self.client, "/api/v1/namespaces", {"fieldSelector": f"metadata.name={name}"}, name="namespace")
        watch.start()
        try:
            watch.wait(lambda items: not items, self.deadline)
            return None
        except WatchTimeout:
            return next(iter(watch.items().values()), None)
        finally:
            watch.stop()


def _describe(kind: str, item: dict[str, Any]) -> str:
    """Kind/name and what blocks it, in the cluster's own words."""
    meta = item["metadata"]
    name = f"{kind.lower()}/{meta.get('namespace', '') + '/' if meta.get('namespace') else ''}{meta['name']}"
    why = [f"{c['type']}: {c.get('message', '')}" for c in item.get("status", {}).get("conditions") or []
           if c["type"] in _STUCK and c["status"] == "True"]
    held = [*meta.get("finalizers", []), *item.get("spec", {}).get("finalizers", [])]
    if not why and held:
        why = [f"held by finalizer {', '.join(held)}"]
    return f"{name} ({'; '.join(why)})" if why else name


def finish(connection: Connection, path: Path, keep: Path | None = None) -> None:
    """What the guardian does for a run that was killed: remove what its journal names, and put the journal away.

    keep: see journal.put_away. RuntimeError for what is left, so that the guardian tries again.
    """
    entry = journal.read(path)
    if entry and not entry.done:
        left = Remover(Client(connection), entry.run_id, time.monotonic() + LIMIT).remove(entry.objects)
        if left:
            raise RuntimeError("; ".join(left))
    if entry:
        journal.put_away(path, keep)
    connection.close()
