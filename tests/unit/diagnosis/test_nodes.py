# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 2, replayed: what nodes say about themselves, and which of them are on the failing path."""
from __future__ import annotations

import itertools
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import diagnose
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    NODES, SPACE, api_error, cause, deployment, event, finding, healthy, isolated, lease, matrix, no_probe, nodes_failed,
    on_path, one, pod, pod_network, power_off, probe, replace_pod, seen, set_condition, waiting)

CNI = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin " \
      "returns error: cni plugin not initialized"
RUNTIME = "[container runtime is down, PLEG is not healthy: pleg was last seen active 3m12s ago; threshold is 3m0s]"
DISK = "kubelet has disk pressure"


def test_powered_off() -> None:
    data = healthy()
    power_off(data, "n2")
    found = one(nodes_failed(data, "n2"), data)
    assert (found.cause, found.confidence, found.scope) == ("node.unreachable", "confirmed", ["node/n2"])
    assert "node/n2 Ready=Unknown NodeStatusUnknown: Kubelet stopped posting node status." in found.evidence
    assert "lease/n2 not renewed for 240 s" in found.evidence
    assert found.next_command == "kubectl describe node n2"


@pytest.mark.parametrize(("words", "code", "command"), [
    (RUNTIME, "node.runtime-down", "ssh n3 systemctl status containerd"),
    ("container runtime status check may not have completed yet", "node.runtime-down",
     "ssh n3 systemctl status containerd"),
    (CNI, "node.cni-not-ready", "ssh n3 ls -l /etc/cni/net.d")])
def test_not_ready_by_the_kubelets_words(words: str, code: str, command: str) -> None:
    data = healthy()
    set_condition(data, "n3", "Ready", "False", "KubeletNotReady", words)
    found = one(nodes_failed(data, "n3"), data)
    assert (found.cause, found.confidence, found.scope) == (code, "confirmed", ["node/n3"])
    assert found.evidence[0] == f"node/n3 Ready=False KubeletNotReady: {words}"
    assert found.next_command == command


def test_a_node_not_ready_for_reasons_of_its_own_is_not_guessed() -> None:
    data = healthy()
    set_condition(data, "n3", "Ready", "False", "KubeletNotReady", "node is shutting down")
    found = one(nodes_failed(data, "n3"), data)
    assert found.cause == "unknown.unexplained"
    assert any("node is shutting down" in line for line in found.evidence)


def _pressed(data: dict) -> object:
    text = f"DiskPressure: {DISK}"
    observations = [seen("node", "pressure", "", n, text if n == "n2" else "") for n in NODES]
    return finding("nodes", f"1 of 3 nodes: n2 {text}", step="no node is short of memory, disk or process ids",
                   observations=observations)


def test_full_disk() -> None:
    data = healthy()
    set_condition(data, "n2", "DiskPressure", "True", "KubeletHasDiskPressure", DISK)
    found = one(_pressed(data), data)
    assert (found.cause, found.confidence, found.scope) == ("node.pressure", "confirmed", ["node/n2"])
    assert f"node/n2 DiskPressure=True KubeletHasDiskPressure: {DISK}" in found.evidence


def test_what_the_check_saw_stands_when_the_node_recovered_meanwhile() -> None:
    assert cause(_pressed(healthy()), healthy()) == ("node.pressure", "confirmed", ["node/n2"])


def test_a_stale_lease_before_the_condition_follows() -> None:
    data = healthy()
    data["node_leases"] = [lease(n) for n in ("n1", "n3")] + [lease("n2", "2026-03-14T09:29:00Z")]
    check = finding("nodes", "1 of 3 nodes: n2 Lease not renewed for 60 s", step="every node renews its Lease",
                    observations=[seen("node", "lease", "", n, "Lease not renewed for 60 s" if n == "n2" else "")
                                  for n in NODES])
    assert cause(check, data) == ("node.unreachable", "probable", ["node/n2"])


