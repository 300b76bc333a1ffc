# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Another size or version of a cluster: through the topology of a ClusterClass, else object by object.

Workers may not be newer than the control plane (https://kubernetes.io/releases/version-skew-policy), and without a topology nobody
but us keeps the order. A new version needs an image of that version on most infrastructures, thus other machine templates, which
are immutable: those of the manifest are made under their new names, and taken.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...jobs.errors import BadOption
from ...jobs.job import Job
from ..model import Cluster, Wanted, bare_version, version_fits
from ..pools import filled
from . import manifest
from .api import Api
from .state import control_version, settled
from .things import Things

_LISTS = ("machineDeployments", "machinePools")  # of spec.topology.workers


class Change:
    """One change of one cluster. Errors of options are raised before anything is changed."""

    def __init__(self, api: Api, settings: Mapping[str, Any], job: Job, cluster: Cluster, wanted: Wanted):
        self._api, self._settings, self._job, self._cluster, self._wanted = api, settings, job, cluster, wanted
        self._version = f"v{bare_version(wanted.version)}" if wanted.version and \
            not version_fits(cluster.version, wanted.version) else ""
        self._nodes = wanted.nodes if wanted.nodes != cluster.nodes else 0

    def run(self) -> None:
        of = self._api.cluster(self._cluster.name, missing=...)
        topology = (of.get("spec") or {}).get("topology")
        if topology:
            self._topology(of, topology)
        else:
            self._objects(of)

    # ---- by a ClusterClass ------------------------------------------------------------------------------------
    def _topology(self, of: Mapping[str, Any], topology: Mapping[str, Any]) -> None:
        change: dict[str, Any] = {"version": self._version} if self._version else {}
        if self._nodes:
            workers = topology.get("workers") or {}
            pools = [p for n in _LISTS for p in workers.get(n) or []]
            sizes = self._sizes({p["name"]: int(p.get("replicas") or 0) for p in pools})
            change["workers"] = {n: [{**p, "replicas": sizes[p["name"]]} if sizes[p["name"]] != int(p.get("replicas") or 0) else p
                                     for p in workers[n]] for n in _LISTS if workers.get(n)}
        variables = self._settings.get("class_variables") or {}
        if manifest.changed_variables(topology, variables):
            change["variables"] = manifest.merged_variables(topology, variables)
        self._api.patch({"apiVersion": self._api.version, "kind": "Cluster", "metadata": of["metadata"]}, {
            "spec": {"topology": change}})

    def _sizes(self, sizes: dict[str, int]) -> dict[str, int]:
        """The chosen pool, else the first, takes what the others leave."""
        if not self._nodes:
            return sizes
        chosen = self._settings.get("machine_deployment") or next(iter(sizes), "")
        if chosen not in sizes:
            raise BadOption(f"cluster_api.machine_deployment: there is no {chosen or 'MachineDeployment or MachinePool'}; there are "
                            + (", ".join(sizes) or "none"))
        return filled(sizes, self._nodes, chosen, "MachineDeployments and MachinePools")

    # ---- object by object -------------------------------------------------------------------------------------
    def _objects(self, of: Mapping[str, Any]) -> None:
        pools = self._api.pools(self._cluster.name)
        sizes = self._sizes({p["metadata"]["name"]: int(p["spec"].get("replicas") or 0) for p in pools})
        control = self._api.control_plane(of)
        field = self._field(control) if self._version and control else ""
        items = self._items()
        self._templates(of, items)
        if field and control:
            self._upgrade(of, control, field, _of_manifest(items, control))
        for pool in pools:
            self._pool(pool, sizes[pool["metadata"]["name"]], _of_manifest(items, pool))

    def _items(self) -> list[dict[str, Any]]:
        """What the manifest holds for the new version; empty where there is none, or no new version."""
        if not (self._version and self._settings.get("manifest")):
            return []
        known = Wanted(self._cluster.name, self._wanted.version, self._wanted.nodes or max(self._cluster.nodes, 0))
        return manifest.objects(self._settings, known)[1:]

    def _templates(self, of: Mapping[str, Any], items: Sequence[dict[str, Any]]) -> None:
        things = Things(self._api, self._job, self._cluster.name)
        new = [i for i in items if self._api.get(i) is None]
        if not new:
            return
        things.note_more(of, new)
        for item in new:
            things.apply(item, self._wanted.labels, of)

    def _field(self, control: Mapping[str, Any]) -> str:
        field = next((n for n in ("version", "controlPlaneVersion") if n in (control.get("spec") or {})), "")
        if not field:
            raise BadOption(f"version: the control plane {control['kind']} {control['metadata']['name']} has no spec.version, so its "
                            "version cannot be changed by Cluster API")
        return field

    def _upgrade(self, of: Mapping[str, Any], control: Mapping[str, Any], field: str, new: Mapping[str, Any]) -> None:
        """Until the control plane runs it, where that tells; workers may not be newer. Without waiting, they follow next time."""
        spec = {k: v for k, v in (new.get("spec") or {}).items() if k == "machineTemplate"}
        if not version_fits(control_version(control), self._wanted.version):
            self._api.patch(control, {"spec": {**spec, field: self._version}})

        def waits() -> str:
            now = self._api.control_plane(of)
            done = now and settled(now) and version_fits(control_version(now), self._wanted.version)
            return "" if done else f"the control plane to run {self._version}"

        if self._settings.get("wait", True):
            self._job.until(waits, self._settings["poll"], patience=float("inf"), about=self._cluster.name)

    def _pool(self, pool: Mapping[str, Any], size: int, new: Mapping[str, Any]) -> None:
        spec: dict[str, Any] = {}
        have = ((pool["spec"].get("template") or {}).get("spec") or {}).get("version")
        if self._version and have != self._version and self._settings.get("wait", True):
            fresh = ((new.get("spec") or {}).get("template") or {}).get("spec") or {}
            spec["template"] = {"spec": {**{k: v for k, v in fresh.items() if k in ("infrastructureRef", "bootstrap")},
                                         "version": self._version}}
        if size != int(pool["spec"].get("replicas") or 0):
            spec["replicas"] = size
        if spec:
            self._api.patch(pool, {"spec": spec})


def _of_manifest(items: Sequence[Mapping[str, Any]], there: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same object in the manifest, in the same version; empty where it is not there."""
    return next((i for i in items if (i["apiVersion"], i["kind"], i["metadata"]["name"]) == (
        there["apiVersion"], there["kind"], there["metadata"]["name"])), {})
