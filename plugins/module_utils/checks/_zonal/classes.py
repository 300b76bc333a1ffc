# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which StorageClasses make volumes that live in a zone, and in which zones a pod with one can run."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...common import volumes
from ...common.nodes import ready
from ...common.nodes import unfit
from .._shared.nodes import ZONE, Node, cordoned, name_of, tainted, zone
from .._storage.classes import defaults

if TYPE_CHECKING:
    from ...engine.context import Context

CSI_NODES = "/apis/storage.k8s.io/v1/csinodes"
# In-tree names of provisioners, whose work CSI drivers do: k8s.io/csi-translation-lib.
_MIGRATED = {
    "kubernetes.io/aws-ebs": "ebs.csi.aws.com", "kubernetes.io/gce-pd": "pd.csi.storage.gke.io",
    "kubernetes.io/azure-disk": "disk.csi.azure.com", "kubernetes.io/cinder": "cinder.csi.openstack.org",
    "kubernetes.io/vsphere-volume": "csi.vsphere.vmware.com", "kubernetes.io/portworx-volume": "pxd.portworx.com",
}


@dataclass(frozen=True)
class Driver:
    """What one node says of a CSI driver: the topology keys of its volumes, and how many a node takes (None: not said)."""

    keys: tuple[str, ...]
    limit: int | None

    @property
    def zonal(self) -> bool:
        return any(is_zone(k) for k in self.keys)


@dataclass
class Plan:
    """A class to prove.

    zones: zone -> its nodes that take a pod with such a volume. missing: zone -> nodes, none of which has the driver.
    lacking: zone -> nodes without it beside others that have it. not_allowed: zones that the class leaves out. told: what was
    seen of it, for the record.
    """

    storage_class: dict[str, Any]
    driver: str
    zones: dict[str, list[str]] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)
    lacking: dict[str, list[str]] = field(default_factory=dict)
    not_allowed: list[str] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.storage_class["metadata"]["name"])

    @property
    def binding(self) -> str:
        return str(self.storage_class.get("volumeBindingMode") or "Immediate")

    def tell(self, ctx: Context, **values: Any) -> None:
        self.told.update(values)
        ctx.observe(**{f"class {self.name}": dict(self.told)})


def is_zone(key: str) -> bool:
    """Whether a topology key is that of a zone: topology.kubernetes.io/zone, topology.csi.vmware.com/k8s-zone."""
    return key.rpartition("/")[2].rpartition("-")[2] == "zone"


def driver_of(storage_class: Mapping[str, Any]) -> str:
    provisioner = str(storage_class.get("provisioner") or "")
    return _MIGRATED.get(provisioner, provisioner)


def drivers(ctx: Context) -> dict[str, dict[str, Driver]]:
    """Node -> CSI driver -> what the node says of it."""
    def lean(item: dict[str, Any]) -> dict[str, Any]:
        return {"name": item["metadata"]["name"], "drivers": (item.get("spec") or {}).get("drivers") or []}

    return {item["name"]: {d["name"]: Driver(tuple(d.get("topologyKeys") or ()), (d.get("allocatable") or {}).get("count"))
                           for d in item["drivers"]} for item in ctx.client.list(CSI_NODES, strip=lean).items}


def usable(nodes: Iterable[Node], left_out: Mapping[str, str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """(zone -> nodes that take an ordinary pod now, node -> why it is left out)."""
    zones: dict[str, list[str]] = {}
    out = dict(left_out)
    for node in sorted(nodes, key=name_of):
        name = name_of(node)
        why = out.get(name) or unfit(node) or ("it is cordoned" if cordoned(node) else "it is not Ready" if not ready(node) else
                                               "it is tainted" if tainted(node) else
                                               "" if zone(node) else f"it has no label {ZONE}")
        if why:
            out[name] = why
        else:
            zones.setdefault(zone(node), []).append(name)
    return zones, out


def allows(storage_class: Mapping[str, Any], node: Node) -> bool:
    """Whether the class's allowedTopologies name where the node is, whatever label its driver uses for that."""
    def meets(expression: Mapping[str, Any]) -> bool:
        key = expression.get("key") or ""
        value = (node["metadata"].get("labels") or {}).get(key) or (zone(node) if is_zone(key) else "")
        return not value or value in (expression.get("values") or ())

    terms = storage_class.get("allowedTopologies") or ()
    return not terms or any(all(meets(e) for e in t.get("matchLabelExpressions") or ()) for t in terms)


def plan(storage_class: dict[str, Any], zones: Mapping[str, list[str]], registered: Mapping[str, dict[str, Driver]],
         nodes_by_name: Mapping[str, Node]) -> Plan:
    """Where pods with volumes of the class can be: a node of another zonal driver is not for this one."""
    made = Plan(storage_class, driver_of(storage_class))
    for name, everybody in sorted(zones.items()):
        nodes = [n for n in everybody if allows(storage_class, nodes_by_name[n])]
        if not nodes:
            made.not_allowed.append(name)
            continue
        has = [n for n in nodes if made.driver in registered.get(n, {})]
        without = [n for n in nodes if n not in has and not any(d.zonal for d in registered.get(n, {}).values())]
        if has:
            made.zones[name] = has
            if without:
                made.lacking[name] = without
        elif without:
            made.missing[name] = without
    return made


def why_not(storage_class: Mapping[str, Any], registered: Mapping[str, dict[str, Driver]]) -> str:
    """Why a class makes no volumes that live in a zone; empty where it does."""
    if storage_class.get("provisioner") == volumes.NO_PROVISIONER:
        return "its volumes are made by hand"
    told = [d[name] for d in registered.values() for name in [driver_of(storage_class)] if name in d]
    if not told:
        return f"no node has a CSI driver {driver_of(storage_class)}"
    return "" if any(d.zonal for d in told) else f"the volumes of {driver_of(storage_class)} know no zones"


def in_order(classes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The class that the cluster gives to claims without one first, then by name."""
    everything = list(classes)
    first = {n: i for i, n in enumerate(defaults(everything))}
    return sorted(everything, key=lambda c: (first.get(c["metadata"]["name"], len(first)), c["metadata"]["name"]))
