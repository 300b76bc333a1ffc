# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters whose StorageClasses and volumes are not what a test would wish for."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from .stranger import Stranger

if TYPE_CHECKING:
    from ..cluster import Lab

_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
_VOLUMES = "/api/v1/persistentvolumes"
_DEFAULT = "storageclass.kubernetes.io/is-default-class"


def _class(name: str, provisioner: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "annotations": {_DEFAULT: "true"}}, "provisioner": provisioner,
            "volumeBindingMode": "WaitForFirstConsumer", **more}


def _undefaulted(lab: Lab) -> Any:
    return lab.fault.patch(f"{_CLASSES}/local-path", {"metadata": {"annotations": {_DEFAULT: "false"}}})


def _volume(lab: Lab, name: str, of: str, policy: str) -> dict[str, Any]:
    """A disk of a node's that somebody made known to the cluster; on it lies somebody's work."""
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [lab.node_name(lab.machines[0])]}
    return {"metadata": {"name": name, "labels": {"owner": "research"}}, "spec": {
        "capacity": {"storage": "5Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": of, "persistentVolumeReclaimPolicy": policy,
        "hostPath": {"path": f"/var/lib/{name}", "type": "DirectoryOrCreate"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}}}}


@contextmanager
def two_default_classes(lab: Lab) -> Iterator[Stranger]:
    """The add-on's class beside one's own; the newer one is what a claim without a class gets."""
    with lab.fault.extra(_CLASSES, _class("lab-like-second", "rancher.io/local-path")):
        yield Stranger("two_default_classes", lab.kubeconfig, names={"newest": "lab-like-second"})


@contextmanager
def no_default_class(lab: Lab) -> Iterator[Stranger]:
    with _undefaulted(lab):
        yield Stranger("no_default_class", lab.kubeconfig)


@contextmanager
def no_class(lab: Lab) -> Iterator[Stranger]:
    with lab.fault.without(f"{_CLASSES}/local-path"):
        yield Stranger("no_class", lab.kubeconfig)


@contextmanager
def _volumes(lab: Lab, of: str) -> Iterator[list[str]]:
    bodies = [_volume(lab, "lab-like-disk-1", of, "Retain"), _volume(lab, "lab-like-disk-2", of, "Delete")]
    with ExitStack() as stack:
        for body in bodies:
            stack.enter_context(lab.fault.extra(_VOLUMES, body))
        yield [b["metadata"]["name"] for b in bodies]


def _numbered(names: list[str]) -> dict[str, str]:
    return {f"volume{number}": name for number, name in enumerate(names, 1)}


@contextmanager
def premade_volumes(lab: Lab) -> Iterator[Stranger]:
    """The default class makes volumes, yet a claim gets one of those that wait before a new one is made."""
    with _volumes(lab, "local-path") as names:
        yield Stranger("premade_volumes", lab.kubeconfig, names=_numbered(names))


@contextmanager
def static_volumes(lab: Lab) -> Iterator[Stranger]:
    """The default class has no provisioner, only volumes that somebody made."""
    with (_undefaulted(lab), lab.fault.extra(_CLASSES, _class("lab-like-disks", "kubernetes.io/no-provisioner")),
          _volumes(lab, "lab-like-disks") as names):
        yield Stranger("static_volumes", lab.kubeconfig, names={**_numbered(names), "class": "lab-like-disks"})
