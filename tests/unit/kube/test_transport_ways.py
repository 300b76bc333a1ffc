# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which way a pod is asked by: what changes it, for how long, and what is no matter of the way."""
from __future__ import annotations

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube import transport as module
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import WAYS, PodHttp, SlowAnswer, TransportError

FORBIDDEN = (403, "Forbidden", 'cannot get resource "pods/proxy"')
UNREACHABLE = (503, "ServiceUnavailable", "error trying to reach service: dial tcp 10.0.0.7:8080: i/o timeout")
KUBELET = (500, "InternalError", "error dialing backend: dial tcp 10.0.0.3:10250: connect: connection refused")
STARTING = (503, "ServiceUnavailable", "apiserver is shutting down")


@pytest.fixture
def ask(pods, resolve):
    return lambda transport="auto": PodHttp(Client(resolve({"host": pods.server.url})), "n", transport)


# ---- a question that is not answered in time ------------------------------------------------------------------
@pytest.mark.parametrize("transport", WAYS)
def test_a_slow_pod_is_no_failure_of_the_way_and_is_asked_once(pods, ask, transport):
    pods.late = {"/slow"}
    http = ask(transport if transport != "proxy" else "auto")
    with pytest.raises(SlowAnswer, match="^pod n/p: .*: no answer within 1 s$"):
        http.get("p", 8080, "/slow", timeout=1)
    assert pods.questions.count("/slow") <= 1 and {way for _pod, way in pods.asked} == {transport}
    assert http.get("p", 8080, "/x").text == "pod says /x", "what comes late is no answer to the next question"
    assert http.transport == module._NAMES[transport]


@pytest.mark.parametrize("silent", [{"proxy"}, {"proxy", "port_forward"}, set(WAYS)])
def test_a_way_on_which_nothing_comes_back_is_left_for_the_next(pods, ask, monkeypatch, silent):
    monkeypatch.setattr(module, "_CHEAP_TIME", 0.3)
    pods.silent = silent
    http = ask()
    if len(silent) == 3:
        with pytest.raises(TransportError, match="pod-proxy: no answer within 0.3 s; port-forward: .*; exec: ") as e:
            http.get("p", 8080, "/", timeout=0.3)
        assert not isinstance(e.value, SlowAnswer)
        return
    for _turn in range(2):
        assert http.get("p", 8080, "/", timeout=2).transport == module._NAMES[WAYS[len(silent)]]
    assert pods.asked.count(("p", "proxy")) == 2, "a question, and a cheap one that tells the way from the pod"


# ---- for how long ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mended", [True, False])
def test_a_pod_is_tried_by_the_usual_way_again_after_a_time_with_a_cheap_question(pods, ask, monkeypatch, mended):
    http = ask()
    pods.broken = {"proxy": UNREACHABLE}
    assert http.get("p", 8080, "/1").transport == "port-forward"
    pods.broken = {} if mended else pods.broken
    assert http.get("p", 8080, "/2").transport == "port-forward", "for a time it stays"
    later = module.time.monotonic() + 61.0
    monkeypatch.setattr(module, "time", type("Later", (), {"monotonic": staticmethod(lambda: later)}))
    for _turn in range(2):
        assert http.get("p", 8080, "/3").transport == ("pod-proxy" if mended else "port-forward")
    assert pods.questions == ["/1", "/2", *(["/healthz"] if mended else []), "/3", "/3"]
    assert pods.asked.count(("p", "proxy")) == (4 if mended else 2)


@pytest.mark.parametrize("transport", WAYS)
@pytest.mark.parametrize("refusal", [STARTING, (500, "InternalError", "etcdserver: leader changed"),
                                     (401, "Unauthorized", "who?"),
                                     (429, "TooManyRequests", "busy")])