def test_cordoned_and_missing_and_too_new() -> None:
    data = healthy()
    data["nodes"][2]["spec"]["unschedulable"] = True
    observations = [seen("node", "cordoned", "", n, "is cordoned" if n == "n3" else "") for n in NODES]
    found = one(finding("nodes", "1 of 3 nodes: n3 is cordoned", observations=observations), data)
    assert (found.cause, found.confidence, found.scope) == ("sched.constraint", "confirmed", ["node/n3"])
    assert found.evidence == ["node/n3 spec.unschedulable=true"]
    assert cause(finding("nodes", "3 nodes, expected 4"), healthy()) == ("node.not-joined", "confirmed", [])
    assert cause(finding("nodes", "3 nodes, expected 2"), healthy()) == ("node.drift", "confirmed", [])
    newer = "kubelet v1.37.0 is newer than the API server v1.36.1"
    assert cause(finding("nodes", f"1 of 3 nodes: n1 {newer}", observations=[seen("node", "version", "", "n1", newer)]),
                 healthy()) == ("node.drift", "confirmed", ["node/n1"])


PROBLEMS = [("node.kernel-fault", "confirmed", ("KernelDeadlock", "ReadonlyFilesystem", "XfsShutdown", "DiskBadBlock",
                                                "CperHardwareErrorFatal")),
            ("node.runtime-down", "probable", ("FrequentContainerdRestart", "FrequentKubeletRestart", "FrequentDockerRestart",
                                               "ContainerRuntimeUnhealthy", "KubeletUnhealthy"))]
# Its own words where all is well: that no problem is known is no problem.
WELL = {kind: ("NoProblem", "it is well") for _code, _sure, kinds in PROBLEMS for kind in kinds} | {
    "KernelDeadlock": ("KernelHasNoDeadlock", "kernel has no deadlock"), "NTPProblem": ("NTPIsUp", "ntp service is up"),
    "ReadonlyFilesystem": ("FilesystemIsNotReadOnly", "Filesystem is not read-only"),
    "NetworkUnavailable": ("CalicoIsUp", "Calico is running on this node"),
    "FrequentUnregisterNetDevice": ("NoFrequentUnregisterNetDevice", "node is functioning properly"),
    "FrequentContainerdRestart": ("NoFrequentContainerdRestart", "containerd is functioning properly")}


def _watched(status: str = "False") -> dict[str, Any]:
    """A healthy cluster with the node problem detector on every node."""
    data = healthy()
    for name, (kind, words) in itertools.product(NODES, WELL.items()):
        set_condition(data, name, kind, status, *words)
    return data


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_a_node_problem_detector_without_problems(status: str) -> None:
    data = _watched(status)
    assert cause(no_probe("n2"), data)[0] == "unknown.unexplained"
    assert cause(pod_network(matrix(isolated("n2"))), data) == ("net.node-isolated", "confirmed", ["node/n2"])
    for check in ("nodes", "service", "dns", "storage", "api_server"):
        assert cause(finding(check, "it was strange"), data) == ("unknown.unexplained", "suspected", [])


@pytest.mark.parametrize(("code", "sure", "kind"), [(code, sure, k) for code, sure, kinds in PROBLEMS for k in kinds])
def test_what_the_node_problem_detector_says(code: str, sure: str, kind: str) -> None:
    data = _watched()
    set_condition(data, "n2", kind, "True", "Trouble", "task umount.aufs:21568 blocked for more than 120 seconds.")
    found = one(no_probe("n2"), data)
    assert (found.cause, found.confidence, found.scope) == (code, sure, ["node/n2"])
    assert found.evidence[0] == f"node/n2 {kind}=True Trouble: task umount.aufs:21568 blocked for more than 120 seconds."
    assert cause(no_probe("n1"), data)[0] == "unknown.unexplained", "of another node"


# ---- new pods on a node -----------------------------------------------------------------------------------------
def _no_pod_on(name: str, why: str = "ContainerCreating") -> object:
    return finding("nodes", f"1 of 3 nodes did not start a pod: {name} ({why})", step="every Ready node starts a pod",
                   observations=[seen("node", "pod", "", n, why if n == name else "") for n in NODES])


@pytest.mark.parametrize(("words", "code"), [
    (f"network is not ready: {CNI}", "node.cni-not-ready"),
    ('Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "ab12": plugin '
     'type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized',
     "node.cni-not-ready"),
    ('Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "ab12": plugin '
     'type="host-local" failed (add): failed to allocate for range 0: no IP addresses available in range set: '
     '10.244.1.1-10.244.1.254', "net.addresses-exhausted"),
    ("Failed to create pod sandbox: rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while "
     "dialing: dial unix /run/containerd/containerd.sock: connect: connection refused\"", "node.runtime-down"),
    ("Failed to create pod sandbox: mkdir /var/lib/containerd/x: no space left on device", "node.pressure"),
    ('Failed to create pod sandbox: rpc error: code = NotFound desc = failed to start sandbox "ab": failed to get sandbox '
     'image "registry.k8s.io/pause:3.10": failed to pull image "registry.k8s.io/pause:3.10": failed to resolve image: dial '
     'tcp 34.96.108.209:443: i/o timeout', "image.registry-unreachable")])
