# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is left in a cluster of runs: objects with our labels, of whatever kind, the volumes of our claims, and what holds them.

No finalizer is ever removed: the one that holds is named, as the namespace and its content tell it. Where the cluster does not
answer any more, the journal on this controller tells what runs had made there.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..common import journal, names
from ..jobs import access
from ..jobs.errors import PlatformError
from ..jobs.job import Job
from ..kube.errors import ApiError
from .kinds import Kind, kinds
from .model import DEPENDENCY, FINALIZER, PERMISSION, Thing, Wanted, iso, refused
from .objects import listed, permitted, thing

_PARALLEL = 6
# Seconds until an API server that answers with errors is taken at its word; an aggregated API may be away for good.
_PATIENCE = 10.0
# Namespaces of runs (engine/fixtures.py and prepull/space.py), for volumes, which bear no labels of ours.
_SPACE = re.compile(r"assay-(prepull-)?[0-9a-f]{8}")
_WAITS = ("NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure", "NamespaceDeletionContentFailure",
          "NamespaceContentRemaining", "NamespaceFinalizersRemaining")


class ClusterSource:
    """See leftovers.Source. params: the connection options, journal_dir."""

    name = "cluster"

    def __init__(self, params: Mapping[str, Any], job: Job):
        self._folder = Path(params["journal_dir"]).expanduser() if params.get("journal_dir") else journal.default_folder()
        self._open = ExitStack()
        self._client = self._open.enter_context(access.connected(params, job, _PATIENCE))
        self.place = self._client.server
        self._kinds: list[Kind] = []
        self._alive = {e.run_id for e in journal.unfinished(self._folder, self.place) if not e.dead()}

    def close(self) -> None:
        self._open.close()

    def look(self, wanted: Wanted) -> list[Thing]:
        try:
            self._kinds = kinds(self._client)
        except ApiError as e:
            if e.kind == "http" or e.kind == "tls":
                raise
            return self._from_journal(wanted, e)
        selectors = {names.RUN + "=" + wanted.run_id if wanted.run_id else names.OURS,
                     *(f"{k}={v}" if v and "*" not in v else k for k, v in wanted.tags.items())}
        found: dict[str, Thing] = {}
        with ThreadPoolExecutor(_PARALLEL) as pool:
            asked = [(k, s) for k in self._kinds for s in sorted(selectors)]
            for things in pool.map(lambda ks: self._labelled(*ks, wanted), asked):
                found.update({t.id or t.kind: t for t in things})
        found.update({t.id or t.kind: t for t in [*self._spaces(wanted, found), *self._volumes(wanted)]})
        return permitted(self._client, found.values(), self._kinds)

    # ---- objects of any kind ----------------------------------------------------------------------------------
    def _labelled(self, kind: Kind, selector: str, wanted: Wanted) -> list[Thing]:
        items = listed(self._client, self.name, kind, selector)
        if isinstance(items, Thing):
            return [items]
        return [thing(self.name, kind, i) for i in items if self._fits(i, wanted)]

    def _fits(self, item: Mapping[str, Any], wanted: Wanted) -> bool:
        """Of a run, and left: without run_id the objects of runs that may be alive are not. A lease is of no run."""
        labels = item["metadata"].get("labels") or {}
        if labels.get(names.MANAGED_BY) == names.MANAGER and names.RUN in labels:
            return labels[names.RUN] == wanted.run_id or wanted.tagged(labels) or not wanted.run_id and self._ended(labels)
        return wanted.tagged(labels)

    def _ended(self, labels: Mapping[str, str]) -> bool:
        """Whether a run has expired, or is none of this user on this controller that its journal says is alive."""
        expires = labels.get(names.EXPIRES, "")
        if expires.isdigit() and int(expires) <= self._client.now():
            return True
        return labels.get(names.OWNER) == names.owner() and labels[names.RUN] not in self._alive

    # ---- namespaces -------------------------------------------------------------------------------------------
    def _spaces(self, wanted: Wanted, found: Mapping[str, Thing]) -> list[Thing]:
        """Namespaces that are ours by label or pattern, with what their deletion waits for."""
        try:
            items = self._client.get("/api/v1/namespaces", {"limit": 5000})["items"]
        except ApiError as e:
            if e.status == 403:
                return [refused(self.name, "Namespace", e.message)]
            raise PlatformError(f"{self.place}: {e}") from None
        kind = Kind("v1", "Namespace", "namespaces", False)
        return [self._explained(item, thing(self.name, kind, item)) for item in items
                if item["metadata"]["uid"] in found or wanted.named(item["metadata"]["name"])]

    def _explained(self, item: Mapping[str, Any], found: Thing) -> Thing:
        if not item["metadata"].get("deletionTimestamp"):
            return replace(found, cause="", detail="nobody has deleted it")
        true = {c["type"]: c.get("message", "") for c in item.get("status", {}).get("conditions") or [] if c["status"] == "True"}
        said = "; ".join(f"{t}: {true[t]}" for t in _WAITS if t in true)
        holders = self._holders(item["metadata"]["name"])
        if holders:
            return replace(found, cause=FINALIZER, detail="; ".join(filter(None, (f"held by {', '.join(holders[:10])}", said))))
        if "NamespaceFinalizersRemaining" in true:
            return replace(found, cause=FINALIZER, detail=said)
        forbidden = "forbidden" in true.get("NamespaceDeletionContentFailure", "")
        return replace(found, cause=PERMISSION if forbidden else DEPENDENCY if said else "", detail=said or "it is being deleted")

    def _holders(self, namespace: str) -> list[str]:
        """Objects in it that are deleted and held: "configmap/x (finalizer example.com/hold)"."""
        found = []
        with ThreadPoolExecutor(_PARALLEL) as pool:
            inside = [k for k in self._kinds if k.namespaced and not k.stale]
            for kind, items in pool.map(lambda k: (k, listed(self._client, self.name, k, namespace=namespace)), inside):
                for i in items if isinstance(items, list) else []:
                    meta = i["metadata"]
                    if meta.get("deletionTimestamp") and meta.get("finalizers"):
                        found.append(f"{kind.kind.lower()}/{meta['name']} (finalizer {', '.join(meta['finalizers'])})")
        return found

    # ---- volumes ----------------------------------------------------------------------------------------------
    def _volumes(self, wanted: Wanted) -> list[Thing]:
        """Volumes whose claim was in a namespace of a run, and what attaches them."""
        try:
            items = self._client.get("/api/v1/persistentvolumes", {"limit": 5000})["items"]
            attached = self._client.get("/apis/storage.k8s.io/v1/volumeattachments", {"limit": 5000})["items"]
        except ApiError as e:
            if e.status == 403:
                return [refused(self.name, "PersistentVolume", e.message)]
            raise PlatformError(f"{self.place}: {e}") from None
        nodes = {a["spec"]["source"].get("persistentVolumeName"): a["spec"]["nodeName"] for a in attached}
        kind, found = Kind("v1", "PersistentVolume", "persistentvolumes", False), []
        for item in items:
            space = str((item["spec"].get("claimRef") or {}).get("namespace") or "")
            ours = _SPACE.fullmatch(space) and (not wanted.run_id or space.endswith(wanted.run_id))
            if ours or wanted.named(item["metadata"]["name"], space) or self._fits(item, wanted):
                found.append(_volume(item, thing(self.name, kind, item), nodes.get(item["metadata"]["name"], "")))
        return found

    # ---- without the cluster ----------------------------------------------------------------------------------
    def _from_journal(self, wanted: Wanted, error: ApiError) -> list[Thing]:
        found = []
        for entry in journal.unfinished(self._folder, self.place):
            if wanted.run_id and entry.run_id != wanted.run_id:
                continue
            made = iso(datetime.fromtimestamp(float(entry.head.get("started") or 0), timezone.utc))
            for o in entry.objects:
                name = "/".join(filter(None, (o["namespace"], o["name"])))
                found.append(Thing(self.name, o["kind"], name, name, made, f"run {entry.run_id}", DEPENDENCY,
                                   f"by the journal {entry.path.name}; the cluster does not answer ({error.message})"))
        if not found:
            raise PlatformError(f"{self.place}: {error}; the journal in {self._folder} has nothing of it, so what is left in "
                                "it is unknown")
        return found


def _volume(item: Mapping[str, Any], found: Thing, node: str) -> Thing:
    status, spec = item.get("status") or {}, item["spec"]
    claim = "/".join(str(spec.get("claimRef", {}).get(k) or "") for k in ("namespace", "name"))
    disk = (spec.get("csi") or {}).get("volumeHandle") or ""
    owner = found.owner or f"persistentvolumeclaim {claim}"
    if node:
        return replace(found, owner=owner, cause=DEPENDENCY, detail=f"attached to node {node}" + f"; disk {disk}" * bool(disk))
    if status.get("phase") == "Bound":
        return replace(found, owner=owner, cause=DEPENDENCY, detail=f"in use by claim {claim}")
    said = [f"it is {status.get('phase')}", status.get("message") or "", found.detail,
            "its class keeps volumes (reclaim policy Retain)" if spec.get("persistentVolumeReclaimPolicy") == "Retain" else "",
            f"disk {disk}" if disk else ""]
    return replace(found, owner=owner, detail="; ".join(filter(None, said)))
