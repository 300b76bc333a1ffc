# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking a pod of ours over HTTP: through the API server's pod proxy, else a port-forward, else a command in the pod.

A failure of these ways is never a failure of the feature that the question is about.
"""
from __future__ import annotations

import contextlib
import functools
import http.client
import json
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from . import library, tls
from .client import Client
from .errors import ApiError

WAYS = ("proxy", "port_forward", "exec")
_NAMES = {"proxy": "pod-proxy", "port_forward": "port-forward", "exec": "exec"}


class TransportError(Exception):
    """The pod could not be asked by any way."""


@dataclass(frozen=True)
class PodAnswer:
    """text of the pod's answer with its HTTP status; transport: pod-proxy, port-forward or exec."""

    text: str
    status: int
    seconds: float
    transport: str


class _WayFailed(Exception):
    """This way does not lead to the pod; the next may."""


def _proxys_own(error: ApiError) -> bool:
    """Whether the API server, not the pod, wrote the error: only it answers with a Status object."""
    return error.body is not None and error.status in (403, 404, 405, 500, 502, 503, 504)


@functools.cache
def _port_forward() -> Any:
    """The kubernetes package's port-forward, whose thread ends in silence when the other side does."""
    from kubernetes.stream.ws_client import PortForward

    class Quiet(PortForward):
        def _proxy(self) -> None:
            try:
                super()._proxy()
            except Exception:  # the connection broke in whatever way: who reads from it sees its end and says so
                for port in self.local_ports.values():
                    port.python.close()
                with contextlib.suppress(Exception):
                    self.websocket.shutdown()

    return Quiet


def _proxy_error() -> type[Exception]:
    """What websockets raise for a proxy that refuses, or that they cannot speak with; it is none of their other errors."""
    from websocket import _http
    found = getattr(_http, "ProxyError", OSError)
    return found if isinstance(found, type) else OSError


