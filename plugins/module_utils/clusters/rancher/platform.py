# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters of Rancher: made by the v3 API (Norman) or the v1 API (Steve, provisioning.cattle.io), or imported.

Every cluster has a v3 object, whatever made it: its id (c-xxxxx) is the cluster's, its kubeconfig comes from there, and
it outlives the v1 object while machines are removed.
"""
from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ...clouds.rancher import RancherApi
from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from ...jobs.patience import Patience
from ...kube.errors import ApiError, BadInput
from .. import model as words
from ..access import client, embedded, made_kubeconfig, read, tokens, uid_of
from ..differences import differences, told
from ..manifests import Applier, parse
from ..model import Cluster, Wanted
from .objects import FIRST, Norman, Steve, cluster_behind, cluster_of, pool_sizes

# After a deletion Rancher answers 404, or 403 to those who had rights on that cluster only.
_GONE = (403, 404)
# Seconds for which Rancher may say the same error: any condition with the reason Error makes the state `error`, also of
# what it tries again by itself. Terraform's provider bears conditions that are False for a minute after their last change
# (rancher2WaitFalseCond); a machine that does not come takes longer until the next is tried.
_ERROR_GRACE = 300.0
_KUBECONFIG_RETRY = (403, 404, 503)
# How tokens begin that Rancher makes for kubeconfigs; any other in such a file is a user's own (pkg/auth/tokens of rancher/rancher).
_OF_KUBECONFIGS = "kubeconfig-"


class Rancher:
    """See ClusterPlatform."""

    name = "rancher"
    name_limit = 63
    resumes = False

    def __init__(self, settings: Mapping[str, Any], job: Job):
        self._settings, self._job = settings, job
        self._import = str(settings.get("import_kubeconfig") or "")
        self._api = RancherApi(settings, job.environ, Patience(job))
        self._norman = Norman(self._api)
        self._steve = Steve(self._api, settings["namespace"])
        self._ids: dict[str, str] = {}
        self._errors: dict[str, tuple[str, float]] = {}

    # ---- looking ----------------------------------------------------------------------------------------------
    def clusters(self) -> list[Cluster]:
        newer = {o["metadata"]["name"]: o for o in self._steve.all()}
        olders = self._norman.all()
        pools = self._norman.pools_by_cluster(olders)
        return [cluster_of(c, newer.get(c["name"]), pools.get(c["id"], [])) for c in olders]

    def find(self, name: str) -> Cluster | None:
        newer = self._steve.get(name)
        older = self._older(name)
        if newer is None and older is None:
            self._ids.pop(name, None)
            return None
        if older:
            self._ids[name] = older["id"]
        return self._judged(cluster_of(older, newer, self._norman.pools(older) if older and not newer else []))

    def _older(self, name: str) -> dict[str, Any] | None:
        if name in self._ids:
            return self._api.get_or_none(f"{FIRST}/{self._ids[name]}", gone=_GONE)
        found = [c for c in self._norman.all(name=name) if c.get("name") == name]
        if len(found) > 1:
            raise PlatformError(f"name: Rancher has several clusters called {name}: {', '.join(c['id'] for c in found)}; "
                                "rename or delete all but one there")
        return found[0] if found else None

    def _judged(self, cluster: Cluster) -> Cluster:
        """An error counts as a failure when nothing else was told for a while; any other word begins the time anew."""
        failing = cluster.phase == "failed" or (cluster.extra["transitioning_error"] and
                                                cluster.phase in ("creating", "updating"))
        if not failing:
            self._errors.pop(cluster.name, None)
            return cluster
        words_now, now = cluster.words(), time.monotonic()
        said, began = self._errors.get(cluster.name, ("", now))
        if said != words_now:
            began = now
        self._errors[cluster.name] = words_now, began
        over = now - began >= _ERROR_GRACE
        return replace(cluster, phase="failed" if over else "creating" if cluster.phase == "creating" else "updating")

    # ---- changing ---------------------------------------------------------------------------------------------
    def check(self, wanted: Wanted) -> None:
        config = self._settings.get("config") or {}
        if self._import:
            if wanted.version or wanted.nodes:
                raise BadOption("version, nodes: cannot be chosen for a cluster that is imported")
            if not read(self._import):
                raise BadOption(f"rancher.import_kubeconfig: there is no kubeconfig {self._import}")
            return
        if not config and self.find(wanted.name) is None:
            raise BadOption("rancher.config: is missing; it is what is made, the spec of provisioning.cattle.io/v1 or the "
                            "body of /v3/clusters")
        of_rke = "config: rancherKubernetesEngineConfig" if "rancherKubernetesEngineConfig" in config else \
            "node_pools" if self._settings.get("node_pools") else ""
        if of_rke and not self._norman.knows_pools:
            raise BadOption(f"rancher.{of_rke}: {self._api.url} has no RKE any more; write the spec of "
                            "provisioning.cattle.io/v1 with rkeConfig.machinePools")
        if wanted.nodes and self._steve.there and (config.get("rkeConfig") or {}).get("machinePools"):
            pool_sizes(config["rkeConfig"]["machinePools"], wanted.nodes, self._settings.get("pool"))

    def differences(self, cluster: Cluster, wanted: Wanted) -> list[str]:
        """Norman shows no secrets, so only what both have is compared there."""
        config = {k: v for k, v in (self._settings.get("config") or {}).items() if k != "name"}
        but = ("kubernetesVersion",) * bool(wanted.version) + ("].quantity",) * bool(wanted.nodes)
        what = "a cluster is made with that, and it is not changed"
        if cluster.extra["generation"] == "v1":
            return told("rancher.config", list(differences(config, (self._steve.get(cluster.name) or {}).get("spec") or {}, but)), what)
        older = self._older(cluster.name) or {}
        pools = self._norman.pools(older) if older and self._settings.get("node_pools") else []
        return told("rancher.config", list(differences(config, older, but, hidden=True)), what) + told(
            "rancher.node_pools", list(differences(self._settings["node_pools"], pools, but, hidden=True)) if pools else [], what)

    def _generation(self) -> str:
        given = self._settings["generation"]
        if given == "v1" and not self._steve.there:
            raise BadOption(f"rancher.generation: {self._api.url} has no v1 API for clusters, it is too old")
        return given if given != "auto" else "v1" if self._steve.there else "v3"

    def create(self, wanted: Wanted) -> None:
        config = dict(self._settings.get("config") or {})
        if self._import:
            made = self._norman.create(wanted, {})
            self._ids[wanted.name] = made["id"]
            self._import_into(made["id"])
        elif self._generation() == "v1":
            self._steve.create(wanted, config, self._settings.get("pool"))
        else:
            made = self._norman.create(wanted, config)
            self._ids[wanted.name] = made["id"]
            self._norman.create_pools(made["id"], self._settings.get("node_pools") or [], wanted.nodes,
                                      self._settings.get("pool"))

    def _import_into(self, number: str) -> None:
        """Rancher's agent is applied to the cluster that is imported; it calls Rancher then."""
        token: dict[str, Any] = {}

        def waits() -> str:
            token.update(self._norman.registration_token(number))
            return "" if token.get("manifestUrl") else "no address of the agent's manifest yet"

        self._job.until(waits, self._settings["poll"], about=f"the registration token of {number}")
        text = self._api.call("GET", self._api.here(str(token["manifestUrl"])), raw=True)
        try:
            with client(read(self._import)) as target:
                applier = Applier(target)
                for item in parse(text, "the manifest of Rancher's agent"):
                    applier.apply(item)
        except (ApiError, BadInput) as e:
            raise PlatformError(f"the cluster of {self._import} did not take Rancher's agent: {e}") from None
        self._job.tell(f"{number}: Rancher's agent applied to the cluster of {self._import}")

    def update(self, cluster: Cluster, wanted: Wanted) -> None:
        newer = bool(wanted.version) and not words.version_fits(cluster.version, wanted.version)
        nodes = wanted.nodes if wanted.nodes != cluster.nodes else 0
        if cluster.extra["generation"] == "v1":
            self._steve.update(cluster.name, wanted.version if newer else "", nodes, self._settings.get("pool"))
        else:
            self._norman.update(cluster.id, wanted.version if newer else "", nodes, self._settings.get("pool"))

    def delete(self, cluster: Cluster) -> None:
        """Tokens of its kubeconfigs end first: only the cluster tells which they are, and nobody else would end them. Where it then
        may not be deleted, the next who wants a kubeconfig gets another token."""
        for token in self._norman.noted_tokens(cluster.id) if cluster.id else []:
            self._api.end_token(token)
        self._delete(cluster)

    def _delete(self, cluster: Cluster) -> None:
        if not self._steve.delete(cluster.name) and cluster.id:
            try:
                self._api.call("DELETE", f"{FIRST}/{cluster.id}")
            except PlatformError as e:
                if e.details.get("status") not in _GONE:
                    raise
                if self._api.get_or_none(f"{FIRST}/{cluster.id}", gone=(404,)):
                    raise  # it is there, and this user may not delete it

    def remains(self, _name: str, _run_id: str, kubeconfig: str) -> dict[str, Callable[[], None]]:
        """Of a cluster that somebody else deleted: the kubeconfig, and its token, which nothing but that tells."""
        content = read(kubeconfig) if kubeconfig else ""
        number = cluster_behind(content)
        if not number or not self._is_gone(number, content):
            return {}
        made = [t for t in (t.partition(":")[0] for t in tokens(content)) if t.startswith(_OF_KUBECONFIGS)]
        known = [t for t in made if self._api.get_or_none(f"/v3/tokens/{t}", gone=_GONE)]
        if not known and f"server: {self._api.url}/" not in content:
            return {}  # of another Rancher
        return {**{f"token {t}": partial(self._api.end_token, t) for t in known}, kubeconfig: partial(os.unlink, kubeconfig)}

    def _is_gone(self, number: str, kubeconfig: str) -> bool:
        """403 is also for a cluster that others still see, so its API server is asked, too."""
        try:
            return self._api.get_or_none(f"{FIRST}/{number}") is None
        except PlatformError as e:
            if e.details.get("status") != 403:
                raise
            return not uid_of(kubeconfig)

    def mark(self, cluster: Cluster, uid: str) -> None:
        self._norman.annotate(cluster.id, {words.UID: uid})

    # ---- ways in ----------------------------------------------------------------------------------------------
    def kubeconfig(self, cluster: Cluster) -> str:
        """Made by Rancher's action, which it lists only when the cluster is ready for it. Its token is noted, so that it ends
        with the cluster."""
        made: list[str] = []

        def waits() -> str:
            of = self._api.get_or_none(f"{FIRST}/{cluster.id}") or {}
            if not of:
                raise PlatformError(f"{cluster.name} is gone: somebody deleted it while its kubeconfig was asked for")
            if "generateKubeconfig" in (of.get("actions") or {}):
                try:
                    made.append(self._api.call("POST", f"{FIRST}/{cluster.id}", {}, {"action": "generateKubeconfig"})["config"])
                    return ""
                except PlatformError as e:
                    if e.details.get("status") not in _KUBECONFIG_RETRY:
                        raise
            return f"Rancher to hand out a kubeconfig, {of.get('state')}"

        self._job.until(waits, self._settings["poll"], patience=float("inf"), about=cluster.name)
        content = embedded(made[0], "what Rancher made")
        for token in tokens(content):
            self._norman.note_token(cluster.id, token.partition(":")[0])
        return content

    def access(self, cluster: Cluster) -> str:
        """Through Rancher's proxy with our own token."""
        return made_kubeconfig(cluster.name, f"{self._api.url}/k8s/clusters/{cluster.id}", self._api.ca_data,
                               {"token": self._api.token}, insecure=self._api.insecure)

    # ---- telling ----------------------------------------------------------------------------------------------
    def evidence(self, name: str) -> dict[str, list[str]]:
        newer, older = self._steve.get(name), self._older(name)
        lines = []
        for title, thing in (("v3", older or {}), ("v1", (newer or {}).get("status") or {})):
            for c in sorted(thing.get("conditions") or [], key=lambda c: str(c.get("lastUpdateTime") or "")):
                if c.get("message") or c.get("status") != "True":
                    lines.append(f"{title} {c.get('type')}={c.get('status')} {c.get('reason') or ''}: {c.get('message') or ''}")
        if older:
            for node in self._api.everything("/v3/nodes", {"clusterId": older["id"]}):
                lines.append(f"node {node.get('nodeName') or node.get('requestedHostname')} {node.get('state')}: "
                             f"{node.get('transitioningMessage') or ''}".rstrip(": "))
        return {"events": lines, "log": []}

    def close(self) -> None:
        self._api.close()
