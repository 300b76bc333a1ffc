# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What vim-cmd of an ESXi host prints, as data.

Its output is made for people: names hold blanks and brackets, descriptions run over lines, faults come with exit status 0.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ...clouds.vsphere.names import plain as unescaped
from ...jobs.errors import PlatformError
from ..model import Disk, Snapshot, Store

_FAULT = re.compile(r"^\((?:vim|vmodl)\.fault\.(\w+)\)", re.MULTILINE)
_MESSAGE = re.compile(r'^\s*msg = "(.*)",?\s*$', re.MULTILINE)
_FAILED = re.compile(r"^.{0,60}\bfailed\b.*$", re.IGNORECASE | re.MULTILINE)
_FILE = re.compile(r"\[(?P<store>[^\]]+)\] (?P<path>\S.*?\.vmx)\s+(?P<guest>\S+)\s+(?P<version>vmx-\d+)(?:\s+(?P<note>.*))?$")
_ROW = re.compile(r"^(?P<id>\d+)\s+(?P<rest>\S.*)$")
_FIELD = re.compile(r"^(-+)Snapshot (Name|Id|Desciption|Description|Created On|State)\s*:(?: (.*))?$")
_NAMES = {"Desciption": "Description"}  # as ESXi spells it
_ORDER = ["Name", "Id", "Description", "Created On", "State"]
_BRANCH = re.compile(r"^-*\|-(?:ROOT|CHILD)\s*$", re.MULTILINE)
_TREE = re.compile(r'^\s+id = (\d+),\s*\n\s+createTime = "([^"]*)",\s*\n\s+state = "(\w+)",\s*\n\s+quiesced = (true|false)',
                   re.MULTILINE)
_CURRENT = re.compile(r"^\s+currentSnapshot = 'vim\.vm\.Snapshot:[^']*?(\d+)'", re.MULTILINE)
_STATES = {"powered on": "on", "powered off": "off", "suspended": "suspended"}
_TOOLS = {"guestToolsRunning": "running", "guestToolsExecutingScripts": "running", "guestToolsNotRunning": "not running"}
_SKIPPED = re.compile(r"^Skipping invalid VM '?(\d+)'?", re.MULTILINE)
_DEVICE = re.compile(r"^\s*\(vim\.vm\.device\.(\w+)\) \{\s*$", re.MULTILINE)
_FILES = re.compile(r'^\s+fileName = "(.*)",?\s*$', re.MULTILINE)
_TASK = re.compile(r"'vim\.Task:([^']+)'")
# Folders of a datastore in which volumes of Kubernetes lie: first class disks, and those of the driver before CSI.
_VOLUMES = re.compile(r"^\[[^\]]*\] (?:fcd|kubevols)/")


@dataclass(frozen=True)
class Row:
    """A machine in the list of a host. path: of its .vmx file in the datastore."""

    id: str
    name: str
    store: str
    path: str


def fault(text: str) -> str:
    """The platform's own words for a failure, "" where the text tells of none.

    They stand before the tree of snapshots that some commands print: below its first branch are words of users.
    """
    branch = _BRANCH.search(text)
    text = text[:branch.start()] if branch else text
    found = _FAULT.search(text)
    if found:
        message = _MESSAGE.search(text, found.end())
        return f"{found[1]}: {message[1]}" if message else found[1]
    failed = _FAILED.search(text)
    return " ".join(failed[0].split()) if failed else ""


def vms(text: str) -> list[Row]:
    """vmsvc/getallvms. A line that is no machine belongs to the annotation above it, or is a warning."""
    lines = text.splitlines()
    header = next((n for n, line in enumerate(lines) if line.startswith("Vmid")), None)
    if header is None:
        raise PlatformError(f"vmsvc/getallvms printed no list: {fault(text) or ' '.join(text.split())[:200] or 'nothing'}")
    column = lines[header].find("File")
    return [row for line in lines[header + 1:] if (row := _row(line, column))]


def skipped(text: str) -> list[str]:
    """Vmids of machines that vmsvc/getallvms leaves out, as the host cannot read their configuration at that moment."""
    return _SKIPPED.findall(text)


def _row(line: str, column: int) -> Row | None:
    """A name may hold brackets, so the file begins where the header says; where that does not fit (a name wider than its
    column), at the bracket that the most blanks precede."""
    match = _ROW.match(line)
    if not match:
        return None
    starts = [m.start() for m in re.finditer(r"(?<=\s)\[", line) if m.start() > match.start("rest")]
    starts.sort(key=lambda s: (s != column, len(line[:s].rstrip()) - s))
    for start in starts:
        file = _FILE.match(line[start:])
        if file:
            return Row(match["id"], unescaped(line[match.start("rest"):start].rstrip()), file["store"], file["path"])
    return None


