# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MachineHealthChecks of a management cluster leave machines alone while these are reverted, or shut down for a snapshot.

A check deletes a machine whose node is not Ready for some minutes. One that bears the annotation cluster.x-k8s.io/paused does
nothing (annotations.IsPaused in internal/controllers/machinehealthcheck of kubernetes-sigs/cluster-api). An annotation of ours in
the same request says which task paused it, so that what a user paused stays so, and that a later call, or the guardian, resumes
the others. A cluster that manages itself cannot be told so: its snapshot takes the annotation back.

What the management cluster says of nodes may be old: it keeps it for five minutes when it cannot reach a cluster (flag
remote-conditions-grace-period of its manager). So it is believed only after that; whoever has seen the nodes himself need not wait.
"""
from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

from ..clouds.cluster_api import GROUP, PAUSED, newest, none_there, opened, told
from ..common import names
from ..common.selectors import fits
from ..jobs.access import spoken
from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from ..jobs.meanwhile import meanwhile
from ..kube.errors import ApiError
from ..kube.steady import SteadyClient
from ..machines.model import Machine, MachinePlatform, Wanted
from .set import machines

MARK = "assay.clusters/paused-for"
_IDENTITY = "/api/v1/namespaces/kube-system"
_PATIENCE = 30.0
_OLD = 330.0  # seconds for which the management cluster may tell of nodes as they were
_HEALTHY = "NodeHealthy"  # a Machine's condition in both versions: its node is there, and Ready


class HealthChecks:
    """Of the machines of one task; option cluster_api says where they are managed, and without it nothing is known.

    clusters: (namespace, name) of those that own machines, by look(). well: whether all nodes are Ready now, by whoever has seen it.
    """

    def __init__(self, params: Mapping[str, Any], job: Job, nonce: str = "") -> None:
        self._params, self._job, self._nonce = params, job, nonce or names.nonce()
        self._settings = params.get("cluster_api") or {}
        self._client: SteadyClient | None = None
        self._base = ""
        # path of a check: the machines that it is for, as path of the Machine to the platform's id
        self._members: dict[str, dict[str, str]] = {}
        self.clusters: set[tuple[str, str]] = set()
        self.well = False

    def close(self) -> None:
        if self._client is not None:
            self._client.raw.close()
            self._client.connection.close()

    # ---- looking ----------------------------------------------------------------------------------------------
    def _api(self) -> SteadyClient:
        if self._client is None:
            self._client = SteadyClient(opened(self._settings), _PATIENCE)
        return self._client

    def _find_version(self) -> None:
        group = self._read(f"/apis/{GROUP}")
        if group is None:
            raise none_there(self._api().server)
        self._base = f"/apis/{newest(group)}"

    def _read(self, path: str) -> dict[str, Any] | None:
        """None for what is not there."""
        return None if self._api().absent(path) else dict(self._api().get(path))

    def _items(self, plural: str) -> list[dict[str, Any]]:
        space = self._settings.get("namespace")
        return self._api().list(f"{self._base}{f'/namespaces/{space}' if space else ''}/{plural}").items

    def _path(self, plural: str, of: Mapping[str, Any]) -> str:
        return f"{self._base}/namespaces/{of['metadata']['namespace']}/{plural}/{of['metadata']['name']}"

    def look(self, found: Sequence[Machine], cluster_id: str = "") -> None:
        """Finds the checks. BadOption where the machines are not managed there, or where they are this cluster's own nodes.

        cluster_id: the UID of kube-system of the machines' cluster, where it is known.
        """
        if not self._settings:
            return
        with self._spoken():
            self._find_version()
            if cluster_id and self._identity() == cluster_id or self._is_theirs(found):
                raise BadOption("cluster_api.kubeconfig: leads to the cluster of these machines itself, and a revert takes a pause of its "
                                "health checks back; leave it out, and pause them (spec.paused of the Cluster) before the snapshot is "
                                "taken")
            mine = self._mine(found)
            for check in self._items("machinehealthchecks"):
                members = {self._path("machines", m): i for m, i in mine if _meant(check, m)}
                if members and (PAUSED not in _notes(check) or MARK in _notes(check)):
                    self._members[self._path("machinehealthchecks", check)] = members

    def _spoken(self) -> AbstractContextManager[None]:
        return spoken(f"the management cluster {self._api().server}")

    def _identity(self) -> str:
        """"" where this user may not know it."""
        try:
            return str(self._api().get(_IDENTITY)["metadata"]["uid"])
        except ApiError as e:
            if e.status == 403:
                return ""
            raise

    def _is_theirs(self, found: Sequence[Machine]) -> bool:
        """Whether one of them is a node of this cluster; not where its user may not list nodes."""
        ids = {i.lower() for m in found for i in (m.id, m.uuid) if i}
        try:
            nodes = self._api().list("/api/v1/nodes").items
        except ApiError as e:
            if e.status == 403:
                return False
            raise
        return any(ids & _ids(n) for n in nodes)

    def _mine(self, found: Sequence[Machine]) -> list[tuple[dict[str, Any], str]]:
        """Machine objects with the platform's id of each."""
        there, mine, unknown = self._items("machines"), [], []
        for machine in found:
            of = _objects(machine, there)
            mine += [(m, machine.id) for m in of]
            unknown += [] if of else [machine.name]
        self.clusters = {(m["metadata"]["namespace"], m["spec"]["clusterName"]) for m, _id in mine}
        words = f"{self._api().server} manages no machine called {', '.join(unknown[:5])}" + (" and others" if len(unknown) > 5 else "")
        if unknown and not mine and not self._params.get("allow_owned"):
            raise BadOption(f"cluster_api.kubeconfig: {words}; name the management cluster of these machines, or leave it out")
        if unknown:
            self._job.tell(f"{words}, so no health check of it was looked for")
        return mine

    # ---- holding ----------------------------------------------------------------------------------------------
    @contextmanager
    def held(self, platform: MachinePlatform, found: Sequence[Machine]) -> Iterator[None]:
        """The checks that look() found are paused inside, and resumed afterwards, by the guardian where nobody has seen the nodes."""
        if not self._members:
            yield
            return
        ids, params, environ, nonce = tuple(m.id for m in found), dict(self._params), dict(self._job.environ), self._nonce
        with meanwhile(self._hold, lambda: self._let_go(platform.find(Wanted(ids=ids))), _Again(params, environ, nonce)):
            yield

    def _hold(self) -> None:
        for path in self._members:
            self._note(path, {PAUSED: "", MARK: self._nonce})
            self._job.tell(f"MachineHealthCheck {_words(path)}: paused")

    def _let_go(self, found: Sequence[Machine]) -> bool:
        left, why = [_words(p) for p in self._members], ""
        if self.well:
            try:
                left = self.resume(found)
            except PlatformError as e:  # what was done is done
                why = f" ({e})"
        if left:
            self._job.tell(f"{kept(left)}{why}")
        return not left

    def resume(self, found: Sequence[Machine]) -> list[str]:
        """The checks that stay paused, because machines of theirs do not run or their nodes are not well: they would be deleted."""
        off, left = {m.id for m in found if m.power != "on"}, []
        for path, members in self._members.items():
            with self._spoken():
                check = self._read(path)
                if not check or _notes(check).get(MARK) != self._nonce:  # nothing was paused, or another revert has taken over
                    continue
                if off & set(members.values()) or not (self.well or all(map(self._well, members))):
                    left.append(_words(path))
                    continue
                self._note(path, {PAUSED: None, MARK: None})
                self._job.tell(f"MachineHealthCheck {_words(path)}: resumed")
        return left

    def paused(self) -> list[str]:
        """The checks that are paused for this revert still."""
        with self._spoken():
            return [_words(p) for p in self._members if _notes(self._read(p) or {"metadata": {}}).get(MARK) == self._nonce]

    def _well(self, path: str) -> bool:
        """Also of a Machine that somebody has deleted meanwhile."""
        machine = self._read(path)
        return machine is None or told(machine, _HEALTHY) == "True"

    def _note(self, path: str, notes: Mapping[str, str | None]) -> None:
        with self._spoken():
            self._api().patch(path, {"metadata": {"annotations": dict(notes)}})


