# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which objects are cluster DNS: its Service, servers, caches and configuration, whatever a distribution calls them.

kubeadm and EKS have kube-system/kube-dns before the Deployment coredns, RKE2 rke2-coredns-rke2-coredns for all of them, GKE the
Deployment kube-dns, OpenShift openshift-dns/dns-default with a DaemonSet. So the Service is the one at the pods' nameserver,
and the rest is what stands behind it.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Object = dict[str, Any]
# Values of the label k8s-app of servers (Kubernetes' own add-on and most distributions), and of NodeLocal DNSCache.
_SERVERS, _CACHE = ("kube-dns", "coredns"), "node-local-dns"
_OPENSHIFT = "dns.operator.openshift.io/daemonset-dns"
# Where the Service is, should no pod have told its address: the first of these that is there.
_USUAL = (("kube-system", "kube-dns"), ("openshift-dns", "dns-default"), ("kube-system", "rke2-coredns-rke2-coredns"),
          ("kube-system", "coredns"))
NAMESPACES = tuple(dict.fromkeys(space for space, _name in _USUAL))
PORT = 53


def nameservers_in(observed: Mapping[str, Any]) -> list[str]:
    """Addresses that pods ask, from what a check observed: a list, or one for each node."""
    told = observed.get("nameservers") if isinstance(observed, dict) else None
    several = told.values() if isinstance(told, dict) else [told]
    return list(dict.fromkeys(a for some in several if isinstance(some, (list, tuple)) for a in some if isinstance(a, str)))


def key_of(item: Object) -> tuple[str, str]:
    """(namespace, name)."""
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _labels(item: Object) -> Object:
    return item["metadata"].get("labels") or {}


def _spec(item: Object) -> Object:
    return item.get("spec") or {}


def addresses(service: Object) -> set[str]:
    """Its cluster addresses, of both families."""
    spec = _spec(service)
    return {a for a in (spec.get("clusterIP"), *(spec.get("clusterIPs") or ())) if a and a != "None"}


def _labelled(item: Object) -> bool:
    return _labels(item).get("k8s-app") in _SERVERS or bool(_labels(item).get(_OPENSHIFT))


def is_cache(pod: Object) -> bool:
    """Whether it is a cache on its node (NodeLocal DNSCache), which knows nothing by itself."""
    return _labels(pod).get("k8s-app") == _CACHE


def service_of(services: Iterable[Object], nameservers: Iterable[str] = ()) -> Object | None:
    """The Service of cluster DNS: at one of the addresses that pods ask, else the one with the usual name or label."""
    there = list(services)
    asked = set(nameservers)
    at_address = [s for s in there if addresses(s) & asked]
    if at_address:
        return at_address[0]
    named = {key_of(s): s for s in there}
    usual = next((named[k] for k in _USUAL if k in named), None)
    if usual:
        return usual
    return next((s for s in there if _labelled(s) and any(
        p.get("port") == PORT for p in _spec(s).get("ports") or () if isinstance(p, dict))), None)


def _selects(service: Object | None, labels: Object) -> bool:
    selector = _spec(service).get("selector") if service else None
    return isinstance(selector, dict) and bool(selector) and all(labels.get(k) == v for k, v in selector.items())


def servers_of(pods: Iterable[Object], service: Object | None) -> list[Object]:
    """Pods that serve names: those behind the Service, and those that are labelled as such beside it."""
    space = key_of(service)[0] if service else ""
    there = [p for p in pods if not is_cache(p)]
    near = [p for p in there if key_of(p)[0] == space and (_selects(service, _labels(p)) or _labelled(p))]
    return near or [p for p in there if _labelled(p)]


def caches_of(pods: Iterable[Object]) -> list[Object]:
    """The caches on nodes."""
    return [p for p in pods if is_cache(p)]


def _owned(pods: Iterable[Object]) -> set[tuple[str, str]]:
    """(namespace, name) of what runs these pods; of a ReplicaSet its Deployment, whose name it continues with a hash."""
    out = set()
    for pod in pods:
        hashed = _labels(pod).get("pod-template-hash", "")
        for owner in pod["metadata"].get("ownerReferences") or ():
            if isinstance(owner, dict) and isinstance(owner.get("name"), str):
                name = owner["name"]
                out.add((key_of(pod)[0], name.removesuffix(f"-{hashed}") if hashed else name))
    return out


def workloads_of(controllers: Iterable[Object], servers: Iterable[Object], service: Object | None) -> list[Object]:
    """Deployments or DaemonSets that run the servers, also while they run none."""
    owned = _owned(servers)
    space = key_of(service)[0] if service else None

    def runs(item: Object) -> bool:
        template = (_spec(item).get("template") or {}).get("metadata") or {}
        labels = template.get("labels") or {}
        if key_of(item) in owned:
            return True
        if labels.get("k8s-app") == _CACHE or (space is not None and key_of(item)[0] != space):
            return False
        return _selects(service, labels) or labels.get("k8s-app") in _SERVERS or bool(labels.get(_OPENSHIFT)) or (
            not labels and key_of(item)[0] in NAMESPACES and key_of(item)[1] in ("coredns", "kube-dns", "dns-default"))

    return [i for i in controllers if runs(i)]


def configmaps_of(servers: Iterable[Object], workloads: Iterable[Object]) -> list[tuple[str, str]]:
    """(namespace, name) of the ConfigMaps that the servers mount: their Corefile, and what it imports."""
    specs = [(key_of(p)[0], _spec(p)) for p in servers]
    specs += [(key_of(w)[0], (_spec(w).get("template") or {}).get("spec") or {}) for w in workloads]
    found = []
    for space, spec in specs:
        for volume in spec.get("volumes") or ():
            sources = [volume, *((volume.get("projected") or {}).get("sources") or ())] if isinstance(volume, dict) else []
            found += [(space, s["configMap"]["name"]) for s in sources if isinstance(s, dict)
                      and isinstance((s.get("configMap") or {}).get("name"), str)]
    # What every pod mounts beside its token is no configuration of it.
    return [k for k in dict.fromkeys(found) if k[1] not in ("kube-root-ca.crt", "openshift-service-ca.crt")]
