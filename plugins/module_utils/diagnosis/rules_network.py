# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 7: Services, and probes that cannot be asked; by comparing answers that differ in one thing only."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..common import nodes as node_of
from . import rules_pod_network
from .evidence import Candidate, Evidence
from .finding import Finding
from .paths import line, seen
from .rules_pod_network import nodes_of, silent

# The way leads through the node's kubelet, to which the API server does not come. (Through the pod proxy it does not.)
_KUBELET = re.compile(r"dial tcp \S+:10250: .*(?:i/o timeout|no route)|(?:exec|port-forward): it was not opened within")
_UNHEARD = re.compile(r"timed? ?out|timeout|no route|dial tcp|EOF|not opened")
_VIPS = ("vip", "family", "affinity", "empty")
# What is said of an address that leads somewhere, but not to all or not to the pods themselves.
_SOFT = re.compile(r"\d+ of \d+ connections failed|never reached the pod|upstream connect error|no healthy upstream")


# ---- probes -----------------------------------------------------------------------------------------------------
def unasked(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Probes that the API server itself cannot ask, through the kubelet or directly, while it can ask others."""
    lost = {o["to_node"]: o for o in seen(f, "probe") if not o["ok"] and o.get("to_node")}
    heard = {o["from_node"] for o in f.observations if o["kind"] in ("pod", "service", "dns") and o.get("from_node")}
    silence = {n: o for n, o in lost.items() if _UNHEARD.search(o.get("error") or "")}
    if not silence or not heard - set(lost):
        return
    kubelets = {n: o for n, o in silence.items() if _KUBELET.search(o["error"]) and "pod-proxy:" not in o["error"]}
    ready = [n for n in kubelets if n in ev.nodes and node_of.ready(ev.nodes[n])]
    if ready:  # it lives and reaches the API server, which does not reach it; of its pods nothing is known
        words = "the API server does not reach the kubelet's port 10250, and the node is Ready"
        yield Candidate("net.port-filtered", "probable", nodes_of(ready), (words, *map(line, [kubelets[n] for n in ready][:4])))
    if others := {n: o for n, o in silence.items() if n not in ready}:
        yield Candidate("net.node-isolated", "suspected", nodes_of(others), tuple(map(line, list(others.values())[:4])))


# ---- Services ---------------------------------------------------------------------------------------------------
def no_endpoints(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for o in seen(f, "service", "endpoints"):
        if not o["ok"]:
            yield Candidate("svc.no-endpoints", "confirmed", (f"service/{o['target']}",),
                            (f"service/{o['target']}: {o.get('error')}", f.message))


def _all_reached(asked: list[dict[str, Any]]) -> set[str]:
    """Nodes whose questions to pods, by their own addresses, were all answered."""
    red = {o["from_node"] for o in asked if not o["ok"]}
    return {o["from_node"] for o in asked if o["ok"]} - red


def _sure(f: Finding, bad: list[dict[str, Any]]) -> str:
    """Not for sure where some connections are lost and others not, as loss would have it, where a pod that was not asked
    directly may be the one that does not answer, where some pods are just never chosen (routing may prefer a zone), where a
    mesh's proxy answered in their place, and of the other family of addresses, by which pods are not asked directly."""
    asked = f.observed.get("endpoints_asked")
    some_left = isinstance(asked, int) and asked < int(f.observed.get("endpoints") or 0)
    soft = all(o.get("variant") == "family" or _SOFT.search(o.get("error") or "") for o in bad)
    return "probable" if some_left or soft else "confirmed"


def dataplane(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Pods answer this node on their own addresses, and not behind the Service's."""
    vip, pods = seen(f, "service", *_VIPS), seen(f, "service", "pod", "endpoint")
    lost = [o for o in vip if not o["ok"]]
    bad, asked = {o["from_node"] for o in lost}, {o["from_node"] for o in vip}
    lines = [*map(line, lost[:5]), *[line(o) for o in pods if o["ok"] and o["from_node"] in bad][:2],
             *[line(o) for o in vip if o["ok"] and o["from_node"] not in bad][:1]]
    nodes = bad & _all_reached(pods)
    if nodes:
        everywhere = nodes == asked and len(nodes) > 1
        yield Candidate("svc.dataplane", _sure(f, lost), () if everywhere else nodes_of(nodes), tuple(lines))
    elif bad and not pods and any(o["ok"] for o in vip):
        yield Candidate("svc.dataplane", "suspected", nodes_of(bad), tuple(lines))


def deaf_endpoints(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Pods of a user's Service that answer no node by their own addresses, while pods of ours are reached."""
    asked, ours = seen(f, "service", "endpoint"), seen(f, "service", "pod")
    space = str(f.observed.get("service") or "").partition("/")[0]
    if asked and all(map(silent, asked)) and any(o["ok"] for o in ours):
        scope = (f"namespace/{space}",) if space else ()
        yield Candidate("netpol.overblocking", "suspected", scope, tuple(map(line, asked[:5])),
                        remedy="look at the NetworkPolicies of its namespace, and whether its pods listen on the port",
                        command=f"kubectl -n {space} get networkpolicy,pods -o wide" if space else "")


RULES = (*rules_pod_network.RULES, no_endpoints, dataplane, deaf_endpoints, unasked)
