# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a vCenter or an ESXi host has, read in one call of the PropertyCollector, and its machines in our words.

Attributes of pyVmomi's objects are a request each, which makes minutes of some hundred machines; nothing here uses them.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timezone
from typing import Any
from urllib.parse import unquote

from ...clouds.vsphere.session import Session, VsphereError
from ..model import Machine, Snapshot, Store

_MACHINE = ("name", "parent", "parentVApp", "runtime.powerState", "runtime.host", "runtime.consolidationNeeded", "config.uuid",
            "config.instanceUuid", "config.template", "config.flags.diskUuidEnabled", "config.hardware.memoryMB",
            "guest.toolsRunningStatus", "guest.toolsVersionStatus2", "guest.ipAddress", "datastore", "summary.storage", "snapshot",
            "layoutEx.file", "layoutEx.snapshot")
_PROPERTIES = {"VirtualMachine": _MACHINE, "Datastore": ("summary",), "HostSystem": ("name",),
               "Folder": ("name", "parent"), "Datacenter": ("name", "parent"), "VirtualApp": ("name", "parentFolder", "parent")}
_POWER = {"poweredOn": "on", "poweredOff": "off", "suspended": "suspended"}
# Of VirtualMachineToolsStatus2; unmanaged are open-vm-tools, which the distribution cares for.
_TOOLS = {"guestToolsRunning": "running", "guestToolsExecutingScripts": "running", "guestToolsNotRunning": "not running"}

Objects = Mapping[str, tuple[str, dict[str, Any], Any]]


def read(session: Session) -> Inventory:
    """All machines, stores, hosts and folders."""
    return Inventory(collect(session, _PROPERTIES), session.content.rootFolder._GetMoId())


def collect(session: Session, properties: Mapping[str, Sequence[str]]) -> Objects:
    """{MoID: (kind, properties, object)} of all objects of these kinds: two round trips, and one for each page that the server
    makes of it. A session that expires meanwhile takes the view with it: then it is begun anew, once."""
    try:
        return _collected(session, properties)
    except VsphereError as e:
        if e.fault != "ManagedObjectNotFound":
            raise
    return _collected(session, properties)


def _collected(session: Session, properties: Mapping[str, Sequence[str]]) -> Objects:
    vim = session.vim
    types = [getattr(vim, t, None) or vim.VirtualApp for t in properties]
    view = session.call("list what there is", lambda c: c.viewManager.CreateContainerView(c.rootFolder, types, True))
    collector = session.query
    specs = [collector.PropertySpec(type=t, pathSet=list(paths)) for t, paths in zip(types, properties.values())]
    walk = collector.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
    wanted = collector.FilterSpec(propSet=specs, objectSet=[collector.ObjectSpec(obj=view, skip=True, selectSet=[walk])])
    found: dict[str, tuple[str, dict[str, Any], Any]] = {}
    page = session.call("read what there is", lambda c: c.propertyCollector.RetrievePropertiesEx([wanted], collector.RetrieveOptions()))
    while page:
        for one in page.objects:
            kind = type(one.obj).__name__.rpartition(".")[2]
            found[one.obj._GetMoId()] = (kind, {p.name: p.val for p in one.propSet}, one.obj)
        token = page.token
        page = token and session.call("read on", lambda c, t=token: c.propertyCollector.ContinueRetrievePropertiesEx(t))
    return found


