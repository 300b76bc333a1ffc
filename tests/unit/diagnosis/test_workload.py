# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers 4 to 6, replayed: pods without a node, an image, or configuration, that crash, or that fail their probes."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    JUST_NOW, MINUTES_AGO, NODES, SPACE, cause, condition, coredns, deployment, event, finding, healthy, no_probe,
    on_path, one, pod, power_off, probe, replace_pod, seen, waiting)

LONG_AGO = "2026-03-14T04:00:00Z"


def _late(name: str = "reader-x", **more: Any) -> Any:
    """A pod of ours that did not end in time."""
    return finding("storage", f"pod {name} with its volume ends: not within 180 s", step="another pod reads what was "
                   "written",
                   path=[on_path("Pod", name)], **more)


def _dns() -> Any:
    return finding("dns", "3 of 3 nodes: no answer", step="cluster names resolve on every node",
                   observations=[seen("dns", "internal", n, error="no answer") for n in NODES])


def _servers_down(data: dict[str, Any], **container: Any) -> dict[str, Any]:
    replace_pod(data, coredns("n1", False, **container))
    data["deployments"] = [deployment("coredns", "kube-system", 1, 0)]
    return data


# ---- scheduling -------------------------------------------------------------------------------------------------
ROOM = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims " \
       "found for incoming pod."
OTHER_ZONE = "0/3 nodes are available: 3 node(s) had volume node affinity conflict. preemption: 0/3 nodes are " \
             "available: 3 Preemption is not helpful for scheduling."


def _unscheduled(*events: dict[str, Any], said: str = "", since: str = MINUTES_AGO) -> dict[str, Any]:
    data = healthy()
    status = {"conditions": [condition("PodScheduled", "False", "Unschedulable", said, since)]} if said else {}
    data["pods"].append(pod("reader-x", SPACE, "", ready=False, status=status))
    data["events"] = list(events)
    return data


def _not_scheduled(words: str, **more: Any) -> dict[str, Any]:
    return event("Pod", "reader-x", "FailedScheduling", words, **more)


@pytest.mark.parametrize(("words", "code"), [
    (ROOM, "sched.insufficient"),
    ("0/3 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s), 1 node(s) were "
     "unschedulable.",
     "sched.insufficient"),
    ("0/3 nodes are available: 3 Too many pods.", "sched.insufficient"),
    ("0/3 nodes are available: 3 node(s) did not have enough free storage.", "sched.insufficient"),
    ("0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports.", "sched.insufficient"),
    ("0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: gpu}.", "sched.constraint"),
    ("0/3 nodes are available: 3 node(s) had untolerated taint(s). no new claims to deallocate.", "sched.constraint"),
    ("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", "sched.constraint"),
    ("0/3 nodes are available: 3 node(s) were unschedulable.", "sched.constraint"),
    ("0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.", "sched.constraint"),
    ("0/3 nodes are available: 3 node(s) didn't match pod affinity rules.", "sched.constraint"),
    ("0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules.", "sched.constraint"),
    ("0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints.", "sched.constraint"),
    (OTHER_ZONE, "storage.zone-conflict"),
    ("0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match PersistentVolume's node "
     "affinity.",
     "storage.zone-conflict"),
    ("0/3 nodes are available: 3 node(s) exceed max volume count.", "storage.attach-stuck")])
def test_not_scheduled(words: str, code: str) -> None:
    found = one(_late(), _unscheduled(_not_scheduled(words)))
    assert (found.cause, found.confidence, found.scope) == (code, "confirmed", [f"pod/{SPACE}/reader-x"])
    assert found.evidence == [f"pod/reader-x FailedScheduling: {words}"]


@pytest.mark.parametrize(("words", "code", "sure"), [
    ("0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had no available volume zone.", "storage.zone-conflict",
     "probable"),
    ("0/3 nodes are available: 1 Insufficient cpu, 2 node(s) exceed max volume count.", "storage.attach-stuck", "probable"),
    ("0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Too many pods.", "sched.insufficient", "confirmed")])
