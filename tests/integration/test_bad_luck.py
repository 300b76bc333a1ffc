# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bad luck: killed and interrupted runs leave nothing for good, and a restart of the API server is outlasted."""
from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.integration.conftest import eventually
from tests.proved import SKIPPED

OURS = "/api/v1/namespaces?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dassay.clusters"
ROUNDS = int(os.environ.get("SOAK_ROUNDS", "20"))
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


def _kill_at_random(lab: Any, book: Any, moments: random.Random, everything: bool) -> int:
    """Start a run and kill it somewhere between its start and its end; how much it had in the cluster then."""
    before = set(_left(lab))
    process = book.start("-e", CHECKS)
    if moments.random() < 0.75:  # else perhaps before it has anything there; how long a start takes is the machine's business
        eventually("a namespace, or its end", lambda: set(_left(lab)) - before or process.poll() is not None)
    time.sleep(moments.uniform(0.0, 6.0))
    made = len(_left(lab))
    os.kill(process.pid, signal.SIGKILL)
    if everything:  # nothing survives that could clean up, as when a container is removed
        book.kill_all()
    process.wait()
    return made


@pytest.mark.lab
def test_killed_runs_are_finished_by_the_next(lab: Any, playbook: Any, bystander: str) -> None:
    book, moments = playbook(c={"cluster_kubeconfig": str(lab.kubeconfig)}), random.Random("assay")
    made = sum(_kill_at_random(lab, book, moments, bool(turn % 2)) for turn in range(4))
    assert made, "no run was killed while it had something in the cluster"
    book.kill_all()
    assert book.run("-e", CHECKS).returncode == 0
    assert _wait_for_nothing(lab, 60) == []


@pytest.mark.lab
@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_every_killed_run_is_finished_by_its_next(lab: Any, playbook: Any, bystander: str) -> None:
    book, moments = playbook(c={"cluster_kubeconfig": str(lab.kubeconfig)}), random.Random(os.environ.get("SOAK_SEED"))
    made = 0
    for turn in range(ROUNDS):
        made += _kill_at_random(lab, book, moments, True)
        assert book.run("-e", CHECKS).returncode == 0, f"round {turn}"
        assert _wait_for_nothing(lab, 60) == [], f"round {turn}"
    assert made


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_healthy_cluster_is_green_every_time(playbook: Any) -> None:
    """Whether a failure is the cluster's or the test's: a check that fails now and then here is the test's."""
    for turn in range(ROUNDS):
        book = playbook()
        assert book.run().returncode == 0, f"round {turn}"
        verdicts = {r["verdict"] for r in book.records() if r["check"] not in SKIPPED}
        assert verdicts <= {"passed", "warned"}, f"round {turn}"


@pytest.mark.lab
def test_a_killed_playbook_is_cleaned_up_without_a_next_run(lab: Any, playbook: Any) -> None:
    book = playbook(c={"cluster_kubeconfig": str(lab.kubeconfig)})
    process = book.start("-e", CHECKS)
    eventually("its namespace", lambda: _left(lab))
    os.kill(process.pid, signal.SIGKILL)
    assert _wait_for_nothing(lab, 90) == []
    eventually("the end of its guardian", lambda: not book.processes())


@pytest.mark.lab
def test_ctrl_c_starts_the_clean_up_and_it_finishes(lab: Any, playbook: Any) -> None:
    book = playbook(c={"cluster_kubeconfig": str(lab.kubeconfig)})
    process = book.start("-e", CHECKS)
    eventually("its namespace", lambda: _left(lab))
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=180)
    assert process.returncode != 0
    assert _wait_for_nothing(lab, 90) == []


@contextmanager
def _counted(lab: Any) -> Iterator[Callable[[], int]]:
    """How often somebody on this machine began a connection to the API server since."""
    rule = ("INPUT", "-s", lab.host, "-p", "tcp", "--dport", "6443", "--syn")
    lab.in_node("cp", "iptables", "-I", *rule)
    try:
        yield lambda: int(lab.in_node("cp", "iptables", "-nvxL", "INPUT", "1").split()[0])
    finally:
        lab.in_node("cp", "iptables", "-D", *rule)


@pytest.mark.gauntlet
@pytest.mark.lab
def test_a_restart_of_the_api_server_is_outlasted(lab: Any, playbook: Any) -> None:
    book = playbook(c={"cluster_kubeconfig": str(lab.kubeconfig)})
    process = book.start("-e", '{"validate_checks": ["pod_network", "storage", "service", "dns"]}')
    eventually("its namespace", lambda: _left(lab))
    with lab.fault.stop("cp", "kube-apiserver"), _counted(lab) as asked:
        time.sleep(2)
        eventually("a question to the API server that is away", asked)
    out, _err = process.communicate(timeout=300)
    print(out)
    assert process.returncode == 0
    assert {r["verdict"] for r in book.records()} <= {"passed", "warned"}
    assert _wait_for_nothing(lab, 60) == []