class Inventory:
    """Everything that was read, by MoID."""

    def __init__(self, objects: Objects, root: str) -> None:
        self._objects, self._root = objects, root
        self._stores = self._store_names()

    def __iter__(self) -> Iterator[str]:
        """MoIDs of the machines; templates are none."""
        return (k for k, (kind, p, _obj) in self._objects.items() if kind == "VirtualMachine" and not p.get("config.template"))

    def handle(self, moid: str) -> Any:
        return self._objects[moid][2]

    def name(self, moid: str) -> str:
        return unquote(str(self._objects[moid][1].get("name", "")))  # vSphere writes %, / and \\ of names as %25, %2f and %5c

    def uuids(self, moid: str) -> set[str]:
        properties = self._objects[moid][1]
        return {str(u).lower() for u in (properties.get("config.uuid"), properties.get("config.instanceUuid")) if u}

    def folder(self, moid: str) -> str:
        """The path of the folder that a machine is in, such as /dc1/vm/prod."""
        properties = self._objects[moid][1]
        up, names = properties.get("parent") or properties.get("parentVApp"), []
        while up is not None and up._GetMoId() != self._root and up._GetMoId() in self._objects:
            _kind, more, _obj = self._objects[up._GetMoId()]
            names.append(unquote(str(more.get("name", ""))))
            up = more.get("parentFolder") or more.get("parent")
        return "/" + "/".join(reversed(names))

    def _store_names(self) -> dict[str, str]:
        """Names of datastores by MoID. Several datacenters may have the same name: then the MoID stands with it."""
        summaries = {k: str(p["summary"].name) for k, (kind, p, _obj) in self._objects.items()
                     if kind.endswith("Datastore") and p.get("summary") is not None}
        names = list(summaries.values())
        return {k: n if names.count(n) == 1 else f"{n} ({k})" for k, n in summaries.items()}

    def stores(self, names: Iterable[str]) -> list[Store]:
        wanted, made = set(names), []
        for moid, name in self._stores.items():
            summary = self._objects[moid][1]["summary"]
            if name in wanted:
                made.append(Store(name, int(summary.capacity or 0), int(summary.freeSpace or 0), int(summary.uncommitted or 0)))
        return sorted(made, key=lambda s: s.name)

    def machine(self, moid: str) -> Machine:
        _kind, p, obj = self._objects[moid]
        storage, host = p.get("summary.storage"), p.get("runtime.host")
        stores = [self._stores.get(s._GetMoId(), s._GetMoId()) for s in p.get("datastore") or []]
        extra = {"host": self._name_of(host), "tools_status": str(p.get("guest.toolsVersionStatus2") or ""),
                 "memory": int(p.get("config.hardware.memoryMB") or 0) << 20}
        if p.get("config.flags.diskUuidEnabled") is not None:
            extra["disk_uuid"] = bool(p["config.flags.diskUuidEnabled"])
        used, growth = (int(storage.committed), int(storage.uncommitted)) if storage else (-1, 0)
        return Machine(
            id=obj._GetMoId(), name=self.name(moid), uuid=str(p.get("config.uuid") or ""), power=_POWER.get(
                str(p.get("runtime.powerState")), "off"),
            tools=_tools(p), place=self.folder(moid), address=str(p.get("guest.ipAddress") or ""), datastores=tuple(sorted(stores)),
            provisioned=used + growth if used >= 0 else -1, used=used, consolidate=bool(p.get("runtime.consolidationNeeded")),
            snapshots=tuple(snapshots(p)), extra=extra)

    def _name_of(self, reference: Any) -> str:
        found = self._objects.get(reference._GetMoId()) if reference is not None else None
        return str(found[1].get("name", "")) if found else ""


def _tools(properties: Mapping[str, Any]) -> str:
    """running, not running, or none where no tools were ever installed."""
    running = _TOOLS.get(str(properties.get("guest.toolsRunningStatus")), "none")
    installed = str(properties.get("guest.toolsVersionStatus2") or "guestToolsNotInstalled") != "guestToolsNotInstalled"
    return running if installed or running == "running" else "none"


def snapshots(properties: Mapping[str, Any]) -> Iterator[Snapshot]:
    """All snapshots of all branches, parents before children."""
    info = properties.get("snapshot")
    if info is None:
        return
    current = info.currentSnapshot._GetMoId() if info.currentSnapshot is not None else ""
    sizes = _sizes(properties)
    waiting = [(tree, "") for tree in info.rootSnapshotList]
    while waiting:
        tree, parent = waiting.pop(0)
        moid = tree.snapshot._GetMoId()
        yield Snapshot(
            id=moid, name=unquote(str(tree.name)), created=_iso(tree.createTime), memory=str(tree.state) == "poweredOn",
            quiesced=bool(tree.quiesced), current=moid == current, parent=parent, size=sizes.get(moid, -1),
            description=str(tree.description or ""))
        waiting += [(child, moid) for child in tree.childSnapshotList or []]


def _iso(when: Any) -> str:
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")[:-4] + "Z" if when else ""


def _sizes(properties: Mapping[str, Any]) -> dict[str, int]:
    """Bytes that go with a snapshot, by its MoID: its data and memory, and the disk files that no earlier one has.

    Of LayoutEx: the last file of a disk's chain in a snapshot is what that snapshot froze.
    """
    files = {f.key: int(f.size or 0) for f in properties.get("layoutEx.file") or []}
    made = {}
    for layout in properties.get("layoutEx.snapshot") or []:
        keys = {layout.dataKey, getattr(layout, "memoryKey", -1)}
        for disk in layout.disk or []:
            chain = [k for part in disk.chain or [] for k in part.fileKey or []]
            last = disk.chain[-1].fileKey if len(disk.chain or []) > 1 else []
            keys |= {k for k in last if k in chain}
        made[layout.key._GetMoId()] = sum(files.get(k, 0) for k in keys)
    return made
