# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects of Rancher's two APIs: /v3/clusters with node pools (Norman), provisioning.cattle.io clusters (Steve)."""
from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ...clouds.rancher import TOKENS, RancherApi, noted_tokens
from ...common import names
from ...jobs.errors import BadOption, PlatformError
from ..model import UID, Cluster, Wanted
from ..pools import filled

FIRST = "/v3/clusters"
_SECOND = "/v1/provisioning.cattle.io.clusters"
_PHASES = {"active": "ready", "removing": "deleting", "error": "failed", "updating": "updating", "upgrading": "updating",
           "unavailable": "updating"}
_CONFLICTS = 5
# Rancher's proxy to a cluster, whichever name Rancher is called by.
_PROXY = re.compile(r"^\s*(?:- )?server: \S+/k8s/clusters/(c-[a-z0-9-]+)\s*$", re.MULTILINE)


def _is_worker(pool: Mapping[str, Any]) -> bool:
    return bool(pool.get("worker") or pool.get("workerRole"))


def _is_control(pool: Mapping[str, Any]) -> bool:
    return bool(pool.get("controlPlane") or pool.get("controlPlaneRole") or pool.get("etcd") or pool.get("etcdRole"))


def pool_sizes(pools: Sequence[Mapping[str, Any]], nodes: int, chosen: str | None) -> list[int]:
    """Quantities of all pools, so that workers are `nodes`: the chosen pool, else the first of workers only, changes."""
    def title(pool: Mapping[str, Any]) -> str:
        return str(pool.get("name") or pool.get("hostnamePrefix") or "")

    workers = [i for i, p in enumerate(pools) if _is_worker(p)]
    found = [i for i in workers if chosen and title(pools[i]) == chosen] if chosen else \
        [i for i in workers if not _is_control(pools[i])] or workers
    if not found:
        raise BadOption(f"rancher.pool: there is no pool {chosen or 'of workers'}; there are "
                        + (", ".join(title(pools[i]) for i in workers) or "none of workers"))
    sizes = {str(i): int(pools[i].get("quantity") or 0) for i in workers}
    changed = filled(sizes, nodes, str(found[0]), "pools of workers")
    return [changed.get(str(i), int(p.get("quantity") or 0)) for i, p in enumerate(pools)]


def cluster_behind(kubeconfig: str) -> str:
    """The id of the cluster that a kubeconfig of Rancher leads to, "" where it leads elsewhere or to several."""
    found = set(_PROXY.findall(kubeconfig))
    return found.pop() if len(found) == 1 else ""


def cluster_of(older: dict[str, Any] | None, newer: dict[str, Any] | None, pools: Sequence[Mapping[str, Any]]) -> Cluster:
    """One cluster of its v3 object, its v1 object or both; a v1 object tells the state as long as there is one."""
    v3, v1 = older or {}, newer or {}
    meta, status = v1.get("metadata") or {}, v1.get("status") or {}
    labels = {**(v3.get("labels") or {}), **(meta.get("labels") or {})}
    notes = {**(v3.get("annotations") or {}), **(meta.get("annotations") or {})}
    state, message, error = str(v3.get("state") or ""), str(v3.get("transitioningMessage") or ""), \
        v3.get("transitioning") == "error"
    phase = _PHASES.get(state, "creating")
    if v1:
        told = meta.get("state") or {}
        state, message, error = str(told.get("name") or state), str(told.get("message") or message), bool(told.get("error"))
        phase = _phase(v1, state)
        pools = ((v1.get("spec") or {}).get("rkeConfig") or {}).get("machinePools") or []
    workers = [int(p.get("quantity") or 0) for p in pools if _is_worker(p)]
    return Cluster(str(v3.get("name") or meta.get("name")), str(v3.get("id") or status.get("clusterName") or ""), state,
                   phase, message, version=str((v3.get("version") or {}).get("gitVersion") or ""),
                   nodes=sum(workers) if workers else int(v3.get("nodeCount") or 0) or -1,
                   created=str(v3.get("created") or meta.get("creationTimestamp") or ""), uid=str(notes.get(UID, "")),
                   ours=labels.get(names.MANAGED_BY) == names.MANAGER, labels=labels,
                   extra={"generation": "v1" if v1 else "v3", "transitioning_error": error})


def _phase(v1: Mapping[str, Any], state: str) -> str:
    meta, status = v1["metadata"], v1.get("status") or {}
    true = {c["type"] for c in status.get("conditions") or [] if c.get("status") == "True"}
    if meta.get("deletionTimestamp") or state == "removing":
        return "deleting"
    seen = int(status.get("observedGeneration") or 0) >= int(meta.get("generation") or 0)
    if {"Created", "Updated"} <= true and status.get("ready") and seen and state not in ("error", "updating"):
        return "ready"
    return "failed" if state == "error" else "updating" if "Created" in true else "creating"


