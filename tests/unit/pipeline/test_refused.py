# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a pipeline cannot do it says before it makes anything: the playbook as users start it, each host wrong in a way."""
from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from ansible_collections.assay.clusters.plugins.module_utils.arguments.flow import PIPELINE_STATE
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.pipeline import state as pipeline

MADE = {"cluster_platform": "command", "cluster_disposable": True, "cluster_command": {
    "workdir": "work", "create": ["touch", "made"], "delete": ["touch", "deleted"], "kubeconfig": ["true"]}}
WRONG = {
    "playbook": ({"pipeline_hook": "upgrade.yml"}, "pipeline_hook: {}/upgrade.yml is a playbook; what stands in its tasks"),
    "no_file": ({"pipeline_hook": ["/no/such.yml"]}, "pipeline_hook: there is no file /no/such.yml"),
    "slip": ({"pipeline_skp": ["dispose"]}, "pipeline_skp: is no variable of pipeline and does nothing; did you mean"),
    "unknown": ({"pipeline_keep": True}, "pipeline_keep: is no variable of pipeline, and nothing was done, as it may have"),
    "snapshot": ({"pipeline_snapshot": "golden"}, "pipeline_snapshot is golden, but cluster_machines, which names the"),
}


def _state(folder: Path, **params: Any) -> None:
    pipeline.entry({**{n: s.get("default") for n, s in PIPELINE_STATE.items()}, "results_dir": str(folder), "cluster": "ended",
                    **params}, Job())


def test_what_is_wrong_is_told_of_each_cluster_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "upgrade.yml").write_text("- hosts: all\n  tasks: []\n")
    for state in ("begun", "ended"):
        _state(tmp_path / "out", state=state)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    hosts = {name: {**MADE, **given} for name, (given, _said) in WRONG.items()}
    hosts["ended"] = {**MADE, "pipeline_start_at": "report"}
    (tmp_path / "hosts.json").write_text(json.dumps({"clusters": {"hosts": hosts}}))
    done = subprocess.run(["ansible-playbook", "assay.clusters.pipeline", "-i", "hosts.json", "-e", "pipeline_results_dir=out"],
                          cwd=tmp_path, text=True, check=False, capture_output=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")})
    said = {host: " ".join(text.split()) for host, text in re.findall(
        r"(?:fatal|failed): \[(\w+)\][^\n]*? => (.*?)(?=\n(?:fatal|failed|TASK|PLAY|\[ERROR\])|\Z)",
        done.stdout, re.DOTALL)}
    assert set(said) == set(WRONG), done.stdout + done.stderr
    for host, (_given, sentence) in WRONG.items():
        assert sentence.format(tmp_path) in said[host], host
    assert re.search(r"ended: its pipeline ended at 20\S+, so pipeline_start_at does nothing", " ".join(done.stdout.split()))
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and p.name != "hosts.json"} == before