def test_of_two_reasons_that_share_the_nodes_none_is_certain(words: str, code: str, sure: str) -> None:
    """Taints keep pods off by intention: those nodes were never meant."""
    assert cause(_late(), _unscheduled(_not_scheduled(words)))[:2] == (code, sure)


def test_not_scheduled_by_the_pods_condition_alone() -> None:
    found = one(_late(), _unscheduled(said=ROOM))
    assert (found.cause, found.confidence) == ("sched.insufficient", "confirmed")
    assert found.evidence == [f"pod/{SPACE}/reader-x PodScheduled=False Unschedulable: {ROOM}"]


def test_what_keeps_the_pod_now_counts_not_what_kept_it_before() -> None:
    before = _not_scheduled(ROOM, last="2026-03-14T09:27:00Z")
    assert cause(_late(), _unscheduled(before, _not_scheduled(OTHER_ZONE)))[0] == "storage.zone-conflict"
    assert cause(_late(), _unscheduled(_not_scheduled(OTHER_ZONE), before))[0] == "storage.zone-conflict"
    assert cause(_late(), _unscheduled(_not_scheduled(ROOM), said=OTHER_ZONE))[0] == "storage.zone-conflict"


@pytest.mark.parametrize("words", [
    "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
    "running PreBind plugin \"VolumeBinding\": binding volumes: context deadline exceeded"])
def test_other_words_of_the_scheduler_name_nothing(words: str) -> None:
    assert cause(_late(), _unscheduled(_not_scheduled(words)))[0] == "unknown.timeout"


def test_a_pod_that_got_its_node_is_not_waiting_for_one() -> None:
    data = _unscheduled(_not_scheduled(ROOM))
    replace_pod(data, pod("reader-x", SPACE, "n1", ready=False, **waiting("ContainerCreating")))
    assert cause(_late(), data)[0] == "unknown.timeout"


def test_a_pod_off_the_path_may_wait_for_a_node() -> None:
    data = _unscheduled(_not_scheduled(ROOM))
    assert cause(_late("writer-x"), data)[0] == "unknown.timeout"
    data["pods"].append(pod("reader-x", "default", "", ready=False))
    data["events"] = [event("Pod", "reader-x", "FailedScheduling", ROOM, "default")]
    data["pods"] = [p for p in data["pods"] if p["metadata"]["namespace"] != SPACE]
    assert cause(_late(), data)[0] == "unknown.timeout"


def test_events_of_its_namesake_of_before_are_another_pods() -> None:
    data = _unscheduled(_not_scheduled(ROOM))
    data["events"][0]["involvedObject"]["uid"] = "uid-of-another"
    assert cause(_late(), data)[0] == "unknown.timeout"


def test_an_ill_node_whose_taint_the_scheduler_does_not_name() -> None:
    words = "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node " \
            "affinity/selector."
    data = _unscheduled(_not_scheduled(words))
    data["nodes"][0]["spec"]["taints"] = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]
    assert cause(_late(), data)[0] == "sched.constraint"
    power_off(data, "n2")
    data["nodes"][1]["spec"]["taints"] = [{"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}]
    found = one(_late(), data)
    assert (found.cause, found.confidence, found.scope) == ("node.unreachable", "probable", ["node/n2"])
    assert "node/n2 has the taint unreachable" in found.evidence


# ---- containers -------------------------------------------------------------------------------------------------
def _ended(code: int, reason: str = "Error", finished: str = JUST_NOW, message: str = "") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": finished, "startedAt": MINUTES_AGO,
                           **({"message": message} if message else {})}}


