# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 7: the pod network, Services, DNS; by comparing answers that differ in one thing only."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .evidence import Candidate, Evidence, name_of, space_of
from .finding import Finding

Edge = tuple[str, str]
_REFUSED = re.compile(r"refused|reset", re.I)


def _line(o: dict[str, Any]) -> str:
    way = " -> ".join(x for x in (o.get("from_node") or "controller", o.get("to_node")) if x)
    return f"{way} {o.get('target', '')} ({o['kind']} {o.get('variant', '')}): {'ok' if o['ok'] else o['error'] or 'failed'}"


def _seen(f: Finding, kind: str, *variants: str) -> list[dict[str, Any]]:
    return [o for o in f.observations if o["kind"] == kind and (not variants or o["variant"] in variants)]


# ---- who cannot reach whom --------------------------------------------------------------------------------------
def spread(edges: dict[Edge, bool]) -> tuple[str, tuple[str, ...]]:
    """(pattern, nodes) of a matrix {(from, to): answered}.

    "none": all answered; "isolated": every failing pair has one of these nodes at an end, and theirs all fail in at
    least one direction; "overlay": all pairs of different nodes fail and none on one node; "partial": anything else,
    with the nodes most often at an end.
    """
    cross = {e: ok for e, ok in edges.items() if e[0] != e[1]}
    bad = [e for e, ok in cross.items() if not ok]
    if not bad:
        return "none", ()
    nodes = sorted({n for e in cross for n in e})
    if len(bad) == len(cross) and (len(nodes) > 2 or len(cross) == 1 or len(nodes) == 2):
        ends = {e[0] for e in cross}
        return ("isolated", tuple(ends)) if len(ends) == 1 and len(nodes) > 1 else ("overlay", ())
    alone = [n for n in nodes if _cut_off(n, cross)]
    if alone and all(e[0] in alone or e[1] in alone for e in bad):
        return "isolated", tuple(alone)
    often = sorted(nodes, key=lambda n: -sum(n in e for e in bad))
    return "partial", tuple(often[:1])


def _cut_off(node: str, cross: dict[Edge, bool]) -> bool:
    """A whole row or a whole column of the matrix is red, and it is this node's alone."""
    row = [ok for e, ok in cross.items() if e[0] == node]
    column = [ok for e, ok in cross.items() if e[1] == node]
    others = [ok for e, ok in cross.items() if node not in e]
    red = (row and not any(row)) or (len(column) > 1 and not any(column))
    return bool(red) and (any(others) or not others)


def _edges(seen: Iterable[dict[str, Any]]) -> dict[Edge, bool]:
    """Pairs of nodes; a pair answered if one of its questions did."""
    edges: dict[Edge, bool] = {}
    for o in seen:
        if o.get("from_node") and o.get("to_node"):
            pair = o["from_node"], o["to_node"]
            edges[pair] = edges.get(pair, False) or o["ok"]
    return edges


def _paths(f: Finding) -> list[dict[str, Any]]:
    """Questions to addresses of pods, whichever check asked them."""
    return [*_seen(f, "pod", "small", "udp"), *_seen(f, "service", "pod"), *_seen(f, "dns", "direct")]


