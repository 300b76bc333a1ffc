# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every kind that an API server can list, from its discovery documents.

One document tells all since Kubernetes 1.26 (aggregated discovery, KEP 3352); older servers have one per group. A group
whose server is away is told by both: it may hold something.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..kube.client import Client
from ..kube.errors import ApiError

_AGGREGATED = ",".join([f"application/json;g=apidiscovery.k8s.io;v={v};as=APIGroupDiscoveryList" for v in ("v2", "v2beta1")]
                       + ["application/json"])
# Measurements and reviews are answers, not objects; events go by themselves; component status is not stored.
_SKIPPED_GROUPS = {"metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io", "authorization.k8s.io",
                   "authentication.k8s.io", "events.k8s.io"}
_SKIPPED = {"Event", "ComponentStatus"}


@dataclass(frozen=True)
class Kind:
    """group_version: "v1" or "apps/v1"; plural: as in paths; stale: its server does not answer, so it cannot be listed."""

    group_version: str
    kind: str
    plural: str
    namespaced: bool
    stale: bool = False

    @property
    def group(self) -> str:
        return self.group_version.rpartition("/")[0]

    def path(self, namespace: str = "") -> str:
        base = f"/apis/{self.group_version}" if "/" in self.group_version else f"/api/{self.group_version}"
        return f"{base}/namespaces/{namespace}/{self.plural}" if namespace else f"{base}/{self.plural}"


def kinds(client: Client) -> list[Kind]:
    """Those that can be listed, each in the version that its group prefers."""
    found: list[Kind] = []
    for path in ("/api", "/apis"):
        answer = client.request("GET", path, headers={"Accept": _AGGREGATED})
        if answer.get("kind") == "APIGroupDiscoveryList":
            found += _aggregated(answer)
        else:
            found += [k for version in _versions(answer) for k in _single(client, version)]
    return [k for k in found if k.group not in _SKIPPED_GROUPS and k.kind not in _SKIPPED]


def _aggregated(answer: dict[str, Any]) -> Iterator[Kind]:
    for group in answer.get("items") or []:
        name = group["metadata"].get("name", "")
        seen = set()
        for version in group.get("versions") or []:  # the preferred one is the first
            full, stale = f"{name}/{version['version']}" if name else version["version"], version.get("freshness") == "Stale"
            if stale and not version.get("resources"):
                yield Kind(full, "*", "*", False, stale=True)
            for r in version.get("resources") or []:
                if "list" in r["verbs"] and r["resource"] not in seen:
                    seen.add(r["resource"])
                    yield Kind(full, r["responseKind"]["kind"], r["resource"], r["scope"] == "Namespaced", stale)


def _versions(answer: dict[str, Any]) -> list[str]:
    """Of the older documents: APIVersions and APIGroupList."""
    return [*(answer.get("versions") or []), *(g["preferredVersion"]["groupVersion"] for g in answer.get("groups") or [])]


def _single(client: Client, version: str) -> Iterator[Kind]:
    try:
        answer = client.get(f"/apis/{version}" if "/" in version else f"/api/{version}")
    except ApiError as e:
        if e.kind != "http":
            raise
        yield Kind(version, "*", "*", False, stale=True)
        return
    for r in answer.get("resources") or []:
        if "list" in r["verbs"] and "/" not in r["name"]:
            yield Kind(version, r["kind"], r["name"], r["namespaced"])
