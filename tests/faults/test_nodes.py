# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nodes, seen red: powered off, cut off, kubelet silent, runtime stopped, CNI gone, disk full, cordoned, one too few, clock
off, kubelet not reached or not trusted, no room, a slow pull."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import names
from ansible_collections.assay.clusters.plugins.module_utils.engine import patience
from tests.faults.conftest import assert_red, node_to_lose
from tests.faults.node_clock import clock_off
from tests.lab.registry_faults import FaultyRegistry
from tests.proved import proved

pytestmark = [pytest.mark.faults, pytest.mark.lab]


@pytest.mark.gauntlet
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


@pytest.mark.gauntlet
@pytest.mark.parametrize("fault", [
    pytest.param(lambda lab, short: lab.fault.cut_network(short), id="cable", marks=pytest.mark.gauntlet),
    pytest.param(lambda lab, short: lab.fault.freeze(short, "kubelet"), id="kubelet")])
def test_a_node_that_is_on_and_silent(lab: Any, prove: Any, fault: Any) -> None:
    short = node_to_lose(lab)
    node = lab.node_name(short)
    with fault(lab, short):
        records = prove("nodes", "pod_network")
    assert_red(records["nodes"], "node.unreachable", [f"node/{node}"], "confirmed", "Kubelet stopped posting node status")
    assert (records["pod_network"].verdict, records["pod_network"].cause) == ("warned", "") \
        and node in records["pod_network"].message
    prove.green("nodes")


@pytest.mark.gauntlet
def test_stopped_containerd_is_runtime_down(lab: Any, prove: Any) -> None:
    with lab.fault.stop("n3", "containerd"):
        records = prove("nodes")
    assert_red(records["nodes"], "node.runtime-down", [f"node/{lab.node_name('n3')}"], "confirmed")
    prove.green("nodes")


@pytest.mark.gauntlet
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


@pytest.mark.parametrize("seconds", [pytest.param(-60, id="late"), pytest.param(60, id="early", marks=pytest.mark.gauntlet)])
def test_a_clock_that_is_off(lab: Any, prove: Any, seconds: int) -> None:
    node, how = lab.node_name("n2"), "behind" if seconds < 0 else "ahead of"
    with clock_off(lab, "n2", seconds):
        records = prove("nodes", "pod_network")
    assert_red(records["nodes"], "node.clock", [f"node/{node}"], "confirmed", f"s {how} the API server's", "by two renewals")
    assert records["nodes"].step == "the clock of every node is right" and proved(records["pod_network"])
    prove.green("nodes")


@pytest.mark.gauntlet
def test_a_kubelet_behind_a_filtered_port(lab: Any, prove: Any) -> None:
    with lab.fault.drop_port("n2", 10250):
        record = prove("nodes")["nodes"]
    words = f"the API server cannot ask the kubelet (port 10250) of {lab.node_name('n2')} ("
    assert record.verdict == "warned" and record.message.startswith(words), record.message
    assert "no logs, exec and port-forward there" in record.message
    prove.green("nodes")


@pytest.mark.gauntlet
def test_a_kubelet_whose_certificate_is_not_accepted(lab: Any, prove: Any) -> None:
    node = lab.node_name("n2")
    with lab.fault.foreign_certificate("n2"):
        records = prove("nodes", "pod_network")
    assert_red(records["nodes"], "node.kubelet-cert", [f"node/{node}"], "confirmed", "x509: certificate signed by unknown authority")
    assert proved(records["pod_network"])
    prove.green("nodes")


@pytest.mark.gauntlet
def test_a_full_node_is_not_proved(lab: Any, prove: Any) -> None:
    with lab.fault.full("n2"):
        record = prove("nodes")["nodes"]
    assert (record.verdict, record.cause) == ("inconclusive", "sched.insufficient"), (record.cause, record.message)
    assert f"{lab.node_name('n2')} (its pod was made and waits for room: " in record.message and "Too many pods" in record.message
    prove.green("nodes")


@pytest.mark.gauntlet
def test_a_node_that_still_pulls_is_not_proved(lab: Any, prove: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LIMIT", 25.0)
    with FaultyRegistry(lab) as registry:
        image = names.image("agnhost", {}, registry.host)
        assert proved(prove("nodes", images={"agnhost": image})["nodes"])
        lab.in_node("n2", "ctr", "-n", "k8s.io", "images", "rm", image)
        registry.mute = True
        record = prove("nodes", images={"agnhost": image})["nodes"]
    node = lab.node_name("n2")
    assert f"on 1 of 3 nodes: {node} (still pulling after 2" in record.message, record.message
    assert_red(record, "image.slow", [f"node/{node}"], "probable", f"node/{node} still pulling after", verdict="inconclusive")
    prove.green("nodes")
