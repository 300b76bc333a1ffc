# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Rancher has of a cluster: its objects of both APIs, nodes, machines and volumes, and what these were made with.

A machine config is adopted by its cluster as an owner; one of a cluster that was never made has none, and is called
nc-CLUSTER-POOL-xxxxx where the dashboard made it (pkg/controllers/provisioningv2/machineconfigcleanup of rancher/rancher, and the
dashboard). Fleet's cluster is called as that of provisioning.cattle.io and bears the name that is shown (fleetcluster there).
Cloud credentials are of no cluster: they belong to one by their name or a label alone. Tokens of kubeconfigs mostly tell none, and
nothing can be written on them (pkg/auth/tokens of rancher/rancher): those of ours are noted on their cluster.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..clouds.rancher import RancherApi, noted_tokens
from ..jobs.errors import PlatformError
from ..jobs.job import Job
from ..jobs.patience import Patience
from .model import DEPENDENCY, FINALIZER, Thing, Wanted, owner_of, refused

# Of the node drivers that are known; one of your own has a kind of its own.
_DRIVERS = ("amazonec2", "azure", "digitalocean", "google", "harvester", "ionoscloud", "linode", "nutanix", "openstack", "vmwarevsphere")
# Kinds of the v1 API (Steve) that a cluster consists of, and the label that tells which one.
_NEWER = (("cluster", "provisioning.cattle.io.clusters"), ("machine", "cluster.x-k8s.io.machines"),
          ("machine_deployment", "cluster.x-k8s.io.machinedeployments"), ("cluster_api_cluster", "cluster.x-k8s.io.clusters"),
          ("fleet_cluster", "fleet.cattle.io.clusters"), ("fleet_bundle", "fleet.cattle.io.bundles"),
          *(("machine_config", f"rke-machine-config.cattle.io.{d}configs") for d in _DRIVERS))
_OF, _SHOWN = "cluster.x-k8s.io/cluster-name", "management.cattle.io/cluster-display-name"
_AGENT = "fleet-agent-"  # of the bundle that brings Fleet's agent to a cluster
_CONFIG = re.compile(r"nc-(.+)-[a-z0-9]+-[a-z0-9]{5}")
# Seconds of errors that pass until it is told that Rancher does not answer; a look may be one without any waiting.
_PATIENCE = 30.0
_GOING = {"removing", "deleting"}


