# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whole runs of small checks: what hangs, who is told to clean up, and a playbook that is gone."""
from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.engine import run as module
from ansible_collections.assay.clusters.plugins.module_utils.engine.check import Check
from ansible_collections.assay.clusters.plugins.module_utils.engine.run import Interrupted
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.tests.unit.engine.fake_api import FakeApi
from ansible_collections.assay.clusters.tests.unit.engine.running import HELD, SPACES, Sample, Watcher, check, makes, records


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
    assert records(result) == [("hangs", verdict, f"not finished within 60 s, at: it ends{more}"), ("quick", "passed", "")]
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
    assert [(n, v) for n, v, _m in records(result)] == [("hangs", "inconclusive"), ("other", "passed")]
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


# ---- an API server that does not answer ---------------------------------------------------------------------------
def test_without_an_api_server_only_what_needs_none_is_run(sample: Sample, api: FakeApi, guardian: Watcher) -> None:
    api.refuse[("GET", "/version")] = (401, "Unauthorized", "who are you")
    ran: list[str] = []
    result = sample(check(lambda ctx: ran.append("needs"), "needs"),
                    check(lambda ctx: ran.append("own"), "own", needs_cluster=False)).go()
    assert ran == ["own"] and records(result) == [
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
        end = time.monotonic() + 60
        while not run.uid and time.monotonic() < end:
            time.sleep(0.01)

    run = sample(check(wait))
    assert run.go()["uid"] == uid


def test_who_may_not_read_that_is_told_of_nothing(sample: Sample, api: FakeApi) -> None:
    api.refuse["GET", f"{SPACES}/kube-system"] = (403, "Forbidden", "no")
    result = sample(check(lambda ctx: None)).go()
    assert (result["uid"], result["verdict"]) == ("", "passed")


@pytest.mark.parametrize(("context", "file", "words"), [
    ("prod eu", False, "kubectl --context 'prod eu' get pods"), ("", False, "kubectl get pods"),
    ("prod eu", True, "kubectl --kubeconfig '{}' --context 'prod eu' get pods")])
def test_the_next_command_is_for_this_cluster(sample: Sample, api: FakeApi, tmp_path: Path, context: str, file: bool,
                                              words: str) -> None:
    run, path = sample(check(lambda ctx: ctx.fail("it is broken"))), tmp_path / "eu and us.conf"
    if context:
        content = {"apiVersion": "v1", "kind": "Config", "clusters": [{"name": "k", "cluster": {"server": api.url}}],
                   "contexts": [{"name": context, "context": {"cluster": "k"}}], "current-context": context}
        path.write_text(json.dumps(content))
        run.settings.connection = Connection.resolve({"kubeconfig": str(path) if file else content}, {})
    assert run.go()["records"][0]["next_command"].startswith(words.format(path))
