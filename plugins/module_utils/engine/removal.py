# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How what is to go is looked at: patiently, and named with what holds it."""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ..common.volumes import reclaim_policy
from ..kube.client import Client
from ..kube.errors import ApiError

# Seconds until an API server that did not take a request is asked again, and between looks at what is to go.
AGAIN, LOOK = 0.5, 0.4
# Conditions by which the controller of namespaces says what is in its way.
STUCK = ("NamespaceDeletionDiscoveryFailure", "NamespaceDeletionContentFailure", "NamespaceContentRemaining",
         "NamespaceFinalizersRemaining", "NamespaceDeletionGroupVersionParsingFailure")


def get(client: Client, path: str) -> dict[str, Any] | None:
    """The object, None where there is none."""
    try:
        return client.get(path, timeout=10.0)
    except ApiError as e:
        if e.status == 404:
            return None
        raise


def listed(client: Client, path: str, params: Any = None, **more: Any) -> list[dict[str, Any]]:
    """The objects of a list; none where there is none, or it is not ours to see. params, more: as the client's list has them."""
    try:
        return list(client.list(path, params, **more).items)
    except ApiError as e:
        if e.status in (403, 404):
            return []
        raise


def patiently(call: Callable[[], Any], deadline: float) -> Any:
    """call() until the API server takes it: clean-up outlasts a restart of the API server."""
    while True:
        try:
            return call()
        except ApiError as e:
            if e.status in (400, 401, 403, 404, 405, 409, 422) or time.monotonic() > deadline:
                raise
            time.sleep(AGAIN)


def stuck(item: Mapping[str, Any]) -> dict[str, str]:
    """What the controller of namespaces says is in its way: message by condition."""
    return {c["type"]: c.get("message", "") for c in (item.get("status") or {}).get("conditions") or []
            if c["type"] in STUCK and c["status"] == "True"}


def describe(kind: str, item: Mapping[str, Any]) -> str:
    """Kind/name and what blocks it, in the cluster's own words."""
    meta, spec = item["metadata"], item.get("spec") or {}
    name = f"{kind.lower()}/{meta.get('namespace', '') + '/' if meta.get('namespace') else ''}{meta['name']}"
    why = [f"{condition}: {message}" for condition, message in stuck(item).items()]
    held = [*meta.get("finalizers", []), *spec.get("finalizers", [])]
    if kind.lower() == "persistentvolume" and reclaim_policy(item) == "Retain":
        why = ["kept by its reclaim policy Retain"]
    elif not why and held:
        why = [f"held by finalizer {', '.join(held)}"]
    return f"{name} ({'; '.join(why)})" if why else name
