# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layer 3, replayed: what the API server said when it refused an object."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    NODES, SPACE, api_error, cause, event, finding, healthy, on_path, one, pod, seen)

PODS = f"/api/v1/namespaces/{SPACE}/pods"
HOOK = 'Internal error occurred: failed calling webhook "validate.policy.lab": failed to call webhook: Post ' \
       '"https://policy.policy-system.svc:443/validate?timeout=10s": '
REFUSALS = [
    (HOOK + 'no endpoints available for service "policy"', 500, "webhook.no-endpoints",
     ["webhook/validate.policy.lab"]),
    (HOOK + "dial tcp 10.96.8.8:443: connect: connection refused", 500, "webhook.no-endpoints",
     ["webhook/validate.policy.lab"]),
    (HOOK + 'service "policy" not found', 500, "webhook.no-endpoints", ["webhook/validate.policy.lab"]),
    (HOOK + "tls: failed to verify certificate: x509: certificate signed by unknown authority", 500,
     "webhook.ca-mismatch",
     ["webhook/validate.policy.lab"]),
    (HOOK + "context deadline exceeded", 500, "webhook.timeout", ["webhook/validate.policy.lab"]),
    (HOOK + "dial tcp 10.96.8.8:443: i/o timeout", 500, "webhook.timeout", ["webhook/validate.policy.lab"]),
    (HOOK + "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
     500,
     "webhook.timeout", ["webhook/validate.policy.lab"]),
    (HOOK + "dial tcp 10.96.8.8:443: connect: no route to host", 500, "webhook.timeout",
     ["webhook/validate.policy.lab"]),
    ('pods "x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=10, limited: pods=10', 403,
     "quota.exceeded", [f"resourcequota/{SPACE}/compute"]),
    ('pods "x" is forbidden: failed quota: compute: must specify limits.cpu for: main; requests.cpu for: main', 403,
     "quota.exceeded", [f"resourcequota/{SPACE}/compute"]),
    ('pods "x" is forbidden: [maximum cpu usage per Container is 5m, but limit is 200m, maximum memory usage per '
     "Container is 8Mi, but limit is 64Mi]", 403, "quota.exceeded", []),
    ('pods "x" is forbidden: minimum memory usage per Pod is 1Gi, but request is 16Mi', 403, "quota.exceeded", []),
    ('persistentvolumeclaims "data-x" is forbidden: maximum storage usage per PersistentVolumeClaim is 500Mi, but '
     "request is 1Gi", 403, "quota.exceeded", []),
    ('pods "x" is forbidden: memory max limit to request ratio per Container is 3, but provided ratio is 4.000000', 403,
     "quota.exceeded", []),
    ('pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container '
     '"main" must set securityContext.allowPrivilegeEscalation=false)', 403, "admission.denied",
     ["podsecurity/restricted:latest"]),
    ('admission webhook "validate.kyverno.svc-fail" denied the request: resource Pod/x was blocked due to the '
     "following policies", 400, "admission.denied", ["webhook/validate.kyverno.svc-fail"]),
    ("pods \"x\" is forbidden: ValidatingAdmissionPolicy 'labels.lab' with binding 'labels-all' denied request: failed "
     "expression: has(object.metadata.labels.team)", 422, "admission.denied", ["policy/labels.lab"]),
    ('pods "x" is forbidden: unable to validate against any security context constraint: [provider "anyuid": '
     "Forbidden: not usable by user or serviceaccount]", 403, "admission.denied", []),
]


@pytest.mark.parametrize(("words", "status", "code", "scope"), REFUSALS)
def test_an_object_of_ours_that_is_refused(words: str, status: int, code: str, scope: list[str]) -> None:
    error = api_error(words, status, path=PODS, method="POST")
    found = one(finding("service", f"pod x could not be created: {words}", errors=[error]), healthy())
    assert (found.cause, found.confidence, found.scope) == (code, "confirmed", scope)
    assert found.evidence[0] == f"POST {PODS}: {status} {words}"
    command = {"webhook": "webhookconfigurations", "admission": "validatingadmissionpolicies",
               "quota": f"-n {SPACE} describe resourcequota compute" if scope else "resourcequota,limitrange"}
    assert command[code.partition(".")[0]] in found.next_command


@pytest.mark.parametrize(("words", "status", "code", "scope"), REFUSALS)
def test_a_pod_of_our_daemonset_that_is_refused(words: str, status: int, code: str, scope: list[str]) -> None:
    data = healthy()
    data["events"] = [event("DaemonSet", "probe", "FailedCreate", f"Error creating: {words}")]
    found = one(finding("pod_network", "no probe became ready: not within 60 s", "inconclusive"), data)
    assert (found.cause, found.confidence, found.scope) == (code, "confirmed", scope)
    assert found.evidence == [f"daemonset/probe FailedCreate: Error creating: {words}"]


@pytest.mark.parametrize("words", [
    HOOK + "EOF", HOOK + "the server could not find the requested resource",
    HOOK + "dial tcp: lookup policy.lab on 10.0.0.53:53: no such host", "the object has been modified; please apply "
    "your changes",
    'pods "x" already exists'])
def test_other_words_are_no_refusal(words: str) -> None:
    error = api_error(words, 500, path=PODS, method="POST")
    assert cause(finding("service", f"pod x could not be created: {words}", errors=[error]), healthy())[0] == \
        "unknown.unexplained"


