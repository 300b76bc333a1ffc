# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters of Cluster API: objects in a management cluster, told by their conditions, whatever the infrastructure.

The manifest is what `clusterctl generate cluster` prints or a template of it. Phases of a Cluster are Pending,
Provisioning, Provisioned, Deleting, Failed and Unknown; conditions have a severity up to v1beta1, and other names from
v1beta2 on. https://cluster-api.sigs.k8s.io/reference/api/
"""
from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...common import names
from ...jobs.errors import BadOption, Passing, PlatformError
from ...jobs.job import Job
from ...kube.client import Client
from ...kube.connection import Connection
from ...kube.errors import ApiError, BadInput
from ...kube.patient import passing
from .. import model as words
from ..access import embedded
from ..manifests import Applier, parse
from ..model import UID, Cluster, Wanted
from ..pools import filled
from .state import cluster_of, machines_words

GROUP = "cluster.x-k8s.io"
OBJECTS = "assay.clusters/objects"
_OF = f"{GROUP}/cluster-name"
_VARIABLE = re.compile(r"\$\{(\w+)(?:(?::?[=-])([^}]*))?\}")


class ClusterApi:
    """See ClusterPlatform. resumes: objects that are missing of a cluster that is not yet there are applied again."""

    name = "cluster_api"
    name_limit = 63
    resumes = True

    def __init__(self, settings: Mapping[str, Any], job: Job):
        self._settings, self._job, self._namespace = settings, job, settings["namespace"]
        if not settings.get("kubeconfig"):
            raise BadOption("cluster_api.kubeconfig: is missing; it leads to the management cluster")
        try:
            given = {"kubeconfig": settings["kubeconfig"], "context": settings.get("context")}
            self._client = Client(Connection.resolve(given, {}))
        except BadInput as e:
            raise BadOption(f"cluster_api.{e}") from None
        self._applier = Applier(self._client)
        self._group = self._call("GET", f"/apis/{GROUP}", missing=None)
        if not self._group:
            self.close()
            raise BadOption(f"cluster_api.kubeconfig: {self._client.server} does not know {GROUP}, so it is no management "
                            "cluster")
        self._version = self._group["preferredVersion"]["groupVersion"]
        self._base = f"/apis/{self._version}/namespaces/{self._namespace}"

    def _call(self, method: str, path: str, body: Any = None, params: Any = None, missing: Any = ..., **more: Any) -> Any:
        """The answer; `missing` for 404, where given. PlatformError in the API server's words."""
        try:
            return self._client.request(method, path, params=params, body=body, **more)
        except ApiError as e:
            if e.status == 404 and missing is not ...:
                return missing
            kind = Passing if passing(e) else PlatformError
            raise kind(f"the management cluster {self._client.server}: {e}", status=e.status) from None

    # ---- looking ----------------------------------------------------------------------------------------------
    def _listed(self, plural: str, name: str) -> list[dict[str, Any]]:
        return self._call("GET", f"{self._base}/{plural}", params={"labelSelector": f"{_OF}={name}"},
                          missing={}).get("items") or []

    def clusters(self) -> list[Cluster]:
        found = self._call("GET", f"{self._base}/clusters").get("items") or []
        return [self._told(o) for o in found]

    def find(self, name: str) -> Cluster | None:
        of = self._call("GET", f"{self._base}/clusters/{name}", missing=None)
        return self._told(of) if of else None

    def _told(self, of: dict[str, Any]) -> Cluster:
        name = of["metadata"]["name"]
        cluster = cluster_of(of, self._control_plane(of), self._listed("machinedeployments", name))
        if cluster.phase == "creating" and cluster.ours:
            missing = [o for o in self._noted(of) if self._get(o) is None]
            if missing:
                return Cluster(**{**vars(cluster), "phase": "failed", "state": "half applied",
                                  "message": f"{missing[0]['kind']} {missing[0]['metadata']['name']} is missing"})
        return cluster

    def _control_plane(self, of: Mapping[str, Any]) -> dict[str, Any] | None:
        reference = (of.get("spec") or {}).get("controlPlaneRef") or {}
        if not reference.get("kind"):
            return None
        version = reference.get("apiVersion") or self._preferred(reference["apiGroup"])
        return self._get({"apiVersion": version, "kind": reference["kind"], "metadata": {"name": reference["name"]}})

    def _preferred(self, group: str) -> str:
        found = self._call("GET", f"/apis/{group}", missing=None)
        return found["preferredVersion"]["groupVersion"] if found else f"{group}/v1beta1"

    def _get(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            path = self._applier.path(item, self._namespace)
        except (PlatformError, ApiError):
            return None
        return self._call("GET", path, missing=None)

    @staticmethod
    def _noted(of: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What was applied beside the Cluster, as it was noted on it."""
        try:
            return list(json.loads((of["metadata"].get("annotations") or {}).get(OBJECTS) or "[]"))
        except ValueError:
            return []

    # ---- changing ---------------------------------------------------------------------------------------------
    def check(self, wanted: Wanted) -> None:
        if self._call("GET", f"{self._base}/clusters/{wanted.name}", missing=None) is None:
            self._objects(wanted)

    def _objects(self, wanted: Wanted) -> list[dict[str, Any]]:
        """The objects of the manifest with variables as clusterctl has them, the Cluster first."""
        manifest = str(self._settings.get("manifest") or "")
        if not manifest:
            raise BadOption("cluster_api.manifest: is missing; clusterctl generate cluster makes one")
        if "\n" not in manifest:
            try:
                manifest = Path(manifest).expanduser().read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as e:
                raise BadOption(f"cluster_api.manifest: cannot read {manifest}: {getattr(e, 'strerror', 'not text')}") from None
        version = f"v{wanted.version.lstrip('v')}" if wanted.version else ""
        given = {"CLUSTER_NAME": wanted.name, "NAMESPACE": self._namespace, "KUBERNETES_VERSION": version,
                 "WORKER_MACHINE_COUNT": str(wanted.nodes or ""), **(self._settings.get("variables") or {})}
        values = {k: str(v) for k, v in given.items() if v not in (None, "")}
        lacking = sorted({m[1] for m in _VARIABLE.finditer(manifest) if m[1] not in values and m[2] is None})
        if lacking:
            raise BadOption(f"cluster_api.variables: {', '.join(lacking)} are missing for the manifest; version and nodes give "
                            "KUBERNETES_VERSION and WORKER_MACHINE_COUNT")
        items = parse(_VARIABLE.sub(lambda m: values.get(m[1], m[2] or ""), manifest), "cluster_api.manifest")
        own = [i for i in items if i["kind"] == "Cluster" and i["apiVersion"].startswith(f"{GROUP}/")]
        if [i["metadata"]["name"] for i in own] != [wanted.name]:
            raise BadOption(f"cluster_api.manifest: must hold one Cluster, called ${{CLUSTER_NAME}} or {wanted.name}")
        return own + [i for i in items if i is not own[0]]

    def create(self, wanted: Wanted) -> None:
        there = self.find(wanted.name)
        if there and there.state != "half applied":
            raise PlatformError(f"{wanted.name} is {there.words()}; dispose of it with state: absent first")
        first, *others = self._objects(wanted)
        noted = [{"apiVersion": o["apiVersion"], "kind": o["kind"], "metadata": {
            k: v for k, v in o["metadata"].items() if k in ("name", "namespace")}} for o in others]
        first["metadata"].setdefault("annotations", {})[OBJECTS] = json.dumps(noted)
        owner = self._apply(first, wanted)
        reference = {"apiVersion": owner["apiVersion"], "kind": "Cluster", "name": wanted.name, "uid": owner["metadata"]["uid"]}
        for item in others:
            # A deletion that nobody sees to its end takes them along, too, but only once the Cluster no longer needs them.
            if f"/namespaces/{self._namespace}/" in self._applier.path(item, self._namespace):
                item["metadata"].setdefault("ownerReferences", []).append(reference)
            self._apply(item, wanted)
        self._job.tell(f"{wanted.name}: {len(others) + 1} objects applied")

    def _apply(self, item: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
        item["metadata"].setdefault("labels", {}).update({**wanted.labels, "assay.clusters/cluster": wanted.name})
        try:
            return self._applier.apply(item, self._namespace)
        except ApiError as e:
            raise PlatformError(f"{item['kind']} {item['metadata']['name']}: {e.message}") from None

    def _patch(self, of: Mapping[str, Any], spec: dict[str, Any], version: str = "") -> None:
        item = {"apiVersion": of.get("apiVersion") or version, "kind": of["kind"], "metadata": of["metadata"]}
        self._call("PATCH", self._applier.path(item, self._namespace), {"spec": spec},
                   content_type="application/merge-patch+json")

    def update(self, cluster: Cluster, wanted: Wanted) -> None:
        """Through the topology of a ClusterClass, else control plane first and then the machine deployments."""
        of = self._call("GET", f"{self._base}/clusters/{cluster.name}")
        version = f"v{wanted.version.lstrip('v')}" if wanted.version and \
            not words.version_fits(cluster.version, wanted.version) else ""
        nodes = wanted.nodes if wanted.nodes != cluster.nodes else 0
        topology = (of.get("spec") or {}).get("topology")
        if topology:
            self._update_topology(of, topology, version, nodes)
            return
        deployments = self._listed("machinedeployments", cluster.name)
        sizes = self._sizes({d["metadata"]["name"]: int(d["spec"].get("replicas") or 0) for d in deployments}, nodes)
        control = self._control_plane(of)
        if version and control:
            self._patch(control, {"version": version})
        for deployment in deployments:
            spec: dict[str, Any] = {"template": {"spec": {"version": version}}} if version else {}
            if nodes:
                spec["replicas"] = sizes[deployment["metadata"]["name"]]
            if spec:
                self._patch({**deployment, "kind": "MachineDeployment"}, spec, self._version)

    def _update_topology(self, of: Mapping[str, Any], topology: Mapping[str, Any], version: str, nodes: int) -> None:
        change: dict[str, Any] = {"version": version} if version else {}
        if nodes:
            pools = (topology.get("workers") or {}).get("machineDeployments") or []
            sizes = self._sizes({p["name"]: int(p.get("replicas") or 0) for p in pools}, nodes)
            change["workers"] = {"machineDeployments": [{**p, "replicas": sizes[p["name"]]} for p in pools]}
        self._patch({**of, "kind": "Cluster"}, {"topology": change}, self._version)

    def _sizes(self, sizes: dict[str, int], nodes: int) -> dict[str, int]:
        """The chosen deployment, else the first, takes what the others leave."""
        if not nodes:
            return sizes
        chosen = self._settings.get("machine_deployment") or next(iter(sizes), "")
        if chosen not in sizes:
            raise BadOption(f"cluster_api.machine_deployment: there is no {chosen or 'machine deployment'}; there are "
                            + (", ".join(sizes) or "none"))
        return filled(sizes, nodes, chosen, "machine deployments")

    def delete(self, cluster: Cluster) -> None:
        """The Cluster, whose controllers delete machines and infrastructure; then what else was applied."""
        of = self._call("GET", f"{self._base}/clusters/{cluster.name}", missing=None)
        noted = self._noted(of) if of else []
        self._call("DELETE", f"{self._base}/clusters/{cluster.name}", missing=None)
        self._job.until(lambda: now.words() if (now := self.find(cluster.name)) else "", self._settings["poll"],
                        patience=float("inf"), about=f"{cluster.name} to be deleted")
        for item in reversed(noted):
            found = self._get(item)
            if found and (found["metadata"].get("labels") or {}).get(names.MANAGED_BY) == names.MANAGER:
                self._call("DELETE", self._applier.path(item, self._namespace), missing=None)

    def mark(self, cluster: Cluster, uid: str) -> None:
        self._call("PATCH", f"{self._base}/clusters/{cluster.name}", {"metadata": {"annotations": {UID: uid}}},
                   content_type="application/merge-patch+json")

    # ---- ways in ----------------------------------------------------------------------------------------------
    def kubeconfig(self, cluster: Cluster) -> str:
        name = f"{cluster.name}-kubeconfig"
        secret = self._call("GET", f"/api/v1/namespaces/{self._namespace}/secrets/{name}", missing=None)
        value = ((secret or {}).get("data") or {}).get("value")
        if not value:
            raise PlatformError(f"the management cluster has no secret {name} with a kubeconfig")
        return embedded(base64.b64decode(value).decode(), f"the secret {name}")

    access = kubeconfig

    # ---- telling ----------------------------------------------------------------------------------------------
    def evidence(self, name: str) -> dict[str, list[str]]:
        of = self._call("GET", f"{self._base}/clusters/{name}", missing=None)
        things = [of, self._control_plane(of) if of else None, *self._listed("machinedeployments", name),
                  *self._listed("machines", name)]
        lines = [line for thing in things if thing for line in machines_words(thing)]
        events = self._call("GET", f"/api/v1/namespaces/{self._namespace}/events", missing={}).get("items") or []
        about = {t["metadata"]["name"] for t in things if t}
        for e in sorted(events, key=lambda e: str(e.get("lastTimestamp") or e.get("eventTime") or "")):
            if e.get("type") != "Normal" and (e.get("involvedObject") or {}).get("name") in about:
                lines.append(f"{e['involvedObject']['kind']} {e['involvedObject']['name']}: {e.get('reason')}: {e.get('message')}")
        return {"events": lines, "log": []}

    def close(self) -> None:
        self._client.close()
        self._client.connection.close()
