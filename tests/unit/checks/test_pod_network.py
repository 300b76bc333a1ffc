# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which pairs of nodes are asked, and what is made of their answers."""
from __future__ import annotations

import re
import threading

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._asked import Asked
from ansible_collections.assay.clusters.plugins.module_utils.checks._pairs import ALL_PAIRS, pairs, ring, zone_pairs
from ansible_collections.assay.clusters.plugins.module_utils.checks.pod_network import (
    CLOSED_PORT, PodNetwork, parse, script)
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive, StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import TransportError

from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, FakeProbe


@pytest.mark.parametrize("count", [2, 3, 4, 7, ALL_PAIRS])
def test_a_small_cluster_is_asked_in_all_pairs(count):
    nodes = [f"n{i}" for i in range(count)]
    asked = pairs(nodes, {}, "seed")
    assert len(asked) == len(set(asked)) == count * (count - 1)
    assert all(a != b for a, b in asked)


def test_a_large_cluster_is_asked_by_ring_zones_and_sample():
    nodes = [f"n{i:03}" for i in range(200)]
    zones = {n: f"z{i % 3}" for i, n in enumerate(nodes)}
    asked = pairs(nodes, zones, "seed")
    assert len(asked) < 6 * 200 + 6 + 300 + 1
    assert set(ring(nodes)) | set(zone_pairs(nodes, zones)) <= set(asked)
    for node in nodes:
        assert sum(a == node for a, _b in asked) >= 6
        assert sum(b == node for _a, b in asked) >= 6
    assert {(zones[a], zones[b]) for a, b in asked} >= {("z0", "z1"), ("z1", "z0"), ("z2", "z0"), ("z0", "z2")}
    assert asked == pairs(nodes, zones, "seed")


def test_output_of_the_shell_is_parsed_whatever_stands_between():
    found = parse("0 small 0 probe-n1 0.0012\nnoise\n1 small 28 curl: (28) Connection timed out 5.001\n"
                  "0 large 0 same 0.004\n2 large 56 curl: (56) reset|0.1\n")
    assert found == {(0, "small"): (0, "probe-n1", 0.0012), (0, "large"): (0, "same", 0.004),
                     (1, "small"): (28, "curl: (28) Connection timed out", 5.001),
                     (2, "large"): (56, "curl: (56) reset", 0.1)}


def test_script_brackets_ipv6_and_fits_any_proxy():
    text = script(["10.0.0.1", "fd00::1"])
    assert "t 0 10.0.0.1&t 1 [fd00::1]&wait" in text
    assert len(script([f"10.244.100.{i}" for i in range(10)])) < 1500


class Network:
    """Which questions get through; broken(source, target, variant) -> bool."""

    def __init__(self, nodes, broken=lambda s, t, v: False, listens=False):
        self.broken, self.listens, self.asked = broken, listens, []
        self.probes = [FakeProbe(f"n{i}", f"10.0.0.{i}", self.dial, self.shell) for i in range(nodes)]
        self.by_ip = {p.ip: p for p in self.probes}

    def shell(self, source, command):
        lines = []
        for number, ip in re.findall(r"t (\d+) ([\d.]+)&", command):
            target = self.by_ip[ip]
            self.asked.append((source.node, target.node))
            if self.broken(source.node, target.node, "small"):
                lines.append(f"{number} small 28 curl: (28) Connection timed out 5.0")
                continue
            lines.append(f"{number} small 0 {target.pod} 0.001")
            if self.broken(source.node, target.node, "large"):
                lines.append(f"{number} large 28 curl: (28) Operation timed out|5.0")
            else:
                lines.append(f"{number} large 0 same 0.002")
        return "\n".join(lines)

    def dial(self, source, host, port, protocol, tries):
        target = self.by_ip[host]
        if port == CLOSED_PORT:
            return (["portal"], []) if self.listens else ([], ["connect: connection refused"])
        if self.broken(source.node, target.node, "udp" if protocol == "udp" else "small"):
            return [], ["i/o timeout"]
        return [target.pod] * tries, []

    def run(self, **more):
        ctx = FakeContext(probes=self.probes, **more)
        PodNetwork().run(ctx)
        return ctx


def test_healthy_network_records_every_pair_and_variant():
    ctx = Network(3).run()
    assert not ctx.warnings
    assert {(o["from_node"], o["to_node"]) for o in ctx.seen(kind="pod", variant="small", ok=True)} == {
        (f"n{a}", f"n{b}") for a in range(3) for b in range(3)}
    for variant, count in (("large", 9), ("udp", 6), ("closed", 3)):
        assert len(ctx.seen(variant=variant, ok=True)) == count
    assert ctx.observed["pairs"] == 6


def test_isolated_node_is_one_row_and_one_column():
    network = Network(4, lambda s, t, v: "n2" in (s, t) and s != t)
    ctx = FakeContext(probes=network.probes)
    with pytest.raises(StepFailed, match="6 of 16 pairs of nodes fail .small."):
        PodNetwork().run(ctx)
    assert ctx.observed["by_source"]["n2"] == ctx.observed["by_target"]["n2"] == 3
    assert ctx.seen(from_node="n2", to_node="n2", ok=True)
    assert all("n2" in (o["from_node"], o["to_node"]) for o in ctx.seen(variant="small", ok=False))


