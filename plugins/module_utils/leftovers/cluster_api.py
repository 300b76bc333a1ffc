# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a management cluster of Cluster API has of a cluster: objects of Cluster API and its providers, Secrets and ConfigMaps.

Controllers label what they make for a cluster with its name (ClusterNameLabel in api/core of kubernetes-sigs/cluster-api). What is
made by hand or by a manifest, as templates, bears no label of theirs, but ours where module cluster applied it. What other clusters
use as well is not left.
"""
from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..clouds.cluster_api import GROUP, OF, none_there, opened
from ..clusters.cluster_api.things import USED
from ..jobs.access import spoken
from ..jobs.job import Job
from ..kube.steady import SteadyClient
from .kinds import Kind, kinds
from .model import Thing, Wanted
from .objects import listed, permitted, thing

_PARALLEL = 6
_PATIENCE = 30.0
# Of other groups, what manifests of clusters hold and controllers make for them.
_CORE = ("Secret", "ConfigMap")


class ClusterApiSource:
    """See leftovers.Source. settings: kubeconfig, context and namespace; without a namespace all are looked at."""

    name = "cluster_api"

    def __init__(self, settings: Mapping[str, Any], _job: Job):
        self._space = str(settings.get("namespace") or "")
        self._client = SteadyClient(opened(settings), _PATIENCE)
        self.place = self._client.server + (f" in {self._space}" if self._space else "")

    def close(self) -> None:
        self._client.raw.close()
        self._client.connection.close()

    def look(self, wanted: Wanted) -> list[Thing]:
        with spoken(f"the management cluster {self._client.server}"):
            mine = [k for k in kinds(self._client) if _of_cluster_api(k) or k.group_version == "v1" and k.kind in _CORE]
            if not any(k.group == GROUP for k in mine):
                raise none_there(self._client.server)
            with ThreadPoolExecutor(_PARALLEL) as pool:
                found = [t for things in pool.map(lambda k: self._of(k, wanted), mine) for t in things]
            return permitted(self._client, found, mine)

    def _of(self, kind: Kind, wanted: Wanted) -> list[Thing]:
        items = listed(self._client, self.name, kind, namespace=self._space if kind.namespaced else "")
        if isinstance(items, Thing):
            return [items]
        return [thing(self.name, kind, i) for i in items if _left(kind, i["metadata"], wanted)]


def _of_cluster_api(kind: Kind) -> bool:
    return kind.group == GROUP or kind.group.endswith(f".{GROUP}")


def _left(kind: Kind, meta: Mapping[str, Any], wanted: Wanted) -> bool:
    labels, name = meta.get("labels") or {}, meta["name"]
    users = [v.partition("/")[2] for k, v in (meta.get("annotations") or {}).items() if k.startswith(USED)]
    if any(not wanted.is_cluster(u) for u in users) and not wanted.named(name):
        return False
    own = kind.group == GROUP and kind.kind == "Cluster" and wanted.is_cluster(name)
    return own or wanted.is_cluster(labels.get(OF, "")) or wanted.fits(labels, name)
