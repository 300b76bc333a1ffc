# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers 0 and 1, replayed: rights, API server, etcd, controllers."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.diagnose import diagnose
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    SERVER, SPACE, TIMED_OUT, api_error, cause, finding, healthy, lease, on_path, one, pod, seen, silent_cluster)

REFUSED = api_error(f"Failed to establish a new connection to {SERVER}: [Errno 111] Connection refused", None,
                    "unreachable", "/livez")
TLS = api_error("certificate verify failed: unable to get local issuer certificate (_ssl.c:1000)", None, "tls", "/version")
UNKNOWN_USER = api_error("Unauthorized", 401, path="/version")


def _down(error: dict) -> tuple[list[Finding], dict]:
    """All checks when connecting failed."""
    why = f"the API server did not answer: {error['message']}"
    others = [finding(c, why, "inconclusive", "", errors=[error])
              for c in ("nodes", "pod_network", "service", "dns", "storage")]
    return [finding("api_server", error["message"], "failed", "the API server is alive", errors=[error]), *others], \
        silent_cluster(error)


@pytest.mark.parametrize(("error", "code"), [(REFUSED, "api.unreachable"), (TLS, "api.tls"),
                                             (UNKNOWN_USER, "api.unauthenticated"),
                                             (api_error("Name or service not known", None, "dns"), "api.unreachable")])
def test_what_keeps_us_from_the_api_is_the_one_root(error: dict, code: str) -> None:
    findings, data = _down(error)
    out = diagnose(findings, data)
    assert (out["api_server"].cause, out["api_server"].confidence, out["api_server"].consequence_of) == (
        code, "confirmed", "")
    assert error["message"] in out["api_server"].evidence[0]
    for name in ("nodes", "pod_network", "service", "dns", "storage"):
        assert (out[name].cause, out[name].consequence_of) == (code, code)


def test_without_the_check_of_the_api_somebody_else_names_the_root() -> None:
    findings, data = _down(REFUSED)
    out = diagnose(findings[1:], data)
    assert {d.cause for d in out.values()} == {"api.unreachable"}
    assert {d.consequence_of for d in out.values()} == {""}


def test_forbidden_names_verb_and_resource() -> None:
    words = 'namespaces is forbidden: User "dev" cannot create resource "namespaces" in API group "" at the cluster scope'
    error = api_error(words, 403, path="/api/v1/namespaces", method="POST", verb="create", resource="namespaces")
    found = one(finding("service", f"the run namespace could not be created: {words}", "inconclusive", errors=[error]),
                healthy())
    assert (found.cause, found.confidence, found.layer) == ("harness.forbidden", "confirmed", 0)
    assert found.scope == ["permission/create namespaces"]
    assert found.next_command == "kubectl auth can-i create namespaces"
    assert words in found.evidence[0]


def test_a_refusal_that_the_check_got_over_is_no_cause() -> None:
    error = api_error('cannot list resource "apiservices"', 403, verb="list", resource="apiservices")
    found = one(finding("api_server", "ConfigMap x was read back changed: {}", errors=[error]), healthy())
    assert found.cause == "unknown.unexplained"


ETCD_READYZ = "[+]ping ok\n[-]etcd failed: reason withheld\n[-]etcd-readiness failed: reason withheld\n[+]log ok\n" \
              "readyz check failed"


def _frozen() -> tuple[Finding, dict]:
    data = silent_cluster(api_error(ETCD_READYZ, 500, path="/readyz"))
    data["readyz"] = ETCD_READYZ
    health = [seen("api", "health", target="/livez/etcd", error="failed: reason withheld")]
    return finding("api_server", "/livez answers 500: etcd failed: reason withheld", step="the API server is alive",
                   observations=health), data


def test_frozen_etcd() -> None:
    api, data = _frozen()
    late = api_error("Timeout: request did not complete within requested timeout - context deadline exceeded", 504,
                     path="/api/v1/namespaces", method="POST")
    dns = finding("dns", f"the run namespace could not be created: {late['message']}", "inconclusive", errors=[late])
    network = finding("pod_network", "endpoints: not within 60 s")
    out = diagnose([api, dns, network], data)
    assert (out["api_server"].cause, out["api_server"].confidence) == ("etcd.unhealthy", "confirmed")
    assert "[-]etcd failed: reason withheld" in out["api_server"].evidence
    assert {out["dns"].consequence_of, out["pod_network"].consequence_of} == {"etcd.unhealthy"}


