# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects of an API server as things that may be left: listed by their metadata alone, with what holds them."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..jobs.errors import PlatformError
from ..kube import reviews
from ..kube.errors import ApiError
from .kinds import Kind
from .model import DEPENDENCY, FINALIZER, PERMISSION, Thing, owner_of, refused

_META = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"}


def listed(client: Any, provider: str, kind: Kind, selector: str = "", namespace: str = "") -> list[dict[str, Any]] | Thing:
    """Metadata of all of a kind, or the Thing that tells why they cannot be listed."""
    if kind.stale:
        return Thing(provider, f"{kind.kind} of {kind.group_version}", "", cause=DEPENDENCY, detail="cannot be listed, "
                     f"so what is left of it is unknown: the server of {kind.group_version} is away")
    items: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": 500, **({"labelSelector": selector} if selector else {})}
    try:
        while True:
            answer = client.request("GET", kind.path(namespace), params=params, headers=_META)
            items += answer.get("items") or []
            params["continue"] = (answer.get("metadata") or {}).get("continue")
            if not params["continue"]:
                return items
    except ApiError as e:
        if e.status == 403:
            return refused(provider, kind.kind, e.message)
        if e.status in (404, 405):  # a kind that was just removed, or that is listed one by one
            return items
        if e.kind == "http":
            return Thing(provider, kind.kind, "", cause=DEPENDENCY,
                         detail=f"cannot be listed, so what is left of it is unknown: {e.message}")
        raise PlatformError(f"{client.server}: {e}") from None


def thing(provider: str, kind: Kind, item: Mapping[str, Any]) -> Thing:
    """With the finalizer that holds it, where it is being deleted."""
    meta = item["metadata"]
    held = meta.get("finalizers") or []
    stuck = bool(meta.get("deletionTimestamp") and held)
    detail = f"held by finalizer {', '.join(held)}" if stuck else "it is being deleted" if meta.get("deletionTimestamp") else ""
    return Thing(provider, kind.kind, meta["uid"], "/".join(filter(None, (meta.get("namespace"), meta["name"]))),
                 str(meta.get("creationTimestamp") or ""), owner_of(meta.get("labels") or {}), FINALIZER if stuck else "", detail)


def permitted(client: Any, things: Iterable[Thing], kinds: Iterable[Kind]) -> list[Thing]:
    """What nothing holds, and this user may not delete, is there for that reason."""
    may: dict[tuple[str, str], bool] = {}
    plural, out = {k.kind: k for k in kinds}, []
    for t in things:
        kind = plural.get(t.kind)
        if t.id and not t.cause and kind:
            space = t.name.partition("/")[0] if kind.namespaced else ""
            key = (kind.kind, space)
            if key not in may:
                may[key] = reviews.may(client, "delete", kind.plural, kind.group, space)
            if not may[key]:
                where = f" in {space}" if space else ""
                t = replace(t, cause=PERMISSION, detail=f"this user may not delete {kind.plural}{where}")
        out.append(t)
    return out
