# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Admission that is in the way of a run's objects and of nobody else's: webhooks, policies, what a namespace is given."""
from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine.fixtures import Fixtures
from tests.lab.base import wait_for

GROUP = "admissionregistration.k8s.io"
_API = f"/apis/{GROUP}/v1"
_CONFIGMAPS = "/api/v1/namespaces/default/configmaps?dryRun=All"
# ConfigMaps by name, as those of api_server are called and nobody else's; pods by the label of the probes.
OURS = ("object.metadata.name.startsWith('assay-') || "
        "(has(object.metadata.labels) && 'assay.clusters/probe' in object.metadata.labels)")
RULES = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps", "pods"]}]


def tried(lab: Any) -> dict[str, Any]:
    """A ConfigMap like ours as the API server would take it; what it says where it would not. Nothing is made."""
    try:
        return lab.api(_CONFIGMAPS, "POST", {"metadata": {"name": "assay-tried"}})
    except HTTPError as e:
        return {"refused": e.read().decode()}


@contextmanager
def _in_force(lab: Any, objects: list[tuple[str, dict[str, Any]]], at_work: Callable[[], Any]) -> Iterator[None]:
    """The API server follows such objects by a watch of its own, and may be late."""
    with ExitStack() as stack:
        for kind, body in objects:
            stack.enter_context(lab.fault.extra(f"{_API}/{kind}", body))
        wait_for("admission in force", at_work, 30, 0.1)
        yield
    wait_for("admission as before", lambda: not at_work(), 30, 0.1)


def webhook(lab: Any, seconds: int = 5, **client: Any) -> Any:
    """A validating webhook for our objects; client: its clientConfig."""
    hook = {"name": "ours.lab.test", "clientConfig": client, "rules": RULES, "timeoutSeconds": seconds,
            "matchConditions": [{"name": "ours", "expression": OURS}], "sideEffects": "None",
            "admissionReviewVersions": ["v1"]}
    return _in_force(lab, [("validatingwebhookconfigurations", {"metadata": {"name": "ours"}, "webhooks": [hook]})],
                     lambda: "refused" in tried(lab))


def _bound(name: str) -> dict[str, Any]:
    return {"metadata": {"name": f"{name}-everywhere"}, "spec": {"policyName": name}}


def denying(lab: Any, message: str) -> Any:
    """A ValidatingAdmissionPolicy that our objects do not meet."""
    policy = {"metadata": {"name": "no-probes"}, "spec": {
        "matchConstraints": {"resourceRules": RULES}, "matchConditions": [{"name": "ours", "expression": OURS}],
        "validations": [{"expression": "false", "message": message}]}}
    binding = _bound("no-probes")
    binding["spec"]["validationActions"] = ["Deny"]
    return _in_force(lab, [("validatingadmissionpolicies", policy), ("validatingadmissionpolicybindings", binding)],
                     lambda: "refused" in tried(lab))


def mutating(lab: Any, resource: str, condition: str, apply: str, at_work: Callable[[], Any]) -> Any:
    """A MutatingAdmissionPolicy; condition, apply: CEL expressions."""
    rules = [{**RULES[0], "resources": [resource]}]
    policy = {"metadata": {"name": "changed"}, "spec": {
        "matchConstraints": {"resourceRules": rules}, "matchConditions": [{"name": "ours", "expression": condition}],
        "reinvocationPolicy": "Never", "failurePolicy": "Fail",
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": apply}}]}}
    objects = [("mutatingadmissionpolicies", policy), ("mutatingadmissionpolicybindings", _bound("changed"))]
    return _in_force(lab, objects, at_work)


def authority(file: Path) -> str:
    """A caBundle."""
    return base64.b64encode(file.read_bytes()).decode()


def in_its_namespace(monkeypatch: pytest.MonkeyPatch, act: Callable[[str], None]) -> None:
    """act(name) when a run has made its namespace and nothing in it: a controller of namespaces that is quick."""
    make = Fixtures._make_namespace

    def made(self: Fixtures) -> str:
        name = make(self)
        act(name)
        return name

    monkeypatch.setattr(Fixtures, "_make_namespace", made)
