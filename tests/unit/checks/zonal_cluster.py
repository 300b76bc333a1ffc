# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster of three zones whose driver makes volumes in them, as plain data; tests spoil a part of it."""
from __future__ import annotations

from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.checks._storage.attachments import ATTACHMENTS
from ansible_collections.assay.clusters.plugins.module_utils.checks._storage.classes import CLASSES, VOLUMES
from ansible_collections.assay.clusters.plugins.module_utils.checks._zonal.classes import CSI_NODES
from ansible_collections.assay.clusters.plugins.module_utils.checks._zonal.pods import digest
from ansible_collections.assay.clusters.plugins.module_utils.checks.zonal_stateful_set import ZonalStatefulSet
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext

DRIVER, ZONE = "disk.csi.test", "topology.kubernetes.io/zone"
MARK = "storageclass.kubernetes.io/is-default-class"


def storage_class(name: str, zones: Any = None, provisioner: str = DRIVER, default: bool = False, **more: Any) -> dict[str, Any]:
    allowed = {"allowedTopologies": [{"matchLabelExpressions": [{"key": ZONE, "values": list(zones)}]}]} if zones else {}
    return {"metadata": {"name": name, "annotations": {MARK: "true"} if default else {}}, "provisioner": provisioner,
            "volumeBindingMode": "WaitForFirstConsumer", **allowed, **more}


def node(name: str, zone: str, **spec: Any) -> dict[str, Any]:
    labels = {ZONE: zone} if zone else {}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}


def csi_node(name: str, *drivers: str, key: str = ZONE, count: int = 3) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"drivers": [
        {"name": d, "topologyKeys": [key], "allocatable": {"count": count}} for d in drivers]}}


class Zonal:
    """pods go to the first node of each zone that their affinity allows. result(pod, born): what a pod says, born: how often there
    was one of its name; place(pod, zone): the zone that its volume says; stays: volumes that do not go."""

    def __init__(self, **options: Any):
        self.nodes = [node("n1", "a"), node("n2", "b"), node("n3", "c"), node("n4", "a")]
        self.csi = [csi_node(n["metadata"]["name"], DRIVER) for n in self.nodes]
        self.classes = [storage_class("fast")]
        self.attachments: Any = {"items": []}
        self.result = lambda pod, born: f"{'read' if born > 1 else 'wrote'} {digest(FakeContext.nonce, pod)}"
        self.place = lambda pod, zone: zone
        self.zone = lambda pod, zone: zone
        self.policy, self.starts, self.options = "Delete", True, options
        self.born: dict[str, int] = {}
        self.stays: set[str] = set()

    def context(self) -> FakeContext:
        ctx = self.ctx = FakeContext({
            CLASSES: lambda _p: {"items": self.classes}, CSI_NODES: lambda _p: {"items": self.csi},
            VOLUMES: lambda _p: {"items": []}, ATTACHMENTS: lambda _p: self.attachments}, nodes=self.nodes, **self.options)
        ctx.on_create = self.created
        ctx.items.update({"pods": {}, "persistentvolumeclaims": {}})
        ctx.client.delete = self.deleted_pod
        remove = ctx.delete

        def delete(kind: str, name: str, **more: Any) -> None:
            remove(kind, name, **more)
            pod = name.removeprefix("data-")
            if kind == "PersistentVolumeClaim" and pod not in self.stays:
                ctx.client.answers.pop(f"{VOLUMES}/pvc-uid-{pod}", None)

        ctx.delete = delete
        return ctx

    def run(self) -> FakeContext:
        check, ctx = ZonalStatefulSet(), self.context()
        check.bounds(ctx.options)
        assert check.applies(ctx) == ""
        check.run(ctx)
        return ctx

    # ---- what controllers do ----------------------------------------------------------------------------------
    def created(self, manifest: dict[str, Any]) -> dict[str, Any]:
        self.set = manifest
        term = manifest["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        self.zones = term["nodeSelectorTerms"][0]["matchExpressions"][-1]["values"]
        for number, zone in enumerate(self.zones):
            self.pod(f"{manifest['metadata']['name']}-{number}", zone)
        return manifest

    def _node(self, zone: str) -> str:
        template = self.set["spec"]["template"]["spec"]
        for _path, change in self.ctx.client.patched:
            template = {**template, **change["spec"]["template"]["spec"]}
        [term] = template["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        off = [f["values"][0] for f in term.get("matchFields", ())]
        return next(n["metadata"]["name"] for n in self.nodes if n["metadata"]["labels"].get(ZONE) == zone
                    and n["metadata"]["name"] not in off and not n["spec"].get("unschedulable"))

    def pod(self, name: str, zone: str) -> None:
        self.born[name] = born = self.born.get(name, 0) + 1
        text = self.result(name, born)
        status, _space, rest = text.partition(":") if text.startswith("exit") else ("0", "", text)
        ended = {"exitCode": int(status.split()[-1]), "message": rest.strip()}
        ready = self.starts and ended["exitCode"] == 0
        key = (self.ctx.namespace, name)
        self.ctx.items["pods"][key] = {
            "metadata": {"name": name, "uid": f"{name}-{born}"}, "spec": {"nodeName": self._node(self.zone(name, zone))},
            "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
                       "initContainerStatuses": [{"state": {"terminated": ended} if self.starts else {}}]}}
        self.ctx.items["persistentvolumeclaims"][(self.ctx.namespace, f"data-{name}")] = {
            "metadata": {"name": f"data-{name}", "uid": f"uid-{name}"}, "spec": {"volumeName": f"pvc-uid-{name}"},
            "status": {"phase": "Bound"}}
        there = self.place(name, zone)
        affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": [there]}]}]}}
        self.ctx.client.answers[f"{VOLUMES}/pvc-uid-{name}"] = {
            "metadata": {"name": f"pvc-uid-{name}"}, "spec": {"persistentVolumeReclaimPolicy": self.policy, "nodeAffinity": affinity}}

    def deleted_pod(self, path: str, *_more: Any, **_options: Any) -> dict[str, Any]:
        name = path.rpartition("/")[2]
        self.pod(name, self.zones[int(name.rpartition("-")[2])])
        return {}


__all__ = ["DRIVER", "Zonal", "csi_node", "node", "storage_class"]
