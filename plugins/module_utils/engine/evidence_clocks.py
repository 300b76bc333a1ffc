# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far the clocks of nodes are off: by what they wrote when, and what the API server noted at that moment."""
from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from ..kube.reading import stamp_of

# Older events say nothing about this failure (seconds).
EVENT_AGE = 15 * 60


def stamp(epoch: float) -> str:
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).isoformat()


def recent(event: dict[str, Any], now: float) -> bool:
    """Whether it was seen within EVENT_AGE."""
    stamps = (event.get("lastTimestamp"), event.get("eventTime"), (event.get("series") or {}).get("lastObservedTime"),
              event["metadata"].get("creationTimestamp"))
    return max(map(stamp_of, stamps)) > now - EVENT_AGE


def clock_of(lease: dict[str, Any]) -> float | None:
    """Seconds that the clock of a Lease's holder is ahead of the API server's; None where the Lease does not tell.

    The holder writes when it renewed it, the API server notes when that arrived. A slow request makes the clock look late.
    """
    def renews(note: dict[str, Any]) -> bool:
        return "f:renewTime" in ((note.get("fieldsV1") or {}).get("f:spec") or {})

    return _ahead(lease, (lease.get("spec") or {}).get("renewTime"), renews)


def clock_by_status(node: dict[str, Any]) -> float | None:
    """The same by what the node wrote of itself."""
    def reports(note: dict[str, Any]) -> bool:
        told = ((note.get("fieldsV1") or {}).get("f:status") or {}).get("f:conditions") or {}
        return "f:lastHeartbeatTime" in (told.get('k:{"type":"Ready"}') or {})

    beats = [c.get("lastHeartbeatTime") for c in (node.get("status") or {}).get("conditions") or [] if c.get("type") == "Ready"]
    return _ahead(node, next(iter(beats), None), reports)


def _ahead(item: dict[str, Any], when: str | None, wrote: Callable[[dict[str, Any]], bool]) -> float | None:
    written = stamp_of(when)
    noted = max((stamp_of(n.get("time")) for n in item["metadata"].get("managedFields") or [] if wrote(n)), default=0.0)
    return written - noted if written and noted else None


CLOCKS: Mapping[str, Callable[[dict[str, Any]], float | None]] = {"node_leases": clock_of, "nodes": clock_by_status}


def together(by_lease: Mapping[str, float], by_status: Mapping[str, float]) -> dict[str, float]:
    """A request that was under way while the network was down is late, whatever the clock: only what both say counts."""
    return {node: min(ahead, by_status.get(node, ahead), key=abs) for node, ahead in by_lease.items()}
