# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument spec of submissions to the CNCF."""
from __future__ import annotations

from typing import Any

_PRODUCT = ("vendor", "name", "version", "type", "description", "website_url", "documentation_url", "contact_email_address",
            "repo_url", "product_logo_url")

SUBMISSION: dict[str, dict[str, Any]] = {
    "src": {"type": "list", "elements": "path", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "validated"]},
    "dest": {"type": "path"},
    "product": {"type": "dict", "options": {n: {"type": "str"} for n in _PRODUCT}},
    "product_dir": {"type": "str"},
    "kubernetes_version": {"type": "str", "default": ""},
    "server_version": {"type": "str", "default": ""},
    "latest_version": {"type": "str", "default": ""},
    "conformance_yaml": {"type": "path"},
    "title": {"type": "str", "default": ""},
    "readme": {"type": "path"},
    "steps": {"type": "list", "elements": "str", "default": []},
    "test_steps": {"type": "list", "elements": "str", "default": []},
}
SUBMISSION_IF = (("state", "present", ("dest", "product", "product_dir", "conformance_yaml")),)