@pytest.mark.parametrize(("container", "code", "sure", "words"), [
    (waiting("CreateContainerConfigError", 'configmap "settings" not found'), "pod.config-missing", "confirmed",
     'CreateContainerConfigError: configmap "settings" not found'),
    (waiting("CreateContainerConfigError", f"couldn't find key port in ConfigMap {SPACE}/settings"),
     "pod.config-missing",
     "confirmed", f"CreateContainerConfigError: couldn't find key port in ConfigMap {SPACE}/settings"),
    ({**waiting("CrashLoopBackOff", "back-off 20s restarting failed container"), "lastState": _ended(137, "OOMKilled")},
     "pod.oom", "confirmed", "OOMKilled, exit code 137"),
    ({"state": _ended(137, "OOMKilled")}, "pod.oom", "confirmed", "OOMKilled, exit code 137"),
    ({"state": {"running": {"startedAt": JUST_NOW}}, "lastState": _ended(137, "OOMKilled")}, "pod.oom", "confirmed",
     "OOMKilled, exit code 137"),
    ({**waiting("RunContainerError", 'failed to create containerd task: exec: "/nothing": stat /nothing: no such file '
                "or directory")}, "pod.crash", "confirmed",
     'RunContainerError: failed to create containerd task: exec: "/nothing": stat /nothing: no such file or directory'),
    ({**waiting("CrashLoopBackOff", "back-off 10s"), "lastState": _ended(128, "StartError", message="no such file")},
     "pod.crash", "confirmed", "CrashLoopBackOff: back-off 10s"),
    ({**waiting("CrashLoopBackOff", "back-off 10s"), "lastState": _ended(2)}, "pod.crash", "probable",
     "CrashLoopBackOff, exit code 2"),
    ({**waiting("CrashLoopBackOff", "back-off 10s"), "lastState": _ended(2, message="bind: address already in use\n")},
     "pod.crash", "confirmed", "CrashLoopBackOff, exit code 2 bind: address already in use"),
    ({"state": _ended(1)}, "pod.crash", "probable", "ended, exit code 1"),
    ({**waiting("CrashLoopBackOff", "back-off 10s"), "lastState": _ended(1, message="exec /main: exec format error")},
     "image.not-found", "probable", "exec format error: the image is for another architecture; back-off 10s")])
def test_containers_that_do_not_run(container: dict[str, Any], code: str, sure: str, words: str) -> None:
    data = healthy()
    replace_pod(data, probe("n2", False, **container))
    found = one(no_probe(), data)
    assert (found.cause, found.confidence, found.scope) == (code, sure, [f"pod/{SPACE}/probe-n2"])
    assert found.evidence == [f"pod/{SPACE}/probe-n2 container main: {words}"]


def test_the_end_of_the_log_of_what_crashed() -> None:
    crash = {**waiting("CrashLoopBackOff", "back-off 40s"), "lastState": _ended(2), "restartCount": 3}
    data = _servers_down(healthy(), **crash)
    data["logs"] = {"kube-system/coredns-n1/main": ["one", "two", "three", "panic: four"],
                    "kube-system/coredns-n1/other": ["another container's"],
                    "kube-system/other/main": ["another pod's"]}
    found = one(_dns(), data)
    assert (found.cause, found.confidence, found.scope) == ("pod.crash", "probable", ["pod/kube-system/coredns-n1"])
    assert found.evidence[:4] == ["pod/kube-system/coredns-n1 container main: CrashLoopBackOff, exit code 2",
                                  *(f"kube-system/coredns-n1/main: {s}" for s in ("two", "three", "panic: four"))]
    assert found.next_command == "kubectl -n kube-system logs coredns-n1 --previous"
    data["logs"] = {"kube-system/coredns-n1/main": ["exec /coredns: exec format error"]}
    assert cause(_dns(), data)[:2] == ("image.not-found", "probable")


AGAIN = {"running": {"startedAt": JUST_NOW}}
UNREADY = "Readiness probe failed: HTTP probe failed with statuscode: 503"


def test_a_crashing_container_caught_while_it_runs_again() -> None:
    data = healthy()
    replace_pod(data, probe("n2", False, state=AGAIN, lastState=_ended(2), restartCount=2))
    data["events"] = [event("Pod", "probe-n2", "Unhealthy", UNREADY)]
    found = one(no_probe(), data)
    assert (found.cause, found.confidence, found.scope) == ("pod.crash", "probable", [f"pod/{SPACE}/probe-n2"])
    assert found.evidence[0] == f"pod/{SPACE}/probe-n2 container main: ended, runs again, exit code 2"


