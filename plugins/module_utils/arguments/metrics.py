# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument spec of the module results_metrics."""
from __future__ import annotations

from typing import Any

METRICS: dict[str, dict[str, Any]] = {
    "results_dir": {"type": "path", "required": True},
    "clusters": {"type": "list", "elements": "str", "default": []},
    "since": {"type": "str", "default": ""},
    "dest": {"type": "path"},
    "mode": {"type": "str", "default": "0644"},
    "pushgateway": {"type": "str"},
    "job": {"type": "str", "default": "assay"},
    "grouping_key": {"type": "dict", "default": {}, "no_log": False},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 30},
    "push_required": {"type": "bool", "default": False},
}
