# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The namespace of one prepull: journaled, labelled, and removed whatever becomes of the playbook."""
from __future__ import annotations

import base64
import contextlib
import json
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..common import journal as journals, names
from ..common.guardian import Guardian
from ..engine.cleanup import LIMIT, Remover, finish
from ..engine.errors import Inconclusive
from ..engine.fixtures import Fixtures
from ..engine.sweep import Sweeper
from ..engine.terms import Terms
from ..jobs.errors import BadOption, PlatformError
from ..kube import pull_secrets
from ..kube.client import Client
from ..kube.connection import Connection
from ..kube.errors import ApiError, BadInput
from ..kube.kinds import path_of
from ..kube.patient import PatientClient
from ..results import redact

# Seconds that objects stay valid after the job's limit, before any sweep may take them.
_KEEP = 1800.0
_HUB = "https://index.docker.io/v1/"


def docker_config(credentials: list[Mapping[str, str]]) -> str:
    """The content of a pull secret for these registries."""
    auths = {}
    for c in credentials:
        redact.register(c["password"])
        word = base64.b64encode(f"{c['username']}:{c['password']}".encode()).decode()
        redact.register(word)
        auths[_HUB if c["registry"] == "docker.io" else c["registry"]] = {
            "username": c["username"], "password": c["password"], "auth": word}
    return base64.b64encode(json.dumps({"auths": auths}).encode()).decode()


class Space:
    """Made by `open`, which starts the guardian before any client of this run exists; `close` removes everything.

    terms: on which the cluster takes us; pull secrets are those of `secrets`. notes: what is worth telling of how it went.
    """

    def __init__(self, connection: Connection, journal_dir: str | None, cluster: str, limit: float, terms: Terms = Terms()):
        self.run_id = names.new_run_id()
        folder = Path(os.path.expanduser(journal_dir)) if journal_dir else journals.default_folder()
        self.journal = journals.Journal(folder, self.run_id, cluster, connection.server)
        path = self.journal.path
        self._guardian = Guardian.start(lambda: finish(connection, path), connection.hold)
        self.raw = Client(connection)
        self.client = PatientClient(self.raw, lambda: float("inf"), lambda e: None)
        self._life = limit + _KEEP
        self.labels = names.labels(self.run_id, self._life)
        self._fixtures = Fixtures(self.client, self.run_id, self.labels, self.journal, float("inf"), terms, "prepull")
        self.name, self.given = self._fixtures.name, bool(terms.namespace)
        self.unique, self.watch, self.notes = self._fixtures.unique, self._fixtures.watch, self._fixtures.notes

    def _sweep(self) -> None:
        """Runs of before that were killed with their guardians; one that cannot be finished is not our failure."""
        with contextlib.suppress(ApiError):
            Sweeper(self.raw, self.journal.path.parent, self.run_id).by_journal()

    def make(self) -> None:
        """The namespace, once its pods are not refused any more. PlatformError where there can be none."""
        threading.Thread(target=self._sweep, daemon=True).start()
        # Said on the clock by which every sweep will read it: the API server's, of which the node list has told.
        self.labels.update(names.labels(self.run_id, self._life, self.raw.now()))
        try:
            self._fixtures.ready()
        except Inconclusive as e:
            raise PlatformError(str(e)) from e

    def create(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """The object as the API server has it, with what admission made of it."""
        return self._fixtures.create(manifest)

    def delete_pod(self, name: str) -> None:
        """At once; in a namespace of our own its end takes what this does not."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
        try:
            self.client.delete(path_of("v1", "Pod", self.name, name), options)
        except ApiError as e:
            if e.status != 404:
                raise
        if self.given:  # elsewhere the namespace is all that the end looks for
            self.journal.gone("Pod", name, self.name)

    # ---- pull secrets -----------------------------------------------------------------------------------------
    def secrets(self, references: list[str], credentials: list[Mapping[str, str]]) -> list[str]:
        """Their names in this namespace: copies of namespace/name, and one made of credentials."""
        made = []
        for number, reference in enumerate(references):
            namespace, slash, name = reference.rpartition("/")
            if self.given and (not slash or namespace == self.name):
                made.append(name)
                continue
            kind, data = self._pull_secret(reference)
            made.append(self._secret(f"pull-{number}", kind, data))
        if credentials:
            kind = "kubernetes.io/dockerconfigjson"
            made.append(self._secret("pull-own", kind, {pull_secrets.TYPES[kind]: docker_config(credentials)}))
        return made

    def _secret(self, base: str, kind: str, data: dict[str, str]) -> str:
        name = self.unique(base)
        self.create({"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": {"name": name}, "data": data})
        return name

    def _pull_secret(self, reference: str) -> tuple[str, dict[str, str]]:
        namespace, slash, name = reference.partition("/")
        if not slash or not name or "/" in name:
            raise BadOption(f"pull_secrets: {reference!r} is not namespace/name")
        try:
            kind, data = pull_secrets.read(self.client, namespace, name)
        except BadInput as e:
            raise BadOption(str(e)) from None
        redact.register(*data.values())
        return kind, data

    # ---- the end ----------------------------------------------------------------------------------------------
    def close(self) -> list[str]:
        """Remove everything; what is left, a line each. The guardian goes on with it then."""
        self._fixtures.stop()
        entry = journals.read(self.journal.path)
        try:
            left = Remover(self.raw, self.run_id, time.monotonic() + LIMIT).remove(entry.objects if entry else [])
        except ApiError as e:
            left = [f"namespace/{self.name} ({e.message})"]
        if left:
            self._guardian.hand_over()
            return left
        self.journal.done()
        self._guardian.dismiss()
        self.raw.close()
        return []

    def abandon(self) -> None:
        """Leave the end to the guardian: the playbook is gone, or something broke."""
        self._fixtures.stop()
        self._guardian.hand_over()
