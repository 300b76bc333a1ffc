# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many SSH sessions an ESXi host is asked for at once, by a program in the place of ssh that ends when the test says so."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.machines.esxi import ssh
from ansible_collections.assay.clusters.plugins.module_utils.machines.esxi.ssh import Running, Shell

# Its last argument is the script for the host; while there is a file `full`, the host refuses as sshd does.
_SSH = """#!/bin/sh
for script in "$@"; do :; done
if [ -e '{folder}/full' ]; then echo 'kex_exchange_identification: Connection closed by remote host' >&2; exit 255; fi
case "$script" in *work*) echo >> '{folder}/begun'; while [ ! -e '{folder}/go' ]; do sleep 0.02; done;; esac
exec sh -c "$script"
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    (tmp_path / "ssh").write_text(_SSH.format(folder=tmp_path))
    (tmp_path / "ssh").chmod(0o755)
    made = Shell({"hostname": "192.0.2.1", "ssh_executable": str(tmp_path / "ssh")}, Job())
    yield made
    made.close()


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)


def _polled(running: list[Running]) -> bool:
    """Whether all are done; each is looked at."""
    return [one.poll() for one in running].count(None) == 0


def test_work_has_so_many_sessions_and_looks_have_their_own(shell: Shell, tmp_path: Path) -> None:
    running = [shell.start([["echo", "work", str(n)]]) for n in range(12)]
    until(lambda: not _polled(running) and (tmp_path / "begun").exists() and len((tmp_path / "begun").read_text()) >= 5)
    assert shell.run([["echo", "look"]])[0].text == "look\n"
    _polled(running)
    assert len((tmp_path / "begun").read_text()) == 5 and shell.round_trips == 6
    (tmp_path / "go").touch()
    until(lambda: _polled(running))
    assert [one.poll()[0].text for one in running] == [f"work {n}\n" for n in range(12)]


def test_a_host_that_is_full_is_tried_again_and_told_when_it_stays_so(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "_AGAIN", 0.02)
    (tmp_path / "go").touch()
    (tmp_path / "full").touch()
    running = [shell.start([["echo", "work"]])]
    until(lambda: not _polled(running) and shell.round_trips >= 3)
    (tmp_path / "full").unlink()
    until(lambda: _polled(running))
    monkeypatch.setattr(ssh, "_FULL", 0.0)
    (tmp_path / "full").touch()
    later = [shell.start([["echo", "work"]])]
    with pytest.raises(PlatformError, match="kex_exchange.*the host takes no more SSH sessions .*MaxStartups"):
        until(lambda: _polled(later))
