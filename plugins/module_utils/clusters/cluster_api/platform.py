# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters of Cluster API: objects in a management cluster, told by their conditions, whatever the infrastructure.

The manifest is what `clusterctl generate cluster` prints or a template of it. Phases of a Cluster are Pending,
Provisioning, Provisioned, Deleting, Failed (before v1beta2) and Unknown. https://cluster-api.sigs.k8s.io/reference/api/
"""
from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ...common import names
from ...jobs.errors import PlatformError
from ...jobs.job import Job
from ...jobs.patience import Patience
from ..access import embedded
from ..model import UID, Cluster, Wanted
from . import manifest
from .api import Api
from .change import Change
from .state import cluster_of, machines_words
from .things import LABEL, Things, note, noted

HALF = "half applied"


class ClusterApi:
    """See ClusterPlatform. resumes: objects that are missing of a cluster that is not yet there are applied again."""

    name = "cluster_api"
    name_limit = 63
    resumes = True

    def __init__(self, settings: Mapping[str, Any], job: Job):
        self._settings, self._job = settings, job
        self._api = Api(settings, Patience(job))

    def _things(self, name: str) -> Things:
        return Things(self._api, self._job, name)

    # ---- looking ----------------------------------------------------------------------------------------------
    def clusters(self) -> list[Cluster]:
        found = [self._told(o) for o in self._api.clusters()]
        there = {c.name for c in found}
        gone = {(i["metadata"].get("labels") or {}).get(LABEL, "") for i in self._api.labelled(f"{names.OURS},{LABEL}")} - there
        return found + [c for c in map(self._half_deleted, sorted(gone)) if c]

    def find(self, name: str) -> Cluster | None:
        of = self._api.cluster(name)
        return self._told(of) if of else self._half_deleted(name)

    def _told(self, of: dict[str, Any]) -> Cluster:
        """Half applied while nobody has seen it whole, which the UID of its own API server shows, and objects of its manifest are missing.
        Its controllers may have made a cluster of the rest; later, whoever takes an object away means it."""
        cluster = cluster_of(of, self._api.control_plane(of), self._api.pools(of["metadata"]["name"]))
        if cluster.ours and not cluster.uid and cluster.phase in ("creating", "ready"):
            missing = [o for o in noted(of) if self._api.get(o) is None]
            if missing:
                return Cluster(**{**vars(cluster), "phase": "failed", "state": HALF,
                                  "message": f"{missing[0]['kind']} {missing[0]['metadata']['name']} is missing"})
        return cluster

    def _half_deleted(self, name: str) -> Cluster | None:
        """What is left of one whose Cluster is gone, as a deletion was interrupted."""
        left = self._things(name).left()
        if not left:
            return None
        going = all(i["metadata"].get("deletionTimestamp") for i in left)
        words = ", ".join(f"{i['kind']} {i['metadata']['name']}" for i in left[:3])
        return Cluster(name, "", "half deleted", "deleting" if going else "failed", f"{words} is left",
                       labels=left[0]["metadata"].get("labels") or {}, extra={"namespace": self._api.namespace})

    # ---- changing ---------------------------------------------------------------------------------------------
    def check(self, wanted: Wanted) -> None:
        of = self._api.cluster(wanted.name)
        if of is None or self._told(of).state == HALF:
            self._things(wanted.name).check(manifest.objects(self._settings, wanted)[1:])

    def drift(self, cluster: Cluster) -> list[str]:
        """What else is another one than wanted: variables of the ClusterClass."""
        wanted = self._settings.get("class_variables") or {}
        if not wanted:
            return []
        topology = manifest.topology(self._api.cluster(cluster.name, missing={}), cluster.name)
        return [f"class_variables.{n}" for n in manifest.changed_variables(topology, wanted)]

    def create(self, wanted: Wanted) -> None:
        there = self.find(wanted.name)
        if there and there.state != HALF:
            raise PlatformError(f"{wanted.name} is {there.words()}; dispose of it with state: absent first")
        first, *others = manifest.objects(self._settings, wanted)
        note(first, others)
        things = self._things(wanted.name)
        owner = things.apply_cluster(first, wanted.labels)
        for item in others:
            things.apply(item, wanted.labels, owner)
        self._job.tell(f"{wanted.name}: {len(others) + 1} objects applied")

    def update(self, cluster: Cluster, wanted: Wanted) -> None:
        Change(self._api, self._settings, self._job, cluster, wanted).run()

    def delete(self, cluster: Cluster) -> None:
        """The Cluster, whose controllers delete machines and infrastructure; then what else was applied for it alone."""
        of, things = self._api.cluster(cluster.name), self._things(cluster.name)
        items = noted(of) if of else things.left()
        if of:
            things.let_go(items)
        self._api.call("DELETE", self._api.cluster_path(cluster.name), missing=None)
        if not self._settings.get("wait", True):
            return  # what it owns goes with it, and what it cannot own is found by its label next time
        self._job.until(lambda: self._deletion(cluster.name), self._settings["poll"], patience=float("inf"),
                        about=f"{cluster.name} to be deleted")
        things.delete(items)
        self._job.until(lambda: things.going(items), self._settings["poll"], patience=float("inf"), about=cluster.name)

    def _deletion(self, name: str) -> str:
        of = self._api.cluster(name)
        return self._told(of).words() if of else ""

    def mark(self, cluster: Cluster, uid: str) -> None:
        self._api.call("PATCH", self._api.cluster_path(cluster.name), {"metadata": {"annotations": {UID: uid}}},
                       content_type="application/merge-patch+json")

    # ---- ways in ----------------------------------------------------------------------------------------------
    def kubeconfig(self, cluster: Cluster) -> str:
        name = f"{cluster.name}-kubeconfig"
        secret = self._api.call("GET", f"/api/v1/namespaces/{self._api.namespace}/secrets/{name}", missing=None)
        value = ((secret or {}).get("data") or {}).get("value")
        if not value:
            raise PlatformError(f"the management cluster has no secret {name} with a kubeconfig")
        return embedded(base64.b64decode(value).decode(), f"the secret {name}")

    access = kubeconfig

    # ---- telling ----------------------------------------------------------------------------------------------
    def evidence(self, name: str) -> dict[str, list[str]]:
        of = self._api.cluster(name)
        things = [of, self._api.control_plane(of) if of else None, *self._api.pools(name), *self._api.listed("machines", name, "Machine")]
        lines = [line for thing in things if thing for line in machines_words(thing)]
        path = f"/api/v1/namespaces/{self._api.namespace}/events"
        events = self._api.call("GET", path, missing={}).get("items") or []
        about = {t["metadata"]["name"] for t in things if t}
        for e in sorted(events, key=lambda e: str(e.get("lastTimestamp") or e.get("eventTime") or "")):
            if e.get("type") != "Normal" and (e.get("involvedObject") or {}).get("name") in about:
                lines.append(f"{e['involvedObject']['kind']} {e['involvedObject']['name']}: {e.get('reason')}: {e.get('message')}")
        return {"events": lines, "log": []}

    def close(self) -> None:
        self._api.close()
