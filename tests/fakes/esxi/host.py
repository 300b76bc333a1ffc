# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake ESXi host on 127.0.0.1: a real sshd (openssh-server) whose every command finds the fake vim-cmd beside this file."""
from __future__ import annotations

import fcntl
import getpass
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fakes.ports import free_port
from tests.fakes.weather import SKY

SSHD = Path("/usr/sbin/sshd")
PASSWORD = "not the real one: $x'y"
_SHADOW = "root:{hash}:19000:0:99999:7:::\n"


class Host:
    """folder: state and logs; .params: options of the platform that reach it with a key. lifetime: seconds after which it
    ends by itself, 0 for never."""

    def __init__(self, folder: Path, lifetime: int = 5400) -> None:
        self.folder, self._lifetime, self._limits = folder, lifetime, ("MaxSessions 10",)
        self.port = free_port()
        self.reset()
        self._prepare()
        self._server = self._start()

    def reset(self) -> None:
        """No machines, and nothing ordered."""
        self.write({"vms": [], "stores": [{"name": "store 1", "capacity": 10 ** 12, "free": 10 ** 11, "uncommitted": 0}],
                    "faults": [], "calls": [], "weather": _weather()})

    def turn(self) -> None:
        """The weather may be another one now; nobody but the product asks this host."""
        if SKY.asks or SKY.foul == bool(self.read().get("weather")):
            return
        self.change(lambda state: state.update(weather=_weather()))

    @property
    def params(self) -> dict[str, Any]:
        return {"hostname": "127.0.0.1", "port": self.port, "username": getpass.getuser(),
                "ssh_key_file": str(self.folder / "key"), "ssh_known_hosts": str(self.folder / "known_hosts")}

    @property
    def pid(self) -> int:
        return self._server.pid

    def _prepare(self) -> None:
        for name in ("key", "host_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)], check=True)
        (self.folder / "authorized_keys").write_text((self.folder / "key.pub").read_text())
        (self.folder / "known_hosts").write_text(
            f"[127.0.0.1]:{self.port} {' '.join((self.folder / 'host_key.pub').read_text().split()[:2])}\n")
        programs = self.folder / "bin"
        programs.mkdir()
        vim_cmd = programs / "vim-cmd"
        vim_cmd.write_text(f"#!/bin/sh\nexec '{sys.executable}' -I -S '{Path(__file__).with_name('vim_cmd.py')}' \"$@\"\n")
        shell = self.folder / "shell"
        shell.write_text(f"#!/bin/sh\nexport PATH='{programs}':/usr/bin:/bin ASSAY_ESXI='{self.folder}' ASSAY_SESSION=$PPID\n"
                         "exec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"\n")
        for script in (vim_cmd, shell):
            script.chmod(0o755)

    def _configure(self) -> None:
        shell = self.folder / "shell"
        (self.folder / "sshd_config").write_text("\n".join([
            f"Port {self.port}", "ListenAddress 127.0.0.1", f"HostKey {self.folder}/host_key", "PidFile none", "StrictModes no",
            f"AuthorizedKeysFile {self.folder}/authorized_keys", "UsePAM no", "PasswordAuthentication yes", "PermitRootLogin yes",
            "KbdInteractiveAuthentication no", f"ForceCommand {shell}", *self._limits, "LogLevel VERBOSE", ""]))

    def _start(self) -> subprocess.Popen[bytes]:
        """As root in mounts of its own, where root has a password known here: the machine's own accounts stay as they are."""
        self._configure()
        serve = [str(SSHD), "-D", "-e", "-f", str(self.folder / "sshd_config")]
        if os.geteuid() == 0:
            crypted = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=PASSWORD, text=True, check=True,
                                     capture_output=True).stdout.strip()
            shadow = self.folder / "shadow"
            shadow.write_text(_SHADOW.format(hash=crypted))
            shadow.chmod(0o600)
            script = f"mount --bind '{shadow}' /etc/shadow && mkdir -p /run/sshd && exec \"$@\""
            serve = ["unshare", "--mount", "sh", "-c", script, "sshd", *serve]
        if self._lifetime:
            serve = ["timeout", "--kill-after=5", str(self._lifetime), *serve]
        with (self.folder / "sshd.log").open("ab") as log:
            server = subprocess.Popen(serve, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + 30
        while not _listens(self.port):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"sshd does not come up: {(self.folder / 'sshd.log').read_text()}")
            time.sleep(0.05)
        return server

    def close(self) -> None:
        """sshd and all its sessions."""
        for pid in [*below(self._server.pid), self._server.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._server.wait()

    def restart(self, *limits: str) -> None:
        """All connections are lost; new ones are taken. limits: lines of sshd_config."""
        self.close()
        self._limits = limits or self._limits
        self._server = self._start()

    def read(self) -> dict[str, Any]:
        return json.loads((self.folder / "state.json").read_text(encoding="utf-8"))

    def write(self, state: dict[str, Any]) -> None:
        (self.folder / "state.json").write_text(json.dumps(state), encoding="utf-8")

    def change(self, what: Callable[[dict[str, Any]], Any]) -> None:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self.read()
            what(state)
            self.write(state)

    def add(self, *names: str, **more: Any) -> None:
        """Machines, switched on unless told otherwise."""
        def put(state: dict[str, Any]) -> None:
            for name in names:
                number = len(state["vms"]) + 1
                state["vms"].append({
                    "id": str(number), "name": name, "store": "store 1", "annotation": "", "uuid": str(uuid.UUID(int=number)),
                    "power": "on", "tools": "running", "address": f"192.0.2.{number}", "consolidate": False, "used": 10 ** 9,
                    "delta": 10 ** 8, "disk": "as installed", "snapshots": [], "current": "", "last": 0, **more})

        self.change(put)

    def vm(self, name: str) -> dict[str, Any]:
        return next(v for v in self.read()["vms"] if v["name"] == name)

    def set(self, name: str, **values: Any) -> None:
        self.change(lambda s: next(v for v in s["vms"] if v["name"] == name).update(values))

    def order(self, command: str, **fault: Any) -> None:
        """The next such call goes wrong (see vim_cmd.py)."""
        self.change(lambda s: s["faults"].append({"command": f"vmsvc/{command}", **fault}))

    def calls(self) -> list[list[str]]:
        return self.read()["calls"]


def _weather() -> dict[str, Any]:
    """See vim_cmd.py."""
    return {"every": SKY.dice.randint(3, 6), "seen": SKY.dice.randrange(6), "sessions": []} if SKY.dice else {}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def below(pid: int) -> list[int]:
    """All that this process has started and that lives; sshd's sessions are no group of theirs."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    found = [child for child, parent in parents.items() if parent == pid]
    return [*(g for child in found for g in below(child)), *found]


@contextmanager
def esxi_host(folder: Path) -> Iterator[Host]:
    host = Host(folder)
    try:
        with SKY.over(host.turn):
            yield host
    finally:
        host.close()
