# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether what was pulled stays: a kubelet removes images that nobody uses, long before its disk is full."""
from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..kube.client import Client
from ..kube.errors import ApiError

# Nodes that are asked at most, and at once; seconds for an answer.
_MOST, _AT_ONCE, _ANSWER = 300, 8, 10.0


@dataclass(frozen=True)
class Tight:
    """A node whose images use `used` percent of their disk, of which its kubelet lets them have `most`."""

    node: str
    used: int
    most: int

    @property
    def text(self) -> str:
        return (f"images and what else is on their disk use {self.used} % of it on {self.node}; from {self.most} % on its "
                "kubelet removes images that nobody uses (imageGCHighThresholdPercent)")


def _ask(client: Client, node: str) -> Tight | None:
    """None for a node with room, or one that does not tell. ApiError 401 or 403 where our user may not ask."""
    try:
        path = f"/api/v1/nodes/{node}/proxy"
        config, summary = (client.get(f"{path}/{what}", timeout=_ANSWER) for what in ("configz", "stats/summary"))
        most = int(config["kubeletconfig"]["imageGCHighThresholdPercent"])
        disk = summary["node"]["runtime"]["imageFs"]
        # As the kubelet reckons it (pkg/kubelet/images/image_gc_manager.go).
        used = 100 - int(disk["availableBytes"] * 100 / disk["capacityBytes"])
    except ApiError as e:
        if e.status in (401, 403):
            raise
        return None
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return Tight(node, used, most) if used >= most else None


def tight(client: Client, nodes: Iterable[str]) -> list[Tight]:
    """Those of the nodes whose kubelets may remove again what was pulled; empty without the right to get nodes/proxy."""
    asked = sorted(nodes)[:_MOST]
    try:
        found = [_ask(client, node) for node in asked[:1]]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found += pool.map(lambda node: _ask(client, node), asked[1:])
    except ApiError:
        return []
    return [t for t in found if t]
