# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Port-forwards to pods, spoken on directly: no thread, no second descriptor, and only so many of them open at a time."""
from __future__ import annotations

import contextlib
import http.client
import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

# Forwards that are kept open; with more pods the one that was not used for longest is closed.
MOST = 32
_DATA, _ERROR = 0, 1  # channels of the first port


class _Reader(io.RawIOBase):
    """What a tunnel brings, as a file."""

    def __init__(self, tunnel: Tunnel):
        self._tunnel = tunnel

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._tunnel.read(len(buffer))
        buffer[:len(data)] = data
        return len(data)


class Tunnel:
    """One port of a pod in place of a socket, as http.client uses it. close() does nothing, as who reads on may have said it;
    end() closes."""

    def __init__(self, ws: Any):
        self._ws, self._rest = ws, b""
        self._greeted: set[int] = set()

    def settimeout(self, seconds: float) -> None:
        self._ws.settimeout(seconds)

    def sendall(self, data: bytes) -> None:
        import websocket  # it is there: the tunnel goes through one
        try:
            self._ws.send_binary(bytes([_DATA]) + bytes(data))
        except websocket.WebSocketTimeoutException:
            raise TimeoutError from None
        except websocket.WebSocketException as e:
            raise ConnectionError(str(e)) from None

    def makefile(self, *_args: Any, **_more: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def read(self, most: int) -> bytes:
        """Some of what came; b"" at the end. TimeoutError, or ConnectionError with the words of the kubelet."""
        while not self._rest:
            frame = self._frame()
            if not frame:
                return b""
            channel, data = frame[0], frame[1:]
            if channel not in self._greeted:  # each channel begins with the number of its port
                self._greeted.add(channel)
                data = data[2:]
            if channel == _ERROR and data:
                raise ConnectionError(data.decode("utf-8", "replace").strip())
            if channel == _DATA:
                self._rest = data
        out, self._rest = self._rest[:most], self._rest[most:]
        return out

    def _frame(self) -> bytes:
        import websocket
        try:
            frame = self._ws.recv()
        except websocket.WebSocketTimeoutException:
            raise TimeoutError from None
        except websocket.WebSocketException:
            return b""
        return frame if isinstance(frame, bytes) else frame.encode()

    def close(self) -> None:
        pass

    def end(self) -> None:
        with contextlib.suppress(Exception):
            self._ws.close(timeout=0)


class Forward:
    """A place for a connection to one port of one pod; who speaks on it holds the lock."""

    def __init__(self, port: int) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self._port = port
        self._tunnel: Tunnel | None = None
        self._http: Any = None

    @property
    def is_open(self) -> bool:
        return self._tunnel is not None

    def ask(self, ws: Callable[[], Any], path: str, timeout: float) -> tuple[str, int]:
        """(text, status) of GET path; ws opens a websocket where none is open. Whatever goes wrong, the connection is closed:
        what comes late is no answer to the next question."""
        try:
            if self._tunnel is None:
                self._tunnel = Tunnel(ws())
                self._http = http.client.HTTPConnection("127.0.0.1", self._port)
                self._http.auto_open, self._http.sock = 0, self._tunnel
            self._tunnel.settimeout(timeout)
            self._http.request("GET", path)
            response = self._http.getresponse()
            found = response.read().decode("utf-8", "replace"), response.status
        except BaseException:
            self.close()
            raise
        if self._http.sock is None:  # the pod ends it after each answer
            self.close()
        return found

    def close(self) -> None:
        tunnel, self._tunnel = self._tunnel, None
        if tunnel is not None:
            tunnel.end()


class Forwards:
    """Those that are kept open, by pod and port. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], Forward] = OrderedDict()

    @contextlib.contextmanager
    def use(self, pod: str, port: int) -> Iterator[Forward]:
        """The forward, for the time of one question; others wait."""
        with self._lock:
            found = self._kept.pop((pod, port), None) or Forward(port)
            self._kept[(pod, port)] = found
            found.users += 1
            idle = [key for key, forward in self._kept.items() if not forward.users]
            old = [self._kept.pop(key) for key in idle[:max(0, len(self._kept) - MOST)]]
        for forward in old:
            forward.close()
        try:
            with found.lock:
                yield found
        finally:
            with self._lock:
                found.users -= 1

    def close(self) -> None:
        with self._lock:
            old = [self._kept.pop(key) for key in list(self._kept)]
        for forward in old:
            forward.close()
