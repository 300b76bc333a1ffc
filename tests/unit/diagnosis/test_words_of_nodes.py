# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words and names of nodes and of networks, each for itself: kubelets, agents, taints, and what is an answer."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.matrix import edges
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    JUST_NOW, NODES, SPACE, cause, deployment, event, finding, healthy, no_probe, node, nodes_failed, on_path, pod,
    probe, replace_pod, seen, set_condition, waiting)


# ---- nodes -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("code", "words"), [
    *(("node.runtime-down", w) for w in (
        "container runtime is down", "PLEG is not healthy", "container runtime status check may not have completed yet",
        "RuntimeReady=false reason:x", "container runtime not ready",
        "dial unix /run/containerd/containerd.sock: refused",
        "dial unix /var/run/crio/crio.sock: refused")),
    *(("node.cni-not-ready", w) for w in (
        "cni plugin not initialized", "NetworkPluginNotReady message:x", "cni config uninitialized",
        "no networks found in /etc/cni/net.d", "network plugin is not ready", "NetworkReady=false reason:x"))])
def test_what_a_kubelet_says_of_its_node(code: str, words: str) -> None:
    data = healthy()
    set_condition(data, "n3", "Ready", "False", "KubeletNotReady", words)
    assert cause(nodes_failed(data, "n3"), data) == (code, "confirmed", ["node/n3"])


@pytest.mark.parametrize("words", ["x509: unknown authority", "remote error: tls: internal error",
                                   "its certificate has no SANs"])
def test_a_kubelet_whose_certificate_is_not_accepted(words: str) -> None:
    error = f"Get https://10.0.0.2:10250/containerLogs: {words}"
    check = finding("dns", "the probe could not be asked", "inconclusive",
                    observations=[seen("probe", "", "", "n2", error)])
    assert cause(check, healthy()) == ("node.kubelet-cert", "confirmed", ["node/n2"])
    check.observations[0]["error"] = error.replace("10250", "6443")
    assert cause(check, healthy())[0] == "unknown.unexplained", "another port is no kubelet's"


@pytest.mark.parametrize("words", ["no IP addresses available in range", "failed to assign an IP address to container",
                                   "range is full", "no free IP in the block"])
def test_a_node_without_addresses(words: str) -> None:
    data = healthy()
    replace_pod(data, probe("n2", False, **waiting("ContainerCreating")))
    data["events"] = [event("Pod", "probe-n2", "FailedCreatePodSandBox", f"Failed to create pod sandbox: {words}")]
    assert cause(no_probe("n2"), data) == ("net.addresses-exhausted", "confirmed", ["node/n2"])


@pytest.mark.parametrize("kind", ["DiskPressure", "MemoryPressure", "PIDPressure"])
def test_every_pressure(kind: str) -> None:
    data = healthy()
    set_condition(data, "n2", kind, "True", "Kubelet", "it has too little")
    assert cause(no_probe("n2"), data) == ("node.pressure", "confirmed", ["node/n2"])


@pytest.mark.parametrize("agent", [
    "kube-proxy-x", "calico-node-x", "cilium-x", "canal-x", "kube-flannel-ds-x", "flannel-x", "aws-node-x",
    "azure-cni-x",
    "antrea-agent-x", "weave-net-x", "ovnkube-node-x", "kube-router-x", "kindnet-x", "multus-x"])
def test_every_network_agent(agent: str) -> None:
    data = healthy()
    set_condition(data, "n2", "DiskPressure", "True", "Kubelet", "it has too little")
    check = finding("service", "it fails from n2", observations=[
        seen("service", "vip", "n2", error="quiet"), *(seen("service", "pod", n, "n1") for n in NODES)])
    assert cause(check, data)[0] == "svc.dataplane"
    data["pods"].append(pod(agent, "kube-system", "n2", ready=False))
    assert cause(check, data)[0] == "node.pressure"


