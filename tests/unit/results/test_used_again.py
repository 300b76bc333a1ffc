# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A results folder that is used again tells of today's run only."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import store, summary
from ansible_collections.assay.clusters.plugins.module_utils.results.clean import clean_run
from ansible_collections.assay.clusters.tests.unit.results import samples

BEGAN = "2026-03-14T09:26:53.120+00:00"  # of the samples


def _names(runs: list[dict]) -> list[str]:
    return [r["cluster"] for r in runs]


@pytest.mark.parametrize(("expected", "since", "kept", "said"), [
    ([], "", ["a", "b"], []),
    (["a"], "", ["a"], ["b: results in this folder of clusters that are not of this run"]),
    (["a", "b", "c"], "2026-03-14T09:26:53+00:00", ["a", "b"], []),
    (["a", "b"], BEGAN, ["a", "b"], []),
    (["a"], "2026-03-14T10:26:54+01:00", [], ["b: results in this folder of clusters that are",
                                              "a (2026-03-14T09:26:53): the results in this folder are older"]),
    ([], "2026-03-14T09:26:54Z", [], ["a (2026-03-14T09:26:53), b (2026-03-14T09:26:53): the results"]),
])
def test_only_results_of_expected_clusters_and_of_this_play_count(expected, since, kept, said):
    runs, sentences = store.of_this_play([samples.healthy("a"), samples.healthy("b")], expected, since)
    assert _names(runs) == kept
    assert len(sentences) == len(said) and all(s.startswith(p) for s, p in zip(sentences, said))


def test_a_result_without_a_time_is_of_no_play():
    runs, (sentence,) = store.of_this_play([{**samples.healthy("a"), "started": ""}], [], BEGAN)
    assert runs == [] and sentence.startswith("a (at no known time)")


def test_a_time_that_is_none_is_told():
    with pytest.raises(store.ResultsError, match="^since: must be a time in ISO 8601"):
        store.of_this_play([], [], "yesterday")


def test_what_an_earlier_run_stored_goes_when_one_begins_and_that_of_others_stays(tmp_path: Path):
    for cluster in ("prod", "other"):
        store.write_cluster_run(tmp_path, samples.healthy(cluster))
    store.write_reports(tmp_path, store.load_cluster_runs(tmp_path))
    store.forget_cluster_run(tmp_path, "new")
    assert (tmp_path / "junit.xml").exists()
    store.forget_cluster_run(tmp_path, "prod")
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == ["clusters/other.json"]
    store.forget_cluster_run(tmp_path / "none", "prod")
    assert not (tmp_path / "none").exists()


def test_results_that_cannot_be_removed_are_told(tmp_path: Path):
    store.write_cluster_run(tmp_path, samples.healthy("prod"))
    (tmp_path / "junit.xml").mkdir()
    with pytest.raises(store.ResultsError, match="the results of an earlier run cannot be removed"):
        store.forget_cluster_run(tmp_path, "prod")


def test_a_run_that_dies_before_its_end_leaves_no_green_of_yesterday(tmp_path: Path):
    """The shipped playbook, with an option that ends the run of this host before it begins."""
    results = tmp_path / "r"
    for cluster in ("prod", "gone"):
        store.write_cluster_run(results, samples.healthy(cluster))
    store.write_reports(results, store.load_cluster_runs(results))
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"prod": {"cluster_host": "https://127.0.0.1:1"}}}}))
    command = ["ansible-playbook", "assay.clusters.validate", "-i", str(tmp_path / "hosts.json"), "-e",
               f"validate_results_dir={results}", "-e", "validate_limit=-5"]
    environ = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    planned = subprocess.run([*command, "--check"], text=True, check=False, capture_output=True, env=environ)
    assert planned.returncode == 2 and _names(store.load_cluster_runs(results)) == ["gone", "prod"]  # nothing is changed
    done = subprocess.run(command, text=True, check=False, capture_output=True, env=environ)
    print(done.stdout, done.stderr)
    assert done.returncode == 2 and "prod: no result" in done.stdout
    assert json.loads((results / "records.json").read_text())["runs"] == []
    assert "gone: results in this folder of clusters that are not of this run" in done.stdout
    assert "<testcase" not in (results / "junit.xml").read_text()


# ---- whatever else a folder may hold of an earlier day ----------------------------------------------------------
TODAY = "2026-03-14T09:00:00+00:00"
OLD = "2026-03-13T09:26:53+00:00"


def _stage(cluster: str, started: str, verdict: str = "passed") -> dict:
    return {"cluster": cluster, "check": "provision", "verdict": verdict, "started": started, "seconds": 5.0, "run_id": "old"}


