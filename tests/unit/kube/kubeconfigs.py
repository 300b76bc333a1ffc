# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kubeconfigs for tests, and what goes into them."""
from __future__ import annotations

import base64
from pathlib import Path
from typing import Any


def config(*names: str, current: str = "", user: Any = None, cluster: dict[str, Any] | None = None) -> dict[str, Any]:
    """A kubeconfig with one cluster, user and context of each name."""
    return {"apiVersion": "v1", "kind": "Config", "current-context": current,
            "clusters": [{"name": n, "cluster": {"server": f"https://{n}:6443", **(cluster or {})}} for n in names],
            "users": [{"name": n, "user": {"token": f"token-of-{n}"} if user is None else user} for n in names],
            "contexts": [{"name": n, "context": {"cluster": n, "user": n}} for n in names]}


def coded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
