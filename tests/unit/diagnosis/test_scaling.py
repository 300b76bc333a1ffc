# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Autoscalers, replayed: Karpenter's words as the lab's Karpenter says them, the Cluster Autoscaler's as its source and its users have them."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import api_error, cause, healthy, one, seen

POD = "pod/assay-3f9a21c0/seeker-a1-0"
NO_NODE = "Karpenter adds no node for a pod that fits nowhere in the cluster, after 180 s"
# pkg/controllers of Karpenter v1.8, as events of the lab have them.
LIMIT = 'FailedScheduling: Failed to schedule pod, all available instance types exceed limits for nodepool (NodePool=lab)'
TOO_LARGE = ('FailedScheduling: Failed to schedule pod, no instance type has enough resources, requirements=karpenter.sh/nodepool In [lab], '
             'resources={"cpu":"64060m","pods":"3"}')
TAINT = "FailedScheduling: Failed to schedule pod, did not tolerate taint (taint=dedicated=gpu:NoSchedule)"
NO_CAPACITY = "InsufficientCapacityError: NodeClaim lab-x7 event: creating instance, insufficient capacity"
LAUNCH = "Launched=Unknown LaunchFailed: InsufficientInstanceCapacity: there is no lab.small in zone-a"
UNREGISTERED = "Registered=Unknown NodeNotFound: Node not registered with cluster"
# cluster-autoscaler/core/scaleup/orchestrator/skippedreasons.go and the events of it.
CA_MAX = "NotTriggerScaleUp: pod didn't trigger scale-up: 1 node(s) had untolerated taint(s), 3 max node group size reached"
CA_TOTAL = "NotTriggerScaleUp: pod didn't trigger scale-up: 1 max cluster cpu, memory limit reached"
CA_NO_FIT = "NotTriggerScaleUp: pod didn't trigger scale-up: 2 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector"
CA_BACKOFF = "NotTriggerScaleUp: pod didn't trigger scale-up: 1 in backoff after failed scale-up"
CA_FAILED = ("FailedScaleUp: Node scale up in zones australia-southeast1-b associated with this pod failed: GCE out of resources. Pod is at risk "
             "of not being scheduled.")


def _finding(message: str, *observations: dict[str, Any], **observed: Any) -> Finding:
    return Finding("node_autoscaling", "scaling", "failed", "a step", message, observations=list(observations), observed=observed)


def _said(*words: tuple[str, str], variant: str = "said") -> Finding:
    return _finding(NO_NODE, *(seen("autoscaler", variant, error=w, target=t) for t, w in words))


@pytest.mark.parametrize(("said", "claimed"), [
    ([(POD, LIMIT)], ("cas.max-reached", "confirmed", ["nodepool/lab"])),
    ([(POD, f"{LIMIT}; did not tolerate taint (taint=dedicated=gpu:NoSchedule)")], ("cas.max-reached", "confirmed", ["nodepool/lab"])),
    ([(POD, TOO_LARGE)], ("cas.no-match", "confirmed", [])), ([(POD, TAINT)], ("cas.no-match", "confirmed", [])),
    ([("nodepool/lab", "Ready=False NodeClassReady: NodeClass is not ready")], ("cas.no-match", "confirmed", ["nodepool/lab"])),
    ([("nodeclaim/lab-x7", NO_CAPACITY)], ("cas.cloud-error", "confirmed", ["nodeclaim/lab-x7"])),
    ([(POD, "FailedScheduling: Failed to schedule pod, something new"), ("nodeclaim/lab-x7", LAUNCH)],
     ("cas.cloud-error", "confirmed", ["nodeclaim/lab-x7"])),
    ([("nodeclaim/lab-x7", "Launched=Unknown LaunchFailed: VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit")],
     ("cloud.quota", "confirmed", ["nodeclaim/lab-x7"])),
    ([("nodeclaim/lab-x7", "Launched=Unknown LaunchFailed: UnauthorizedOperation: You are not authorized to perform this operation")],
     ("cloud.permission", "confirmed", ["nodeclaim/lab-x7"])),
    ([(POD, CA_MAX)], ("cas.max-reached", "confirmed", [])), ([(POD, CA_TOTAL)], ("cas.max-reached", "confirmed", [])),
    ([(POD, CA_NO_FIT)], ("cas.no-match", "confirmed", [])), ([(POD, CA_FAILED)], ("cas.cloud-error", "confirmed", [])),
    ([("configmap/kube-system/cluster-autoscaler-status", "Backoff: Instance 'gke-a1' creation failed: no capacity")],
     ("cas.cloud-error", "confirmed", ["configmap/kube-system/cluster-autoscaler-status"])),
    ([(POD, CA_BACKOFF)], ("cas.cloud-error", "probable", [])),
    ([(POD, CA_BACKOFF), (POD, CA_FAILED)], ("cas.cloud-error", "confirmed", [])),
    ([(POD, "FailedScheduling: Failed to schedule pod, something new")], ("cas.blocked", "suspected", []))])
