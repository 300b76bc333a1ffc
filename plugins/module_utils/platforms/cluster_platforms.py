# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which platform of clusters the options name."""
from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from .clusters import ClusterPlatform
from .job import Job

# Name of the option and of the dictionary with its settings -> file and class. Imported when used only.
PLATFORMS = {
    "command": ("command", "Command"),
    "eks": ("eks", "Eks"),
    "rancher": ("rancher", "Rancher"),
    "konvoy": ("konvoy", "Konvoy"),
    "cluster_api": ("cluster_api", "ClusterApi"),
}


def plain(value: Any) -> Any:
    """A copy in Python's own types: strings and numbers from Ansible may be subclasses that no YAML dumper takes."""
    if isinstance(value, Mapping):
        return {plain(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    return value


def open_platform(params: Mapping[str, Any], job: Job) -> ClusterPlatform:
    """The platform of option `platform`, with the settings under the option of the same name."""
    name = params["platform"]
    file, kind = PLATFORMS[name]
    settings = {"poll": params.get("poll") or 0.0, **{k: v for k, v in (params.get(name) or {}).items() if v is not None}}
    return getattr(import_module(f".{file}", __package__), kind)(settings, job)
