# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 7: cluster DNS. Servers that are not there, refuse their configuration, answer wrongly, or have no upstream."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .evidence import Candidate, Evidence, Object, condition, containers, name_of, pod_ref, ready, seconds, space_of, unique
from .finding import Finding
from .paths import line, seen

_CONFIG = re.compile(r"plugin/loop: Loop .* detected|Corefile:\d+ - Error during parsing|Error during parsing: "
                     r"|plugin/\w+: (?:unknown property|not a valid|missing)")
_UPSTREAM = re.compile(r"plugin/errors: .*(?:i/o timeout|connection refused|no route to host|network is unreachable)")
_UNSYNCED = re.compile(r"plugin/kubernetes: .*(?:unsynced|Failed to (?:watch|list)|i/o timeout)")
# Every server says this while it starts; of one that is ready it is past.
_STARTING = re.compile(r"plugin/ready: .*kubernetes")
_OTHER_DOMAIN = re.compile(r"PTR (\S+\.svc\.\S+), expected PTR (\S+)")
# No server said anything; a status word like NXDOMAIN, REFUSED or SERVFAIL is an answer.
SILENT = re.compile(r"no answer|timed? ?out|no servers could be reached|network unreachable|connection refused"
                    r"|communications error|no route")
_ANSWERS = ("internal", "tcp", "search", "srv", "ptr", "headless", "nxdomain", "direct")
_SERVERS = ("coredns", "kube-dns", "dns-default")
_SERVICES = (("kube-system", "kube-dns"), ("openshift-dns", "dns-default"))
_FORWARD = re.compile(r"^\s*forward\s+\S+\s+([^{\n]+)", re.MULTILINE)
_COREFILE = ("configmap/kube-system/coredns",)
# A cache on the node has an address that no Service has.
_NODE_CACHE = "169.254."
# An end longer ago (seconds) says nothing about this failure.
_RECENT = 900.0
# Endpoints follow the readiness of their pods a moment later (seconds).
_FOLLOWS = 10.0


def silent(o: dict[str, Any]) -> bool:
    return not o["ok"] and bool(SILENT.search(o.get("error") or ""))


def config_lines(ev: Evidence, pods: Iterable[Object]) -> list[str]:
    """What servers that do not run, or ended a while ago, said about their configuration."""
    def ended(pod: Object) -> bool:
        stamps = [(s.get("lastState", {}).get("terminated") or {}).get("finishedAt") for s in containers(pod)]
        return any(seconds(t) > ev.now - _RECENT for t in stamps if t)

    shaky = [p for p in pods if not ready(p) or ended(p)]
    return list(unique(f"{key}: {text}" for key, text in ev.logs(shaky) if _CONFIG.search(text)))


