# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An ESXi host as it is in the world: slow, busy, with words of users and disks that are not the machine's. A fake (tests/fakes/esxi)."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.jobs import patience
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, Unknown
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.machines.esxi import commands, platform as esxi_platform, ssh
from ansible_collections.assay.clusters.plugins.module_utils.machines.esxi.platform import Esxi, open_esxi
from ansible_collections.assay.clusters.plugins.module_utils.machines.model import Wanted
from tests.fakes.esxi.host import Host
from tests.integration.machines import run
from tests.integration.test_esxi import done, host, one, platform, server  # noqa: F401  # pylint: disable=unused-import

WORDS = "power on failed\nafter a failed upgrade: (vim.fault.NotFound) {\n|-ROOT of all"


def test_words_of_users_make_nothing_fail(host: Host, platform: Esxi) -> None:  # noqa: F811
    host.add("n1")
    done(platform.take(one(platform, "n1"), "failed", WORDS, False, False))
    machine = one(platform, "n1")
    assert [(s.name, s.description) for s in machine.snapshots] == [("failed", WORDS)]
    host.set("n1", disk="after")
    done(platform.revert(machine, machine.snapshots[0]))
    assert host.vm("n1")["disk"] == "as installed"
    done(platform.remove(machine, machine.snapshots[0]))
    assert one(platform, "n1").snapshots == ()


@pytest.mark.parametrize("cut", [False, pytest.param(True, marks=pytest.mark.gauntlet)])
def test_what_takes_some_looks_is_waited_for(host: Host, platform: Esxi, cut: bool) -> None:  # noqa: F811
    platform._settle = platform._settle_lost = 200.0  # pylint: disable=protected-access
    host.add("n1")
    host.order("snapshot.create", late=3, cut=cut)
    assert done(platform.take(one(platform, "n1"), "golden", "", False, False)) == "1"
    machine = one(platform, "n1")
    host.order("snapshot.revert", late=3, cut=cut)
    done(platform.revert(machine, machine.snapshots[0]))
    host.order("power.on", late=3, cut=cut)
    done(platform.power_on(machine))
    host.order("snapshot.remove", late=3, cut=cut)
    done(platform.remove(machine, machine.snapshots[0]))
    assert one(platform, "n1").snapshots == () and host.vm("n1")["power"] == "on"


@pytest.mark.parametrize("after", [False, pytest.param(True, marks=pytest.mark.gauntlet)])
def test_what_was_lost_before_it_began_is_begun_again(host: Host, platform: Esxi, monkeypatch: pytest.MonkeyPatch,  # noqa: F811
                                                       after: bool) -> None:
    """A connection is shared, so the end of one command's is that of all: which of them had begun, nobody can tell."""
    monkeypatch.setattr(commands, "_ONCE_MORE", 0.0)
    platform._settle_lost = 200.0  # pylint: disable=protected-access
    host.add("n1")
    done(platform.take(one(platform, "n1"), "golden", "", False, False))
    host.set("n1", disk="after")
    machine = one(platform, "n1")
    host.order("snapshot.revert", cut=True, after=after)
    done(platform.revert(machine, machine.snapshots[0]))
    assert host.vm("n1")["disk"] == "as installed", "the snapshot was the current one before, too"
    for verb, do in (("power.on", platform.power_on), ("power.off", platform.power_off)):
        host.order(verb, cut=True, after=after)
        done(do(machine))
    assert one(platform, "n1").power == "off"
    host.order("snapshot.remove", cut=True, after=after)
    done(platform.remove(machine, machine.snapshots[0]))
    assert one(platform, "n1").snapshots == ()


def _taken(host: Host) -> list[list[str]]:  # noqa: F811
    return [c for c in host.calls() if c[0] == "vmsvc/snapshot.create"]


@pytest.mark.parametrize("after", [False, True])
def test_a_snapshot_is_taken_once_whether_it_was_lost_before_it_began_or_after(host: Host, platform: Esxi,  # noqa: F811
                                                                              monkeypatch: pytest.MonkeyPatch, after: bool) -> None:
    """A second snapshot is no harmless repetition, so the host's tasks tell whether the first one began."""
    monkeypatch.setattr(commands, "_ONCE_MORE", 0.0)
    platform._settle_lost = 200.0  # pylint: disable=protected-access
    host.add("n1")
    done(platform.take(one(platform, "n1"), "old", "", False, False))
    host.order("snapshot.create", cut=True, after=after)
    done(platform.take(one(platform, "n1"), "golden", "", False, False))
    assert [s.name for s in one(platform, "n1").snapshots] == ["old", "golden"]
    assert [c[2] for c in _taken(host)] == ["old", "golden", *["golden"] * (not after)]