def test_what_an_api_server_says_of_itself_changes_no_way(pods, ask, monkeypatch, transport, refusal):
    monkeypatch.setattr(ApiError, "pause", lambda error: 0.0)
    http = ask(transport if transport != "proxy" else "auto")
    pods.broken = {transport: refusal}
    with pytest.raises(ApiError) as e:
        http.get("p", 8080, "/")
    assert (e.value.status, e.value.message) == (refusal[0], refusal[2]) and {way for _pod, way in pods.asked} == {transport}
    pods.broken = {}
    assert http.get("p", 8080, "/").transport == module._NAMES[transport]


def test_a_busy_api_server_does_not_speak_for_the_pod(pods, ask, monkeypatch):
    """Its refusal is no Status object."""
    monkeypatch.setattr(ApiError, "pause", lambda error: 0.0)
    pods.server.respond = lambda r: r.answer("Too many requests, please try again later.", 429)
    with pytest.raises(ApiError) as e:
        ask().get("p", 8080, "/")
    assert e.value.busy


@pytest.mark.parametrize("transport", WAYS)
def test_an_api_server_that_is_away_changes_no_way(pods, ask, transport):
    http = ask(transport if transport != "proxy" else "auto")
    pods.server.stop()
    with pytest.raises(ApiError) as e:
        http.get("p", 8080, "/")
    assert e.value.kind == "unreachable" and http.client.starting(ApiError("http", 403, "", "", "GET", "/"))
    pods.server.start()
    assert http.get("p", 8080, "/").transport == module._NAMES[transport]


@pytest.mark.parametrize("transport", ["port_forward", "exec"])
def test_a_kubelet_that_is_not_reached_is_told_in_the_words_of_the_api_server(pods, ask, transport):
    pods.broken = {transport: KUBELET}
    with pytest.raises(TransportError) as e:
        ask(transport).get("p", 8080, "/")
    assert str(e.value).endswith(f": Handshake status 500: {KUBELET[2]}")


# ---- learned --------------------------------------------------------------------------------------------------
def test_the_way_to_all_is_learned_from_the_first_pods(pods, ask):
    pods.broken = {"proxy": FORBIDDEN}
    http = ask()
    names = [f"p{n}" for n in range(12)]
    http.learn(names, 8080)
    assert sorted(pod for pod, way in pods.asked if way == "proxy") == ["p0", "p1", "p2"]
    assert {http.get(name, 8080, "/").transport for name in names} == {"port-forward"}
    assert len(pods.asked) == 3 + 12, "their forwards are open already"


def test_a_pod_that_needs_another_way_than_the_first_ones_is_found_out_before_it_is_asked(pods, ask, monkeypatch):
    http = ask()
    respond = pods._respond

    def not_to_p9(request):
        return request.refuse(*UNREACHABLE) if "/p9:8080/proxy" in request.path else respond(request)

    pods.server.respond = not_to_p9
    http.learn([f"p{n}" for n in range(12)], 8080)
    assert http.get("p8", 8080, "/").transport == "pod-proxy"
    pods.asked.clear()
    assert http.get("p9", 8080, "/").transport == "port-forward" and pods.asked == []


def test_of_a_large_cluster_only_some_pods_are_looked_at_beforehand(pods, ask):
    ask().learn([f"p{n}" for n in range(300)], 8080)
    assert len(pods.asked) == 53


def test_one_of_the_first_pods_may_need_another_way_than_most(pods, ask):
    pods.broken = {"proxy": FORBIDDEN}
    http, respond = ask(), pods._respond
    pods.server.respond = lambda r: r.refuse(*KUBELET) if "/p0/portforward" in r.path else respond(r)
    http.learn(["p0", "p1", "p2"], 8080)
    pods.asked.clear()
    assert (http.get("p0", 8080, "/").transport, http.get("p1", 8080, "/").transport) == ("exec", "port-forward")
    assert pods.asked == [("p0", "exec")]


@pytest.mark.parametrize("broken", [{way: UNREACHABLE for way in WAYS}, {way: STARTING for way in WAYS}])
def test_where_nothing_is_learned_the_first_way_is_tried_first(pods, ask, broken):
    pods.broken = broken
    http = ask()
    http.learn(["p", "q"], 8080)
    pods.broken = {}
    assert http.get("p", 8080, "/").transport == "pod-proxy"
