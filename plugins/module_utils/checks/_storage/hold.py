# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The volume that a claim of ours was given: whose it is, and that it goes with its claim."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...common import volumes
from ...kube.errors import ApiError
from .classes import NAME_ONE, VOLUMES

if TYPE_CHECKING:
    from ...engine.context import Context

# Seconds until the reclaim policy of a volume of ours is changed.
_CHANGED = 30.0


def bound(item: dict[str, Any] | None) -> dict[str, Any] | None:
    """The claim when it has its volume."""
    good = item and item.get("status", {}).get("phase") == "Bound" and item["spec"].get("volumeName")
    return item if good else None


def hold(ctx: Context, claim: dict[str, Any], option: str = NAME_ONE) -> tuple[dict[str, Any], bool]:
    """(the volume of a bound claim, whether it stays behind its claim as we may not change that); from here on it goes with the
    claim, whatever becomes of the run. Inconclusive where it was not made for the claim.

    option: where another class can be named.
    """
    name = claim["metadata"]["name"]
    path = f"{VOLUMES}/{claim['spec']['volumeName']}"
    volume = ctx.client.get(path)
    if not volumes.made_for(volume, claim):
        ctx.inconclusive(f"claim {name} was given volume {volume['metadata']['name']}, which was not made for it and is "
                         f"somebody's; name another class in {option}")
    labels = ctx.adopt("PersistentVolume", volume["metadata"]["name"])
    if volumes.reclaim_policy(volume) != "Retain":
        return volume, False
    ctx.observe(reclaim_policy="Retain")
    change = {"metadata": {"labels": labels}, "spec": {"persistentVolumeReclaimPolicy": "Delete"}}
    try:
        ctx.until(lambda: ctx.client.raw.patch(path, change) or True, f"volume {volume['metadata']['name']} is changed",
                  seconds=_CHANGED)
    except ApiError as e:
        if e.status != 403:
            raise
        return volume, True
    return volume, False
