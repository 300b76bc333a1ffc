# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The objects of cluster DNS as rules speak of them: by their real names, whatever a distribution calls them."""
from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..kube import cluster_dns
from .evidence import Evidence, Object, name_of, node_of, space_of
from .finding import Finding

_COREDNS = "configmap/kube-system/coredns"
_OPENSHIFT = "openshift-dns"
_LOCAL_ADDRESSES = re.compile(r"^--?localip$|^--?localip=")


SILENT = re.compile(r"no answer|timed? ?out|no servers could be reached|network unreachable|connection refused"
                    r"|communications error|no route|unexpected source")


def silent(o: dict[str, Any]) -> bool:
    """Whether nobody said anything; a status word like NXDOMAIN, REFUSED or SERVFAIL is an answer."""
    return not o["ok"] and bool(SILENT.search(o.get("error") or ""))


# ---- Service and pods -------------------------------------------------------------------------------------------
def service_ref(service: Object) -> str:
    return f"service/{space_of(service)}/{name_of(service)}"


def endpoints_of(service: Object, ev: Evidence) -> list[Object]:
    """Ready endpoints behind a Service."""
    slices = [s for s in ev.items("endpointslices") if space_of(s) == space_of(service)
              and (s["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == name_of(service)]
    return [e for s in slices for e in s.get("endpoints") or () if (e.get("conditions") or {}).get("ready") is not False]


def selector_of(service: Object | None) -> str:
    """The selector as kubectl takes it; empty where there is none."""
    selector = (service or {}).get("spec", {}).get("selector") or {}
    return ",".join(f"{k}={v}" for k, v in sorted(selector.items()))


def _of_servers(ev: Evidence, verb: str, rest: str) -> str:
    service = ev.dns_service()
    space = space_of(service) if service else "kube-system"
    return f"kubectl -n {space} {verb} -l {selector_of(service) or 'k8s-app=kube-dns'} {rest}"


def pods_command(ev: Evidence) -> str:
    return _of_servers(ev, "get pods", "-o wide")


def logs_command(ev: Evidence) -> str:
    return _of_servers(ev, "logs", "--tail=50")


# ---- what was asked ---------------------------------------------------------------------------------------------
def at_the_service(f: Finding, ev: Evidence) -> Object | None:
    """The Service of cluster DNS, where its address is the one that was asked, or none was told."""
    service, asked = ev.dns_service(), cluster_dns.nameservers_in(f.observed)
    return service if service and (not asked or cluster_dns.addresses(service) & set(asked) or not
                                   cluster_dns.addresses(service)) else None


def of_the_node(address: str) -> bool:
    """Whether the address means something on one node only: no Service has such a one."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_link_local
    except ValueError:
        return False


def _arguments(item: Object) -> Iterator[str]:
    spec = item.get("spec") or {}
    template = (spec.get("template") or {}).get("spec") or {}
    for container in [*(spec.get("containers") or ()), *(template.get("containers") or ())]:
        yield from (str(a) for a in [*(container.get("command") or ()), *(container.get("args") or ())])


def caching(ev: Evidence) -> list[Object]:
    """Caches on nodes, and the DaemonSets that are to run them."""
    def labels(item: Object) -> dict[str, str]:
        return (((item.get("spec") or {}).get("template") or {}).get("metadata") or {}).get("labels") or {}

    sets = [d for d in ev.items("daemonsets") if labels(d).get("k8s-app") == "node-local-dns"
            or name_of(d) == "node-local-dns"]
    return [*ev.dns_caches(), *sets]


def cache_addresses(ev: Evidence) -> set[str]:
    """Addresses that caches listen at: what their option -localip names."""
    out: set[str] = set()
    for item in caching(ev):
        words = list(_arguments(item))
        for i, word in enumerate(words):
            if _LOCAL_ADDRESSES.search(word):
                text = word.partition("=")[2] or (words[i + 1] if i + 1 < len(words) else "")
                out |= {a.strip() for a in text.split(",") if a.strip()}
    return out


def cache_on(node: str, ev: Evidence) -> Object | None:
    return next((p for p in ev.dns_caches() if node_of(p) == node), None)


# ---- configuration ----------------------------------------------------------------------------------------------
def config_ref(ev: Evidence) -> tuple[str, ...]:
    """The ConfigMap that the servers read, ("configmap/NAMESPACE/NAME",)."""
    for ref, _text in ev.corefiles():
        return (ref,)
    workloads = [*ev.dns_workloads("deployments"), *ev.dns_workloads("daemonsets")]
    mounted = cluster_dns.configmaps_of(ev.dns_servers(), workloads)
    if mounted:
        return ("configmap/{}/{}".format(*mounted[0]),)
    service = ev.dns_service()
    usual = service is None or (space_of(service), name_of(service)) == ("kube-system", "kube-dns")
    return (_COREDNS,) if usual else (f"configmap/{space_of(service)}/{name_of(service)}",)


def config_remedy(ev: Evidence, what: str = "") -> str:
    """What to do about the configuration; on OpenShift an operator writes it. Empty where nothing more can be said."""
    service = ev.dns_service()
    if service and space_of(service) == _OPENSHIFT:
        return "look at dns.operator.openshift.io default: its operator writes the Corefile" + (f"; {what}" if what else "")
    return what


def plugin_lines(ev: Evidence, plugin: str) -> list[tuple[str, str, list[str]]]:
    """(configmap, line, words after the plugin's name) of all lines of Corefiles that begin with this plugin."""
    return [(ref, line.strip(), line.split("{")[0].split()[1:]) for ref, text in ev.corefiles() for line in text.splitlines()
            if line.split("{")[0].split()[:1] == [plugin]]


def covers(zones: Iterable[str], name: str) -> bool:
    """Whether a name lies in one of these zones."""
    full = f".{name.strip('.').lower()}"
    return any(zone.strip(".") == "" or full.endswith(f".{zone.strip('.').lower()}") for zone in zones)


def covers_address(zones: Iterable[str], address: str) -> bool:
    """Whether the name that stands for an address lies in one of these zones, which may be networks, too."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return True
    networks = [ipaddress.ip_network(z, strict=False) for z in zones if re.fullmatch(r"[0-9a-fA-F.:]+/[0-9]+", z)]
    return any(known in n for n in networks) or covers([z for z in zones if "/" not in z], known.reverse_pointer)
