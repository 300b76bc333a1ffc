# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What objects of Cluster API say of a cluster. Plain data in, words out."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...common import names
from ..model import UID, Cluster

# ControlPlaneReady up to v1beta1, ControlPlaneAvailable from v1beta2 on.
_CONTROL = ("ControlPlaneReady", "ControlPlaneAvailable")
_INITIALIZED = "ControlPlaneInitialized"
# Conditions that are bad when they are True (v1beta2).
_NEGATIVE = {"Paused", "Deleting", "RollingOut", "ScalingUp", "ScalingDown", "Remediating"}


def conditions(thing: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list((thing.get("status") or {}).get("conditions") or [])


def _is_true(thing: Mapping[str, Any], *kinds: str) -> bool:
    return any(c.get("type") in kinds and c.get("status") == "True" for c in conditions(thing))


def _bad(thing: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Conditions that are not as they should be, errors first."""
    found = [c for c in conditions(thing) if (c.get("status") == "True") == (c.get("type") in _NEGATIVE)
             and (c.get("message") or c.get("reason"))]
    return sorted(found, key=lambda c: ("Error", "Warning", "Info", "").index(c.get("severity") or ""))


def failure(thing: Mapping[str, Any]) -> str:
    """The terminal failure of an object, "" for none; from v1beta2 on it stands below deprecated."""
    status = thing.get("status") or {}
    old = ((status.get("deprecated") or {}).get("v1beta1") or {})
    return str(status.get("failureMessage") or old.get("failureMessage") or "")


def _settled(thing: Mapping[str, Any]) -> bool:
    """Whether the controller has seen the last change, and all replicas are as they should be."""
    spec, status = thing.get("spec") or {}, thing.get("status") or {}
    seen = int(status.get("observedGeneration") or 0) >= int(thing["metadata"].get("generation") or 0)
    wanted = spec.get("replicas")
    if wanted is None:
        return seen
    updated = status.get("upToDateReplicas", status.get("updatedReplicas", wanted))
    return seen and status.get("readyReplicas", 0) == wanted and status.get("replicas", wanted) == wanted and updated == wanted


def cluster_of(of: Mapping[str, Any], control: Mapping[str, Any] | None, deployments: Sequence[Mapping[str, Any]]) -> Cluster:
    meta, status, topology = of["metadata"], of.get("status") or {}, (of.get("spec") or {}).get("topology") or {}
    state = str(status.get("phase") or "Pending")
    broken = failure(of) or next(filter(None, map(failure, [*([control] if control else []), *deployments])), "")
    bad = _bad(of) or (_bad(control) if control else [])
    message = broken or ": ".join(filter(None, (str(bad[0].get("reason") or ""), str(bad[0].get("message") or "")))) if \
        broken or bad else ""
    if meta.get("deletionTimestamp") or state == "Deleting":
        phase, state = "deleting", "Deleting"
    elif state == "Failed" or failure(of):
        phase = "failed"
    elif state == "Provisioned" and _is_true(of, *_CONTROL) and all(map(_settled, [*([control] if control else []),
                                                                                   *deployments])):
        phase, message = "ready", ""
    else:
        phase = "updating" if _is_true(of, _INITIALIZED) and state == "Provisioned" else "creating"
    version = ((control or {}).get("status") or {}).get("version") or topology.get("version") or ""
    labels = meta.get("labels") or {}
    return Cluster(meta["name"], str(meta.get("uid") or ""), state, phase, message, version=str(version),
                   nodes=sum(int((d.get("spec") or {}).get("replicas") or 0) for d in deployments) if deployments else -1,
                   created=str(meta.get("creationTimestamp") or ""), uid=str((meta.get("annotations") or {}).get(UID, "")),
                   ours=labels.get(names.MANAGED_BY) == names.MANAGER, labels=labels,
                   extra={"namespace": meta.get("namespace", "")})


def machines_words(thing: Mapping[str, Any]) -> list[str]:
    """One line for each condition that is not as it should be, and for a terminal failure."""
    title = f"{thing.get('kind') or 'Object'} {thing['metadata']['name']}"
    told = [f"{title}: {failure(thing)}"] if failure(thing) else []
    return told + [f"{title} {c['type']}={c['status']} {c.get('reason') or ''}: {c.get('message') or ''}" for c in _bad(thing)]
