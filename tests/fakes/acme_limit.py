# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server before an ACME server, which refuses new orders by the words and the status of Let's Encrypt's limits.

    python acme_limit.py ADDRESS PORT FOLDER DIRECTORY

FOLDER has the certificate and key of the server behind (pebble.crt, pebble.key), whose directory is at the URL DIRECTORY. All else is
that server's own answer.
"""
from __future__ import annotations

import http.client
import http.server
import json
import ssl
import sys
import urllib.parse
from pathlib import Path

PROBLEM = {"type": "urn:ietf:params:acme:error:rateLimited", "status": 429, "detail": "too many certificates already issued for \"lab.test\": "
           "see https://letsencrypt.org/docs/rate-limits/"}


def _to(address: str) -> http.client.HTTPSConnection:
    """The server behind, whoever signed its certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(address, timeout=10, context=context)


class Limited(http.server.BaseHTTPRequestHandler):
    """behind: host and port; orders: the path of new orders there."""

    behind, orders = "", ""

    def _ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, list[tuple[str, str]], bytes]:
        connection = _to(self.behind)
        kept = {k: v for k, v in self.headers.items() if k.lower() in ("host", "content-type", "user-agent", "accept")}
        connection.request(method, path, body or None, kept)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()

    def _tell(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "POST" and self.path == self.orders:
            _status, headers, _body = self._ask("HEAD", "/nonce-plz")
            nonce = [(k, v) for k, v in headers if k.lower() == "replay-nonce"]
            self._tell(429, [*nonce, ("Content-Type", "application/problem+json"), ("Retry-After", "3600")], json.dumps(PROBLEM).encode())
        else:
            self._tell(*self._ask(self.command, self.path, body))

    do_GET = do_HEAD = do_POST = _any


def main(address: str, port: str, folder: str, directory: str) -> None:
    url = urllib.parse.urlsplit(directory)
    Limited.behind = url.netloc
    connection = _to(url.netloc)
    connection.request("GET", url.path)
    Limited.orders = urllib.parse.urlsplit(json.loads(connection.getresponse().read())["newOrder"]).path
    server = http.server.ThreadingHTTPServer((address, int(port)), Limited)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(folder) / "pebble.crt", Path(folder) / "pebble.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
