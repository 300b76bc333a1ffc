# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a vCenter or an ESXi host has, read by its PropertyCollector, and its machines in our words.

The first look reads of all machines what tells them apart, in one call; a close look reads all of those that were chosen, and
later looks at the same ones ask for nothing else. Attributes of pyVmomi's objects are a request each, which makes minutes of some
hundred machines; nothing here uses them.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timezone
from typing import Any

from ...clouds.vsphere import names
from ...clouds.vsphere.session import Session, VsphereError
from ..model import Machine, Snapshot, Store
from .disks import disks

# What tells machines apart: of thousands of them, so nothing that a server has to gather.
_FIRST = {"VirtualMachine": ("name", "parent", "parentVApp", "config.uuid", "config.instanceUuid", "config.template", "datastore",
                             "runtime.host", "resourcePool"),
          "Folder": ("name", "parent"), "Datacenter": ("name", "parent"), "VirtualApp": ("name", "parentFolder", "parent")}
_HOMES = {"HostSystem": ("name", "parent"), "ComputeResource": ("name", "parent"), "ResourcePool": ("name", "parent")}
_CLOSE = {"VirtualMachine": (*_FIRST["VirtualMachine"], "runtime.powerState", "runtime.consolidationNeeded",
                             "runtime.connectionState", "runtime.question", "config.flags.diskUuidEnabled", "config.hardware.memoryMB",
                             "config.hardware.device", "guest.toolsRunningStatus", "guest.toolsVersionStatus2", "guest.ipAddress",
                             "summary.storage", "snapshot", "layoutEx.file", "layoutEx.snapshot"),
          "Datastore": ("summary",), "HostSystem": ("name", "parent")}
_POWER = {"poweredOn": "on", "poweredOff": "off", "suspended": "suspended"}
# Of VirtualMachineToolsStatus2; unmanaged are open-vm-tools, which the distribution cares for.
_TOOLS = {"guestToolsRunning": "running", "guestToolsExecutingScripts": "running", "guestToolsNotRunning": "not running"}

Objects = Mapping[str, tuple[str, dict[str, Any], Any]]


def collect(session: Session, properties: Mapping[str, Sequence[str]], root: Any = None) -> Objects:
    """{MoID: (kind, properties, object)} of all objects of these kinds, below a folder where one is given: a round trip, and one for
    each page that the server makes of it. A session that expires meanwhile takes the view with it, and a page that is lost is not
    told again: then it is begun anew."""
    vim = session.vim
    types = [getattr(vim, t, None) or vim.VirtualApp for t in properties]
    query = session.query
    specs = [query.PropertySpec(type=t, pathSet=list(paths)) for t, paths in zip(types, properties.values())]
    walk = query.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)

    def wanted() -> Any:
        return query.FilterSpec(propSet=specs, objectSet=[query.ObjectSpec(obj=session.view(types, root), skip=True, selectSet=[walk])])

    try:
        return _pages(session, wanted)
    except VsphereError as e:
        if e.fault != "ManagedObjectNotFound":
            raise
    return _pages(session, wanted)


def ask(session: Session, objects: Sequence[Any], properties: Mapping[str, Sequence[str]],
        patient: bool = True) -> Objects:
    """As collect(), of these objects only. patient: whether silence is borne. VsphereError ManagedObjectNotFound where one of them is gone."""
    if not objects:
        return {}
    query, vim = session.query, session.vim
    specs = [query.PropertySpec(type=_class(vim, t), pathSet=list(paths)) for t, paths in properties.items()]
    found = query.FilterSpec(propSet=specs, objectSet=[query.ObjectSpec(obj=o) for o in objects])
    return _pages(session, lambda: found, patient)


def _class(vim: Any, kind: str) -> Any:
    return vim.vm.Snapshot if kind == "VirtualMachineSnapshot" else getattr(vim, kind)


def _pages(session: Session, wanted: Any, patient: bool = True) -> Objects:
    def read(content: Any) -> Objects:
        collector, found = content.propertyCollector, {}
        page = collector.RetrievePropertiesEx([wanted()], session.query.RetrieveOptions())
        while page:
            for one in page.objects:
                kind = type(one.obj).__name__.rpartition(".")[2]
                found[one.obj._GetMoId()] = (kind, {p.name: p.val for p in one.propSet}, one.obj)
            page = page.token and collector.ContinueRetrievePropertiesEx(page.token)
        return found

    return (session.read if patient else session.call)("read what there is", read)


