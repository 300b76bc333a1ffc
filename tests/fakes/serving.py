# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Servers as processes of their own, for as long as a test needs them."""
from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path


@contextmanager
def serving(name: str, command: Sequence[str | PathLike[str]], ready: str, log: Path, environ: dict[str, str] | None = None) -> Iterator[None]:
    """Until it ends. ready: an address that answers once it is up. RuntimeError with its log when it does not come up."""
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=environ)
    try:
        until = time.monotonic() + 60
        while not _answers(ready):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{name} does not come up: {log.read_text(encoding='utf-8')}")
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False
