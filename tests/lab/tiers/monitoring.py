# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Prometheus operator with a Prometheus of two replicas, monitoring/k8s, and an Alertmanager, monitoring/main.

As with the usual chart, monitors of all namespaces are followed that carry the label of its release. A ServiceMonitor of
that kind is there, monitoring/k8s, by which the Prometheus scrapes itself.
"""
from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml

from ..base import wait_for
from ..build import Program, Shipped
from ..images import Image, tool
from .tier import Tier, apply, rolled_out
from .versions import version

if TYPE_CHECKING:
    from ..cluster import Lab

NAMESPACE = "monitoring"
RELEASE = {"release": "kube-prometheus-stack"}
_FOLDER = "monitoring"
_OPERATOR = "github.com/prometheus-operator/prometheus-operator"
_PROMETHEUS, _ALERTMANAGER = (f"github.com/prometheus/{name}" for name in ("prometheus", "alertmanager"))
_OPERATORS, _RELOADER = (Program(name, _FOLDER, f"{_OPERATOR}/cmd/{package}") for name, package in (
    ("prometheus-operator", "operator"), ("prometheus-config-reloader", "prometheus-config-reloader")))
# Without the discovery of clouds, whose libraries are most of it.
_SERVER = Program("prometheus", _FOLDER, f"{_PROMETHEUS}/cmd/prometheus", tags="remove_all_sd,enable_kubernetes_sd")
# From a graph of its own: the operator does not compile with this version's packages.
_ALERTS = Program("alertmanager", "alertmanager", f"{_ALERTMANAGER}/cmd/alertmanager", patched=_ALERTMANAGER)
PROGRAMS = (_OPERATORS, _RELOADER, _SERVER, _ALERTS)
_BUNDLE = Shipped(_FOLDER, _OPERATOR, "bundle.yaml")
_RIGHTS = tuple(Shipped(_FOLDER, _OPERATOR, f"example/rbac/prometheus/prometheus-{name}.yaml")
                for name in ("cluster-role", "cluster-role-binding"))
_WORKLOADS = ("deployments/prometheus-operator", "statefulsets/prometheus-k8s", "statefulsets/alertmanager-main")
_OBJECTS = """apiVersion: v1
kind: ServiceAccount
metadata: {{name: prometheus, namespace: monitoring}}
---
apiVersion: monitoring.coreos.com/v1
kind: Alertmanager
metadata: {{name: main, namespace: monitoring}}
spec:
  version: {alertmanager}
  image: quay.io/prometheus/alertmanager:{alertmanager}
  replicas: 1
  retention: 2h
  resources: {{requests: {{cpu: 5m, memory: 32Mi}}}}
  containers: [{{name: alertmanager, readinessProbe: {{periodSeconds: 1}}}}]
---
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {{name: k8s, namespace: monitoring}}
spec:
  version: {prometheus}
  image: quay.io/prometheus/prometheus:{prometheus}
  replicas: 2
  retention: 2h
  serviceAccountName: prometheus
  scrapeInterval: 15s
  serviceMonitorNamespaceSelector: {{}}
  serviceMonitorSelector: {{matchLabels: {{release: kube-prometheus-stack}}}}
  podMonitorNamespaceSelector: {{}}
  podMonitorSelector: {{matchLabels: {{release: kube-prometheus-stack}}}}
  ruleNamespaceSelector: {{}}
  ruleSelector: {{matchLabels: {{release: kube-prometheus-stack}}}}
  alerting: {{alertmanagers: [{{namespace: monitoring, name: alertmanager-operated, port: web}}]}}
  resources: {{requests: {{cpu: 10m, memory: 64Mi}}}}
  containers: [{{name: prometheus, startupProbe: {{periodSeconds: 1, failureThreshold: 300}}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: prometheus-k8s, namespace: monitoring, labels: {{app: prometheus}}}}
spec:
  selector: {{operator.prometheus.io/name: k8s}}
  ports: [{{name: web, port: 9090, targetPort: web}}]
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {{name: k8s, namespace: monitoring, labels: {{release: kube-prometheus-stack}}}}
spec:
  selector: {{matchLabels: {{app: prometheus}}}}
  endpoints: [{{port: web, interval: 15s}}]
"""


def _server_version() -> str:
    """A Prometheus v3.13.1 is published as the module v0.313.1."""
    _zero, minor, patch = version(_PROMETHEUS).split(".")
    return f"v{int(minor) // 100}.{int(minor) % 100}.{patch}"


def _images() -> dict[str, Image]:
    operator, reloader = version(_OPERATOR), "prometheus-config-reloader"
    return {f"prometheus-operator/prometheus-operator:{operator}": tool(_OPERATORS.path, "/bin/operator"),
            f"prometheus-operator/{reloader}:{operator}": tool(_RELOADER.path, f"/bin/{reloader}"),
            f"prometheus/prometheus:{_server_version()}": tool(_SERVER.path, "/bin/prometheus"),
            f"prometheus/alertmanager:{version(_ALERTMANAGER)}": tool(_ALERTS.path, "/bin/alertmanager")}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Takes "=", a value in the definitions, for what it is."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, node: node.value)


def _plain(item: Any, properties: bool = False) -> Any:
    """Without the descriptions of fields, which are most of a definition and cost the API server seconds. properties: item has
    fields by their names."""
    if isinstance(item, dict):
        return {k: _plain(v, k == "properties" and not properties) for k, v in item.items() if properties or k != "description"}
    return [_plain(i) for i in item] if isinstance(item, list) else item


def _up(lab: Lab) -> None:
    bundle = "\n---\n".join(json.dumps(_plain(d)) for d in yaml.load_all(_BUNDLE.text(), _Loader))
    apply(lab, f'apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}',
          bundle.replace('"namespace": "default"', f'"namespace": "{NAMESPACE}"'),
          *(s.text().replace("namespace: default", f"namespace: {NAMESPACE}") for s in _RIGHTS))
    apply(lab, _OBJECTS.format(prometheus=_server_version(), alertmanager=version(_ALERTMANAGER)))
    wait_for("monitoring", partial(rolled_out, lab, NAMESPACE, *_WORKLOADS), 180, 0.3)


def _serves(lab: Lab) -> bool:
    base = f"/apis/monitoring.coreos.com/v1/namespaces/{NAMESPACE}"
    return bool(rolled_out(lab, NAMESPACE, *_WORKLOADS) and lab.api(f"{base}/servicemonitors/k8s"))


TIER = Tier("monitoring", "Prometheus operator, Prometheus, Alertmanager", _up, _serves, _images, PROGRAMS)
