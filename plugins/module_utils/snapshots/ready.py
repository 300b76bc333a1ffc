# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the cluster on machines that were reverted works: the API server, heartbeats of now, clocks of nodes."""
from __future__ import annotations

import json
import os
import shlex
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from ..arguments.cluster import LOG_IN
from ..common import nodes
from ..jobs.access import connection
from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from ..jobs.program import Program
from ..kube.client import Client
from ..kube.errors import ApiError
from ..kube.steady import SteadyClient
from ..machines.model import Machine
from .owners import owners, told

_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_IDENTITY = "/api/v1/namespaces/kube-system"
_AGAIN = 1.0
# Seconds until a cluster that answered is taken for broken before a revert, which it may be.
_PATIENCE = 10.0
_CLOCK_LOOK = 0.25
_RENEWED = 60.0  # seconds in which a kubelet renews its Lease several times (every 10 s unless configured)
_ADDRESSES = ("kubeconfig", "host", "context")

T = TypeVar("T")


class Cluster:
    """The cluster that the connection options name, or none. stages: what is waited for, None for all that can be."""

    def __init__(self, params: Mapping[str, Any], job: Job, stages: tuple[str, ...] | None) -> None:
        # a module of machines has the log-in of their platform under these names
        self._params, self._job = {n: v for n, v in params.items() if n not in LOG_IN}, job
        self.named = any(params.get(n) for n in _ADDRESSES) or any(job.environ.get(f"K8S_AUTH_{n.upper()}") for n in _ADDRESSES)
        if stages is None:
            stages = ("tools", "api", "nodes", "clocks") if self.named else ("tools",)
        wanted = [s for s in stages if s != "tools"]
        if wanted and not self.named:
            raise BadOption(f"wait_for: {wanted[0]} needs the address of the cluster: give kubeconfig (cluster_kubeconfig in the inventory)")
        if params.get("cluster_id") and not self.named:
            raise BadOption("cluster_id: is compared with the cluster behind kubeconfig, which is not given")
        self._stages = set(stages) | ({"api"} if wanted else set())
        self._client: Client | None = None
        self.id = ""  # of the cluster, as far as it answered before

    def waits(self, stage: str) -> bool:
        return stage in self._stages

    def _api(self) -> Client:
        if self._client is None:
            self._client = Client(connection(self._params, self._job))
        return self._client

    def close(self) -> None:
        """Keys of the connection are gone from the disk then."""
        if self._client is not None:
            self._client.close()
            self._client.connection.close()

    # ---- which cluster ----------------------------------------------------------------------------------------
    def compare_before(self) -> None:
        """BadOption when another cluster answers than cluster_id says. One that does not answer is broken, and may be reverted."""
        if not self.named:
            return
        try:
            found = _id(SteadyClient(self._api(), _PATIENCE), 5.0)
        except ApiError as e:
            if self._params.get("cluster_id"):
                self._job.tell(f"cluster_id was not compared before: the cluster does not answer ({e})"[:300])
            return
        self._compare(found)
        self.id = found

    def check_owners(self, looked: Collection[tuple[str, str]] = ()) -> None:
        """BadOption where somebody would replace machines that are off for a while, unless option allow_owned lets that be.

        looked: see owners().
        """
        if not self.named:
            return
        try:
            words = told(owners(SteadyClient(self._api(), _PATIENCE), looked), self._job.tell)
        except ApiError as e:
            self._job.tell(f"who would replace the machines meanwhile was not looked for: the cluster does not answer ({e})"[:300])
            return
        if words and not self._params.get("allow_owned"):
            raise BadOption(f"allow_owned: the machines may be replaced while they are reverted: {words}; pause it, or set "
                            "allow_owned: true where that is done or may be")

    def _compare(self, found: str) -> None:
        wanted = self._params.get("cluster_id")
        if wanted and found != wanted:
            raise BadOption(f"cluster_id: the cluster behind kubeconfig ({self._api().server}) is {found}, not {wanted}: is it the "
                            "kubeconfig of another cluster?")

    # ---- waiting ----------------------------------------------------------------------------------------------
    def _until(self, what: Callable[[], str], look: Callable[[], T | None]) -> T:
        """The first answer that is not None; errors of the API are waited out, and one that lasts is told at the deadline.

        what: names what is waited for as it is then.
        """
        found: list[T] = []

        def waits() -> str:
            last = ""
            try:
                answer = look()
                if answer is not None:
                    found.append(answer)
                    return ""
            except ApiError as e:
                last = f" (at last: {e})"
            return what() + last[:300]

        self._job.until(waits, _AGAIN, told=lambda line: None)
        return found[0]

    def wait_api(self) -> str:
        """Until /readyz says ok; the cluster's id."""
        since = time.monotonic()
        self._until(lambda: "the API server", lambda: self._api().get("/readyz", timeout=5.0, raw=True).strip() == "ok" or None)
        found = self._until(lambda: "the API server", lambda: _id(self._api(), 5.0))
        self._compare(found)
        self._job.tell(f"API server ready, {time.monotonic() - since:.1f} s")
        return found

    def _renewals(self) -> dict[str, str]:
        items = self._api().get(_LEASES, timeout=5.0).get("items") or []
        return {i["metadata"]["name"]: str(i["spec"].get("renewTime") or "") for i in items}

    def wait_nodes(self) -> list[dict[str, Any]]:
        """Until all Nodes are Ready, by heartbeats of now: what a snapshot holds says Ready as well."""
        since, fresh = time.monotonic(), set()
        before = self._until(lambda: "the Leases of nodes", self._renewals)

        def look() -> list[dict[str, Any]] | None:
            now = self._renewals()
            items = self._api().get("/api/v1/nodes", timeout=10.0).get("items") or []
            ready = {i["metadata"]["name"]: nodes.ready(i) for i in items}
            for name in ready:
                if name not in fresh and ready[name] and now.get(name, "") != before.get(name, ""):
                    fresh.add(name)
                    self._job.tell(f"node {name}: Ready, {time.monotonic() - since:.1f} s")
            self._waiting = sorted(set(ready) - fresh)
            return [{"name": n, "ready": True} for n in sorted(ready)] if ready and not self._waiting else None

        self._waiting = ["all nodes"]
        return self._until(lambda: f"nodes to be Ready: {', '.join(self._waiting)[:200]}", look)

    def clocks(self) -> dict[str, float]:
        """Seconds by which the clock of each node is ahead of this machine's, measured at a renewal of its Lease.

        The kubelet writes its own time there. PlatformError when one is further off than clock_skew.
        """
        bound, skews = float(self._params.get("clock_skew") or 0), {}
        before, end = self._until(lambda: "the Leases of nodes", self._renewals), time.monotonic() + _RENEWED
        while set(before) - set(skews) and time.monotonic() < end:
            self._job.pause(_CLOCK_LOOK, f"the clocks of {', '.join(sorted(set(before) - set(skews)))[:200]}")
            try:
                asked = time.time()
                now = self._renewals()
            except ApiError:
                continue
            for name in set(before) - set(skews):
                if now.get(name) and now[name] != before[name]:
                    skews[name] = round(_epoch(now[name]) - (asked + time.time()) / 2, 2)
        off = {n: s for n, s in skews.items() if bound and abs(s) > bound + _CLOCK_LOOK}
        if off:
            raise PlatformError(_clock_words(off, skews, bound), skews=skews)
        self._job.tell(f"clocks of {len(skews)} nodes are within {max(map(abs, skews.values()), default=0):.1f} s of this machine's")
        return skews