def pod_network(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    seen = _paths(f)
    refused = [o for o in seen if not o["ok"] and _REFUSED.search(o["error"] or "")]
    pattern, nodes = spread(_edges(seen))
    if pattern == "none" or refused:
        return
    bad = [o for o in seen if not o["ok"]]
    good = [o for o in seen if o["ok"]]
    lines = tuple(map(_line, [*bad[:6], *good[:2]]))
    if pattern == "overlay":
        same = any(o["ok"] and o["from_node"] == o["to_node"] for o in seen)
        yield Candidate("net.overlay-down", "confirmed" if same else "probable", (), lines)
    else:
        yield Candidate("net.node-isolated", "confirmed" if pattern == "isolated" and good else "suspected",
                        tuple(f"node/{n}" for n in nodes), lines)


def mtu(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    small, large = _edges(_seen(f, "pod", "small")), _seen(f, "pod", "large")
    bad = [o for o in large if not o["ok"] and small.get((o["from_node"], o["to_node"]))]
    if not bad:
        return
    common = set.intersection(*({o["from_node"], o["to_node"]} for o in bad))
    nodes = sorted(common) if len(common) == 1 else []
    good = [o for o in _seen(f, "pod", "small") if o["ok"] and o["from_node"] != o["to_node"]]
    yield Candidate("net.mtu", "confirmed", tuple(f"node/{n}" for n in nodes),
                    tuple(map(_line, [*bad[:5], *good[:2]])))


# ---- Services ---------------------------------------------------------------------------------------------------
def no_endpoints(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for o in _seen(f, "service", "endpoints"):
        if not o["ok"]:
            yield Candidate("svc.no-endpoints", "confirmed", (f"service/{o['target']}",),
                            (f"service/{o['target']}: {o['error']}", f.message))


def dataplane(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The pods answer this node, the Service's address does not."""
    vip = list(_seen(f, "service", "vip", "affinity", "empty"))
    bad = sorted({o["from_node"] for o in vip if not o["ok"]})
    reach = {o["from_node"] for o in _seen(f, "service", "pod") if o["ok"]}
    nodes = [n for n in bad if n in reach] or (bad if not _seen(f, "service", "pod") else [])
    if nodes:
        every = set(nodes) == {o["from_node"] for o in vip}
        direct = [o for o in _seen(f, "service", "pod") if o["ok"] and o["from_node"] in nodes]
        lines = [_line(o) for o in vip if not o["ok"]][:5] + [_line(o) for o in direct[:2]]
        yield Candidate("svc.dataplane", "confirmed" if reach & set(nodes) else "suspected",
                        () if every and len(nodes) > 1 else tuple(f"node/{n}" for n in nodes), tuple(lines))


def dns_by_address(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A name server's pods answer a node directly, its Service address does not: the dataplane, not DNS."""
    direct = {o["from_node"] for o in _seen(f, "dns", "direct") if o["ok"]}
    by_name = _seen(f, "dns", "internal")
    bad = {o["from_node"] for o in by_name if not o["ok"] and re.search(r"no answer|time", o["error"] or "", re.I)}
    good = {o["from_node"] for o in by_name if o["ok"]}
    nodes = sorted((bad & direct) - good)
    if nodes and not [o for o in _seen(f, "dns", "direct") if not o["ok"]]:
        lines = [_line(o) for o in by_name if o["from_node"] in nodes][:4]
        lines += [_line(o) for o in _seen(f, "dns", "direct") if o["from_node"] in nodes][:2]
        yield Candidate("svc.dataplane", "confirmed", tuple(f"node/{n}" for n in nodes), tuple(lines))


# ---- DNS --------------------------------------------------------------------------------------------------------
_SERVERS = ("coredns", "kube-dns")


def _dns_pods(ev: Evidence) -> list[dict[str, Any]]:
    return [p for p in ev.pods("kube-system") if p["metadata"].get("labels", {}).get("k8s-app") in _SERVERS]


def dns_loop(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    if f.domain != "dns":
        return
    lines = [f"{key}: {line}" for key, line in ev.logs("kube-system")
             if re.search(r"plugin/loop: Loop .* detected|Corefile:\d+ - Error|plugin/\w+: .*(unknown|Error)", line)]
    if lines:
        yield Candidate("dns.config", "confirmed", ("configmap/kube-system/coredns",), tuple(lines[:4]))


def dns_servers(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    if f.domain != "dns" or "deployments" in (ev.data.get("errors") or {}):
        return
    deployments = [d for d in ev.items("deployments") if space_of(d) == "kube-system" and name_of(d) in _SERVERS]
    pods = _dns_pods(ev)
    alive = [p for p in pods if ev.condition(p, "Ready").get("status") == "True"]
    if deployments and not alive:
        lines = [f"deployment/kube-system/{name_of(d)} wants {d['spec'].get('replicas')} replicas, "
                 f"{d.get('status', {}).get('readyReplicas', 0)} are ready" for d in deployments]
        lines += [f"pod/{name_of(p)} {p.get('status', {}).get('phase')}" for p in pods]
        yield Candidate("dns.server-down", "confirmed", tuple(f"deployment/kube-system/{name_of(d)}" for d in deployments),
                        tuple(lines[:5]))


def dns_upstream(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    outside = _seen(f, "dns", "external", "external_fqdn")
    inside = _seen(f, "dns", "internal")
    if outside and not any(o["ok"] for o in outside) and inside and all(o["ok"] for o in inside):
        yield Candidate("dns.upstream", "confirmed", (), tuple(map(_line, [*outside[:4], *inside[:1]])))


_NO_ANSWER = re.compile(r"no answer|timed? ?out|no servers|unreachable|refused|shell", re.I)


def dns_answers(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Servers that answer every node, and say the wrong thing to all of them."""
    asked = _seen(f, "dns", "internal", "tcp", "search", "srv", "ptr", "headless", "nxdomain", "nxdomain_search",
                  "direct")
    wrong = [o for o in asked if not o["ok"] and not _NO_ANSWER.search(o["error"] or "")]
    silent = [o for o in asked if not o["ok"] and _NO_ANSWER.search(o["error"] or "")]
    if wrong and not silent and {o["from_node"] for o in wrong} == {o["from_node"] for o in asked}:
        yield Candidate("dns.config", "confirmed", ("configmap/kube-system/coredns",), tuple(map(_line, wrong[:5])))


def dns_form(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """An external name that resolves with a trailing dot only is swallowed by the search path."""
    plain, dotted = _seen(f, "dns", "external"), _seen(f, "dns", "external_fqdn")
    if plain and dotted and not any(o["ok"] for o in plain) and all(o["ok"] for o in dotted):
        yield Candidate("dns.config", "confirmed", (), tuple(map(_line, [*plain[:2], *dotted[:2]])))


def dns_silent(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """No server answers any node although pods are there; not even directly."""
    direct = _seen(f, "dns", "direct")
    inside = _seen(f, "dns", "internal")
    if inside and not any(o["ok"] for o in inside) and not any(o["ok"] for o in direct) and not _dns_pods(ev):
        yield Candidate("dns.server-down", "suspected", (), tuple(map(_line, inside[:4])))


RULES = (dns_loop, dns_servers, pod_network, mtu, no_endpoints, dns_by_address, dataplane, dns_upstream, dns_answers,
         dns_form, dns_silent)