def test_a_refusal_that_the_check_got_over() -> None:
    error = api_error(HOOK + "context deadline exceeded", 500, path=PODS, method="POST")
    assert cause(finding("service", "fails from n1: 503", errors=[error]), healthy())[0] == "unknown.unexplained"
    assert cause(finding("service", "it was not finished", "inconclusive", errors=[error]),
                 healthy())[0] == "webhook.timeout"


def test_a_refusal_without_a_namespace_names_that_of_the_run() -> None:
    words = "exceeded quota: objects, requested: count/pods=1, used: count/pods=1, limited: count/pods=1"
    error = api_error(words, 403, path="", method="POST")
    assert cause(finding("service", words, errors=[error]), healthy())[2] == [f"resourcequota/{SPACE}/objects"]


# ---- by controllers ---------------------------------------------------------------------------------------------
QUOTA = 'Error creating: pods "x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=9, ' \
        "limited: pods=9"


def test_a_controllers_object_on_the_path() -> None:
    data = healthy()
    data["events"] = [event("Job", "work", "FailedCreate", QUOTA)]
    check = finding("storage", "job work ends: not within 60 s", path=[on_path("Job", "work")])
    assert cause(check, data) == ("quota.exceeded", "confirmed", [f"resourcequota/{SPACE}/compute"])
    check.path = [on_path("Job", "other")]
    assert cause(check, data)[0] == "unknown.timeout"


def test_refusals_of_others_are_not_ours() -> None:
    data = healthy()
    check = finding("pod_network", "no probe became ready: not within 60 s", "inconclusive")
    for other in (event("DaemonSet", "agent", "FailedCreate", QUOTA, "default"),
                  event("ReplicaSet", "web", "FailedCreate", QUOTA), event("DaemonSet", "probe", "SuccessfulCreate",
                                                                           QUOTA),
                  event("DaemonSet", "probe", "FailedCreate", 'Error creating: Post "https://10.96.0.1": EOF')):
        data["events"] = [other]
        assert cause(check, data)[0] == "unknown.timeout"
    data["events"] = [event("DaemonSet", "probe", "FailedCreate", QUOTA)]
    traffic = finding("pod_network", "1 of 9 pairs fail",
                      observations=[seen("pod", "small", "n1", "n2", "empty reply")])
    assert cause(traffic, data)[0] != "quota.exceeded", "its probes were there"
    data["run_namespace"] = ""
    assert cause(check, data)[0] == "unknown.timeout"


def test_nodes_without_probes_for_a_quota() -> None:
    data = healthy()
    data["events"] = [event("DaemonSet", "probe", "FailedCreate", QUOTA)]
    why = "no probe pod was made"
    check = finding("nodes", f"3 of 3 nodes did not start a pod: n1 ({why})",
                    observations=[seen("node", "pod", "", n, why) for n in NODES])
    assert cause(check, data) == ("quota.exceeded", "confirmed", [f"resourcequota/{SPACE}/compute"])


# ---- rights of components ---------------------------------------------------------------------------------------
def _forbidden(account: str, namespace: str = "local-path-storage") -> str:
    return f'E0314 failed to list *v1.Node: nodes is forbidden: User "system:serviceaccount:{namespace}:{account}" ' \
           'cannot list resource "nodes" in API group "" at the cluster scope'


def _late(provisioner: str = "rancher.io/local-path") -> Any:
    return finding("storage", "pod writer-x with its volume ends: not within 180 s; the claim is Pending",
                   observed={"provisioner": provisioner}, path=[on_path("PersistentVolumeClaim", "data-x")])


def test_a_provisioner_without_its_rights() -> None:
    data = healthy()
    key = "local-path-storage/local-path-provisioner-7f/main"
    data["logs"] = {key: ["I0314 started", *[_forbidden("local-path")] * 3]}
    found = one(_late(), data)
    assert (found.cause, found.confidence, found.scope) == ("rbac.missing", "confirmed",
                                                            ["serviceaccount/local-path-storage/local-path"])
    assert found.evidence == [f"{key}: {_forbidden('local-path')}"]
    assert found.next_command == "kubectl get clusterrolebinding -o wide"


def test_a_driver_by_its_name() -> None:
    data = healthy()
    data["pods"].append(pod("ebs-csi-controller-5d", "kube-system", "n2"))
    data["logs"] = {"kube-system/ebs-csi-controller-5d/csi-provisioner": [_forbidden("ebs-csi", "kube-system")]}
    assert cause(_late("ebs.csi.aws.com"), data)[2] == ["serviceaccount/kube-system/ebs-csi"]


def test_components_off_the_path_may_lack_rights() -> None:
    data = healthy()
    data["pods"] += [pod("nfs-provisioner-1", "nfs", "n2"), pod("external-dns-1", "kube-system", "n2")]
    data["logs"] = {"nfs/nfs-provisioner-1/main": [_forbidden("nfs", "nfs")],
                    "kube-system/external-dns-1/main": [_forbidden("external-dns", "kube-system")]}
    assert cause(_late(), data)[0] == "unknown.timeout"
    dns = finding("dns", "3 of 3 nodes: SERVFAIL",
                  observations=[seen("dns", "internal", n, error="SERVFAIL") for n in NODES])
    assert cause(dns, data)[:2] == ("dns.server-down", "suspected")
    data["logs"] = {"local-path-storage/local-path-provisioner-7f/main": [_forbidden("local-path")],
                    "kube-system/coredns-n1/main": [_forbidden("coredns", "kube-system")]}
    assert cause(finding("service", "fails from n1"), data)[0] == "unknown.unexplained"
    assert cause(dns, data)[2] == ["serviceaccount/kube-system/coredns"]