@pytest.mark.parametrize("words", ["etcdserver: request timed out", "etcdserver: leader changed", "etcdserver: no leader"])
def test_etcds_own_words(words: str) -> None:
    error = api_error(words, 500)
    assert cause(finding("api_server", words, errors=[error]), healthy())[:2] == ("etcd.unhealthy", "confirmed")


def test_etcd_without_space() -> None:
    words = "etcdserver: mvcc: database space exceeded"
    assert cause(finding("api_server", words, errors=[api_error(words)]), healthy())[0] == "etcd.space"


def test_a_silent_health_endpoint_is_put_under_etcd_when_that_is_known() -> None:
    api, data = _frozen()
    silence = api_error(f"no answer from {SERVER} in time", None, "timeout", "/readyz")
    data.update(readyz="", api_errors=[silence])
    out = diagnose([api, finding("dns", f"the API server did not answer: {silence['message']}", "inconclusive",
                                 errors=[silence])], data)
    assert out["api_server"].cause == "etcd.unhealthy"
    assert out["dns"].consequence_of == "etcd.unhealthy"


def test_overloaded() -> None:
    words = "Too many requests, please try again later."
    error = api_error(words, 429)
    assert cause(finding("nodes", f"the API server did not answer: {words}", "inconclusive", errors=[error]),
                 healthy())[:2] == ("api.overloaded", "confirmed")


def test_another_health_check() -> None:
    data = healthy()
    data["readyz"] = "[+]etcd ok\n[-]poststarthook/rbac/bootstrap-roles failed: reason withheld\nreadyz check failed"
    found = one(finding("api_server", "/readyz answers 500: poststarthook/rbac/bootstrap-roles failed: reason withheld"), data)
    assert (found.cause, found.scope) == ("api.check-failed", ["check/poststarthook/rbac/bootstrap-roles"])


def test_one_replica_is_named() -> None:
    check = finding("api_server", "1 of 3 API servers are not ready: 10.0.0.3:6443 (500 informer-sync)",
                    observations=[seen("api", "replica", target="10.0.0.3:6443", error="informer-sync")])
    assert cause(check, healthy()) == ("api.check-failed", "confirmed", ["address/10.0.0.3:6443"])


def test_aggregated_api() -> None:
    words = 'MissingEndpoints: endpoints for service/metrics-server in "kube-system" have no addresses with port name "https"'
    check = finding("api_server", f"1 of 30 APIs are not available: v1beta1.metrics.k8s.io ({words})",
                    observations=[seen("api", "aggregated", target="v1beta1.metrics.k8s.io", error=words)])
    found = one(check, healthy())
    assert (found.cause, found.scope) == ("api.aggregated-down", ["apiservice/v1beta1.metrics.k8s.io"])
    assert found.next_command == "kubectl describe apiservice v1beta1.metrics.k8s.io"


def test_slow_writes_beside_quick_reads() -> None:
    speed = [seen("api", "read", target="latency", seconds=0.004),
             seen("api", "write", target="latency", error="slow", seconds=0.9)]
    assert cause(finding("api_server", "a watch sees the object: not within 10 s", observations=speed),
                 healthy())[:2] == ("etcd.slow", "suspected")


def test_stale_leader() -> None:
    data = healthy()
    data["leases"] = [lease("kube-controller-manager", "2026-03-14T09:20:00Z")]
    found = one(finding("service", "endpoints of Service svc-x are 2 pods: not within 60 s"), data)
    assert (found.cause, found.confidence, found.scope) == ("ctrl.not-progressing", "probable",
                                                            ["controller/kube-controller-manager"])
    assert "lease/kube-system/kube-controller-manager not renewed for 600 s" in found.evidence


def test_live_leader_is_not_blamed() -> None:
    assert cause(finding("service", "endpoints of Service svc-x are 2 pods: not within 60 s"), healthy())[0] == "unknown.timeout"


def test_our_namespace_is_taken_away() -> None:
    words = f'pods "x" is forbidden: unable to create new content in namespace {healthy()["run_namespace"]} because it is ' \
            "being terminated"
    assert cause(finding("storage", words, errors=[api_error(words, 403)]), healthy()) == (
        "ns.stuck", "confirmed", [f"namespace/{healthy()['run_namespace']}"])


