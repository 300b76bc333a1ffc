# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pod without a controller: when it is made again, and when it is only not told."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._shared.standing import Standing, refused, why_ended
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext, api_error
from tests.fakes.clock import Clock

KEY, PATH = (FakeContext.namespace, "writer-1"), f"/api/v1/namespaces/{FakeContext.namespace}/pods/writer-1"


def _pod(uid: str = "a", node: str = "n1", **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "writer-1", "uid": uid}, "spec": {"nodeName": node} if node else {}, "status": {"phase": "Running", **status}}


def _standing() -> tuple[FakeContext, Standing, list[int]]:
    ctx, made = FakeContext(), list[int]()
    ctx.items["pods"] = {}
    standing = Standing(ctx, "writer-1", made.append)
    standing.create()
    return ctx, standing, made


@pytest.mark.parametrize(("pod", "words"), [
    (_pod(), "on n1: deleted"), (_pod(node=""), "deleted"), ({}, "deleted"),
    (_pod(phase="Failed", reason="NodeShutdown", message="Pod was terminated"), "on n1: NodeShutdown: Pod was terminated"),
    (_pod(conditions=[{"type": "DisruptionTarget", "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}]),
     "on n1: EvictionByEvictionAPI: Eviction API: evicting")])
def test_who_ended_it_is_in_its_status(pod: dict[str, Any], words: str) -> None:
    assert why_ended(pod) == words


@pytest.mark.parametrize(("status", "taken"), [
    ({"phase": "Failed", "reason": "Evicted"}, True), ({"phase": "Failed"}, False), ({"phase": "Failed", "reason": "DeadlineExceeded"}, False),
    ({"phase": "Running", "reason": "Evicted"}, False), ({"phase": "Succeeded"}, False)])
def test_how_its_own_containers_end_is_no_refusal(status: dict[str, str], taken: bool) -> None:
    assert refused(_pod(**status)) is taken


def test_what_the_watch_does_not_tell_yet_is_not_made_twice() -> None:
    ctx, standing, made = _standing()
    ctx.client.answers[PATH] = _pod()
    assert not standing.renew() and made == [0]
    ctx.items["pods"][KEY] = _pod()
    assert not standing.lost(ctx.items["pods"]) and not standing.renew()
    del ctx.items["pods"][KEY]  # a list of the watch begins anew
    assert standing.lost(ctx.items["pods"]) and not standing.renew()
    assert not standing.lost(ctx.items["pods"]), "it is not asked for again until the watch has told it"
    assert made == [0] and not standing.ended


def test_one_that_was_ended_before_the_watch_told_of_it_is_made_again() -> None:
    _ctx, standing, made = _standing()
    assert standing.renew() and made == [0, 1] and standing.ended == ["deleted"]


def test_who_ended_one_that_was_gone_at_once_is_told_by_an_event() -> None:
    ctx, standing, _made = _standing()
    events = [("Scheduled", "Successfully assigned"), ("TaintManagerEviction", "Marking for deletion Pod a/writer-1"), ("Killing", "Stopping")]
    ctx.client.answers[f"/api/v1/namespaces/{ctx.namespace}/events"] = {"items": [{"reason": r, "message": m} for r, m in events]}
    assert standing.renew() and standing.ended == ["TaintManagerEviction: Marking for deletion Pod a/writer-1"]


def test_one_of_before_that_the_watch_still_tells_is_not_the_new_one() -> None:
    ctx, standing, made = _standing()
    ctx.items["pods"][KEY] = _pod(phase="Failed", reason="Evicted")
    assert standing.renew() and made == [0, 1] and ctx.deleted == [("Pod", "writer-1")]
    ctx.client.answers[PATH] = _pod("b")
    assert standing.now(ctx.items["pods"]) == {} and not standing.lost(ctx.items["pods"]) and not standing.renew()
    ctx.items["pods"][KEY] = _pod("b")
    assert standing.now(ctx.items["pods"]) and not standing.renew() and made == [0, 1]


def test_an_api_server_that_does_not_tell_is_asked_again() -> None:
    ctx, standing, made = _standing()
    asked = 0

    def away(_params: Any) -> Any:
        nonlocal asked
        asked += 1
        raise api_error(503 if asked < 4 else 404)

    ctx.client.answers[PATH] = away
    assert standing.renew() and (asked, made) == (4, [0, 1])
    ctx.client.answers[PATH] = api_error(403)
    with pytest.raises(ApiError):
        standing.renew()
    assert made == [0, 1]


def test_a_wait_has_its_time_whatever_happens(clock: Clock) -> None:
    ctx, standing, made = _standing()
    ctx.items["pods"][KEY] = _pod()
    with pytest.raises(StepFailed, match="pod writer-1 ends: not within 20 s"):
        standing.wait(lambda items: None, "pod writer-1 ends", 20)
    assert clock.passed == 20 and made == [0]
