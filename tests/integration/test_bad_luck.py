# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bad luck: killed and interrupted runs leave nothing for good, and a restart of the API server is outlasted."""
from __future__ import annotations

import os
import random
import signal
import time
from typing import Any

import pytest

OURS = "/api/v1/namespaces?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dassay.clusters"
# SOAK_ROUNDS=20 is what `make soak` runs.
ROUNDS = int(os.environ.get("SOAK_ROUNDS", "4"))
CHECKS = '{"validate_checks": ["pod_network", "storage", "service"]}'


def _left(lab: Any) -> list[str]:
    spaces = [n["metadata"]["name"] for n in lab.api(OURS)["items"]]
    volumes = [v["metadata"]["name"] for v in lab.api("/api/v1/persistentvolumes")["items"]
               if v["spec"].get("claimRef", {}).get("namespace", "").startswith("assay-")]
    return spaces + volumes


def _wait_for_nothing(lab: Any, seconds: float) -> list[str]:
    end = time.monotonic() + seconds
    while (left := _left(lab)) and time.monotonic() < end:
        time.sleep(0.5)
    return left


@pytest.fixture
def bystander(lab: Any) -> Any:
    """A namespace that looks much like ours and is not."""
    name = "assay-00000000"
    lab.api("/api/v1/namespaces", "POST", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    found = [n["metadata"] for n in lab.api("/api/v1/namespaces")["items"] if n["metadata"]["name"] == name]
    lab.api(f"/api/v1/namespaces/{name}", "DELETE")
    assert len(found) == 1 and not found[0].get("deletionTimestamp")


@pytest.mark.lab
def test_killed_runs_are_finished_by_the_next(lab: Any, playbook: Any, bystander: str) -> None:
    book = playbook(c={"cluster_kubeconfig": str(lab.kubeconfig)})
    moments = random.Random(os.environ.get("SOAK_SEED", "assay"))
    made = 0
    for turn in range(ROUNDS):
        process = book.start("-e", CHECKS)
        time.sleep(moments.uniform(1.0, 9.0))
        made += len(_left(lab))
        os.kill(process.pid, signal.SIGKILL)
        if turn % 2:  # every second time nothing survives that could clean up, as when a container is removed
            book.kill_all()
        process.wait()
    assert made, "no run was killed while it had something in the cluster"
    book.kill_all()
    last = book.run("-e", CHECKS)
    assert last.returncode == 0
    assert _wait_for_nothing(lab, 60) == []
    assert bystander in [n["metadata"]["name"] for n in lab.api("/api/v1/namespaces")["items"]]


@pytest.mark.lab
def test_a_killed_playbook_is_cleaned_up_without_a_next_run(lab: Any, playbook: Any) -> None:
    book = playbook(c={"cluster_kubeconfig": str(lab.kubeconfig)})
    process = book.start("-e", CHECKS)
    end = time.monotonic() + 30
    while not _left(lab) and time.monotonic() < end:
        time.sleep(0.1)
    assert _left(lab)
    os.kill(process.pid, signal.SIGKILL)
    assert _wait_for_nothing(lab, 90) == []
    end = time.monotonic() + 30
    while book.processes() and time.monotonic() < end:
        time.sleep(0.2)
    assert book.processes() == []


@pytest.mark.lab
def test_ctrl_c_starts_the_clean_up_and_it_finishes(lab: Any, playbook: Any) -> None:
    book = playbook(c={"cluster_kubeconfig": str(lab.kubeconfig)})
    process = book.start("-e", CHECKS)
    end = time.monotonic() + 30
    while not _left(lab) and time.monotonic() < end:
        time.sleep(0.1)
    assert _left(lab)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert _wait_for_nothing(lab, 90) == []


@pytest.mark.lab
def test_a_restart_of_the_api_server_is_outlasted(lab: Any, playbook: Any) -> None:
    book = playbook(c={"cluster_kubeconfig": str(lab.kubeconfig)})
    process = book.start("-e", '{"validate_checks": ["pod_network", "storage", "service", "dns"]}')
    end = time.monotonic() + 30
    while not _left(lab) and time.monotonic() < end:
        time.sleep(0.1)
    assert _left(lab)
    with lab.fault.stop("cp", "kube-apiserver"):
        time.sleep(2)
    out, _err = process.communicate(timeout=300)
    print(out)
    assert process.returncode == 0
    assert {r["verdict"] for r in book.records()} <= {"passed", "warned"}
    assert _wait_for_nothing(lab, 60) == []
