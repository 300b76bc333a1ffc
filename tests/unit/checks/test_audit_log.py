# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""audit_log without a cluster: events in all their wrappings, files that are handed out in pieces, balancers, stores."""
from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.checks._audit import facts
from ansible_collections.assay.clusters.plugins.module_utils.checks._audit import replicas as audit_replicas
from ansible_collections.assay.clusters.plugins.module_utils.checks._audit import stores as audit_stores
from ansible_collections.assay.clusters.plugins.module_utils.checks._audit.events import (
    Event, Found, Marker, anywhere, differs, event_of, of_lines)
from ansible_collections.assay.clusters.plugins.module_utils.checks._audit.files import Files, NoSource, below_log
from ansible_collections.assay.clusters.plugins.module_utils.checks._audit.verdict import Seen, judge
from ansible_collections.assay.clusters.plugins.module_utils.checks.audit_log import AuditLog
from ansible_collections.assay.clusters.plugins.module_utils.engine.errors import Inconclusive, StepFailed
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.unit.checks.fakes import FakeContext

MARK = "assay-0123456789"
EVENT = {"kind": "Event", "auditID": f"{MARK}-1", "stage": "ResponseComplete", "verb": "patch", "user": {"username": "admin"},
         "responseStatus": {"code": 200}, "requestObject": {"data": {"password": "t0p-s3cret"}}}
LINE = json.dumps(EVENT)
SEEN = Event(f"{MARK}-1", "ResponseComplete", "patch", "admin", 200, "n1")
LEGACY = (f'2026-01-02T03:04:05.6Z AUDIT: id="{MARK}-1" stage="ResponseComplete" ip="10.0.0.1" method="patch" user="admin" '
          'groups="\\"a\\"" as="<self>" uri="/api" response="200"')


def marker(number: int, kind: str = "write", replica: str = "a:6443") -> Marker:
    verb, code = {"write": ("patch", 200), "denied": ("delete", 403), "read": ("get", 200)}[kind]
    return Marker(f"{MARK}-{number}", kind, replica, verb, code, 0.0)


def event(of: Marker, where: str = "n1", **change: Any) -> Event:
    return Event(**{**vars(Event(of.id, "ResponseComplete", of.verb, "admin", of.code, where)), **change})


# ---- events ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("data", [
    EVENT, [EVENT], LINE, {"hits": {"hits": [{"_source": EVENT}]}}, {"data": {"result": [{"values": [["17", LINE]]}]}},
    [json.dumps({"log": LINE, "stream": "stdout"})]])
def test_an_event_is_found_in_every_wrapping_and_nothing_secret_of_it_is_kept(data: Any) -> None:
    assert list(anywhere(data, "n1")) == [SEEN]
    assert "s3cret" not in repr(list(anywhere(data, "n1")))


@pytest.mark.parametrize("data", [None, 7, "auditID", '{"auditID": ', {"auditID": 7}, {"query": f"auditID {MARK}-1"}, [[[[]]]]])
def test_what_is_no_event_is_none(data: Any) -> None:
    assert list(anywhere(data, "n1")) == [] and event_of(data, "") is None


def test_lines_of_a_file_in_either_format_and_one_that_was_cut() -> None:
    text = "\n".join([LINE, LINE.replace(MARK, "others"), LINE[:60], LEGACY])
    assert list(of_lines(text, "n1", MARK)) == [SEEN, SEEN]


def test_a_stage_with_the_answer_counts_more_than_one_without() -> None:
    one, found = marker(1), Found()
    for stage in ("RequestReceived", "ResponseComplete", "RequestReceived"):
        found.add([event(one, stage=stage, code=None if stage == "RequestReceived" else 200)])
    assert found.of(one) == event(one) and f"{MARK}-0" not in found