def _report(folder: Path, *expected: str, since: str = TODAY) -> tuple[dict[str, str], list[str]]:
    """What each file of the reports says, and the summary, by the way that the module report goes."""
    runs, said = store.of_this_play(store.load_cluster_runs(folder, since=since), [*expected], since)
    paths = store.write_reports(folder, runs, said)
    shown = summary.summary([clean_run(r) for r in runs], width=1000, more=said)
    texts = {kind: Path(path).read_text(encoding="utf-8") for kind, path in paths.items()}
    return {**texts, "summary": shown}, said


@pytest.mark.parametrize("kind", ["json", "junit", "html", "summary"])
def test_no_file_tells_of_a_cluster_that_left_or_of_an_earlier_day(tmp_path: Path, kind: str) -> None:
    """Names and verdicts of others are in the one sentence that says so, and nowhere else."""
    store.write_cluster_run(tmp_path, samples.healthy("here"))
    store.write_cluster_run(tmp_path, samples.node_down("gone-prod-9"))
    store.write_cluster_run(tmp_path, {**samples.node_down("late-prod-9"), "started": OLD})
    for cluster in ("gone-prod-9", "late-prod-9", "staged-prod-9"):
        store.write_stage(tmp_path, _stage(cluster, OLD, "failed"))
    texts, said = _report(tmp_path, "here", "late-prod-9", "staged-prod-9")
    text = texts[kind]
    for sentence in said:
        text = text.replace(sentence, "")
    assert "here" in text and "node.unreachable" not in text and "-prod-9" not in text
    assert all(f"{c}-prod-9" in " ".join(said) for c in ("gone", "late", "staged"))


def test_the_stages_of_an_earlier_pipeline_are_no_part_of_todays_checks(tmp_path: Path) -> None:
    store.write_cluster_run(tmp_path, samples.healthy("a"))
    store.write_stage(tmp_path, _stage("a", OLD, "failed"))
    texts, said = _report(tmp_path, "a")
    assert said == [] and "provision" not in texts["junit"] and json.loads(texts["json"])["runs"][0]["counts"]["failed"] == 0
    store.write_stage(tmp_path, _stage("a", TODAY))
    assert "provision" in _report(tmp_path, "a")[0]["junit"], "those of this play are"


def test_a_stage_of_today_makes_no_earlier_checks_todays(tmp_path: Path) -> None:
    store.write_cluster_run(tmp_path, {**samples.healthy("a"), "started": OLD})
    store.write_stage(tmp_path, _stage("a", TODAY))
    assert store.load_cluster_runs(tmp_path)[0]["started"] == OLD
    assert "are older than this run" in _report(tmp_path, "a")[1][0]


@pytest.mark.parametrize(("since", "left"), [("", True), (BEGAN, True), ("2999-01-01T00:00:00+00:00", False)])
def test_reports_of_an_earlier_play_go_though_none_of_its_clusters_is_in_this_one(tmp_path: Path, since: str, left: bool) -> None:
    store.write_cluster_run(tmp_path, samples.healthy("gone"))
    store.write_reports(tmp_path, store.load_cluster_runs(tmp_path))
    store.forget_cluster_run(tmp_path, "new", since)
    assert [(tmp_path / n).exists() for n in ("records.json", "junit.xml", "report.html")] == [left] * 3


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"created": 3}', "\udcff"])
def test_reports_that_cannot_be_read_stay(tmp_path: Path, content: str) -> None:
    (tmp_path / "records.json").write_bytes(content.encode(errors="surrogateescape"))
    store.forget_cluster_run(tmp_path, "new", "2999-01-01T00:00:00+00:00")
    assert (tmp_path / "records.json").exists()


def test_the_playbook_takes_the_reports_of_an_earlier_day_away_before_anything_else(tmp_path: Path) -> None:
    """Of a cluster that left the inventory; the task of this one's checks does not end well, and nothing is written after."""
    store.write_cluster_run(tmp_path / "r", samples.healthy("gone"))
    store.write_reports(tmp_path / "r", store.load_cluster_runs(tmp_path / "r"))
    play = [{"hosts": "all", "gather_facts": False, "connection": "local", "tasks": [
        {"assay.clusters.validate": {"results_dir": str(tmp_path / "r"), "limit": -5}}]}]
    (tmp_path / "play.json").write_text(json.dumps(play))
    done = subprocess.run(["ansible-playbook", str(tmp_path / "play.json"), "-i", "new,", "-e",
                           "validate_since=2999-01-01T00:00:00+00:00"], text=True, check=False, capture_output=True)
    assert done.returncode == 2 and not (tmp_path / "r/junit.xml").exists(), done.stdout
