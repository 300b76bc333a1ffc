# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The flow, seen red: the hook broke the cluster, or it is not healthy to begin with; the stage carries the cause."""
from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import node_to_lose
from tests.integration.conftest import WELL, Playbook

pytestmark = [pytest.mark.faults, pytest.mark.lab]
# A hook that waits until the test has broken the cluster.
HOOK = """---
- name: The hook has begun
  ansible.builtin.copy:
    content: ""
    dest: "{folder}/begun"
    mode: "0644"

- name: The cluster is broken
  ansible.builtin.wait_for:
    path: "{folder}/broken"
    timeout: 120
"""


@pytest.fixture
def book(lab: Any, tmp_path: Path) -> Any:
    (tmp_path / "hook.yml").write_text(HOOK.format(folder=tmp_path))
    made = Playbook(tmp_path, {"c": {"cluster_kubeconfig": str(lab.kubeconfig), "validate_checks": ["dns"]}})
    yield made
    made.kill_all()


def _records(book: Playbook) -> dict[str, dict[str, Any]]:
    return {r["check"]: r for r in book.records()}


@pytest.mark.gauntlet
def test_the_hook_breaks_the_cluster(lab: Any, book: Playbook, tmp_path: Path) -> None:
    variables = json.dumps({"pipeline_skip": ["health", "prepull"], "pipeline_hook": str(tmp_path / "hook.yml")})
    running = book.start("-e", variables, playbook="pipeline")
    until = time.monotonic() + 120
    while not (tmp_path / "begun").exists():
        assert running.poll() is None and time.monotonic() < until
        time.sleep(0.1)
    with lab.fault.scale("kube-system", "coredns", 0):
        (tmp_path / "broken").write_text("")
        shown, _error = running.communicate(timeout=400)
    print(shown)
    found = _records(book)
    assert running.returncode == 2 and found["validate"]["verdict"] in WELL and found["hook"]["verdict"] == "passed"
    after = found["revalidate"]
    assert (after["verdict"], after["cause"], after["consequence_of"]) == ("failed", "dns.server-down", "dns.server-down")
    dns = found["dns"]
    assert (dns["verdict"], dns["cause"], dns["confidence"]) == ("failed", "dns.server-down", "confirmed")
    assert (dns["scope"], dns["consequence_of"]) == (["deployment/kube-system/coredns"], "")
    assert [found[s]["verdict"] for s in ("report", "dispose", "leftovers", "release")] == ["passed"] * 4
    before = json.loads((book.results / "before/records.json").read_text())["runs"][0]
    assert before["verdict"] in WELL


@pytest.mark.gauntlet
def test_a_cluster_that_is_not_healthy_is_not_proved(lab: Any, book: Playbook) -> None:
    short = node_to_lose(lab)
    with lab.fault.node_power_off(short):
        done = book.run("-e", '{"pipeline_skip": ["prepull"]}', playbook="pipeline")
    found = _records(book)
    assert done.returncode == 2 and found["health"]["verdict"] == "failed"
    health = found["health"]
    assert (health["cause"], health["scope"]) == ("node.unreachable", [f"node/{lab.node_name(short)}"]), health
    assert found["validate"]["verdict"] == "skipped" and found["validate"]["message"] == "the stage health failed"
    assert found["release"]["verdict"] == "passed"
