# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every image on every node: pods are made as the pace allows, read until they tell the end, and removed."""
from __future__ import annotations

import time
from dataclasses import dataclass

from ..jobs.errors import Interrupted, PlatformError
from ..kube.errors import ApiError
from ..kube.watch import Watch
from . import nodes as nodes_, pods as pods_
from .pulls import IDLE, Node, Pulls, Settings
from .result import FAILED, PULLED, Result
from .work import Work

# Seconds that a node which is not fit is waited for, when nothing else is left to do; one that joins needs longer.
_NODE_GRACE, _JOIN_GRACE = 30.0, 180.0
_TICK, _ALIVE = 0.1, 60.0


@dataclass
class Prepull(Pulls):
    """`go` returns the results; left_out is why nodes were not asked."""

    # ---- the way ----------------------------------------------------------------------------------------------
    def go(self) -> list[Result]:
        client = self.space.raw
        selector = {"labelSelector": self.settings.selector} if self.settings.selector else None
        self._node_watch = Watch(client, "/api/v1/nodes", selector, name="nodes")
        self._node_watch.start()
        self._pods, self._event_watch = self.space.watch("pods"), self.space.watch("events")
        self._start, self._sees_events = time.monotonic(), self._synced(self._event_watch)
        try:
            self._turn()
            while not self._done():
                time.sleep(_TICK)
                self._turn()
        finally:
            self._node_watch.stop()
            self._pool.shutdown(wait=True)
        self._fill_sizes()
        return self.results

    @staticmethod
    def _synced(watch: Watch) -> bool:
        """Without the right to see events a pull is told by its pod alone."""
        try:
            return bool(watch.wait(lambda items: True, time.monotonic() + 15.0))
        except ApiError as e:
            if e.status != 403:
                raise
            return False

    def _turn(self) -> None:
        if self.job.orphaned():
            raise Interrupted("the playbook ended; the clean-up goes on by itself")
        self._admit()
        self._note_events()
        self._collect()
        self._start_more()
        if time.monotonic() - self._told > _ALIVE:
            pulling = sum(len(b.open) for b in self._running)
            self._tell(f"{len(self.results)} done, {pulling} being pulled, {len(self._waiting)} to come")

    def _joining(self) -> bool:
        return time.monotonic() < self._start + self.settings.join_within

    def _done(self) -> bool:
        if self.job.left() <= 0:
            self._give_up()
            return True
        return not (self._waiting or self._running or self._joining())

    def _give_up(self) -> None:
        """The limit of the whole job: what is not done is told with what was seen of it."""
        pods, now = self._pods.items(), time.monotonic()
        for batch in [*self._running]:
            pod, events = pods.get((self.space.name, batch.pod), {}), self._events.get(batch.pod, [])
            for work in [*batch.open]:
                reading = pods_.read(pod, events, work.container)
                self._failed(batch, work, *self._overdue(work, "the job's limit", reading, now - batch.since), again=False)
            self._stop(batch)
        for work in [*self._waiting]:
            self._record(Result(work.node, work.image, FAILED, attempts=work.attempt - 1, cause="unknown.timeout",
                                confidence="suspected", error="its turn did not come within the job's limit"))

    # ---- nodes ------------------------------------------------------------------------------------------------
    def _admit(self) -> None:
        """New nodes get work, nodes that went lose it, those that are not fit for long fail."""
        now = time.monotonic()
        if now - self._admitted < IDLE:
            return
        self._admitted = now
        items = self._node_watch.wait(lambda found: (dict(found),), now + 30.0)[0]
        chosen, left_out = nodes_.chosen(items.values(), self.settings.names)
        self.left_out.update(left_out)
        for item in chosen:
            name = item["metadata"]["name"]
            if name in self.nodes:
                self.nodes[name].item = item
            elif not self.nodes or self._joining() or now - self._start < 1.0:
                joined = now - self._start > 5.0
                before = frozenset(nodes_.told_images(item))
                self.nodes[name] = Node(item, now, joined, before=before)
                quiet = self.settings.policy == "IfNotPresent"
                for image in self.images:
                    self._waiting.add(Work(name, image, known=quiet and nodes_.among(image, before)))
                if joined:
                    self._tell(f"{name}: joined")
        present = {n["metadata"]["name"] for n in chosen}
        for name in [n for n in self.nodes if n not in present]:
            self._forget(name)
        self._judge_nodes(now)

    def _forget(self, name: str) -> None:
        self.nodes.pop(name)
        self.left_out[name] = "it left the cluster"
        self._waiting.drop(name)
        for batch in [b for b in self._running if b.node == name]:
            self._stop(batch)

    def _judge_nodes(self, now: float) -> None:
        busy = {b.node for b in self._running}
        for name, node in self.nodes.items():
            found = nodes_.trouble(node.item)
            if found is None or name in busy:
                node.idle = 0.0
                continue
            node.idle = node.idle or now
            grace = 3.0 if found.cause == "node.pressure" else _JOIN_GRACE if node.joined else _NODE_GRACE
            if now - node.idle > grace:
                for work in self._waiting.drop(name):
                    self._record(Result(name, work.image, FAILED, attempts=work.attempt - 1, error=found.text,
                                        cause=found.cause, confidence="probable"))

    def _fill_sizes(self) -> None:
        """Kubelets before 1.30 tell no size in their events, but in the node's status."""
        sizes: dict[str, dict[str, int]] = {}
        for r in self.results:
            node = self.nodes.get(r.node)
            if r.status == PULLED and not r.size and node:
                if r.node not in sizes:
                    sizes[r.node] = nodes_.told_images(node.item)
                r.size = sizes[r.node].get(str(r.image), 0)


def missing_nodes(run: Prepull) -> list[str]:
    """Nodes that were named and did not come."""
    return [n for n in run.settings.names if n not in run.nodes and n not in run.left_out]


def check_limits(settings: Settings) -> None:
    for name in ("per_registry", "per_node"):
        if getattr(settings, name) < 1:
            raise PlatformError(f"{name}: must be at least 1, not {getattr(settings, name)}")
