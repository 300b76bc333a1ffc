# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A watch of a real HTTP server that forgets, stutters, hangs up, goes away, comes back or refuses."""
from __future__ import annotations

import time

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube import client as client_module
from ansible_collections.assay.clusters.plugins.module_utils.kube import watch as module
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.watch import WatchTimeout
from ansible_collections.assay.clusters.tests.unit.kube.scripted import Script, event, eventually, phase, pod, soon


@pytest.mark.parametrize("gone", ["event", "answer"])
def test_a_forgotten_version_lists_anew_and_forgets_what_is_no_more(script, watch, gone):
    def forget(request):
        script.listed, script.version = [pod("a", 90, "Running"), pod("new", 91)], 95
        if gone == "answer":
            return request.refuse(410, "Expired", "too old resource version")
        request.open_stream()
        request.send(event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}))
        request.end_stream()

    script.listed = [pod("a", 9), pod("lost", 9)]
    script.watches.append(forget)
    items = watch().wait(lambda items: ("n", "new") in items and dict(items), soon())
    assert set(items) == {("n", "a"), ("n", "new")} and script.lists() == 2
    assert eventually(lambda: script.versions() == ["10", "95"])


@pytest.mark.parametrize("cut", [lambda r: r.hang_up(), None], ids=["cut off", "ended in order"])
def test_a_lost_stream_goes_on_where_it_was_without_a_new_list(script, watch, cut):
    script.sends(event("ADDED", pod("a", 11)), then=cut)
    script.sends(event("MODIFIED", pod("a", 12, "Running")), then=lambda r: script.over.wait(30))
    watch().wait(phase("a", "Running"), soon())
    assert script.versions() == ["10", "11"] and script.lists() == 1


@pytest.mark.parametrize("cut", [lambda r: r.hang_up(), None], ids=["cut off", "ended in order"])
def test_streams_that_tell_something_before_they_are_lost_are_resumed_at_once_each_time(script, watch, pauses, cut):
    """As behind a balancer that ends every connection after a minute."""
    for number in range(11, 16):
        script.sends(event("ADDED", pod(f"p{number}", number)), then=cut)
    watch().wait(lambda items: len(items) == 5, soon(60))
    assert eventually(lambda: script.versions() == ["10", "11", "12", "13", "14", "15"])
    assert script.lists() == 1 and pauses == []


def test_a_version_that_led_nowhere_twice_is_given_up_for_a_list(script, watch, pauses):
    script.watches += [lambda r: r.refuse(503, "Some", "not now")] * 2
    script.sends(event("ADDED", pod("a", 11)), then=lambda r: script.over.wait(60))
    watch().wait(lambda items: items, soon(60))
    assert script.versions() == ["10", "10", "10"] and script.lists() == 2 and len(pauses) == 2


def test_half_an_event_before_the_cut_is_not_an_event(script, watch):
    script.sends(event("ADDED", pod("a", 11)), event("MODIFIED", pod("a", 12, "Failed"))[:40],
                 then=lambda r: r.hang_up())
    script.sends(event("MODIFIED", pod("a", 12, "Running")), then=lambda r: script.over.wait(30))
    one = watch()
    one.wait(phase("a", "Running"), soon())
    assert script.versions() == ["10", "11"]


def test_silence_opens_the_stream_anew(script, watch, pauses, monkeypatch):
    monkeypatch.setattr(module, "SILENCE", 5.0)  # also the time for an answer to begin
    script.sends(event("ADDED", pod("a", 11)), then=lambda r: script.over.wait(30))
    script.sends(event("ADDED", pod("b", 12)), then=lambda r: script.over.wait(30))
    watch().wait(lambda items: len(items) == 2, soon())
    assert script.versions()[:2] == ["10", "11"] and script.lists() == 1
    assert pauses == [], "silence is what a quiet collection tells"


def test_an_api_server_that_is_away_for_a_while_is_waited_for(script, watch):
    script.listed = [pod("a", 9)]
    one = watch()
    one.wait(lambda items: items, soon())
    script.server.stop()
    with pytest.raises(WatchTimeout):
        one.wait(phase("a", "Running"), time.monotonic() + 0.8)
    script.listed, script.version = [pod("a", 20, "Running")], 21
    script.server.start()
    assert one.wait(phase("a", "Running"), soon())


def test_an_api_server_that_is_away_at_first_is_waited_for(script, watch):
    script.listed = [pod("a", 9)]
    script.server.stop()
    one = watch()
    with pytest.raises(WatchTimeout):
        one.wait(lambda items: items, time.monotonic() + 0.3)
    script.server.start()
    assert one.wait(set, soon()) == {("n", "a")}


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_what_passes_is_waited_out(script, watch, status):
    script.listed = [pod("a", 9)]
    script.watches.append(lambda r: r.refuse(status, "Some", "not now"))
    script.sends(event("MODIFIED", pod("a", 12, "Running")), then=lambda r: script.over.wait(30))
    assert watch().wait(phase("a", "Running"), soon())


