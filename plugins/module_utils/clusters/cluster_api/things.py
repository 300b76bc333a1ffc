# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a manifest holds beside the Cluster: made for it, shared with other clusters of ours, or somebody else's.

What we made bears our labels, and an annotation for each cluster that uses it. It goes with the last of them. What is there without
our label is used as it is where it says the same as the manifest, and is never changed, labelled or deleted.
"""
from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...common import names
from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from ...kube.errors import ApiError
from ...kube.json_text import json_of
from .api import Api

OBJECTS = "assay.clusters/objects"
LABEL = "assay.clusters/cluster"
# Annotations, with the uid of a Cluster behind it and namespace/name as their value.
USED = "used-by.assay.clusters/"
# What differs from one object to the next by itself.
_ASIDE = ("metadata", "status")


def noted(of: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was applied beside a Cluster, as it is noted on it; nothing where somebody else has written over it."""
    try:
        found = json_of((of["metadata"].get("annotations") or {}).get(OBJECTS) or "[]")
    except ValueError:
        return []
    return [o for o in found if isinstance(o, dict)] if isinstance(found, list) else []


def note(of: dict[str, Any], others: Iterable[Mapping[str, Any]]) -> None:
    found = [{"apiVersion": o["apiVersion"], "kind": o["kind"], "metadata": {
        k: v for k, v in o["metadata"].items() if k in ("name", "namespace")}} for o in others]
    of["metadata"].setdefault("annotations", {})[OBJECTS] = json.dumps(found)


def _title(item: Mapping[str, Any]) -> str:
    return f"{item['kind']} {item['metadata']['name']}"


def _ours(found: Mapping[str, Any]) -> bool:
    return (found["metadata"].get("labels") or {}).get(names.MANAGED_BY) == names.MANAGER


