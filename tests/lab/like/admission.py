# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters whose admission wants something of every pod: OpenShift's uid ranges, a mesh, labels."""
from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from ..base import wait_for
from .stranger import AGNHOST, BUSYBOX, SYSTEM, NewNamespaces, Stranger, namespace, pod, repeated, tried

if TYPE_CHECKING:
    from ..cluster import Lab

_API = "/apis/admissionregistration.k8s.io/v1"
UID_RANGE = "openshift.io/sa.scc.uid-range"
# Seconds after which OpenShift's controller has annotated a namespace; what comes sooner is refused there, too.
_LATE = 1.0


def _constraints(resource: str, names: tuple[str, ...] = SYSTEM) -> dict[str, Any]:
    """What a policy looks at: objects of a kind that are made outside the system's namespaces."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": [resource]}
    outside = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [*names]}
    return {"resourceRules": [rule], "namespaceSelector": {"matchExpressions": [outside]}}


def refusing(name: str, resource: str, validations: list[dict[str, str]], variables: dict[str, str] | None = None,
             reason: str = "Forbidden") -> list[Any]:
    """A ValidatingAdmissionPolicy and its binding, as (plural, object).

    reason: of the refusal, from which its status follows: Forbidden 403, Invalid 422; without one the API server says Invalid.
    """
    said = {"reason": reason} if reason else {}
    spec = {"matchConstraints": _constraints(resource), "failurePolicy": "Fail",
            "validations": [{**v, **said} for v in validations],
            "variables": [{"name": n, "expression": e} for n, e in (variables or {}).items()]}
    binding = {"policyName": name, "validationActions": ["Deny"]}
    return [("validatingadmissionpolicies", {"metadata": {"name": name}, "spec": spec}),
            ("validatingadmissionpolicybindings", {"metadata": {"name": name}, "spec": binding})]


def changing(name: str, expression: str, variables: dict[str, str]) -> list[Any]:
    """A MutatingAdmissionPolicy for pods and its binding."""
    spec = {"matchConstraints": _constraints("pods"), "failurePolicy": "Fail", "reinvocationPolicy": "Never",
            "variables": [{"name": n, "expression": e} for n, e in variables.items()],
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}]}
    return [("mutatingadmissionpolicies", {"metadata": {"name": name}, "spec": spec}),
            ("mutatingadmissionpolicybindings", {"metadata": {"name": name}, "spec": {"policyName": name}})]


def mapped(field: str, value: str) -> str:
    """An expression that sets a field of every container."""
    return (f"Object{{spec: Object.spec{{containers: object.spec.containers.map(c, Object.spec.containers{{name: c.name, {field}: "
            f"{value}}})}}}}")


@contextmanager
def in_force(lab: Lab, objects: list[Any], at_work: Callable[[], Any]) -> Iterator[None]:
    """The API server follows such objects by a watch of its own, and may be late."""
    with ExitStack() as stack:
        for plural, body in objects:
            stack.enter_context(lab.fault.extra(f"{_API}/{plural}", body))
        wait_for("the policy in force", at_work, 30, 0.1)
        yield
    wait_for("admission as before", lambda: not at_work(), 30, 0.1)


# ---- OpenShift ------------------------------------------------------------------------------------------------
_OF_RANGE = {
    "range": f"has(namespaceObject.metadata.annotations) && '{UID_RANGE}' in namespaceObject.metadata.annotations ? "
             f"namespaceObject.metadata.annotations['{UID_RANGE}'] : ''",
    "least": "variables.range == '' ? 0 : int(variables.range.split('/')[0])",
    "most": "variables.range == '' ? 0 : int(variables.range.split('/')[0]) + int(variables.range.split('/')[1]) - 1",
}
_OF_PODS = {
    "all": "object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])",
    "uids": "(has(object.spec.securityContext) && has(object.spec.securityContext.runAsUser) ? "
            "[object.spec.securityContext.runAsUser] : []) + variables.all.filter(c, has(c.securityContext) && "
            "has(c.securityContext.runAsUser)).map(c, c.securityContext.runAsUser)",
    "groups": "has(object.spec.securityContext) && has(object.spec.securityContext.fsGroup) ? "
              "[object.spec.securityContext.fsGroup] : []",
}
_SCC = ("'unable to validate against any security context constraint: [provider \"anyuid\": Forbidden: not usable by user or "
        "serviceaccount, ")
_SCC_RULES = [
    {"expression": "variables.range != ''", "message": f"unable to validate against any security context constraint: unable to find "
                                                       f"annotation {UID_RANGE}"},
    {"expression": "variables.groups.all(g, g >= variables.least && g <= variables.most)", "message": "fsGroup is not allowed",
     "messageExpression": _SCC + "provider restricted-v2: .spec.securityContext.fsGroup: Invalid value: ' + string(variables.groups[0]) + "
                                 "': is not an allowed group]'"},
    {"expression": "variables.uids.all(u, u >= variables.least && u <= variables.most)", "message": "runAsUser is not allowed",
     "messageExpression": _SCC + "provider restricted-v2: .containers[0].runAsUser: Invalid value: ' + string(variables.uids[0]) + "
                                 "': must be in the ranges: [' + string(variables.least) + ', ' + string(variables.most) + ']]'"},
]
_SCC_DEFAULTS = (
    "variables.range == '' ? Object{} : Object{spec: Object.spec{securityContext: Object.spec.securityContext{"
    "runAsUser: has(object.spec.securityContext) && has(object.spec.securityContext.runAsUser) ? "
    "object.spec.securityContext.runAsUser : variables.least, "
    "fsGroup: has(object.spec.securityContext) && has(object.spec.securityContext.fsGroup) ? "
    "object.spec.securityContext.fsGroup : variables.least}}}")


# By its group one knows an OpenShift; nobody reads these objects here.
_SCC_KIND = {"metadata": {"name": "securitycontextconstraints.security.openshift.io"}, "spec": {
    "group": "security.openshift.io", "scope": "Cluster", "names": {
        "plural": "securitycontextconstraints", "singular": "securitycontextconstraint", "kind": "SecurityContextConstraints"},
    "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
        "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


@contextmanager
def openshift(lab: Lab) -> Iterator[Stranger]:
    """MustRunAsRange, as restricted-v2 has it: what names no user gets the range's first, what names another is refused."""
    given = itertools.count(1_000_660_000, 10_000)

    def annotate(name: str) -> None:
        time.sleep(_LATE)
        text = f"{next(given)}/10000"
        lab.api(f"/api/v1/namespaces/{name}", "PATCH", {"metadata": {"annotations": {
            UID_RANGE: text, "openshift.io/sa.scc.supplemental-groups": text, "openshift.io/sa.scc.mcs": "s0:c26,c5"}}})

    def refused() -> bool:
        body = pod("tried", securityContext={"runAsUser": 65534})
        return "must be in the ranges" in tried(lab, "lab-like-openshift", body).get("refused", "")

    policies = [*changing("lab-like-openshift", _SCC_DEFAULTS, _OF_RANGE),
                *refusing("lab-like-openshift", "pods", _SCC_RULES, {**_OF_RANGE, **_OF_PODS})]
    with (namespace(lab, "lab-like-openshift", annotations={UID_RANGE: f"{next(given)}/10000"}) as project,
          lab.fault.extra("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", _SCC_KIND), in_force(lab, policies, refused),
          repeated("namespaces of OpenShift", NewNamespaces(lab, annotate).look, 0.3)):
        yield Stranger("openshift", lab.kubeconfig, names={"project": project})


