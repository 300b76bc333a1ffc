# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A gate over a folder that has no results is red: a wrong path, or a job before it that left nothing, proves nothing."""
from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.history import job as history
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.results import store
from ansible_collections.assay.clusters.plugins.modules.history import SPEC
from ansible_collections.assay.clusters.tests.unit.results import samples

SENTENCE = "nothing was proved: no cluster has a result in "


def _play(tmp_path: Path, task: dict[str, Any], *more: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "play.json").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    return subprocess.run(["ansible-playbook", str(tmp_path / "play.json"), *more], text=True, check=False, capture_output=True)


def _role(tmp_path: Path, gate: str) -> dict[str, Any]:
    return {"ansible.builtin.include_role": {"name": "assay.clusters.report"}, "vars": {
        "report_results_dir": str(tmp_path / "r"), "report_gate": gate, "report_history": str(tmp_path / "history")}}


@pytest.mark.parametrize(("gate", "code"), [("all", 2), ("new", 2), ("none", 0)])
def test_the_role(tmp_path: Path, gate: str, code: int) -> None:
    done = _play(tmp_path, _role(tmp_path, gate))
    assert done.returncode == code, done.stdout
    assert (SENTENCE + str(tmp_path / "r") in done.stdout) is bool(code)


@pytest.mark.parametrize(("options", "code"), [
    ({"gate": True}, 2), ({}, 0), ({"gate": True, "since": "2999-01-01T00:00:00+00:00"}, 2)])
def test_the_module(tmp_path: Path, options: dict[str, Any], code: int) -> None:
    """Results that are all older than the run are none of it."""
    if "since" in options:
        store.write_cluster_run(tmp_path / "r", samples.healthy("c1"))
    done = _play(tmp_path, {"assay.clusters.report": {"results_dir": str(tmp_path / "r"), **options}})
    assert done.returncode == code, done.stdout
    assert (SENTENCE + str(tmp_path / "r") in done.stdout) is bool(code)


def test_in_check_mode_nothing_is_there_yet(tmp_path: Path) -> None:
    done = _play(tmp_path, _role(tmp_path, "all"), "--check")
    assert done.returncode == 0, done.stdout


def test_a_gate_for_what_is_new(tmp_path: Path) -> None:
    params = {n: s.get("default") for n, s in SPEC.argument_spec.items()} | {
        "path": str(tmp_path / "history"), "results_dir": str(tmp_path / "r")}
    assert history.entry(params, Job())["runs"] == 0 == history.entry({**params, "gate": True}, Job(check_mode=True))["runs"]
    with pytest.raises(PlatformError, match=f"^{SENTENCE}{tmp_path / 'r'}$") as stopped:
        history.entry({**params, "gate": True}, Job())
    assert stopped.value.details["differences"] == [] and stopped.value.details["runs"] == 0
    with pytest.raises(PlatformError, match="^nothing was proved: the history holds no run that counts$"):
        history.entry({**params, "gate": True, "results_dir": None}, Job())
