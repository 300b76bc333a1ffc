# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What outlives a playbook, in jobs of CI that end as each runner ends them, and without what only Linux has."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common.processes import COOKIES, Watched, unmarked
from ansible_collections.assay.clusters.plugins.module_utils.pipeline import guard

CHECKOUT = Path(__file__).resolve().parents[3]
# A job's shell starts it: it leaves a process that waits for its end, and one that is left to the runner.
JOB = '''
import os, subprocess, sys, time
from pathlib import Path
if sys.argv[2] == "without":
    del os.pidfd_open
from ansible_collections.assay.clusters.plugins.module_utils.common.guardian import outlive
from ansible_collections.assay.clusters.plugins.module_utils.common.processes import Watched

me = Watched(os.getpid())

def work(up):
    up()
    me.ended()
    Path(sys.argv[1], "cleaned").write_text(str(sorted(os.environ)))

left = subprocess.Popen(["sleep", "600"], start_new_session=True)
print(left.pid, outlive(work, *me.files), flush=True)
time.sleep(600)
'''


def _environ(process: int) -> set[str]:
    try:
        return {os.fsdecode(e) for e in Path(f"/proc/{process}/environ").read_bytes().split(b"\0")}
    except OSError:
        return set()


def _all() -> list[int]:
    return [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()]


def _with(wanted: set[str]) -> Callable[[int], None]:
    """Ends every process that was started with all of these, again until there is none that it may end."""
    def end(_job: int) -> None:
        for process in [p for p in _all() if wanted <= _environ(p)]:
            os.kill(process, signal.SIGKILL)

    return end


def _eventually(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 60
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


def _group(job: int) -> None:
    os.killpg(job, signal.SIGTERM)
    os.killpg(job, signal.SIGKILL)


def _runner(name: str, mark: str) -> tuple[dict[str, str], Callable[[int], None]]:
    """What a runner puts into the environment of a job, and how it ends it, given the job's shell."""
    own = {"github": {"RUNNER_TRACKING_ID": f"github_{mark}"}, "jenkins pipeline": {"JENKINS_NODE_COOKIE": mark},
           "jenkins": {"JENKINS_SERVER_COOKIE": mark, "HUDSON_SERVER_COOKIE": mark, "JOB_NAME": "nightly", "BUILD_ID": "7"},
           "gitlab": {"CI_JOB_ID": mark}}[name]
    return own, _group if name == "gitlab" else _with({f"{k}={v}" for k, v in own.items()})


@pytest.mark.parametrize("pidfd", ["with", "without"])
@pytest.mark.parametrize("runner", ["github", "jenkins", "jenkins pipeline", "gitlab"])
def test_it_outlives_a_job_however_that_is_ended(runner: str, pidfd: str, tmp_path: Path) -> None:
    own, end = _runner(runner, uuid.uuid4().hex)
    environ = {**os.environ, **own, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", JOB, tmp_path, pidfd], env=environ, stdout=subprocess.PIPE, text=True,
                          start_new_session=True) as job:
        left, guardian = map(int, job.stdout.readline().split())
        assert guardian
        end(job.pid)
        assert job.wait() == -(signal.SIGTERM if runner == "gitlab" else signal.SIGKILL)
    try:
        assert _eventually((tmp_path / "cleaned").exists)
        # what bears the mark was ended, so this was a runner's end of a job; that of GitLab leaves what has a session of its own
        assert runner == "gitlab" or _eventually(lambda: not _environ(left))
        assert _eventually(lambda: not _environ(guardian))
    finally:
        if _environ(left):
            os.kill(left, signal.SIGKILL)


@pytest.mark.parametrize("pidfd", [True, False])
def test_a_process_is_watched_until_it_ends(pidfd: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not pidfd:
        monkeypatch.delattr(os, "pidfd_open")
    with subprocess.Popen(["sleep", "600"]) as other:
        watched = Watched(other.pid)
        assert bool(watched.files) is pidfd and not watched.ended(0)
        other.kill()
        other.wait()
        assert watched.ended(60) and watched.ended()
        watched.close()
    with pytest.raises(OSError):
        Watched(other.pid)
    with pytest.raises(OSError):
        Watched(0)


def test_what_a_guard_starts_bears_no_mark(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "BUILD_ID": "7", **dict.fromkeys(COOKIES, "x")}
    assert unmarked(environ) == {"PATH": os.environ["PATH"], "BUILD_ID": "7"}
    guard._finish(["env"], str(tmp_path), environ, tmp_path / "log")
    assert (tmp_path / "log").read_text().splitlines() == [f"PATH={os.environ['PATH']}", "BUILD_ID=7"]


def test_where_there_is_no_proc_a_worker_knows_its_playbook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "ansible-playbook"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(guard, "Path", lambda _path: tmp_path / "none")
    monkeypatch.setattr(sys, "argv", [str(program), "site.yml", "-i", "prod"])
    assert guard._started(os.getppid()) == ([sys.executable, str(program), "site.yml", "-i", "prod"], os.getcwd())
    assert guard._started(os.getpid())[0] == []
