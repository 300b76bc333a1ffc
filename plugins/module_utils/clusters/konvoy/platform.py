# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters of Konvoy: 1.x with `init`, `up` and `down` in a folder; later generations with `create cluster` and so on.

Facts about 1.x: cluster.yaml (ClusterProvisioner, not needed on-premises, and ClusterConfiguration), inventory.yaml (groups
control-plane and node), admin.conf; `up -y` is repeated for other sizes and after failures, `up --upgrade -y` for
versions. Later: `scale nodepools`, `update controlplane`, `update nodepool`, `get kubeconfig -c`, `describe cluster -c`.
https://github.com/mesosphere/dcos-docs-site, pages/ksphere/konvoy and pages/dkp/konvoy
"""
from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...jobs.errors import BadOption, PlatformError
from ...jobs.job import Job
from ...jobs.program import Program
from ...results import redact
from ..access import embedded, read
from ..model import Cluster, Wanted, version_fits
from ..notes import Notes
from .files import inventory, merged_cluster, write_yaml


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

    def _folder(self, name: str) -> Path:
        return self._workdir / name

    def _program(self, name: str) -> Program:
        return Program(self._folder(name), self._environment, self._job)

    def _run(self, name: str, *words: str, show: bool = True) -> str:
        return self._program(name).run([self._command, *words], name, show=show)

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
            return
        if self._provider == "none":
            hosts = self._settings.get("workers") or []
            if not self._settings.get("control_plane"):
                raise BadOption("konvoy.control_plane: is missing; without a provisioner it lists the machines")
            if wanted.nodes and wanted.nodes != len(hosts):
                raise BadOption(f"nodes: {wanted.nodes} are wanted and konvoy.workers lists {len(hosts)}")

    def create(self, wanted: Wanted) -> None:
        with self._notes.locked(wanted.name):
            self._notes.write(wanted.name, state="creating", labels=dict(wanted.labels), message="")
            self._work(wanted, lambda: self._make_later(wanted) if self._later else self._up(wanted))

    def update(self, cluster: Cluster, wanted: Wanted) -> None:
        newer = bool(wanted.version) and not version_fits(cluster.version, wanted.version)
        with self._notes.locked(cluster.name):
            self._notes.write(cluster.name, state="updating")
            self._work(wanted, lambda: self._change_later(cluster, wanted, newer) if self._later
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

    # ---- later generations ------------------------------------------------------------------------------------
    def _of(self, name: str) -> list[str]:
        managed = self._settings.get("management_kubeconfig")
        return [f"--cluster-name={name}", *([f"--kubeconfig={os.path.expanduser(managed)}"] if managed else [])]

    def _make_later(self, wanted: Wanted) -> None:
        words = ["create", "cluster", self._provider, *self._of(wanted.name)]
        if wanted.version:
            words.append(f"--kubernetes-version=v{wanted.version.lstrip('v')}")
        if wanted.nodes:
            words.append(f"--worker-replicas={wanted.nodes}")
        if self._settings.get("self_managed"):
            words.append("--self-managed")
        self._run(wanted.name, *words, *map(str, self._settings.get("arguments") or []))
        # without --self-managed the command returns before there is a cluster
        self._job.until(lambda: self._kubeconfig_waits(wanted.name), self._settings["poll"], about=wanted.name)

    def _kubeconfig_waits(self, name: str) -> str:
        try:
            self._kubeconfig_later(name)
            return ""
        except PlatformError as e:
            return f"a kubeconfig of {name} ({e})"

    def _change_later(self, cluster: Cluster, wanted: Wanted, newer: bool) -> None:
        pool = self._settings.get("node_pool") or f"{cluster.name}-md-0"
        if newer:
            version = f"--kubernetes-version=v{wanted.version.lstrip('v')}"
            self._run(cluster.name, "update", "controlplane", self._provider, *self._of(cluster.name), version)
            self._run(cluster.name, "update", "nodepool", self._provider, pool, *self._of(cluster.name), version)
        if wanted.nodes and wanted.nodes != cluster.nodes:
            self._run(cluster.name, "scale", "nodepools", pool, f"--replicas={wanted.nodes}", *self._of(cluster.name))

    def _kubeconfig_later(self, name: str) -> str:
        own = self._folder(name) / f"{name}.conf"  # written by create --self-managed
        if own.exists():
            return read(str(own))
        return embedded(self._run(name, "get", "kubeconfig", *self._of(name), show=False), "what get kubeconfig printed",
                        self._folder(name))

    # ---- both -------------------------------------------------------------------------------------------------
    def delete(self, cluster: Cluster) -> None:
        """The folder goes last: without its state nothing can be deleted by name."""
        name = cluster.name
        with self._notes.locked(name):
            self._notes.write(name, state="deleting")
            if self._later:
                managed = ["--self-managed"] if self._settings.get("self_managed") else []
                self._run(name, "delete", "cluster", *self._of(name), *managed)
            elif (self._folder(name) / "cluster.yaml").exists():
                self._run(name, "down", "-y")
            shutil.rmtree(self._folder(name), ignore_errors=True)
            self._notes.forget(name)

    def mark(self, cluster: Cluster, uid: str) -> None:
        self._notes.write(cluster.name, uid=uid)

    def kubeconfig(self, cluster: Cluster) -> str:
        if self._later:
            return self._kubeconfig_later(cluster.name)
        content = read(str(self._folder(cluster.name) / "admin.conf"))
        if not content:
            raise PlatformError(f"konvoy wrote no {self._folder(cluster.name) / 'admin.conf'}")
        return content

    access = kubeconfig

    def evidence(self, name: str) -> dict[str, list[str]]:
        events: list[str] = []
        if self._later and self._folder(name).is_dir():
            try:
                events = self._run(name, "describe", "cluster", "-c", name, show=False).splitlines()
            except PlatformError as e:
                events = [str(e)]
        return {"events": events, "log": self._program(name).tail(name)}

    def close(self) -> None:
        """Nothing is held open."""
