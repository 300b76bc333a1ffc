# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The end of a namespace: waited for as long as it can come, and no longer."""
from __future__ import annotations

import re
import time
from typing import Any

from ..kube.client import Client
from ..kube.errors import ApiError
from ..kube.watch import Watch, WatchTimeout
from .removal import get, stuck

# Seconds between looks at what its controller says.
_LOOK = 1.0
# Seconds that a reason has to stand before nobody waits any more. An API that is away stays away; what others have to let go of
# may be let go, and its controller looks again after 8 s.
_ABSENT, _OTHERS = 5.0, 12.0
# Seconds without any change until pods that are to end are those of a node that is dead: ours have no more than 30.
_PODS = 45.0
_REASONS = {"NamespaceDeletionDiscoveryFailure": _ABSENT, "NamespaceDeletionGroupVersionParsingFailure": _ABSENT,
            "NamespaceDeletionContentFailure": _OTHERS}
# Finalizers of Kubernetes and its clouds: who holds them is at work, and a load balancer takes minutes to go. cert-manager lets go of a
# challenge only after the minute that it waits for its record.
_KNOWN = re.compile(r"(?:[\w.-]*\.)?(?:kubernetes\.io|k8s\.io|k8s\.aws|gke\.io|acme\.cert-manager\.io)/.*|[^/]+")
_PROTECTED = "kubernetes.io/pvc-protection"  # of the claim that such a pod mounts
_HELD = re.compile(r"(\S+) in \d+ resource instances")


def hopeless(item: dict[str, Any]) -> dict[str, float]:
    """Why a namespace on its way out does not end by itself: reason -> seconds that it has to stand."""
    said = stuck(item)
    out = {reason: seconds for reason, seconds in _REASONS.items() if reason in said}
    held = _HELD.findall(said.get("NamespaceFinalizersRemaining", ""))
    others = [f for f in held if not _KNOWN.fullmatch(f)]
    remain = said.get("NamespaceContentRemaining", "")
    if "pods. has" in remain and set(held) <= {_PROTECTED}:
        out[remain] = _PODS
    if "finalizers" in (item.get("spec") or {}) and not item["spec"]["finalizers"]:
        others += [f for f in item["metadata"].get("finalizers") or [] if not _KNOWN.fullmatch(f)]
    return {**out, **dict.fromkeys(others, _OTHERS)}


class SpaceEnds:
    """known: a watch of our namespaces that runs already; without one, or when it has ended, one is started."""

    def __init__(self, client: Client, deadline: float, known: Watch | None = None):
        self.client, self.deadline, self._known = client, deadline, known

    def wait(self, name: str) -> dict[str, Any] | None:
        """None when it is gone, else the namespace as it is when nobody waits any more.

        By a watch: its controller takes at least five seconds, and the moment it is done is seen at once.
        """
        if self._known is not None:
            try:
                return self._follow(self._known, name)
            except ApiError:
                pass  # that watch has ended; one of our own may fare better
        watch = Watch(self.client, "/api/v1/namespaces", {"fieldSelector": f"metadata.name={name}"}, name="namespace")
        watch.start()
        try:
            return self._follow(watch, name)
        finally:
            watch.stop()

    def _follow(self, watch: Watch, name: str) -> dict[str, Any] | None:
        since: dict[str, float] = {}
        while True:
            try:
                watch.wait(lambda items: ("", name) not in items, min(self.deadline, time.monotonic() + _LOOK))
                return None
            except WatchTimeout as e:
                item = e.items.get(("", name))
            now = time.monotonic()
            reasons = hopeless(item) if item else {}
            since = {reason: since.get(reason, now) for reason in reasons}
            if now >= self.deadline or any(now - since[reason] >= seconds for reason, seconds in reasons.items()):
                return item or self._last_look(name)

    def _last_look(self, name: str) -> dict[str, Any] | None:
        """Where the watch has told nothing in its time."""
        try:
            return get(self.client, f"/api/v1/namespaces/{name}")
        except ApiError:
            return {"metadata": {"name": name}}
