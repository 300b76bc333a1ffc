# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake API server that knows only who it is: its version, the namespace kube-system and its nodes, in any weather. Of what runs
leave, and of what would replace nodes, it has nothing."""
from __future__ import annotations

import json
import uuid
from datetime import datetime, timezone
from collections.abc import Iterable
from typing import Any

from .outdoors import Handler, Outdoors

# It has no more kinds than these, and of them no objects but nodes.
_KINDS = {"namespaces": "Namespace", "nodes": "Node", "persistentvolumes": "PersistentVolume"}
_EMPTY = {"/api/v1/namespaces": "NamespaceList", "/api/v1/persistentvolumes": "PersistentVolumeList",
          "/apis/storage.k8s.io/v1/volumeattachments": "VolumeAttachmentList"}
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_ROLE = "node-role.kubernetes.io/"
# How those who make clusters label the roles of nodes: kubeadm and kops (without a value), RKE2, K3s, RKE, and Rancher on
# top of RKE2; nodes of workers only have no such label, but for those of RKE and Rancher. EKS shows no control plane.
LABELS: dict[str, dict[str, dict[str, str]]] = {
    "kubeadm": {"control": {f"{_ROLE}control-plane": ""}},
    "rke2": {"control": {f"{_ROLE}control-plane": "true", f"{_ROLE}master": "true"}, "etcd": {f"{_ROLE}etcd": "true"}},
    "k3s": {"control": {f"{_ROLE}control-plane": "true", f"{_ROLE}master": "true"}},
    "rke1": {"control": {f"{_ROLE}controlplane": "true"}, "etcd": {f"{_ROLE}etcd": "true"},
             "worker": {f"{_ROLE}worker": "true"}},
    "rancher": {"control": {f"{_ROLE}control-plane": "true", f"{_ROLE}master": "true"}, "etcd": {f"{_ROLE}etcd": "true"},
                "worker": {f"{_ROLE}worker": "true"}},
    "eks": {},
}


class FakeApiServer(Outdoors):
    """Use as a context manager. uid, version, nodes, crew, maker, not_ready, weather and more may be changed while it runs.

    nodes: how many there are, of which the first is the control plane, but on EKS. crew: the roles of each (control, etcd,
    worker), where they are others. maker: who labels them, a key of LABELS. more: what a node has besides, by its number:
    {0: {"spec": {"providerID": ...}}}; labels go into its metadata.
    """

    def __init__(self, nodes: int = 2, version: str = "v1.31.4", maker: str = "kubeadm"):
        self.uid, self.version, self.not_ready, self.maker = str(uuid.uuid4()), version, 0, maker
        self.nodes = nodes
        self.more: dict[int, dict[str, Any]] = {}
        fake = self

        class Served(Handler):
            def do_GET(self) -> None:
                if fake.weather.spoils(self):
                    return
                body = fake.answer(self.path.partition("?")[0])
                data = body.encode() if isinstance(body, str) else json.dumps(body or {
                    "kind": "Status", "code": 404, "reason": "NotFound", "message": "not found"}).encode()
                self.tell(200 if body else 404, data)

        self._open(Served)

    @property
    def nodes(self) -> int:
        return len(self.crew)

    @nodes.setter
    def nodes(self, number: int) -> None:
        self.crew: list[Iterable[str]] = [("control", "etcd")] * (number > 0 and self.maker != "eks")
        self.crew += [("worker",)] * (number - len(self.crew))

    def answer(self, path: str) -> dict[str, Any] | str | None:
        """The body for a path, None for what there is not."""
        if path == "/readyz":
            return "ok"
        if path in ("/api", "/apis"):
            return {"kind": "APIVersions", "versions": ["v1"]} if path == "/api" else {"kind": "APIGroupList", "groups": []}
        if path == "/api/v1":
            return {"kind": "APIResourceList", "groupVersion": "v1", "resources": [
                {"name": plural, "kind": kind, "namespaced": False, "verbs": ["get", "list"]} for plural, kind in _KINDS.items()]}
        if path == "/version":
            return {"gitVersion": self.version}
        if path == "/api/v1/namespaces/kube-system":
            return {"kind": "Namespace", "metadata": {"name": "kube-system", "uid": self.uid}}
        if path == "/api/v1/nodes":
            return {"kind": "NodeList", "items": [self._node(i) for i in range(self.nodes)]}
        if path in _EMPTY:
            return {"kind": _EMPTY[path], "items": []}
        if path == _LEASES:
            now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            return {"kind": "LeaseList", "items": [{"metadata": {"name": f"n{i}"}, "spec": {"renewTime": now}} for i in range(self.nodes)]}
        return None

    def _node(self, number: int) -> dict[str, Any]:
        status = "False" if number < self.not_ready else "True"
        more = self.more.get(number, {})
        labels = {k: v for role in self.crew[number] for k, v in LABELS[self.maker].get(role, {}).items()}
        return {"metadata": {"name": f"n{number}", "labels": {**labels, **more.get("labels", {})}}, "spec": more.get("spec", {}),
                "status": {"conditions": [{"type": "Ready", "status": status}], **more.get("status", {})}}

    @property
    def kubeconfig(self) -> str:
        return json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "c",
                           "clusters": [{"name": "c", "cluster": {"server": self.url}}],
                           "users": [{"name": "u", "user": {"token": "planted-token-of-the-fake"}}],
                           "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]})
