# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A client that outlasts a restart of the API server, and keeps what went wrong."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from .client import Client, Verbs
from .errors import ApiError
from .listing import PAGE, Listing
from .transport import SlowAnswer

# An API server that restarts is back within this time (seconds); a longer silence is an outage.
PATIENCE = 30.0
# Seconds of patience with pages of a balancer or proxy, also for those who have none with the API server; from the first one on,
# as what stands before a slow server says so after a minute.
_PAGES = 5.0
# The same with a webhook that does not answer the API server: one that is made anew is back by then, or its absence is the finding.
_HOOKS = 10.0
_PASSING = {500, 502, 503, 504}


def passing(error: ApiError) -> bool:
    """Whether the same request may well succeed a moment later."""
    return error.kind in ("unreachable", "timeout") or error.status in _PASSING or error.busy


class PatientClient(Verbs):
    """The Client with the same calls; requests that may be repeated are, for `patience` seconds within the deadline.

    A create is repeated too: names are ours and unique, so "already exists" after a lost answer is success. on_error
    gets every ApiError that is raised in the end. abort ends the waiting early. pages: titles of those that were got over.
    """

    def __init__(self, client: Client, deadline: Callable[[], float], on_error: Callable[[ApiError], None],
                 patience: float = PATIENCE, abort: threading.Event | None = None):
        self.raw = client
        self._deadline, self._on_error, self._patience = deadline, on_error, patience
        self._abort = abort or threading.Event()
        self.pages: list[str] = []

    @property
    def quiet(self) -> PatientClient:
        """For what one can do without: a refusal is nobody's error and is not kept, and nothing is waited for. Only the pages of
        what stands before the API server are got over, as they say nothing of what was asked."""
        made = PatientClient(self.raw, self._deadline, lambda _error: None, 0.0, self._abort)
        made.pages = self.pages
        return made

    def _within(self, timeout: float) -> float:
        return max(0.5, min(timeout, self._deadline() - time.monotonic()))

    def persist(self, call: Callable[[float], Any], timeout: float, repeat: bool = True) -> Any:
        """call(timeout), again while its error is a passing one; the last error is raised.

        A busy server is given the time that it asks for, and more for its answer after one that did not come; what it had no
        time to look at is asked again whatever it is. A pod that is slow is no error of the API server.
        """
        start, end = time.monotonic(), self._deadline()
        give_up, pause, hooks, pages = min(start + self._patience, end), 0.2, end, 0.0
        while True:
            try:
                return call(self._within(timeout))
            except SlowAnswer:
                if not self._once_more(pause, give_up):
                    raise
                timeout *= 2
            except ApiError as e:
                again = e.busy or (repeat and (passing(e) or self.raw.starting(e)))
                hooks = min(hooks, time.monotonic() + _HOOKS) if e.hook else end
                pages = pages or min(time.monotonic() + _PAGES, end)
                until = max(give_up, pages) if e.page else min(give_up, hooks)
                if not again or not self._once_more(max(pause, e.pause()) if e.busy else pause, until):
                    self._on_error(e)
                    raise
                self.pages += [e.message] * e.page
                timeout *= 2 if e.kind == "timeout" else 1
            pause = min(2.0, pause * 2)

    def _once_more(self, pause: float, give_up: float) -> bool:
        """Whether there is patience for another try; the pause before it is over then."""
        return time.monotonic() + pause < give_up and not self._abort.wait(pause)

    def request(self, method: str, path: str, params: Any = None, body: Any = None,
                timeout: float = 10.0, **more: Any) -> Any:
        tries = []

        def call(seconds: float) -> Any:
            tries.append(path)
            try:
                return self.raw.request(method, path, params=params, body=body, timeout=seconds, **more)
            except ApiError as e:
                if method == "POST" and e.status == 409 and e.reason == "AlreadyExists" and len(tries) > 1:
                    return self.raw.request("GET", f"{path}/{body['metadata']['name']}", timeout=seconds)
                if method == "DELETE" and e.status == 404 and len(tries) > 1:
                    return {}
                raise

        # A POST without a name of ours (reviews, evictions) has no second try: it might act twice.
        named = method != "POST" or bool(isinstance(body, dict) and body.get("metadata", {}).get("name"))
        return self.persist(call, timeout, repeat=named)

    def absent(self, path: str, timeout: float = 10.0) -> bool:
        """Whether there is no such object; that there is none is what was asked, and no error."""
        def call(seconds: float) -> bool:
            try:
                self.raw.request("GET", path, timeout=seconds)
            except ApiError as e:
                if e.status == 404 and not e.page and not self.raw.starting(e):
                    return True
                raise
            return False

        return self.persist(call, timeout)

    def list(self, path: str, params: Any = None, timeout: float = 10.0, page: int = PAGE, most: int | None = None,
             **more: Any) -> Listing:
        """As Client.list; what the list itself gets over, a page that is not known any more, is no error."""
        return self.persist(lambda seconds: self.raw.list(path, params, seconds, page, most, **more), timeout)