@pytest.mark.parametrize("taint", ["not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure",
                                   "network-unavailable"])
def test_every_taint_of_an_ill_node(taint: str) -> None:
    data = healthy()
    data["nodes"][1] = node("n2")
    data["nodes"][1]["spec"]["taints"] = [{"key": f"node.kubernetes.io/{taint}", "effect": "NoSchedule"}]
    if not taint.endswith("pressure"):
        set_condition(data, "n2", "Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
    data["pods"].append(pod("reader-x", SPACE, "", ready=False))
    code = "node.pressure" if taint.endswith("pressure") else "node.unreachable"
    for words in (f"node(s) had untolerated taint {{node.kubernetes.io/{taint}: }}",
                  "node(s) had untolerated taint(s)"):
        data["events"] = [event("Pod", "reader-x", "FailedScheduling", f"0/3 nodes are available: 1 {words}.")]
        check = finding("storage", "pod reader-x ends: not within 180 s", path=[on_path("Pod", "reader-x")])
        assert cause(check, data) == (code, "probable", ["node/n2"])


# ---- the pod network and Services ------------------------------------------------------------------------------------
@pytest.mark.parametrize("words", ["connect: connection refused", "read: connection reset by peer",
                                   "answered by another pod"])
def test_an_answer_of_any_kind_is_no_silence(words: str) -> None:
    assert not edges([seen("pod", "small", "n1", "n2", words)])


@pytest.mark.parametrize("variant", ["vip", "affinity", "empty"])
def test_every_question_to_the_address_of_a_service(variant: str) -> None:
    asked = [seen("service", variant, n, error="quiet" if n == "n2" else "") for n in NODES]
    asked += [seen("service", "pod", n, "n1") for n in NODES]
    found = cause(finding("service", "it fails", observations=asked), healthy())
    assert found == ("svc.dataplane", "confirmed", ["node/n2"])


@pytest.mark.parametrize("kind", ["pod", "service", "dns"])
def test_every_kind_of_traffic_has_its_nodes_on_the_path(kind: str) -> None:
    data = healthy()
    set_condition(data, "n2", "KernelDeadlock", "True", "DockerHung", "task blocked")
    check = finding("service", "n1 is told nothing", observations=[seen(kind, "other", "n2", error="quiet")])
    assert cause(check, data)[0] == "node.kernel-fault"
    set_condition(data, "n2", "KernelDeadlock", "False", "KernelHasNoDeadlock", "it is well")
    set_condition(data, "n1", "KernelDeadlock", "True", "DockerHung", "task blocked")
    assert cause(check, data)[0] == "unknown.unexplained", "a node that only the message names"


@pytest.mark.parametrize("words", ["no probe became ready: not within 60 s", "fewer than two nodes run a probe",
                                   "probes could not be made", "1 of 3 nodes did not start a pod"])
def test_where_probes_did_not_start_they_are_looked_at(words: str) -> None:
    data = healthy()
    replace_pod(data, probe("n2", False, **waiting("ErrImagePull", "not found")))
    data["deployments"] = [deployment("coredns", "kube-system")]
    assert cause(finding("pod_network", words, "inconclusive"), data)[0] == "image.not-found"
    assert cause(finding("pod_network", "it was strange"), data)[0] == "unknown.unexplained"


@pytest.mark.parametrize("part", ["provisioner", "csi-x", "controller", "driver"])
def test_pods_of_a_csi_driver_by_what_they_are_called(part: str) -> None:
    data = healthy()
    data["pods"].append(pod(f"ebs-{part}-5d", "kube-system", "n2", ready=False, **waiting("CrashLoopBackOff"),
                            lastState={"terminated": {"exitCode": 1, "finishedAt": JUST_NOW}}))
    check = finding("storage", "it was strange", observed={"provisioner": "ebs.csi.aws.com"})
    assert cause(check, data) == ("pod.crash", "probable", [f"pod/kube-system/ebs-{part}-5d"])
