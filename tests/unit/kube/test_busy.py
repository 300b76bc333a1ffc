# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An API server that is too busy (429): when and how often it is asked again."""
from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube import client as client_module
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.unit.kube.server import Server


@pytest.fixture
def serve():
    made = []

    def call(respond):
        made.append(Server(respond).start())
        return made[-1]

    yield call
    for server in made:
        server.stop()


@pytest.fixture
def client(resolve):
    return lambda server: Client(resolve({"host": server.url}))


def _error(call, *arguments) -> ApiError:
    with pytest.raises(ApiError) as e:
        call(*arguments)
    return e.value


@pytest.fixture
def waits(monkeypatch):
    """The seconds that are waited between two tries, which take no time."""
    made = []
    monkeypatch.setattr(client_module, "time", SimpleNamespace(sleep=made.append, monotonic=time.monotonic, time=time.time))
    return made


@pytest.mark.parametrize(("headers", "least", "most"), [
    ({"Retry-After": "0"}, 0.0, 0.0), ({"retry-after": "2"}, 2.0, 3.0), ({"Retry-After": "600"}, 5.0, 5.0), ({}, 1.0, 1.5),
    ({"Retry-After": "soon"}, 1.0, 1.5), ({"Retry-After": "Thu, 01 Jan 2026 00:00:00 GMT"}, 0.0, 0.0)])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_busy_server_is_asked_again_when_it_says_so(serve, client, waits, method, headers, least, most):
    """Whatever it was asked for: it did not look at it."""
    def respond(request):
        if len(server.requests) < 3:
            request.answer("Too many requests, please try again later.", 429, headers)
        else:
            request.answer({"n": len(server.requests)})

    server = serve(respond)
    assert client(server).request(method, "/x", body={} if method == "POST" else None) == {"n": 3}
    assert len(waits) == 2 and all(least <= w <= most for w in waits)


@pytest.mark.parametrize(("date", "least", "most"), [
    ("Thu, 26 Nov 2015 17:00:00 GMT", 3.0, 4.5), ("Thu, 26 Nov 2015 17:00:09 GMT", 0.0, 0.0), ("?", 0.0, 0.0)])
def test_a_date_to_come_back_is_of_the_servers_clock(date, least, most):
    said = {"Date": date, "Retry-After": "Thu, 26 Nov 2015 17:00:03 GMT"}
    assert least <= ApiError("http", 429, "", "busy", "GET", "/x", said).pause() <= most


def test_who_waits_for_a_busy_server_does_not_come_back_with_all_the_others(serve, client, waits):
    asked = client(serve(lambda r: r.refuse(429, "TooManyRequests", "busy", {"Retry-After": "1"})))
    assert _error(asked.get, "/x").busy and len(set(waits)) == 3


def test_a_disruption_budget_that_refuses_is_not_asked_again(serve, client, waits):
    said = {"kind": "Status", "code": 429, "message": "Cannot evict pod", "details": {
        "causes": [{"reason": "DisruptionBudget", "message": "needs 1 healthy pods and has 1"}]}}
    server = serve(lambda r: r.answer(said, 429, {"Retry-After": "10"}))
    assert _error(client(server).create, "/x/eviction", {}).status == 429
    assert len(server.requests) == 1 and waits == []
