# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which platform of machines the options name."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...jobs.errors import BadOption
from ...jobs.job import Job
from ..model import MachinePlatform

Opener = Callable[[Mapping[str, Any], Job, Mapping[str, str]], MachinePlatform]

# Each is imported when it is used only; by statements, as Ansible packs a module with what its statements import.


def _aws() -> Opener:
    from ..aws.platform import open_aws
    return open_aws


def _esxi() -> Opener:
    from ..esxi.platform import open_esxi
    return open_esxi


def _vsphere() -> Opener:
    from ..vsphere.platform import open_vsphere
    return open_vsphere


# By the values of option `platform`.
PLATFORMS: dict[str, Callable[[], Opener]] = {"aws": _aws, "esxi": _esxi, "vsphere": _vsphere}


def open(params: Mapping[str, Any], job: Job,  # pylint: disable=redefined-builtin
         marks: Mapping[str, str] | None = None) -> MachinePlatform:
    """The platform of option `platform`. marks: cluster, run and creator, for tags where the platform has them."""
    name = str(params.get("platform"))
    if name not in PLATFORMS:
        raise BadOption(f"platform: there is no platform {name!r} of machines; there are: {', '.join(sorted(PLATFORMS))}")
    return PLATFORMS[name]()(params, job, dict(marks or {}))
