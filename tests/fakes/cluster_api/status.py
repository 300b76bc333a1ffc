# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the controllers of Cluster API write into a status, in v1beta1 and in v1beta2 (api/core of kubernetes-sigs/cluster-api)."""
from __future__ import annotations

from typing import Any

_AT = "2026-11-21T00:00:00Z"
_FULL = ("WaitingForVCenter", "datastore is full")


def older(kind: str, bad: tuple[str, str] | None = None) -> dict[str, Any]:
    """A condition of the older kind, which has a severity where it is bad."""
    more = {"severity": "Warning", "reason": bad[0], "message": bad[1]} if bad else {}
    return {"type": kind, "status": "False" if bad else "True", "lastTransitionTime": _AT, **more}


def newer(kind: str, generation: int, bad: tuple[str, str] | None = None, negative: bool = False) -> dict[str, Any]:
    """A condition of the newer kind, which always has a reason, and the generation that it is of."""
    reason, message = bad or ("NotSo" if negative else "AsItShouldBe", "")
    return {"type": kind, "status": str(bool(bad) == negative), "reason": reason, "message": message, "lastTransitionTime": _AT,
            "observedGeneration": generation}


def cluster_status(version: str, of: dict[str, Any], state: str, broken: str) -> dict[str, Any]:
    """Of a Cluster in this phase. Before it is made its infrastructure is not ready."""
    made, generation = state == "Provisioned", int(of["metadata"]["generation"])
    bad = None if made else _FULL
    topology = ["TopologyReconciled"] if of["spec"].get("topology") else []
    old = [older("InfrastructureReady", bad), *(older(t) for t in ("ControlPlaneInitialized", "ControlPlaneReady", *topology) if made)]
    new = [newer("Available", generation, bad and ("NotAvailable", f"* InfrastructureReady: {bad[1]}")),
           newer("InfrastructureReady", generation, bad), newer("RollingOut", generation, negative=True),
           *(newer(t, generation) for t in ("ControlPlaneInitialized", "ControlPlaneAvailable", *topology) if made)]
    if version == "v1beta2":
        return {"phase": state, "conditions": new, "deprecated": {"v1beta1": {
            "conditions": old, **({"failureMessage": broken} if broken else {})}}}
    return {"phase": state, "conditions": old, "v1beta2": {"conditions": new}, **({"failureMessage": broken} if broken else {})}


def replicas_status(version: str, kind: str, of: dict[str, Any]) -> dict[str, Any]:
    """All are ready and up to date."""
    count = of["spec"].get("replicas", 1)
    updated = {} if version == "v1beta1" and kind == "MachinePool" else {
        "upToDateReplicas" if version == "v1beta2" else "updatedReplicas": count}
    return {"replicas": count, "readyReplicas": count, **updated}
