# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters made by a program: kops, eksctl, gcloud, az, kubeadm with a script around it, anything with a command line.

What such programs cannot be asked (whether a cluster is half made, whose it is, its identity) is noted in a file beside
their own state, `<workdir>/<name>.assay.json`.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..jobs.errors import BadOption, PlatformError
from ..jobs.job import Job
from ..jobs.patience import Patience
from ..jobs.program import Program
from ..kube.json_text import json_of
from ..results import redact
from .access import embedded, read
from .model import Cluster, Wanted
from .notes import Notes

VERBS = ("create", "kubeconfig", "delete", "list", "version", "size")
_PLACES = ("name", "workdir", "version", "nodes", "kubeconfig")
_PLACE = re.compile(r"\{(\w+)\}")
_LINE = r"^(?P<name>[\w.-]+)(?:\s+(?P<state>\S.*))?$"
# How gcloud, az, eksctl and kops name these in JSON.
_KEYS = {"name": ("name", "Name", "metadata.name"), "state": ("status", "provisioningState", "state"),
         "version": ("currentMasterVersion", "kubernetesVersion", "version"), "nodes": ("currentNodeCount", "nodes")}
_FAILED = re.compile(r"fail|error|broken|degraded", re.IGNORECASE)


def commands(settings: Mapping[str, Any], verb: str) -> list[list[str]]:
    """The commands of a verb: one as a list of words, several as a list of such lists. BadOption otherwise."""
    given = settings.get(verb) or []
    several = given if all(isinstance(c, list) for c in given) else [given] if isinstance(given, list) else None
    if several is None or not all(c and all(isinstance(w, (str, int, float)) for w in c) for c in several):
        raise BadOption(f"command.{verb}: must be a list of words, or a list of such lists for several commands")
    for word in (str(w) for c in several for w in c):
        unknown = [p for p in _PLACE.findall(word) if p not in _PLACES]
        if unknown:
            raise BadOption(f"command.{verb}: there is no placeholder {{{unknown[0]}}}; there are "
                            + ", ".join(f"{{{p}}}" for p in _PLACES))
    return [[str(w) for w in c] for c in several]


