# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""dns where pods ask a cache on their node: green, seen red without the cache of one node, and without servers behind them."""
from __future__ import annotations

from typing import Any

import pytest

from tests.faults.conftest import assert_red
from tests.lab.base import wait_for
from tests.lab.like.caches import DAEMONSETS, NAME

pytestmark = [pytest.mark.faults, pytest.mark.lab]


def _without(lab: Any, node: str) -> Any:
    """No cache is wanted on this node any more."""
    elsewhere = [{"key": "kubernetes.io/hostname", "operator": "NotIn", "values": [node]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": elsewhere}]}}
    return lab.fault.patch(f"{DAEMONSETS}/{NAME}", {"spec": {"template": {"spec": {"affinity": {"nodeAffinity": required}}}}})


def _count(lab: Any) -> int:
    return len(lab.api(f"/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3D{NAME}")["items"])


@pytest.mark.gauntlet
def test_caches_on_nodes(lab: Any, prove: Any) -> None:
    node = lab.node_name("n2")
    with lab.like("node_caches"):
        prove.green("dns")
        with _without(lab, node):
            wait_for("one cache less", lambda: _count(lab) == len(lab.machines) - 1, 60)
            alone = prove("dns", "service")
        wait_for("its cache back", lambda: _count(lab) == len(lab.machines), 60)
        with lab.fault.scale("kube-system", "coredns", 0):
            nobody = prove("dns")["dns"]
    assert_red(alone["dns"], "dns.server-down", [f"node/{node}"], "confirmed", f"no cache runs on {node}")
    assert alone["service"].verdict in ("passed", "warned") and "NodeLocal" in alone["dns"].remedy
    assert_red(nobody, "dns.server-down", ["deployment/kube-system/coredns"], "confirmed", "wants 0 replicas")
    prove.green("dns")
