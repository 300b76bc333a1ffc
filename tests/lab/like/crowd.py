# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hundreds or thousands of nodes that kwok keeps alive beside the real ones, on the lab's real API server.

Real: etcd, API server, controllers and every object, watch and Lease. Not real: the machines, so their pods are all answered for
by one program in the network of a real node (crowd_probes.py).
"""
from __future__ import annotations

import copy
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .. import node
from ..base import HERE, LabError
from ..build import Program, build
from .kubelet import kubelet
from .nodes import node as node_object
from .stranger import Stranger

if TYPE_CHECKING:
    from ..cluster import Lab

PROGRAM = Program("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok")
_FAKE = {"kwok.x-k8s.io/node": "fake"}
_POOLS = ("web", "db", "batch", "gpu")
# Addresses of the crowd's pods, a part for each node; the lab's own range has room for 256 nodes.
_PODS = "100.64.0.0/10"
# The real node in whose network the crowd is answered for.
_AT = "n1"


# What a cluster of this size is set up with: more requests of its controllers in a second (the default is 20), more patience with
# Leases, which kwok renews four times in the duration that they are made with.
_CONTROLLERS = ("--node-monitor-grace-period=1200s", "--kube-api-qps=500", "--kube-api-burst=1000")
_LEASE_SECONDS = 600
_SELECTOR = "type=kwok"
# Without any progress for so long, the crowd does not come.
_STILL = 60.0


def _names(many: int) -> list[str]:
    return [f"crowd-{i:04}" for i in range(many)]


def _bodies(lab: Lab, many: int, port: int) -> Iterator[dict[str, Any]]:
    """As kubelets register them that are Ready already, all reached at one address."""
    taint = {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}
    like = node_object(lab, "crowd", {"type": "kwok"}, [taint])
    like["status"]["daemonEndpoints"] = {"kubeletEndpoint": {"Port": port}}
    for number, name in enumerate(_names(many)):
        body = copy.deepcopy(like)
        body["metadata"] |= {"name": name, "annotations": _FAKE}
        body["metadata"]["labels"] |= {"kubernetes.io/hostname": name, "cloud.google.com/gke-nodepool": _POOLS[number % len(_POOLS)],
                                       "topology.kubernetes.io/zone": f"zone-{'abc'[number % 3]}"}
        body["spec"]["podCIDR"] = f"100.{64 + (number >> 8)}.{number & 255}.0/24"
        body["status"]["nodeInfo"] |= dict.fromkeys(("machineID", "systemUUID", "bootID"), name)
        body["status"]["addresses"] = [{"type": "InternalIP", "address": lab.host}, {"type": "Hostname", "address": name}]
        yield body


def _ready(node_item: dict[str, Any]) -> bool:
    right = [c for c in node_item["status"].get("conditions") or [] if c["type"] == "Ready" and c["status"] == "True"]
    return bool(right) and "node.kubernetes.io" not in str(node_item["spec"].get("taints"))


def _come(lab: Lab, many: int) -> None:
    """Until all are Ready; a loaded machine takes its time, as long as there are more of them now and again."""
    best, since = -1, time.monotonic()
    while best < many:
        path = f"/api/v1/nodes?labelSelector={quote(_SELECTOR)}&resourceVersion=0"
        found = sum(map(_ready, lab.api(path, timeout=60.0)["items"]))
        if found > best:
            best, since = found, time.monotonic()
        elif time.monotonic() > since + _STILL:
            raise LabError(f"of a crowd of {many} nodes {best} are Ready, and no more of them for {_STILL:.0f} s")
        time.sleep(1.0)


# Ends the program when this process is no more.
_WITH_STDIN = ["sh", "-c", '"$@" & read -r _; kill $!', "sh"]


@contextmanager
def _running(command: list[Any], log: Any, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """A program that ends with its stdin."""
    process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, **more)
    try:
        yield process
    finally:
        if process.stdin:
            process.stdin.close()
        process.wait(20)


@contextmanager
def crowd(lab: Lab, nodes: int = 1000) -> Iterator[Stranger]:
    """So many nodes in three zones and four pools, Ready, beside the real ones."""
    build((PROGRAM,))
    with ExitStack() as stack:
        log = stack.enter_context(open(lab.folder / "crowd.log", "w", encoding="utf-8"))
        stack.enter_context(lab.fault.range_at(_AT, _PODS))
        stack.enter_context(lab.fault.flags("cp", "kube-controller-manager", *_CONTROLLERS))
        port = stack.enter_context(kubelet(lab, "crowd"))
        probes = stack.enter_context(_running(
            ["nsenter", f"--net=/run/netns/{node.netns(lab, _AT)}", sys.executable, "-m", "tests.lab.like.crowd_probes", lab.name],
            log, cwd=HERE.parents[1]))
        if not (probes.stdout and probes.stdout.readline().strip() == "ready"):
            raise LabError(f"the crowd's probes did not begin; {log.name} tells why")
        # Thousands of words about them would be all that the next one reads of the cluster's events.
        stack.enter_context(lab.fault.all_of("/api/v1/namespaces/default/events", fieldSelector="involvedObject.kind=Node"))
        stack.enter_context(lab.fault.all_of("/api/v1/nodes", labelSelector=_SELECTOR))
        stack.enter_context(_running(
            [*_WITH_STDIN, PROGRAM.path, f"--kubeconfig={lab.kubeconfig}", f"--config={HERE / 'manifests/kwok-stages.yaml'}",
             f"--cidr={_PODS}", "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake", f"--node-ip={lab.host}",
             f"--node-port={port}", f"--node-lease-duration-seconds={_LEASE_SECONDS}", "--server-address=127.0.0.1:0"], log))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda body: lab.api("/api/v1/nodes", "POST", body, timeout=60.0), _bodies(lab, nodes, port)))
        _come(lab, nodes)
        yield Stranger("crowd", lab.kubeconfig, names={"first": _names(nodes)[0]})
