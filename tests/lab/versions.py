# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The version of Kubernetes is one line of go/kube/go.mod; the rest of the graph of modules follows it.

With ASSAY_KUBERNETES=v1.35.4 in the environment the lab is of that version for once, from copies of these files in the cache.
"""
from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from .base import HERE, KUBERNETES, LabError, OWN_KUBERNETES, cache, say

_VERSION = re.compile(r"v1\.\d+\.\d+")
# k8s.io/api and its like carry the same number behind v0; these have versions of their own.
_OWN = ("k8s.io/klog", "k8s.io/utils", "k8s.io/kube-openapi", "k8s.io/gengo", "k8s.io/system-validators")
_DIRECT = re.compile(r"^\s+(k8s\.io/[\w-]+) v[01]\.\d+\.\d+$", re.MULTILINE)


def set_version(version: str) -> None:
    """Change go.mod and go.sum of all folders that build Kubernetes. LabError where there is no such version."""
    for folder in sorted(p.parent for p in (HERE / "go").glob("*/go.mod") if builds_kubernetes(p.parent)):
        names = [n for n in _DIRECT.findall((folder / "go.mod").read_text()) if not n.startswith(_OWN)]
        _change(folder, version, ["get", *(f"{n}@{_number(n, version)}" for n in names)])
    say(f"the lab builds Kubernetes {version}; make lab-build")


def builds_kubernetes(folder: Path) -> bool:
    return "k8s.io/kubernetes " in (folder / "go.mod").read_text(encoding="utf-8")


def _number(module: str, version: str) -> str:
    return version if module == "k8s.io/kubernetes" else version.replace("v1.", "v0.", 1)


def _go(folder: Path, *words: str) -> str:
    from .build import go

    done = subprocess.run([go(), *words], cwd=folder, env={**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"},
                          capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["go says nothing"]
        raise LabError(said[-1].strip())
    return done.stdout


def _change(folder: Path, version: str, *commands: list[str]) -> None:
    """By commands of go. LabError, and the folder as it was, where the version cannot be had."""
    if not _VERSION.fullmatch(version):
        raise LabError(f"version: must be like v1.36.1, not {version!r}")
    say(f"{folder.name}: Kubernetes {version}")
    kept = {name: (folder / name).read_bytes() for name in ("go.mod", "go.sum")}
    try:
        for command in (*commands, ["mod", "tidy", "-e"]):
            _go(folder, *command)
    except LabError as e:
        for name, data in kept.items():
            (folder / name).write_bytes(data)
        raise LabError(f"version: {version} cannot be had: {e}") from None


def _wanted(text: str, version: str) -> list[str]:
    """What this version builds with, by its own go.mod: its parts, which it names without a number, and its etcd."""
    parts = re.findall(r"(?m)^\s+(k8s\.io/[\w-]+) v0\.0\.0$", text)
    [etcd] = re.findall(r"(?m)^\s+go\.etcd\.io/etcd/client/v3 (v\S+)", text)
    return [f"-require=k8s.io/kubernetes@{version}", *(f"-require={p}@{_number(p, version)}" for p in parts),
            *(f"-require=go.etcd.io/etcd/{m}/v3@{etcd}" for m in ("server", "etcdctl"))]


def _afresh(folder: Path, version: str) -> None:
    """All that hangs on it of the version's own choice, also where that is older than what is there."""
    try:
        said = _go(folder, "mod", "download", "-json", f"k8s.io/kubernetes@{version}")
    except LabError as e:
        raise LabError(f"version: {version} cannot be had: {e}") from None
    text = (folder / "go.mod").read_text(encoding="utf-8")
    (folder / "go.mod").write_text(re.sub(r"(?m)^.*// indirect\n", "", text), encoding="utf-8")
    _change(folder, version, ["mod", "edit", *_wanted(Path(json.loads(said)["GoMod"]).read_text(encoding="utf-8"), version)])


@functools.cache
def sources(name: str) -> Path:
    """The folder of modules to build from: go/NAME, or for another version of Kubernetes a copy with that one."""
    own = HERE / "go" / name
    if KUBERNETES == OWN_KUBERNETES or not builds_kubernetes(own):
        return own
    files = sorted(p for p in own.rglob("*") if p.is_file())
    digest = hashlib.sha256(b"".join(p.read_bytes() for p in files)).hexdigest()[:12]
    copy = cache() / "go" / f"{name}-{KUBERNETES}-{digest}"
    if not copy.is_dir():
        work = copy.with_name(f".{copy.name}.{os.getpid()}")
        shutil.copytree(own, work, dirs_exist_ok=True)
        try:
            _afresh(work, KUBERNETES)
            work.rename(copy)
        except OSError:
            if not copy.is_dir():  # another one was faster
                raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return copy
