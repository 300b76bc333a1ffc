# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check of nodes looks twice: clocks that are off, nodes that join, go, restart their kubelets, and are cordoned."""
from __future__ import annotations

import functools

import pytest

from ansible_collections.assay.clusters.tests.unit.checks.fakes import Now
from ansible_collections.assay.clusters.tests.unit.checks.node_cluster import Cluster, beating, lease, node, noted, stamp

CORDON = {"key": "node.kubernetes.io/unschedulable"}


def _with_clock(note=True, way=0.0, **ahead):
    c = Cluster()
    for name, seconds in ahead.items():
        c.leases[name] = functools.partial(beating, name, ahead=seconds, note=note, way=way)
    return c


# ---- clocks ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("ahead, words", [
    (-61.0, "61 s behind"), (-6.0, "6 s behind"), (6.0, "6 s ahead of"), (3600.0, "3600 s ahead of"),
    (-90000.0, "90000 s behind")])
def test_a_clock_that_is_off_fails_whichever_way_and_its_kubelet_lives(ahead, words):
    c = _with_clock(n1=ahead)
    ctx = c.assert_red(f"1 of 3 nodes: n1 clock is {words} the API server's")
    assert ctx.steps[-1] == "the clock of every node is right"
    assert [o["to_node"] for o in ctx.seen(variant="clock", ok=False)] == ["n1"] and not ctx.seen(variant="lease", ok=False)
    assert set(ctx.observed["clock"]) == {"n1"}


@pytest.mark.parametrize("ahead", [-4.9, 0.0, 4.9])
def test_a_clock_within_five_seconds_is_right_at_the_first_look(ahead):
    ctx = _with_clock(n1=ahead).run()
    assert not ctx.warnings and Now.clock.passed == 0 and len(ctx.seen(variant="clock", ok=True)) == 3


def test_a_renewal_that_was_under_way_for_long_is_no_late_clock():
    c = _with_clock(n1=0.0, way=8.0)
    c.later(5, lambda: c.leases.update(n1=functools.partial(beating, "n1")))
    assert not c.run().warnings and Now.clock.passed >= 12


@pytest.mark.parametrize("before, after, words", [
    (-9.0, -6.0, ""), (-6.0, -9.0, ""), (-8.0, -7.0, "7 s behind"), (-20.0, -40.0, "20 s behind"), (-40.0, -20.0, "20 s behind"),
    (6.0, 9.0, "6 s ahead of")])
def test_two_renewals_that_wait_differ_and_a_clock_is_off_by_the_same(before, after, words):
    """A kubelet waits for ten seconds at most, so that no way explains more, nor a clock that is ahead."""
    c = _with_clock(n1=before)
    c.later(4, lambda: c.leases.update(n1=functools.partial(beating, "n1", ahead=after)))
    if words:
        c.assert_red(f"n1 clock is {words} the API server's")
    else:
        took = f"{-before:.0f} and {-after:.0f}"
        assert c.run().warnings == [f"node n1 renewals of its Lease took {took} s to come, or its clock is late"]


@pytest.mark.parametrize("ahead, words", [(-121.0, "at least 11[0-9] s behind"), (30.0, "at least (2[0-9]|30) s ahead of")])
def test_an_api_server_that_does_not_note_when_leases_came_tells_less_exactly(ahead, words):
    """A late clock makes its Leases look 121 s old: that they are renewed before our eyes tells it from a silent kubelet."""
    c = _with_clock(note=False, n1=ahead)
    assert c.assert_red(f"n1 clock is {words} the API server's").steps[-1] == "the clock of every node is right"


@pytest.mark.parametrize("notes", [True, False])
def test_a_silent_kubelet_is_silent_whatever_its_clock(notes):
    c = Cluster()
    c.leases["n1"] = lease("n1", stamp(-45))
    if notes:
        c.leases["n1"] = noted(lease("n1", stamp(-3645)), stamp(-45))
    assert c.assert_red("n1 Lease not renewed for 57 s").steps[-1] == "every node renews its Lease"


