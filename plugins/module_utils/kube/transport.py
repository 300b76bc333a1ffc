# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking a pod of ours over HTTP: through the API server's pod proxy, else a port-forward, else a command in the pod.

A failure of these ways is never a failure of the feature that the question is about.
"""
from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .client import Client
from .errors import ApiError
from .forward import Forwards
from .websockets import WayFailed, Websockets, ended, refused

WAYS = ("proxy", "port_forward", "exec")
_NAMES = {"proxy": "pod-proxy", "port_forward": "port-forward", "exec": "exec"}
# What every pod of ours answers at once, and the seconds that it gets: whether a way leads to it at all.
_CHEAP, _CHEAP_TIME = "/healthz", 3.0
# Pods by which the way to all is learned, the seconds that looking at the others may take, and how many others are looked at:
# of a large cluster, a pod that needs another way finds that out with its first question.
_FIRST, _LEARNING, _LOOKED_AT = 3, 20.0, 50
# Seconds after which a pod that is asked by another way than the others is tried by theirs again.
_FOR_A_TIME = 60.0


class TransportError(Exception):
    """The pod could not be asked by any way."""


class SlowAnswer(TransportError):
    """The pod was reached and did not answer in time; the same question may be answered later."""


@dataclass(frozen=True)
class PodAnswer:
    """text of the pod's answer with its HTTP status; transport: pod-proxy, port-forward or exec."""

    text: str
    status: int
    seconds: float
    transport: str


class _Late(Exception):
    """No answer in time: of the pod, or because the way does not lead to it."""


