# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guardian: a small process that outlives the run when the run is killed, and cleans up after it.

Ansible ends its workers at once on an interrupt, and nothing runs in a killed process. The guardian is forked before
any client or thread exists, in a session of its own, and waits on a pipe: a last word means that all is done, an end
without it means that the clean-up is now its task.
"""
from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable

from .processes import take_off_marks

# Seconds that a guardian tries, and the longest pause between two tries.
PATIENCE, _PAUSE = 1800.0, 30.0


def detach(*keep: int) -> None:
    """Nothing of the parent stays open but `keep` (a reader of its output would wait for us), its signals do not reach us, and no
    runner of CI takes us for a process of its job."""
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    limit = os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") > 0 else 4096
    first = 3
    for kept in (*sorted(keep), min(limit, 65536)):
        os.closerange(first, kept)
        first = kept + 1
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    take_off_marks()


def outlive(work: Callable[[Callable[[], None]], None], *keep: int) -> int:
    """Fork a process that belongs to nobody and goes on when this one ends; its number, 0 where it never came up.

    work(up) runs in it, where no client or thread of this one works, and only files of `keep` are open. This process goes on
    when work has called up(), or has ended.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        os.waitpid(child, 0)
        with os.fdopen(reading) as f:
            return int(f.read() or 0)

    def up() -> None:
        os.write(writing, str(os.getpid()).encode())
        os.close(writing)

    code = 0
    try:
        os.close(reading)
        if os.fork() == 0:
            detach(writing, *keep)
            work(up)
    except BaseException:
        code = 1
    os._exit(code)  # never the parent's exit handlers, nor its buffered output


def _wait_for_word(pipe: int) -> bool:
    """Whether the run said that it is done before its end of the pipe closed."""
    while True:
        try:
            word = os.read(pipe, 16)
        except InterruptedError:
            continue
        return word.startswith(b"done")


class Guardian:
    """Started by `start`; `dismiss` when the clean-up is done, `hand_over` to leave it to the guardian."""

    def __init__(self, pipe: int):
        self._pipe = pipe

    @classmethod
    def start(cls, clean: Callable[[], None], begin: Callable[[], None] = lambda: None) -> Guardian:
        """Fork the guardian. begin() runs in it at once, and clean() if the caller ends without dismissing it; that may
        retry by raising."""
        reading, writing = os.pipe()

        def guard(up: Callable[[], None]) -> None:  # the other end of the pipe is the run's alone: outlive closed it here
            up()
            begin()
            if not _wait_for_word(reading):
                _persist(clean)

        outlive(guard, reading)
        os.close(reading)
        os.set_inheritable(writing, False)
        return cls(writing)

    def _say(self, word: bytes) -> None:
        if self._pipe >= 0:
            with contextlib.suppress(OSError):
                if word:
                    os.write(self._pipe, word)
                os.close(self._pipe)
            self._pipe = -1

    def dismiss(self) -> None:
        self._say(b"done")

    def hand_over(self) -> None:
        self._say(b"")


def _persist(clean: Callable[[], None]) -> None:
    """clean() until it succeeds: the API server may be away at that very moment, or what holds an object is mended later."""
    end, pause = time.monotonic() + PATIENCE, 1.0
    while True:
        try:
            return clean()
        except Exception:
            if time.monotonic() + pause > end:
                return None  # the next run goes on
            time.sleep(pause)
            pause = min(_PAUSE, 2 * pause)
