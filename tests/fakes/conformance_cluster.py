# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake cluster for runs of the conformance tests: objects by their paths; pods run at once, namespaces go with what is in them."""
from __future__ import annotations

import copy
import json
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.conformance.manifests import OUTPUT, RUNNER
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Verbs
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError

_SPACES = "/api/v1/namespaces"


def _fits(item: dict[str, Any], params: dict[str, Any]) -> bool:
    labels = item["metadata"].get("labels") or {}
    wanted = [w for w in params.get("labelSelector", "").split(",") if w]
    name = params.get("fieldSelector", "").removeprefix("metadata.name=")
    return all(labels.get(w.partition("=")[0]) == w.partition("=")[2] if "=" in w else w in labels for w in wanted) and (
        not name or item["metadata"]["name"] == name)


class FakeCluster(Verbs):
    """refused: beginnings of paths at which nothing may be made."""

    server, context = "https://fake:6443", "fake"

    def __init__(self, version: str = "v1.36.1"):
        self.objects: dict[str, dict[str, Any]] = {}
        self.version, self.refused, self.made = version, list[str](), list[str]()
        self._uids = 0

    # ---- what a client has besides ----------------------------------------------------------------------------
    def starting(self, error: ApiError) -> bool:
        return False

    def now(self) -> float:
        return 1795752000.0

    def stream(self, path: str, params: Any, timeout: float) -> Any:
        raise ApiError("unreachable", None, "Fake", "no watches here", "GET", path)

    def close(self) -> None:
        pass

    # ---- requests ---------------------------------------------------------------------------------------------
    def request(self, method: str, path: str, params: Any = None, body: Any = None, timeout: float = 10.0, **more: Any) -> Any:
        if path == "/version":
            return json.dumps({"gitVersion": self.version}), {}
        found = {"GET": self._get, "POST": self._post, "PATCH": self._patch, "DELETE": self._delete}[method](path, params or {}, body)
        return copy.deepcopy(found)

    def _known(self, path: str) -> dict[str, Any]:
        if path not in self.objects:
            raise ApiError("http", 404, "NotFound", f"{path} not found", "GET", path, body={"kind": "Status"})
        return self.objects[path]

    def _get(self, path: str, params: dict[str, Any], _body: Any) -> dict[str, Any]:
        if path.rpartition("/")[2] in ("namespaces", "pods", "clusterrolebindings"):
            items = [o for p, o in self.objects.items() if p.rpartition("/")[0] == path and _fits(o, params)]
            return {"kind": "List", "metadata": {"resourceVersion": "1"}, "items": items}
        return self._known(path)

    def _post(self, path: str, _params: Any, body: dict[str, Any]) -> dict[str, Any]:
        if any(path.startswith(r) for r in self.refused):
            raise ApiError("http", 403, "Forbidden", f'cannot create resource "{path}"', "POST", path, body={"kind": "Status"})
        place = f"{path}/{body['metadata']['name']}"
        if place in self.objects:
            raise ApiError("http", 409, "AlreadyExists", f"{place} already exists", "POST", path, body={"kind": "Status"})
        self._uids += 1
        self.made.append(place)
        self.objects[place] = made = copy.deepcopy(body)
        made["metadata"]["uid"] = str(self._uids)
        if path == _SPACES:
            self.objects[f"{place}/serviceaccounts/default"] = {"metadata": {"name": "default"}}
        if body["kind"] == "Pod":
            made["status"] = {"phase": "Running", "containerStatuses": [
                {"name": n, "state": {"running": {}}} for n in (RUNNER, OUTPUT)]}
        return made

    def _patch(self, path: str, _params: Any, body: dict[str, Any]) -> dict[str, Any]:
        meta = self._known(path)["metadata"]
        for key, values in body["metadata"].items():
            meta.setdefault(key, {}).update(values)
        return self.objects[path]

    def _delete(self, path: str, _params: Any, _body: Any) -> dict[str, Any]:
        uid = self._known(path)["metadata"].get("uid")
        for place, item in list(self.objects.items()):
            owned = any(o["uid"] == uid for o in item["metadata"].get("ownerReferences", []))
            if place == path or place.startswith(f"{path}/") or owned:
                del self.objects[place]
        return {}

    def add_space(self, name: str, **labels: str) -> None:
        self.objects[f"{_SPACES}/{name}"] = {"metadata": {"name": name, "labels": labels, "uid": f"of-{name}"}}
