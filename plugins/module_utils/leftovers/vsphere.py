# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a vCenter or an ESXi host has of a cluster: machines, folders, snapshots, and disks that no machine has any more.

Machines, folders and stores are read in one call of the PropertyCollector; then each datastore is searched for disks by a
task of its own, all at once. vSphere leaves out what a user may not see, without a word.
"""
from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from ..clouds.vsphere import names
from ..clouds.vsphere.session import Session, VsphereError, fault_words, settings
from ..jobs.errors import BadOption, Interrupted
from ..jobs.job import Job
from ..machines.vsphere.inventory import Objects, collect, snapshots
from ..results import redact
from .model import DEPENDENCY, Thing, Wanted, iso, refused

_PROPERTIES = {
    "VirtualMachine": ("name", "parent", "runtime.powerState", "config.createDate", "config.annotation", "config.template", "snapshot"),
    "Folder": ("name", "parent", "childEntity"), "Datacenter": ("name", "parent"),
    "Datastore": ("name", "browser", "summary.accessible"),
}
# What tells whether a disk is a machine's: gathered by the server for each machine, so asked for only where a disk was found.
_FILES = {"VirtualMachine": ("config.hardware.device", "layoutEx.file", "datastore")}
# The end of a full name that holds a run (clusters.model.full_name): nothing else begins with it and a dash.
_RUN = re.compile(r"-x\d{8}$")
# Our own words in the description of a snapshot (snapshots/set.py).
_MARKS = re.compile(r"assay\.clusters((?: \w+=\S+)+)")
# Parts of a disk beside its descriptor.
_PARTS = ("-flat.vmdk", "-delta.vmdk", "-ctk.vmdk", "-sesparse.vmdk", "-rdm.vmdk", "-rdmp.vmdk")
_POLL = 0.2
_SEARCH = 900.0  # seconds that the search of a datastore may take
_AT_ONCE = 6  # first class disks that are looked at at once: vSphere tells of one at a time, and a large cluster has thousands


def marks(text: str) -> dict[str, str]:
    found = _MARKS.search(text)
    return dict(w.partition("=")[::2] for w in found[1].split()) if found else {}


def _is_part(wanted: Wanted, name: str) -> bool:
    """Whether a name begins with the full name of a cluster that holds a run: FULLNAME-*, as its machines are called."""
    heads = [name[:m.start()] for m in re.finditer("-", name)]
    return any(_RUN.search(h) and wanted.is_cluster(h) for h in heads)


def _inside(folder: str) -> str:
    """The path of a folder below its datastore: [store] a/b -> a/b."""
    return folder.partition("]")[2].strip().strip("/")


class VsphereSource:
    """See leftovers.Source. params: as of arguments.MACHINES_VSPHERE."""

    name = "vsphere"

    def __init__(self, params: Mapping[str, Any], job: Job):
        given = settings(params, job.environ)
        redact.register(given["password"])
        # Silence is borne for as long as a vCenter may take, also by a look without any waiting: the clock of the job is of waiting.
        self._session = Session(given, replace(job, deadline=float("inf")))
        self._datacenter = str(given["datacenter"] or "").strip("/")
        self.place = self._session.host + (f"/{self._datacenter}" if self._datacenter else "")
        self._objects: Objects = {}
        self._disks: dict[str, Any] = {}  # first class disks, by their ids
        self._wanted_stores = tuple(params.get("datastores") or ())

    def close(self) -> None:
        self._session.close()

    @property
    def round_trips(self) -> int:
        return self._session.round_trips

    def look(self, wanted: Wanted) -> list[Thing]:
        self._objects = collect(self._session, _PROPERTIES)
        self._check_stores()
        found = [*self._machines(wanted), *self._folders(wanted)]
        for search in (self._loose_disks, self._first_class_disks):
            try:
                found += search(wanted)
            except VsphereError as e:
                if e.fault != "NoPermission":
                    raise
                found.append(refused(self.name, "disk", str(e)))
        return found

    # ---- names and places -------------------------------------------------------------------------------------
    def _of_kind(self, kind: str) -> Iterator[tuple[str, dict[str, Any], Any]]:
        for moid, (found, properties, obj) in self._objects.items():
            if found == kind and self._in_scope(moid):
                yield moid, properties, obj

    def _name(self, moid: str) -> str:
        return names.plain(str(self._objects[moid][1].get("name", "")))

    def _above(self, moid: str) -> list[str]:
        """Names of the folders and the datacenter that it is in, the innermost first."""
        found, up = [], self._objects[moid][1].get("parent")
        while up is not None and up._GetMoId() in self._objects:
            found.append(self._name(up._GetMoId()))
            up = self._objects[up._GetMoId()][1].get("parent")
        return found

    def _in_scope(self, moid: str) -> bool:
        return not self._datacenter or self._datacenter in self._above(moid) or self._objects[moid][0] == "Datastore"

    @staticmethod
    def _fits(wanted: Wanted, *found: str) -> bool:
        return wanted.named(*found) or any(wanted.is_cluster(n) or _is_part(wanted, n) for n in found)

    # ---- machines, snapshots, folders -------------------------------------------------------------------------
    def _machines(self, wanted: Wanted) -> Iterator[Thing]:
        for moid, p, _obj in self._of_kind("VirtualMachine"):
            name, noted = self._name(moid), marks(str(p.get("config.annotation") or ""))
            if self._fits(wanted, name, *self._above(moid)) or self._marked(wanted, noted):
                on = str(p.get("runtime.powerState")) != "poweredOff"
                where = names.path(self._above(moid)[::-1])
                yield Thing(self.name, "machine", moid, name, iso(p.get("config.createDate")), noted.get("owner", ""), "",
                            f"in {where}" + ("; it is not powered off" if on else ""))
            for s in snapshots(p):
                noted = marks(s.description)
                if self._fits(wanted, s.name) or self._marked(wanted, noted):
                    yield Thing(self.name, "snapshot", s.id, f"{name}/{s.name}", s.created, noted.get("owner", ""), "",
                                f"of machine {moid}" + (f", {s.size} bytes" if s.size >= 0 else ""))

    @staticmethod
    def _marked(wanted: Wanted, noted: Mapping[str, str]) -> bool:
        return wanted.is_cluster(noted.get("cluster", "")) if not wanted.run_id else noted.get("run") == wanted.run_id

    def _folders(self, wanted: Wanted) -> Iterator[Thing]:
        for moid, p, _obj in self._of_kind("Folder"):
            if self._fits(wanted, self._name(moid)):
                inside = len(p.get("childEntity") or [])
                where = names.path(self._above(moid)[::-1])
                yield Thing(self.name, "folder", moid, self._name(moid), "", "", DEPENDENCY if inside else "",
                            f"in {where}" + (f"; it holds {inside} objects" if inside else ""))

    # ---- disks ------------------------------------------------------------------------------------------------
    def _stores(self) -> dict[str, tuple[str, Any, Any]]:
        """{MoID: (name, browser, object)} of the datastores that answer, and that are wanted."""
        return {m: (self._name(m), p["browser"], obj) for m, p, obj in self._of_kind("Datastore")
                if p.get("summary.accessible") is not False and p.get("browser") is not None
                and (not self._wanted_stores or self._name(m) in self._wanted_stores)}

    def _check_stores(self) -> None:
        there = {self._name(m) for m, _p, _obj in self._of_kind("Datastore")}
        absent = [n for n in self._wanted_stores if n not in there]
        if absent:
            raise BadOption(f"vsphere.datastores: {self._session.host} has no datastore {absent[0]!r}, or this user may not see it; there "
                            f"are: {', '.join(sorted(there)) or 'none'}")

    def _attached(self) -> set[tuple[str, str]]:
        """(MoID of the datastore, path) of all files that machines and templates have."""
        stores, found = self._stores(), set()
        for _kind, p, _obj in collect(self._session, _FILES).values():
            own = {stores[d._GetMoId()][0]: d._GetMoId() for d in p.get("datastore") or [] if d._GetMoId() in stores}
            files = [f.name for f in p.get("layoutEx.file") or []]
            for device in p.get("config.hardware.device") or []:
                backing = getattr(device, "backing", None)
                while backing is not None:  # a disk with snapshots has parents
                    files.append(getattr(backing, "fileName", None) or "")
                    backing = getattr(backing, "parent", None)
            for text in files:
                store, _bracket, path = text.removeprefix("[").partition("] ")
                if store in own:
                    found.add((own[store], path))
        return found

    def _loose_disks(self, wanted: Wanted) -> list[Thing]:
        vim, found = self._session.vim, []
        spec = vim.host.DatastoreBrowser.SearchSpec(
            query=[vim.host.DatastoreBrowser.VmDiskQuery()], matchPattern=["*.vmdk"],
            details=vim.host.DatastoreBrowser.FileInfo.Details(fileType=True, fileSize=True, modification=True, fileOwner=True))
        begun, closed = {}, []
        for moid, (name, browser, _obj) in self._stores().items():
            try:
                begun[moid] = self._session.call(f"search datastore {name}", lambda c, b=browser, n=name:
                                                 b.SearchDatastoreSubFolders_Task(datastorePath=f"[{n}]", searchSpec=spec))
            except VsphereError as e:
                if e.fault != "NoPermission":
                    raise
                closed.append((name, e))
        for moid, task in begun.items():
            name = self._stores()[moid][0]
            for folder in self._result(task, f"search datastore {name}"):
                found += [(moid, name, folder.folderPath, f) for f in folder.file or []]
        candidates = [f for f in found if self._is_disk(wanted, f[2], f[3])]
        attached = self._attached() if candidates else set()
        things = [t for f in candidates if (t := self._disk(*f, attached))]
        return [*things, *([self._closed(closed)] if closed else [])]

    def _closed(self, closed: list[tuple[str, VsphereError]]) -> Thing:
        """Datastores that may not be searched: what is on them is not known, which is neither left nor gone."""
        which = ", ".join(n for n, _error in closed)
        return refused(self.name, "disk", f"on {which}: {closed[0][1]}; where no disk of the cluster can be there, name its own datastores "
                       "with vsphere.datastores")

    def _is_disk(self, wanted: Wanted, folder: str, file: Any) -> bool:
        """A disk by its descriptor, whose name or folder fits, and that is no first class disk."""
        base = _inside(folder).split("/")
        return not file.path.endswith(_PARTS) and base[0] != "fcd" and self._fits(wanted, file.path.removesuffix(".vmdk"), *base)

    def _disk(self, moid: str, store: str, folder: str, file: Any, attached: set[tuple[str, str]]) -> Thing | None:
        path = "/".join(filter(None, (_inside(folder), file.path)))
        if (moid, path) in attached:
            return None
        said = ["no machine has it", f"{file.fileSize} bytes" if file.fileSize else "",
                f"last changed {iso(file.modification)}" if file.modification else ""]
        return Thing(self.name, "disk", f"[{store}] {path}" if self._is_one(store) else f"[{store} ({moid})] {path}",
                     file.path, "", str(file.owner or ""), "", ", ".join(filter(None, said)))

    def _is_one(self, store: str) -> bool:
        """Datastores of two datacenters may have the same name."""
        return [s[0] for s in self._stores().values()].count(store) == 1

    def _result(self, task: Any, what: str) -> list[Any]:
        found: list[Any] = []

        def waits() -> str:
            info = self._session.read(what, lambda c: task.info)
            if info.state == "error":
                fault = type(info.error).__name__.rpartition(".")[2]
                raise VsphereError(f"{self._session.host} could not {what}: {fault_words(info.error)}", fault)
            if info.state == "success":
                found.extend(info.result or [])
            return "" if info.state == "success" else what

        try:
            Job(deadline=time.monotonic() + _SEARCH).until(waits, _POLL, told=lambda line: None)
        except Interrupted:
            raise VsphereError(f"{self._session.host} did not {what} within {_SEARCH:.0f} s; name the datastores that matter with "
                               "vsphere.datastores") from None
        return found

    def _first_class_disks(self, wanted: Wanted) -> list[Thing]:
        """Disks without a machine of their own, as the container storage interface of vSphere makes them for volumes."""
        manager = self._session.call("find the disks' manager", lambda c: c.vStorageObjectManager)
        if manager is None or not hasattr(manager, "ListVStorageObject"):  # an ESXi host: its vCenter knows
            return []
        found = []
        for name, _browser, store in self._stores().values():
            ask: Callable[[Any], Any] = lambda c, s=store: manager.ListVStorageObject(s)
            listed = self._session.read(f"list the disks of datastore {name}", ask) or []
            for key, config in self._looked_at(listed, manager, store, wanted):
                if self._fits(wanted, str(config.name)):
                    users = [i.id for i in config.consumerId or []]
                    found.append(Thing(self.name, "disk", key, str(config.name), iso(config.createTime), "",
                                       DEPENDENCY if users else "",
                                       f"on datastore {name}" + (f"; in use by {', '.join(users)}" if users else "")))
        return found

    def _looked_at(self, keys: Sequence[Any], manager: Any, store: Any, wanted: Wanted) -> Iterator[tuple[str, Any]]:
        """(id, what it is) of first class disks that are there still. At those of others one look is enough."""
        def look(key: Any) -> Any:
            try:
                return self._session.read(f"look at disk {key.id}", lambda c: manager.RetrieveVStorageObject(key, store)).config
            except VsphereError as e:
                if e.fault != "NotFound":  # it went since they were listed
                    raise
                return None

        asked = [k for k in keys if k.id not in self._disks or self._fits(wanted, str(self._disks[k.id].name))]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for key, config in zip(asked, pool.map(look, asked)):
                self._disks.pop(key.id, None)
                if config is not None:
                    self._disks[key.id] = config
        return ((str(k.id), self._disks[k.id]) for k in keys if k.id in self._disks)
