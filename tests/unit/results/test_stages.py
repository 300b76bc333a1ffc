# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stages of a pipeline are in the same reports as the checks."""
from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.assay.clusters.plugins.module_utils.results import gate, store, summary
from tests.unit.results import samples

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "docs/schemas/records.schema.json").read_text())


def _stage(cluster: str, stage: str, verdict: str = "passed", at: int = 0, **more: Any) -> dict[str, Any]:
    return {"cluster": cluster, "check": stage, "verdict": verdict, "started": f"2026-03-14T09:20:{at:02d}+00:00",
            "seconds": 5.0, "run_id": "r1", **more}


def _play(tmp_path: Path, *more: str, **args: Any) -> tuple[int, str, dict[str, Any]]:
    """One task stage_record: exit status, output, and the record that it wrote."""
    play = [{"hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": [
        {"assay.clusters.stage_record": {"results_dir": str(tmp_path / "r"), "cluster": "c", **args}}]}]
    (tmp_path / "play.json").write_text(json.dumps(play))
    done = subprocess.run(["ansible-playbook", "-v", str(tmp_path / "play.json"), *more], text=True, check=False,
                          capture_output=True)
    found = tmp_path / "r/stages/c" / f"{args.get('stage')}.json"
    return done.returncode, done.stdout + done.stderr, json.loads(found.read_text()) if found.exists() else {}


def test_stages_are_records_of_the_run_in_the_order_of_their_beginnings(tmp_path: Path) -> None:
    store.write_cluster_run(tmp_path, samples.healthy("c1"))
    for record in (_stage("c1", "report", at=50), _stage("c1", "lease"), _stage("c2", "lease"),
                   _stage("c2", "provision", "failed", at=3, message="no quota", cause="stage.failed(provision)", layer=0)):
        store.write_stage(tmp_path, record)
    runs = store.load_cluster_runs(tmp_path)
    assert [(r["cluster"], [s["check"] for s in r["records"]][:3]) for r in runs] == [
        ("c1", ["lease", "report", "api_server"]), ("c2", ["lease", "provision"])]
    assert runs[1]["verdict"] == "failed" and runs[1]["counts"]["passed"] == 1
    assert [r["domain"] for r in runs[1]["records"]] == ["stages", "stages"] and runs[0]["seconds"] == 55.0
    paths = store.write_reports(tmp_path, runs)
    jsonschema.validate(json.loads(Path(paths["json"]).read_text()), SCHEMA)
    cases = {(c.get("classname"), c.get("name")): c for c in ET.parse(paths["junit"]).iter("testcase")}
    assert cases["c2.stages", "provision"].find("failure").get("type") == "stage.failed(provision)"
    assert cases["c1.stages", "lease"].get("time") == "5.000" and ("c1.dns", "dns") in cases
    page = Path(paths["html"]).read_text()
    assert "no quota" in page and "stage.failed(provision)" in page
    assert gate.gate(runs[1]) == (False, "c2: 1 of 2 checks failed; cause: stage.failed(provision) (provision)")
    assert "stage.failed(provision)  1 check on c2" in summary.summary(runs)


def test_a_stage_of_an_earlier_try_is_replaced(tmp_path: Path) -> None:
    store.write_stage(tmp_path, _stage("c/1", "provision", "failed"))
    store.write_stage(tmp_path, _stage("c/1", "provision", at=9))
    assert [(r["check"], r["verdict"]) for r in store.load_stages(tmp_path, "c/1")] == [("provision", "passed")]
    assert store.load_stages(tmp_path, "c1") == []


@pytest.mark.parametrize("name", ["", "Prepull", "a-b", "../x", "x" * 80])
def test_a_name_that_is_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(store.ResultsError, match="stage: must be small letters"):
        store.write_stage(tmp_path, _stage("c", name))
    assert not (tmp_path / "stages").exists()


def test_a_file_that_is_no_stage(tmp_path: Path) -> None:
    path = Path(store.write_stage(tmp_path, _stage("c", "lease")))
    path.write_text("[]")
    with pytest.raises(store.ResultsError, match="lease.json: cannot be read as the stage of a cluster"):
        store.load_cluster_runs(tmp_path)


def test_the_module_fills_in_what_is_known_of_a_failure(tmp_path: Path) -> None:
    code, shown, record = _play(tmp_path, stage="prepull", verdict="failed", seconds=3.5, run_id="r1",
                                msg="2 images did not come\nn1: a/b: 429\nn2: a/b: 429", leftovers=["pod/x"])
    assert code == 0 and "stage.failed(prepull)" in shown
    assert (record["message"], record["evidence"]) == ("2 images did not come", ["n1: a/b: 429", "n2: a/b: 429"])
    assert record["cause"] == "stage.failed(prepull)" and record["layer"] == 0 and record["remedy"] and record["seconds"] == 3.5
    _code, _shown, record = _play(tmp_path, stage="clocks", verdict="failed", cause="node.clock", scope=["node/n1"])
    assert record["layer"] == 2 and record["scope"] == ["node/n1"]


def test_the_module_in_check_mode_writes_nothing(tmp_path: Path) -> None:
    code, _shown, record = _play(tmp_path, "--check", stage="prepull", verdict="passed")
    assert code == 0 and record == {} and not (tmp_path / "r").exists()


@pytest.mark.parametrize(("given", "sentence"), [
    ({"stage": "Pre", "verdict": "passed"}, "stage: must be small letters"), ({"stage": "x"}, "verdict: is missing"),
    ({"stage": "x", "verdict": "failed", "cause": "No Code"}, "cause: must be a code like node.clock"),
    ({"stage": "x", "verdict": "green"}, "value of verdict must be one of")])
def test_what_the_module_refuses(tmp_path: Path, given: dict[str, Any], sentence: str) -> None:
    code, shown, record = _play(tmp_path, **given)
    assert code == 2 and sentence in shown and record == {}


def test_the_checks_as_one_stage(tmp_path: Path) -> None:
    store.write_cluster_run(tmp_path / "r", samples.node_down("c"))
    _code, _shown, record = _play(tmp_path, stage="validate", of_checks=True, seconds=60)
    assert record["verdict"] == "failed" and record["cause"] == record["consequence_of"] == "node.unreachable"
    assert record["layer"] == 2 and record["scope"] and record["evidence"]
    assert record["message"].startswith("3 of 6 checks failed; cause: node.unreachable")
    [run] = store.load_cluster_runs(tmp_path / "r")
    assert "stage" not in summary.summary([run]).replace("validate", "")
    store.write_cluster_run(tmp_path / "r", samples.healthy("c"))
    _code, _shown, record = _play(tmp_path, stage="validate", of_checks=True)
    assert record["verdict"] == "warned" and record["message"] == "1 of 6 checks warned"
    (tmp_path / "r/clusters/c.json").unlink()
    _code, _shown, record = _play(tmp_path, stage="validate", of_checks=True)
    assert record["verdict"] == "failed" and record["message"] == "c: no check was run"


def test_secrets_do_not_reach_the_file(tmp_path: Path) -> None:
    _code, _shown, record = _play(tmp_path, stage="hook", verdict="failed", msg="curl -H 'Authorization: Bearer abcd1234efgh'")
    assert "abcd1234efgh" not in json.dumps(record) and record["verdict"] == "failed"
