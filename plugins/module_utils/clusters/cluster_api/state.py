# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What objects of Cluster API say of a cluster. Plain data in, words out.

Of the two kinds of conditions see clouds/cluster_api.py. Providers number their versions by themselves, so objects are read by what
is in them. What a control plane must tell, and what it may leave out: docs/book/src/developer/providers/contracts/control-plane.md
of kubernetes-sigs/cluster-api.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...clouds.cluster_api import deprecated, told
from ...common import names
from ...jobs.errors import BadOption
from ..model import UID, Cluster, parts

_INITIALIZED = "ControlPlaneInitialized"
# Conditions that are bad when they are True (newer kind).
_NEGATIVE = {"Paused", "Deleting", "RollingOut", "ScalingUp", "ScalingDown", "Remediating"}


def conditions(thing: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of the newer kind where the object has them, else of the older."""
    status = thing.get("status") or {}
    for place in (status.get("v1beta2") or {}, status, deprecated(status)):
        if place.get("conditions"):
            return list(place["conditions"])
    return []


def _bad(thing: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Conditions that are not as they should be, errors first and summaries last."""
    found = [c for c in conditions(thing) if (c.get("status") == "True") == (c.get("type") in _NEGATIVE)
             and (c.get("message") or c.get("reason"))]
    order = ("Error", "Warning", "Info", "")
    return sorted(found, key=lambda c: (order.index(c["severity"]) if c.get("severity") in order else len(order),
                                        c.get("type") in ("Available", "Ready")))


def failure(thing: Mapping[str, Any]) -> str:
    """The failure that controllers of before v1beta2 called terminal, "" for none; later ones go on trying."""
    status = thing.get("status") or {}
    return str(status.get("failureMessage") or deprecated(status).get("failureMessage") or "")


def settled(thing: Mapping[str, Any]) -> bool:
    """Whether the controller has seen the last change, as far as it tells, and all replicas are as they should be.

    Managed control planes tell no generation and have no replicas (AWSManagedControlPlaneStatus and its like).
    """
    spec, status = thing.get("spec") or {}, thing.get("status") or {}
    seen = status.get("observedGeneration")
    if seen is not None and int(seen) < int(thing["metadata"].get("generation") or 0):
        return False
    if status.get("ready") is False or any(str(c.get("type")).endswith("Updating") and c.get("status") == "True"
                                           for c in conditions(thing)):
        return False
    wanted = spec.get("replicas")
    if wanted is None:
        return True
    updated = status.get("upToDateReplicas", status.get("updatedReplicas", wanted))
    return status.get("readyReplicas", 0) == wanted and status.get("replicas", wanted) == wanted and updated == wanted


def control_version(control: Mapping[str, Any] | None) -> str:
    """Of Kubernetes, as the control plane runs it, else as it is to be."""
    status, spec = (control or {}).get("status") or {}, (control or {}).get("spec") or {}
    return str(status.get("version") or status.get("currentVersion") or spec.get("version") or spec.get("controlPlaneVersion") or "")


def _version(control: Mapping[str, Any] | None, pools: Sequence[Mapping[str, Any]], topology: Mapping[str, Any]) -> str:
    """The lowest of control plane and workers: an upgrade is done when the last of them has it."""
    versions = [control_version(control), *(str(((p["spec"].get("template") or {}).get("spec") or {}).get("version") or "") for p in pools)]
    return min(filter(_readable, versions), key=parts, default=str(topology.get("version") or ""))


def _readable(version: str) -> bool:
    try:
        return bool(version and parts(version))
    except BadOption:
        return False


def _message(of: Mapping[str, Any], control: Mapping[str, Any] | None, pools: Sequence[Mapping[str, Any]]) -> str:
    if (of.get("spec") or {}).get("paused"):
        return "it is paused (spec.paused), so nothing happens to it"
    things = [t for t in (of, control, *pools) if t]
    broken = next(filter(None, map(failure, things)), "")
    bad = next(filter(None, map(_bad, things)), [])
    return broken or (_words(bad[0], ": ") if bad else "")


def _words(condition: Mapping[str, Any], between: str) -> str:
    """Messages of the newer kind are lists of several lines."""
    return between.join(filter(None, (str(condition.get("reason") or ""), " ".join(str(condition.get("message") or "").split()))))


def _phase(of: Mapping[str, Any], state: str, control: Mapping[str, Any] | None, pools: Sequence[Mapping[str, Any]]) -> str:
    if of["metadata"].get("deletionTimestamp") or state == "Deleting":
        return "deleting"
    if state == "Failed":
        return "failed"
    made = state == "Provisioned"
    # ControlPlaneReady is of the older kind, ControlPlaneAvailable of the newer
    up = told(of, "ControlPlaneAvailable") or told(of, "ControlPlaneReady")
    reconciled = not (of.get("spec") or {}).get("topology") or told(of, "TopologyReconciled") == "True"
    if made and up == "True" and reconciled and all(map(settled, [of, *([control] if control else []), *pools])):
        return "ready"
    return "updating" if made and told(of, _INITIALIZED, ever=True) == "True" else "creating"


def cluster_of(of: Mapping[str, Any], control: Mapping[str, Any] | None, pools: Sequence[Mapping[str, Any]]) -> Cluster:
    """pools: its MachineDeployments and MachinePools."""
    meta, status, topology = of["metadata"], of.get("status") or {}, (of.get("spec") or {}).get("topology") or {}
    state = "Deleting" if meta.get("deletionTimestamp") else str(status.get("phase") or "Pending")
    phase = _phase(of, state, control, pools)
    labels = meta.get("labels") or {}
    return Cluster(meta["name"], str(meta.get("uid") or ""), state, phase, "" if phase == "ready" else _message(of, control, pools),
                   version=_version(control, pools, topology),
                   nodes=sum(int((p.get("spec") or {}).get("replicas") or 0) for p in pools) if pools else -1,
                   created=str(meta.get("creationTimestamp") or ""), uid=str((meta.get("annotations") or {}).get(UID, "")),
                   ours=labels.get(names.MANAGED_BY) == names.MANAGER, labels=labels,
                   extra={"namespace": meta.get("namespace", "")})


def machines_words(thing: Mapping[str, Any]) -> list[str]:
    """One line for each condition that is not as it should be, and for a terminal failure."""
    title = f"{thing.get('kind') or 'Object'} {thing['metadata']['name']}"
    broken = [f"{title}: {failure(thing)}"] if failure(thing) else []
    return broken + [f"{title} {c['type']}={c['status']} {_words(c, ': ')}" for c in _bad(thing)]
