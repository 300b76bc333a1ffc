# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole flow as users start it: once with a real cluster that it makes and deletes, once with machines of a simulated
vCenter that stand for those of a real cluster."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.moto_server import KEYS, REGION, client
from tests.integration.conftest import WELL, command_line
from tests.integration.machines import run as module
from tests.lab.vcsim import vcsim
from tests.proved import proved

CHECKOUT = Path(__file__).resolve().parents[2]
LAB = [sys.executable, "-m", "tests.lab"]
STAGES = ["lease", "revert", "provision", "health", "prepull", "validate", "hook", "revalidate", "report", "dispose",
          "leftovers", "release"]
GOOD = "---\n- name: Is reached\n  assay.clusters.check_nodes:\n"
BAD = "---\n- name: Break\n  ansible.builtin.fail:\n    msg: the upgrade did not work\n"
LONG = "---\n- name: Wait\n  ansible.builtin.wait_for:\n    timeout: 300\n"
pytestmark = pytest.mark.lab


def _listed() -> list[str]:
    shown = subprocess.run([*LAB, "status"], cwd=CHECKOUT, check=True, text=True, capture_output=True).stdout
    return [line.split()[0] for line in shown.splitlines() if line and not line.startswith(" ")]


def _variables(tmp_path: Path) -> dict[str, Any]:
    """Of a host that the lab makes and deletes."""
    return {
        "cluster_platform": "command", "cluster_disposable": True, "cluster_nodes": 1, "provision_wait_sleep": 1,
        "provision_timeout": 400, "cluster_command": {
            "workdir": str(tmp_path / "work"), "environment": {"PYTHONPATH": str(CHECKOUT)}, "repeatable": True,
            "create": [*LAB, "up", "--name", "{name}", "--workers", "{nodes}"],
            "delete": [*LAB, "down", "--name", "{name}"], "kubeconfig": [*LAB, "kubeconfig", "--name", "{name}"],
            "list": [*LAB, "status"]},
        "pipeline_names_with_run": False, "validate_checks": ["dns"], "prepull_checks": ["dns"], "dispose_pause": 1}


@pytest.fixture
def flow(playbook: Any, spare: str, tmp_path: Path) -> Iterator[Any]:
    """flow(hook, *more): the pipeline on a cluster that is not there before, and not after."""
    def down() -> None:
        subprocess.run([*LAB, "down", "--name", spare], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)

    down()
    book = playbook(**{spare: _variables(tmp_path)})
    book.env["XDG_STATE_HOME"] = str(tmp_path / "state")

    def call(hook: str = "", *more: str, results: str = "results") -> subprocess.CompletedProcess[str]:
        book.results = book.folder / results
        (tmp_path / "hook.yml").write_text(hook)
        return book.run(*(["-e", f"pipeline_hook={tmp_path / 'hook.yml'}"] if hook else []), *more, playbook="pipeline")

    call.book, call.hook = book, tmp_path / "hook.yml"
    yield call
    book.kill_all()
    down()


def _stages(results: Path) -> dict[str, str]:
    """Stage -> verdict, as JUnit has them; of checks, a warning is good enough, as a busy machine gets some."""
    cases = [c for c in ET.parse(results / "junit.xml").iter("testcase") if c.get("classname").endswith(".stages")]
    assert all(float(c.get("time")) >= 0 for c in cases)
    found = {c.get("name"): c.get("status") for c in cases}
    return {s: "passed" if verdict == "warned" and s in ("validate", "revalidate") else verdict for s, verdict in found.items()}


def _gone(name: str, tmp_path: Path) -> None:
    """Neither the cluster nor its kubeconfig nor the lease of it."""
    assert name not in _listed()
    assert not list((tmp_path / "state/assay/kubeconfigs").glob("*"))
    assert not (tmp_path / f"state/assay/leases/{name}").exists()


