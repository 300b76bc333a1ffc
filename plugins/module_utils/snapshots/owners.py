# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who would replace machines of a cluster while they are reverted, as far as the cluster itself tells.

A health check deletes a machine whose node is not Ready for some minutes, which a revert of many takes. Annotations that Cluster
API writes on Nodes, and that pause it: api/core/v1beta1/common_types.go of kubernetes-sigs/cluster-api. OpenShift's machine API
is paused by the same annotation on the health check, the one of medik8s by spec.pauseRequests. Karpenter replaces an instance of
which AWS tells that it is stopping (its docs, Disruption: Interruption).
"""
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from ..clouds.cluster_api import GROUP, PAUSED, newest
from ..kube.errors import ApiError

_OF_OPENSHIFT = "/apis/machine.openshift.io/v1beta1"
_OF_MEDIK8S = "/apis/remediation.medik8s.io/v1alpha1"
_CLUSTER, _NAMESPACE, _KIND, _OWNER = (
    f"cluster.x-k8s.io/{n}" for n in ("cluster-name", "cluster-namespace", "owner-kind", "owner-name"))
_KARPENTER = "karpenter.sh/nodepool"
_TIMEOUT = 10.0
_SHOWN = 5


class Api(Protocol):
    """What is asked of a client."""

    def get(self, path: str, *, timeout: float) -> Any: ...


def owners(api: Api, looked: Collection[tuple[str, str]] = ()) -> list[str]:
    """One sentence for each that would replace machines, and how it is paused. ApiError where Nodes cannot be read.

    looked: namespace and name of clusters of Cluster API whose health checks are seen to where they are managed.
    """
    nodes = [n["metadata"] for n in api.get("/api/v1/nodes", timeout=_TIMEOUT).get("items") or []]
    found = [f"MachineHealthCheck {_named(c)} of OpenShift is not paused (annotate it with {PAUSED}: \"\")"
             for c in _running(_items(api, f"{_OF_OPENSHIFT}/machinehealthchecks"))]
    found += [f"NodeHealthCheck {c['metadata']['name']} is not paused (spec.pauseRequests)"
              for c in _items(api, f"{_OF_MEDIK8S}/nodehealthchecks") if not (c.get("spec") or {}).get("pauseRequests")]
    found += _cluster_api(api, nodes, looked)
    pools = sorted({n["labels"][_KARPENTER] for n in nodes if (n.get("labels") or {}).get(_KARPENTER)})
    if pools:
        found.append(f"Karpenter owns the nodes of its NodePools {', '.join(pools[:_SHOWN])}, and replaces an instance that is "
                     "stopped")
    return found


def _cluster_api(api: Api, nodes: Sequence[Mapping[str, Any]], looked: Collection[tuple[str, str]]) -> list[str]:
    """Of the clusters that own Nodes: their health checks where they manage themselves, else where to look."""
    noted = [n["annotations"] for n in nodes if (n.get("annotations") or {}).get(_CLUSTER)]
    keys = sorted({(str(a.get(_NAMESPACE) or "default"), str(a[_CLUSTER])) for a in noted} - set(looked))
    group = _read(api, f"/apis/{GROUP}") if keys else None
    found = []
    for key in keys:
        space = f"/apis/{newest(group)}/namespaces/{key[0]}" if group else ""
        cluster = _read(api, f"{space}/clusters/{key[1]}") if group else None
        if cluster is None:
            of = sorted({f"{a.get(_KIND)} {a.get(_OWNER)}" for a in noted if a[_CLUSTER] == key[1] and a.get(_KIND)})
            found.append(f"Cluster API owns the nodes of cluster {'/'.join(key)} ({', '.join(of[:_SHOWN])}), whose health checks "
                         "are where it is managed and were not looked at (name that cluster in cluster_api.kubeconfig, or pause it "
                         "there: spec.paused: true)")
        elif not (cluster.get("spec") or {}).get("paused"):
            checks = _running(_items(api, f"{space}/machinehealthchecks"))
            found += [f"MachineHealthCheck {_named(c)} of cluster {'/'.join(key)} is not paused (pause the cluster: spec.paused: "
                      "true)" for c in checks if (c.get("spec") or {}).get("clusterName") == key[1]]
    return found


def _running(checks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [c for c in checks if PAUSED not in (c["metadata"].get("annotations") or {})]


def _named(one: Mapping[str, Any]) -> str:
    return f"{one['metadata'].get('namespace', '')}/{one['metadata']['name']}"


def _read(api: Api, path: str) -> dict[str, Any] | None:
    """None for what is not there, nor its kind, or may not be read."""
    try:
        return dict(api.get(path, timeout=_TIMEOUT))
    except ApiError as e:
        if e.status in (403, 404):
            return None
        raise


def _items(api: Api, path: str) -> list[dict[str, Any]]:
    return list((_read(api, path) or {}).get("items") or [])


def told(found: Sequence[str], tell: Callable[[str], None]) -> str:
    """All of them, each a line; the first few in words."""
    for one in found:
        tell(one)
    return "; ".join(found[:2]) + (f"; and {len(found) - 2} more" if len(found) > 2 else "")
