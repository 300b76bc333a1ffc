# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Management clusters of Cluster API: how they are reached, which version they serve, and what conditions of their objects say.

Core objects are read in v1beta2 where it is served, else in v1beta1 (releases before 1.11 have no other, some later one has
v1beta2 alone). https://cluster-api.sigs.k8s.io/reference/api/
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..jobs.errors import BadOption
from ..kube.client import Client
from ..kube.connection import Connection
from ..kube.errors import BadInput

GROUP = "cluster.x-k8s.io"
OF = f"{GROUP}/cluster-name"
# Whatever bears it is left alone by its controller, as annotations.IsPaused of its util/annotations has it.
PAUSED = f"{GROUP}/paused"
_KNOWN = ("v1beta2", "v1beta1")


def opened(settings: Mapping[str, Any]) -> Client:
    """A client of the management cluster that kubeconfig and context of option cluster_api lead to. BadOption where they do not."""
    if not settings.get("kubeconfig"):
        raise BadOption("cluster_api.kubeconfig: is missing; it leads to the management cluster")
    try:
        return Client(Connection.resolve({"kubeconfig": settings["kubeconfig"], "context": settings.get("context")}, {}))
    except BadInput as e:
        raise BadOption(f"cluster_api.{e}") from None


def none_there(server: str) -> BadOption:
    """Of a cluster that has no kinds of Cluster API."""
    return BadOption(f"cluster_api.kubeconfig: {server} does not know {GROUP}, so it is no management cluster")


def newest(group: Mapping[str, Any]) -> str:
    """Group and version to read core objects in, by what /apis/cluster.x-k8s.io answers."""
    there = {v["version"]: v["groupVersion"] for v in group["versions"]}
    known = next((there[v] for v in _KNOWN if v in there), "")
    return str(known or group["preferredVersion"]["groupVersion"])


# ---- conditions ---------------------------------------------------------------------------------------------------
# There are two kinds. The older ones have a severity; the newer ones have the generation that they are of. Objects have both, and
# which of them is in status.conditions depends on the API version: the newer ones are in status.v1beta2.conditions up to v1beta1,
# the older ones in status.deprecated.v1beta1.conditions from v1beta2 on (api/core of kubernetes-sigs/cluster-api).
def deprecated(status: Mapping[str, Any]) -> dict[str, Any]:
    """What v1beta2 keeps of v1beta1."""
    return dict((status.get("deprecated") or {}).get("v1beta1") or {})


def told(thing: Mapping[str, Any], kind: str, ever: bool = False) -> str:
    """True, False or Unknown, wherever it stands; "" where nothing tells, or only of an earlier generation unless `ever`."""
    status, generation = thing.get("status") or {}, 0 if ever else int(thing["metadata"].get("generation") or 0)
    for place in (status.get("v1beta2") or {}, status, deprecated(status)):
        for c in place.get("conditions") or []:
            if c.get("type") == kind:
                return "" if 0 < int(c.get("observedGeneration") or 0) < generation else str(c.get("status"))
    return ""
