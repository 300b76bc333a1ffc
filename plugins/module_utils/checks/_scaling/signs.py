# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an autoscaler says and does for a pod that waits: its events, Karpenter's NodeClaims, and nodes that come."""
from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from ...common.nodes import condition
from ...engine.errors import StepFailed
from .._shared.optional import optional_get
from .._shared.tellers import teller
from .who import STATUS

if TYPE_CHECKING:
    from ...engine.context import Context
    from .who import Autoscaler

# Reasons of events by which it says that a node is to come, and by which it says why not: of the Cluster Autoscaler, of Karpenter.
_DECIDED = ("TriggeredScaleUp", "Nominated")
_REFUSED = ("NotTriggerScaleUp", "FailedScaleUp", "FailedScheduling", "InsufficientCapacityError", "NodeClassNotReady",
            "NoCompatibleInstanceTypes")
_OTHERS = ("default-scheduler", "kubelet")
_STATUS_REF = f"kube-system/{STATUS}"
# What a cloud refused, in the status of the Cluster Autoscaler: nodeGroups[].scaleUp.backoffInfo.
_BACKOFF = re.compile(r"^\s*errorMessage:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
# Seconds between two looks at what takes minutes.
_LOOK = 2.0
# The steps of a NodeClaim in their order.
STAGES = ("Launched", "Registered", "Initialized")


def within(ctx: Context, seconds: float, function: Callable[[], Any]) -> bool:
    """Whether function() becomes true within that time; what it fails with goes on."""
    failed: list[StepFailed] = []

    def asked() -> Any:
        try:
            return function()
        except StepFailed as e:
            failed.append(e)
            return True

    try:
        told = bool(ctx.until(asked, "", max(0.0, seconds), _LOOK))
    except StepFailed:
        return False
    if failed:
        raise failed[0]
    return told


def _when(event: dict[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")


def line(event: dict[str, Any]) -> str:
    return f"{event.get('reason')}: {event.get('message')}"


def events(ctx: Context, namespace: str, **fields: str) -> list[dict[str, Any]] | None:
    """Events about one object, the newest last; None where we may not see them."""
    selector = ",".join(f"involvedObject.{k}={v}" for k, v in fields.items())
    found = optional_get(ctx, f"/api/v1/namespaces/{namespace}/events", {"fieldSelector": selector})
    return None if found is None else sorted((e for e in found.get("items") or () if e.get("message")), key=_when)


def stage(claim: dict[str, Any]) -> str:
    """The step that a NodeClaim does not get beyond, with its words; empty for one that is done."""
    for name in STAGES:
        c = condition(claim, name)
        if c.get("status") != "True":
            return f"{name}={c.get('status', 'unknown')} {c.get('reason', '')}: {c.get('message', '')}".rstrip(": ")
    return ""


class Signs:
    """Of one pod. before: names of NodeClaims that were there."""

    def __init__(self, ctx: Context, who: Autoscaler, pod: str, before: Collection[str]):
        self.ctx, self.who, self.pod, self.before = ctx, who, pod, frozenset(before)
        self.said: list[dict[str, Any]] = []
        # Whether we may not see what it says; then what it makes meanwhile is taken for what it makes for us.
        self.blind = False
        self.claims: dict[str, dict[str, Any]] = {}

    def look(self) -> None:
        told = events(self.ctx, self.ctx.namespace, name=self.pod)
        self.blind = told is None
        self.said = [e for e in told or () if teller(e) not in _OTHERS]
        if self.who.kind == "karpenter":
            for claim in claims(self.ctx, self.who) or ():
                if claim["metadata"]["name"] not in self.before and self._ours(claim):
                    self.claims[claim["metadata"]["name"]] = claim

    def _ours(self, claim: dict[str, Any]) -> bool:
        """Whether it is the one on which our pod is to run, as its event says."""
        return self.blind or any(e.get("reason") == "Nominated" and f"nodeclaim/{claim['metadata']['name']}" in _words(e) for e in self.said)

    @property
    def decided(self) -> bool:
        """Whether a node is on its way; a claim whose machine the cloud does not start is none yet."""
        if self.claims:
            return any(condition(c, "Launched").get("status") == "True" for c in self.claims.values())
        # Karpenter names the claim in the moment in which it makes it; of one that we may not see, its word is all there is.
        return self._no_claims and any(e.get("reason") in _DECIDED for e in self.said)

    @property
    def _no_claims(self) -> bool:
        return self.who.kind != "karpenter" or claims(self.ctx, self.who) is None

    @property
    def unseen(self) -> bool:
        """Whether a decision could not be seen by us."""
        return self.who.kind == "other" or self.blind and self._no_claims

    def why_not(self) -> list[tuple[str, str]]:
        """(object, words) of all that it says why no node comes, the newest last."""
        out = [(f"pod/{self.ctx.namespace}/{self.pod}", line(e)) for e in self.said if e.get("reason") in _REFUSED]
        names = {*self.claims, *(w.partition("nodeclaim/")[2] for e in self.said for w in _words(e) if w.startswith("nodeclaim/"))}
        for name in sorted(names):
            told = events(self.ctx, "default", kind="NodeClaim", name=name) or ()
            out += [(f"nodeclaim/{name}", line(e)) for e in told if e.get("reason") in _REFUSED]
        out += [(f"nodeclaim/{n}", stage(c)) for n, c in self.claims.items() if stage(c)]
        for pool in (claims(self.ctx, self.who, "nodepools") or ()) if self.who.kind == "karpenter" and not self.claims else ():
            ready = condition(pool, "Ready")
            if ready and ready.get("status") != "True":
                words = f"Ready={ready.get('status')} {ready.get('reason')}: {ready.get('message', '')}"
                out.append((f"nodepool/{pool['metadata']['name']}", words))
        if self.who.kind == "cluster_autoscaler":
            out += [(f"configmap/{_STATUS_REF}", words) for words in status_says(self.ctx)]
        return list(dict.fromkeys(out))


def status_says(ctx: Context) -> list[str]:
    """Of the groups of nodes that the Cluster Autoscaler lets alone for a while: what the cloud said."""
    found = optional_get(ctx, f"/api/v1/namespaces/kube-system/configmaps/{STATUS}") or {}
    text = str((found.get("data") or {}).get("status") or "")
    return [f"Backoff: {words}" for words in dict.fromkeys(_BACKOFF.findall(text))]


def _words(event: dict[str, Any]) -> list[str]:
    return str(event.get("message")).replace(",", " ").split()


def claims(ctx: Context, who: Autoscaler, plural: str = "nodeclaims") -> list[dict[str, Any]] | None:
    """Karpenter's NodeClaims or NodePools; None where we may not see them."""
    found = optional_get(ctx, f"/apis/karpenter.sh/{who.version}/{plural}")
    return None if found is None else list(found.get("items") or ())