def test_a_lease_that_grows_too_old_between_the_looks_counts():
    c = Cluster()
    c.leases["n1"], c.leases["n2"] = lease("n1", stamp(-35)), lease("n2", stamp(-300))
    c.assert_red("2 of 3 nodes: n1 Lease not renewed for 47 s, n2 Lease not renewed for 312 s")


@pytest.mark.parametrize("age, found", [(39, ""), (60, "n1 has no Lease")])
def test_a_node_without_a_lease_that_sends_its_status_as_often_is_alive(age, found):
    """As virtual kubelets did that no label tells as such."""
    c = Cluster()
    del c.leases["n1"]
    c.condition("n1", "Ready", lastHeartbeatTime=stamp(-age))
    if found:
        c.assert_red(found)
    else:
        assert not c.run().warnings


def test_a_clock_that_only_one_renewal_tells_of_is_a_word():
    c = Cluster()
    c.leases["n1"] = noted(lease("n1", stamp(-2)), stamp(-9))
    assert c.run().warnings == ["node n1 clock is 7 s ahead of the API server's, by one renewal of its Lease"]


def test_what_a_node_with_a_late_clock_reported_is_not_older_than_it_is():
    c = _with_clock(n1=-4.0)
    c.condition("n1", "Ready", lastHeartbeatTime=stamp(-483))
    assert not c.run().warnings
    c.condition("n1", "Ready", lastHeartbeatTime=stamp(-486))
    assert c.run().warnings == ["node n1: status not reported for 482 s"]


@pytest.mark.parametrize("here, words", [(29.0, ""), (-29.0, ""), (3600.0, "3600 s behind"), (-31.0, "31 s ahead of")])
def test_a_cluster_that_is_late_as_a_whole_differs_from_the_controller(here, words):
    """All machines were reverted: their clocks agree."""
    c = Cluster()
    c.here = here
    wanted = [f"the API server's clock is {words} this controller's: one of the two is off"] if words else []
    assert c.run().warnings == wanted


# ---- nodes that come and go -----------------------------------------------------------------------------------------
def test_an_old_node_is_told_at_the_second_look():
    c = Cluster()
    c.nodes["n1"] = node("n1", age=301)
    c.not_ready("n1")
    ctx = c.assert_red("1 of 3 nodes: n1 Ready=False KubeletNotReady: cni plugin not initialized$")
    assert ctx.steps[-1] == "every node is Ready" and 12 <= Now.clock.passed < 20


def test_a_kubelet_that_restarts_is_a_word():
    c = Cluster()
    c.not_ready("n1", "container runtime is down")
    c.later(3, lambda: c.well("n1"))
    assert c.run().warnings == ["node n1 Ready=False KubeletNotReady: container runtime is down, at one of two looks"]


def test_a_node_that_is_ill_at_the_last_look_only_is_a_word():
    c = Cluster()
    c.not_ready("n1")
    c.leases["n2"] = noted(lease("n2", stamp(-5)), stamp(-5))
    c.later(3, lambda: (c.well("n1"), c.not_ready("n2")))
    c.missing = {"n2": "the node is not Ready"}
    assert [w.split()[1] for w in c.run().warnings] == ["n1", "n2"]


def test_a_node_that_registers_gets_a_minute():
    c = Cluster()
    c.nodes["n1"] = node("n1", age=20)
    c.not_ready("n1")
    c.later(40, lambda: c.well("n1"))
    ctx = c.run()
    assert not ctx.warnings and set(ctx.observed["nodes_joining"]) == {"n1"} and ctx.seen(variant="ready", ok=True)


def test_a_node_that_registered_and_does_not_become_ready_fails_then():
    c = Cluster()
    c.nodes["n1"] = node("n1", age=20)
    c.not_ready("n1")
    c.assert_red("n1 Ready=False KubeletNotReady: cni plugin not initialized, [78][0-9] s after it registered")
    assert Now.clock.passed >= 60


def test_an_old_node_does_not_wait_for_a_young_one():
    c = Cluster()
    c.nodes["n1"] = node("n1", age=20)
    c.not_ready("n1")
    c.not_ready("n2")
    c.assert_red("2 of 3 nodes")
    assert Now.clock.passed < 20


