# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake of the controllers of Cluster API: it sets phases, conditions and secrets, and makes no machines.

The API server is a real one; the definitions of kinds are minimal ones of our own.
"""
from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

_GROUP = "/apis/cluster.x-k8s.io/v1beta1"
_CONTROL = "/apis/controlplane.cluster.x-k8s.io/v1beta1"
_FINALIZER = "cluster.cluster.x-k8s.io"
DEFINITIONS = ("clusters.cluster.x-k8s.io", "machinedeployments.cluster.x-k8s.io",
               "kubeadmcontrolplanes.controlplane.cluster.x-k8s.io")


def _definition(name: str, kind: str) -> dict[str, Any]:
    plural, _dot, group = name.partition(".")
    opened = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name}, "spec": {
        "group": group, "scope": "Namespaced", "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
        "versions": [{"name": "v1beta1", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {
            "openAPIV3Schema": {"type": "object", "properties": {"spec": opened, "status": opened}}}}]}}


def definitions() -> list[dict[str, Any]]:
    """Minimal definitions of our own, not those of the project: any spec and status goes."""
    return [_definition(n, k) for n, k in zip(DEFINITIONS, ("Cluster", "MachineDeployment", "KubeadmControlPlane"))]


class FakeControllers:
    """lab: a cluster of the lab, the management cluster; kubeconfig: what made clusters get. Attributes are switches.

    stay: the phase that clusters do not leave; broken: a terminal failure message; keep: deletions do not end.
    """

    def __init__(self, lab: Any, kubeconfig: str):
        self._lab, self._kubeconfig = lab, kubeconfig
        self.stay, self.broken, self.keep = "", "", False
        self.end = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self.end.wait(0.3):
            with contextlib.suppress(HTTPError, OSError):  # objects change beside us
                self._look()

    def _items(self, base: str, plural: str) -> list[dict[str, Any]]:
        return self._lab.api(f"{base}/{plural}")["items"]

    def _look(self) -> None:
        for cluster in self._items(_GROUP, "clusters"):
            self._reconcile(cluster)
        for deployment in self._items(_GROUP, "machinedeployments"):
            count = deployment["spec"].get("replicas", 0)
            self._status(_GROUP, "machinedeployments", deployment, {"replicas": count, "readyReplicas": count,
                                                                    "updatedReplicas": count})
        for control in self._items(_CONTROL, "kubeadmcontrolplanes"):
            count = control["spec"].get("replicas", 1)
            self._status(_CONTROL, "kubeadmcontrolplanes", control, {
                "replicas": count, "readyReplicas": count, "updatedReplicas": count, "version": control["spec"]["version"]})

    def _path(self, base: str, plural: str, of: dict[str, Any]) -> str:
        return f"{base}/namespaces/{of['metadata']['namespace']}/{plural}/{of['metadata']['name']}"

    def _status(self, base: str, plural: str, of: dict[str, Any], status: dict[str, Any]) -> None:
        status = {"observedGeneration": of["metadata"]["generation"], **status}
        if {k: (of.get("status") or {}).get(k) for k in status} != status:
            self._lab.api(self._path(base, plural, of) + "/status", "PATCH", {"status": status})

    def _reconcile(self, of: dict[str, Any]) -> None:
        meta, path = of["metadata"], self._path(_GROUP, "clusters", of)
        if meta.get("deletionTimestamp"):
            self._status(_GROUP, "clusters", of, {"phase": "Deleting"})
            if not self.keep and meta.get("finalizers"):
                self._delete_children(of)
                self._lab.api(path, "PATCH", {"metadata": {"finalizers": None}})
            return
        if _FINALIZER not in meta.get("finalizers", []):
            self._lab.api(path, "PATCH", {"metadata": {"finalizers": [_FINALIZER]}})
        if self.broken:
            self._status(_GROUP, "clusters", of, {"phase": "Failed", "failureMessage": self.broken})
        elif self.stay or (of.get("status") or {}).get("phase") is None:
            self._status(_GROUP, "clusters", of, {"phase": self.stay or "Provisioning", "conditions": [
                {"type": "InfrastructureReady", "status": "False", "severity": "Warning", "reason": "WaitingForVCenter",
                 "message": "datastore is full", "lastTransitionTime": "2026-11-21T00:00:00Z"}]})
        else:
            self._secret(of)
            self._status(_GROUP, "clusters", of, {"phase": "Provisioned", "conditions": [
                {"type": t, "status": "True", "lastTransitionTime": "2026-11-21T00:00:00Z"}
                for t in ("InfrastructureReady", "ControlPlaneInitialized", "ControlPlaneReady")]})

    def _secret(self, of: dict[str, Any]) -> None:
        name, namespace = f"{of['metadata']['name']}-kubeconfig", of["metadata"]["namespace"]
        with contextlib.suppress(HTTPError):  # there already
            self._lab.api(f"/api/v1/namespaces/{namespace}/secrets", "POST", {
                "metadata": {"name": name}, "data": {"value": base64.b64encode(self._kubeconfig.encode()).decode()}})

    def _delete_children(self, of: dict[str, Any]) -> None:
        name, namespace = of["metadata"]["name"], of["metadata"]["namespace"]
        for base, plural, child in ((_GROUP, "machinedeployments", f"{name}-md-0"),
                                    (_CONTROL, "kubeadmcontrolplanes", f"{name}-control-plane"),
                                    ("/api/v1", "secrets", f"{name}-kubeconfig")):
            with contextlib.suppress(HTTPError):
                self._lab.api(f"{base}/namespaces/{namespace}/{plural}/{child}", "DELETE")


def define(lab: Any) -> None:
    """The kinds of Cluster API in a cluster of the lab, ready to be used."""
    from tests.lab.base import wait_for

    lab.kubectl("apply", "--server-side", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List",
                                                                       "items": definitions()}))
    for base, plural in ((_GROUP, "clusters"), (_GROUP, "machinedeployments"), (_CONTROL, "kubeadmcontrolplanes")):
        # established is not enough: the store of a new kind answers 429 for a moment
        wait_for(f"the kind of {plural}", lambda b=base, p=plural: lab.api(f"{b}/{p}")["kind"], 30)


@contextlib.contextmanager
def fake_controllers(lab: Any, kubeconfig: str) -> Iterator[FakeControllers]:
    """Controllers that run; all clusters are gone afterwards."""
    controllers = FakeControllers(lab, kubeconfig)
    controllers.thread.start()
    try:
        yield controllers
    finally:
        controllers.keep = False
        lab.kubectl("delete", "clusters.cluster.x-k8s.io", "--all", "--all-namespaces", "--timeout=60s", check=False)
        controllers.end.set()
        controllers.thread.join()
        lab.kubectl("delete", ",".join(DEFINITIONS[1:]), "--all", "--all-namespaces", check=False)
