# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster with an autoscaler, as plain data that changes with the test's clock; tests spoil a part of it."""
from __future__ import annotations

from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.checks._scaling.seeker import TAKEN
from ansible_collections.assay.clusters.plugins.module_utils.checks.node_autoscaling import NodeAutoscaling
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe, NodeWatch, Now, api_error, node

SPACE, NEVER = FakeContext.namespace, 1e9
SEEKER = f"seeker-{FakeContext.nonce}-0"
UNSCHEDULABLE = "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules."
_EVENTS, _DEPLOYMENTS = f"/api/v1/namespaces/{SPACE}/events", "/apis/apps/v1/deployments"
_KARPENTER = "/apis/karpenter.sh/v1"


class _Probe(FakeProbe):
    def beside(self, where: str, pod: str, ip: str) -> _Probe:
        other = _Probe(where, ip, self._dial, self._shell)
        other.pod = pod
        return other


class _Nodes(NodeWatch):
    """new() is the name of the one more that is there now."""

    def __init__(self, nodes: list[dict[str, Any]], world: Scaled):
        super().__init__(nodes)
        self.world = world

    def items(self) -> dict[Any, Any]:
        return {**super().items(), **{("", n["metadata"]["name"]): n for n in self.world.new_nodes()}}


class Scaled:
    """Seconds: after the pod was made until the autoscaler decides, a machine joins, gets Ready; after the pod's end until its node goes.

    events: (reason, message, who) on our pod; of_node: on the node and its claim; guests: pods of others on the new node.
    takes_off, refuses: how many of our pods are deleted as they get their node, and are ended there by its kubelet. moves_to: the node that
    comes for the one after them, while the other one stays.
    """

    def __init__(self, **options: Any):
        self.options = {"allow": True, **options}
        self.decides, self.joins, self.ready, self.goes = 5.0, 30.0, 40.0, 60.0
        self.nodes = [node(n) for n in ("n1", "n2", "n3")]
        self.new, self.moves_to, self.labels = "n9", "", dict[str, str]()
        self.events: list[tuple[str, str, str]] = []
        self.of_node: list[tuple[str, str]] = []
        self.guests: list[dict[str, Any]] = []
        self.status = "autoscalerStatus: Running\n"
        self.launched, self.available, self.old, self.dials = True, 1, "", True
        self.answers: dict[str, Any] = {}
        self.made = self.ended = NEVER
        self.message = ""
        self.takes_off, self.refuses, self.pods, self.deleted = 0, 0, 0, 0

    # ---- what there is ----------------------------------------------------------------------------------------
    @property
    def _age(self) -> float:
        return Now.clock.monotonic() - self.made

    def new_nodes(self) -> list[dict[str, Any]]:
        there = self._age >= self.joins and Now.clock.monotonic() - self.ended < self.goes
        names = [self.new, *([self.moves_to] if self.moves_to and self.pods > 1 else [])]
        items = [node(name, **self.labels) for name in names if there]
        for item in items if self._age < self.ready else ():
            item["status"]["conditions"] = [{"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "cni plugin not initialized"}]
        return items

    def _pod(self) -> dict[str, Any]:
        """As it is; empty while there is none."""
        there_for, on_new = self._age - max(self.joins, self.ready), {"metadata": {"name": SEEKER}, "spec": {"nodeName": self.new}}
        if self.deleted == self.pods or there_for >= 2 and self.pods <= self.takes_off:
            return {}
        if there_for >= 0 and self.pods <= self.takes_off:
            target = {"type": "DisruptionTarget", "reason": "DeletionByTaintManager", "message": "Taint manager: deleting due to NoExecute taint"}
            return {**on_new, "status": {"phase": "Pending", "conditions": [target]}}
        if there_for >= 0 and self.pods <= self.refuses:
            return {**on_new, "status": {"phase": "Failed", "reason": "OutOfcpu", "message": "Node didn't have enough resource: cpu"}}
        new = self.moves_to if self.pods > 1 and self.moves_to else self.new
        placed = self.old if self._age > 2 and self.old else new if self._age >= max(self.joins, self.ready) else ""
        waits = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": UNSCHEDULABLE}
        conditions = [{"type": "Ready", "status": "True"}] if placed else [waits] if self._age > 1 and not self.old else []
        return {"metadata": {"name": SEEKER}, "spec": {"nodeName": placed} if placed else {}, "status": {"podIP": "10.9.0.9", "conditions": conditions}}

    def _claims(self, _params: Any) -> dict[str, Any]:
        if self._age < self.decides or Now.clock.monotonic() - self.ended >= self.goes:
            return {"items": []}
        stages = [("Launched", self.launched), ("Registered", self._age >= self.joins), ("Initialized", self._age >= self.ready)]
        conditions = [{"type": t, "status": "True" if ok else "Unknown", "reason": t if ok else "LaunchFailed" if t == "Launched" else "NodeNotFound",
                       "message": "" if ok else "Node not registered with cluster"} for t, ok in stages]
        return {"items": [{"metadata": {"name": "lab-x7"}, "status": {
            "conditions": conditions, **({"nodeName": self.new} if self._age >= self.joins else {})}}]}

    def _said(self, _params: Any) -> dict[str, Any]:
        told = list(self.events)
        if self._age >= self.decides and _KARPENTER + "/nodepools" in self.answers:
            told.append(("Nominated", "Pod should schedule on: nodeclaim/lab-x7", "karpenter"))
        told.append(("FailedScheduling", UNSCHEDULABLE, "default-scheduler"))
        return {"items": [{"metadata": {}, "reason": r, "message": m, "source": {"component": c}} for r, m, c in told]}

    # ---- which autoscaler -------------------------------------------------------------------------------------
    def karpenter(self, group: str = "karpenter.k8s.aws", **pool: Any) -> Scaled:
        spec = {"template": {"spec": {"nodeClassRef": {"group": group}, **pool}}}
        self.answers.update({f"{_KARPENTER}/nodepools": {"items": [{"metadata": {"name": "lab"}, "spec": spec}]}, f"{_KARPENTER}/nodeclaims": self._claims})
        return self.workload("karpenter", "app.kubernetes.io/name=karpenter") if group == "karpenter.k8s.aws" else self

    def cluster_autoscaler(self, written: str = "2026-11-21 01:49:55.1 +0000 UTC") -> Scaled:
        self.answers["/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status"] = {
            "metadata": {"annotations": {"cluster-autoscaler.kubernetes.io/last-updated": written}}, "data": {"status": self.status}}
        self.events = [("TriggeredScaleUp", "pod triggered scale-up: [{workers 1->2 (max: 3)}]", "cluster-autoscaler")]
        return self

    def workload(self, name: str, selector: str) -> Scaled:
        item = {"metadata": {"name": name, "namespace": "kube-system"}, "spec": {"replicas": 2}}

        def there(params: Any) -> dict[str, Any]:
            mine = (params or {}).get("labelSelector") == selector
            return {"items": [{**item, "status": {"availableReplicas": self.available}}] if mine else []}

        self.answers[_DEPLOYMENTS] = there
        return self

    # ---- the run ----------------------------------------------------------------------------------------------
    def context(self) -> FakeContext:
        def dial(_probe: Any, host: str, _port: int, _protocol: str, _tries: int) -> tuple[list[str], list[str]]:
            names = {p.ip: p.pod for p in probes} | {"10.9.0.9": SEEKER}
            return ([names[host]], []) if self.dials else ([], ["i/o timeout"])

        probes = [_Probe(n["metadata"]["name"], f"10.9.0.{i}", dial, lambda _p, c: "search a.svc.k8s.test svc.k8s.test\n" if "resolv" in c else "10.96.0.1\n")
                  for i, n in enumerate(self.nodes)]
        told = {"items": [{"metadata": {}, "reason": r, "message": m} for r, m in self.of_node]}
        self.ctx = ctx = FakeContext({_DEPLOYMENTS: {"items": []}, _EVENTS: self._said, "/api/v1/namespaces/default/events": lambda _p: told,
                                      "/api/v1/pods": lambda _p: {"items": self.guests}, **self.answers}, probes, seconds=9000.0, nodes=self.nodes,
                                     **self.options)
        ctx.fleet.watch = _Nodes(self.nodes, self)
        ctx.client.now = lambda: 1795225800.0  # 2026-11-21 01:50:00 UTC
        ctx.items["pods"] = _Live({}, self._pod)
        ctx.on_create = self._create
        remove = ctx.delete

        def delete(kind: str, name: str, **more: Any) -> None:
            if name == SEEKER:
                self.deleted = self.pods
                self.ended = Now.clock.monotonic()
            remove(kind, name, **more)

        ctx.delete = delete
        return ctx

    def _create(self, manifest: dict[str, Any]) -> dict[str, Any]:
        if manifest["metadata"]["name"] == SEEKER:
            self.manifest, self.made, self.ended = manifest, min(self.made, Now.clock.monotonic()), NEVER
            self.pods += 1
        return manifest

    def run(self) -> FakeContext:
        check, ctx = NodeAutoscaling(), self.context()
        check.bounds(ctx.options)
        assert check.applies(ctx) == ""
        check.run(ctx)
        return ctx

    def taken(self) -> list[str]:
        """Nodes on which a pod was made that keeps ours off."""
        return sorted(m["spec"]["nodeName"] for m in self.ctx.created if TAKEN in m["metadata"]["labels"] and m is not self.manifest)


class _Live(dict[Any, Any]):
    """Pods of the run, and ours as it is now."""

    def __init__(self, pods: dict[Any, Any], ours: Any):
        super().__init__(pods)
        self._ours = ours

    def get(self, key: Any, default: Any = None) -> Any:
        return self._ours() if key == (SPACE, SEEKER) else super().get(key, default)

    def __contains__(self, key: Any) -> bool:
        return key == (SPACE, SEEKER) or super().__contains__(key)

    def __getitem__(self, key: Any) -> Any:
        return self._ours() if key == (SPACE, SEEKER) else super().__getitem__(key)


__all__ = ["SEEKER", "Scaled", "api_error", "node"]
