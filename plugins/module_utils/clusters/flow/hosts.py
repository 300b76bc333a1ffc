# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters of platforms and of folders with kubeconfigs as hosts of an inventory: names and variables, no secrets."""
from __future__ import annotations

import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from ...jobs.plain import plain
from ...kube.errors import ApiError, BadInput
from .. import access, model as words
from ..model import Cluster, ClusterPlatform
from .registry import open_platform

_ASKED_AT_ONCE = 16


def hosts(source: Mapping[str, Any], job: Job) -> list[tuple[str, dict[str, Any]]]:
    """Name and variables of each cluster of a source. PlatformError where it does not answer."""
    source = plain(source)
    try:
        chosen = re.compile(source.get("only") or "")
    except re.error as e:
        raise BadOption(f"only: is no regular expression: {e}") from None
    found = _of_folder(source) if source["platform"] == "kubeconfigs" else _of_platform(source, job)
    out = []
    for name, variables in found:
        if chosen.search(name) and variables.get("cluster_phase", "ready") in source["phases"]:
            common = {"cluster_platform": source["platform"], "cluster_name": name, **variables}
            common["cluster_environment"] = source.get("environment") or common.get("cluster_environment", "")
            common["cluster_minor_version"] = _minor(str(common.get("cluster_version") or ""))
            out.append((f"{source.get('prefix') or ''}{name}", common))
    return out


def _minor(version: str) -> str:
    """v1.31.4+rke2r1 -> 1.31"""
    try:
        return ".".join(map(str, words.parts(version)[:2])) if version else ""
    except BadOption:
        return ""


# ---- platforms ----------------------------------------------------------------------------------------------------
def _of_platform(source: Mapping[str, Any], job: Job) -> list[tuple[str, dict[str, Any]]]:
    with closing(open_platform(source, job)) as platform:
        return [(c.name, {**_told(c, source), **_way(platform, c, source)}) for c in platform.clusters()]


def _told(cluster: Cluster, source: Mapping[str, Any]) -> dict[str, Any]:
    told = words.as_dict(cluster)
    names = ("id", "uid", "state", "phase", "version", "nodes", "run_id", "expires", "expired")
    return {**{f"cluster_{n}": told[n] for n in names}, "cluster_labels": dict(cluster.labels),
            "cluster_environment": str(cluster.labels.get(source["environment_label"], ""))}


def _way(platform: ClusterPlatform, cluster: Cluster, source: Mapping[str, Any]) -> dict[str, Any]:
    """How the cluster is reached: by Rancher's proxy, with the user's key; by a kubeconfig without keys; by a file."""
    settings = source.get(source["platform"]) or {}
    if source["platform"] == "rancher":
        url = str(settings.get("url") or os.environ.get("RANCHER_URL") or "").rstrip("/").removesuffix("/v3")
        more = {"cluster_ca_cert": settings["ca_cert"]} if settings.get("ca_cert") else {}
        if settings.get("validate_certs") is False:
            more["cluster_validate_certs"] = False
        return {"cluster_host": f"{url}/k8s/clusters/{cluster.id}", **more}
    if cluster.phase not in ("ready", "updating"):
        return {}
    if source["platform"] == "eks" and settings.get("kubeconfig_auth") != "token":
        return {"cluster_kubeconfig": platform.kubeconfig(cluster)}  # calls aws for the token, so it holds no key
    folder = source.get("kubeconfig_folder")
    if not folder:
        return {}
    path = os.path.join(os.path.expanduser(folder), f"{source.get('prefix') or ''}{cluster.name}.kubeconfig")
    try:
        access.write(path, platform.kubeconfig(cluster))
    except PlatformError as e:
        return {"cluster_kubeconfig_error": str(e)}
    return {"cluster_kubeconfig": path}


# ---- folders ------------------------------------------------------------------------------------------------------
def _of_folder(source: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    settings = source.get("kubeconfigs") or {}
    folder = Path(str(settings.get("folder") or "")).expanduser()
    if not settings.get("folder") or not folder.is_dir():
        raise BadOption(f"kubeconfigs.folder: there is no folder {folder}")
    files = sorted({p for pattern in settings["patterns"] for p in folder.glob(pattern) if p.is_file()})
    found = [(f.name.partition(".")[0], {"cluster_kubeconfig": str(f.absolute())}) for f in files]
    if settings["ask"]:
        with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
            for (_name, variables), told in zip(found, pool.map(_asked, files)):
                variables.update(told)
    return found


def _asked(path: Path) -> dict[str, Any]:
    """What the API server itself tells; its silence is told, too."""
    try:
        facts = access.look(access.read(str(path)))
    except (ApiError, BadInput, PlatformError) as e:
        return {"cluster_state": f"does not answer: {e}"}
    return {"cluster_uid": facts.uid, "cluster_version": facts.version, "cluster_nodes": facts.nodes,
            "cluster_state": f"{facts.ready} of {facts.everyone} nodes Ready"}
