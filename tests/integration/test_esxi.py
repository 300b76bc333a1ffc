# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines of an ESXi host through the system's ssh and a real sshd; behind it the fake shell of tests/fakes/esxi."""
from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, Interrupted, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.machines.esxi.platform import Esxi, open_esxi
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Machine, Pending, Wanted
from tests.fakes.esxi.host import PASSWORD, SSHD, Host, esxi_host
from tests.integration.conftest import command_line, eventually

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give this sshd a password of its own")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    if not SSHD.exists():
        pytest.fail("the Debian package openssh-server is missing: make lab-build", pytrace=False)
    with esxi_host(tmp_path_factory.mktemp("esxi")) as made:
        yield made


@pytest.fixture
def host(server: Host) -> Host:
    """A host without machines."""
    server.reset()
    return server


@pytest.fixture
def platform(host: Host) -> Iterator[Esxi]:
    made = open_esxi(host.params, Job())
    made._settle = made._settle_lost = 3.0  # pylint: disable=protected-access
    yield made
    made.close()


def done(pending: Pending) -> str:
    until = time.monotonic() + 240
    while pending.poll() is not None:
        assert time.monotonic() < until, "it does not end"
        time.sleep(0.02)
    return pending.result()


def one(platform: Esxi, name: str) -> Machine:
    [machine] = platform.find(Wanted(names=(name,)))
    return machine


def taken(host: Host, platform: Esxi, name: str, snapshot: str = "golden", memory: bool = False) -> str:
    """Without looking for the machine before: what is taken is looked at by the platform itself."""
    return done(platform.take(Machine(host.vm(name)["id"], name), snapshot, "of a test", memory, False))


def test_a_name_never_means_another_machine(host: Host, platform: Esxi) -> None:
    names = ["auto1", "auto10", "my vm", "[prod] my [vm]", "a/b 100%"]
    host.add(*names)
    for name in names:
        assert [m.name for m in platform.find(Wanted(names=(name,)))] == [name]
    assert [m.name for m in platform.find(Wanted(ids=("2",), uuids=(host.vm("my vm")["uuid"].upper(),)))] == ["auto10", "my vm"]


def test_absent_and_ambiguous_names_list_what_there_is(host: Host, platform: Esxi) -> None:
    host.add("auto10", "twin", "twin")
    with pytest.raises(BadOption, match=r"no machine is named 'auto1' on 127.0.0.1; there are: 'auto10' \(1\), 'twin' \(2\)"):
        one(platform, "auto1")
    with pytest.raises(BadOption, match=r"names: 2 machines are named 'twin' .*: 2 \(\[store 1\] twin/twin.vmx\), 3 "):
        one(platform, "twin")
    with pytest.raises(BadOption, match="ids: there is no machine with Vmid '99'"):
        platform.find(Wanted(ids=("99",)))
    with pytest.raises(BadOption, match="uuids: no machine has the UUID 'x'"):
        platform.find(Wanted(uuids=("x",)))
    with pytest.raises(BadOption, match="tags: a single ESXi host has none"):
        platform.find(Wanted(tags=(("a", "b"),)))


def test_a_machine_as_it_is(host: Host, platform: Esxi) -> None:
    host.add("n1")
    host.add("n2", power="suspended", tools="none", consolidate=True)
    first, second = platform.find(Wanted(names=("n1", "n2")))
    assert (first.power, first.tools, first.address, first.consolidate) == ("on", "running", "192.0.2.1", False)
    assert (second.power, second.tools, second.address, second.consolidate) == ("suspended", "none", "", True)
    assert first.used == 10 ** 9 and first.provisioned == 10 ** 9 + 2 ** 30 and first.datastores == ("store 1",)
    [store] = platform.stores([first, second])
    assert (store.name, store.capacity, store.free) == ("store 1", 10 ** 12, 10 ** 11)


def test_revert_brings_the_disk_back_and_leaves_the_machine_off(host: Host, platform: Esxi) -> None:
    host.add("n1")
    key = taken(host, platform, "n1")
    host.set("n1", disk="spoiled")
    machine = one(platform, "n1")
    [snapshot] = machine.snapshots
    assert (snapshot.id, snapshot.name, snapshot.description, snapshot.memory) == (key, "golden", "of a test", False)
    assert done(platform.revert(machine, snapshot)) == key
    assert (host.vm("n1")["disk"], host.vm("n1")["power"]) == ("as installed", "off")
    done(platform.power_on(machine))
    done(platform.power_on(machine))
    assert host.vm("n1")["power"] == "on"
    done(platform.power_off(machine))
    assert one(platform, "n1").power == "off"


def test_a_snapshot_with_memory_is_recognised_and_revives_nothing(host: Host, platform: Esxi) -> None:
    host.add("n1")
    taken(host, platform, "n1", "with memory", memory=True)
    taken(host, platform, "n1", "without")
    machine = one(platform, "n1")
    assert {s.name: (s.memory, s.current) for s in machine.snapshots} == {"with memory": (True, False), "without": (False, True)}
    done(platform.revert(machine, machine.snapshots[0]))
    assert host.vm("n1")["power"] == "off"
    assert ["vmsvc/snapshot.revert", "1", "1", "suppressPowerOn"] in host.calls()


