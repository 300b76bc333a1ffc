# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Platform `command`, and what all platforms share: present, absent, identity, names, deadlines."""
from __future__ import annotations

import ast
import json
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.arguments.platforms import CLUSTER_PLATFORM
from ansible_collections.assay.clusters.plugins.module_utils.clusters.flow import registry as cluster_platforms
from tests.fakes.api_server import FakeApiServer
from tests.fakes import maker

from .cluster_task import ensure, info, late

MAKER = [sys.executable, "-I", "-S", maker.__file__]


@pytest.fixture
def api() -> Iterator[FakeApiServer]:
    with FakeApiServer() as server:
        yield server


@pytest.fixture
def given(tmp_path: Path, api: FakeApiServer) -> dict[str, Any]:
    """Options for a cluster c1; change what a test wants otherwise."""
    return {"name": "c1", "platform": "command", "kubeconfig": str(tmp_path / "c1.kubeconfig"), "nodes": 2, "command": {
        "workdir": str(tmp_path / "work"), "environment": {"MAKER_KUBECONFIG": api.kubeconfig},
        "create": [*MAKER, "create", "{name}", "{nodes}"], "delete": [*MAKER, "delete", "{name}"],
        "list": [*MAKER, "list"], "kubeconfig": [*MAKER, "kubeconfig", "{name}"],
        "size": [*MAKER, "size", "{name}", "{nodes}"]}}


def _calls(given: dict[str, Any]) -> list[str]:
    log = Path(given["command"]["workdir"]) / "calls.log"
    return [w for w in log.read_text().splitlines() if w.split()[0] in ("create", "delete", "size")] if log.exists() else []


def _made(given: dict[str, Any]) -> list[str]:
    return sorted(json.loads((Path(given["command"]["workdir"]) / "made.json").read_text()))


def _gone(pid: int) -> None:
    """Waits: init takes its time with orphans."""
    for _look in range(100):
        try:
            state = re.search(r"State:\s+(\w)", Path(f"/proc/{pid}/status").read_text())
        except (FileNotFoundError, ProcessLookupError):
            return
        if state and state[1] == "Z":
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} lives on")


def test_made_found_and_disposed_of(given: dict[str, Any], api: FakeApiServer) -> None:
    made = ensure(**given)
    file = Path(given["kubeconfig"])
    assert not made["failed"] and made["changed"]
    assert made["cluster"]["uid"] == api.uid and made["cluster"]["version"] == "v1.31.4" and made["cluster"]["nodes"] == 2
    assert made["kubeconfig"] == file.read_text() and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert any("waiting for the control plane" in line for line in made["progress"])
    again = ensure(**given)
    assert not again["changed"] and again["cluster"]["uid"] == api.uid and again["kubeconfig"] == made["kubeconfig"]
    gone = ensure(**given, state="absent", disposable=True, cluster_id=api.uid)
    assert gone["changed"] and gone["cluster"]["state"] == "absent" and not file.exists() and _made(given) == []
    assert not ensure(**given, state="absent", disposable=True)["changed"]
    assert _calls(given) == ["create c1 2", "delete c1"]


def test_check_mode_says_what_would_be_and_does_nothing(given: dict[str, Any], api: FakeApiServer) -> None:
    plan = ensure(True, **given)
    assert plan["changed"] and _calls(given) == [] and not Path(given["kubeconfig"]).exists()
    assert plan["diff"] == {"before": {"name": "c1", "state": "absent"},
                            "after": {"name": "c1", "state": "present", "version": "", "nodes": 2}}
    ensure(**given)
    assert not ensure(True, **given)["changed"]
    Path(given["kubeconfig"]).unlink()
    assert ensure(True, **given)["changed"] and not Path(given["kubeconfig"]).exists()
    more = ensure(True, **{**given, "nodes": 4})
    assert more["changed"] and (more["diff"]["before"]["nodes"], more["diff"]["after"]["nodes"]) == (2, 4)
    gone = ensure(True, **given, state="absent", disposable=True)
    assert gone["changed"] and gone["diff"]["after"] == {"name": "c1", "state": "absent"}
    assert _calls(given) == ["create c1 2"] and _made(given) == ["c1"]


