# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A lease in the cluster itself: an object of coordination.k8s.io/v1, changed only from the resourceVersion that was read.

Times are of the API server's clock, as its answers tell it: those who contend need not have the same time.
"""
from __future__ import annotations

import datetime
import re
import time
from typing import Any

from ..common.names import MANAGED_BY, MANAGER
from ..jobs.errors import BadOption, PlatformError
from ..kube.client import Client
from ..kube.errors import ApiError
from ..kube.kinds import path_of
from ..kube.patient import PATIENCE, PatientClient
from ..kube.reading import date_of, stamp_of
from ..kube.strangers import shown, stranger
from .lease import Lease, Seen

_GROUP, _KIND = "coordination.k8s.io/v1", "Lease"
TOKEN, REASON = "assay.clusters/lease-token", "assay.clusters/lease-reason"
# What reading something as a Lease that is none ends in.
_ODD = (TypeError, ValueError, AttributeError, KeyError, OverflowError)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


def micro_time(epoch: float) -> str:
    """As Kubernetes writes a MicroTime."""
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _server_time(headers: dict[str, str]) -> float:
    """The API server's clock, whole seconds; ours where it does not tell."""
    date = next((v for n, v in headers.items() if n.lower() == "date"), "")
    told = date_of(date)
    return float(int(time.time())) if told is None else told


class ClusterLease:
    """A Place (lease.py). patience: seconds that an API server which does not answer is waited for."""

    def __init__(self, client: Client, namespace: str, name: str, patience: float = PATIENCE):
        if not _NAME.fullmatch(name):
            raise BadOption(f"name: must be small letters, digits, '-' and '.', not {name!r}")
        self._client = PatientClient(client, lambda: float("inf"), lambda e: None, patience)
        self._server, self._namespace, self._name = client.server, namespace, name
        self._all = path_of(_GROUP, _KIND, namespace)
        self._one = path_of(_GROUP, _KIND, namespace, name)
        self._uid = ""

    def __str__(self) -> str:
        return f"the lease {self._namespace}/{self._name} of {self._server}"

    def read(self) -> Seen:
        try:
            item, headers = self._client.get(self._one, with_headers=True)
        except ApiError as e:
            if e.status != 404:
                raise
            return Seen(None, "", _server_time(e.headers))
        try:
            return self._seen(item, headers)
        except _ODD:
            raise stranger(self._server, self._one, 200, "", shown(item)) from None

    def _seen(self, item: Any, headers: dict[str, str]) -> Seen:
        meta, spec = item["metadata"], item.get("spec") or {}
        notes = meta.get("annotations") or {}
        version = meta["resourceVersion"]
        self._uid = meta["uid"]
        if not spec.get("holderIdentity"):  # released by somebody who leaves the object, as client-go does
            return Seen(None, version, _server_time(headers))
        lease = Lease(spec["holderIdentity"], notes.get(TOKEN, ""), stamp_of(spec.get("acquireTime")),
                      stamp_of(spec.get("renewTime")), float(spec.get("leaseDurationSeconds") or 0),
                      notes.get(REASON, ""), int(spec.get("leaseTransitions") or 0))
        return Seen(lease, version, _server_time(headers))

    def _body(self, lease: Lease, version: str) -> dict[str, Any]:
        meta: dict[str, Any] = {"name": self._name, "namespace": self._namespace, "labels": {MANAGED_BY: MANAGER},
                                "annotations": {TOKEN: lease.token, REASON: lease.reason}}
        if version:
            meta["resourceVersion"] = version
        return {"apiVersion": _GROUP, "kind": _KIND, "metadata": meta, "spec": {
            "holderIdentity": lease.holder, "leaseDurationSeconds": max(1, round(lease.duration)),
            "acquireTime": micro_time(lease.acquired), "renewTime": micro_time(lease.renewed),
            "leaseTransitions": lease.takeovers}}

    def write(self, lease: Lease, version: str) -> bool:
        method, path = ("PUT", self._one) if version else ("POST", self._all)
        try:
            answer = self._client.request(method, path, body=self._body(lease, version))
        except ApiError as e:
            if e.status == 404 and method == "POST":
                raise PlatformError(f"{self}: there is no namespace {self._namespace}") from None
            if e.status not in (404, 409):
                raise
            return False
        # A create that was sent twice answers with what is there, whosever it is.
        try:
            return bool((answer["metadata"].get("annotations") or {}).get(TOKEN) == lease.token)
        except _ODD:
            raise stranger(self._server, path, 200, "", shown(answer)) from None

    def remove(self, version: str) -> bool:
        body = {"apiVersion": "v1", "kind": "DeleteOptions",
                "preconditions": {"resourceVersion": version, "uid": self._uid}}
        try:
            self._client.delete(self._one, body)
        except ApiError as e:
            if e.status not in (404, 409):
                raise
            return False
        return True