@pytest.mark.parametrize(("change", "user", "words"), [
    ({}, "admin", ""), ({}, "", ""), ({"verb": "PATCH"}, "admin", ""), ({"code": 403}, "admin", "code 403 instead of 200"),
    ({"user": "somebody"}, "admin", "user somebody instead of admin"), ({"user": ""}, "", "user missing instead of ours"),
    ({"verb": "get"}, "admin", "verb get instead of patch"), ({"stage": "RequestReceived", "code": None}, "admin", "")])
def test_what_an_event_says_otherwise(change: dict[str, Any], user: str, words: str) -> None:
    assert differs(marker(1), event(marker(1), **change), user) == words


# ---- files ----------------------------------------------------------------------------------------------------------
class Disk:
    """A server of files as Go's is: pieces, and lists of folders."""

    def __init__(self, **files: str):
        self.files, self.longest = {f"/logs/k/{n.replace('_', '.')}": t.encode() for n, t in files.items()}, 0

    def request(self, _method: str, path: str, headers: dict[str, str], **_more: Any) -> Any:
        if path not in self.files:
            raise ApiError("http", 404, "NotFound", "404 page not found", "GET", path)
        data, (first, last) = self.files[path], headers["Range"].removeprefix("bytes=").split("-")
        start, end = (len(data) - int(last), len(data)) if not first else (int(first), min(len(data), int(last) + 1))
        if start >= len(data):
            raise ApiError("http", 416, "", "", "GET", path, {"Content-Range": f"bytes */{len(data)}"})
        self.longest = max(self.longest, end - start)
        return data[start:end].decode(), {"Content-Range": f"bytes {start}-{end - 1}/{len(data)}"}

    def get(self, path: str, **_more: Any) -> str:
        return "".join(f'<a href="{p.rpartition("/")[2]}">x</a>\n' for p in self.files if p.startswith(path))

    def add(self, text: str, name: str = "audit.log") -> None:
        self.files[f"/logs/k/{name}"] = self.files.get(f"/logs/k/{name}", b"") + text.encode()


def files(disk: Disk, *paths: str) -> Files:
    made = Files("x", {"n1": (disk, "/logs")}, paths or ("none.log", "k/audit.log"), MARK)
    made.start()
    return made


def ids(source: Files) -> list[str]:
    return [e.id.removeprefix(f"{MARK}-") for e in source.look()]


def line(number: int) -> str:
    return LINE.replace(f"{MARK}-1", f"{MARK}-{number}") + "\n"


def test_a_file_is_followed_from_its_end_and_never_read_whole() -> None:
    disk = Disk(audit_log=line(9) * 5000)
    source = files(disk)
    disk.add(line(1) + "ü others\n" + line(2)[:50])
    assert ids(source) == ["1"]
    disk.add(line(2)[50:])
    assert ids(source) == ["2"] and ids(source) == []
    assert disk.longest < 2000


def test_a_file_that_was_put_away_is_read_to_its_end() -> None:
    disk = Disk(audit_log=line(9) * 3)
    source = files(disk)
    disk.add(line(1))
    disk.files["/logs/k/audit-2026-01-02T03-04-05.678.log"] = disk.files["/logs/k/audit.log"]
    disk.files["/logs/k/audit-2025-01-02T03-04-05.678.log"] = (line(8) * 9).encode()
    disk.files["/logs/k/audit.log"] = line(2).encode()
    assert ids(source) == ["1", "2"]


def test_an_empty_file_is_one() -> None:
    disk = Disk(audit_log="")
    source = files(disk)
    disk.add(line(1))
    assert ids(source) == ["1"]


def test_no_file_is_said_and_a_refusal_is_another_thing() -> None:
    with pytest.raises(NoSource, match="n1 shows no file k/nothing.log below /logs") as told:
        files(Disk(), "k/nothing.log")
    assert told.value.kind == "absent"
    disk = Disk()

    def refuse(*_arguments: Any, **_more: Any) -> Any:
        raise ApiError("http", 403, "Forbidden", "no", "GET", "/")

    disk.request = refuse  # type: ignore[method-assign]
    with pytest.raises(NoSource) as refused:
        files(disk)
    assert refused.value.kind == "forbidden"
    assert [below_log(p) for p in ("/var/log/a/b.log", "/var/lib/x.log", "", None)] == ["a/b.log", "", "", ""]


