# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which autoscaler is there, what a pod asks for, and what is made of nodes that come, do not come, and stay."""
from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._scaling import coming, going, signs
from ansible_collections.assay.clusters.plugins.module_utils.checks.node_autoscaling import NodeAutoscaling
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import DoesNotApply, Inconclusive, StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext
from ansible_collections.assay.clusters.tests.unit.checks.scaling_cluster import NEVER, SEEKER, Scaled, api_error, node
from tests.fakes.clock import Clock

EVENTS, CLAIMS = f"/api/v1/namespaces/{FakeContext.namespace}/events", "/apis/karpenter.sh/v1/nodeclaims"
POOL = "karpenter.sh/nodepool"
REFUSAL = "pod didn't trigger scale-up: 1 max node group size reached"


@pytest.fixture(autouse=True)
def time_of_waits(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (coming, going):
        monkeypatch.setattr(module, "time", clock)


def _red(world: Scaled, match: str, kind: type[Exception] = StepFailed) -> FakeContext:
    with pytest.raises(kind, match=match) as told:
        world.run()
    world.message = str(told.value)
    gone = {name for _kind, name in world.ctx.deleted}
    assert {m["metadata"]["name"] for m in world.ctx.created} <= gone, "nobody waits for a node any more, and nobody keeps others off"
    return world.ctx


def test_it_is_skipped_unless_it_is_allowed() -> None:
    assert NodeAutoscaling().applies(FakeContext()) == "scaling_check_allow is not true: a node is added for the proof, and costs money"


def test_a_node_comes_serves_and_goes() -> None:
    world = Scaled().karpenter()
    ctx = world.run()
    assert (ctx.observed["new_nodes"], ctx.observed["nodes_before"], ctx.observed["nodes_after"]) == (["n9"], 3, 3)
    assert world.taken() == ["n1", "n2", "n3"] and {n for _k, n in ctx.deleted} == {m["metadata"]["name"] for m in ctx.created}
    assert {(o["from_node"], o["to_node"]) for o in ctx.seen(kind="pod", ok=True)} == {
        *((n, "n9") for n in ("n1", "n2", "n3")), *(("n9", n) for n in ("n1", "n2", "n3"))}
    assert ("Node", "", "n9") in ctx.path and not ctx.seen(ok=False) and not ctx.warnings


def test_the_pod_is_kept_off_by_pods_of_ours_and_by_nothing_that_it_would_use_up() -> None:
    world = Scaled().karpenter()
    world.run()
    spec = world.manifest["spec"]
    assert "priorityClassName" not in spec and "preemptionPolicy" not in spec and "tolerations" in spec and not spec["tolerations"]
    [apart] = spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert apart == {"labelSelector": {"matchLabels": {"assay.clusters/taken": FakeContext.nonce}}, "topologyKey": "kubernetes.io/hostname"}
    assert spec["containers"][0]["resources"]["requests"] == {"cpu": "50m", "memory": "64Mi"}
    assert world.manifest["metadata"]["annotations"]["karpenter.sh/do-not-disrupt"] == "true"
    keepers = [m for m in world.ctx.created if m is not world.manifest]
    assert all(m["kind"] == "Pod" and m["metadata"]["annotations"] == {"cluster-autoscaler.kubernetes.io/safe-to-evict": "true"} for m in keepers)


# ---- which autoscaler ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("group", "words"), [("karpenter.k8s.aws", "Karpenter"), ("eks.amazonaws.com", "EKS Auto Mode"),
                                              ("karpenter.azure.com", "node auto-provisioning of AKS")])
def test_karpenter_is_known_by_its_pools_whoever_runs_it(group: str, words: str) -> None:
    assert Scaled().karpenter(group).run().observed["autoscaler"] == words


def test_a_cluster_autoscaler_is_known_by_its_status_alone() -> None:
    assert Scaled().cluster_autoscaler().run().observed["autoscaler"] == "the Cluster Autoscaler"


@pytest.mark.parametrize("selector", ["k8s-app=cluster-autoscaler", "app=cluster-autoscaler"])
def test_a_cluster_autoscaler_without_a_status_is_known_by_its_deployment(selector: str) -> None:
    world = Scaled().workload("cluster-autoscaler", selector)
    world.events = [("TriggeredScaleUp", "pod triggered scale-up: [{workers 1->2 (max: 3)}]", "cluster-autoscaler")]
    assert ("Deployment", "kube-system", "cluster-autoscaler") in world.run().path


def test_any_other_one_is_taken_at_the_word_of_the_inventory() -> None:
    assert Scaled(autoscaler="other").run().observed["new_nodes"] == ["n9"]


