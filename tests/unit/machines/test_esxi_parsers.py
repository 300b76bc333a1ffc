# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What vim-cmd prints, read: names with blanks and brackets, trees, the stored state that tells of memory, faults."""
from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.assay.clusters.plugins.module_utils.clouds.vsphere import names
from ansible_collections.assay.clusters.plugins.module_utils.jobs.errors import BadOption, PlatformError
from ansible_collections.assay.clusters.plugins.module_utils.jobs.job import Job
from ansible_collections.assay.clusters.plugins.module_utils.machines.esxi import parse
from ansible_collections.assay.clusters.plugins.module_utils.machines.esxi.ssh import Shell

LIST = """\
Skipping invalid VM '9'
Vmid      Name                          File                             Guest OS       Version   Annotation
1      auto1            [store 2] auto1/auto1.vmx                     otherGuest64    vmx-13
10     auto10           [store 2] auto10/auto10.vmx                   otherGuest64    vmx-13    made by hand
12     my vm            [store 2] my vm/my vm.vmx                     otherGuest64    vmx-13    first line
2 lines more, one with a [bracket] and .vmx in it
13     [prod] my [vm]   [store 2] [prod] my [vm]/[prod] my [vm].vmx   ubuntu64Guest   vmx-19
14     a%2fb%25         [datastore1] ab/ab.vmx                        otherGuest64    vmx-8     x
"""
TREE = """\
Get Snapshot:
|-ROOT
--Snapshot Name        : golden
--Snapshot Id        : 3
--Snapshot Desciption  : clean cluster
and more: --Snapshot Id : 99
--Snapshot Id        : 98
--Snapshot Created On  : 1/5/2026 9:3:7
--Snapshot State       : powered off
--|-CHILD
----Snapshot Name        : golden-2
----Snapshot Id        : 4
----Snapshot Desciption  :
----Snapshot Created On  : 1/6/2026 10:14:0
----Snapshot State       : powered on
----|-CHILD
------Snapshot Name        : deep
------Snapshot Id        : 5
------Snapshot Desciption  :
------Snapshot Created On  : 1/7/2026 10:14:0
------Snapshot State       : powered off
--|-CHILD
----Snapshot Name        : other branch
----Snapshot Id        : 6
----Snapshot Desciption  :
----Snapshot Created On  : 1/8/2026 10:14:0
----Snapshot State       : powered off
|-ROOT
--Snapshot Name        : second root
--Snapshot Id        : 7
--Snapshot Desciption  :
--Snapshot Created On  : 1/9/2026 10:14:0
--Snapshot State       : powered off
"""
INFO = """\
Get Snapshot Info:
(vim.vm.SnapshotInfo) {
   currentSnapshot = 'vim.vm.Snapshot:12-snapshot-5',
   rootSnapshotList = (vim.vm.SnapshotTree) [
      (vim.vm.SnapshotTree) {
         name = "golden",
         description = "clean cluster",
         id = 3,
         createTime = "2026-01-05T09:03:07.25Z",
         state = "poweredOff",
         quiesced = true,
""".replace(",\n", ", \n")  # vim-cmd leaves a blank at these ends
FAULT = """\
Powering on VM:
Power on failed
(vim.fault.InvalidPowerState) {
   faultCause = (vmodl.MethodFault) null,
   requestedState = "poweredOn",
   existingState = "poweredOn",
   msg = "The attempted operation cannot be performed in the current state ("Powered on")."
}
""".replace(",\n", ", \n")  # vim-cmd leaves a blank at these ends


def test_names_with_blanks_and_brackets() -> None:
    rows = parse.vms(LIST)
    assert [(r.id, r.name) for r in rows] == [("1", "auto1"), ("10", "auto10"), ("12", "my vm"), ("13", "[prod] my [vm]"),
                                              ("14", "a/b%")]
    assert [(r.store, r.path) for r in rows[2:4]] == [("store 2", "my vm/my vm.vmx"),
                                                      ("store 2", "[prod] my [vm]/[prod] my [vm].vmx")]


def test_names_where_the_header_does_not_tell_the_column() -> None:
    """The header above does not: its words are not over their columns. Here they are."""
    text = ("Vmid   Name       File                          Guest OS       Version   Annotation\n"
            "7      [a] b      [s] [a] b/[a] b.vmx           otherGuest64   vmx-13\n"
            "8      wider than its column [s] w/w.vmx        otherGuest64   vmx-13\n")
    assert [(r.name, r.store) for r in parse.vms(text)] == [("[a] b", "s"), ("wider than its column", "s")]


@pytest.mark.parametrize("text", ["", "Failed to login: Fault: (vim.fault.NotAuthenticated)", "sh: vim-cmd: not found"])
def test_what_is_no_list_is_an_error_with_its_words(text: str) -> None:
    with pytest.raises(PlatformError, match="getallvms printed no list: " + (text[:6] or "nothing")):
        parse.vms(text)


def test_an_empty_host() -> None:
    assert not parse.vms("Vmid   Name   File   Guest OS   Version   Annotation\n")


