# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nodes, seen red: powered off, runtime stopped, CNI gone, disk full, cordoned, one too few."""
from __future__ import annotations

from typing import Any

import pytest

from tests.faults.conftest import assert_red

pytestmark = [pytest.mark.faults, pytest.mark.lab]


def test_powered_off_node_is_the_one_root(lab: Any, prove: Any) -> None:
    node = lab.node_name("n2")
    with lab.fault.node_power_off("n2"):
        records = prove("nodes", "pod_network", "service", "dns")
    assert_red(records["nodes"], "node.unreachable", [f"node/{node}"])
    for name in ("pod_network", "service", "dns"):
        record = records[name]
        assert record.verdict != "failed" or "node.unreachable" in (record.cause, record.consequence_of), record
    prove.green("nodes", "pod_network")


def test_stopped_containerd_is_runtime_down(lab: Any, prove: Any) -> None:
    with lab.fault.stop("n3", "containerd"):
        records = prove("nodes")
    assert_red(records["nodes"], "node.runtime-down", [f"node/{lab.node_name('n3')}"])
    prove.green("nodes")


def test_removed_cni_configuration(lab: Any, prove: Any) -> None:
    with lab.fault.remove_cni_config("n1"):
        records = prove("nodes")
    assert_red(records["nodes"], "node.cni-not-ready", [f"node/{lab.node_name('n1')}"])
    prove.green("nodes")


def test_full_disk_is_pressure(lab: Any, prove: Any) -> None:
    with lab.fault.fill_disk("n2"):
        records = prove("nodes")
    assert_red(records["nodes"], "node.pressure", [f"node/{lab.node_name('n2')}"])
    prove.green("nodes")


def test_cordoned_node(lab: Any, prove: Any) -> None:
    node = lab.node_name("n3")
    with lab.fault.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}}):
        records = prove("nodes")
        assert records["nodes"].verdict == "failed"
        assert records["nodes"].scope == [f"node/{node}"]
        assert records["nodes"].cause == "sched.constraint"
        prove.green("nodes", nodes={"allow_cordoned": True})
    prove.green("nodes")


def test_fewer_nodes_than_the_inventory_says(prove: Any) -> None:
    prove.green("nodes", nodes={"expected": 3})
    records = prove("nodes", nodes={"expected": 4})
    assert_red(records["nodes"], "node.not-joined")
    assert "4" in records["nodes"].message and "3" in records["nodes"].message
