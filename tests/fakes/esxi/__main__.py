# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake ESXi host that stays, for playbooks:

    python -m tests.fakes.esxi up FOLDER NAME...       machines with these names, on; FOLDER/options.json tells how to reach it
    python -m tests.fakes.esxi set FOLDER NAME KEY=VALUE...
    python -m tests.fakes.esxi down FOLDER
"""
from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from .host import Host, below

LIFETIME = 1800  # seconds; whoever forgets it does not keep it for ever


def up(folder: Path, *names: str) -> None:
    options = folder / "options.json"
    if _serving(folder) and json.loads(options.read_text(encoding="utf-8"))["names"] == list(names):
        print("already up")
        return
    down(folder)
    folder.mkdir(parents=True)
    host = Host(folder, LIFETIME)
    host.add(*names)
    host.change(lambda state: state["stores"][0].update(free=4 * 10 ** 11))
    options.write_text(json.dumps({**host.params, "names": names}), encoding="utf-8")
    (folder / "pid").write_text(str(host.pid), encoding="ascii")
    print("started")


def _serving(folder: Path) -> int:
    """The process of this host, 0 where it is gone; its number may be another's by now."""
    try:
        pid = int((folder / "pid").read_text(encoding="ascii"))
        return pid if str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes() else 0
    except OSError:
        return 0


def change(folder: Path, name: str, *values: str) -> None:
    path = folder / "state.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = json.loads(path.read_text(encoding="utf-8"))
        vm = next(v for v in state["vms"] if v["name"] == name)
        vm.update(v.split("=", 1) for v in values)
        path.write_text(json.dumps(state), encoding="utf-8")


def down(folder: Path) -> None:
    """sshd and its sessions, if it is this host's, and the folder."""
    pid = _serving(folder)
    for one in [*below(pid), pid] if pid else []:
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            continue
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    verbs = {"up": up, "set": change, "down": down}
    if len(sys.argv) < 3 or sys.argv[1] not in verbs:
        sys.exit(__doc__)
    verbs[sys.argv[1]](Path(sys.argv[2]).absolute(), *sys.argv[3:])
