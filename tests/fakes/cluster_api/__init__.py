# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake of the controllers of Cluster API: it sets phases, conditions and secrets, and makes no machines.

The API server, the definitions of kinds and the conversion between versions are the real ones (definitions.py).
"""
from __future__ import annotations

import base64
import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

from .status import cluster_status, replicas_status

# Seconds in which a cluster is made: who waits for it sees that, also on a busy machine and where reads go wrong.
_PROVISIONS = 3.0
_FINALIZER = "cluster.cluster.x-k8s.io"
_OF = "cluster.x-k8s.io/cluster-name"
_POOLS = (("machineDeployments", "machinedeployments", "MachineDeployment"), ("machinePools", "machinepools", "MachinePool"))
_ALL = ("clusterclasses.cluster.x-k8s.io,machinedeployments.cluster.x-k8s.io,machinepools.cluster.x-k8s.io,"
        "kubeadmcontrolplanes.controlplane.cluster.x-k8s.io,kubeadmconfigtemplates.bootstrap.cluster.x-k8s.io,"
        "awsmanagedcontrolplanes.controlplane.cluster.x-k8s.io")


class FakeControllers:
    """lab: a cluster of the lab, the management cluster; kubeconfig: what made clusters get; version: of the core API in which
    they write. Attributes are switches.

    stay: the phase that clusters do not leave; broken: a terminal failure message, as before v1beta2; keep: deletions do not end;
    slow: control planes that get another version do not run it yet.
    """

    def __init__(self, lab: Any, kubeconfig: str, version: str = "v1beta1"):
        self._lab, self._kubeconfig, self.version = lab, kubeconfig, version
        self._core = f"/apis/cluster.x-k8s.io/{version}"
        self._control = f"/apis/controlplane.cluster.x-k8s.io/{version}"
        self._managed = "/apis/controlplane.cluster.x-k8s.io/v1beta2"
        self.stay, self.broken, self.keep, self.slow = "", "", False, False
        self._since: dict[str, float] = {}  # when each cluster was seen first, by its uid
        self.end = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self.end.wait(0.3):
            with contextlib.suppress(HTTPError, OSError):  # objects change beside us
                self._look()

    def _items(self, base: str, plural: str) -> list[dict[str, Any]]:
        return self._lab.api(f"{base}/{plural}")["items"]

    def _look(self) -> None:
        for cluster in self._items(self._core, "clusters"):
            self._reconcile(cluster)
        for _list, plural, kind in _POOLS:
            for pool in self._items(self._core, plural):
                self._status(self._core, plural, pool, replicas_status(self.version, kind, pool))
        for control in self._items(self._control, "kubeadmcontrolplanes"):
            runs = (control.get("status") or {}).get("version") if self.slow else None
            self._status(self._control, "kubeadmcontrolplanes", control, {
                **replicas_status(self.version, "KubeadmControlPlane", control), "version": runs or control["spec"]["version"]})
        for control in self._items(self._managed, "awsmanagedcontrolplanes"):
            ready = {"ready": True, "initialized": True, "externalManagedControlPlane": True, "version": control["spec"]["version"]}
            self._write(self._managed, "awsmanagedcontrolplanes", control, ready)

    def _path(self, base: str, plural: str, of: dict[str, Any]) -> str:
        return f"{base}/namespaces/{of['metadata']['namespace']}/{plural}/{of['metadata']['name']}"

    def _status(self, base: str, plural: str, of: dict[str, Any], status: dict[str, Any]) -> None:
        self._write(base, plural, of, {"observedGeneration": of["metadata"]["generation"], **status})

    def _write(self, base: str, plural: str, of: dict[str, Any], status: dict[str, Any]) -> None:
        if {k: (of.get("status") or {}).get(k) for k in status} != status:
            self._lab.api(self._path(base, plural, of) + "/status", "PATCH", {"status": status})

    def _reconcile(self, of: dict[str, Any]) -> None:
        meta, path = of["metadata"], self._path(self._core, "clusters", of)
        if meta.get("deletionTimestamp"):
            self._status(self._core, "clusters", of, {"phase": "Deleting"})
            if not self.keep and meta.get("finalizers"):
                self._delete_children(of)
                self._lab.api(path, "PATCH", {"metadata": {"finalizers": None}})
            return
        if _FINALIZER not in meta.get("finalizers", []):
            self._lab.api(path, "PATCH", {"metadata": {"finalizers": [_FINALIZER]}})
        begun = time.monotonic() - self._since.setdefault(meta["uid"], time.monotonic()) < _PROVISIONS
        state = "Failed" if self.broken else self.stay or ("Provisioning" if begun else "Provisioned")
        if state == "Provisioned":
            self._topology(of)
            self._secret(of)
        self._status(self._core, "clusters", of, cluster_status(self.version, of, state, self.broken))

    def _secret(self, of: dict[str, Any]) -> None:
        name, namespace = f"{of['metadata']['name']}-kubeconfig", of["metadata"]["namespace"]
        with contextlib.suppress(HTTPError):  # there already
            self._lab.api(f"/api/v1/namespaces/{namespace}/secrets", "POST", {
                "metadata": {"name": name, "labels": {_OF: of["metadata"]["name"]}},
                "data": {"value": base64.b64encode(self._kubeconfig.encode()).decode()}})

    # ---- a ClusterClass ---------------------------------------------------------------------------------------
    def _topology(self, of: dict[str, Any]) -> None:
        """Pools as spec.topology wants them (in v1beta2 only); they have other names than there."""
        topology = of["spec"].get("topology")
        if not topology or self.version != "v1beta2":
            return
        name = of["metadata"]["name"]
        for many, plural, kind in _POOLS:
            for pool in (topology.get("workers") or {}).get(many) or []:
                self._pool(of, plural, kind, f"{name}-{pool['name']}-x7k2p", int(pool.get("replicas") or 0), topology["version"])

    def _pool(self, of: dict[str, Any], plural: str, kind: str, full: str, replicas: int, version: str) -> None:
        name, labels = of["metadata"]["name"], {_OF: of["metadata"]["name"]}
        base = f"{self._core}/namespaces/{of['metadata']['namespace']}/{plural}"
        change = {"spec": {"replicas": replicas, "template": {"spec": {"version": version}}}}
        try:
            self._lab.api(f"{base}/{full}", "PATCH", change)
        except HTTPError as e:
            if e.code != 404:
                raise
            self._lab.api(base, "POST", {"apiVersion": self._core.removeprefix("/apis/"), "kind": kind, "metadata": {
                "name": full, "labels": labels}, "spec": {"clusterName": name, "replicas": replicas, **(
                    {"selector": {"matchLabels": labels}} if kind == "MachineDeployment" else {}), "template": {
                        "metadata": {"labels": labels}, "spec": {
                            "clusterName": name, "version": version, "bootstrap": {"dataSecretName": "none"}, "infrastructureRef": {
                                "apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "NoMachineTemplate", "name": "none"}}}}})

    def _delete_children(self, of: dict[str, Any]) -> None:
        name, namespace = of["metadata"]["name"], of["metadata"]["namespace"]
        for base, plural in ((self._core, "machinedeployments"), (self._core, "machinepools"), ("/api/v1", "secrets")):
            for child in self._lab.api(f"{base}/namespaces/{namespace}/{plural}?labelSelector={_OF}={name}")["items"]:
                with contextlib.suppress(HTTPError):
                    self._lab.api(self._path(base, plural, child), "DELETE")
        with contextlib.suppress(HTTPError):
            self._lab.api(f"{self._control}/namespaces/{namespace}/kubeadmcontrolplanes/{name}-control-plane", "DELETE")


@contextlib.contextmanager
def fake_controllers(lab: Any, kubeconfig: str, version: str = "v1beta1") -> Iterator[FakeControllers]:
    """Controllers that run; all clusters are gone afterwards."""
    controllers = FakeControllers(lab, kubeconfig, version)
    controllers.thread.start()
    try:
        yield controllers
    finally:
        controllers.keep = False
        lab.kubectl("delete", "clusters.cluster.x-k8s.io", "--all", "--all-namespaces", "--timeout=60s", check=False)
        controllers.end.set()
        controllers.thread.join()
        lab.kubectl("delete", _ALL, "--all", "--all-namespaces", check=False)
