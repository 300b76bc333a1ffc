# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake management cluster in this process, in any weather: objects of some kinds, and controllers that need some looks.

What the real API server and the project's definitions say of objects is tried with those (definitions.py); this one is for what goes
wrong on the way.
"""
from __future__ import annotations

import base64
import copy
import json
import re
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.fakes.api_server import FakeApiServer
from tests.fakes.outdoors import Handler, Outdoors

from .status import cluster_status, replicas_status

CORE, CONTROL = "cluster.x-k8s.io", "controlplane.cluster.x-k8s.io"
_KINDS = {"v1": {"configmaps": "ConfigMap", "secrets": "Secret"},
          f"{CORE}/v1beta2": {"clusters": "Cluster", "machinedeployments": "MachineDeployment", "machinepools": "MachinePool",
                              "machines": "Machine"},
          f"{CONTROL}/v1beta2": {"kubeadmcontrolplanes": "KubeadmControlPlane"}}
_PATH = re.compile(r"/apis?/(?P<version>v1|[^/]+/[^/]+)(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?")
Key = tuple[str, str, str]


def _merged(old: Any, new: Any) -> Any:
    """As a merge patch does it; what is applied differs from that where somebody leaves fields out, which nobody does here."""
    if not isinstance(new, dict):
        return new
    old = old if isinstance(old, dict) else {}
    return {k: v for k, v in {**old, **{k: _merged(old.get(k), v) for k, v in new.items()}}.items() if v is not None}


class FakeManagement(Outdoors):
    """Use as a context manager. objects: by namespace, plural and name. looks: at a Cluster, until it is made, and until it is gone.

    made: the cluster that all of its Clusters lead to. changes: what was asked for besides reads.
    """

    def __init__(self, made: FakeApiServer) -> None:
        self.made, self.looks = made, 2
        self.objects: dict[Key, dict[str, Any]] = {}
        self.changes: list[str] = []
        self._left: dict[Key, int] = {}
        self._open(self._handler())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Served(Handler):
            def _serve(self) -> None:
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if fake.weather.spoils(self):
                    return
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                body = fake.answer(self.command, url.path, query, json.loads(data) if data else {})
                text = json.dumps(body or {"kind": "Status", "code": 404, "reason": "NotFound", "message": "not found"}).encode()
                self.tell(200 if body else 404, text)

            do_GET = do_PATCH = do_DELETE = _serve

        return Served

    # ---- the API server ---------------------------------------------------------------------------------------
    def answer(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any] | None:
        """The body, None for what there is not."""
        if method != "GET":
            self.changes.append(f"{method} {path}")
        found = _PATH.fullmatch(path)
        if not found or found["plural"] not in _KINDS.get(found["version"], {}):
            return self._discovery(path)
        if not found["name"]:
            return self._listed(found["plural"], found["namespace"], query.get("labelSelector", ""))
        key = (found["namespace"] or "", found["plural"], found["name"])
        if method == "PATCH":
            return self._put(key, found["version"], body, dry="dryRun" in query)
        if method == "DELETE":
            return self._delete(key)
        return self._seen(key)

    @staticmethod
    def _discovery(path: str) -> dict[str, Any] | None:
        groups = [{"name": v.partition("/")[0], "versions": [{"version": "v1beta2", "groupVersion": v}], "preferredVersion": {
            "version": "v1beta2", "groupVersion": v}} for v in _KINDS if "/" in v]
        if path == "/apis":
            return {"kind": "APIGroupList", "groups": groups}
        kinds = _KINDS.get(path.removeprefix("/apis/").removeprefix("/api/"))
        if kinds:
            return {"kind": "APIResourceList", "resources": [
                {"name": p, "kind": k, "namespaced": True, "verbs": ["get", "list"]} for p, k in kinds.items()]}
        return next((g for g in groups if path == f"/apis/{g['name']}"), None)

    def _listed(self, plural: str, namespace: str | None, selector: str) -> dict[str, Any]:
        wanted = [part.partition("=") for part in filter(None, selector.split(","))]
        found = [self._seen(key) for key in list(self.objects) if key[1] == plural and namespace in (None, key[0])]
        return {"kind": "List", "items": [o for o in found if o and all(
            key in (labels := o["metadata"].get("labels") or {}) and (not equals or labels[key] == value) for key, equals, value in wanted)]}

    def _put(self, key: Key, version: str, body: dict[str, Any], dry: bool = False) -> dict[str, Any]:
        namespace, plural, name = key
        new = {"apiVersion": version, "kind": _KINDS[version][plural], "metadata": {
            "name": name, "namespace": namespace, "uid": str(uuid.uuid4()), "generation": 1, "resourceVersion": "1"}}
        found = _merged(copy.deepcopy(self.objects.get(key) or new), body)
        if not dry:
            self._left.setdefault(key, self.looks)
            self.objects[key] = found
        return found

    def _delete(self, key: Key) -> dict[str, Any] | None:
        if key[1] == "clusters" and key in self.objects:
            self.objects[key]["metadata"]["deletionTimestamp"] = "2026-11-21T00:00:00Z"
            self._left[key] = self.looks
            return self.objects[key]
        return self.objects.pop(key, None)

    # ---- the controllers --------------------------------------------------------------------------------------
    def _seen(self, key: Key) -> dict[str, Any] | None:
        """An object, one look later."""
        of = self.objects.get(key)
        if of is None:
            return None
        if of["kind"] == "Cluster":
            self._left[key] -= 1
            if self._left[key] < 0 and "deletionTimestamp" in of["metadata"]:
                self._gone(key)
                return None
            self._cluster(key, of)
        elif "x-k8s.io" in of["apiVersion"]:
            of["status"] = {"observedGeneration": 1, **replicas_status("v1beta2", of["kind"], of), "version": of["spec"].get("version")}
        return copy.deepcopy(of)

    def _cluster(self, key: Key, of: dict[str, Any]) -> None:
        going, made = "deletionTimestamp" in of["metadata"], self._left[key] < 0
        state = "Deleting" if going else "Provisioned" if made else "Provisioning"
        of["status"] = {"observedGeneration": 1, **cluster_status("v1beta2", of, state, "")}
        if made:
            self.objects[key[0], "secrets", f"{key[2]}-kubeconfig"] = {
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"{key[2]}-kubeconfig", "namespace": key[0]},
                "data": {"value": base64.b64encode(self.made.kubeconfig.encode()).decode()}}

    def _gone(self, key: Key) -> None:
        """With the machines; what else was applied for it is not the controllers'."""
        del self.objects[key]
        self.objects.pop((key[0], "secrets", f"{key[2]}-kubeconfig"), None)
        for other in [k for k, o in self.objects.items() if "x-k8s.io" in o["apiVersion"] and k[2].startswith(f"{key[2]}-")]:
            del self.objects[other]

    @property
    def kubeconfig(self) -> str:
        return self.made.kubeconfig.replace(self.made.url, self.url)
