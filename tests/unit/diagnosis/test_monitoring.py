# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Prometheus does not scrape, replayed: whose fault it is, and how sure."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.diagnosis.finding import Finding
from ansible_collections.assay.clusters.tests.unit.diagnosis.builders import (
    SPACE, deployment, event, healthy, on_path, one, pod, seen, waiting)

NOTHING = "its configuration has nothing of it"
EMPTY = "it finds no target"
DOWN = 'target http://10.244.1.7:8080/metrics is down: Get "http://10.244.1.7:8080/metrics": '
DEADLINE, REFUSED = f"{DOWN}context deadline exceeded", f"{DOWN}dial tcp 10.244.1.7:8080: connect: connection refused"
PROMETHEUS = "prometheus/monitoring/k8s"
WEB = "servicemonitor/shop/web"
ACCOUNT = "system:serviceaccount:monitoring:prometheus"


def scrape(error: str, number: int = 0, monitor: str = f"{SPACE}/gauge-x-0", kind: str = "ServiceMonitor") -> dict[str, Any]:
    """An observation of a monitor by a replica of monitoring/k8s."""
    return seen("scrape", kind, error=error, target=f"{kind} {monitor} by Prometheus monitoring/k8s (prometheus-k8s-{number})")


def told(kind: str, variant: str, target: str, error: str = "") -> dict[str, Any]:
    return seen(kind, variant, error=error, target=target)


def finding(*observations: dict[str, Any], message: str = "not scraped", verdict: str = "failed", **more: Any) -> Finding:
    return Finding("service_monitor", "observability", verdict, "a step", message, observations=list(observations), **more)


def operator(available: int = 1, *args: str) -> dict[str, Any]:
    """Evidence with the operator's Deployment."""
    data, made = healthy(), deployment("prometheus-operator", "monitoring", available=available)
    made["spec"]["template"] = {"spec": {"containers": [
        {"image": "quay.io/prometheus-operator/prometheus-operator:v0.93.0", "args": list(args)}]}}
    data["deployments"].append(made)
    return data


def judged(found: Any) -> tuple[str, str, list[str]]:
    return found.cause, found.confidence, found.scope


def test_an_operator_that_is_away_explains_a_configuration_without_the_monitor() -> None:
    red = finding(scrape(NOTHING), scrape(NOTHING, 1))
    found = one(red, operator(0))
    assert judged(found) == ("ctrl.not-progressing", "confirmed", ["deployment/monitoring/prometheus-operator"])
    assert found.evidence[0] == "deployment/monitoring/prometheus-operator has 0 of 1 replicas available"
    assert found.next_command == "kubectl -n monitoring describe deployment prometheus-operator"
    assert one(red, operator(1)).cause == one(red, healthy()).cause == "unknown.unexplained", "it may do its work"
    assert one(finding(scrape(REFUSED)), operator(0)).cause == "prom.not-scraped", "what is in the configuration, it has done"


@pytest.mark.parametrize(("args", "named"), [
    (("--namespaces=monitoring,shop",), "--namespaces=monitoring,shop"),
    (("--deny-namespaces=kube-system," + SPACE,), "--deny-namespaces"),
    ((f"--namespaces={SPACE}",), ""), (("--deny-namespaces=shop",), ""), (("--namespaces=",), "")])
def test_an_operator_that_is_told_to_look_elsewhere(args: tuple[str, ...], named: str) -> None:
    found = one(finding(scrape(NOTHING)), operator(1, *args))
    if named:
        assert judged(found) == ("prom.not-scraped", "confirmed", ["deployment/monitoring/prometheus-operator"])
        assert any(named in line for line in found.evidence)
    else:
        assert found.cause == "unknown.unexplained"


def test_a_monitor_that_the_operator_rejects() -> None:
    red = finding(scrape(NOTHING, monitor="shop/web"))
    data = healthy()
    words = '"shop/web" was rejected due to invalid configuration'
    data["events"] = [event("ServiceMonitor", "web", "InvalidConfiguration", words, "shop")]
    assert judged(one(red, data)) == ("prom.not-scraped", "confirmed", [WEB])
    binding = told("binding", "monitoring/k8s", "ServiceMonitor shop/web", "InvalidConfiguration: no Secret")
    found = one(finding(scrape(NOTHING, monitor="shop/web"), binding), healthy())
    assert judged(found) == ("prom.not-scraped", "confirmed", [WEB])
    assert found.next_command == "kubectl -n shop get servicemonitor web -o yaml"


def test_a_prometheus_that_refuses_its_configuration() -> None:
    red = finding(scrape(NOTHING), told("prometheus", "reload", "monitoring/prometheus-k8s-0", "it refused its configuration"))
    found = one(red, operator(1))
    assert judged(found) == ("prom.not-scraped", "confirmed", ["pod/monitoring/prometheus-k8s-0"])
    assert found.next_command == "kubectl -n monitoring logs prometheus-k8s-0 -c prometheus --tail=50"


def test_a_configuration_that_only_one_replica_has_not_is_of_its_reloader() -> None:
    reload = told("prometheus", "reload", "monitoring/prometheus-k8s-1")
    found = one(finding(scrape(""), scrape(NOTHING, 1), reload), operator(1))
    assert judged(found) == ("prom.not-scraped", "probable", ["pod/monitoring/prometheus-k8s-1"])
    assert "config-reloader" in found.next_command
    assert one(finding(scrape(NOTHING), scrape(NOTHING, 1), reload), operator(1)).cause == "unknown.unexplained"


