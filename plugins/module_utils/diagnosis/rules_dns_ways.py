# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 7: the way to cluster DNS, by answers that differ in one thing only: address, protocol, node."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..kube import cluster_dns
from .dns_objects import cache_addresses, cache_on, caching, of_the_node, pods_command, silent
from .evidence import Candidate, Evidence, pod_ref, ready, unique
from .finding import Finding
from .matrix import Edge, edges, spread
from .paths import line, seen

_PROTOCOLS = {"UDP": "direct", "TCP": "direct_tcp"}


def _nodes(names: Any) -> tuple[str, ...]:
    return tuple(f"node/{n}" for n in sorted(names))


# ---- ports ------------------------------------------------------------------------------------------------------
def _lost_by(f: Finding) -> dict[str, dict[Edge, bool]]:
    """{protocol: pairs of nodes} where port 53 is lost by that protocol, while something else of the same pairs passes."""
    ways = {name: edges(seen(f, "dns", variant)) for name, variant in _PROTOCOLS.items()}
    pods, out = edges(seen(f, "dns", "pod")), {}
    for name, matrix in ways.items():
        other = ways["TCP" if name == "UDP" else "UDP"]
        lost = {e for e, ok in matrix.items() if not ok and e[0] != e[1]}
        passes = {e for e in lost if other.get(e) or pods.get(e)}
        if passes and not any(e in pods for e in lost - passes):  # else the pods there do not answer either: no matter of ports
            out[name] = {e: ok for e, ok in matrix.items() if ok or e in passes}
    return out


