# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module history returned becomes a view of the report; without it there is none, and no report is lost for it."""
from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.history import kept
from ansible_collections.assay.clusters.plugins.module_utils.results import store
from ansible_collections.assay.clusters.tests.unit.history import histories
from ansible_collections.assay.clusters.tests.unit.results import samples


def _play(tmp_path: Path, *tasks: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    play = [{"hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": [*tasks]}]
    (tmp_path / "play.json").write_text(json.dumps(play))
    return subprocess.run(["ansible-playbook", str(tmp_path / "play.json")], text=True, check=False, capture_output=True)


def _keep(tmp_path: Path, **more: Any) -> dict[str, Any]:
    return {"assay.clusters.history": {"path": str(tmp_path / "history"), "results_dir": str(tmp_path / "r"), "days": 5000, **more},
            "register": "kept"}


def _report(tmp_path: Path, history: Any = "{{ kept }}") -> dict[str, Any]:
    return {"assay.clusters.report": {"results_dir": str(tmp_path / "r"), "history": history}}


def test_the_page_has_what_the_module_returned(tmp_path: Path) -> None:
    store.write_cluster_run(tmp_path / "r", samples.node_down("c1"))
    done = _play(tmp_path, _keep(tmp_path), _report(tmp_path))
    page = (tmp_path / "r/report.html").read_text()
    assert done.returncode == 0 and 'id="history"' in page and "1 of 1 run on 1 cluster failed" in page, done.stdout
    assert "in 1 run on 1 cluster in 10000 days" in page


def test_a_gate_that_stopped_for_what_is_new_is_shown(tmp_path: Path) -> None:
    """The task failed, and has told all the same: that is when a page is read."""
    store.write_cluster_run(tmp_path / "r", samples.node_down("c1"))
    done = _play(tmp_path, {**_keep(tmp_path, gate=True), "ignore_errors": True}, _report(tmp_path))
    assert "new against nothing before it" in done.stdout and 'id="history"' in (tmp_path / "r/report.html").read_text(), done.stdout


def test_the_module_leaves_out_the_stages_of_an_earlier_pipeline(tmp_path: Path) -> None:
    """They would make the run as old as they are, and so take it out of the report."""
    store.write_cluster_run(tmp_path / "r", samples.healthy("c1"))
    store.write_stage(tmp_path / "r", {"cluster": "c1", "check": "provision", "verdict": "failed", "seconds": 1.0, "run_id": "old",
                                       "started": "2026-03-13T09:00:00+00:00"})
    task = _report(tmp_path, {})
    task["assay.clusters.report"].update(expected=["c1"], since="2026-03-14T09:00:00+00:00", gate=True)
    assert _play(tmp_path, task).returncode == 0
    assert "provision" not in (tmp_path / "r/junit.xml").read_text()


@pytest.mark.parametrize("more", [{"when": False}, {"ignore_errors": True, "path": "/dev/null"}])
def test_without_a_history_there_is_no_view_and_a_report_all_the_same(tmp_path: Path, more: dict[str, Any]) -> None:
    store.write_cluster_run(tmp_path / "r", samples.healthy("c1"))
    options = {k: v for k, v in more.items() if k == "path"}
    done = _play(tmp_path, {**_keep(tmp_path, **options), **{k: v for k, v in more.items() if k != "path"}}, _report(tmp_path))
    assert done.returncode == 0 and 'id="history"' not in (tmp_path / "r/report.html").read_text(), done.stdout


def test_what_is_no_history_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    store.write_cluster_run(tmp_path / "r", samples.healthy("c1"))
    done = _play(tmp_path, _report(tmp_path, {"path": "/srv/history"}))
    assert done.returncode == 2 and "history: must be what a task of assay.clusters.history returned" in done.stdout
    assert not (tmp_path / "r/report.html").exists()


def _validate(tmp_path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Without a cluster: nothing is tested, and the history is asked all the same."""
    hosts = {h: {"cluster_host": "https://127.0.0.1:1"} for h in ("a", "b")}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    return subprocess.run(["ansible-playbook", "assay.clusters.validate", "-i", str(tmp_path / "hosts.json"), "-e",
                           f"validate_results_dir={tmp_path / 'r'}", "-e", "validate_limit=-5", "-e",
                           f"validate_history={tmp_path / 'history'}", *more], text=True, check=False, capture_output=True,
                          env={**os.environ, "ANSIBLE_NOCOLOR": "1"})


def test_the_playbook_removes_what_is_older_than_it_is_told(tmp_path: Path) -> None:
    runs = [histories.run("a", "dns", hours=24 * 5000), replace(histories.run("a"), started=datetime.now(timezone.utc))]
    old, young = (tmp_path / "history" / kept.name_of(one) for one in runs)
    old.parent.mkdir(parents=True)
    for path, one in zip((old, young), runs):
        path.write_text(kept.text_of(one))
    done = _validate(tmp_path, "-e", "validate_history_keep_days=28")
    assert (old.exists(), young.exists()) == (False, True), done.stdout + done.stderr


def test_the_playbook_reports_although_its_history_cannot_be_used(tmp_path: Path) -> None:
    """Two hosts that cannot be reached, and a history that is a file."""
    (tmp_path / "history").write_text("")
    done = _validate(tmp_path)
    assert done.returncode == 2 and f"path: {tmp_path / 'history'} is no folder" in done.stdout, done.stdout + done.stderr
    assert json.loads((tmp_path / "r/records.json").read_text())["runs"] == [] and "a: no result" in done.stdout
