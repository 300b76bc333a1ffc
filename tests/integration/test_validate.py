# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole suite through the shipped playbook: plan, results folder, least privilege, ansible-runner."""
from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.proved import SKIPPED

CHECKOUT = Path(__file__).resolve().parents[2]
ALL = {"api_server", "audit_log", "certificates", "nodes", "pod_network", "service", "dns", "storage"}


def test_every_check_passes_and_the_results_folder_is_complete(playbook: Any) -> None:
    book = playbook()
    done = book.run("-e", "dns_check_external_name=www.lab.test" if "KUBECONFIG" not in os.environ else "validate_x=1")
    assert done.returncode == 0
    records = book.records()
    assert {r["check"] for r in records} == ALL | {*SKIPPED}
    assert {r["check"] for r in records if r["verdict"] == "skipped"} == {*SKIPPED}
    assert {r["verdict"] for r in records} <= {"passed", "warned", "skipped"}
    schema = json.loads((CHECKOUT / "docs/schemas/records.schema.json").read_text())
    jsonschema.validate(json.loads((book.results / "records.json").read_text()), schema)
    assert {"records.json", "junit.xml", "report.html", "journal"} <= {p.name for p in book.results.iterdir()}
    [run] = json.loads((book.results / "records.json").read_text())["runs"]
    assert f"assay-{run['run_id']}" in Path(run["journal"]).read_text() and Path(run["journal"]).parent == book.results / "journal"
    assert all(any(f" {name} " in line and line.startswith("c ") for line in done.stdout.splitlines()) for name in ALL)
    assert not [r for r in records if r["leftovers"]]


def test_check_mode_prints_the_plan_and_makes_nothing(playbook: Any) -> None:
    book = playbook()
    done = book.run("--check")
    assert done.returncode == 0
    for word in ("agnhost", "namespaces", "DaemonSet", "pod_network", "limit"):
        assert word in done.stdout
    assert not list((book.folder / "state").rglob("*.jsonl"))


@pytest.mark.gauntlet
def test_ansible_runner_shows_each_line_as_it_happens(playbook: Any) -> None:
    import ansible_runner

    book = playbook()
    seen: list[tuple[float, str]] = []

    def event(data: dict[str, Any]) -> bool:
        for line in (data.get("stdout") or "").splitlines():
            seen.append((time.monotonic(), line))
        return True

    run = ansible_runner.run(
        private_data_dir=str(book.folder), playbook=str(CHECKOUT / "playbooks/validate.yml"),
        inventory=str(book.inventory), envvars=book.env, quiet=True, event_handler=event,
        extravars={"validate_results_dir": str(book.results), "validate_checks": ["nodes", "storage", "dns"]})
    assert run.rc == 0
    lines = {name: at for at, line in seen for name in ("nodes", "storage", "dns") if f" {name} " in line
             and line.startswith("c ")}
    assert set(lines) == {"nodes", "storage", "dns"}
    # storage writes, moves and deletes a volume: the others' lines must not have waited for it
    assert lines["nodes"] < lines["storage"]


def test_a_domain_role_and_a_single_check_in_a_users_playbook(playbook: Any) -> None:
    book = playbook()
    mine = book.folder / "mine.yml"
    mine.write_text("""
- name: A role of ours among the user's own
  hosts: all
  gather_facts: false
  connection: local
  roles:
    - role: assay.clusters.dns
  tasks:
    - name: One check as a task
      assay.clusters.check_nodes:
        expected: 99
      register: nodes
      ignore_errors: true
    - name: It was seen red
      ansible.builtin.assert:
        that: nodes is failed and 'node.not-joined' in nodes.msg
""")
    import subprocess
    done = subprocess.run(["ansible-playbook", str(mine), "-i", str(book.inventory)], env=book.env, text=True,
                          capture_output=True, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    assert " dns " in done.stdout
