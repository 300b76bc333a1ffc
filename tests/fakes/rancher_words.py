# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words and refusals of the fake Rancher, for both of its APIs."""
from __future__ import annotations

from typing import Any

# A state, whether it passes (yes, no, error), and what is said to it.
Step = tuple[str, str, str]

MAKING: list[Step] = [("provisioning", "yes", "waiting for etcd and controlplane nodes to be registered"),
                      ("waiting", "yes", "Waiting for API to be available")]
# What Rancher shows on the way to a healthy cluster, too: any condition with the reason Error makes the state `error`.
FLICKER: list[Step] = [("provisioning", "error", "waiting for viable init node"),
                       ("error", "error", "error syncing 'c-00001': dial tcp 10.0.0.7:6443: connect: connection refused"),
                       ("unavailable", "yes", "Cluster agent is not connected"),
                       ("updating", "yes", "configuring worker node(s)")]
ACTIVE: Step = ("active", "no", "")
MANY = 1000


class Refusal(Exception):
    """An error status with Norman's body."""

    def __init__(self, status: int, code: str, message: str = ""):
        super().__init__(message)
        self.status, self.body = status, {"type": "error", "status": str(status), "code": code, "message": message or code}


def cut(items: list[Any], query: dict[str, str], marker: str, page: int) -> tuple[list[Any], str]:
    """One page of a list, and the marker of the next; "" at the end. page: the most that there are on one."""
    size = min(int(query.get("limit") or MANY), page or MANY)
    begin = int(query.get(marker) or 0)
    return items[begin:begin + size], str(begin + size) if begin + size < len(items) else ""