@pytest.mark.parametrize("status", [403, 404])
def test_what_does_not_pass_is_everybodys_error_in_the_servers_words(script, watch, status):
    script.watches.append(lambda r: r.refuse(status, "Some", "cannot watch resource \"pods\""))
    one = watch()
    for _waiting in range(2):
        with pytest.raises(ApiError) as e:
            one.wait(lambda items: False, soon())
        assert (e.value.status, e.value.message, e.value.verb) == (status, 'cannot watch resource "pods"', "watch")


@pytest.mark.parametrize(("refusal", "at"), [
    ((403, "Forbidden", "cannot watch resource"), "watch"), ((403, "Forbidden", "cannot list resource"), "list"),
    ("404 page not found", "list")])
@pytest.mark.parametrize("ends", [True, False], ids=["and then allows", "for good"])
def test_an_api_server_that_has_just_started_may_refuse_for_some_seconds(script, watch, pauses, monkeypatch, refusal, at, ends):
    """It has not read yet who may do what, and which kinds there are."""
    if not ends:
        monkeypatch.setattr(client_module, "_STARTING", 0.0)

    refused, cut = [], []

    def respond(request):
        if len(refused) < 3 and cut and (at == "list") == ("watch" not in request.query):
            refused.append(request)
            return request.answer(refusal, 404) if isinstance(refusal, str) else request.refuse(*refusal)
        return Script.respond(script, request)

    script.server.respond = respond
    script.sends(event("ADDED", pod("a", 11)), then=lambda r: (cut.append(r), r.hang_up()))
    script.watches += [lambda r: r.refuse(503, "Some", "not now")] * 2 if at == "list" else []
    script.sends(event("MODIFIED", pod("a", 12, "Running")), then=lambda r: script.over.wait(60))
    one = watch()
    if ends:
        assert one.wait(phase("a", "Running"), soon(60)) and len(refused) == 3
        return
    with pytest.raises(ApiError) as e:
        one.wait(phase("a", "Running"), soon(60))
    assert e.value.status == (404 if isinstance(refusal, str) else 403) and len(refused) == 1


def test_a_list_that_takes_too_long_is_given_more_time_and_one_of_a_busy_server_what_it_asks_for(
        script, watch, pauses, monkeypatch):
    given = []
    errors = [ApiError("timeout", None, "Timeout", "late", "GET", "/x")] * 2 + [
        ApiError("http", 429, "", "busy", "GET", "/x", {"Retry-After": "7"})]
    ask = Client.list

    def listed(client, path, *args, timeout, **more):
        given.append(timeout)
        if errors:
            raise errors.pop(0)
        return ask(client, path, *args, timeout=timeout, **more)

    script.listed = [pod("a", 9)]
    monkeypatch.setattr(Client, "list", listed)
    watch().wait(lambda items: items, soon(60))
    assert given == [10.0, 20.0, 40.0, 40.0] and 7.0 <= pauses[2] <= 10.5 and max(pauses[:2]) < 7.0


def test_a_busy_server_is_not_asked_for_a_new_list_when_a_watch_would_do(script, watch, pauses):
    script.watches += [lambda r: r.refuse(429, "TooManyRequests", "busy", {"Retry-After": "0"})] * 4
    script.sends(event("ADDED", pod("a", 11)), then=lambda r: script.over.wait(60))
    watch().wait(lambda items: items, soon(60))
    assert script.lists() == 1


@pytest.mark.parametrize(("kind", "passes"), [("unreachable", True), ("timeout", True), ("dns", True), ("tls", False)])
@pytest.mark.parametrize("call", ["list", "stream"])
def test_a_server_that_is_not_the_one_we_trust_is_not_asked_for_ever(script, watch, pauses, monkeypatch, call, kind, passes):
    """No answer may come yet; a certificate does not get better by asking."""
    ask, left = getattr(Client, call), [True]

    def once(client, path, *args, **more):
        if left:
            left.clear()
            raise ApiError(kind, None, "", "not trusted", "GET", path)
        return ask(client, path, *args, **more)

    script.listed = [pod("a", 9)]
    script.sends(event("MODIFIED", pod("a", 12, "Running")), then=lambda r: script.over.wait(60))
    monkeypatch.setattr(Client, call, once)
    one = watch()
    if passes:
        assert one.wait(phase("a", "Running"), soon(60))
        return
    with pytest.raises(ApiError, match="not trusted"):
        one.wait(phase("a", "Running"), soon(60))
    assert script.versions() == []


def test_a_page_that_is_no_list_is_an_error_and_no_endless_wait(script, watch):
    script.server.respond = lambda r: r.answer("<html>please log in</html>")
    with pytest.raises(ApiError, match="not JSON"):
        watch().wait(lambda items: items, soon())


@pytest.mark.parametrize("answer", ["<html>please log in</html>", "", "forgets"])
def test_a_server_that_tells_nothing_is_not_hammered(script, watch, pauses, answer):
    """It ends every stream at once, or forgets at once: each pause is longer, up to whole seconds."""
    def respond(request):
        if "watch" not in request.query:
            Script.respond(script, request)
        elif answer == "forgets":
            request.refuse(410, "Expired", "too old")
        else:
            request.answer(answer)

    script.server.respond = respond
    watch()
    assert eventually(lambda: len(pauses) == 6, 60)
    assert pauses == sorted(pauses) and min(pauses[3:]) >= 1.0
    assert len(script.versions()) == 6
