# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster's Services as plain functions: which node's questions lead to which pods."""
from __future__ import annotations

import json
import re

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks import service as module
from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.endpoints import SERVICE_LABEL
from ansible_collections.assay.clusters.plugins.module_utils.checks.service import Service
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe

VIP, STICKY, LATE = "10.96.0.1", "10.96.0.2", "10.96.0.3"


class Dataplane:
    """A cluster whose nodes balance over the labelled probes. drops: connections that are lost yet, by node. shut:
    whether policies let no pod talk to another by the end."""

    def __init__(self, nodes=3, second="", **options):
        self.probes = [FakeProbe(f"n{i}", f"10.0.0.{i}", self.later, self.shell) for i in range(nodes)]
        self.ctx = FakeContext(probes=self.probes, **options)
        self.ctx.on_create = self.created
        self.ctx.client.patch = self.patch
        self.turn, self.selected, self.second = {}, True, second
        self.flushed, self.stale, self.silent, self.never, self.rotating, self.page = set(), False, False, set(), False, ""
        self.backends: list[FakeProbe] = []
        self.connects, self.drops, self.requests, self.mute, self.lost_family = {}, {}, [], set(), set()
        self.apart, self.lossy, self.shut = set(), set(), False
        self.ctx.items["pods"] = {("ns", p.pod): {"metadata": {"name": p.pod}, "status": {"podIPs": [
            {"ip": p.ip}, *([{"ip": f"fd00::{p.ip[-1]}"}] if second else [])]}} for p in self.probes}

    def created(self, manifest):
        kind = manifest["metadata"]["name"].partition("-")[0]
        address = {"svc": VIP, "sticky": STICKY, "late": LATE}[kind]
        both = [address, *([self.second] if self.second and "ipFamilyPolicy" in manifest["spec"] else [])]
        self._slices()
        return {**manifest, "spec": {**manifest["spec"], "clusterIP": address, "clusterIPs": both}}

    def patch(self, path, body, **_more):
        if "/pods/" in path:
            self.backends += [p for p in self.probes if path.endswith(f"/{p.pod}")]
        if "/services/svc" in path:
            self.selected = not body["spec"]["selector"][module.LABEL].startswith("none")
            self._slices()
        return {}

    def _slices(self):
        def of(name, pods, family="IPv4"):
            return {"metadata": {"labels": {SERVICE_LABEL: f"{name}-{self.ctx.nonce}"}}, "addressType": family,
                    "ports": [{"name": "http", "port": 8080}],
                    "endpoints": [{"addresses": [p.ip], "conditions": {"ready": True}, "nodeName": p.node,
                                   "targetRef": {"kind": "Pod", "name": p.pod}} for p in pods]}

        there, away = (self.backends, []) if self.selected else ([], self.backends)
        self.ctx.items["endpointslices"] = {("ns", "s"): of("svc", there), ("ns", "l"): of("late", away),
                                            ("ns", "6"): of("svc", there if self.second else [], "IPv6")}

    def dial(self, source, host, count):
        if host not in (VIP, STICKY, LATE, self.second):
            lost = count if source.node in self.apart else 1 if source.node in self.lossy and count > 1 else 0
            pod = next((p.pod for p in self.probes if p.ip == host), f"probe-n{host[-1]}")
            return [pod] * (count - lost), ["i/o timeout"] * lost
        if source.node in self.flushed or (host == self.second and source.node in self.lost_family):
            return [], ["dial tcp 10.96.0.1:80: i/o timeout"] * count
        if host == (VIP if not self.selected else LATE) and not self.stale:
            if self.page:
                return [self.page] * count, []
            return [], [("i/o timeout" if self.silent else "connect: connection refused")] * count
        pods = [p.pod for p in self.backends if p.node not in self.never]
        dropped = min(count, self.drops.get(source.node, 0)) if host == VIP and count > 1 else 0
        self.drops[source.node] = self.drops.get(source.node, 0) - dropped
        out = []
        for _try in range(count - dropped):  # by source: they ask at the same time
            self.turn[source.node] = self.turn.get(source.node, 0) + (host != STICKY or self.rotating)
            out.append(pods[self.turn[source.node] % len(pods)])
        return out, ["i/o timeout"] * dropped

    def later(self, _source, host, _port, _protocol, _tries):
        """A question of its own, when the Service has been asked."""
        return ([], ["i/o timeout"]) if self.shut else ([p.pod for p in self.probes if p.ip == host], [])

    def _get(self, source, name, host):
        answers, errors = self.dial(source, host, 1)
        return f"{name} get 28 curl: (28) {errors[0]}" if errors else f"{name} get 0 {answers[0]}"

    def _dialled(self, source, name, host, count):
        answers, errors = self.dial(source, host, count)
        said = {**({"responses": answers} if answers else {}), **({"errors": errors} if errors else {})}
        return f"{name} dial 0 {json.dumps(said)}" if source.node not in self.mute else f"{name} dial 7 curl: (7) refused"

    def _connected(self, node, target):
        """connects: what a node gets from a target; a list is what it gets one after the other."""
        said = self.connects.get((node, target), "OK")
        return said if isinstance(said, str) else said.pop(0) if said else "OK"

    def shell(self, source, command):
        self.requests.append(source.node)
        if "/agnhost connect" in command:
            return "\n".join(f"{n} {self._connected(source.node, target)}"
                             for n, target in re.findall(r"c (\d+) ([\d.:\[\]a-f]+)&", command))
        lines = []
        for call, name, host, count in re.findall(r"([gdv]) (\S+) (\S+) \d+ (\d+)&", command):
            host = host.strip("[]")
            first = self._get(source, name, host) if call in "gv" else ""
            lines += [first] if first else []
            if call == "d" or " get 0 " in first and call == "v":
                lines.append(self._dialled(source, name, host, int(count)))
                if call == "v" and "errors" not in lines[-1]:
                    lines.append(self._dialled(source, name, host, int(count)))
        return "\n".join(lines)

    def run(self):
        Service().run(self.ctx)
        return self.ctx

    def fails(self, words):
        with pytest.raises(StepFailed, match=words):
            Service().run(self.ctx)
        return self.ctx


def user_service(plane, selector, ready, **spec):
    """A Service of the user's in front of so many pods; spec: more of its settings."""
    path = "/api/v1/namespaces/shop/services/web"
    plane.ctx.client.answers[path] = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"clusterIP": "10.96.7.7", "selector": selector, **spec,
                 "ports": [{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}]}}
    plane.ctx.client.answers["/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"] = {"items": [{
        "metadata": {"labels": {SERVICE_LABEL: "web"}}, "ports": [{"name": "http", "port": 8000}],
        "endpoints": [{"addresses": [f"10.0.1.{i}"], "conditions": {"ready": True}, "nodeName": f"n{i}",
                       "targetRef": {"name": f"web-{i}"}} for i in range(ready)]}]}
    plane.ctx.client.answers["/api/v1/namespaces/shop/pods"] = {"items": []}
    return plane
