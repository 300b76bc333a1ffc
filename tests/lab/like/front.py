# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A front of the API server, as a program: `python -m tests.lab.like.front CONFIG`. It prints its port, and ends with its stdin.

    prefix    the path below which the API is; all else is answered as Rancher does
    token     what a request must bear
    pages     {every, seed, reads}: each so-many-th request (with reads: of those alone that change nothing) gets an HTML page, 502 or 504;
              behind a 504 it was carried out all the same
    refuse    verbs that it does not pass on; UPGRADE for connections that become something else (exec, port-forward)
    delay     {least, most, seed}: seconds before each answer
    busy      {every}: each so-many-th request gets 429, by turns with and without Retry-After
"""
from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import select
import socket
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-authorization", "host",
        "authorization", "content-length"}
_PAGE = ("<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n<hr><center>nginx</center>\r\n"
         "</body>\r\n</html>\r\n")
_TITLES = {405: "405 Not Allowed", 502: "502 Bad Gateway", 504: "504 Gateway Time-out"}
_ROOT = {"type": "collection", "links": {"self": "/v3"}, "actions": {}, "pagination": {"limit": 1000}, "data": []}


class Front:
    """What is decided about requests, one number after the other."""

    def __init__(self, config: dict[str, Any]):
        self.config, self.prefix = config, config.get("prefix", "")
        up = config["upstream"]
        self.address = up["host"], up["port"]
        self.context = ssl.create_default_context(cafile=up["ca"])
        self.context.load_cert_chain(up["certificate"], up["key"])
        self._numbers, self._lock = itertools.count(1), threading.Lock()
        self._random = random.Random((config.get("pages") or config.get("delay") or {}).get("seed", 1))

    def fate(self, method: str) -> tuple[float, int, str]:
        """(seconds to wait, status to give instead of the answer or 0, Retry-After)."""
        config = self.config
        if method != "GET" and (config.get("pages") or {}).get("reads"):
            return 0.0, 0, ""
        with self._lock:
            number = next(self._numbers)
            delay = config.get("delay")
            seconds = self._random.uniform(delay["least"], delay["most"]) if delay else 0.0
            if config.get("pages") and number % config["pages"]["every"] == 0:
                return seconds, self._random.choice((502, 504)), ""
            if config.get("busy") and number % config["busy"]["every"] == 0:
                return seconds, 429, "1" if number // config["busy"]["every"] % 2 else ""
            return seconds, 0, ""


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    front: Front

    def _say(self, status: int, kind: str, text: str, retry: str = "") -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if retry:
            self.send_header("Retry-After", retry)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _page(self, status: int) -> None:
        self._say(status, "text/html", _PAGE.format(_TITLES[status]))

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        front = self.front
        if self.headers.get("Authorization") != f"Bearer {front.config['token']}":
            refused = {"type": "error", "status": "401", "message": "must authenticate"}
            return self._say(401, "application/json", json.dumps(refused))
        if not self.path.startswith(front.prefix + "/"):
            if self.path in ("/", "/v3"):
                return self._say(200, "application/json", json.dumps(_ROOT))
            return self._say(404, "text/plain", "404 page not found\n")
        if {self.command, "UPGRADE" if self.headers.get("Upgrade") else ""} & {*front.config.get("refuse", ())}:
            return self._page(405)
        seconds, instead, retry = front.fate(self.command)
        if instead == 429:
            time.sleep(seconds)
            return self._say(429, "text/plain", "Too many requests, please try again later.", retry)
        if instead == 502:
            return self._page(502)
        path = self.path[len(front.prefix):]
        if self.headers.get("Upgrade"):
            return self._page(502) if instead else self._tunnel(path)
        try:
            self._pass_on(path, body, seconds, lost=bool(instead))
        except (OSError, http.client.HTTPException):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def _headers(self) -> dict[str, str]:
        return {k: v for k, v in self.headers.items() if k.lower() not in _HOP}

    def _pass_on(self, path: str, body: bytes, seconds: float, lost: bool) -> None:
        upstream = http.client.HTTPSConnection(*self.front.address, context=self.front.context, timeout=600)
        try:
            upstream.request(self.command, path, body or None, self._headers())
            answer = upstream.getresponse()
            if lost and "watch=" not in path:
                answer.read()
                return self._page(504)
            time.sleep(seconds)
            self._answer(answer)
        finally:
            upstream.close()

    def _answer(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in _HOP:
                self.send_header(key, value)
        length = answer.getheader("Content-Length")
        bare = self.command == "HEAD" or answer.status in (204, 304)
        if length is not None or bare:
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            self.wfile.write(b"" if bare else answer.read())
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := answer.read1(65536):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _tunnel(self, path: str) -> None:
        """A connection that becomes something else: bytes, both ways, until one end has none."""
        self.close_connection = True
        lines = [f"{self.command} {path} HTTP/1.1", "Host: {}:{}".format(*self.front.address)]
        lines += [f"{k}: {v}" for k, v in self.headers.items() if k.lower() not in ("host", "authorization")]
        plain = socket.create_connection(self.front.address, 30)
        with self.front.context.wrap_socket(plain, server_hostname=self.front.address[0]) as up:
            up.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            ends = {self.connection: up, up: self.connection}
            while True:
                ready = [s for s in ends if s.pending()] or select.select(list(ends), [], [], 600)[0]
                for one in ready:
                    data = one.recv(65536)
                    if not data:
                        return
                    ends[one].sendall(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        sys.stderr.write(f"{format % args}\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up."""


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        config = json.load(file)
    Handler.front = Front(config)
    server = _Server((config["listen"], 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(config["certificate"], config["key"])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
