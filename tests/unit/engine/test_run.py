# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whole runs of small checks: what hangs, what stays behind, who is told to clean up, and a playbook that is gone."""
from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import journal as journals
from ansible_collections.assay.clusters.plugins.module_utils.common.names import EXPIRES, MANAGED_BY, MANAGER, RUN
from ansible_collections.assay.clusters.plugins.module_utils.engine import run as module
from ansible_collections.assay.clusters.plugins.module_utils.engine.check import Check
from ansible_collections.assay.clusters.plugins.module_utils.engine.run import Interrupted, Run, Settings
from ansible_collections.assay.clusters.plugins.module_utils.engine.terms import Terms
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.unit.engine.fake_api import FakeApi

HELD = {"type": "NamespaceContentRemaining", "status": "True", "message": "some pods"}
SPACES = "/api/v1/namespaces"


def check(code: Any, name: str = "sample", **attributes: Any) -> type[Check]:
    """A check whose run() is code(ctx)."""
    made = {"name": name, "domain": "own", "proves": "x", "run": lambda self, ctx: code(ctx), **attributes}
    return type(name, (Check,), made)


def makes(ctx: Any) -> None:
    """So that there is a namespace to clean up."""
    assert ctx.namespace


@pytest.fixture
def api() -> Iterator[FakeApi]:
    made = FakeApi()
    yield made
    made.stop()


class Watcher:
    """In place of the guardian: what the run tells it, and what it would do then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.told: list[str] = []
        self.clean: Any = None
        monkeypatch.setattr(module.Guardian, "start", self._start)

    def _start(self, clean: Any, _begin: Any) -> Watcher:
        self.clean = clean
        return self

    def dismiss(self) -> None:
        self.told.append("dismissed")

    def hand_over(self) -> None:
        self.told.append("handed over")


@pytest.fixture
def guardian(monkeypatch: pytest.MonkeyPatch) -> Watcher:
    return Watcher(monkeypatch)


class Sample:
    """sample(check, ...): a run of these that is ready to go; said: what it showed of each (name, verdict)."""

    def __init__(self, api: FakeApi, folder: Path):
        self._api, self._folder = api, folder
        self.made: list[Run] = []
        self.said: list[tuple[str, str]] = []
        self.told = threading.Event()

    def __call__(self, *checks: type[Check], **more: Any) -> Run:
        connection = Connection.resolve({"host": self._api.url}, {})
        self.made.append(Run(Settings("c", connection, list(checks), {}, journal_dir=self._folder, **more), self._say))
        return self.made[-1]

    def _say(self, record: Any, final: bool) -> None:
        if not final:
            self.said.append((record.check, record.verdict))
        self.told.set()

    @property
    def journals(self) -> list[str]:
        """Runs that somebody has to finish."""
        return [e.run_id for e in journals.unfinished(self._folder, None)]

    def close(self) -> None:
        for run in self.made:
            run.abort.set()
            run.fixtures.stop()
            run.fixtures.stop_namespaces()
            run.settings.connection.close()


@pytest.fixture
def sample(api: FakeApi, guardian: Watcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    monkeypatch.setattr(module, "CLEANUP_LIMIT", 10.0)
    made = Sample(api, tmp_path / "journal")
    yield made
    made.close()


def _records(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(r["check"], r["verdict"], r["message"]) for r in result["records"]]


def test_a_run_that_made_something_leaves_nothing(sample: Sample, api: FakeApi, guardian: Watcher) -> None:
    run = sample(check(makes))
    result = run.go()
    assert (result["verdict"], result["leftovers"]) == ("passed", []) and sample.said == [("sample", "passed")]
    assert api.changes == [f"POST {SPACES}/assay-{run.run_id}", f"DELETE {SPACES}/assay-{run.run_id}"]
    assert guardian.told == ["dismissed"] and sample.journals == []


def test_a_check_that_runs_alone_comes_after_the_others(sample: Sample) -> None:
    ended: list[str] = []
    first = check(lambda ctx: ended.append("first"), "first", exclusive=True)
    others = [check(lambda ctx: (time.sleep(0.05), ended.append("other")), f"other{n}") for n in range(3)]
    sample(first, *others).go()
    assert ended == ["other"] * 3 + ["first"]


# ---- what does not end --------------------------------------------------------------------------------------------
def _hanging(until: threading.Event, asked: tuple[bool, ...] = ()) -> type[Check]:
    def hang(ctx: Any) -> None:
        with ctx.step("it ends"):
            for ok in asked:
                ctx.see("own", ok)
            until.wait(120)

    return check(hang, "hangs", limit=60.0)


@pytest.mark.parametrize(("asked", "verdict", "more"), [
    ((), "inconclusive", ""),
    ((True, True), "inconclusive", ""),
    ((True, False), "failed", "; 1 of 2 answers are not as they should be"),
], ids=["nothing asked", "all well so far", "one was red"])
def test_a_check_that_does_not_end_in_its_limit_has_failed_only_by_what_it_saw(
        sample: Sample, monkeypatch: pytest.MonkeyPatch, asked: tuple[bool, ...], verdict: str, more: str) -> None:
    """At the step where it hangs; what it and others have found stands."""
    monkeypatch.setattr(module, "_GRACE", -60.0)
    over = threading.Event()
    try:
        run = sample(_hanging(over, asked), check(lambda ctx: None, "quick", limit=600.0))
        result = run.go()
    finally:
        over.set()
    assert _records(result) == [("hangs", verdict, f"not finished within 60 s, at: it ends{more}"), ("quick", "passed", "")]
    assert result["verdict"] == verdict
    (outcome,) = [o for o in run.outcomes if o.ctx.check.name == "hangs"]
    assert [o["ok"] for o in outcome.ctx.finding.observations] == list(asked) and outcome.ctx.finding.ended


def test_a_check_that_ends_after_it_was_given_up_is_not_counted_again(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GRACE", -60.0)
    over = threading.Event()

    def outlive(ctx: Any) -> None:
        assert sample.told.wait(60)
        over.set()
        for thread in threading.enumerate():
            if thread.name == "hangs":
                thread.join(60)

    result = sample(_hanging(over), check(outlive, "other", limit=600.0)).go()
    assert [(n, v) for n, v, _m in _records(result)] == [("hangs", "inconclusive"), ("other", "passed")]
    assert sample.said == [("hangs", "inconclusive"), ("other", "passed")]


@pytest.mark.parametrize("where", ["checks", "clean-up"])
def test_a_playbook_that_is_gone_ends_the_run(sample: Sample, api: FakeApi, guardian: Watcher, where: str,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody hears of what it finds any more, and the guardian cleans up."""
    gone, over = threading.Event(), threading.Event()
    parent = os.getppid()
    monkeypatch.setattr(os, "getppid", lambda: 1 if gone.is_set() else parent)
    monkeypatch.setattr(module, "_GRACE", -57.0)  # a run that stays is told at once, and not after a minute
    monkeypatch.setattr(module, "CLEANUP_LIMIT", 3.0)

    def work(ctx: Any) -> None:
        makes(ctx)
        if where == "checks":
            gone.set()
            over.wait(120)

    run = sample(check(work, limit=60.0))
    api.held[f"assay-{run.run_id}"] = HELD
    api.before = lambda request: gone.set() if request.method == "DELETE" else None
    try:
        with pytest.raises(Interrupted):
            run.go()
    finally:
        over.set()
    assert guardian.told == ["handed over"] and run.abort.is_set() and sample.journals == [run.run_id]
    assert sample.said == ([] if where == "checks" else [("sample", "passed")])


