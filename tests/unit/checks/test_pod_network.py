# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is made of the answers of pods to each other."""
from __future__ import annotations

import threading

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.asked import Asked
from ansible_collections.assay.clusters.plugins.module_utils.checks.pod_network import PodNetwork
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import TransportError
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext
from ansible_collections.assay.clusters.tests.unit.checks.networks import Network


def test_healthy_network_records_every_pair_and_variant():
    ctx = Network(3).run()
    assert not ctx.warnings
    assert {(o["from_node"], o["to_node"]) for o in ctx.seen(kind="pod", variant="small", ok=True)} == {
        (f"n{a}", f"n{b}") for a in range(3) for b in range(3)}
    for variant, count in (("large", 9), ("udp", 6), ("closed", 3)):
        assert len(ctx.seen(variant=variant, ok=True)) == count
    assert ctx.observed["pairs"] == 6


def test_each_node_is_asked_with_one_request():
    """More are for more targets than a command holds, and for second tries."""
    network = Network(10)
    network.run()
    assert sorted(network.commands) == sorted(p.node for p in network.probes)


def test_requests_and_questions_grow_with_the_nodes_only():
    network = Network(300)
    network.run()
    assert len(network.commands) < 1.2 * 300 and len(network.asked) <= 7 * 300 + 300


def test_isolated_node_is_one_row_and_one_column():
    ctx = Network(4, lambda s, t, v: "n2" in (s, t) and s != t).fails("6 of 16 pairs of nodes fail .small.")
    assert ctx.observed["by_source"]["n2"] == ctx.observed["by_target"]["n2"] == 3
    assert ctx.seen(from_node="n2", to_node="n2", ok=True)
    assert all("n2" in (o["from_node"], o["to_node"]) for o in ctx.seen(variant="small", ok=False))
    assert len(ctx.seen(variant="udp", ok=False)) == 6, "another protocol tells a port from a node"
    assert not ctx.created


def test_lost_large_bodies_fail_after_small_ones_passed():
    network = Network(3, lambda s, t, v: v == "large" and t == "n1" and s != t)
    network.largest = 400
    ctx = network.fails(r"2 of 9 pairs of nodes fail \(large\)")
    assert len(ctx.seen(variant="small", ok=True)) == 9
    assert {o["to_node"] for o in ctx.seen(variant="large", ok=False)} == {"n1"}
    assert {(o["to_node"], o["ok"]) for o in ctx.seen(variant="body-1200")} == {("n1", False)}
    assert len(ctx.seen(variant="body-400", to_node="n1", ok=True)) == 2


def test_lost_datagrams_fail():
    ctx = Network(3, lambda s, t, v: v == "udp").fails(r"6 of 6 pairs of nodes fail \(udp\)")
    assert len(ctx.seen(variant="second-udp", ok=True)) == 2


@pytest.mark.parametrize("variant", ["small", "large", "udp", "family"])
def test_one_lost_packet_warns_only(variant):
    lost = {("n0", "n1")}

    def once(s, t, v):
        if (s, t) in lost and v == variant:
            lost.remove((s, t))
            return True
        return False

    ctx = Network(3, once, families=True).run()
    assert len(ctx.warnings) == 1 and f"only at the second try ({variant})" in ctx.warnings[0]
    assert [(o["from_node"], o["to_node"]) for o in ctx.seen(variant="retried", ok=False)] == [("n0", "n1")]
    assert ctx.measurements[f"pairs that answered only at the second try ({variant})"] == 1


@pytest.mark.parametrize("answer", ["portal", "<html>sign in</html>"])
def test_an_answer_in_place_of_a_pod_fails_the_negative(answer):
    Network(3, listens=answer).fails("something answers in place of pods")


@pytest.mark.parametrize("answer", [" ", "upstream connect error or disconnect/reset before headers. reset reason: timeout"])
def test_a_proxy_of_a_mesh_that_reaches_nobody_refuses_in_words(answer):
    assert not Network(3, listens=answer).run().warnings


def test_a_wrong_pod_behind_an_address_fails():
    network = Network(2)
    network.probes[0].pod = "probe-other"
    shell = network.shell
    for p in network.probes:
        p._shell = lambda source, command: shell(source, command).replace("probe-other", "probe-stale")
    network.fails("answered by 'probe-stale', not by probe-other")


def test_a_dead_overlay_is_not_asked_to_the_end():
    network = Network(30, lambda s, t, v: s != t)
    ctx = network.fails("pairs of nodes fail")
    assert len(network.asked) < 300
    assert "stopped_early" in ctx.observed


# ---- who cannot be asked --------------------------------------------------------------------------------------------
def test_a_probe_that_cannot_be_asked_is_not_a_fault_of_the_network():
    network = Network(3)

    def lost(*_a):
        raise TransportError("no way to the pod")

    network.probes[1]._shell = lost
    with pytest.raises(Inconclusive, match="could not be asked on n1"):
        network.run()
    assert len(network.ctx.seen(kind="probe", ok=False)) == 1


def test_datagrams_that_nobody_asked_prove_nothing():
    network = Network(3)
    network.mute = {"n1"}
    with pytest.raises(Inconclusive, match="datagrams were not asked from n1"):
        network.run()


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
    network = Network(12)
    shell = network.shell

    def silent(source, command):
        if source.node in ("n1", "n3") and source.node in network.commands:
            raise TransportError("no answer in time")
        return shell(source, command)

    for probe in network.probes:
        probe._shell = silent
    with pytest.raises(Inconclusive, match="could not be asked on n1 .*, n3 "):
        network.run()
    ctx = network.ctx
    assert len(ctx.seen(kind="pod", variant="small", ok=True)) == 12 * 12 - 2 * 2 and not ctx.seen(kind="pod", ok=False)
    assert {o["to_node"] for o in ctx.seen(kind="probe", ok=False)} == {"n1", "n3"} and len(ctx.seen(kind="probe")) == 2


def test_a_broken_pair_is_told_though_other_probes_fell_silent():
    network = Network(4, lambda s, t, v: (s, t) == ("n0", "n2"))

    def lost(*_a):
        raise TransportError("no answer in time")

    network.probes[1]._shell = lost
    ctx = network.fails(r"pairs of nodes fail \(small\): n0 -> n2")
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
