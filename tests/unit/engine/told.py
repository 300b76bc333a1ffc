# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A client in place of an API server: lists in pages, single objects and logs, as scripted."""
from __future__ import annotations

from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError

WELL, ILL = "[+]ping ok\n[+]etcd ok\n", "[+]ping ok\n[-]etcd failed: reason withheld\n"
DATE = {"Date": "Sat, 14 Mar 2026 09:30:00 GMT"}


def refusal(status: int, text: str = "no", kind: str = "http", path: str = "/x") -> ApiError:
    return ApiError(kind, status if kind == "http" else None, "", text, "GET", path)


def answered(what: Any) -> Any:
    """What a request gives; an exception is raised."""
    if isinstance(what, Exception):
        raise what
    return what


class Told:
    """objects: all there is of a plural, as {plural: [object, ...]}. refused: {path: ApiError, or another answer instead}."""

    def __init__(self, *readyz: Any, refused: dict[str, Any] | None = None, log: str = "words\n", **objects: list[Any]):
        self.readyz: list[Any] = list(readyz) or [WELL]
        self.objects, self.refused, self.log = objects, refused or {}, log
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.server = "https://10.0.0.1:6443"

    @property
    def lists(self) -> int:
        return sum(not path.endswith("/log") and path != "/readyz" for path, _params in self.asked)

    @property
    def logs(self) -> list[tuple[str, Any, Any]]:
        """(pod, previous, sinceSeconds) of every log that was read."""
        return [(path.split("/")[6], p.get("previous"), p.get("sinceSeconds")) for path, p in self.asked
                if path.endswith("/log")]

    def get(self, path: str, params: Any = None, **_more: Any) -> Any:
        return self.request("GET", path, params)

    def request(self, _method: str, path: str, params: Any = None, **_more: Any) -> Any:
        self.asked.append((path, dict(params or {})))
        if path == "/readyz":
            return answered(self.readyz.pop(0) if len(self.readyz) > 1 else self.readyz[0]), DATE
        if path in self.refused:
            return answered(self.refused[path])
        if path.endswith("/log"):
            return self.log
        if path == "/apis":
            return {"kind": "APIGroupList", "groups": [{"name": g} for g in ("apps", *self.objects.get("groups", ()))]}
        return self._objects(path, dict(params or {}))

    def _objects(self, path: str, params: dict[str, Any]) -> Any:
        parts = path.split("/")[3 if path.startswith("/api/") else 4:]
        space = parts[1] if parts[0] == "namespaces" else ""
        rest = parts[2:] if space else parts
        if rest[0] == "leases":
            rest[0] = "node_leases" if space == "kube-node-lease" else "leases"
            space = ""
        there = [o for o in self.objects.get(rest[0], []) if not space or (o.get("metadata") or {}).get("namespace") == space]
        if len(rest) > 1:
            found = [o for o in there if o["metadata"]["name"] == rest[1]]
            if not found:
                raise refusal(404, f"{path} not found")
            return found[0]
        if (selector := params.get("fieldSelector", "")).startswith("spec.clusterIP="):
            there = [o for o in there if o["spec"].get("clusterIP") == selector.partition("=")[2]]
        if selector.startswith("metadata.name="):
            there = [o for o in there if o["metadata"]["name"] == selector.partition("=")[2]]
        start, limit = int(params.get("continue") or 0), int(params.get("limit") or len(there) or 1)
        more = start + limit < len(there)
        return {"kind": "List", "items": there[start:start + limit],
                "metadata": {"continue": str(start + limit)} if more else {}}
