# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long pods are waited for that no node takes."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.placing import KARPENTER, STATUS, Placing, words_of
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, Now, api_error, node

LIMIT = 180
FULL = "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims found."
TAINTED = "0/2 nodes are available: 2 node(s) had untolerated taint(s)."
NAMED = "0/2 nodes are available: 2 node(s) had untolerated taint {node.kubernetes.io/not-ready: }."


def _pod(words: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": "writer"}, "spec": {}, "status": {"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words, **more}]}}


class Waiting:
    """A pod that no node takes. words: what the scheduler says, also by the seconds that have passed; events: of its own."""

    def __init__(self, words: str | Callable[[float], str], events: tuple[tuple[str, str], ...] = (), nodes: Any = None, **answers: Any):
        self.ctx = FakeContext({
            f"/api/v1/namespaces/{FakeContext.namespace}/events": {"items": [
                {"reason": r, "reportingComponent": who, "message": "x"} for r, who in (("FailedScheduling", "default-scheduler"), *events)]},
            **answers}, nodes=[node("n1"), node("n2")] if nodes is None else nodes)
        start = Now.clock.monotonic()
        told = words if callable(words) else lambda _seconds: words

        class Items(dict):  # type: ignore[type-arg]
            def get(self, key: Any, default: Any = None) -> Any:
                return _pod(told(Now.clock.monotonic() - start)) if key[1] == "writer" else default

        self.ctx.items["pods"] = Items()
        self.placing = Placing(self.ctx, ["writer"])

    def given_up_after(self) -> float:
        start = Now.clock.monotonic()
        with pytest.raises(StepFailed) as e:
            self.placing.wait(lambda items: None, "pod writer ends", LIMIT)
        assert bool(self.placing.over) == ("no node takes pod writer, of which the scheduler says the same" in str(e.value))
        return Now.clock.monotonic() - start


def _node(name: str = "n1", labels: Any = None, ready: bool = True, **spec: Any) -> dict[str, Any]:
    one = node(name, **(labels or {}))
    one["spec"], one["status"]["conditions"][0]["status"] = spec, str(ready)
    return one


def _taint(key: str, effect: str = "NoSchedule") -> dict[str, Any]:
    return {"taints": [{"key": key, "effect": effect}]}


@pytest.mark.parametrize(("words", "nodes", "seconds"), [
    (FULL, None, 12), (TAINTED, [_node(**_taint("team"))], 12), ("no nodes available to schedule pods", [], 12),
    ("0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.", None, 12),
    ("0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.", None, LIMIT),
    ('persistentvolumeclaim "data" not found', None, LIMIT),
    ("0/2 nodes are available: 2 node(s) exceed max volume count.", None, LIMIT),
    ("0/2 nodes are available: 2 node(s) did not have enough free storage.", None, LIMIT),
    (TAINTED, [_node(**_taint("team")), _node("n2", ready=False)], LIMIT),
    (TAINTED, [_node(**_taint("team")), _node("n2", unschedulable=True)], LIMIT),
    (TAINTED, [_node(**_taint("node.kubernetes.io/disk-pressure"))], LIMIT),
    (TAINTED, [_node(**_taint("node.cilium.io/agent-not-ready"))], LIMIT),
    (TAINTED, [_node(**_taint("node.kubernetes.io/out-of-service"))], 12),
    (TAINTED, [_node(**_taint("x/not-ready", "PreferNoSchedule"))], 12),
    (FULL, [_node(ready=False)], 12)])
def test_what_goes_by_itself_is_waited_for_and_nothing_else(words: str, nodes: Any, seconds: float) -> None:
    assert Waiting(words, nodes=nodes).given_up_after() == pytest.approx(seconds, abs=1.5)


@pytest.mark.parametrize(("words", "seconds"), [(NAMED, LIMIT), (TAINTED, 12), (FULL, 12)])
def test_where_nodes_may_not_be_listed_the_schedulers_words_count(words: str, seconds: float) -> None:
    waiting = Waiting(words, nodes=[])
    waiting.ctx.fleet.known = False
    assert waiting.given_up_after() == pytest.approx(seconds, abs=1.5)


@pytest.mark.parametrize(("events", "answers", "seconds"), [
    ((("TriggeredScaleUp", "cluster-autoscaler"),), {}, LIMIT),
    ((("Nominated", "karpenter"),), {}, LIMIT),
    ((("NotTriggerScaleUp", "cluster-autoscaler"),), {STATUS: {}}, 12),
    ((("FailedScheduling", "karpenter"),), {KARPENTER: {"kind": "APIGroup"}}, 12),
    ((("NotTriggerScaleUp", "cluster-autoscaler"), ("TriggeredScaleUp", "cluster-autoscaler")), {}, LIMIT),
    ((), {STATUS: {"metadata": {}}}, 60),
    ((), {KARPENTER: {"kind": "APIGroup"}}, 60)])
def test_who_adds_nodes_is_given_time_unless_it_says_that_it_cannot(events: Any, answers: Any, seconds: float) -> None:
    assert Waiting(FULL, events, **answers).given_up_after() == pytest.approx(seconds, abs=1.5)


@pytest.mark.parametrize(("labels", "seconds"), [({"eks.amazonaws.com/nodegroup": "blue"}, 60), ({}, 12)])
def test_one_that_may_be_hidden_from_us_is_expected_where_nodes_are_of_a_pool(labels: dict[str, str], seconds: float) -> None:
    waiting = Waiting(FULL, nodes=[_node(labels=labels)], **{STATUS: api_error(403, "configmaps is forbidden")})
    assert waiting.given_up_after() == pytest.approx(seconds, abs=1.5)


def test_other_words_are_news_so_the_time_begins_anew() -> None:
    assert Waiting(lambda seconds: FULL if seconds < 10 else TAINTED).given_up_after() == pytest.approx(22, abs=1.5)


def test_a_pod_that_has_what_is_wanted_is_handed_back() -> None:
    waiting = Waiting(FULL)
    assert waiting.placing.wait(lambda items: "there", "pod writer ends", LIMIT) == "there" and not waiting.placing.over


@pytest.mark.parametrize("pod", [None, {**_pod(FULL), "spec": {"nodeName": "n1"}}, _pod(FULL, reason="SchedulingGated"),
                                 _pod(FULL, reason="SchedulerError"), _pod(FULL, status="True"),
                                 {**_pod(FULL), "metadata": {"name": "writer", "deletionTimestamp": "now"}}])
def test_only_a_pod_that_the_scheduler_has_tried_says_that_it_fits_nowhere(pod: Any) -> None:
    assert words_of(pod) == "" and words_of(_pod(FULL)) == FULL


def test_pods_that_others_make_are_looked_at_as_they_come() -> None:
    ctx = FakeContext(nodes=[node("n1")])
    placing = Placing(ctx, ())
    assert not placing.hopeless([]) and not placing.hopeless([_pod(FULL)])
    Now.clock.sleep(13)
    assert placing.hopeless([_pod(FULL)]) and not Placing(ctx, ()).hopeless([_pod(FULL)])
