# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Following the tests of one pod to their end: the log as it grows, and a line for each failure."""
from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..jobs.errors import Interrupted, PlatformError
from ..jobs.job import Job
from ..kube.errors import ApiError
from ..kube.pods import image_trouble, terminated, waiting_reason
from . import progress
from .manifests import OUTPUT, RUNNER
from .pod import running, started, why_ended, words
from .remote import Look, NotReached, Remote, lasting
from .space import Space

# Seconds between two looks: a part of what has passed, as each costs the node the start of a process.
_SHORTEST, _LONGEST, _PART = 1.0, 10.0, 60.0
# Seconds between two lines that tell how far it is, and between two looks at namespaces of the tests.
_TELL, _LEAKS = 30.0, 30.0
# Seconds of refusals until they are believed, and until a container that ended without results is told.
_REFUSED, _LATE = 60.0, 20.0
_HOPELESS = re.compile(r"not found|manifest unknown|InvalidImageName|denied|unauthorized|no match for platform", re.I)


@dataclass
class End:
    """whole: the tests came to their end, and all results are here; why: else what ended them."""

    whole: bool
    why: str = ""


def clock(seconds: float) -> str:
    """1:02:03 or 2:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class Follow:
    """folder: where the log grows, and reports come at the end; one that is there already is gone on with.

    failed(failures) is called where tests failed, idle() now and then, both between two looks.
    """

    def __init__(self, space: Space, pod: str, folder: Path, job: Job,
                 failed: Callable[[list[progress.Failure]], None], idle: Callable[[], None]):
        self.space, self.pod, self.folder, self.job = space, pod, folder, job
        self._failed, self._idle = failed, idle
        self.remote = Remote(space.raw, space.name, pod)
        self.progress = progress.Progress()
        self.log = folder / "e2e.log"
        self.offset = 0
        self._began = self._told = time.monotonic()
        self._done_before = 0
        self._away: float | None = None
        self._ended: float | None = None
        self._leaks = 0.0
        self._total_told = False

    # ---- until it runs ----------------------------------------------------------------------------------------
    def wait_until_it_runs(self, limit: float) -> None:
        """PlatformError with what keeps the pod from running."""
        end = time.monotonic() + limit
        why = ""
        while True:
            pod = self._pod()
            if pod is None:
                raise PlatformError(f"pod {self.space.name}/{self.pod} is gone before it ran")
            if started(pod):
                return
            trouble = image_trouble(pod)
            why = trouble or ": ".join(waiting_reason(pod) or ("the pod does not run", "")).rstrip(": ")
            if trouble and _HOPELESS.search(trouble):
                break
            if time.monotonic() > end:
                why += f" after {limit:.0f} s"
                break
            self._pause(_SHORTEST)
        raise PlatformError(f"pod {self.space.name}/{self.pod} does not run: {why}")

    def _pod(self) -> dict[str, Any] | None:
        try:
            return self.space.pod(self.pod)
        except ApiError as e:
            if e.status in (401, 403):
                raise
            return {"metadata": {"name": self.pod}}  # not known at the moment

    def _pause(self, seconds: float) -> None:
        if self.job.orphaned():
            raise Interrupted(f"the playbook ended; the tests go on in the cluster as run {self.space.run_id}")
        time.sleep(max(0.05, min(seconds, self.job.left())))

    # ---- while it runs ----------------------------------------------------------------------------------------
    def resume(self) -> None:
        """What is here of the log is read again, so that failures of before are known."""
        if not self.log.exists():
            return
        with open(self.log, "rb") as file:
            while data := file.read(1 << 20):
                self.progress.feed(data)
                self.offset += len(data)
        self._done_before = self.progress.done

    def go(self) -> End:
        """Until the end of the tests, or of the time."""
        with open(self.log, "ab") as out:
            while self.job.left() > 0:
                look = self._look()
                end = self._take(look, out) if isinstance(look, Look) else look
                if end is not None:
                    return end
                if isinstance(look, Look) and look.data and self.offset < look.size:
                    continue
                self._between()
                self._pause(min(_LONGEST, max(_SHORTEST, (time.monotonic() - self._began) / _PART)))
        return End(False, "the time was up")

    def _take(self, look: Look, out: Any) -> End | None:
        out.write(look.data)
        out.flush()
        self.offset += len(look.data)
        found = self.progress.feed(look.data)
        if look.done and self.offset >= look.size:
            self._tell_failures([*found, *self.progress.finish()])
            return self._fetch()
        self._tell_failures(found)
        return self._gone()

    def _look(self) -> Look | End | None:
        try:
            found = self.remote.look(self.offset)
        except (ApiError, NotReached) as e:
            return self._not_reached(e)
        if self._away is not None:
            self.job.tell(f"the tests are reached again after {time.monotonic() - self._away:.0f} s")
            self._away = None
        return found

    def _not_reached(self, error: Exception) -> End | None:
        """Tests go on without us; what is worth to be told is told once."""
        now = time.monotonic()
        if self._away is None:
            self._away = now
            self.job.tell(f"the tests are not reached at the moment, and go on: {error}")
        if now > self._away + _REFUSED and (refused := lasting(error)):
            raise PlatformError(refused)
        try:
            pod = self.space.pod(self.pod)
        except ApiError:
            return None
        if pod is None or not running(pod, OUTPUT):
            # without its second container nothing can be read any more
            lost = f"pod {self.space.name}/{self.pod} is gone" if pod is None else why_ended(pod)
            self._ended = self._ended or now
            if now > self._ended + _LATE:
                return End(False, lost)
        return None

    def _gone(self) -> End | None:
        """Whether the tests' container ended and left no results."""
        pod = self._pod()
        state = terminated(pod or {}, RUNNER)
        if state is None:
            self._ended = None
            return None
        self._ended = self._ended or time.monotonic()
        if time.monotonic() < self._ended + _LATE:
            return None
        return End(False, f"the tests' container ended without results: {words(state)}")

    def _between(self) -> None:
        now = time.monotonic()
        told = self.progress
        if told.total and not self._total_told:
            self._total_told = True
            self.job.tell(f"{told.total} tests are to run")
        if now > self._told + _TELL and told.total:
            self._told = now
            self.job.tell(self.sentence(now))
        if now > self._leaks + _LEAKS:
            self._leaks = now
            try:
                self.space.leaks.look()
            except ApiError:
                pass  # the next look, or the last, will see them
        self._idle()

    def sentence(self, now: float) -> str:
        """How far it is."""
        done, total = self.progress.done, self.progress.total
        failed = sum(not f.suite for f in self.progress.failures)
        wait = progress.left(done - self._done_before, total - self._done_before, now - self._began)
        return f"{done} of {total} tests, {failed} failed, {clock(now - self._began)} gone" + (
            f", about {clock(wait)} left" if wait is not None else "")

    def _tell_failures(self, found: list[progress.Failure]) -> None:
        for failure in found:
            self.job.tell(f"failed: {failure.name}" + (f": {failure.message[:300]}" if failure.message else ""))
        if found:
            self._failed(found)

    # ---- the end ----------------------------------------------------------------------------------------------
    def _fetch(self) -> End:
        """The reports, each to its last byte."""
        while self.job.left() > 0:
            try:
                for name, size in self.remote.reports().items():
                    self._file(name, size)
                return End(True)
            except (ApiError, NotReached) as e:
                if (end := self._not_reached(e)) is not None:
                    return end
                self._pause(_SHORTEST)
        return End(False, "the time was up before the results were fetched")

    def _file(self, name: str, size: int) -> None:
        work = self.folder / f".{name}.part"
        with open(work, "wb") as out:
            offset = 0
            while offset < size:
                data = self.remote.read(name, offset)
                if not data:
                    raise NotReached(f"{name} ended after {offset} of {size} bytes")
                out.write(data)
                offset += len(data)
        os.replace(work, self.folder / name)