@pytest.mark.parametrize("hidden", [(EVENTS,), (CLAIMS,), (EVENTS, CLAIMS)], ids=["events", "claims", "both"])
def test_what_we_may_not_see_of_a_decision_does_not_hide_the_node(hidden: tuple[str, ...]) -> None:
    world = Scaled().karpenter()
    world.joins, world.ready = 300.0, 310.0
    world.answers.update({path: api_error(403) for path in hidden})
    assert world.run().observed["new_nodes"] == ["n9"]


def test_a_cluster_without_one_is_skipped_and_a_hidden_one_is_not() -> None:
    _red(Scaled(), "neither a NodePool of Karpenter nor a Cluster Autoscaler", DoesNotApply)
    world = Scaled()
    world.answers = {"/apis/apps/v1/deployments": api_error(403), "/apis/karpenter.sh/v1/nodepools": api_error(403)}
    _red(world, "could not read NodePools, Deployments; name it in scaling_check_autoscaler", Inconclusive)


def test_one_that_does_not_run_ends_it_at_once() -> None:
    world = Scaled().karpenter()
    world.available = 0
    ctx = _red(world, "Karpenter does not run: Deployment kube-system/karpenter has no available pod")
    assert ctx.seen(variant="running", ok=False)[0]["target"] == "deployment/kube-system/karpenter" and not ctx.created
    _red(Scaled().cluster_autoscaler("2026-11-21 01:40:00.1 +0000 UTC"), "its status was last written 600 s ago")


# ---- which nodes --------------------------------------------------------------------------------------------------
def test_a_pool_is_named_and_its_taints_are_tolerated() -> None:
    world = Scaled(node_groups=["lab"]).karpenter(taints=[{"key": "dedicated", "value": "batch", "effect": "NoSchedule"}])
    world.labels = {POOL: "lab"}
    world.run()
    assert world.manifest["spec"]["nodeSelector"] == {POOL: "lab"}
    assert world.manifest["spec"]["tolerations"] == [{"key": "dedicated", "operator": "Equal", "value": "batch", "effect": "NoSchedule"}]


@pytest.mark.parametrize("name", ["workers", "eks.amazonaws.com/nodegroup=workers"])
def test_a_node_group_is_named_and_what_all_its_nodes_have_is_tolerated(name: str) -> None:
    world = Scaled(node_groups=[name]).cluster_autoscaler()
    world.labels = {"eks.amazonaws.com/nodegroup": "workers"}
    passing = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    world.nodes += [{**node(f"w{i}", **world.labels), "spec": {"taints": [{"key": "team", "value": "a", "effect": "NoSchedule"}, passing]}} for i in (1, 2)]
    world.run()
    assert world.manifest["spec"]["nodeSelector"] == world.labels
    assert [t["key"] for t in world.manifest["spec"]["tolerations"]] == ["team"]


def test_a_group_that_nobody_has_is_told_with_those_that_there_are() -> None:
    _red(Scaled(node_groups=["gpu"]).karpenter(), "no NodePool and no node of a group gpu; .* known are: lab", Inconclusive)