def test_a_cluster_from_nothing_to_nothing_and_at_once_again(flow: Any, spare: str, tmp_path: Path) -> None:
    """The second flow finds no trace of the first, and is tidied up in its turn, though it fails in the middle."""
    done = flow(GOOD, results="first")
    assert done.returncode == 0
    stages = _stages(flow.book.results)
    assert list(stages) == STAGES
    assert {s for s, verdict in stages.items() if verdict != "passed"} <= {"revert", "prepull", "health", "leftovers"}
    assert stages["leftovers"] == "skipped", "nobody knows of what the lab is made"
    assert stages["revert"] == "skipped" and not {"failed", "inconclusive"} & set(stages.values())
    _gone(spare, tmp_path)
    page = (flow.book.results / "report.html").read_text()
    assert all(stage in page for stage in STAGES) and "dns" in page
    assert (flow.book.results / "before/report.html").exists()
    run = json.loads((flow.book.results / "records.json").read_text())["runs"][0]
    provision = next(r for r in run["records"] if r["check"] == "provision")
    assert run["seconds"] > provision["seconds"] > 1 and provision["message"].startswith(f"{spare} was made")
    done = flow(BAD, "-e", '{"pipeline_skip": ["prepull", "health"]}', results="second")
    assert done.returncode == 2 and "the stage hook failed, and the checks after it passed" in " ".join(done.stdout.split())
    stages = _stages(flow.book.results)
    assert stages["hook"] == "failed" and stages["prepull"] == "skipped"
    assert {stages[s] for s in ("validate", "revalidate", "report", "dispose", "release")} == {"passed"}
    assert stages["leftovers"] == "skipped"
    [failed] = [r for r in flow.book.records() if r["check"] == "hook"]
    assert failed["message"] == "the upgrade did not work" and failed["cause"] == "stage.failed(hook)"
    _gone(spare, tmp_path)


