# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How sure a cause of the layers 0 to 3 is: by whose words, and by what else works at the same time."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    SERVER, SPACE, api_error, cause, coredns, event, finding, healthy, on_path, one, pod, replace_pod, silent_cluster)

ANONYMOUS = 'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope'
DENIED = 'admission webhook "policy.lab" denied the request: no such image here'


def _forbidden(words: str, **more: Any) -> dict[str, Any]:
    return api_error(words, 403, verb="list", resource="nodes", **more)


# ---- our own user -------------------------------------------------------------------------------------------------
def test_a_user_that_nobody_is_has_no_credentials_rather_than_too_few_rights() -> None:
    error = _forbidden(ANONYMOUS)
    found = one(finding("nodes", f"not allowed: {ANONYMOUS}", "inconclusive", errors=[error]), silent_cluster())
    assert (found.cause, found.confidence, found.scope) == ("api.unauthenticated", "confirmed", [])
    known = ANONYMOUS.replace("system:anonymous", "dev")
    error = _forbidden(known)
    found = one(finding("nodes", f"not allowed: {known}", "inconclusive", errors=[error]), silent_cluster())
    assert (found.cause, found.scope) == ("harness.forbidden", ["permission/list nodes"])


@pytest.mark.parametrize(("user", "code"), [
    ("dev", "harness.forbidden"), ("system:serviceaccount:ci:assay", "harness.forbidden"),
    ("system:anonymous", "api.unauthenticated"),
    ("system:serviceaccount:kube-system:daemon-set-controller", "unknown.unexplained")])
def test_a_refusal_of_which_only_words_are_left_counts_where_it_is_ours(user: str, code: str) -> None:
    """Said by a way to probes, or by what all checks share; a controller that may not make pods is somebody else."""
    words = f'pods "x" is forbidden: User "{user}" cannot get resource "pods/proxy" in API group "" in the namespace "x"'
    found = finding("dns", f"a probe could not be asked: {words}", "inconclusive")
    assert cause(found, silent_cluster())[0] == code
    assert cause(finding("dns", f"it broke: {words}"), silent_cluster())[0] == "unknown.unexplained", "it failed by itself"


@pytest.mark.parametrize("verdict", ["failed", "inconclusive"])
def test_a_right_that_the_check_did_without_is_not_why_it_ended(verdict: str) -> None:
    error = _forbidden('nodes "n1" is forbidden: User "dev" cannot get resource "nodes/proxy"')
    found = one(finding("nodes", "no probe became ready (n1: something new)", verdict, errors=[error]), healthy())
    assert found.cause == "unknown.unexplained"


@pytest.mark.parametrize(("error", "code"), [
    (api_error("certificate verify failed", None, "tls"), "api.tls"), (api_error("Unauthorized", 401), "api.unauthenticated")])
def test_credentials_by_which_the_evidence_was_read_are_good_now(error: dict[str, Any], code: str) -> None:
    failed = finding("service", f"the API server did not answer: {error['message']}", "inconclusive", errors=[error])
    assert cause(failed, healthy()) == (code, "suspected", [])
    assert cause(failed, silent_cluster(error)) == (code, "confirmed", [])


def test_evidence_of_a_connection_names_the_address() -> None:
    error = api_error("[Errno 111] Connection refused", None, "unreachable", "/livez")
    data = {**silent_cluster(error), "server": SERVER}
    found = one(finding("api_server", error["message"], errors=[error]), data)
    assert found.evidence == ["GET /livez: [Errno 111] Connection refused", f"asked at {SERVER}"]


def test_a_proxy_that_refuses_for_the_api_server_is_an_api_that_is_not_reached() -> None:
    """In the form of an API server's own refusal, as Rancher answers for a cluster whose agent is away."""
    error = api_error("error trying to reach service: cluster agent disconnected", 503, path="/version")
    found = one(finding("nodes", f"the API server did not answer: {error['message']}", "inconclusive", errors=[error]),
                silent_cluster(error))
    assert (found.cause, found.confidence) == ("api.unreachable", "probable") and "agent disconnected" in found.evidence[0]


@pytest.mark.parametrize(("words", "page", "sure"), [
    ("Too many requests, please try again later.", False, "confirmed"), ("429", True, "probable")])
def test_a_page_that_turns_us_away_need_not_be_the_api_servers(words: str, page: bool, sure: str) -> None:
    error = {**api_error(words, 429), "page": page}
    assert cause(finding("service", words, errors=[error]), healthy()) == ("api.overloaded", sure, [])


