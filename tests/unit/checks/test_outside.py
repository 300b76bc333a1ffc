# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking from outside: what the controller and a named probe make of answers, refusals, silence and names."""
from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._balancer import outside as outside_
from ansible_collections.assay.clusters.plugins.module_utils.checks._balancer.outside import (
    CannotAsk, Controller, Probe, asker, bare, inside)


class Web:
    """A server; answers: path -> (status, text)."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str]] = {"/hostname": (200, "pod-1\n")}
        self.asked: list[str] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append(self.path)
                status, text = web.answers.get(urlsplit(self.path).path, (404, "nothing"))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_args: Any) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def closed() -> int:
    """A port where nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


# ---- the controller -----------------------------------------------------------------------------------------------
def test_the_controller_hears_answers_and_knows_its_own_address(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    heard = Controller().ask("127.0.0.1", web.port)
    assert (heard.text, heard.error, heard.own) == ("pod-1", "", "127.0.0.1")
    assert Controller().ask("127.0.0.1", web.port, "/healthz").text == "404 nothing"


def test_refusals_silence_and_names_are_told_apart(closed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Controller().ask("127.0.0.1", closed).refused
    monkeypatch.setattr(outside_, "TIMEOUT", 0.05)
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        silent = Controller().ask("127.0.0.1", busy.getsockname()[1])
        assert silent.error.startswith("no answer within") and not silent.refused and not silent.unresolved
        assert silent.own == "127.0.0.1"
    assert Controller().ask("no-such-name.invalid", 80).unresolved and not Controller().names("no-such-name.invalid")


# ---- a probe ------------------------------------------------------------------------------------------------------
def _says(web: Web, **said: Any) -> Probe:
    web.answers["/dial"] = (200, json.dumps(said))
    return Probe(f"http://127.0.0.1:{web.port}/")


def test_a_probe_asks_by_its_dial(web: Web) -> None:
    probe = _says(web, responses=["pod-2"])
    assert probe.ask("2001:db8::7", 80, "/clientip").text == "pod-2"
    assert parse_qs(urlsplit(web.asked[-1]).query) == {
        "host": ["2001:db8::7"], "port": ["80"], "protocol": ["http"], "tries": ["1"], "request": ["clientip"]}
    assert _says(web, errors=["Get http://x: dial tcp 203.0.113.7:80: connect: connection refused"]).ask("x", 80).refused
    gone = _says(web, errors=["Get http://x: dial tcp: lookup x on 10.0.0.2:53: no such host"])
    assert gone.ask("x", 80).unresolved and not gone.names("x")


@pytest.mark.parametrize("answer", [(200, "<html>sign in</html>"), (502, "{}"), (200, "[]")])
def test_a_probe_that_is_none_says_nothing_of_the_cluster(web: Web, answer: tuple[int, str]) -> None:
    web.answers["/dial"] = answer
    with pytest.raises(CannotAsk, match="cannot be asked"):
        Probe(f"http://127.0.0.1:{web.port}").ask("x", 80)


def test_a_probe_that_is_away_or_unnamed_is_told(closed: int) -> None:
    with pytest.raises(CannotAsk, match="cannot be asked"):
        Probe(f"http://127.0.0.1:{closed}").ask("x", 80)
    with pytest.raises(CannotAsk, match="must be like http"):
        Probe("jump:8080")


def test_who_asks_follows_the_options() -> None:
    assert isinstance(asker({}), Controller)
    assert isinstance(asker({"asked_from": "auto", "outside_probe_url": "http://j:1"}), Probe)
    assert isinstance(asker({"asked_from": "controller", "outside_probe_url": "http://j:1"}), Controller)
    with pytest.raises(CannotAsk, match="outside_probe_url does not name one"):
        asker({"asked_from": "probe"})


# ---- addresses ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("text", "address"), [("10.0.0.1:80", "10.0.0.1"), ("[2001:db8::1]:80", "2001:db8::1"),
                                               ("2001:db8::1", "2001:db8::1"), ("10.0.0.1", "10.0.0.1")])
def test_a_port_is_taken_off_an_address(text: str, address: str) -> None:
    assert bare(text) == address


def test_what_is_no_address_is_not_inside() -> None:
    assert not inside("404 nothing", []) and not inside("", [])
