# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From when on something counts: every bound with a value on either side."""
from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    JUST_NOW, NODES, NOW, SPACE, api_error, cause, condition, coredns, deployment, endpointslice, event, finding,
    healthy, lease, no_probe, nodes_failed, on_path, one, pod, probe, replace_pod, seen, waiting)

UNREADY = "Readiness probe failed: HTTP probe failed with statuscode: 503"
SILENCE = "no servers could be reached"
LOOP = "[FATAL] plugin/loop: Loop (127.0.0.1:44222 -> :53) detected for zone"


def ago(seconds: float) -> str:
    return (datetime.datetime.fromisoformat(NOW) - datetime.timedelta(seconds=seconds)).isoformat()


def _dns() -> Any:
    return finding("dns", "3 of 3 nodes: nothing is said", observations=[
        seen("dns", "internal", n, error=SILENCE) for n in NODES])


def _ended(seconds: float, code: int = 1, reason: str = "Error") -> dict[str, Any]:
    return {"lastState": {"terminated": {"exitCode": code, "reason": reason, "finishedAt": ago(seconds)}}}


def _started(seconds: float) -> dict[str, Any]:
    return {"state": {"running": {"startedAt": ago(seconds)}}}


@pytest.mark.parametrize(("age", "code"), [(39, "unknown.unexplained"), (41, "node.unreachable")])
def test_a_lease_that_is_not_renewed(age: float, code: str) -> None:
    data = healthy()
    data["node_leases"] = [lease("n1"), lease("n2", ago(age)), lease("n3")]
    assert cause(no_probe("n2"), data)[0] == code


@pytest.mark.parametrize(("age", "code"), [(44, "unknown.timeout"), (46, "ctrl.not-progressing")])
@pytest.mark.parametrize(("who", "check", "words"), [
    ("kube-controller-manager", "service", "endpoints of Service svc-x are 2 pods: not within 60 s"),
    ("kube-scheduler", "storage", "pod writer-x with its volume ends: not within 180 s")])
def test_a_leader_that_does_not_renew_its_lease(who: str, check: str, words: str, age: float, code: str) -> None:
    data = healthy()
    data["leases"] = [lease(n, ago(age) if n == who else JUST_NOW)
                      for n in ("kube-controller-manager", "kube-scheduler")]
    found = one(finding(check, words), data)
    assert found.cause == code
    assert found.scope == ([f"controller/{who}"] if code.startswith("ctrl") else [])


@pytest.mark.parametrize(("age", "code"), [(329, "pod.probe-failing"), (331, "dns.server-down")])
def test_a_probe_that_the_kubelet_says_fails(age: float, code: str) -> None:
    data = healthy()
    replace_pod(data, coredns("n1", False, **_started(1000)))
    data["deployments"] = [deployment("coredns", "kube-system", 1, 0)]
    data["events"] = [event("Pod", "coredns-n1", "Unhealthy", UNREADY, "kube-system", ago(3000), ago(age))]
    assert cause(_dns(), data)[0] == code


@pytest.mark.parametrize(("runs", "ended", "code"), [
    (59, 2, "pod.crash"), (61, 2, "unknown.unexplained"), (5, 127, "pod.crash"), (5, 128, "unknown.unexplained"),
    (5, 1, "pod.crash"), (5, 0, "unknown.unexplained")])
def test_a_container_that_was_started_again(runs: float, ended: int, code: str) -> None:
    data = healthy()
    replace_pod(data, probe("n2", False, restartCount=2, **_started(runs), **_ended(runs + 1, ended)))
    assert cause(no_probe("n2"), data)[0] == code


@pytest.mark.parametrize(("age", "code"), [(899, "pod.oom"), (901, "unknown.unexplained")])
def test_an_end_that_was_some_time_ago(age: float, code: str) -> None:
    data = healthy()
    replace_pod(data, probe("n2", False, **_started(age - 1), **_ended(age, 137, "OOMKilled")))
    assert cause(no_probe("n2"), data)[0] == code


@pytest.mark.parametrize(("age", "code"), [(899, "dns.config"), (901, "unknown.unexplained")])
def test_what_a_server_said_of_its_configuration_before_it_ended(age: float, code: str) -> None:
    data = healthy()
    replace_pod(data, coredns("n1", restartCount=1, **_ended(age)))
    data["logs"] = {"kube-system/coredns-n1/main": [LOOP]}
    assert cause(_dns(), data)[0] == code


@pytest.mark.parametrize(("age", "code"), [(9, "unknown.unexplained"), (11, "svc.no-endpoints")])
def test_endpoints_follow_servers_that_have_just_become_ready(age: float, code: str) -> None:
    data = healthy()
    replace_pod(data, coredns("n1", status={"conditions": [condition("Ready", "True", since=ago(age))]}))
    data["endpointslices"] = [endpointslice("kube-dns", "kube-system", ready=False)]
    assert cause(_dns(), data)[0] == code


@pytest.mark.parametrize(("restarts", "code"), [(1, "unknown.timeout"), (2, "pod.crash")])
def test_what_ended_more_than_once_began_before_the_last_time(restarts: int, code: str) -> None:
    data = healthy()
    data["pods"].append(pod("writer-x", SPACE, ready=False, restartCount=restarts, **waiting("CrashLoopBackOff"),
                            **_ended(10)))
    check = finding("storage", "pod writer-x with its volume ends: not within 180 s", path=[on_path("Pod", "writer-x")])
    check.ended = datetime.datetime.fromisoformat(ago(100)).timestamp()
    assert cause(check, data)[0] == code


@pytest.mark.parametrize(("common", "code"), [(119, "unknown.unexplained"), (120, "harness.forbidden")])
def test_an_error_is_known_again_by_how_it_begins(common: int, code: str) -> None:
    """Messages of checks may be cut; errors that only begin alike are others."""
    words = "nodes is forbidden: ".ljust(200, "x")
    error = api_error(words, 403, verb="list", resource="nodes")
    assert cause(finding("nodes", f"it failed: {words[:common]}...", errors=[error]), healthy())[0] == code


@pytest.mark.parametrize(("count", "expected", "code"), [
    (3, 4, "node.not-joined"), (3, 2, "node.drift"), (9, 10, "node.not-joined"), (10, 9, "node.drift")])
def test_numbers_of_nodes_are_compared_as_numbers(count: int, expected: int, code: str) -> None:
    assert cause(finding("nodes", f"{count} nodes, expected {expected}"), healthy()) == (code, "confirmed", [])


def test_a_node_that_is_well_is_in_none_of_these() -> None:
    assert cause(nodes_failed(healthy()), healthy())[0] == "unknown.unexplained"
