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
from ..kube import pull_secrets
from ..kube.errors import ApiError, BadInput
from ..kube.kinds import path_of
from ..kube.patient import PatientClient
from ..kube.watch import Watch, WatchTimeout
from ..results import redact
from .errors import Inconclusive
from .terms import Terms, Users, fit, users_of

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
# Seconds from the creation of a namespace to the annotations that OpenShift's controller gives it.
_ANNOTATED = 15.0
# Kinds that carry our labels: in a namespace that others use, too, theirs are not listed.
_LABELLED = {"pods", "services", "configmaps", "persistentvolumeclaims", "deployments", "daemonsets"}
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
                 deadline: float, terms: Terms | None = None, prefix: str = "validate"):
        """prefix: of the variables that sentences name; another one than that of runs is in the namespace's name, too."""
        self.client, self.run_id, self.labels, self.journal = client, run_id, labels, journal
        self.terms, self._prefix = terms or Terms(), prefix
        self.name = self.terms.namespace or (f"assay-{run_id}" if prefix == "validate" else f"assay-{prefix}-{run_id}")
        self.deadline = deadline
        self.notes: list[str] = []
        self.namespace = Once(self._make_namespace)
        self._account, self._users = Once(self._wait_for_account), Once(self._find_users)
        self.privileged = Once(self._make_privileged)
        self._pull_secrets = Once(self._copy_secrets)
        self._watches: dict[str, Watch] = {}
        self._lock = threading.Lock()
        self.namespaces = Once(self._watch_namespaces)

    def unique(self, name: str) -> str:
        """The name in the run namespace; where others work, too, with the run's own ending."""
        return f"{name}-{self.run_id}" if self.terms.namespace else name

    def _watch_namespaces(self) -> Watch:
        watch = Watch(self.client.raw, "/api/v1/namespaces", {"labelSelector": OURS}, name="namespaces")
        watch.start()
        return watch

    def _make_namespace(self) -> str:
        if self.terms.namespace:
            return self._given_namespace()
        levels = {f"pod-security.kubernetes.io/{mode}": self.terms.pod_security for mode in ("enforce", "warn", "audit")}
        self.journal.intend("Namespace", self.name, "", "v1")
        try:
            self._create_namespace({} if self.terms.pod_security == "none" else levels)
        except ApiError as e:
            if e.status is not None and 400 <= e.status < 500 and e.status not in (408, 429):
                self.journal.gone("Namespace", self.name, "")
            instead = f"; {self._prefix}_namespace names an existing one to work in" if "cannot create resource" in e.message else ""
            raise Inconclusive(f"the run namespace could not be created: {e.message}{instead}") from e
        return self.name

    def _create_namespace(self, levels: dict[str, str]) -> None:
        """With the labels of Pod Security; those alone are refused where only some users may set them (Rancher)."""
        meta = {"name": self.name, "labels": {**self.terms.labels, **self.labels}, "annotations": dict(self.terms.annotations)}
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
        try:
            self.client.create("/api/v1/namespaces", {**body, "metadata": {**meta, "labels": {**meta["labels"], **levels}}})
        except ApiError as e:
            if not levels or e.status not in (400, 401, 403, 422) or "cannot create resource" in e.message:
                raise
            self.client.create("/api/v1/namespaces", body)
            self.notes.append(f"the run namespace has no Pod Security labels, with them it was refused: {e.message}")

    def _make_privileged(self) -> str:
        """A second namespace, for pods that an option allows what Pod Security forbids in the first; where a namespace is
        given, that one."""
        if self.terms.namespace:
            return self.namespace()
        name = f"{self.name}-privileged"
        level = {f"pod-security.kubernetes.io/{mode}": "privileged" for mode in ("enforce", "warn", "audit")}
        self.journal.intend("Namespace", name, "", "v1")
        self.client.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": name, "labels": {**self.terms.labels, **self.labels, **level}, "annotations": dict(self.terms.annotations)}})
        self._wait_in_given(name)
        return name

    def _given_namespace(self) -> str:
        try:
            self._annotated = self.client.get(path_of("v1", "Namespace", name=self.name))
        except ApiError as e:
            if e.status == 404:
                raise Inconclusive(f"{self._prefix}_namespace: there is no namespace {self.name}") from e
            if e.status != 403:  # a tenant may work in it without seeing it
                raise Inconclusive(f"namespace {self.name} could not be read: {e.message}") from e
        return self.name

    _annotated: dict[str, Any] = {}

    def _find_users(self) -> Users:
        """Which users pods of the run namespace run as; only OpenShift tells, a moment after the namespace is there."""
        if self.terms.namespace:
            return users_of(self._annotated)
        try:
            self.client.get("/apis/security.openshift.io")
        except ApiError as e:
            if e.status is not None and e.status < 500:
                return Users()
            raise
        end = min(time.monotonic() + _ANNOTATED, self.deadline)
        while True:
            found = users_of(self.client.get(path_of("v1", "Namespace", name=self.name)))
            if found.user is not None or time.monotonic() > end:
                return found
            time.sleep(0.5)

    def _copy_secrets(self) -> list[str]:
        """Names of the pull secrets in the run namespace."""
        out = []
        for number, reference in enumerate(self.terms.pull_secrets):
            namespace, slash, name = reference.rpartition("/")
            if not slash or namespace == self.name:
                out.append(name)
                continue
            copy = self.unique(f"pull-{number}")
            try:
                kind, data = pull_secrets.read(self.client, namespace, name)
            except BadInput as e:
                raise Inconclusive(f"{self._prefix}_{e}") from e
            redact.register(*data.values())
            self._post({"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": {"name": copy}, "data": data},
                       self.client, Users(), [])
            out.append(copy)
        return out

    def _wait_for_account(self) -> None:
        if self.terms.namespace:
            return self._wait_in_given()
        try:
            self.watch("serviceaccounts").wait(lambda items: (self.name, "default") in items,
                                               min(time.monotonic() + ACCOUNT_LIMIT, self.deadline))
        except WatchTimeout:
            raise Inconclusive(f"namespace {self.name} has no default ServiceAccount after {ACCOUNT_LIMIT:.0f} s, so "
                               "pods are refused; is kube-controller-manager running?") from None

    def _wait_in_given(self, name: str = "") -> None:
        """In a namespace that was there it mostly is, too; who made it a moment ago has to wait. Who may not look goes on."""
        path, end = path_of("v1", "ServiceAccount", name or self.name, "default"), min(time.monotonic() + ACCOUNT_LIMIT, self.deadline)
        while True:
            try:
                self.client.raw.get(path)
                return
            except ApiError as e:
                if e.status != 404 or time.monotonic() > end:
                    return
            time.sleep(0.5)

    def ready(self) -> None:
        """The namespace is there and takes pods."""
        self.namespace()
        self._account()

    def watch(self, plural: str) -> Watch:
        """The shared watch of a kind in the run namespace."""
        if plural not in WATCHED:
            raise KeyError(f"{plural} is not watched; there are {', '.join(sorted(WATCHED))}")
        namespace = self.namespace()
        with self._lock:
            if plural not in self._watches:
                api_version, kind = WATCHED[plural]
                ours = {"labelSelector": f"{RUN}={self.run_id}"} if self.terms.namespace and plural in _LABELLED else None
                watch = Watch(self.client.raw, path_of(api_version, kind, namespace), ours, name=plural)
                watch.start()
                self._watches[plural] = watch
            return self._watches[plural]

    def create(self, manifest: dict[str, Any], client: PatientClient | None = None, namespace: str = "") -> dict[str, Any]:
        """Journal and make an object in the run namespace (or a cluster-scoped one), with our labels and on the cluster's terms.

        namespace: another one of ours, that of `privileged`.
        """
        if namespace not in ("", self.name):
            return self._post(manifest, client or self.client, Users(), [], namespace)
        self.namespace()
        users, secrets = Users(), []
        if manifest["kind"] in _NEEDS_ACCOUNT:
            self._account()
            users, secrets = self._users(), self._pull_secrets()
        return self._post(manifest, client or self.client, users, secrets)

    def _post(self, manifest: dict[str, Any], client: PatientClient, users: Users, secrets: list[str],
              namespace: str = "") -> dict[str, Any]:
        manifest = fit(manifest, self.terms, self.labels, users, secrets)
        kind, api_version, meta = manifest["kind"], manifest["apiVersion"], manifest["metadata"]
        path = path_of(api_version, kind, namespace or self.name)
        if "/namespaces/" in path:
            meta["namespace"] = namespace or self.name
        self.journal.intend(kind, meta["name"], meta.get("namespace", ""), api_version)
        return client.create(path, manifest)

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