def test_names_reach_the_host_as_they_are(host: Host, platform: Esxi) -> None:
    host.add("n1")
    given = ["it's; rm -rf $HOME `id`", 'two "words"', "a/b 100%", "-x", "mit Umlaut ä"]
    for name in given:
        taken(host, platform, "n1", name)
    assert [s["name"] for s in host.vm("n1")["snapshots"]] == given == [s.name for s in one(platform, "n1").snapshots]


def test_a_snapshot_that_is_gone_is_told_with_what_there_is(host: Host, platform: Esxi) -> None:
    host.add("n1")
    taken(host, platform, "n1", "golden")
    taken(host, platform, "n1", "golden-2")
    machine = one(platform, "n1")
    [old] = [s for s in machine.snapshots if s.name == "golden"]
    done(platform.remove(machine, old))
    host.set("n1", disk="today's")
    for verb in (platform.revert, platform.remove):
        with pytest.raises(PlatformError, match=r"n1: snapshot 'golden' \(1\) is gone; there are: 'golden-2' \(2\)"):
            done(verb(machine, old))
    assert host.vm("n1")["disk"] == "today's" and host.vm("n1")["power"] == "on"


@pytest.mark.gauntlet
def test_remove_with_and_without_children(host: Host, platform: Esxi) -> None:
    host.add("n1")
    for name in ("a", "b", "c"):
        taken(host, platform, "n1", name)
    machine = one(platform, "n1")
    done(platform.remove(machine, machine.snapshots[0]))
    assert [(s.name, s.parent) for s in one(platform, "n1").snapshots] == [("b", ""), ("c", "2")]
    done(platform.remove(machine, machine.snapshots[1], children=True))
    assert one(platform, "n1").snapshots == ()


def work(platform: Esxi, machine: Machine, command: str) -> Pending:
    """What asks the host for this command."""
    return {"snapshot.create": lambda: platform.take(machine, "golden", "", False, False),
            "snapshot.revert": lambda: platform.revert(machine, machine.snapshots[0]),
            "snapshot.remove": lambda: platform.remove(machine, machine.snapshots[0]),
            "power.off": lambda: platform.power_off(machine)}[command]()


@pytest.mark.parametrize("status", [0, 1])
def test_a_fault_is_a_fault_whatever_the_exit_status(host: Host, platform: Esxi, status: int) -> None:
    host.add("n1")
    taken(host, platform, "n1", "first")
    machine, before = one(platform, "n1"), host.vm("n1")
    for command, verb in (("snapshot.create", "take snapshot 'golden'"), ("snapshot.revert", "revert to snapshot 'first'"),
                          ("snapshot.remove", "remove snapshot 'first'"), ("power.off", "power it off")):
        host.order(command, fault="TaskInProgress", msg="The operation is not allowed in the current state.", status=status)
        with pytest.raises(PlatformError) as error:
            done(work(platform, machine, command))
        assert str(error.value) == (f"n1: ESXi could not {verb}: TaskInProgress: The operation is not allowed in the current "
                                    "state.")
        assert host.vm("n1") == before
    assert one(platform, "n1") == machine


@pytest.mark.gauntlet
def test_silence_is_no_success(host: Host, platform: Esxi) -> None:
    host.add("n1")
    taken(host, platform, "n1", "first")
    taken(host, platform, "n1", "second")
    machine = one(platform, "n1")
    platform._settle = 0.3  # pylint: disable=protected-access
    for command, sentence in (("snapshot.create", "ESXi took no snapshot 'golden', and told no fault"),
                              ("snapshot.revert", r"ESXi did not revert to snapshot 'first' \(1\), and told no fault"),
                              ("snapshot.remove", r"ESXi did not remove snapshot 'first' \(1\), and told no fault"),
                              ("power.off", "ESXi did not power it off, and told no fault")):
        host.order(command, silent=True)
        with pytest.raises(PlatformError, match=f"n1: {sentence}"):
            done(work(platform, machine, command))
        host.set("n1", power="on")


def test_a_full_datastore(host: Host, platform: Esxi) -> None:
    host.add("n1", delta=10 ** 13)
    with pytest.raises(PlatformError, match="NoDiskSpace: Insufficient disk space on datastore 'store 1'"):
        taken(host, platform, "n1")
    assert not host.vm("n1")["snapshots"]


@pytest.mark.gauntlet
@pytest.mark.fair("sessions are counted")
def test_many_machines_in_few_sessions_and_one_connection(host: Host, platform: Esxi) -> None:
    host.add(*(f"n{n}" for n in range(45)))
    before = (host.folder / "sshd.log").read_text().count("Accepted publickey")
    assert len(platform.find(Wanted(names=tuple(f"n{n}" for n in range(45))))) == 45
    assert platform.round_trips == 4
    assert (host.folder / "sshd.log").read_text().count("Accepted publickey") == before + 1


