# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module cluster makes a real cluster by platform `command`, changes nothing twice, and disposes of it."""
from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LAB = [sys.executable, "-m", "tests.lab"]
PLAY = [{"name": "Play", "hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": [
    {"name": "Cluster", "assay.clusters.cluster": "{{ wanted }}", "register": "made"},
    {"name": "Keep", "ansible.builtin.copy": {"content": "{{ made | to_json }}", "dest": "{{ out }}", "mode": "0600"},
     "check_mode": False},
]}]
pytestmark = pytest.mark.lab


@pytest.fixture
def name(spare: str) -> Iterator[str]:
    """Of a cluster that is gone before and after."""
    def down() -> None:
        subprocess.run([*LAB, "down", "--name", spare], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)

    down()
    yield spare
    down()


@pytest.fixture
def run(name: str, tmp_path: Path) -> Any:
    """run(check, **options): the play's output and the module's result, None where the task failed."""
    (tmp_path / "play.json").write_text(json.dumps(PLAY))
    command = {"workdir": str(tmp_path / "work"), "environment": {"PYTHONPATH": str(CHECKOUT)},
               "create": [*LAB, "up", "--name", "{name}", "--workers", "{nodes}"], "repeatable": True,
               "delete": [*LAB, "down", "--name", "{name}"], "kubeconfig": [*LAB, "kubeconfig", "--name", "{name}"],
               "list": [*LAB, "status"]}

    def call(check: bool = False, **options: Any) -> tuple[str, dict[str, Any] | None]:
        wanted = {"name": name, "platform": "command", "command": command, "nodes": 1, "wait_sleep": 1, "timeout": 300,
                  "kubeconfig": str(tmp_path / "made.kubeconfig"), "return_kubeconfig": True, **options}
        out = tmp_path / "result.json"
        out.unlink(missing_ok=True)
        done = subprocess.run(["ansible-playbook", str(tmp_path / "play.json"), "-e", json.dumps(
            {"wanted": wanted, "out": str(out)}), *(["--check"] if check else [])], text=True, check=False,
            capture_output=True, env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0"})
        print(done.stdout, done.stderr)
        return done.stdout + done.stderr, json.loads(out.read_text()) if out.exists() else None

    return call


@pytest.mark.gauntlet
def test_a_real_cluster_from_nothing_to_nothing(run: Any, name: str, tmp_path: Path) -> None:
    _text, plan = run(check=True)
    assert plan["changed"] and plan["cluster"]["state"] == "absent" and not (tmp_path / "made.kubeconfig").exists()
    text, made = run()
    assert made["changed"] and made["cluster"]["phase"] == "ready" and made["cluster"]["nodes"] == 1
    assert made["cluster"]["uid"] and made["cluster"]["version"].startswith("v1.") and f"localhost: {name}: lab: [" in text
    assert stat.S_IMODE((tmp_path / "made.kubeconfig").stat().st_mode) == 0o600
    assert made["kubeconfig"] == (tmp_path / "made.kubeconfig").read_text()
    _text, again = run()
    assert not again["changed"] and again["cluster"]["uid"] == made["cluster"]["uid"]
    refused, nothing = run(state="absent")
    assert nothing is None and f"{name} is not marked as disposable" in refused
    refused, nothing = run(state="absent", disposable=True, cluster_id="another")
    assert nothing is None and f"cluster_id: {name} is" in refused
    _text, gone = run(state="absent", disposable=True, cluster_id=made["cluster"]["uid"])
    assert gone["changed"] and gone["cluster"]["state"] == "absent" and not (tmp_path / "made.kubeconfig").exists()
    assert not run(state="absent", disposable=True)[1]["changed"]


@pytest.mark.gauntlet
def test_half_of_a_real_cluster_is_disposed_of(run: Any, name: str) -> None:
    late, nothing = run(timeout=10)
    assert nothing is None and "the time was up while" in late and "disposes of what there is" in late
    _text, gone = run(state="absent", disposable=True)
    assert gone["changed"]
    listed = subprocess.run([*LAB, "status"], cwd=CHECKOUT, check=True, text=True, capture_output=True).stdout
    assert name not in [line.split()[0] for line in listed.splitlines()]
