# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""cluster.yaml and inventory.yaml of Konvoy 1.x, from variables."""
from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

try:
    import yaml
except ImportError:  # on a controller ansible-core brings it
    yaml = None

from ...common.files import write_whole
from ...jobs.errors import BadOption, PlatformError
from ...kube.shallow import shallow
from ..differences import differences, told
from ..model import Wanted, bare_version
from ..pools import filled

_GROUP = "konvoy.mesosphere.io"


def merged(base: Any, more: Any) -> Any:
    """`more` over `base`: dictionaries by key, lists of named items (node pools, addons) by name, all else replaced."""
    if isinstance(base, dict) and isinstance(more, Mapping):
        return {**base, **{k: merged(base[k], v) if k in base else copy.deepcopy(v) for k, v in more.items()}}
    named = all(isinstance(i, Mapping) and "name" in i for part in (base, more) if isinstance(part, list) for i in part)
    if isinstance(base, list) and isinstance(more, list) and named:
        known = {i["name"]: i for i in base}
        return list({**known, **{i["name"]: merged(known.get(i["name"], {}), i) for i in more}}.values())
    return copy.deepcopy(more)


def merged_cluster(path: Path, settings: Mapping[str, Any], wanted: Wanted) -> list[dict[str, Any]]:
    """The documents of cluster.yaml: as `init` wrote them, with the settings, the version and the size put in.

    Without a provisioner there is no ClusterProvisioner: Konvoy needs none then.
    """
    try:
        found = {d["kind"]: d for d in yaml.safe_load_all(shallow(path.read_text(encoding="utf-8"))) if d}
    except (OSError, yaml.YAMLError, TypeError, KeyError) as e:
        raise PlatformError(f"konvoy init left no usable {path}: {' '.join(str(e).split())[:200]}") from None
    version = f"{_GROUP}/{settings['api_version']}"
    kubernetes = {"kubernetes": {"version": bare_version(wanted.version)}} if wanted.version else {}
    specs = {"ClusterProvisioner": settings.get("provisioner_spec") or {},
             "ClusterConfiguration": merged(dict(settings.get("configuration_spec") or {}), kubernetes)}
    if settings["provisioner"] == "none":
        specs.pop("ClusterProvisioner")
    out = []
    for kind, spec in specs.items():
        base = found.get(kind) or {"kind": kind, "apiVersion": version, "metadata": {"name": wanted.name}, "spec": {}}
        document = {**base, "spec": merged(base.get("spec") or {}, spec)}
        if kind == "ClusterProvisioner":
            document["spec"]["provider"] = settings["provisioner"]
            if wanted.nodes:
                _set_workers(document["spec"], wanted.nodes, settings.get("node_pool"))
        out.append(document)
    return out


def differing(folder: Path, settings: Mapping[str, Any], wanted: Wanted) -> list[str]:
    """What the settings say otherwise than the files that the last `up` had."""
    def documents(name: str) -> dict[str, Any]:
        try:
            return {d.get("kind", ""): d for d in yaml.safe_load_all(shallow((folder / name).read_text(encoding="utf-8"))) if d}
        except (OSError, yaml.YAMLError, AttributeError):
            return {}

    found, what = documents("cluster.yaml"), "it is applied only together with another version or number of nodes"
    but = ("kubernetes.version",) * bool(wanted.version) + ("].count",) * bool(wanted.nodes)
    lines = []
    for option, kind in (("provisioner_spec", "ClusterProvisioner"), ("configuration_spec", "ClusterConfiguration")):
        if kind in found:
            lines += told(f"konvoy.{option}", list(differences(settings.get(option) or {}, found[kind].get("spec") or {}, but)), what)
    if settings["provisioner"] == "none" and (had := documents("inventory.yaml").get("")):
        now = inventory(settings)
        for option, group in (("control_plane", "control-plane"), ("workers", "node"), ("bastions", "bastion")):
            hosts = [set((i.get(group) or {}).get("hosts") or {}) for i in (now, had)]
            lines += told(f"konvoy.{option}", sorted(hosts[0] ^ hosts[1]), what)
        lines += told("konvoy.inventory_vars", list(differences(now["all"]["vars"], (had.get("all") or {}).get("vars") or {})), what)
    return lines


def _set_workers(spec: dict[str, Any], nodes: int, chosen: str | None) -> None:
    pools = spec.setdefault("nodePools", [])
    workers = [p for p in pools if not p.get("controlPlane") and not p.get("bastion")]
    found = [p for p in workers if p["name"] == chosen] if chosen else workers
    if not found:
        raise BadOption(f"konvoy.node_pool: there is no node pool {chosen or 'of workers'}; there are "
                        + (", ".join(p["name"] for p in pools) or "none"))
    sizes = {p["name"]: int(p.get("count") or 0) for p in workers}
    found[0]["count"] = filled(sizes, nodes, found[0]["name"], "node pools")[found[0]["name"]]


def inventory(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The Ansible inventory that Konvoy 1.x reads: groups control-plane, node and bastion."""
    def hosts(option: str, **more: Any) -> dict[str, Any]:
        return {"hosts": {str(h): {"ansible_host": str(h), **more} for h in settings.get(option) or []}}

    groups = {"control-plane": hosts("control_plane"), "node": hosts("workers", node_pool=settings.get("node_pool") or "worker")}
    if settings.get("bastions"):
        groups["bastion"] = hosts("bastions")
    common = {"version": settings["api_version"], "order": "sorted", **(settings.get("inventory_vars") or {})}
    return {**groups, "all": {"vars": common}}


def write_yaml(path: Path, *documents: Mapping[str, Any]) -> None:
    """Readable for its owner only: configurations hold passwords of registries."""
    write_whole(path, yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True))