def test_an_account_that_may_not_list_is_the_authorizers_word() -> None:
    denied = told("right", f"list endpoints in namespace {SPACE}", ACCOUNT, "not allowed")
    found = one(finding(scrape(EMPTY), denied, told("right", f"list pods in namespace {SPACE}", ACCOUNT)), operator(1))
    assert judged(found) == ("rbac.missing", "confirmed", ["serviceaccount/monitoring/prometheus"])
    assert found.next_command == f"kubectl auth can-i list endpoints -n {SPACE} --as={ACCOUNT}"
    assert judged(one(finding(scrape(EMPTY)), operator(1))) == ("prom.not-scraped", "suspected", [PROMETHEUS])


@pytest.mark.parametrize("kind", ["selected", "endpoints"])
def test_what_is_compared_with_the_objects_is_sure(kind: str) -> None:
    found = one(finding(told(kind, "monitoring/k8s", "ServiceMonitor shop/web", "both sides")), healthy())
    assert judged(found) == ("prom.not-scraped", "confirmed", [WEB]) and any("both sides" in line for line in found.evidence)


@pytest.mark.parametrize(("words", "sure"), [
    (REFUSED, "confirmed"), (DEADLINE, "probable"), ("target u is down: server returned HTTP status 401 Unauthorized", "confirmed"),
    ("target u is down: server returned HTTP status 404 Not Found", "confirmed"),
    ("target u is down: tls: failed to verify certificate: x509: certificate signed by unknown authority", "confirmed"),
    ('target u is down: strconv.ParseFloat: parsing "2026": invalid syntax while parsing: "NOW: 2026"', "confirmed"),
    ("target u is down: sample limit exceeded", "confirmed"), ("it dropped all 3 targets that it found: a, b, c", "suspected")])
def test_a_target_is_judged_by_the_words_of_prometheus(words: str, sure: str) -> None:
    assert judged(one(finding(scrape(words), scrape(words, 1)), operator(1))) == ("prom.not-scraped", sure, [PROMETHEUS])
    assert judged(one(finding(scrape(words, monitor="shop/web")), operator(1))) == ("prom.not-scraped", sure, [WEB])


@pytest.mark.parametrize(("monitor", "target", "scope"), [
    ("shop/web", "ServiceMonitor shop/web", WEB), (f"{SPACE}/gauge-x-0", "Prometheus monitoring/k8s (prometheus-k8s-0)", PROMETHEUS)])
def test_relabelings_that_can_leave_all_out_are_likely_the_reason(monitor: str, target: str, scope: str) -> None:
    dropped = scrape("it dropped all 1 targets that it found: a", monitor=monitor)
    found = one(finding(dropped, told("relabelings", "x", target, "its relabelings drop targets by a")), operator(1))
    assert judged(found) == ("prom.not-scraped", "probable", [scope])
    assert found.evidence[0] == f"{target}: its relabelings drop targets by a" and "dropped all 1" in found.evidence[1]
    wrong = told("endpoints", "ServiceMonitor", "ServiceMonitor shop/web", "it names the port x")
    assert one(finding(dropped, told("relabelings", "x", target, "y"), wrong), operator(1)).confidence == "confirmed"


def test_a_target_that_one_replica_reaches_names_the_other() -> None:
    found = one(finding(scrape(""), scrape(DEADLINE, 1)), operator(1))
    assert found.scope == [PROMETHEUS, "pod/monitoring/prometheus-k8s-1"]


def test_what_was_scraped_and_is_not_there_is_not_sure() -> None:
    found = one(finding(told("query", "PodMonitor", "Prometheus monitoring/k8s (prometheus-k8s-0)", "it has none")), healthy())
    assert judged(found) == ("prom.not-scraped", "probable", [])


def test_a_replica_that_does_not_run_is_what_its_pod_says() -> None:
    data = operator(1)
    waits = waiting("ImagePullBackOff", 'Back-off pulling image "x:1": not found')
    data["pods"].append(pod("prometheus-k8s-1", "monitoring", "n2", ready=False, **waits))
    red = finding(told("prometheus", "replica", "monitoring/prometheus-k8s-1", "ImagePullBackOff"), path=[
        on_path("Prometheus", "k8s", "monitoring"), on_path("Pod", "prometheus-k8s-1", "monitoring")])
    assert one(red, data).cause.startswith("image.")


@pytest.mark.parametrize(("message", "scope"), [
    ("there is no Prometheus monitoring/k9s, which observability_check_prometheuses names", "prometheus/monitoring/k9s"),
    ("there is no ServiceMonitor or PodMonitor shop/web (namespace/name) that we may see", WEB),
    ("no ServiceMonitor in namespace x is looked for by Prometheus monitoring/k8s (it looks in its own namespace only); name", PROMETHEUS),
    ("Prometheus monitoring/k8s selects no PodMonitor of ours, whatever its labels", PROMETHEUS),
    ("prometheus-k8s-0 of Prometheus monitoring/k8s could not be asked: no way", PROMETHEUS),
    ("Prometheus monitoring/k8s asks for credentials: 401", PROMETHEUS)])
def test_what_is_not_there_to_be_proved_is_no_fault(message: str, scope: str) -> None:
    assert judged(one(finding(message=message, verdict="inconclusive"), healthy())) == ("harness.precondition", "confirmed", [scope])
