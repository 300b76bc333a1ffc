# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every image on every node: pods are made as the pace allows, read until they tell the end, and removed."""
from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ..jobs.errors import Interrupted, PlatformError
from ..jobs.job import Job
from ..kube.errors import ApiError
from ..kube.watch import Watch
from . import nodes as nodes_, pods as pods_
from .pace import Pace
from .references import Reference, parse
from .result import FAILED, MB, PASSING, PRESENT, PULLED, Result, cause_of, refusal
from .space import Space

# Seconds that an event may come later than the status that it explains.
_LATE = 3.0
# Seconds that a node which is not fit is waited for, when nothing else is left to do; one that joins needs longer.
_NODE_GRACE, _JOIN_GRACE = 30.0, 180.0
# Seconds until a pod that was made must be seen.
_UNSEEN = 15.0
# Above this many pulls only images and failures are told one by one.
_EACH = 200
_TICK, _ALIVE = 0.1, 60.0


@dataclass(frozen=True)
class Settings:
    """names, selector: which nodes, empty for all; join_within: seconds; floor: MB/s; pull_timeout: seconds of one pull."""

    names: tuple[str, ...] = ()
    selector: str = ""
    join_within: float = 0.0
    policy: str = "IfNotPresent"
    per_registry: int = 10
    per_node: int = 2
    pull_timeout: float = 600.0
    retries: int = 2
    retry_pause: float = 10.0
    floor: float = 5.0


@dataclass
class Work:
    """One image for one node. begun, ended: of time.monotonic(); ended: when its end was seen first."""

    node: str
    image: Reference
    attempt: int = 1
    not_before: float = 0.0
    pod: str = ""
    begun: float = 0.0
    ended: float = 0.0
    ran: str = ""  # what admission made of the image, where that is another one
    asked: bool = False  # admission made the pull policy Always


@dataclass
class _Node:
    item: Mapping[str, Any]
    since: float  # when its trouble may be called final
    joined: bool = False
    idle: float = 0.0
    before: frozenset[str] = frozenset()  # what its list told when it was seen first

    def had(self, image: str, digest: str) -> bool:
        return bool(digest) and f"{parse(image).name}@{digest}" in self.before