def test_pods_are_put_where_ours_could_go_and_nowhere_else() -> None:
    world = Scaled().karpenter()
    world.nodes += [node("fargate-1", **{"eks.amazonaws.com/compute-type": "fargate"}), {**node("cordoned"), "spec": {"unschedulable": True}},
                    {**node("gpu"), "spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}]}},
                    {**node("going"), "spec": {"taints": [{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}]}}]
    world.run()
    assert world.taken() == ["n1", "n2", "n3"]


def test_a_large_cluster_has_to_name_a_group() -> None:
    world = Scaled().karpenter()
    world.nodes += [node(f"m{i}") for i in range(200)]
    _red(world, "203 nodes could take a pod for the cluster.* 200 at most: name smaller groups", Inconclusive)
    assert not world.ctx.created


def test_a_pod_that_fits_after_all_proves_nothing() -> None:
    world = Scaled().karpenter()
    world.old = "n2"
    _red(world, "was to fit nowhere, and is given node n2, which was there before", Inconclusive)


# ---- no node comes ------------------------------------------------------------------------------------------------
def test_what_the_autoscaler_says_is_handed_on() -> None:
    world = Scaled().cluster_autoscaler()
    world.events, world.joins = [("NotTriggerScaleUp", REFUSAL, "cluster-autoscaler")], NEVER
    ctx = _red(world, f"the Cluster Autoscaler adds no node .* in the cluster, after 1[78]\\d s: NotTriggerScaleUp: {REFUSAL}")
    assert [o["error"] for o in ctx.seen(variant="said")] == [f"NotTriggerScaleUp: {REFUSAL}"], "the scheduler's own words are none of its"


@pytest.mark.parametrize("status", [True, False])
def test_a_machine_that_the_cloud_does_not_give_is_told_in_its_words(status: bool) -> None:
    world, words = Scaled(), "Instance 'gke-a1' creation failed: Quota 'CPUS' exceeded."
    if status:
        world.status = f"nodeGroups:\n- name: a\n  scaleUp:\n    status: Backoff\n    backoffInfo:\n      errorMessage: \"{words}\"\n"
    world.cluster_autoscaler()
    world.joins = NEVER
    world.events += [] if status else [("FailedScaleUp", words, "cluster-autoscaler")]
    ctx = _red(world, "asked for a machine, and no node came within .*: (Backoff|FailedScaleUp): Instance 'gke-a1'")
    assert words in ctx.seen(variant="said")[0]["error"] and not ctx.seen(variant="joined")


def test_one_that_says_nothing_is_told_as_such() -> None:
    world = Scaled().karpenter()
    world.decides = world.joins = NEVER
    assert _red(world, "Karpenter adds no node .*, and says nothing of it").seen(variant="silent")


def test_a_claim_whose_machine_the_cloud_does_not_start_is_no_node_on_its_way() -> None:
    world = Scaled().karpenter()
    world.launched, world.joins = False, NEVER
    ctx = _red(world, "Karpenter adds no node .*: Launched=Unknown LaunchFailed")
    assert ctx.seen(variant="said")[0]["target"] == "nodeclaim/lab-x7" and ctx.observed["left"] == ["nodeclaim/lab-x7"]


@pytest.mark.parametrize("karpenter", [True, False])
def test_a_machine_that_never_joins(karpenter: bool) -> None:
    world = Scaled().karpenter() if karpenter else Scaled().cluster_autoscaler()
    world.joins = NEVER
    ctx = _red(world, "had a machine.* started, and no node of it joined within (89|90)\\d s")
    assert ctx.seen(variant="joined")[0]["target"] == ("nodeclaim/lab-x7" if karpenter else f"pod/{FakeContext.namespace}/{SEEKER}")


def test_a_node_that_joins_and_is_never_ready() -> None:
    world = Scaled().karpenter()
    world.ready = NEVER
    ctx = _red(world, "a node joined and did not take the pod .*: n9 Ready=False KubeletNotReady: cni plugin not initialized")
    assert "; node/n9 is left, until Karpenter gives it up" in world.message
    assert ctx.seen(kind="node")[0]["to_node"] == "n9" and ("Node", "", "n9") in ctx.path and "node/n9" in ctx.observed["left"]


def test_a_run_that_ends_before_the_wait_proves_nothing() -> None:
    world = Scaled().karpenter()
    world.joins = NEVER
    ctx = world.context()
    ctx.deadline = ctx.deadline - 9000 + 300
    with pytest.raises(Inconclusive, match="raise validate_timeout.* So far: Karpenter had a machine"):
        NodeAutoscaling().run(ctx)
    assert ("Pod", SEEKER) in ctx.deleted and ctx.observed["left"] == ["nodeclaim/lab-x7"]


def test_a_virtual_node_is_none_that_an_autoscaler_added() -> None:
    world = Scaled().karpenter()
    world.labels = {"eks.amazonaws.com/compute-type": "fargate"}
    _red(world, "node n9 came for the pod, and it is a virtual node", Inconclusive)


def test_a_node_that_does_not_serve() -> None:
    world = Scaled().karpenter()
    world.dials = False
    ctx = _red(world, "a pod on n1 reaches pod .* on n9: not within (59|60) s")
    assert ctx.seen(kind="pod", ok=False)[0]["error"] == "i/o timeout"


# ---- a pod that is ended ------------------------------------------------------------------------------------------
TAKEN_OFF = "on n9: DeletionByTaintManager: Taint manager: deleting due to NoExecute taint"


@pytest.mark.parametrize(("ended", "last"), [("takes_off", TAKEN_OFF), ("refuses", "on n9: OutOfcpu: Node didn't have enough resource: cpu")])
@pytest.mark.parametrize("times", [1, 3])
def test_a_pod_that_a_new_node_loses_is_made_again(ended: str, last: str, times: int) -> None:
    world = Scaled().karpenter()
    setattr(world, ended, times)
    ctx = world.run()
    assert (world.pods, len(ctx.observed["seeker_ended"]), ctx.observed["seeker_ended"][0]) == (times + 1, times, last)
    assert ctx.observed["new_nodes"] == ["n9"] and ctx.observed["nodes_after"] == 3 and not ctx.seen(ok=False)


def test_a_pod_that_others_end_each_time_proves_nothing() -> None:
    world = Scaled().karpenter()
    world.takes_off = 9
    ctx = _red(world, f"pod {SEEKER} was ended by others 4 times before it was done, .*: keep those that delete pods from those labelled "
               "assay.clusters/run", Inconclusive)
    assert world.pods == 4 and ctx.observed["seeker_ended"][0] == TAKEN_OFF


def test_a_node_that_refuses_each_pod_is_at_fault() -> None:
    world = Scaled().karpenter()
    world.refuses = 9
    ctx = _red(world, "was refused 4 times, the last time on n9: OutOfcpu: Node didn't have enough")
    assert ctx.seen(kind="node", ok=False)[0]["to_node"] == "n9" and ("Node", "", "n9") in ctx.path


def test_what_a_wait_fails_with_is_not_the_end_of_its_time() -> None:
    ctx = FakeContext()
    assert signs.within(ctx, 3, lambda: False) is False and signs.within(ctx, 3, lambda: "there") is True
    with pytest.raises(StepFailed, match="^refused$"):
        signs.within(ctx, 3, lambda: ctx.fail("refused"))


def test_a_node_that_the_pod_was_on_before_has_to_go_too() -> None:
    world = Scaled(autoscaler="other")
    world.takes_off, world.moves_to, world.goes = 1, "n10", NEVER
    ctx = _red(world, "node n9, node n10 is still there")
    assert ctx.observed["new_nodes"] == ["n10"]


def test_a_late_node_is_warned_of() -> None:
    world = Scaled(up_expected=10, down_expected=20).karpenter()
    assert [re.search(r"scaling_check_\w+", w)[0] for w in world.run().warnings] == ["scaling_check_up_expected", "scaling_check_down_expected"]


# ---- a node that stays --------------------------------------------------------------------------------------------
def _guest(name: str, owner: str = "ReplicaSet", **annotations: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop", "annotations": {k.replace("__", "/").replace("_", "-"): v for k, v in annotations.items()},
                         "ownerReferences": [{"kind": owner}]}, "status": {"phase": "Running"}}


