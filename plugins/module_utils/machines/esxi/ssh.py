# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands on a host by the system's ssh: one connection for all of them (ControlMaster), several commands per round trip.

A password never stands on a command line: ssh asks a program for it (SSH_ASKPASS), and that one finds it in its environment.
"""
from __future__ import annotations

import contextlib
import secrets
import shlex
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ...jobs.errors import BadOption, Interrupted, PlatformError
from ...jobs.job import Job

_ASKPASS = '#!/bin/sh\nprintf \'%s\\n\' "$ASSAY_SSH_PASSWORD"\n'
_PERSIST = 60  # seconds that the connection outlives its last command, should this process be killed
_SOCKET_LIMIT = 60  # a socket's path has 108 characters at most, and ssh appends to it
_AT_ONCE = 8  # sshd lets one connection have ten sessions (MaxSessions)
_FOREVER = 10 ** 6  # seconds; subprocess takes no infinity
_CHECKING = {"yes": "yes", "accept-new": "accept-new", "no": "no"}
# What ssh says, and what helps.
_HINTS = (
    ("Permission denied", "check username and password, or ssh_key_file"),
    ("Host key verification failed", "add the host's key to the known hosts (ssh_known_hosts), or set ssh_host_key_checking"),
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", "the host's key is not the known one: was it installed anew?"),
    ("Could not resolve hostname", "check hostname"),
    ("Connection refused", "is the SSH service of the host started?"),
    ("timed out", "is the host up, and the SSH service reachable from here?"),
)


@dataclass(frozen=True)
class Answer:
    """What one command printed, errors too, and its exit status."""

    text: str
    status: int


class Running:
    """Commands that run on the host."""

    def __init__(self, process: subprocess.Popen[bytes], out: IO[bytes], err: IO[bytes], mark: str, shell: Shell) -> None:
        self._process, self._out, self._err, self._mark, self._shell = process, out, err, mark, shell
        self._answers: list[Answer] | None = None

    def poll(self) -> list[Answer] | None:
        """None while they run. PlatformError in ssh's words when the connection failed or was lost."""
        if self._answers is None and self._process.poll() is not None:
            self._shell.ended(self)
            self._answers = self._read()
        return self._answers

    def wait(self, seconds: float) -> list[Answer]:
        try:
            self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            self.kill()
            raise Interrupted(f"the time was up while {self._shell.host} had not answered") from None
        return self.poll() or []

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._shell.ended(self)

    def _read(self) -> list[Answer]:
        self._out.seek(0)
        self._err.seek(0)
        text, said = self._out.read().decode("utf-8", "replace"), self._err.read().decode("utf-8", "replace")
        self._out.close()
        self._err.close()
        parts = text.split(f"\n{self._mark} ")
        if len(parts) == 1 or not parts[-1].startswith("end"):
            raise self._shell.lost(said, self._process.returncode)
        answers, body = [], parts[0]
        for part in parts[1:-1]:
            status, _newline, rest = part.partition("\n")
            answers.append(Answer(body, int(status)))
            body = rest
        return answers


