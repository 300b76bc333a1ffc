# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake of vim-cmd on an ESXi host: keeps its machines in a file, and prints what vim-cmd prints.

    ASSAY_ESXI=/folder python vim_cmd.py vmsvc/snapshot.create 12 golden "clean cluster" 0 0

state.json: {"vms": [...], "stores": [...], "faults": [...], "calls": [...]}; host.py makes it. The disk of a machine is one
text, so that a test sees what a revert brought back. A fault is {"command", "fault", "msg"} and more:
status (of the exit), times, "silent" (nothing is done and nothing said), "late" (its effect shows so many looks later),
"cut" (the connection is lost in the middle, after the work if "after").

weather: {"every": 4, "seen": 0, "sessions": []}: of the sessions that only look each fourth is cut; {} is fair.
"""
from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("ASSAY_ESXI", "."))
POWER = {"on": "Powered on", "off": "Powered off", "suspended": "Suspended"}
WORDS = {"on": "poweredOn", "off": "poweredOff", "suspended": "suspended"}


class Fault(Exception):
    """(vim.fault.NAME) with its message; done: what vim-cmd says first."""

    def __init__(self, name: str, msg: str, first: str = "") -> None:
        super().__init__(name)
        self.text = f"{first}(vim.fault.{name}) {{\n   faultCause = (vmodl.MethodFault) null, \n   msg = \"{msg}\"\n}}"


def escaped(text: str) -> str:
    return text.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")


def machine(state: dict[str, Any], key: str) -> dict[str, Any]:
    for vm in state["vms"]:
        if vm["id"] == key:
            return vm
    raise Fault("NotFound", f'Unable to find a VM corresponding to "{key}"')


def getallvms(state: dict[str, Any]) -> str:
    """A busy host leaves machines out whose configuration it cannot read, for as many looks as they say."""
    hidden = [v for v in state["vms"] if v.get("skipped", 0) > 0]
    for vm in hidden:
        vm["skipped"] -= 1
    rows = [("Vmid", "Name", "File", "Guest OS", "Version", "Annotation")]
    rows += [(v["id"], escaped(v["name"]), f"[{v['store']}] {v['name']}/{v['name']}.vmx", "otherGuest64", "vmx-13",
              v["annotation"]) for v in state["vms"] if v not in hidden]
    widths = [max(len(r[c]) for r in rows) + 3 for c in range(5)]
    return "\n".join([*(f"Skipping invalid VM '{v['id']}'" for v in hidden),
                      *("".join(r[c].ljust(widths[c]) for c in range(5)) + r[5] for r in rows)])


def tree(vm: dict[str, Any], title: str, parent: str = "", depth: int = 0) -> list[str]:
    """As vmsvc/snapshot.get prints it (the typo is ESXi's)."""
    lines = [title] if title else []
    for snap in (s for s in vm["snapshots"] if s["parent"] == parent):
        dashes = "-" * (depth + 2)
        lines += [f"{'-' * depth}|-{'CHILD' if depth else 'ROOT'}", f"{dashes}Snapshot Name        : {escaped(snap['name'])}",
                  f"{dashes}Snapshot Id        : {snap['id']}", f"{dashes}Snapshot Desciption  : {snap['description']}",
                  f"{dashes}Snapshot Created On  : {snap['created']}",
                  f"{dashes}Snapshot State       : {'powered on' if snap['memory'] else 'powered off'}"]
        lines += tree(vm, "", snap["id"], depth + 2)
    return lines


def info(vm: dict[str, Any]) -> str:
    """vmsvc/get.snapshotinfo."""
    def branch(parent: str, pad: str) -> list[str]:
        lines = []
        for s in (s for s in vm["snapshots"] if s["parent"] == parent):
            when = time.strftime("%Y-%m-%dT%H:%M:%S", time.strptime(s["created"], "%m/%d/%Y %H:%M:%S"))
            lines += [f"{pad}(vim.vm.SnapshotTree) {{", f"{pad}   snapshot = 'vim.vm.Snapshot:{vm['id']}-snapshot-{s['id']}', ",
                      f"{pad}   vm = 'vim.VirtualMachine:{vm['id']}', ", f"{pad}   name = \"{escaped(s['name'])}\", ",
                      f"{pad}   description = \"{s['description']}\", ", f"{pad}   id = {s['id']}, ",
                      f"{pad}   createTime = \"{when}.25Z\", ", f"{pad}   state = \"{'poweredOn' if s['memory'] else 'poweredOff'}\", ",
                      f"{pad}   quiesced = {str(s['quiesced']).lower()}, ",
                      f"{pad}   childSnapshotList = (vim.vm.SnapshotTree) [", *branch(s["id"], pad + "      "), f"{pad}   ], ",
                      f"{pad}}}, "]
        return lines

    if not vm["snapshots"]:
        return "Get Snapshot Info:\n(vim.vm.SnapshotInfo) null"
    return "\n".join(["Get Snapshot Info:", "(vim.vm.SnapshotInfo) {",
                      f"   currentSnapshot = 'vim.vm.Snapshot:{vm['id']}-snapshot-{vm['current']}', ",
                      "   rootSnapshotList = (vim.vm.SnapshotTree) [", *branch("", "      "), "   ]", "}"])


def summary(vm: dict[str, Any]) -> str:
    return "\n".join([
        "Listsummary:", "", "(vim.vm.Summary) {", f"   vm = 'vim.VirtualMachine:{vm['id']}', ",
        "   runtime = (vim.vm.RuntimeInfo) {", f"      powerState = \"{WORDS[vm['power']]}\", ",
        f"      consolidationNeeded = {str(vm['consolidate']).lower()}, ", "   }, ",
        "   config = (vim.vm.Summary.ConfigSummary) {", f"      name = \"{escaped(vm['name'])}\", ", f"      uuid = \"{vm['uuid']}\", ",
        f"      memorySizeMB = {vm.get('memory', 1024)}, ",
        "   }, ", "   storage = (vim.vm.Summary.StorageSummary) {", f"      committed = {vm['used']}, ",
        "      uncommitted = 1073741824, ", "   }, ", "}"])


def devices(vm: dict[str, Any]) -> str:
    """vmsvc/device.getdevices: disks as (vim.vm.device.VirtualDisk) blocks, the chain of snapshots below `parent`."""
    lines = ["Devices:", "", "(vim.vm.VirtualHardware) {", "   numCPU = 1, ", f"   memoryMB = {vm.get('memory', 1024)}, ",
             "   device = (vim.vm.device.VirtualDevice) [", "      (vim.vm.device.VirtualIDEController) {", "         key = 200, ",
             "         deviceInfo = (vim.Description) {", '            label = "IDE 0", ', "         }, ", "      }, "]
    own = {"label": "Hard disk 1", "file": f"[{vm['store']}] {vm['name']}/{vm['name']}.vmdk"}
    for number, disk in enumerate([own, *vm.get("disks", [])]):
        kind, file = disk.get("kind", "VirtualDisk"), disk["file"]
        chain = [file] + ([file.replace(".vmdk", "-000001.vmdk")] if vm["snapshots"] and not disk.get("mode") else [])[::-1]
        lines += [f"      (vim.vm.device.{kind}) {{", f"         key = {2000 + number}, ", "         deviceInfo = (vim.Description) {",
                  f"            label = \"{disk['label']}\", ", '            summary = "16 KB"', "         }, ",
                  "         backing = (vim.vm.device.VirtualDisk.FlatVer2BackingInfo) {", f"            fileName = \"{chain[-1]}\", ",
                  f"            diskMode = \"{disk.get('mode', 'persistent')}\", "]
        if disk.get("physical"):
            lines.append('            compatibilityMode = "physicalMode", ')
        if len(chain) > 1:
            lines += ["            parent = (vim.vm.device.VirtualDisk.FlatVer2BackingInfo) {", f"               fileName = \"{chain[0]}\", ",
                      '               diskMode = "persistent", ', "            }, "]
        lines += ["         }, ", "         capacityInKB = 16, "]
        lines += ["         vDiskId = (vim.vslm.ID) {", f"            id = \"{disk['id']}\"", "         }, "] if disk.get("id") else [
            "         vDiskId = (vim.vslm.ID) null, "]
        lines.append("      }, ")
    return "\n".join([*lines, "   ]", "}"])


def guest(vm: dict[str, Any]) -> str:
    running = vm["tools"] == "running" and vm["power"] == "on"
    return "\n".join([
        "Guest information:", "", "(vim.vm.GuestInfo) {",
        f"   toolsStatus = \"{'toolsNotInstalled' if vm['tools'] == 'none' else 'toolsOk'}\", ",
        f"   toolsRunningStatus = \"{'guestToolsRunning' if running else 'guestToolsNotRunning'}\", ",
        f"   ipAddress = {chr(34) + vm['address'] + chr(34) if running else '<unset>'}, ", "}"])


def listsummary(state: dict[str, Any]) -> str:
    blocks = [f"   (vim.Datastore.Summary) {{\n      datastore = 'vim.Datastore:{s['name']}', \n      name = \"{s['name']}\", \n"
              f"      capacity = {s['capacity']}, \n      freeSpace = {s['free']}, \n      uncommitted = {s['uncommitted']}, \n"
              "      accessible = true, \n   }" for s in state["stores"]]
    return "(vim.Datastore.Summary) [\n" + ", \n".join(blocks) + "\n]"


def create(state: dict[str, Any], vm: dict[str, Any], name: str, text: str = "", memory: str = "0", quiesced: str = "0") -> str:
    store = next(s for s in state["stores"] if s["name"] == vm["store"])
    if store["free"] < vm["delta"]:
        raise Fault("NoDiskSpace", f"Insufficient disk space on datastore '{store['name']}'.", "Create Snapshot:\nCreate snapshot failed\n")
    store["free"] -= vm["delta"]
    plain = name.replace("%2f", "/").replace("%5c", "\\").replace("%25", "%")
    when = time.gmtime()
    vm["last"] += 1
    vm["snapshots"].append({
        "id": str(vm["last"]), "name": plain, "description": text, "parent": vm["current"], "quiesced": quiesced == "1",
        "memory": memory == "1" and vm["power"] == "on", "disk": vm["disk"],
        "created": f"{when.tm_mon}/{when.tm_mday}/{when.tm_year} {when.tm_hour}:{when.tm_min}:{when.tm_sec}"})
    vm["current"] = str(vm["last"])
    return "Create Snapshot:"


def revert(_state: dict[str, Any], vm: dict[str, Any], key: str, how: str = "0") -> str:
    snap = next((s for s in vm["snapshots"] if s["id"] == key), None)
    if snap:  # a wrong id changes nothing, and nothing is said about it
        vm["disk"], vm["current"] = snap["disk"], key
        vm["power"] = "off" if not snap["memory"] else "suspended" if how == "suppressPowerOn" else "on"
    return "\n".join(tree(vm, "Revert Snapshot:"))


def remove(_state: dict[str, Any], vm: dict[str, Any], key: str, children: str = "0") -> str:
    snap = next((s for s in vm["snapshots"] if s["id"] == key), None)
    if not snap:
        raise Fault("NotFound", f"Unable to find snapshot {key}", "Remove snapshot failed\n")
    for child in [s for s in vm["snapshots"] if s["parent"] == key]:
        if children == "1":
            remove(_state, vm, child["id"], "1")
        else:
            child["parent"] = snap["parent"]
    vm["snapshots"].remove(snap)
    if vm["current"] not in {s["id"] for s in vm["snapshots"]}:
        vm["current"] = snap["parent"]
    return "Remove Snapshot:\n" + "\n".join(tree(vm, ""))


def shutdown(vm: dict[str, Any]) -> str:
    """Says nothing when the guest was asked; a guest without tools hears nothing."""
    if vm["power"] != "on":
        raise Fault("InvalidPowerState", "The attempted operation cannot be performed in the current state.")
    if vm["tools"] != "running":
        raise Fault("ToolsUnavailable", "Cannot complete operation because VMware Tools is not running in this virtual machine.")
    vm["power"] = "off"
    return ""


def power(_state: dict[str, Any], vm: dict[str, Any], wanted: str) -> str:
    if vm["power"] == wanted:
        raise Fault("InvalidPowerState", "The attempted operation cannot be performed in the current state "
                    f"({POWER[wanted]}).", f"Powering {wanted} VM:\nPower {wanted} failed\n")
    vm["power"] = wanted
    return f"Powering {wanted} VM:"


def tasklist(state: dict[str, Any], vm: dict[str, Any]) -> str:
    lines = ",\n".join(f"   'vim.Task:{t}'" for t in state.get("tasks", []) if t.startswith(f"haTask-{vm['id']}-"))
    return f"(ManagedObjectReference) [\n{lines}\n]" if lines else "(ManagedObjectReference) []"


def began(state: dict[str, Any], command: str, arguments: list[str]) -> None:
    """As a task of the machine, which a host tells for some minutes, however it ended."""
    if operation := TASKS.get(command.removeprefix("vmsvc/")):
        told = state.setdefault("tasks", [])
        told.append(f"haTask-{arguments[0]}-{operation}-{182550000 + len(told)}")


TASKS = {"snapshot.create": "vim.VirtualMachine.createSnapshot", "snapshot.revert": "vim.vm.Snapshot.revert",
         "snapshot.remove": "vim.vm.Snapshot.remove", "power.on": "vim.VirtualMachine.powerOn", "power.off": "vim.VirtualMachine.powerOff"}
LOOKS = {"snapshot.get": lambda vm: "\n".join(tree(vm, "Get Snapshot:")), "get.snapshotinfo": info, "get.summary": summary,
         "get.guest": guest, "device.getdevices": devices, "power.getstate": lambda vm: f"Retrieved runtime info\n{POWER[vm['power']]}"}
CHANGES = {"snapshot.create": create, "snapshot.revert": revert, "snapshot.remove": remove,
           "power.on": lambda s, vm: power(s, vm, "on"), "power.off": lambda s, vm: power(s, vm, "off"),
           "power.shutdown": lambda s, vm: shutdown(vm)}


def answer(state: dict[str, Any], command: str, arguments: list[str]) -> str:
    if command == "vmsvc/getallvms":
        return getallvms(state)
    if command == "hostsvc/datastore/listsummary":
        return listsummary(state)
    name = command.removeprefix("vmsvc/")
    if name == "get.tasklist":
        return tasklist(state, machine(state, arguments[0]))
    if name in LOOKS:
        return LOOKS[name](machine(state, arguments[0]))
    if name in CHANGES:
        return CHANGES[name](state, machine(state, arguments[0]), *arguments[1:])
    return f"Invalid command '{command}'."


def work_on(state: dict[str, Any], command: str, arguments: list[str]) -> bool:
    """What was begun goes on while its machine is asked for something, and is done at its time. Whether it is at work on that
    machine still."""
    for one in [b for b in state.get("begun", []) if b[2][:1] == arguments[:1]]:
        one[0] -= 1
        if one[0] <= 0:
            state["begun"].remove(one)
            try:
                answer(state, one[1], one[2])
            except Fault:
                pass  # nobody hears of it
    return any(b[2][:1] == arguments[:1] for b in state.get("begun", []))


def due(state: dict[str, Any], command: str, arguments: list[str]) -> dict[str, Any]:
    """The fault that a test has ordered for this call."""
    for order in state["faults"]:
        if order["command"] == command and order.get("vm") in (None, *arguments[:1]) and order.get("times", 1) > 0:
            order["times"] = order.get("times", 1) - 1
            return order
    return {}


def cut() -> None:
    """The end of the session: sshd's process for it is above the shell that runs us."""
    os.kill(int(os.environ["ASSAY_SESSION"]), signal.SIGKILL)


def spoilt(state: dict[str, Any], command: str, session: int) -> bool:
    """Whether the weather cuts this session, at the first look in it. A change and its answer are a test's own matter."""
    weather = state.get("weather")
    if not weather or command.removeprefix("vmsvc/") in CHANGES or session in weather["sessions"]:
        return False
    weather["sessions"] = [*weather["sessions"][-50:], session]
    weather["seen"] += 1
    return weather["seen"] % weather["every"] == 0


def call(state: dict[str, Any], command: str, arguments: list[str]) -> tuple[str, int]:
    """What is printed, and the exit status."""
    state["calls"].append([command, *arguments])
    if spoilt(state, command, os.getppid()):
        return "", -1
    if work_on(state, command, arguments) and command.removeprefix("vmsvc/") not in (*LOOKS, "get.tasklist"):
        return Fault("TaskInProgress", "The operation is not allowed in the current state.").text, 1
    order = due(state, command, arguments)
    if not (order.get("cut") and not order.get("after") and not order.get("late") or order.get("silent")):
        began(state, command, arguments)
    if order.get("late"):
        state.setdefault("begun", []).append([int(order["late"]), command, arguments])
        return "", -1 if order.get("cut") else 0
    if order.get("cut") and not order.get("after") or order.get("silent"):
        return "", -1 if order.get("cut") else 0
    try:
        if order.get("fault"):
            raise Fault(order["fault"], order.get("msg", ""))
        return answer(state, command, arguments), -1 if order.get("cut") else 0
    except Fault as e:
        return e.text, int(order.get("status", 1))


def main(argv: list[str]) -> int:
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = json.loads((FOLDER / "state.json").read_text(encoding="utf-8"))
        text, status = call(state, argv[0] if argv else "", argv[1:])
        temporary = FOLDER / "state.new"
        temporary.write_text(json.dumps(state, indent=1), encoding="utf-8")
        temporary.replace(FOLDER / "state.json")
    if status == -1:
        cut()
    print(text)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
