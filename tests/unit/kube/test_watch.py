# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A watch of a real HTTP server that forgets, stutters, hangs up, goes away, comes back or refuses."""
from __future__ import annotations

import json
import threading
import time

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube import watch as module
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.watch import Watch, WatchTimeout
from ansible_collections.assay.clusters.tests.unit.kube.server import Server

PATH = "/api/v1/namespaces/n/pods"


def _pod(name, version, phase="Pending"):
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "n", "resourceVersion": str(version)},
            "status": {"phase": phase}}


def _event(kind, item):
    return json.dumps({"type": kind, "object": item}).encode() + b"\n"


class Script:
    """An API server of one collection: `listed` is what a list tells, each watch is the next of `watches`.

    A watch is a function of the request; after the last one, streams stay open and silent until the test ends.
    """

    def __init__(self):
        self.listed, self.version, self.watches = [], 10, []
        self.over = threading.Event()
        self.server = Server(self.respond).start()

    def respond(self, request):
        if "watch" not in request.query:
            request.answer({"kind": "PodList", "metadata": {"resourceVersion": str(self.version)}, "items": self.listed})
        elif self.watches:
            self.watches.pop(0)(request)
        else:
            request.open_stream()
            self.over.wait(30)

    def sends(self, *events, then=None):
        """The next watch: these events, then an orderly end, or `then`(request)."""
        def answer(request):
            request.open_stream()
            for event in events:
                request.send(event)
            if then:
                then(request)
            else:
                request.end_stream()

        self.watches.append(answer)

    def versions(self):
        """The resource versions from which was watched."""
        return [r.query["resourceVersion"] for r in self.server.asked("GET", PATH) if "watch" in r.query]

    def lists(self):
        return len([r for r in self.server.asked("GET", PATH) if "watch" not in r.query])


@pytest.fixture
def script():
    made = Script()
    yield made
    made.over.set()
    made.server.stop()


@pytest.fixture
def watch(script):
    """A started watch of the script's collection."""
    made = []

    def start(**params):
        connection = Connection.resolve({"host": script.server.url}, {})
        one = Watch(Client(connection), PATH, params or None)
        made.append((one, connection))
        one.start()
        return one

    yield start
    for one, connection in made:
        one.stop()
        connection.close()


def _soon(seconds=10.0):
    return time.monotonic() + seconds


def _phase(name, phase):
    return lambda items: ("n", name) in items and items[("n", name)]["status"]["phase"] == phase


def test_what_is_listed_and_what_changes_is_seen(script, watch):
    script.listed = [_pod("a", 9)]
    script.sends(_event("ADDED", _pod("b", 11)), _event("MODIFIED", _pod("a", 12, "Running")),
                 _event("DELETED", _pod("b", 13)), _event("ADDED", _pod("c", 14)), then=lambda r: script.over.wait(30))
    one = watch(labelSelector="x=y")
    assert one.wait(lambda items: ("n", "c") in items and dict(items), _soon()) == {
        ("n", "a"): _pod("a", 12, "Running"), ("n", "c"): _pod("c", 14)}
    assert {r.query["labelSelector"] for r in script.server.requests} == {"x=y"}
    assert script.versions() == ["10"]


def test_an_event_may_come_in_pieces_and_many_at_once(script, watch):
    raw = _event("ADDED", _pod("ä", 11)) + b"\n" + _event("ADDED", _pod("b", 12))
    script.sends(*(raw[i:i + 7] for i in range(0, len(raw), 7)), then=lambda r: script.over.wait(30))
    assert watch().wait(lambda items: len(items) == 2 and sorted(items), _soon()) == [("n", "b"), ("n", "ä")]


def test_a_predicate_is_not_asked_before_the_list_is_known(script, watch):
    script.listed = [_pod("a", 9)]
    assert watch().wait(lambda items: "none" if not items else "some", _soon()) == "some"


def test_the_deadline_tells_what_there_was(script, watch):
    script.listed = [_pod("a", 9)]
    one = watch()
    one.wait(lambda items: items, _soon())
    with pytest.raises(WatchTimeout) as e:
        one.wait(_phase("a", "Running"), time.monotonic())
    assert set(e.value.items) == {("n", "a")} and str(e.value) == "pods: not as expected in time"


@pytest.mark.parametrize("gone", ["event", "answer"])
def test_a_forgotten_version_lists_anew_and_forgets_what_is_no_more(script, watch, gone):
    def forget(request):
        script.listed, script.version = [_pod("a", 90, "Running"), _pod("new", 91)], 95
        if gone == "answer":
            return request.refuse(410, "Expired", "too old resource version")
        request.open_stream()
        request.send(_event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}))
        request.end_stream()

    script.listed = [_pod("a", 9), _pod("lost", 9)]
    script.watches.append(forget)
    items = watch().wait(lambda items: ("n", "new") in items and dict(items), _soon())
    assert set(items) == {("n", "a"), ("n", "new")} and script.lists() == 2
    assert _eventually(lambda: script.versions() == ["10", "95"])


