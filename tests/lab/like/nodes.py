# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes that are there and take nothing of ours: virtual ones, Windows, one that is about to go."""
from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from ..base import wait_for
from .kubelet import kubelet
from .stranger import Stranger, namespace, pod, repeated

if TYPE_CHECKING:
    from ..cluster import Lab

_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
# Seconds between heartbeats; the lab's controllers give a node up after 20.
_BEAT = 4.0
_RIGHT = {"MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False"}


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def conditions(ready: str = "True", why: str = "kubelet is posting ready status") -> list[dict[str, Any]]:
    """What a kubelet reports now."""
    reason = "KubeletReady" if ready == "True" else "KubeletNotReady"
    at = now()
    return [{"type": t, "status": s, "reason": "Kubelet", "message": "", "lastHeartbeatTime": at, "lastTransitionTime": at}
            for t, s in _RIGHT.items()] + [{"type": "Ready", "status": ready, "reason": reason, "message": why,
                                            "lastHeartbeatTime": at, "lastTransitionTime": at}]


def node(lab: Lab, name: str, labels: dict[str, str], taints: list[dict[str, str]], pods: str = "110", system: str = "linux",
         last: int = 200, **info: str) -> dict[str, Any]:
    """A Node object as its kubelet would register it; last: the end of its address, where nobody answers."""
    version = lab.api("/version")["gitVersion"]
    room = {"cpu": "2", "memory": "4Gi", "ephemeral-storage": "20Gi", "pods": pods}
    about = {"kubeletVersion": version, "kubeProxyVersion": "", "containerRuntimeVersion": "containerd://1.6.20", "architecture": "amd64",
             "kernelVersion": "6.1", "osImage": "Linux", "operatingSystem": system, **dict.fromkeys(("machineID", "systemUUID", "bootID"), name), **info}
    usual = {"kubernetes.io/os": system, "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name,
             "topology.kubernetes.io/zone": "zone-a", "topology.kubernetes.io/region": "lab"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {**usual, **labels}},
            "spec": {"taints": taints},
            "status": {"capacity": room, "allocatable": room, "conditions": conditions(), "nodeInfo": about,
                       "addresses": [{"type": "InternalIP", "address": f"172.30.{lab.index}.{last}"}, {"type": "Hostname", "address": name}]}}


@contextmanager
def standing(lab: Lab, bodies: list[dict[str, Any]], leases: bool = True) -> Iterator[list[str]]:
    """Hand-made nodes that are kept Ready by the lab, with a Lease or, as old virtual kubelets, by their status alone."""
    names = [b["metadata"]["name"] for b in bodies]

    def beat() -> None:
        for name in names:
            lab.api(f"/api/v1/nodes/{name}/status", "PATCH", {"status": {"conditions": conditions()}})
            if leases:
                lab.api(f"{_LEASES}/{name}", "PATCH", {"spec": {"renewTime": now()}})

    def ready() -> bool:
        return all("node.kubernetes.io/not-ready" not in str(lab.api(f"/api/v1/nodes/{n}")["spec"].get("taints", [])) for n in names)

    with ExitStack() as stack:
        for body in bodies:
            stack.enter_context(lab.fault.extra("/api/v1/nodes", body))
            if leases:
                lease = {"metadata": {"name": body["metadata"]["name"]}, "spec": {
                    "holderIdentity": body["metadata"]["name"], "leaseDurationSeconds": 40, "renewTime": now()}}
                stack.enter_context(lab.fault.extra(_LEASES, lease))
        with repeated("heartbeats", beat, _BEAT):
            wait_for("the hand-made nodes Ready", ready, 60)
            yield names


@contextmanager
def fargate(lab: Lab) -> Iterator[Stranger]:
    """EKS: a node for one pod, which is there; AKS: one that would take any number, each of them billed, and has no Lease; and
    one that only a taint tells from others."""
    kind, owner = "eks.amazonaws.com/compute-type", "virtual-kubelet.io/provider"
    name = "fargate-ip-10-0-1-17.eu-central-1.compute.internal"
    eks = node(lab, name, {kind: "fargate"}, [{"key": kind, "value": "fargate", "effect": "NoSchedule"}], "1", last=201)
    aks = node(lab, "virtual-node-aci-linux", {"type": "virtual-kubelet", "kubernetes.io/role": "agent"},
               [{"key": owner, "value": "azure", "effect": "NoSchedule"}], "1k", last=202,
               kubeletVersion="v1.19.10-vk-azure-aci-1.6.2", containerRuntimeVersion="", osImage="")
    bare = node(lab, "vk-batch-0", {}, [{"key": owner, "value": "batch", "effect": "NoSchedule"}], "1k", last=203, containerRuntimeVersion="")
    with standing(lab, [eks, bare]), standing(lab, [aks], leases=False), namespace(lab, "lab-like-fargate") as serverless:
        pods = f"/api/v1/namespaces/{serverless}/pods"
        with lab.fault.extra(pods, pod("job", nodeName=name, tolerations=[{"operator": "Exists"}])):
            at = now()
            lab.api(f"{pods}/job/status", "PATCH", {"status": {"phase": "Running", "podIP": "10.0.1.17", "startTime": at, "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": at}]}})
            yield Stranger("fargate", lab.kubeconfig, names={"eks": name, "aks": "virtual-node-aci-linux", "namespace": serverless})


@contextmanager
def windows(lab: Lab) -> Iterator[Stranger]:
    """A Ready Windows node without a taint, as pools of Windows often are; its kubelet answers the API server."""
    name = "win-pool-000001"
    body = node(lab, name, {"node.kubernetes.io/windows-build": "10.0.20348"}, [], system="windows", last=1,
                osImage="Windows Server 2022 Datacenter", kernelVersion="10.0.20348.2340")
    with kubelet(lab, name) as port:
        body["status"]["daemonEndpoints"] = {"kubeletEndpoint": {"Port": port}}
        with standing(lab, [body]):
            yield Stranger("windows", lab.kubeconfig, names={"node": name})


_BY = {
    "cluster-autoscaler": [{"key": "ToBeDeletedByClusterAutoscaler", "value": "1732640000", "effect": "NoSchedule"}],
    "karpenter": [{"key": "karpenter.sh/disrupted", "effect": "NoSchedule"}],
    "upgrade": [],
}


@contextmanager
def cordoned(lab: Lab, by: str = "cluster-autoscaler") -> Iterator[Stranger]:
    """The last node is about to be removed by `by`: tainted as each of them does it, and cordoned except by Karpenter."""
    path = f"/api/v1/nodes/{lab.node_name(lab.machines[-1])}"
    cordon = {"unschedulable": True} if by != "karpenter" else {}

    def tainted() -> bool:
        return not cordon or "node.kubernetes.io/unschedulable" in str(lab.api(path)["spec"].get("taints"))

    with lab.fault.patch(path, {"spec": {**cordon, "taints": _BY[by] or None}}):
        wait_for("the node cordoned", tainted, 30)
        yield Stranger("cordoned", lab.kubeconfig, names={"node": lab.node_name(lab.machines[-1])})
    wait_for("the node as before", lambda: not lab.api(path)["spec"].get("taints"), 30)