# ---- flags and counters ---------------------------------------------------------------------------------------------
def test_flags_of_pods_tell_the_file_and_that_there_is_none() -> None:
    def pod(name: str, *flags: str) -> dict[str, Any]:
        return {"metadata": {"name": name}, "spec": {"containers": [{"command": ["kube-apiserver", "--secure-port=6443", *flags]}]}}

    ctx = FakeContext()
    ctx.client.quiet = SimpleNamespace(get=lambda *_a, **_m: {"items": [
        pod("a", "--audit-policy-file=/p", "--audit-log-path=/var/log/a.log"), pod("b"), {"metadata": {"name": "c"}, "spec": {}}]})
    told = facts.flags(ctx)
    assert list(told) == ["a", "b"] and facts.path(told) == "/var/log/a.log"
    assert [facts.off(t) for t in told.values()] == ["", "has no --audit-policy-file"]
    assert facts.off({"audit-policy-file": "/p"}).startswith("has neither")
    assert facts.off({"audit-policy-file": "/p", "audit-webhook-config-file": "/w"}) == ""


def test_counters_are_read_and_compared() -> None:
    text = ('# TYPE x\napiserver_audit_event_total 5\napiserver_audit_level_total{level="None"} 3\n'
            'apiserver_audit_error_total{plugin="log"} 1e+02\napiserver_audit_requests_rejected_total 0\n')
    now = facts.counters(SimpleNamespace(get=lambda *_a, **_m: text))
    assert now == {"event": {"": 5.0}, "error": {"log": 100.0}, "level": {"None": 3.0}}
    assert facts.grown({"event": {"": 5.0}, "level": {"None": 1.0}}, now) == {
        "event": {}, "error": {"log": 100.0}, "level": {"None": 2.0}}


@pytest.mark.parametrize(("none_each", "sent", "quiet"), [(0, 3, None), (1, 90, {"None": 90.0, "Metadata": 30.0})])
def test_an_api_server_that_others_ask_as_much_is_asked_more_often(
        monkeypatch: pytest.MonkeyPatch, none_each: int, sent: int, quiet: dict[str, float] | None) -> None:
    """Each of our rounds takes a second, in which others send one request that is audited, and three that are not."""
    count, clock = {"None": 7.0, "Metadata": 8.0}, SimpleNamespace(now=0.0)

    def passes(seconds: float) -> None:
        clock.now += seconds
        count["None"] += 3 * none_each * seconds
        count["Metadata"] += none_each * seconds

    def ask() -> int:
        passes(1.0)
        count["Metadata"] += 3
        return 3

    monkeypatch.setattr(facts, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=passes))
    monkeypatch.setattr(facts, "_LONG_ENOUGH", 60.0)
    told = facts.while_asked(SimpleNamespace(get=lambda *_a, **_m: "".join(
        f'apiserver_audit_level_total{{level="{level}"}} {n}\n' for level, n in count.items())), ask)
    assert isinstance(told, dict) and (told["sent"], told.get("quiet", {}).get("level")) == (sent, quiet)
    assert told["grown"]["level"]["Metadata"] == sent + (quiet or {}).get("Metadata", 0.0)


def test_it_is_asked_no_longer_than_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = SimpleNamespace(now=0.0), []

    def ask() -> int:
        clock.now += 2.0
        asked.append(clock.now)
        return 3

    monkeypatch.setattr(facts, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=lambda _s: None))
    told = facts.while_asked(SimpleNamespace(get=lambda *_a, **_m: "".join(
        f'apiserver_audit_level_total{{level="{level}"}} {9 * len(asked)}\n' for level in ("None", "Request"))), ask)
    assert isinstance(told, dict) and told["sent"] == 9 and "quiet" in told


