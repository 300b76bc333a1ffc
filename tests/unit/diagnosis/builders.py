# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A healthy cluster of three nodes as plain evidence, and small ways to break it; findings as the checks write them."""
from __future__ import annotations

import copy
import itertools
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import Diagnosis, diagnose
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding

NOW = "2026-03-14T09:30:00+00:00"
JUST_NOW = "2026-03-14T09:29:55.000000Z"
MINUTES_AGO = "2026-03-14T09:26:00Z"
SPACE = "assay-3f9a21c0"
NODES = ("n1", "n2", "n3")
DOMAINS = {"api_server": "control_plane", "nodes": "nodes", "pod_network": "network", "service": "network", "dns": "dns",
           "storage": "storage"}
SERVER = "https://10.0.0.1:6443"


# ---- the cluster ------------------------------------------------------------------------------------------------
def meta(name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, **({"namespace": namespace} if namespace else {}), **more}


def condition(kind: str, status: str, reason: str = "", message: str = "", since: str = MINUTES_AGO) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}


def node(name: str, **labels: str) -> dict[str, Any]:
    conditions = [condition(p, "False") for p in ("MemoryPressure", "DiskPressure", "PIDPressure")]
    conditions.append(condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"))
    return {"metadata": meta(name, labels={"kubernetes.io/os": "linux", **labels}), "spec": {},
            "status": {"conditions": conditions, "addresses": [{"type": "InternalIP", "address": f"10.0.0.{name[-1]}"}]}}


def pod(name: str, namespace: str, on: str = "n1", labels: dict[str, str] | None = None, ready: bool = True,
        status: dict[str, Any] | None = None, **container: Any) -> dict[str, Any]:
    state = {"name": "main", "image": "registry.lab/main:1", "ready": ready, "restartCount": 0,
             "state": {"running": {"startedAt": MINUTES_AGO}}, **container}
    return {"metadata": meta(name, namespace, labels=labels or {}, uid=f"uid-{name}"),
            "spec": {"containers": [{"name": "main"}], **({"nodeName": on} if on else {})},
            "status": {"phase": "Running" if ready else "Pending", "podIP": "10.244.0.9",
                       "conditions": [condition("Ready", "True" if ready else "False")],
                       "containerStatuses": [state] if on else [], **(status or {})}}


def probe(on: str, ready: bool = True, **more: Any) -> dict[str, Any]:
    return pod(f"probe-{on}", SPACE, on, {"assay.clusters/probe": "netexec"}, ready, **more)


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """The state of a container that waits: probe("n2", False, **waiting("ErrImagePull", ...))."""
    return {"state": {"waiting": {"reason": reason, "message": message}}}


def coredns(on: str = "n1", ready: bool = True, **more: Any) -> dict[str, Any]:
    return pod(f"coredns-{on}", "kube-system", on, {"k8s-app": "kube-dns"}, ready, **more)


def corefile(*lines: str, name: str = "coredns", namespace: str = "kube-system") -> dict[str, Any]:
    """The ConfigMap of name servers: these lines in the block of all zones."""
    return {"metadata": meta(name, namespace), "data": {"Corefile": "\n".join([".:53 {", *(f"    {n}" for n in lines), "}"])}}


def deployment(name: str, namespace: str, replicas: int = 1, available: int | None = None) -> dict[str, Any]:
    there = replicas if available is None else available
    return {"metadata": meta(name, namespace), "spec": {"replicas": replicas},
            "status": {"readyReplicas": there, "availableReplicas": there} if there else {}}


def event(kind: str, name: str, reason: str, message: str, namespace: str = SPACE, first: str = MINUTES_AGO,
          last: str = JUST_NOW) -> dict[str, Any]:
    return {"metadata": meta(f"{name}.1", namespace, creationTimestamp=first), "reason": reason, "message": message,
            "type": "Warning", "firstTimestamp": first, "lastTimestamp": last,
            "involvedObject": {"kind": kind, "namespace": namespace, "name": name}}


def lease(name: str, renewed: str = JUST_NOW) -> dict[str, Any]:
    return {"metadata": meta(name), "spec": {"renewTime": renewed, "leaseDurationSeconds": 40}}


def endpointslice(service: str, namespace: str, ready: bool = True) -> dict[str, Any]:
    found = [{"addresses": ["10.244.0.9"], "conditions": {"ready": True}}] if ready else []
    return {"metadata": meta(f"{service}-1", namespace, labels={"kubernetes.io/service-name": service}),
            "endpoints": found}


def storageclass(name: str, default: str | None = "true") -> dict[str, Any]:
    marks = {"storageclass.kubernetes.io/is-default-class": default} if default else {}
    return {"metadata": meta(name, annotations=marks), "provisioner": "rancher.io/local-path"}


def healthy(nodes: tuple[str, ...] = NODES) -> dict[str, Any]:
    """Evidence of a cluster where all is well."""
    return copy.deepcopy({
        "nodes": [node(n) for n in nodes], "node_leases": [lease(n) for n in nodes],
        "leases": [lease("kube-controller-manager"), lease("kube-scheduler")], "events": [],
        "pods": [*(probe(n) for n in nodes), coredns("n1"),
                 pod("local-path-provisioner-7f", "local-path-storage", "n2")],
        "services": [{"metadata": meta("kube-dns", "kube-system"), "spec": {"selector": {"k8s-app": "kube-dns"}}}],
        "endpointslices": [endpointslice("kube-dns", "kube-system")],
        "deployments": [deployment("coredns", "kube-system"), deployment("local-path-provisioner", "local-path-storage")],
        "daemonsets": [], "storageclasses": [storageclass("local-path")], "csidrivers": [], "csinodes": [], "pvcs": [],
        "apiservices": [], "configmaps": [], "logs": {}, "readyz": "[+]ping ok\n[+]etcd ok\nreadyz check passed",
        "api_errors": [], "errors": {}, "server_date": NOW, "controller_date": NOW, "run_namespace": SPACE,
        "node_clock": {}})


def silent_cluster(*errors: dict[str, Any]) -> dict[str, Any]:
    """Evidence when the API server tells nothing."""
    data = {k: (v if k == "run_namespace" else type(v)()) for k, v in healthy().items()}
    return {**data, "api_errors": list(errors), "run_namespace": ""}


def set_condition(data: dict[str, Any], name: str, *fields: str, **more: str) -> None:
    """Replace a condition of a node: set_condition(data, "n2", "Ready", "False", reason, message)."""
    item = next(n for n in data["nodes"] if n["metadata"]["name"] == name)
    kept = [c for c in item["status"]["conditions"] if c["type"] != fields[0]]
    item["status"]["conditions"] = [*kept, condition(*fields, **more)]


def power_off(data: dict[str, Any], name: str, since: str = MINUTES_AGO) -> None:
    set_condition(data, name, "Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", since=since)
    data["node_leases"] = [i for i in data["node_leases"] if i["metadata"]["name"] != name] + [lease(name, since)]


def replace_pod(data: dict[str, Any], *pods: dict[str, Any]) -> None:
    names = {p["metadata"]["name"] for p in pods}
    data["pods"] = [p for p in data["pods"] if p["metadata"]["name"] not in names] + list(pods)


# ---- findings ---------------------------------------------------------------------------------------------------
def finding(check: str, message: str = "", verdict: str = "failed", step: str = "a step", **more: Any) -> Finding:
    return Finding(check, DOMAINS[check], verdict, step, message, **more)


def api_error(message: str, status: int | None = 500, kind: str = "http", path: str = "/api/v1/nodes",
              method: str = "GET", verb: str = "", resource: str = "") -> dict[str, Any]:
    return {"kind": kind, "status": status, "reason": "", "message": message, "method": method, "path": path,
            "verb": verb, "resource": resource}


def seen(kind: str, variant: str, from_node: str = "", to_node: str = "", error: str = "", target: str = "10.244.0.9",
         seconds: float = 0.01) -> dict[str, Any]:
    return {"kind": kind, "variant": variant, "from_node": from_node, "to_node": to_node, "target": target,
            "ok": not error, "error": error, "seconds": seconds}


TIMED_OUT = "curl: (28) Connection timed out after 5001 milliseconds"
HUNG = "curl: (28) Operation timed out after 5000 milliseconds with 0 bytes received"


def matrix(bad: Any, variant: str = "small", nodes: tuple[str, ...] = NODES, error: str = TIMED_OUT,
           alone: bool = False) -> list[dict[str, Any]]:
    """All pairs of pods, as pod_network asks them; bad(from, to) tells which fail.

    With a small question goes a datagram, which fails likewise, and after a large one that is lost a smaller one passes;
    alone: without these.
    """
    out = [seen("pod", variant, a, b, error if bad(a, b) else "") for a, b in itertools.product(nodes, nodes)]
    if variant == "small" and not alone:
        out += [seen("pod", "udp", o["from_node"], o["to_node"], o["error"]) for o in out if o["from_node"] != o["to_node"]]
    elif variant == "large" and not alone:
        out += [seen("pod", "body-1200", o["from_node"], o["to_node"]) for o in out if not o["ok"]]
    return out


def isolated(name: str) -> Any:
    return lambda a, b: a != b and name in (a, b)


def pod_network(observations: list[dict[str, Any]], variant: str = "small", **more: Any) -> Finding:
    red = [o for o in observations if not o["ok"]]
    words = ", ".join(f"{o['from_node']} -> {o['to_node']}: {o['error']}" for o in red[:3])
    return finding("pod_network", f"{len(red)} of {len(observations)} pairs of nodes fail ({variant}): {words}",
                   step="every pod answers the pods of other nodes over TCP", observations=observations, **more)


def nodes_failed(data: dict[str, Any], *names: str) -> Finding:
    """The nodes check after it found these not Ready."""
    observations, bad = [], []
    for item in data["nodes"]:
        name = item["metadata"]["name"]
        c = next(c for c in item["status"]["conditions"] if c["type"] == "Ready")
        text = f"Ready={c['status']} {c['reason']}: {c['message']}" if name in names else ""
        observations.append({**seen("node", "ready", "", name, text), "target": name})
        bad += [f"{name} {text}"] if text else []
    return finding("nodes", f"{len(bad)} of {len(data['nodes'])} nodes: {', '.join(bad)}", step="every node is Ready",
                   observations=observations, path=[{"kind": "Node", "namespace": "", "name": n} for n in NODES])


def on_path(kind: str, name: str, namespace: str = SPACE) -> dict[str, str]:
    return {"kind": kind, "namespace": namespace, "name": name}


def one(check: Finding, data: dict[str, Any], *others: Finding) -> Diagnosis:
    """The diagnosis of the first finding."""
    return diagnose([check, *others], data)[check.check]


def cause(check: Finding, data: dict[str, Any], *others: Finding) -> tuple[str, str, list[str]]:
    found = one(check, data, *others)
    return found.cause, found.confidence, found.scope


def no_probe(name: str = "n2") -> Any:
    """A node on which the probe did not start."""
    why = "the probe pod is Pending and not ready"
    return finding("nodes", f"1 of 3 nodes did not start a pod: {name} ({why})", step="every Ready node starts a pod",
                   observations=[seen("node", "pod", "", n, why if n == name else "") for n in NODES])
