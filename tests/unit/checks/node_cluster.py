# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster of three good nodes for the check of nodes, small ways to spoil one, and time that goes on meanwhile."""
from __future__ import annotations

import datetime
import functools

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks.nodes import Nodes
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive, StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.engine.fleet import Choice
from ansible_collections.assay.clusters.plugins.module_utils.engine.probes import APP
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeClient, FakeContext, FakeProbe, Now, fleet

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
BEGAN = datetime.datetime(2026, 11, 21, 1, 50, tzinfo=datetime.timezone.utc)


def passed():
    """Seconds since the check began."""
    return Now.clock.passed - getattr(Now.clock, "began", 0.0)


def stamp(seconds):
    """The time so many seconds after the check began."""
    return (BEGAN + datetime.timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def node(name, age=None, labels=None, taints=(), annotations=None, **info):
    """age: seconds since it registered, very long if not said."""
    conditions = [{"type": f"{t}Pressure", "status": "False", "message": ""} for t in ("Memory", "Disk", "PID")]
    conditions.append({"type": "Ready", "status": "True", "reason": "KubeletReady",
                       "lastHeartbeatTime": "2026-11-21T01:46:22Z"})
    born = {} if age is None else {"creationTimestamp": stamp(-age)}
    return {"metadata": {"name": name, "labels": {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", **(labels or {})},
                         "annotations": annotations or {}, **born},
            "spec": {"taints": [{"effect": "NoSchedule", **t} for t in taints]},
            "status": {"conditions": conditions, "nodeInfo": {
                "kubeletVersion": "v1.36.1", "containerRuntimeVersion": "containerd://2.1", "kernelVersion": "6.12",
                "osImage": "Debian", **info}}}


def lease(name, renewed="2026-11-21T01:49:55.123456Z"):
    return {"metadata": {"name": name}, "spec": {"renewTime": renewed}}


def noted(item, when):
    """The Lease as an API server keeps it that notes when it was renewed."""
    item["metadata"]["managedFields"] = [{"time": when, "fieldsV1": {"f:spec": {"f:renewTime": {}}}}]
    return item


def beating(name, ahead=0.0, note=True, way=0.0):
    """The Lease of a kubelet that renews it every 10 s, as it is now. ahead: its clock; way: seconds that renewals take."""
    renewed = 10 * int((passed() + 5) // 10) - 5
    item = lease(name, stamp(renewed + ahead))
    return noted(item, stamp(renewed + way)) if note else item


def summary(free):
    fs = {"availableBytes": free, "capacityBytes": 100, "inodesFree": 90, "inodes": 100}
    return {"node": {"fs": fs, "runtime": {"imageFs": {"availableBytes": free, "capacityBytes": 100}}}}


def probe_pod(name, bound=True, status=None):
    """A probe's pod for a node, which waits; bound: whether the scheduler has given it the node."""
    fields = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]}
    place = {"nodeName": name} if bound else {"affinity": {"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [fields]}}}}
    return {"metadata": {"name": f"probe-{name}", "labels": dict(APP)}, "spec": place, "status": status or {"phase": "Pending"}}


def kubelet_event(pod, reason, message="", kind="Normal", at=0.0):
    return {"metadata": {"name": f"{pod}.{reason}"}, "reason": reason, "message": message, "type": kind,
            "lastTimestamp": stamp(at), "involvedObject": {"kind": "Pod", "name": pod}, "source": {"component": "kubelet"}}


class _Client(FakeClient):
    """The API server's clock goes with the time of the test."""

    def get(self, path, params=None, with_headers=False, **more):
        answer = super().get(path, params, **more)
        now = BEGAN + datetime.timedelta(seconds=int(passed()))
        return (answer, {"Date": now.strftime("%a, %d %b %Y %H:%M:%S GMT")}) if with_headers else answer


class Cluster:
    """Three good nodes; tests spoil one. leases: objects, or functions for one that changes. here: seconds that the
    controller's clock is ahead."""

    def __init__(self, names=("n0", "n1", "n2"), **options):
        self.names = list(names)
        self.nodes = {n: node(n) for n in self.names}
        self.leases = {n: functools.partial(beating, n) for n in self.names}
        self.missing, self.options, self.stats = {}, options, {n: summary(80) for n in self.names}
        self.choice, self.pods, self.events, self.seconds = Choice(), [], [], 95.0
        self._later, self.here = [], 0.0

    def later(self, seconds, action):
        """What happens while the check looks."""
        self._later.append((seconds, action))

    def gone(self, name):
        del self.fleet.watch.there[name]
        self.leases.pop(name, None)

    def condition(self, name, kind, **values):
        next(c for c in self.nodes[name]["status"]["conditions"] if c["type"] == kind).update(values)

    def not_ready(self, name, message="cni plugin not initialized"):
        self.condition(name, "Ready", status="False", reason="KubeletNotReady", message=message)

    def well(self, name):
        self.condition(name, "Ready", status="True", reason="KubeletReady", message="")

    def _leases(self, _params):
        return {"items": [i() if callable(i) else i for i in self.leases.values()]}

    def run(self, known=True, **instead):
        """known: whether nodes may be listed. instead: other answers, by path."""
        answers = {"/version": {"gitVersion": "v1.36.1"}, LEASES: self._leases}
        answers |= {f"/api/v1/nodes/{n}/proxy/stats/summary": s for n, s in self.stats.items()} | instead
        self.fleet = fleet(list(self.nodes.values()), self.choice)
        self.fleet.known = known
        there = [n for n in self.fleet.asked if n not in self.missing]
        self.ctx = FakeContext(answers, [FakeProbe(n, "10.0.0.1") for n in there], self.missing, **self.options)
        self.ctx.fleet, self.ctx.client, self.ctx.probes.seconds = self.fleet, _Client(answers), self.seconds
        self.ctx.items = {"pods": {("s", p["metadata"]["name"]): p for p in self.pods},
                          "events": {("s", e["metadata"]["name"]): e for e in self.events}}
        Now.clock.began = Now.clock.passed
        Now.clock.wall = BEGAN.timestamp() - Now.clock.began + self.here
        for seconds, action in self._later:
            Now.clock.after(seconds, action)
        Nodes().run(self.ctx)
        return self.ctx

    def assert_red(self, match, kind=StepFailed, **instead):
        with pytest.raises(kind, match=match):
            self.run(**instead)
        return self.ctx

    def assert_open(self, match, **instead):
        return self.assert_red(match, Inconclusive, **instead)
