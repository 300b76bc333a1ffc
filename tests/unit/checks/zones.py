# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster whose name servers answer rightly, wrongly, late or not at all."""
from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.backends import BACKENDS, spread
from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.endpoints import SERVICE_LABEL
from ansible_collections.assay.clusters.plugins.module_utils.checks.dns import Dns
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe

RESOLV = """search assay-0a0b0c0d.svc.cluster.local svc.cluster.local cluster.local corp.test
nameserver 10.96.0.10
options ndots:5
"""
SERVERS = [("10.0.1.1", "coredns-a", "n0"), ("10.0.1.2", "coredns-b", "n1")]
PORTS = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
         {"name": "metrics", "port": 9153, "protocol": "TCP"}]


def slices(service: str, addresses: list[tuple[str, str, str]], ports: list[dict[str, Any]]) -> dict[str, Any]:
    """An EndpointSlice of (address, pod, node)."""
    return {"metadata": {"labels": {SERVICE_LABEL: service}}, "ports": ports,
            "endpoints": [{"addresses": [a], "conditions": {"ready": True}, "nodeName": n,
                           "targetRef": {"name": p}} for a, p, n in addresses]}


class Zone:
    """A name server that answers each node. What is in `silent` and `wrong` (status), and in `others` (records), is looked
    for in "<node> <arguments of dig>"; resolvs: what single nodes are told instead of `resolv`; lost: by the same words,
    how many of the questions that measure latency get no answer."""

    service = {"metadata": {"name": "kube-dns", "namespace": "kube-system"}, "spec": {"clusterIP": "10.96.0.10"}}

    def __init__(self, nodes: int = 2, resolv: str = RESOLV, servers: Any = None, ports: Any = None, addresses: Any = None,
                 **options: Any):
        self.resolv, self.resolvs = resolv, dict[str, str]()
        self.asked: list[tuple[str, list[str]]] = []
        self.silent, self.wrong, self.others = set[str](), dict[str, str](), dict[str, list[tuple[str, str, str]]]()
        self.lost, self.cut = dict[str, int](), set[tuple[str, str]]()
        self.probes = [FakeProbe(f"n{i}", f"10.0.0.{i}", self.dial, self.shell) for i in range(nodes)]
        self.ctx = FakeContext({
            "/api/v1/services": lambda params: {"items": [self.service] if "10.96.0.10" in str(params) else []},
            "/api/v1/namespaces/kube-system/services": {"items": [self.service]},
            "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices": {"items": [
                slices("kube-dns", SERVERS if servers is None else servers, PORTS if ports is None else ports)]},
        }, self.probes, queries=3, **options)
        n, addresses = self.ctx.nonce, addresses or ["10.96.5.5"]
        self.ctx.on_create = lambda m: {**m, "spec": {**m["spec"], "clusterIP": addresses[0], "clusterIPs": addresses}}
        backends = spread(self.probes, BACKENDS)
        self.behind([(p.ip, p.pod, p.node) for p in backends])
        own = f"dns-{n}.{self.ctx.namespace}.svc.cluster.local."
        kinds = [("AAAA" if ":" in a else "A", a) for a in addresses]
        self.right = {
            "kubernetes": [(kinds[0][0], "10.96.0.1")], f"dns-{n}": kinds, f"_http._tcp.{own}": [("SRV", f"0 100 80 {own}")],
            **{a: [("PTR", own)] for a in addresses}, f"headless-{n}": [("A", p.ip) for p in backends],
            "www.test": [("A", "192.0.2.7")], ".": [("NS", "a.root.")]}

    def behind(self, addresses: list[tuple[str, str, str]]) -> None:
        """What the headless Service has as endpoints, (address, pod, node)."""
        self.ctx.items["endpointslices"] = {("ns", "s"): slices(
            f"headless-{self.ctx.nonce}", addresses, [{"name": "http", "port": 8080}])}

    def dial(self, probe: Any, host: str, _port: int, _protocol: str, _tries: int) -> tuple[list[str], list[str]]:
        target = next(p for p in self.probes if p.ip == host)
        return ([], ["timed out"]) if (probe.node, target.node) in self.cut else ([target.pod], [])

    def shell(self, probe: Any, command: str) -> str:
        told = self.resolvs.get(probe.node, self.resolv)
        if command.startswith("cat"):
            return told
        if command.startswith("dig -u"):
            return "".join(self._latencies(probe.node, shlex.split(c)) for c in command.split(";"))
        out, answers = [told] if "cat /etc/resolv.conf;" in command else [], dict[str, str]()
        for line in re.split(r"[&;]", command.split("};", 1)[1]):
            words = shlex.split(line)
            if words[:1] == ["q"]:
                self.asked.append((probe.node, words[2:]))
                answers[words[1]] = self.answer(probe.node, words[2:])
                out.append(f"#{words[1]} {9 if 'timed out' in answers[words[1]] else 0}\n{answers[words[1]]}")
            elif words[:2] == ["dig", "-u"] and "timed out" not in answers["0"]:
                out.append(f"#then\n{self._latencies(probe.node, words)}")
        return "\n".join(out)

    def _latencies(self, node: str, words: list[str]) -> str:
        count = sum(w.startswith("kubernetes.") for w in words)
        lost = next((n for text, n in self.lost.items() if text in " ".join([node, *words])), 0)
        return ";; Query time: 900 usec\n" * (count - lost)

    def answer(self, node: str, arguments: list[str]) -> str:
        words = " ".join([node, *arguments])
        if any(s in words for s in self.silent):
            return ";; connection timed out; no servers could be reached"
        for word, status in self.wrong.items():
            if word in words:
                return f";; ->>HEADER<<- opcode: QUERY, status: {status}, id: 1\n"
        other = next((records for text, records in self.others.items() if text in words), None)
        if other is not None:
            return self._records(other)
        for word, records in sorted(self.right.items(), reverse=True):
            found = next((a for a in arguments if a.startswith(word)), None)
            if found:
                kinds = {"A", "AAAA"} & set(arguments) or {k for k, _d in records}
                return self._records([(f"{found.rstrip('.')}.", k, d) for k, d in records if k in kinds or k in ("PTR", "SRV")])
        return ";; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 1\n"

    @staticmethod
    def _records(records: list[tuple[str, str, str]]) -> str:
        lines = "".join(f"{name} 5 IN {k} {d}\n" for name, k, d in records)
        return f";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n{lines};; Query time: 1 msec\n"

    def run(self) -> FakeContext:
        Dns().run(self.ctx)
        return self.ctx

    def assert_red(self, match: str) -> FakeContext:
        with pytest.raises(StepFailed, match=match):
            self.run()
        return self.ctx