def test_an_object_that_stays() -> None:
    data = healthy()
    data["pvcs"] = [{"metadata": {"name": "data-x", "namespace": "assay-3f9a21c0",
                                  "finalizers": ["kubernetes.io/pvc-protection"]}, "status": {"phase": "Bound"}}]
    found = one(finding("storage", "PersistentVolumeClaim data-x gone: not within 60 s",
                        path=[on_path("PersistentVolumeClaim", "data-x")]), data)
    assert (found.cause, found.confidence) == ("leak.cleanup-stuck", "probable")
    assert any("kubernetes.io/pvc-protection" in line for line in found.evidence)


def test_what_the_options_name_is_not_there() -> None:
    assert cause(finding("storage", "there is no StorageClass gp3; there are: local-path"), healthy()) == (
        "harness.precondition", "confirmed", ["storageclass/gp3"])


def test_a_lost_answer_between_pods_is_not_the_api() -> None:
    data = healthy()
    data["api_errors"] = []
    assert cause(finding("api_server", TIMED_OUT), data)[0] == "unknown.timeout"


# ---- what is not said -----------------------------------------------------------------------------------------------
def test_errors_that_begin_alike_or_say_nothing_are_no_cause_of_what_it_ended_with() -> None:
    error = api_error('pods "writer-x" is forbidden: not now', 403, verb="create", resource="pods")
    assert cause(finding("storage", 'pods "writer-x" ended with 1', errors=[error]), healthy())[0] == "unknown.unexplained"
    for silent in (api_error("", 403, verb="create", resource="pods"), api_error("", 429), api_error("", 401)):
        assert cause(finding("storage", "it was strange", errors=[silent]), healthy())[0] == "unknown.unexplained"


@pytest.mark.parametrize(("readyz", "code"), [("", "api.unreachable"), ("[+]ping ok\n[+]etcd ok\n", "unknown.timeout")])
def test_a_server_that_says_how_it_is_is_not_out_of_reach(readyz: str, code: str) -> None:
    """One list took too long; the rest was answered."""
    data = healthy()
    data.update(readyz=readyz, api_errors=[api_error("no answer in time", None, "timeout")])
    assert cause(finding("api_server", "a watch sees the object: not within 10 s"), data)[0] == code


@pytest.mark.parametrize(("domain", "known", "sure"), [
    ("api_server", False, "confirmed"), ("dns", True, "confirmed"), ("dns", False, "probable")])
def test_a_lost_connection_is_the_api_server_for_sure_only_where_more_than_one_lost_it(
        domain: str, known: bool, sure: str) -> None:
    data = healthy()
    data["api_errors"] = [REFUSED] if known else []
    assert cause(finding(domain, REFUSED["message"], errors=[REFUSED]), data)[:2] == ("api.unreachable", sure)


def test_an_eviction_that_a_budget_forbids_is_no_overload() -> None:
    words = "Cannot evict pod as it would violate the pod's disruption budget."
    assert cause(finding("nodes", words, errors=[api_error(words, 429)]), healthy())[0] == "unknown.unexplained"


SLOW = "Timeout: request did not complete within requested timeout - context deadline exceeded"


@pytest.mark.parametrize(("words", "readyz", "code"), [
    (SLOW, "[+]ping ok\n[+]etcd ok\n", "api.overloaded"), (SLOW, "", "unknown.timeout"),
    (SLOW, "[+]ping ok\n", "unknown.timeout"), ("gateway timeout", "[+]etcd ok\n", "unknown.timeout"),
    (f"{SLOW} (etcd)", "[+]etcd ok\n", "unknown.timeout")])
def test_slow_answers_are_overload_only_while_etcd_says_that_it_is_well(words: str, readyz: str, code: str) -> None:
    data = healthy()
    data["readyz"] = readyz
    found = one(finding("nodes", words, errors=[api_error(words, 504)]), data)
    assert found.cause == code
    assert found.confidence == "suspected"


@pytest.mark.parametrize(("read", "write", "code"), [
    ("", "slow", "etcd.slow"), ("slow", "slow", "unknown.timeout"), ("slow", "", "unknown.timeout"), ("", "", "unknown.timeout")])
def test_slow_writes_are_etcd_only_beside_quick_reads(read: str, write: str, code: str) -> None:
    speed = [seen("api", v, target="latency", error=e, seconds=0.9) for v, e in (("read", read), ("write", write))]
    check = finding("api_server", "a watch sees the object: not within 10 s", observations=speed)
    assert cause(check, healthy())[0] == code
    check.domain = "storage"
    assert cause(check, healthy())[0] == "unknown.timeout", "no check but that of the API server measures it"


