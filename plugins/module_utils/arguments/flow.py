# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument specs of the flow around the checks: stages, what they hand on, the lease."""
from __future__ import annotations

from typing import Any

# How a stage of a pipeline went.
STAGE: dict[str, dict[str, Any]] = {
    "results_dir": {"type": "path", "required": True},
    "stage": {"type": "str", "required": True},
    "verdict": {"type": "str", "choices": ["passed", "warned", "failed", "skipped", "inconclusive"]},
    "msg": {"type": "str", "default": ""},
    "of_checks": {"type": "bool", "default": False},
    "checks_dir": {"type": "path"},
    "allow_inconclusive": {"type": "bool", "default": False},
    "allow_skipped": {"type": "bool", "default": False},
    "started": {"type": "float"},
    "seconds": {"type": "float"},
    "cause": {"type": "str", "default": ""},
    "scope": {"type": "list", "elements": "str", "default": []},
    "evidence": {"type": "list", "elements": "str", "default": []},
    "leftovers": {"type": "list", "elements": "str", "default": []},
    "measurements": {"type": "list", "elements": "dict", "default": [], "options": {
        "name": {"type": "str", "required": True},
        "value": {"type": "float", "required": True},
        "unit": {"type": "str", "default": ""},
    }},
    "run_id": {"type": "str", "default": ""},
    "cluster": {"type": "str"},
}

# Which stages run, and what they hand on.
PIPELINE_STATE: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "default": "kept", "choices": ["begun", "kept", "ended", "guarded"]},
    "results_dir": {"type": "path", "required": True},
    "cluster": {"type": "str", "required": True},
    "skip": {"type": "list", "elements": "str", "default": []},
    "start_at": {"type": "str", "default": ""},
    "unset": {"type": "dict", "default": {}},
    "destructive": {"type": "list", "elements": "str", "default": []},
    "disposable": {"type": "bool", "default": False},
    "run_id": {"type": "str", "default": ""},
    "values": {"type": "dict", "default": {}},
}

LEASE: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "default": "present", "choices": ["present", "renewed", "absent"]},
    "holder": {"type": "str", "required": True},
    "reason": {"type": "str", "default": ""},
    "duration": {"type": "float", "default": 900},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 3600},
    "heartbeat": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "backend": {"type": "str", "default": "cluster", "choices": ["cluster", "file"]},
    "name": {"type": "str", "default": "assay"},
    "namespace": {"type": "str", "default": "default"},
    "path": {"type": "path"},
}
