# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a cluster says of itself before anything is made: version, namespace, Pod Security, quotas, image registries."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..common.volumes import amount
from ..engine.terms import Terms
from ..kube.client import Client
from ..kube.errors import ApiError

_LEVEL = "pod-security.kubernetes.io/enforce"
_SPACES = "/api/v1/namespaces"
# One probe, as module_utils/engine/probe_maker.py makes it; a test compares them.
PROBE = {"requests.cpu": "10m", "requests.memory": "32Mi", "limits.memory": "128Mi", "pods": "1"}
_ROUNDING = 1e-6
# Names of the same in a quota. https://kubernetes.io/docs/concepts/policy/resource-quotas/
_ALIASES = {"cpu": "requests.cpu", "memory": "requests.memory", "count/pods": "pods"}
# Events of pulls are looked at, no more than these; they are kept for an hour.
_EVENTS = 500
_IMAGE = re.compile(r'image "([^"\s]+)"')
# What a registry that answers says of an image that it has not.
_ANSWERED = re.compile(r"not found|manifest unknown|no match for platform", re.IGNORECASE)


def version(client: Client, timeout: float) -> str:
    return str(client.get("/version", timeout=timeout).get("gitVersion", ""))


def registry_of(reference: str) -> str:
    """The host of an image; docker.io for one without."""
    first, slash, _rest = reference.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


def own_namespace(client: Client, terms: Terms, name: str, labels: Mapping[str, str], timeout: float) -> str:
    """What is said to the namespace that a run would make, "" for nothing. It is a dry run: nothing is made."""
    level = {} if terms.pod_security == "none" else {_LEVEL: terms.pod_security}

    def made(more: Mapping[str, str]) -> None:
        meta = {"name": name, "labels": {**terms.labels, **labels, **more}, "annotations": dict(terms.annotations)}
        client.request("POST", _SPACES, params={"dryRun": "All"}, timeout=timeout,
                       body={"apiVersion": "v1", "kind": "Namespace", "metadata": meta})

    try:
        made(level)
    except ApiError as e:
        if "cannot create resource" in e.message:
            return ""  # a permission, which is told as one
        try:
            made({})  # as a run does where only some users may set the level
        except ApiError:
            return f"namespace: a run could not make its own: {e.message}"
    return ""


def given_namespace(client: Client, name: str, timeout: float) -> tuple[list[str], list[str]]:
    """(missing, notes) of an existing namespace to work in."""
    try:
        found = client.get(f"{_SPACES}/{name}", timeout=timeout)
    except ApiError as e:
        if e.status == 404:
            return [f"namespace: {name} is not there; validate_namespace names an existing one"], []
        return [], [f"namespace: {name} could not be looked at: {e.message}"]
    level = ((found.get("metadata") or {}).get("labels") or {}).get(_LEVEL, "")
    return [], [f"Pod Security: {name} enforces {level or 'nothing'}; probes fit restricted"]


def _number(quantity: Any) -> float:
    """Of cores or bytes; 0 for what is none."""
    text = str(quantity)
    return (amount(text[:-1]) or 0.0) / 1000 if text.endswith("m") else amount(text) or 0.0


def _spare(quota: Mapping[str, Any], nodes: int) -> list[str]:
    """What a quota has too little of."""
    status = quota.get("status") or {}
    name, used, short = quota["metadata"]["name"], status.get("used") or {}, []
    for key, hard in (status.get("hard") or {}).items():
        each = PROBE.get(_ALIASES.get(key, key))
        if not each:
            continue
        there = used.get(key, "0")
        if _number(hard) - _number(there) < _number(each) * nodes - _ROUNDING:
            short.append(f"quota: {name} allows {hard} of {key}, {there} are used, and {nodes} probes want {each} each")
    return short


def quotas(client: Client, namespace: str, nodes: int, timeout: float) -> tuple[list[str], list[str]]:
    """(missing, notes) for one probe on each of so many nodes."""
    base = f"{_SPACES}/{namespace}"
    try:
        found = client.get(f"{base}/resourcequotas", timeout=timeout).get("items") or []
        plain = [q for q in found if not (q.get("spec") or {}).get("scopes") and not (q.get("spec") or {}).get("scopeSelector")]
        missing = [line for q in plain for line in _spare(q, nodes)]
        limits = [q["metadata"]["name"] for q in plain if "limits.cpu" in ((q.get("status") or {}).get("hard") or {})]
        ranges = client.get(f"{base}/limitranges", timeout=timeout).get("items") or [] if limits else []
    except ApiError as e:
        return [], [f"quotas of {namespace} could not be looked at: {e.message}"]
    given = any("cpu" in (one.get("default") or {}) for r in ranges for one in (r.get("spec") or {}).get("limits") or ())
    if limits and not given:
        missing.append(f"quota: {limits[0]} wants limits.cpu of every pod, probes have none, and no LimitRange gives a default")
    return missing, []


def _moment(event: Mapping[str, Any]) -> str:
    made = (event.get("metadata") or {}).get("creationTimestamp")
    return str(event.get("lastTimestamp") or event.get("eventTime") or made or "")


def _pulls(client: Client, reason: str, timeout: float) -> dict[str, tuple[str, str]]:
    """{registry: (moment, text) of the last pull that ended so}."""
    found: dict[str, tuple[str, str]] = {}
    params = {"fieldSelector": f"reason={reason},involvedObject.kind=Pod", "limit": str(_EVENTS)}
    for event in client.get("/api/v1/events", params=params, timeout=timeout).get("items") or ():
        text = " ".join(str(event.get("message", "")).split())
        image = _IMAGE.search(text)
        if image and "pull" in text.lower() and not _ANSWERED.search(text):
            place = registry_of(image[1])
            found[place] = max(found.get(place, ("", "")), (_moment(event), text))
    return found


def registries(client: Client, images: Mapping[str, str], left: Callable[[], float]) -> tuple[list[str], list[str]]:
    """(missing, notes): registries of these images whose last pull failed, as events tell."""
    try:
        failed = _pulls(client, "Failed", left())
        pulled = _pulls(client, "Pulled", left()) if failed else {}
    except ApiError as e:
        return [], [f"events could not be looked at, so nothing is known of image registries: {e.message}"]
    ours = {registry_of(reference) for reference in images.values()}
    return [f"image registry: the last pull from {place} failed: {failed[place][1][:200]}"
            for place in sorted(ours & set(failed)) if failed[place][0] >= pulled.get(place, ("", ""))[0]], []
