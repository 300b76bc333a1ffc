# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hundreds or thousands of nodes that kwok keeps alive beside the real ones, on the lab's real API server.

Real: etcd, API server, controllers and every object, watch and Lease. Not real: the machines, so their pods are all answered for
by one program in the network of a real node (crowd_probes.py).
"""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

from .. import node
from ..base import HERE, LabError, wait_for
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


def _names(many: int) -> list[str]:
    return [f"crowd-{i:04}" for i in range(many)]


def _body(lab: Lab, number: int, name: str) -> dict[str, Any]:
    labels = {"type": "kwok", "cloud.google.com/gke-nodepool": _POOLS[number % len(_POOLS)], "topology.kubernetes.io/zone": f"zone-{'abc'[number % 3]}"}
    body = node_object(lab, name, labels, [{"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}])
    body["metadata"]["annotations"] = _FAKE
    body["spec"]["podCIDR"] = f"100.{64 + (number >> 8)}.{number & 255}.0/24"
    del body["status"]["conditions"], body["status"]["addresses"]
    return body


@contextmanager
def _objects(lab: Lab, many: int) -> Iterator[None]:
    def make(number: int) -> None:
        lab.api("/api/v1/nodes", "POST", _body(lab, number, _names(many)[number]), timeout=60.0)

    def remove(name: str) -> None:
        with suppress(HTTPError):
            lab.api(f"/api/v1/nodes/{name}", "DELETE", timeout=60.0)

    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(make, range(many)))
        yield
    finally:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(remove, _names(many)))


@contextmanager
def _running(command: list[Any], log: Any, **more: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, **more)
    try:
        yield process
    finally:
        if process.stdin:
            process.stdin.close()
        process.terminate()
        process.wait(20)


@contextmanager
def _routes(lab: Lab, cidr: str) -> Iterator[None]:
    others = [s for s in lab.nodes if s != _AT]
    node.in_network(lab, _AT, "ip", "route", "replace", "local", cidr, "dev", "lo")
    for short in others:
        node.in_network(lab, short, "ip", "route", "replace", cidr, "via", lab.nodes[_AT])
    try:
        yield
    finally:
        for short in others:
            node.in_network(lab, short, "ip", "route", "del", cidr, check=False)
        node.in_network(lab, _AT, "ip", "route", "del", "local", cidr, "dev", "lo", check=False)


@contextmanager
def crowd(lab: Lab, nodes: int = 1000) -> Iterator[Stranger]:
    """So many nodes in three zones and four pools, Ready, beside the real ones."""
    build((PROGRAM,))
    with ExitStack() as stack:
        log = stack.enter_context(open(lab.folder / "crowd.log", "w", encoding="utf-8"))
        stack.enter_context(_routes(lab, _PODS))
        stack.enter_context(_objects(lab, nodes))
        port = stack.enter_context(kubelet(lab, "crowd"))
        probes = stack.enter_context(_running(
            ["nsenter", f"--net=/run/netns/{node.netns(lab, _AT)}", sys.executable, "-m", "tests.lab.like.crowd_probes", lab.name],
            log, cwd=HERE.parents[1]))
        if not (probes.stdout and probes.stdout.readline().strip() == "ready"):
            raise LabError(f"the crowd's probes did not begin; {log.name} tells why")
        stack.enter_context(_running(
            [PROGRAM.path, f"--kubeconfig={lab.kubeconfig}", f"--config={HERE / 'manifests/kwok-stages.yaml'}", f"--cidr={_PODS}",
             "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake", f"--node-ip={lab.host}", f"--node-port={port}",
             "--node-lease-duration-seconds=40", "--server-address=127.0.0.1:0"], log))

        def ready() -> bool:
            found = lab.api("/api/v1/nodes?labelSelector=type%3Dkwok&resourceVersion=0", timeout=60.0)["items"]
            return len(found) == nodes and all(
                "node.kubernetes.io" not in str(n["spec"].get("taints")) and any(c["type"] == "Ready" and c["status"] == "True"
                                                                                 for c in n["status"].get("conditions") or []) for n in found)

        wait_for("the crowd Ready", ready, 30 + nodes / 4)
        yield Stranger("crowd", lab.kubeconfig, names={"first": _names(nodes)[0]})
