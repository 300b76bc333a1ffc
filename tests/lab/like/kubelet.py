# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The part of a kubelet that the API server talks to, for nodes that are made by hand: it says how much disk is free."""
from __future__ import annotations

import json
import shutil
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from ..pki import Pki

if TYPE_CHECKING:
    from ..cluster import Lab

_DISK = {"availableBytes": 90 << 30, "capacityBytes": 128 << 30, "usedBytes": 38 << 30}


class _Kubelet(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        summary = {"node": {"nodeName": "", "fs": _DISK, "runtime": {"imageFs": _DISK}}, "pods": []}
        known = {"/stats/summary": summary, "/healthz": "ok", "/pods": {"kind": "PodList", "apiVersion": "v1", "items": []}}
        body = known.get(self.path.partition("?")[0])
        data = (body if isinstance(body, str) else json.dumps(body or {"message": "404 page not found"})).encode()
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_words: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked has hung up."""


@contextmanager
def kubelet(lab: Lab, name: str) -> Iterator[int]:
    """Its port at the lab's own address, with a certificate of the cluster's authority."""
    folder = lab.folder / "like" / f"kubelet-{name}"
    keys = Pki(folder)
    keys.read_ca("ca", lab.folder / "pki")
    keys.cert("server", "ca", f"system:node:{name}", ["system:nodes"], names=[name], addresses=[lab.host], server=True, client=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    shutil.rmtree(folder)
    server = _Server((lab.host, 0), _Kubelet)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
