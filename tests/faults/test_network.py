# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""pod_network and service, seen red: an isolated node, a pair, a port, large packets, the whole overlay, policies; dataplane
rules, selectors."""
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


@pytest.mark.gauntlet
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


@pytest.mark.gauntlet
def test_pair_of_nodes(lab: Any, prove: Any) -> None:
    both = [f"node/{lab.node_name(n)}" for n in ("n1", "n3")]
    with lab.fault.cut_pair("n1", "n3"):
        records = prove("pod_network", "service")
    assert_red(records["pod_network"], "net.pair-cut", both, "confirmed")
    assert records["service"].verdict in ("passed", "warned") or records["service"].consequence_of == "net.pair-cut"
    prove.green("pod_network")


def test_one_port_of_one_node(lab: Any, prove: Any) -> None:
    with lab.fault.drop_pod_port("n2", 8081, "udp"):
        records = prove("pod_network")
    assert_red(records["pod_network"], "net.port-filtered", [f"node/{lab.node_name('n2')}"], "confirmed", "UDP 8081 is lost")
    prove.green("pod_network")


@pytest.mark.gauntlet
def test_pods_kept_apart_by_a_policy(lab: Any, prove: Any) -> None:
    """A healthy cluster whose policies forbid what the check needs: nothing is proved, and nothing is called broken."""
    with lab.like("default_deny"):
        records = prove("pod_network", "service")
        scope = [f"networkpolicy/assay-{prove.result['run_id']}/default-deny"]
    assert_red(records["pod_network"], "netpol.overblocking", scope, "confirmed", "(pod second)", verdict="inconclusive")
    assert_red(records["service"], "netpol.overblocking", scope, "probable", verdict="inconclusive")
    prove.green("pod_network", "service")


@pytest.mark.gauntlet
def test_pods_kept_apart_by_nobody_knows_whom(lab: Any, prove: Any) -> None:
    with lab.fault.keep_pods_apart():
        records = prove("pod_network")
    assert_red(records["pod_network"], "netpol.overblocking", [], "suspected", "(pod second)")
    prove.green("pod_network")


@pytest.mark.gauntlet
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
