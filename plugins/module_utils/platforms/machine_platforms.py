# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which platform of machines the options name."""
from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from .errors import BadOption
from .job import Job
from .machine import MachinePlatform

# Value of option `platform` -> file, and what opens it: (params, job, marks). Imported when used only.
PLATFORMS = {
    "aws": ("aws", "open_aws"),
    "esxi": ("esxi", "open_esxi"),
}


def open(params: Mapping[str, Any], job: Job,  # pylint: disable=redefined-builtin
         marks: Mapping[str, str] | None = None) -> MachinePlatform:
    """The platform of option `platform`. marks: cluster, run and creator, for tags where the platform has them."""
    name = str(params.get("platform"))
    if name not in PLATFORMS:
        raise BadOption(f"platform: there is no platform {name!r} of machines; there are: {', '.join(sorted(PLATFORMS))}")
    file, opener = PLATFORMS[name]
    return getattr(import_module(f".{file}", __package__), opener)(params, job, dict(marks or {}))
