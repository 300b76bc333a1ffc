# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What nodes do for the check: pods that do not start, and kubelets that the API server cannot ask."""
from __future__ import annotations

import contextlib

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.unit.checks.fakes import api_error
from ansible_collections.assay.clusters.tests.unit.checks.node_cluster import (
    Cluster, kubelet_event, node, probe_pod, summary)

NO_ROOM = "0/3 nodes are available: 1 Too many pods, 2 node(s) didn't match Pod's node affinity/selector."
LOGS = "/api/v1/namespaces/assay-0a0b0c0d/pods/probe-{}/log"


def _unscheduled(message):
    return {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                                                "message": message}]}


def _container(state):
    return {"phase": "Pending", "containerStatuses": [{"name": "netexec", "state": {"waiting": state}}]}


STARTING = _container({"reason": "ContainerCreating"})


def _cluster(pod=None, *events):
    c = Cluster()
    c.missing = {"n1": "told by the maker"}
    c.pods, c.events = [pod] if pod else [], list(events)
    return c


@pytest.mark.parametrize("pod, words", [
    (probe_pod("n1", False, _unscheduled(NO_ROOM)), f"its pod was made and waits for room: {NO_ROOM}"),
    (probe_pod("n1", False, _unscheduled("0/3 nodes are available: 1 Insufficient memory.")), "waits for room"),
    (probe_pod("n1", True, {"phase": "Failed", "reason": "OutOfpods", "message": "Pod was rejected"}),
     "waits for room: OutOfpods: Pod was rejected"),
    (probe_pod("n1", True, STARTING), "still starting after 95 s")])
def test_a_full_node_and_one_that_takes_its_time_are_not_tried(pod, words):
    c = _cluster(pod)
    ctx = c.assert_open("no pod could be tried on 1 of 3 nodes: n1 ")
    assert words in ctx.observed["no_pod_tried"]["n1"] and ctx.steps[-1] == "every node has free disk"
    assert [o["to_node"] for o in ctx.seen(variant="pod", ok=False)] == ["n1"]


def test_a_node_that_still_pulls_is_not_tried():
    c = _cluster(probe_pod("n1", True, STARTING), kubelet_event("probe-n1", "Pulling", "Pulling image"),
                 kubelet_event("probe-n0", "Started"))
    assert c.assert_open(r"n1 \(still pulling after 95 s\)").observed["no_pod_tried"] == {"n1": "still pulling after 95 s"}


@pytest.mark.parametrize("pod, events, words", [
    (None, (), "told by the maker"),
    (probe_pod("n1", False, _unscheduled("0/3 nodes are available: 3 node(s) had volume node affinity conflict.")), (),
     "its pod was made and is not scheduled: 0/3"),
    (probe_pod("n1", True, {"phase": "Failed", "reason": "UnexpectedAdmissionError"}), (), "told by the maker"),
    (probe_pod("n1", True, _container({"reason": "ErrImagePull", "message": "not found"})), (), "told by the maker"),
    (probe_pod("n1", True, STARTING), (kubelet_event("probe-n1", "Pulling", at=2), kubelet_event(
        "probe-n1", "FailedCreatePodSandBox", "plugin type=calico failed", "Warning", 1)),
     "FailedCreatePodSandBox: plugin type=calico"),
    (probe_pod("n1", True), (kubelet_event("probe-n0", "Started"),), "its kubelet did not begin with the pod within 95 s")])
def test_a_pod_that_somebody_has_words_about_failed(pod, events, words):
    c = _cluster(pod, *events)
    assert words in c.assert_red("1 of 3 nodes did not start a pod: n1 ").observed["no_pod"]["n1"]


def test_a_kubelet_without_a_word_is_no_proof_where_none_is_heard_or_it_is_early():
    c = _cluster(probe_pod("n1", True), kubelet_event("probe-n0", "Started"))
    c.seconds = 20.0
    c.assert_open("n1 .still starting after 20 s")
    c = _cluster(probe_pod("n1", True))
    c.assert_open("n1 .still starting after 95 s")


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize("pod, words", [(STARTING, "FailedCreatePodSandBox: no network"), ({"phase": "Running"}, "told by the maker")])
def test_a_node_that_has_just_registered_or_goes_is_not_tried(taken, pod, words):
    c = _cluster(probe_pod("n1", True, pod), kubelet_event("probe-n1", "FailedCreatePodSandBox", "no network", "Warning"))
    c.nodes["n1"] = node("n1", taints=[{"key": "karpenter.sh/disrupted"}]) if taken else node("n1", age=200)
    c.assert_open(f"n1 .{words}")


def test_what_else_is_worth_a_word_stands_beside_it():
    c = _cluster(probe_pod("n1", False, _unscheduled(NO_ROOM)))
    c.stats["n2"] = summary(9)
    c.assert_open("waits for room: .*; node n2: only 9 % of nodefs free")


def test_a_pod_that_was_late_when_they_were_counted_has_started():
    c = _cluster(probe_pod("n1", True, {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}))
    assert len(c.run().seen(variant="pod", ok=True)) == 3 and not c.ctx.warnings