def test_why_no_node_comes_is_in_the_words_of_the_autoscaler(said: list[tuple[str, str]], claimed: Any) -> None:
    assert cause(_said(*said), healthy()) == claimed


def test_an_autoscaler_that_says_nothing_is_suspected_only() -> None:
    found = one(_said((POD, "Karpenter says nothing of the pod"), variant="silent"), healthy())
    assert (found.cause, found.confidence) == ("cas.blocked", "suspected") and "autoscaler" in found.next_command


@pytest.mark.parametrize(("target", "words", "confidence"), [
    ("deployment/kube-system/karpenter", "deployment kube-system/karpenter has no available pod, of 0 that are wanted", "confirmed"),
    ("configmap/kube-system/cluster-autoscaler-status", "ConfigMap kube-system/cluster-autoscaler-status was last written 900 s ago", "probable")])
def test_one_that_does_not_run(target: str, words: str, confidence: str) -> None:
    found = one(_finding("it does not run", seen("autoscaler", "running", error=words, target=target)), healthy())
    assert (found.cause, found.confidence, found.scope, found.evidence) == ("cas.not-running", confidence, [target], [words])
    assert target.rpartition("/")[2] in found.next_command


@pytest.mark.parametrize(("target", "words", "claimed"), [
    ("nodeclaim/lab-x7", UNREGISTERED, ("cas.not-joining", "confirmed", ["nodeclaim/lab-x7"])),
    (POD, "TriggeredScaleUp: pod triggered scale-up: [{workers 1->2 (max: 3)}]", ("cas.not-joining", "probable", []))])
def test_a_machine_of_which_no_node_came(target: str, words: str, claimed: Any) -> None:
    assert cause(_said((target, words), variant="joined"), healthy()) == claimed


def test_a_wait_that_was_cut_short_names_no_cause_of_the_autoscaler() -> None:
    cut = _said(("nodeclaim/lab-x7", UNREGISTERED), variant="joined")
    cut.verdict = "inconclusive"
    assert cause(cut, healthy()) == ("harness.precondition", "confirmed", [])


def test_what_holds_a_node_is_told_with_the_pod_to_look_at() -> None:
    message = "node n9 is still there 1800 s after the pod that it came for was deleted; held by: pod shop/db-0 has karpenter.sh/do-not-disrupt=true"
    words = "pod shop/db-0 has karpenter.sh/do-not-disrupt=true"
    found = one(_finding(message, seen("autoscaler", "held", to_node="n9", error=words, target="pod/shop/db-0")), healthy())
    assert (found.cause, found.confidence, found.scope) == ("cas.scaledown-blocked", "confirmed", ["node/n9"])
    assert words in found.evidence and found.next_command == "kubectl -n shop describe pod db-0"


def test_a_node_that_stays_without_a_word_is_suspected_only() -> None:
    message = "node n9 is still there 1800 s after the pod that it came for was deleted, and Karpenter does not say why"
    assert cause(_finding(message, left=["node/n9"]), healthy()) == ("cas.blocked", "suspected", ["node/n9"])


def test_pods_of_others_that_use_the_node_are_no_cause() -> None:
    told = _finding("node n9 is used by others now", seen("autoscaler", "used", to_node="n9", error="pod shop/web-1 runs there", target="pod/shop/web-1"))
    told.verdict = "inconclusive"
    told.errors = [api_error('pods "seeker-a1-0" not found', 404)]  # as of any deletion
    found = one(told, healthy())
    assert (found.cause, found.confidence, found.scope) == ("harness.precondition", "confirmed", ["node/n9"]) and "scaling_check_node_groups" in found.remedy
