# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A shared watch: one list and one watch request serve everybody who waits for objects of a kind.

A lost stream is not an end: the watch resumes where it was, or lists anew when the server has forgotten (410) or was
restarted. What is expected to pass (no answer, 5xx, 429) is waited out; what is not (403, 404) is everybody's error, unless
the server has just started.
"""
from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from . import library
from .client import Client
from .errors import ApiError
from .json_text import json_of
from .listing import Strip
from .reading import status_of

Key = tuple[str, str]
# Seconds of silence after which the stream is opened again: a connection that a firewall dropped says nothing.
SILENCE = 45.0
_PAUSES = (0.2, 0.5, 1.0, 2.0)
# Bytes of one event at most; an etcd of the usual settings takes objects of a few MiB.
_LINE = 64 << 20
# Seconds for a page of the list; a server that does not make it in time is given twice as many, up to the most.
_FIRST, _MOST = 10.0, 60.0


class WatchTimeout(Exception):
    """The deadline passed; items is what there was."""

    def __init__(self, name: str, items: dict[Key, dict[str, Any]]):
        super().__init__(f"{name}: not as expected in time")
        self.items = items


class _Gone(Exception):
    """The server does not know the resource version any more."""


def _passing(error: ApiError) -> bool:
    """Whether it is worth asking again: no answer, a token that is renewed, a busy or a restarting server."""
    if error.status is None:
        return error.kind != "tls"
    return error.status in (401, 408, 429) or error.status >= 500


def _key(item: Any) -> Key:
    """ValueError for what is no object of Kubernetes."""
    meta = item.get("metadata") if isinstance(item, dict) else None
    name, space = (meta.get("name"), meta.get("namespace", "")) if isinstance(meta, dict) else (None, "")
    if not isinstance(name, str) or not isinstance(space, str):
        raise ValueError("what answers sends an object without a name")
    return space, name


class Watch:
    """All objects of one collection, kept current by a thread of its own. strip(object): each as it is kept."""

    def __init__(self, client: Client, path: str, params: dict[str, Any] | None = None, name: str = "",
                 strip: Strip | None = None):
        self._client, self._path, self._params, self._strip = client, path, dict(params or {}), strip or (lambda item: item)
        self.name = name or path.rsplit("/", 1)[-1]
        self._items: dict[Key, dict[str, Any]] = {}
        self._changed = threading.Condition()
        self._synced, self._stopped, self._heard = False, False, False
        self._error: ApiError | None = None
        self._response: Any = None
        self._version, self._timeout = "", _FIRST
        self.lists = 0

    # ---- for those who wait -----------------------------------------------------------------------------------
    def start(self) -> None:
        threading.Thread(target=self._follow, daemon=True, name=f"watch {self.name}").start()

    def items(self) -> dict[Key, dict[str, Any]]:
        """What there is now by (namespace, name); the objects are shared and not to be changed."""
        with self._changed:
            return dict(self._items)

    def wait(self, predicate: Callable[[dict[Key, dict[str, Any]]], Any], deadline: float) -> Any:
        """The first true predicate(items) once the list is known; deadline is of time.monotonic().

        Raises WatchTimeout, or the ApiError that ended the watch.
        """
        with self._changed:
            while True:
                if self._error is not None:
                    raise self._error
                if self._synced:
                    value = predicate(self._items)
                    if value:
                        return value
                left = deadline - time.monotonic()
                if left <= 0 or self._stopped:
                    raise WatchTimeout(self.name, dict(self._items))
                self._changed.wait(min(left, 1.0))

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            response, self._response = self._response, None
            self._changed.notify_all()
        if response is not None:
            _hang_up(response)

    # ---- following --------------------------------------------------------------------------------------------
    def _follow(self) -> None:
        idle = 0  # turns in a row that told nothing
        while not self._stopped:
            self._heard = False
            try:
                pause = self._turn(idle)
            except ApiError as e:
                return self._end(e)
            except Exception as e:  # whatever the thread dies of, those who wait must hear it
                return self._end(ApiError("http", None, type(e).__name__, f"watch of {self.name} broke: {e}", "GET",
                                          self._path))
            idle = 0 if self._heard else idle + 1
            if idle:
                time.sleep(pause)

    def _turn(self, idle: int) -> float:
        """Follow as long as it goes; the seconds of the pause after it where nothing was told. Raises what ends the watch."""
        pause = _PAUSES[min(idle, len(_PAUSES) - 1)]
        try:
            if not self._version:
                self._list()
            self._stream()
            return pause if idle else 0.0
        except _Gone:
            self._version = ""
            return pause if idle else 0.0
        except ApiError as e:
            if e.kind == "timeout":
                self._timeout = min(_MOST, self._timeout * 2)
            if e.status == 410:
                self._version = ""
            elif e.busy:
                pause = max(pause, e.pause())
            elif not (self._stopped or _passing(e) or self._client.starting(e)):
                raise
            elif idle:
                self._version = ""  # a server that was away may have forgotten; a list is cheap by comparison
        return 0.0 if self._stopped else pause

    def _end(self, error: ApiError) -> None:
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def _kept(self, item: Any) -> dict[str, Any]:
        """An object as it is kept, once it is known to be one."""
        _key(item)
        return self._strip(item)

    def _list(self) -> None:
        found = self._client.list(self._path, self._params, timeout=self._timeout, strip=self._kept)
        self.lists += 1
        self._timeout = _FIRST
        with self._changed:
            self._items = {_key(i): i for i in found.items}
            self._version = found.resource_version
            self._synced = True
            self._changed.notify_all()

    def _stream(self) -> None:
        params = {**self._params, "watch": "true", "allowWatchBookmarks": "true", "resourceVersion": self._version}
        response = self._client.stream(self._path, params, SILENCE)
        with self._changed:
            if self._stopped:
                return _hang_up(response)
            self._response = response
        exceptions = library.load().urllib3.exceptions
        rest = bytearray()
        try:
            for chunk in response.stream(None, decode_content=True):
                rest += chunk
                if len(rest) > _LINE:
                    raise ValueError("what answers sends a line without an end")
                *lines, rest = rest.split(b"\n") if b"\n" in chunk else (rest,)
                for line in lines:
                    if line.strip():
                        self._apply(json_of(line))
        except exceptions.ReadTimeoutError:
            self._heard = True  # silence is what a quiet collection tells: resume
        except (exceptions.HTTPError, OSError, ValueError, AttributeError) as e:
            if not self._stopped and not isinstance(e, (ValueError, AttributeError)):
                raise self._client.transport_error(e, self._path) from None
        finally:
            with self._changed:
                self._response = None
            _hang_up(response)

    def _apply(self, event: Any) -> None:
        """ValueError for what is no event of a watch."""
        kind, item = (event.get("type"), event.get("object")) if isinstance(event, dict) else (None, None)
        if not isinstance(item, dict):
            raise ValueError("what answers sends something that is no event")
        if kind == "ERROR":
            said = status_of({**item, "kind": "Status"}) or {}
            if said.get("code") == 410:
                raise _Gone
            raise ApiError("http", said.get("code") or 500, said.get("reason", ""), said.get("message", ""), "GET", self._path)
        told = kind in ("ADDED", "MODIFIED", "DELETED")
        key, kept = (_key(item), None if kind == "DELETED" else self._strip(item)) if told else (None, None)
        meta = item.get("metadata")
        with self._changed:
            self._heard = True
            self._version = str((meta.get("resourceVersion") if isinstance(meta, dict) else "") or self._version)
            if key is None:
                return
            if kept is None:
                self._items.pop(key, None)
            else:
                self._items[key] = kept
            self._changed.notify_all()


def _hang_up(response: Any) -> None:
    """End a stream at once, also from another thread: a blocked read wakes only when its socket is shut down."""
    connection = getattr(response, "connection", None) or getattr(response, "_connection", None)
    with contextlib.suppress(Exception):
        connection.sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(Exception):
        response.close()
