# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake of a Pushgateway that takes everything, or says what a test wants: for refusals, log-ins and certificates. The real one is
in tests/fakes/pushgateway.py.
"""
from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Asked:
    """answers: (status, text) of the next requests, then 200. got: method, path, headers and body of each."""

    url: str = ""
    answers: list[tuple[int, str]] = field(default_factory=list)
    got: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)


@contextmanager
def push_server(chain: Path | None = None) -> Iterator[Asked]:
    """chain: a file with certificate and key, for TLS."""
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            asked.got.append((self.command, self.path, dict(self.headers), body))
            status, text = asked.answers.pop(0) if asked.answers else (200, "")
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # pylint: disable=redefined-builtin
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if chain:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    asked.url = f"http{'s' if chain else ''}://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
