# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 2: nodes. Only those on the failing path count, and only faults that can break what failed there.

A node that is gone breaks everything on it. One that is short of disk, or whose runtime is down, starts no pods, but what
runs goes on: for missing answers between running pods such faults count only with a broken network agent beside them.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

from ..results.record import INCONCLUSIVE
from . import rules_clock
from .evidence import (Candidate, Evidence, Object, condition, event_line, first_seen, name_of, node_of, pod_ref,
                       ready, seconds, unique, words)
from .finding import Finding
from .kubelet_words import NO_ADDRESS
from .paths import concerned, pods, seen, work_nodes

_RUNTIME = re.compile(r"container runtime is down|PLEG is not healthy|container runtime status check may not have"
                      r"|RuntimeReady=false|container runtime not ready|containerd\.sock|crio\.sock")
_CNI = re.compile(r"cni plugin not initialized|NetworkPluginNotReady|cni config uninitialized|no networks found in"
                  r"|network plugin is not ready|NetworkReady=false")
_PRESSURE = ("DiskPressure", "MemoryPressure", "PIDPressure")
_KERNEL = ("KernelDeadlock", "ReadonlyFilesystem", "XfsShutdown", "DiskBadBlock", "CperHardwareErrorFatal")
_RUNTIME_CONDITIONS = ("FrequentContainerdRestart", "FrequentKubeletRestart", "FrequentDockerRestart",
                       "ContainerRuntimeUnhealthy", "KubeletUnhealthy")
_AGENTS = re.compile(r"^(kube-proxy|calico-node|cilium|canal|kube-flannel|flannel|aws-node|azure-cni|antrea|weave|ovnkube"
                     r"|kube-router|kindnet|multus)")
_CERTIFICATE = re.compile(r"x509|tls: internal error|certificate")
# What a kubelet says of the certificate that an API server shows is no word about its own.
_OF_THE_CLIENT = re.compile(r"remote error: tls: (?:bad|unknown|expired|revoked) certificate|certificate required")
_TO_A_KUBELET = re.compile(r":10250|error dialing backend")
# A Lease is renewed every 10 s; the node controller gives a node up after 40 s.
_LEASE = 40.0


def _own(f: Finding) -> bool:
    return f.domain == "nodes"


def _ready_line(node: str, c: Object) -> str:
    return f"node/{node} Ready={c.get('status')} {c.get('reason', '')}: {c.get('message', '')}"


def _since(c: Object) -> float:
    return seconds(c.get("lastTransitionTime"))


def _agent_down(node: str, ev: Evidence) -> list[str]:
    """Network agents of the node that are not ready, as lines."""
    return [f"{pod_ref(p)} is {p.get('status', {}).get('phase', 'not ready')}, not ready" for p in ev.pods()
            if node_of(p) == node and _AGENTS.search(name_of(p)) and not ready(p)]


def _at_work(f: Finding, ev: Evidence) -> dict[str, list[str]]:
    """Nodes that did not do their work, and those whose network agent is down, with lines about the latter."""
    work = work_nodes(f, ev)
    agents = {n: _agent_down(n, ev) for n in concerned(f, ev)}
    return {n: agents[n] for n in concerned(f, ev) if n in work or agents[n]}


