# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Volumes that live in a zone, on a cluster without a CSI driver: a provisioner of the tests' own, which plays its controller.

It makes folders on the nodes of a zone, as PersistentVolumes that are usable there alone, and says on every CSINode that its driver
is there. Attaching and mounting are not played: that is for the tier zonal_volumes.
"""
from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.error import URLError

from tests.lab.base import LabError, wait_for
from tests.lab.components import zone

DRIVER, KEY = "zonal.csi.lab", "topology.kubernetes.io/zone"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
CSI_NODES = "/apis/storage.k8s.io/v1/csinodes"
VOLUMES, CLAIMS = "/api/v1/persistentvolumes", "/api/v1/persistentvolumeclaims"
_SELECTED = "volume.kubernetes.io/selected-node"
_FOLDER = "/var/lib/lab-zones"


def storage_class(name: str, *zones: str, binding: str = "WaitForFirstConsumer", **more: Any) -> dict[str, Any]:
    allowed = {"allowedTopologies": [{"matchLabelExpressions": [{"key": KEY, "values": [*zones]}]}]} if zones else {}
    return {"metadata": {"name": name}, "provisioner": DRIVER, "volumeBindingMode": binding, **allowed, **more}


class Provisioner:
    """zone: where volumes are made whatever is asked for; empty for where they are asked for. silent: nothing is made."""

    def __init__(self, lab: Any):
        self.lab, self.zone, self.silent = lab, "", False
        self.zones = {z: [n for n in lab.machines if zone(n) == z] for z in sorted({*map(zone, lab.machines)})}
        self._end, self._thread = threading.Event(), threading.Thread(target=self._run, daemon=True)

    # ---- what a controller does -------------------------------------------------------------------------------
    def _run(self) -> None:
        while not self._end.wait(0.3):
            try:
                self._look()
            except (URLError, OSError, LabError, KeyError):
                continue  # it looks again

    def _look(self) -> None:
        volumes = {v["metadata"]["name"]: v for v in self.volumes()}
        for claim in self.lab.api(CLAIMS)["items"]:
            name = f"pvc-{claim['metadata']['uid']}"
            ours = claim["metadata"].get("annotations", {}).get("volume.kubernetes.io/storage-provisioner") == DRIVER
            if ours and not claim["spec"].get("volumeName") and name not in volumes and not self.silent:
                self._make(name, claim)
        for name, volume in volumes.items():
            if volume["status"].get("phase") == "Released" and volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete":
                self.on(volume, "rm", "-rf", f"{_FOLDER}/{name}")
                self.lab.api(f"{VOLUMES}/{name}", "DELETE")

    def _make(self, name: str, claim: dict[str, Any]) -> None:
        selected = claim["metadata"].get("annotations", {}).get(_SELECTED, "")
        where = self.zone or next(z for z, nodes in self.zones.items() if selected in map(self.lab.node_name, nodes))
        for short in self.zones[where]:
            self.lab.in_node(short, "mkdir", "-p", "-m", "0777", f"{_FOLDER}/{name}")
        term = {"matchExpressions": [{"key": KEY, "operator": "In", "values": [where]}]}
        owner = {k: claim["metadata"][k] for k in ("name", "namespace", "uid")}
        self.lab.api(VOLUMES, "POST", {
            "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": DRIVER}},
            "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Delete",
                     "storageClassName": claim["spec"]["storageClassName"], "hostPath": {"path": f"{_FOLDER}/{name}"},
                     "claimRef": {"kind": "PersistentVolumeClaim", "apiVersion": "v1", **owner},
                     "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}}})

    # ---- for tests --------------------------------------------------------------------------------------------
    def volumes(self) -> list[dict[str, Any]]:
        return [v for v in self.lab.api(VOLUMES)["items"]
                if v["metadata"].get("annotations", {}).get("pv.kubernetes.io/provisioned-by") == DRIVER]

    def on(self, volume: dict[str, Any], *command: str) -> None:
        """Run a command on all nodes of the volume's zone."""
        [term] = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
        for short in self.zones[term["matchExpressions"][0]["values"][0]]:
            self.lab.in_node(short, *command)

    def empty(self) -> None:
        """All that is on volumes is lost."""
        for volume in self.volumes():
            self.on(volume, "sh", "-c", f"rm -rf {_FOLDER}/{volume['metadata']['name']}/*")

    @contextmanager
    def serving(self) -> Iterator[Provisioner]:
        self._thread.start()
        try:
            yield self
            wait_for("no volume of the provisioner", lambda: not self.volumes(), 60)
        finally:
            self._end.set()
            self._thread.join()


@contextmanager
def provisioner(lab: Any, *classes: dict[str, Any], without: str = "") -> Iterator[Provisioner]:
    """It serves these classes, and every node but `without` says that it has the driver; all of it is gone afterwards."""
    told = {"spec": {"drivers": [{"name": DRIVER, "nodeID": "lab", "topologyKeys": [KEY], "allocatable": {"count": 8}}]}}
    with ExitStack() as stack:
        for short in lab.machines:
            if short != without:
                stack.enter_context(lab.fault.patch(f"{CSI_NODES}/{lab.node_name(short)}", told))
        for one in classes or (storage_class("zonal-wait"),):
            stack.enter_context(lab.fault.extra(CLASSES, one))
        yield stack.enter_context(Provisioner(lab).serving())
