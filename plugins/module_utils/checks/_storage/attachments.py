# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""VolumeAttachments: which volumes are on which nodes, or are to be, and how far that is."""
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ...kube.errors import ApiError

if TYPE_CHECKING:
    from ...engine.context import Context

ATTACHMENTS = "/apis/storage.k8s.io/v1/volumeattachments"
# external-attacher marks what it begins with so, before it asks its driver: GetFinalizerName in its pkg/controller/util.go.
_BEGUN = "external-attacher/"


def _lean(item: dict[str, Any]) -> dict[str, Any]:
    """All that is kept of one, as there may be thousands."""
    meta, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
    errors = [(status.get(k) or {}).get("message") or "" for k in ("detachError", "attachError")]
    return {"name": meta["name"], "node": spec.get("nodeName", ""), "driver": spec.get("attacher", ""),
            "volume": (spec.get("source") or {}).get("persistentVolumeName") or "", "error": next(filter(None, errors), ""),
            "going": bool(meta.get("deletionTimestamp")), "attached": bool(status.get("attached")),
            "begun": any(f.startswith(_BEGUN) for f in meta.get("finalizers") or ())}


def attachments(ctx: Context) -> list[dict[str, Any]] | None:
    """name, node, driver, volume, error, going, attached, begun of each; None where we may not list them."""
    try:
        return ctx.client.quiet.list(ATTACHMENTS, strip=_lean).items
    except ApiError as e:
        if e.status not in (401, 403, 404):
            raise
        return None


def not_attached(ctx: Context, volumes: Iterable[str], seconds: float) -> None:
    """Tell of these volumes, whose pods waited so long, which are still to be attached, and whether somebody began with it; and which a
    node does not let go of, by the words of their driver.

    Nothing where that cannot be seen: it is asked on the way to a failure, which has words of its own.
    """
    wanted = set(volumes)
    try:
        found = attachments(ctx) if wanted else None
    except ApiError:
        return
    for a in found or ():
        if a["volume"] in wanted and not a["attached"] and not a["going"]:
            ctx.see(kind="attachment", ok=a["begun"], from_node=a["node"], target=a["volume"], variant="taken")
            ctx.see(kind="attachment", ok=False, from_node=a["node"], target=a["volume"], variant="attach", error=a["error"],
                    seconds=seconds)
        elif a["volume"] in wanted and a["going"] and a["error"]:
            ctx.see(kind="attachment", ok=False, from_node=a["node"], target=a["volume"], variant="detach", error=a["error"])
