# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The namespace of one run of the conformance tests: made or found again, and removed with all that the tests left.

There is no guardian: a run takes hours, and goes on in the cluster when the playbook ends. Who gives its id goes on with it;
its journal lies apart from those that the next run of checks finishes, and its labels tell a sweep when it has expired.
"""
from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..common import journal as journals, names
from ..engine.cleanup import Remover
from ..engine.removal import get, patiently
from ..jobs.errors import BadOption, PlatformError
from ..kube import pull_secrets
from ..kube.client import Client
from ..kube.connection import Connection
from ..kube.errors import ApiError
from ..kube.json_text import json_of
from ..kube.kinds import path_of
from ..kube.patient import PatientClient
from . import manifests
from .leaks import BEFORE, Leaks
from .wanted import Wanted

_SPACES = "/api/v1/namespaces"
_RBAC = "rbac.authorization.k8s.io/v1"
# Seconds that objects stay valid after the run's limit, before any sweep may take them: time to go on with it.
_KEEP = 6 * 3600.0
# Seconds until the account of the pods is there, and for a pod of ours to end before it is taken away.
_ACCOUNT, _POD = 30.0, 20.0
_LOOK = 0.5


def folder_of(journal_dir: str | None) -> Path:
    base = Path(os.path.expanduser(journal_dir)) if journal_dir else journals.default_folder()
    return base / "conformance"


class Space:
    """Of one run. found: the namespace as it was there already, None for a new run."""

    def __init__(self, connection: Connection, run_id: str, journal_dir: str | None, limit: float):
        self.run_id, self.name = run_id, f"assay-conformance-{run_id}"
        self.raw = Client(connection)
        self.client = PatientClient(self.raw, lambda: float("inf"), lambda e: None)
        self.labels = names.labels(run_id, limit + _KEEP)
        self._life, self._journal_dir = limit + _KEEP, journal_dir
        self._cluster, self._server = connection.context or "cluster", connection.server
        self._journal: journals.Journal | None = None
        self.found = self._mine()
        self.leaks = Leaks(self.client, self.name, self.found)

    def _mine(self) -> dict[str, Any] | None:
        found = get(self.client, f"{_SPACES}/{self.name}")
        if found and (found["metadata"].get("labels") or {}).get(names.RUN) != self.run_id:
            raise BadOption(f"run_id: namespace {self.name} is there and of no run of ours; choose another id")
        if found and found["metadata"].get("deletionTimestamp"):
            raise PlatformError(f"run {self.run_id} is being removed from the cluster; wait for its end, and begin with "
                                "another run_id")
        return found

    # ---- beginning --------------------------------------------------------------------------------------------
    def begun_with(self) -> Mapping[str, Any]:
        """The options of a run that was found; empty where somebody else has written over them."""
        text = ((self.found or {}).get("metadata", {}).get("annotations") or {}).get(manifests.OPTIONS, "{}")
        try:
            found = json_of(text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def others(self) -> list[str]:
        """Runs of the conformance tests that are in this cluster besides: they would disturb each other."""
        listed = self.client.list(_SPACES, {"labelSelector": f"{names.OURS},{manifests.MARK}=true"}, metadata_only=True)
        return sorted(i["metadata"]["labels"][names.RUN] for i in listed.items if i["metadata"]["name"] != self.name)

    def _intend(self, kind: str, name: str, namespace: str = "", version: str = "v1") -> None:
        if self._journal is None:
            self._journal = journals.Journal(folder_of(self._journal_dir), self.run_id, self._cluster, self._server)
        self._journal.intend(kind, name, namespace, version)

    def make(self, tests: Wanted) -> None:
        """All but the pod; what is there of it stays."""
        self._intend("Namespace", self.name)
        self._intend("ClusterRoleBinding", self.name, version=_RBAC)
        if self.found is None:
            self.labels.update(names.labels(self.run_id, self._life, self.raw.now()))
            manifest = manifests.namespace(self.name, self.labels, tests)
            manifest["metadata"]["annotations"][BEFORE] = ",".join(self.leaks.remember())
            self.found = self._ensure(manifest)
        self._ensure(manifests.account())
        self._ensure(manifests.binding(self.name, self.found, self.labels))
        self._wait_for_account()

    def _ensure(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Make it with our labels, unless it is there."""
        meta = manifest["metadata"]
        space = "" if manifest["kind"] in ("Namespace", "ClusterRoleBinding") else self.name
        body = {**manifest, "metadata": {**meta, **({"namespace": space} if space else {}),
                                         "labels": {**meta.get("labels", {}), **self.labels}}}
        path = path_of(manifest["apiVersion"], manifest["kind"], space)
        try:
            return dict(self.client.create(path, body))
        except ApiError as e:
            if e.status != 409 or e.reason != "AlreadyExists":
                raise
            return dict(self.client.get(f"{path}/{meta['name']}"))

    def _wait_for_account(self) -> None:
        """Pods are refused before the namespace has its default account."""
        end = time.monotonic() + _ACCOUNT
        while get(self.client, path_of("v1", "ServiceAccount", self.name, "default")) is None:
            if time.monotonic() > end:
                raise PlatformError(f"namespace {self.name} has no default ServiceAccount after {_ACCOUNT:.0f} s, so pods are "
                                    "refused; is kube-controller-manager running?")
            time.sleep(_LOOK)

    def secrets(self, references: list[str]) -> list[str]:
        """Copies of pull secrets, by their names here."""
        made = []
        for number, reference in enumerate(references):
            space, slash, name = reference.partition("/")
            if not slash or not name or "/" in name:
                raise BadOption(f"pull_secrets: {reference!r} is not namespace/name")
            kind, data = pull_secrets.read(self.client, space, name)
            made.append(f"pull-{number}")
            self._ensure({"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": {"name": made[-1]}, "data": data})
        return made

    def start(self, pod: dict[str, Any], tests: Wanted) -> dict[str, Any]:
        """The pod, and the list of registries that it reads."""
        if tests.test_repo_list:
            self._ensure(manifests.repo_list(f"{pod['metadata']['name']}-repos", tests))
        return self._ensure(pod)

    def pod(self, name: str) -> dict[str, Any] | None:
        return get(self.client, path_of("v1", "Pod", self.name, name))

    def stop(self, name: str) -> None:
        """The pod is told to end, and ends or not within some seconds: what is left goes with the namespace."""
        path = path_of("v1", "Pod", self.name, name)
        try:
            self.client.delete(path)
        except ApiError as e:
            if e.status != 404:
                raise
        end = time.monotonic() + _POD
        while get(self.client, path) is not None and time.monotonic() < end:
            time.sleep(_LOOK)

    # ---- the end ----------------------------------------------------------------------------------------------
    def remove(self, limit: float, e2e_runs: set[str], processes: int) -> tuple[list[str], list[str]]:
        """(namespaces that the tests left, lines for what is still there): all is removed within `limit` seconds.

        Namespaces of the tests are marked as of this run first, so that whoever finishes a clean-up knows them.
        """
        end = time.monotonic() + limit
        for item in patiently(lambda: self.client.list(path_of("v1", "Pod", self.name)).items, end):
            self.stop(item["metadata"]["name"])
        leaked = patiently(lambda: self.leaks.leaked(e2e_runs, processes), end)
        for name in leaked:
            self._intend("Namespace", name)
            self.leaks.mark(name, self.labels)
        objects = [{"api_version": _RBAC, "kind": "ClusterRoleBinding", "namespace": "", "name": self.name},
                   *({"api_version": "v1", "kind": "Namespace", "namespace": "", "name": n} for n in [*leaked, self.name])]
        try:
            left = Remover(self.raw, self.run_id, end).remove(objects)
        except ApiError as e:
            left = [f"namespace/{self.name} ({e.message})"]
        if not left:
            self._put_away()
        return leaked, left

    def _put_away(self) -> None:
        """The journal, and one that a run of before left that was not finished here."""
        if self._journal is not None:
            self._journal.done()
        for entry in journals.every(folder_of(self._journal_dir)):
            if entry.run_id == self.run_id and entry.head.get("server") == self._server:
                entry.path.unlink(missing_ok=True)

    def close(self) -> None:
        self.raw.close()