def _id(client: Client | SteadyClient, timeout: float) -> str:
    return str(client.get(_IDENTITY, timeout=timeout)["metadata"]["uid"])


def _clock_words(off: Mapping[str, float], skews: Mapping[str, float], bound: float) -> str:
    words = ", ".join(f"{n} {s:+.1f} s" for n, s in sorted(off.items()))
    if len(off) == len(skews) > 1 and max(skews.values()) - min(skews.values()) <= bound:
        return (f"the clocks of all nodes agree, and differ from this machine's ({words}): correct the clock of this machine or of the "
                "hypervisors")
    return f"clocks are wrong after the revert: {words} (clock_skew is {bound:g} s): start time synchronisation there, or set them by post_revert_command"


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def fix_up(params: Mapping[str, Any], job: Job, found: Sequence[Machine]) -> None:
    """Run the user's program on this machine. It is told the machines as JSON in ASSAY_MACHINES, and KUBECONFIG where it is a file."""
    argv = [str(a) for a in params["post_revert_command"]]
    if "/" in argv[0]:
        argv[0] = os.path.abspath(os.path.expanduser(argv[0]))
    told = {"ASSAY_MACHINES": json.dumps([{"name": m.name, "id": m.id, "address": m.address} for m in found])}
    kubeconfig = params.get("kubeconfig")
    if isinstance(kubeconfig, str) and os.path.exists(os.path.expanduser(kubeconfig)):
        told["KUBECONFIG"] = os.path.abspath(os.path.expanduser(kubeconfig))
    with tempfile.TemporaryDirectory(prefix="assay-fixup-") as folder:
        try:
            Program(Path(folder), told, job).run(argv, "post_revert_command")
        except PlatformError as e:
            raise type(e)(f"the fix-up {shlex.join(argv)[:200]} failed: {e}") from None