@pytest.mark.parametrize("ended,state,more", [
    (2, {"running": {"startedAt": MINUTES_AGO}}, ""),  # it has run for minutes since
    (2, AGAIN, "Container main failed liveness probe, will be restarted"), (143, AGAIN, ""), (255, AGAIN, ""), (0, AGAIN, "")])
def test_what_was_started_again_and_did_not_end_by_itself(ended: int, state: dict[str, Any], more: str) -> None:
    data = _servers_down(healthy(), state=state, lastState=_ended(ended), restartCount=2)
    data["events"] = [event("Pod", "coredns-n1", "Unhealthy", UNREADY, "kube-system"),
                      *([event("Pod", "coredns-n1", "Killing", more, "kube-system")] if more else [])]
    assert cause(_dns(), data)[0] == "pod.probe-failing"


@pytest.mark.parametrize("container", [
    waiting("ContainerCreating"), waiting("PodInitializing"), {"state": _ended(0, "Completed")},
    waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"),
    {"state": {"running": {"startedAt": MINUTES_AGO}}, "lastState": _ended(137, "OOMKilled", LONG_AGO)},
    {"state": {"running": {"startedAt": MINUTES_AGO}}, "lastState": _ended(128, "StartError", LONG_AGO)},
    {**waiting("ContainerCreating"), "lastState": _ended(137, "OOMKilled", LONG_AGO)}])
def test_containers_that_just_start_or_ended_long_ago(container: dict[str, Any]) -> None:
    data = healthy()
    replace_pod(data, probe("n2", False, **container))
    assert cause(no_probe(), data)[0] == "unknown.unexplained"


def test_a_crash_loop_that_began_long_ago_still_is_one() -> None:
    data = healthy()
    replace_pod(data, probe("n2", False, restartCount=70, **waiting("CrashLoopBackOff", "back-off 5m0s"),
                            lastState=_ended(137, "OOMKilled", LONG_AGO)))
    assert cause(no_probe(), data)[:2] == ("pod.oom", "confirmed")


def test_a_crashing_pod_off_the_path() -> None:
    data = healthy()
    crash = {**waiting("CrashLoopBackOff"), "lastState": _ended(1)}
    data["pods"] += [pod("web-1", "default", "n2", ready=False, **crash), pod("calico-typha-x", "kube-system", "n2",
                                                                              ready=False, **crash)]
    assert cause(no_probe(), data)[0] == "unknown.unexplained"


def test_a_pod_that_is_ready_again_is_not_blamed_for_its_crash() -> None:
    data = healthy()
    replace_pod(data, probe("n2", restartCount=1, lastState=_ended(137, "OOMKilled")))
    assert cause(no_probe(), data)[0] == "unknown.unexplained"


def test_an_init_container_that_fails() -> None:
    data = healthy()
    item = probe("n2", False, **waiting("PodInitializing"))
    item["status"]["initContainerStatuses"] = [{"name": "prepare", "restartCount": 2, "lastState": _ended(1),
                                                **waiting("CrashLoopBackOff", "back-off 20s")}]
    replace_pod(data, item)
    found = one(no_probe(), data)
    assert (found.cause, found.confidence) == ("pod.crash", "probable")
    assert "container prepare: CrashLoopBackOff, exit code 1" in found.evidence[0]


# ---- configuration ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("words", [
    'MountVolume.SetUp failed for volume "config-volume" : configmap "coredns" not found',
    'MountVolume.SetUp failed for volume "tls" : secret "dns-tls" not found',
    'MountVolume.SetUp failed for volume "config-volume" : configmap references non-existent config key: Corefile'])
