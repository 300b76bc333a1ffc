# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which platform of clusters the options name."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...jobs.job import Job
from ..model import ClusterPlatform

# Each is imported when it is used only; by statements, as Ansible packs a module with what its statements import.


def _command() -> Callable[..., ClusterPlatform]:
    from ..command import Command
    return Command


def _eks() -> Callable[..., ClusterPlatform]:
    from ..eks.platform import Eks
    return Eks


def _rancher() -> Callable[..., ClusterPlatform]:
    from ..rancher.platform import Rancher
    return Rancher


def _konvoy() -> Callable[..., ClusterPlatform]:
    from ..konvoy.platform import Konvoy
    return Konvoy


def _cluster_api() -> Callable[..., ClusterPlatform]:
    from ..cluster_api.platform import ClusterApi
    return ClusterApi


# By the names of the options with their settings.
PLATFORMS = {"command": _command, "eks": _eks, "rancher": _rancher, "konvoy": _konvoy, "cluster_api": _cluster_api}


def open_platform(params: Mapping[str, Any], job: Job) -> ClusterPlatform:
    """The platform of option `platform`, with the settings under the option of the same name."""
    name = params["platform"]
    settings = {k: v for k, v in (params.get(name) or {}).items() if v is not None}
    return PLATFORMS[name]()({"poll": params.get("wait_sleep") or 0.0, "wait": params.get("wait", True), **settings}, job)
