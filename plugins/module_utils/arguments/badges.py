# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument spec of the module results_badges."""
from __future__ import annotations

from typing import Any

BADGES: dict[str, dict[str, Any]] = {
    "results_dir": {"type": "path", "required": True},
    "dest": {"type": "path", "required": True},
    "clusters": {"type": "list", "elements": "str", "default": []},
    "since": {"type": "str", "default": ""},
}
