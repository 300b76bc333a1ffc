# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""pod_network and service, seen red: an isolated node, large packets, the whole overlay; dataplane rules, selectors."""
from __future__ import annotations

from typing import Any

import pytest

from tests.faults.conftest import assert_red

pytestmark = [pytest.mark.faults, pytest.mark.lab]


def test_isolated_node(lab: Any, prove: Any) -> None:
    with lab.fault.drop_pod_traffic("n2"):
        records = prove("pod_network", "nodes")
    assert_red(records["pod_network"], "net.node-isolated", [f"node/{lab.node_name('n2')}"], "confirmed")
    assert records["nodes"].verdict in ("passed", "warned")
    prove.green("pod_network")


def test_large_packets_dropped(lab: Any, prove: Any) -> None:
    with lab.fault.drop_large_packets("n3"):
        records = prove("pod_network")
    assert_red(records["pod_network"], "net.mtu", [f"node/{lab.node_name('n3')}"], "confirmed")
    prove.green("pod_network")


def test_overlay_down(lab: Any, prove: Any) -> None:
    with lab.fault.drop_all_pod_traffic():
        records = prove("pod_network")
    assert_red(records["pod_network"], "net.overlay-down", [], "confirmed")
    prove.green("pod_network")


def test_flushed_service_rules(lab: Any, prove: Any) -> None:
    with lab.fault.flush_service_rules("n1"):
        records = prove("service", "pod_network", limit=40)
    assert_red(records["service"], "svc.dataplane", [f"node/{lab.node_name('n1')}"], "confirmed")
    assert records["pod_network"].verdict in ("passed", "warned")
    prove.green("service")


def test_selector_that_matches_nothing(lab: Any, prove: Any) -> None:
    own = {"service": {"namespace": "kube-system", "service": "kube-dns"}}
    prove.green("service", **own)
    with lab.fault.patch("/api/v1/namespaces/kube-system/services/kube-dns",
                         {"spec": {"selector": {"k8s-app": "no-such-app"}}}):
        records = prove("service", **own)
    assert_red(records["service"], "svc.no-endpoints", ["service/kube-system/kube-dns"], "confirmed", "no-such-app")
    prove.green("service", **own)