def test_a_node_that_is_gone_at_the_second_look_is_nobodys_trouble():
    c = Cluster()
    c.condition("n1", "Ready", status="Unknown", reason="NodeStatusUnknown")
    c.leases["n1"] = lease("n1", stamp(-60))
    c.missing = {"n1": "the node is not Ready"}
    c.later(5, lambda: c.gone("n1"))
    ctx = c.run()
    assert not ctx.warnings and ctx.observed["left_meanwhile"] == ["n1"]
    assert not ctx.seen(to_node="n1") and len(ctx.seen(variant="pod", ok=True)) == 2


def test_a_node_that_joins_meanwhile_is_told_and_not_judged():
    c = Cluster()
    c.not_ready("n1")
    c.nodes["n1"]["metadata"]["creationTimestamp"] = stamp(-100)
    c.nodes["n9"] = node("n9", age=-1)
    c.not_ready("n9")
    new = c.nodes.pop("n9")
    c.later(5, lambda: c.fleet.watch.there.update(n9=new))
    c.later(30, lambda: c.well("n1"))
    ctx = c.run()
    assert ctx.observed["joined_meanwhile"] == ["n9"] and not ctx.seen(to_node="n9") and not ctx.warnings


@pytest.mark.parametrize("taint, who", [
    ("ToBeDeletedByClusterAutoscaler", "the cluster autoscaler removes it"),
    ("karpenter.sh/disrupted", "Karpenter replaces it"),
    ("karpenter.sh/disruption", "Karpenter replaces it"),
    ("aws-node-termination-handler/spot-itn", "the AWS node termination handler drains it")])
def test_who_takes_a_node_away_is_told_where_it_is_cordoned_or_ill(taint, who):
    c = Cluster()
    c.nodes["n1"]["spec"] = {"unschedulable": True, "taints": [{"key": taint, "effect": "NoSchedule"}]}
    assert c.run().warnings == [f"node n1 is cordoned: {who}"]
    c.not_ready("n1")
    c.missing = {"n1": "the node is not Ready"}
    ctx = c.run()
    assert ctx.warnings == [f"node n1 is not well, and is not judged: {who}"] and not ctx.seen(variant="ready", ok=False)


@pytest.mark.parametrize("spoil, who", [
    (lambda n: n["metadata"]["annotations"].update({"machineconfiguration.openshift.io/state": "Working"}), "machine config"),
    (lambda n: n["metadata"]["annotations"].update({"machineconfiguration.openshift.io/state": "Done"}), ""),
    (lambda n: n["metadata"].update(deletionTimestamp=stamp(-9)), "it is being deleted"),
    (lambda n: n["spec"]["taints"].append({"key": "node.cluster.x-k8s.io/outdated-revision", "effect": "PreferNoSchedule"}),
     "Cluster API replaces it"),
    (lambda n: n["spec"]["taints"].append({"key": "DeletionCandidateOfClusterAutoscaler", "effect": "PreferNoSchedule"}), ""),
    (lambda n: n["spec"]["taints"].append({**CORDON, "timeAdded": stamp(1)}), "after this run began"),
    (lambda n: n["spec"]["taints"].append({**CORDON, "timeAdded": stamp(0)}), ""), (lambda n: None, "")])
def test_a_cordon_that_nobody_explains_fails(spoil, who):
    c = Cluster()
    c.nodes["n1"]["spec"]["unschedulable"] = True
    spoil(c.nodes["n1"])
    if who:
        (warning,) = c.run().warnings
        assert who in warning
    else:
        c.assert_red("1 of 3 nodes: n1 is cordoned")


def test_a_node_that_is_cordoned_between_the_looks_is_somebodys_work():
    c = Cluster()
    c.not_ready("n2")
    c.later(3, lambda: (c.well("n2"), c.fleet.watch.there.update(n1={**c.nodes["n1"], "spec": {"unschedulable": True}})))
    assert "node n1 is cordoned: that was done after this run began" in c.run().warnings