def test_another_size_is_asked_for_once(given: dict[str, Any], api: FakeApiServer) -> None:
    ensure(**given)
    api.nodes = 4
    more = ensure(**{**given, "nodes": 4})
    assert more["changed"] and more["cluster"]["nodes"] == 4
    assert not ensure(**{**given, "nodes": 4})["changed"]
    assert _calls(given) == ["create c1 2", "size c1 4"]


def test_what_cannot_be_changed_or_goes_back_is_refused(given: dict[str, Any]) -> None:
    ensure(**given)
    newer = ensure(**given, version="1.32")
    assert newer["failed"] and "command.version: is missing" in newer["msg"]
    older = ensure(**given, version="1.30")
    assert older["failed"] and "does not go back to 1.30" in older["msg"] and not older["changed"]
    none = ensure(**{**given, "nodes": 0})
    assert none["failed"] and none["msg"].startswith("nodes: must be at least 1")
    assert not ensure(**given, version="1.31")["changed"] and _calls(given) == ["create c1 2"]


def test_half_made_is_told_and_can_be_disposed_of(given: dict[str, Any]) -> None:
    environment = given["command"]["environment"]
    environment["MAKER_FAIL"] = "create"
    failed = ensure(**given)
    assert failed["failed"] and failed["changed"]
    assert "exit status 3" in failed["msg"] and "quota exceeded: 0 of 3 machines" in failed["msg"]
    assert "state: absent with the same name" in failed["msg"]
    assert "waiting for the control plane" in failed["log"] and "hunter2planted" not in json.dumps(failed)
    del environment["MAKER_FAIL"]
    again = ensure(**given)
    assert again["failed"] and "half made" in again["msg"] and not again["changed"] and again["log"]
    assert info(**{n: given[n] for n in ("platform", "command")})["clusters"][0]["phase"] == "failed"
    assert ensure(**given, state="absent", disposable=True)["changed"]
    assert not ensure(**given)["failed"] and _calls(given) == ["create c1 2", "delete c1", "create c1 2"]


def test_a_repeatable_program_goes_on(given: dict[str, Any]) -> None:
    given["command"]["environment"]["MAKER_FAIL"] = "create"
    given["command"]["repeatable"] = True
    assert ensure(**given)["failed"]
    del given["command"]["environment"]["MAKER_FAIL"]
    assert ensure(**given)["changed"] and _calls(given) == ["create c1 2"] * 2