def test_a_run_that_breaks_leaves_its_clean_up_to_the_guardian(sample: Sample, guardian: Watcher) -> None:
    run = sample(check(makes))

    def interrupted(_record: Any, _final: bool) -> None:
        raise KeyboardInterrupt

    run.say = interrupted
    with pytest.raises(KeyboardInterrupt):
        run.go()
    assert guardian.told == ["handed over"] and run.abort.is_set() and sample.journals == [run.run_id]


# ---- what stays ---------------------------------------------------------------------------------------------------
def test_a_namespace_that_stays_is_told_and_left_to_the_guardian(sample: Sample, api: FakeApi, guardian: Watcher,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict stands; the journal is kept until it is gone."""
    monkeypatch.setattr(module, "CLEANUP_LIMIT", 0.5)
    run = sample(check(makes))
    name = f"assay-{run.run_id}"
    api.held[name] = HELD
    result = run.go()
    assert (result["verdict"], result["leftovers"]) == (
        "passed", [f"namespace/{name} (NamespaceContentRemaining: some pods)"])
    assert guardian.told == ["handed over"] and sample.journals == [run.run_id]
    assert os.path.exists(result["journal"])
    api.held.clear()
    guardian.clean()
    assert api.names("namespaces") == [] and sample.journals == []


def _raises(error: BaseException) -> Any:
    def remove(_self: Any, _objects: Any) -> list[str]:
        raise error

    return remove


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # that one dies is wanted
@pytest.mark.parametrize(("error", "told"), [
    (SystemExit(), "clean-up ended without a result"),
    (KeyError("x"), "namespace/NAME (KeyError: 'x')"),
    (ApiError("unreachable", None, "", "refused", "GET", "/"), "namespace/NAME (refused)"),
    (ApiError("http", 500, "", "etcd is away", "DELETE", "/"), "namespace/NAME (etcd is away)"),
], ids=["dies", "breaks", "no answer", "error"])
def test_a_clean_up_without_a_result_is_no_clean_run(sample: Sample, guardian: Watcher, monkeypatch: pytest.MonkeyPatch,
                                                     error: BaseException, told: str) -> None:
    monkeypatch.setattr(module.Remover, "remove", _raises(error))
    run = sample(check(makes))
    result = run.go()
    assert (result["verdict"], result["leftovers"]) == ("passed", [told.replace("NAME", f"assay-{run.run_id}")])
    assert guardian.told == ["handed over"] and sample.journals == [run.run_id]


@pytest.mark.parametrize("method", ["DELETE", "GET"])
def test_a_clean_up_that_is_refused_is_told_in_the_servers_words(sample: Sample, api: FakeApi, guardian: Watcher,
                                                                 method: str) -> None:
    """By the running watch the run knows its namespace without asking; by none it has to ask."""
    run = sample(check(makes))
    path = f"{SPACES}/assay-{run.run_id}"
    api.refuse[(method, path)] = (403, "Forbidden", "cannot do that")
    if method == "GET":
        run._sweep = lambda: None  # type: ignore[method-assign]
    assert run.go()["leftovers"] == [f"namespace/assay-{run.run_id} (cannot do that)"]
    assert guardian.told == ["handed over"] and sample.journals == [run.run_id]


def test_a_refusal_where_nothing_was_made_leaves_nothing(sample: Sample, guardian: Watcher,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.Remover, "remove", _raises(ApiError("http", 403, "Forbidden", "no", "GET", "/")))
    assert sample(check(lambda ctx: None)).go()["leftovers"] == []
    assert guardian.told == ["dismissed"] and sample.journals == []


@pytest.mark.parametrize("kind", ["unreachable", "timeout", "tls", "http"])
@pytest.mark.parametrize("back", [True, False])
def test_behind_an_api_server_that_is_silent_now_nobody_waits_long_for_the_clean_up(
        sample: Sample, api: FakeApi, monkeypatch: pytest.MonkeyPatch, kind: str, back: bool) -> None:
    """The guardian goes on when it is back. One that has only been late has all the time that disks need."""
    monkeypatch.setattr(module, "CLEANUP_LIMIT", 120.0)
    given: list[float] = []
    make = module.Remover.__init__

    def keep(self: Any, client: Any, run_id: str, deadline: float, *more: Any) -> None:
        given.append(deadline - time.monotonic())
        make(self, client, run_id, deadline, *more)

    monkeypatch.setattr(module.Remover, "__init__", keep)

    def lost(ctx: Any) -> None:
        if not back and kind != "http":
            api.server.stop()
        raise ApiError(kind, 500 if kind == "http" else None, "", "lost", "GET", "/x")

    sample(check(lost)).go()
    limit = 120.0 if back or kind == "http" else 20.0
    assert max(given) <= limit and [limit] == [bound for bound in (20.0, 120.0) if max(given) <= bound][:1]


def test_when_objects_expire_is_said_and_read_on_the_api_servers_clock(sample: Sample, api: FakeApi) -> None:
    """Whatever the clocks of the controllers are: one that is a day behind or ahead makes and sweeps as all others do."""
    day = 86400.0
    server = time.time() + 30 * day
    date = formatdate(server, usegmt=True)
    api.before = lambda request: setattr(request.handler, "date_time_string", lambda timestamp=None: date)
    api.put(f"{SPACES}/assay-living", {MANAGED_BY: MANAGER, RUN: "living", EXPIRES: str(int(server + 60))})
    api.put(f"{SPACES}/assay-dead", {MANAGED_BY: MANAGER, RUN: "dead", EXPIRES: str(int(server - 60))})
    seen: list[float] = []

    def look(ctx: Any) -> None:
        labels = api.objects[f"{SPACES}/{ctx.namespace}"]["metadata"]["labels"]
        seen.append(int(labels[EXPIRES]) - server)
        ctx.until(lambda: api.names("namespaces") == sorted([ctx.namespace, "assay-living"]), "swept", seconds=30)

    run = sample(check(look), limit=600.0)
    assert run.go()["verdict"] == "passed" and api.names("namespaces") == ["assay-living"]
    assert -2 <= seen[0] - 600 - module._KEEP < 60


def test_what_dead_runs_left_in_a_namespace_that_is_given_goes_too(sample: Sample, api: FakeApi) -> None:
    left = f"{SPACES}/team/configmaps/left"
    api.put(f"{SPACES}/team")
    api.put(left, {MANAGED_BY: MANAGER, RUN: "dead", EXPIRES: "1"})
    result = sample(check(lambda ctx: ctx.until(lambda: left not in api.objects, "swept", seconds=30)),
                    terms=Terms(namespace="team")).go()
    assert result["verdict"] == "passed" and f"{SPACES}/team" in api.objects


def test_the_limit_that_was_met_is_the_one_that_is_told(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an option gives to a check may be more than the whole run has."""
    class Slow(check(lambda ctx: over.wait(120), "slow")):  # type: ignore[misc]
        def bounds(self, options: dict[str, Any]) -> None:
            self.limit = 3600.0

    monkeypatch.setattr(module, "_GRACE", -90.0)
    over = threading.Event()
    try:
        result = sample(Slow, limit=80.0).go()
    finally:
        over.set()
    [record] = result["records"]
    assert (record["message"], record["limit"]) == ("not finished within the run's limit of 80 s", 3600.0)


def test_a_run_that_does_not_wait_for_its_clean_up_says_nothing_of_it(sample: Sample, api: FakeApi, guardian: Watcher,
                                                                      tmp_path: Path) -> None:
    """The guardian does it, and puts the journal where the result says that it is."""
    run = sample(check(makes), wait_cleanup=False, keep_journal=tmp_path / "results")
    (tmp_path / "results").mkdir()
    result = run.go()
    assert (result["verdict"], result["leftovers"], guardian.told) == ("passed", [], ["handed over"])
    assert api.names("namespaces") == [f"assay-{run.run_id}"]
    guardian.clean()
    assert api.names("namespaces") == []
    assert json.loads(Path(result["journal"]).read_text().splitlines()[0])["run"] == run.run_id


# ---- an API server that does not answer ---------------------------------------------------------------------------
def test_without_an_api_server_only_what_needs_none_is_run(sample: Sample, api: FakeApi, guardian: Watcher) -> None:
    api.refuse[("GET", "/version")] = (401, "Unauthorized", "who are you")
    ran: list[str] = []
    result = sample(check(lambda ctx: ran.append("needs"), "needs"),
                    check(lambda ctx: ran.append("own"), "own", needs_cluster=False)).go()
    assert ran == ["own"] and _records(result) == [
        ("needs", "inconclusive", "the API server did not answer: who are you"), ("own", "passed", "")]
    assert result["verdict"] == "inconclusive" and guardian.told == ["dismissed"]


@pytest.mark.parametrize(("status", "ran"), [(403, True), (503, False)])
def test_a_server_that_hides_its_version_works_and_one_that_is_busy_twice_does_not(
        sample: Sample, api: FakeApi, monkeypatch: pytest.MonkeyPatch, status: int, ran: bool) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    api.refuse[("GET", "/version")] = (status, "Some", "no")
    assert (sample(check(lambda ctx: None)).go()["verdict"] == "passed") is ran


def test_one_lost_answer_is_no_outage(sample: Sample, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    api.refuse[("GET", "/version")] = (503, "Some", "starting")
    asked: list[str] = []

    def second_time(request: Any) -> None:
        if request.path == "/version":
            asked.append(request.path)
            if len(asked) == 2:
                api.refuse.clear()

    api.before = second_time
    result = sample(check(lambda ctx: None)).go()
    assert (result["verdict"], result["version"], len(asked)) == ("passed", "v1.30.0", 2)


# ---- whose cluster it is ------------------------------------------------------------------------------------------
def test_the_result_has_what_tells_this_cluster_from_all_others(sample: Sample, api: FakeApi) -> None:
    uid = api.put(f"{SPACES}/kube-system")["metadata"]["uid"]

    def wait(_ctx: Any) -> None:
        end = time.monotonic() + 10
        while not run.uid and time.monotonic() < end:
            time.sleep(0.01)

    run = sample(check(wait))
    assert run.go()["uid"] == uid


def test_who_may_not_read_that_is_told_of_nothing(sample: Sample, api: FakeApi) -> None:
    api.refuse["GET", f"{SPACES}/kube-system"] = (403, "Forbidden", "no")
    result = sample(check(lambda ctx: None)).go()
    assert (result["uid"], result["verdict"]) == ("", "passed")


@pytest.mark.parametrize(("context", "words"), [
    ("prod eu", "kubectl --context 'prod eu' get events"), ("", "kubectl get events")])
def test_the_next_command_is_for_this_cluster(sample: Sample, api: FakeApi, context: str, words: str) -> None:
    run = sample(check(lambda ctx: ctx.fail("it is broken")))
    if context:
        run.settings.connection = Connection.resolve({"kubeconfig": {
            "apiVersion": "v1", "kind": "Config", "clusters": [{"name": "k", "cluster": {"server": api.url}}],
            "contexts": [{"name": context, "context": {"cluster": "k"}}], "current-context": context}}, {})
    assert run.go()["records"][0]["next_command"].startswith(words)