def test_a_node_that_a_pod_holds() -> None:
    world = Scaled().karpenter()
    world.goes, world.guests = NEVER, [_guest("agent", "DaemonSet"), _guest("web"), _guest("db", **{"karpenter.sh/do-not-disrupt": "true"})]
    ctx = _red(world, "node n9 is still there 1[78]\\d\\d s after .*; held by: pod shop/db has karpenter.sh/do-not-disrupt=true$")
    assert ctx.seen(variant="held")[0]["target"] == "pod/shop/db" and ctx.observed["left"] == ["node/n9"]


def test_a_node_that_others_use_proves_nothing() -> None:
    world = Scaled().karpenter()
    world.goes, world.guests, world.of_node = NEVER, [_guest("web")], [("Unconsolidatable", 'NodePool "lab" has non-empty consolidation disabled')]
    assert not _red(world, "node n9 is used by others now.*: pod shop/web runs there", Inconclusive).seen(variant="held")


@pytest.mark.parametrize(("reason", "words"), [
    ("DisruptionBlocked", "No allowed disruptions for disruption reason Empty due to blocking budget"), ("Unconsolidatable", "Can't remove"),
    ("ScaleDownFailed", "failed to drain the node, aborting ScaleDown")])
def test_what_is_said_of_a_node_that_stays(reason: str, words: str) -> None:
    world = Scaled().karpenter()
    world.goes, world.guests, world.of_node = NEVER, [_guest("agent", "DaemonSet")], [(reason, words), ("NodeReady", "it was")]
    assert [o["error"] for o in _red(world, f"held by: {reason}: {words}").seen(variant="held")] == [f"{reason}: {words}"]


def test_what_was_said_of_a_node_that_was_still_coming_holds_it_no_more() -> None:
    world = Scaled().karpenter()
    world.goes = NEVER
    world.of_node = [("DisruptionBlocked", words) for words in (
        "Node is nominated for a pending pod", "Nodeclaim does not have an associated node",
        f'Pod has "karpenter.sh/do-not-disrupt" annotation (Pod={FakeContext.namespace}/{SEEKER})')]
    assert not _red(world, "and Karpenter does not say why$").seen(variant="held")