def test_slow_writes_by_etcds_own_words() -> None:
    data = healthy()
    data["pods"].append(pod("etcd-n1", "kube-system", labels={"component": "etcd"}))
    words = '{"level":"warn","msg":"apply request took too long","took":"1.2s"}'
    data["logs"] = {"kube-system/etcd-n1/etcd": ["all is well", words], "kube-system/other/etcd": [words]}
    speed = [seen("api", "read", target="latency"), seen("api", "write", target="latency", error="slow", seconds=0.9)]
    found = one(finding("api_server", "it is slow", observations=speed), data)
    assert (found.cause, found.confidence) == ("etcd.slow", "confirmed")
    assert found.evidence == ["median write 0.9 s, median read 0.01 s", f"kube-system/etcd-n1/etcd: {words}"]


def test_what_took_too_long_stands_beside_etcds_words() -> None:
    lost = api_error("it was not answered", None, "timeout", "/api/v1/pods")
    other = api_error("no such path", 404, path="/api/v9")
    check = finding("api_server", "etcd failed", errors=[lost, other],
                    observations=[seen("api", "health", target="/livez/etcd", error="failed: reason withheld")])
    found = one(check, healthy())
    assert (found.cause, found.evidence) == ("etcd.unhealthy", ["[-]etcd failed: reason withheld",
                                                                "GET /api/v1/pods: it was not answered"])


@pytest.mark.parametrize(("words", "code"), [
    ("etcd", "etcd.unhealthy"), ("etcd-readiness, ping", "etcd.unhealthy"), ("informer-sync", "api.check-failed"),
    ("", "api.check-failed")])
def test_a_replica_whose_etcd_is_away(words: str, code: str) -> None:
    check = finding("api_server", "1 of 3 API servers are not ready", observations=[
        {**seen("api", "replica", target="10.0.0.3:6443", error=words), "ok": False},
        seen("api", "replica", target="10.0.0.4:6443")])
    assert cause(check, healthy()) == (code, "confirmed", ["address/10.0.0.3:6443"])


@pytest.mark.parametrize("check", ["nodes", "pod_network", "service", "dns", "storage"])
def test_a_health_check_of_the_api_server_explains_nothing_else(check: str) -> None:
    data = healthy()
    data["readyz"] = "[+]etcd ok\n[-]poststarthook/rbac/bootstrap-roles failed: reason withheld\nreadyz check failed"
    assert cause(finding(check, "it was strange"), data)[0] == "unknown.unexplained"
    assert cause(finding("api_server", "it was strange"), data)[0] == "api.check-failed"


def test_finalizers_of_others_hold_nothing() -> None:
    data = healthy()
    held = {"name": "data-y", "namespace": SPACE, "finalizers": ["kubernetes.io/pvc-protection"]}
    data["pvcs"] = [{"metadata": held}, {"metadata": {"name": "data-x", "namespace": SPACE}}]
    check = finding("storage", "PersistentVolumeClaim data-x gone: not within 60 s",
                    path=[on_path("PersistentVolumeClaim", "data-x")])
    found = one(check, data)
    assert (found.cause, found.confidence) == ("leak.cleanup-stuck", "suspected")
    assert found.evidence == [check.message]


@pytest.mark.parametrize(("words", "leader", "sure"), [
    ("namespace assay-1 has no default ServiceAccount", False, "suspected"),
    ("namespace assay-1 has no default ServiceAccount", True, "probable"),
    ("no probe pod was made", False, ""), ("no probe pod was made", True, "probable")])
def test_a_controller_is_blamed_by_its_lease_or_by_what_only_it_makes(words: str, leader: bool, sure: str) -> None:
    data = healthy()
    if leader:
        data["leases"] = [lease("kube-controller-manager", "2026-03-14T09:20:00Z")]
    found = one(finding("nodes", words, "inconclusive"), data)
    assert (found.cause, found.confidence) == (("ctrl.not-progressing", sure) if sure else ("unknown.unexplained", "suspected"))
    data["leases"] = []
    assert cause(finding("nodes", "no probe pod was made", "inconclusive"), data)[0] == "unknown.unexplained", "no Lease is read"
