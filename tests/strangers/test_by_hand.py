# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Strangers' clusters by the lab's command line, and what is left of one whose keeper was killed."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.lab]
CHECKOUT = Path(__file__).resolve().parents[2]


def _lab(lab: Any, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tests.lab", *words, "--name", lab.name], cwd=CHECKOUT, text=True, capture_output=True,
                          check=False)


def _nodes(lab: Any) -> set[str]:
    return {n["metadata"]["name"] for n in lab.api("/api/v1/nodes")["items"]}


def test_like_and_unlike(lab: Any) -> None:
    before = _nodes(lab)
    done = _lab(lab, "like", "fargate")
    assert done.returncode == 0 and f"KUBECONFIG={lab.kubeconfig}" in done.stdout, done
    assert "virtual-node-aci-linux" in _nodes(lab) - before
    assert _lab(lab, "like", "fargate").returncode == 1
    assert _lab(lab, "unlike").returncode == 0 and _nodes(lab) == before
    assert not [*(lab.folder / "like").glob("*.pid")]


def test_a_keeper_that_is_killed_leaves_nothing_that_status_does_not_mend(lab: Any) -> None:
    before = _nodes(lab)
    assert _lab(lab, "like", "windows").returncode == 0
    os.kill(int((lab.folder / "like/windows.pid").read_text().split()[0]), signal.SIGKILL)
    done = _lab(lab, "status")
    assert done.returncode == 0 and _nodes(lab) == before, done.stdout
    assert _lab(lab, "unlike").returncode == 0 and not [*(lab.folder / "like").glob("*.pid")]


def test_a_name_that_nobody_knows(lab: Any) -> None:
    done = _lab(lab, "like", "openshfit")
    assert done.returncode == 1 and "openshift" in done.stderr and "Traceback" not in done.stderr
