# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 7: cluster DNS by its objects. Servers that are not there or refuse their configuration, a Service that does not lead
to them, kubelets that send pods elsewhere."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..kube import cluster_dns
from .dns_objects import (
    at_the_service, cache_on, config_ref, config_remedy, covers, endpoints_of, of_the_node, plugin_lines, pods_command,
    selector_of, service_ref, silent)
from .evidence import Candidate, Evidence, Object, condition, containers, name_of, pod_ref, ready, seconds, space_of, unique
from .finding import Finding
from .paths import line, seen

_CONFIG = re.compile(r"plugin/loop: Loop .* detected|Corefile:\d+ - Error during parsing|Error during parsing: "
                     r"|plugin/\w+: (?:unknown property|not a valid|missing)")
# An end longer ago (seconds) says nothing about this failure.
_RECENT = 900.0
# Endpoints follow the readiness of their pods a moment later (seconds).
_FOLLOWS = 10.0


# ---- configuration ----------------------------------------------------------------------------------------------
def config_lines(ev: Evidence, pods: Iterable[Object]) -> list[str]:
    """What servers that do not run, or ended a while ago, said about their configuration."""
    def ended(pod: Object) -> bool:
        stamps = [(s.get("lastState", {}).get("terminated") or {}).get("finishedAt") for s in containers(pod)]
        return any(seconds(t) > ev.now - _RECENT for t in stamps if t)

    shaky = [p for p in pods if not ready(p) or ended(p)]
    return list(unique(f"{key}: {text}" for key, text in ev.logs(shaky) if _CONFIG.search(text)))


