# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lease of a cluster, on both places: never two holders, expiry and takeover, lost answers, the heartbeat."""
from __future__ import annotations

import datetime
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection
from ansible_collections.assay.clusters.plugins.module_utils.platforms import lease_file
from ansible_collections.assay.clusters.plugins.module_utils.platforms.lease import moment
from ansible_collections.assay.clusters.plugins.module_utils.platforms.lease_cluster import ClusterLease
from ansible_collections.assay.clusters.plugins.module_utils.platforms.lease_file import FileLease
from ansible_collections.assay.clusters.plugins.module_utils.platforms.lease_job import entry
from tests.fakes import contenders
from tests.fakes.lease_api import LeaseApi


class Put:
    """Tasks of the module on one place."""

    def __init__(self, api: LeaseApi | None, **where: Any):
        self.api, self.where = api, where

    def __call__(self, state: str, holder: str, check_mode: bool = False, playbook: int = 0,
                 **more: Any) -> dict[str, Any]:
        job = Job(check_mode=check_mode, environ={}, playbook=playbook)
        return entry(contenders.options(**self.where, state=state, holder=holder, **more), job)

    def fails(self, *args: Any, **more: Any) -> PlatformError:
        with pytest.raises(PlatformError) as caught:
            self(*args, **more)
        return caught.value


@pytest.fixture(params=["file", "cluster"])
def task(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Put]:
    if request.param == "file":
        yield Put(None, backend="file", path=str(tmp_path / "folder/lease"))
        return
    with LeaseApi() as api:
        yield Put(api, backend="cluster", host=api.url)


def test_a_free_lease_is_taken_once_and_kept(task: Put) -> None:
    first = task("present", "a", reason="nightly")
    assert first["changed"] and first["held"] and first["lease"]["holder"] == "a" and first["lease"]["takeovers"] == 0
    again = task("present", "a")
    assert not again["changed"] and again["held"] and again["lease"]["reason"] == "nightly"


def test_another_is_told_who_holds_it(task: Put) -> None:
    task("present", "a", reason="nightly")
    error = task.fails("present", "b")
    assert "held by a (nightly) since 20" in str(error) and "expires in" in str(error)
    assert error.details["lease"]["holder"] == "a"


def test_waiting_ends_with_the_release(task: Put) -> None:
    task("present", "a", duration=30)
    assert "waited 1 s" in str(task.fails("present", "b", wait=1, duration=30))
    assert task("absent", "a")["changed"]
    assert task("present", "b", wait=1)["changed"]


def test_what_expired_is_taken_over_and_lost_to_the_former(task: Put) -> None:
    task("present", "a", duration=2)
    taken = task("present", "b", wait=30)
    assert taken["changed"] and taken["before"]["holder"] == "a" and taken["lease"]["takeovers"] == 1
    assert "taken over: it was held by a" in taken["msg"]
    assert "a does not hold it" in str(task.fails("renewed", "a"))
    late = task("absent", "a")
    assert not late["changed"] and "held by b" in late["msg"]
    assert task("renewed", "b")["held"]


def test_renewal_keeps_it(task: Put) -> None:
    task("present", "a", duration=5)
    for _turn in range(4):
        time.sleep(1.6)
        assert not task("renewed", "a", duration=5)["changed"]
        task.fails("present", "b")


def test_nobody_s_lease_is_not_renewed_nor_released(task: Put) -> None:
    assert "held by nobody" in str(task.fails("renewed", "a"))
    assert not task("absent", "a")["changed"]


def test_force_releases_the_lease_of_another(task: Put) -> None:
    task("present", "a")
    assert not task("absent", "b")["changed"]
    forced = task("absent", "b", force=True)
    assert forced["changed"] and "by force; it was held by a" in forced["msg"]
    assert task("present", "b")["changed"]


def test_check_mode_changes_nothing(task: Put) -> None:
    assert task("present", "a", check_mode=True)["changed"]
    assert task("present", "b")["changed"]
    task.fails("present", "a", check_mode=True)
    assert task("absent", "b", check_mode=True)["changed"]
    assert not task("present", "b")["changed"]


@pytest.mark.parametrize(("more", "words"), [({"holder": " "}, "holder: must not be empty"), ({"duration": 1}, "duration:"),
                                             ({"wait": -1}, "wait:"), ({"heartbeat": True}, "heartbeat: needs a local")])
def test_wrong_options_are_one_sentence(task: Put, more: dict[str, Any], words: str) -> None:
    with pytest.raises(BadOption, match=words):
        task("present", **{"holder": "a", **more})


def test_of_twenty_processes_never_two_hold_it(task: Put, tmp_path: Path) -> None:
    """Three of them die with the lease; the others take it over."""
    results = contenders.run({**task.where, "duration": 5, "wait": 240}, tmp_path)
    assert sorted(results) == sorted(["died"] * 3 + ["held 3"] * 17)


