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

from ...clouds.rancher import address, verified
from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from ...jobs.patience import Patience
from ...jobs.plain import plain
from ...kube.errors import ApiError, BadInput
from .. import access, model as words
from ..model import Cluster, ClusterPlatform
from .registry import open_platform

_ASKED_AT_ONCE = 16
# What a host is told of its cluster by itself. The rest of what was found is in cluster_found only: cluster_platform,
# cluster_version and cluster_nodes say what is wanted, and variables of a host count before those of its groups.
_PLAIN = ("id", "uid", "state", "phase", "run_id", "expires", "expired", "labels")


# The name of a cluster, what it is, and the variables by which it is reached.
Found = tuple[str, dict[str, Any], dict[str, Any]]


def hosts(source: Mapping[str, Any], job: Job) -> list[tuple[str, dict[str, Any]]]:
    """Name and variables of each cluster of a source. PlatformError where it does not answer."""
    source = plain(source)
    try:
        chosen = re.compile(source.get("only") or "")
    except re.error as e:
        raise BadOption(f"only: is no regular expression: {e}") from None
    found = _of_folder(source) if source["platform"] == "kubeconfigs" else _of_platform(source, job)
    out = []
    for name, facts, way in found:
        if chosen.search(name) and facts.get("phase", "ready") in source["phases"]:
            facts = {"platform": source["platform"], "name": name, **facts}
            environment = source.get("environment") or (facts.get("labels") or {}).get(source["environment_label"], "")
            common = {"cluster_found": facts, **{f"cluster_{n}": facts[n] for n in _PLAIN if n in facts}, "cluster_name": name,
                      "cluster_environment": str(environment), "cluster_minor_version": _minor(str(facts.get("version") or ""))}
            out.append((f"{source.get('prefix') or ''}{name}", {**common, **way}))
    return out


def _minor(version: str) -> str:
    """v1.31.4+rke2r1 -> 1.31"""
    try:
        return ".".join(map(str, words.parts(version)[:2])) if version else ""
    except BadOption:
        return ""


# ---- platforms ----------------------------------------------------------------------------------------------------
def _of_platform(source: Mapping[str, Any], job: Job) -> list[Found]:
    with closing(open_platform(source, job)) as platform:
        return [(c.name, _told(c), _way(platform, c, source, job)) for c in Patience(job)(platform.clusters)]


def _told(cluster: Cluster) -> dict[str, Any]:
    told = words.as_dict(cluster)
    return {**{n: told[n] for n in (*_PLAIN[:-1], "version", "nodes")}, "labels": dict(cluster.labels)}


def _way(platform: ClusterPlatform, cluster: Cluster, source: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """How the cluster is reached: by Rancher's proxy, with the user's key; by a kubeconfig without keys; by a file."""
    settings = source.get(source["platform"]) or {}
    if source["platform"] == "rancher":
        url = address(settings, job.environ)
        more = {"cluster_ca_cert": settings["ca_cert"]} if settings.get("ca_cert") else {}
        if verified(settings, job.environ) is False:
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
def _of_folder(source: Mapping[str, Any]) -> list[Found]:
    settings = source.get("kubeconfigs") or {}
    folder = Path(str(settings.get("folder") or "")).expanduser()
    if not settings.get("folder") or not folder.is_dir():
        raise BadOption(f"kubeconfigs.folder: there is no folder {folder}")
    files = sorted({p for pattern in settings["patterns"] for p in folder.glob(pattern) if p.is_file()})
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        told = list(pool.map(_asked, files)) if settings["ask"] else [{} for _file in files]
    return [(f.name.partition(".")[0], facts, {"cluster_kubeconfig": str(f.absolute())}) for f, facts in zip(files, told)]


def _asked(path: Path) -> dict[str, Any]:
    """What the API server itself tells; its silence is told, too."""
    try:
        facts = access.look(access.read(str(path)))
    except (ApiError, BadInput, PlatformError) as e:
        return {"state": f"does not answer: {e}"}
    return {"uid": facts.uid, "version": facts.version, "nodes": facts.nodes,
            "state": f"{facts.ready} of {facts.everyone} nodes Ready"}
