# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument specs of publishing."""
from __future__ import annotations

from typing import Any

from .stores import STORE

PUBLISH: dict[str, dict[str, Any]] = {
    "src": {"type": "list", "elements": "path", "required": True},
    "dest": {"type": "str", "required": True},
    "cluster": {"type": "str"},
    "build_id": {"type": "str"},
    "late": {"type": "str", "default": "next", "choices": ["next", "own", "refuse"]},
    "started": {"type": "str"},
    "finished": {"type": "str"},
    "year": {"type": "int"},
    "node": {"type": "str"},
    "pull": {"type": "str"},
    "repos": {"type": "dict", "default": {}},
    "repo_commit": {"type": "str"},
    "job_version": {"type": "str"},
    "metadata": {"type": "dict", "default": {}},
    "artifacts": {"type": "list", "elements": "path", "default": []},
    "compress": {"type": "bool"},
    "read_back": {"type": "bool", "default": True},
    "attempts": {"type": "int", "default": 6},
    "timeout": {"type": "int", "default": 3600},
    **STORE,
}