def test_lost_large_bodies_fail_after_small_ones_passed():
    network = Network(3, lambda s, t, v: v == "large" and t == "n1" and s != t)
    ctx = FakeContext(probes=network.probes)
    with pytest.raises(StepFailed, match=r"2 of 9 pairs of nodes fail \(large\)"):
        PodNetwork().run(ctx)
    assert len(ctx.seen(variant="small", ok=True)) == 9
    assert {o["to_node"] for o in ctx.seen(variant="large", ok=False)} == {"n1"}


def test_lost_datagrams_fail():
    network = Network(3, lambda s, t, v: v == "udp")
    with pytest.raises(StepFailed, match=r"6 of 6 pairs of nodes fail \(udp\)"):
        network.run()


def test_one_lost_packet_warns_only():
    lost = {("n0", "n1")}

    def once(s, t, v):
        if (s, t) in lost and v == "small":
            lost.remove((s, t))
            return True
        return False

    ctx = Network(3, once).run()
    assert len(ctx.warnings) == 1 and "only at the second try" in ctx.warnings[0]


def test_an_answer_in_place_of_a_pod_fails_the_negative():
    with pytest.raises(StepFailed, match="something answers in place of pods"):
        Network(3, listens=True).run()


def test_a_wrong_pod_behind_an_address_fails():
    network = Network(2)
    network.probes[0].pod = "probe-other"
    shell = network.shell
    for p in network.probes:
        p._shell = lambda source, command: shell(source, command).replace("probe-other", "probe-stale")
        p._dial = lambda *a: (["probe-stale"], [])
    with pytest.raises(StepFailed, match="answered by 'probe-stale', not by probe-other"):
        network.run()


def test_a_dead_overlay_is_not_asked_to_the_end():
    network = Network(30, lambda s, t, v: s != t)
    ctx = FakeContext(probes=network.probes)
    with pytest.raises(StepFailed, match="pairs of nodes fail"):
        PodNetwork().run(ctx)
    assert len(network.asked) < 300
    assert "stopped_early" in ctx.observed


def test_a_probe_that_cannot_be_asked_is_not_a_fault_of_the_network():
    network = Network(3)

    def lost(*_a):
        raise TransportError("no way to the pod")

    network.probes[1]._shell = network.probes[1]._dial = lost
    ctx = FakeContext(probes=network.probes)
    with pytest.raises(Inconclusive, match="could not be asked on n1"):
        PodNetwork().run(ctx)
    assert len(ctx.seen(kind="probe", ok=False)) == 1


def test_one_node_has_nothing_between_nodes():
    assert "one Linux node" in PodNetwork().applies(FakeContext(probes=Network(1).probes))
    assert PodNetwork().applies(FakeContext(probes=Network(2).probes)) == ""


def test_one_probe_of_two_nodes_proves_nothing():
    ctx = FakeContext(probes=Network(1).probes, missing={"n9": "ImagePullBackOff"})
    with pytest.raises(Inconclusive, match="n9 .ImagePullBackOff."):
        PodNetwork().run(ctx)


# ---- time ---------------------------------------------------------------------------------------------------------
def test_a_probe_that_falls_silent_on_the_way_is_asked_no_more_and_hides_nothing():
    """When the time of the check is up, no probe can be asked; what was seen until then is no fault, nor a proof."""
    network = Network(4)
    dial = network.dial

    def silent(source, host, port, protocol, tries):
        if source.node in ("n1", "n3"):
            network.asked.append((source.node, "udp"))
            raise TransportError("no answer in time")
        return dial(source, host, port, protocol, tries)

    for probe in network.probes:
        probe._dial = silent
    ctx = FakeContext(probes=network.probes)
    with pytest.raises(Inconclusive, match="could not be asked on n1 .*, n3 "):
        PodNetwork().run(ctx)
    assert len(ctx.seen(kind="pod", variant="small", ok=True)) == 16 and not ctx.seen(kind="pod", ok=False)
    assert {o["from_node"] for o in ctx.seen(variant="udp")} == {"n0", "n2"}
    assert {o["to_node"] for o in ctx.seen(kind="probe", ok=False)} == {"n1", "n3"} and len(ctx.seen(kind="probe")) == 2


def test_a_broken_pair_is_told_though_other_probes_fell_silent():
    network = Network(4, lambda s, t, v: (s, t) == ("n0", "n2"))

    def lost(*_a):
        raise TransportError("no answer in time")

    network.probes[1]._shell = network.probes[1]._dial = lost
    ctx = FakeContext(probes=network.probes)
    with pytest.raises(StepFailed, match=r"pairs of nodes fail \(small\): n0 -> n2"):
        PodNetwork().run(ctx)
    assert not ctx.seen(kind="pod", from_node="n1")


def test_two_who_find_the_same_probe_silent_at_the_same_moment_say_so_once():
    ctx = FakeContext(probes=Network(2).probes)
    asked, both = Asked(ctx), threading.Barrier(2, timeout=60)

    def lost():
        both.wait()
        raise TransportError("no answer in time")

    assert ctx.in_parallel(lambda probe: asked.one(probe, lost, "nothing"), [ctx.probes.all[0]] * 2) == ["nothing"] * 2
    assert len(ctx.seen(kind="probe", to_node="n0", ok=False)) == 1 and ctx.path == [("Node", "", "n0")]
    assert asked.one(ctx.probes.all[0], lambda: "asked again", "nothing") == "nothing"
