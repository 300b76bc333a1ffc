# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real processes that are killed in the middle of a run: what was made is removed by whoever outlives them."""
from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.common import journal as journals

PACKAGE = journals.__name__.rsplit(".", 2)[0]
RUN = f"""
import os, signal, sys, time
from pathlib import Path
from {PACKAGE}.common.guardian import Guardian
from {PACKAGE}.common.journal import Journal
from {PACKAGE}.common import names
from {PACKAGE}.engine.cleanup import finish
from {PACKAGE}.kube.client import Client
from {PACKAGE}.kube.connection import Connection

# Whoever runs these tests in the background lets signals be ignored, which would be inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
server, folder = sys.argv[1], Path(sys.argv[2])
connection = Connection.resolve({{"host": server}}, {{}})
journal = Journal(folder, "r1", "c", connection.server)
guardian = Guardian.start(lambda: finish(connection, journal.path))
client = Client(connection)


def make(kind, name, namespace, path):
    journal.intend(kind, name, namespace, "v1")
    client.create(path, {{"metadata": {{"name": name, "labels": names.labels("r1", 60)}}}})


make("Namespace", "assay-r1", "", "/api/v1/namespaces")
"""


def _processes(tmp_path):
    """Numbers of what was started for this test and lives: forks have the command line of their run."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if os.fsencode(tmp_path) in file.read_bytes():
                found.append(int(file.parent.name))
    return found


@pytest.fixture
def run(api, tmp_path):
    """Start a process that journals and makes a namespace, then does `rest`; returns it when `rest` says that it is ready."""
    made = []

    def start(rest):
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)}
        process = subprocess.Popen([sys.executable, "-c", RUN + textwrap.dedent(rest), api.url, str(tmp_path / "journal")],
                                   env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   start_new_session=True)
        made.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in made:
        process.kill()
        process.communicate()
    # Its guardian cleans up while there is an API server, and would wait for one for long after the test.
    assert _eventually(lambda: not _processes(tmp_path)), "a guardian is left"


READY = "print('ready', flush=True)\n"


def _eventually(condition, seconds=120.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def _clean(api, tmp_path):
    return _eventually(lambda: not api.objects and not list((tmp_path / "journal").iterdir()))


def test_the_journal_knows_an_object_before_the_api_server_does(api, run, tmp_path):
    seen = []

    def look(request):
        if request.method == "POST":
            (path,) = (tmp_path / "journal").iterdir()
            seen.append([o["name"] for o in journals.read(path).objects])

    api.before = look
    run(READY + "time.sleep(600)")
    assert seen == [["assay-r1"]]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, *(
    pytest.param(s, marks=pytest.mark.gauntlet) for s in (signal.SIGTERM, signal.SIGHUP))])
def test_a_run_that_is_ended_by_a_signal_is_cleaned_up(api, run, tmp_path, number):
    process = run(READY + "time.sleep(600)")
    os.killpg(process.pid, number)
    process.communicate(timeout=120)
    assert _clean(api, tmp_path) and _eventually(lambda: not list(tmp_path.glob("assay-keys-*")))


def test_a_run_that_is_killed_between_the_journal_and_the_request_leaves_nothing(api, run, tmp_path):
    process = run(READY + "journal.intend('ConfigMap', 'never-made', 'default', 'v1')\nos.kill(os.getpid(), 9)")
    process.communicate(timeout=120)
    assert _clean(api, tmp_path)


def test_a_run_killed_while_writing_its_journal_is_cleaned_up_all_the_same(api, run, tmp_path):
    process = run(READY + "journal._file.write('{\"intend\": {\"kind\": \"Con'); journal._file.flush()\n"
                  "os.kill(os.getpid(), 9)")
    process.communicate(timeout=120)
    assert _clean(api, tmp_path)


def test_who_reads_the_output_of_a_killed_run_does_not_wait_for_its_guardian(api, run, tmp_path):
    hold = {"going": True}

    def slow(request):
        while hold["going"] and request.method == "DELETE":
            time.sleep(0.02)

    api.before = slow
    process = run(READY + "time.sleep(600)")
    process.kill()
    process.communicate(timeout=120)  # the guardian is still at it
    assert "assay-r1" in api.names("namespaces")
    hold["going"] = False
    assert _clean(api, tmp_path)


def test_an_api_server_that_is_away_when_the_run_is_killed_is_waited_for(api, run, tmp_path):
    process = run(READY + "time.sleep(600)")
    api.server.stop()
    process.kill()
    process.communicate(timeout=120)
    api.server.start()
    assert _clean(api, tmp_path)


def test_a_dismissed_guardian_touches_nothing_and_ends(api, run, tmp_path):
    process = run(READY + "guardian.dismiss()")
    process.communicate(timeout=120)
    assert process.returncode == 0 and _eventually(lambda: not _members(process.pid, tmp_path))
    assert api.names("namespaces") == ["assay-r1"] and not api.server.asked("DELETE")


def test_a_guardian_that_is_handed_the_rest_does_it_while_the_run_lives_on(api, run, tmp_path):
    process = run("guardian.hand_over()\n" + READY + "time.sleep(600)")
    assert _clean(api, tmp_path) and process.poll() is None


def test_a_journal_that_says_done_is_nothing_to_clean(api, run, tmp_path):
    process = run("journal._write({'done': 0})\n" + READY + "time.sleep(600)")
    process.kill()
    process.communicate(timeout=120)
    assert _eventually(lambda: not _members(process.pid, tmp_path))
    assert api.names("namespaces") == ["assay-r1"]


def _members(pid, tmp_path):
    """Processes that were started by this test: all of them have its folder among their arguments."""
    found = []
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            if str(tmp_path / "journal").encode() in (proc / "cmdline").read_bytes().split(b"\0"):
                found.append(int(proc.name))
        except OSError:
            continue
    return [p for p in found if p != pid]
