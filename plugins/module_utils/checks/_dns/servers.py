# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Service of cluster DNS and the pods behind it, by the address that pods are told to ask."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._shared.backends import spread
from .._shared.endpoints import SERVICE_LABEL
from .._shared.optional import optional_get

if TYPE_CHECKING:
    from ...engine.context import Context

# DNS server pods that every node asks directly; more would tell nothing new of the way to them.
DIRECT = 6


@dataclass(frozen=True)
class Server:
    """A pod of cluster DNS; a port is 0 where its Service does not offer that protocol."""

    address: str
    node: str
    pod: str
    udp: int
    tcp: int


@dataclass(frozen=True)
class Behind:
    """The Service ("namespace/name") with its address, and its servers; all empty where we may not look them up."""

    service: str = ""
    address: str = ""
    servers: tuple[Server, ...] = ()


def _port(ports: Iterable[dict[str, Any]], protocol: str) -> int:
    """The port for questions; the one for metrics, and that of DNS over TLS, are others."""
    mine = [p for p in ports if (p.get("protocol") or "TCP") == protocol and p.get("port")]
    named = [p for p in mine if "dns" in (p.get("name") or "") or "53" in (p.get("name") or "")]
    found = next((p for p in mine if p["port"] == 53), None) or next(iter(named), None)
    return int(found["port"]) if found else 0


def servers(slices: Iterable[dict[str, Any]], like: str) -> list[Server]:
    """The ready servers of the slices, with addresses of the same family as `like` where they have such."""
    out = []
    for item in slices:
        ports = item.get("ports") or ()
        udp, tcp = _port(ports, "UDP"), _port(ports, "TCP")
        for e in item.get("endpoints") or ():
            if (e.get("conditions") or {}).get("ready") is not False:
                out += [Server(a, e.get("nodeName") or "", (e.get("targetRef") or {}).get("name", ""), udp, tcp)
                        for a in e.get("addresses") or ()]
    same = [s for s in out if (":" in s.address) == (":" in like)]
    return same or out


def _service(ctx: Context, address: str) -> dict[str, Any] | None:
    found = optional_get(ctx, "/api/v1/services", {"fieldSelector": f"spec.clusterIP={address}"})
    services = (found or {}).get("items") or []
    if not services:  # a cache on the node has an address of its own, and so has nobody at all
        found = optional_get(ctx, "/api/v1/namespaces/kube-system/services", {"labelSelector": "k8s-app=kube-dns"})
        services = [s for s in (found or {}).get("items") or [] if s["spec"].get("clusterIP") != "None"]
    return services[0] if services else None


def behind(ctx: Context, address: str) -> Behind:
    """What is behind the name server's address, where we may look it up; said when not."""
    service = _service(ctx, address)
    if service is None:
        ctx.observe(direct="not asked: the pods behind the name server are not known")
        return Behind()
    meta = service["metadata"]
    ctx.touches("Service", meta["name"], meta["namespace"])
    slices = optional_get(ctx, f"/apis/discovery.k8s.io/v1/namespaces/{meta['namespace']}/endpointslices",
                          {"labelSelector": f"{SERVICE_LABEL}={meta['name']}"})
    ready = servers((slices or {}).get("items") or [], address)
    chosen = spread(sorted(ready, key=lambda s: (s.node, s.address)), DIRECT)
    for s in chosen:
        if s.pod:
            ctx.touches("Pod", s.pod, meta["namespace"])
    ctx.observe(dns_service=f"{meta['namespace']}/{meta['name']}", dns_servers=len(ready))
    if slices is None:
        ctx.observe(direct=f"not asked: the pods behind Service {meta['namespace']}/{meta['name']} may not be looked up")
    elif len(chosen) < len(ready):
        ctx.observe(direct=f"{len(chosen)} of {len(ready)} servers are asked directly")
    return Behind(f"{meta['namespace']}/{meta['name']}", service["spec"].get("clusterIP") or "", tuple(chosen))
