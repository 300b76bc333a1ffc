"""Cluster runs as the engine makes them: healthy, a node powered off, one cause on two clusters, a wrong image."""
from __future__ import annotations

import random
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.results.record import (
    FAILED, INCONCLUSIVE, PASSED, SKIPPED, WARNED, Record, worst)

CHECKS = (("control_plane", "api_server"), ("dns", "dns"), ("network", "pod_network"), ("network", "service"),
          ("nodes", "nodes"), ("storage", "storage"))
_BOUNDS = {"api_server": (10, 60), "dns": (30, 180), "pod_network": (40, 240), "service": (40, 240),
           "nodes": (20, 120), "storage": (60, 300)}


def measured(name: str, value: float, unit: str = "ms") -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit}


def _measurements(check: str, rng: random.Random) -> list[dict[str, Any]]:
    def about(value: float) -> float:
        return round(value * rng.uniform(0.7, 1.6), 2)

    nodes = ("n1", "n2", "n3")
    return {
        "api_server": [measured("list request", about(4.1)), measured("write and read back", about(11.8)),
                       measured("watch event", about(7.4))],
        "dns": [measured(f"service name from {n}", about(2.2)) for n in nodes]
        + [measured("external name", about(18)), measured("new record visible", about(640))],
        "pod_network": [measured("between nodes", about(0.9)) for _i in range(6)] + [
            measured("same node", about(0.2)) for _i in range(3)] + [measured("throughput", about(940), "MB/s")],
        "service": [measured("first answer by service address", about(1.4), "s"), measured("answer", about(1.9))],
        "nodes": [measured("clock skew", about(0.02), "s"), measured("pod start", about(1.8), "s")],
        "storage": [measured("volume bound", about(3.2), "s"), measured("volume mounted elsewhere", about(6.8), "s"),
                    measured("write", about(210), "MB/s")],
    }.get(check, [measured("first success", about(50))])


def record(cluster: str, domain: str, check: str, verdict: str = PASSED, rng: random.Random | None = None,
           **fields: Any) -> dict[str, Any]:
    rng = rng or random.Random(f"{cluster}{check}")
    expected, limit = _BOUNDS.get(check, (30, 300))
    base = {"seconds": round(expected * rng.uniform(0.08, 0.6), 3), "started": "2026-03-14T09:26:53.589+00:00",
            "expected": expected, "limit": limit, "run_id": "3f9a21c0"}
    if verdict in (PASSED, WARNED):
        base["measurements"] = _measurements(check, rng)
    return Record(cluster, domain, check, verdict, **{**base, **fields}).to_dict()


