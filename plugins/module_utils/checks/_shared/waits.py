# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a pod and its claim wait for, as they and their events say it."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ...kube.pods import waiting_reason
from .optional import optional_get

if TYPE_CHECKING:
    from ...engine.context import Context


def why(ctx: Context, pod_name: str, claim_name: str) -> str:
    """The end of a message: "; the claim is Pending; ProvisioningFailed: ..."; empty where nothing is said."""
    item = ctx.watch("pods").items().get((ctx.namespace, pod_name)) or {}
    claimed = ctx.watch("persistentvolumeclaims").items().get((ctx.namespace, claim_name)) or {}
    texts = [f"the claim is {claimed['status']['phase']}"] if claimed.get("status", {}).get("phase") else []
    for name in (claim_name, pod_name):
        events = optional_get(ctx, f"/api/v1/namespaces/{ctx.namespace}/events",
                              {"fieldSelector": f"involvedObject.name={name}"})
        # A warning tells more than what was said after it.
        last = sorted((events or {}).get("items") or [], key=lambda e: (
            e.get("type") == "Warning", e.get("lastTimestamp") or e.get("eventTime") or ""))[-1:]
        texts += [f"{e.get('reason')}: {e.get('message')}" for e in last]
    reason = waiting_reason(item) if item else None
    if reason and not any(reason[1] and reason[1] in t for t in texts):
        texts.append(f"{reason[0]}: {reason[1]}".rstrip(": "))
    return f"; {'; '.join(dict.fromkeys(texts))}"[:600] if texts else ""
