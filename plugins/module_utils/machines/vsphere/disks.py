# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Disks of a machine on vSphere: whose they are, and whether a snapshot of the machine holds them."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..model import Disk

# Folders of a datastore in which volumes of Kubernetes lie: first class disks, and those of the driver before CSI.
_VOLUMES = ("fcd", "kubevols")
_PHYSICAL = "physicalMode"


def disks(devices: Iterable[Any]) -> tuple[Disk, ...]:
    """Of VirtualHardware.device. A disk's file is the one that its chain of snapshots begins with, so it stays the same."""
    made = []
    for device in devices:
        kind, backing = type(device).__name__.rpartition(".")[2], getattr(device, "backing", None)
        if kind == "VirtualDisk":
            made.append(_disk(device, backing))
        elif kind == "VirtualNVDIMM":
            made.append(Disk(_label(device), _file(backing), left_out="NVDIMM"))
    return tuple(made)


def _disk(device: Any, backing: Any) -> Disk:
    files, mode, first = [], str(getattr(backing, "diskMode", "") or ""), backing
    while backing is not None:
        files.append(_file(backing))
        backing = getattr(backing, "parent", None)
    key = getattr(getattr(device, "vDiskId", None), "id", None) or ""
    volume = bool(key) or any(_folder(f) in _VOLUMES for f in files)
    size = getattr(device, "capacityInBytes", None) or int(getattr(device, "capacityInKB", None) or 0) << 10
    return Disk(_label(device), next((f for f in reversed(files) if f), ""), key, int(size) or -1, volume, _left_out(first, mode))


def _left_out(backing: Any, mode: str) -> str:
    """Why no snapshot holds it (VirtualDiskMode; raw devices in physical mode), "" where one does."""
    if getattr(backing, "compatibilityMode", None) == _PHYSICAL:
        return "raw device in physical mode"
    return mode if mode.startswith("independent") else ""


def _label(device: Any) -> str:
    return str(getattr(getattr(device, "deviceInfo", None), "label", None) or f"device {device.key}")


def _file(backing: Any) -> str:
    return str(getattr(backing, "fileName", None) or "")


def _folder(file: str) -> str:
    return file.partition("] ")[2].partition("/")[0]
