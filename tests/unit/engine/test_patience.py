# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long probes are waited for: by what pods and events say."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine.patience import Progress, limit_for, refusals, troubled

WEBHOOK = 'admission webhook "pods.test" denied the request: no'
AWAY = 'failed calling webhook "pods.test": failed to call webhook: Post "https://pods.ours.svc:443/?timeout=10s": '


def pod(node: str = "n1", waiting: str = "", ready: bool = False, running: bool = False, phase: str = "Pending",
        unschedulable: str = "") -> dict[str, Any]:
    status: dict[str, Any] = {"phase": phase, "conditions": [{"type": "Ready", "status": str(ready)}]}
    if unschedulable:
        status["conditions"].append({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": unschedulable})
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {}} if running or ready else {}
    status["containerStatuses"] = [{"name": "netexec", "state": state}] if state else []
    return {"metadata": {"name": f"probe-{node}"}, "spec": {} if unschedulable else {"nodeName": node}, "status": status}


def given_up_after(pods: Any, wanted: list[str] | None = None, sandbox: Any = (), refused: Any = "", most: int = 200) -> int:
    """Seconds until waiting ends; pods, sandbox and refused may be functions of the seconds."""
    progress = Progress()
    for second in range(most):
        now = [x(second) if callable(x) else x for x in (pods, dict(sandbox) if isinstance(sandbox, tuple) else sandbox, refused)]
        if progress.done(float(second), wanted or ["n1"], *now):
            return second
    return most


READY = pod(ready=True)


@pytest.mark.parametrize(("pods", "more", "seconds"), [
    ({"n1": READY}, {}, 0),
    ({"n1": pod(unschedulable="Insufficient cpu")}, {}, 15),
    ({"n1": pod(phase="Failed")}, {}, 15),
    ({}, {"refused": WEBHOOK}, 15),
    ({}, {"refused": f'{AWAY}no endpoints available for service "pods"'}, 15),
    ({}, {"refused": f"{AWAY}dial tcp 10.96.0.9:443: connect: connection refused"}, 15),
    ({}, {"refused": 'Post "https://10.96.0.1:443/api": dial tcp 10.96.0.1:443: connect: connection refused'}, 30),
    ({}, {"refused": "serviceaccount default not found"}, 30),
    ({}, {}, 30),
    ({"n1": pod(waiting="ContainerCreating")}, {}, 200),
    ({"n1": pod(waiting="ContainerCreating")}, {"sandbox": (("probe-n1", "FailedCreatePodSandBox"),)}, 30),
    ({"n1": pod(waiting="ImagePullBackOff")}, {}, 45),
    ({"n1": pod(running=True)}, {}, 30),
    ({"n1": pod()}, {}, 200)])
def test_waiting_ends_where_it_cannot_help(pods: Any, more: dict[str, Any], seconds: int) -> None:
    assert given_up_after(pods, **more) == seconds


def test_a_slow_pull_on_one_node_is_waited_for_though_the_others_are_there() -> None:
    """The node that is new after an upgrade has no image yet; the old ones have."""
    def pods(second: int) -> dict[str, Any]:
        return {"n1": READY, "n2": pod("n2", waiting="ContainerCreating") if second < 80 else pod("n2", ready=True)}
    assert given_up_after(pods, ["n1", "n2"]) == 80


def test_one_hopeless_node_does_not_end_the_waiting_for_another() -> None:
    def pods(second: int) -> dict[str, Any]:
        return {"n1": pod(unschedulable="Too many pods"), "n2": pod("n2", waiting="ContainerCreating" if second < 60 else "", ready=second >= 60)}
    assert given_up_after(pods, ["n1", "n2"]) == 60


def test_a_controller_that_makes_pods_steadily_is_waited_for() -> None:
    """Ten pods a second on a thousand nodes take minutes; here it is two for two hundred."""
    names = [f"n{i}" for i in range(200)]
    assert given_up_after(lambda second: {n: READY for n in names[:second * 2]}, names) == 100


def test_what_helped_begins_anew() -> None:
    """No room at first, then an image that does not come: each has its own time."""
    assert given_up_after(lambda s: {"n1": pod(unschedulable="full") if s < 10 else pod(waiting="ErrImagePull")}) == 55


def test_an_error_that_alternates_with_its_back_off_is_one() -> None:
    assert given_up_after(lambda s: {"n1": pod(waiting="ErrImagePull" if s % 2 else "ImagePullBackOff")}) == 45


@pytest.mark.parametrize(("refused", "seconds"), [("", 30), (WEBHOOK, 15)])
def test_where_no_node_is_ready_or_known_one_may_come(refused: str, seconds: int) -> None:
    progress = Progress()
    assert [progress.done(float(s), [], {}, {}, refused) for s in (0, seconds - 1, seconds)] == [False, False, True]


def test_the_time_grows_with_the_cluster() -> None:
    assert [limit_for(n) for n in (3, 300, 5000)] == [90.3, 120.0, 590.0]


def event(reason: str, name: str, message: str = "", at: str = "2026-01-01T00:00:00Z", kind: str = "Warning") -> dict[str, Any]:
    return {"metadata": {"creationTimestamp": at}, "type": kind, "reason": reason, "message": message, "involvedObject": {"name": name}}


def test_the_last_words_of_the_controller_count() -> None:
    events = [event("FailedCreate", "probe", "new", "2026-01-02T00:00:00Z"), event("FailedCreate", "probe", "old"),
              event("FailedCreate", "other", "no"), event("SuccessfulCreate", "probe", "yes", "2026-01-03T00:00:00Z")]
    assert refusals(events, "probe") == "new" and refusals([], "probe") == "" and refusals([{"metadata": {}}], "probe") == ""


def test_pods_that_the_kubelet_cannot_start_are_told_by_warnings_only() -> None:
    assert troubled([event("FailedMount", "a"), event("FailedCreatePodSandBox", "b", kind="Normal"), event("BackOff", "c"), {"metadata": {}}]) \
        == {"a": "FailedMount"}
