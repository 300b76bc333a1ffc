# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets that kubelets log in to registries with."""
from __future__ import annotations

import base64
from typing import Any

from .client import Verbs
from .errors import ApiError, BadInput
from .json_text import json_of
from .kinds import path_of

# Type of the Secret -> the key that its data must have.
TYPES = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", "kubernetes.io/dockercfg": ".dockercfg"}
# What Docker's own configuration says instead of a password; only the machine where it was written can follow it.
_ELSEWHERE = ("credsStore", "credHelpers")


def _why_empty(kind: str, data: str) -> str:
    """Why a kubelet finds no log-in in it; empty where it does, or where we cannot tell."""
    try:
        told: Any = json_of(base64.b64decode(data))
    except ValueError:
        return "it is not JSON"
    if not isinstance(told, dict):
        return "it is not a mapping"
    entries = told.get("auths") if kind == "kubernetes.io/dockerconfigjson" else told
    logins = entries.values() if isinstance(entries, dict) else ()
    if any(isinstance(e, dict) and (e.get("auth") or e.get("username") or e.get("identitytoken")) for e in logins):
        return ""
    elsewhere = next((k for k in _ELSEWHERE if told.get(k)), "")
    return f"it only says {elsewhere}, which works on the machine where it was written" if elsewhere else "it names no registry with a log-in"


def read(client: Verbs, namespace: str, name: str) -> tuple[str, dict[str, str]]:
    """(type, data in base64) of a pull secret. BadInput where it is none, ApiError where it cannot be read."""
    try:
        found = client.get(path_of("v1", "Secret", namespace, name))
    except ApiError as e:
        if e.status != 404:
            raise
        raise BadInput(f"pull_secrets: there is no Secret {name} in namespace {namespace}") from None
    kind = found.get("type", "")
    key = TYPES.get(kind)
    if key is None or key not in (found.get("data") or {}):
        raise BadInput(f"pull_secrets: Secret {namespace}/{name} is of type {kind}, which is no pull secret; it must be one of "
                       f"{', '.join(TYPES)}")
    if why := _why_empty(kind, found["data"][key]):
        raise BadInput(f"pull_secrets: Secret {namespace}/{name} holds no credentials: {why}")
    return kind, {key: found["data"][key]}
