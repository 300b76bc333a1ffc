# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is made of Node objects, Leases and statistics."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.nodes import minor, moment
from ansible_collections.assay.clusters.plugins.module_utils.checks._nodes.kubelets import free_shares
from ansible_collections.assay.clusters.plugins.module_utils.checks._nodes.claims import skew
from ansible_collections.assay.clusters.plugins.module_utils.checks.nodes import Nodes
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, Now, api_error
from ansible_collections.assay.clusters.tests.unit.checks.node_cluster import (
    LEASES, Cluster, lease, node, noted, stamp, summary)


def test_healthy_nodes_pass_every_claim():
    ctx = Cluster(expected=3).run()
    assert not ctx.warnings
    for variant in ("ready", "lease", "pressure", "cordoned", "version", "pod"):
        assert [o["to_node"] for o in ctx.seen(kind="node", variant=variant, ok=True)] == ["n0", "n1", "n2"]
    assert ctx.measurements["least free nodefs"] == 80
    assert ("Node", "", "n2") in ctx.path


def test_node_that_is_not_ready_is_named_with_its_reason():
    c = Cluster()
    c.condition("n1", "Ready", status="Unknown", reason="NodeStatusUnknown",
                message="Kubelet stopped posting node status.")
    ctx = c.assert_red("1 of 3 nodes: n1 Ready=Unknown NodeStatusUnknown: Kubelet stopped posting")
    assert ctx.steps[-1] == "every node is Ready"
    assert [o["to_node"] for o in ctx.seen(variant="ready", ok=False)] == ["n1"]
    assert set(ctx.observed["not_ready"]) == {"n1"}


@pytest.mark.parametrize("lease, words", [
    (lease("n0", "2026-11-21T01:49:19Z"), "n0 Lease not renewed for 53 s"), (lease("other"), "n0 has no Lease")])
def test_old_and_missing_leases_fail(lease, words):
    c = Cluster()
    c.leases["n0"] = lease
    c.assert_red(words)


def test_lease_at_its_limit_passes():
    c = Cluster()
    c.leases["n0"] = noted(lease("n0", stamp(-40)), stamp(-40))
    assert not c.run().warnings and Now.clock.passed == 0


@pytest.mark.parametrize(("lasts", "age", "words"), [
    (160, 159, ""), (160, 165, "n0 Lease not renewed for 177 s"), (20, 40, ""), (0, 39, ""), (40, 60, "n0 Lease not renewed for 72 s")])
def test_a_lease_that_says_how_long_it_lasts_is_renewed_accordingly(lasts, age, words):
    c = Cluster()
    c.leases["n0"] = noted(lease("n0", stamp(-age)), stamp(-age))
    c.leases["n0"]["spec"]["leaseDurationSeconds"] = lasts
    if words:
        c.assert_red(words)
    else:
        assert not c.run().warnings


def test_a_renewal_that_is_not_due_yet_tells_of_no_late_clock():
    c = Cluster()
    c.leases["n0"] = lease("n0", stamp(-30))
    c.leases["n0"]["spec"]["leaseDurationSeconds"] = 160
    assert not c.run().warnings and Now.clock.passed == 0


def test_pressure_cordon_count_and_pod_each_fail_at_their_step():
    c = Cluster()
    c.condition("n2", "DiskPressure", status="True", message="kubelet has disk pressure")
    assert c.assert_red("n2 DiskPressure: kubelet has disk pressure").steps[-1].startswith("no node is short of")
    c = Cluster()
    c.nodes["n0"]["spec"]["unschedulable"] = True
    assert c.assert_red("n0 is cordoned").steps[-1] == "no node is cordoned"
    c.options = {"allow_cordoned": True}
    assert c.run().steps[-1] == "every node has free disk"
    assert Cluster(expected=4).assert_red("3 nodes, expected 4")
    c = Cluster()
    c.missing = {"n1": "ImagePullBackOff: 429"}
    assert c.assert_red(r"1 of 3 nodes did not start a pod: n1 \(ImagePullBackOff: 429\)").seen(variant="pod", ok=False)


def test_an_api_server_that_knows_any_node_fails_the_negative():
    c = Cluster()
    name = f"/api/v1/nodes/assay-{FakeContext.nonce}"
    run = Nodes()
    with pytest.raises(StepFailed, match="which nobody made"):
        run._negative(FakeContext({name: {}}))
    run._negative(FakeContext({name: api_error(404)}))
    assert c.run().steps.index("a node that does not exist is not found") > 0


@pytest.mark.parametrize("kubelet, server, words", [
    ("v1.36.1", "v1.36.9", ""), ("v1.33.0", "v1.36.1", ""), ("v1.32.9", "v1.36.1", "4 minor versions older"),
    ("v1.37.0", "v1.36.1", "newer than the API server"), ("v1.36.1-eks-4a", "v1.36.0+k3s1", ""), ("", "v1.36.1", "")])
def test_version_skew(kubelet, server, words):
    found = skew(node("n", kubeletVersion=kubelet), server)
    assert words in found and bool(words) == bool(found)


def test_little_free_disk_warns_and_unreadable_statistics_are_said():
    c = Cluster()
    c.stats["n1"], c.stats["n2"] = summary(9), api_error(403)
    ctx = c.run()
    assert ctx.warnings == ["node n1: only 9 % of nodefs free", "node n1: only 9 % of imagefs free"]
    assert ctx.observed["disk_not_read"] == ["n2"]


def test_statistics_without_image_inodes_leave_them_out():
    assert free_shares(summary(50)) == {"nodefs": 0.5, "nodefs inodes": 0.9, "imagefs": 0.5}
    assert free_shares({}) == {}


def test_times_and_versions_of_all_kinds():
    assert moment("2026-11-21T01:46:22Z") == moment("Sat, 21 Nov 2026 01:46:22 GMT")
    assert moment(None) is moment("") is moment("nonsense") is None
    assert minor("v1.9.3-gke.1") == (1, 9) and minor("unknown") is None


# ---- time ---------------------------------------------------------------------------------------------------------
def _late(path):
    return ApiError("timeout", None, "Timeout", "no answer in time", "GET", path)


def test_a_kubelet_that_does_not_tell_its_disks_in_time_is_said_and_no_failure():
    """Its Lease and its pod were judged before; the others are read all the same."""
    c = Cluster()
    c.stats["n0"], c.stats["n2"] = summary(9), _late("/api/v1/nodes/n2/proxy/stats/summary")
    ctx = c.run()
    assert ctx.observed["disk_not_read"] == ["n2"] and "node n0: only 9 % of nodefs free" in ctx.warnings
    assert ctx.measurements["least free nodefs"] == 9


def test_an_api_server_that_does_not_answer_in_time_is_no_fault_of_the_nodes():
    c = Cluster()
    with pytest.raises(ApiError) as raised:
        c.run(**{LEASES: _late(LEASES)})
    assert raised.value.kind == "timeout" and not c.ctx.seen(ok=False)


def test_who_may_not_list_nodes_is_told_so():
    """The one list of the run was refused before; that of the check says whose right is missing."""
    c = Cluster()
    refused = api_error(403, 'User "u" cannot list resource "nodes"')
    with pytest.raises(ApiError, match="cannot list resource"):
        c.run(known=False, **{"/api/v1/nodes": refused})
    c.assert_open("could not be listed when the run began", known=False, **{"/api/v1/nodes": {"items": []}})
