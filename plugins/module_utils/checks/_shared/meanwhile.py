# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes that come, go and are left out: what a check that says "every node" did not ask, and says so."""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .at_work import leaving as taken_by
from .text import listed

if TYPE_CHECKING:
    from ...engine.context import Context

# By which a cloud's controller says that the machine is off: for the node itself a fault, for who asks its pods none.
_SHUTDOWN = "node.cloudprovider.kubernetes.io/shutdown"


def leaving(node: Mapping[str, Any]) -> bool:
    """Whether the node is being taken away on purpose."""
    taints = (node.get("spec") or {}).get("taints") or ()
    return bool(taken_by(node)) or any(t.get("key") == _SHUTDOWN for t in taints)


def left(ctx: Context) -> set[str]:
    """Nodes that are no more, or on their way out: what pods there do not answer says nothing of the others."""
    return {*ctx.fleet.gone(), *(n for n, item in ctx.fleet.nodes.items() if leaving(item))}


def tell(ctx: Context, dropped: set[str] | None = None) -> None:
    """At the end of a check: which nodes it did not prove, and why. dropped: those whose answers were left out."""
    fleet = ctx.fleet
    if fleet.sampled:
        ctx.observe(sampled=fleet.sampled)
    if fleet.left_out:
        ctx.observe(left_out=dict(fleet.left_out))
    if dropped:
        ctx.observe(left_meanwhile=sorted(dropped))
        ctx.warn(f"gone or being taken away, so not judged: {listed(sorted(dropped))}")
    joined = fleet.joined()
    if joined:
        ctx.observe(joined_meanwhile=joined)
    if ctx.probes.missing:
        ctx.warn(f"not tested, as they run no probe: {listed(sorted(ctx.probes.missing))}")