class _Again:
    """In the guardian, again and again: PlatformError while some stay paused."""

    def __init__(self, params: Mapping[str, Any], environ: Mapping[str, str], nonce: str) -> None:
        self._params, self._environ, self._nonce = params, environ, nonce
        self._since = 0.0

    def __call__(self) -> None:
        self._since = self._since or time.monotonic()
        job = Job(environ=self._environ)
        with machines(self._params, job) as (_platform, found), closing(HealthChecks(self._params, job, self._nonce)) as checks:
            checks.look(found)
            left = checks.paused() if time.monotonic() - self._since < _OLD else checks.resume(found)
        if left:
            raise PlatformError(kept(left))


def kept(checks: Sequence[str]) -> str:
    """What is to be known of checks that stay paused."""
    return (f"MachineHealthCheck {', '.join(checks)} stays paused until its machines run and their nodes are healthy for the management "
            "cluster, as it would delete them; if they are within half an hour it is resumed, else by the next revert, or by whoever takes "
            f"its annotations {PAUSED} and {MARK} off")


def _notes(of: Mapping[str, Any]) -> dict[str, str]:
    return of["metadata"].get("annotations") or {}


def _words(path: str) -> str:
    parts = path.split("/")
    return f"{parts[-3]}/{parts[-1]}"


def _ids(node: Mapping[str, Any]) -> set[str]:
    """The platform's id of a node's machine, and its UUID: the provider ID ends with one of them."""
    told_uuid = ((node.get("status") or {}).get("nodeInfo") or {}).get("systemUUID")
    return {str(i or "").rpartition("/")[2].lower() for i in ((node.get("spec") or {}).get("providerID"), told_uuid)} - {""}


def _meant(check: Mapping[str, Any], machine: Mapping[str, Any]) -> bool:
    """A selector that says nothing means nothing, as HasMatchingLabels of Cluster API's internal/controllers/machine has it."""
    spec, meta = check["spec"], machine["metadata"]
    return bool(spec["clusterName"] == machine["spec"]["clusterName"] and check["metadata"]["namespace"] == meta["namespace"]
                and any((spec.get("selector") or {}).values()) and fits(spec["selector"], meta.get("labels") or {}))


def _objects(machine: Machine, there: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The Machine objects of a machine: by its provider ID, whose last part is the instance's id or the BIOS UUID, else by name."""
    keys = {machine.id.lower(), machine.uuid.lower()} - {""}
    by_id = [m for m in there if str(m["spec"].get("providerID") or "").rpartition("/")[2].lower() in keys]
    return by_id or [m for m in there if machine.name in (
        m["metadata"]["name"], ((m.get("status") or {}).get("nodeRef") or {}).get("name"),
        (m["spec"].get("infrastructureRef") or {}).get("name"))]
