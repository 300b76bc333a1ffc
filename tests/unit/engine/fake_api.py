# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake API server over HTTP: objects by path with labels, finalizers, namespaces that end with their content, watches."""
from __future__ import annotations

import json
import threading
from typing import Any

from ansible_collections.assay.clusters.tests.unit.kube.server import Request, Server

INSIDE = ("pods", "serviceaccounts", "persistentvolumeclaims", "daemonsets", "deployments", "statefulsets", "services", "configmaps",
          "secrets",
          "ingresses", "httproutes", "gateways")
CLUSTER = ("namespaces", "nodes", "persistentvolumes", "clusterroles")


class FakeApi:
    """objects: by path. Volumes go with their claims as their reclaim policy says. Changes made by requests are noted in `changes` as "VERB path".

    refuse: (method, start of path) -> (status, reason, message). held: namespaces that their controller cannot end,
    with the condition it gives. before: called with every request, for faults in the middle.
    """

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.changes: list[str] = []
        self.refuse: dict[tuple[str, str], tuple[int, str, str]] = {}
        self.held: dict[str, dict[str, str]] = {}
        self.before: Any = lambda request: None
        self._version, self._streams, self._lock = 1, [], threading.RLock()
        self._events: list[tuple[int, str, bytes]] = []
        self.server = Server(self._respond).start()

    @property
    def url(self) -> str:
        return self.server.url

    def stop(self) -> None:
        with self._lock:
            self._streams.clear()
        self.server.stop()

    # ---- the cluster's side -----------------------------------------------------------------------------------
    def put(self, path: str, labels: dict[str, str] | None = None, finalizers: tuple[str, ...] = (),
            **more: Any) -> dict[str, Any]:
        """An object that is there; its name and namespace are those of its path."""
        words = path.split("/")
        with self._lock:
            meta: dict[str, Any] = {"name": words[-1], "uid": f"uid-{self._version}", "labels": labels or {}}
            if "namespaces" in words[:-2]:
                meta["namespace"] = words[words.index("namespaces") + 1]
            if finalizers:
                meta["finalizers"] = list(finalizers)
            self.objects[path] = {"metadata": meta, **more}
            self._tell("ADDED", path)
            return self.objects[path]

    def names(self, resource: str) -> list[str]:
        return sorted(p.rsplit("/", 1)[1] for p in self.objects if p.rsplit("/", 2)[1] == resource)

    # ---- requests ---------------------------------------------------------------------------------------------
    def _respond(self, request: Request) -> None:
        self.before(request)
        for (method, start), refusal in self.refuse.items():
            if request.method == method and request.path.startswith(start):
                return request.refuse(*refusal)
        if request.path == "/version":
            return request.answer({"gitVersion": "v1.30.0"})
        if request.method == "POST":
            return self._create(request)
        if request.method == "DELETE":
            return self._delete(request)
        if "watch" in request.query:
            return self._watch(request)
        if request.path.rsplit("/", 1)[-1] in (*CLUSTER, *INSIDE):
            with self._lock:
                items = [o for p, o in self.objects.items() if self._in(p, o, request)]
                body = {"kind": "List", "metadata": {"resourceVersion": str(self._version)}, "items": items}
            return request.answer(body)
        if request.path not in self.objects:
            return request.refuse(404, "NotFound", f"{request.path} not found")
        if request.method == "PATCH":
            return self._patch(request)
        return request.answer(self.objects[request.path])

    @staticmethod
    def _in(path: str, found: dict[str, Any], request: Request) -> bool:
        """Whether the object at path is in the collection, and chosen by the selectors, of the request."""
        item = found["metadata"]
        labels = dict(p.split("=") for p in request.query.get("labelSelector", "").split(",") if p)
        fields = dict(p.split("=") for p in request.query.get("fieldSelector", "").split(",") if p)
        return (path.rsplit("/", 1)[0] == request.path and labels.items() <= item["labels"].items()
                and fields.get("metadata.name", item["name"]) == item["name"])

    def _create(self, request: Request) -> None:
        body = request.data
        path = f"{request.path}/{body['metadata']['name']}"
        with self._lock:
            if path in self.objects:
                return request.refuse(409, "AlreadyExists", f"{path} already exists")
            self.changes.append(f"POST {path}")
            made = self.put(path, body["metadata"].get("labels"))
            made.update({k: v for k, v in body.items() if k != "metadata"})
            if notes := body["metadata"].get("annotations"):
                made["metadata"]["annotations"] = notes
        return request.answer(made, 201)

    def _delete(self, request: Request) -> None:
        path = request.path
        with self._lock:
            item = self.objects.get(path)
            if item is None:
                return request.refuse(404, "NotFound", f"{path} not found")
            wanted = ((request.data or {}).get("preconditions") or {}).get("uid", item["metadata"]["uid"])
            if wanted != item["metadata"]["uid"]:
                return request.refuse(409, "Conflict", "the UID in the precondition is another")
            self.changes.append(f"DELETE {path}")
            item["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            self._end(path)
        return request.answer({"kind": "Status", "status": "Success"})

    def _patch(self, request: Request) -> None:
        def merge(old: dict[str, Any], new: dict[str, Any]) -> None:
            for key, value in new.items():
                merge(old.setdefault(key, {}), value) if isinstance(value, dict) else old.update({key: value})

        with self._lock:
            self.changes.append(f"PATCH {request.path}")
            item = self.objects[request.path]
            merge(item, request.data)
            released = item.get("status", {}).get("phase") == "Released"
            if released and item["spec"]["persistentVolumeReclaimPolicy"] == "Delete":
                self._end(request.path)
        return request.answer(item)

    def _end(self, path: str) -> None:
        """What the garbage collector and the namespace controller do to an object that is to go."""
        item, name = self.objects[path], path.rsplit("/", 1)[1]
        if item["metadata"].get("finalizers"):
            return
        if path.startswith("/api/v1/namespaces/") and path.count("/") == 4:
            if name in self.held:
                item["status"] = {"conditions": [self.held[name]]}
                item["spec"] = {"finalizers": ["kubernetes"]}
                return self._tell("MODIFIED", path)
            for inside in [p for p in self.objects if p.startswith(f"{path}/")]:
                del self.objects[inside]
        self._tell("DELETED", path)
        del self.objects[path]
        volume = f"/api/v1/persistentvolumes/{item.get('spec', {}).get('volumeName')}"
        if volume not in self.objects:
            return None
        if self.objects[volume].get("spec", {}).get("persistentVolumeReclaimPolicy") != "Retain":
            return self._end(volume)
        self.objects[volume]["status"] = {"phase": "Released"}
        return None

    # ---- watches ----------------------------------------------------------------------------------------------
    def _watch(self, request: Request) -> None:
        request.open_stream()
        over = threading.Event()
        with self._lock:
            for version, path, raw in self._events:
                if version > int(request.query["resourceVersion"]) and self._in(path, json.loads(raw)["object"], request):
                    request.send(raw)
            self._streams.append((request, over))
        over.wait(60)

    def _tell(self, kind: str, path: str) -> None:
        """An event for those who watch, and for those who will watch from an earlier version."""
        self._version += 1
        item = self.objects[path]
        item["metadata"]["resourceVersion"] = str(self._version)
        raw = json.dumps({"type": kind, "object": item}).encode() + b"\n"
        self._events.append((self._version, path, raw))
        for stream in list(self._streams):
            if self._in(path, item, stream[0]):
                try:
                    stream[0].send(raw)
                except (OSError, ValueError):
                    self._streams.remove(stream)
                    stream[1].set()
