# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small store of logs for tests: it ships the audit logs of a lab cluster, and is asked as Loki and Elasticsearch are.

It lives in the test's own process, so that nothing of it is left. It is no Loki: of its language it knows one line filter, of
Elasticsearch's one prefix query.
"""
from __future__ import annotations

import http.server
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_FILTER = re.compile(r'^\{[^}]*\} \|= "([^"]+)"$')


class AuditSink:
    """files: stream -> log. What is in them when it starts is not shipped.

    behind: while it is set nothing is shipped; status: what every question is answered with, where it is not 200; token: what
    must be shown.
    """

    def __init__(self, files: Mapping[str, Path], token: str = ""):
        self.behind, self.status, self.token, self.asked = threading.Event(), 200, token, 0
        self._at = {stream: (file, file.stat().st_size if file.exists() else 0) for stream, file in files.items()}
        self._lines: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _ship(self) -> None:
        for stream, (file, start) in self._at.items():
            with open(file, "rb") as f:
                f.seek(start)
                whole = f.read().rpartition(b"\n")[0]
            if whole:
                self._at[stream] = file, start + len(whole) + 1
                self._lines += [(stream, line) for line in whole.decode().splitlines()]

    def _with(self, text: str) -> list[tuple[str, str]]:
        with self._lock:
            if not self.behind.is_set():
                self._ship()
            return [(stream, line) for stream, line in self._lines if text in line]

    def loki(self, query: str) -> dict[str, Any]:
        found = _FILTER.match(query)
        streams: dict[str, list[list[str]]] = {}
        for stream, line in self._with(found[1]) if found else []:
            streams.setdefault(stream, []).append([str(time.time_ns()), line])
        return {"status": "success" if found else "error", "data": {"resultType": "streams", "result": [
            {"stream": {"job": "audit", "node": s}, "values": v} for s, v in streams.items()]}}

    def elastic(self, body: Any) -> dict[str, Any]:
        prefix = body["query"]["prefix"]["auditID"]
        events = [json.loads(line) for _stream, line in self._with(prefix)]
        return {"took": 1, "hits": {"hits": [{"_index": "audit", "_source": e} for e in events if e["auditID"].startswith(prefix)]}}

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _answer(self, data: Any) -> None:
                sink.asked += 1
                refused = sink.token and self.headers.get("Authorization") != f"Bearer {sink.token}"
                status = 401 if refused else sink.status
                text = (json.dumps(data()) if status == 200 else "no healthy ingester").encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self) -> None:
                self._answer(lambda: sink.loki(parse_qs(urlsplit(self.path).query).get("query", [""])[0]))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._answer(lambda: sink.elastic(body))

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


@contextmanager
def audit_sink(lab: Any, token: str = "") -> Iterator[AuditSink]:
    sink = AuditSink({lab.node_name(n): log for n, log in lab.audit_logs.items()}, token)
    try:
        yield sink
    finally:
        sink.close()
