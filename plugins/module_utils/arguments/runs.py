# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument specs of runs of tests that others left."""
from __future__ import annotations

from typing import Any

RESULTS_INFO: dict[str, dict[str, Any]] = {
    "paths": {"type": "list", "elements": "path", "required": True},
    "version": {"type": "str", "default": ""},
    "year": {"type": "int", "default": 0},
    "tests": {"type": "str", "default": "bad", "choices": ["none", "bad", "ran", "all"]},
    "limit": {"type": "int", "default": 1000},
}
