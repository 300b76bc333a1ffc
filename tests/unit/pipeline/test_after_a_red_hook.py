# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""After a hook that failed the cluster is proved again: only so is it known whether the tests or the cluster are to blame."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

HOOK = """---
- name: Tests of the product
  ansible.builtin.command: {command}
  changed_when: false
"""
SHIPPED = Path(__file__).resolve().parents[3] / "docs/examples/infra/hooks/tests.yml"
SKIP = ["lease", "health", "prepull", "validate", "dispose", "leftovers"]


def _run(folder: Path, hook: str, skip: list[str] | None = None, callback: str = "default", **more: Any) -> str:
    """The output of a pipeline on a cluster that does not answer."""
    (folder / "hook.yml").write_text(hook, encoding="utf-8")
    (folder / "hosts.json").write_text(json.dumps({"clusters": {"hosts": {"c": {
        "cluster_host": "https://127.0.0.1:1", "cluster_api_key": "x", "pipeline_hook": "hook.yml", "validate_checks": ["dns"],
        "pipeline_skip": SKIP if skip is None else skip, "pipeline_guard": False, **more}}}}), encoding="utf-8")
    done = subprocess.run(["ansible-playbook", "assay.clusters.pipeline", "-i", "hosts.json", "-e", "pipeline_results_dir=out"],
                          cwd=folder, text=True, check=False, capture_output=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, "XDG_STATE_HOME": str(folder / "state"), "ANSIBLE_NOCOLOR": "1",
                               "ANSIBLE_STDOUT_CALLBACK": callback})
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stdout


def _flow(folder: Path, hook: str, skip: list[str] | None = None, **more: Any) -> tuple[str, dict[str, dict[str, Any]]]:
    """(output in one line, records of stages by name)."""
    said = _run(folder, hook, skip, **more)
    [run] = json.loads((folder / "out/records.json").read_text(encoding="utf-8"))["runs"]
    return " ".join(said.split()), {r["check"]: r for r in run["records"]}


def test_it_is_proved_again_and_the_end_says_what_of_the_two_failed(tmp_path: Path) -> None:
    said, records = _flow(tmp_path, HOOK.format(command="/bin/false"))
    assert records["hook"]["verdict"] == "failed" and records["revalidate"]["verdict"] in ("failed", "inconclusive")
    assert records["revalidate"]["message"] != "the stage hook failed" and "dns" in records
    assert "the stage hook failed, and the checks after it, too" in said


@pytest.mark.gauntlet
def test_its_screen_is_its_stages_and_little_else(tmp_path: Path) -> None:
    """By the callback brief; of the lease each is told once, and that it is renewed is nothing to tell."""
    lease = tmp_path / "lease"
    said = _run(tmp_path, HOOK.format(command="/bin/false"), [s for s in SKIP if s != "lease"], "assay.clusters.brief",
                pipeline_lease_path=str(lease))
    assert len(said.splitlines()) <= 40, said
    assert [said.count(f"the lease {lease} {what}") for what in ("is held by", "is renewed", "is released")] == [1, 0, 1], said


REVERTED = {"pipeline_snapshot": "golden", "cluster_disposable": True, "cluster_machines": {
    "platform": "vsphere", "hostname": "127.0.0.1", "port": 1, "username": "u", "password": "p", "names": ["a"]}}


@pytest.mark.parametrize(("skip", "more"), [
    (["lease", "health", "prepull", "dispose", "leftovers"], {}), pytest.param(SKIP, REVERTED, marks=pytest.mark.gauntlet)])
def test_where_the_hook_did_not_run_there_is_nothing_to_prove_again(tmp_path: Path, skip: list[str],
                                                                    more: dict[str, Any]) -> None:
    _said, records = _flow(tmp_path, HOOK.format(command="touch it-ran"), skip, **more)
    assert records["hook"]["verdict"] == records["revalidate"]["verdict"] == "skipped"
    assert not list(tmp_path.rglob("it-ran"))


@pytest.mark.parametrize(("test", "verdict", "message"), [
    pytest.param("assert True", "passed", "1 passed in", marks=pytest.mark.gauntlet), ("assert False", "failed", "1 failed in")])
def test_the_hook_that_is_shipped_runs_tests_and_tells_how_they_went(tmp_path: Path, test: str, verdict: str,
                                                                     message: str) -> None:
    (tmp_path / "e2e").mkdir()
    (tmp_path / "e2e/test_shop.py").write_text(
        f"import os\n\ndef test_it():\n    assert os.path.isfile(os.environ['KUBECONFIG'])\n    {test}\n", encoding="utf-8")
    (tmp_path / "k.yaml").write_text(json.dumps({
        "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}], "users": [{"name": "u", "user": {}}]}))
    _said, records = _flow(tmp_path, SHIPPED.read_text(encoding="utf-8"), cluster_host=None, cluster_api_key=None,
                           cluster_kubeconfig="k.yaml")
    assert {records["e2e"]["verdict"], records["hook"]["verdict"]} == {verdict}
    assert message in records["e2e"]["message"] and records["e2e"]["run_id"] == records["hook"]["run_id"]
    assert (tmp_path / "out/tests/c/junit.xml").read_text(encoding="utf-8").count("<testcase ") == 1
    assert 'name="e2e"' in (tmp_path / "out/junit.xml").read_text(encoding="utf-8")


def test_tests_on_a_cluster_that_has_an_address_and_a_key_get_a_kubeconfig_which_goes_again(tmp_path: Path) -> None:
    (tmp_path / "e2e").mkdir()
    (tmp_path / "e2e/test_shop.py").write_text(
        "import json, os, pathlib\n\ndef test_it():\n    path = pathlib.Path(os.environ['KUBECONFIG'])\n"
        f"    pathlib.Path('{tmp_path}/seen').write_text(json.dumps([str(path), oct(path.stat().st_mode), json.loads(path.read_text())]))\n",
        encoding="utf-8")
    said, records = _flow(tmp_path, SHIPPED.read_text(encoding="utf-8"), cluster_api_key="s3cr3t", cluster_ca_cert="/etc/ca.pem")
    assert records["e2e"]["verdict"] == "passed", records["e2e"]
    path, mode, found = json.loads((tmp_path / "seen").read_text(encoding="utf-8"))
    assert found["clusters"][0]["cluster"] == {"server": "https://127.0.0.1:1", "certificate-authority": "/etc/ca.pem"}
    assert found["users"][0]["user"] == {"token": "s3cr3t"} and mode.endswith("600")
    assert not Path(path).exists() and "s3cr3t" not in said
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_file() and "s3cr3t" in p.read_text(encoding="utf-8")]


def test_a_hook_that_did_not_begin_has_changed_nothing_as_when_the_lease_is_lost_before_it(tmp_path: Path) -> None:
    lost = "{{ 'file' if pipeline_stage | default('lease') == 'lease' else 'cluster' }}"
    _said, records = _flow(tmp_path, HOOK.format(command="touch it-ran"), [s for s in SKIP if s != "lease"],
                           pipeline_lease_backend=lost, pipeline_lease_path=str(tmp_path / "lease"))
    assert records["hook"]["verdict"] == "failed" and not list(tmp_path.rglob("it-ran"))
    assert records["revalidate"]["message"] == "the stage hook failed"
