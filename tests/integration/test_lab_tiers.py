# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Add-ons of the lab come with `up --with`, are mended with their cluster, and go with it without a trace; on one of its
own."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import Lab, helpers
from tests.lab.base import state, wait_for
from tests.lab.tiers import autoscaler, load_balancer
from tests.runner.leftovers import of_lab, snapshot

pytestmark = pytest.mark.lab
CHECKOUT = Path(__file__).resolve().parents[2]
NAME = "tier14"


def _lab(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tests.lab", *words, "--name", NAME], cwd=CHECKOUT, text=True,
                          capture_output=True, check=False, timeout=600)


def _left(before: set[str]) -> list[str]:
    """What is there of this cluster; other workers' clusters come and go meanwhile."""
    others = {p.parent.name for p in state().glob("*/cluster.json")} - {NAME}
    return [*(line for line in of_lab(before, snapshot(), others) if NAME in line), *map(str, state().glob(f"*{NAME}*"))]


@pytest.fixture
def before(lab: Lab) -> Iterator[set[str]]:
    _lab("down")
    yield snapshot()
    _lab("down")


@pytest.mark.gauntlet
def test_load_balancers_and_their_client_outside(before: set[str]) -> None:
    done = _lab("up", "--with", "load_balancer")
    assert done.returncode == 0 and "load_balancer serves" in done.stdout, done.stdout + done.stderr
    lab = Lab(NAME)
    assert load_balancer.address(lab) in load_balancer.outside(lab, "ip", "-br", "addr") and lab.healthy()
    probe = helpers.pid(lab, load_balancer.PROBE)
    assert probe
    os.kill(probe, signal.SIGKILL)
    wait_for("the end of the probe", lambda: not lab.healthy(), 30)
    assert _lab("up").returncode == 0 and lab.healthy()
    assert f"lab-{NAME}-out" in " ".join(_left(before))
    assert _lab("down").returncode == 0
    assert _left(before) == []


@pytest.mark.gauntlet
def test_machines_of_a_cloud_that_was_killed_go_with_their_cluster(before: set[str]) -> None:
    done = _lab("up", "--with", "autoscaler")
    assert done.returncode == 0 and "autoscaler serves" in done.stdout, done.stdout + done.stderr
    lab = Lab(NAME)
    lab.api("/api/v1/namespaces/default/pods", "POST", {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "wants"}, "spec": {
            "nodeSelector": {"karpenter.sh/nodepool": autoscaler.POOL},
            "containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}]}})
    wait_for("a machine for the pod", lambda: autoscaler.machines(lab) and list((lab.folder / "nodes").glob("x*/pid")), 60)
    cloud = helpers.pid(lab, autoscaler.HELPER)
    assert cloud and lab.healthy()
    os.kill(cloud, signal.SIGKILL)
    wait_for("the end of the cloud", lambda: not lab.healthy(), 30)
    assert _lab("down").returncode == 0
    assert _left(before) == []
