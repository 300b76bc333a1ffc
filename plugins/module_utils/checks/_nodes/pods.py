# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a node has no ready pod of ours: somebody said what is wrong, or it waits for room or for its image."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...kube.pods import STARTING, waiting_reason
from .._shared.tellers import teller

Object = Mapping[str, Any]
# A scheduler's words, and the reasons of a kubelet that took no more.
_ROOM = re.compile(r"Too many pods|Insufficient [a-z]|not have enough")
_NO_ROOM = re.compile(r"OutOf[a-z]+", re.I)
# A kubelet tells of the first thing that it does for a pod within moments; one that told nothing for so long (seconds),
# while others told of theirs, did nothing.
_BEGINS = 30.0


@dataclass(frozen=True)
class Missing:
    """words: why there is no ready pod. broken: whether somebody said what is wrong; else the node was just not tried."""

    words: str
    broken: bool


def _about(event: Object) -> str:
    return str((event.get("involvedObject") or {}).get("name") or "")


def _when(event: Object) -> str:
    born = (event.get("metadata") or {}).get("creationTimestamp")
    return str(event.get("lastTimestamp") or event.get("eventTime") or born or "")


def _starting(pod: Object, events: Iterable[Object], seconds: float) -> Missing:
    """Of a pod whose containers do not run yet: the kubelet's latest words about it."""
    events = list(events)
    mine = sorted((e for e in events if _about(e) == pod["metadata"]["name"] and teller(e) == "kubelet"), key=_when)
    bad = [e for e in mine if e.get("type") == "Warning"]
    if bad:
        return Missing(f"{bad[-1].get('reason')}: {bad[-1].get('message', '')}".rstrip(": "), True)
    if mine and mine[-1].get("reason") == "Pulling":
        return Missing(f"still pulling after {seconds:.0f} s", False)
    if not mine and seconds > _BEGINS and any(teller(e) == "kubelet" for e in events):
        return Missing(f"its kubelet did not begin with the pod within {seconds:.0f} s", True)
    return Missing(f"still starting after {seconds:.0f} s", False)


def why(pod: Object | None, events: Iterable[Object], told: str, seconds: float, passing: bool) -> Missing:
    """told: what whoever waited for the pod says, for `seconds` seconds. passing: whether the node has just registered,
    or goes."""
    if pod is None:
        return Missing(told, not passing)
    status = pod.get("status") or {}
    reason = waiting_reason(dict(pod))
    if not (pod.get("spec") or {}).get("nodeName"):
        words = reason[1] or reason[0] if reason else "the scheduler did not say why"
        return Missing(f"its pod was made and waits for room: {words}" if _ROOM.search(words) else
                       f"its pod was made and is not scheduled: {words}", not _ROOM.search(words))
    if status.get("phase") == "Failed" and _NO_ROOM.search(str(status.get("reason", ""))):
        words = f"{status['reason']}: {status.get('message', '')}".rstrip(": ")
        return Missing(f"its pod was made and waits for room: {words}", False)
    if status.get("phase") in (None, "Pending") and (reason is None or reason[0] in STARTING):
        found = _starting(pod, events, seconds)
        return Missing(found.words, found.broken and not passing)
    return Missing(told, not passing)
