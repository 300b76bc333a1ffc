# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A network of pods as plain functions: which questions get through."""
from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks.pod_network import PodNetwork
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe


class Network:
    """Which questions get through; broken(source, target, variant) -> bool. largest: of the bodies that pass where large
    ones are broken; mute: probes whose own servers do not ask."""

    def __init__(self, nodes, broken=lambda s, t, v: False, listens="", families=False):
        self.broken, self.listens, self.asked, self.commands = broken, listens, [], []
        self.largest, self.mute, self.families = 1200, set(), families
        self.probes = [FakeProbe(f"n{i}", f"10.0.0.{i}", self.dial, self.shell) for i in range(nodes)]
        self.by_ip = {p.ip: p for p in self.probes}
        self.ctx = FakeContext(probes=self.probes)
        self.ctx.on_create = self.created
        self.ctx.items["pods"] = {("ns", p.pod): self.pod(p.pod, p.node, p.ip, f"fd00::{p.ip[-1]}") for p in self.probes}

    def pod(self, name, node, ip, second=""):
        both = [{"ip": ip}, *([{"ip": second}] if self.families and second else [])]
        return {"metadata": {"name": name}, "spec": {"nodeName": node}, "status": {
            "podIP": ip, "podIPs": both, "conditions": [{"type": "Ready", "status": "True"}]}}

    def created(self, manifest):
        name = manifest["metadata"]["name"]
        node = manifest["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
            "nodeSelectorTerms"][0]["matchFields"][0]["values"][0]
        ip = f"10.1.0.{len(self.by_ip)}"
        self.by_ip[ip] = SimpleNamespace(node=node, pod=name, second=True)
        self.ctx.items["pods"]["ns", name] = self.pod(name, node, ip)
        return manifest

    def _questions(self, number, source, target, more):
        def lost(variant):
            return self.broken(source.node, target.node, f"second-{variant}" if hasattr(target, "second") else variant)

        if lost("small"):
            yield f"{number} small 28 curl: (28) Connection timed out 5.0"
        else:
            yield f"{number} small 0 {target.pod} 0.001"
            if lost("large"):
                yield f"{number} large 28 curl: (28) Operation timed out with 0 bytes received|5.0"
                yield from (f"{number} body-{n} " + ("0 same 0.001" if n <= self.largest else "28 curl: (28) late|2.0")
                            for n in (1200, 400) if n == 1200 or self.largest < 1200)
            else:
                yield f"{number} large 0 same 0.002"
        if source.node in self.mute or not more:
            return
        family, closed = more
        yield f"{number} udp 0 " + ('{"errors":["i/o timeout"]}' if lost("udp") else f'{{"responses":["{target.pod}"]}}')
        if family != "-":
            yield f"{number} family " + ("28 curl: (28) late 5.0" if lost("family") else f"0 {target.pod} 0.001")
        if closed == "c":
            yield f"{number} closed 0 " + (f'{{"responses":["{self.listens}"]}}' if self.listens else
                                           '{"errors":["connect: connection refused"]}')

    def dial(self, source, host, _port, _protocol, _tries):
        """A later question; variant "later" of `broken`."""
        target = self.by_ip[host]
        return ([], ["i/o timeout"]) if self.broken(source.node, target.node, "later") else ([target.pod], [])

    def shell(self, source, command):
        self.commands.append(source.node)
        lines = []
        for number, ip, *more in re.findall(r"q (\d+) ([\d.]+)&(?:o \d+ [\d.]+ (\S+) ([c-])&)?", command):
            target = self.by_ip[ip]
            self.asked.append((source.node, target.node))
            lines += self._questions(number, source, target, more if any(more) else None)
        return "\n".join(lines)

    def run(self):
        PodNetwork().run(self.ctx)
        return self.ctx

    def fails(self, words):
        with pytest.raises(StepFailed, match=words):
            PodNetwork().run(self.ctx)
        return self.ctx
