# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long probes are waited for: as long as waiting can help, decided by what pods and events say and not by a clock alone."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..kube.errors import HOOK
from ..kube.pods import IMAGE_REASONS, pod_ready, waiting_reason

Object = Mapping[str, Any]
# Seconds that a node without a ready probe is waited for in each state. A scheduler or an admission that refuses says
# so at once and again; an image is tried again after 10, 20 and 40 s (the kubelet's back-off), so three tries fit.
PATIENCE = {"room": 15.0, "refused": 15.0, "absent": 30.0, "sandbox": 30.0, "unready": 30.0, "image": 45.0}
# Seconds that all probes have at least, and for how many nodes there is one more: controllers make 10 to 20 pods a second
# (kube-controller-manager's kubeAPIQPS 20 and burst 30, two requests a pod).
LIMIT, NODES_A_SECOND = 90.0, 10.0
_SANDBOX = {"FailedCreatePodSandBox", "FailedMount", "FailedAttachVolume", "NetworkNotReady", "CNIError"}
# What waits for the cluster itself is not waited out. A webhook that is away is a refusal; its address names a timeout.
_PASSES = re.compile(r"namespace .* is being terminated|serviceaccount .* not found|timeout|connection refused|too many requests", re.I)


def limit_for(nodes: int) -> float:
    """Seconds for the probes of so many nodes."""
    return LIMIT + nodes / NODES_A_SECOND


def refusals(events: Iterable[Object], owner: str) -> str:
    """The latest words of the controller that may not make our pods; empty without."""
    told = [e for e in events if e.get("reason") == "FailedCreate" and (e.get("involvedObject") or {}).get("name") == owner]
    last = max(told, key=lambda e: str(e.get("lastTimestamp") or e["metadata"].get("creationTimestamp") or ""), default=None)
    return str(last.get("message", "")) if last else ""


def troubled(events: Iterable[Object]) -> dict[str, str]:
    """Pod -> reason, of pods whose sandbox or volumes the kubelet could not make."""
    return {e["involvedObject"]["name"]: str(e["reason"]) for e in events
            if e.get("type") == "Warning" and e.get("reason") in _SANDBOX and (e.get("involvedObject") or {}).get("name")}


def state(pod: Object | None, sandbox: Mapping[str, str], refused: str) -> str:
    """What a node without a ready probe waits for: a key of PATIENCE, or "coming" for what only needs time."""
    if pod is None:
        return "refused" if refused and (HOOK.search(refused) or not _PASSES.search(refused)) else "absent"
    reason = waiting_reason(dict(pod))
    if reason and reason[0] in IMAGE_REASONS:
        return "image"
    if not (pod.get("spec") or {}).get("nodeName"):
        return "room" if reason else "absent"
    if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):  # the kubelet did not take it, or it ended
        return "room"
    if pod["metadata"]["name"] in sandbox:
        return "sandbox"
    running = any("running" in (c.get("state") or {}) for c in (pod.get("status") or {}).get("containerStatuses") or [])
    return "unready" if running else "coming"


class Progress:
    """What was seen of each node, and since when. All times are seconds of one clock that only grows."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[str, float]] = {}
        self._made, self._grew = 0, 0.0

    def done(self, now: float, wanted: Iterable[str], pods: Mapping[str, Object], sandbox: Mapping[str, str],
             refused: str) -> bool:
        """Whether every wanted node has a ready probe, or waiting helps none of the others any more.

        pods: by node; sandbox, refused: see `troubled` and `refusals`.
        """
        wanted = list(wanted) or [""]  # none is known yet: as one that has no pod
        if len(pods) > self._made:
            self._made, self._grew = len(pods), now
        open_ones = [n for n in wanted if not (n in pods and pod_ready(dict(pods[n])))]
        hopeless = 0
        for node in open_ones:
            kind = state(pods.get(node), sandbox, refused)
            before = self._since.get(node)
            since = before[1] if before and before[0] == kind else now
            self._since[node] = (kind, since)
            if kind == "absent":  # more pods come while the controller makes some
                since = max(since, self._grew)
            hopeless += kind in PATIENCE and now - since >= PATIENCE[kind]
        return hopeless == len(open_ones)
