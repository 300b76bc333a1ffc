# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument spec of running the conformance tests."""
from __future__ import annotations

from typing import Any

CONFORMANCE: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "run_id": {"type": "str", "default": ""},
    "results_dir": {"type": "path"},
    "image": {"type": "str", "default": ""},
    "image_registry": {"type": "str", "default": ""},
    "output_image": {"type": "str", "default": "docker.io/library/busybox:1.35"},
    "pull_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "node_selector": {"type": "dict", "default": {}},
    "focus": {"type": "str", "default": r"\[Conformance\]"},
    "skip": {"type": "str", "default": ""},
    "parallel": {"type": "int", "default": 1},
    "dry_run": {"type": "bool", "default": False},
    "extra_args": {"type": "list", "elements": "str", "default": []},
    "extra_ginkgo_args": {"type": "list", "elements": "str", "default": []},
    "test_repo": {"type": "str", "default": ""},
    "test_repo_list": {"type": "dict", "default": {}},
    "rerun_failed": {"type": "int", "default": 0},
    "allow_flakes": {"type": "bool", "default": False},
    "diagnose": {"type": "bool", "default": True},
    "checks": {"type": "list", "elements": "str", "default": []},
    "domains": {"type": "list", "elements": "str", "default": ["control_plane", "dns", "network", "nodes", "storage"]},
    "exclude": {"type": "list", "elements": "str", "default": ["audit_log"]},
    "check_variables": {"type": "dict", "default": {}},
    "start_timeout": {"type": "float", "default": 600},
    "timeout": {"type": "float", "default": 14400},
    "cleanup_timeout": {"type": "float", "default": 300},
    "journal_dir": {"type": "path"},
}
