# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lists of a real HTTP server, page by page: what is asked, what is forgotten meanwhile, what comes packed."""
from __future__ import annotations

import gzip
import json

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube import answer
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.strangers import STRANGER
from ansible_collections.assay.clusters.tests.unit.kube.server import Server

NODES = "/api/v1/nodes"


class Collection:
    """An API server with `count` nodes; `expires`: how many continue tokens it has forgotten when they are used."""

    def __init__(self, count):
        self.count, self.expires, self.limits, self.version = count, 0, True, 7
        self.server = Server(self.respond).start()

    def respond(self, request):
        query = request.query
        start = int(query.get("continue") or 0)
        if start and self.expires:
            self.expires -= 1
            self.version += 1
            return request.refuse(410, "Expired", "The provided continue parameter is too old")
        end = min(start + int(query.get("limit") or self.count), self.count) if self.limits else self.count
        about = {"resourceVersion": str(self.version), **({"continue": str(end)} if end < self.count else {})}
        items = [{"metadata": {"name": f"n{i}"}, "status": {"images": ["x"]}} for i in range(start, end)]
        return request.answer({"kind": "NodeList", "metadata": about, "items": items})

    def asked(self, *names):
        return [tuple(r.query.get(n) for n in names) for r in self.server.requests]


@pytest.fixture
def nodes():
    made = []

    def call(count):
        made.append(Collection(count))
        return made[-1]

    yield call
    for one in made:
        one.server.stop()


@pytest.fixture
def client(resolve):
    return lambda server: Client(resolve({"host": server.url}))


def _names(listing):
    return [i["metadata"]["name"] for i in listing.items]


def test_a_long_list_comes_in_pages_of_one_moment(nodes, client):
    there = nodes(1200)
    found = client(there.server).list(NODES, {"labelSelector": "a=b", "resourceVersion": "0"})
    assert _names(found) == [f"n{i}" for i in range(1200)] and found.whole and found.resource_version == "7"
    assert there.asked("limit", "continue", "labelSelector", "resourceVersion") == [
        ("500", None, "a=b", "0"), ("500", "500", "a=b", None), ("500", "1000", "a=b", None)]


@pytest.mark.parametrize(("count", "most", "limits", "whole", "asked"), [
    (1200, 700, True, False, [("500",), ("200",)]), (700, 700, True, True, [("500",), ("200",)]),
    (3, 700, True, True, [("500",)]), (1200, 700, False, False, [("500",)])])
def test_a_list_that_is_cut_says_so(nodes, client, count, most, limits, whole, asked):
    there = nodes(count)
    there.limits = limits
    found = client(there.server).list(NODES, most=most)
    assert (len(found.items), found.whole, there.asked("limit")) == (min(count, most), whole, asked)


@pytest.mark.parametrize(("expires", "limits"), [
    (1, ["2", "2", "2", "2", "2"]), (2, ["2", "2", "2", "2", None])])
def test_a_list_that_was_forgotten_midway_begins_again_and_at_last_comes_in_one_piece(nodes, client, expires, limits):
    there = nodes(5)
    there.expires = expires
    found = client(there.server).list(NODES, page=2)
    assert _names(found) == ["n0", "n1", "n2", "n3", "n4"] and found.whole and found.resource_version == str(7 + expires)
    assert [limit for limit, in there.asked("limit")] == limits


@pytest.mark.parametrize("status", [403, 500])
def test_what_else_is_refused_is_an_error_at_once(client, status):
    with Server(lambda r: r.refuse(status, "Some", "no")) as server, pytest.raises(ApiError) as e:
        client(server).list(NODES)
    assert e.value.status == status and len(server.requests) == 1


def test_what_nobody_needs_is_not_kept_or_not_asked_for(nodes, client):
    there = nodes(3)
    found = client(there.server).list(NODES, page=2, strip=lambda node: {"metadata": node["metadata"]}, metadata_only=True)
    assert all(set(node) == {"metadata"} for node in found.items) and len(found.items) == 3
    assert {r.headers["Accept"].partition(";g=")[0] for r in there.server.requests} == {
        "application/json;as=PartialObjectMetadataList"}


@pytest.mark.parametrize(("said", "items"), [({"items": None}, []), ({"items": []}, []), ({"data": []}, None), ([], None)])
def test_an_empty_list_may_be_none_and_what_is_no_list_is_no_api_server(client, said, items):
    with Server(lambda r: r.answer(said)) as server:
        if items is not None:
            assert client(server).list("/apis/x/v1/things").items == items
            return
        with pytest.raises(ApiError) as e:
            client(server).list("/apis/x/v1/things")
    assert (e.value.kind, e.value.reason) == ("unreachable", STRANGER)


# ---- packed ---------------------------------------------------------------------------------------------------
def _packed(data):
    def respond(request):
        request.handler.send_response(200)
        request.handler.send_header("Content-Encoding", "gzip")
        request.handler.send_header("Content-Length", str(len(data)))
        request.handler.end_headers()
        request.handler.wfile.write(data)

    return Server(respond)


LONG = {"items": [{"metadata": {"name": f"n{i}"}} for i in range(9000)]}


def test_answers_come_packed_and_those_of_pods_as_they_are(client):
    with _packed(gzip.compress(json.dumps(LONG).encode())) as server:
        asked = client(server)
        assert len(asked.list(NODES).items) == 9000 and asked.get(NODES) == LONG
        assert asked.connections == 1
        asked.get("/healthz", raw=True)
    assert [r.headers["Accept-Encoding"] for r in server.requests] == ["gzip", "gzip", "identity"]


@pytest.mark.parametrize(("data", "words"), [
    (gzip.compress(b" " * 5_000_000), "longer than 1 MiB"), (gzip.compress(json.dumps(LONG).encode())[:-40], "ends within"),
    (b"no gzip at all", "not the gzip")], ids=["a bomb", "cut", "something else"])
def test_what_cannot_be_unpacked_within_bounds_is_told(client, monkeypatch, data, words):
    monkeypatch.setattr(answer.whole, "__defaults__", (1 << 20,))
    with _packed(data) as server, pytest.raises(ApiError, match=words) as e:
        client(server).list(NODES)
    assert (e.value.kind, e.value.reason) == ("http", "TooMuch")


def test_an_answer_that_is_cut_off_is_no_answer(client):
    def respond(request):
        request.handler.send_response(200)
        request.handler.send_header("Content-Length", "100")
        request.handler.end_headers()
        request.handler.wfile.write(b"{}")
        request.hang_up()

    with Server(respond) as server, pytest.raises(ApiError) as e:
        client(server).get("/version")
    assert e.value.kind == "unreachable"
