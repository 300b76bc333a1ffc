# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Websockets through the API server to a kubelet, for port-forwards and commands: opened as the connection says."""
from __future__ import annotations

import contextlib
import re
import ssl
import threading
from typing import Any
from urllib.parse import urlencode

from . import library, tls
from .client import Client
from .errors import ApiError
from .json_text import json_of
from .reading import status_of
from .strangers import words

# How an API server says that it does not reach a pod or a kubelet itself, whatever number it gives that.
_BEHIND = re.compile(r"error trying to reach service|error dialing backend")


class WayFailed(Exception):
    """This way does not lead to the pod; another one may."""


def refused(error: ApiError) -> bool:
    """Whether the API server, not what it leads to, wrote the error, and means this way: it does not allow it, does not know
    it, or does not reach what is behind it. What else it says with a 5xx is of its own state, and passes."""
    if error.body is None or error.status is None:
        return False
    return error.status in (400, 403, 404, 405) or (error.status >= 500 and bool(_BEHIND.search(error.message)))


def ended(text: bytes | bytearray | None) -> dict[str, Any]:
    """The Status with which a command ended; empty where what came was none."""
    with contextlib.suppress(ValueError):
        found = json_of(text or b"{}")
        return status_of({**found, "kind": "Status"} if isinstance(found, dict) else None) or {}
    return {}


def _proxy_error() -> type[Exception]:
    """What websockets raise for a proxy that refuses, or that they cannot speak with; it is none of their other errors."""
    from websocket import _http
    found = getattr(_http, "ProxyError", OSError)
    return found if isinstance(found, type) else OSError


def _can_use(proxy: str | None) -> None:
    """Websockets go through SOCKS by another package than requests do."""
    if not str(proxy or "").startswith("socks"):
        return
    try:
        __import__("python_socks")
    except ImportError as e:
        raise WayFailed(str(library.missing("python-socks", e))) from None


class Websockets:
    """Of one connection. Thread-safe."""

    def __init__(self, client: Client):
        self._client = client
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    def open(self, path: str, query: list[tuple[str, str]], timeout: float) -> Any:
        """An open one, as the library has it; timeout: seconds until it is. WayFailed, or ApiError where another way would
        not help either."""
        try:
            import websocket
        except ImportError as e:
            raise library.missing("websocket-client", e) from None
        client, c = self._client, self._client.connection.configuration
        _can_use(c.proxy)
        url = client.server.replace("http", "ws", 1) + path + "?" + urlencode(query)
        header = [f"{n}: {v}" for n, v in client.connection.headers()]
        try:
            options: dict[str, Any] = {"context": self._tls()} if client.server.startswith("https://") else {}
            if c.tls_server_name:
                options["server_hostname"] = c.tls_server_name
            ws = websocket.WebSocket(sslopt=options, skip_utf8_validation=True)
            ws.connect(url, header=header, subprotocols=["v4.channel.k8s.io"], timeout=timeout, **self._proxy(c))
        except websocket.WebSocketBadStatusException as e:
            raise self._refusal(e, path) from None
        except (websocket.WebSocketTimeoutException, TimeoutError):
            raise WayFailed(f"it was not opened within {timeout:.0f} s") from None
        except ConnectionError as e:
            if c.proxy:
                raise WayFailed(f"{type(e).__name__}: {e}") from None
            raise client.lost_connection(str(e), path) from None
        except (websocket.WebSocketException, OSError, _proxy_error()) as e:
            raise WayFailed(str(e).partition("-+-+-")[0].strip() or type(e).__name__) from None
        return ws

    @staticmethod
    def _refusal(e: Any, path: str) -> Exception:
        """What the answer in place of a websocket says, as an error to raise."""
        raw = getattr(e, "resp_body", None)
        text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(e).rpartition("-+-+-")[2].strip()
        body: dict[str, Any] | None = None
        with contextlib.suppress(ValueError):
            body = status_of(json_of(text))
        status, headers = int(e.status_code), {str(k).title(): v for k, v in (getattr(e, "resp_headers", None) or {}).items()}
        said = str((body or {}).get("message") or words("" if text == "None" else text))
        error = ApiError("http", status, str((body or {}).get("reason") or ""), said, "GET", path, headers, body)
        if status == 401 or error.busy or (body is not None and status >= 500 and not refused(error)):
            return error
        return WayFailed(f"Handshake status {status}" + (f": {said}" if said else ""))

    def _tls(self) -> ssl.SSLContext:
        """What requests trust, made once: files are read and judged by OpenSSL each time."""
        with self._lock:
            if self._context is None:
                made = tls.of(self._client.connection.configuration)
                made.check_hostname = self._client.connection.configuration.verify_ssl  # websockets leave it to OpenSSL
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
