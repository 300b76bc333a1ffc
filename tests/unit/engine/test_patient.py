# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A client that outlasts a restart of the API server: what is asked again, what is not, and what is told in the end."""
from __future__ import annotations

import contextlib
import threading
import time
from types import SimpleNamespace

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube import client as client_module
from ansible_collections.assay.clusters.plugins.module_utils.kube import patient as patient_module
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.patient import PatientClient
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import SlowAnswer
from tests.fakes.clock import Clock

SPACES = "/api/v1/namespaces"
NAMED = {"metadata": {"name": "n"}}


@pytest.fixture
def patient(api):
    """A patient client; its errors are kept in .errors."""
    made = []

    def make(seconds=20.0, **more):
        connection = Connection.resolve({"host": api.url}, {})
        end, errors = time.monotonic() + seconds, []
        client = PatientClient(Client(connection), lambda: end, errors.append, **more)
        client.errors = errors
        made.append((client, connection))
        return client

    yield make
    for client, connection in made:
        client.raw.close()
        connection.close()


def _first(api, action):
    """Do action(request) on the first request only."""
    todo = [action]
    api.before = lambda request: todo.pop()(request) if todo else None


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_error_is_waited_out_and_not_told(api, patient, status):
    api.refuse[("GET", "/version")] = (status, "Some", "not now")
    api.before = lambda request: api.refuse.clear() if len(api.server.requests) > 2 else None
    client = patient()
    assert client.get("/version") == {"gitVersion": "v1.30.0"} and client.errors == []
    assert len(api.server.requests) > 1


def test_a_page_of_a_balancer_is_got_over_and_counted_also_without_patience(api, patient):
    """A check of the API server has none with the API server itself."""
    text = "<html><title>502 Bad Gateway</title></html>"
    serve = api.server.respond
    api.server.respond = lambda request: request.answer(text, 502) if len(api.server.requests) < 3 else serve(request)
    client = patient(patience=0.0)
    assert client.get("/version")["gitVersion"] and client.errors == [] and client.pages == ["502 Bad Gateway"] * 2
    api.server.respond = lambda request: request.refuse(502, "Some", "not now")
    with pytest.raises(ApiError):
        client.get("/version")
    assert len(client.pages) == 2, "what the API server says itself is told at once"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_what_does_not_pass_is_told_at_once(api, patient, status):
    api.refuse[("GET", "/version")] = (status, "Some", "never")
    client = patient()
    with pytest.raises(ApiError) as e:
        client.get("/version")
    assert client.errors == [e.value] and e.value.status == status and len(api.server.requests) == 1


def test_what_must_not_be_there_is_asked_for_patiently_and_its_absence_is_no_error(api, patient):
    api.put(f"{SPACES}/n", {"made": "once"})
    api.refuse[("GET", f"{SPACES}/gone")] = (502, "Some", "not now")
    api.before = lambda request: api.refuse.clear() if len(api.server.requests) > 2 else None
    client = patient()
    assert client.absent(f"{SPACES}/gone") is True and client.absent(f"{SPACES}/n") is False and client.errors == []


def test_a_server_that_is_away_for_a_moment_is_not_noticed(api, patient):
    client = patient()
    api.server.stop()
    threading.Timer(0.5, api.server.start).start()
    assert client.get("/version")["gitVersion"]


@pytest.mark.parametrize("bound", [{"patience": 0.3}, {"seconds": 0.3}, {"patience": 0.0}])
def test_a_longer_outage_is_told_when_patience_or_time_ends(api, patient, bound):
    client = patient(**bound)
    api.server.stop()
    with pytest.raises(ApiError) as e:
        client.get("/version")
    assert e.value.kind == "unreachable" and client.errors == [e.value]


def test_an_abort_ends_the_waiting(api, patient):
    abort = threading.Event()
    client, seen = patient(abort=abort), []
    api.server.stop()

    def ask():
        with pytest.raises(ApiError):
            client.get("/version")
        seen.append("ended")

    thread = threading.Thread(target=ask)
    thread.start()
    abort.set()
    thread.join(60)
    assert seen == ["ended"]


def test_a_create_whose_answer_was_lost_finds_what_it_made(api, patient):
    def made_but_not_told(request):
        api.put(f"{SPACES}/n", {"made": "once"})
        request.hang_up()

    _first(api, made_but_not_told)
    assert patient().create(SPACES, NAMED)["metadata"]["labels"] == {"made": "once"}
    assert [r.method for r in api.server.requests] == ["POST", "POST", "GET"]


def test_what_was_there_before_the_first_try_is_an_error(api, patient):
    api.put(f"{SPACES}/n")
    client = patient()
    with pytest.raises(ApiError) as e:
        client.create(SPACES, NAMED)
    assert e.value.reason == "AlreadyExists" and client.errors == [e.value]


def test_a_delete_whose_answer_was_lost_is_a_delete(api, patient):
    def deleted_but_not_told(request):
        api.objects.clear()
        request.hang_up()

    api.put(f"{SPACES}/n")
    _first(api, deleted_but_not_told)
    client = patient()
    assert client.delete(f"{SPACES}/n") == {} and client.errors == []
    with pytest.raises(ApiError):
        client.delete(f"{SPACES}/n")


@pytest.mark.parametrize("allows", [True, False], ids=["and then allows", "for good"])
def test_a_server_that_has_just_started_may_refuse_for_some_seconds(api, patient, monkeypatch, allows):
    monkeypatch.setattr(client_module, "_STARTING", 60.0 if allows else 0.0)
    no = {("POST", SPACES): (403, "Forbidden", 'cannot create resource "namespaces"')}
    todo = [lambda r: r.hang_up(), lambda r: api.refuse.update(no), lambda r: None, lambda r: api.refuse.clear()]
    api.before = lambda request: todo.pop(0)(request) if todo else None
    client = patient()
    if allows:
        assert client.create(SPACES, NAMED)["metadata"]["name"] == "n" and client.errors == []
        return
    with pytest.raises(ApiError) as e:
        client.create(SPACES, NAMED)
    assert e.value.status == 403 and len(api.server.requests) == 2


