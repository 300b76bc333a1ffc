# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module preflight: what a run, and the platforms of a cluster, would lack; within seconds, and nothing is made."""
from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..common import names
from ..engine.check import Check
from ..engine.terms import Terms
from ..jobs.job import Job
from ..kube.client import Client
from ..kube.connection import Connection
from ..kube.errors import ApiError
from . import cluster, permissions, platforms


@dataclass(frozen=True)
class Wish:
    """What is looked at. connection: None where there is no cluster yet. seconds: for all of it; ask: whether anybody is asked.
    platform: ("", {}) for none; machines: {} for none. optional: of rights, as of rbac_info."""

    host: str
    connection: Connection | None
    checks: Sequence[type[Check]]
    terms: Terms
    images: Mapping[str, str]
    optional: Sequence[str]
    platform: tuple[str, Mapping[str, Any]] = ("", {})
    machines: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 5.0
    ask: bool = True


class Look:
    """One look at one cluster."""

    def __init__(self, wish: Wish, job: Job):
        self.wish, self.job, self.began = wish, job, time.monotonic()
        self.missing: list[str] = []
        self.notes: list[str] = []
        self.version, self.asked, self.complete = "", 0, True

    def left(self) -> float:
        """Seconds; ApiError when there are none."""
        seconds = self.wish.seconds - (time.monotonic() - self.began)
        if seconds <= 0:
            raise ApiError("timeout", None, "Timeout", f"there was no answer within {self.wish.seconds:g} s", "GET", "/")
        return seconds

    def _take(self, found: tuple[list[str], list[str]]) -> None:
        self.missing += found[0]
        self.notes += found[1]

    def _unasked(self, note: str) -> None:
        self.complete = False
        self.notes.append(note)

    def _rights(self, client: Client) -> None:
        asked = permissions.questions(self.wish.checks, self.wish.terms.namespace, self.wish.optional)
        try:
            refused = permissions.denied(client, asked, self.left)
        except ApiError as e:
            self._unasked(f"permissions could not be asked for: {e.message}")
            return
        self.asked = len(asked)
        self.missing += permissions.sentences(q for q in refused if not q.optional)
        spared = [line.partition("may not ")[2] for line in permissions.sentences(q for q in refused if q.optional)]
        self.notes += [f"permissions that a run does without are missing: {'; '.join(spared)}"] if spared else []

    def _nodes(self, client: Client) -> int:
        try:
            return len(client.list("/api/v1/nodes", timeout=self.left(), metadata_only=True).items)
        except ApiError:
            return 1  # what is missing to ask is told as a permission

    def _namespace(self, client: Client) -> None:
        terms = self.wish.terms
        if not terms.namespace:
            run_id = names.new_run_id()
            said = cluster.own_namespace(client, terms, f"assay-{run_id}", names.labels(run_id, 60), self.left())
            self._take(([said] if said else [], []))
            return
        self._take(cluster.given_namespace(client, terms.namespace, self.left()))
        if any(c.probes for c in self.wish.checks):
            self._take(cluster.quotas(client, terms.namespace, self._nodes(client), self.left()))

    def _cluster(self, connection: Connection) -> None:
        client = Client(connection)
        try:
            self.version = cluster.version(client, self.left())
        except ApiError as e:
            self.missing.append(f"API server: {connection.server}: {e.message}")
            return
        for part in (self._rights, self._namespace, lambda c: self._take(cluster.registries(c, self.wish.images, self.left))):
            try:
                part(client)
            except ApiError as e:
                self._unasked(f"not all was asked: {e.message}")

    def __call__(self) -> dict[str, Any]:
        wish, waiting = self.wish, []
        name, settings = wish.platform
        if name:
            waiting.append(platforms.within(wish.seconds, f"platform {name}", lambda: platforms.cluster_problem(
                wish.host, name, settings, wish.ask, self.job)))
        if wish.machines:
            waiting.append(platforms.within(wish.seconds, f"machines of {wish.machines['platform']}",
                                            lambda: platforms.machines_problem(wish.machines, wish.ask, self.job)))
        if wish.connection and wish.ask:
            self._cluster(wish.connection)
        self.missing += [said for joined in waiting if (said := joined())]
        return {"missing": self.missing, "notes": self.notes, "version": self.version, "permissions_asked": self.asked,
                "complete": self.complete, "seconds": round(time.monotonic() - self.began, 2)}
