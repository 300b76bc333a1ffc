# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What became of one image on one node."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..diagnosis.image_words import cause_of as image_cause
from ..diagnosis.kubelet_words import NO_ADDRESS, refusal_of
from ..kube.errors import ApiError
from .references import Reference

PRESENT, PULLED, FAILED = "present", "pulled", "failed"
REMOVED, IN_USE, ABSENT = "removed", "in_use", "absent"
# The pull may succeed a moment later; what is not here stays as it is.
PASSING = {"image.throttled", "image.kubelet-qps", "image.registry-unreachable", "image.corrupt", "unknown.unexplained"}
MB = 1e6


@dataclass
class Result:
    """seconds: of the pull alone; waited: with the kubelet's queue; size: bytes; begin, end: of time.monotonic().

    status: present (it was there), pulled, failed; of a removal: removed, absent (it was not there), in_use, failed.
    ran: the image that admission put in its place; asked: admission makes pods ask the registry each time (Always).
    on_node: of what failed, whether the node's own list has the image.
    """

    node: str
    image: Reference
    status: str
    seconds: float = 0.0
    waited: float = 0.0
    size: int = 0
    digest: str = ""
    attempts: int = 1
    error: str = ""
    cause: str = ""
    confidence: str = ""
    begin: float = 0.0
    end: float = 0.0
    ran: str = ""
    asked: bool = False
    on_node: bool = False

    @property
    def rate(self) -> float:
        """MB/s; 0 where size or time is not known."""
        return self.size / MB / self.seconds if self.seconds > 0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        out: dict[str, Any] = {"node": self.node, "image": str(self.image), "status": self.status,
                               "attempts": self.attempts}
        if self.status == PULLED:
            out.update(seconds=round(self.seconds, 3), waited=round(self.waited, 3), bytes=self.size,
                       mb_per_second=round(self.rate, 2))
        if self.digest:
            out["digest"] = self.digest
        if self.ran:
            out["ran"] = self.ran
        if self.on_node:
            out["on_node"] = True
        if self.error:
            out.update(error=self.error, cause=self.cause, confidence=self.confidence)
        return out

    def line(self) -> str:
        """For people."""
        name = f"{self.node}: {self.image.short}" + (f" (as {self.ran})" if self.ran else "")
        if self.status == PULLED:
            size = f", {self.size / MB:.1f} MB, {self.rate:.1f} MB/s" if self.size else ""
            return f"{name} pulled, {self.seconds:.1f} s{size}" + (f", attempt {self.attempts}" if self.attempts > 1 else "")
        if self.status == FAILED:
            return f"{name} failed, {self.cause}: {self.error[:300]}"
        words = {PRESENT: "was there", REMOVED: "removed", ABSENT: "was not there", IN_USE: "is in use"}
        return f"{name} {words[self.status]}"


_NODE_WORDS = (
    ("node.pressure", "confirmed", r"no space left on device|The node was low on resource|node had condition: \["),
    ("node.cni-not-ready", "confirmed", r"NetworkPluginNotReady|network is not ready|cni plugin|failed to setup network"),
)


def refusal(error: ApiError) -> str:
    """The cause of a pod that is not admitted; "" for an error that is everybody's: no other pod would be taken either."""
    if error.status is None or error.status >= 500 or "cannot create" in error.message or error.status in (401, 404):
        return ""
    return "quota.exceeded" if "exceeded quota" in error.message else "admission.denied"


def cause_of(error: str) -> tuple[str, str]:
    """(code, confidence) of the cluster's words on a pull that failed."""
    if NO_ADDRESS.search(error):
        return "net.addresses-exhausted", "confirmed"
    for code, sure, pattern in _NODE_WORDS:
        if re.search(pattern, error):
            return code, sure
    code, sure = refusal_of(error)
    if not code:
        code, sure = image_cause(error)
    return (code, sure) if code else ("unknown.unexplained", "suspected")
