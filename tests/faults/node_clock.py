# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A node whose clock is off, for machines that share one clock: what its kubelet writes is changed on its way by an
admission policy, while the API server notes by its own clock when that came."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine.evidence_clocks import clock_of
from tests.lab.base import wait_for

_GROUP = "/apis/admissionregistration.k8s.io/v1"


def _policy(name: str, node: str, seconds: int) -> dict[str, Any]:
    # To whole seconds, as the digits behind them have to be six.
    shift = (f'string(timestamp(object.spec.renewTime) + duration("{seconds}s")).substring(0, 19)'
             ' + object.spec.renewTime.substring(19)')
    return {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Ignore", "reinvocationPolicy": "Never",
            "matchConstraints": {"resourceRules": [{"apiGroups": ["coordination.k8s.io"], "apiVersions": ["v1"],
                                                    "operations": ["UPDATE"], "resources": ["leases"], "resourceNames": [node]}]},
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {
                "expression": f"Object{{spec: Object.spec{{renewTime: {shift}}}}}"}}]}}


def _ahead(lab: Any, short: str) -> float:
    """By the last renewal of the node's Lease."""
    lease = lab.api(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{lab.node_name(short)}")
    return clock_of(lease) or 0.0


@contextlib.contextmanager
def clock_off(lab: Any, short: str, seconds: int) -> Iterator[None]:
    """The node's clock is so many seconds ahead, or behind below 0. The test is skipped where nothing can make it so."""
    served = {r["name"] for r in lab.api(_GROUP)["resources"]}
    if "mutatingadmissionpolicies" not in served:
        pytest.skip("MutatingAdmissionPolicies, by which a clock is made wrong, are served unasked from Kubernetes 1.36 on")
    name = f"clock-of-{short}"
    binding = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
               "metadata": {"name": name}, "spec": {"policyName": name}}
    with lab.fault.extra(f"{_GROUP}/mutatingadmissionpolicies", _policy(name, lab.node_name(short), seconds)), \
            lab.fault.extra(f"{_GROUP}/mutatingadmissionpolicybindings", binding):
        wait_for("a renewal by the other clock", lambda: abs(_ahead(lab, short) - seconds) < 3, 60)
        yield
    wait_for("a renewal by the right clock", lambda: abs(_ahead(lab, short)) < 3, 60)
