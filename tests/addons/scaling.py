# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes that come for pods of somebody, on the lab's Karpenter."""
from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError

from tests.addons.balancing import meanwhile
from tests.lab.base import wait_for
from tests.lab.tiers import autoscaler as tier

NODES, CLAIMS = "/api/v1/nodes", "/apis/karpenter.sh/v1/nodeclaims"
_PODS = "/api/v1/namespaces/default/pods"


@dataclass(frozen=True)
class Theirs:
    """A node, the pod for which it came, and what the pod answers at."""

    node: str
    pod: str
    ip: str


def claims(lab: Any) -> list[str]:
    return sorted(c["metadata"]["name"] for c in lab.api(CLAIMS)["items"])


def nodes(lab: Any) -> list[str]:
    return sorted(n["metadata"]["name"] for n in lab.api(NODES)["items"])


def base(lab: Any) -> list[str]:
    return sorted(map(lab.node_name, lab.machines))


def settled(lab: Any) -> None:
    """Wait until no node is there but the lab's own; NodeClaims whose machine never joined are removed by us."""
    for claim in claims(lab):
        with contextlib.suppress(OSError):
            if not any(c["type"] == "Initialized" and c["status"] == "True"
                       for c in lab.api(f"{CLAIMS}/{claim}")["status"].get("conditions", [])):
                lab.api(f"{CLAIMS}/{claim}", "DELETE")
    wait_for("the lab's own nodes alone", lambda: nodes(lab) == base(lab) and not claims(lab) and not tier.machines(lab), 180, 0.5)


@contextlib.contextmanager
def settling(lab: Any) -> Iterator[None]:
    """Nodes that come meanwhile go again, also of a test that fails: a half one keeps every DaemonSet from being ready."""
    try:
        yield
    finally:
        settled(lab)


def manifest(name: str, annotations: dict[str, str], **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "registry.k8s.io/e2e-test-images/agnhost:2.53", "args": ["netexec"],
                 "resources": {"requests": {"cpu": "10m"}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}, "annotations": annotations},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [container], **spec}}


@contextlib.contextmanager
def pod(lab: Any, name: str, annotations: dict[str, str] | None = None, **spec: Any) -> Iterator[dict[str, Any]]:
    """A pod of somebody in the namespace default."""
    made: dict[str, Any] = lab.api(_PODS, "POST", manifest(name, annotations or {}, **spec))
    try:
        yield made
    finally:
        with contextlib.suppress(OSError):
            lab.api(f"{_PODS}/{name}", "DELETE")


def read(lab: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = lab.api(f"{_PODS}/{name}")
    return found


@contextlib.contextmanager
def somebodys_node(lab: Any, name: str = "shop") -> Iterator[Theirs]:
    """A node that Karpenter adds for a pod that no other takes; gone again at the end."""
    wants = {"nodeSelector": {"karpenter.sh/nodepool": tier.POOL}}

    def ready() -> Any:
        try:
            found = read(lab, name)
        except HTTPError as e:
            if e.code == 404:  # taken off its node for a taint that this had before the pod came: some controllers hear late of its end
                lab.api(_PODS, "POST", manifest(name, {}, **wants))
            return None
        return found if any(c["type"] == "Ready" and c["status"] == "True" for c in found["status"].get("conditions", [])) else None

    with settling(lab), pod(lab, name, **wants):
        found = wait_for(f"pod {name} on a node that came for it", ready, 120, 0.3)
        yield Theirs(found["spec"]["nodeName"], name, found["status"]["podIP"])


# ---- faults -------------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def refused(lab: Any, words: str) -> Iterator[None]:
    """The cloud gives no machine, and says why."""
    refusal = lab.folder / "tiers/autoscaler/refuse"
    refusal.write_text(words)
    with settling(lab):
        try:
            yield
        finally:
            refusal.unlink()


@contextlib.contextmanager
def booting(lab: Any, how: str) -> Iterator[None]:
    """Machines that boot otherwise than they should: see bootstrap of LabNodeClass."""
    with lab.fault.patch(f"/apis/karpenter.lab.test/v1/labnodeclasses/{tier.CLASS}", {"spec": {"bootstrap": how}}), settling(lab):
        yield


@contextlib.contextmanager
def at_its_limit(lab: Any) -> Iterator[None]:
    """The pool has the node of somebody, and takes no more."""
    with somebodys_node(lab), lab.fault.patch(f"/apis/karpenter.sh/v1/nodepools/{tier.POOL}", {"spec": {"limits": {"cpu": str(os.cpu_count())}}}):
        yield


def seekers(lab: Any) -> list[dict[str, Any]]:
    """Pods of runs that want a node."""
    found: list[dict[str, Any]] = [p for p in lab.api("/api/v1/pods")["items"] if "assay.clusters/seeks" in (p["metadata"].get("labels") or {})]
    return found


@contextlib.contextmanager
def joined(lab: Any, name: str, annotations: dict[str, str]) -> Iterator[None]:
    """Somebody's pod on the node that comes for ours, as soon as that runs there."""
    def act() -> None:
        where = [p["spec"].get("nodeName") for p in seekers(lab)]
        if where and where[0] and not [p for p in lab.api(_PODS)["items"] if p["metadata"]["name"] == name]:
            lab.api(_PODS, "POST", manifest(name, annotations, nodeName=where[0]))

    with settling(lab):
        try:
            with meanwhile(act):
                yield
        finally:
            with contextlib.suppress(OSError):  # none of ours ran
                lab.api(f"{_PODS}/{name}", "DELETE")


@contextlib.contextmanager
def taken_off(lab: Any) -> Iterator[None]:
    """The taint manager takes our pod off the node that came for it, once: as it does where it hears late that a taint is gone."""
    taint, first = {"key": "lab.test/late", "effect": "NoExecute"}, list[tuple[str, str]]()
    mended = False

    def act() -> None:
        nonlocal mended
        there = {p["metadata"]["uid"]: p["spec"].get("nodeName") for p in seekers(lab)}
        if not first and (placed := [(uid, name) for uid, name in there.items() if name]):
            taints = lab.api(f"{NODES}/{placed[0][1]}")["spec"].get("taints") or []
            lab.api(f"{NODES}/{placed[0][1]}", "PATCH", {"spec": {"taints": [*taints, taint]}})
            first.append(placed[0])
        elif first and not mended and first[0][0] not in there:
            taints = lab.api(f"{NODES}/{first[0][1]}")["spec"].get("taints") or []
            lab.api(f"{NODES}/{first[0][1]}", "PATCH", {"spec": {"taints": [t for t in taints if t["key"] != taint["key"]] or None}})
            mended = True

    with settling(lab), meanwhile(act):
        yield
