# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument specs of the choice of images and of pulling them before they are needed."""
from __future__ import annotations

from typing import Any

from .older import older

# Which images, for image_prepull and images_info.
IMAGE_SOURCES: dict[str, dict[str, Any]] = {
    "images": {"type": "list", "elements": "str", "default": []},
    "image_files": {"type": "list", "elements": "path", "default": []},
    "manifests": {"type": "list", "elements": "str", "default": []},
    "checks": {"type": "list", "elements": "str", "default": []},
    "domains": {"type": "list", "elements": "str", "default": []},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "check_paths": {"type": "list", "elements": "path", "default": []},
    "check_images": {"type": "dict", "default": {}},
    "image_registry": {"type": "str", "default": ""},
    "rewrite": {"type": "list", "elements": "dict", "default": [], "options": {
        "from": {"type": "str", "required": True},
        "to": {"type": "str", "required": True},
    }},
    "nodes": {"type": "list", "elements": "str", "default": []},
    "selector": {"type": "str", "default": ""},
}

PREPULL: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "join_timeout": {"type": "float", "default": 0, **older("join_within")},
    "pull_policy": {"type": "str", "default": "IfNotPresent", "choices": ["IfNotPresent", "Always"]},
    "pull_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "credentials": {"type": "list", "elements": "dict", "default": [], "options": {
        "registry": {"type": "str", "required": True},
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
    }},
    "namespace": {"type": "str", "default": ""},
    "labels": {"type": "dict", "default": {}},
    "annotations": {"type": "dict", "default": {}},
    "pod_security": {"type": "str", "choices": ["restricted", "none"]},
    "per_registry": {"type": "int", "default": 10},
    "per_node": {"type": "int", "default": 2},
    "retries": {"type": "int", "default": 2},
    "min_mb_per_second": {"type": "float", "default": 5, **older("floor")},
    "pull_timeout": {"type": "float", "default": 600},
    "timeout": {"type": "float", "default": 3600},
    "helper_image": {"type": "str", "default": "docker.io/library/busybox:1.35"},
    "journal_dir": {"type": "path"},
}

IMAGES_INFO: dict[str, dict[str, Any]] = {
    "ask_cluster": {"type": "bool", "default": True},
}