class PodHttp:
    """HTTP to the pods of one namespace. Thread-safe; the way that worked for a pod is kept for it."""

    def __init__(self, client: Client, namespace: str, transport: str = "auto"):
        self.client, self.namespace = client, namespace
        self._ways = WAYS if transport == "auto" else (transport,)
        self._chosen: dict[str, int] = {}
        self._forwards: dict[tuple[str, int], tuple[Any, threading.Lock]] = {}
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._used: set[str] = set()

    @property
    def transport(self) -> str:
        """The ways in use, joined by commas."""
        return ",".join(sorted(self._used))

    def get(self, pod: str, port: int, path: str, timeout: float = 5.0) -> PodAnswer:
        """GET path (with its query) from a port of the pod. Raises TransportError, or ApiError where no way can work."""
        why = []
        for index in range(self._chosen.get(pod, 0), len(self._ways)):
            way = self._ways[index]
            start = time.monotonic()
            try:
                text, status = getattr(self, f"_by_{way}")(pod, port, path, timeout)
            except _WayFailed as e:
                why.append(f"{_NAMES[way]}: {e}")
                continue
            with self._lock:
                self._chosen[pod] = index
                self._used.add(_NAMES[way])
            return PodAnswer(text, status, time.monotonic() - start, _NAMES[way])
        raise TransportError(f"pod {self.namespace}/{pod}: {'; '.join(why)}")

    # ---- through the API server -------------------------------------------------------------------------------
    def _by_proxy(self, pod: str, port: int, path: str, timeout: float) -> tuple[str, int]:
        url = f"/api/v1/namespaces/{self.namespace}/pods/{quote(pod)}:{port}/proxy{path}"
        try:
            return self.client.request("GET", url, timeout=timeout, raw=True), 200
        except ApiError as e:
            if e.kind == "timeout" or (e.kind == "http" and _proxys_own(e)):
                raise _WayFailed(e.message) from None
            if e.kind == "http" and e.status != 401 and e.body is None:
                return e.message, e.status or 0  # the pod's own server said so
            raise

    # ---- through the kubelet ----------------------------------------------------------------------------------
    def _websocket(self, path: str, query: list[tuple[str, str]], timeout: float) -> Any:
        try:
            import websocket
        except ImportError as e:
            raise library.missing("websocket-client", e) from None
        c = self.client.connection.configuration
        url = self.client.server.replace("http", "ws", 1) + path + "?" + urlencode(query)
        header = [f"{n}: {v}" for n, v in self.client.connection.headers()]
        try:
            options: dict[str, Any] = {"context": self._tls()} if self.client.server.startswith("https://") else {}
            if c.tls_server_name:
                options["server_hostname"] = c.tls_server_name
            ws = websocket.WebSocket(sslopt=options, skip_utf8_validation=True)
            ws.connect(url, header=header, subprotocols=["v4.channel.k8s.io"], timeout=timeout, **self._proxy(c))
        except (websocket.WebSocketException, OSError, _proxy_error()) as e:
            raise _WayFailed(str(e).partition("-+-+-")[0].strip() or type(e).__name__) from None
        return ws

    def _tls(self) -> ssl.SSLContext:
        """What requests trust, made once: files are read and judged by OpenSSL each time."""
        with self._lock:
            if self._context is None:
                made = tls.of(self.client.connection.configuration)
                made.check_hostname = self.client.connection.configuration.verify_ssl  # websockets leave it to OpenSSL
                self._context = made
            return self._context

    @staticmethod
    def _proxy(c: Any) -> dict[str, Any]:
        if not c.proxy:
            return {}
        parsed = library.load().urllib3.util.parse_url(c.proxy)
        out: dict[str, Any] = {"http_proxy_host": parsed.host, "http_proxy_port": parsed.port,
                               "proxy_type": parsed.scheme or "http"}
        if c.no_proxy:
            out["http_no_proxy"] = [n.strip() for n in c.no_proxy.split(",")]
        if parsed.auth:
            out["http_proxy_auth"] = tuple(parsed.auth.split(":", 1))
        return out

    def _forward(self, pod: str, port: int, timeout: float) -> tuple[Any, threading.Lock]:
        """A kept-open HTTP connection through a port-forward, with the lock of who speaks on it."""
        with self._lock:
            if (pod, port) not in self._forwards:
                self._forwards[(pod, port)] = ([], threading.Lock())
            return self._forwards[(pod, port)]

    def _dial_forward(self, pod: str, port: int, timeout: float) -> Any:
        ws = self._websocket(f"/api/v1/namespaces/{self.namespace}/pods/{quote(pod)}/portforward",
                             [("ports", str(port))], timeout)
        ws.settimeout(None)
        made = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        made.sock = _port_forward()(ws, [port]).socket(port)
        return made

    def _by_port_forward(self, pod: str, port: int, path: str, timeout: float) -> tuple[str, int]:
        kept, lock = self._forward(pod, port, timeout)
        with lock:
            for last in (not kept, True):
                if not kept:
                    kept.append(self._dial_forward(pod, port, timeout))
                connection = kept[0]
                try:
                    connection.sock.settimeout(timeout)
                    connection.request("GET", path)
                    response = connection.getresponse()
                    return response.read().decode("utf-8", "replace"), response.status
                except (OSError, http.client.HTTPException, AttributeError) as e:
                    kept.clear()
                    with contextlib.suppress(Exception):
                        connection.close()
                    if last:
                        raise _WayFailed(f"{type(e).__name__}: {e}") from None
        raise _WayFailed("no answer")

    # ---- in the pod -------------------------------------------------------------------------------------------
    def _by_exec(self, pod: str, port: int, path: str, timeout: float) -> tuple[str, int]:
        command = ["curl", "-sS", "--max-time", f"{timeout:.0f}", f"http://127.0.0.1:{port}{path}"]
        query = [("command", c) for c in command] + [("stdout", "true"), ("stderr", "true")]
        ws = self._websocket(f"/api/v1/namespaces/{self.namespace}/pods/{quote(pod)}/exec", query, timeout)
        import websocket  # it is there: _websocket says so where it is not

        parts: dict[int, bytes] = {}
        try:
            ws.settimeout(timeout + 5.0)
            while True:
                frame = ws.recv()
                if not frame:
                    break
                data = frame if isinstance(frame, bytes) else frame.encode()
                parts[data[0]] = parts.get(data[0], b"") + data[1:]
                if data[0] == 3:
                    break
        except (websocket.WebSocketException, OSError) as e:
            if 3 not in parts:
                raise _WayFailed(str(e)) from None
        finally:
            ws.close()
        status = json.loads(parts.get(3, b"{}") or b"{}")
        if status.get("status") != "Success":
            raise _WayFailed((parts.get(2, b"").decode("utf-8", "replace") or status.get("message", "no status")).strip())
        return parts.get(1, b"").decode("utf-8", "replace"), 200
