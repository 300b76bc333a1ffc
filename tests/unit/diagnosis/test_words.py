# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words of components, each for itself: versions and tools differ in which of them stand beside each other."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.evidence import Evidence
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.image_words import cause_of
from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.rules_admission import refusal
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    NODES, api_error, cause, coredns, deployment, endpointslice, finding, healthy, lease, meta, one, pod,
    replace_pod, seen)


# ---- images ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("code", "sure", "words"), [
    ("image.kubelet-qps", "confirmed", ["pull QPS exceeded"]),
    ("image.throttled", "confirmed", ["toomanyrequests: slow down", "429 Too Many Requests",
                                      "you have reached your pull rate limit",
                                      "error: too many requests to registry"]),
    ("image.auth", "confirmed", ["401 Unauthorized", "403 Forbidden", "no basic auth credentials",
                                 "insufficient_scope: authorization failed", "authentication required",
                                 "unauthorized: access to the resource"]),
    ("image.auth", "probable", ["pull access denied, repository does not exist or may require 'docker login'",
                                "failed to fetch anonymous token: it did not say why",
                                "failed to fetch oauth token: it did not"]),
    ("image.registry-unreachable", "confirmed", [
        "lookup registry.lab: no such host", "read: i/o timeout", "connect: connection refused",
        "x509: unknown authority",
        "connect: no route to host", "dial tcp 10.0.0.9:443: it failed", "net/http: TLS handshake timeout",
        "http: server gave HTTP response to HTTPS client", "read: connection reset by peer",
        "lookup: server misbehaving",
        "connect: network is unreachable"]),
    ("image.registry-unreachable", "probable", ["context deadline exceeded", "unexpected EOF",
                                                "status: 500 Internal Server Error",
                                                "status: 502 Bad Gateway", "status: 503 Unavailable",
                                                "status: 504 Gateway Time-out"]),
    ("image.not-found", "confirmed", [
        "registry.lab/x:1: not found", "manifest unknown", "no match for platform in manifest",
        "couldn't parse image name \"X\"",
        "couldn't parse image ref \"X\"", "name unknown: repository x", "is not present with pull policy of Never",
        "no such image: registry.lab/x"]),
    ("", "", ["Back-off pulling image", "status: 418", "geofenced", "GEOF", "150 MB of 500 came"])])
def test_images(code: str, sure: str, words: list[str]) -> None:
    assert {text: cause_of(text) for text in words} == dict.fromkeys(words, (code, sure))


# ---- the API server and admission ------------------------------------------------------------------------------------
HOOK = 'failed calling webhook "a.lab": failed to call webhook: Post "https://a.lab.svc:443/?timeout=10s": '


@pytest.mark.parametrize(("code", "words"), [
    ("webhook.ca-mismatch", [f"{HOOK}x509: unknown authority",
                             f"{HOOK}tls: failed to verify certificate: it is another's"]),
    ("webhook.timeout", [f"{HOOK}context deadline exceeded", f"{HOOK}i/o timeout", f"{HOOK}Client.Timeout exceeded",
                         f"{HOOK}no route to host", f"{HOOK}the connection timed out"]),
    ("webhook.no-endpoints", [f'{HOOK}no endpoints available for service "a"', f"{HOOK}connection refused",
                              f'{HOOK}service "a" not found']),
    ("quota.exceeded", ["exceeded quota: a, requested: pods=1", "failed quota: a: must specify limits.cpu",
                        "maximum cpu usage per Container is 1", "minimum memory request per Pod is 1Gi",
                        "maximum cpu limit per Container is 1", "maximum storage per PersistentVolumeClaim is 1Gi",
                        "forbidden by LimitRange", "cpu max limit to request ratio per Container is 3"]),
    ("", [f"{HOOK}EOF", "pods is forbidden", "at most one per node"])])
def test_refusals(code: str, words: list[str]) -> None:
    assert {text: refusal(text)[0] for text in words} == dict.fromkeys(words, code)