def test_no_sandbox(words: str, code: str) -> None:
    data = healthy()
    replace_pod(data, probe("n2", False, **waiting("ContainerCreating")))
    reason = "NetworkNotReady" if words.startswith("network is not ready") else "FailedCreatePodSandBox"
    data["events"] = [event("Pod", "probe-n2", reason, words)]
    found = one(_no_pod_on("n2"), data)
    assert (found.cause, found.confidence) == (code, "confirmed")
    assert words[:100] in found.evidence[0]
    assert found.scope == (["image/registry.k8s.io/pause:3.10"] if code.startswith("image") else ["node/n2"])
    began = {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": "2026-03-14T09:29:57Z",
                            "finishedAt": "2026-03-14T09:29:58Z"}}
    replace_pod(data, probe("n2", False, **waiting("CrashLoopBackOff", "back-off 10s"), lastState=began))
    assert cause(_no_pod_on("n2"), data)[0] == "pod.crash", "it got its sandbox in the end"


def test_evicted() -> None:
    data = healthy()
    words = "The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 801Mi."
    replace_pod(data, probe("n2", False, status={"phase": "Failed", "reason": "Evicted", "message": words}))
    assert cause(_no_pod_on("n2"), data) == ("node.pressure", "confirmed", ["node/n2"])


def test_kubelets_certificate() -> None:
    words = "port-forward: error upgrading connection: error dialing backend: tls: failed to verify certificate: x509: " \
            "cannot validate certificate for 10.0.0.2 because it doesn't contain any IP SANs: https://10.0.0.2:10250"
    check = finding("dns", f"the probe could not be asked on n2 ({words})", "inconclusive",
                    observations=[{**seen("probe", "", "", "n2", words), "target": "probe-n2"}])
    assert cause(check, healthy()) == ("node.kubelet-cert", "confirmed", ["node/n2"])


def test_clock_only_where_trust_is_the_trouble() -> None:
    data = healthy()
    data["node_leases"] = [lease(n) for n in ("n1", "n2")] + [lease("n3", "2026-03-14T09:31:30Z")]
    assert cause(pod_network(matrix(isolated("n3"))), data) == ("net.node-isolated", "confirmed", ["node/n3"])
    words = "x509: certificate has expired or is not yet valid: current time 2026-03-14T09:31:30Z is before"
    assert cause(finding("nodes", words, errors=[api_error(words)]), data) == ("node.clock", "probable", ["node/n3"])


# ---- paths and precedence ---------------------------------------------------------------------------------------
def test_powered_off_node_is_the_one_root() -> None:
    data = healthy()
    power_off(data, "n2")
    red = matrix(isolated("n2"))
    service = finding("service", "the Service's cluster address 10.96.0.7:80 fails from 1 of 3 nodes: n1 (2 of 10 "
                      "connections failed)", observations=[
                          seen("service", "vip", "n1", error="2 of 10 connections failed: timeout"),
                          seen("service", "vip", "n3"), seen("service", "pod", "n1", "n2", "context deadline exceeded"),
                          seen("service", "pod", "n1", "n3"), seen("service", "pod", "n3", "n1")])
    dns = finding("dns", "1 of 2 nodes: n1", observations=[
        seen("dns", "internal", "n1"), seen("dns", "direct", "n1", "n2", "no answer"),
        seen("dns", "direct", "n3", "n2", "no answer"), seen("dns", "direct", "n1", "n1")])
    storage = finding("storage", "the probe could not be asked on n2", "inconclusive",
                      observations=[seen("probe", "", "", "n2", "timeout")])
    out = diagnose([nodes_failed(data, "n2"), pod_network(red), service, dns, storage], data)
    assert (out["nodes"].cause, out["nodes"].consequence_of, out["nodes"].scope) == ("node.unreachable", "", ["node/n2"])
    for name in ("pod_network", "service", "dns", "storage"):
        assert out[name].consequence_of == "node.unreachable", name
    assert out["pod_network"].cause == "net.node-isolated"