def test_a_volume_of_what_is_not_there(words: str) -> None:
    data = _servers_down(healthy(), **waiting("ContainerCreating"))
    data["events"] = [event("Pod", "coredns-n1", "FailedMount", words, "kube-system")]
    found = one(_dns(), data)
    assert (found.cause, found.confidence, found.scope) == ("pod.config-missing", "confirmed",
                                                            ["pod/kube-system/coredns-n1"])
    assert found.evidence[0] == f"pod/coredns-n1 FailedMount: {words}"
    replace_pod(data, coredns("n1", False, state={"running": {"startedAt": JUST_NOW}}))
    assert cause(_dns(), data)[0] == "dns.server-down", "what it lacked came, or it would not have started"


# ---- probes -----------------------------------------------------------------------------------------------------
UNREADY = "Readiness probe failed: HTTP probe failed with statuscode: 503"


def _unhealthy(last: str = JUST_NOW, name: str = "coredns-n1", namespace: str = "kube-system",
               first: str = MINUTES_AGO) -> dict[str, Any]:
    return event("Pod", name, "Unhealthy", UNREADY, namespace, first=first, last=last)


def test_a_probe_that_fails() -> None:
    data = _servers_down(healthy())
    data["events"] = [_unhealthy()]
    found = one(_dns(), data)
    assert (found.cause, found.confidence, found.scope) == ("pod.probe-failing", "confirmed",
                                                            ["pod/kube-system/coredns-n1"])
    assert found.evidence[0] == f"pod/coredns-n1 Unhealthy: {UNREADY}"
    assert found.next_command == "kubectl -n kube-system describe pod coredns-n1"


def test_a_kubelet_that_says_so_once_in_five_minutes() -> None:
    data = _servers_down(healthy())
    data["events"] = [_unhealthy("2026-03-14T09:25:10Z", first="2026-03-14T08:00:00Z")]
    assert cause(_dns(), data)[0] == "pod.probe-failing"
    data["events"] = [_unhealthy("2026-03-14T09:20:00Z", first="2026-03-14T08:00:00Z")]
    assert cause(_dns(), data)[0] == "dns.server-down", "that is past"


def test_a_probe_beside_a_sidecar() -> None:
    data = _servers_down(healthy())
    data["pods"][-1]["status"]["initContainerStatuses"] = [
        {"name": "mesh", "ready": True, "state": {"running": {"startedAt": MINUTES_AGO}}}]
    data["events"] = [_unhealthy()]
    assert cause(_dns(), data)[0] == "pod.probe-failing"


def test_a_probe_that_failed_until_the_pod_was_ready_again() -> None:
    data = healthy()
    data["events"] = [_unhealthy()]
    assert cause(_dns(), data)[0] == "unknown.timeout"


def test_a_probe_of_a_container_that_does_not_run_isno_probe_failing() -> None:
    data = _servers_down(healthy(), **waiting("CrashLoopBackOff", "back-off 10s"), lastState=_ended(2))
    data["events"] = [_unhealthy()]
    assert cause(_dns(), data)[0] == "pod.crash"


def test_a_probe_that_fails_while_other_nodes_are_answered() -> None:
    data = _servers_down(healthy())
    data["events"] = [_unhealthy()]
    check = _dns()
    check.observations += [seen("dns", "direct", "n2", "n1"), seen("dns", "direct", "n1", "n1", "no answer")]
    assert cause(check, data)[0] != "pod.probe-failing", "the kubelet is cut off, as is who asks from its node"


def test_probes_of_pods_off_the_path() -> None:
    data = healthy()
    data["pods"].append(pod("web-1", "default", "n1", ready=False))
    data["events"] = [_unhealthy(name="web-1", namespace="default")]
    assert cause(_dns(), data)[0] == "unknown.timeout"


# ---- waiting in vain --------------------------------------------------------------------------------------------
def test_waiting_in_vain_names_nothing() -> None:
    data = healthy()
    data["pods"].append(pod("reader-x", SPACE, "n1", ready=False, **waiting("ContainerCreating")))
    found = one(_late(), data)
    assert (found.cause, found.confidence, found.scope) == ("unknown.timeout", "suspected", [])
    assert found.evidence[0] == "unmet: another pod reads what was written"
