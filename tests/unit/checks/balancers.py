# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A load balancer as a plain object: what is answered at its address, by the Service as it is now."""
from __future__ import annotations

import json
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.checks._balancer import outside
from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.endpoints import SERVICE_LABEL
from ansible_collections.assay.clusters.plugins.module_utils.checks._balancer.outside import Heard
from ansible_collections.assay.clusters.plugins.module_utils.checks.load_balancer import LoadBalancer
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe, Now, api_error, node

VIP, NODE_PORT, HEALTH_PORT = "203.0.113.7", 30080, 32000
TIMED_OUT = "no answer within 3 s"


class Balancer:
    """A cluster with a load balancer, and the controller that asks it. status: entries of status.loadBalancer.ingress.

    down: the address does not answer; reachable: node addresses do; client: whom pods see with the policy Local; honours:
    source
    ranges; never: pods that are never chosen; stale: the address outlives the Service; after: who answers at it then; held: its
    finalizer stays; health: node -> text at its health port.
    """

    words = "the controller"

    def __init__(self, nodes: int = 3, **options: Any):
        probes = [FakeProbe(f"n{i}", f"10.244.{i}.9") for i in range(nodes)]
        machines = [node(p.node) for p in probes]
        for number, machine in enumerate(machines):
            machine["status"]["addresses"] = [{"type": "InternalIP", "address": f"10.0.0.{number + 1}"}]
            machine["spec"] = {"podCIDRs": [f"10.244.{number}.0/24"]}
        self.ctx = FakeContext(probes=list(probes), nodes=machines, seconds=3000.0, **options)
        self.ctx.on_create, self.ctx.delete = self._created, self._deleted
        self.ctx.client.get, self.ctx.client.patch = self._get, self._patch
        self.status: list[dict[str, Any]] = [{"ip": VIP}]
        self.events: list[dict[str, Any]] = []
        self.lists: dict[str, Any] = {"/apis/apps/v1/deployments": [], "/apis/apps/v1/daemonsets": [], "/api/v1/services": []}
        self.own, self.client, self.after = "198.51.100.4", "198.51.100.4", ""
        self.down = self.stale = self.held = False
        self.reachable = self.honours = True
        self.never: set[str] = set()
        self.health: dict[str, str] = {}
        self.item: dict[str, Any] = {}
        self.turn = 0
        self.patched: list[dict[str, Any]] = []

    # ---- the cluster ------------------------------------------------------------------------------------------
    @property
    def name(self) -> str:
        return f"lb-{self.ctx.nonce}"

    def _created(self, manifest: dict[str, Any]) -> dict[str, Any]:
        spec = {**manifest["spec"], "ports": [{**manifest["spec"]["ports"][0], "nodePort": NODE_PORT}]}
        meta = {**manifest["metadata"], "namespace": self.ctx.namespace, "uid": "a-b-c"}
        self.item = {"metadata": meta, "spec": spec, "status": {"loadBalancer": {"ingress": self.status}}}
        self.ctx.items["services"] = {(self.ctx.namespace, self.name): self.item}
        self.ctx.items["endpointslices"] = {("ns", "s"): {"metadata": {"labels": {SERVICE_LABEL: self.name}}, "endpoints": [
            {"addresses": [p.ip], "targetRef": {"name": p.pod}} for p in self.ctx.probes.all]}}
        return self.item

    def _deleted(self, *_what: Any, **_more: Any) -> None:
        self.item["metadata"]["finalizers"] = ["service.kubernetes.io/load-balancer-cleanup"] if self.held else []
        self.gone = not self.held

    gone = False

    def _get(self, path: str, params: Any = None, **_more: Any) -> Any:
        if path.endswith(f"/services/{self.name}"):
            if self.gone:
                raise api_error(404)
            return self.item
        if path.endswith("/events"):
            return {"items": self.events}
        found = self.lists.get(path, api_error(404))
        if isinstance(found, Exception):
            raise found
        return {"items": found}

    def _patch(self, path: str, body: dict[str, Any], **_more: Any) -> dict[str, Any]:
        if "/services/" in path:
            self.patched.append(body["spec"])
            self.item["spec"].update(body["spec"])
            if body["spec"].get("externalTrafficPolicy") == "Local":
                self.item["spec"]["healthCheckNodePort"] = HEALTH_PORT
        return self.item

    # ---- who asks ---------------------------------------------------------------------------------------------
    def ask(self, host: str, port: int, path: str = "/hostname") -> Heard:
        Now.clock.sleep(0.01)
        if port in (NODE_PORT, HEALTH_PORT):
            return self._at_node(f"n{int(host[-1]) - 1}", port)
        if self.gone and not self.stale:
            return Heard(self.after, "" if self.after else TIMED_OUT, self.own)
        if self.down or (self.item["spec"].get("loadBalancerSourceRanges") == ["192.0.2.0/24"] and self.honours):
            return Heard("", TIMED_OUT, self.own)
        if path == "/clientip":
            return Heard(f"{self.client}:40123", "", self.own)
        pods = [p.pod for p in self.ctx.probes.all if p.node not in self.never]
        self.turn += 1
        return Heard(pods[self.turn % len(pods)], "", self.own)

    def _at_node(self, name: str, port: int) -> Heard:
        if not self.reachable:
            return Heard("", TIMED_OUT, self.own)
        if port == NODE_PORT:
            return Heard(f"probe-{name}", "", self.own)
        text = self.health.get(name, json.dumps({"localEndpoints": 1}))
        return Heard(text, "" if text else "connection refused", self.own)

    def names(self, host: str) -> bool:
        return not self.gone or self.stale

    def run(self, monkeypatch: Any) -> FakeContext:
        monkeypatch.setattr(outside, "asker", lambda _options: self)
        LoadBalancer().run(self.ctx)
        return self.ctx
