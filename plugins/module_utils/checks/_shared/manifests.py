# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pod settings that satisfy the restricted Pod Security level."""
from __future__ import annotations

from typing import Any

# "nobody" in every image; volumes get it as their group.
USER = 65534


def pod_security(fs_group: bool = False) -> dict[str, Any]:
    """securityContext of a pod."""
    context: dict[str, Any] = {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER,
                               "seccompProfile": {"type": "RuntimeDefault"}}
    if fs_group:
        context |= {"fsGroup": USER, "fsGroupChangePolicy": "OnRootMismatch"}
    return context


def container_security() -> dict[str, Any]:
    """securityContext of a container."""
    return {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def service(name: str, selector: dict[str, str], ports: list[dict[str, Any]], **spec: Any) -> dict[str, Any]:
    """A Service in the run namespace."""
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": selector, "ports": ports, **spec}}
