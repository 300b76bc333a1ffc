# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whole runs of small checks: what stays behind, until when it is ours, and who is told."""
from __future__ import annotations

import json
import os
import threading
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common.names import EXPIRES, MANAGED_BY, MANAGER, RUN
from ansible_collections.assay.clusters.plugins.module_utils.engine import run as module
from ansible_collections.assay.clusters.plugins.module_utils.engine.terms import Terms
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError
from ansible_collections.assay.clusters.tests.unit.engine.fake_api import FakeApi
from ansible_collections.assay.clusters.tests.unit.engine.running import HELD, SPACES, Sample, Watcher, check, makes


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
