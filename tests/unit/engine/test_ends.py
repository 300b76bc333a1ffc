# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Journal, guardian and clean-up: what happens to a run that dies."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import guardian, journal
from ansible_collections.assay.clusters.plugins.module_utils.common.guardian import Guardian
from ansible_collections.assay.clusters.plugins.module_utils.common.names import RUN
from ansible_collections.assay.clusters.plugins.module_utils.engine.cleanup import Remover
from ansible_collections.assay.clusters.plugins.module_utils.kube.errors import ApiError, BadInput
from tests.fakes.clock import Clock


def test_journal_is_read_back_and_survives_a_torn_line(tmp_path):
    made = journal.Journal(tmp_path, "0a0b0c0d", "prod/eu 1", "https://a:6443")
    made.intend("Namespace", "assay-0a0b0c0d", "", "v1")
    made.intend("Pod", "p", "assay-0a0b0c0d", "v1")
    made.gone("Pod", "p", "assay-0a0b0c0d")
    with open(made.path, "a", encoding="utf-8") as f:
        f.write('{"intend": {"kind": "Po')
    entry = journal.read(made.path)
    assert [o["kind"] for o in entry.objects] == ["Namespace"] and not entry.done
    assert not entry.dead()
    assert list(journal.unfinished(tmp_path, "https://other:6443")) == []
    assert [e.run_id for e in journal.unfinished(tmp_path, "https://a:6443")] == ["0a0b0c0d"]


def test_a_finished_journal_is_nobodys_task(tmp_path):
    made = journal.Journal(tmp_path, "0a0b0c0d", "c", "https://a:6443")
    made.intend("Namespace", "assay-0a0b0c0d", "", "v1")
    assert made.done() == "" and not made.path.exists()
    assert list(journal.unfinished(tmp_path, "https://a:6443")) == []


def test_a_finished_journal_is_kept_with_the_results(tmp_path):
    made = journal.Journal(tmp_path / "state", "0a0b0c0d", "c", "https://a:6443")
    made.intend("Namespace", "assay-0a0b0c0d", "", "v1")
    kept = made.done(tmp_path / "journal")
    assert kept == str(tmp_path / "journal/0a0b0c0d-c.jsonl") and not made.path.exists()
    assert journal.read(made.path) is None and journal.read(Path(kept)).done
    gone = journal.Journal(tmp_path / "state", "1a0b0c0d", "c", "https://a:6443")
    assert journal.put_away(gone.path, tmp_path / "no results/journal") == "" and not gone.path.exists()


@pytest.mark.parametrize(("pid", "dead"), [("own", False), (1, False), (2 ** 22 + 1, True), (-1, False)])
def test_without_proc_a_process_that_is_there_is_alive(tmp_path, monkeypatch, pid, dead):
    """As on macOS."""
    monkeypatch.setattr(journal, "_PROC", tmp_path / "none")
    monkeypatch.setattr(journal, "_boot_id", lambda: "")
    monkeypatch.setattr(journal, "_pid_namespace", lambda: "")
    made = journal.Journal(tmp_path, "r1", "c", "s")
    first = json.loads(made.path.read_text())
    made.path.write_text(json.dumps({**first, "pid": os.getpid() if pid == "own" else pid}) + "\n")
    assert journal.read(made.path).dead() is dead


@pytest.mark.parametrize(("head", "dead"), [
    ({"pid_namespace": "pid:[1]"}, False), ({"pid_namespace": "pid:[1]", "boot_id": "an earlier boot", "started": 1}, True),
    ({"boot_id": "of another machine of that name, with this home"}, False),
    ({}, True), ({"pid_namespace": ""}, True), ({"host": "another"}, False)])
def test_a_process_that_cannot_be_seen_from_here_is_not_taken_for_dead(tmp_path, head, dead):
    """Containers of one host may share its name, its boot and a folder; each sees only its own processes. This machine was
    started before that run was: a run of an earlier boot began before."""
    made = journal.Journal(tmp_path, "r1", "c", "s")
    first = json.loads(made.path.read_text())
    assert not journal.read(made.path).dead() and first["pid_namespace"] == os.readlink("/proc/self/ns/pid")
    made.path.write_text(json.dumps({**first, "process_start": "of another", **head}) + "\n")
    assert journal.read(made.path).dead() is dead


