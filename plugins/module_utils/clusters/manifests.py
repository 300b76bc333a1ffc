# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects of any kind, applied to a cluster by the server's own merge."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

try:
    import yaml
except ImportError:  # on a controller ansible-core brings it
    yaml = None

from ..jobs.errors import BadOption, PlatformError
from ..kube.client import Client
from ..kube.errors import ApiError
from ..kube.shallow import shallow

_MANAGER = "assay.clusters"


def parse(text: str, origin: str) -> list[dict[str, Any]]:
    """The objects of a YAML text, lists taken apart."""
    try:
        found = [d for d in yaml.safe_load_all(shallow(text)) if d]
    except yaml.YAMLError as e:
        raise BadOption(f"{origin}: is not valid YAML: {' '.join(str(e).split())[:200]}") from None
    flat = [i for d in found for i in (d.get("items") or [] if str(d.get("kind", "")).endswith("List") else [d])]
    for item in flat:
        if not isinstance(item, dict) or not (item.get("apiVersion") and item.get("kind")):
            raise BadOption(f"{origin}: holds something that is no object of Kubernetes")
    return flat


class Applier:
    """Paths of kinds, asked for once for each API group."""

    def __init__(self, client: Client):
        self._client = client
        self._known: dict[str, dict[str, dict[str, Any]]] = {}

    def _group(self, version: str) -> str:
        return f"/api/{version}" if "/" not in version else f"/apis/{version}"

    def path(self, item: Mapping[str, Any], namespace: str = "") -> str:
        """Where an object lives. PlatformError for a kind that the cluster does not know."""
        version, kind = item["apiVersion"], item["kind"]
        if version not in self._known:
            try:
                listed = self._client.get(self._group(version)).get("resources") or []
            except ApiError as e:
                if e.status != 404:
                    raise
                listed = []
            self._known[version] = {r["kind"]: r for r in listed if "/" not in r["name"]}
        found = self._known[version].get(kind)
        if not found:
            self._known.pop(version)  # a definition may be made next
            raise PlatformError(f"the cluster does not know {kind} of {version}")
        place = item["metadata"].get("namespace") or namespace
        middle = f"/namespaces/{place or 'default'}" if found["namespaced"] else ""
        return f"{self._group(version)}{middle}/{found['name']}/{item['metadata']['name']}"

    def apply(self, item: Mapping[str, Any], namespace: str = "", force: bool = True, manager: str = _MANAGER,
              dry_run: bool = False) -> dict[str, Any]:
        """The object as the server has it afterwards, or would have it."""
        params = {"fieldManager": manager, "force": str(force).lower(), **({"dryRun": "All"} if dry_run else {})}
        return self._client.request("PATCH", self.path(item, namespace), body=dict(item), timeout=30.0, params=params,
                                    content_type="application/apply-patch+yaml")
