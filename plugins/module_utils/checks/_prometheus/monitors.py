# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is made to be scraped: a pod that shows a gauge, a Service before it, monitors of both."""
from __future__ import annotations

from typing import Any

from .._shared.manifests import container_security, pod_security, service
from .selection import GROUP

LABEL = "assay.clusters/metrics"
METRIC = "assay_clusters_probe"
PORT, PORT_NAME = 8080, "metrics"
FOLDER, FILE = "/metrics", "gauge.txt"
# Between two scrapes.
INTERVAL = "5s"


def gauge(nonce: str, value: int) -> dict[str, Any]:
    """The ConfigMap with what the pod shows."""
    text = (f"# HELP {METRIC} A value that one run of assay.clusters made up.\n# TYPE {METRIC} gauge\n"
            f'{METRIC}{{nonce="{nonce}"}} {value}\n')
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"gauge-{nonce}"}, "data": {FILE: text}}


def pod(nonce: str, image: str) -> dict[str, Any]:
    """A file server on all addresses of both families, which knows the value from its volume alone."""
    container = {
        "name": "gauge", "image": image, "imagePullPolicy": "IfNotPresent", "args": ["test-webserver", f"--port={PORT}"],
        "ports": [{"name": PORT_NAME, "containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": f"{FOLDER}/{FILE}", "port": PORT}, "periodSeconds": 1, "timeoutSeconds": 5},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": container_security(), "volumeMounts": [{"name": "gauge", "mountPath": FOLDER, "readOnly": True}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"gauge-{nonce}", "labels": {LABEL: nonce}}, "spec": {
        "automountServiceAccountToken": False, "enableServiceLinks": False, "terminationGracePeriodSeconds": 0,
        "nodeSelector": {"kubernetes.io/os": "linux"}, "securityContext": pod_security(), "containers": [container],
        "volumes": [{"name": "gauge", "configMap": {"name": f"gauge-{nonce}"}}]}}


def front(nonce: str) -> dict[str, Any]:
    """The Service before it."""
    ports = [{"name": PORT_NAME, "port": PORT, "targetPort": PORT, "protocol": "TCP"}]
    out = service(f"gauge-{nonce}", {LABEL: nonce}, ports)
    out["metadata"]["labels"] = {LABEL: nonce}
    return out


def monitor(kind: str, nonce: str, number: int, labels: dict[str, str]) -> dict[str, Any]:
    """A ServiceMonitor or PodMonitor of it, with the labels by which Prometheis select it."""
    endpoints = "endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": f"gauge-{nonce}-{number}", "labels": labels},
            "spec": {"selector": {"matchLabels": {LABEL: nonce}},
                     endpoints: [{"port": PORT_NAME, "path": f"{FOLDER}/{FILE}", "interval": INTERVAL}]}}


def pool(kind: str, namespace: str, name: str) -> str:
    """The start of the names by which Prometheus calls the targets of a monitor, one for each of its endpoints."""
    return f"{kind[0].lower()}{kind[1:]}/{namespace}/{name}/"
