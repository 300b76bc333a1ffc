# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""On which terms we are a guest: what a cluster wants of the namespace and the pods that are made in it."""
from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..kube.errors import BadInput

# The level that the run namespace enforces, where that is wanted.
LEVELS = ("restricted", "none")
# Meshes put a sidecar into every pod of a namespace, or of all; what a probe sees would be the sidecar's. Each label and
# annotation is documented by its maker as the way to stay out, and means nothing elsewhere.
OUT_OF_MESH_LABELS = {"sidecar.istio.io/inject": "false", "istio.io/dataplane-mode": "none", "kuma.io/sidecar-injection": "disabled"}
OUT_OF_MESH = {"sidecar.istio.io/inject": "false", "linkerd.io/inject": "disabled",
               "consul.hashicorp.com/connect-inject": "false", "openservicemesh.io/sidecar-injection": "disabled"}
# OpenShift tells here which users the pods of a namespace run as: "1000680000/10000" or "1000680000-1000689999".
_USERS = "openshift.io/sa.scc.uid-range"
_GROUPS = "openshift.io/sa.scc.supplemental-groups"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SECRET = re.compile(r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/)?[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


@dataclass(frozen=True)
class Terms:
    """namespace: an existing one to work in; empty for one of our own. labels: on everything that we make;
    annotations: on our namespace and pods. pull_secrets: "namespace/name", which is copied, or with `namespace` a
    name there. pod_security: the level that our own namespace enforces, "none" for no such label."""

    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    pull_secrets: tuple[str, ...] = ()
    pod_security: str = LEVELS[0]

    def check(self) -> None:
        """BadInput for what no API server would take."""
        if self.namespace and not _NAME.fullmatch(self.namespace):
            raise BadInput(f"namespace: {self.namespace!r} is no name of a namespace")
        for reference in self.pull_secrets:
            if not _SECRET.fullmatch(reference):
                raise BadInput(f"pull_secrets: {reference!r} is not namespace/name")
            if "/" not in reference and not self.namespace:
                raise BadInput(f"pull_secrets: {reference!r} must be namespace/name, as the run makes a namespace of its own")
        for option, mapping in (("labels", self.labels), ("annotations", self.annotations)):
            for key, value in mapping.items():
                if not isinstance(value, str):
                    raise BadInput(f"{option}: the value of {key} must be text in quotes, not {value!r}")
                if key.startswith("assay.clusters/") or key == "app.kubernetes.io/managed-by":
                    raise BadInput(f"{option}: {key} is what the run knows its own objects by, and cannot be set")


@dataclass(frozen=True)
class Users:
    """Which user and which group of volumes pods run as; None where ours will do."""

    user: int | None = None
    group: int | None = None


def users_of(namespace: Mapping[str, Any]) -> Users:
    """What the annotations of a namespace say; the first number of each range."""
    told = (namespace.get("metadata") or {}).get("annotations") or {}

    def first(key: str) -> int | None:
        found = re.match(r"\s*(\d+)\s*[-/]", str(told.get(key, "")))
        return int(found[1]) if found else None

    user = first(_USERS)
    group = first(_GROUPS)
    return Users(user, user if group is None else group)


def _dress(spec: dict[str, Any], users: Users, secrets: list[str]) -> None:
    """A pod's spec, in place."""
    security = spec.setdefault("securityContext", {})
    if users.user is not None and "runAsUser" in security:
        security["runAsUser"] = users.user
    if users.group is not None and "fsGroup" in security:
        security["fsGroup"] = users.group
    if secrets:
        spec["imagePullSecrets"] = [*spec.get("imagePullSecrets", []), *({"name": s} for s in secrets)]


def fit(manifest: Mapping[str, Any], terms: Terms, own: Mapping[str, str], users: Users, secrets: list[str]) -> dict[str, Any]:
    """The manifest as this cluster wants it, our labels on it, and on the pods and claims that it makes.

    own: the run's labels, which win. secrets: names of pull secrets in the run namespace.
    """
    out = copy.deepcopy(dict(manifest))
    meta = out.setdefault("metadata", {})
    meta["labels"] = {**terms.labels, **meta.get("labels", {}), **own}
    for claim in (out.get("spec") or {}).get("volumeClaimTemplates") or ():
        claim["metadata"]["labels"] = {**terms.labels, **claim["metadata"].get("labels", {}), **own}
    pod = out if out.get("kind") == "Pod" else (out.get("spec") or {}).get("template")
    if pod is None or "spec" not in pod:
        return out
    inner = pod.setdefault("metadata", {})
    inner["labels"] = {**OUT_OF_MESH_LABELS, **terms.labels, **inner.get("labels", {}), **own}
    inner["annotations"] = {**OUT_OF_MESH, **terms.annotations, **inner.get("annotations", {})}
    _dress(pod["spec"], users, secrets)
    return out