def run(cluster: str, records: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    verdicts = [r["verdict"] for r in records]
    return {"cluster": cluster, "run_id": "3f9a21c0", "server": f"https://{cluster}.k8s.example.com:6443",
            "version": "v1.34.2", "started": "2026-03-14T09:26:53.120+00:00",
            "seconds": round(max([r["seconds"] for r in records], default=0) + 2.4, 3), "verdict": worst(verdicts),
            "counts": {v: verdicts.count(v) for v in (PASSED, WARNED, FAILED, SKIPPED, INCONCLUSIVE)},
            "records": records, "leftovers": [], "transport": "pod-proxy", "requests": 184, "connections": 9,
            "journal": "/home/ci/.local/state/assay/3f9a21c0.json", **fields}


def healthy(cluster: str = "prod-eu-1") -> dict[str, Any]:
    records = [record(cluster, domain, check) for domain, check in CHECKS]
    records[-1].update(verdict=WARNED, message="took 71 s, expected at most 60 s", seconds=71.3)
    return run(cluster, records)


def node_down(cluster: str = "prod-eu-2", node: str = "ip-10-40-3-17.eu-west-1.compute.internal") -> dict[str, Any]:
    """A node powered off; the network checks only follow from it."""
    code, scope = "node.unreachable", [f"node/{node}"]
    root = {"cause": code, "layer": 2, "confidence": "confirmed", "scope": scope,
            "remedy": "Bring the machine or its kubelet back, or remove the node from the cluster "
            "if it is gone for good.",
            "next_command": f"kubectl --context {cluster} describe node {node}",
            "observed": {"expected": 3, "ready": 2},
            "evidence": [f"node/{node}: Ready=Unknown since 2026-03-14T09:24:11Z (NodeStatusUnknown: Kubelet "
                         "stopped posting node status.)", f"lease kube-node-lease/{node} renewed 162 s ago",
                         f"event NodeNotReady Node {node} status is now: NodeNotReady",
                         "probe on n1 -> 10.40.3.17:10250: connect: no route to host"]}
    follow = {"cause": "net.node-isolated", "layer": 7, "confidence": "probable", "scope": scope,
              "consequence_of": code}
    records = {r["check"]: r for r in (record(cluster, d, c) for d, c in CHECKS)}
    records["nodes"] = record(cluster, "nodes", "nodes", FAILED, **root, message=f"node {node} is not ready",
                              step="every node runs a new pod", seconds=41.2)
    records["pod_network"] = record(
        cluster, "network", "pod_network", FAILED, **follow,
        message="no answer from 2 of 6 pairs of nodes: n1 to n3, n2 to n3",
        step="a pod on every node reaches a pod on every other node", seconds=63.7,
        evidence=["n1 -> n3 dial tcp 10.244.3.8:8080: i/o timeout", "n2 -> n3 dial tcp 10.244.3.8:8080: i/o timeout"])
    records["service"] = record(
        cluster, "network", "service", FAILED, **follow, message="3 of 20 answers by service address missing",
        step="all endpoints answer by the service address", seconds=58.0,
        evidence=["endpoint 10.244.3.9 did not answer within 5 s"])
    return run(cluster, list(records.values()), leftovers=[f"pod/probe-x7k2p (node {node} does not answer)"])


def same_cause(cluster: str) -> dict[str, Any]:
    """CoreDNS cannot reach its forwarders: the same on every cluster behind that firewall."""
    records = {r["check"]: r for r in (record(cluster, d, c) for d, c in CHECKS)}
    records["dns"] = record(
        cluster, "dns", "dns", FAILED, cause="dns.upstream", layer=7, confidence="confirmed", seconds=34.9,
        message="example.com does not resolve, names of the cluster do", scope=["deployment/kube-system/coredns"],
        step="a pod resolves an external name from every node",
        remedy="Let CoreDNS reach its forwarders: check /etc/resolv.conf of the nodes and egress on "
        "port 53 (UDP and TCP).",
        next_command=f"kubectl --context {cluster} -n kube-system logs -l k8s-app=kube-dns --tail=50 | grep -i timeout",
        evidence=["[ERROR] plugin/errors: 2 example.com. A: read udp 10.244.1.4:41873->10.0.0.2:53: i/o timeout",
                  "n1: kubernetes.default.svc.cluster.local NOERROR in 2 ms", "n1: example.com SERVFAIL in 4003 ms"])
    return run(cluster, list(records.values()))


def image_missing(cluster: str = "edge-01") -> dict[str, Any]:
    """The probes' image is not in the mirror: nothing could be tested that needs a probe."""
    image = "registry.example.com/mirror/agnhost:2.53@sha256:" \
        "7e8bdd271312fd25fc5ff5a8f04727be84044eb3d7d8d03611972a6752e2e11e"
    root = {"cause": "image.not-found", "layer": 5, "confidence": "confirmed", "scope": [f"image/{image}"],
            "remedy": "Copy the image to the mirror, or map it with validate_images.",
            "message": "no probe became ready: "
            f"{image}: not found", "step": "probes start on every node",
            "next_command": f"crictl pull {image}",
            "evidence": [f'Failed to pull image "{image}": rpc error: code = NotFound desc = '
                         'failed to resolve reference: not found',
                         "pod assay-3f9a21c0/probe-8xq2c: ImagePullBackOff on all 3 nodes"]}
    records = [record(cluster, d, c, INCONCLUSIVE, **root) if c in ("dns", "pod_network",
                                                                    "service") else record(cluster, d, c)
               for d, c in CHECKS]
    records[-1] = record(cluster, "storage", "storage", SKIPPED, message="the cluster has no StorageClass", seconds=0.2)
    return run(cluster, records, version="v1.33.5")


def estate() -> list[dict[str, Any]]:
    """Five clusters, three causes."""
    return [healthy(), node_down(), same_cause("qa-eu-1"), same_cause("qa-us-1"), image_missing()]


_DOMAINS = ("control_plane", "nodes", "network", "dns", "storage", "load_balancing", "ingress", "observability")
_CODES = (("node.unreachable", 2), ("dns.upstream", 7), ("svc.dataplane", 7), ("image.throttled", 5),
          ("storage.attach-stuck", 6),
          ("cert.expiring", 9), ("quota.exceeded", 3), ("lb.not-provisioned", 8), ("net.mtu", 7))


def fleet(clusters: int = 20, checks: int = 40, failing: float = 0.12, seed: int = 7) -> list[dict[str, Any]]:
    """Many clusters with many checks; failing is the share of checks that did not pass (1: all of them failed)."""
    rng, runs = random.Random(seed), []
    names = [(_DOMAINS[i * len(_DOMAINS) // checks], f"check_number_{i + 1:02d}") for i in range(checks)]
    for number in range(clusters):
        cluster, records = f"shop-{'qa' if number % 4 == 0 else 'prod'}-{number + 1:02d}", []
        troubled = failing >= 1 or number % 3 == 0
        for domain, check in names:
            if not troubled or rng.random() >= failing:
                verdict = rng.choices((PASSED, WARNED, SKIPPED), (92, 3, 5))[0]
                message = {WARNED: "slower than expected", SKIPPED: "needs a load balancer"}.get(verdict, "")
                records.append(record(cluster, domain, check, verdict, rng, message=message))
                continue
            code, layer = rng.choice(_CODES)
            verdict = FAILED if failing >= 1 else rng.choices((FAILED, INCONCLUSIVE), (4, 1))[0]
            records.append(record(cluster, domain, check, verdict, rng, cause=code, layer=layer, confidence=rng.choice(
                ("confirmed", "probable", "suspected")), message=f"the claim of {check} is not met",
                step="what a user would do", scope=[f"node/{cluster}-n{rng.randint(1, 9)}"],
                evidence=[f"line {i} of what {cluster} said about {check}" for i in range(4)],
                remedy=f"What to do about {code}.",
                next_command=f"kubectl --context {cluster} get events -A | grep {check}"))
        runs.append(run(cluster, records))
    return runs