@dataclass
class Prepull:
    """`go` returns the results; left_out is why nodes were not asked."""

    space: Space
    images: list[Reference]
    settings: Settings
    job: Job
    secrets: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pace = Pace(self.settings.per_registry, self.settings.per_node)
        self._waiting: list[Work] = []
        self._running: list[Work] = []
        self.nodes: dict[str, _Node] = {}
        self._events: dict[str, list[Mapping[str, Any]]] = {}
        self._event_keys: set[tuple[str, str]] = set()
        self._made, self._told = 0, time.monotonic()
        self._pool = ThreadPoolExecutor(4)

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
            self._tell(f"{len(self.results)} done, {len(self._running)} being pulled, {len(self._waiting)} to come")

    def _tell(self, line: str) -> None:
        self._told = time.monotonic()
        self.job.tell(line)

    def _joining(self) -> bool:
        return time.monotonic() < self._start + self.settings.join_within

    def _done(self) -> bool:
        if self.job.left() <= 0:
            self._give_up()
            return True
        return not (self._waiting or self._running or self._joining())

    def _give_up(self) -> None:
        """The limit of the whole job: what is not done is told with what was seen of it."""
        for work in [*self._running]:
            self._failed(work, *self._overdue(work, "the job's limit"), again=False)
        for work in [*self._waiting]:
            self._waiting.remove(work)
            self._record(Result(work.node, work.image, FAILED, attempts=work.attempt - 1, cause="unknown.timeout",
                                confidence="suspected", error="its turn did not come within the job's limit"))

    # ---- nodes ------------------------------------------------------------------------------------------------
    def _admit(self) -> None:
        """New nodes get work, nodes that went lose it, those that are not fit for long fail."""
        now = time.monotonic()
        items = self._node_watch.wait(lambda found: (dict(found),), now + 30.0)[0]
        chosen, left_out = nodes_.chosen(items.values(), self.settings.names)
        self.left_out.update(left_out)
        for item in chosen:
            name = item["metadata"]["name"]
            if name in self.nodes:
                self.nodes[name].item = item
            elif not self.nodes or self._joining() or now - self._start < 1.0:
                joined = now - self._start > 5.0
                self.nodes[name] = _Node(item, now, joined, before=frozenset(nodes_.told_images(item)))
                self._waiting += [Work(name, i) for i in self.images]
                if joined:
                    self._tell(f"{name}: joined")
        present = {n["metadata"]["name"] for n in chosen}
        for name in [n for n in self.nodes if n not in present]:
            self._forget(name)
        self._judge_nodes(now)

    def _forget(self, name: str) -> None:
        self.nodes.pop(name)
        self.left_out[name] = "it left the cluster"
        self._waiting = [w for w in self._waiting if w.node != name]
        for work in [w for w in self._running if w.node == name]:
            self._stop(work)

    def _judge_nodes(self, now: float) -> None:
        for name, node in self.nodes.items():
            found = nodes_.trouble(node.item)
            busy = any(w.node == name for w in self._running)
            if found is None or busy:
                node.idle = 0.0
                continue
            node.idle = node.idle or now
            grace = 3.0 if found.cause == "node.pressure" else _JOIN_GRACE if node.joined else _NODE_GRACE
            if now - node.idle > grace:
                for work in [w for w in self._waiting if w.node == name]:
                    self._waiting.remove(work)
                    self._record(Result(name, work.image, FAILED, attempts=work.attempt - 1, error=found.text,
                                        cause=found.cause, confidence="probable"))

    # ---- pods -------------------------------------------------------------------------------------------------
    def _start_more(self) -> None:
        now = time.monotonic()
        for work in [*self._waiting]:
            if work.not_before > now or nodes_.trouble(self.nodes[work.node].item):
                continue
            if self._pace.take(work.image.registry, work.node):
                self._waiting.remove(work)
                self._start_one(work)

    def _start_one(self, work: Work) -> None:
        self._made += 1
        work.pod, work.begun, work.ended = self.space.unique(f"pull-{self._made}"), time.monotonic(), 0.0
        self._running.append(work)
        try:
            made = self.space.create(pods_.manifest(work.pod, work.node, str(work.image), self.secrets, self.settings.policy))
            work.ran, work.asked = pods_.changed(made, str(work.image), self.settings.policy)
        except ApiError as e:
            cause = refusal(e)
            if not cause:
                raise
            self._failed(work, e.message, cause, "confirmed", again=False)

    def _note_events(self) -> None:
        for key, item in self._event_watch.items().items():
            if key not in self._event_keys:
                self._event_keys.add(key)
                self._events.setdefault(item.get("involvedObject", {}).get("name", ""), []).append(item)

    def _collect(self) -> None:
        now = time.monotonic()
        found = self._pods.wait(lambda items: (dict(items),), now + 30.0)[0]
        for work in [*self._running]:
            pod = found.get((self.space.name, work.pod))
            if pod is None:
                if now - work.begun > _UNSEEN:
                    self._failed(work, "its pod is gone: somebody removed it", "unknown.unexplained", "suspected")
                continue
            self._look(work, pods_.read(pod, self._events.get(work.pod, [])), now)

    def _look(self, work: Work, reading: pods_.Reading, now: float) -> None:
        if not reading.ended:
            if now - work.begun > self.settings.pull_timeout:
                self._failed(work, *self._overdue(work, f"{self.settings.pull_timeout:.0f} s", reading))
            return
        work.ended = work.ended or now
        late = now - work.ended > _LATE or not self._sees_events
        if reading.there:
            if reading.already is not None or late:
                self._came(work, reading, now)
            return
        cause, sure = cause_of(reading.error)
        if cause != "unknown.unexplained" or late:  # the first words are often just that it failed
            self._failed(work, reading.error, cause, sure)

    def _overdue(self, work: Work, limit: str, reading: pods_.Reading | None = None) -> tuple[str, str, str]:
        """(words, cause, confidence) of a pull that did not end: named only where something was seen."""
        if reading is None:
            item = self._pods.items().get((self.space.name, work.pod))
            reading = pods_.read(item, self._events.get(work.pod, [])) if item else pods_.Reading()
        if reading.error:
            return reading.error, *cause_of(reading.error)
        took = time.monotonic() - work.begun
        size = max((r.size for r in self.results if r.image == work.image), default=0)
        if reading.pulling and size and size / MB / took < self.settings.floor:
            return (f"not pulled within {limit}: of {size / MB:.1f} MB, so below {size / MB / took:.1f} MB/s", "image.slow",
                    "confirmed")
        state = "the pull has begun and says nothing more" if reading.pulling else "the kubelet has not begun to pull"
        return f"not pulled within {limit}: {state}", "unknown.timeout", "suspected"

    # ---- ends -------------------------------------------------------------------------------------------------
    def _stop(self, work: Work) -> None:
        self._running.remove(work)
        self._events.pop(work.pod, None)
        self._pace.give(work.image.registry, work.node)
        self._pool.submit(self._delete, work.pod)

    def _delete(self, pod: str) -> None:
        try:
            self.space.delete_pod(pod)
        except ApiError:  # it goes with its namespace
            return

    def _came(self, work: Work, reading: pods_.Reading, now: float) -> None:
        self._stop(work)
        self._pace.lane(work.image.registry).went_well()
        already = reading.already
        if already is None:  # no event told it: the node's own list may, else the time that it took is all there is
            already = nodes_.has(self.nodes[work.node].item, work.image) is True and not reading.pulling
        if work.asked or self.settings.policy == "Always":  # the registry was asked; whether anything came is another matter
            already = already or self.nodes[work.node].had(work.ran or str(work.image), reading.digest)
        seconds = 0.0 if already else reading.seconds or work.ended - work.begun
        self._record(Result(work.node, work.image, PRESENT if already else PULLED, seconds, reading.waited or seconds,
                            reading.size, reading.digest, work.attempt, begin=work.ended - seconds, end=work.ended,
                            ran=work.ran, asked=work.asked))

    def _failed(self, work: Work, error: str, cause: str, confidence: str, again: bool = True) -> None:
        self._stop(work)
        pause = self.settings.retry_pause * 2 ** (work.attempt - 1)
        if cause == "image.throttled":
            self._pace.lane(work.image.registry).throttled(pause)
        if again and cause in PASSING and work.attempt <= self.settings.retries and self.job.left() > pause:
            self._tell(f"{work.node}: {work.image.short} failed, {cause}, again in {pause:.0f} s: {error[:200]}")
            self._waiting.append(Work(work.node, work.image, work.attempt + 1, time.monotonic() + pause))
            return
        self._record(Result(work.node, work.image, FAILED, attempts=work.attempt, error=error, cause=cause,
                            confidence=confidence, begin=work.begun, end=time.monotonic(), ran=work.ran, asked=work.asked,
                            on_node=self._on_node(work, cause)))

    def _on_node(self, work: Work, cause: str) -> bool:
        """Whether it is only the use of an image that was refused: a kubelet that has it asks the registry for other users."""
        node, quiet = self.nodes.get(work.node), self.settings.policy == "IfNotPresent" and not (work.ran or work.asked)
        return bool(quiet and node and cause.startswith("image.") and nodes_.has(node.item, work.image))

    def _record(self, result: Result) -> None:
        self.results.append(result)
        total = len(self.nodes) * len(self.images)
        if result.status == FAILED or total <= _EACH:
            return self._tell(result.line())
        mine = [r for r in self.results if r.image == result.image]
        if len(mine) == len(self.nodes):
            bad = sum(r.status == FAILED for r in mine)
            self._tell(f"{result.image.short}: on {len(mine) - bad} of {len(mine)} nodes")

    def _fill_sizes(self) -> None:
        """Kubelets before 1.30 tell no size in their events, but in the node's status."""
        for r in self.results:
            node = self.nodes.get(r.node)
            if r.status == PULLED and not r.size and node:
                r.size = nodes_.told_images(node.item).get(str(r.image), 0)


def missing_nodes(run: Prepull) -> list[str]:
    """Nodes that were named and did not come."""
    return [n for n in run.settings.names if n not in run.nodes and n not in run.left_out]


def check_limits(settings: Settings) -> None:
    for name in ("per_registry", "per_node"):
        if getattr(settings, name) < 1:
            raise PlatformError(f"{name}: must be at least 1, not {getattr(settings, name)}")
