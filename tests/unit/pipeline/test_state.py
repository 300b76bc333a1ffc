# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which stages of a pipeline run, and what it goes on with; the guard that outlives a playbook."""
from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.assay.clusters.plugins.module_utils.arguments.flow import PIPELINE_STATE
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.pipeline import guard as pipeline_guard, state as pipeline
from ansible_collections.assay.clusters.plugins.module_utils.results import store

ROOT = Path(__file__).resolve().parents[3]


def _ask(folder: Path, check: bool = False, **params: Any) -> dict[str, Any]:
    defaults = {n: s.get("default") for n, s in PIPELINE_STATE.items()}
    return pipeline.entry({**defaults, "results_dir": str(folder), "cluster": "c1", **params}, Job(check_mode=check))


def test_the_role_knows_the_same_stages() -> None:
    known = yaml.safe_load((ROOT / "roles/pipeline/vars/main.yml").read_text())
    assert tuple(known["pipeline_stages"]) == pipeline.STAGES and tuple(known["pipeline_always"]) == pipeline.ALWAYS
    assert {p.stem for p in (ROOT / "roles/pipeline/tasks/stages").glob("*.yml")} == set(pipeline.STAGES)
    assert set(known["pipeline_unset"]) < set(pipeline.STAGES) and set(known["pipeline_changing"]) < set(pipeline.STAGES)


def test_stages_are_left_out_with_the_reason() -> None:
    stages = pipeline.plan(["prepull"], "", {"hook": "no hook", "revert": ""})
    assert {s: why for s, why in stages.items() if why} == {"prepull": "by pipeline_skip", "hook": "no hook"}
    assert list(stages) == list(pipeline.STAGES)


def test_what_goes_on_takes_the_lease_again_and_tells_what_ran() -> None:
    stages = pipeline.plan([], "dispose", {}, ["lease", "provision"])
    assert stages["lease"] == "" and stages["provision"] == "earlier" and stages["dispose"] == stages["release"] == ""
    assert stages["hook"] == "the pipeline was stopped before it"
    assert pipeline.plan([], "release", {}, ["lease"])["lease"] == "earlier"


def test_values_are_kept_for_whoever_goes_on(tmp_path: Path) -> None:
    begun = _ask(tmp_path, state="begun")
    path = Path(begun["path"])
    assert len(begun["run_id"]) == 8 and begun["values"] == {}
    _ask(tmp_path, values={"running": "provision", "kubeconfig": "/k"})
    _ask(tmp_path, values={"running": "validate"})
    again = _ask(tmp_path, state="begun", start_at="validate")
    assert again["run_id"] == begun["run_id"] and again["values"] == {"running": "validate", "kubeconfig": "/k"}
    assert again["stages"]["provision"] == "earlier" and again["stages"]["revert"] == "the pipeline was stopped before it"
    assert again["stages"]["hook"] == "" and path.stat().st_mode & 0o777 == 0o600


def test_what_was_left_out_has_its_record_already(tmp_path: Path) -> None:
    _ask(tmp_path, state="begun", unset={"revert": "no snapshot"}, skip=["health"])
    again = _ask(tmp_path, state="begun", unset={"revert": "no snapshot"}, start_at="validate")["stages"]
    assert again["revert"] == again["health"] == "earlier" and again["validate"] == ""


def test_a_pipeline_that_ended_is_no_obstacle_to_the_next(tmp_path: Path) -> None:
    first = _ask(tmp_path, state="begun", run_id="r1")
    with pytest.raises(PlatformError, match="holds a pipeline of c1 that did not end, begun 20"):
        _ask(tmp_path, state="begun")
    assert pipeline.unfinished(tmp_path / "pipeline") == ["c1"]
    _ask(tmp_path, state="ended", values={"running": ""})
    assert pipeline.unfinished(tmp_path / "pipeline") == [] and first["run_id"] == "r1"
    assert _ask(tmp_path, state="begun")["run_id"] != "r1"


def test_a_pipeline_that_begins_keeps_nothing_of_the_one_before_and_one_that_goes_on_keeps_all(tmp_path: Path) -> None:
    def there() -> list[str]:
        return sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.[jxh]*") if "pipeline" not in p.parts)

    _ask(tmp_path, state="begun")
    for cluster in ("c1", "c2"):
        store.write_stage(tmp_path, {"cluster": cluster, "check": "validate", "verdict": "passed"})
        store.write_cluster_run(tmp_path / "before", {"cluster": cluster, "records": []})
    store.write_reports(tmp_path, [])
    all_of_it = there()
    _ask(tmp_path, state="begun", start_at="report")
    assert there() == all_of_it and "junit.xml" in all_of_it
    _ask(tmp_path, state="ended")
    _ask(tmp_path, state="begun", check=True)
    assert there() == all_of_it
    _ask(tmp_path, state="begun")
    assert there() == ["before/clusters/c2.json", "stages/c2/validate.json"]


def test_one_that_ended_is_not_taken_up_again(tmp_path: Path) -> None:
    _ask(tmp_path, state="begun")
    store.write_stage(tmp_path, {"cluster": "c1", "check": "validate", "verdict": "passed"})
    before = _ask(tmp_path, state="ended", values={"a": 1})
    there = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    again = _ask(tmp_path, state="begun", start_at="report", destructive=["dispose"])
    assert again["ended"].startswith("20") and set(again["stages"].values()) == {"earlier"}
    assert again["run_id"] == before["run_id"]
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == there
    assert _ask(tmp_path, state="begun")["ended"] == ""


