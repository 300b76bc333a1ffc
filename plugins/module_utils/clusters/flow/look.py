# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One cluster as it is: found by name and run, told to the user, and what results say of it."""
from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ...common.words import plural
from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from ...jobs.patience import FIRST, Patience
from ...kube.errors import ApiError, BadInput
from .. import access, model as words
from ..model import Cluster, ClusterPlatform, Wanted

# Seconds between lines of a wait in which nothing changes.
_STILL = 60.0
# Seconds for which a way to the API server is not asked for anew; tokens of EKS live three times as long.
_KEPT = 300.0
_ABSENT = {"state": "absent", "phase": "absent", "id": "", "uid": "", "version": "", "nodes": 0}


class Look:
    """One call on one cluster. changed: something was asked of the platform, for results of failures too."""

    def __init__(self, platform: ClusterPlatform, params: Mapping[str, Any], job: Job):
        self.platform, self.params, self.job = platform, params, job
        self.base, self.run_id = params["name"], params.get("run_id") or ""
        self.changed, self.last, self.name = False, None, params["name"]
        self._told, self._told_at, self._began = "", 0.0, time.monotonic()
        self._way, self._way_until = "", 0.0
        self._patient = Patience(job)
        words.check_name(self.base, self.run_id, platform.name_limit)
        if params.get("nodes") is not None and params["nodes"] < 1:
            raise BadOption("nodes: must be at least 1; state: absent disposes of the whole cluster")
        if params.get("version"):
            words.parts(params["version"])
        if params.get("kubeconfig"):
            access.check_target(self._path)

    def find(self) -> Cluster | None:
        if not self.run_id:
            return self._patient(lambda: self.platform.find(self.base))
        found = [c.name for c in self._patient(self.platform.clusters) if words.has_run(c.name, self.base, self.run_id)]
        if len(found) > 1:
            raise PlatformError(f"run_id: several clusters of {self.base} are of run {self.run_id}: {', '.join(found)}; "
                                "dispose of them by their full names")
        return self._patient(lambda: self.platform.find(found[0])) if found else None

    @contextmanager
    def explained(self) -> Iterator[None]:
        """What fails carries the cluster as it was last seen, and what its platform tells, if it came that far."""
        try:
            yield
        except PlatformError as e:
            e.details.setdefault("changed", self.changed)
            if self.last:
                e.details.setdefault("cluster", words.as_dict(self.last))
            if self.changed or (self.last and self.last.phase == "failed"):
                e.details.update(self._evidence())
            if self.changed and self.params["state"] == "present":
                e.args = (f"{e}; state: absent with the same name disposes of what there is",)
            raise

    def _evidence(self) -> dict[str, Any]:
        # For some seconds more, each question by itself, where the time is up, which is when it is wanted most.
        self.job.grace = FIRST
        try:
            told = self._patient(lambda: self.platform.evidence(self.name))
        except PlatformError as e:  # what cannot be told must not hide what failed
            return {"events": [], "log": [], "evidence_error": str(e)}
        return {"events": told.get("events", []), "log": told.get("log", [])}

    def _tell(self, line: str) -> None:
        """Each state once, and again when nothing else came for a minute."""
        now = time.monotonic()
        if line != self._told or now - self._told_at > _STILL:
            self.job.tell(f"{self.name}: {line}, {now - self._began:.1f} s")
            self._told, self._told_at = line, now

    def _see(self, found: Cluster) -> Cluster:
        self.name, self.last = found.name, found
        if not found.ours and not self.params["adopt"]:
            raise PlatformError(f"name: there is a cluster {found.name} ({found.id}) that assay.clusters did not make; "
                                "choose another name, or set adopt if it is meant")
        return found

    def _counted(self, found: Cluster, facts: access.Facts) -> int:
        """The platform's number of nodes, else that of the API server, counted as whoever wishes for one does."""
        return found.nodes if found.nodes >= 0 else facts.as_many_as(self.params.get("nodes") or 0)

    def _asked(self, found: Cluster) -> Cluster:
        """With version and nodes from the API server where the platform does not tell them."""
        if (found.version and found.nodes >= 0) or found.phase not in ("ready", "updating") or not self._waits("api"):
            return found
        try:
            facts = access.look(self._access(found), patient=True)
        except (ApiError, BadInput):
            return found
        return replace(found, version=found.version or facts.version, nodes=self._counted(found, facts))

    def _access(self, found: Cluster) -> str:
        """A kubeconfig for our own questions; kept for a while, as tokens in it end and programs take their time."""
        if time.monotonic() > self._way_until:
            self._way, self._way_until = self.platform.access(found), time.monotonic() + _KEPT
        return self._way

    def _waits(self, until: str) -> bool:
        order = ("platform", "api", "nodes")
        return self.params["wait"] and order.index(self.params["wait_until"]) >= order.index(until)

    @staticmethod
    def _text(shape: Mapping[str, Any]) -> str:
        return f"version {shape['version'] or 'unknown'}, {plural(shape['nodes'], 'node')}"

    @staticmethod
    def _shape(cluster: Cluster) -> dict[str, Any]:
        return {"name": cluster.name, "state": "present", "version": cluster.version, "nodes": cluster.nodes}

    @staticmethod
    def _fits(cluster: Cluster, wanted: Wanted) -> bool:
        """What nobody tells is taken for right: a change is asked for only where a difference was seen."""
        return (not cluster.version or words.version_fits(cluster.version, wanted.version)) and \
            (cluster.nodes < 0 or wanted.nodes in (0, cluster.nodes))

    @property
    def _path(self) -> str:
        return os.path.expanduser(self.params.get("kubeconfig") or "")

    def _result(self, found: Cluster | None, changed: bool, before: Any, after: Any) -> dict[str, Any]:
        of = words.as_dict(found) if found else {**_ABSENT, "name": self.name}
        return {"changed": changed, "cluster": of, "diff": {"before": before, "after": after}}
