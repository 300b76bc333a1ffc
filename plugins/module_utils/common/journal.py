# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The journal: what a run is about to make, on disk before it is made, so that a dead run can be finished by another."""
from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..kube.errors import BadInput
from ..kube.json_text import json_of

_PROC = Path("/proc")


def default_folder() -> Path:
    """$XDG_STATE_HOME/assay/journal, where a later run of the same user finds it."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(state) / "assay" / "journal"


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _boot_began() -> float:
    """Epoch seconds at which this machine was started; 0.0 where it does not tell."""
    try:
        found = [line.split()[1] for line in (_PROC / "stat").read_text().splitlines() if line.startswith("btime ")]
    except OSError:
        found = []
    return float(found[0]) if found else 0.0


def _process_start(pid: int) -> str:
    """Start time of a process in clock ticks since boot, so that a reused pid is not taken for it; '' if dead."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return "" if (_PROC / "self").exists() else _process_there(pid)
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def _process_there(pid: int) -> str:
    """For systems without /proc (macOS): 'there' for a process that lives, though it may be another of that number."""
    try:
        os.kill(max(pid, 1), 0)
    except ProcessLookupError:
        return ""
    except OSError:
        pass  # it is somebody else's
    return "there"


def _pid_namespace() -> str:
    """Where process ids mean what they say; two containers of one host have two, and each sees its own only. '' if not known."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _make(folder: Path) -> None:
    """Like mkdir -p, for its owner only."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


class Journal:
    """One append-only file of JSON lines per run and cluster; every line is in the kernel before the request is sent."""

    def __init__(self, folder: Path, run_id: str, cluster: str, server: str):
        self.path = folder / f"{run_id}-{''.join(c if c.isalnum() or c in '._-' else '_' for c in cluster)}.jsonl"
        self._lock = threading.Lock()
        try:
            _make(folder)
            self._file = open(self.path, "a", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600))
        except OSError as e:
            raise BadInput(f"journal_dir: cannot write {self.path}: {e.strerror}; name a folder you can write") from None
        self._write({"run": run_id, "cluster": cluster, "server": server, "pid": os.getpid(),
                     "process_start": _process_start(os.getpid()), "boot_id": _boot_id(), "host": socket.gethostname(),
                     "pid_namespace": _pid_namespace(), "started": time.time()})

    def _write(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def intend(self, kind: str, name: str, namespace: str, api_version: str) -> None:
        self._write({"intend": {"api_version": api_version, "kind": kind, "namespace": namespace, "name": name}})

    def gone(self, kind: str, name: str, namespace: str) -> None:
        self._write({"gone": {"kind": kind, "namespace": namespace, "name": name}})

    def done(self, keep: Path | None = None) -> str:
        """Nothing of the run is left: the journal goes into the folder `keep`, or away. Its path; "" where it is no more."""
        self._write({"done": time.time()})
        self._file.close()
        return put_away(self.path, keep, make=True)


def put_away(path: Path, keep: Path | None, make: bool = False) -> str:
    """A journal with which nobody has anything to do any more; see Journal.done. make: also the folder of the results,
    which is otherwise not made again for those who removed it."""
    try:
        if keep is not None:
            if make:
                _make(keep)
            keep.mkdir(mode=0o700, exist_ok=True)
            return str(shutil.move(path, keep / path.name))
    except OSError:
        pass
    path.unlink(missing_ok=True)
    return ""


@dataclass
class Entry:
    """One journal as read back."""

    path: Path
    head: dict[str, Any]
    objects: list[dict[str, str]] = field(default_factory=list)
    done: bool = False

    @property
    def run_id(self) -> str:
        return self.head.get("run", "")

    def dead(self) -> bool:
        """Whether the run's process is certainly gone: it ran on this boot of this machine, and no longer does.

        A process of another container of this machine is not to be seen from here, and may well live; so may one of another
        machine that has our name and our home.
        """
        if self.head.get("host") != socket.gethostname():
            return False
        if self.head.get("boot_id") != _boot_id():
            return _boot_began() > float(self.head.get("started") or 0.0)
        if self.head.get("pid_namespace", "") not in ("", _pid_namespace()):
            return False
        start = _process_start(self.head.get("pid", -1))
        return not start or start != self.head.get("process_start")


def read(path: Path) -> Entry | None:
    """A journal file; None where it is gone or holds no head. A torn last line (killed while writing) is left out."""
    lines = []
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    for line in text.splitlines():
        try:
            parsed = json_of(line)
        except ValueError:
            continue
        if isinstance(parsed, dict):
            lines.append(parsed)
    if not lines or "run" not in lines[0]:
        return None
    entry = Entry(path, lines[0])
    for line in lines[1:]:
        if "intend" in line:
            entry.objects.append(line["intend"])
        elif "gone" in line:
            entry.objects = [o for o in entry.objects
                             if (o["kind"], o["namespace"], o["name"]) != tuple(
                                 line["gone"][k] for k in ("kind", "namespace", "name"))]
        entry.done = entry.done or "done" in line
    return entry


def every(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else []:
        try:
            entry = read(path)
        except OSError:
            continue
        if entry:
            yield entry


def unfinished(folder: Path, server: str | None) -> Iterator[Entry]:
    """Journals of this API server, None: of any, whose run did not finish its clean-up."""
    return (e for e in every(folder) if not e.done and server in (None, e.head.get("server")))
