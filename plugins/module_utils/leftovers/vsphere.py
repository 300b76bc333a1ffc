# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a vCenter or an ESXi host has of a cluster: machines, folders, snapshots, and disks that no machine has any more.

Machines, folders and stores are read in one call of the PropertyCollector; then each datastore is searched for disks by a
task of its own, all at once. vSphere leaves out what a user may not see, without a word.
"""
from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from ..clouds.vsphere.session import Session, VsphereError, fault_words, settings
from ..jobs.job import Job
from ..machines.vsphere.inventory import Objects, collect, snapshots
from ..results import redact
from .model import DEPENDENCY, Thing, Wanted, iso, refused

_PROPERTIES = {
    "VirtualMachine": ("name", "parent", "runtime.powerState", "config.createDate", "config.annotation", "config.template",
                       "config.hardware.device", "layoutEx.file", "snapshot", "datastore"),
    "Folder": ("name", "parent", "childEntity"), "Datacenter": ("name", "parent"),
    "Datastore": ("name", "browser", "summary.accessible"),
}
# Our own words in the description of a snapshot (snapshots/set.py).
_MARKS = re.compile(r"assay\.clusters((?: \w+=\S+)+)")
# Parts of a disk beside its descriptor.
_PARTS = ("-flat.vmdk", "-delta.vmdk", "-ctk.vmdk", "-sesparse.vmdk", "-rdm.vmdk", "-rdmp.vmdk")
_POLL = 0.2


def marks(text: str) -> dict[str, str]:
    found = _MARKS.search(text)
    return dict(w.partition("=")[::2] for w in found[1].split()) if found else {}


class VsphereSource:
    """See leftovers.Source. params: as of arguments.MACHINES_VSPHERE."""

    name = "vsphere"

    def __init__(self, params: Mapping[str, Any], job: Job):
        given = settings(params, job.environ)
        redact.register(given["password"])
        self._session = Session(given, job)
        self._datacenter = str(given["datacenter"] or "").strip("/")
        self.place = self._session.host + (f"/{self._datacenter}" if self._datacenter else "")
        self._objects: Objects = {}

    def close(self) -> None:
        self._session.close()

    @property
    def round_trips(self) -> int:
        return self._session.round_trips

    def look(self, wanted: Wanted) -> list[Thing]:
        self._objects = collect(self._session, _PROPERTIES)
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
        return unquote(str(self._objects[moid][1].get("name", "")))  # vSphere writes %, / and \\ as %25, %2f and %5c

    def _above(self, moid: str) -> list[str]:
        """Names of the folders and the datacenter that it is in, the innermost first."""
        names, up = [], self._objects[moid][1].get("parent")
        while up is not None and up._GetMoId() in self._objects:
            names.append(self._name(up._GetMoId()))
            up = self._objects[up._GetMoId()][1].get("parent")
        return names

    def _in_scope(self, moid: str) -> bool:
        return not self._datacenter or self._datacenter in self._above(moid) or self._objects[moid][0] == "Datastore"

    @staticmethod
    def _fits(wanted: Wanted, *names: str) -> bool:
        return wanted.named(*names) or any(wanted.is_cluster(n) for n in names)

    # ---- machines, snapshots, folders -------------------------------------------------------------------------
    def _machines(self, wanted: Wanted) -> Iterator[Thing]:
        for moid, p, _obj in self._of_kind("VirtualMachine"):
            name, noted = self._name(moid), marks(str(p.get("config.annotation") or ""))
            if self._fits(wanted, name, *self._above(moid)) or self._marked(wanted, noted):
                on = str(p.get("runtime.powerState")) != "poweredOff"
                where = "/" + "/".join(reversed(self._above(moid)))
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
                where = "/" + "/".join(reversed(self._above(moid)))
                yield Thing(self.name, "folder", moid, self._name(moid), "", "", DEPENDENCY if inside else "",
                            f"in {where}" + (f"; it holds {inside} objects" if inside else ""))

    # ---- disks ------------------------------------------------------------------------------------------------
    def _stores(self) -> dict[str, tuple[str, Any, Any]]:
        """{MoID: (name, browser, object)} of the datastores that answer."""
        return {m: (self._name(m), p["browser"], obj) for m, p, obj in self._of_kind("Datastore")
                if p.get("summary.accessible") is not False and p.get("browser") is not None}

    def _attached(self) -> set[tuple[str, str]]:
        """(MoID of the datastore, path) of all files that machines and templates have."""
        stores, found = self._stores(), set()
        for kind, p, _obj in self._objects.values():
            if kind != "VirtualMachine":
                continue
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
        vim, attached, found = self._session.vim, self._attached(), []
        spec = vim.host.DatastoreBrowser.SearchSpec(
            query=[vim.host.DatastoreBrowser.VmDiskQuery()], matchPattern=["*.vmdk"],
            details=vim.host.DatastoreBrowser.FileInfo.Details(fileType=True, fileSize=True, modification=True, fileOwner=True))
        begun = {}
        for moid, (name, browser, _obj) in self._stores().items():
            begun[moid] = self._session.call(f"search datastore {name}", lambda c, b=browser, n=name:
                                             b.SearchDatastoreSubFolders_Task(datastorePath=f"[{n}]", searchSpec=spec))
        for moid, task in begun.items():
            name = self._stores()[moid][0]
            for folder in self._result(task, f"search datastore {name}"):
                for file in folder.file or []:
                    thing = self._disk(wanted, moid, name, folder.folderPath, file, attached)
                    found += [thing] if thing else []
        return found

    def _disk(self, wanted: Wanted, moid: str, store: str, folder: str, file: Any,
              attached: set[tuple[str, str]]) -> Thing | None:
        base = folder.partition("]")[2].strip().strip("/")
        path = "/".join(filter(None, (base, file.path)))
        fits = self._fits(wanted, file.path.removesuffix(".vmdk"), *base.split("/"))
        if not fits or file.path.endswith(_PARTS) or (moid, path) in attached or base.split("/")[0] == "fcd":
            return None
        said = ["no machine has it", f"{file.fileSize} bytes" if file.fileSize else "",
                f"last changed {iso(file.modification)}" if file.modification else ""]
        return Thing(self.name, "disk", f"[{store}] {path}" if self._is_one(store) else f"[{store} ({moid})] {path}",
                     file.path, "", str(file.owner or ""), "", ", ".join(filter(None, said)))

    def _is_one(self, store: str) -> bool:
        """Datastores of two datacenters may have the same name."""
        return [s[0] for s in self._stores().values()].count(store) == 1

    def _result(self, task: Any, what: str) -> list[Any]:
        while True:
            info = self._session.call(what, lambda c: task.info)
            if info.state == "success":
                return list(info.result or [])
            if info.state == "error":
                fault = type(info.error).__name__.rpartition(".")[2]
                raise VsphereError(f"{self._session.host} could not {what}: {fault_words(info.error)}", fault)
            time.sleep(_POLL)

    def _first_class_disks(self, wanted: Wanted) -> list[Thing]:
        """Disks without a machine of their own, as the container storage interface of vSphere makes them for volumes."""
        manager = self._session.call("find the disks' manager", lambda c: c.vStorageObjectManager)
        if manager is None or not hasattr(manager, "ListVStorageObject"):  # an ESXi host: its vCenter knows
            return []
        found = []
        for name, _browser, store in self._stores().values():
            ask: Callable[[Any], Any] = lambda c, s=store: manager.ListVStorageObject(s)
            for key in self._session.call(f"list the disks of datastore {name}", ask) or []:
                look: Callable[[Any], Any] = lambda c, k=key, s=store: manager.RetrieveVStorageObject(k, s)
                config = self._session.call(f"look at disk {key.id}", look).config
                if self._fits(wanted, str(config.name)):
                    users = [i.id for i in config.consumerId or []]
                    found.append(Thing(self.name, "disk", str(key.id), str(config.name), iso(config.createTime), "",
                                       DEPENDENCY if users else "",
                                       f"on datastore {name}" + (f"; in use by {', '.join(users)}" if users else "")))
        return found