def filtered(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Port 53 is lost between nodes whose other traffic passes."""
    lost = _lost_by(f)
    for name, matrix in lost.items():
        pattern, nodes = spread(matrix)
        sure = {"isolated": "confirmed", "overlay": "confirmed", "target": "probable"}.get(pattern, "suspected")
        pairs = {e for e, ok in matrix.items() if not ok}
        asked = [o for o in seen(f, "dns", "direct", "direct_tcp", "pod") if (o["from_node"], o.get("to_node")) in pairs]
        bad = [o for o in asked if o["variant"] == _PROTOCOLS[name] and not o["ok"]]
        where = "between all nodes" if not nodes else f"from or to {', '.join(nodes[:3])}"
        yield Candidate("net.port-filtered", sure, _nodes(nodes), (
            f"53/{name} is lost {where}, other traffic of the same nodes passes",
            *map(line, [*bad[:4], *[o for o in asked if o["ok"]][:3]])),
            remedy=f"look for a firewall, security group or NetworkPolicy that drops 53/{' and 53/'.join(lost)} {where}")


# ---- caches on nodes --------------------------------------------------------------------------------------------
def _unheard(f: Finding) -> tuple[set[str], list[dict[str, Any]]]:
    """(nodes that get no answer by name while servers answer them all directly, the questions of those nodes)."""
    by_name, direct = seen(f, "dns", "internal"), seen(f, "dns", "direct")
    bad = {o["from_node"] for o in by_name if silent(o)} - {o["from_node"] for o in by_name if o["ok"]}
    bad &= {o["from_node"] for o in direct if o["ok"]}
    return bad, [o for o in [*by_name, *direct] if o["from_node"] in bad]


def _elsewhere(f: Finding) -> set[str]:
    """Nodes whose pods ask another server than most."""
    return {o["from_node"] for o in seen(f, "dns", "nameserver")}


def _asked_there(f: Finding, node: str) -> list[str]:
    own = next((str(o["target"]).split() for o in seen(f, "dns", "nameserver") if o["from_node"] == node), None)
    return own or cluster_dns.nameservers_in(f.observed)


def node_cache(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The cache on some nodes does not answer, while the servers behind it answer those nodes.

    It has an address of its own, or that of the Service, which then never leaves the node.
    """
    bad, asked = _unheard(f)
    there, listening = caching(ev), cache_addresses(ev)
    for node in sorted(bad):
        addresses, pod = _asked_there(f, node), cache_on(node, ev)
        own = any(of_the_node(a) for a in addresses)
        if not own and not (there and (listening & set(addresses) or pod)):
            continue
        if own and node in _elsewhere(f) and not pod:
            continue  # a kubelet that names an address where nobody is
        state = f"no cache runs on {node}" if there else ""
        if pod:
            state = f"{pod_ref(pod)} is {'ready' if ready(pod) else 'not ready'}"
        sure = "confirmed" if own or not pod or not ready(pod) else "probable"
        yield Candidate("dns.server-down", sure, (f"node/{node}",), unique((
            state, *map(line, [o for o in asked if o["from_node"] == node][:4]))),
            remedy="look at the NodeLocal DNSCache of that node")


# ---- the Service's address --------------------------------------------------------------------------------------
def by_address(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Pods of cluster DNS answer a node directly, and nobody does behind the Service's address."""
    by_name, direct = seen(f, "dns", "internal"), seen(f, "dns", "direct")
    if any(of_the_node(a) for a in cluster_dns.nameservers_in(f.observed)):
        return  # a cache on the node stands in between
    red = {o["from_node"] for o in direct if not o["ok"]}
    bad = _unheard(f)[0] - red - _elsewhere(f)
    if caching(ev):
        bad = {n for n in bad if not cache_on(n, ev) and not cache_addresses(ev)}
    if not bad:
        return
    silence = [o for o in by_name if o["from_node"] in bad]
    # Refused at once: also by a node that kept the address of a cache which is gone.
    refused = all("refused" in (o.get("error") or "") for o in silence)
    everywhere = bad == {o["from_node"] for o in by_name} and len(bad) > 1
    yield Candidate("svc.dataplane", "probable" if refused else "confirmed", () if everywhere else _nodes(bad), tuple(
        [line(o) for o in silence][:4] + [line(o) for o in direct if o["from_node"] in bad][:2]))


def lost_in_part(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Some answers are lost behind the Service's address, none at the servers' own: its rules lead to a pod that is gone."""
    by_name = [o for o in seen(f, "dns", "internal", "search", "srv", "ptr", "headless") if o["ok"] or silent(o)]
    direct = {n: [o for o in seen(f, "dns", "direct", "latency_direct") if o["from_node"] == n]
              for n in {o["from_node"] for o in by_name}}
    for node, at_servers in sorted(direct.items()):
        mine = [o for o in by_name if o["from_node"] == node]
        lost = [o for o in mine if not o["ok"]]
        halves = [o for o in seen(f, "dns", "latency") if o["from_node"] == node and not o["ok"]]
        counted = [o for o in at_servers if o["variant"] == "latency_direct"]
        if not at_servers or not all(o["ok"] for o in at_servers) or node in _elsewhere(f):
            continue
        if not counted and not 1 < len(lost) < len(mine):
            continue
        cached = caching(ev) or any(of_the_node(a) for a in cluster_dns.nameservers_in(f.observed))
        sure = "confirmed" if counted and not cached else "probable"
        words = f"{len(lost)} of {len(mine)} questions of {node} are lost by name, none of {len(at_servers)} at the servers' own " \
                "addresses"
        yield Candidate("dns.server-down" if cached else "svc.dataplane", sure, (f"node/{node}",), (
            *([] if counted else [words]), *map(line, [*halves, *counted, *lost[:3], *at_servers[:1]])),
            remedy="look at the NodeLocal DNSCache of that node" if cached else "")


def dead_servers(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Servers whose pods are there and answer nobody, not even on their own nodes, by no protocol."""
    direct = seen(f, "dns", "direct")
    by_pod: dict[str, list[dict[str, Any]]] = {}
    for o in direct:
        by_pod.setdefault(o["target"], []).append(o)
    heard = {o["target"] for o in seen(f, "dns", "direct_tcp") if o["ok"]}
    at_home = {t: [o for o in asked if o["from_node"] == o["to_node"]] for t, asked in by_pod.items()}
    dead = [t for t, asked in by_pod.items() if at_home[t] and t not in heard and all(map(silent, asked))]
    if dead:
        refs = {p.get("status", {}).get("podIP"): pod_ref(p) for p in ev.dns_servers()}
        lines = [*(line(at_home[t][0]) for t in dead[:3]), *map(line, direct[:2])]
        others = any(o["ok"] for o in direct)
        yield Candidate("dns.server-down", "confirmed" if others else "probable",
                        tuple(refs[t] for t in dead if t in refs), unique(lines), command=pods_command(ev))


RULES = (filtered, node_cache, by_address, lost_in_part, dead_servers)
