# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""service_monitor, seen red: the operator, its rights and selectors, a Prometheus' configuration and replicas, users' targets."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.pods import pod_ready
from tests.faults.conftest import assert_red
from tests.lab.base import wait_for
from tests.lab.tiers.monitoring import RELEASE

pytestmark = [pytest.mark.faults, pytest.mark.lab, pytest.mark.tiers("monitoring")]
CHECK = "service_monitor"
CAUSE = "prom.not-scraped"
API = "/apis/monitoring.coreos.com/v1/namespaces"
MONITORING = "/api/v1/namespaces/monitoring"
K8S = f"{API}/monitoring/prometheuses/k8s"
PODS = ("prometheus-k8s-0", "prometheus-k8s-1")
# Seconds until what does not come is given up: without a fault it may take a minute and a half.
SHORT = {"scrape_limit": 25}


def _record(prove: Any, **options: Any) -> Any:
    return prove(CHECK, **{CHECK: options})[CHECK]


def _green(prove: Any, **options: Any) -> None:
    prove.green(CHECK, **{CHECK: options})


# ---- somebody's application -----------------------------------------------------------------------------------------
def _gone(lab: Any, path: str) -> bool:
    try:
        lab.api(path)
    except HTTPError as e:
        return e.code == 404
    return False


@pytest.fixture(scope="module")
def shop(lab: Any) -> Iterator[str]:
    """A namespace with a pod that answers at 8080 and its Service, whose port `http` leads there and `closed` nowhere."""
    name = "shop"
    lab.kubectl("apply", "-f", "-", input=f"""
apiVersion: v1
kind: Namespace
metadata: {{name: {name}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: default, namespace: {name}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: {name}, labels: {{app: web}}}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: web
    image: registry.k8s.io/e2e-test-images/agnhost:2.53
    args: [netexec, --http-port=8080, --udp-port=-1]
---
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: {name}, labels: {{app: web}}}}
spec:
  selector: {{app: web}}
  ports: [{{name: http, port: 80, targetPort: 8080}}, {{name: closed, port: 81, targetPort: 8081}}]
""")
    yield name
    lab.api(f"/api/v1/namespaces/{name}", "DELETE")
    wait_for(f"{name} gone", lambda: _gone(lab, f"/api/v1/namespaces/{name}"), 90)


def _monitor(lab: Any, name: str, labels: dict[str, str] | None = None, **endpoint: Any) -> Any:
    """A ServiceMonitor of theirs. By default its target answers with one gauge."""
    asked = {"port": "http", "path": "/echo", "params": {"msg": ["web_up 1\n"]}, "interval": "5s", **endpoint}
    return lab.fault.extra(f"{API}/shop/servicemonitors", {
        "apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor",
        "metadata": {"name": name, "labels": RELEASE if labels is None else labels},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "endpoints": [asked]}})


def _theirs(lab: Any, prove: Any, words: tuple[str, ...], sure: str = "confirmed", labels: Any = None, **endpoint: Any) -> Any:
    """A broken monitor beside a whole one: the one is named, the other is not, and ours is scraped."""
    with _monitor(lab, "whole"), _monitor(lab, "broken", labels, **endpoint):
        record = _record(prove, monitors=["shop/whole", "shop/broken"])
    assert_red(record, CAUSE, ["servicemonitor/shop/broken"], sure, *words)
    assert record.step == "the targets of the monitors in observability_check_monitors are up"
    assert not any("shop/whole" in line for line in [record.message, *record.evidence]), record.evidence
    assert prove.result["leftovers"] == []
    return record


# ---- a healthy cluster ----------------------------------------------------------------------------------------------
def test_what_is_new_is_scraped_by_both_replicas_and_others_monitors_stay_as_they_are(lab: Any, prove: Any) -> None:
    witness = lab.api(f"{API}/monitoring/servicemonitors/k8s")["metadata"]
    _green(prove, monitors=["monitoring/k8s"])
    [record] = prove.result["records"]
    assert record["observed"]["replicas"] == {"monitoring/k8s": list(PODS)}
    assert {m["name"] for m in record["measurements"]} == {"new target scraped by all after", "deleted target gone from all after"}
    after = lab.api(f"{API}/monitoring/servicemonitors/k8s")["metadata"]
    assert (after["uid"], after["generation"]) == (witness["uid"], witness["generation"])


# ---- who selects what -----------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_monitor_that_nobody_selects(lab: Any, prove: Any, shop: str) -> None:
    record = _theirs(lab, prove, ("selects ServiceMonitors with release=kube-prometheus-stack, and the labels are app=web",),
                     labels={"app": "web"})
    assert "labels" in record.remedy


