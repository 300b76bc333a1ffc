# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The manifest of a cluster: a template with variables as clusterctl has them, or what clusterctl made of one.

A manifest with ${CLUSTER_NAME} is a template: every variable needs a value, and $${X} stands for ${X}. In any other one, ${X} for
which no value is given stays as it is, as it belongs to a script. clusterctl's rules are those of drone/envsubst
(cmd/clusterctl/client/yamlprocessor/simple_processor.go of kubernetes-sigs/cluster-api); of its functions, defaults are known here.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...clouds.cluster_api import GROUP
from ...jobs.errors import BadOption
from ..manifests import parse
from ..model import Wanted, bare_version

_VARIABLE = re.compile(r"(?<!\$)\$\{\s*(\w+)\s*(?:(?::?[=-])([^}]*))?\}")
_ANY = re.compile(r"(?<!\$)\$\{[^}\n]*\}?")


def objects(settings: Mapping[str, Any], wanted: Wanted) -> list[dict[str, Any]]:
    """The objects, the Cluster first. BadOption for a manifest that is none of a cluster of this name."""
    items = parse(_filled(_text(settings), settings, wanted), "cluster_api.manifest")
    own = [i for i in items if i["kind"] == "Cluster" and i["apiVersion"].startswith(f"{GROUP}/")]
    if [i["metadata"]["name"] for i in own] != [wanted.name]:
        raise BadOption(f"cluster_api.manifest: must hold one Cluster, called ${{CLUSTER_NAME}} or {wanted.name}")
    set_variables(own[0], settings.get("class_variables") or {})
    return own + [i for i in items if i is not own[0]]


def _text(settings: Mapping[str, Any]) -> str:
    manifest = str(settings.get("manifest") or "")
    if not manifest:
        raise BadOption("cluster_api.manifest: is missing; clusterctl generate cluster makes one")
    if "\n" in manifest:
        return manifest
    try:
        return Path(manifest).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise BadOption(f"cluster_api.manifest: cannot read {manifest}: {getattr(e, 'strerror', None) or 'not text'}") from None


def _values(settings: Mapping[str, Any], wanted: Wanted) -> dict[str, str]:
    given = {"CLUSTER_NAME": wanted.name, "NAMESPACE": settings["namespace"],
             "KUBERNETES_VERSION": f"v{bare_version(wanted.version)}" if wanted.version else "",
             "WORKER_MACHINE_COUNT": str(wanted.nodes or ""), **(settings.get("variables") or {})}
    return {k: str(v) for k, v in given.items() if v not in (None, "")}


def _filled(text: str, settings: Mapping[str, Any], wanted: Wanted) -> str:
    values = _values(settings, wanted)
    if not any(m[1] == "CLUSTER_NAME" for m in _VARIABLE.finditer(text)):
        return _VARIABLE.sub(lambda m: values.get(m[1], m[0]), text)
    odd = [m[0] for m in _ANY.finditer(text) if not _VARIABLE.fullmatch(m[0])]
    if odd:
        raise BadOption(f"cluster_api.manifest: {odd[0]} is not understood, only defaults are, as ${{NAME:=value}}; give what "
                        "clusterctl generate cluster prints, or write $${ for what belongs to a script")
    lacking = sorted({m[1] for m in _VARIABLE.finditer(text) if m[1] not in values and m[2] is None})
    if lacking:
        raise BadOption(f"cluster_api.variables: {', '.join(lacking)} are missing for the manifest; version and nodes give "
                        "KUBERNETES_VERSION and WORKER_MACHINE_COUNT")
    return _VARIABLE.sub(lambda m: values.get(m[1], m[2] or ""), text).replace("$${", "${")


# ---- variables of a ClusterClass ----------------------------------------------------------------------------------
def changed_variables(topology: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Names of those whose value is another one than wanted."""
    have = {v["name"]: v.get("value") for v in topology.get("variables") or []}
    return sorted(n for n, value in wanted.items() if n not in have or have[n] != value)


def merged_variables(topology: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those that are there, with the wanted values over them, others at the end."""
    there = topology.get("variables") or []
    known = {v["name"] for v in there}
    return [{**v, "value": wanted.get(v["name"], v.get("value"))} for v in there] + [
        {"name": n, "value": value} for n, value in wanted.items() if n not in known]


def set_variables(of: dict[str, Any], wanted: Mapping[str, Any]) -> None:
    """Into a Cluster. BadOption where it is not made by a ClusterClass."""
    if wanted:
        found = topology(of, of["metadata"]["name"])
        found["variables"] = merged_variables(found, wanted)


def topology(of: Mapping[str, Any], name: str) -> dict[str, Any]:
    """spec.topology of a Cluster that has variables. BadOption where it has none."""
    found = (of.get("spec") or {}).get("topology")
    if not found:
        raise BadOption(f"cluster_api.class_variables: {name} is not made by a ClusterClass (spec.topology), so there are none")
    return found