def test_a_snapshot_that_its_host_still_takes_is_not_asked_for_again(host: Host, platform: Esxi,  # noqa: F811
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_ONCE_MORE", 0.0)
    platform._settle_lost = 200.0  # pylint: disable=protected-access
    host.add("n1")
    host.order("snapshot.create", cut=True, late=8)
    done(platform.take(one(platform, "n1"), "golden", "", False, False))
    assert len(one(platform, "n1").snapshots) == len(_taken(host)) == 1


def test_of_a_host_that_tells_no_tasks_nothing_is_asked_twice(host: Host, platform: Esxi,  # noqa: F811
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_ONCE_MORE", 0.0)
    platform._settle_lost = 0.3  # pylint: disable=protected-access
    host.add("n1")
    host.order("get.tasklist", fault="NoPermission", msg="Permission to perform this operation was denied.", times=9)
    host.order("snapshot.create", cut=True)
    with pytest.raises(Unknown, match="^n1: ESXi took no snapshot 'golden', and told no fault, after its connection was lost$"):
        done(platform.take(one(platform, "n1"), "golden", "", False, False))
    assert len(_taken(host)) == 1


@pytest.mark.gauntlet
def test_a_lost_command_is_waited_for_longer_and_of_unknown_fate_then(host: Host, platform: Esxi) -> None:  # noqa: F811
    host.add("n1")
    platform._settle, platform._settle_lost = 0.0, 200.0  # pylint: disable=protected-access
    host.order("snapshot.create", late=4, cut=True)
    assert done(platform.take(one(platform, "n1"), "golden", "", False, False)) == "1"
    platform._settle_lost = 0.3  # pylint: disable=protected-access
    host.order("snapshot.create", late=999, cut=True)
    with pytest.raises(Unknown, match="n1: ESXi took no snapshot 'second', and told no fault, after its connection was lost"):
        done(platform.take(one(platform, "n1"), "second", "", False, False))


def test_a_machine_that_a_busy_host_leaves_out_for_a_moment(host: Host, platform: Esxi, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(esxi_platform, "_BETWEEN", 0.0)
    host.add("n1", "n2")
    host.set("n2", skipped=2)
    assert [m.name for m in platform.find(Wanted(names=("n1", "n2")))] == ["n1", "n2"]
    host.set("n2", skipped=9)
    with pytest.raises(BadOption, match="no machine is named 'n2' .* the host leaves out Vmid 2, whose configuration it cannot read"):
        platform.find(Wanted(names=("n1", "n2")))
    assert [m.name for m in platform.find(Wanted(names=("n1",)))] == ["n1"]


@pytest.mark.fair("a single answer is lost")
def test_a_first_answer_that_is_lost_is_asked_for_once_more(host: Host, platform: Esxi, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(patience, "FIRST", 0.0)
    host.add("n1")
    host.order("getallvms", cut=True)
    assert one(platform, "n1").name == "n1"


VOLUME = {"label": "Hard disk 2", "file": "[store 2] fcd/v.vmdk"}


@pytest.mark.parametrize(("disk", "option"), [
    (VOLUME, "attached_volumes"), ({**VOLUME, "file": "[store 2] x/v.vmdk", "id": "fcd-1"}, "attached_volumes"),
    ({**VOLUME, "file": "[store 2] x/v.vmdk", "mode": "independent_persistent"}, "independent_disks"),
    ({**VOLUME, "file": "[store 2] x/v.vmdk", "physical": True}, "independent_disks")])
def test_disks_that_are_not_the_machines_are_named(host: Host, disk: dict[str, Any], option: str) -> None:  # noqa: F811
    host.add("n1", disks=[disk])
    given = {"platform": "esxi", **host.params, "names": ["n1"], "snapshot_name": "golden", "growth_percent": 0, "free_percent": 0}
    failed = run("vm_snapshot", given)
    assert failed["failed"] and failed["msg"].startswith(f"{option}: ") and f"Hard disk 2 of n1 ({disk['file']}" in failed["msg"]
    assert host.vm("n1")["snapshots"] == []


def test_memory_and_all_datastores_are_counted(host: Host) -> None:  # noqa: F811
    host.change(lambda s: s["stores"].append({"name": "store 2", "capacity": 10 ** 12, "free": 10 ** 9, "uncommitted": 0}))
    host.add("n1", memory=200_000, disks=[{"label": "Hard disk 2", "file": "[store 2] n1/data.vmdk"}])
    given = {"platform": "esxi", **host.params, "names": ["n1"], "snapshot_name": "golden", "growth_percent": 0, "state_before": "as_is"}
    assert "datastore store 2: 0.9 GiB" in run("vm_snapshot", given)["msg"]
    host.change(lambda s: s["stores"][1].update(free=10 ** 12))
    failed = run("vm_snapshot", {**given, "free_percent": 1, "memory_dump": True})
    assert "memory takes 195.3 GiB" in failed["msg"] and host.vm("n1")["snapshots"] == []
    assert run("vm_snapshot", {**given, "free_percent": 1})["changed"]
    [machine] = open_esxi(host.params, Job()).find(Wanted(names=("n1",)))
    assert machine.datastores == ("store 1", "store 2") and [d.file for d in machine.disks] == ["[store 1] n1/n1.vmdk", "[store 2] n1/data.vmdk"]


@pytest.mark.gauntlet
@pytest.mark.fair("a host of few sessions is enough")
def test_a_hardened_host_with_few_sessions_and_log_ins(host: Host, platform: Esxi,  # noqa: F811
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "_AGAIN", 0.1)
    names = [f"n{n}" for n in range(6)]
    host.add(*names)
    host.restart("MaxSessions 1", "MaxStartups 1:100:1")
    try:
        waiting = [platform.take(m, "golden", "", False, False) for m in platform.find(Wanted(names=tuple(names)))]
        for pending in waiting:
            pending.poll()
        assert [done(p) for p in waiting] == ["1"] * 6
    finally:
        host.restart("MaxSessions 10")
    assert [len(host.vm(n)["snapshots"]) for n in names] == [1] * 6
