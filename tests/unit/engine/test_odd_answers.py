# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers that are odd beyond anything that an API server says, thousands of them by lot: whoever reads them gets what was sent,
or an error in words, and never dies of it."""
from __future__ import annotations

import copy
import json
import random
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import options, registry, run as module, sweep
from ansible_collections.assay.clusters.plugins.module_utils.engine.probes import Probe
from ansible_collections.assay.clusters.plugins.module_utils.engine.run import Run, Settings
from ansible_collections.assay.clusters.plugins.module_utils.kube import client as client_module, greeting, watch as watch_module
from ansible_collections.assay.clusters.plugins.module_utils.kube.client import Client
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.plugins.module_utils.kube.listing import Listing
from ansible_collections.assay.clusters.plugins.module_utils.kube.reading import date_of, stamp_of
from ansible_collections.assay.clusters.plugins.module_utils.kube.transport import PodHttp, TransportError
from ansible_collections.assay.clusters.plugins.module_utils.kube.watch import Watch
from ansible_collections.assay.clusters.plugins.module_utils.kube.websockets import WayFailed, Websockets, ended
from ansible_collections.assay.clusters.plugins.module_utils.leases.in_cluster import ClusterLease
from ansible_collections.assay.clusters.plugins.module_utils.leases.lease import Seen
from ansible_collections.assay.clusters.plugins.module_utils.results import redact, text
from ansible_collections.assay.clusters.tests.unit.kube.server import Server

ROOMS = Path(client_module.__file__).parents[1]
TOKEN = "planted-Token-of-jane-4711"
DEEP = ["[" * 200_000, '{"a":' * 100_000, '{"kind":"Status","details":' * 50_000, "[" * 900 + "]" * 900]
FAR = "Thu, 01 Jan 99999999999 00:00:00 GMT"
DATES = [FAR, "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1960 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 -0000", "", "soon",
         "Thu, 99 Foo 2026 99:99:99 GMT", "\xff\xfe", "9" * 400, "-5", "1e9", "Thu, 01 Jan 2026 00:00:00 +99999999999"]
_ODD: list[Any] = [None, True, 0, -1, 5, 1 << 70, 0.5, float("nan"), float("inf"), "", "x", FAR, "\ud800", "a\x1b[2J\nb", TOKEN, [],
                   [None], [5], ["x"], {}, {"a": 1}, {"reason": 5, "message": []}, "9" * 5000]
_META = {"name": "n", "namespace": "s", "resourceVersion": "7", "uid": "u", "labels": {"a": "b"}, "annotations": {}}
STATUS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": f"Unauthorized {TOKEN}",
          "reason": "Forbidden", "code": 403, "details": {
              "name": "n", "kind": "nodes", "retryAfterSeconds": 1, "causes": [{"reason": "DisruptionBudget", "message": "m", "field": "f"}]}}
LIST = {"kind": "NodeList", "metadata": {"resourceVersion": "5", "continue": ""}, "items": [{"metadata": _META}, {"metadata": _META}]}
LEASE = {"kind": "Lease", "metadata": _META, "spec": {"holderIdentity": "h", "leaseDurationSeconds": 5, "leaseTransitions": 1,
                                                      "acquireTime": "2026-01-01T00:00:00.000000Z", "renewTime": "2026-01-01T00:00:00Z"}}
WHOLE: list[Any] = [STATUS, LIST, LEASE, {"gitVersion": "v1.36.0", "major": "1"}, {"kind": "APIVersions", "versions": ["v1"]},
                    {"message": "no", "error": "none"}, {"responses": ["p"], "errors": ["e"]}, {"output": "o", "error": "e"}]


def _places(data: Any) -> list[tuple[Any, Any]]:
    found = []
    for key in list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else []:
        found += [(data, key), *_places(data[key])]
    return found


def mutated(dice: random.Random, whole: Any) -> Any:
    """A copy in which some values are others, or away."""
    data = copy.deepcopy(whole)
    for _turn in range(dice.choice((0, 1, 1, 1, 2, 4))):
        places = _places(data)
        if not places:
            return data
        of, key = dice.choice(places)
        if dice.random() < 0.2 and isinstance(of, dict):
            del of[key]
        else:
            of[key] = copy.deepcopy(dice.choice(_ODD))
    return dice.choice(_ODD) if dice.random() < 0.05 else data


def sent(dice: random.Random, wholes: list[Any]) -> str:
    """The text of an answer."""
    lot = dice.random()
    if lot < 0.03:
        return dice.choice(DEEP)
    whole = json.dumps(mutated(dice, dice.choice(wholes)))
    if lot < 0.1:
        return whole[:dice.randrange(len(whole) + 1)]
    return f"<html><title>{whole}" if lot < 0.13 else whole


def headers(dice: random.Random) -> dict[str, str]:
    found = {n: dice.choice(DATES) for n in ("Date", "Retry-After", "Content-Type", "Location") if dice.random() < 0.4}
    if dice.random() < 0.05:
        found["Content-Encoding"] = dice.choice(("gzip", "br", "\xff"))
    return found


def judge(error: ApiError) -> None:
    """It has words, in the types that those who handle errors rely on, and no secret once it has gone through the door."""
    assert isinstance(error.message, str) and isinstance(error.reason, str) and (error.status is None or isinstance(error.status, int))
    assert error.pause() >= 0 and error.busy in (True, False) and error.of_a_start in (True, False) and error.hook in (True, False)
    json.dumps(error.as_dict())
    said = text.live_line(redact.redact(str(error)))
    assert said and said.isprintable() and TOKEN not in said


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Any:
    """odd(dice, wholes): a client of a server whose every answer is by lot; no pause takes time."""
    made: list[Any] = []
    monkeypatch.setattr(client_module, "time", SimpleNamespace(sleep=lambda _s: None, monotonic=time.monotonic, time=time.time))

    def start(dice: random.Random, wholes: list[Any]) -> Client:
        statuses = [200, 200, 200, 201, 302, 400, 401, 403, 404, 409, 410, 418, 422, 429, 500, 503, 504, 599]
        server = Server(lambda r: r.answer(sent(dice, wholes), dice.choice(statuses), headers(dice))).start()
        connection = Connection.resolve({"host": server.url, "api_key": TOKEN}, {})
        connection.tell_secrets(redact.register)
        client = Client(connection)
        made.extend((server.stop, client.close, connection.close))
        return client

    yield start
    for end in made:
        end()


@pytest.mark.fair("it counts on single answers")
@pytest.mark.parametrize("seed", range(4))
def test_any_answer_is_read_or_an_error_in_words(odd: Any, seed: int) -> None:
    dice = random.Random(seed)
    client, ends = odd(dice, WHOLE), {"read": 0, "refused": 0}
    asks = [lambda: client.get("/api/v1/x"), lambda: client.get("/readyz", raw=True), lambda: client.list("/api/v1/nodes"),
            lambda: client.create("/api/v1/x", {"a": 1}), lambda: client.delete("/api/v1/x"), lambda: greeting.version_of(client),
            lambda: client.get("/x", with_headers=True)]
    for _turn in range(700):
        ask = dice.choice(asks)
        try:
            found = ask()
            ends["read"] += 1
            assert not isinstance(found, Listing) or isinstance(found.items, list)
            assert abs(client.now() - time.time()) < 1 << 38
            redact.redact(found if not isinstance(found, Listing) else found.items)
        except ApiError as e:
            ends["refused"] += 1
            judge(e)
    assert min(ends.values()) > 100, ends


@pytest.mark.fair("it counts on single answers")
def test_any_answer_of_a_probe_is_netexecs_or_none(odd: Any) -> None:
    dice = random.Random(5)
    client, ends = odd(dice, WHOLE[-3:]), {"read": 0, "refused": 0}
    probe = Probe("n1", "p", "10.0.0.1", PodHttp(client, "n", "proxy"), lambda ask, seconds: ask(seconds))
    for turn in range(600):
        try:
            got = probe.dial("10.0.0.2", 80) if turn % 2 else probe.shell("date")
            said = [*got.responses, *got.errors] if turn % 2 else [got.output, got.error]
            assert all(isinstance(s, str) for s in said)
            ends["read"] += 1
        except (ApiError, TransportError) as e:
            assert str(e)
            ends["refused"] += 1
    assert min(ends.values()) > 10, ends


@pytest.mark.fair("it counts on single answers")
def test_json_of_a_proxy_is_no_answer_of_a_probe(odd: Any) -> None:
    for dialled, said in ((True, {"message": "sign in"}), (True, {"responses": 5}), (False, {"output": []}), (False, {"responses": ["p"]})):
        with Server(lambda r, said=said: r.answer(said)) as server:
            client = Client(Connection.resolve({"host": server.url}, {}))
            probe = Probe("n1", "p", "10.0.0.1", PodHttp(client, "n", "proxy"), lambda ask, seconds: ask(seconds))
            with pytest.raises(TransportError, match="something before it answered"):
                probe.dial("10.0.0.2", 80) if dialled else probe.shell("date")
            client.close()


@pytest.mark.fair("it counts on single answers")
def test_a_list_without_an_end_is_an_error() -> None:
    with Server(lambda r: r.answer({"items": [], "metadata": {"continue": "x"}})) as server:
        client = Client(Connection.resolve({"host": server.url}, {}))
        with pytest.raises(ApiError, match="the list has no end"):
            client.list("/api/v1/nodes")
        client.close()
    assert len(server.requests) == 2


@pytest.mark.fair("it counts on single answers")
def test_any_answer_to_who_reads_a_lease_is_one_or_an_error_in_words(odd: Any) -> None:
    dice = random.Random(6)
    client = odd(dice, [LEASE, LEASE, STATUS])
    place = ClusterLease(client, "s", "n", patience=0.0)
    for _turn in range(300):
        try:
            assert isinstance(place.read(), Seen)
        except ApiError as e:
            judge(e)


def test_any_end_of_a_command_or_refusal_of_a_websocket_is_read() -> None:
    dice = random.Random(7)
    redact.register(TOKEN)
    for _turn in range(2000):
        raw = sent(dice, [STATUS, STATUS, {"status": "Success"}]).encode("utf-8", "replace")
        assert isinstance(ended(raw).get("message", ""), str)
        refusal = SimpleNamespace(resp_body=dice.choice((raw, None)), status_code=dice.choice((401, 403, 429, 500, 503)),
                                  resp_headers=dice.choice((None, headers(dice))))
        error = Websockets._refusal(refusal, "/x")
        assert isinstance(error, WayFailed) or judge(error) is None  # type: ignore[arg-type]


def _event(dice: random.Random) -> bytes:
    whole = {"type": dice.choice(("ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR")),
             "object": {"metadata": _META, "status": {}} if dice.random() < 0.7 else STATUS}
    return sent(dice, [whole]).encode() + b"\n"


@pytest.mark.fair("it is about single streams")
@pytest.mark.parametrize("seed", range(3))
def test_no_event_ends_a_watch_without_a_word(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Either it goes on to what comes next, or those who wait hear why not."""
    dice = random.Random(seed)
    monkeypatch.setattr(watch_module, "_PAUSES", (0.0,))
    done = {"metadata": {**_META, "name": "done"}}
    ends = {"went on": 0, "told": 0}
    for _turn in range(40):
        odd = [[_event(dice) for _n in range(dice.randrange(1, 4))] for _stream in range(dice.randrange(1, 4))]
        lists = [sent(dice, [LIST, STATUS]) for _n in range(dice.randrange(2))]

        def respond(r: Any, odd: Any = odd, lists: Any = lists) -> None:
            if "watch" not in r.query:
                r.answer(lists.pop() if lists else LIST)
                return
            r.open_stream()
            for line in odd.pop() if odd else [json.dumps({"type": "ADDED", "object": done}).encode() + b"\n"]:
                r.send(line)
            r.end_stream()

        with Server(respond) as server:
            connection = Connection.resolve({"host": server.url, "api_key": TOKEN}, {})
            connection.tell_secrets(redact.register)
            client = Client(connection)
            watch = Watch(client, "/api/v1/nodes", strip=lambda item: {"metadata": dict(item["metadata"])})
            watch.start()
            try:
                watch.wait(lambda items: ("s", "done") in items, time.monotonic() + 60)
                ends["went on"] += 1
            except ApiError as e:
                judge(e)
                assert "broke" not in e.message or e.reason == "ValueError", "what is odd is known, and met by no accident"
                ends["told"] += 1
            finally:
                watch.stop()
                client.close()
                connection.close()
    assert ends["went on"] > 10, ends


