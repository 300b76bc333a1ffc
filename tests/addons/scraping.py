# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests of service_monitor have in common: the Prometheus of the lab, and somebody's application with monitors of it."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.error import HTTPError

from ansible_collections.assay.clusters.plugins.module_utils.kube.pods import pod_ready
from tests.addons.edge import namespace
from tests.lab.base import wait_for
from tests.lab.tiers.monitoring import RELEASE

CHECK = "service_monitor"
CAUSE = "prom.not-scraped"
GROUP = "/apis/monitoring.coreos.com/v1"
API = f"{GROUP}/namespaces"
MONITORING = "/api/v1/namespaces/monitoring"
K8S = f"{API}/monitoring/prometheuses/k8s"
WITNESS = f"{API}/monitoring/servicemonitors/k8s"
OPERATOR = "/apis/apps/v1/namespaces/monitoring/deployments/prometheus-operator"
PODS = ("prometheus-k8s-0", "prometheus-k8s-1")
# Where somebody's application is.
SPACE = "till"
# Seconds until what does not come is given up; without a fault it takes half of them.
SHORT = {"scrape_limit": 60}


def record_of(prove: Any, **options: Any) -> Any:
    return prove(CHECK, **{CHECK: options})[CHECK]


def green(prove: Any, **options: Any) -> None:
    prove.green(CHECK, **{CHECK: options})


def of_witness(lab: Any) -> tuple[str, int]:
    """The ServiceMonitor of somebody that stands beside ours all the time, unless somebody touched it."""
    meta = lab.api(WITNESS)["metadata"]
    return meta["uid"], meta["generation"]


def ours(lab: Any) -> list[str]:
    """Monitors that the check made."""
    return [i["metadata"]["name"] for kind in ("servicemonitors", "podmonitors") for i in lab.api(f"{GROUP}/{kind}")["items"]
            if i["metadata"]["name"].startswith("gauge-")]


def pod(lab: Any, name: str) -> Any:
    """A pod of the monitoring; empty where there is none."""
    try:
        return lab.api(f"{MONITORING}/pods/{name}")
    except HTTPError as e:
        if e.code != 404:
            raise
        return {}


def both_ready(lab: Any) -> bool:
    return all((found := pod(lab, p)) and pod_ready(found) for p in PODS)


def rolled(lab: Any) -> None:
    """Wait until the operator runs as its Deployment says."""
    def there() -> bool:
        item = lab.api(OPERATOR)
        status = item["status"]
        return (status.get("observedGeneration") == item["metadata"]["generation"]
                and status.get("replicas") == status.get("updatedReplicas") == status.get("readyReplicas") == 1)

    wait_for("the operator", there, 120, 0.3)


# ---- somebody's application -----------------------------------------------------------------------------------------
@contextmanager
def application(lab: Any) -> Iterator[None]:
    """A pod that answers at 8080, and its Service, whose port `http` leads there and `closed` nowhere."""
    container = {"name": "web", "image": "registry.k8s.io/e2e-test-images/agnhost:2.53",
                 "args": ["netexec", "--http-port=8080", "--udp-port=-1"], "ports": [{"name": "http", "containerPort": 8080}]}
    labels = {"app": "web"}
    with ExitStack() as stack:
        stack.enter_context(namespace(lab, SPACE))
        lab.api(f"/api/v1/namespaces/{SPACE}/pods", "POST", {"metadata": {"name": "web", "labels": labels}, "spec": {
            "terminationGracePeriodSeconds": 0, "containers": [container]}})
        lab.api(f"/api/v1/namespaces/{SPACE}/services", "POST", {"metadata": {"name": "web", "labels": labels}, "spec": {
            "selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": 8080},
                                          {"name": "closed", "port": 81, "targetPort": 8081}]}})
        wait_for("web", lambda: pod_ready(lab.api(f"/api/v1/namespaces/{SPACE}/pods/web")), 60, 0.3)
        yield


def monitor(lab: Any, name: str, kind: str = "ServiceMonitor", labels: dict[str, str] | None = None, **endpoint: Any) -> Any:
    """A monitor of somebody's. By default its target answers with one gauge."""
    asked = {"port": "http", "path": "/echo", "params": {"msg": ["web_up 1\n"]}, "interval": "5s", **endpoint}
    endpoints = "endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"
    return lab.fault.extra(f"{API}/{SPACE}/{kind.lower()}s", {
        "apiVersion": "monitoring.coreos.com/v1", "kind": kind,
        "metadata": {"name": name, "labels": RELEASE if labels is None else labels},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, endpoints: [asked]}})