class RancherSource:
    """See leftovers.Source. settings: as of arguments.PLATFORM_RANCHER."""

    name = "rancher"

    def __init__(self, settings: Mapping[str, Any], job: Job):
        self._api = RancherApi(settings, job.environ, Patience(job, _PATIENCE))
        self.place = self._api.url

    def close(self) -> None:
        self._api.close()

    def look(self, wanted: Wanted) -> list[Thing]:
        found: list[Thing] = []
        ids: dict[str, str] = {}
        noted: set[str] = set()
        with self._allowed("cluster", found):
            for c in self._api.everything("/v3/clusters"):
                if wanted.is_cluster(c["name"]) or wanted.fits(c.get("labels") or {}, c["name"]):
                    ids[c["id"]] = c["name"]
                    noted.update(noted_tokens(c))
                    found.append(self._older("cluster", c, c["name"], c.get("labels") or {}))
        with self._allowed("node", found):
            for n in self._api.everything("/v3/nodes"):
                name = str(n.get("nodeName") or n.get("requestedHostname") or n["id"])
                if n.get("clusterId") in ids or wanted.fits(n.get("labels") or {}, name):
                    found.append(self._older("node", n, name, n.get("labels") or {}))
        for number, name in ids.items():
            with self._allowed("volume", found):
                found += [self._older("volume", v, f"{name}/{v.get('name') or v['id']}", v.get("labels") or {}, name)
                          for v in self._api.everything(f"/v3/cluster/{number}/persistentVolumes")]
        with self._allowed("cloud_credential", found):
            found += [self._older("cloud_credential", c, c.get("name") or c["id"], c.get("labels") or {})
                      for c in self._api.everything("/v3/cloudCredentials") if wanted.fits(c.get("labels") or {}, c.get("name") or "")]
        with self._allowed("token", found):
            found += [self._older("token", t, t.get("description") or t["id"], t.get("labels") or {})
                      for t in self._api.everything("/v3/tokens") if not t.get("current") and (
                          t.get("clusterId") in ids or t["id"] in noted or
                          wanted.fits(t.get("labels") or {}, t.get("description") or "", t["id"]))]
        for kind, path in _NEWER:
            with self._allowed(kind, found):
                found += self._newer(kind, path, wanted, set(ids.values()))
        return found

    @contextmanager
    def _allowed(self, kind: str, found: list[Thing]) -> Iterator[None]:
        """A kind that may not be listed inside is told; one that this Rancher does not have, or a cluster that cannot be asked,
        has nothing."""
        try:
            yield
        except PlatformError as e:
            status = e.details.get("status")
            if status == 403:
                found.append(refused(self.name, kind, str(e)))
            elif status == 503 and kind == "volume":
                found.append(Thing(self.name, kind, "", cause=DEPENDENCY,
                                   detail=f"cannot be listed, so what is left of it is unknown: {e}"))
            elif status != 404:
                raise

    def _older(self, kind: str, item: Mapping[str, Any], name: str, labels: Mapping[str, str], of: str = "") -> Thing:
        """Norman tells no finalizers, but why something is not gone yet."""
        said = ": ".join(filter(None, (str(item.get("state") or ""), str(item.get("transitioningMessage") or ""))))
        going = item.get("state") in _GOING or bool(item.get("removed"))
        number = item["id"] if not of else f"{of}/{item['id']}"
        return Thing(self.name, kind, str(number), name, str(item.get("created") or ""),
                     owner_of(labels, str(item.get("creatorId") or "")), DEPENDENCY if going else "", said)

    def _newer(self, kind: str, path: str, wanted: Wanted, names: set[str]) -> list[Thing]:
        found = []
        for item in self._api.everything(f"/v1/{path}"):
            meta = item["metadata"]
            labels, held = meta.get("labels") or {}, meta.get("finalizers") or []
            if not any(wanted.is_cluster(of) or of in names for of in _clusters(kind, item)) and not wanted.fits(labels, meta["name"]):
                continue
            state = meta.get("state") or {}
            said = ": ".join(filter(None, (str(state.get("name") or ""), str(state.get("message") or ""))))
            stuck = bool(meta.get("deletionTimestamp") and held)
            detail = "; ".join(filter(None, (f"held by finalizer {', '.join(held)}" if stuck else "", said)))
            number = f"{path}/{meta.get('namespace', '')}/{meta['name']}"
            found.append(Thing(self.name, kind, number, str(meta["name"]), str(meta.get("creationTimestamp") or ""),
                               owner_of(labels, (meta.get("annotations") or {}).get("field.cattle.io/creatorId", "")),
                               FINALIZER if stuck else "", detail))
        return found


def _clusters(kind: str, item: Mapping[str, Any]) -> list[str]:
    """The names of the clusters that an object may be of."""
    meta = item["metadata"]
    labels, name = meta.get("labels") or {}, str(meta["name"])
    if kind == "machine_config":
        owners = [str(o["name"]) for o in meta.get("ownerReferences") or [] if o.get("kind") == "Cluster"]
        called = _CONFIG.fullmatch(name)
        return owners or ([called[1]] if called else [])
    if kind == "fleet_bundle":
        return [name.removeprefix(_AGENT)] if name.startswith(_AGENT) else []
    found = [labels.get(_OF), (item.get("spec") or {}).get("clusterName"), labels.get(_SHOWN), name if kind.endswith("cluster") else ""]
    return [str(n) for n in found if n]