@pytest.mark.parametrize("words", [
    *(f"etcdserver: {w}" for w in ("request timed out", "leader changed", "no leader", "server stopped",
                                   "too many requests")),
    "etcd client connection not yet established", "[+]ping ok\n[-]etcd not ok: reason withheld",
    "etcd failed: reason withheld",
    "etcd-readiness failed: reason withheld"])
def test_an_etcd_that_is_ill(words: str) -> None:
    assert cause(finding("api_server", words, errors=[api_error(words)]), healthy())[0] == "etcd.unhealthy"


@pytest.mark.parametrize("words", ["etcdserver: it is closed", "[+]etcd ok", "the etcd of last year",
                                   "[-]etcdctl gone"])
def test_other_words_about_etcd(words: str) -> None:
    assert cause(finding("nodes", words, errors=[api_error(words)]), healthy())[0] == "unknown.unexplained"


@pytest.mark.parametrize("words", ["request did not complete within 60s", "context deadline exceeded",
                                   "unable to return a response in the time allotted", "etcdserver: too slow"])
def test_what_is_late_beside_an_ill_etcd(words: str) -> None:
    check = finding("nodes", "etcd failed", errors=[api_error("etcd failed"), api_error(words),
                                                    api_error("another matter")])
    assert one(check, healthy()).evidence == ["etcd failed", f"GET /api/v1/nodes: 500 {words}"]


@pytest.mark.parametrize("words", ["apply request took too long", "slow fdatasync",
                                   "leader failed to send out heartbeat on time"])
def test_an_etcd_whose_disk_is_slow(words: str) -> None:
    data = healthy()
    data["pods"].append(pod("etcd-n1", "kube-system", labels={"component": "etcd"}))
    data["logs"] = {"kube-system/etcd-n1/etcd": [words]}
    speed = [seen("api", "read", target="latency"), seen("api", "write", target="latency", error="slow", seconds=0.9)]
    assert cause(finding("api_server", "it is slow", observations=speed), data)[:2] == ("etcd.slow", "confirmed")


@pytest.mark.parametrize(("words", "scope"), [
    ("there is no StorageClass gp3; there are: x", "storageclass/gp3"),
    ("there is no StorageClass gp3", "storageclass/gp3"),
    ("there is no Service default/web", "service/default/web"), ("there is no Pod web", ""),
    ("there is no Service of ours", "")])
def test_what_options_name(words: str, scope: str) -> None:
    assert one(finding("service", words), healthy()).scope == ([scope] if scope else [])


def test_whose_work_it_is_that_a_namespace_gets_its_account() -> None:
    data = healthy()
    data["leases"] = [lease("kube-controller-manager", "2026-03-14T09:20:00Z"), lease("kube-scheduler")]
    for words in ("namespace x has no default ServiceAccount",
                  'pods "x" is forbidden: serviceaccount "default" not found'):
        assert cause(finding("service", words), data) == ("ctrl.not-progressing", "probable",
                                                          ["controller/kube-controller-manager"])


# ---- DNS -------------------------------------------------------------------------------------------------------------
def _asked(variant: str, error: str) -> Any:
    return finding("dns", "it was strange", observations=[seen("dns", variant, n, error=error) for n in NODES])


def _server_says(words: str, ready: bool = True) -> dict[str, Any]:
    data = healthy()
    replace_pod(data, coredns("n1", ready))
    data["logs"] = {"kube-system/coredns-n1/main": [words]}
    return data


@pytest.mark.parametrize("words", [
    'plugin/loop: Loop (127.0.0.1:1 -> :53) detected for zone "."', "Corefile:7 - Error during parsing",
    "Error during parsing: it is odd", "plugin/forward: unknown property 'x'", "plugin/hosts: not a valid IP address",
    "plugin/tls: missing certificate"])
def test_a_server_that_refuses_its_configuration(words: str) -> None:
    assert cause(_asked("internal", "no answer"), _server_says(words, ready=False))[0] == "dns.config"


