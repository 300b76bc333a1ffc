# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The part of a kubelet that the API server talks to, for nodes that are made by hand: it says how much disk is free.

`python -m tests.lab.like.kubelet FOLDER ADDRESS` is a process of its own: a thousand nodes that are asked at once must not wait
for the process that asks them. It ends with its stdin.
"""
from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import HERE, LabError
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
    # Of all nodes at once: with the usual five, connections are dropped and tried again a second later, and three.
    request_queue_size = 1024

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked has hung up."""


def _serve(folder: Path, address: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    server = _Server((address, 0), _Kubelet)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


@contextmanager
def kubelet(lab: Lab, name: str) -> Iterator[int]:
    """Its port at the lab's own address, with a certificate of the cluster's authority."""
    folder = lab.folder / "like" / f"kubelet-{name}"
    keys = Pki(folder)
    keys.read_ca("ca", lab.folder / "pki")
    keys.cert("server", "ca", f"system:node:{name}", ["system:nodes"], names=[name], addresses=[lab.host], server=True, client=False)
    command = [sys.executable, "-m", "tests.lab.like.kubelet", str(folder), lab.host]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE.parents[1]) as process:
        try:
            port = (process.stdout.readline() if process.stdout else "").strip()
            if not port:
                raise LabError(f"the kubelet of {name} did not begin")
            yield int(port)
        finally:
            process.terminate()
            shutil.rmtree(folder)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), sys.argv[2])