@pytest.mark.gauntlet
def test_a_namespace_that_is_not_looked_at(lab: Any, prove: Any, shop: str) -> None:
    """Of theirs it is a fault. Where it is ours, nothing is proved, and what would help is said."""
    other = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["shop"]}]}
    with lab.fault.patch(K8S, {"spec": {"serviceMonitorNamespaceSelector": other}}), _monitor(lab, "whole"):
        record = _record(prove, monitors=["shop/whole"])
    assert_red(record, CAUSE, ["servicemonitor/shop/whole"], "confirmed",
               "it looks in namespaces with kubernetes.io/metadata.name notin (shop)")
    with lab.fault.patch(K8S, {"spec": {"serviceMonitorNamespaceSelector": {"matchLabels": {"monitored": "yes"}}}}):
        record = _record(prove)
    assert_red(record, "harness.precondition", ["prometheus/monitoring/k8s"], "confirmed", "validate_namespace", verdict="inconclusive")
    with _monitor(lab, "whole"):
        _green(prove, monitors=["shop/whole"])


# ---- targets --------------------------------------------------------------------------------------------------------
def test_a_port_that_no_service_has(lab: Any, prove: Any, shop: str) -> None:
    record = _theirs(lab, prove, ("it names the port metrics, and the ports of services web are called closed, http",
                                  "it dropped all 2 targets"), port="metrics")
    assert record.next_command == "kubectl -n shop get servicemonitor broken -o yaml"


@pytest.mark.gauntlet
def test_a_target_that_refuses(lab: Any, prove: Any, shop: str) -> None:
    record = _theirs(lab, prove, (":8081/echo", "connection refused"), port="closed")
    assert record.remedy.startswith("nothing listens at that address")


@pytest.mark.gauntlet
def test_a_target_that_takes_too_long_is_not_sure(lab: Any, prove: Any, shop: str) -> None:
    _theirs(lab, prove, ("context deadline exceeded",), "probable", path="/shell", params={"shellCommand": ["sleep 20"]})


@pytest.mark.gauntlet
def test_a_page_that_is_no_metrics(lab: Any, prove: Any, shop: str) -> None:
    _theirs(lab, prove, ("server returned HTTP status 404",), path="/nothing-here")


# ---- the operator ---------------------------------------------------------------------------------------------------
def test_an_operator_that_is_stopped(lab: Any, prove: Any) -> None:
    with lab.fault.scale("monitoring", "prometheus-operator", 0):
        record = _record(prove, **SHORT)
    assert_red(record, "ctrl.not-progressing", ["deployment/monitoring/prometheus-operator"], "confirmed", "0 of 0 replicas available",
               "its configuration has nothing of it")
    assert record.step == "a new target is scraped by each of them" and prove.result["leftovers"] == []
    _green(prove)


@pytest.mark.gauntlet
def test_an_operator_that_is_told_to_look_elsewhere(lab: Any, prove: Any) -> None:
    path = "/apis/apps/v1/namespaces/monitoring/deployments/prometheus-operator"
    [container] = lab.api(path)["spec"]["template"]["spec"]["containers"]
    narrow = {**container, "args": [*container["args"], "--namespaces=monitoring,kube-system"]}
    with lab.fault.patch(path, {"spec": {"template": {"spec": {"containers": [narrow]}}}}):
        _rolled(lab)
        record = _record(prove, **SHORT)
    _rolled(lab)
    assert_red(record, CAUSE, ["deployment/monitoring/prometheus-operator"], "confirmed", "--namespaces=monitoring,kube-system")
    _green(prove)


def _rolled(lab: Any) -> None:
    def there() -> bool:
        item = lab.api("/apis/apps/v1/namespaces/monitoring/deployments/prometheus-operator")
        status = item["status"]
        return (status.get("observedGeneration") == item["metadata"]["generation"]
                and status.get("replicas") == status.get("updatedReplicas") == status.get("readyReplicas") == 1)

    wait_for("the operator", there, 120)


# ---- a Prometheus ---------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_a_prometheus_without_a_right_to_the_namespace(lab: Any, prove: Any) -> None:
    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/prometheus"
    rules = [r for r in lab.api(path)["rules"] if "endpoints" not in (r.get("resources") or ())]
    with lab.fault.patch(path, {"rules": rules}):
        record = _record(prove, **SHORT)
    assert_red(record, "rbac.missing", ["serviceaccount/monitoring/prometheus"], "confirmed",
               "system:serviceaccount:monitoring:prometheus may not list endpoints in namespace assay-", "it finds no target")
    assert record.next_command.startswith("kubectl auth can-i list pods -n assay-")
    _green(prove)


