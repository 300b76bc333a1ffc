# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all checks of a run share: the run namespace, the watches, the probes. Each is made once, when first asked for."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ..common.journal import Journal
from ..common.names import OURS, RUN
from ..kube.errors import ApiError
from ..kube.kinds import path_of
from ..kube.patient import PatientClient
from ..kube.watch import Watch, WatchTimeout
from .errors import Inconclusive

# Plural -> where it is listed; what checks may watch in the run namespace.
WATCHED = {
    "pods": ("v1", "Pod"), "services": ("v1", "Service"), "events": ("v1", "Event"),
    "configmaps": ("v1", "ConfigMap"), "serviceaccounts": ("v1", "ServiceAccount"),
    "persistentvolumeclaims": ("v1", "PersistentVolumeClaim"),
    "endpointslices": ("discovery.k8s.io/v1", "EndpointSlice"),
    "deployments": ("apps/v1", "Deployment"), "daemonsets": ("apps/v1", "DaemonSet"),
}
# Seconds from the creation of a namespace to its default ServiceAccount; without it pods are refused.
ACCOUNT_LIMIT = 30.0
_NEEDS_ACCOUNT = {"Pod", "Deployment", "DaemonSet", "StatefulSet", "Job", "ReplicaSet"}


class Once:
    """A value made by the first who asks; the others wait for it, and an error is everybody's."""

    def __init__(self, make: Callable[[], Any]):
        self._make, self._lock = make, threading.Lock()
        self._done, self._value, self._error = False, None, None

    def __call__(self) -> Any:
        with self._lock:
            if not self._done:
                try:
                    self._value = self._make()
                except Exception as e:
                    self._error = e
                self._done = True
        if self._error is not None:
            raise self._error
        return self._value

    @property
    def made(self) -> bool:
        return self._done and self._error is None


class Fixtures:
    """The shared objects of one run on one cluster. Thread-safe."""

    def __init__(self, client: PatientClient, run_id: str, labels: dict[str, str], journal: Journal,
                 deadline: float):
        self.client, self.run_id, self.labels, self.journal = client, run_id, labels, journal
        self.name = f"assay-{run_id}"
        self.deadline = deadline
        self.namespace = Once(self._make_namespace)
        self._account = Once(self._wait_for_account)
        self._watches: dict[str, Watch] = {}
        self._lock = threading.Lock()
        self.namespaces = Once(self._watch_namespaces)

    def _watch_namespaces(self) -> Watch:
        watch = Watch(self.client.raw, "/api/v1/namespaces", {"labelSelector": OURS}, name="namespaces")
        watch.start()
        return watch

    def _make_namespace(self) -> str:
        level = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
        body = {"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": self.name, "labels": {**self.labels, **level}}}
        self.journal.intend("Namespace", self.name, "", "v1")
        try:
            self.client.create("/api/v1/namespaces", body)
        except ApiError as e:
            if e.status is not None and 400 <= e.status < 500 and e.status not in (408, 429):
                self.journal.gone("Namespace", self.name, "")
            raise Inconclusive(f"the run namespace could not be created: {e.message}") from e
        return self.name

    def _wait_for_account(self) -> None:
        try:
            self.watch("serviceaccounts").wait(lambda items: (self.name, "default") in items,
                                               min(time.monotonic() + ACCOUNT_LIMIT, self.deadline))
        except WatchTimeout:
            raise Inconclusive(f"namespace {self.name} has no default ServiceAccount after {ACCOUNT_LIMIT:.0f} s, so "
                               "pods are refused; is kube-controller-manager running?") from None

    def watch(self, plural: str) -> Watch:
        """The shared watch of a kind in the run namespace."""
        if plural not in WATCHED:
            raise KeyError(f"{plural} is not watched; there are {', '.join(sorted(WATCHED))}")
        namespace = self.namespace()
        with self._lock:
            if plural not in self._watches:
                api_version, kind = WATCHED[plural]
                watch = Watch(self.client.raw, path_of(api_version, kind, namespace), None, name=plural)
                watch.start()
                self._watches[plural] = watch
            return self._watches[plural]

    def create(self, manifest: dict[str, Any], client: PatientClient | None = None,
               deadline: float | None = None) -> dict[str, Any]:
        """Journal and make an object in the run namespace (or a cluster-scoped one), with our labels."""
        kind, api_version = manifest["kind"], manifest["apiVersion"]
        if kind in _NEEDS_ACCOUNT:
            self._account()
        path = path_of(api_version, kind, self.namespace())
        meta = dict(manifest.get("metadata", {}))
        meta["labels"] = {**meta.get("labels", {}), **self.labels}
        if "/namespaces/" in path:
            meta["namespace"] = self.name
        self.journal.intend(kind, meta["name"], meta.get("namespace", ""), api_version)
        return (client or self.client).create(path, {**manifest, "metadata": meta})

    def owns(self, item: dict[str, Any]) -> bool:
        return item.get("metadata", {}).get("labels", {}).get(RUN) == self.run_id

    def stop(self) -> None:
        """End the watches of what is in the namespace; that of namespaces is needed until ours is gone."""
        with self._lock:
            watches, self._watches = list(self._watches.values()), {}
        for watch in watches:
            watch.stop()

    def stop_namespaces(self) -> None:
        if self.namespaces.made:
            self.namespaces().stop()
