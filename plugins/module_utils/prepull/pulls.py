# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pods that pull: made as the pace allows, read until each image has come or not, and removed."""
from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ..jobs.job import Job
from ..kube.errors import ApiError
from ..kube.watch import Watch, WatchTimeout
from . import nodes as nodes_, pods as pods_
from .pace import Pace
from .references import Reference, parse
from .result import FAILED, MB, PASSING, PRESENT, PULLED, Result, cause_of, refusal
from .space import Space
from .work import Batch, Queue, Work

# Seconds that an event may come later than the status that it explains.
_LATE = 3.0
# Seconds that the status may be later than the event of the last pull; only it tells what names were resolved to.
_DIGEST = 10.0
# Seconds until a pod that was made must be seen.
_UNSEEN = 15.0
# Above this many pulls only images and failures are told one by one.
_EACH = 200
# Seconds after which what has not changed is looked at again, as time may be up.
IDLE = 0.5


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
class Node:
    item: Mapping[str, Any]
    since: float  # when its trouble may be called final
    joined: bool = False
    idle: float = 0.0
    before: frozenset[str] = frozenset()  # what its list told when it was seen first

    def had(self, image: str, digest: str) -> bool:
        return bool(digest) and f"{parse(image).name}@{digest}" in self.before


@dataclass
class Pulls:
    """What is known of nodes is the part of who admits them; see Prepull."""

    space: Space
    images: list[Reference]
    settings: Settings
    job: Job
    secrets: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    _pods: Watch = field(init=False, repr=False)
    _event_watch: Watch = field(init=False, repr=False)
    _sees_events: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.settings.per_registry, self.settings.per_node)
        self._waiting = Queue()
        self._running: list[Batch] = []
        self._ends: dict[str, list[int]] = {}
        self.nodes: dict[str, Node] = {}
        self._events: dict[str, list[Mapping[str, Any]]] = {}
        self._event_keys: set[tuple[str, str]] = set()
        self._events_known, self._event_lists, self._admitted = 0, 0, 0.0
        self._made, self._told = 0, time.monotonic()
        self._pool = ThreadPoolExecutor(4)

    def _tell(self, line: str) -> None:
        self._told = time.monotonic()
        self.job.tell(line)

    # ---- pods -------------------------------------------------------------------------------------------------
    def _start_more(self) -> None:
        self._waiting.wake(time.monotonic())
        for name in self._waiting.nodes():
            if nodes_.trouble(self.nodes[name].item):
                continue
            for lane in self._waiting.lanes(name):
                while lane in self._waiting.lanes(name) and self._pace.take(lane, name):
                    self._start_one(name, lane)

    def _start_one(self, node: str, lane: str) -> None:
        now, works = time.monotonic(), self._waiting.take(node, lane, self.settings.per_node, self._pace.lane(lane).now)
        self._made += 1
        batch = Batch(self.space.unique(f"pull-{self._made}"), node, lane, now, works, now)
        self._running.append(batch)
        for number, work in enumerate(works):
            work.container, work.ended = pods_.container_of(number), 0.0
        try:
            images = [str(w.image) for w in works]
            made = self.space.create(pods_.manifest(batch.pod, node, images, self.secrets, self.settings.policy))
        except ApiError as e:
            return self._not_admitted(batch, e)
        for work in works:
            work.ran, work.asked = pods_.changed(made, str(work.image), self.settings.policy, work.container)

    def _not_admitted(self, batch: Batch, error: ApiError) -> None:
        """A policy may refuse one image of several: each is tried alone then."""
        cause = refusal(error)
        if not cause:
            raise error
        if len(batch.open) > 1:
            return self._again_alone(batch)
        self._failed(batch, batch.open[0], error.message, cause, "confirmed", again=False)
        self._stop(batch)

    def _again_alone(self, batch: Batch, alone: bool = True) -> None:
        """What is open in a pod that goes is tried again as if it had not been."""
        for work in batch.open:
            self._waiting.add(Work(work.node, work.image, work.attempt, known=work.known, alone=alone or work.alone))
        batch.open.clear()
        self._stop(batch)

    def _note_events(self) -> None:
        if not self._sees_events:
            return
        try:
            new = self._event_watch.wait(self._new_events, time.monotonic() + 30.0)[0]
        except (ApiError, WatchTimeout):  # the pods tell the rest
            self._sees_events = False
            return
        for key, item in new:
            if key not in self._event_keys:
                self._event_keys.add(key)
                self._events.setdefault(item.get("involvedObject", {}).get("name", ""), []).append(item)

    def _new_events(self, items: Mapping[Any, Any]) -> tuple[list[Any]]:
        """What came since the last look: new ones are at the end, but after a new list. In a tuple, as that is always true."""
        lists = getattr(self._event_watch, "lists", 0)
        old = self._events_known if lists == self._event_lists and len(items) >= self._events_known else 0
        self._events_known, self._event_lists = len(items), lists
        return (list(itertools.islice(items.items(), old, None)),)

    def _collect(self) -> None:
        now = time.monotonic()
        found = self._pods.wait(lambda items: (dict(items),), now + 30.0)[0]
        for batch in [*self._running]:
            pod, events = found.get((self.space.name, batch.pod)), self._events.get(batch.pod, [])
            seen = (id(pod), len(events))
            if seen == batch.seen and now - batch.looked < IDLE:
                continue
            batch.seen, batch.looked = seen, now
            if pod is not None:
                self._look(batch, pod, events, now)
            elif now - batch.begun > _UNSEEN:
                for work in [*batch.open]:
                    self._failed(batch, work, "its pod is gone: somebody removed it", "unknown.unexplained", "suspected")
                self._stop(batch)

    def _look(self, batch: Batch, pod: Mapping[str, Any], events: list[Mapping[str, Any]], now: float) -> None:
        readings = {w.container: pods_.read(pod, events, w.container) for w in [*batch.open, *(w for w, _r in batch.told)]}
        for work in [*batch.open]:
            reading = readings[work.container]
            if reading.ended:
                self._ended(batch, work, reading, now)
        for work, result in batch.told:
            result.digest = result.digest or readings[work.container].digest
        if batch.throttled:
            return self._again_alone(batch, alone=False)
        if batch.open:
            self._look_at_time(batch, readings, now)
        elif now - batch.since > _DIGEST or all(r.digest for _w, r in batch.told if r.status != FAILED):
            self._stop(batch)

    def _ended(self, batch: Batch, work: Work, reading: pods_.Reading, now: float) -> None:
        if not work.ended:
            work.ended = batch.since = now
            if reading.there:
                self._pace.lane(work.image.registry).went_well()
        late = now - work.ended > _LATE or not self._sees_events
        if reading.there:
            asks = work.asked or self.settings.policy == "Always"
            if late or reading.already is not None and (reading.settled or not asks):
                self._came(batch, work, reading)
            return
        cause, sure = cause_of(reading.error)
        if cause != "unknown.unexplained" or late:  # the first words are often just that it failed
            self._failed(batch, work, reading.error, cause, sure)

    def _look_at_time(self, batch: Batch, readings: Mapping[str, pods_.Reading], now: float) -> None:
        """The kubelet is at the first that is open; without events nobody knows at which it is."""
        limit, first = self.settings.pull_timeout, batch.open[0]
        if first.ended or now - batch.since <= limit * (1 if self._sees_events else len(batch.open)):
            return
        begun = any(r.pulling or r.there for r in readings.values())
        for work in [first] if begun else [*batch.open]:
            words = self._overdue(work, f"{limit:.0f} s", readings[work.container], now - batch.since)
            self._failed(batch, work, *words, again=False)
        self._again_alone(batch, alone=False)

    def _overdue(self, work: Work, limit: str, reading: pods_.Reading, took: float) -> tuple[str, str, str]:
        """(words, cause, confidence) of a pull that did not end: named only where something was seen."""
        if reading.error:
            return reading.error, *cause_of(reading.error)
        size = max((r.size for r in self.results if r.image == work.image), default=0)
        if reading.pulling and size and size / MB / took < self.settings.floor:
            return (f"not pulled within {limit}: of {size / MB:.1f} MB, so below {size / MB / took:.1f} MB/s", "image.slow",
                    "confirmed")
        state = "the pull has begun and says nothing more" if reading.pulling else "the kubelet has not begun to pull"
        return f"not pulled within {limit}: {state}", "unknown.timeout", "suspected"

    # ---- ends -------------------------------------------------------------------------------------------------
    def _stop(self, batch: Batch) -> None:
        self._running.remove(batch)
        self._events.pop(batch.pod, None)
        self._pace.give(batch.lane, batch.node)
        self._pool.submit(self._delete, batch.pod)

    def _delete(self, pod: str) -> None:
        try:
            self.space.delete_pod(pod)
        except ApiError:  # it goes with its namespace
            return

    def _came(self, batch: Batch, work: Work, reading: pods_.Reading) -> None:
        batch.open.remove(work)
        already, node = reading.already, self.nodes[work.node]
        if already is None:  # no event told it: the list of before may; by now it has what came just now, too
            known = work.ran in node.before if work.ran else work.known
            already = not reading.pulling and known and not work.asked
        if work.asked or self.settings.policy == "Always":  # the registry was asked; whether anything came is another matter
            already = already or node.had(work.ran or str(work.image), reading.digest)
        seconds = 0.0 if already else reading.seconds or work.ended - batch.begun
        result = Result(work.node, work.image, PRESENT if already else PULLED, seconds, reading.waited or seconds,
                        reading.size, reading.digest, work.attempt, begin=work.ended - seconds, end=work.ended,
                        ran=work.ran, asked=work.asked)
        batch.told.append((work, result))
        self._record(result)

    def _failed(self, batch: Batch, work: Work, error: str, cause: str, confidence: str, again: bool = True) -> None:
        """The work leaves its pod, which others may need still."""
        batch.open.remove(work)
        pause = self.settings.retry_pause * 2 ** (work.attempt - 1)
        if cause == "image.throttled":
            self._pace.lane(work.image.registry).throttled(pause)
            batch.throttled = True
        if again and cause in PASSING and work.attempt <= self.settings.retries and self.job.left() > pause:
            self._tell(f"{work.node}: {work.image.short} failed, {cause}, again in {pause:.0f} s: {error[:200]}")
            self._waiting.add(Work(work.node, work.image, work.attempt + 1, time.monotonic() + pause, alone=True))
            return
        self._record(Result(work.node, work.image, FAILED, attempts=work.attempt, error=error, cause=cause,
                            confidence=confidence, begin=batch.begun, end=time.monotonic(), ran=work.ran, asked=work.asked,
                            on_node=self._on_node(work, cause)))

    def _on_node(self, work: Work, cause: str) -> bool:
        """Whether it is only the use of an image that was refused: a kubelet that has it asks the registry for other users."""
        node, quiet = self.nodes.get(work.node), self.settings.policy == "IfNotPresent" and not (work.ran or work.asked)
        return bool(quiet and node and cause.startswith("image.") and nodes_.has(node.item, work.image))

    def _record(self, result: Result) -> None:
        self.results.append(result)
        ends = self._ends.setdefault(str(result.image), [0, 0])
        ends[0] += 1
        ends[1] += result.status == FAILED
        if result.status == FAILED or len(self.nodes) * len(self.images) <= _EACH:
            return self._tell(result.line())
        if ends[0] == len(self.nodes):
            self._tell(f"{result.image.short}: on {ends[0] - ends[1]} of {ends[0]} nodes")
