# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""EndpointSlices, as checks read them."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

SERVICE_LABEL = "kubernetes.io/service-name"


@dataclass(frozen=True)
class Endpoint:
    """One address behind a Service; ports maps the Service's port name ("" when it has none) to the number."""

    address: str
    ready: bool
    node: str
    pod: str
    ports: tuple[tuple[str, int], ...]

    def port(self, name: str = "") -> int | None:
        """The number of the named port; of the first one without a name."""
        return dict(self.ports).get(name) if name else (self.ports[0][1] if self.ports else None)


def of_family(slices: Iterable[dict[str, Any]], family: str) -> list[dict[str, Any]]:
    """Slices whose addresses are of this family ("IPv4", "IPv6"), or of none that is named."""
    return [s for s in slices if s.get("addressType", family) == family]


def endpoints(slices: Iterable[dict[str, Any]], service: str = "") -> list[Endpoint]:
    """All endpoints of the slices, of one Service if named; a missing ready condition means ready."""
    out = []
    for item in slices:
        if service and item["metadata"].get("labels", {}).get(SERVICE_LABEL) != service:
            continue
        ports = tuple((p.get("name") or "", int(p["port"])) for p in item.get("ports") or () if p.get("port"))
        for e in item.get("endpoints") or ():
            ready = (e.get("conditions") or {}).get("ready") is not False
            pod = e.get("targetRef") or {}
            out += [Endpoint(a, ready, e.get("nodeName") or "", pod.get("name", ""), ports)
                    for a in e.get("addresses") or ()]
    return out
