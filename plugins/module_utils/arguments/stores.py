# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument spec of a bucket of S3 or of Google, for all modules that read or write one."""
from __future__ import annotations

from typing import Any

STORE: dict[str, dict[str, Any]] = {
    "region": {"type": "str"},
    "access_key": {"type": "str", "no_log": False},
    "secret_key": {"type": "str", "no_log": True},
    "session_token": {"type": "str", "no_log": True},
    "profile": {"type": "str"},
    "endpoint_url": {"type": "str"},
    "validate_certs": {"type": "bool", "default": True},
    "service_account_file": {"type": "path", "no_log": False},
}
