# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects of the Gateway API that are made for a proof, and what is read of others'."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .site import ECHO_PATH, HTTP, HTTPS, NAME_PATH, PORT, Backends, Site

API = "gateway.networking.k8s.io/v1"
CLASSES = f"/apis/{API}/gatewayclasses"


def ports(others: Iterable[dict[str, Any]], class_name: str) -> tuple[int, int]:
    """(of HTTP, of HTTPS) as other Gateways of the class have them; the usual ones where there are none."""
    found = {}
    for one in others:
        spec = one.get("spec") or {}
        if spec.get("gatewayClassName") == class_name:
            for listener in spec.get("listeners") or ():
                found.setdefault(listener.get("protocol"), int(listener.get("port") or 0))
    return found.get("HTTP") or HTTP, found.get("HTTPS") or HTTPS


def gateway(site: Site, class_name: str, http: int, https: int, notes: dict[str, str]) -> dict[str, Any]:
    """With a listener for each; routes of its own namespace alone."""
    tls = {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": f"{site.obj[2]}-tls"}]}
    listeners: list[dict[str, Any]] = [{"name": "http", "protocol": "HTTP", "port": http}]
    if site.tls:
        listeners.append({"name": "https", "protocol": "HTTPS", "port": https, "tls": tls})
    spec: dict[str, Any] = {"gatewayClassName": class_name, "listeners": listeners}
    if notes:
        spec["infrastructure"] = {"annotations": notes}
    return {"apiVersion": API, "kind": "Gateway", "metadata": {"name": site.obj[2], "annotations": notes}, "spec": spec}


def route_names(site: Site) -> list[str]:
    return [site.host.partition(".")[0], site.other.partition(".")[0]]


def routes(site: Site, backends: Backends) -> list[dict[str, Any]]:
    """One for each host."""
    def rule(path: str, service_name: str) -> dict[str, Any]:
        return {"matches": [{"path": {"type": "Exact", "value": path}}],
                "backendRefs": [{"group": "", "kind": "Service", "name": service_name, "port": PORT}]}

    parent: dict[str, Any] = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": site.obj[1],
                              "name": site.obj[2]}
    if "listener" in site.notes:
        parent["sectionName"] = site.notes["listener"]
    rules = {site.host: [rule(NAME_PATH, backends.first), rule(ECHO_PATH, backends.second)],
             site.other: [rule(NAME_PATH, backends.second)]}
    return [{"apiVersion": API, "kind": "HTTPRoute", "metadata": {"name": name},
             "spec": {"parentRefs": [parent], "hostnames": [host], "rules": rules[host]}}
            for name, host in zip(route_names(site), (site.host, site.other))]


def usable(item: dict[str, Any]) -> dict[str, Any] | None:
    """A listener of somebody's Gateway that takes more than one host: of HTTP, else of HTTPS."""
    found = [one for one in (item.get("spec") or {}).get("listeners") or ()
             if not one.get("hostname") or str(one["hostname"]).startswith("*.")]
    return next((one for protocol in ("HTTP", "HTTPS") for one in found if one.get("protocol") == protocol), None)
