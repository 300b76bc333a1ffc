# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument spec of the module history."""
from __future__ import annotations

from typing import Any

from .stores import STORE

HISTORY: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "results_dir": {"type": "path"},
    "since": {"type": "str", "default": ""},
    "change": {"type": "str", "default": ""},
    "clusters": {"type": "list", "elements": "str", "default": []},
    "days": {"type": "int", "default": 14},
    "keep_days": {"type": "int", "default": 0},
    "baseline": {"type": "str", "default": "previous"},
    "gate": {"type": "bool", "default": False},
    "mode": {"type": "str", "default": "0600"},
    **STORE,
}