def test_the_deadline_ends_the_whole_process_group(given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.assay.clusters.plugins.module_utils.jobs.program._GRACE", 0.3)
    given["command"]["environment"]["MAKER_HANG"] = "create"
    pid = Path(given["command"]["workdir"]) / "child.pid"
    ended = late(lambda _told: pid.exists() and bool(pid.read_text()), **given)
    assert ended["failed"] and ended["changed"] and "the time was up while" in ended["msg"]
    assert "waiting for the control plane" in ended["msg"]
    _gone(int(pid.read_text()))
    del given["command"]["environment"]["MAKER_HANG"]
    assert not ensure(**given, state="absent", disposable=True)["failed"]


def test_a_cluster_of_others_is_left_alone(given: dict[str, Any]) -> None:
    work = Path(given["command"]["workdir"])
    work.mkdir()
    (work / "made.json").write_text(json.dumps({"c1": {"name": "c1", "status": "RUNNING", "currentNodeCount": 2}}))
    for more in ({}, {"state": "absent", "disposable": True}):
        refused = ensure(**given, **more)
        assert refused["failed"] and "did not make" in refused["msg"] and not refused["changed"]
    adopted = ensure(**given, adopt=True)
    assert not adopted["failed"] and _calls(given) == []
    assert ensure(**given, state="absent", disposable=True, adopt=True)["changed"]


def test_only_what_is_disposable_is_disposed_of(given: dict[str, Any]) -> None:
    ensure(**given)
    for check_mode in (True, False):
        refused = ensure(check_mode, **given, state="absent")
        assert refused["failed"] and refused["msg"].startswith("disposable: c1 is not marked") and not refused["changed"]
    assert _made(given) == ["c1"]


def test_the_identity_is_compared_before_the_end(given: dict[str, Any], api: FakeApiServer) -> None:
    ensure(**given)
    wrong = ensure(**given, state="absent", disposable=True, cluster_id="3d0e2b0c-other")
    assert wrong["failed"] and "cluster_id: c1 is" in wrong["msg"] and api.uid in wrong["msg"]
    was, api.uid = api.uid, "4711-rebuilt-by-somebody"
    moved = ensure(**given, state="absent", disposable=True)
    assert moved["failed"] and "4711-rebuilt" in moved["msg"] and not moved["changed"]
    assert "leads to another cluster" in ensure(**given)["msg"]
    api.uid = was
    with FakeApiServer() as other:
        Path(given["kubeconfig"]).write_text(other.kubeconfig)
        foreign = ensure(**given, state="absent", disposable=True)
    assert foreign["failed"] and foreign["msg"].startswith("kubeconfig: ") and other.uid in foreign["msg"]
    assert _made(given) == ["c1"]


def test_deleted_by_somebody_else(given: dict[str, Any]) -> None:
    ensure(**given)
    (Path(given["command"]["workdir"]) / "made.json").write_text("{}")
    assert not ensure(**given, state="absent", disposable=True)["changed"]
    assert ensure(**given)["changed"] and _calls(given) == ["create c1 2"] * 2


@pytest.mark.parametrize("wanted", [5, 2])
def test_a_wish_is_counted_with_the_control_plane_or_without(given: dict[str, Any], api: FakeApiServer, wanted: int) -> None:
    """Nobody but the API server tells the number: three nodes of the control plane, which may be workers, and two others."""
    del given["command"]["list"]
    api.crew = [("control", "etcd", "worker")] * 3 + [("worker",)] * 2
    made = ensure(**{**given, "nodes": wanted})
    assert not made["failed"] and made["cluster"]["nodes"] == wanted, made
    assert not ensure(**{**given, "nodes": wanted})["changed"]


def test_nodes_that_are_not_ready_are_waited_for(given: dict[str, Any], api: FakeApiServer) -> None:
    api.not_ready = 1
    ended = late(lambda told: "nodes Ready" in told, **given)
    assert ended["failed"] and "1 of 2 nodes Ready, not n0" in ended["msg"] and ended["cluster"]["phase"] == "ready"
    assert not ensure(**given, timeout=60, wait_until="api")["failed"]


def test_a_cluster_that_does_not_answer(given: dict[str, Any]) -> None:
    way = {"clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}], "users": [],
           "contexts": [{"name": "c", "context": {"cluster": "c"}}], "current-context": "c"}
    given["command"]["environment"]["MAKER_KUBECONFIG"] = json.dumps(way)
    ended = late(lambda told: "does not answer yet" in told, **given)
    assert ended["failed"] and "the API server does not answer yet" in ended["msg"]
    assert ensure(**given, state="absent", disposable=True)["changed"]


def test_names_carry_run_and_expiry(given: dict[str, Any]) -> None:
    made = ensure(**given, run_id="3f9a1c07", lifetime=7200)["cluster"]
    assert re.fullmatch(r"c1-3f9a1c07-x\d{8}", made["name"]) and made["run_id"] == "3f9a1c07" and not made["expired"]
    assert not ensure(**given, run_id="3f9a1c07")["changed"]
    ensure(**{**given, "kubeconfig": None}, run_id="5c5c5c5c", lifetime=-7200)
    platform = {n: given[n] for n in ("platform", "command")}
    assert [c["name"] for c in info(**platform, name="c1", run_id="3f9a1c07")["clusters"]] == [made["name"]]
    assert [c["expired"] for c in info(**platform)["clusters"]] == [False, True]
    assert ensure(**given, run_id="3f9a1c07", state="absent", disposable=True)["changed"]
    assert len(_made(given)) == 1


@pytest.mark.parametrize(("change", "words"), [
    ({"name": "-rf"}, "name: must be letters"), ({"run_id": "A B"}, "run_id: must be"),
    ({"version": "newest"}, "version: must be like 1.31"), ({"name": "c" * 101}, "name: c"),
    ({"command": {"create": []}}, "command.create: is missing"),
    ({"command": {"delete": ["x", "{cluster}"]}}, "command.delete: there is no placeholder {cluster}"),
    ({"command": {"create": ["no-such-program", "{name}"]}}, "there is no program no-such-program"),
    ({"command": {"list": ["true"], "list_pattern": "("}}, "command.list_pattern: is no regular expression"),
    ({"command": {"create": ["x", "{version}"]}}, "version: is needed"),
])
def test_bad_options_are_one_sentence_and_change_nothing(given: dict[str, Any], change: dict[str, Any], words: str) -> None:
    command = {**given["command"], **change.pop("command", {})}
    for check_mode in (True, False):
        bad = ensure(check_mode, **{**given, **change, "command": command})
        assert bad["failed"] and bad["msg"].startswith(words) and not bad["changed"], bad
    assert _calls(given) == []


def test_a_kubeconfig_with_other_clusters_is_not_overwritten(given: dict[str, Any], api: FakeApiServer) -> None:
    both = json.loads(api.kubeconfig)
    both["clusters"].append({"name": "prod", "cluster": {"server": "https://prod"}})
    Path(given["kubeconfig"]).write_text(json.dumps(both))
    refused = ensure(**given)
    assert refused["failed"] and "holds other clusters (c, prod)" in refused["msg"] and _calls(given) == []


def test_two_at_once_do_not_meet(given: dict[str, Any]) -> None:
    from ansible_collections.assay.clusters.plugins.module_utils.clusters.notes import Notes

    ensure(**given)
    with Notes(Path(given["command"]["workdir"])).locked("c1"):
        busy = ensure(**given, state="absent", disposable=True)
    assert busy["failed"] and "another process works on c1" in busy["msg"] and _made(given) == ["c1"]


def test_a_killed_worker_takes_its_program_along(tmp_path: Path) -> None:
    code = ("import sys; from pathlib import Path; from ansible_collections.assay.clusters.plugins.module_utils.jobs "
            "import job, program; program.Program(Path(sys.argv[1]), {}, job.Job()).run(['sh', '-c', "
            "'echo $$ > pid; exec sleep 600'], 'c1')")
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env={**os.environ, "PYTHONPATH": ":".join(sys.path)}) as worker:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
            assert worker.poll() is None
            time.sleep(0.05)
        worker.kill()
    _gone(int((tmp_path / "pid").read_text()))


