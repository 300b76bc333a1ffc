# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NetworkPolicies that others put into the run's namespace: what they forbid says nothing of the network below."""
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ...common import policies
from ...engine.errors import Inconclusive
from ...engine.evidence import POLICY_GROUPS
from ...engine.probes import HTTP_PORT
from ...kube.errors import ApiError
from ...kube.transport import TransportError
from .optional import optional_get
from .text import listed

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...engine.probes import Probe

# Seconds in which networks follow a policy, and between two looks; so many probes ask their neighbours.
_FOLLOWED, _PAUSE, _FEW = 20.0, 2.0, 6


def _found(ctx: Context) -> list[dict[str, Any]]:
    """Those of the run's namespace; none where we may not look."""
    try:
        found = optional_get(ctx, f"/apis/networking.k8s.io/v1/namespaces/{ctx.namespace}/networkpolicies") or {}
    except (ApiError, Inconclusive):
        return []
    return list(found.get("items") or ())


def _labels(ctx: Context) -> list[dict[str, str]]:
    """Of the probes."""
    mine = {p.pod for p in ctx.probes.all}
    return [p["metadata"].get("labels") or {} for p in ctx.watch("pods").items().values() if p["metadata"]["name"] in mine] or [{}]


def restricting(ctx: Context) -> list[str]:
    """Names of those that take something from the probes."""
    found = _found(ctx)
    labels = _labels(ctx) if found else []
    return sorted(p["metadata"]["name"] for p in found if any(policies.restricts(p, one) for one in labels))


def _hears(source: Probe, other: Probe) -> bool | None:
    """Whether one probe reaches another; None where the first cannot be asked."""
    try:
        return source.dial(other.ip, HTTP_PORT, timeout=3.0).ok
    except (TransportError, ApiError):
        return None


def shut(ctx: Context) -> bool:
    """Where some of our pods got through and others did not: whether policies, which let none of them talk to another, act by now.

    Networks follow policies some seconds after a pod has started: until then all passes, on one node longer than on another
    (Amazon's network policy agent in its standard mode). Without an engine they never do, and what failed has another reason.
    """
    found, probes = _found(ctx), ctx.probes.all[:_FEW]
    if len(probes) < 2 or not any(policies.forbid(found, one) for one in _labels(ctx)):
        return False
    end = time.monotonic() + _FOLLOWED
    while True:
        heard = ctx.in_parallel(lambda pair: _hears(*pair), zip(probes, [*probes[1:], probes[0]], strict=True))
        if not any(heard):
            return False in heard
        if time.monotonic() > end or ctx.left() < 2 * _PAUSE:
            return False
        time.sleep(_PAUSE)


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
