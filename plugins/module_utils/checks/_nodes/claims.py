# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Node object must say of itself. An empty text is a claim that is met."""
from __future__ import annotations

from datetime import datetime

from ...common.nodes import condition, ready
from .._shared.nodes import Node, minor, moment

# A kubelet that has nothing new sends its status every 5 minutes (nodeStatusReportFrequency), and after a change or a start
# up to half as long later, by chance (delayAfterNodeStatusChange: 5 min +- 50 %): 450 s. Another 10 s go by until it next looks
# whether that is due (nodeStatusUpdateFrequency), and 20 s are for a slow request.
HEARTBEAT_AGE = 480.0
# Minor versions that a kubelet may be older than the API server.
SKEW = 3
PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")


def why_not_ready(node: Node) -> str:
    """Empty when the node is Ready."""
    if ready(node):
        return ""
    c = condition(node, "Ready")
    if not c:
        return "has no Ready condition"
    return f"Ready={c.get('status')} {c.get('reason', '')}: {c.get('message', '')}".rstrip(": ")


def heartbeat_trouble(node: Node, now: datetime, ahead: float = 0.0) -> str:
    """ahead: seconds that the node's clock is, with which the time was written."""
    beat = moment(condition(node, "Ready").get("lastHeartbeatTime"))
    age = (now - beat).total_seconds() + ahead if beat else 0.0
    return f"status not reported for {age:.0f} s" if age > HEARTBEAT_AGE else ""


def pressure(node: Node) -> str:
    """The pressure conditions that are True, with their messages."""
    bad = [condition(node, p) for p in PRESSURES]
    return "; ".join(f"{c['type']}: {c.get('message', '')}" for c in bad if c.get("status") == "True")


def skew(node: Node, server: str) -> str:
    """Why the kubelet's version does not go with the API server's; empty when it does, or is unknown."""
    kubelet = node.get("status", {}).get("nodeInfo", {}).get("kubeletVersion", "")
    mine, its = minor(kubelet), minor(server)
    if not mine or not its or mine[0] != its[0]:
        return ""
    if mine[1] > its[1]:
        return f"kubelet {kubelet} is newer than the API server {server}"
    behind = its[1] - mine[1]
    return f"kubelet {kubelet} is {behind} minor versions older than the API server {server}" if behind > SKEW else ""


def registered(node: Node, now: datetime) -> float:
    """Seconds since the node registered; a long time where it does not say."""
    born = moment(node["metadata"].get("creationTimestamp"))
    return (now - born).total_seconds() if born else float("inf")
