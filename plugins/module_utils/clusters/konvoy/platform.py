# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters of Konvoy: 1.x with `init`, `up` and `down` in a folder; later generations with `create cluster` and so on (later.py).

Facts about 1.x: cluster.yaml (ClusterProvisioner, not needed on-premises, and ClusterConfiguration), inventory.yaml (groups
control-plane and node), admin.conf; `up -y` is repeated for other sizes and after failures, `up --upgrade -y` for
versions. https://github.com/mesosphere/dcos-docs-site, pages/ksphere/konvoy
"""
from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from ...jobs.program import Program
from ...results import redact
from ..access import read
from ..model import Cluster, Wanted, version_fits
from ..notes import Notes
from .files import differing, inventory, merged_cluster, write_yaml
from .later import Later


class Konvoy:
    """See ClusterPlatform. Each cluster has a folder of its own in the workdir, with Konvoy's own state in it."""

    name = "konvoy"
    name_limit = 63
    resumes = True

    def __init__(self, settings: Mapping[str, Any], job: Job):
        self._settings, self._job = settings, job
        self._later = settings["generation"] == "v2"
        self._provider = settings.get("provisioner") or ""
        self._command = settings.get("program") or ("dkp" if self._later else "konvoy")
        self._workdir = Path(str(settings["workdir"])).expanduser().absolute()
        self._environment = settings.get("environment") or {}
        redact.register(*(str(v) for k, v in self._environment.items() if redact.is_secret_key(k)))
        self._notes = Notes(self._workdir)
        self._of_later = Later(settings, job, self._run, self._workdir)

    def _folder(self, name: str) -> Path:
        return self._workdir / name

    def _program(self, name: str) -> Program:
        own = self._of_later.environment(self._folder(name)) if self._later else {}
        return Program(self._folder(name), {**self._environment, **own}, self._job)

    def _run(self, name: str, *words: str, asks: bool = False) -> str:
        return self._program(name).run([self._command, *words], name, show=not asks, asks=asks)

    # ---- looking ----------------------------------------------------------------------------------------------
    def clusters(self) -> list[Cluster]:
        return [self._cluster(n, note) for n, note in self._notes.all().items()]

    def find(self, name: str) -> Cluster | None:
        note = self._notes.read(name)
        if note:
            return self._cluster(name, note)
        if (self._folder(name) / "state").is_dir() or (self._folder(name) / "admin.conf").exists():
            return Cluster(name, str(self._folder(name)), "listed", "ready", ours=False)
        return None

    def _cluster(self, name: str, note: Mapping[str, Any]) -> Cluster:
        state = str(note.get("state"))
        phase = "creating" if self._notes.busy(name) else "ready" if state == "ready" else "failed"
        live = self._of_later.live(name) if self._later and phase == "ready" else None
        if live:  # somebody else may have changed it
            note = {**note, "version": live.version, "nodes": live.nodes, "message": live.message}
            state, phase = live.state, live.phase
        return Cluster(name, str(self._folder(name)), state, phase, str(note.get("message") or ""),
                       version=str(note.get("version") or ""), nodes=int(note.get("nodes") or -1),
                       created=str(note.get("created") or ""), uid=str(note.get("uid") or ""), ours=True,
                       labels=note.get("labels") or {})

    # ---- changing ---------------------------------------------------------------------------------------------
    def check(self, wanted: Wanted) -> None:
        self._program(wanted.name).check([self._command])
        if not self._provider:
            raise BadOption("konvoy.provisioner: is missing; it says where the machines come from")
        if self._later:
            self._of_later.check(wanted.name)
        elif self._provider == "none":
            hosts = self._settings.get("workers") or []
            if not self._settings.get("control_plane"):
                raise BadOption("konvoy.control_plane: is missing; without a provisioner it lists the machines")
            if wanted.nodes and wanted.nodes != len(hosts):
                raise BadOption(f"nodes: {wanted.nodes} are wanted and konvoy.workers lists {len(hosts)}")

    def differences(self, cluster: Cluster, wanted: Wanted) -> list[str]:
        """Later generations keep no file of what a cluster was made with."""
        return [] if self._later else differing(self._folder(cluster.name), self._settings, wanted)

    def create(self, wanted: Wanted) -> None:
        with self._notes.locked(wanted.name):
            self._notes.write(wanted.name, state="creating", labels=dict(wanted.labels), message="")
            self._work(wanted, lambda: self._of_later.make(wanted) if self._later else self._up(wanted))

    def update(self, cluster: Cluster, wanted: Wanted) -> None:
        newer = bool(wanted.version) and not version_fits(cluster.version, wanted.version)
        with self._notes.locked(cluster.name):
            self._notes.write(cluster.name, state="updating")
            self._work(wanted, lambda: self._of_later.change(cluster, wanted) if self._later
                       else self._up(wanted, *(["--upgrade"] if newer else [])))

    def _work(self, wanted: Wanted, what: Any) -> None:
        """Do it, and note how it ended: what failed is gone on with next time, or disposed of."""
        try:
            what()
        except PlatformError as e:
            self._notes.write(wanted.name, state="failed", message=str(e))
            raise
        known = {n: v for n, v in (("version", wanted.version), ("nodes", wanted.nodes)) if v}
        self._notes.write(wanted.name, state="ready", message="", **known)

    # ---- 1.x --------------------------------------------------------------------------------------------------
    def _up(self, wanted: Wanted, *more: str) -> None:
        folder = self._folder(wanted.name)
        if not (folder / "cluster.yaml").exists():
            self._run(wanted.name, "init", f"--provisioner={self._provider}", f"--cluster-name={wanted.name}")
        write_yaml(folder / "cluster.yaml", *merged_cluster(folder / "cluster.yaml", self._settings, wanted))
        if self._provider == "none":
            write_yaml(folder / "inventory.yaml", inventory(self._settings))
        self._run(wanted.name, "up", "-y", *more)

    # ---- both -------------------------------------------------------------------------------------------------
    def delete(self, cluster: Cluster) -> None:
        """The folder goes last: without its state nothing can be deleted by name."""
        name = cluster.name
        with self._notes.locked(name):
            self._notes.write(name, state="deleting")
            if self._later:
                self._of_later.delete(name)
            elif (self._folder(name) / "cluster.yaml").exists():
                self._run(name, "down", "-y")
            shutil.rmtree(self._folder(name), ignore_errors=True)
            self._notes.forget(name)

    def mark(self, cluster: Cluster, uid: str) -> None:
        self._notes.write(cluster.name, uid=uid)

    def kubeconfig(self, cluster: Cluster) -> str:
        if self._later:
            return self._of_later.kubeconfig(cluster.name)
        content = read(str(self._folder(cluster.name) / "admin.conf"))
        if not content:
            raise PlatformError(f"konvoy wrote no {self._folder(cluster.name) / 'admin.conf'}")
        return content

    access = kubeconfig

    def evidence(self, name: str) -> dict[str, list[str]]:
        events = self._of_later.description(name) if self._later and self._folder(name).is_dir() else []
        return {"events": events, "log": self._program(name).tail(name)}

    def close(self) -> None:
        """Nothing is held open."""