def test_without_waiting_no_kubeconfig_is_returned(given: dict[str, Any]) -> None:
    made = ensure(**given, wait=False)
    assert made["changed"] and "kubeconfig" not in made and made["cluster"]["phase"] == "ready"
    assert not ensure(**given, wait=False)["changed"] and not Path(given["kubeconfig"]).exists()
    assert ensure(**given, wait=False, state="absent", disposable=True)["changed"] and _made(given) == []


def test_a_module_is_packed_with_all_its_platforms() -> None:
    """Ansible finds by import statements what a module needs on a bastion."""
    tree = ast.parse(Path(cluster_platforms.__file__).read_text(encoding="utf-8"))
    imported = {str(n.module).split(".", maxsplit=1)[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level == 2}
    assert set(CLUSTER_PLATFORM["platform"]["choices"]) == set(cluster_platforms.PLATFORMS) <= imported


def test_a_program_that_only_asks_is_run_again(given: dict[str, Any], api: FakeApiServer) -> None:
    """What makes and unmakes is not: that is told."""
    given["command"]["environment"]["MAKER_TROUBLE"] = "list kubeconfig"
    assert not ensure(**given)["failed"] and not ensure(**given)["changed"]
    was, api.uid = api.uid, "4711-another"
    os.unlink(given["kubeconfig"])
    refused = ensure(**given, state="absent", disposable=True)
    assert refused["failed"] and "4711-another" in refused["msg"] and _made(given) == ["c1"]
    api.uid, given["command"]["environment"]["MAKER_TROUBLE"] = was, "delete"
    lost = ensure(**given, state="absent", disposable=True)
    assert lost["failed"] and "Service Unavailable" in lost["msg"] and _calls(given).count("delete c1") == 1
