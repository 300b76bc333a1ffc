# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A network with mishaps in front of a store (moto's S3, the emulator of Google): requests that are refused, answers that get lost."""
from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What may happen to a request: it is handed on; answered by 503; dropped before the store has it; done, and its answer lost;
# done, and its answer cut in the middle; forbidden, as Google says it.
FINE, BUSY, DROPPED, LOST, CUT, FORBIDDEN = "", "busy", "dropped", "lost", "cut", "forbidden"
_FORBIDDEN = b'{"error": {"code": 403, "message": "somebody does not have access to the object."}}'


class StoreFront:
    """A server on a port of its own. before, after: called with the number, method and path of each request, around the store's
    work; `before` says what happens to it. asked: methods and paths.
    """

    def __init__(self, behind: str) -> None:
        self.asked: list[tuple[str, str]] = []
        self.before: Callable[[int, str, str], str] = lambda *_request: FINE
        self.after: Callable[[int, str, str], Any] = lambda *_request: None
        self._lock = threading.Lock()
        front = self

        class Handler(BaseHTTPRequestHandler):
            """One connection."""

            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with front._lock:
                    number = len(front.asked)
                    front.asked.append((self.command, self.path))
                what = front.before(number, self.command, self.path)
                if what == BUSY:
                    self._answer(503, [], b"<Error><Code>SlowDown</Code><Message>later</Message></Error>")
                    return
                if what == FORBIDDEN:
                    self._answer(403, [("Content-Type", "application/json")], _FORBIDDEN)
                    return
                if what == DROPPED:
                    self._hang_up()
                    return
                host, _colon, port = behind.removeprefix("http://").partition(":")
                store = http.client.HTTPConnection(host, int(port), timeout=60)
                store.request(self.command, self.path, body, dict(self.headers))
                answer = store.getresponse()
                content = answer.read()
                store.close()
                front.after(number, self.command, self.path)
                if what == LOST:
                    self._hang_up()
                    return
                headers = [(k, v) for k, v in answer.getheaders() if k.lower() not in ("content-length", "transfer-encoding", "connection")]
                if what == CUT:
                    self._answer(answer.status, headers, content, len(content) // 2)
                    self._hang_up()
                    return
                self._answer(answer.status, headers, content)

            def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes, cut: int | None = None) -> None:
                self.send_response_only(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[:cut])

            def _hang_up(self) -> None:
                self.close_connection = True
                try:
                    self.wfile.flush()
                    self.connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _serve

            def log_message(self, format: str, *args: Any) -> None:  # pylint: disable=redefined-builtin
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