def test_a_change_that_took_long_is_not_held_on_its_last_leg(task: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """The duration counts from the look before the change."""
    slow, kind = [1.6], ClusterLease if task.api else FileLease
    write = kind.write

    def late(*given: Any) -> bool:
        written = write(*given)
        time.sleep(slow.pop() if slow else 0)
        return written

    monkeypatch.setattr(kind, "write", late)
    began = time.time()
    done = task("present", "a", duration=3)
    assert done["changed"] and "before" not in done
    assert datetime.datetime.fromisoformat(done["lease"]["renewed"]).timestamp() >= int(began) + 1
    slow += [1.6] * 9
    assert "give a longer duration" in str(task.fails("present", "a", duration=3))


def test_what_was_taken_during_a_slow_change_is_not_held(task: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, stalled = ClusterLease if task.api else FileLease, [True]
    write = kind.write

    def late(*given: Any) -> bool:
        written = write(*given)
        if stalled and stalled.pop():
            time.sleep(4.5)  # longer than the lease lasts
            assert task("present", "b", duration=60)["before"]["holder"] == "a"
        return written

    monkeypatch.setattr(kind, "write", late)
    assert "held by b" in str(task.fails("present", "a", duration=2))


# ---- the heartbeat ------------------------------------------------------------------------------------------------
def _playbook() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


def _ends(number: int, seconds: float) -> bool:
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


def test_a_heartbeat_renews_while_the_playbook_lives(task: Put) -> None:
    playbook = _playbook()
    number = task("present", "a", duration=4, heartbeat=True, playbook=playbook.pid)["heartbeat"]
    assert "held by a" in str(task.fails("present", "b", wait=6))
    playbook.kill()
    playbook.wait()
    assert _ends(number, 10)
    assert task("present", "b", wait=30)["before"]["holder"] == "a"


def test_a_heartbeat_keeps_its_keys_before_it_beats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first renewal may be minutes away, and any connection removes keys that nobody holds."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    playbook = _playbook()
    with LeaseApi() as api:
        task = Put(api, backend="cluster", host=api.url)
        number = task("present", "a", duration=600, heartbeat=True, playbook=playbook.pid)["heartbeat"]
        [folder] = tmp_path.glob("assay-keys-*")
        os.utime(folder, (1, 1))
        Connection.resolve({"host": api.url}, {}).close()
        assert folder.exists()
        playbook.kill()
        playbook.wait()
        assert _ends(number, 10) and not folder.exists()


def test_a_heartbeat_ends_with_the_lease(task: Put) -> None:
    playbook = _playbook()
    try:
        number = task("present", "a", duration=2, heartbeat=True, playbook=playbook.pid)["heartbeat"]
        task("absent", "a")
        task("present", "a")  # another turn of the same holder is not its lease
        assert _ends(number, 10)
    finally:
        playbook.kill()
        playbook.wait()


# ---- the file -----------------------------------------------------------------------------------------------------
def test_a_file_that_is_no_lease_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "lease").write_text("dear diary")
    task = Put(None, backend="file", path=str(tmp_path / "lease"))
    for state in ("present", "renewed", "absent"):
        assert "holds something else than a lease" in str(task.fails(state, "a"))
    assert (tmp_path / "lease").read_text() == "dear diary"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "path: " in str(Put(None, backend="file", path=str(tmp_path / "file/lease")).fails("present", "a"))


def test_a_clock_that_is_set_ends_no_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the boot that wrote it; on another one only the wall clock is known."""
    task = Put(None, backend="file", path=str(tmp_path / "lease"))
    task("present", "a", duration=60)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600)
    assert "held by a" in str(task.fails("present", "b"))
    monkeypatch.setattr(lease_file, "_boot", lambda: ("another", 5.0))
    assert task("present", "b")["before"]["holder"] == "a"


def test_nothing_but_lease_and_lock_is_left(tmp_path: Path) -> None:
    task = Put(None, backend="file", path=str(tmp_path / "lease"))
    task("present", "a")
    assert json.loads((tmp_path / "lease").read_text())["holder"] == "a"
    task("absent", "a")
    assert [p.name for p in tmp_path.iterdir()] == ["lease.lock"]


# ---- the object in the cluster --------------------------------------------------------------------------------------
def test_a_change_whose_answer_was_lost_is_ours() -> None:
    with LeaseApi() as api:
        task = Put(api, backend="cluster", host=api.url)
        api.lose = 1
        assert task("present", "a")["changed"]
        api.lose = 1
        assert task("renewed", "a")["held"]
        api.lose = 1
        assert task("absent", "a")["lease"]["holder"] == ""
        assert not api.objects


def test_the_clock_of_the_api_server_counts() -> None:
    with LeaseApi() as api:
        api.ahead = -86400.0
        task = Put(api, backend="cluster", host=api.url)
        given = task("present", "a", duration=60)["lease"]
        assert "held by a" in str(task.fails("present", "b"))
        assert given["renewed"] < moment(time.time() - 86000)


def test_a_clock_that_went_back_locks_nobody_out() -> None:
    """Nobody renews it for its duration, so it has expired though its time seems to come yet."""
    with LeaseApi() as api:
        task = Put(api, backend="cluster", host=api.url)
        task("present", "a", duration=2)
        api.ahead = -86400.0
        assert task("present", "b", wait=30)["before"]["holder"] == "a"


def test_the_object_is_as_kubernetes_wants_it() -> None:
    with LeaseApi() as api:
        Put(api, backend="cluster", host=api.url)("present", "a", duration=60.4, reason="nightly")
        spec = api.objects["assay"]["spec"]
        assert spec["holderIdentity"] == "a" and spec["leaseDurationSeconds"] == 60 and spec["leaseTransitions"] == 0
        assert spec["renewTime"] == spec["acquireTime"] and len(spec["renewTime"]) == len("2026-11-21T02:34:40.000000Z")


def test_no_namespace_and_a_wrong_name() -> None:
    with LeaseApi() as api:
        task = Put(api, backend="cluster", host=api.url)
        assert "there is no namespace nowhere" in str(task.fails("present", "a", namespace="nowhere"))
        assert "name: must be small letters" in str(task.fails("present", "a", name="A b"))