def refused_config(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    if f.domain == "dns":
        lines = config_lines(ev, ev.dns_pods())
        if lines:
            yield Candidate("dns.config", "confirmed", _COREFILE, tuple(lines[:4]))


def forwards_to_itself(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The Corefile sends questions on to cluster DNS itself. The plugin loop misses it when no server was ready before."""
    if f.domain != "dns":
        return
    own = {p.get("status", {}).get("podIP", ""): pod_ref(p) for p in ev.dns_pods()}
    own |= {s["spec"].get("clusterIP", ""): f"service/{space_of(s)}/{name_of(s)}" for s in ev.items("services")
            if (space_of(s), name_of(s)) in _SERVICES}
    for config in ev.items("configmaps"):
        for said in _FORWARD.finditer((config.get("data") or {}).get("Corefile", "")):
            for address in said[1].split():
                server = address.removeprefix("dns://").removesuffix(":53")
                if server in own:
                    lines = [o for o in seen(f, "dns", "external_fqdn", "external", "internal") if not o["ok"]]
                    yield Candidate("dns.config", "confirmed", _COREFILE, (
                        f"Corefile: {said[0].strip()}: {address} is {own[server]}",
                        *map(line, lines[:3])))


def _wanted(ev: Evidence) -> list[tuple[str, int, int]]:
    """("kind/namespace/name", wanted, ready) of what runs name servers."""
    out = []
    for d in ev.items("deployments"):
        if name_of(d) in _SERVERS and space_of(d) in ("kube-system", "openshift-dns"):
            out.append((f"deployment/{space_of(d)}/{name_of(d)}", d["spec"].get("replicas", 1),
                        d.get("status", {}).get("readyReplicas") or 0))
    for d in ev.items("daemonsets"):
        if name_of(d) in _SERVERS and space_of(d) in ("kube-system", "openshift-dns"):
            status = d.get("status", {})
            out.append((f"daemonset/{space_of(d)}/{name_of(d)}", status.get("desiredNumberScheduled") or 0,
                        status.get("numberReady") or 0))
    return out


def no_servers(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """No pod of cluster DNS is ready, by its controller and its pods."""
    if f.domain != "dns" or not ev.known("pods"):
        return
    pods, wanted = ev.dns_pods(), _wanted(ev)
    if any(map(ready, pods)) or any(there for _ref, _want, there in wanted) or not (pods or wanted):
        return
    lines = [f"{ref} wants {want} replicas, {there} are ready" for ref, want, there in wanted]
    lines += [f"{pod_ref(p)} is {p.get('status', {}).get('phase')}, not ready" for p in pods]
    yield Candidate("dns.server-down", "confirmed", tuple(ref for ref, _want, _there in wanted), tuple(lines[:6]))


def unselected(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Servers are ready, and the Service of cluster DNS does not lead to them."""
    if f.domain != "dns" or not ev.known("endpointslices"):
        return
    servers = [p for p in ev.dns_pods() if ready(p)
               and seconds(condition(p, "Ready").get("lastTransitionTime")) < ev.now - _FOLLOWS]
    if not servers:
        return
    for service in ev.items("services"):
        space, name = space_of(service), name_of(service)
        if (space, name) not in _SERVICES:
            continue
        slices = [s for s in ev.items("endpointslices") if space_of(s) == space
                  and (s["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == name]
        if not any((e.get("conditions") or {}).get("ready") is not False for s in slices for e in s.get("endpoints") or ()):
            selector = ",".join(f"{k}={v}" for k, v in sorted((service["spec"].get("selector") or {}).items()))
            yield Candidate("svc.no-endpoints", "confirmed", (f"service/{space}/{name}",), (
                f"service/{space}/{name} has no ready endpoint; its selector is {selector or 'none'}",
                *(f"{pod_ref(p)} is ready" for p in servers)))


# ---- by the answers ---------------------------------------------------------------------------------------------
def upstream(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Names in the cluster resolve everywhere, those outside do not, with or without a trailing dot."""
    outside, inside = seen(f, "dns", "external", "external_fqdn"), seen(f, "dns", "internal")
    dotted = [o for o in outside if o.get("variant") == "external_fqdn"] or outside
    bad = [o for o in dotted if not o["ok"]]
    if not bad or not inside or not all(o["ok"] for o in inside):
        return
    logs = [f"{key}: {text}" for key, text in ev.logs(ev.dns_pods()) if _UPSTREAM.search(text)][-3:]
    # A cache may still know the name; a name that does not exist is perhaps just that.
    all_red, absent = len(bad) == len(dotted), all("NXDOMAIN" in (o.get("error") or "") for o in bad)
    sure = "confirmed" if logs or (all_red and not absent) else "probable" if all_red and len(bad) > 1 else "suspected"
    yield Candidate("dns.upstream", sure, (), (*map(line, [*bad[:4], *inside[:1]]), *logs))


def form(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """An external name that resolves with a trailing dot only is swallowed by the search path."""
    plain, dotted = seen(f, "dns", "external"), seen(f, "dns", "external_fqdn")
    if plain and dotted and not any(o["ok"] for o in plain) and all(o["ok"] for o in dotted):
        yield Candidate("dns.config", "confirmed", (), tuple(map(line, [*plain[:2], *dotted[:2]])))


def wrong_answers(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Servers that answer, and say the wrong thing to all nodes: their configuration, or what they know."""
    asked = seen(f, "dns", *_ANSWERS)
    wrong = [o for o in asked if not o["ok"] and not SILENT.search(o.get("error") or "")]
    if not wrong or any(map(silent, asked)) or {o["from_node"] for o in wrong} != {o["from_node"] for o in asked}:
        return
    elsewhere = [o for o in wrong if (said := _OTHER_DOMAIN.search(o.get("error") or "")) and said[1] != said[2]]
    if elsewhere:  # the same Service under another domain
        yield Candidate("dns.config", "confirmed", _COREFILE, tuple(map(line, [*elsewhere[:2], *wrong[:3]])))
        return
    unsynced = [f"{key}: {text}" for p in ev.dns_pods() for key, text in ev.logs([p])
                if _UNSYNCED.search(text) or (_STARTING.search(text) and not ready(p))][-3:]
    servfail = all("SERVFAIL" in (o.get("error") or "") for o in wrong)
    lines = tuple(map(line, wrong[:5]))
    if unsynced or servfail:
        yield Candidate("dns.server-down", "probable" if unsynced else "suspected", (), (*lines, *unsynced))
        return
    # One name known and another not is no wrong domain; nor is it one where one server knows and another does not.
    if any(o["ok"] for o in seen(f, "dns", "internal", "direct")):
        yield Candidate("dns.stale", "probable", (), lines)
    else:
        yield Candidate("dns.config", "confirmed", _COREFILE, lines)


def node_cache(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """The cache on some nodes does not answer, while the servers behind it answer those nodes."""
    if not any(str(s).startswith(_NODE_CACHE) for s in f.observed.get("nameservers") or ()):
        return
    by_name, direct = seen(f, "dns", "internal"), seen(f, "dns", "direct")
    bad = {o["from_node"] for o in by_name if silent(o)} - {o["from_node"] for o in by_name if o["ok"]}
    nodes = sorted(bad & {o["from_node"] for o in direct if o["ok"]})
    if nodes:
        lines = [line(o) for o in [*by_name, *direct] if o["from_node"] in nodes]
        yield Candidate("dns.server-down", "confirmed", tuple(f"node/{n}" for n in nodes), tuple(lines[:6]))


def dead_servers(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Servers whose pods are there and answer nobody, not even on their own nodes."""
    direct = seen(f, "dns", "direct")
    by_pod: dict[str, list[dict[str, Any]]] = {}
    for o in direct:
        by_pod.setdefault(o["target"], []).append(o)
    at_home = {t: [o for o in asked if o["from_node"] == o["to_node"]] for t, asked in by_pod.items()}
    dead = [t for t, asked in by_pod.items() if at_home[t] and all(map(silent, asked))]
    if dead:
        refs = {p.get("status", {}).get("podIP"): pod_ref(p) for p in ev.dns_pods()}
        lines = [*(line(at_home[t][0]) for t in dead[:3]), *map(line, direct[:2])]
        others = any(o["ok"] for o in direct)
        yield Candidate("dns.server-down", "confirmed" if others else "probable",
                        tuple(refs[t] for t in dead if t in refs), unique(lines))


RULES = (refused_config, forwards_to_itself, unselected, no_servers, node_cache, dead_servers, form, upstream, wrong_answers)