def test_a_journal_of_a_dead_process_or_an_earlier_boot_is_dead(tmp_path):
    code = ("import sys; from pathlib import Path; "
            f"from {journal.__name__} import Journal; "
            f"Journal(Path({str(tmp_path)!r}), 'dead0000', 'c', 's').intend('Namespace', 'n', '', 'v1')")
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    (entry,) = journal.unfinished(tmp_path, "s")
    assert entry.dead()
    mine = journal.Journal(tmp_path, "mine0000", "c", "s")
    lines = mine.path.read_text().splitlines()
    head = {**json.loads(lines[0]), "boot_id": "another boot", "started": 1}
    mine.path.write_text(json.dumps(head) + "\n")
    assert journal.read(mine.path).dead()
    mine.path.write_text(json.dumps({**head, "host": "another host"}) + "\n")
    assert not journal.read(mine.path).dead()


@pytest.mark.parametrize(("change", "dead"), [
    ({}, False), ({"process_start": "1"}, True), ({"pid": 2 ** 22 + 1}, True), ({"boot_id": "another boot", "started": 1}, True),
    ({"host": "another", "process_start": "1"}, False), ({"host": "another", "boot_id": "another boot"}, False),
], ids=["itself", "its number is another's now", "nobody has its number", "an earlier boot", "elsewhere", "elsewhere, booted"])
def test_a_run_is_dead_when_its_own_process_is_gone_for_certain(tmp_path, change, dead):
    """Who has its number now is no proof of life; what runs on another machine is nobody's to judge."""
    made = journal.Journal(tmp_path, "r1", "c", "s")
    head = json.loads(made.path.read_text())
    made.path.write_text(json.dumps({**head, **change}) + "\n")
    assert journal.read(made.path).dead() is dead


def test_unwritable_journal_folder_is_one_sentence(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(BadInput, match="^journal_dir: cannot write .*; name a folder you can write$"):
        journal.Journal(blocked / "sub", "r", "c", "s")


def _wait(path, seconds=120.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not path.exists():
        time.sleep(0.02)
    return path.exists()


def test_guardian_cleans_up_when_the_run_is_killed(tmp_path):
    mark = tmp_path / "cleaned"
    pid = os.fork()
    if pid == 0:
        Guardian.start(lambda: mark.write_text("yes"))
        os.kill(os.getpid(), 9)
    os.waitpid(pid, 0)
    assert _wait(mark)


def test_guardian_retries_and_is_silent_when_dismissed(tmp_path):
    mark, tries = tmp_path / "cleaned", tmp_path / "tries"

    def second_time():
        if not tries.exists():
            tries.write_text("")
            raise OSError("not yet")
        mark.write_text("yes")

    Guardian.start(second_time).hand_over()
    assert _wait(mark)
    other = tmp_path / "other"
    Guardian.start(lambda: other.write_text("no")).dismiss()
    assert not _wait(other, 0.5)


def test_a_guardian_goes_on_for_half_an_hour_with_pauses_that_grow_and_then_leaves_it_to_the_next_run(monkeypatch):
    clock, at = Clock(), []
    monkeypatch.setattr(guardian, "time", clock)

    def held():
        at.append(clock.passed)
        clock.sleep(12.0)
        raise RuntimeError("namespace/x (held)")

    guardian._persist(held)
    assert 1700 < at[-1] <= 1800 and at[1] == 13.0 and at[2] == 27.0 and max(b - a for a, b in zip(at, at[1:])) == 42.0


class Objects:
    """A client over a dictionary of objects by path: GET, DELETE with preconditions, nothing else."""

    def __init__(self, objects):
        self.objects, self.deleted = objects, []

    def get(self, path, params=None, timeout=10.0):
        if path not in self.objects:
            raise ApiError("http", 404, "NotFound", "not found", "GET", path)
        return self.objects[path]

    def delete(self, path, body=None, timeout=10.0):
        assert body["preconditions"]["uid"] == self.objects[path]["metadata"]["uid"]
        self.deleted.append(path)
        del self.objects[path]


def _object(name, run):
    return {"metadata": {"name": name, "uid": f"uid-{name}", "labels": {RUN: run}}, "spec": {}}


def test_only_objects_of_the_run_are_deleted():
    role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/"
    client = Objects({role + "ours": _object("ours", "r1"), role + "theirs": _object("theirs", "r2")})
    made = [{"api_version": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "namespace": "", "name": n}
            for n in ("ours", "theirs", "never-made")]
    assert Remover(client, "r1", time.monotonic() + 60).remove(made) == []
    assert client.deleted == [role + "ours"] and role + "theirs" in client.objects


def test_what_stays_is_named_with_its_finalizer():
    role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/held"
    held = _object("held", "r1")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    client = Objects({role: held})
    client.delete = lambda path, body=None, timeout=10.0: None
    left = Remover(client, "r1", time.monotonic()).remove(
        [{"api_version": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "namespace": "", "name": "held"}])
    assert left == ["clusterrole/held (held by finalizer example.com/hold)"]