class Norman:
    """/v3."""

    def __init__(self, api: RancherApi):
        self._api = api

    def all(self, **query: str) -> list[dict[str, Any]]:
        return self._api.everything(FIRST, query)

    @staticmethod
    def has_pools(older: Mapping[str, Any]) -> bool:
        """Only RKE has node pools; Rancher 2.13 has neither, and answers 404 for them."""
        return older.get("driver") == "rancherKubernetesEngine" or bool(older.get("rancherKubernetesEngineConfig"))

    def pools(self, older: Mapping[str, Any]) -> list[dict[str, Any]]:
        return self._api.everything("/v3/nodePools", {"clusterId": older["id"]}) if self.has_pools(older) else []

    def pools_by_cluster(self, olders: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        if any(map(self.has_pools, olders)):
            for pool in self._api.everything("/v3/nodePools"):
                found.setdefault(pool["clusterId"], []).append(pool)
        return found

    @property
    def knows_pools(self) -> bool:
        return self._api.knows("/v3/nodePools")

    def create(self, wanted: Wanted, config: Mapping[str, Any]) -> dict[str, Any]:
        body = {**copy.deepcopy(dict(config)), "type": "cluster", "name": wanted.name,
                "labels": {**(config.get("labels") or {}), **wanted.labels}}
        if wanted.version and config:
            self._set_version(body, wanted.version)
        return self._api.call("POST", FIRST, body)

    @staticmethod
    def _set_version(body: dict[str, Any], version: str) -> str:
        """The version goes into the part of the distribution: rancherKubernetesEngineConfig, rke2Config, k3sConfig, ..."""
        found = [k for k, v in body.items() if k.endswith("Config") and isinstance(v, dict)]
        part = next((k for k in found if "kubernetesVersion" in body[k]), found[0] if len(found) == 1 else None)
        if not part:
            raise BadOption("version: rancher.config has no part with a kubernetesVersion")
        body[part]["kubernetesVersion"] = version
        return part

    def create_pools(self, number: str, pools: Sequence[Mapping[str, Any]], nodes: int, chosen: str | None) -> None:
        sizes = pool_sizes(pools, nodes, chosen) if nodes and pools else [int(p.get("quantity") or 1) for p in pools]
        for pool, size in zip(pools, sizes):
            self._api.call("POST", "/v3/nodePools", {**pool, "type": "nodePool", "clusterId": number, "quantity": size})

    def update(self, number: str, version: str, nodes: int, chosen: str | None) -> None:
        if version:
            of = self._api.call("GET", f"{FIRST}/{number}")
            part = self._set_version(of, version)
            self._api.call("PUT", f"{FIRST}/{number}", {part: of[part], "name": of["name"]})
        if nodes:
            pools = self.pools(self._api.call("GET", f"{FIRST}/{number}"))
            for pool, size in zip(pools, pool_sizes(pools, nodes, chosen)):
                if size != pool.get("quantity"):
                    self._api.call("PUT", f"/v3/nodePools/{pool['id']}", {**pool, "quantity": size})

    def annotate(self, number: str, notes: Mapping[str, str]) -> None:
        of = self._api.call("GET", f"{FIRST}/{number}")
        body = {"name": of["name"], "annotations": {**(of.get("annotations") or {}), **notes}}
        self._api.call("PUT", f"{FIRST}/{number}", body)

    def noted_tokens(self, number: str) -> list[str]:
        return noted_tokens(self._api.get_or_none(f"{FIRST}/{number}", gone=(403, 404)) or {})

    def note_token(self, number: str, token: str) -> None:
        self.annotate(number, {TOKENS: ",".join([*self.noted_tokens(number), token])})

    def registration_token(self, number: str) -> dict[str, Any]:
        """The one that is there, else a new one; its addresses come a moment later."""
        found = self._api.get_or_none(f"/v3/clusterregistrationtokens/{number}:default-token")
        return found or self._api.call("POST", "/v3/clusterregistrationtokens",
                                       {"type": "clusterRegistrationToken", "clusterId": number})


class Steve:
    """/v1, provisioning.cattle.io. there: this server has it."""

    def __init__(self, api: RancherApi, namespace: str):
        self._api, self._namespace = api, namespace
        self._there: bool | None = None

    @property
    def there(self) -> bool:
        if self._there is None:
            self._there = self._api.knows(_SECOND)
        return self._there

    def _path(self, name: str) -> str:
        return f"{_SECOND}/{self._namespace}/{name}"

    def all(self) -> list[dict[str, Any]]:
        return self._api.everything(_SECOND) if self.there else []

    def get(self, name: str) -> dict[str, Any] | None:
        return self._api.get_or_none(self._path(name)) if self.there else None

    def create(self, wanted: Wanted, config: Mapping[str, Any], chosen: str | None) -> None:
        spec = copy.deepcopy(dict(config))
        self._set(spec, wanted.version, wanted.nodes, chosen)
        self._api.call("POST", _SECOND, {
            "type": "provisioning.cattle.io.cluster", "apiVersion": "provisioning.cattle.io/v1", "kind": "Cluster",
            "metadata": {"name": wanted.name, "namespace": self._namespace, "labels": dict(wanted.labels)}, "spec": spec})

    @staticmethod
    def _set(spec: dict[str, Any], version: str, nodes: int, chosen: str | None) -> None:
        if version:
            spec["kubernetesVersion"] = version
        if nodes:
            pools = (spec.get("rkeConfig") or {}).get("machinePools") or []
            for pool, size in zip(pools, pool_sizes(pools, nodes, chosen)):
                pool["quantity"] = size

    def update(self, name: str, version: str, nodes: int, chosen: str | None) -> None:
        """Somebody may change it at the same time: 409, it is read again and tried again."""
        for attempt in range(_CONFLICTS):
            of = self._api.call("GET", self._path(name))
            self._set(of["spec"], version, nodes, chosen)
            try:
                self._api.call("PUT", self._path(name), of)
                return
            except PlatformError as e:
                if e.details.get("status") != 409 or attempt == _CONFLICTS - 1:
                    raise

    def delete(self, name: str) -> bool:
        """Whether there was one."""
        if not self.there or self.get(name) is None:
            return False
        try:
            self._api.call("DELETE", self._path(name))
        except PlatformError as e:
            if e.details.get("status") != 404:
                raise
        return True
