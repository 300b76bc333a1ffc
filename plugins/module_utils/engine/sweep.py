# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finishing the clean-up of runs that died: by journal on this machine, by label and expiry from anywhere."""
from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..common import journal as journals
from ..common.names import EXPIRES, OURS, RUN
from ..kube import greeting
from ..kube.client import Client
from ..kube.errors import ApiError
from ..kube.kinds import path_of
from ..kube.reading import date_of
from .cleanup import LIMIT, Remover
from .removal import listed
from .volume_ends import PATH as VOLUMES

# Kinds that a run makes in a namespace; in one of its own they go with that.
_KINDS = (("v1", "PersistentVolumeClaim"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"), ("apps/v1", "Deployment"),
          ("v1", "Pod"), ("v1", "Service"), ("v1", "ConfigMap"), ("v1", "Secret"),
          ("networking.k8s.io/v1", "Ingress"), ("gateway.networking.k8s.io/v1", "HTTPRoute"),
          ("gateway.networking.k8s.io/v1", "Gateway"),
          ("monitoring.coreos.com/v1", "ServiceMonitor"), ("monitoring.coreos.com/v1", "PodMonitor"),
          ("cert-manager.io/v1", "Certificate"))
# Of them those that may hold a claim, or make again who does.
_HOLDERS = (("apps/v1", "StatefulSet"), ("v1", "Pod"))


def _namespace(name: str) -> dict[str, str]:
    return {"api_version": "v1", "kind": "Namespace", "namespace": "", "name": name}


def _listed_in(client: Client, namespace: str, api_version: str, kind: str) -> list[dict[str, Any]]:
    """Our objects of a kind that no controller has made; none where they are not ours to see."""
    items = listed(client, path_of(api_version, kind, namespace), {"labelSelector": OURS}, metadata_only=True)
    return [i for i in items if not i["metadata"].get("ownerReferences")]


def _object(api_version: str, kind: str, namespace: str, item: dict[str, Any]) -> dict[str, str]:
    return {"api_version": api_version, "kind": kind, "namespace": namespace, "name": item["metadata"]["name"]}


def _claims(client: Client, namespace: str) -> list[dict[str, str]]:
    """Claims, and what may hold them; where there are none, or they are not ours to see, all goes with the namespace."""
    claims = _listed_in(client, namespace, "v1", "PersistentVolumeClaim")
    found = [_object("v1", "PersistentVolumeClaim", namespace, i) for i in claims]
    return found and [*found, *(_object(version, kind, namespace, i) for version, kind in _HOLDERS
                                for i in _listed_in(client, namespace, version, kind))]


def _services(client: Client, namespace: str) -> list[dict[str, str]]:
    """Those of type LoadBalancer are to go before their namespace."""
    return [_object("v1", "Service", namespace, i) for i in _listed_in(client, namespace, "v1", "Service")]


def _volumes(client: Client) -> list[dict[str, Any]]:
    """Volumes that a run has marked as its own, as they would have outlived it; none where they are not ours to see."""
    try:
        return client.list(VOLUMES, {"labelSelector": OURS}).items
    except ApiError as e:
        if e.status == 403:
            return []
        raise


def _inside(client: Client, namespace: str, now: float) -> dict[str, list[dict[str, str]]]:
    """What runs that have expired left in a namespace that they were given: run -> objects. What a controller of those made
    goes with them; kinds that are not ours to see are left out."""
    found: dict[str, list[dict[str, str]]] = {}
    for api_version, kind in _KINDS:
        for item in _listed_in(client, namespace, api_version, kind):
            if run_id := _dead(item, now):
                found.setdefault(run_id, []).append(_object(api_version, kind, namespace, item))
    return found


def now_of(headers: Any) -> float:
    """The API server's clock from its Date header; ours where it sends none."""
    told = date_of(headers.get("Date") or headers.get("date")) if headers else None
    return time.time() if told is None else told


class Sweeper:
    """Removes leftovers of dead runs on one cluster; other people's and living runs' objects stay."""

    def __init__(self, client: Client, folder: Path, own_run: str = ""):
        self.client, self.folder, self.own = client, folder, own_run
        self.swept: list[str] = []
        self.remaining: list[str] = []

    def _remove(self, run_id: str, objects: Callable[[], list[dict[str, str]]]) -> bool:
        try:
            left = Remover(self.client, run_id, time.monotonic() + LIMIT).remove(objects())
        except ApiError as e:
            left = [f"run {run_id}: {e.message}"]
        self.remaining += left
        if not left:
            self.swept.append(run_id)
        return not left

    def _put_away(self, run_id: str) -> None:
        """The journal of a run that another clean-up has finished, where it is in our folder."""
        for entry in journals.every(self.folder):
            if entry.run_id == run_id:
                entry.path.unlink(missing_ok=True)

    def by_journal(self) -> None:
        """Runs of this machine whose process is gone; a run that was done, and could not put its journal away, too."""
        for entry in journals.every(self.folder):
            ours = entry.done or entry.head.get("server") == self.client.server
            if ours and entry.run_id != self.own and entry.dead() and (
                    entry.done or not entry.objects or self._remove(entry.run_id, lambda e=entry: e.objects)):
                entry.path.unlink(missing_ok=True)

    def by_label(self, namespaces: list[dict[str, Any]], now: float) -> None:
        """Namespaces with our label whose run expired, wherever it ran, and its volumes.

        now: the API server's epoch seconds.
        """
        for run_id, name in self._expired(namespaces, now):
            if self._remove(run_id, lambda n=name: [*_services(self.client, n), *_claims(self.client, n), _namespace(n)]):
                self._put_away(run_id)
        for run_id, name in self._expired(_volumes(self.client), now):
            self._remove(run_id, lambda n=name: [{"api_version": "v1", "kind": "PersistentVolume", "namespace": "", "name": n}])

    def inside(self, namespace: str, now: float) -> None:
        """Objects of runs that have expired, in an existing namespace that runs are given to work in."""
        for run_id, objects in _inside(self.client, namespace, now).items():
            if run_id not in (self.own, *self.swept) and self._remove(run_id, lambda found=objects: found):
                self._put_away(run_id)

    def _expired(self, items: list[dict[str, Any]], now: float) -> list[tuple[str, str]]:
        return [(run_id, item["metadata"]["name"]) for item in items
                if (run_id := _dead(item, now)) and run_id not in (self.own, *self.swept)]


def _dead(item: dict[str, Any], now: float) -> str:
    """The run that the object is of, if it has expired; else empty."""
    labels = item["metadata"].get("labels") or {}
    expires = labels.get(EXPIRES, "")
    return labels.get(RUN, "") if expires.isdigit() and int(expires) <= now else ""


def _listed(client: Client, everything: bool, tenant: bool = False) -> tuple[list[dict[str, Any]], float]:
    """(namespaces of runs, the time); a tenant, who was given a namespace, may see no others."""
    path = "/api/v1/namespaces"
    try:
        found = greeting.items(client, path, client.get(path, {"labelSelector": OURS}))
    except ApiError as e:
        if not tenant or e.status != 403:
            raise
        found = []
    return found, float("inf") if everything else client.now()


def find(client: Client, folder: Path, everything: bool = False, namespace: str = "") -> dict[str, list[str]]:
    """What a sweep would remove: {"swept": run ids, "remaining": []}; nothing is changed."""
    dead = [e.run_id for e in journals.unfinished(folder, client.server) if e.dead() and e.objects]
    items, now = _listed(client, everything, bool(namespace))
    dead += _inside(client, namespace, now) if namespace else []
    return {"swept": sorted({*dead, *filter(None, (_dead(i, now) for i in [*items, *_volumes(client)]))}), "remaining": []}


def sweep(client: Client, folder: Path, everything: bool = False, namespace: str = "") -> dict[str, list[str]]:
    """The whole sweep of one cluster: {"swept": run ids, "remaining": lines}.

    everything: also runs that have not expired and may be alive elsewhere. namespace: an existing one that runs work in.
    """
    sweeper = Sweeper(client, folder)
    sweeper.by_journal()
    items, now = _listed(client, everything, bool(namespace))
    if namespace:
        sweeper.inside(namespace, now)
    sweeper.by_label(items, now)
    return {"swept": sorted(set(sweeper.swept)), "remaining": sweeper.remaining}


def infrastructure(client: Client) -> list[str]:
    """What the machines of the cluster are from, as the provider IDs of nodes begin (aws, vsphere); [] where nobody may see them."""
    try:
        found = client.get("/api/v1/nodes", {"limit": 100}).get("items") or []
    except ApiError:
        return []
    return sorted({scheme for n in found for scheme, colon, _rest in ((n.get("spec") or {}).get("providerID", "").partition("://"),)
                   if colon})


def forget(folder: Path, server: str, cluster: str, change: bool) -> dict[str, list[str]]:
    """Finish the journals of dead runs on a cluster that is gone with all that was in it; without change only tell.

    server: the address of its API server, "" where nothing tells it any more: then the name that the runs called it by.
    """
    gone = [e for e in journals.unfinished(folder, server or None) if e.dead() and (server or e.head.get("cluster") == cluster)]
    for entry in gone if change else []:
        entry.path.unlink(missing_ok=True)
    return {"swept": sorted({e.run_id for e in gone}), "remaining": []}
