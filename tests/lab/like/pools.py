# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes as their pool's manager treats them: full, taken away, brought back."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .nodes import conditions, node
from .stranger import Stranger

if TYPE_CHECKING:
    from ..cluster import Lab

# Seconds that a newcomer is there without getting Ready, and until the next one comes.
_STAYS, _PAUSE = 12.0, 3.0


@contextmanager
def full_node(lab: Lab) -> Iterator[Stranger]:
    """A node of the cluster's own DNS server, with as many pods as its kubelet allows; all that runs goes on running."""
    found = lab.api("/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns")["items"]
    short = min(p["spec"]["nodeName"] for p in found if p["spec"].get("nodeName")).removeprefix(f"{lab.name}-")
    with lab.fault.full(short):
        yield Stranger("full_node", lab.kubeconfig, names={"node": lab.node_name(short)})


class Newcomers:
    """Nodes that register, are NotReady as their network is not up yet, and are taken away again: one after the other."""

    def __init__(self, lab: Lab):
        self._lab, self._ended, self._thread = lab, threading.Event(), threading.Thread(target=self._work, daemon=True)
        self.names: list[str] = []

    def _work(self) -> None:
        why = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized"
        while not self._ended.is_set():
            name = f"spot-{len(self.names)}-{self._lab.name}"
            taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
            body = node(self._lab, name, {"karpenter.sh/capacity-type": "spot"}, [taint], last=210 + len(self.names) % 40)
            body["status"]["conditions"] = conditions("False", why)
            with self._lab.fault.extra("/api/v1/nodes", body):
                self.names.append(name)
                self._ended.wait(_STAYS)
            self._ended.wait(_PAUSE)

    def __enter__(self) -> Newcomers:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join(60)


@contextmanager
def joining_nodes(lab: Lab) -> Iterator[Stranger]:
    """Newcomers all the time; and the last real node is away until acts["join"], and gone again after acts["leave"]."""
    short = lab.machines[-1]
    with Newcomers(lab) as newcomers, lab.fault.away(short) as pool:
        yield Stranger("joining_nodes", lab.kubeconfig, names={"node": lab.node_name(short), "newcomers": f"spot-N-{lab.name}"},
                       acts={"join": lambda: pool.join(short), "leave": lambda: pool.leave(short),
                             "came": lambda: list(newcomers.names)})
