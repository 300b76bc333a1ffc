# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading single objects: what their metadata, conditions and containers say, and events about them."""
from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

Object = dict[str, Any]


def seconds(stamp: str | None) -> float:
    """Epoch seconds of an RFC 3339 time; 0 where there is none."""
    try:
        return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() if isinstance(stamp, str) else 0.0
    except (ValueError, OverflowError):
        return 0.0


def name_of(item: Object) -> str:
    return item["metadata"]["name"]


def space_of(item: Object) -> str:
    return item["metadata"].get("namespace", "")


def label(item: Object, key: str) -> str:
    return (item["metadata"].get("labels") or {}).get(key, "")


def condition(item: Object, kind: str) -> Object:
    """The condition of this type, or an empty dictionary."""
    told = item.get("status", {}).get("conditions") or []
    return next((c for c in told if isinstance(c, dict) and c.get("type") == kind), {})


def unique(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line for line in lines if line))


# ---- pods -------------------------------------------------------------------------------------------------------
def ready(pod: Object) -> bool:
    """Whether the pod does its work, or has done it."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    return pod.get("status", {}).get("phase") == "Succeeded" or condition(pod, "Ready").get("status") == "True"


def node_of(pod: Object) -> str:
    return pod.get("spec", {}).get("nodeName") or ""


def containers(pod: Object) -> list[Object]:
    """The statuses of all containers, those of initialisation first."""
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def pod_ref(pod: Object) -> str:
    return f"pod/{space_of(pod)}/{name_of(pod)}"


def started(pod: Object) -> float:
    """When the pod last started a container; 0 for one that never did."""
    states = [s.get(when) or {} for s in containers(pod) for when in ("state", "lastState")]
    return max((seconds((s.get("running") or s.get("terminated") or {}).get("startedAt")) for s in states), default=0.0)


def unready_since(pod: Object) -> float:
    """When the pod ceased to be ready, or was first seen not to be; 0 when that is not known."""
    c = condition(pod, "Ready")
    return seconds(c.get("lastTransitionTime")) if c.get("status") == "False" else 0.0


# ---- events -----------------------------------------------------------------------------------------------------
def about(event: Object) -> Object:
    return event.get("involvedObject") or event.get("regarding") or {}


def words(event: Object) -> str:
    return (event.get("message") or event.get("note") or "").strip()


def event_line(event: Object) -> str:
    return f"{about(event).get('kind', '').lower()}/{about(event).get('name')} {event.get('reason')}: {words(event)}"


def first_seen(event: Object) -> float:
    return seconds(event.get("firstTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp"))


def last_seen(event: Object) -> float:
    stamps = (event.get("lastTimestamp"), (event.get("series") or {}).get("lastObservedTime"), event.get("eventTime"),
              event["metadata"].get("creationTimestamp"))
    return max(map(seconds, stamps))
