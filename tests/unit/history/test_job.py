# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module history: from its options to its result."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.history import job as module
from ansible_collections.assay.clusters.plugins.module_utils.history.entry import Entry
from ansible_collections.assay.clusters.plugins.module_utils.history.folder import Folder, name_of
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.results import store
from ansible_collections.assay.clusters.plugins.modules.history import SPEC
from ansible_collections.assay.clusters.tests.unit.history.histories import NOW, as_results, result, run, runs


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module on a history with these runs and a results folder with those."""
    monkeypatch.setattr(module, "_now", lambda: NOW)

    def call(kept: list[Entry] = (), given: list[Entry] = (), check_mode: bool = False, **options: Any) -> dict[str, Any]:  # type: ignore[assignment]
        for one in kept:
            Folder(tmp_path / "history").add(one)
        for one in given:
            store.write_cluster_run(tmp_path / "results", as_results(one))
        params = {n: s.get("default") for n, s in SPEC.argument_spec.items()} | {"path": str(tmp_path / "history")}
        return module.entry({**params, "results_dir": str(tmp_path / "results") if given else None, **options}, Job(check_mode=check_mode))

    yield call


def test_runs_are_added_once_and_named(ask: Any, tmp_path: Path) -> None:
    given = [run("a", "dns", 1), run("b", "", 1)]
    first, again = ask(given=given, change="v2"), ask(given=given)
    assert first["changed"] and sorted(first["added"]) == sorted(map(name_of, given)) and first["runs"] == 2
    assert not again["changed"] and again["added"] == [] and again["runs"] == 2
    assert {e.change for e in Folder(tmp_path / "history").read()[0]} == {"v2"}


def test_check_mode_tells_and_leaves_everything(ask: Any, tmp_path: Path) -> None:
    old, new = run("a", hours=24 * 40), run("a", "dns", 1)
    told = ask([old], [new], check_mode=True, keep_days=30)
    assert told["changed"] and told["added"] == [name_of(new)] and told["removed"] == [name_of(old)]
    assert told["differences"][0]["worse"] == ["dns"], "compared all the same"
    assert Folder(tmp_path / "history").names() == [name_of(old)]


def test_old_runs_are_removed_by_their_age(ask: Any, tmp_path: Path) -> None:
    old, kept = run("a", hours=24 * 31), run("a", hours=24 * 29)
    assert ask([old, kept], keep_days=30)["removed"] == [name_of(old)]
    assert Folder(tmp_path / "history").names() == [name_of(kept)] and not ask(keep_days=30)["changed"]


@pytest.mark.parametrize(("options", "sentence"), [
    ({"days": 0}, "days: must be 1 or more days, not 0"), ({"keep_days": -1}, "keep_days: must be 0 or more days, not -1"),
    ({"keep_days": 20}, r"keep_days: must be at least twice days \(28\)"), ({"mode": "rw"}, "mode: must be three octal digits such as '0640'"),
    ({"baseline": "nope"}, "baseline: must be 'previous', 'fleet' or the run_id of a run in the history, not 'nope'")])
def test_bad_options_are_one_sentence(ask: Any, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlatformError, match=f"^{sentence}"):
        ask([run("a")], **options)


def test_the_gate_stops_for_what_is_new_alone(ask: Any, tmp_path: Path) -> None:
    before = run("a", "dns", 2)
    assert ask([before], [run("a", "dns", 1)], gate=True)["differences"][0]["same_failures"] == ["dns"]
    with pytest.raises(PlatformError, match=f"^a: new against {before.run_id}: storage$") as stopped:
        ask([before], [run("a", "dns storage", 0.5)], gate=True, baseline=before.run_id)
    assert stopped.value.details["differences"][0]["new_failures"] == ["storage"] and stopped.value.details["changed"]
    assert len(Folder(tmp_path / "history").names()) == 3, "what stops the gate is kept, too"


def test_the_rest_of_the_fleet_is_of_clusters_that_were_not_asked_for_too(ask: Any) -> None:
    fleet = [run("b", "dns", 3), run("c", "dns", 2), run("retired", "nodes", 24 * 40), run("gone", "nodes", 24 * 41)]
    (found,) = ask(fleet, [run("a", "dns nodes", 1)], baseline="fleet", clusters=["a"])["differences"]
    assert (found["baseline"], found["same_failures"], found["new_failures"]) == ("fleet", ["dns"], ["nodes"])
    assert [d["cluster"] for d in ask([], baseline="fleet", clusters=["b"])["differences"]] == ["b"]


def test_only_the_clusters_that_were_asked_for(ask: Any) -> None:
    told = ask([run("c", hours=3)], [run("a", "dns", 1), run("b", "", 1)], clusters=["a"])
    assert list(told["clusters"]) == ["a"] and len(told["added"]) == 1 and {r["cluster"] for r in told["checks"]} == {"a"}


def test_rows_tell_how_steady_each_check_is(ask: Any) -> None:
    now = runs("a", "dns", "", "dns", "", hours=5)
    before = [run("a", hours=24 * 20 + n) for n in range(6)]
    told = ask([*before, *(run(c.cluster, "dns" if c.bad else "", hours=(NOW - c.started) / timedelta(hours=1), change="v1") for c in now)])
    row = told["checks"][0]
    assert (row["check"], row["runs"], row["passed"], row["failed"], row["pass_rate"], row["last"]) == ("dns", 4, 2, 2, 50, "passed")
    assert (row["flip_score"], row["trend"], row["flaked_changes"], row["often_failed"]) == (50, "unknown", 1, False)
    assert row["regression"]["worse"] == 50 and row["regression"]["significant"] is False, "two failures are too few"
    assert told["clusters"]["a"]["commit_consistency"] == 0 and told["clusters"]["a"]["build_consistency"] == 0.5
    assert told["failures"][0]["count"] == 2 and told["failures"][0]["text"] == "dns is bad"


def test_without_runs_nothing_is_claimed(ask: Any) -> None:
    told = ask()
    assert (told["changed"], told["runs"], told["msg"], told["checks"]) == (False, 0, "the history holds no run yet", [])


def test_without_a_results_folder_the_newest_of_each_cluster_is_compared(ask: Any) -> None:
    told = ask([*runs("a", "dns", ""), *runs("b", "", "nodes")])
    assert [(d["cluster"], d["fixed"], d["worse"]) for d in told["differences"]] == [("a", ["dns"], []), ("b", [], ["nodes"])]
    assert told["news"] == ["a, fixed: dns", "b, new failures: nodes"]


def test_what_takes_longer_is_news(ask: Any) -> None:
    history = [run("a", results=(result("dns", seconds=s),), hours=9 - n) for n, s in enumerate((3, 3, 3, 3, 3, 30))]
    assert ask(history)["news"] == ["a, slower: dns (30 s instead of 3 s)"]


def test_files_that_are_no_runs_are_told(ask: Any, tmp_path: Path) -> None:
    ask([run("a")])
    (tmp_path / "history/a/20261119T000000Z-1.json").write_text("{")
    assert len(ask()["problems"]) == 1


@pytest.mark.parametrize("baseline", ["previous", "0ld"])
def test_a_baseline_may_be_older_than_what_is_measured(ask: Any, baseline: str) -> None:
    older, old = run("a", "storage", hours=24 * 90), run("a", "dns", hours=24 * 60, run_id="0ld")
    told = ask([older, old], [run("a", "dns", 1)], baseline=baseline)
    assert (told["runs"], told["differences"][0]["baseline"], told["differences"][0]["worse"]) == (1, "0ld", [])