class PodHttp:
    """HTTP to the pods of one namespace. Thread-safe; the way that most pods are asked by is learned, and what leads to a
    single pod is kept for it for a time."""

    def __init__(self, client: Client, namespace: str, transport: str = "auto"):
        self.client, self.namespace = client, namespace
        self._ways = WAYS if transport == "auto" else tuple(transport.split(","))
        self._usual = 0
        self._other: dict[str, tuple[int, float]] = {}  # by pod: its way, until when
        self._lock = threading.Lock()
        self._websockets, self._forwards = Websockets(client), Forwards()
        self._used: set[str] = set()

    @property
    def transport(self) -> str:
        """The ways in use, joined by commas."""
        return ",".join(sorted(self._used))

    def close(self) -> None:
        """Forwards that are open; others are made where they are needed again."""
        self._forwards.close()

    def get(self, pod: str, port: int, path: str, timeout: float = 5.0) -> PodAnswer:
        """GET path (with its query) from a port of the pod.

        Raises SlowAnswer, another TransportError where no way leads to it, and ApiError where the API server is the reason.
        """
        why = []
        for index in self._order(pod, port):
            way = self._ways[index]
            start = time.monotonic()
            try:
                text, status = self._by(way, pod, port, path, timeout)
            except WayFailed as e:
                why.append(f"{_NAMES[way]}: {e}")
                continue
            except _Late as e:
                if self._leads(way, pod, port):  # the pod is slow, not the way
                    raise SlowAnswer(f"pod {self.namespace}/{pod}: {_NAMES[way]}: {e}") from None
                why.append(f"{_NAMES[way]}: {e}")
                continue
            self._took(pod, index)
            return PodAnswer(text, status, time.monotonic() - start, _NAMES[way])
        raise TransportError(f"pod {self.namespace}/{pod}: {'; '.join(why)}")

    # ---- which way --------------------------------------------------------------------------------------------
    def learn(self, pods: Sequence[str], port: int) -> None:
        """Find out by cheap questions how pods are reached, so that no real one waits for a way that leads nowhere: the first
        few tell it for all, and then those that need another one are found, as far as that takes no longer than some seconds.
        """
        if not pods or len(self._ways) == 1:
            return
        end = time.monotonic() + _LEARNING
        with ThreadPoolExecutor(8) as pool:
            found = Counter(i for i in pool.map(lambda p: self._find(p, port), pods[:_FIRST]) if i is not None)
            if found:
                with self._lock:
                    self._usual = usual = min(found, key=lambda i: (-found[i], i))
                    self._other = {p: kept for p, kept in self._other.items() if kept[0] != usual}
            list(pool.map(lambda p: time.monotonic() < end and self._find(p, port), pods[_FIRST:_FIRST + _LOOKED_AT]))

    def _find(self, pod: str, port: int) -> int | None:
        """The way that leads to the pod; None where none does."""
        for index in self._turn(self._usual):
            with contextlib.suppress(ApiError):
                if self._leads(self._ways[index], pod, port):
                    self._took(pod, index)
                    return index
        return None

    def _turn(self, first: int) -> Iterator[int]:
        """All ways, from one of them on."""
        return (i % len(self._ways) for i in range(first, first + len(self._ways)))

    def _order(self, pod: str, port: int) -> Iterator[int]:
        """The ways as they are tried: from the pod's own for a time, then from the usual one if it leads there again."""
        with self._lock:
            index, until = self._other.get(pod, (self._usual, float("inf")))
        if time.monotonic() > until:
            index = self._usual if self._leads(self._ways[self._usual], pod, port) else index
            self._took(pod, index)
        return self._turn(index)

    def _took(self, pod: str, index: int) -> None:
        with self._lock:
            self._used.add(_NAMES[self._ways[index]])
            if index == self._usual:
                self._other.pop(pod, None)
            elif self._other.get(pod, (None, 0.0))[0] != index or time.monotonic() > self._other[pod][1]:
                self._other[pod] = index, time.monotonic() + _FOR_A_TIME

    def _leads(self, way: str, pod: str, port: int) -> bool:
        """Whether the pod answers a cheap question by this way. ApiError where the API server is the reason."""
        try:
            self._by(way, pod, port, _CHEAP, _CHEAP_TIME)
        except (WayFailed, _Late):
            return False
        return True

    # ---- asking -----------------------------------------------------------------------------------------------
    def _by(self, way: str, pod: str, port: int, path: str, timeout: float) -> tuple[str, int]:
        """(text, status) of the pod. WayFailed, _Late, or ApiError."""
        ask = {"proxy": self._by_proxy, "port_forward": self._by_port_forward, "exec": self._by_exec}[way]
        return ask(pod, port, path, timeout)

    def _path(self, pod: str, what: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{quote(pod)}{what}"

    def _by_proxy(self, pod: str, port: int, path: str, timeout: float) -> tuple[str, int]:
        try:
            return self.client.request("GET", self._path(pod, f":{port}/proxy{path}"), timeout=timeout, raw=True), 200
        except ApiError as e:
            if e.kind == "timeout":
                raise _Late(f"no answer within {timeout:g} s") from None
            if refused(e):
                raise WayFailed(e.message) from None
            if e.kind == "http" and e.status not in (401, 429) and e.body is None:
                return e.message, e.status or 0  # the pod's own server said so
            raise

    def _by_port_forward(self, pod: str, port: int, path: str, timeout: float) -> tuple[str, int]:
        def ws() -> Any:
            return self._websockets.open(self._path(pod, "/portforward"), [("ports", str(port))], timeout)

        with self._forwards.use(pod, port) as forward:
            for last in (not forward.is_open, True):
                try:
                    return forward.ask(ws, path, timeout)
                except TimeoutError:
                    raise _Late(f"no answer within {timeout:g} s") from None
                except (OSError, http.client.HTTPException) as e:
                    if last:  # one that was open before may have been closed meanwhile
                        raise WayFailed(str(e) or type(e).__name__) from None
        raise WayFailed("no answer")

    def _by_exec(self, pod: str, port: int, path: str, timeout: float) -> tuple[str, int]:
        command = ["curl", "-sS", "--max-time", f"{max(1.0, timeout):.0f}", f"http://127.0.0.1:{port}{path}"]
        query = [("command", c) for c in command] + [("stdout", "true"), ("stderr", "true")]
        ws = self._websockets.open(self._path(pod, "/exec"), query, timeout)
        try:
            ws.settimeout(timeout + 5.0)
            out = _output(ws)
        finally:
            ws.close()
        status = ended(out.get(_STATUS))
        if status.get("status") == "Success":
            return out.get(_STDOUT, b"").decode("utf-8", "replace"), 200
        if _exit_code(status) == _CURL_LATE:
            raise _Late(f"no answer within {timeout:g} s")
        raise WayFailed((out.get(_STDERR, b"").decode("utf-8", "replace") or status.get("message") or "no status").strip())


# Channels of a command, and the exit code by which curl says that its time was up.
_STDOUT, _STDERR, _STATUS = 1, 2, 3
_CURL_LATE = "28"


def _output(ws: Any) -> dict[int, bytes]:
    """What a command wrote, by channel, until its status came. WayFailed where that does not come, _Late where not in time."""
    import websocket  # it is there, as one is open
    parts: dict[int, bytes] = {}
    try:
        while _STATUS not in parts and (frame := ws.recv()):
            data = frame if isinstance(frame, bytes) else frame.encode()
            parts[data[0]] = parts.get(data[0], b"") + data[1:]
    except websocket.WebSocketTimeoutException:
        raise _Late("the command did not end in time") from None
    except (websocket.WebSocketException, OSError) as e:
        raise WayFailed(str(e) or type(e).__name__) from None
    return parts


def _exit_code(status: dict[str, Any]) -> str:
    causes = (status.get("details") or {}).get("causes") or []
    return next((str(c.get("message")) for c in causes if c.get("reason") == "ExitCode"), "")
