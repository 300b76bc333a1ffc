# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which autoscaler adds nodes to a cluster: Karpenter by its NodePools, the Cluster Autoscaler by its Deployment or its status."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...engine.declared import Option, Permission
from ...engine.errors import Inconclusive
from ...kube.errors import ApiError
from ...kube.reading import stamp_of
from .._shared.text import listed

if TYPE_CHECKING:
    from ...engine.context import Context

OPTION = Option("autoscaler", "Who adds nodes. C(auto) finds Karpenter by its NodePools, the Cluster Autoscaler by its Deployment or its "
                "status in kube-system; C(other) is one that shows neither.", default="auto",
                choices=("auto", "karpenter", "cluster_autoscaler", "other"))
STATUS = "cluster-autoscaler-status"
PERMISSIONS = (
    Permission(("list",), ("nodepools", "nodeclaims"), "karpenter.sh", optional=True, everywhere=True),
    Permission(("list",), ("deployments",), "apps", optional=True, everywhere=True),
    Permission(("get",), ("configmaps",), names=(STATUS,), optional=True, everywhere=True),
)
_VERSIONS = ("v1", "v1beta1")
_SELECTORS = {
    "karpenter": ("app.kubernetes.io/name=karpenter",),
    "cluster_autoscaler": ("app.kubernetes.io/name in (cluster-autoscaler,aws-cluster-autoscaler,clusterapi-cluster-autoscaler,"
                           "azure-cluster-autoscaler,magnum-cluster-autoscaler)",
                           "k8s-app=cluster-autoscaler", "app=cluster-autoscaler"),
}
# Karpenter as a service: who runs it, by the group of its node classes. Nobody sees a pod of it.
_SERVED = {"eks.amazonaws.com": "EKS Auto Mode", "karpenter.azure.com": "node auto-provisioning of AKS"}
WORDS = {"karpenter": "Karpenter", "cluster_autoscaler": "the Cluster Autoscaler", "other": "the autoscaler"}
# Seconds after which a status that is written every 10 s is an old one.
_OLD = 180.0
_UPDATED = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)? ?(?:([+-]\d\d):?(\d\d)|Z)?")


@dataclass(frozen=True)
class Autoscaler:
    """kind: karpenter, cluster_autoscaler or other. words: as messages call it. workload: its Deployment; None where none is seen.
    pools: NodePools of Karpenter. version: of its API. status: the Cluster Autoscaler's ConfigMap."""

    kind: str
    words: str
    workload: dict[str, Any] | None = None
    pools: tuple[dict[str, Any], ...] = ()
    version: str = "v1"
    status: dict[str, Any] | None = None


def template_of(pool: Mapping[str, Any]) -> dict[str, Any]:
    """The spec of the nodes that a NodePool makes."""
    found: dict[str, Any] = ((pool.get("spec") or {}).get("template") or {}).get("spec") or {}
    return found


class _Look:
    """Reads what may be hidden, and remembers what was."""

    def __init__(self, ctx: Context):
        self.ctx, self.hidden = ctx, list[str]()
        self.refusal: ApiError | None = None

    def get(self, what: str, path: str, **params: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self.ctx.client.quiet.get(path, params=params or None)
            return found
        except ApiError as e:
            if e.status != 404:
                self.refusal = self.refusal or e
                self.hidden += [what] if what not in self.hidden else []
            return None

    def pools(self) -> tuple[str, list[dict[str, Any]]]:
        for version in _VERSIONS:
            found = self.get("NodePools", f"/apis/karpenter.sh/{version}/nodepools")
            if found is not None:
                return version, found.get("items") or []
        return _VERSIONS[0], []

    def workload(self, kind: str) -> dict[str, Any] | None:
        for selector in _SELECTORS.get(kind, ()):
            found = (self.get("Deployments", "/apis/apps/v1/deployments", labelSelector=selector) or {}).get("items") or []
            if found:
                return dict(found[0])
        return None


def find(ctx: Context) -> Autoscaler:
    """The one that is there, or that the option names. Skipped without one, inconclusive where it may be hidden from us."""
    look = _Look(ctx)
    found = _find(str(ctx.options.get("autoscaler") or "auto"), look)
    if found:
        return found
    if look.refusal:
        raise Inconclusive(f"whether there is an autoscaler could not be seen, as our user could not read {listed(look.hidden)}; name "
                           f"it in scaling_check_autoscaler: {look.refusal.message}") from look.refusal
    ctx.skip("the cluster has neither a NodePool of Karpenter nor a Cluster Autoscaler; name another one by "
             "scaling_check_autoscaler: other")


def _find(wanted: str, look: _Look) -> Autoscaler | None:
    if wanted == "other":
        return Autoscaler("other", WORDS["other"])
    if wanted in ("auto", "karpenter"):
        version, pools = look.pools()
        if pools or wanted == "karpenter":
            classes = {str((template_of(p).get("nodeClassRef") or {}).get("group")) for p in pools}
            words = next((_SERVED[g] for g in sorted(classes & set(_SERVED))), WORDS["karpenter"])
            return Autoscaler("karpenter", words, look.workload("karpenter"), tuple(pools), version)
    workload = look.workload("cluster_autoscaler")
    status = look.get("the status of the Cluster Autoscaler", f"/api/v1/namespaces/kube-system/configmaps/{STATUS}")
    if workload or status or wanted == "cluster_autoscaler":
        return Autoscaler("cluster_autoscaler", WORDS["cluster_autoscaler"], workload, status=status)
    return None


def runs(ctx: Context, who: Autoscaler) -> None:
    """That its pods are there, or that its status is of now; nothing is said where neither is seen."""
    if who.workload:
        space, name = who.workload["metadata"]["namespace"], who.workload["metadata"]["name"]
        ctx.touches("Deployment", name, space)
        there = (who.workload.get("status") or {}).get("availableReplicas") or 0
        wanted = (who.workload.get("spec") or {}).get("replicas")
        ctx.see(kind="autoscaler", ok=bool(there), target=f"deployment/{space}/{name}", variant="running",
                error="" if there else f"deployment {space}/{name} has no available pod, of {wanted} that are wanted")
        ctx.expect(there, f"{who.words} does not run: Deployment {space}/{name} has no available pod")
    if who.status:
        age = _age(ctx, who.status)
        if age is not None:
            old = age > _OLD
            ctx.see(kind="autoscaler", ok=not old, target=f"configmap/kube-system/{STATUS}", variant="running",
                    error=f"ConfigMap kube-system/{STATUS} was last written {age:.0f} s ago" if old else "")
            ctx.expect(not old, f"{who.words} does not run: its status was last written {age:.0f} s ago")


def _age(ctx: Context, status: dict[str, Any]) -> float | None:
    """Seconds since the status was written, by its annotation and the API server's clock."""
    told = (status["metadata"].get("annotations") or {}).get("cluster-autoscaler.kubernetes.io/last-updated", "")
    found = _UPDATED.search(told)
    if not found:
        return None
    zone = f"{found[3]}:{found[4]}" if found[3] else "+00:00"
    written = stamp_of(f"{found[1]}T{found[2]}{zone}")
    return max(0.0, float(ctx.client.raw.now()) - written) if written else None
