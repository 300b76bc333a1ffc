# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The heartbeat of a lease: real processes that live with a playbook, and what they do at each beat."""
from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.leases import heartbeat, job as lease_job
from tests.fakes.clock import Clock
from tests.fakes.lease_api import LeaseApi

from .lease_tasks import Put


@pytest.fixture
def playbook() -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for one."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]) as made:
        yield made
        made.kill()


def _end(playbook: subprocess.Popen[bytes]) -> None:
    playbook.kill()
    playbook.wait()


def _ends(number: int, seconds: float = 60) -> bool:
    try:
        handle = os.pidfd_open(number)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    try:
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(handle)


def _eventually(condition: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


# ---- the process --------------------------------------------------------------------------------------------------
@pytest.fixture
def beats(tmp_path: Path, playbook: subprocess.Popen[bytes]) -> Any:
    """beats(renew): a heartbeat whose renew(number of the beat) is of the test; its number, and the beats so far."""
    log = tmp_path / "beats"

    def so_far() -> int:
        return log.stat().st_size if log.exists() else 0

    def start(renew: Callable[[int], bool], every: float = 0.01) -> tuple[int, Callable[[], int]]:
        def beat() -> bool:
            with open(log, "ab") as file:
                file.write(b".")
            return renew(so_far())

        return heartbeat.start(every, lambda: None, beat, (tmp_path / "over").touch, playbook.pid), so_far

    return start


def test_it_beats_as_long_as_the_playbook_lives(beats: Any, playbook: subprocess.Popen[bytes], tmp_path: Path) -> None:
    number, so_far = beats(lambda count: True)
    assert _eventually(lambda: so_far() > 3) and not _ends(number, 0) and not (tmp_path / "over").exists()
    _end(playbook)
    assert _ends(number) and (tmp_path / "over").exists()


def test_it_ends_when_the_lease_is_lost(beats: Any, tmp_path: Path) -> None:
    number, so_far = beats(lambda count: count < 3)
    assert _ends(number) and so_far() == 3 and (tmp_path / "over").exists()


def test_a_cluster_that_does_not_answer_ends_no_heartbeat(beats: Any) -> None:
    def renew(count: int) -> bool:
        if count < 4:
            raise OSError("away")
        return False

    number, so_far = beats(renew)
    assert _ends(number) and so_far() == 4


def test_a_heartbeat_renews_while_the_playbook_lives(task: Put, playbook: subprocess.Popen[bytes]) -> None:
    """All of it, in the time of this machine."""
    done = task("present", "a", duration=2, heartbeat=True, playbook=playbook.pid)
    place = task.place()
    first = place.read()
    assert _eventually(lambda: place.read().version != first.version)
    now = place.read().lease
    assert (now.holder, now.token, now.acquired) == ("a", first.lease.token, first.lease.acquired)
    _end(playbook)
    assert _ends(done["heartbeat"])


def test_a_heartbeat_keeps_its_keys_before_it_beats(tmp_path: Path, playbook: subprocess.Popen[bytes],
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first renewal may be minutes away, and any connection removes keys that nobody holds."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with LeaseApi() as api:
        task = Put(api, backend="cluster", host=api.url)
        number = task("present", "a", duration=600, heartbeat=True, playbook=playbook.pid)["heartbeat"]
        [folder] = tmp_path.glob("assay-keys-*")
        os.utime(folder, (1, 1))
        Connection.resolve({"host": api.url}, {}).close()
        assert folder.exists()
        _end(playbook)
        assert _ends(number) and not folder.exists()


# ---- a beat -------------------------------------------------------------------------------------------------------
@pytest.fixture
def beat(task: Put, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """beat(): one beat of the lease that a took for a minute, made here."""
    started: list[Any] = []
    monkeypatch.setattr(lease_job.heartbeat, "start", lambda *given: started.append(given) or 4711)
    assert task("present", "a", duration=60, heartbeat=True, playbook=1)["heartbeat"] == 4711
    ((every, begin, renew, end, playbook),) = started
    assert (every, playbook) == (20, 1)
    begin()
    yield renew
    end()


def test_a_beat_is_a_renewal_for_the_same_time(beat: Any, task: Put, clock: Clock) -> None:
    for _turn in range(5):
        clock.sleep(40)
        assert beat()
        assert task.place().read().lease.expires == clock.time() + 60
        task.fails("present", "b")


@pytest.mark.parametrize("holder", ["", "a", "b"])
def test_a_released_lease_is_renewed_no_more(beat: Any, task: Put, holder: str) -> None:
    """Another turn of the same holder is not its lease either."""
    task("absent", "a")
    if holder:
        task("present", holder)
    before = task.place().read()
    assert beat() is False
    assert task.place().read().version == before.version


@pytest.mark.parametrize("task", ["file"], indirect=True)
def test_a_place_that_cannot_be_read_is_no_lost_lease(beat: Any, task: Put) -> None:
    Path(task.where["path"]).write_text("half a")
    with pytest.raises(PlatformError):
        beat()
