# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The second family of addresses, where the cluster has two: IPv4 and IPv6 are two networks, and each may fail alone."""
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .._shared.text import listed

if TYPE_CHECKING:
    from ...engine.context import Context
    from ...engine.probes import Probe


def family(address: str) -> str:
    """The family's name, as Services spell it."""
    return "IPv6" if ":" in address else "IPv4"


def other(pod: dict[str, Any], first: str) -> str:
    """The pod's address of the family that `first` is not of; empty where it has none."""
    told = [str(a.get("ip") or "") for a in (pod.get("status") or {}).get("podIPs") or ()]
    return next((a for a in told if a and family(a) != family(first)), "")


def second(ctx: Context, probes: Iterable[Probe]) -> dict[str, str]:
    """node -> the second address of its probe, of those that have one."""
    pods = {p["metadata"]["name"]: p for p in ctx.watch("pods").items().values()}
    found = {p.node: other(pods[p.pod], p.ip) for p in probes if p.pod in pods}
    return {node: address for node, address in found.items() if address}


def tell(ctx: Context, probes: list[Probe], found: dict[str, str]) -> None:
    """Which families were asked, and which pods have one only where others have two."""
    families = sorted({family(p.ip) for p in probes} | {family(a) for a in found.values()})
    ctx.observe(families=families)
    without = sorted(p.node for p in probes if p.node not in found)
    if found and without:
        ctx.warn(f"pods have addresses of {' and '.join(families)}, but only one on {listed(without)}: "
                 "the second family was not asked there")