# ---- which API server -----------------------------------------------------------------------------------------------
class Balancer:
    """Clients whose connections lead to the addresses in their turn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *turn: str):
        self.turn, self.opened = list(turn), 0
        monkeypatch.setattr(audit_replicas, "Client", self.open)

    def open(self, *_a: Any, **_m: Any) -> Any:
        address, self.opened = self.turn[self.opened % len(self.turn)], self.opened + 1
        return SimpleNamespace(close=lambda: None, request=lambda *_a, **_m: {"serverAddressByClientCIDRs": [{"serverAddress": address}]})


def through(monkeypatch: pytest.MonkeyPatch, count: int, *turn: str) -> tuple[list[Marker], Balancer, Any]:
    balancer = Balancer(monkeypatch, *turn)
    ctx = FakeContext()
    ctx.client.raw = SimpleNamespace(connection=None)
    replicas = audit_replicas.Replicas(tuple("ab"[:count]), count)
    numbers = iter(range(1, 100))
    sender = SimpleNamespace(all_kinds=lambda _client, where: [marker(next(numbers), replica=where)])
    return audit_replicas.send(ctx, sender, replicas), balancer, replicas


def test_new_connections_are_made_until_all_have_answered_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    markers, balancer, replicas = through(monkeypatch, 2, "a", "a", "a", "b")
    assert {m.replica for m in markers} == {"a", "b"} and balancer.opened == 8
    assert audit_replicas.unseen(markers, replicas) == 0


def test_a_balancer_that_always_leads_to_one_leaves_the_other_open(monkeypatch: pytest.MonkeyPatch) -> None:
    markers, balancer, replicas = through(monkeypatch, 2, "a")
    assert balancer.opened == 14 and audit_replicas.unseen(markers, replicas) == 1
    seen = Seen(markers, Found(), ["write"], "admin")
    seen.found.add(event(m) for m in markers)
    with pytest.raises(Inconclusive, match="1 of 2 API servers were not asked.*new connections led to API server a only"):
        judged(seen, replicas, 1)
    seen.found.add([event(marker(99), where="n2")])  # each file has some: they were all asked
    judged(seen, replicas, 1)


# ---- verdicts -------------------------------------------------------------------------------------------------------
def judged(seen: Seen, replicas: Any = None, unseen: int = 0, absent: Any = None) -> FakeContext:
    ctx = FakeContext()
    ctx.finding = SimpleNamespace(observed=ctx.observed)
    source = SimpleNamespace(words="the file", absent=lambda: absent or {})
    judge(ctx, seen, source, replicas or audit_replicas.Replicas((), 2), unseen)
    return ctx


def sent() -> list[Marker]:
    kinds = ("write", "denied", "read")
    return [marker(10 * r + 3 * n + k, kind, "ab"[r]) for r in (0, 1) for n in (0, 1) for k, kind in enumerate(kinds)]


def seen(*without: tuple[str, str], expected: tuple[str, ...] = ("write", "denied"), once: bool = False, **change: Any) -> Seen:
    """All found but these (replica, kind); once: only the first of each is lost."""
    out, lost = Seen(sent(), Found(), expected, "admin"), set()
    for m in out.markers:
        key = (m.replica, m.kind)
        if key in without and not (once and key in lost):
            lost.add(key)
            continue
        out.found.add([event(m, **change)])
    return out


def test_a_policy_without_reads_is_told_and_no_fault() -> None:
    ctx = judged(seen(("a", "read"), ("b", "read")))
    assert ctx.observed["logged"] == ["write", "denied"] and ctx.observed["not_logged"] == ["read"]
    assert not ctx.warnings and all(o["ok"] for o in ctx.observations)


@pytest.mark.parametrize(("lost", "expected", "words"), [
    ([("a", "read")], ("read",), "every read request of API server a"),
    ([("a", "write"), ("b", "write")], ("write",), "every write request of API server a, every write request of API server b"),
    ([("b", k) for k in ("write", "denied", "read")], ("write",), "no request to API server b is in the file .* all others write"),
    ([(s, k) for s in "ab" for k in ("write", "denied", "read")], ("write",), "none of 12 requests to API server a, API server b")])
def test_what_is_not_there_is_named(lost: list[tuple[str, str]], expected: tuple[str, ...], words: str) -> None:
    with pytest.raises(StepFailed, match=words):
        judged(seen(*lost, expected=expected))


def test_one_that_was_lost_is_not_said_to_be_dropped() -> None:
    with pytest.raises(StepFailed, match="1 of 2 write request of API server a"):
        judged(seen(("a", "write"), once=True))


def test_events_that_tell_it_otherwise() -> None:
    with pytest.raises(StepFailed, match="tells it otherwise: denied request: user x instead of admin"):
        judged(seen(user="x"))


def test_a_policy_that_omits_the_end_is_a_warning() -> None:
    assert "omits the stage ResponseComplete" in judged(seen(stage="RequestReceived", code=None)).warnings[0]


@pytest.mark.parametrize("words", ["cloudwatch on EKS", "AKS (Log Analytics)", "GKE (Cloud Logging)", "pods on Rancher's RKE2", "validate_exclude: "
                                   "[audit_log]"])
def test_where_nothing_can_be_looked_at_it_is_said_in_one_line_what_to_name(words: str) -> None:
    ctx = FakeContext()
    with pytest.raises(Inconclusive, match="^no API server hands out its audit log by /logs; control_plane_check_audit_source names") as told:
        AuditLog()._no_source(ctx, NoSource("404 page not found", "absent"))
    assert words in str(told.value) and "\n" not in str(told.value) and ctx.observed["audit_unasked"] == "404 page not found"


def test_entries_of_a_cloud_become_events_by_an_expression() -> None:
    """As the page of the check has it for GKE."""
    def entry(number: int, method: str) -> dict[str, Any]:
        return {"operation": {"id": f"{MARK}-{number}"}, "protoPayload": {
            "methodName": f"io.k8s.core.v1.configmaps.{method}", "authenticationInfo": {"principalEmail": "admin@example.com"}}}

    text = (Path(audit_stores.__file__).parents[1] / "audit_log.yml").read_text(encoding="utf-8")
    expression = " ".join(re.search(r"audit_query_events: >-\n((?:    .*\n)+)", text)[1].split())
    found = audit_stores._expression(expression).search({"entries": [entry(1, "patch"), entry(2, "delete"), entry(3, "get")]})
    events = list(anywhere(found, "gke"))
    assert [(e.id, e.verb, e.user, e.code) for e in events] == [
        (f"{MARK}-{n}", verb, "admin@example.com", None) for n, verb in ((1, "patch"), (2, "delete"), (3, "get"))]


# ---- stores ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("options", "words"), [
    ({}, "audit_query_url: must be like"), ({"audit_query_url": "ftp://x"}, "audit_query_url: must be like"),
    ({"audit_query_url": "https://x", "audit_query_events": "a[["}, "is no JMESPath expression"),
    ({"audit_query_url": "https://x", "audit_query_ca_cert": "/nowhere"}, "audit_query_ca_cert: No such file")])
def test_an_option_that_is_wrong_is_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(NoSource, match=words) as told:
        audit_stores.Query(options, MARK)
    assert told.value.kind == "option"


def test_only_our_words_are_filled_in() -> None:
    assert audit_stores._filled({"q": ['{job="a"} |= "{marker}"', 7]}, {"marker": "m"}) == {"q": ['{job="a"} |= "m"', 7]}


def test_a_group_has_to_be_named() -> None:
    with pytest.raises(NoSource, match="audit_log_group"):
        audit_stores.CloudWatch({}, MARK, {})
