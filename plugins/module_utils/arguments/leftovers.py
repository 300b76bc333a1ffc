# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The argument spec of the search for what is left over."""
from __future__ import annotations

from typing import Any

from .machines import MACHINES_VSPHERE, MANAGEMENT
from .older import older
from .platforms import AWS, PLATFORM_EKS, PLATFORM_RANCHER

# Where leftovers are looked for. The options of AWS have the names of amazon.aws.
_RANCHER_NAMES = ("url", "token", "username", "password", "ca_cert", "validate_certs", "proxy")
LEFTOVERS: dict[str, dict[str, Any]] = {
    "providers": {"type": "list", "elements": "str", "required": True, "aliases": ["provider"],
                  "choices": ["aws", "cluster", "cluster_api", "rancher", "vsphere"]},
    "name": {"type": "str"},
    "run_id": {"type": "str"},
    "tags": {"type": "dict"},
    "patterns": {"type": "list", "elements": "str", "default": []},
    "before": {"type": "raw"},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 600},
    "wait_sleep": {"type": "float", "default": 10, **older("poll")},
    "fail_on_leftovers": {"type": "bool", "default": False},
    "journal_dir": {"type": "path"},
    "aws": {"type": "dict", "options": {
        **AWS,
        "validate_certs": PLATFORM_EKS["validate_certs"],
        "zones": {"type": "list", "elements": "str", "default": []},
        "skip_kinds": {"type": "list", "elements": "str", "default": []},
    }},
    **MANAGEMENT,
    "rancher": {"type": "dict", "options": {n: PLATFORM_RANCHER[n] for n in _RANCHER_NAMES}},
    "vsphere": {"type": "dict", "options": {**MACHINES_VSPHERE, "datastores": {"type": "list", "elements": "str", "default": []}}},
}
