# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run of the conformance tests makes in the cluster: a namespace, an account that may do all, and a pod.

The pod is that of hydrophone: beside the image's container a second one keeps the pod, and with it the results, until they
are fetched. The binding goes with its namespace, which owns it, however that ends.
"""
from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .wanted import Wanted, environment

ACCOUNT, POD, RUNNER, OUTPUT = "conformance", "e2e-conformance-test", "conformance-container", "output-container"
# Says which objects are of a run of the conformance tests, and in an annotation with which options it was begun.
MARK = "assay.clusters/conformance"
OPTIONS = "assay.clusters/conformance-options"
RESULTS = "/tmp/results"
_LIST_FOLDER, _LIST = "/tmp/repo-list", "repo-list.yaml"
_RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "runAsUser": 65534,
               "seccompProfile": {"type": "RuntimeDefault"}}
# Meshes: what the tests ask would be a sidecar's answer, and a pod with one never ends.
_NO_MESH = {"sidecar.istio.io/inject": "false", "linkerd.io/inject": "disabled"}


def namespace(name: str, labels: Mapping[str, str], tests: Wanted) -> dict[str, Any]:
    level = {f"pod-security.kubernetes.io/{m}": "restricted" for m in ("enforce", "warn", "audit")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": name, "labels": {**labels, MARK: "true", **level},
        "annotations": {OPTIONS: json.dumps(tests.to_dict(), sort_keys=True)}}}


def account() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}}


def binding(name: str, space: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """The tests may do all that there is. space: the namespace as it was made."""
    meta = space["metadata"]
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": name, "labels": dict(labels), "ownerReferences": [
                {"apiVersion": "v1", "kind": "Namespace", "name": meta["name"], "uid": meta["uid"]}]},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": meta["name"]}]}


def repo_list(name: str, tests: Wanted) -> dict[str, Any]:
    """JSON is YAML, too."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
            "data": {_LIST: json.dumps(dict(tests.test_repo_list))}}


def _container(name: str, image: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "image": image, "imagePullPolicy": "IfNotPresent", "securityContext": _RESTRICTED,
            "volumeMounts": [{"name": "results", "mountPath": RESULTS}], **more}


def pod(name: str, image: str, output_image: str, tests: Wanted, version: str, secrets: list[str],
        node_selector: Mapping[str, str]) -> dict[str, Any]:
    """It tolerates everything, as tests taint nodes; no sidecar of a mesh, which would never end."""
    listed = bool(tests.test_repo_list)
    env = environment(tests, version, f"{_LIST_FOLDER}/{_LIST}" if listed else "")
    runner = _container(RUNNER, image, env=[{"name": n, "value": v} for n, v in env.items()])
    output = _container(OUTPUT, output_image, command=["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"])
    volumes: list[dict[str, Any]] = [{"name": "results", "emptyDir": {}}]
    if listed:
        runner["volumeMounts"] = [*runner["volumeMounts"], {"name": "repos", "mountPath": _LIST_FOLDER, "readOnly": True}]
        volumes.append({"name": "repos", "configMap": {"name": f"{name}-repos"}})
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": {MARK: "true"}, "annotations": {
                **_NO_MESH, OPTIONS: json.dumps(tests.to_dict(), sort_keys=True)}},
            "spec": {"serviceAccountName": ACCOUNT, "restartPolicy": "Never", "terminationGracePeriodSeconds": 5,
                     "enableServiceLinks": False, "tolerations": [{"operator": "Exists"}], "volumes": volumes,
                     "imagePullSecrets": [{"name": s} for s in secrets], "nodeSelector": dict(node_selector),
                     "containers": [runner, output]}}