def test_snapshots_of_several_machines_at_once(host: Host, platform: Esxi) -> None:
    names = [f"n{n}" for n in range(12)]
    host.add(*names)
    waiting = [platform.take(m, "golden", "", False, False) for m in platform.find(Wanted(names=tuple(names)))]
    for pending in waiting:
        pending.poll()
    assert [done(p) for p in waiting] == ["1"] * 12


@AS_ROOT
def test_a_password_without_a_key(host: Host) -> None:
    host.add("n1")
    params = {k: v for k, v in host.params.items() if k != "ssh_key_file"}
    platform = open_esxi({**params, "password": PASSWORD}, Job())
    try:
        assert one(platform, "n1").power == "on"
        assert not _processes_with(PASSWORD)
    finally:
        platform.close()
    refused = open_esxi({**params, "password": "another"}, Job())
    try:
        with pytest.raises(PlatformError, match=r"ssh to 127.0.0.1: .*Permission denied .*\(check username and password"):
            one(refused, "n1")
    finally:
        refused.close()


def test_a_key_with_a_passphrase(host: Host, tmp_path: Path) -> None:
    host.add("n1")
    key = tmp_path / "locked"
    shutil.copy(host.folder / "key", key)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", PASSWORD, "-f", str(key)], check=True)
    for password, right in ((PASSWORD, True), ("another", False)):
        platform = open_esxi({**host.params, "ssh_key_file": str(key), "password": password}, Job())
        try:
            if right:
                assert one(platform, "n1").power == "on"
            else:
                with pytest.raises(PlatformError, match="Permission denied .*ssh_key_file"):
                    one(platform, "n1")
        finally:
            platform.close()


def _processes_with(text: str) -> list[str]:
    return [p.name for p in Path("/proc").glob("[0-9]*") if text in command_line(p.name)]


def test_connections_that_cannot_be_are_one_sentence(host: Host, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    for params, sentence in (
            ({"port": 1}, "Connection refused .*is the SSH service of the host started"),
            ({"ssh_known_hosts": str(tmp_path / "empty")}, r"Host key verification failed \(add the host's key"),
            ({"hostname": "no-such-host.invalid"}, r"Could not resolve hostname .*\(check hostname"),
            ({"ssh_key_file": str(host.folder / "host_key")}, r"Permission denied .*\(check username and password")):
        platform = open_esxi({**host.params, **params}, Job())
        try:
            with pytest.raises(PlatformError, match=f"^ssh to .*: .*{sentence}") as error:
                one(platform, "n1")
            assert "\n" not in str(error.value)
        finally:
            platform.close()


def test_a_host_without_vim_cmd(host: Host, platform: Esxi) -> None:
    program = host.folder / "bin/vim-cmd"
    program.rename(host.folder / "away")
    try:
        with pytest.raises(PlatformError, match="getallvms printed no list: .*vim-cmd.* not found"):
            one(platform, "n1")
    finally:
        (host.folder / "away").rename(program)


@pytest.mark.gauntlet
def test_a_lost_connection_is_made_again(host: Host, platform: Esxi) -> None:
    """An expired session: whoever only looks goes on, whoever changes something looks what has become of it."""
    host.add("n1")
    machine = one(platform, "n1")
    host.restart()
    assert one(platform, "n1") == machine
    host.order("power.getstate", cut=True)
    assert one(platform, "n1") == machine
    host.order("snapshot.create", cut=True, after=True)
    assert taken(host, platform, "n1") == "1"
    platform._settle = platform._settle_lost = 0.3  # pylint: disable=protected-access
    host.order("snapshot.create", cut=True, late=999)
    with pytest.raises(PlatformError, match="ESXi took no snapshot 'second'"):
        taken(host, platform, "n1", "second")


def test_the_deadline_holds_while_the_host_is_silent(host: Host, tmp_path: Path) -> None:
    """ssh_executable: a program that never ends, in place of ssh."""
    program = tmp_path / "slow-ssh"
    program.write_text(f"#!/bin/sh\nexec {shutil.which('sleep')} 60\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    job = Job()
    job.limit(0.5)
    platform = open_esxi({**host.params, "ssh_executable": str(program)}, job)
    try:
        with pytest.raises(Interrupted, match="the time was up while 127.0.0.1 had not answered"):
            one(platform, "n1")
    finally:
        platform.close()


def test_consolidation_is_refused_with_the_reason(host: Host, platform: Esxi) -> None:
    host.add("n1", consolidate=True)
    with pytest.raises(PlatformError, match="n1: .*vim-cmd has no command for it"):
        platform.consolidate(one(platform, "n1"))


def test_nothing_is_left_behind(host: Host) -> None:
    host.add("n1")
    platform = open_esxi(host.params, Job())
    one(platform, "n1")
    folder = platform._shell._folder  # pylint: disable=protected-access
    assert (folder / "s").is_socket()
    platform.close()
    assert not folder.exists()
    # The program that ends the connection is answered before the connection's own process is gone.
    eventually("no ssh", lambda: not _processes_with(str(folder)), 20)
