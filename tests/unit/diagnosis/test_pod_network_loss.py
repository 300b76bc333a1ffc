# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Packets that are lost now and then are neither cut, nor filtered, nor too large."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.evidence import Evidence
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.rules_pod_network import mtu
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    HUNG, TIMED_OUT, cause, healthy, isolated, matrix, pod_network, seen)


def _late(*pairs: tuple[str, str]) -> list[dict[str, object]]:
    return [seen("pod", "retried", a, b, f"small, at the first try: {TIMED_OUT}") for a, b in pairs]


@pytest.mark.parametrize("red", [
    matrix(lambda a, b: (a, b) == ("n2", "n3")),
    [*matrix(lambda a, b: False, alone=True), *matrix(lambda a, b: (a, b) == ("n2", "n3"), "udp")],
    [*matrix(lambda a, b: False), *matrix(lambda a, b: (a, b) == ("n2", "n3"), "large", error=HUNG)]],
    ids=["small", "udp", "large"])
def test_what_passes_at_a_second_try_tells_loss_from_what_is_cut_or_filtered(red) -> None:
    late = _late(("n1", "n2"), ("n2", "n1"))
    assert cause(pod_network([*red, *late]), healthy()) == ("net.lossy", "probable", ["node/n2"])
    assert cause(pod_network([*red, *late[:1]]), healthy()) == ("net.lossy", "suspected", ["node/n2"])
    assert cause(pod_network([*red, *_late(("n1", "n2"), ("n3", "n1"))]), healthy()) == ("net.lossy", "probable", [])


def _slow(asked: list[dict[str, object]], *nodes: str) -> list[dict[str, object]]:
    """Small questions of these nodes to others had to be sent again."""
    return [{**o, "seconds": 1.03} if o["variant"] == "small" and o["ok"] and o["from_node"] != o["to_node"]
            and {o["from_node"], o["to_node"]} & set(nodes) else o for o in asked]


@pytest.mark.parametrize("red", [
    [*matrix(lambda a, b: False, alone=True), *matrix(isolated("n2"), "udp")],
    [*matrix(lambda a, b: False), *matrix(isolated("n2"), "large", error=HUNG)]], ids=["udp", "large"])
def test_packets_that_had_to_be_sent_again_tell_loss_from_a_port_and_a_size(red) -> None:
    assert cause(pod_network(red), healthy())[1] == "confirmed"
    assert cause(pod_network(_slow(red, "n2")), healthy()) == ("net.lossy", "probable", ["node/n2"])
    asleep = [{**o, "seconds": 1.5} if o["variant"] == "small" else o for o in red]
    assert cause(pod_network(asleep), healthy())[0] != "net.lossy", "the probes themselves are slow"


def test_small_datagrams_that_are_lost_too_are_no_matter_of_size() -> None:
    red = [*matrix(lambda a, b: False, alone=True), *matrix(isolated("n2"), "large", error=HUNG),
           *matrix(lambda a, b: (a, b) == ("n2", "n3"), "udp")]
    assert [c.confidence for c in mtu(pod_network(red, "large"), Evidence(healthy()))] == ["probable"]


@pytest.mark.parametrize("red", [matrix(lambda a, b: a != b and a == "n2"), matrix(lambda a, b: {a, b} == {"n2", "n3"})],
                         ids=["a node", "a pair"])
def test_a_node_or_a_pair_is_not_sure_where_others_answer_them_late(red) -> None:
    assert cause(pod_network(red), healthy())[1] == "confirmed"
    assert cause(pod_network(_slow(red, "n2")), healthy())[:2] == ("net.lossy", "probable")


def test_one_answer_that_came_late_hides_no_sure_cause() -> None:
    red = [*matrix(isolated("n2")), *_late(("n1", "n3"), ("n3", "n1"))]
    assert cause(pod_network(red), healthy()) == ("net.node-isolated", "confirmed", ["node/n2"])
