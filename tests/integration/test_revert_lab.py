# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines of a simulated vCenter stand for those of the lab: reverted there, and the real cluster is waited for."""
from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.snapshots import ready as snapshot_ready
from tests.integration.conftest import Playbook
from tests.integration.machines import PAIR, golden, run
from tests.lab.vcsim import Vcsim

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def center() -> Iterator[Vcsim]:
    with golden() as made:
        yield made


@pytest.fixture
def options(center: Vcsim, lab: Any) -> dict[str, Any]:
    return {**center.options, "names": PAIR, "snapshot_name": "golden", "disposable": True, "boot_delay": 0,
            "kubeconfig": str(lab.kubeconfig)}


def _uid(lab: Any) -> str:
    return str(lab.api("/api/v1/namespaces/kube-system")["metadata"]["uid"])


def test_the_cluster_is_waited_for(options: dict[str, Any], lab: Any, tmp_path: Path) -> None:
    fixup = tmp_path / "fixup"
    fixup.write_text("#!/bin/sh\necho \"mending $(printf %s \"$ASSAY_MACHINES\" | tr -d '\\n') of $KUBECONFIG\"\n")
    fixup.chmod(0o755)
    done = run("vm_snapshot_revert", {**options, "cluster_id": _uid(lab), "post_revert_command": [str(fixup)]})
    assert done.get("changed") and not done.get("failed"), done
    assert done["cluster_id"] == _uid(lab)
    nodes = {lab.node_name(n) for n in lab.machines}
    assert {n["name"] for n in done["nodes"]} == nodes == set(done["skews"])
    assert all(abs(s) < 5 for s in done["skews"].values())
    mended = next(line for line in done["progress"] if "mending" in line)
    assert PAIR[0] in mended and str(lab.kubeconfig) in mended
    assert any(line.startswith("API server ready") for line in done["progress"])


def test_another_cluster_is_left_alone(options: dict[str, Any], center: Vcsim) -> None:
    failed = run("vm_snapshot_revert", {**options, "cluster_id": "0d3a2c55-0b7a-4f2e-9f5e-3a1e8a1f9c11"})
    assert failed["msg"].startswith("cluster_id: the cluster behind kubeconfig (https://") and not failed["changed"]
    assert "is it the kubeconfig of another cluster?" in failed["msg"] and "progress" not in failed


@pytest.mark.gauntlet
def test_a_node_that_does_not_come_back_is_named(options: dict[str, Any], lab: Any) -> None:
    short = next(n for n in lab.machines if n != "cp")
    with lab.fault.freeze(short, "kubelet"):
        failed = run("vm_snapshot_revert", {**options, "timeout": 25})
    assert failed["failed"] and failed["changed"]
    assert f"nodes to be Ready: {lab.node_name(short)}" in failed["msg"], failed["msg"]


def test_an_api_server_that_comes_back_late_is_waited_for(options: dict[str, Any], lab: Any) -> None:
    with ThreadPoolExecutor(1) as pool:
        with lab.fault.stop("cp", "kube-apiserver"):
            running = pool.submit(run, "vm_snapshot_revert", {**options, "timeout": 200, "cluster_id": "x"})
            time.sleep(8)
        failed = running.result()
    # it was not compared before, as nobody answered, and is compared when somebody does
    assert failed["failed"] and "cluster_id: the cluster behind kubeconfig" in failed["msg"], failed
    assert any("cluster_id was not compared before" in line for line in failed["progress"])


def test_clocks_that_are_wrong_are_named(options: dict[str, Any], lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One kernel, one clock: what is seen of one node is shifted here, the rest is real."""
    wrong, real = lab.node_name("n1"), snapshot_ready._epoch  # pylint: disable=protected-access
    renewals = snapshot_ready.Cluster._renewals  # pylint: disable=protected-access
    marked: set[str] = set()

    def seen(self: Any) -> dict[str, str]:
        found = renewals(self)
        marked.add(found[wrong])
        return found

    monkeypatch.setattr(snapshot_ready.Cluster, "_renewals", seen)
    monkeypatch.setattr(snapshot_ready, "_epoch", lambda text: real(text) - (3600 if text in marked else 0))
    failed = run("vm_snapshot_revert", {**options, "wait_for": ["clocks"]})
    assert failed["changed"] and re.search(rf"clocks are wrong after the revert: {wrong} -(3599|360\d)\.\d s", failed["msg"]), failed["msg"]


def test_a_fix_up_that_fails_says_so(options: dict[str, Any]) -> None:
    failed = run("vm_snapshot_revert", {**options, "post_revert_command": ["sh", "-c", "echo no time server; exit 3"]})
    assert failed["changed"] and "the fix-up sh -c" in failed["msg"] and "no time server" in failed["msg"]
    assert "there is no program" in run("vm_snapshot_revert", {**options, "post_revert_command": ["no-such-program"]})["msg"]


def test_bad_options_change_nothing(options: dict[str, Any], center: Vcsim) -> None:
    alone = {n: v for n, v in options.items() if n != "kubeconfig"}
    assert run("vm_snapshot_revert", {**alone, "wait_for": ["api"]})["msg"].startswith("wait_for: api needs the address of the cluster")
    assert run("vm_snapshot_revert", {**alone, "cluster_id": "x"})["msg"].startswith("cluster_id: is compared with the cluster behind")
    assert run("vm_snapshot_revert", {**options, "boot_at_once": 0})["msg"] == "boot_at_once: must be 1 or more, not 0"


def test_as_a_task_with_lines_as_it_goes(options: dict[str, Any], lab: Any, tmp_path: Path) -> None:
    """From an inventory: the address of the cluster is the host's, the log-in is that of the vCenter."""
    book = tmp_path / "play.yml"
    book.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [{
        "assay.clusters.vm_snapshot_revert": {n: v for n, v in options.items() if n != "kubeconfig"}, "diff": True}]}]))
    inventory = Playbook(tmp_path, {"prod": {"ansible_connection": "local", "cluster_kubeconfig": str(lab.kubeconfig),
                                             "cluster_username": "not for the vCenter"}})
    done = subprocess.run(["ansible-playbook", str(book), "-i", str(inventory.inventory)], env=inventory.env, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"prod: {PAIR[0]}: reverted" in done.stdout and "prod: API server ready" in done.stdout
    assert "as in snapshot 'golden'" in done.stdout and options["password"] not in done.stdout
