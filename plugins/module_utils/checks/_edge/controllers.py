# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the cluster tells of the controllers of Ingresses and Gateways, asked when one of them does not do its work."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...common import controllers
from .._shared.optional import optional_get

if TYPE_CHECKING:
    from ...engine.context import Context
    from .site import Site

# Objects that are read of a kind.
_MOST = 1000


def name_of(item: dict[str, Any]) -> str:
    return str(item["metadata"]["name"])


def space_of(item: dict[str, Any]) -> str:
    return str(item["metadata"].get("namespace") or "")


@dataclass
class Surroundings:
    """What is there of controllers; read once, when something is missing. known: whether workloads could be listed."""

    workloads: list[dict[str, Any]] = field(default_factory=list)
    services: list[dict[str, Any]] = field(default_factory=list)
    known: bool = False

    def of(self, controller: str) -> list[dict[str, Any]]:
        return controllers.of(self.workloads, controller)

    def asleep(self, controller: str) -> list[str]:
        """In words, which of its workloads have no pod that works."""
        return [f"{kind_of(w).lower()} {w['metadata'].get('namespace')}/{name_of(w)} has no ready pod"
                for w in self.of(controller) if not ready(w)]

    def balancers(self, controller: str) -> dict[str, str]:
        """Services of type LoadBalancer before the controller's pods, as namespace/name, with their addresses; empty for
        none."""
        found = {}
        for workload in self.of(controller):
            labels = ((workload["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
            for one in [s for s in self.services if space_of(s) == space_of(workload)]:
                selector = one["spec"].get("selector") or {}
                if one["spec"].get("type") == "LoadBalancer" and selector and selector.items() <= labels.items():
                    given = ((one.get("status") or {}).get("loadBalancer") or {}).get("ingress") or [{}]
                    found[f"{space_of(one)}/{name_of(one)}"] = str(given[0].get("ip") or given[0].get("hostname") or "")
        return found

    def address(self, controller: str) -> str:
        """Of one of these; empty where none has any."""
        return next((a for a in self.balancers(controller).values() if a), "")


def kind_of(workload: dict[str, Any]) -> str:
    return str(workload.get("kind") or ("Deployment" if "replicas" in workload["spec"] else "DaemonSet"))


def ready(workload: dict[str, Any]) -> int:
    status = workload.get("status") or {}
    return int(status.get("readyReplicas") or status.get("numberReady") or 0)


def look(ctx: Context) -> Surroundings:
    """Empty where our user may not look."""
    most = {"limit": _MOST}
    found = [optional_get(ctx, f"/apis/apps/v1/{plural}", most) for plural in ("deployments", "daemonsets")]
    services = optional_get(ctx, "/api/v1/services", most)
    items = [i for answer in found for i in (answer or {}).get("items") or ()]
    whole = all(answer is not None and not (answer.get("metadata") or {}).get("continue") for answer in found)
    return Surroundings(items, list((services or {}).get("items") or ()), whole)


def note(ctx: Context, sites: Iterable[Site], around: Surroundings | None = None) -> Surroundings:
    """What rules need to know: of each site's controller its workloads with their ready pods, and the Services before them with
    their addresses; all of it on the path of the check."""
    around, told = around or look(ctx), dict(ctx.finding.observed.get("around") or {})
    for site in sites:
        workloads = around.of(site.controller)
        for one in workloads:
            ctx.touches(kind_of(one), name_of(one), space_of(one))
        told[site.name] = {
            "controller": site.controller, "known": around.known, "balancers": around.balancers(site.controller),
            "workloads": {f"{kind_of(w).lower()}/{space_of(w)}/{name_of(w)}": ready(w) for w in workloads}}
    ctx.observe(around=told)
    return around


def complaint(ctx: Context, kind: str, name: str) -> str:
    """The last thing that an event says of an object of ours, a warning first; empty where nothing is said."""
    told = optional_get(ctx, f"/api/v1/namespaces/{ctx.namespace}/events",
                        {"fieldSelector": f"involvedObject.kind={kind},involvedObject.name={name}"})
    items = sorted((told or {}).get("items") or (), key=lambda e: (
        e.get("type") == "Warning", str(e.get("lastTimestamp") or e.get("eventTime") or "")))
    return f"{items[-1].get('reason')}: {items[-1].get('message')}"[:300] if items else ""