@pytest.mark.fair("what is asked again changes what is met first")
@pytest.mark.parametrize("later", [
    lambda r: r.answer({"kind": "Status", "message": 5, "reason": 7}, 403),
    lambda r: r.answer({"kind": "Status", "message": {"a": 1}}, 403), lambda r: r.answer(DEEP[0], 403),
    lambda r: r.answer({"kind": "Status", "details": {"causes": 3}}, 403, {"Date": FAR}),
    lambda r: r.answer("", 404, {"Retry-After": FAR, "Date": DATES[1]})])
@pytest.mark.parametrize("first", [lambda r: r.answer({"gitVersion": "v1.36.1"}, 200, {"Date": FAR}), lambda r: r.answer({"gitVersion": 5}),
                                   lambda r: r.answer(DEEP[0]), lambda r: r.answer({"kind": "Status", "message": 5}, 500)])
def test_a_run_ends_in_verdicts_whatever_answers(tmp_path: Any, monkeypatch: Any, first: Any, later: Any) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    chosen = registry.select(registry.load(), ("api_server", "nodes"))
    with Server(lambda r: first(r) if r.path == "/version" else later(r)) as server:
        connection = Connection.resolve({"host": server.url, "api_key": TOKEN}, {})
        done = Run(Settings("c", connection, chosen, {c.name: options.resolve(c, {}, {}) for c in chosen}, limit=20.0,
                            journal_dir=tmp_path)).go()
    assert {r["check"] for r in done["records"]} == {"api_server", "nodes"}
    assert {r["verdict"] for r in done["records"]} <= {"failed", "inconclusive"} and all(r["message"] for r in done["records"])
    assert "itself broke" not in json.dumps(done) and "Traceback" not in json.dumps(done)


def test_dates_are_read_or_none() -> None:
    assert date_of("Thu, 01 Jan 2026 00:00:00 GMT") == date_of("Thu, 01 Jan 2026 00:00:00 -0000") == 1767225600.0
    assert [date_of(d) for d in (*DATES[:3], *DATES[4:], None, 5, ["x"])] == [None] * (len(DATES) + 2)
    assert stamp_of("2026-01-01T00:00:00Z") == stamp_of("2026-01-01T00:00:00") == 1767225600.0 and stamp_of("0001-01-01T00:00:00Z") < 0
    assert [stamp_of(s) for s in ("", None, 5, "soon", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")] == [0.0] * 6
    assert sweep.now_of({"Date": FAR}) > 1e9 and sweep.now_of(None) > 1e9


def test_dates_of_strangers_are_read_by_one_reader() -> None:
    """As JSON is: see tests/unit/kube/test_json_text.py."""
    others = [path.relative_to(ROOMS).as_posix() for path in sorted(ROOMS.rglob("*.py")) if "parsedate_to_datetime" in path.read_text(encoding="utf-8")]
    assert others == ["kube/reading.py"]