@pytest.mark.parametrize("words", ["i/o timeout", "connection refused", "no route to host", "network is unreachable"])
def test_a_server_that_misses_its_upstream(words: str) -> None:
    check = _asked("external_fqdn", "NXDOMAIN")
    check.observations += [seen("dns", "internal", n) for n in NODES]
    for plugin, sure in (("errors: 2 www.lab.test. A: read udp", "confirmed"), ("cache", "probable")):
        assert cause(check, _server_says(f"plugin/{plugin}: {words}"))[:2] == ("dns.upstream", sure)


@pytest.mark.parametrize("words", ["Failed to watch *v1.Service", "Failed to list *v1.Service",
                                   "starting server with unsynced Kubernetes API",
                                   "dial tcp 10.96.0.1:443: i/o timeout"])
def test_a_server_that_does_not_know_the_cluster(words: str) -> None:
    found = cause(_asked("internal", "NXDOMAIN"), _server_says(f"plugin/kubernetes: {words}"))
    assert found[:2] == ("dns.server-down", "probable")


@pytest.mark.parametrize("variant", ["internal", "tcp", "search", "srv", "ptr", "headless", "nxdomain"])
def test_every_kind_of_question_may_be_answered_wrongly(variant: str) -> None:
    assert cause(_asked(variant, "NXDOMAIN"), healthy())[:2] == ("dns.config", "probable")


@pytest.mark.parametrize("words", ["no answer", "timed out", "time out", "timeout", "no servers could be reached",
                                   "connection refused",
                                   "network unreachable", "communications error to 10.96.0.10#53", "no route"])
def test_silence_is_no_wrong_answer(words: str) -> None:
    assert cause(_asked("internal", words), healthy())[0].startswith("unknown.")


@pytest.mark.parametrize(("space", "name"), [("kube-system", "kube-dns"), ("openshift-dns", "dns-default")])
def test_the_service_of_cluster_dns(space: str, name: str) -> None:
    data = healthy()
    data["services"] = [{"metadata": meta(name, space), "spec": {}}]
    data["endpointslices"] = [endpointslice(name, space, ready=False)]
    assert cause(_asked("internal", "no answer"), data) == ("svc.no-endpoints", "confirmed",
                                                            [f"service/{space}/{name}"])


@pytest.mark.parametrize(("space", "name", "code"), [
    ("kube-system", "coredns", "dns.server-down"), ("kube-system", "kube-dns", "dns.server-down"),
    ("openshift-dns", "dns-default", "dns.server-down"), ("default", "coredns", "unknown.unexplained"),
    ("kube-system", "dns", "unknown.unexplained")])
def test_what_runs_name_servers(space: str, name: str, code: str) -> None:
    data = healthy()
    data["pods"] = [p for p in data["pods"] if not p["metadata"]["name"].startswith("coredns")]
    data.update(services=[], deployments=[deployment(name, space, 1, 0)])
    assert cause(_asked("internal", "no answer"), data)[0] == code


@pytest.mark.parametrize("labels", [{"k8s-app": "kube-dns"}, {"k8s-app": "coredns"}, {"k8s-app": "node-local-dns"},
                                    {"dns.operator.openshift.io/daemonset-dns": "default"}])
def test_pods_of_cluster_dns(labels: dict[str, str]) -> None:
    names = Evidence({"pods": [pod("a", "x", labels=labels), pod("b", "x", labels={"k8s-app": "other"})]}).dns_pods()
    assert [p["metadata"]["name"] for p in names] == ["a"]


# ---- nothing known ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("code", "words"), [
    ("unknown.timeout", ["it is there: not within 60 s", "time out", "timed out", "timeout", "no answer",
                         "Deadline exceeded", "it took too long", "the check was not finished"]),
    ("unknown.unexplained", ["Post https://a.svc/?timeout=10s: EOF", "it was strange", "it answered", "finished"])])
def test_waiting_in_vain_is_told_apart_from_what_is_strange(code: str, words: list[str]) -> None:
    assert {w: cause(finding("storage", w), healthy())[0] for w in words} == dict.fromkeys(words, code)
