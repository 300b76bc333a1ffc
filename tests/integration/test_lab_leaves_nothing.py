# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab mends what killed processes broke, and goes without a trace; on a cluster of its own beside the others."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.lab.base import state, wait_for
from tests.runner.leftovers import of_lab, snapshot

pytestmark = pytest.mark.lab
CHECKOUT = Path(__file__).resolve().parents[2]
NAME = "gone15"
BREAKS = """
import time
from tests.lab import Lab

def test_that_never_ends():
    lab = Lab({name!r})
    with lab.fault.freeze("cp", "etcd"), lab.fault.drop_large_packets("n1"):
        open({mark!r}, "w").close()
        time.sleep(600)
"""


def _lab(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tests.lab", *words, "--name", NAME], cwd=CHECKOUT, text=True,
                          capture_output=True, check=False, timeout=300)


def _others() -> set[str]:
    return {p.parent.name for p in state().glob("*/cluster.json")} - {NAME}


def _start(*words: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", *map(str, words)], cwd=CHECKOUT, text=True, stdout=subprocess.PIPE,
                            start_new_session=True)


def _kill(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.fixture(scope="module")
def before(lab: Lab) -> Iterator[set[str]]:  # `lab`: what the first cluster of a machine changes is changed already
    _lab("down")
    yield snapshot()
    _lab("down")


def _left(before: set[str]) -> list[str]:
    """What is there of this cluster, or of nobody; other workers' clusters come and go between two looks."""
    others, after = _others(), snapshot()
    left = of_lab(before, after, others | _others())
    if left and not any(NAME in line for line in left):
        time.sleep(3)
        left = [line for line in left if line in snapshot()]
    return left + [str(p) for p in state().glob(f"*{NAME}*")]


def test_a_killed_up_is_taken_down_without_a_trace(before: set[str]) -> None:
    process = _start("tests.lab", "up", "--name", NAME)
    assert process.stdout is not None
    while "API server ready" not in process.stdout.readline():
        assert process.poll() is None
    _kill(process)
    assert _left(before)
    assert _lab("down").returncode == 0
    assert _left(before) == []


@pytest.mark.gauntlet
def test_a_killed_up_is_finished_by_the_next(before: set[str]) -> None:
    process = _start("tests.lab", "up", "--name", NAME)
    wait_for("the folder of the cluster", (state() / NAME / "cluster.json").exists, 30)
    time.sleep(1)  # anywhere on the way
    _kill(process)
    done = _lab("up")
    assert done.returncode == 0, done.stderr
    assert Lab(NAME).healthy()


def test_what_a_killed_test_run_broke_is_mended(before: set[str], tmp_path: Path) -> None:
    mark, file = tmp_path / "broken", tmp_path / "test_breaks.py"
    file.write_text(BREAKS.format(name=NAME, mark=str(mark)))
    assert _lab("up").returncode == 0
    run = _start("pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", file)
    wait_for("the faults", mark.exists, 60)
    lab = Lab(NAME)
    assert not lab.healthy()
    _kill(run)
    _lab("status")
    lab.recovered(60)
    assert lab.fault.in_force() == []
    assert "length" not in lab.in_node("n1", "iptables-save")


def test_down_leaves_nothing(before: set[str]) -> None:
    assert _lab("up").returncode == 0
    assert _left(before)
    done = _lab("down")
    assert done.returncode == 0 and f"{NAME} is down" in done.stdout
    assert _left(before) == []
    assert NAME not in _lab("status").stdout