def test_without_the_check_of_nodes_the_root_is_still_said() -> None:
    data = healthy()
    power_off(data, "n2")
    found = one(pod_network(matrix(isolated("n2"))), data)
    assert (found.cause, found.scope, found.consequence_of) == ("node.unreachable", ["node/n2"], "")
    assert any(line.startswith("node/n2 Ready=Unknown") for line in found.evidence)
    assert any("n1 -> n2" in line for line in found.evidence)


def test_old_trouble_of_another_node_is_not_blamed() -> None:
    data = healthy()
    power_off(data, "n3", "2026-03-12T00:00:00Z")
    red = matrix(isolated("n2"), nodes=("n1", "n2", "n4"))
    assert cause(pod_network(red), data)[0] == "net.node-isolated"


def test_a_full_disk_elsewhere_is_not_blamed() -> None:
    data = healthy()
    set_condition(data, "n1", "DiskPressure", "True", "KubeletHasDiskPressure", DISK)
    assert cause(pod_network(matrix(isolated("n2"))), data) == ("net.node-isolated", "confirmed", ["node/n2"])


def test_a_full_disk_does_not_silence_running_pods() -> None:
    data = healthy()
    set_condition(data, "n2", "DiskPressure", "True", "KubeletHasDiskPressure", DISK)
    assert cause(pod_network(matrix(isolated("n2"))), data)[0] == "net.node-isolated"
    replace_pod(data, *(pod(name, "kube-system", "n2", ready=False) for name in ("kube-proxy-x", "calico-node-x")))
    found = one(pod_network(matrix(isolated("n2"))), data)
    assert found.cause == "node.pressure"
    assert any("calico-node-x" in line for line in found.evidence)


def test_what_began_after_the_failure_is_not_blamed() -> None:
    data = healthy()
    power_off(data, "n2", "2026-03-14T09:28:00Z")
    ended = 1773480360.0  # 09:26:00
    early = pod_network(matrix(isolated("n2")), ended=ended)
    assert cause(early, data)[0] == "net.node-isolated"
    data["controller_date"] = "2026-03-14T09:27:30+00:00"  # the controller's clock is 150 s behind
    assert cause(early, data)[0] == "node.unreachable"


def test_all_nodes_are_the_cluster_and_all_of_a_zone_the_zone() -> None:
    data = healthy(tuple(f"n{i}" for i in range(1, 7)))
    for i, item in enumerate(data["nodes"]):
        item["metadata"]["labels"]["topology.kubernetes.io/zone"] = "a" if i < 3 else "b"
    for name in ("n4", "n5", "n6"):
        set_condition(data, name, "Ready", "False", "KubeletNotReady", CNI)
    assert one(nodes_failed(data, "n4", "n5", "n6"), data).scope == ["zone/b"]
    for name in ("n1", "n2", "n3"):
        set_condition(data, name, "Ready", "False", "KubeletNotReady", CNI)
    assert one(nodes_failed(data, *(f"n{i}" for i in range(1, 7))), data).scope == ["cluster"]


def test_a_pod_kept_off_an_ill_node_follows_from_the_node() -> None:
    data = healthy()
    power_off(data, "n2")
    data["nodes"][1]["spec"]["taints"] = [{"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}]
    words = "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 2 node(s) didn't " \
            "match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for " \
            "scheduling."
    data["pods"].append(pod("reader-x", SPACE, "", ready=False))
    data["events"] = [event("Pod", "reader-x", "FailedScheduling", words)]
    found = one(finding("storage", "pod reader-x with its volume ends: not within 180 s", path=[on_path("Pod", "reader-x")]),
                data)
    assert (found.cause, found.scope) == ("node.unreachable", ["node/n2"])
    assert any(words in line for line in found.evidence)


def test_healthy_evidence_gives_no_cause() -> None:
    data = healthy()
    data["deployments"].append(deployment("other", "default"))
    for check in ("nodes", "pod_network", "service", "dns", "storage", "api_server"):
        found = one(finding(check, "it was strange"), data)
        assert (found.cause, found.confidence) == ("unknown.unexplained", "suspected")
        late = one(finding(check, "the thing: not within 60 s", step="the thing happens"), data)
        assert late.cause == "unknown.timeout"
        assert "unmet: the thing happens" in late.evidence


def test_passed_findings_are_not_diagnosed() -> None:
    assert diagnose([finding("nodes", verdict="passed"), finding("dns", verdict="warned")], healthy()) == {}
