# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters of DKP and NKP, which are objects of Cluster API in a management cluster, or, self-managed, in the cluster itself.

The program takes the cluster of --kubeconfig for the management cluster, and without it whichever the environment leads to: so it
always gets one, and an environment that leads nowhere. `create cluster --self-managed` makes a bootstrap cluster on this machine,
moves the objects into the new cluster in the end, and writes NAME.conf; `delete cluster --self-managed --kubeconfig NAME.conf` moves
them back first. pages/dkp/konvoy of https://github.com/mesosphere/dcos-docs-site, and the program's own help (2.18).
"""
from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...jobs.errors import BadOption, Passing, PlatformError
from ...jobs.job import Job
from ...jobs.patience import FIRST, Patience
from ..access import embedded, read
from ..cluster_api.api import Api
from ..cluster_api.state import cluster_of
from ..model import Cluster, Wanted, bare_version, version_fits

_NOWHERE = "nowhere.conf"


class Later:
    """run: runs the program in a cluster's folder, as Konvoy._run does. What it only asks is asked again while errors pass."""

    def __init__(self, settings: Mapping[str, Any], job: Job, run: Callable[..., str], workdir: Path):
        self._settings, self._job, self._run, self._workdir = settings, job, run, workdir
        self._patient, self._objects = Patience(job), Patience(job)
        self._provider = settings.get("provisioner") or ""
        self._self_managed = bool(settings.get("self_managed"))

    def environment(self, folder: Path) -> dict[str, str]:
        """So that no cluster is found but the one that --kubeconfig names: not the user's, nor the one that this runs in."""
        own = (self._settings.get("environment") or {}).get("KUBECONFIG")
        return {"KUBECONFIG": str(own or folder / _NOWHERE), "KUBERNETES_SERVICE_HOST": ""}

    # ---- which cluster manages it -----------------------------------------------------------------------------
    def _management(self) -> str:
        given = self._settings.get("management_kubeconfig") or (self._settings.get("environment") or {}).get("KUBECONFIG") or ""
        return os.path.abspath(os.path.expanduser(str(given))) if given else ""

    def _own(self, name: str) -> Path:
        """What create --self-managed writes, once the cluster manages itself."""
        return self._workdir / name / f"{name}.conf"

    def _managing(self, name: str) -> str:
        """The kubeconfig of the cluster that has the objects of this one; "" where it is not known."""
        if self._self_managed:
            bootstrap = self._workdir / name / f"{name}-bootstrap.conf"
            return next((str(f) for f in (self._own(name), bootstrap) if f.exists()), "")
        return self._management()

    def check(self, name: str) -> None:
        if not self._self_managed and not self._management():
            raise BadOption(f"konvoy.management_kubeconfig: is missing; it leads to the cluster that manages {name}. Set "
                            "konvoy.self_managed for one that manages itself")

    def _of(self, name: str) -> list[str]:
        """The words that say which cluster is meant. PlatformError where it is not known who manages it."""
        managing = self._managing(name)
        if not managing:
            raise PlatformError(
                f"there is neither {self._own(name)} nor {name}-bootstrap.conf beside it, so which cluster manages {name} is not "
                f"known, and nothing was asked of any. If nothing was made of it, remove {self._workdir / name}.assay.json"
                if self._self_managed else f"konvoy.management_kubeconfig: is missing; it leads to the cluster that manages {name}")
        return [f"--cluster-name={name}", f"--kubeconfig={managing}", *self._namespace()]

    def _namespace(self) -> list[str]:
        namespace = self._settings.get("namespace")
        return [f"--namespace={namespace}"] if namespace else []

    def _words(self, option: str) -> list[str]:
        return [str(w) for w in self._settings.get(option) or []]

    # ---- changing ---------------------------------------------------------------------------------------------
    def make(self, wanted: Wanted) -> None:
        name, management = wanted.name, self._management()
        words = ["create", "cluster", self._provider, f"--cluster-name={name}",
                 *([f"--kubeconfig={management}"] if management else []), *self._namespace()]
        if wanted.version:
            words.append(f"--kubernetes-version=v{bare_version(wanted.version)}")
        if wanted.nodes:
            words.append(f"--worker-replicas={wanted.nodes}")
        if self._self_managed:
            words.append("--self-managed")
        self._run(name, *words, *self._words("arguments"))
        # without --self-managed the command returns before there is a cluster
        self._job.until(lambda: self._waits(name), self._settings["poll"], about=name)

    def _waits(self, name: str) -> str:
        try:
            self.kubeconfig(name)
            return ""
        except PlatformError as e:
            return f"a kubeconfig of {name} ({e})"

    def change(self, cluster: Cluster, wanted: Wanted) -> None:
        name = cluster.name
        of, pool = self._of(name), self._settings.get("node_pool") or f"{name}-md-0"
        if wanted.version and not version_fits(cluster.version, wanted.version):
            version, more = f"--kubernetes-version=v{bare_version(wanted.version)}", self._words("update_arguments")
            self._run(name, "update", "controlplane", self._provider, *of, version, *more)
            self._run(name, "update", "nodepool", self._provider, pool, *of, version, *more)
        if wanted.nodes and wanted.nodes != cluster.nodes:
            self._run(name, "scale", "nodepools", pool, f"--replicas={wanted.nodes}", *of)

    def delete(self, name: str) -> None:
        of = self._of(name)
        moved = ["--self-managed"] if self._self_managed and self._own(name).exists() else []
        self._run(name, "delete", "cluster", *of, *moved, *self._words("delete_arguments"))

    # ---- telling ----------------------------------------------------------------------------------------------
    def kubeconfig(self, name: str) -> str:
        if self._own(name).exists():
            return read(str(self._own(name)))
        of = self._of(name)
        return embedded(self._patient(lambda: self._run(name, "get", "kubeconfig", *of, asks=True)), "what get kubeconfig printed",
                        self._workdir / name)

    def description(self, name: str) -> list[str]:
        try:
            of = self._of(name)
            return Patience(self._job, FIRST)(lambda: self._run(name, "describe", "cluster", *of, asks=True)).splitlines()
        except PlatformError as e:
            return [str(e)]

    def live(self, name: str) -> Cluster | None:
        """As its objects of Cluster API tell; None where the cluster that has them never answers or has none of the name. Passing
        where it did answer: what was noted before would hide what it is about to tell.
        """
        managing = self._managing(name)
        if not managing or not os.path.exists(managing):
            return None
        try:
            api = Api({"kubeconfig": managing, "namespace": self._settings.get("namespace") or ""}, self._objects)
        except PlatformError as e:
            return self._unknown(e)
        try:
            found = [o for o in api.clusters() if o["metadata"]["name"] == name]
            return cluster_of(found[0], api.control_plane(found[0]), api.pools(name)) if len(found) == 1 else None
        except PlatformError as e:
            return self._unknown(e)
        finally:
            api.close()

    def _unknown(self, error: PlatformError) -> None:
        if isinstance(error, Passing) and self._objects.answered:
            raise error from None
