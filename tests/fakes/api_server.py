# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake API server that knows only who it is: its version, the namespace kube-system and its nodes."""
from __future__ import annotations

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeApiServer:
    """Use as a context manager. uid, version, nodes, not_ready and more may be changed while it runs.

    more: what a node has besides, by its number: {0: {"spec": {"providerID": ...}}}; labels go into its metadata.
    """

    def __init__(self, nodes: int = 2, version: str = "v1.31.4"):
        self.uid, self.version, self.nodes, self.not_ready = str(uuid.uuid4()), version, nodes, 0
        self.more: dict[int, dict[str, Any]] = {}
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are written apart

            def do_GET(self) -> None:
                body = fake.answer(self.path.partition("?")[0])
                data = json.dumps(body or {"kind": "Status", "code": 404, "reason": "NotFound",
                                           "message": "not found"}).encode()
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_words: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path: str) -> dict[str, Any] | None:
        """The body for a path, None for what there is not."""
        if path == "/version":
            return {"gitVersion": self.version}
        if path == "/api/v1/namespaces/kube-system":
            return {"kind": "Namespace", "metadata": {"name": "kube-system", "uid": self.uid}}
        if path == "/api/v1/nodes":
            return {"kind": "NodeList", "items": [self._node(i) for i in range(self.nodes)]}
        return None

    def _node(self, number: int) -> dict[str, Any]:
        status = "False" if number < self.not_ready else "True"
        more = self.more.get(number, {})
        return {"metadata": {"name": f"n{number}", "labels": more.get("labels", {})}, "spec": more.get("spec", {}),
                "status": {"conditions": [{"type": "Ready", "status": status}], **more.get("status", {})}}

    @property
    def kubeconfig(self) -> str:
        return json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "c",
                           "clusters": [{"name": "c", "cluster": {"server": self.url}}],
                           "users": [{"name": "u", "user": {"token": "planted-token-of-the-fake"}}],
                           "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]})

    def __enter__(self) -> FakeApiServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