# ---- admission ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("message", [
    f"the probes could not be made: {DENIED}", f"no probe became ready (n1: no probe pod could be made: {DENIED})",
    f"1 of 3 nodes did not start a pod: n1 (no probe pod could be made: {DENIED})"])
@pytest.mark.parametrize("check", ["dns", "nodes"])
def test_a_refusal_that_a_check_repeats_is_named_though_no_event_is_left(check: str, message: str) -> None:
    found = cause(finding(check, message, "inconclusive"), healthy())
    assert found == ("admission.denied", "confirmed", ["webhook/policy.lab"])


def test_the_refusal_of_somebody_elses_daemonset_in_our_namespace_is_not_ours() -> None:
    data = healthy()
    data["events"] = [event("DaemonSet", "agents", "FailedCreate", f"Error creating: {DENIED}")]
    found = finding("dns", "no probe became ready: not within 60 s", "inconclusive")
    assert one(found, data).cause == "unknown.timeout"
    data["events"] = [event("DaemonSet", "probe-3f9a21c0", "FailedCreate", f"Error creating: {DENIED}")]
    assert one(found, data).cause == "admission.denied"


@pytest.mark.parametrize(("resource", "sure"), [("endpointslices", "confirmed"), ("volumeattributesclasses", "suspected")])
def test_a_right_that_a_component_does_not_need_is_perhaps_not_why(resource: str, sure: str) -> None:
    data = healthy()
    data["logs"] = {"kube-system/coredns-n1/main": [
        f'failed to list: {resource} is forbidden: User "system:serviceaccount:kube-system:coredns" cannot list resource '
        f'"{resource}" in API group "x" at the cluster scope']}
    replace_pod(data, coredns("n1"))
    assert cause(finding("dns", "no answer"), data) == ("rbac.missing", sure, ["serviceaccount/kube-system/coredns"])


# ---- room ---------------------------------------------------------------------------------------------------------
ROOM = "0/3 nodes are available: 1 Too many pods, 2 node(s) didn't match Pod's node affinity/selector."


def _for_node(item: dict[str, Any], name: str) -> dict[str, Any]:
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]}
    wanted = {"nodeSelectorTerms": [term]}
    item["spec"]["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": wanted}}
    return item


def _full(data: dict[str, Any], name: str) -> None:
    next(n for n in data["nodes"] if n["metadata"]["name"] == name)["status"]["allocatable"] = {"pods": "110"}


def test_a_probe_that_waits_for_room_names_its_node() -> None:
    data = healthy()
    _full(data, "n2")
    replace_pod(data, _for_node(pod("probe-n2", SPACE, "", {"assay.clusters/probe": "netexec"}, False), "n2"))
    data["events"] = [event("Pod", "probe-n2", "FailedScheduling", ROOM)]
    found = one(finding("dns", f"no probe became ready (n2: the probe pod waits for room: {ROOM})", "inconclusive"), data)
    assert (found.cause, found.confidence, found.scope) == ("sched.insufficient", "confirmed", ["node/n2"])
    assert found.evidence == [f"pod/probe-n2 FailedScheduling: {ROOM}", "node/n2 takes 110 pods"]
    assert found.next_command == "kubectl describe node n2"


@pytest.mark.parametrize(("reason", "words", "code"), [
    ("OutOfpods", "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 110, capacity: 110",
     "sched.insufficient"),
    ("OutOfmemory", "Node didn't have enough resource: memory, requested: 2, used: 3, capacity: 4", "sched.insufficient"),
    ("NodeAffinity", "Pod was rejected: Predicate NodeAffinity failed", "sched.constraint"),
    ("Evicted", "The node was low on resource: memory.", "node.pressure"), ("Error", "", "unknown.unexplained")])
def test_a_pod_that_its_kubelet_refused_names_the_node(reason: str, words: str, code: str) -> None:
    data = healthy()
    status = {"phase": "Failed", "reason": reason, "message": words, "containerStatuses": []}
    refused = pod("writer-x", SPACE, "n2", ready=False, status=status)
    replace_pod(data, refused)
    found = one(finding("storage", f"pod writer-x failed: {reason}", path=[on_path("Pod", "writer-x")]), data)
    assert (found.cause, found.scope) == (code, ["node/n2"] if code != "unknown.unexplained" else [])


def test_what_a_scheduler_said_stays_the_cause_where_only_the_message_is_left() -> None:
    words = "0/3 nodes are available: 3 node(s) had untolerated taint {team: a}."
    failed = finding("storage", f"pod writer-x with its volume ends: not within 15 s; FailedScheduling: {words}",
                     path=[on_path("Pod", "writer-x")])
    assert cause(failed, healthy()) == ("sched.constraint", "confirmed", [f"pod/{SPACE}/writer-x"])
