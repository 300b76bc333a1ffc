# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 2: nodes. Only nodes on the failing path count: where an answer was wrong, or a check of nodes itself."""
from __future__ import annotations

import re
from collections.abc import Iterator

from .evidence import Candidate, Evidence, event_line, failing_nodes
from .finding import Finding

_RUNTIME = re.compile(r"container runtime is down|PLEG is not healthy|container runtime status check may not have"
                      r"|RuntimeReady=false|runtime network not ready: NetworkReady=unknown|containerd\.sock")
_CNI = re.compile(r"cni plugin not initialized|NetworkPluginNotReady|cni config uninitialized|no networks found in")
_PRESSURE = ("DiskPressure", "MemoryPressure", "PIDPressure")
_KERNEL = ("KernelDeadlock", "ReadonlyFilesystem", "XfsShutdown", "DiskBadBlock", "CperHardwareErrorFatal")
# A Lease is renewed every 10 s; the node controller gives a node up after 40 s.
_LEASE = 40.0


def _concerned(f: Finding, ev: Evidence) -> list[str]:
    """Nodes on the failing path, and those without the probe that should run there."""
    named = {n for n in ev.nodes if re.search(rf"(?<![\w.-]){re.escape(n)}(?![\w-])", f.message)}
    return sorted((failing_nodes(f) | named) & set(ev.nodes))


def _ready_line(node: str, c: dict) -> str:
    return f"node/{node} Ready={c.get('status')} {c.get('reason', '')}: {c.get('message', '')}"


def not_reporting(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for node in _concerned(f, ev):
        c = ev.condition(ev.nodes[node], "Ready")
        age = ev.lease_age(node)
        stale = age is not None and age > _LEASE
        if c.get("status") == "Unknown":
            more = (f"lease/{node} not renewed for {age:.0f} s",) if stale else ()
            yield Candidate("node.unreachable", "confirmed" if c.get("reason") == "NodeStatusUnknown" else "probable",
                            (f"node/{node}",), (_ready_line(node, c), *more), f.domain == "nodes")
        elif stale:
            yield Candidate("node.unreachable", "probable", (f"node/{node}",),
                            (f"lease/{node} not renewed for {age:.0f} s",), f.domain == "nodes")


def not_ready(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for node in _concerned(f, ev):
        c = ev.condition(ev.nodes[node], "Ready")
        if c.get("status") != "False":
            continue
        for code, pattern in (("node.runtime-down", _RUNTIME), ("node.cni-not-ready", _CNI)):
            if pattern.search(c.get("message", "")):
                yield Candidate(code, "confirmed", (f"node/{node}",), (_ready_line(node, c),), f.domain == "nodes")
                break


def pressure(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for node in _concerned(f, ev):
        lines = [f"node/{node} {c['type']}=True {c.get('reason', '')}: {c.get('message', '')}"
                 for c in ev.nodes[node].get("status", {}).get("conditions") or []
                 if c["type"] in _PRESSURE and c["status"] == "True"]
        if lines:
            yield Candidate("node.pressure", "confirmed", (f"node/{node}",), tuple(lines), f.domain == "nodes")
    full = [event_line(e) for e in ev.events(namespace=ev.space) if ev.space
            and "no space left on device" in (e.get("message") or "")]
    if full:
        yield Candidate("node.pressure", "confirmed", (), tuple(full[:4]), False)


def kernel(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for node in _concerned(f, ev):
        for c in ev.nodes[node].get("status", {}).get("conditions") or []:
            if c["type"] in _KERNEL and c["status"] == "True":
                yield Candidate("node.kernel-fault", "confirmed", (f"node/{node}",),
                                (f"node/{node} {c['type']}=True {c.get('message', '')}",), f.domain == "nodes")
            elif c["type"] == "NTPProblem" and c["status"] == "True":
                yield Candidate("node.clock", "confirmed", (f"node/{node}",), (f"node/{node} NTPProblem=True",),
                                f.domain == "nodes")


def sandbox(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A Ready node whose new pods get no network."""
    on_node = {p["metadata"]["name"]: p["spec"].get("nodeName", "") for p in ev.pods(ev.space)} if ev.space else {}
    for event in ev.events("Pod", ev.space or None):
        name = (event.get("involvedObject") or {}).get("name", "")
        if event.get("reason") == "FailedCreatePodSandBox" and name in on_node and "cni" in event.get("message", ""):
            yield Candidate("node.cni-not-ready", "confirmed", (f"node/{on_node[name]}",), (event_line(event),), False)


def kubelet_certificate(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for e in f.errors:
        if ":10250" in e.get("message", "") and "x509" in e.get("message", ""):
            yield Candidate("node.kubelet-cert", "confirmed", tuple(f"node/{n}" for n in ev.nodes if n in e["path"]),
                            (e["message"],))


def too_few(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    found = re.match(r"(\d+) nodes, expected (\d+)", f.message)
    if f.check == "nodes" and found:
        code = "node.not-joined" if int(found[1]) < int(found[2]) else "node.drift"
        yield Candidate(code, "confirmed", (), (f"{found[1]} nodes are registered, {found[2]} are expected: "
                                                f"{', '.join(sorted(ev.nodes))}",))


def version(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for o in f.observations:
        if o["kind"] == "node" and o["variant"] == "version" and not o["ok"]:
            yield Candidate("node.drift", "confirmed", (f"node/{o['to_node']}",), (f"node/{o['to_node']} {o['error']}",))


def cordoned(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for o in f.observations:
        if o["kind"] == "node" and o["variant"] == "cordoned" and not o["ok"]:
            yield Candidate("sched.constraint", "confirmed", (f"node/{o['to_node']}",),
                            (f"node/{o['to_node']} spec.unschedulable=true",))


RULES = (not_reporting, not_ready, pressure, kernel, sandbox, kubelet_certificate, too_few, version, cordoned)
