# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NetworkPolicies that others put into the run's namespace: what they forbid says nothing of the network below."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..common import policies
from ..engine.errors import Inconclusive
from ..kube.errors import ApiError
from ._optional import optional_get
from ._text import listed

if TYPE_CHECKING:
    from ..engine.context import Context


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


def excuse(ctx: Context, what: str) -> None:
    """Before a claim fails: Inconclusive where policies forbid it. what: what they keep from being proved."""
    found = restricting(ctx)
    if found:
        ctx.inconclusive(f"{what}: namespace {ctx.namespace} has NetworkPolicies that restrict our pods ({listed(found)}); "
                         "allow traffic between its pods, or name a namespace where that is allowed with validate_namespace",
                         network_policies=found)
