# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults that are objects of the cluster: one that is changed, one too many, one too few."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

from .base import wait_for

if TYPE_CHECKING:
    from .cluster import Lab


class ObjectFaults:
    """What `Faults` makes by the API server alone."""

    lab: Lab

    def _fault(self, kind: str, **args: Any) -> Any:
        raise NotImplementedError

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """A merge patch, and afterwards the former values of what it changed."""
        item = self.lab.api(path)
        return self._fault("object", path=path, body=body, former=former_values(item, body))

    def _break_object(self, path: str, body: dict[str, Any], former: dict[str, Any]) -> None:
        self.lab.api(path, "PATCH", body)

    def _mend_object(self, path: str, body: dict[str, Any], former: dict[str, Any]) -> None:
        self.lab.api(path, "PATCH", former)

    def _there(self, path: str) -> bool:
        try:
            self.lab.api(path)
        except HTTPError as e:
            if e.code == 404:
                return False
            raise
        return True

    def extra(self, path: str, body: dict[str, Any]) -> Any:
        """An object that nobody should have made, in the list at `path`; afterwards it is gone, with all that is in it."""
        return self._fault("extra", path=path, body=body)

    def _break_extra(self, path: str, body: dict[str, Any]) -> None:
        self.lab.api(path, "POST", body)

    def _mend_extra(self, path: str, body: dict[str, Any]) -> None:
        one = f"{path}/{body['metadata']['name']}"
        if self._there(one):
            self.lab.api(one, "DELETE")
        wait_for(f"{one} gone", lambda: not self._there(one), 60)

    def without(self, path: str) -> Any:
        """An object is gone; afterwards there is one like it."""
        item = self.lab.api(path)
        item["metadata"] = {k: v for k, v in item["metadata"].items() if k in ("name", "namespace", "labels", "annotations")}
        return self._fault("without", path=path, item=item)

    def _break_without(self, path: str, item: dict[str, Any]) -> None:
        self.lab.api(path, "DELETE")
        wait_for(f"{path} gone", lambda: not self._there(path), 60)

    def _mend_without(self, path: str, item: dict[str, Any]) -> None:
        if not self._there(path):
            self.lab.api(path.rpartition("/")[0], "POST", item)

    def scale(self, namespace: str, deployment: str, replicas: int) -> Any:
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}"
        return self._fault("scale", path=path, replicas=replicas, former=self.lab.api(path)["spec"]["replicas"])

    def _scaled(self, path: str, replicas: int) -> None:
        self.lab.api(path, "PATCH", {"spec": {"replicas": replicas}})

        def there() -> bool:
            status = self.lab.api(path)["status"]
            return status.get("replicas", 0) == replicas == status.get("readyReplicas", 0)

        wait_for(f"{replicas} replicas of {path.rpartition('/')[2]}", there, 120)

    def _break_scale(self, path: str, replicas: int, former: int) -> None:
        self._scaled(path, replicas)

    def _mend_scale(self, path: str, replicas: int, former: int) -> None:
        self._scaled(path, former)


def former_values(item: Any, patch: dict[str, Any]) -> dict[str, Any]:
    """The merge patch that takes a merge patch back: former values, None (delete) where there was none."""
    out: dict[str, Any] = {}
    for key, value in patch.items():
        before = item.get(key) if isinstance(item, dict) else None
        if isinstance(value, dict) and isinstance(before, dict):
            out[key] = former_values(before, value)
            out[key].update({k: before[k] for k in before if k in value and not isinstance(value[k], dict)})
        else:
            out[key] = before
    return out