@pytest.mark.parametrize(("record", "goes_on"), [
    ({"check": "dispose", "verdict": "failed"}, True), ({"check": "release", "verdict": "passed"}, False),
    ({"check": "dispose", "verdict": "skipped", "message": "by pipeline_skip"}, True),
    ({"check": "release", "verdict": "skipped", "message": "no lease is taken"}, False),
    ({"check": "hook", "verdict": "failed"}, False)])
def test_one_that_ended_goes_on_where_it_kept_its_cluster_or_lease(tmp_path: Path, record: dict[str, str], goes_on: bool) -> None:
    _ask(tmp_path, state="begun")
    store.write_stage(tmp_path, {"cluster": "c1", **record})
    store.write_stage(tmp_path, {"cluster": "c2", "check": "dispose", "verdict": "failed"})
    _ask(tmp_path, state="ended")
    again = _ask(tmp_path, state="begun", start_at="hook")
    assert (again["ended"] == "") is goes_on and (again["stages"]["hook"] == "") is goes_on


@pytest.mark.parametrize(("given", "sentence"), [
    ({"skip": ["prepul"]}, r"pipeline_skip: there is no stage 'prepul'; did you mean prepull\?"),
    ({"start_at": "disposal"}, r"pipeline_start_at: there is no stage 'disposal'; did you mean dispose\?"),
    ({"start_at": "xyz"}, "there are: dispose, health, hook"),
    ({"start_at": "hook"}, "pipeline_start_at: .*c1.json is not there, so there is no pipeline of c1 to go on with"),
    ({"destructive": ["revert"]}, "c1 is not marked as disposable, nothing was done; set cluster_disposable: true"),
    ({"destructive": ["revert", "dispose"], "skip": ["revert"]}, "if dispose may take away")])
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(tmp_path: Path, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlatformError, match=sentence):
        _ask(tmp_path, state="begun", **given)
    assert not any(tmp_path.iterdir())


def test_destructive_stages_run_where_they_may_or_are_left_out(tmp_path: Path) -> None:
    assert _ask(tmp_path / "a", state="begun", destructive=["dispose"], disposable=True)["stages"]["dispose"] == ""
    assert _ask(tmp_path / "b", state="begun", destructive=["dispose"], skip=["dispose"])["stages"]["dispose"]


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    assert _ask(tmp_path, True, state="begun")["stages"]["lease"] == "" and not any(tmp_path.iterdir())
    assert _ask(tmp_path, True, state="guarded") == {}


@pytest.mark.parametrize("content", ["", "[]", '{"values": 1, "run_id": "x"}', '{"values": {}}'])
def test_a_state_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    path = Path(_ask(tmp_path, state="begun")["path"])
    path.write_text(content)
    with pytest.raises(PlatformError, match="c1.json"):
        _ask(tmp_path, state="begun", start_at="report")


def test_nothing_is_kept_of_a_pipeline_that_did_not_begin(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="no pipeline of c1 was begun"):
        _ask(tmp_path, values={"a": 1})


def test_names_of_hosts_are_names_of_files(tmp_path: Path) -> None:
    paths = {pipeline.State(str(tmp_path), name).path for name in ("a/b", "a_b", "../x", ".hidden", "a%2fb")}
    assert len(paths) == 5 and {p.parent for p in paths} == {tmp_path / "pipeline"}


def test_the_command_is_the_same_from_the_last_stages_on() -> None:
    argv = ["python3", "ansible-playbook", "pipeline.yml", "-i", "prod", "-e", "pipeline_start_at=lease"]
    made = pipeline_guard.command(argv, Path("/r"))
    assert made[:-2] == argv and json.loads(made[-1]) == {
        "pipeline_start_at": "report", "pipeline_results_dir": "/r", "pipeline_guard": False}
    assert pipeline_guard.command([*argv, "-J"], Path("/r")) == [] == pipeline_guard.command([], Path("/r"))


_PLAYBOOK = """
import os, sys, time
from pathlib import Path
from ansible_collections.assay.clusters.plugins.module_utils.pipeline import guard as pipeline_guard, state as pipeline
from ansible_collections.assay.clusters.plugins.module_utils.results import store
if "-e" in sys.argv:
    Path(sys.argv[1], "again").write_text(sys.argv[-1])
else:
    print(pipeline_guard.arm(Path(sys.argv[1], "pipeline"), os.getpid(), os.environ, pipeline.unfinished), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("ended", [False, True])
def test_the_guard_starts_the_rest_only_where_the_pipeline_did_not_end(tmp_path: Path, ended: bool) -> None:
    _ask(tmp_path, state="begun")
    script = tmp_path / "playbook.py"
    script.write_text(_PLAYBOOK)
    playbook = subprocess.Popen([sys.executable, str(script), str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True)
    guard = int(playbook.stdout.readline())
    assert guard > 0 and Path(f"/proc/{guard}").exists()
    if ended:
        _ask(tmp_path, state="ended")
    playbook.kill()
    playbook.communicate()
    limit = time.monotonic() + 120
    while Path(f"/proc/{guard}").exists() and time.monotonic() < limit:
        time.sleep(0.05)
    again = tmp_path / "again"
    assert again.exists() is not ended
    if not ended:
        assert json.loads(again.read_text())["pipeline_results_dir"] == str(tmp_path)
        assert (tmp_path / "pipeline" / pipeline_guard.LOG).stat().st_mode & 0o777 == 0o600