@pytest.mark.parametrize("body", [{}, {"metadata": {}}, {"metadata": {"generateName": "x-"}}])
def test_a_post_without_a_name_is_sent_once(api, patient, body):
    api.before = lambda request: request.hang_up()
    with pytest.raises(ApiError):
        patient().request("POST", f"{SPACES}/n/pods/p/eviction", body=body)
    assert len(api.server.requests) == 1


def test_no_request_lasts_longer_than_the_deadline(api, patient):
    hold = threading.Event()
    api.before = lambda request: hold.wait(20)
    client = patient(seconds=0.2)
    with pytest.raises(ApiError) as e:
        client.get("/version", timeout=60)
    hold.set()
    assert e.value.kind == "timeout"


def test_a_list_is_asked_for_again_and_a_page_that_was_forgotten_is_no_error(api, patient):
    for name in "abc":
        api.put(f"{SPACES}/{name}")
    gone = {("GET", SPACES): (410, "Expired", "too old")}
    todo = [lambda r: r.hang_up(), lambda r: api.refuse.update(gone), lambda r: api.refuse.clear()]
    api.before = lambda request: todo.pop(0)(request) if todo else None
    client = patient()
    found = client.list(SPACES)
    assert [i["metadata"]["name"] for i in found.items] == ["a", "b", "c"] and found.whole and client.errors == []


@pytest.mark.parametrize(("status", "tries"), [(429, 6), (503, 1)])
def test_what_a_busy_server_did_not_look_at_was_not_done_so_it_is_asked_again(patient, monkeypatch, status, tries):
    monkeypatch.setattr(ApiError, "pause", lambda error: 0.01)
    client, asked = patient(), []

    def call(_seconds):
        asked.append("evict")
        if len(asked) < 6:
            raise ApiError("http", status, "", "busy", "POST", "/x/eviction")
        return "evicted"

    with contextlib.suppress(ApiError):
        client.persist(call, 3.0, repeat=False)
    assert len(asked) == tries


@pytest.mark.parametrize("late", [ApiError("timeout", None, "Timeout", "late", "GET", "/x"), SlowAnswer("late")])
def test_an_answer_that_did_not_come_is_given_more_time(patient, late):
    asked = []
    client = patient(patience=60.0)

    def call(seconds):
        asked.append(seconds)
        if len(asked) < 3:
            raise late
        return "late"

    assert client.persist(call, 3.0) == "late" and asked == [3.0, 6.0, 12.0]


def test_a_slow_pod_is_no_error_of_the_api_server(patient):
    client = patient(patience=0.0)
    with pytest.raises(SlowAnswer):
        client.persist(_raise(SlowAnswer("late")), 3.0)
    assert client.errors == []


def _raise(error):
    def call(_seconds):
        raise error
    return call


AWAY = 'Internal error occurred: failed calling webhook "pods.test": failed to call webhook: Post "https://x": connection refused'


@pytest.mark.parametrize(("message", "least", "most"), [("etcdserver: request timed out", 27, 30), (AWAY, 7, 10)])
def test_a_webhook_that_is_away_is_waited_for_less_than_the_api_server(monkeypatch, message, least, most):
    """Its own answer comes at once; the time passes between the tries alone."""
    clock = Clock()
    monkeypatch.setattr(patient_module, "time", clock)

    def refuse(*_args, **_more):
        raise ApiError("http", 500, "InternalError", message, "POST", "/", body={})

    abort = SimpleNamespace(wait=clock.sleep)
    client = PatientClient(SimpleNamespace(request=refuse, starting=lambda e: False), lambda: 1e9, lambda e: None, abort=abort)
    start = clock.monotonic()
    with pytest.raises(ApiError, match=message[:20]):
        client.create(SPACES, NAMED)
    assert least <= clock.monotonic() - start <= most


@pytest.mark.parametrize("patience", [30.0, 0.0])
def test_a_page_that_comes_when_the_patience_is_over_is_asked_past_once_more(monkeypatch, patience):
    """A proxy gives up on a slow server after a minute, its usual time."""
    clock, pages = Clock(), [1]
    monkeypatch.setattr(patient_module, "time", clock)

    def answer(*_args, **_more):
        if not pages:
            return {"items": []}
        clock.sleep(60.0)
        pages.pop()
        error = ApiError("http", 504, "", "504 Gateway Time-out", "GET", "/")
        error.page = True
        raise error

    client = PatientClient(SimpleNamespace(request=answer, starting=lambda e: False), lambda: 1e9, lambda e: None, patience=patience,
                           abort=SimpleNamespace(wait=clock.sleep))
    assert client.get("/version") == {"items": []} and client.pages == ["504 Gateway Time-out"]


def test_what_one_can_do_without_gets_over_pages_alone_and_keeps_no_error(api, patient):
    text = "<html><title>504 Gateway Time-out</title></html>"
    serve = api.server.respond
    api.server.respond = lambda request: request.answer(text, 504) if len(api.server.requests) < 3 else serve(request)
    client = patient()
    assert client.quiet.get("/version")["gitVersion"] and client.pages == ["504 Gateway Time-out"] * 2
    api.server.respond = lambda request: request.refuse(503, "Some", "not now")
    before = len(api.server.requests)
    with pytest.raises(ApiError):
        client.quiet.get("/version")
    assert len(api.server.requests) == before + 1 and client.errors == []