def test_a_broken_node_is_not_hidden_by_a_full_one():
    c = _cluster(probe_pod("n1", False, _unscheduled(NO_ROOM)))
    c.missing["n2"] = "ImagePullBackOff: 429"
    assert set(c.assert_red("1 of 3 nodes did not start a pod: n2").observed["no_pod"]) == {"n2"}


# ---- kubelets -------------------------------------------------------------------------------------------------------
def _proxy(words, status=503):
    return api_error(status, words, {"kind": "Status", "message": words})


SILENT = _proxy("error trying to reach service: dial tcp 10.0.0.2:10250: i/o timeout")
TIMEOUT = ApiError("timeout", None, "Timeout", "no answer in time", "GET", "/")
DENIED = api_error(403, 'User "u" cannot get resource "nodes/proxy"', {"kind": "Status"})


@pytest.mark.parametrize("answer, words", [
    (SILENT, "dial tcp 10.0.0.2:10250: i/o timeout"), (TIMEOUT, "no answer within 10 s"),
    (_proxy("error trying to reach service: No agent available", 500), "No agent available"),
    (api_error(401, "Unauthorized"), "the kubelet refuses the API server: Unauthorized"),
    (api_error(403, "Forbidden (user=apiserver, verb=get, resource=nodes)"), "the kubelet refuses the API server: Forbidden"),
    (_proxy("error trying to reach service: remote error: tls: bad certificate"), "the kubelet refuses the API server")])
def test_a_kubelet_that_the_api_server_cannot_ask_is_told(answer, words):
    c = Cluster()
    c.stats["n1"] = answer
    (warning,) = c.run().warnings
    assert warning.startswith("the API server cannot ask the kubelet (port 10250) of n1 (") and words in warning
    assert warning.endswith("no logs, exec and port-forward there") and c.ctx.observed["disk_not_read"] == ["n1"]


@pytest.mark.parametrize("words", [
    "error trying to reach service: tls: failed to verify certificate: x509: certificate signed by unknown authority",
    "error trying to reach service: remote error: tls: internal error"])
def test_a_kubelet_whose_certificate_is_not_accepted_fails(words):
    c = Cluster()
    c.stats["n1"] = _proxy(words)
    ctx = c.assert_red("certificate of 1 of 3 kubelets, so that logs, exec and port-forward fail there: n1 ")
    (seen,) = ctx.seen(variant="kubelet", ok=False)
    assert seen["to_node"] == "n1" and words in seen["error"] and ctx.steps[-1] == "the API server can ask every kubelet"


@pytest.mark.parametrize("answer", [
    api_error(404, "the kubelet keeps no statistics"), api_error(502, "<html>Bad Gateway</html>"),
    _proxy("the server is currently unable to handle the request")])
def test_what_stands_before_the_api_server_says_nothing_of_a_kubelet(answer):
    c = Cluster()
    c.stats["n1"] = answer
    ctx = c.run()
    assert not ctx.warnings and ctx.observed["disk_not_read"] == ["n1"] and not ctx.seen(variant="kubelet", ok=False)


def test_one_lost_answer_is_asked_for_again():
    c = Cluster()
    answers = [SILENT, c.stats["n1"]]
    c.stats["n1"] = lambda _params: answers.pop(0)
    assert not c.run().warnings and not c.ctx.observed.get("disk_not_read")


@pytest.mark.parametrize("answer, times", [
    (_proxy("error trying to reach service: x509: certificate has expired"), 1), (DENIED, 1),
    (api_error(404, "no statistics"), 1), (SILENT, 2)])
def test_what_does_not_pass_is_asked_once(answer, times):
    c = Cluster()
    c.stats["n1"] = answer
    with contextlib.suppress(StepFailed):
        c.run()
    assert c.ctx.client.asked.count("/api/v1/nodes/n1/proxy/stats/summary") == times


def test_without_the_right_to_statistics_a_log_is_asked_for():
    c = Cluster()
    c.stats = dict.fromkeys(c.names, DENIED)
    logs = {LOGS.format(n): "a line" for n in c.names} | {LOGS.format("n1"): SILENT}
    ctx = c.run(**logs)
    assert ctx.warnings[0].startswith("the API server cannot ask the kubelet (port 10250) of n1") and len(ctx.warnings) == 1
    assert ctx.observed["disk_not_read"] == c.names and "kubelets_not_asked" not in ctx.observed


def test_without_any_right_that_is_said():
    c = Cluster()
    c.stats = dict.fromkeys(c.names, DENIED)
    ctx = c.run(**{LOGS.format(n): DENIED for n in c.names})
    assert not ctx.warnings and ctx.observed["kubelets_not_asked"] == c.names and not ctx.seen(variant="kubelet")


def test_a_thousand_silent_kubelets_are_not_waited_for_one_by_one():
    c = Cluster(names=[f"n{i:03}" for i in range(300)])
    c.stats = dict.fromkeys(c.names, TIMEOUT)
    ctx = c.run()
    assert len(ctx.observed["kubelet_not_reached"]) < 30 and len(ctx.observed["kubelets_not_asked"]) > 270
