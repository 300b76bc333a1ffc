# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument spec of the module results_coverage."""
from __future__ import annotations

from typing import Any

from .stores import STORE

COVERAGE: dict[str, dict[str, Any]] = {
    "plan": {"type": "path", "required": True},
    "checks": {"type": "dict", "default": {}},
    "ci_files": {"type": "list", "elements": "path", "default": []},
    "results_dir": {"type": "path"},
    "since": {"type": "str", "default": ""},
    "clusters": {"type": "list", "elements": "str", "default": []},
    "history": {"type": "path"},
    "days": {"type": "int", "default": 14},
    "gate_percent": {"type": "float"},
    "dest": {"type": "path"},
    "badge": {"type": "path"},
    **STORE,
}
