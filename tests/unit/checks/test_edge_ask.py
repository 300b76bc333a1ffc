# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions to a way into the cluster: from here against a real server, from a probe by what curl prints."""
from __future__ import annotations

import base64
import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._edge import ask
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge import certificate as certificates
from ansible_collections.assay.clusters.plugins.module_utils.checks._edge.ask import Answer, Inside, Outside, Question
from ansible_collections.assay.clusters.plugins.module_utils.engine.probes import ShellAnswer

HOST = "a.assay.test"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        there = self.path == "/moved"
        body = b"" if there else f"{self.headers['Host']}{self.path}".encode()
        self.send_response(308 if there else 200)
        if there:
            self.send_header("Location", f"https://{HOST}/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        pass


@contextmanager
def _server(pair: certificates.Pair | None = None, folder: Path | None = None) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    if pair and folder:
        for name, text in (("crt", pair.certificate), ("key", pair.key)):
            (folder / name).write_text(text)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "crt", folder / "key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def test_our_certificate_is_known_by_its_fingerprint(tmp_path: Path) -> None:
    ours, others = certificates.make(HOST, "b.assay.test"), certificates.make(HOST)
    with _server(ours, tmp_path) as port:
        good = Outside()(Question("127.0.0.1", port, HOST, "/hostname", True, ours.fingerprint))
        bad = Outside()(Question("127.0.0.1", port, HOST, "/hostname", True, others.fingerprint))
    assert (good.status, good.text, good.ours) == (200, f"{HOST}/hostname", True)
    assert bad.ours is False and certificates.whose(bad.certificate) == f"CN={HOST}"
    assert ours.key not in repr(ours)


def test_a_redirect_is_told_and_not_followed() -> None:
    with _server() as port:
        answer = Outside()(Question("127.0.0.1", port, HOST, "/moved"))
    assert (answer.status, answer.where, answer.words) == (308, f"https://{HOST}/", f"308 to https://{HOST}/")


def test_without_an_answer_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "ANSWER", 0.2)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        refused = Outside()(Question("127.0.0.1", port, HOST, "/"))
        deaf.listen()
        silent = Outside()(Question("127.0.0.1", port, HOST, "/"))
    assert (refused.error, refused.connected, refused.behind) == ("connection refused", False, False)
    assert (silent.error, silent.connected, silent.behind) == ("no answer in time", True, True)
    with _server() as port:
        plain = Outside()(Question("127.0.0.1", port, HOST, "/", True))
    assert "the TLS handshake failed" in plain.error and plain.connected


@pytest.mark.parametrize(("output", "pinned", "wanted"), [
    ("probe-x\nedge-status 200 0.0012  0\n", True, Answer(200, "probe-x", ours=True, connected=True)),
    ("\nedge-status 308 0.01 https://a/ 0\n", False, Answer(308, "", "https://a/", connected=True)),
    ("\nedge-status 000 0.01  90\n", True, Answer(error="another certificate", ours=False, connected=True)),
    ("\nedge-status 000 0.000000  7\n", False, Answer(error="connection refused")),
    ("\nedge-status 000 0.002  28\n", False, Answer(error="no answer in time", connected=True)),
    ("sh: curl: not found\n", False, Answer(error="the probe's image has no curl that answers (sh: curl: not found)")),
])
def test_what_curl_prints(output: str, pinned: bool, wanted: Answer) -> None:
    assert ask.parsed(output, pinned) == wanted


def test_a_probe_asks_again_what_is_served_with_another_certificate() -> None:
    asked = []

    class Probe:
        node = "n1"

        def shell(self, command: str, timeout: float) -> ShellAnswer:
            asked.append(command)
            pinned = "--pinnedpubkey" in command
            return ShellAnswer("\nedge-status 000 0.01  90\n" if pinned else "404 page\nedge-status 404 0.01  0\n", "", 0.1)

    answer = Inside(Probe())(Question("::1", 443, HOST, "/hostname?a=$(id)", True, "f",
                                      base64.b64encode(b"pin").decode()))  # type: ignore[arg-type]
    assert (answer.status, answer.ours, len(asked)) == (404, False, 2)
    assert f"--connect-to '{HOST}:443:[::1]:443'" in asked[0] and "'https://a.assay.test:443/hostname?a=$(id)'" in asked[0]


def test_a_page_is_told_by_its_title() -> None:
    page = ("<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1>"
            "</center>\r\n<hr><center>nginx/1.27.0</center>\r\n</body>\r\n</html>")
    assert Answer(400, page).words == "400 The plain HTTP request was sent to HTTPS port"
    assert Answer(404, "404 page not found\n").words == "404 page not found" and Answer(404).words == "404"