class Shell:
    """The shell of one host. Thread-safe; round_trips counts sessions."""

    def __init__(self, params: Mapping[str, Any], job: Job) -> None:
        """params: hostname, port, username, password, ssh_key_file, ssh_known_hosts, ssh_host_key_checking, ssh_executable."""
        self.host = str(params.get("hostname") or "")
        if not self.host or self.host.startswith("-"):
            raise BadOption("hostname: the name or address of the ESXi host is needed")
        self._job, self._params = job, params
        self._program = shutil.which(params.get("ssh_executable") or "ssh")
        if not self._program:
            raise BadOption(f"ssh_executable: there is no program {params.get('ssh_executable') or 'ssh'!r} here")
        if (key := params.get("ssh_key_file")) and not Path(key).is_file():
            raise BadOption(f"ssh_key_file: there is no file {key}")
        self.round_trips = 0
        self._lock, self._slots = threading.Lock(), threading.BoundedSemaphore(_AT_ONCE)
        self._running: set[Running] = set()
        self._folder = Path(tempfile.mkdtemp(prefix="assay-ssh-"))
        if len(str(self._folder)) > _SOCKET_LIMIT:
            self._folder.rmdir()
            self._folder = Path(tempfile.mkdtemp(prefix="assay-ssh-", dir="/tmp"))
        self._argv, self._environ = self._command(), self._environment()

    def _command(self) -> list[str]:
        """ssh with its options, up to the command."""
        given = self._params
        options = {"ControlMaster": "auto", "ControlPath": f"{self._folder}/s", "ControlPersist": str(_PERSIST),
                   "ConnectTimeout": "15", "ServerAliveInterval": "15", "ServerAliveCountMax": "4", "LogLevel": "ERROR",
                   "ForwardAgent": "no", "ForwardX11": "no", "NumberOfPasswordPrompts": "1",
                   "StrictHostKeyChecking": _CHECKING[str(given.get("ssh_host_key_checking") or "yes")]}
        if known := given.get("ssh_known_hosts"):
            options["UserKnownHostsFile"] = str(known)
        if key := given.get("ssh_key_file"):
            options |= {"IdentityFile": str(key), "IdentitiesOnly": "yes"}
        elif given.get("password"):
            options |= {"PubkeyAuthentication": "no", "PreferredAuthentications": "password,keyboard-interactive"}
        if not given.get("password"):
            options["BatchMode"] = "yes"
        pairs = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return [str(self._program), "-T", *pairs, "-p", str(given.get("port") or 22), "-l", str(given.get("username") or "root"),
                "--", self.host]

    def _environment(self) -> dict[str, str]:
        """SSH_ASKPASS_REQUIRE is known since OpenSSH 8.4; older ones want DISPLAY, and no terminal (a session of its own)."""
        environ = {**self._job.environ, "LC_ALL": "C"}
        if self._params.get("password"):
            program = self._folder / "askpass"
            program.write_text(_ASKPASS, encoding="ascii")
            program.chmod(0o700)
            environ |= {"SSH_ASKPASS": str(program), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": environ.get("DISPLAY", ":0"),
                        "ASSAY_SSH_PASSWORD": str(self._params["password"])}
        return environ

    def start(self, commands: Sequence[Sequence[str]]) -> Running:
        """Begin to run these commands (argument lists) one after the other, whatever each one's exit status."""
        mark = f"assay-{secrets.token_hex(8)}"
        script = " ; ".join(f"{shlex.join(c)} 2>&1 ; printf '\\n%s %s\\n' {mark} $?" for c in commands)
        script += f" ; printf '\\n%s end\\n' {mark}"
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # pylint: disable=consider-using-with
        try:
            process = subprocess.Popen(  # pylint: disable=consider-using-with
                [*self._argv, script], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=self._environ,
                start_new_session=True)
        except OSError as e:
            raise BadOption(f"ssh_executable: {self._program} does not start: {e.strerror}") from None
        running = Running(process, out, err, mark, self)
        with self._lock:
            self.round_trips += 1
            self._running.add(running)
        return running

    def run(self, commands: Sequence[Sequence[str]], read_only: bool = True) -> list[Answer]:
        """Run these commands and wait for all. One that only reads is asked again, once, when the connection was lost."""
        with self._slots:
            try:
                return self.start(commands).wait(min(self._job.left(), _FOREVER))
            except Lost:
                if not read_only:
                    raise
                return self.start(commands).wait(min(self._job.left(), _FOREVER))

    def ended(self, running: Running) -> None:
        with self._lock:
            self._running.discard(running)

    def lost(self, said: str, status: int) -> PlatformError:
        """ssh's own words, the last line of them, and what helps."""
        lines = [" ".join(line.split()) for line in said.splitlines() if line.strip(" \r@")]
        text = lines[-1].rstrip(".") if lines else f"it ended with status {status}"
        hint = next((h for word, h in _HINTS if word in said), "")
        sentence = f"ssh to {self.host}: {text}" + (f" ({hint})" if hint else "")
        return PlatformError(sentence) if hint else Lost(sentence)

    def close(self) -> None:
        """End what still runs here, the connection, and remove its folder."""
        for running in list(self._running):
            running.kill()
        socket = self._folder / "s"
        if socket.exists():
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run([self._argv[0], "-o", f"ControlPath={socket}", "-O", "exit", "--", self.host], timeout=10,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self._folder, ignore_errors=True)


class Lost(PlatformError):
    """The connection broke while commands ran: what they did is not known."""
