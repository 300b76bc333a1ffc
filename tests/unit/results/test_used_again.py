# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A results folder that is used again tells of today's run only."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import store
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
