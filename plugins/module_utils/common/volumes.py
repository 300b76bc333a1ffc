# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose a PersistentVolume is. One that was there before our claim is somebody's, whatever it is bound to now."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]
# What makes no volumes: those of its classes are made by hand or by a program beside the cluster.
NO_PROVISIONER = "kubernetes.io/no-provisioner"
# Every provisioner has to say so on what it makes, or its volumes would never be deleted.
_MADE_BY = "pv.kubernetes.io/provisioned-by"
_UNITS = {"": 1.0, "m": 1e-3, **{unit: 1000.0 ** n for n, unit in enumerate("kMGTPE", 1)},
          **{f"{unit}i": 1024.0 ** n for n, unit in enumerate("KMGTPE", 1)}}
_QUANTITY = re.compile(r"(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)([kMGTPEm]|[KMGTPE]i)?")
_CLASS = "volume.beta.kubernetes.io/storage-class"


def reclaim_policy(volume: Object) -> str:
    """What becomes of it after its claim: Delete, Retain or Recycle."""
    return str((volume.get("spec") or {}).get("persistentVolumeReclaimPolicy") or "Retain")


def made_for(volume: Object, claim: Object) -> bool:
    """Whether the volume was made for this very claim: by its name, as provisioners give it, or by its maker and its age."""
    meta, wanted = volume["metadata"], claim["metadata"]
    if wanted.get("uid") and meta["name"] == f"pvc-{wanted['uid']}":
        return True
    owner = (volume.get("spec") or {}).get("claimRef") or {}
    born, asked = meta.get("creationTimestamp"), wanted.get("creationTimestamp")
    return bool(wanted.get("uid") and owner.get("uid") == wanted["uid"] and (meta.get("annotations") or {}).get(_MADE_BY)
                and born and asked and born >= asked)


def amount(quantity: Any) -> float | None:
    """Bytes of a quantity such as 1Gi, 500M or 1e9; None for what is none."""
    found = _QUANTITY.fullmatch(str(quantity).strip())
    return float(found[1]) * _UNITS[found[2] or ""] if found else None


def waits_for_a_claim(volume: Object, storage_class: str, access_mode: str, size: str) -> bool:
    """Whether any claim of this class, mode and size may be given the volume, although it was made for none."""
    spec, meta = volume.get("spec") or {}, volume["metadata"]
    named = spec.get("storageClassName") or (meta.get("annotations") or {}).get(_CLASS) or ""
    phase = (volume.get("status") or {}).get("phase") or "Pending"
    return (named == storage_class and phase in ("Pending", "Available") and not spec.get("claimRef")
            and not meta.get("deletionTimestamp") and access_mode in (spec.get("accessModes") or [])
            and spec.get("volumeMode", "Filesystem") == "Filesystem"
            and (amount((spec.get("capacity") or {}).get("storage")) or float("inf")) >= (amount(size) or 0.0))