# ---- a mesh ---------------------------------------------------------------------------------------------------
_OPTED_OUT = (
    "(has(object.metadata.labels) && object.metadata.labels[?'sidecar.istio.io/inject'].orValue('') == 'false') || "
    "(has(object.metadata.annotations) && (object.metadata.annotations[?'sidecar.istio.io/inject'].orValue('') == 'false' || "
    "object.metadata.annotations[?'linkerd.io/inject'].orValue('') == 'disabled')) || "
    "(has(namespaceObject.metadata.labels) && namespaceObject.metadata.labels[?'istio-injection'].orValue('') == 'disabled') || "
    "(has(namespaceObject.metadata.annotations) && namespaceObject.metadata.annotations[?'linkerd.io/inject'].orValue('') == 'disabled')")
# The images' own commands do: lists of words cannot be set by a policy. The init container fits no level of Pod Security but the
# lowest, as istio-init.
_INJECTED = (
    "variables.out ? Object{} : Object{spec: Object.spec{"
    "containers: [Object.spec.containers{name: 'istio-proxy', image: '" + AGNHOST + "'}], "
    "initContainers: [Object.spec.initContainers{name: 'istio-init', image: '" + BUSYBOX + "', "
    "securityContext: Object.spec.initContainers.securityContext{runAsUser: 0, runAsNonRoot: false, privileged: true}}]}}")


@contextmanager
def mesh(lab: Lab) -> Iterator[Stranger]:
    """Injection is on for all namespaces; the init container may change the network and runs as root, as istio-init."""
    def injected() -> bool:
        return len(tried(lab, "lab-like-mesh", pod("tried")).get("spec", {}).get("containers", [])) == 2

    with (namespace(lab, "lab-like-mesh") as shop,
          in_force(lab, changing("lab-like-mesh", _INJECTED, {"out": _OPTED_OUT}), injected)):
        yield Stranger("mesh", lab.kubeconfig, names={"namespace": shop})


# ---- labels ---------------------------------------------------------------------------------------------------
LABELS = {"team": "platform", "cost-center": "4711"}
_LABELLED = [{"expression": "has(object.metadata.labels) && ['team', 'cost-center'].all(l, l in object.metadata.labels)",
              "message": 'you must provide labels: {"cost-center", "team"}'}]


@contextmanager
def required_labels(lab: Lab, reason: str = "Forbidden") -> Iterator[Stranger]:
    """As Gatekeeper's K8sRequiredLabels for namespaces and pods."""
    def refused() -> bool:
        return "you must provide labels" in tried(lab, "lab-like-labels", pod("tried")).get("refused", "")

    policies = [p for name, kind in (("lab-like-labels-of-namespaces", "namespaces"), ("lab-like-labels", "pods"))
                for p in refusing(name, kind, _LABELLED, reason=reason)]
    with namespace(lab, "lab-like-labels", LABELS) as theirs, in_force(lab, policies, refused):
        yield Stranger("required_labels", lab.kubeconfig, {"labels": LABELS}, {"namespace": theirs})
