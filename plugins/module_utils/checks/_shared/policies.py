# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NetworkPolicies that others put into the run's namespace: what they forbid says nothing of the network below."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ...common import policies
from ...engine.errors import Inconclusive
from ...engine.evidence import POLICY_GROUPS
from ...kube.errors import ApiError
from .optional import optional_get
from .text import listed

if TYPE_CHECKING:
    from ...engine.context import Context


def restricting(ctx: Context) -> list[str]:
    """Names of those that take something from the probes; none where we may not look."""
    try:
        found = optional_get(ctx, f"/apis/networking.k8s.io/v1/namespaces/{ctx.namespace}/networkpolicies") or {}
    except (ApiError, Inconclusive):
        return []
    mine = {p.pod for p in ctx.probes.all}
    labels = [p["metadata"].get("labels") or {} for p in ctx.watch("pods").items().values() if p["metadata"]["name"] in mine]
    return sorted(p["metadata"]["name"] for p in found.get("items") or ()
                  if any(policies.restricts(p, one) for one in labels or [{}]))


def engines(ctx: Context) -> list[str]:
    """Groups of APIs by which traffic may be forbidden for the whole cluster."""
    try:
        found = optional_get(ctx, "/apis") or {}
    except (ApiError, Inconclusive):
        return []
    return sorted({g.get("name") for g in found.get("groups") or ()} & set(POLICY_GROUPS))


def excuse(ctx: Context, what: str, whole: bool = True, allow: str = "traffic between pods of the namespace") -> None:
    """Before a claim fails: Inconclusive where policies may forbid it. what: what was seen, and is not proved by it. whole:
    whether policies for the whole cluster, which nobody can list, are reason enough. allow: what is needed."""
    found, others = restricting(ctx), engines(ctx) if whole else []
    if found or others:
        why = f"namespace {ctx.namespace} has NetworkPolicies that restrict our pods ({listed(found)})" if found else \
            f"policies for the whole cluster may forbid it ({listed(others)})"
        ctx.inconclusive(f"{what}: {why}; allow {allow}, or name a namespace where it is allowed with "
                         "validate_namespace", network_policies=found)
