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
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ...jobs.errors import BadOption, Interrupted, Passing, PlatformError
from ...jobs.job import Job
from ...jobs.patience import Patience

_ASKPASS = '#!/bin/sh\nprintf \'%s\\n\' "$ASSAY_SSH_PASSWORD"\n'
_PERSIST = 60  # seconds that the connection outlives its last command, should this process be killed
_SOCKET_LIMIT = 60  # a socket's path has 108 characters at most, and ssh appends to it
# Sessions at once: of what works on machines, for minutes, and of what looks in between. sshd lets one connection have ten
# (MaxSessions); a hardened host has one, and ssh makes a connection for each other then, of which ten may be at their log-in (MaxStartups).
_WORK, _LOOKS = 5, 3
# Seconds for which a host may take no more sessions, and between two tries.
_FULL, _AGAIN = 120.0, 1.0
_TURN = 0.02  # seconds between two looks at commands that have no session yet
# What ssh says where a host took no session, so that nothing was begun.
_NO_SESSION = ("kex_exchange_identification", "Session open refused by peer")
_PATIENCE = 60.0  # seconds for which a host that answered before may not answer a question
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
    """Commands that run on the host, or wait until it has a session for them."""

    def __init__(self, shell: Shell, commands: Sequence[Sequence[str]], slots: threading.Semaphore) -> None:
        self._shell, self._slots, self._mark = shell, slots, f"assay-{secrets.token_hex(8)}"
        script = " ; ".join(f"{shlex.join(c)} 2>&1 ; printf '\\n%s %s\\n' {self._mark} $?" for c in commands)
        self._script = f"{script} ; printf '\\n%s end\\n' {self._mark}"
        self._process: subprocess.Popen[bytes] | None = None
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # pylint: disable=consider-using-with
        self._answers: list[Answer] | None = None
        self._refused = self._not_before = 0.0  # when first, and until when it is not tried again

    def poll(self) -> list[Answer] | None:
        """None while they wait or run. PlatformError in ssh's words when the connection failed or was lost."""
        if self._answers is not None or not self._begun() or self._process is None or self._process.poll() is None:
            return self._answers
        self._free()
        try:
            self._answers = self._read()
        except Full as e:
            self._not_now(e)
        return self._answers

    def _not_now(self, why: Full) -> None:
        """Nothing was begun, so it can be tried again."""
        now = time.monotonic()
        self._refused = self._refused or now
        if now - self._refused > _FULL:
            raise PlatformError(f"{why}: the host takes no more SSH sessions since {_FULL:.0f} s; end others, or raise what its sshd allows "
                                "(MaxSessions, MaxStartups)") from None
        self._process, self._not_before = None, now + _AGAIN

    def _begun(self) -> bool:
        """Begun now, if there is a session and it was not."""
        if self._process is None and time.monotonic() >= self._not_before and self._slots.acquire(blocking=False):
            try:
                self._process = self._shell.session(self, self._script, self._out, self._err)
            except BaseException:
                self._slots.release()
                raise
        return self._process is not None

    def wait(self, seconds: float) -> list[Answer]:
        until = time.monotonic() + seconds
        while (answers := self.poll()) is None:
            if time.monotonic() >= until:
                self.kill()
                raise Interrupted(f"the time was up while {self._shell.host} had not answered")
            if self._process is None:
                time.sleep(_TURN)
            else:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(max(0.0, min(until - time.monotonic(), _FOREVER)))
        return answers

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._free()

    def _free(self) -> None:
        """The session has ended, and others may have it."""
        if self._shell.ended(self):
            self._slots.release()

    def _read(self) -> list[Answer]:
        text, said = (self._printed(f) for f in (self._out, self._err))
        parts = text.split(f"\n{self._mark} ")
        if len(parts) == 1 or not parts[-1].startswith("end"):
            raise self._shell.lost(said, self._process.returncode if self._process else 0)
        answers, body = [], parts[0]
        for part in parts[1:-1]:
            status, _newline, rest = part.partition("\n")
            answers.append(Answer(body, int(status)))
            body = rest
        return answers

    @staticmethod
    def _printed(file: IO[bytes]) -> str:
        """What is in it; it is empty then, for another try."""
        file.seek(0)
        text = file.read().decode("utf-8", "replace")
        file.seek(0)
        file.truncate()
        return text


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
        self._lock, self._patient = threading.Lock(), Patience(job, _PATIENCE)
        self._work, self._looks = threading.BoundedSemaphore(_WORK), threading.BoundedSemaphore(_LOOKS)
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
        """Commands (argument lists) that run one after the other, whatever each one's exit status, as soon as there is a session for
        them; begun and followed by poll()."""
        return Running(self, commands, self._work)

    def run(self, commands: Sequence[Sequence[str]]) -> list[Answer]:
        """Run these commands, which only read, and wait for all. They are asked again while the connection is lost, at least once: the
        first answer of a slow host takes longer than the patience with one that has never answered."""
        def ask() -> list[Answer]:
            return Running(self, commands, self._looks).wait(min(self._job.left(), _FOREVER))

        try:
            return self._patient(ask)
        except Lost:
            return ask()

    def session(self, running: Running, script: str, out: IO[bytes], err: IO[bytes]) -> subprocess.Popen[bytes]:
        """ssh with this script."""
        try:
            process = subprocess.Popen(  # pylint: disable=consider-using-with
                [*self._argv, script], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=self._environ,
                start_new_session=True)
        except OSError as e:
            raise BadOption(f"ssh_executable: {self._program} does not start: {e.strerror}") from None
        with self._lock:
            self.round_trips += 1
            self._running.add(running)
        return process

    def ended(self, running: Running) -> bool:
        """Whether it had a session."""
        with self._lock:
            had = running in self._running
            self._running.discard(running)
        return had

    def lost(self, said: str, status: int) -> PlatformError:
        """ssh's own words, the last line of them, and what helps."""
        lines = [" ".join(line.split()) for line in said.splitlines() if line.strip(" \r@")]
        text = lines[-1].rstrip(".") if lines else f"it ended with status {status}"
        hint = next((h for word, h in _HINTS if word in said), "")
        sentence = f"ssh to {self.host}: {text}" + (f" ({hint})" if hint else "")
        if any(words in said for words in _NO_SESSION):
            return Full(sentence)
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


class Lost(Passing):
    """The connection broke while commands ran: what they did is not known."""


class Full(PlatformError):
    """The host takes no more sessions at the moment: nothing was begun."""
