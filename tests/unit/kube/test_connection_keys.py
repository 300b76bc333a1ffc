# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The folders of keys that connections make: whose are removed, and when; those of the living and of others stay."""
from __future__ import annotations

import fcntl
import os
import signal
import tempfile
import time

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.kube import key_folder
from ansible_collections.assay.clusters.plugins.module_utils.kube.connection import Connection

MINUTE, HOUR = 60.0, 3600.0


@pytest.fixture
def left(tmp_path, monkeypatch):
    """left(name, age): a folder of keys that a process has left so many seconds ago; lock: whether it came that far."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def make(name="assay-keys-old", age=0.0, lock=True):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "key").write_text("x")
        if lock:
            (folder / "in-use").touch()
        os.utime(folder, (time.time() - age, time.time() - age))
        return folder

    return make


def _another_connection():
    Connection.resolve({"host": "https://c9:6443"}, {}).close()


@pytest.mark.parametrize(("age", "lock", "stays"), [
    (0, True, True), (0.7 * MINUTE, True, True), (2 * MINUTE, True, False), (48 * HOUR, True, False),
    # of an earlier release, which had no locks: only time tells
    (0, False, True), (2 * MINUTE, False, True), (23 * HOUR, False, True), (25 * HOUR, False, False)])
def test_what_nobody_holds_goes_when_it_cannot_be_in_the_making(left, age, lock, stays):
    """Between the making of a folder and its lock there is a moment."""
    folder = left(age=age, lock=lock)
    _another_connection()
    assert folder.exists() is stays and (not stays or (folder / "key").read_text() == "x")


def test_what_somebody_holds_stays_however_old_it_is(left):
    folder = left(age=300 * HOUR)
    with open(folder / "in-use", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        _another_connection()
        assert folder.exists()
    _another_connection()
    assert not folder.exists()


def test_folders_of_other_users_and_of_other_programs_stay(left, monkeypatch):
    other = left("other-keys", 300 * HOUR)
    _another_connection()
    foreign = left(age=300 * HOUR)
    me = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: me + 1)
    _another_connection()
    assert foreign.exists() and other.exists()
    monkeypatch.setattr(os, "getuid", lambda: me)
    _another_connection()
    assert not foreign.exists() and other.exists()


def _folders(path):
    return sorted(p.name for p in path.glob("assay-keys-*"))


def test_keys_of_a_killed_process_go_with_a_later_connection(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(key_folder, "_FRESH", -1.0)
    living = Connection.resolve({"host": "https://c1:6443"}, {})
    child = os.fork()
    if child == 0:
        held = Connection.resolve({"host": "https://c2:6443"}, {})
        os.kill(os.getpid(), signal.SIGKILL)
        held.close()
    os.waitpid(child, 0)
    assert len(_folders(tmp_path)) == 2
    later = Connection.resolve({"host": "https://c3:6443"}, {})
    assert len(_folders(tmp_path)) == 2, "the dead one's is gone, the living one's and the new one are there"
    living.close()
    later.close()
    assert _folders(tmp_path) == []


def test_keys_stay_for_a_fork_that_goes_on_alone(tmp_path, monkeypatch):
    """As the guardian does, which closes everything that it got from its parent."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(key_folder, "_FRESH", -1.0)
    reading, writing = os.pipe()
    parent = os.fork()
    if parent == 0:
        made = Connection.resolve({"host": "https://c1:6443"}, {})
        if os.fork() == 0:
            os.closerange(3, writing)
            os.closerange(writing + 1, 256)
            made.pool()
            os.write(writing, str(os.getpid()).encode())
            signal.pause()
        signal.pause()
    fork = int(os.read(reading, 16))
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    [first] = _folders(tmp_path)
    Connection.resolve({"host": "https://c2:6443"}, {}).close()
    assert _folders(tmp_path) == [first]
    os.kill(fork, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while _folders(tmp_path) and time.monotonic() < deadline:
        Connection.resolve({"host": "https://c2:6443"}, {}).close()
        time.sleep(0.05)
    assert _folders(tmp_path) == []
