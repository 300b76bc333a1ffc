# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The version of Kubernetes is one line of go/kube/go.mod; the rest of the graph of modules follows it."""
from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from .base import HERE, LabError, say

_VERSION = re.compile(r"v1\.\d+\.\d+")
# k8s.io/api and its like carry the same number behind v0; these have versions of their own.
_OWN = ("k8s.io/klog", "k8s.io/utils", "k8s.io/kube-openapi", "k8s.io/gengo", "k8s.io/system-validators")
_DIRECT = re.compile(r"^\s+(k8s\.io/[\w-]+) v[01]\.\d+\.\d+$", re.MULTILINE)


def set_version(version: str) -> None:
    """Change go.mod and go.sum of all folders that build Kubernetes. LabError where there is no such version."""
    from .build import go

    if not _VERSION.fullmatch(version):
        raise LabError(f"version: must be like v1.36.1, not {version!r}")
    env = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    for folder in _folders():
        kept = {name: (folder / name).read_bytes() for name in ("go.mod", "go.sum")}
        names = [n for n in _DIRECT.findall((folder / "go.mod").read_text()) if not n.startswith(_OWN)]
        wanted = [f"{n}@{version if n == 'k8s.io/kubernetes' else version.replace('v1.', 'v0.', 1)}" for n in names]
        say(f"{folder.name}: {' '.join(wanted)}")
        for command in (["get", *wanted], ["mod", "tidy", "-e"]):
            done = subprocess.run([go(), *command], cwd=folder, env=env, capture_output=True, text=True, check=False)
            if done.returncode:
                for name, data in kept.items():
                    (folder / name).write_bytes(data)
                raise LabError(f"version: {version} cannot be had: {done.stderr.strip().splitlines()[-1].strip()}")
    say(f"the lab builds Kubernetes {version}; make lab-build")


def _folders() -> list[Path]:
    return sorted(p.parent for p in (HERE / "go").glob("*/go.mod") if "k8s.io/kubernetes " in p.read_text())