def _dig(item: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        value = item
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value not in (None, ""):
            return value
    return ""


class Command:
    """See ClusterPlatform. The program's output is shown as it comes, and kept in <workdir>/<name>.log."""

    name = "command"
    name_limit = 100

    def __init__(self, settings: Mapping[str, Any], job: Job):
        self._settings, self._job = settings, job
        self._argv = {verb: commands(settings, verb) for verb in VERBS}
        for verb in ("create", "delete", "kubeconfig"):
            if not self._argv[verb]:
                raise BadOption(f"command.{verb}: is missing")
        self.resumes = bool(settings.get("repeatable"))
        self._workdir = Path(str(settings["workdir"])).expanduser().absolute()
        redact.register(*(str(v) for k, v in (settings.get("environment") or {}).items() if redact.is_secret_key(k)))
        self._program = Program(self._workdir, settings.get("environment") or {}, job)
        self._notes, self._patient = Notes(self._workdir), Patience(job)
        try:
            self._pattern = re.compile(settings.get("list_pattern") or _LINE)
        except re.error as e:
            raise BadOption(f"command.list_pattern: is no regular expression: {e}") from None
        if "name" not in self._pattern.groupindex:
            raise BadOption("command.list_pattern: must have a group (?P<name>...)")

    def _filled(self, verb: str, wanted: Wanted) -> list[list[str]]:
        values = {"name": wanted.name, "workdir": str(self._workdir), "version": wanted.version,
                  "nodes": str(wanted.nodes or ""), "kubeconfig": str(self._file(wanted.name))}
        for place in ("version", "nodes"):
            if not values[place] and any(f"{{{place}}}" in w for c in self._argv[verb] for w in c):
                raise BadOption(f"{place}: is needed, command.{verb} has the placeholder {{{place}}}")
        # no str.format: words may hold braces of their own
        return [[_PLACE.sub(lambda m: values[m[1]], w) for w in c] for c in self._argv[verb]]

    def _file(self, name: str) -> Path:
        return self._workdir / f"{name}.kubeconfig"

    def _run(self, verb: str, wanted: Wanted) -> str:
        """Output of the last command of a verb."""
        return [self._program.run(argv, wanted.name) for argv in self._filled(verb, wanted)][-1]

    def _ask(self, verb: str, wanted: Wanted) -> str:
        """The same of one that changes nothing, each command again while it tells of trouble that passes."""
        return [self._patient(lambda argv=argv: self._program.run(argv, wanted.name, show=False, asks=True))
                for argv in self._filled(verb, wanted)][-1]

    # ---- looking ----------------------------------------------------------------------------------------------
    def _listed(self) -> dict[str, dict[str, Any]] | None:
        """Name -> state, version, nodes, as the program lists them; None where it has no such command."""
        if not self._argv["list"]:
            return None
        text = self._ask("list", Wanted("")).strip()
        try:
            items = json_of(text) if text[:1] in ("[", "{") else None
        except ValueError:
            items = None
        if items is None:
            found = filter(None, map(self._pattern.match, text.splitlines()))
            return {m["name"]: {k: v for k, v in m.groupdict().items() if v} for m in found}
        items = [{"name": i} if isinstance(i, str) else i for i in (items if isinstance(items, list) else [items])]
        read = [{field: _dig(i, keys) for field, keys in _KEYS.items()} for i in items]
        return {str(i["name"]): i for i in read if i["name"]}

    def clusters(self) -> list[Cluster]:
        listed, notes = self._listed(), self._notes.all()
        found = (self._cluster(n, listed, notes.get(n)) for n in sorted({*(listed or {}), *notes}))
        return [c for c in found if c]

    def find(self, name: str) -> Cluster | None:
        return self._cluster(name, self._listed(), self._notes.read(name))

    def _cluster(self, name: str, listed: dict[str, Any] | None, note: dict[str, Any] | None) -> Cluster | None:
        seen = None if listed is None else listed.get(name)
        if not note and not seen:
            return None
        note_state = (note or {}).get("state", "")
        if note_state == "ready" and listed is not None and not seen:
            return None  # somebody else deleted it
        state = str((seen or {}).get("state") or note_state or "listed")
        phase = "creating" if self._notes.busy(name) else "failed" if note_state in ("creating", "failed", "deleting") or _FAILED.search(state) else "ready"
        nodes = str((seen or {}).get("nodes", ""))
        return Cluster(name, f"{self._workdir}/{name}", note_state if phase != "ready" and note_state != "ready" else state,
                       phase, message=(note or {}).get("message", ""), version=str((seen or {}).get("version") or ""),
                       nodes=int(nodes) if nodes.isdigit() else -1, created=(note or {}).get("created", ""),
                       uid=(note or {}).get("uid", ""), ours=note is not None, labels=(note or {}).get("labels", {}))

    # ---- changing ---------------------------------------------------------------------------------------------
    def check(self, wanted: Wanted) -> None:
        known = self._notes.read(wanted.name)
        if not known:
            self._filled("create", wanted)
        self._program.check(c[0] for verb in ("create", "delete", "kubeconfig") for c in self._argv[verb])

    def create(self, wanted: Wanted) -> None:
        with self._notes.locked(wanted.name):
            self._notes.write(wanted.name, state="creating", labels=dict(wanted.labels), message="")
            try:
                self._run("create", wanted)
            except PlatformError as e:
                self._notes.write(wanted.name, state="failed", message=str(e))
                raise
            self._notes.write(wanted.name, state="ready")

    def update(self, cluster: Cluster, wanted: Wanted) -> None:
        needed = [verb for verb, differs in (
            ("version", wanted.version and wanted.version != cluster.version),
            ("size", wanted.nodes and wanted.nodes != cluster.nodes)) if differs]
        for verb in needed:
            if not self._argv[verb]:
                raise BadOption(f"command.{verb}: is missing, so this cannot be changed on a cluster that is there")
        with self._notes.locked(wanted.name):
            for verb in needed:
                self._run(verb, wanted)

    def delete(self, cluster: Cluster) -> None:
        wanted = Wanted(cluster.name)
        with self._notes.locked(cluster.name):
            self._notes.write(cluster.name, state="deleting")
            self._run("delete", wanted)
            self._file(cluster.name).unlink(missing_ok=True)
            self._notes.forget(cluster.name)

    def mark(self, cluster: Cluster, uid: str) -> None:
        self._notes.write(cluster.name, uid=uid)

    # ---- telling ----------------------------------------------------------------------------------------------
    def kubeconfig(self, cluster: Cluster) -> str:
        """What the command prints, or the file whose path it prints, or the file {kubeconfig} that it wrote."""
        text = self._ask("kubeconfig", Wanted(cluster.name)).strip()
        path = Path(text) if text and "\n" not in text and len(text) < 1000 else None
        if path and (self._workdir / path).is_file():
            return read(str(self._workdir / path))
        if "clusters" in text:
            return embedded(text, "what command.kubeconfig printed", self._workdir)
        content = read(str(self._file(cluster.name)))
        if not content:
            raise PlatformError("command.kubeconfig: neither printed a kubeconfig or the path of one, nor wrote "
                                f"{self._file(cluster.name)}; it printed {text[:100]!r}")
        return content

    access = kubeconfig

    def evidence(self, name: str) -> dict[str, list[str]]:
        return {"events": [], "log": self._program.tail(name)}

    def close(self) -> None:
        """Nothing is held open."""
