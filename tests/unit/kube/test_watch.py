# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A watch of a real HTTP server: what is listed, what changes, and those who wait for it."""
from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.watch import Watch, WatchTimeout
from ansible_collections.assay.clusters.tests.unit.kube.scripted import PATH, Script, event, eventually, phase, pod, soon


def test_what_is_listed_and_what_changes_is_seen(script, watch):
    script.listed = [pod("a", 9)]
    script.sends(event("ADDED", pod("b", 11)), event("MODIFIED", pod("a", 12, "Running")),
                 event("DELETED", pod("b", 13)), event("ADDED", pod("c", 14)), then=lambda r: script.over.wait(30))
    one = watch(labelSelector="x=y")
    assert one.wait(lambda items: ("n", "c") in items and dict(items), soon()) == {
        ("n", "a"): pod("a", 12, "Running"), ("n", "c"): pod("c", 14)}
    assert {r.query["labelSelector"] for r in script.server.requests} == {"x=y"}
    assert script.versions() == ["10"]


def test_an_event_may_come_in_pieces_and_many_at_once(script, watch):
    raw = event("ADDED", pod("ä", 11)) + b"\n" + event("ADDED", pod("b", 12))
    script.sends(*(raw[i:i + 7] for i in range(0, len(raw), 7)), then=lambda r: script.over.wait(30))
    assert watch().wait(lambda items: len(items) == 2 and sorted(items), soon()) == [("n", "b"), ("n", "ä")]


def test_a_predicate_is_not_asked_before_the_list_is_known(script, watch):
    script.listed = [pod("a", 9)]
    assert watch().wait(lambda items: "none" if not items else "some", soon()) == "some"


def test_the_deadline_tells_what_there_was(script, watch):
    script.listed = [pod("a", 9)]
    one = watch()
    one.wait(lambda items: items, soon())
    with pytest.raises(WatchTimeout) as e:
        one.wait(phase("a", "Running"), time.monotonic())
    assert set(e.value.items) == {("n", "a")} and str(e.value) == "pods: not as expected in time"


def test_a_bookmark_moves_the_version_and_is_no_object(script, watch):
    script.sends(event("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": "77"}}))
    one = watch()
    assert eventually(lambda: script.versions() == ["10", "77"])
    assert one.items() == {} and script.lists() == 1


def test_stop_wakes_who_waits_and_ends_the_stream(script, watch):
    one = watch()
    assert eventually(lambda: script.versions() == ["10"])
    seen = []

    def waiting():
        with pytest.raises(WatchTimeout):
            one.wait(lambda items: items, soon(60))
        seen.append("woken")

    thread = threading.Thread(target=waiting)
    thread.start()
    one.stop()
    thread.join(60)
    assert seen == ["woken"]
    assert eventually(lambda: not any(t.name == "watch pods" for t in threading.enumerate()))
    assert script.versions() == ["10"]


def test_many_wait_on_one_stream(script, watch):
    script.sends(*(event("ADDED", pod(f"p{n}", 11 + n)) for n in range(20)), then=lambda r: script.over.wait(30))
    one, seen = watch(), []
    threads = [threading.Thread(target=lambda n=n: seen.append(one.wait(lambda i: ("n", f"p{n}") in i, soon())))
               for n in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(20)
    assert seen == [True] * 20 and len(script.server.requests) == 2


def test_objects_are_kept_without_what_nobody_needs_and_long_lists_come_in_pages(script):
    def respond(request):
        if "watch" in request.query:
            return Script.respond(script, request)
        follows = request.query.get("continue")
        return request.answer({"metadata": {"resourceVersion": "10", **({} if follows else {"continue": "more"})},
                               "items": [pod("b" if follows else "a", 9)]})

    script.server.respond = respond
    script.sends(event("ADDED", pod("c", 11)), then=lambda r: script.over.wait(30))
    connection = Connection.resolve({"host": script.server.url}, {})
    one = Watch(Client(connection), PATH, strip=lambda item: {"metadata": item["metadata"]})
    one.start()
    try:
        items = one.wait(lambda items: len(items) == 3 and dict(items), soon())
        assert sorted(items) == [("n", "a"), ("n", "b"), ("n", "c")] and all(set(i) == {"metadata"} for i in items.values())
        assert [r.query.get("limit") for r in script.server.requests][:2] == ["500", "500"] and one.lists == 1
    finally:
        one.stop()
        connection.close()
