# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The StorageClass that is proved, and whether a claim of it gets a volume of its own."""
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ...common import volumes
from ...kube.reviews import may
from .._shared.nodes import minor
from .._shared.optional import optional_get
from .._shared.text import listed

if TYPE_CHECKING:
    from ...engine.context import Context

CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
VOLUMES = "/api/v1/persistentvolumes"
# From this version on a cluster with several default classes takes the newest; before, it refused claims without a class.
_SEVERAL = (1, 26)
_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
# Where a class can be named.
NAME_ONE = "storage_check_storage_class"


def defaults(classes: Iterable[dict[str, Any]]) -> list[str]:
    """The names of the default StorageClasses, in the order in which the cluster takes them: the newest first."""
    found = [c["metadata"] for c in classes
             if any((c["metadata"].get("annotations") or {}).get(a) == "true" for a in _DEFAULT)]
    by_name = sorted(found, key=lambda m: m["name"])
    return [m["name"] for m in sorted(by_name, key=lambda m: m.get("creationTimestamp") or "", reverse=True)]


def _refuses_several(ctx: Context) -> bool:
    found = minor(str((optional_get(ctx, "/version") or {}).get("gitVersion") or ""))
    return found is not None and found < _SEVERAL


def choose(ctx: Context, classes: list[dict[str, Any]]) -> dict[str, Any]:
    """The class that is named, else the one that the cluster gives to claims without a class."""
    by_name = {c["metadata"]["name"]: c for c in classes}
    named = ctx.options.get("storage_class")
    if named:
        ctx.expect(named in by_name, f"there is no StorageClass {named}; there are: "
                   + (listed(sorted(by_name), 8) or "none"), storage_classes=sorted(by_name))
        return by_name[named]
    found = defaults(classes)
    if not found:
        ctx.inconclusive(f"no StorageClass is the default; name the one to prove in {NAME_ONE}: "
                         f"{listed(sorted(by_name), 8)}", storage_classes=sorted(by_name), defaults=[])
    if len(found) > 1:
        ctx.observe(storage_classes=sorted(by_name), defaults=found)
        ctx.expect(not _refuses_several(ctx), f"{len(found)} StorageClasses are the default: {listed(sorted(found), 8)}; "
                   "before Kubernetes 1.26 claims without a class are refused then")
        ctx.observe(chosen=f"{found[0]}, the newest of {len(found)} default classes, as the cluster chooses")
    return by_name[found[0]]


def can_be_removed(ctx: Context, storage_class: dict[str, Any], option: str = NAME_ONE) -> None:
    """Inconclusive where each run would leave a disk: the class retains volumes, and we may not change that of ours.

    Who does not tell what we may do is taken to allow it; what stays is told at the end then.
    """
    name = storage_class["metadata"]["name"]
    if storage_class.get("reclaimPolicy") == "Retain" and not may(ctx.client, "patch", "persistentvolumes"):
        ctx.inconclusive(f"StorageClass {name} retains volumes, and our user may not patch persistentvolumes, so that ours would be "
                         f"left; name another class in {option}, or grant it (rbac_optional: retained_volumes)")


def gives_new_volumes(ctx: Context, storage_class: dict[str, Any], access_mode: str, size: str, option: str = NAME_ONE) -> None:
    """Inconclusive where a claim would take a volume that somebody made beforehand: it would be lost with the claim.

    To be asked right before a claim is made.
    """
    name = storage_class["metadata"]["name"]
    if storage_class.get("provisioner") == volumes.NO_PROVISIONER:
        ctx.inconclusive(f"volumes of StorageClass {name} are made by hand, and a claim would take one of somebody's; name a "
                         f"class with a provisioner in {option}")

    def lean(volume: dict[str, Any]) -> dict[str, Any]:
        """All that is kept of it, as there may be thousands."""
        return {"name": volume["metadata"]["name"], "waits": volumes.waits_for_a_claim(volume, name, access_mode, size)}

    waiting = sorted(v["name"] for v in ctx.client.list(VOLUMES, strip=lean).items if v["waits"])
    if waiting:
        ctx.inconclusive(f"{len(waiting)} volume{'s' if len(waiting) > 1 else ''} of StorageClass {name} made beforehand "
                         f"wait{'' if len(waiting) > 1 else 's'} for a claim ({listed(waiting, 4)}), and ours would take one "
                         f"of somebody's; name another class in {option}", waiting_volumes=waiting[:20])
