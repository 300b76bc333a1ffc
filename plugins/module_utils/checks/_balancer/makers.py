# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who makes load balancers in a cluster, as far as it shows: workloads of known names, Services that have an address,
clouds."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._shared.nodes import moment
from .._shared.optional import optional_get, optional_list
from .._shared.text import listed

if TYPE_CHECKING:
    from ...engine.context import Context

# Words in names of Deployments and DaemonSets, by what they are of. MetalLB's are called controller and speaker, and are known
# by their labels.
_NAMES = re.compile(
    r"metallb|aws-load-balancer-controller|cloud-controller-manager|kube-vip|openelb|purelb|loxilb|svclb-|servicelb"
    r"|k8s-bigip-ctlr|^ako$|nsx-ncp|haproxy-kubernetes-lb|cloud-provider-kind|seesaw|harvester-cloud-provider"
    r"|yawol|lb-controller")
_LABELS = ("app.kubernetes.io/name", "app", "k8s-app")
# Clouds whose own controllers make load balancers and run where nobody sees them, by the scheme of a node's providerID.
CLOUDS = {"aws": "AWS", "gce": "Google Cloud", "azure": "Azure", "oci": "Oracle Cloud", "digitalocean": "DigitalOcean",
          "linode": "Linode", "ibm": "IBM Cloud", "alicloud": "Alibaba Cloud"}
_SERVICES = "/api/v1/services"
_METALLB = "/apis/metallb.io/v1beta1"
_CILIUM = ("/apis/cilium.io/v2/ciliumloadbalancerippools", "/apis/cilium.io/v2alpha1/ciliumloadbalancerippools")
# What controllers of load balancers put on a Service before they do anything else.
FINALIZERS = ("service.kubernetes.io/load-balancer-cleanup", "service.k8s.aws/resources")
# Seconds after which a Service of somebody that nobody has touched waits in vain.
_OLD = 600.0


@dataclass
class Makers:
    """workloads: "deployment/NAMESPACE/NAME" -> whether pods of it are there. served: other Services of the type that have an
    address, of this class if one is named; waiting: those that nobody has touched for long. clouds: names of those that nodes
    say they are of. unseen: path -> what of it could not be read."""

    workloads: dict[str, bool] = field(default_factory=dict)
    served: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    clouds: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    unseen: dict[str, str] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        return bool(self.workloads or self.served or self.clouds or self.others)

    @property
    def none(self) -> bool:
        """Whether it is certain that nobody makes load balancers: all that could tell of one was seen, and another Service has
        waited in vain for long."""
        return bool(self.waiting) and not self.any and not self.unseen

    def words(self) -> str:
        """What tells that load balancers are made here."""
        told = [f"{listed(self.served)} {'has' if len(self.served) == 1 else 'have'} an address"] if self.served else []
        told += [f"there is {listed(self.workloads)}"] if self.workloads else []
        told += [f"nodes are machines of {listed(self.clouds)}"] if self.clouds else []
        told += [f"there are {listed(self.others)}"] if self.others else []
        return "; ".join(told)


def _known(item: Mapping[str, Any]) -> bool:
    labels = item["metadata"].get("labels") or {}
    return bool(_NAMES.search(item["metadata"]["name"])) or any(_NAMES.search(str(labels.get(k) or "")) for k in _LABELS)


def _running(kind: str, item: Mapping[str, Any]) -> bool:
    status = item.get("status") or {}
    return bool(status.get("availableReplicas") if kind == "deployment" else status.get("numberAvailable"))


def _workloads(ctx: Context, makers: Makers) -> None:
    for kind in ("deployment", "daemonset"):
        path = f"/apis/apps/v1/{kind}s"
        found = optional_list(ctx, path, lambda i: {"metadata": i["metadata"], "status": i.get("status")} if _known(i) else {})
        if found is None:
            makers.unseen[path] = f"{kind}s"
            continue
        for item in found:
            if item:
                meta = item["metadata"]
                makers.workloads[f"{kind}/{meta['namespace']}/{meta['name']}"] = _running(kind, item)
                ctx.touches(kind.capitalize().replace("set", "Set"), meta["name"], meta["namespace"])


def addresses(service: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of status.loadBalancer.ingress that have an address or a name."""
    found = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return [i for i in found if i.get("ip") or i.get("hostname")]


def _waits(service: Mapping[str, Any], now: float) -> bool:
    """Whether nobody has touched it for long."""
    meta, born = service["metadata"], moment(service["metadata"].get("creationTimestamp"))
    touched = any(f in FINALIZERS for f in meta.get("finalizers") or ()) or (service.get("status") or {}).get("conditions")
    return born is not None and not touched and now - born.timestamp() > _OLD


def _served(ctx: Context, makers: Makers, wanted: str) -> None:
    def ours_to_look_at(item: dict[str, Any]) -> bool:
        spec = item.get("spec") or {}
        return spec.get("type") == "LoadBalancer" and (not wanted or spec.get("loadBalancerClass") == wanted)

    found = optional_list(ctx, _SERVICES, lambda i: i if ours_to_look_at(i) else {})
    if found is None:
        makers.unseen[_SERVICES] = "services"
        return
    for item in (i for i in found if i and i["metadata"]["namespace"] != ctx.namespace):
        name = f"Service {item['metadata']['namespace']}/{item['metadata']['name']}"
        if addresses(item):
            makers.served.append(name)
        elif bool(wanted) == bool((item.get("spec") or {}).get("loadBalancerClass")) and _waits(item, ctx.client.raw.now()):
            makers.waiting.append(name)


def _clouds(ctx: Context) -> list[str]:
    schemes = {str((n.get("spec") or {}).get("providerID") or "").partition(":")[0] for n in ctx.fleet.nodes.values()}
    return sorted(CLOUDS[s] for s in schemes if s in CLOUDS)


def look(ctx: Context, wanted: str = "") -> Makers:
    """wanted: the class that our Service is of, or empty."""
    makers = Makers()
    _workloads(ctx, makers)
    _served(ctx, makers, wanted)
    makers.clouds = _clouds(ctx)
    for path in _CILIUM:
        pools = optional_get(ctx, path, {"limit": 5})
        if pools and pools.get("items"):
            makers.others = [f"CiliumLoadBalancerIPPool {p['metadata']['name']}" for p in pools["items"]]
            break
    return makers


# ---- MetalLB ------------------------------------------------------------------------------------------------------
def _names(items: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted(str(i["metadata"]["name"]) for i in items)


def metallb(ctx: Context) -> dict[str, list[str]]:
    """Names of MetalLB's pools and advertisements; only of those kinds that could be read, nothing where it is not there."""
    out = {}
    for kind in ("ipaddresspools", "l2advertisements", "bgpadvertisements"):
        found = optional_get(ctx, f"{_METALLB}/{kind}")
        if found is not None:
            out[kind] = _names(found.get("items") or ())
    return out