def _eventually(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize("cut", [lambda r: r.hang_up(), None], ids=["cut off", "ended in order"])
def test_a_lost_stream_goes_on_where_it_was_without_a_new_list(script, watch, cut):
    script.sends(_event("ADDED", _pod("a", 11)), then=cut)
    script.sends(_event("MODIFIED", _pod("a", 12, "Running")), then=lambda r: script.over.wait(30))
    watch().wait(_phase("a", "Running"), _soon())
    assert script.versions() == ["10", "11"] and script.lists() == 1


def test_half_an_event_before_the_cut_is_not_an_event(script, watch):
    script.sends(_event("ADDED", _pod("a", 11)), _event("MODIFIED", _pod("a", 12, "Failed"))[:40],
                 then=lambda r: r.hang_up())
    script.sends(_event("MODIFIED", _pod("a", 12, "Running")), then=lambda r: script.over.wait(30))
    one = watch()
    one.wait(_phase("a", "Running"), _soon())
    assert script.versions() == ["10", "11"]


def test_a_bookmark_moves_the_version_and_is_no_object(script, watch):
    script.sends(_event("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": "77"}}))
    one = watch()
    assert _eventually(lambda: script.versions() == ["10", "77"])
    assert one.items() == {} and script.lists() == 1


def test_silence_opens_the_stream_anew(script, watch, monkeypatch):
    monkeypatch.setattr(module, "SILENCE", 2.0)  # also the time for an answer to begin
    script.sends(_event("ADDED", _pod("a", 11)), then=lambda r: script.over.wait(30))
    script.sends(_event("ADDED", _pod("b", 12)), then=lambda r: script.over.wait(30))
    watch().wait(lambda items: len(items) == 2, _soon())
    assert script.versions()[:2] == ["10", "11"] and script.lists() == 1


def test_an_api_server_that_is_away_for_a_while_is_waited_for(script, watch):
    script.listed = [_pod("a", 9)]
    one = watch()
    one.wait(lambda items: items, _soon())
    script.server.stop()
    with pytest.raises(WatchTimeout):
        one.wait(_phase("a", "Running"), time.monotonic() + 0.8)
    script.listed, script.version = [_pod("a", 20, "Running")], 21
    script.server.start()
    assert one.wait(_phase("a", "Running"), _soon(20))


def test_an_api_server_that_is_away_at_first_is_waited_for(script, watch):
    script.listed = [_pod("a", 9)]
    script.server.stop()
    one = watch()
    with pytest.raises(WatchTimeout):
        one.wait(lambda items: items, time.monotonic() + 0.3)
    script.server.start()
    assert one.wait(set, _soon(20)) == {("n", "a")}


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_what_passes_is_waited_out(script, watch, status):
    script.listed = [_pod("a", 9)]
    script.watches.append(lambda r: r.refuse(status, "Some", "not now"))
    script.sends(_event("MODIFIED", _pod("a", 12, "Running")), then=lambda r: script.over.wait(30))
    assert watch().wait(_phase("a", "Running"), _soon())


@pytest.mark.parametrize("status", [403, 404])
def test_what_does_not_pass_is_everybodys_error_in_the_servers_words(script, watch, status):
    script.watches.append(lambda r: r.refuse(status, "Some", "cannot watch resource \"pods\""))
    one = watch()
    for _waiting in range(2):
        with pytest.raises(ApiError) as e:
            one.wait(lambda items: False, _soon())
        assert (e.value.status, e.value.message, e.value.verb) == (status, 'cannot watch resource "pods"', "watch")


def test_a_page_that_is_no_list_is_an_error_and_no_endless_wait(script, watch):
    script.server.respond = lambda r: r.answer("<html>please log in</html>")
    with pytest.raises(ApiError, match="not JSON"):
        watch().wait(lambda items: items, _soon())


@pytest.mark.parametrize("answer", ["<html>please log in</html>", ""])
def test_a_server_that_ends_every_stream_at_once_is_not_hammered(script, watch, answer):
    def respond(request):
        if "watch" in request.query:
            request.answer(answer)
        else:
            Script.respond(script, request)

    script.server.respond = respond
    with pytest.raises(WatchTimeout):
        watch().wait(lambda items: items, time.monotonic() + 1.0)
    assert len(script.server.requests) < 20


def test_a_server_that_forgets_at_once_is_not_hammered(script, watch):
    script.watches += [lambda r: r.refuse(410, "Expired", "too old")] * 1000
    with pytest.raises(WatchTimeout):
        watch().wait(lambda items: items, time.monotonic() + 1.0)
    assert len(script.server.requests) < 20


def test_stop_wakes_who_waits_and_ends_the_stream(script, watch):
    one = watch()
    assert _eventually(lambda: script.versions() == ["10"])
    seen = []

    def waiting():
        with pytest.raises(WatchTimeout):
            one.wait(lambda items: items, _soon(60))
        seen.append("woken")

    thread = threading.Thread(target=waiting)
    thread.start()
    one.stop()
    thread.join(10)
    assert seen == ["woken"]
    assert _eventually(lambda: not any(t.name == "watch pods" for t in threading.enumerate()))
    assert script.versions() == ["10"]


def test_many_wait_on_one_stream(script, watch):
    script.sends(*(_event("ADDED", _pod(f"p{n}", 11 + n)) for n in range(20)), then=lambda r: script.over.wait(30))
    one, seen = watch(), []
    threads = [threading.Thread(target=lambda n=n: seen.append(one.wait(lambda i: ("n", f"p{n}") in i, _soon())))
               for n in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(20)
    assert seen == [True] * 20 and len(script.server.requests) == 2
