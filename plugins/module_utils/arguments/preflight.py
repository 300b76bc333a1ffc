# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument spec of module preflight, besides those of the connection and of the choice of checks."""
from __future__ import annotations

from typing import Any

from .cluster import RBAC
from .platforms import CLUSTER_PLATFORM

PREFLIGHT: dict[str, dict[str, Any]] = {
    "optional": {**RBAC["optional"]},
    "platform": {"type": "str", "choices": CLUSTER_PLATFORM["platform"]["choices"]},
    "platform_settings": {"type": "dict", "default": {}},
    "machines": {"type": "dict", "default": {}},
    "ask": {"type": "bool", "default": True},
    "gate": {"type": "bool", "default": True},
    "timeout": {"type": "float", "default": 5},
}