def snapshots(text: str, info: str = "") -> tuple[Snapshot, ...]:
    """vmsvc/snapshot.get, with what only vmsvc/get.snapshotinfo tells: which one is current, quiesced, the time in UTC.

    The stored power state tells of memory: without memory it is "powered off".
    """
    if "Get Snapshot:" not in text:
        raise PlatformError(f"vmsvc/snapshot.get printed no tree: {fault(text) or ' '.join(text.split())[:200] or 'nothing'}")
    told = {m[1]: (m[2], m[4] == "true") for m in _TREE.finditer(info)}
    current = _CURRENT.search(info)
    found, above = [], {}
    for depth, fields in _records(text):
        key = fields.get("Id", "").strip()
        above[depth] = key
        time, quiesced = told.get(key, ("", False))
        found.append(Snapshot(
            id=key, name=unescaped(fields.get("Name", "")), created=_utc(time) or _created(fields.get("Created On", "")),
            memory=fields.get("State", "").strip() == "powered on", quiesced=quiesced,
            current=bool(current) and current[1] == key, parent=above.get(depth - 2, ""),
            description=unescaped(fields.get("Description", ""))))
    return tuple(found)


def _records(text: str) -> list[tuple[int, dict[str, str]]]:
    """Each snapshot's depth (the number of dashes) and fields. A description may look like anything: it goes on until the
    field that comes after it."""
    records: list[tuple[int, dict[str, str]]] = []
    next_field = 0
    for line in text.splitlines():
        field = _FIELD.match(line)
        place = _ORDER.index(_NAMES.get(field[2], field[2])) if field else -1
        if field and place == 0 and next_field in (0, len(_ORDER)):
            records.append((len(field[1]), {"Name": (field[3] or "").rstrip()}))
            next_field = 1
        elif field and records and 0 < next_field <= place and len(field[1]) == records[-1][0]:
            records[-1][1][_ORDER[place]] = (field[3] or "").rstrip()
            next_field = place + 1
        elif next_field == _ORDER.index("Description") + 1 and not _BRANCH.match(line):
            records[-1][1]["Description"] += f"\n{line}"
    return records


def _created(text: str) -> str:
    """1/5/2026 9:3:7 in the host's time, which is UTC on ESXi."""
    try:
        return datetime.strptime(text.strip(), "%m/%d/%Y %H:%M:%S").strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return ""


def _utc(text: str) -> str:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if text else ""
    except ValueError:
        return ""


def power(text: str) -> str:
    """vmsvc/power.getstate: on, off or suspended."""
    for line in reversed(text.splitlines()):
        if line.strip().lower() in _STATES:
            return _STATES[line.strip().lower()]
    raise PlatformError(f"vmsvc/power.getstate told no state: {fault(text) or ' '.join(text.split())[:200] or 'nothing'}")


def value(text: str, key: str) -> str:
    """The first value of this key in a printed object, without quotes; "" where it is unset."""
    found = re.search(rf'^\s+{key} = (?:"(.*)"|([^\s",]+)),?\s*$', text, re.MULTILINE)
    raw = (found[1] if found[1] is not None else found[2]) if found else ""
    return "" if raw == "<unset>" else raw


def number(text: str, key: str) -> int:
    raw = value(text, key)
    return int(raw) if raw.isdigit() else -1


def tools(guest: str) -> str:
    """vmsvc/get.guest: running, not running, none."""
    if value(guest, "toolsStatus") == "toolsNotInstalled":
        return "none"
    return _TOOLS.get(value(guest, "toolsRunningStatus"), "none")


def disks(text: str) -> tuple[Disk, ...]:
    """vmsvc/device.getdevices. A disk's file is the one that its chain of snapshots begins with, the last that is printed."""
    parts, made = _DEVICE.split(text), []
    for kind, block in zip(parts[1::2], parts[2::2]):
        files, mode = _FILES.findall(block), value(block, "diskMode")
        label = value(block, "label") or f"device {value(block, 'key')}"
        if kind == "VirtualNVDIMM":
            made.append(Disk(label, files[-1] if files else "", left_out="NVDIMM"))
        elif kind == "VirtualDisk":
            raw = value(block, "compatibilityMode") == "physicalMode"
            left_out = "raw device in physical mode" if raw else mode if mode.startswith("independent") else ""
            key = re.search(r'vDiskId = \(vim\.vslm\.ID\) \{\s*id = "([^"]+)"', block)
            size = number(block, "capacityInBytes") if number(block, "capacityInBytes") >= 0 else number(block, "capacityInKB") << 10
            made.append(Disk(label, files[-1] if files else "", key[1] if key else "", size if size >= 0 else -1,
                             bool(key) or any(_VOLUMES.match(f) for f in files), left_out))
    return tuple(made)


def stores(text: str) -> dict[str, Store]:
    """hostsvc/datastore/listsummary, by name."""
    blocks = re.split(r"^\s*\(vim\.Datastore\.Summary\) \{\s*$", text, flags=re.MULTILINE)[1:]
    if not blocks and not re.search(r"\(vim\.Datastore\.Summary\) \[", text):
        raise PlatformError(f"hostsvc/datastore/listsummary printed no list: {fault(text) or ' '.join(text.split())[:200]}")
    made: Mapping[str, Store] = {value(b, "name"): Store(value(b, "name"), number(b, "capacity"), number(b, "freeSpace"),
                                                         max(0, number(b, "uncommitted"))) for b in blocks}
    return dict(made)


def tasks(text: str, operation: str) -> set[str] | None:
    """Of `vmsvc/get.tasklist`: the tasks of an operation that run or ended lately, as haTask-2-vim.VirtualMachine.createSnapshot-182550283;
    None where this is no list."""
    if "(ManagedObjectReference) [" not in text:
        return None
    return {t for t in _TASK.findall(text) if f".{operation}-" in t}