def not_reporting(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for node in concerned(f, ev):
        c = condition(ev.nodes[node], "Ready")
        age = ev.lease_age(node)
        stale = age is not None and age > _LEASE and not rules_clock.alive(f, ev, node)
        since = ev.now - (age or 0.0)
        old = (f"lease/{node} not renewed for {age:.0f} s",) if stale else ()
        if c.get("status") == "Unknown":
            sure = "confirmed" if c.get("reason") == "NodeStatusUnknown" else "probable"
            # The node controller gives it up only some time after the last that was heard of it.
            yield Candidate("node.unreachable", sure, (f"node/{node}",), (_ready_line(node, c), *old), _own(f),
                            min(since, _since(c)) if stale else _since(c))
        elif stale:
            yield Candidate("node.unreachable", "probable", (f"node/{node}",), (*old, _ready_line(node, c)), _own(f), since)


def not_ready(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for node in concerned(f, ev):
        c = condition(ev.nodes[node], "Ready")
        text = c.get("message", "")
        if c.get("status") != "False":
            continue
        for code, pattern in (("node.runtime-down", _RUNTIME), ("node.cni-not-ready", _CNI)):
            if pattern.search(text):
                yield Candidate(code, "confirmed", (f"node/{node}",), (_ready_line(node, c),), _own(f), _since(c))
                break


def pressure(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for node, agents in _at_work(f, ev).items():
        found = [c for c in ev.nodes[node].get("status", {}).get("conditions") or []
                 if c["type"] in _PRESSURE and c["status"] == "True"]
        if found:
            lines = [f"node/{node} {c['type']}=True {c.get('reason', '')}: {c.get('message', '')}" for c in found]
            yield Candidate("node.pressure", "confirmed", (f"node/{node}",), (*lines, *agents), _own(f),
                            min(map(_since, found)))
    for pod in pods(f, ev):
        status = pod.get("status", {})
        texts = [event_line(e) for e in ev.events_since_start(pod) if "no space left on device" in words(e)]
        if status.get("reason") == "Evicted":
            texts.append(f"{pod_ref(pod)} Evicted: {status.get('message', '')}")
        if texts and node_of(pod):
            yield Candidate("node.pressure", "confirmed", (f"node/{node_of(pod)}",), unique(texts)[:4], False)


def kernel(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """What the node problem detector says."""
    for node in concerned(f, ev):
        for c in ev.nodes[node].get("status", {}).get("conditions") or []:
            code = "node.kernel-fault" if c["type"] in _KERNEL else \
                "node.runtime-down" if c["type"] in _RUNTIME_CONDITIONS else ""
            if code and c["status"] == "True":
                line = f"node/{node} {c['type']}=True {c.get('reason', '')}: {c.get('message', '')}"
                sure = "confirmed" if code == "node.kernel-fault" else "probable"
                yield Candidate(code, sure, (f"node/{node}",), (line,), _own(f), _since(c))


def sandbox(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A node, perhaps Ready, whose new pods get no sandbox; by the kubelet's words."""
    for pod in pods(f, ev):
        for event in ev.events_since_start(pod):
            text, node = words(event), node_of(pod)
            if event.get("reason") not in ("FailedCreatePodSandBox", "NetworkNotReady") or not node:
                continue
            code = "net.addresses-exhausted" if NO_ADDRESS.search(text) else "node.runtime-down" if _RUNTIME.search(text) \
                else "node.cni-not-ready" if _CNI.search(text) or re.search(r"\bcni\b|plugin type=", text) else ""
            if code:
                yield Candidate(code, "confirmed", (f"node/{node}",), (event_line(event),), _own(f), first_seen(event))


def kubelet_certificate(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    texts = [(e.get("message") or "", e.get("path") or "") for e in f.errors]
    texts += [(o.get("error") or "", o.get("to_node") or "") for o in seen(f, "probe") if not o["ok"]]
    for text, where in texts:
        if _TO_A_KUBELET.search(text) and _CERTIFICATE.search(text) and not _OF_THE_CLIENT.search(text):
            address = re.search(r"https://([^:/]+|\[[^]]+\]):10250", text)
            on = [n for n, node in ev.nodes.items() if n == where or n in where.split("/") or any(
                address and a.get("address") == address[1] for a in node.get("status", {}).get("addresses") or [])]
            yield Candidate("node.kubelet-cert", "confirmed", tuple(f"node/{n}" for n in on), (text[:400],))
    for o in seen(f, "node", "kubelet"):
        text = o.get("error") or ""
        if _CERTIFICATE.search(text) and not _OF_THE_CLIENT.search(text):
            yield Candidate("node.kubelet-cert", "confirmed", (f"node/{o['to_node']}",),
                            (f"API server -> kubelet {o.get('target')}: {text[:400]}",))


def too_few(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    found = re.match(r"(\d+) nodes, expected (\d+)", f.message)
    if _own(f) and found:
        code = "node.not-joined" if int(found[1]) < int(found[2]) else "node.drift"
        there = f": {', '.join(sorted(ev.nodes)[:20])}" if ev.nodes else ""
        yield Candidate(code, "confirmed", (), (f"{found[1]} nodes are registered, {found[2]} are expected{there}",))


def slow_pull(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """Nothing is wrong but that the kubelet still pulls; where something is, that is why the check failed."""
    for o in seen(f, "node", "pod"):
        if f.verdict == INCONCLUSIVE and not o["ok"] and (o.get("error") or "").startswith("still pulling"):
            yield Candidate("image.slow", "probable", (f"node/{o['to_node']}",), (f"node/{o['to_node']} {o['error']}",))


def version(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for o in seen(f, "node", "version"):
        if not o["ok"]:
            yield Candidate("node.drift", "confirmed", (f"node/{o['to_node']}",), (f"node/{o['to_node']} {o.get('error')}",))


def judged(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """What the check of nodes saw itself, where the cluster tells nothing any more or something else by now."""
    for o in seen(f, "node", "ready", "lease", "pressure"):
        text, node = o.get("error") or "", o.get("to_node") or ""
        if o["ok"] or (o["variant"] == "lease" and (rules_clock.off(node, ev) < 0 or rules_clock.alive(f, ev, node))):
            continue  # a late clock writes old times, however often
        code = {"lease": "node.unreachable", "pressure": "node.pressure"}.get(o["variant"], "") or (
            "node.unreachable" if "NodeStatusUnknown" in text else "node.runtime-down" if _RUNTIME.search(text)
            else "node.cni-not-ready" if _CNI.search(text) else "")
        if code:
            sure = "probable" if o["variant"] == "lease" else "confirmed"
            yield Candidate(code, sure, (f"node/{node}",), (f"node/{node} {text}",))


def cordoned(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    for o in seen(f, "node", "cordoned"):
        if not o["ok"]:
            yield Candidate("sched.constraint", "confirmed", (f"node/{o['to_node']}",),
                            (f"node/{o['to_node']} spec.unschedulable=true",))


_ILL = ("not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "network-unavailable")
_TAINT = re.compile(rf"node\.kubernetes\.io/({'|'.join(_ILL)})")


def tainted(f: Finding, ev: Evidence) -> Iterator[Candidate]:
    """A pod that was not scheduled because nodes are ill: those nodes are on its path."""
    waits = [p for p in pods(f, ev) if not node_of(p)]
    texts = [words(e) for p in waits for e in ev.events_of(p) if e.get("reason") == "FailedScheduling"]
    texts += [condition(p, "PodScheduled").get("message", "") for p in waits]
    # Newer schedulers do not name the taints.
    told = {m for text in texts for m in (_ILL if "untolerated taint(s)" in text else _TAINT.findall(text))}
    for node, item in sorted(ev.nodes.items()) if told else ():
        keys = {t.get("key", "").rpartition("/")[2] for t in item.get("spec", {}).get("taints") or []}
        c = condition(item, "Ready")
        text = c.get("message", "")
        code = "node.unreachable" if c.get("status") == "Unknown" else "node.runtime-down" if _RUNTIME.search(text) \
            else "node.cni-not-ready" if _CNI.search(text) else \
            "node.pressure" if any(k.endswith("-pressure") for k in keys & told) else ""
        if keys & told and code:
            lines = (f"node/{node} has the taint {', '.join(sorted(keys & told))}", _ready_line(node, c))
            yield Candidate(code, "probable", (f"node/{node}",), lines, False, _since(c))


RULES = (not_reporting, not_ready, judged, pressure, kernel, *rules_clock.RULES, sandbox, kubelet_certificate, too_few, slow_pull, version,
         cordoned, tainted)
