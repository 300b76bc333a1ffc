# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Volumes that live in a zone: a CSI driver of the lab's own (go/zonal-csi), with the sidecars that Kubernetes publishes.

What is in a volume lies at STATE/NAME/zones/ZONE/VOLUME on the machine, which is mounted into all nodes at /var/lib/lab-zones; the
driver gives a node its own zone's alone. STATE/NAME/zones/faults.json makes the driver err: see faults in go/zonal-csi/main.go.
"""
from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..base import HERE, LabError, wait_for
from ..build import Program, Shipped
from ..components import filled
from ..images import Image, tool
from .tier import Tier, apply, rolled_out
from .versions import version

if TYPE_CHECKING:
    from ..cluster import Lab

NAMESPACE, DRIVER, DRIVER_VERSION = "zonal-csi", "zonal.csi.lab", "v1.0.0"
CLASSES = ("zonal-immediate", "zonal-wait", "zonal-one")
# Volumes on a node, as the driver says where nobody tells it otherwise.
LIMIT = 8
_CSI_NODES = "/apis/storage.k8s.io/v1/csinodes"
_CSI = "github.com/kubernetes-csi"
_SNAPSHOTTER, _CLIENT = f"{_CSI}/external-snapshotter/v8", f"{_CSI}/external-snapshotter/client/v8"
# Program -> (its module, its package).
_SIDECARS = {
    "csi-provisioner": (f"{_CSI}/external-provisioner/v6", "cmd/csi-provisioner"),
    "csi-attacher": (f"{_CSI}/external-attacher/v4", "cmd/csi-attacher"),
    "csi-snapshotter": (_SNAPSHOTTER, "cmd/csi-snapshotter"),
    "snapshot-controller": (_SNAPSHOTTER, "cmd/snapshot-controller"),
}
_DRIVER = Program("zonal-csi", "zonal-csi", ".")
_PROGRAMS = {name: Program(name, "zonal-csi", f"{module}/{package}", f"-s -w -X main.version={version(module)}")
             for name, (module, package) in _SIDECARS.items()}
_SHIPPED = (
    *(Shipped("zonal-csi", _CLIENT, f"config/crd/snapshot.storage.k8s.io_{kind}.yaml")
      for kind in ("volumesnapshots", "volumesnapshotclasses", "volumesnapshotcontents")),
    Shipped("zonal-csi", f"{_CSI}/external-provisioner/v6", "deploy/kubernetes/rbac.yaml"),
    Shipped("zonal-csi", f"{_CSI}/external-attacher/v4", "deploy/kubernetes/rbac.yaml"),
    Shipped("zonal-csi", _SNAPSHOTTER, "deploy/kubernetes/csi-snapshotter/rbac-csi-snapshotter.yaml"),
    Shipped("zonal-csi", _SNAPSHOTTER, "deploy/kubernetes/snapshot-controller/rbac-snapshot-controller.yaml"),
)
_WORKLOADS = ("deployments/zonal-csi-controller", "daemonsets/zonal-csi-node")


def storage(lab: Lab) -> Path:
    """The folder on the machine with one for each zone."""
    return lab.folder / "zones"


def volumes(lab: Lab) -> dict[str, str]:
    """Zone by volume, as the driver's provider has them."""
    return {v.name: zone.name for zone in storage(lab).glob("zone-*") for v in zone.iterdir()}


def attached(lab: Lab) -> dict[str, str]:
    """Node by volume, as the driver's provider has them."""
    return {f.name: f.read_text() for f in (storage(lab) / ".attached").glob("*")}


def _images() -> dict[str, Image]:
    return {f"lab/zonal-csi:{DRIVER_VERSION}": tool(_DRIVER.path, "/zonal-csi"),
            **{f"sig-storage/{name}:{version(module)}": tool(_PROGRAMS[name].path, f"/{name}")
               for name, (module, _package) in _SIDECARS.items()}}


def _manifest() -> str:
    tags = {name.upper().replace("-", "_"): version(module) for name, (module, _package) in _SIDECARS.items()}
    return filled(HERE / "manifests/zonal-csi.yaml", DRIVER_VERSION=DRIVER_VERSION, **tags)


def _up(lab: Lab) -> None:
    for short in lab.machines:
        if not lab.in_node(short, "sh", "-c", "mountpoint -q /var/lib/lab-zones && echo yes || true").strip():
            raise LabError(f"node {short} of {lab.name} was booted without the storage of zones: take the cluster down, and up")
    (storage(lab) / "faults.json").unlink(missing_ok=True)
    # Their makers leave the name of the namespace to whoever ships a driver.
    shipped = [file.text().replace("namespace: default", f"namespace: {NAMESPACE}") for file in _SHIPPED]
    told = [limits(lab, n).get(DRIVER, LIMIT) for n in lab.machines]
    apply(lab, f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}", *shipped, _manifest())
    if {*told} != {LIMIT}:  # as a test was killed
        register_anew(lab)
    wait_for("the zonal CSI driver", partial(serving, lab), 120, 0.3)


def limits(lab: Lab, short: str) -> dict[str, int]:
    """CSI driver -> how many volumes of it the node takes, as the scheduler sees it."""
    found = lab.api(f"{_CSI_NODES}/{lab.node_name(short)}")["spec"].get("drivers") or []
    return {d["name"]: (d.get("allocatable") or {}).get("count", 0) for d in found}


def register_anew(lab: Lab) -> None:
    """The kubelets ask the driver again how many volumes a node takes."""
    lab.kubectl("-n", NAMESPACE, "delete", "pod", "-l", "app=zonal-csi-node", "--grace-period=1")


def serving(lab: Lab) -> bool:
    classes = {c["metadata"]["name"] for c in lab.api("/apis/storage.k8s.io/v1/storageclasses")["items"]}
    return (not (storage(lab) / "faults.json").exists() and {*CLASSES} <= classes and rolled_out(lab, NAMESPACE, *_WORKLOADS)
            and rolled_out(lab, "kube-system", "deployments/snapshot-controller")
            and all(limits(lab, n).get(DRIVER) == LIMIT for n in lab.machines))


TIER = Tier("zonal_volumes", "volumes that live in a zone: a CSI driver of the lab's own with the real sidecars", _up, serving,
            _images, (_DRIVER, *_PROGRAMS.values()))