def test_the_whole_tree_with_all_branches() -> None:
    found = {s.name: s for s in parse.snapshots(TREE, INFO)}
    assert {n: (s.id, s.parent) for n, s in found.items()} == {
        "golden": ("3", ""), "golden-2": ("4", "3"), "deep": ("5", "4"), "other branch": ("6", "3"), "second root": ("7", "")}
    assert {s.name for s in found.values() if s.memory} == {"golden-2"}
    assert {s.name for s in found.values() if s.current} == {"deep"}
    golden = found["golden"]
    assert golden.quiesced and golden.created == "2026-01-05T09:03:07Z" == parse.snapshots(TREE)[0].created
    assert golden.description == "clean cluster\nand more: --Snapshot Id : 99\n--Snapshot Id        : 98"


def test_no_snapshots_and_no_answer() -> None:
    assert parse.snapshots("Get Snapshot:\n") == ()
    with pytest.raises(PlatformError, match="printed no tree: NotFound: Unable to find a VM"):
        parse.snapshots('(vim.fault.NotFound) {\n   msg = "Unable to find a VM corresponding to "99""\n}')


def test_faults_are_told_in_the_platforms_words() -> None:
    assert parse.fault(FAULT) == ('InvalidPowerState: The attempted operation cannot be performed in the current state '
                                  '("Powered on").')
    assert parse.fault("(vmodl.fault.InvalidArgument) {\n}") == "InvalidArgument"
    assert parse.fault("Create Snapshot:\nCreate snapshot failed\n") == "Create snapshot failed"
    assert parse.fault("Create Snapshot:\n") == ""


@pytest.mark.parametrize(("text", "state"), [("Powered on", "on"), ("Powered off", "off"), ("Suspended", "suspended")])
def test_power(text: str, state: str) -> None:
    assert parse.power(f"Retrieved runtime info\n{text}\n") == state


def test_power_that_is_not_told() -> None:
    with pytest.raises(PlatformError, match="told no state: Retrieved runtime info"):
        parse.power("Retrieved runtime info\n")


@pytest.mark.parametrize(("status", "running", "tools"), [
    ("toolsOk", "guestToolsRunning", "running"), ("toolsOld", "guestToolsNotRunning", "not running"),
    ("toolsNotInstalled", "guestToolsNotRunning", "none"), ("toolsOk", "guestToolsExecutingScripts", "running")])
def test_tools(status: str, running: str, tools: str) -> None:
    text = f'(vim.vm.GuestInfo) {{\n   toolsStatus = "{status}", \n   toolsRunningStatus = "{running}", \n   ipAddress = <unset>, \n}}'
    assert parse.tools(text) == tools and parse.value(text, "ipAddress") == ""


def test_stores() -> None:
    text = ('(vim.Datastore.Summary) [\n   (vim.Datastore.Summary) {\n      name = "store 2", \n      capacity = 100, \n'
            '      freeSpace = 30, \n      uncommitted = 20, \n   }, \n   (vim.Datastore.Summary) {\n      name = "nfs", \n'
            '      capacity = 9, \n      freeSpace = 8, \n      uncommitted = <unset>, \n   }\n]\n')
    found = parse.stores(text)
    assert (found["store 2"].free, found["store 2"].uncommitted, found["nfs"].uncommitted) == (30, 20, 0)
    with pytest.raises(PlatformError, match="printed no list"):
        parse.stores("sh: vim-cmd: not found")


@pytest.mark.parametrize("name", ["a/b", "100%", "back\\slash", "%2f", "plain"])
def test_escapes_of_vsphere(name: str) -> None:
    assert names.plain(names.stored(name)) == name and not {"/", "\\"} & set(names.stored(name))


@pytest.mark.parametrize(("params", "sentence"), [
    ({}, "hostname: "), ({"hostname": "-oProxyCommand=x"}, "hostname: "),
    ({"hostname": "h", "ssh_key_file": "/no/such/key"}, "ssh_key_file: there is no file /no/such/key"),
    ({"hostname": "h", "ssh_executable": "no-such-ssh"}, "ssh_executable: there is no program 'no-such-ssh'")])
def test_wrong_options(params: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadOption, match=sentence):
        Shell(params, Job())


def test_a_password_is_on_no_command_line() -> None:
    shell = Shell({"hostname": "h", "password": "planted-secret"}, Job())
    try:
        assert not any("planted-secret" in part for part in shell._argv)  # pylint: disable=protected-access
        assert "BatchMode=yes" not in shell._argv  # pylint: disable=protected-access
        [askpass] = list(shell._folder.iterdir())  # pylint: disable=protected-access
        assert "planted-secret" not in askpass.read_text() and askpass.stat().st_mode & 0o077 == 0
    finally:
        shell.close()
    assert not Path(shell._folder).exists()  # pylint: disable=protected-access


@pytest.mark.parametrize("words", ["after failed upgrade", "failed", "power on failed yesterday\n(vim.fault.NotFound) {\n}"])
@pytest.mark.parametrize("first", ["Revert Snapshot:", "Remove Snapshot:"])
def test_words_of_users_are_no_faults(first: str, words: str) -> None:
    tree = TREE.replace("Get Snapshot:", first).replace("clean cluster", words)
    assert parse.fault(tree) == ""
    assert parse.fault(tree.replace(first, f"{first}\nRevert snapshot failed")) == "Revert snapshot failed"


def test_machines_that_a_busy_host_leaves_out() -> None:
    assert parse.skipped(LIST) == ["9"] and parse.skipped("Vmid Name") == []
