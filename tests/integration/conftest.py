# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs of the shipped playbook as users start them: a process of its own, an inventory in a file."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.moto_server import moto_server, reset
from tests.integration.artefact import artifact, installed

# Fixtures of every test here.
__all__ = ["artifact", "installed"]

CHECKOUT = Path(__file__).resolve().parents[2]
MARK = "ASSAY_TEST_MARK"
# Of a stage of checks; slowness, of which a busy machine is warned, is no fault.
WELL = ("passed", "warned")
# No test is of how fast this machine is: what is slow while others test beside us is no warning.
PATIENT = {"dns_check_slow_median": 60000, "dns_check_slow_p99": 60000, "network_check_slow_pair": 60,
           "control_plane_check_slow_median": 60000, "control_plane_check_slow_write": 60000}


class Playbook:
    """ansible-playbook on an inventory of our own, with results and journals in the test's folder."""

    def __init__(self, folder: Path, hosts: dict[str, dict[str, Any]]):
        self.folder, self.results = folder, folder / "results"
        self.inventory = folder / "hosts.json"
        self.inventory.write_text(json.dumps({"all": {"vars": PATIENT, "hosts": hosts}}))
        self.mark = uuid.uuid4().hex
        self.env = {**os.environ, MARK: self.mark, "XDG_STATE_HOME": str(folder / "state"), "ANSIBLE_FORCE_COLOR": "0",
                    "ANSIBLE_NOCOLOR": "1"}

    def _command(self, *more: str, playbook: str = "validate") -> list[str]:
        return ["ansible-playbook", str(CHECKOUT / "playbooks" / f"{playbook}.yml"), "-i", str(self.inventory),
                "-e", f"validate_results_dir={self.results}", *more]

    def start(self, *more: str, playbook: str = "validate", **kwargs: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(self._command(*more, playbook=playbook), env=self.env, text=True, start_new_session=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kwargs)

    def run(self, *more: str, playbook: str = "validate", **env: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self._command(*more, playbook=playbook), env={**self.env, **env}, text=True, check=False,
                              capture_output=True, stdin=subprocess.DEVNULL)
        print(done.stdout, done.stderr)
        return done

    def processes(self) -> list[int]:
        """Everything that was ever started by this playbook and lives, guardians too."""
        found = []
        for proc in Path("/proc").glob("[0-9]*"):
            try:
                if f"{MARK}={self.mark}".encode() in (proc / "environ").read_bytes().split(b"\0"):
                    found.append(int(proc.name))
            except OSError:
                continue
        return found

    def kill_all(self) -> None:
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def records(self) -> list[dict[str, Any]]:
        runs = json.loads((self.results / "records.json").read_text())["runs"]
        return [r for run in runs for r in run["records"]]


def command_line(process: int | str) -> str:
    """Of a process that may have ended: then nothing."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def eventually(what: str, probe: Callable[[], Any], seconds: float = 120.0) -> Any:
    """What probe() gives when it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := probe():
            return value
        time.sleep(0.2)
    pytest.fail(f"{what} not within {seconds:.0f} s")


@pytest.fixture
def playbook(tmp_path: Path, kubeconfig: Any) -> Any:
    """A playbook on one host, `c`, that is the cluster under test; .hosts(...) for other inventories."""
    made: list[Playbook] = []

    def make(**hosts: dict[str, Any]) -> Playbook:
        folder = tmp_path / f"run{len(made)}"
        folder.mkdir()
        made.append(Playbook(folder, hosts or {"c": {"cluster_kubeconfig": str(kubeconfig)}}))
        return made[-1]

    yield make
    for book in made:
        book.kill_all()


@pytest.fixture(scope="session")
def moto_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """moto's server, one per worker."""
    with moto_server(tmp_path_factory.mktemp("moto") / "log") as url:
        yield url


@pytest.fixture
def moto(moto_address: str) -> str:
    """The address of an AWS in which nothing is yet."""
    reset(moto_address)
    return moto_address
