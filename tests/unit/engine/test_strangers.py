# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What answers is no Kubernetes API server, or no whole answer comes: one sentence, nothing fails for it, nothing breaks."""
from __future__ import annotations

import threading
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import evidence, options, registry, run as module, sweep
from ansible_collections.assay.clusters.plugins.module_utils.engine.run import Run, Settings
from ansible_collections.assay.clusters.plugins.module_utils.kube import greeting
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.lab.pki import Pki
from ansible_collections.assay.clusters.tests.unit.kube.server import Server

PAGE = "<!DOCTYPE html><html><head><title>Sign in &amp; go</title></head><body>x</body></html>"
STRANGERS = [
    (lambda r: r.answer({"type": "collection", "links": {}}), "200 application/json, '{\"type\": \"collection\", \"links\": {}}'"),
    (lambda r: r.answer(PAGE), "'Sign in & go'"), (lambda r: r.answer([]), "200 application/json, '[]'"),
    (lambda r: r.answer("", 302, {"Location": "https://sso.example.com/login"}), "302 Found"),
    (lambda r: r.answer("default backend - 404", 404), "404 Not Found, 'default backend - 404'"),
    (lambda r: r.answer("cluster agent disconnected: cluster c-m-abc123 not found", 503),
     "503 Service Unavailable, 'cluster agent disconnected: cluster c-m-abc123 not found'"),
    (lambda r: r.answer("<html><title>502 Bad Gateway</title></html>", 502), "502 Bad Gateway, '502 Bad Gateway'"),
    (lambda r: r.answer("<html>Access denied\x1b[2J by WAF</html>", 403), "403 Forbidden, 'Access denied [2J by WAF'"),
    (lambda r: r.answer("Client sent an HTTP request to an HTTPS server.", 400),
     "400 Bad Request, 'Client sent an HTTP request to an HTTPS server.'"),
]


@pytest.fixture
def client():
    """client(respond): of a server that answers so."""
    made: list[Any] = []

    def start(respond: Any) -> Client:
        server = Server(respond).start()
        connection = Connection.resolve({"host": server.url, "api_key": "abc"}, {})
        made.extend((server.stop, connection.close))
        return Client(connection)

    yield start
    for end in made:
        end()


@pytest.mark.parametrize(("respond", "words"), STRANGERS)
def test_a_stranger_is_said_with_its_words(client: Any, respond: Any, words: str) -> None:
    found = client(respond)
    with pytest.raises(ApiError) as e:
        greeting.version_of(found)
    said = e.value.message
    assert (e.value.kind, e.value.status) == ("unreachable", None) and said.isprintable() and words in said
    assert said.startswith(f"what answers at {found.server} is no Kubernetes API server: ")


def _version_is_hidden(how: Any) -> Any:
    def respond(r: Any) -> None:
        if r.path == "/version":
            r.answer("<html>forbidden</html>", 403)
        else:
            how(r)
    return respond


@pytest.mark.parametrize("how", [lambda r: r.answer({"kind": "APIVersions", "versions": ["v1"]}),
                                 lambda r: r.refuse(403, "Forbidden", "User cannot get path \"/api\"")])
def test_an_api_server_whose_version_a_firewall_keeps_is_none_the_less_one(client: Any, how: Any) -> None:
    assert greeting.version_of(client(_version_is_hidden(how))) == ""


def test_an_answer_that_drips_is_not_waited_for(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greeting, "WHOLE", 0.5)
    over = threading.Event()

    def drip(r: Any) -> None:
        r.open_stream()
        while not over.wait(0.05):
            r.send(b" ")

    with pytest.raises(ApiError) as e:
        greeting.version_of(client(drip))
    over.set()
    assert e.value.kind == "timeout" and e.value.message.startswith("no whole answer from http://127.0.0.1:")


@pytest.mark.parametrize("respond", [s[0] for s in STRANGERS])
def test_a_run_on_a_stranger_is_inconclusive_and_has_one_cause(tmp_path: Any, monkeypatch: Any, respond: Any) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    chosen = registry.select(registry.load(), ("api_server", "nodes", "dns"))
    with Server(respond) as server:
        connection = Connection.resolve({"host": server.url, "api_key": "abc"}, {})
        settings = Settings("c", connection, chosen, {c.name: options.resolve(c, {}, {}) for c in chosen},
                            journal_dir=tmp_path)
        done = Run(settings).go()
        assert {r.method for r in server.requests} == {"GET"} and len(server.requests) <= 4, "nothing is written there"
    assert {(r["check"], r["verdict"], r["cause"]) for r in done["records"]} == {
        ("api_server", "failed", "api.unreachable"), ("nodes", "inconclusive", "api.unreachable"),
        ("dns", "inconclusive", "api.unreachable")}
    assert all("is no Kubernetes API server" in r["message"] for r in done["records"]) and done["leftovers"] == []


def test_evidence_and_sweeps_outlast_lists_that_are_none(client: Any, tmp_path: Any) -> None:
    """A proxy may begin to answer for the API server at any time."""
    found = client(lambda r: r.answer("ok") if r.path == "/readyz" else r.answer({"type": "collection", "data": []}))
    data = evidence.collect(found, "assay-1", [], [])
    assert data["nodes"] == [] and data["errors"]["nodes"]["reason"] == "NotKubernetes"
    with pytest.raises(ApiError, match="is no Kubernetes API server"):
        sweep.find(found, tmp_path, True)


@pytest.mark.parametrize(("days", "words"), [(0.001, "; the client certificate ended on "), (365, "")])
def test_who_is_not_known_any_more_hears_that_the_certificate_ended(client: Any, tmp_path: Any, days: float,
                                                                    words: str) -> None:
    pki = Pki(tmp_path)
    pki.ca("ca", "lab")
    made = pki._sign
    pki._sign = lambda *args: made(*args[:4], days, *args[5:])  # type: ignore[method-assign]
    pki.cert("jane", "ca", "jane")
    found = client(lambda r: r.refuse(401, "Unauthorized", "Unauthorized"))
    found.connection.configuration.cert_file = str(tmp_path / "jane.crt")
    with pytest.raises(ApiError) as e:
        greeting.version_of(found)
    assert e.value.status == 401 and e.value.message.startswith(f"Unauthorized{words}")
    assert ("GMT" in e.value.message) is bool(words)
