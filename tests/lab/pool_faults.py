# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults of nodes as members of a pool: taken away as an autoscaler does it, and full."""
from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

from . import node
from .base import run, wait_for

if TYPE_CHECKING:
    from .cluster import Lab

_KUBELET = "/etc/kubernetes/kubelet.yaml"
_SYSTEM_PODS = "/api/v1/namespaces/kube-system/pods"


class PoolFaults:
    """What `Faults` does with whole nodes that are well."""

    lab: Lab

    def _fault(self, kind: str, **args: Any) -> Any:
        raise NotImplementedError

    def _node_ready(self, short: str) -> None:
        raise NotImplementedError

    def _base_pods(self) -> None:
        raise NotImplementedError

    # ---- away -------------------------------------------------------------------------------------------------
    @contextmanager
    def away(self, short: str) -> Iterator[PoolFaults]:
        """Drained, off, and no object of the cluster any more; join and leave may be called on what is given. Afterwards it is back."""
        with self._fault("away", short=short):
            yield self

    def leave(self, short: str) -> None:
        """Tainted, drained, taken out of the cluster, switched off."""
        path = f"/api/v1/nodes/{self.lab.node_name(short)}"
        taint = {"key": "ToBeDeletedByClusterAutoscaler", "value": "1732640000", "effect": "NoSchedule"}
        self.lab.api(path, "PATCH", {"spec": {"unschedulable": True, "taints": [taint]}})
        self.lab.kubectl("drain", self.lab.node_name(short), "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=90s")
        conflist = "etc/cni/net.d/10-lab.conflist"  # of the pod network that it gives back
        self.lab.in_node(short, "rm", "-f", f"/{conflist}")
        (self.lab.node_folder(short) / "rootfs" / conflist).unlink(missing_ok=True)
        node.power_off(self.lab, short)
        self._forget(short)
        self.lab.api(path, "DELETE")

    _break_away = leave

    def _forget(self, short: str) -> None:
        """The routes to its pods, everywhere."""
        cidr = node.routes(self.lab).get(short)
        if cidr:
            run("ip", "route", "del", cidr, check=False)
            for other in self.lab.nodes:
                if node.pid(self.lab, other):
                    node.in_network(self.lab, other, "ip", "route", "del", cidr, check=False)

    def _registered(self, short: str) -> bool:
        try:
            return bool(self.lab.api(f"/api/v1/nodes/{self.lab.node_name(short)}"))
        except HTTPError:
            return False

    def join(self, short: str) -> None:
        """On, registered anew, with a pod network; Ready."""
        node.boot(self.lab, short)
        wait_for(f"node {short} registered", lambda: self._registered(short), 60)
        self.lab.api(f"/api/v1/nodes/{self.lab.node_name(short)}", "PATCH", {"spec": {"unschedulable": None}})
        wait_for("the pod networks", self.lab.learn_routes, 60)
        self._node_ready(short)

    def _mend_away(self, short: str) -> None:
        path = f"/api/v1/nodes/{self.lab.node_name(short)}"
        if self._registered(short):  # never left, or back already
            keys = ("ToBeDeletedByClusterAutoscaler", "node.kubernetes.io/unschedulable")
            taints = [t for t in self.lab.api(path)["spec"].get("taints") or [] if t["key"] not in keys]
            self.lab.api(path, "PATCH", {"spec": {"unschedulable": None, "taints": taints or None}})
        self.join(short)
        self._base_pods()

    # ---- full -------------------------------------------------------------------------------------------------
    def full(self, short: str) -> Any:
        """Its kubelet allows as many pods as it has; one of the lab's own where it has none. Inside, the scheduler knows."""
        return self._fault("full", short=short)

    def _pods(self, short: str) -> list[dict[str, Any]]:
        pods = self.lab.api(f"/api/v1/pods?fieldSelector=spec.nodeName%3D{self.lab.node_name(short)}")["items"]
        return [p for p in pods if p["status"]["phase"] in ("Pending", "Running")]

    def _fill(self, short: str) -> int:
        """How many pods it has, of which none is about to go."""
        wait_for(f"the last of pods that go from {short}",
                 lambda: not any(p["metadata"].get("deletionTimestamp") for p in self._pods(short)), 90)
        if not self._pods(short):
            container = {"name": "main", "image": "docker.io/library/busybox:1.35", "command": ["sleep", "86400"]}
            self.lab.api(_SYSTEM_PODS, "POST", {"metadata": {"name": f"lab-fills-{short}"}, "spec": {
                "nodeName": self.lab.node_name(short), "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False,
                "tolerations": [{"operator": "Exists"}], "containers": [container]}})
        wait_for(f"a pod that runs on {short}",
                 lambda: any(p["status"]["phase"] == "Running" for p in self._pods(short)), 60)
        return len(self._pods(short))

    def _max_pods(self, short: str, line: str, expected: str) -> None:
        text = self.lab.in_node(short, "cat", _KUBELET)
        text = re.sub(r"(?m)^maxPods:.*\n", "", text) + line
        node.inside(self.lab, short, "cp", "/dev/stdin", _KUBELET, input=text)
        node.signal_service(self.lab, short, "kubelet", "KILL")
        path = f"/api/v1/nodes/{self.lab.node_name(short)}"
        wait_for(f"room for {expected} pods on {short}", lambda: self.lab.api(path)["status"]["allocatable"]["pods"] == expected, 60)
        self._node_ready(short)

    def _break_full(self, short: str) -> None:
        pods = self._fill(short)
        self._max_pods(short, f"maxPods: {pods}\n", str(pods))

    def _mend_full(self, short: str) -> None:
        self._max_pods(short, "maxPods: 110\n", "110")
        filler = f"lab-fills-{short}"
        with suppress(HTTPError):
            self.lab.api(f"{_SYSTEM_PODS}/{filler}", "DELETE")
        wait_for(f"no {filler}", lambda: all(p["metadata"]["name"] != filler for p in self._pods(short)), 60)
        self._base_pods()
