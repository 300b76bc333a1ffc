# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who wrote an event."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Of Kubernetes itself, about Services of any type. An API server that has not heard of a new Service's address writes
# "ClusterIPNotAllocated ... repairing", which is none: pkg/registry/core/service/ipallocator/controller/repairip.go.
OF_SERVICES = frozenset({"ipallocator-repair-controller", "portallocator-repair-controller", "endpoint-controller",
                         "endpoint-slice-controller", "endpoint-slice-mirroring-controller", "kube-proxy"})


def teller(event: Mapping[str, Any]) -> str:
    """The component by its name; "" where it is not told."""
    return str((event.get("source") or {}).get("component") or event.get("reportingComponent") or "")
