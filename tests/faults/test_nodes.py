# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nodes, seen red: powered off, cut off, kubelet silent, runtime stopped, CNI gone, disk full, cordoned, one too few."""
from __future__ import annotations

from typing import Any

import pytest

from tests.faults.conftest import assert_red, node_to_lose

pytestmark = [pytest.mark.faults, pytest.mark.lab]


def test_powered_off_node_is_the_one_root(lab: Any, prove: Any) -> None:
    short = node_to_lose(lab)
    node = lab.node_name(short)
    with lab.fault.node_power_off(short):
        records = prove("nodes", "pod_network", "service", "dns")
    assert_red(records["nodes"], "node.unreachable", [f"node/{node}"], "confirmed", "Kubelet stopped posting node status")
    for name in ("pod_network", "service", "dns"):  # the others are proved, and what was not is said
        record = records[name]
        assert (record.verdict, record.cause) == ("warned", "") and node in record.message, record
    prove.green("nodes", "pod_network")


@pytest.mark.parametrize("fault", [
    lambda lab, short: lab.fault.cut_network(short), lambda lab, short: lab.fault.freeze(short, "kubelet")],
    ids=["cable", "kubelet"])
def test_a_node_that_is_on_and_silent(lab: Any, prove: Any, fault: Any) -> None:
    short = node_to_lose(lab)
    node = lab.node_name(short)
    with fault(lab, short):
        records = prove("nodes", "pod_network")
    assert_red(records["nodes"], "node.unreachable", [f"node/{node}"], "confirmed", "Kubelet stopped posting node status")
    assert (records["pod_network"].verdict, records["pod_network"].cause) == ("warned", "") \
        and node in records["pod_network"].message
    prove.green("nodes")


def test_stopped_containerd_is_runtime_down(lab: Any, prove: Any) -> None:
    with lab.fault.stop("n3", "containerd"):
        records = prove("nodes")
    assert_red(records["nodes"], "node.runtime-down", [f"node/{lab.node_name('n3')}"], "confirmed")
    prove.green("nodes")


def test_removed_cni_configuration(lab: Any, prove: Any) -> None:
    with lab.fault.remove_cni_config("n1"):
        records = prove("nodes")
    assert_red(records["nodes"], "node.cni-not-ready", [f"node/{lab.node_name('n1')}"], "confirmed")
    prove.green("nodes")


def test_full_disk_is_pressure(lab: Any, prove: Any) -> None:
    with lab.fault.fill_disk("n2"):
        records = prove("nodes")
    assert_red(records["nodes"], "node.pressure", [f"node/{lab.node_name('n2')}"], "confirmed", "DiskPressure=True")
    prove.green("nodes")


def test_cordoned_node(lab: Any, prove: Any) -> None:
    node = lab.node_name("n3")
    with lab.fault.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}}):
        records = prove("nodes")
        assert_red(records["nodes"], "sched.constraint", [f"node/{node}"], "confirmed", "spec.unschedulable=true")
        prove.green("nodes", nodes={"allow_cordoned": True})
    prove.green("nodes")


def test_fewer_nodes_than_the_inventory_says(prove: Any) -> None:
    prove.green("nodes", nodes={"expected": 3})
    records = prove("nodes", nodes={"expected": 4})
    assert_red(records["nodes"], "node.not-joined", [], "confirmed")
    assert "4" in records["nodes"].message and "3" in records["nodes"].message