@pytest.mark.gauntlet
def test_after_an_interrupt_it_is_tidied_up_and_told(flow: Any, spare: str, tmp_path: Path) -> None:
    flow.hook.write_text(LONG)
    skip = json.dumps({"pipeline_skip": ["prepull", "health"], "pipeline_hook": str(flow.hook)})
    running = subprocess.Popen(flow.book._command("-e", skip, playbook="pipeline"),  # pylint: disable=protected-access
                               env=flow.book.env, text=True, start_new_session=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = flow.book.results / "pipeline" / f"{spare}.json"
    limit = time.monotonic() + 1800

    def kept() -> dict[str, Any]:
        assert time.monotonic() < limit
        time.sleep(0.3)
        return json.loads(state.read_text()) if state.exists() else {"values": {}}

    while kept()["values"].get("running") != "hook":
        assert running.poll() is None
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(900) != 0
    while not kept().get("ended"):
        pass
    while any("ansible" in command_line(p) for p in flow.book.processes()):
        kept()
    stages = _stages(flow.book.results)
    assert stages["hook"] == "failed" and stages["provision"] == stages["validate"] == "passed"
    assert {stages[s] for s in ("report", "dispose", "release")} == {"passed"} and stages["leftovers"] == "skipped"
    assert "the playbook ended while this stage ran" in (flow.book.results / "junit.xml").read_text()
    _gone(spare, tmp_path)


def test_what_is_wrong_is_told_before_anything_is_done(playbook: Any, spare: str, tmp_path: Path) -> None:
    def refused(sentence: str, *more: str, **variables: Any) -> None:
        book = playbook(**{spare: {**_variables(tmp_path), **variables}})
        book.env["XDG_STATE_HOME"] = str(tmp_path / "state")
        done = book.run(*more, playbook="pipeline")
        assert done.returncode == 2 and sentence in done.stdout + done.stderr
        assert not book.results.exists() and not (tmp_path / "state").exists()

    refused("pipeline_skip: there is no stage 'prepul'; did you mean prepull?", "-e", '{"pipeline_skip": ["prepul"]}')
    refused("pipeline_start_at: there is no stage 'hok'; did you mean hook?", "-e", "pipeline_start_at=hok")
    refused("so there is no pipeline of", "-e", "pipeline_start_at=hook")
    refused(f"{spare} is not marked as disposable, nothing was done", cluster_disposable=False)
    refused("pipeline_hook: there is no file /no/such.yml", "-e", "pipeline_hook=/no/such.yml")
    refused("name an inventory with -i", "-e", "validate_hosts=nobody")


def test_what_another_holds_is_left_alone(flow: Any, spare: str, tmp_path: Path) -> None:
    lease = tmp_path / "state/assay/leases" / spare
    lease.parent.mkdir(parents=True)
    options = {"holder": "another", "backend": "file", "path": str(lease), "duration": 600}
    assert module("cluster_lease", options)["held"]
    done = flow()
    stages = _stages(flow.book.results)
    assert done.returncode == 2 and "is held by another" in done.stdout and spare not in _listed()
    assert stages["lease"] == "failed" and stages["report"] == "passed"
    assert {stages[s] for s in STAGES} - {stages["lease"], stages["report"]} == {"skipped"}
    assert module("cluster_lease", {**options, "state": "renewed"})["held"]


@pytest.mark.gauntlet
def test_what_is_left_at_a_provider_fails_the_flow(playbook: Any, kubeconfig: str, moto: str, tmp_path: Path) -> None:
    volume = client(moto).create_volume(AvailabilityZone=f"{REGION}a", Size=1, TagSpecifications=[
        {"ResourceType": "volume", "Tags": [{"Key": "kubernetes.io/cluster/c", "Value": "owned"}]}])["VolumeId"]
    book = playbook(c={"cluster_kubeconfig": str(kubeconfig), "dispose_providers": ["aws"], "dispose_wait_timeout": 0,
                       "dispose_aws": {
                           "access_key": KEYS["aws_access_key_id"], "secret_key": KEYS["aws_secret_access_key"],
                           "region": REGION, "endpoint_url": moto}, "pipeline_names_with_run": False})
    book.env["XDG_STATE_HOME"] = str(tmp_path / "state")
    done = book.run("-e", '{"pipeline_skip": ["health", "prepull", "validate"]}', playbook="pipeline")
    stages = _stages(book.results)
    assert done.returncode == 2 and stages["leftovers"] == "failed" and stages["dispose"] == stages["release"] == "passed"
    [left] = [r for r in book.records() if r["check"] == "leftovers"]
    assert left["message"].startswith(f"1 left: volume {volume}") and left["cause"].startswith("leak.provider")
    assert volume in left["leftovers"][0]


@pytest.mark.gauntlet
def test_it_goes_on_where_it_was_stopped(playbook: Any, kubeconfig: str, tmp_path: Path) -> None:
    book = playbook()
    book.env["XDG_STATE_HOME"] = str(tmp_path / "state")
    hook = tmp_path / "hook.yml"

    def run(skip: list[str], *more: str) -> int:
        variables = {"pipeline_skip": ["health", "prepull", *skip], "pipeline_hook": str(hook), "validate_checks": ["dns"]}
        return book.run("-e", json.dumps(variables), *more, playbook="pipeline").returncode

    hook.write_text(BAD)
    assert run(["dispose", "release"]) == 2
    before = {r["check"]: r for r in book.records()}
    assert before["hook"]["verdict"] == "failed" and (tmp_path / "state/assay/leases/c").exists()
    hook.write_text(GOOD)
    assert run([], "-e", "pipeline_start_at=hook") == 0
    after = {r["check"]: r for r in book.records()}
    assert [after[s]["started"] == before[s]["started"] for s in ("lease", "validate", "hook", "revalidate")] == [
        True, True, False, False]
    assert after["hook"]["verdict"] == after["release"]["verdict"] == "passed" and after["revalidate"]["verdict"] in WELL
    assert after["hook"]["run_id"] == before["hook"]["run_id"] and not (tmp_path / "state/assay/leases/c").exists()


@pytest.mark.gauntlet
def test_one_cluster_that_cannot_be_reached_does_not_stop_the_others(playbook: Any, kubeconfig: str,
                                                                     tmp_path: Path) -> None:
    book = playbook(good={"cluster_kubeconfig": str(kubeconfig)},
                    gone={"cluster_host": "https://127.0.0.1:1", "cluster_api_key": "x"})
    book.env["XDG_STATE_HOME"] = str(tmp_path / "state")
    done = book.run("-e", json.dumps({"pipeline_skip": ["health", "prepull"], "validate_checks": ["dns"],
                                      "validate_limit": 60}), playbook="pipeline")
    assert done.returncode == 2 and (book.results / "report.html").exists()
    runs = {r["cluster"]: {c["check"]: c for c in r["records"]} for r in
            json.loads((book.results / "records.json").read_text())["runs"]}
    assert {runs["good"][s]["verdict"] for s in ("lease", "validate", "revalidate", "dispose", "release")} <= {
        "passed", "warned", "skipped"}
    assert runs["good"]["validate"]["verdict"] in WELL and proved(runs["good"]["dns"])
    assert "failed" in {c["verdict"] for c in runs["gone"].values()}
    assert any("127.0.0.1:1" in c["message"] for c in runs["gone"].values())
    assert {p.suffix for p in (tmp_path / "state/assay/leases").iterdir()} == {".lock"}  # released; their locks are kept


def test_in_check_mode_the_plan_is_all(playbook: Any, spare: str, tmp_path: Path) -> None:
    book = playbook(**{spare: _variables(tmp_path)})
    done = book.run("--check", "-e", '{"pipeline_skip": ["prepull"]}', playbook="pipeline")
    assert done.returncode == 0 and '"prepull: by pipeline_skip"' in done.stdout
    assert f'"provision: {spare} is made on command, ' in done.stdout
    assert not book.results.exists()


@pytest.mark.parametrize("snapshot", [pytest.param("golden", marks=pytest.mark.gauntlet), "goldn"])
def test_machines_are_reverted_and_the_cluster_of_theirs_is_proved(playbook: Any, lab: Any, tmp_path: Path,
                                                                   snapshot: str) -> None:
    machines = ["DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1"]
    with vcsim(machines=2) as center:
        taken = module("vm_snapshot", {**center.options, "names": machines, "snapshot_name": "golden", "growth_percent": 0})
        assert taken["changed"], taken
        book = playbook(c={"cluster_kubeconfig": str(lab.kubeconfig), "cluster_disposable": True, "snapshot_boot_delay": 0,
                           "cluster_machines": {**center.options, "names": machines}, "validate_checks": ["dns"],
                           "prepull_checks": ["dns"], "pipeline_snapshot": snapshot, "dispose_wait_timeout": 30})
        book.env["XDG_STATE_HOME"] = str(tmp_path / "state")
        done = book.run(playbook="pipeline")
        seen = module("vm_snapshot_info", {**center.options, "names": machines})
    stages = _stages(book.results)
    assert {m["power"] for m in seen["machines"]} == {"on"} and center.options["password"] not in done.stdout
    if snapshot == "golden":
        assert done.returncode == 0 and stages["provision"] == stages["hook"] == "skipped"
        assert {stages[s] for s in ("revert", "validate", "dispose", "leftovers", "release")} == {"passed"}
        [reverted] = [r for r in book.records() if r["check"] == "revert"]
        assert f"as in the snapshot golden, {len(lab.machines)} nodes Ready" in reverted["message"]
    else:
        assert done.returncode == 2 and stages["revert"] == "failed" and stages["validate"] == "skipped"
        assert "has no snapshot 'goldn'; there are: 'golden'" in (book.results / "junit.xml").read_text()
        assert {stages[s] for s in ("report", "dispose", "leftovers", "release")} == {"passed"}
    assert str(lab.api("/api/v1/namespaces/kube-system")["metadata"]["uid"])
