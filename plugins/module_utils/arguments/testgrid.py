# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument specs of the modules for TestGrid."""
from __future__ import annotations

from typing import Any

# Said once for all suites, or by a suite for itself.
_OF_SUITES: dict[str, dict[str, Any]] = {
    "gcs_prefix": {"type": "str"},
    "test_group_name": {"type": "str"},
    "dashboard_name": {"type": "str"},
    "tab_name": {"type": "str"},
    "tab_description": {"type": "str"},
    "dashboard_group_name": {"type": "str"},
    "test_group": {"type": "dict"},
    "dashboard_tab": {"type": "dict"},
}
_DEFAULTS: dict[str, Any] = {"test_group_name": "{cluster}-{suite}", "tab_name": "{cluster}, {suite}"}

CONFIG: dict[str, dict[str, Any]] = {
    "config_dir": {"type": "path", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent", "validated"]},
    "file": {"type": "str", "default": "assay.yaml"},
    "default_file": {"type": "path"},
    "kubernetes_rules": {"type": "bool", "default": False},
    "clusters": {"type": "list", "elements": "str"},
    "suites": {"type": "list", "elements": "dict", "options": {"name": {"type": "str", "required": True}, **_OF_SUITES}},
    "values": {"type": "dict", "default": {}},
    **{n: {**s, **({"default": _DEFAULTS[n]} if n in _DEFAULTS else {})} for n, s in _OF_SUITES.items()},
}

PAGE: dict[str, dict[str, Any]] = {
    "config_dir": {"type": "path", "required": True},
    "default_file": {"type": "path"},
    "builds_dir": {"type": "path", "required": True},
    "dest": {"type": "path", "required": True},
    "dashboards": {"type": "list", "elements": "str", "default": []},
}
