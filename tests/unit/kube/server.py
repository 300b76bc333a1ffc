# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small real HTTP server on 127.0.0.1 for tests: plain or TLS, streams, and it can be away and come back."""
from __future__ import annotations

import contextlib
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class Request:
    """One request, and the ways to answer it."""

    def __init__(self, handler: http.server.BaseHTTPRequestHandler, body: bytes):
        parts = urlsplit(handler.path)
        self.handler, self.method, self.path = handler, handler.command, parts.path
        self.url, self.query = handler.path, dict(parse_qsl(parts.query, keep_blank_values=True))
        self.headers, self.body = handler.headers, body

    @property
    def data(self) -> Any:
        return json.loads(self.body) if self.body else None

    def answer(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """A dictionary or list as JSON, text as it is."""
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.handler.send_response(status)
        kind = "text/plain" if isinstance(body, str) else "application/json"
        for name, value in {"Content-Type": kind, "Content-Length": str(len(raw)), **(headers or {})}.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()
        self.handler.wfile.write(raw)

    def refuse(self, status: int, reason: str = "", message: str = "", headers: dict[str, str] | None = None) -> None:
        """An error as the API server writes it."""
        self.answer({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "reason": reason,
                     "message": message}, status, headers)

    def open_stream(self) -> None:
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", "application/json")
        self.handler.send_header("Transfer-Encoding", "chunked")
        self.handler.end_headers()
        self.handler.wfile.flush()

    def send(self, raw: bytes) -> None:
        """A piece of an open stream."""
        self.handler.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        self.handler.wfile.flush()

    def end_stream(self) -> None:
        self.handler.wfile.write(b"0\r\n\r\n")

    def hang_up(self) -> None:
        """The connection ends here, whatever was promised."""
        self.handler.close_connection = True
        with contextlib.suppress(OSError):
            self.handler.connection.shutdown(socket.SHUT_RDWR)


class _Http(http.server.ThreadingHTTPServer):
    """The listening socket of a Server, its owner."""

    daemon_threads, allow_reuse_address = True, True
    owner: Server

    def handle_error(self, *_args: Any) -> None:
        pass


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection, in a thread."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def setup(self) -> None:
        super().setup()
        with self.server.owner._lock:
            self.server.owner._open.add(self.connection)

    def finish(self) -> None:
        with self.server.owner._lock:
            self.server.owner._open.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def handle(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().handle()

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self, body)
        self.server.owner.requests.append(request)
        self.server.owner.respond(request)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_CONNECT = _any

    def log_message(self, *_args: Any) -> None:
        pass


class Server:
    """Hands every request to respond(request) in a thread of its own; requests are kept in the order they came."""

    def __init__(self, respond: Callable[[Request], None], tls: ssl.SSLContext | None = None):
        self.respond, self.requests, self._tls = respond, [], tls
        self._port, self._open, self._lock = 0, set(), threading.Lock()
        self._http: Any = None

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    def asked(self, method: str = "", path: str = "") -> list[Request]:
        return [r for r in list(self.requests) if method in ("", r.method) and r.path.startswith(path)]

    def start(self) -> Server:
        self._http = _Http(("127.0.0.1", self._port), _Handler)
        self._http.owner = self
        self._port = self._http.server_address[1]
        if self._tls:
            self._http.socket = self._tls.wrap_socket(self._http.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def drop(self) -> None:
        """Every open connection is cut."""
        with self._lock:
            found = list(self._open)
        for one in found:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """Nothing listens any more and what was open is cut; start() is back on the same port."""
        if self._http:
            self._http.shutdown()
            self._http.server_close()
            self._http = None
        self.drop()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_args: Any) -> None:
        self.stop()