class Things:
    """Of one cluster, by its name in the namespace of the settings."""

    def __init__(self, api: Api, job: Job, cluster: str):
        self._api, self._job, self._name, self._me = api, job, cluster, f"{api.namespace}/{cluster}"

    def _users(self, found: Mapping[str, Any]) -> set[str]:
        """Clusters of ours that use it, namespace/name; those of before the annotation, by the label."""
        told = {v for k, v in (found["metadata"].get("annotations") or {}).items() if k.startswith(USED)}
        label = (found["metadata"].get("labels") or {}).get(LABEL)
        return told or ({f"{found['metadata'].get('namespace') or self._api.namespace}/{label}"} if label else set())

    def _alone(self, found: Mapping[str, Any]) -> bool:
        return _ours(found) and self._users(found) <= {self._me}

    # ---- making -----------------------------------------------------------------------------------------------
    def check(self, items: Iterable[Mapping[str, Any]]) -> None:
        """BadOption for what is there, is not of this cluster alone, and says something else than the manifest."""
        for item in items:
            found = self._api.get(item)
            if found and not self._alone(found) and self._would_change(item, found):
                whose = ", ".join(sorted(self._users(found) - {self._me})) if _ours(found) else ""
                raise BadOption(f"cluster_api.manifest: there is a {_title(item)} " + (f"of {whose}" if whose else "that assay.clusters "
                                "did not make") + ", and it is another one; give it another name in the manifest, or leave it out")

    def _would_change(self, item: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
        """Asked of the API server, which knows defaults and spellings; its webhooks may say that it cannot be changed at all."""
        try:
            after = self._api.tried(item)
        except PlatformError as e:
            if e.details.get("status") in (403, 409, 422):
                return True
            raise
        return {k: v for k, v in after.items() if k not in _ASIDE} != {k: v for k, v in found.items() if k not in _ASIDE}

    def apply(self, item: dict[str, Any], labels: Mapping[str, str], owner: Mapping[str, Any]) -> None:
        """owner: the Cluster. What others use too is joined, what is somebody else's is left alone."""
        found = self._api.get(item)
        if found and not _ours(found):
            self._job.tell(f"{self._name}: {_title(item)} is there, and is used as it is")
            return
        used = {f"{USED}{owner['metadata']['uid']}": self._me}
        # A deletion that nobody sees to its end takes it along, too, but only once no Cluster needs it.
        owners = [{"apiVersion": owner["apiVersion"], "kind": "Cluster", "name": self._name, "uid": owner["metadata"]["uid"]}] \
            if self._api.beside(item) else []
        if found and not self._alone(found):
            self._send({**{k: item[k] for k in ("apiVersion", "kind")}, "metadata": {
                **{k: item["metadata"][k] for k in ("name", "namespace") if k in item["metadata"]},
                "annotations": used, **({"ownerReferences": owners} if owners else {})}}, manager=f"assay.clusters/{self._name}"[:128])
            return
        metadata = item["metadata"]
        metadata.setdefault("labels", {}).update({**labels, LABEL: self._name})
        metadata.setdefault("annotations", {}).update(used)
        if owners:
            metadata.setdefault("ownerReferences", []).extend(owners)
        self._send(item)

    def note_more(self, of: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> None:
        """On a Cluster that is there, before they are made."""
        added: dict[str, Any] = {"metadata": {}}
        note(added, [*noted(of), *items])
        self._api.call("PATCH", self._api.cluster_path(self._name), {"metadata": {"annotations": added["metadata"]["annotations"]}},
                       content_type="application/merge-patch+json")

    def _send(self, item: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        self._api.path(item)  # asked again while errors pass, and known then
        try:
            return self._api.applier.apply(item, self._api.namespace, **more)
        except ApiError as e:
            raise PlatformError(f"{_title(item)}: {e.message}", status=e.status) from None

    def apply_cluster(self, of: dict[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
        of["metadata"].setdefault("labels", {}).update({**labels, LABEL: self._name})
        return self._send(of)

    # ---- unmaking ---------------------------------------------------------------------------------------------
    def left(self) -> list[dict[str, Any]]:
        """What is there of this cluster by its label, though the Cluster may be gone."""
        found = self._api.labelled(f"{names.OURS},{LABEL}={self._name}")
        return [f for f in found if self._me in self._users(f)]

    def let_go(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Before the Cluster goes: what other clusters use stays, and does not go with this one."""
        for item in items:
            found = self._api.get(item)
            if found and _ours(found) and self._me in self._users(found):
                others = self._others(found)
                if others:
                    self._hand_over({**found, **{k: item[k] for k in ("apiVersion", "kind")}}, others)

    def _others(self, found: Mapping[str, Any]) -> list[str]:
        """Clusters that use it and are there."""
        def there(user: str) -> bool:
            namespace, _slash, name = user.partition("/")
            return bool(self._api.call("GET", f"/apis/{self._api.version}/namespaces/{namespace}/clusters/{name}", missing=None))

        return [u for u in sorted(self._users(found) - {self._me}) if there(u)]

    def _hand_over(self, found: Mapping[str, Any], others: Sequence[str]) -> None:
        metadata = found["metadata"]
        mine = {k: None for k, v in (metadata.get("annotations") or {}).items() if k.startswith(USED) and v == self._me}
        uids = {k.removeprefix(USED) for k in mine}
        owners = [o for o in metadata.get("ownerReferences") or [] if o.get("uid") not in uids]
        label = {LABEL: others[0].partition("/")[2]} if (metadata.get("labels") or {}).get(LABEL) == self._name else {}
        # the version makes sure that no owner who came meanwhile is lost
        self._api.patch(found, {"metadata": {"annotations": mine, "labels": label, "ownerReferences": owners,
                                             "resourceVersion": metadata["resourceVersion"]}})
        self._job.tell(f"{self._name}: {_title(found)} stays, {', '.join(others)} needs it")

    def delete(self, items: Sequence[Mapping[str, Any]]) -> None:
        """What is of this cluster alone, the last first."""
        for item in reversed(items):
            found = self._api.get(item)
            if found and _ours(found) and self._me in self._users(found) and not self._others(found):
                self._delete(item)

    def going(self, items: Sequence[Mapping[str, Any]]) -> str:
        """What of them is being deleted and is still there, for instance as its finalizers hold it."""
        for item in items:
            found = self._api.get(item)
            if found and found["metadata"].get("deletionTimestamp") and self._me in self._users(found):
                return f"{_title(item)} to be deleted"
        return ""

    def _delete(self, item: Mapping[str, Any]) -> None:
        try:
            self._api.call("DELETE", self._api.path(item), missing=None)
        except PlatformError as e:
            if "admission webhook" not in str(e):
                raise
            self._job.tell(f"{self._name}: {_title(item)} stays: {e}")  # as a ClusterClass that somebody else's cluster is made by
