# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A program that makes clusters, run without a shell: its output live, its log kept, its process group ended in time."""
from __future__ import annotations

import codecs
import os
import re
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..kube.program import ending_with_us
from ..results import redact
from .errors import BadOption, Interrupted, Passing, PlatformError
from .job import Job

# Seconds between SIGTERM, at which good programs tidy up, and SIGKILL.
_GRACE = 10.0
# So many lines of one command are part of the result; all are shown, and all are in the log.
_KEPT = 200
_TAIL = 40
# What programs say last when whoever they asked did not answer, or with an error that passes: words of Go's net and net/http, as in
# kubectl, kops, eksctl and nkp, and of Python's clients, as in az and gcloud.
_PASSING = re.compile(
    r"bad gateway|service unavailable|gateway time-?out|too many requests|internal server error|connection (?:reset|refused|aborted)|"
    r"\bEOF\b|broken pipe|i/o timeout|handshake timeout|(?:read|connection|request) timed out|client connection lost|"
    r"context deadline exceeded|remote end closed connection|no route to host|network is unreachable|temporary failure in name resolution",
    re.IGNORECASE)


class Program:
    """Runs commands in one folder. environment: on top of the task's."""

    def __init__(self, folder: Path, environment: Mapping[str, str], job: Job):
        self._folder, self._job = folder, job
        self._environ = {**job.environ, **{k: str(v) for k, v in environment.items()}}

    def check(self, programs: Iterable[str]) -> None:
        """BadOption for a program that is not there."""
        for program in programs:
            place = self._folder / program if "/" in program else None
            if not shutil.which(str(place or program), path=self._environ.get("PATH")):
                raise BadOption(f"there is no program {program} on the PATH of {sys.executable}; install it, or give its "
                                "whole path")

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def tail(self, name: str, lines: int = 50) -> list[str]:
        try:
            with open(self.log(name), encoding="utf-8", errors="replace") as file:
                return [line.rstrip("\n") for line in deque(file, lines)]
        except OSError:
            return []

    def run(self, argv: list[str], name: str, show: bool = True, asks: bool = False) -> str:
        """Standard output. With show each line, of the errors too, is told as it comes and goes to the cluster's log. asks: it
        changes nothing, and may be run twice.

        PlatformError with the last lines when it fails, Passing where it only asks and they tell of trouble that passes; Interrupted at
        the job's deadline; its process group is gone then.
        """
        self.check(argv[:1])
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # a worker of Ansible that is killed takes its program along, where the machine has the tool for it
        bound = ending_with_us("TERM")
        process = subprocess.Popen([*bound, *argv], cwd=self._folder, env=self._environ, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        reading = _Reading(process, lambda line, count: self._line(name, line, count) if show else None)
        command = redact.redact(shlex.join(argv))[:300]
        try:
            while not reading.step(min(0.5, max(self._job.left(), 0.01))):
                if self._job.left() <= 0:
                    raise Interrupted(f"the time was up while {command} ran" + reading.last_words())
        finally:
            _end(process)
        if process.returncode:
            kind = Passing if asks and _PASSING.search(reading.last_words()) else PlatformError
            raise kind(f"{command} failed with exit status {process.returncode}" + reading.last_words())
        return reading.output

    def _line(self, name: str, line: str, count: int) -> None:
        with open(os.open(self.log(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
            file.write(redact.redact(line) + "\n")
        text = f"{name}: {line}"
        if count <= _KEPT:
            self._job.tell(text)
        else:
            self._job.say(text)


class _Reading:
    """The output of a process, until the process has ended: its daemons may hold the pipes open for ever."""

    def __init__(self, process: subprocess.Popen[bytes], each: object):
        self._process, self._each, self._count = process, each, 0
        self.output, self._last = "", deque(maxlen=_TAIL)
        self._selector = selectors.DefaultSelector()
        self._decoders, self._parts = {}, {}
        for pipe in (process.stdout, process.stderr):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ)
            self._decoders[pipe] = codecs.getincrementaldecoder("utf-8")("replace")
            self._parts[pipe] = ""

    def step(self, seconds: float) -> bool:
        """Read what there is. Whether the process has ended and all was read."""
        ended = self._process.poll() is not None
        events = self._selector.select(0 if ended else seconds) if self._selector.get_map() else []
        data = [self._read(key.fileobj) for key, _mask in events]
        if not events and not ended and not self._selector.get_map():
            try:  # both pipes are closed, the process lives on
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                return False
        if ended and not any(data):
            for pipe, rest in self._parts.items():
                if rest:
                    self._say(pipe, [rest])
            self._selector.close()
        return ended and not any(data)

    def _read(self, pipe: object) -> bool:
        data = os.read(pipe.fileno(), 65536)
        if not data:
            self._selector.unregister(pipe)
            return False
        text = self._decoders[pipe].decode(data)
        if pipe is self._process.stdout:
            self.output += text
        *lines, self._parts[pipe] = (self._parts[pipe] + text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
        self._say(pipe, lines)
        return True

    def _say(self, _pipe: object, lines: list[str]) -> None:
        for line in filter(None, (line.rstrip() for line in lines)):
            self._count += 1
            self._last.append(line)
            self._each(line, self._count)

    def last_words(self) -> str:
        return ": " + " / ".join(list(self._last)[-3:])[:600] if self._last else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """The process group of a command that still runs is gone afterwards; one that has ended may leave daemons."""
    try:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                pass
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:  # all of the group ended by themselves
        pass
    finally:
        process.wait()
        process.stdout.close()
        process.stderr.close()
