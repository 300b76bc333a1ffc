# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Modules cluster and cluster_info: a cluster is made, changed, disposed of or looked at, whatever its platform."""
from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from ...common import names
from ...common.words import plural
from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from ...kube.errors import ApiError, BadInput
from .. import access, model as words
from ..model import Cluster, ClusterPlatform, Wanted
from .registry import open_platform, plain

# So many looks may miss a cluster that was just asked for: lists of platforms lag behind.
_MISSES = 5
# Seconds between lines of a wait in which nothing changes.
_STILL = 60.0
# Seconds for which a way to the API server is not asked for anew; tokens of EKS live three times as long.
_KEPT = 300.0
_ABSENT = {"state": "absent", "phase": "absent", "id": "", "uid": "", "version": "", "nodes": 0}


def ensure(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Module cluster."""
    params = plain(params)
    job.limit(params["timeout"])
    with closing(open_platform(params, job)) as platform:
        flow = Flow(platform, params, job)
        with flow.explained():
            return flow.present() if params["state"] == "present" else flow.absent()


def info(params: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Module cluster_info."""
    params = plain(params)
    name, run_id = params.get("name"), params.get("run_id")
    with closing(open_platform(params, job)) as platform:
        found = [c for c in platform.clusters() if not name or c.name == name or words.has_run(c.name, name, run_id or "")]
    if run_id:
        found = [c for c in found if c.labels.get(names.RUN) == run_id or f"-{run_id}-x" in c.name]
    return {"clusters": [words.as_dict(c) for c in sorted(found, key=lambda c: c.name)]}


class Flow:
    """One call on one cluster. changed: something was asked of the platform, for results of failures too."""

    def __init__(self, platform: ClusterPlatform, params: Mapping[str, Any], job: Job):
        self.platform, self.params, self.job = platform, params, job
        self.base, self.run_id = params["name"], params.get("run_id") or ""
        self.changed, self.last, self.name = False, None, params["name"]
        self._told, self._told_at, self._began = "", 0.0, time.monotonic()
        self._way, self._way_until = "", 0.0
        words.check_name(self.base, self.run_id, platform.name_limit)
        if params.get("nodes") is not None and params["nodes"] < 1:
            raise BadOption("nodes: must be at least 1; state: absent disposes of the whole cluster")
        if params.get("version"):
            words.parts(params["version"])
        if params.get("kubeconfig"):
            access.check_target(self._path)

    # ---- looking ----------------------------------------------------------------------------------------------
    def find(self) -> Cluster | None:
        if not self.run_id:
            return self.platform.find(self.base)
        found = [c.name for c in self.platform.clusters() if words.has_run(c.name, self.base, self.run_id)]
        if len(found) > 1:
            raise PlatformError(f"run_id: several clusters of {self.base} are of run {self.run_id}: {', '.join(found)}; "
                                "dispose of them by their full names")
        return self.platform.find(found[0]) if found else None

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
        try:
            told = self.platform.evidence(self.name)
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

    # ---- present ----------------------------------------------------------------------------------------------
    def present(self) -> dict[str, Any]:
        found = self.find()
        if found and self._see(found).phase == "deleting" and not self.job.check_mode:
            self._wait_gone(found)
            found = None
        if not found or found.phase == "deleting" or (found.phase == "failed" and self.platform.resumes):
            return self._create(found)
        if found.phase == "failed":
            raise PlatformError(f"{found.name} is half made or broken ({found.words()}); dispose of it with state: absent "
                                "first, the name stays the same")
        return self._change(found)

    def _create(self, half: Cluster | None) -> dict[str, Any]:
        lifetime = float(self.params["lifetime"])
        self.name = half.name if half else words.with_run(self.base, self.run_id, time.time() + lifetime) \
            if self.run_id else self.base
        labels = names.labels(self.run_id or names.new_run_id(), lifetime)
        wanted = Wanted(self.name, self.params.get("version") or "", self.params.get("nodes") or 0, labels)
        self.platform.check(wanted)
        after = {"name": self.name, "state": "present", "version": wanted.version, "nodes": wanted.nodes}
        if self.job.check_mode:
            return self._result(None, True, {"name": self.name, "state": "absent"}, after)
        self._tell("is created")
        self.changed = True
        self.platform.create(wanted)
        ready = self._wait_ready(wanted)
        return self._with_kubeconfig(ready, True, {"name": self.name, "state": "absent"}, self._shape(ready))

    def _change(self, found: Cluster) -> dict[str, Any]:
        wanted = Wanted(found.name, self.params.get("version") or "", self.params.get("nodes") or 0, found.labels)
        if self.params["wait"] and not self.job.check_mode:
            found = self._wait_ready(Wanted(found.name), nodes=False)
        found = self._asked(found)
        words.check_no_downgrade(found, wanted.version)
        before, differs = self._shape(found), not self._fits(found, wanted)
        after = {**before, "version": before["version"] if words.version_fits(found.version, wanted.version)
                 else wanted.version, "nodes": wanted.nodes or found.nodes}
        if differs:
            self._same_cluster(found)
            self.platform.check(wanted)
        if self.job.check_mode:
            return self._result(found, differs or self._kubeconfig_differs(found), before, after)
        if differs:
            self._tell(f"is changed from {self._text(before)} to {self._text(after)}")
            self.changed = True
            self.platform.update(found, wanted)
        if self.params["wait"]:
            found = self._wait_ready(wanted)
            after = self._shape(found)
        return self._with_kubeconfig(found, differs, before, after)

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

    def _waits(self, until: str) -> bool:
        order = ("platform", "api", "nodes")
        return self.params["wait"] and order.index(self.params["wait_until"]) >= order.index(until)

    def _asked(self, found: Cluster) -> Cluster:
        """With version and nodes from the API server where the platform does not tell them."""
        if (found.version and found.nodes >= 0) or found.phase not in ("ready", "updating") or not self._waits("api"):
            return found
        try:
            facts = access.look(self._access(found))
        except (ApiError, BadInput):
            return found
        return replace(found, version=found.version or facts.version,
                       nodes=found.nodes if found.nodes >= 0 else facts.nodes)

    def _access(self, found: Cluster) -> str:
        """A kubeconfig for our own questions; kept for a while, as tokens in it end and programs take their time."""
        if time.monotonic() > self._way_until:
            self._way, self._way_until = self.platform.access(found), time.monotonic() + _KEPT
        return self._way

    # ---- waiting ----------------------------------------------------------------------------------------------
    def _until(self, what: Callable[[], str]) -> None:
        """Look until there is nothing left to wait for; what() tells what it is, "" at the end."""
        self.job.until(what, self.params["poll"], about=self.name, told=self._tell)

    def _wait_ready(self, wanted: Wanted, nodes: bool = True) -> Cluster:
        """Ready in its platform's words, then the API server answers as the same cluster, then enough nodes do."""
        misses = 0

        def platform_waits() -> str:
            nonlocal misses
            found = self.platform.find(wanted.name)
            if found is None:
                misses += 1
                if misses >= _MISSES or self.last is not None:
                    raise PlatformError(f"{wanted.name} is gone: somebody deleted it while it was waited for")
                return "not listed yet"
            self.last = found
            if found.phase in ("failed", "deleting"):
                raise PlatformError(f"{wanted.name} did not become ready: {found.words()}")
            asked = self._asked(found) if found.phase == "ready" else found
            if found.phase == "ready" and self._fits(asked, wanted):
                return ""
            return found.words() if found.phase != "ready" else f"{found.words()} with {self._text(self._shape(asked))}"

        if not self.params["wait"]:
            return self.platform.find(wanted.name) or Cluster(wanted.name, "", "unknown", "creating")
        self._until(platform_waits)
        if self._waits("api"):
            self._until(lambda: self._api_waits(wanted, nodes and self._waits("nodes")))
        if nodes:
            self._tell("ready")
        return self.last

    def _api_waits(self, wanted: Wanted, nodes: bool) -> str:
        try:
            facts = access.look(self._access(self.last))
        except (ApiError, BadInput) as e:
            return f"{self.last.state}, but the API server does not answer yet ({e})"
        if self.last.uid and self.last.uid != facts.uid:
            raise PlatformError(f"the kubeconfig of {self.name} leads to another cluster: that one's id is {facts.uid}, "
                                f"{self.name} was made as {self.last.uid}")
        if not self.last.uid:
            self.platform.mark(self.last, facts.uid)
        self.last = replace(self.last, uid=facts.uid, version=self.last.version or facts.version,
                            nodes=self.last.nodes if self.last.nodes >= 0 else facts.nodes)
        enough = wanted.nodes or max(self.last.nodes, 1)
        if nodes and (facts.ready < enough or facts.waiting):
            return f"{facts.ready} of {enough} nodes Ready" + (f", not {', '.join(facts.waiting[:5])}" * bool(facts.waiting))
        return ""

    def _wait_gone(self, found: Cluster) -> None:
        def waits() -> str:
            now = self.platform.find(found.name)
            if now is None or (found.id and now.id != found.id):
                return ""
            self.last = now
            if now.phase == "failed":
                raise PlatformError(f"{found.name} could not be deleted: {now.words()}")
            return now.words()

        self._until(waits)
        self._tell("gone")
        self.last = None

    # ---- absent -----------------------------------------------------------------------------------------------
    def absent(self) -> dict[str, Any]:
        found = self.find()
        if found is None:
            return self._result(None, False, {"name": self.name, "state": "absent"},
                                {"name": self.name, "state": "absent"})
        self._see(found)
        if not self.params["disposable"]:
            raise PlatformError(f"disposable: {found.name} is not marked as disposable, nothing was deleted; set "
                                "cluster_disposable: true in the inventory if it may go")
        self._same_cluster(found)
        before, after = self._shape(found), {"name": found.name, "state": "absent"}
        if self.job.check_mode:
            return self._result(None, True, before, after)
        self._tell("is deleted")
        self.changed = True
        self.platform.delete(found)
        if self.params["wait"]:
            self._wait_gone_or_fail_again(found)
        self._remove_kubeconfig(found)
        return self._result(None, True, before, after)

    def _wait_gone_or_fail_again(self, found: Cluster) -> None:
        """A cluster that had failed before may show that for some looks more, until its deletion has begun."""
        grace = time.monotonic() + min(30.0, 6 * self.params["poll"]) if found.phase == "failed" else 0.0
        while True:
            try:
                return self._wait_gone(found)
            except PlatformError:
                if time.monotonic() > grace or self.job.left() <= 0:
                    raise
                self.job.pause(self.params["poll"], f"{found.name} to be deleted")

    def _remove_kubeconfig(self, found: Cluster) -> None:
        if self._path and os.path.exists(self._path):
            os.unlink(self._path)
            self.job.tell(f"{found.name}: {self._path} removed")

    def _same_cluster(self, found: Cluster) -> None:
        """Before anything that cannot be undone: everything that tells which cluster this is says the same."""
        expected, path = self.params.get("cluster_id"), self._path
        live = ""
        if found.phase in ("ready", "updating") and self._waits("api"):
            try:
                live = access.uid_of(self._access(found))
            except PlatformError:  # half made: there may be none
                live = ""
        if expected and expected not in (found.id, found.uid or live):
            raise PlatformError(f"cluster_id: {found.name} is {found.id}" + (f" with the uid {found.uid or live}"
                                if found.uid or live else "") + f", not {expected}; nothing was changed")
        if live and found.uid and live != found.uid:
            raise PlatformError(f"{found.name} was made as {found.uid}, and its kubeconfig leads to {live}, another "
                                "cluster; nothing was changed")
        other = access.uid_of(access.read(path)) if path and os.path.exists(path) else ""
        if other and (live or found.uid) and other != (live or found.uid):
            raise PlatformError(f"kubeconfig: {path} leads to another cluster ({other}) than {found.name} "
                                f"({live or found.uid}); nothing was changed")

    # ---- results ----------------------------------------------------------------------------------------------
    @property
    def _path(self) -> str:
        return os.path.expanduser(self.params.get("kubeconfig") or "")

    def _kept(self, found: Cluster) -> str:
        """The content of the kubeconfig file, where it leads to this cluster: platforms make new ones at each call."""
        content = access.read(self._path) if self._path else ""
        return content if content and found.uid and access.uid_of(content) == found.uid else ""

    def _kubeconfig_differs(self, found: Cluster) -> bool:
        """Whether the file would be written; without an API server to ask, whether there is none."""
        return bool(self._path) and (not os.path.exists(self._path) or
                                     (self._waits("api") and bool(found.uid) and not self._kept(found)))

    def _with_kubeconfig(self, found: Cluster, changed: bool, before: Any, after: Any) -> dict[str, Any]:
        result = self._result(found, changed, before, after)
        if not self.params["wait"]:
            return result
        content = self._kept(found)
        if not content:
            content = self.platform.kubeconfig(found)
            other = access.uid_of(content) if found.uid and self._waits("api") else ""
            if other and other != found.uid:
                raise PlatformError(f"the kubeconfig of {found.name} leads to another cluster ({other}, not {found.uid})")
            if self._path and access.write(self._path, content):
                self.job.tell(f"{found.name}: kubeconfig written to {self._path}")
                result["changed"] = self.changed = True
        return {**result, "kubeconfig": content, "kubeconfig_path": self._path}

    def _result(self, found: Cluster | None, changed: bool, before: Any, after: Any) -> dict[str, Any]:
        of = words.as_dict(found) if found else {**_ABSENT, "name": self.name}
        return {"changed": changed, "cluster": of, "diff": {"before": before, "after": after}}