@pytest.mark.gauntlet
def test_a_configuration_that_is_refused(lab: Any, prove: Any) -> None:
    secret = {"metadata": {"name": "additional"}, "stringData": {"more.yaml": "- job_name: more\n  no_such_field: 1\n"}}
    with lab.fault.extra(f"{MONITORING}/secrets", secret), \
            lab.fault.patch(K8S, {"spec": {"additionalScrapeConfigs": {"name": "additional", "key": "more.yaml"}}}):
        record = _record(prove, scrape_limit=100)
    assert_red(record, CAUSE, [f"pod/monitoring/{p}" for p in PODS], "confirmed", "it refused its configuration when it last read it")
    assert record.next_command == "kubectl -n monitoring logs prometheus-k8s-0 -c prometheus --tail=50"
    _green(prove)


@pytest.mark.gauntlet
def test_one_replica_of_two_that_does_not_run(lab: Any, prove: Any) -> None:
    image = "quay.io/prometheus/prometheus:no-such-tag"
    try:
        with lab.fault.patch(K8S, {"spec": {"image": image}}):
            wait_for("a replica that waits", lambda: "ImagePull" in str(_pod(lab, PODS[1]).get("status")), 120)
            record = _record(prove)
    finally:
        path = "/apis/apps/v1/namespaces/monitoring/statefulsets/prometheus-k8s"
        wait_for("the former image", lambda: image not in str(lab.api(path)["spec"]), 60)
        _again(lab, PODS[1])
    assert_red(record, "image.not-found", [f"image/{image}"], "confirmed", image)
    assert record.step == "every replica of it runs" and PODS[0] not in record.message
    _green(prove)


def _pod(lab: Any, name: str) -> Any:
    try:
        return lab.api(f"{MONITORING}/pods/{name}")
    except HTTPError as e:
        if e.code != 404:
            raise
        return {}


def _again(lab: Any, name: str) -> None:
    """A pod anew, once what is wrong with it is mended: a rollout waits for the one that never gets ready."""
    lab.api(f"{MONITORING}/pods/{name}", "DELETE")

    def ready() -> bool:
        return all((found := _pod(lab, p)) and pod_ready(found) for p in PODS)

    wait_for("both replicas", ready, 150)


@contextmanager
def _frozen(lab: Any, pod: str, program: str) -> Iterator[None]:
    """A program of a pod stands still."""
    uid = _pod(lab, pod)["metadata"]["uid"].replace("-", "")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            group = (folder / "cgroup").read_text().replace("-", "").replace("_", "")
            if words[0].decode().endswith(f"/{program}") and uid in group:
                found.append(int(folder.name))
        except (OSError, UnicodeDecodeError):
            continue
    assert len(found) == 1, f"{program} of {pod}: {found}"
    os.kill(found[0], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(found[0], signal.SIGCONT)


@pytest.mark.gauntlet
def test_a_reloader_that_stands_still(lab: Any, prove: Any) -> None:
    with _frozen(lab, PODS[1], "prometheus-config-reloader"):
        record = _record(prove, scrape_limit=100)
    assert_red(record, CAUSE, [f"pod/monitoring/{PODS[1]}"], "probable", "its configuration has nothing of it",
               f"({PODS[0]}): scraped")
    assert "config-reloader" in record.next_command
    _green(prove)


# ---- ends -----------------------------------------------------------------------------------------------------------
@pytest.mark.gauntlet
def test_nothing_is_left_of_a_run_that_was_killed(lab: Any, prove: Any) -> None:
    """As soon as there is a monitor; the next run finishes it, and leaves somebody's alone."""
    code = ("from pathlib import Path; from tests.faults.conftest import Prover; "
            f"Prover({str(lab.kubeconfig)!r}, {lab.name!r}, Path({str(prove.journal_dir)!r}))({CHECK!r})")

    def ours() -> list[str]:
        return [i["metadata"]["name"] for kind in ("servicemonitors", "podmonitors")
                for i in lab.api(f"/apis/monitoring.coreos.com/v1/{kind}")["items"] if i["metadata"]["name"].startswith("gauge-")]

    witness = lab.api(f"{API}/monitoring/servicemonitors/k8s")["metadata"]["uid"]
    run = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    try:
        wait_for("monitors of ours", lambda: len(ours()) == 2, 120, 0.1)
    finally:
        run.kill()
        run.wait()
    _green(prove)
    wait_for("the journals' end", lambda: not list(prove.journal_dir.glob("*.jsonl")), 120)
    assert ours() == [] and lab.api(f"{API}/monitoring/servicemonitors/k8s")["metadata"]["uid"] == witness
    assert not [n for n in lab.api("/api/v1/namespaces")["items"] if n["metadata"]["name"].startswith("assay-")]