def refused_config(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    if f.domain == "dns":
        lines = config_lines(ev, ev.dns_servers())
        if lines:
            yield Candidate("dns.config", "confirmed", config_ref(ev), tuple(lines[:4]), remedy=config_remedy(ev))


def forwards_to_itself(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The Corefile sends questions on to cluster DNS itself. The plugin loop misses it when no server was ready before."""
    lines = [o for o in seen(f, "dns", "external_fqdn", "external", "internal") if not o["ok"]]
    if f.domain != "dns" or not lines:
        return
    own = {p.get("status", {}).get("podIP", ""): pod_ref(p) for p in ev.dns_servers()}
    service = ev.dns_service()
    own |= {a: service_ref(service) for a in cluster_dns.addresses(service)} if service else {}
    for ref, said, words in plugin_lines(ev, "forward"):
        if not any(covers(words[:1], str(o["target"])) for o in lines):
            continue
        for address in words[1:]:
            server = address.removeprefix("dns://").removesuffix(":53")
            if server in own:
                yield Candidate("dns.config", "confirmed", (ref,), (
                    f"Corefile: {said.partition('{')[0].strip()}: {address} is {own[server]}", *map(line, lines[:3])),
                    remedy=config_remedy(ev))


# ---- servers and their Service ----------------------------------------------------------------------------------
def _wanted(ev: Evidence) -> list[tuple[str, int, int]]:
    """("kind/namespace/name", wanted, ready) of what runs name servers."""
    out = []
    for d in ev.dns_workloads("deployments"):
        out.append((f"deployment/{space_of(d)}/{name_of(d)}", d["spec"].get("replicas", 1),
                    d.get("status", {}).get("readyReplicas") or 0))
    for d in ev.dns_workloads("daemonsets"):
        status = d.get("status", {})
        out.append((f"daemonset/{space_of(d)}/{name_of(d)}", status.get("desiredNumberScheduled") or 0,
                    status.get("numberReady") or 0))
    return out


def _answers(f: Finding) -> bool:
    """Whether all nodes were answered by name, so that servers were there, whatever their objects say now."""
    asked = seen(f, "dns", "internal")
    return bool(asked) and all(o["ok"] for o in asked)


def no_servers(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """No pod of cluster DNS is ready, by its controller and its pods."""
    service = ev.dns_service()
    if f.domain != "dns" or _answers(f) or not ev.known("pods", space_of(service) if service else ""):
        return
    pods, wanted = ev.dns_servers(), _wanted(ev)
    if any(map(ready, pods)) or any(there for _ref, _want, there in wanted) or not (pods or wanted):
        return
    lines = [f"{ref} wants {want} replicas, {there} are ready" for ref, want, there in wanted]
    lines += [f"{pod_ref(p)} is {p.get('status', {}).get('phase')}, not ready" for p in pods]
    yield Candidate("dns.server-down", "confirmed", tuple(ref for ref, _want, _there in wanted), tuple(lines[:6]),
                    command=pods_command(ev))


def unselected(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Servers are ready, and the Service of cluster DNS does not lead to them."""
    service = ev.dns_service()
    if f.domain != "dns" or _answers(f) or not service or not ev.known("endpointslices", space_of(service)):
        return
    servers = [p for p in ev.dns_servers() if ready(p)
               and seconds(condition(p, "Ready").get("lastTransitionTime")) < ev.now - _FOLLOWS]
    if servers and not endpoints_of(service, ev):
        yield Candidate("svc.no-endpoints", "confirmed", (service_ref(service),), (
            f"{service_ref(service)} has no ready endpoint; its selector is {selector_of(service) or 'none'}",
            *(f"{pod_ref(p)} is ready" for p in servers)))


def no_port(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The Service of cluster DNS does not offer one of the two protocols, and no node gets an answer by it."""
    service = at_the_service(f, ev)
    ports = (service or {}).get("spec", {}).get("ports") or []
    if not service or not ports:
        return
    for protocol, variants in (("TCP", ("tcp",)), ("UDP", ("internal",))):
        asked = seen(f, "dns", *variants)
        there = any(p.get("port") == cluster_dns.PORT and (p.get("protocol") or "TCP") == protocol for p in ports)
        if asked and not there and all(map(silent, asked)):
            has = ", ".join(f"{p.get('port')}/{p.get('protocol') or 'TCP'}" for p in ports)
            yield Candidate("svc.no-endpoints", "confirmed", (service_ref(service),), (
                f"{service_ref(service)} has no port 53/{protocol}; it has {has}", *map(line, asked[:4])),
                remedy=f"add port 53/{protocol} to Service {space_of(service)}/{name_of(service)}; kubectl apply loses it, "
                       "as it knows ports by their number only")


def local_only(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The Service leads to servers of the same node only, and there is none on some."""
    service = at_the_service(f, ev)
    if f.domain != "dns" or not service or service["spec"].get("internalTrafficPolicy") != "Local" \
            or not ev.known("endpointslices", space_of(service)):
        return
    places = [e.get("nodeName") or "" for e in endpoints_of(service, ev)]
    asked = seen(f, "dns", "internal")
    bad = {o["from_node"] for o in asked if silent(o)} - {o["from_node"] for o in asked if o["ok"]}
    without = sorted(bad - set(places))
    if without and places and all(places):
        ref = service_ref(service)
        yield Candidate("svc.no-endpoints", "confirmed", (ref,), (
            *(f"{ref} has internalTrafficPolicy=Local, and no DNS pod is on {n}" for n in without[:5]),
            *[line(o) for o in asked if o["from_node"] in without][:3], *[line(o) for o in asked if o["ok"]][:1]),
            remedy=f"set internalTrafficPolicy of Service {space_of(service)}/{name_of(service)} to Cluster, or run a DNS pod "
                   "on every node")


# ---- kubelets ---------------------------------------------------------------------------------------------------
def sent_elsewhere(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Pods of some nodes are given another name server, which does not answer, while the usual one answers them."""
    usual = {o["from_node"]: o for o in seen(f, "dns", "usual") if o["ok"]}
    for o in seen(f, "dns", "nameserver"):
        node = o["from_node"]
        if o["ok"] or node not in usual or (of_the_node(o["target"]) and cache_on(node, ev)):
            continue
        asked = [a for a in seen(f, "dns", "internal") if a["from_node"] == node and not a["ok"]]
        here = usual[node]["target"]
        yield Candidate("dns.config", "confirmed", (f"node/{node}",), (
            str(o.get("error")), *map(line, [*asked[:2], usual[node]])),
            remedy=f"correct clusterDNS of the kubelets that name {o['target']}: {here} answers their pods; pods get it when "
                   "they are made anew")


def other_domain(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Pods of some nodes search another domain than the cluster's."""
    for o in seen(f, "dns", "search_path"):
        if not o["ok"]:
            short = [s for s in seen(f, "dns", "search") if s["from_node"] == o["from_node"] and not s["ok"]]
            lines = (str(o.get("error")), *map(line, short[:2]))
            yield Candidate("dns.config", "confirmed", (f"node/{o['from_node']}",), lines,
                            remedy=f"correct clusterDomain of the kubelet: the cluster's is {o['target']}")


RULES = (refused_config, forwards_to_itself, no_port, local_only, sent_elsewhere, other_domain, unselected, no_servers)
