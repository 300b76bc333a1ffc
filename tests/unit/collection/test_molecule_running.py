# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the tests run a scenario: with its whole process group, also when they are interrupted."""
from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.molecule.running import Command

CHILD = "sleep 600 & echo $! >child; "


def _until(probe: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not probe():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def interrupt() -> Iterator[Callable[[Callable[[], bool]], None]]:
    """interrupt(when): as Ctrl-C, which test runners keep for themselves."""
    def raised(*_args: object) -> None:
        raise KeyboardInterrupt

    def later(when: Callable[[], bool]) -> None:
        def wait() -> None:
            _until(when)
            os.kill(os.getpid(), signal.SIGUSR1)

        threading.Thread(target=wait, daemon=True).start()

    before = signal.signal(signal.SIGUSR1, raised)
    yield later
    signal.signal(signal.SIGUSR1, before)


def _command(script: str, folder: Path) -> Command:
    return Command(["sh", "-c", script], folder, folder / "output", {"WORD": "hello"})


def test_its_status_and_its_output_are_known(tmp_path: Path) -> None:
    assert _command("echo $WORD; echo bad >&2; exit 7", tmp_path).run() == 7
    assert (tmp_path / "output").read_text() == "hello\nbad\n"


def test_what_it_leaves_in_its_group_ends_with_it(tmp_path: Path) -> None:
    command = _command(CHILD, tmp_path)
    assert command.run() == 0
    _until(lambda: not command.left())


@pytest.mark.parametrize("stubborn", ["", "trap '' INT; "], ids=["ends by itself", "ignores it"])
def test_an_interrupt_ends_its_whole_group(tmp_path: Path, interrupt: Callable[[Callable[[], bool]], None], stubborn: str) -> None:
    command = _command(f"{stubborn}{CHILD}wait; sleep 600", tmp_path)
    interrupt((tmp_path / "child").exists)
    with pytest.raises(KeyboardInterrupt):
        command.run(grace=0.1)
    _until(lambda: not command.left())


def test_an_interrupt_while_it_is_started_ends_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine starts the command, which goes on, long before its number is known."""
    def slow(*args: Any, **options: Any) -> Any:
        process = real(*args, **options)
        _until((tmp_path / "child").exists)
        os.kill(os.getpid(), signal.SIGUSR1)
        return process

    def raised(*_args: object) -> None:
        raise KeyboardInterrupt

    real, before = subprocess.Popen, signal.signal(signal.SIGUSR1, raised)
    monkeypatch.setattr(subprocess, "Popen", slow)
    command = _command(f"{CHILD}wait; sleep 600", tmp_path)
    try:
        with pytest.raises(KeyboardInterrupt):
            command.run(grace=0.1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    _until(lambda: not command.left())


def test_what_has_left_its_group_is_known_and_ended_by_its_words(tmp_path: Path) -> None:
    apart = "setsid sh -c 'echo >%d; exec sleep %d' & until [ -e %d ]; do sleep 0.1; done; "
    command = _command("".join(apart.replace("%d", seconds) for seconds in ("601", "602")), tmp_path)
    command.run()
    _until(lambda: sorted(command.left().values()) == ["sleep 601 ", "sleep 602 "])
    command.end("sleep 601")
    _until(lambda: list(command.left().values()) == ["sleep 602 "])
    command.end("sleep")
    _until(lambda: not command.left())
    assert not command.left()