class Inventory:
    """What was read, by MoID."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._objects: dict[str, tuple[str, dict[str, Any], Any]] = {}
        self._homes: Objects = {}
        self._root = session.content.rootFolder._GetMoId()
        self._outside: tuple[str, ...] = ()  # plain names of where the look began, and above it

    # ---- looking ----------------------------------------------------------------------------------------------
    def look(self, homes: bool = False, folder: str = "") -> None:
        """The first look, at all that there is, or where the whole path of a folder is given at what is in that: of a vCenter with
        thousands of machines that is the most. homes: also at the hosts, clusters and resource pools that machines run in."""
        begin = names.parts(folder) if folder.startswith("/") else ()
        root = self._session.at("/".join(names.stored(n) for n in begin)) if begin else None
        self._outside = begin if root is not None else ()
        self._objects = dict(collect(self._session, _FIRST, root))
        self._homes = collect(self._session, _HOMES) if homes else {}

    def close_look(self, moids: Iterable[str]) -> list[Machine]:
        """All of these machines, with their datastores and hosts. VsphereError ManagedObjectNotFound where one is gone."""
        chosen = sorted(moids)
        near = {r._GetMoId(): r for m in chosen for r in self._near(m)}
        self._objects |= ask(self._session, [*(self._objects[m][2] for m in chosen), *near.values()], _CLOSE)
        moved = {r._GetMoId(): r for m in chosen for r in self._near(m) if r._GetMoId() not in near}
        self._objects |= ask(self._session, list(moved.values()), {k: v for k, v in _CLOSE.items() if k != "VirtualMachine"})
        return [self.machine(m) for m in chosen]

    def _near(self, moid: str) -> list[Any]:
        properties = self._objects[moid][1]
        return [*(properties.get("datastore") or []), *filter(None, [properties.get("runtime.host")])]

    # ---- what was seen ----------------------------------------------------------------------------------------
    def __iter__(self) -> Iterator[str]:
        """MoIDs of the machines; templates are none."""
        return (k for k, (kind, p, _obj) in self._objects.items() if kind == "VirtualMachine" and not p.get("config.template"))

    def __contains__(self, moid: str) -> bool:
        return moid in self._objects

    def templates(self) -> set[str]:
        return {self.name(k) for k, (kind, p, _obj) in self._objects.items() if kind == "VirtualMachine" and p.get("config.template")}

    def name(self, moid: str) -> str:
        return names.plain(str(self._objects[moid][1].get("name", "")))

    def uuids(self, moid: str) -> set[str]:
        properties = self._objects[moid][1]
        return {str(u).lower() for u in (properties.get("config.uuid"), properties.get("config.instanceUuid")) if u}

    def above(self, moid: str) -> tuple[str, ...]:
        """Plain names of the datacenter and the folders that a machine is in, the outermost first."""
        properties = self._objects[moid][1]
        return (*self._outside, *self._upwards(self._objects, properties.get("parent") or properties.get("parentVApp")))

    def _upwards(self, objects: Objects, up: Any) -> tuple[str, ...]:
        found: list[str] = []
        while up is not None and up._GetMoId() != self._root and up._GetMoId() in objects:
            more = objects[up._GetMoId()][1]
            found.append(names.plain(str(more.get("name", ""))))
            up = more.get("parentFolder") or more.get("parent")
        return tuple(reversed(found))

    def folder(self, moid: str) -> str:
        """The path of the folder that a machine is in, such as /dc1/vm/prod."""
        return names.path(self.above(moid))

    def homes(self, moid: str) -> dict[str, tuple[str, ...]]:
        """Where a machine runs, by option: plain names, the outermost first. Only after look(homes=True)."""
        p = self._objects[moid][1]
        host = self._upwards(self._homes, p.get("runtime.host"))
        return {"esxi_host": host[-1:], "cluster_name": host[:-1][-1:], "resource_pool": self._upwards(self._homes, p.get("resourcePool"))}

    def _store_names(self) -> dict[str, str]:
        """Names of datastores by MoID. Several datacenters may have the same name: then the MoID stands with it."""
        summaries = {k: names.plain(str(p["summary"].name)) for k, (kind, p, _obj) in self._objects.items()
                     if kind.endswith("Datastore") and p.get("summary") is not None}
        every = list(summaries.values())
        return {k: n if every.count(n) == 1 else f"{n} ({k})" for k, n in summaries.items()}

    def stores(self, wanted: Iterable[str]) -> list[Store]:
        chosen, made = set(wanted), []
        for moid, name in self._store_names().items():
            summary = self._objects[moid][1]["summary"]
            if name in chosen:
                made.append(Store(name, int(summary.capacity or 0), int(summary.freeSpace or 0), int(summary.uncommitted or 0)))
        return sorted(made, key=lambda s: s.name)

    def machine(self, moid: str) -> Machine:
        """After a close look."""
        _kind, p, obj = self._objects[moid]
        storage, known = p.get("summary.storage"), self._store_names()
        stores = [known.get(s._GetMoId(), s._GetMoId()) for s in p.get("datastore") or []]
        extra = {"host": self._name_of(p.get("runtime.host")), "tools_status": str(p.get("guest.toolsVersionStatus2") or ""),
                 "memory": int(p.get("config.hardware.memoryMB") or 0) << 20, "question": asked(p.get("runtime.question")),
                 "connection": str(p.get("runtime.connectionState") or "connected")}
        if p.get("config.flags.diskUuidEnabled") is not None:
            extra["disk_uuid"] = bool(p["config.flags.diskUuidEnabled"])
        used, growth = (int(storage.committed), int(storage.uncommitted)) if storage else (-1, 0)
        return Machine(
            id=obj._GetMoId(), name=self.name(moid), uuid=str(p.get("config.uuid") or ""), power=_POWER.get(
                str(p.get("runtime.powerState")), "off"),
            tools=_tools(p), place=self.folder(moid), address=str(p.get("guest.ipAddress") or ""), datastores=tuple(sorted(stores)),
            provisioned=used + growth if used >= 0 else -1, used=used, consolidate=bool(p.get("runtime.consolidationNeeded")),
            snapshots=tuple(snapshots(p)), disks=disks(p.get("config.hardware.device") or []), extra=extra)

    def _name_of(self, reference: Any) -> str:
        found = self._objects.get(reference._GetMoId()) if reference is not None else None
        return str(found[1].get("name", "")) if found else ""


def asked(question: Any) -> str:
    """What a machine asks (VirtualMachineQuestionInfo), and the answers that it takes; "" where it asks nothing."""
    if question is None:
        return ""
    choices = ", ".join(str(c.label) for c in getattr(question.choice, "choiceInfo", None) or [])
    return " ".join(str(question.text).split())[:300] + (f" ({choices})" if choices else "")


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
            id=moid, name=names.plain(str(tree.name)), created=_iso(tree.createTime), memory=str(tree.state) == "poweredOn",
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
