# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The management cluster: its objects by name, kind and label.

What a manifest holds is applied in the version that it was written in, other objects are read in the newest that is known here.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...clouds.cluster_api import GROUP, OF, newest, none_there, opened
from ...jobs.errors import Passing, PlatformError
from ...kube.errors import ApiError
from ...kube.patient import passing
from ..manifests import Applier

# Plural and kind of what has workers, as lists leave the kind of their items out.
POOLS = (("machinedeployments", "MachineDeployment"), ("machinepools", "MachinePool"))
_MERGE = "application/merge-patch+json"


class Api:
    """Questions to the management cluster. BadOption where there is none behind the settings; PlatformError else.

    patient: asks again while errors pass, as jobs/patience.py does. One answer that does not come must not say that a thing is not
    there: objects would be left behind, or be taken for half of a cluster.
    """

    def __init__(self, settings: Mapping[str, Any], patient: Callable[[Callable[[], Any]], Any]):
        self.namespace, self._patient = settings["namespace"], patient
        self._client = opened(settings)
        self.applier = Applier(self._client)
        self._groups: dict[str, str] = {}
        try:
            self.version = self._served()
        except PlatformError:
            self.close()
            raise
        # without a namespace, all of them are listed
        self._base = f"/apis/{self.version}" + (f"/namespaces/{self.namespace}" if self.namespace else "")

    def _served(self) -> str:
        found = self.call("GET", f"/apis/{GROUP}", missing=None)
        if not found:
            raise none_there(self._client.server)
        return newest(found)

    def close(self) -> None:
        self._client.close()
        self._client.connection.close()

    def call(self, method: str, path: str, body: Any = None, params: Any = None, missing: Any = ..., **more: Any) -> Any:
        """The answer; `missing` for 404, where given. PlatformError in the API server's words, with its status."""
        def ask() -> Any:
            try:
                return self._client.request(method, path, params=params, body=body, **more)
            except ApiError as e:
                error = self._error(e)
                if e.status == 404 and missing is not ... and not isinstance(error, Passing):
                    return missing
                raise error from None

        return self._patient(ask) if method == "GET" else ask()

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """What changes nothing, again while errors pass."""
        def once() -> Any:
            try:
                return ask()
            except ApiError as e:
                raise self._error(e) from None

        return self._patient(once)

    def _error(self, e: ApiError) -> PlatformError:
        """A 404 that is a page is of whoever stands before the API server; one that has just started knows no kinds yet."""
        kind = Passing if passing(e) or self._client.starting(e) or (e.page and e.status == 404) else PlatformError
        return kind(f"the management cluster {self._client.server}: {e}", status=e.status)

    # ---- core objects -----------------------------------------------------------------------------------------
    def clusters(self) -> list[dict[str, Any]]:
        return self.call("GET", f"{self._base}/clusters").get("items") or []

    def cluster(self, name: str, missing: Any = None) -> Any:
        return self.call("GET", f"{self._base}/clusters/{name}", missing=missing)

    def cluster_path(self, name: str) -> str:
        return f"{self._base}/clusters/{name}"

    def listed(self, plural: str, name: str, kind: str = "") -> list[dict[str, Any]]:
        """Of a core kind, what belongs to this cluster."""
        items = self.call("GET", f"{self._base}/{plural}", params={"labelSelector": f"{OF}={name}"}, missing={}).get("items") or []
        return [{"apiVersion": self.version, "kind": kind, **i} for i in items] if kind else items

    def pools(self, name: str) -> list[dict[str, Any]]:
        """MachineDeployments and MachinePools of a cluster."""
        return [pool for plural, kind in POOLS for pool in self.listed(plural, name, kind)]

    def control_plane(self, of: Mapping[str, Any]) -> dict[str, Any] | None:
        """Of whatever kind. v1beta1 refers to it with its version, v1beta2 with its group only."""
        reference = (of.get("spec") or {}).get("controlPlaneRef") or {}
        if not reference.get("kind"):
            return None
        version = reference.get("apiVersion") or self._preferred(reference["apiGroup"])
        place = {"name": reference["name"], "namespace": reference.get("namespace") or of["metadata"].get("namespace") or ""}
        return self.get({"apiVersion": version, "kind": reference["kind"], "metadata": place})

    def _preferred(self, group: str) -> str:
        if group not in self._groups:
            found = self.call("GET", f"/apis/{group}", missing=None)
            self._groups[group] = found["preferredVersion"]["groupVersion"] if found else f"{group}/v1beta1"
        return self._groups[group]

    # ---- objects of any kind ----------------------------------------------------------------------------------
    def path(self, item: Mapping[str, Any]) -> str:
        """PlatformError for a kind that is not there, without a status."""
        return self._asked(lambda: self.applier.path(item, self.namespace))

    def beside(self, item: Mapping[str, Any]) -> bool:
        """Whether an object is in the namespace of the cluster, so that the Cluster can own it."""
        return f"/namespaces/{self.namespace}/" in self.path(item)

    def get(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """None where it is not there, nor its kind."""
        try:
            path = self.path(item)
        except PlatformError as e:
            if "status" in e.details:
                raise
            return None
        return self.call("GET", path, missing=None)

    def tried(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """As the server would have it if it were applied; nothing is changed, so it is asked again, too."""
        return self._asked(lambda: self.applier.apply(item, self.namespace, dry_run=True))

    def patch(self, item: Mapping[str, Any], change: Mapping[str, Any]) -> None:
        self.call("PATCH", self.path(item), change, content_type=_MERGE)

    def labelled(self, selector: str) -> list[dict[str, Any]]:
        """What bears labels, of the kinds that manifests of Cluster API hold; kinds that may not be listed are left out."""
        return [{"apiVersion": version, "kind": kind, **item} for version, kind, path in self._kinds()
                for item in self._items(path, selector)]

    def _items(self, path: str, selector: str) -> list[dict[str, Any]]:
        try:
            return self.call("GET", path, params={"labelSelector": selector}, missing={}).get("items") or []
        except Passing:
            raise
        except PlatformError as e:
            if e.details.get("status") in (403, 405):
                return []
            raise

    def _kinds(self) -> Iterator[tuple[str, str, str]]:
        """Version, kind and path of Secrets, ConfigMaps and everything of Cluster API and its providers but Clusters."""
        for plural, kind in (("secrets", "Secret"), ("configmaps", "ConfigMap")):
            yield "v1", kind, f"/api/v1/namespaces/{self.namespace}/{plural}"
        for group in self.call("GET", "/apis").get("groups") or []:
            if group["name"] != GROUP and not group["name"].endswith(f".{GROUP}"):
                continue
            version = self.version if group["name"] == GROUP else group["preferredVersion"]["groupVersion"]
            for one in self.call("GET", f"/apis/{version}", missing={}).get("resources") or []:
                if "/" not in one["name"] and "list" in one["verbs"] and (version, one["kind"]) != (self.version, "Cluster"):
                    middle = f"/namespaces/{self.namespace}" if one["namespaced"] else ""
                    yield version, one["kind"], f"/apis/{version}{middle}/{one['name']}"
